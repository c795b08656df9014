/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/quiet.h"

#include "engine/chores.h"
#include "engine/convoy_way.h"
#include "engine/express_way.h"
#include "sim/driver.h"
#include "sim/host.h"
#include "sim/ops.h"
#include "sim/promise.h"
#include "sim/rules.h"

/* As io/wait: the kernel ends a receive late, so it is told to end it early. */
#define RECEIVE_MARGIN_MS 40
#define RECEIVE_SHORTEST_MS 5
#define LATENESS_MS 29

#define SPANS 16

/* ---- one call ---- */

static int64_t
receive_ms(const sim_world *world)
{
    return (int64_t)world->plan.timeout_ms * MCP__SHARE_PERCENT / 100 - RECEIVE_MARGIN_MS;
}

static sim_conn *
conn_of(const sim_client *client)
{
    return client->conn[mcp__express_server(&client->engine, client->express_leg)->number];
}

/* What is queued for a leg's server goes at once. 0: not all of it went. */
static int
send_leg(sim_world *world, sim_client *client, int leg)
{
    mcp__server *server = mcp__express_server(&client->engine, leg);
    sim_conn *conn = client->conn[server->number];
    mcp__span spans[SPANS];
    sim_bytes all = {0};
    if (conn == NULL || conn->ended == SIM_END_RESET ||
        (conn->ended == SIM_END_CLOSED && sim_random_chance(&world->random, 50)))
        return 0;
    size_t n = mcp__link_output(&server->link, spans, SPANS);
    for (size_t i = 0; i < n; i++)
        sim_bytes_put(&all, spans[i].bytes, spans[i].len);
    size_t len = sim_bytes_len(&all), room = sim_host_room(world, conn);
    len = len < room ? len : room;
    if (len > 0) {
        sim_host_send(world, conn, all.block + all.start, len);
        mcp__link_sent(&server->link, len);
    }
    sim_bytes_free(&all);
    return !mcp__link_has_output(&server->link);
}

static void
wait_for_leg(sim_world *world, sim_client *client, int leg)
{
    client->express_leg = (uint8_t)leg;
    client->express_until_ms =
        world->now_ms + receive_ms(world) + sim_random_between(&world->random, 1, LATENESS_MS);
}

int
sim_quiet_begin(sim_world *world, sim_client *client, sim_op *op)
{
    mcp__engine *engine = &client->engine;
    if (!client->is_blocking || world->plan.express_percent == 0 ||
        !sim_random_chance(&world->random, world->plan.express_percent) ||
        receive_ms(world) < RECEIVE_SHORTEST_MS || mcp__chores_any(engine) ||
        engine->dump_phase != 0 ||
        !mcp__express_begin(engine, &op->request, (uint32_t)(op->deadline_ms - op->begun_ms),
                            sim_client_now(world, client)))
        return 0;
    sim_world_say(world, "client %u: #%u goes without an operation", client->number, op->id);
    world->n_quiet++;
    engine->express.task->tag = op->id;
    client->express_op = op;
    client->is_listening = 0;
    sim_truth_learn(world, client);
    int is_erase = engine->express.plain == MCP__PLAIN_ERASE;
    int first = is_erase ? MCP__BACKUP : MCP__PRIMARY;
    wait_for_leg(world, client, first);
    if (!send_leg(world, client, first) ||
        (engine->express.n_legs == 2 && !send_leg(world, client, MCP__BACKUP)))
        sim_quiet_give_up(world, client);
    else
        sim_quiet_hear(world, client);
    return 1;
}

void
sim_quiet_give_up(sim_world *world, sim_client *client)
{
    client->engine.now_ms = sim_client_now(world, client);
    client->express_op = NULL;
    client->is_listening = 1;
    sim_rules_before(world, client);
    (void)mcp__express_give_up(&client->engine);
    sim_rules_after(world, client, "give up");
    sim_driver_pump(world, client);
}

static void
finish(sim_world *world, sim_client *client)
{
    mcp_result result = MCP_RESULT_INIT;
    sim_op *op = client->express_op;
    client->express_op = NULL;
    sim_rules_before(world, client);
    result.status = mcp__express_status(&client->engine);
    if (world->plan.keeps_record)
        sim_promise_asked_plainly(world, client, op,
                                  mcp__express_server(&client->engine, 0)->number);
    if (mcp__express_has_third(&client->engine))
        mcp__express_put_third(&client->engine);
    mcp__express_finish(&client->engine, &result);
    sim_ops_over(world, client, op, &result);
    sim_rules_after(world, client, "finish");
    sim_world_hush(world, client);
    sim_driver_pump(world, client); /* what nobody waits for, as the third delete */
}

/* This leg has its answer. What comes next. */
static void
go_on(sim_world *world, sim_client *client)
{
    mcp__engine *engine = &client->engine;
    if (engine->express.plain == MCP__PLAIN_ERASE) {
        mcp__express_go_on(engine);
        client->known_opaques = 0; /* the second leg has the opaque of the first */
        sim_truth_learn(world, client);
        wait_for_leg(world, client, MCP__PRIMARY);
        if (send_leg(world, client, MCP__PRIMARY))
            sim_quiet_hear(world, client);
        else
            sim_quiet_give_up(world, client);
    } else if (engine->express.n_legs == 2 && client->express_leg == MCP__PRIMARY) {
        wait_for_leg(world, client, MCP__BACKUP);
        sim_quiet_hear(world, client);
    } else {
        finish(world, client);
    }
}

void
sim_quiet_hear(sim_world *world, sim_client *client)
{
    sim_conn *conn = conn_of(client);
    size_t room_len, len = sim_bytes_len(&conn->inbox);
    if (len == 0 && conn->ended == SIM_END_NONE)
        return;
    mcp__link *link = &mcp__express_server(&client->engine, client->express_leg)->link;
    uint8_t *room = len > 0 ? mcp__link_room(link, &room_len) : NULL;
    if (room == NULL) {
        sim_quiet_give_up(world, client);
        return;
    }
    len = len < room_len ? len : room_len;
    if (sim_random_chance(&world->random, 10))
        len = sim_random_below(&world->random, (uint32_t)len) + 1;
    memcpy(room, conn->inbox.block + conn->inbox.start, len);
    sim_bytes_take(&conn->inbox, len);
    mcp__link_received(link, len);
    if (mcp__express_hear(&client->engine, client->express_leg))
        go_on(world, client);
    else
        sim_quiet_give_up(world, client);
}

/* ---- many at once ---- */

static uint32_t
left_ms(const sim_world *world, const sim_op *op)
{
    return op->deadline_ms > world->now_ms ? (uint32_t)(op->deadline_ms - world->now_ms) : 0;
}

static void
submit(sim_world *world, sim_client *client, sim_op *op)
{
    mcp_result late = MCP_RESULT_INIT;
    mcp__task *task = NULL;
    late.status = MCP_TIMEOUT;
    late.primary = MCP_COPY_UNKNOWN; /* a get that was lost */
    if (left_ms(world, op) > 0) {
        task = mcp__drive_submit(&client->engine, &op->request, left_ms(world, op),
                                 sim_client_now(world, client));
        late.status = MCP_NO_MEMORY;
    }
    if (task != NULL)
        task->tag = op->id;
    else
        sim_ops_over(world, client, op, &late);
}

void
sim_quiet_batch(sim_world *world, sim_client *client, sim_op **ops, uint32_t n)
{
    mcp__engine *engine = &client->engine;
    sim_rules_before(world, client);
    mcp__convoy_begin(engine, left_ms(world, ops[0]));
    client->batch_first = ops[0]->id;
    client->batch_n = n;
    mcp__convoy_round(engine, sim_client_now(world, client));
    for (uint32_t i = 0; i < n; i++) {
        const mcp_request *request = &ops[i]->request;
        ops[i]->is_out =
            (uint8_t)mcp__convoy_put(engine, request, mcp__convoy_foresee(engine, request), i);
        world->n_quiet += ops[i]->is_out;
        if (!ops[i]->is_out)
            submit(world, client, ops[i]);
    }
    sim_rules_after(world, client, "batch");
    sim_driver_pump(world, client);
}

/* What was lost is asked for by operations. */
static void
ask_again(sim_world *world, sim_client *client)
{
    uint8_t is_out[SIM_BATCH_MAX] = {0};
    client->engine.convoy.n_lost = 0;
    mcp__convoy_note(&client->engine, is_out, 1);
    sim_rules_before(world, client);
    for (uint32_t i = 0; i < client->batch_n; i++) {
        sim_op *op = world->ops[client->batch_first + i];
        if (!op->is_out || is_out[i])
            continue;
        op->is_out = 0;
        op->was_lost = 1;
        submit(world, client, op);
    }
    sim_rules_after(world, client, "batch again");
}

static void
fetch(sim_world *world, sim_client *client)
{
    mcp__fetched fetched;
    mcp_result result = MCP_RESULT_INIT;
    sim_rules_before(world, client);
    if (!mcp__convoy_fetch(&client->engine, &fetched)) {
        sim_rules_after(world, client, "fetch");
        return;
    }
    sim_op *op = world->ops[client->batch_first + fetched.tag];
    op->is_out = 0;
    if (world->plan.keeps_record)
        sim_promise_asked_plainly(world, client, op, fetched.server->number);
    mcp__convoy_result(&fetched, &result);
    sim_ops_over(world, client, op, &result);
}

int
sim_quiet_fetch(sim_world *world, sim_client *client)
{
    if (client->batch_n == 0)
        return 0;
    if (client->engine.convoy.first_ripe != NULL)
        fetch(world, client);
    else if (client->engine.convoy.n_lost > 0)
        ask_again(world, client);
    else if (client->n_open > 0)
        return 0;
    else {
        client->batch_n = 0;
        sim_world_hush(world, client);
    }
    return 1;
}

void
sim_quiet_forget(sim_client *client)
{
    client->express_op = NULL;
    client->batch_n = 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/world.h"

#include <stdarg.h>

#include "sim/driver.h"
#include "sim/host.h"
#include "sim/model.h"
#include "sim/notes.h"
#include "sim/ops.h"
#include "sim/promise.h"
#include "sim/quiet.h"
#include "sim/rules.h"

/* How often a blocking client looks around when the others have gone home. */
#define MAINTAIN_MS 300
#define VALUE_MAX 65536

/* Time enough for every repair, resync and sweep, by clients that look around now and then. */
#define REPAIR_MS 30000

/* What a blocking call spends on what nobody waits for. The real one does so before the call. */
#define SLICE_MS 2

/* How long a fault waits for its turn, and how often. */
#define PUT_OFF_MS 150
#define PUT_OFF_MAX 40

void
sim_world_mix(sim_world *world, uint64_t a, uint64_t b)
{
    world->hash = (world->hash ^ (uint64_t)world->now_ms) * 0x100000001b3u;
    world->hash = (world->hash ^ a) * 0x100000001b3u;
    world->hash = (world->hash ^ b) * 0x100000001b3u;
}

void
sim_world_say(sim_world *world, const char *format, ...)
{
    va_list list;
    if (world->trace == NULL)
        return;
    fprintf(world->trace, "%7lld ms  ", (long long)world->now_ms);
    va_start(list, format);
    vfprintf(world->trace, format, list);
    va_end(list);
    putc('\n', world->trace);
}

/* ---- beginning ---- */

static void
add_hosts(sim_world *world)
{
    const sim_plan *plan = &world->plan;
    world->n_hosts = plan->n_primaries + plan->n_backups;
    for (uint32_t i = 0; i < world->n_hosts; i++) {
        sim_host *host = &world->hosts[i];
        int is_backup = i >= plan->n_primaries;
        sim_server_init(&host->memcached, i, 0);
        if (plan->keeps_record && sim_random_chance(&world->random, 80))
            host->memcached.born_ms = -(int64_t)sim_random_below(&world->random, 100000);
        host->well_since_ms = -1000; /* always */
        host->memcached.watch = sim_truth_watch;
        host->memcached.context = world;
        host->memcached.clock_offset_ms = sim_random_below(&world->random, 1000);
        snprintf(host->name, sizeof host->name, "%s%u", is_backup ? "backup" : "primary",
                 is_backup ? i - plan->n_primaries : i);
        world->specs[i] = (mcp__server_spec){.name = host->name,
                                             .address = host->name,
                                             .host = host->name,
                                             .port = 11211,
                                             .weight = 1};
    }
}

/* Building one takes longer than a small world lives, so they are kept: their shape is all they
 * depend on. */
static mcp__pairing *
pairing_for(const sim_world *world)
{
    static mcp__pairing *kept[SIM_SERVERS_MAX + 1][SIM_SERVERS_MAX + 1];
    static mcp__mem mem;
    static char names[SIM_SERVERS_MAX + 1][SIM_SERVERS_MAX + 1][SIM_SERVERS_MAX][16];
    const sim_plan *plan = &world->plan;
    mcp__pairing **pairing = &kept[plan->n_primaries][plan->n_backups];
    if (*pairing == NULL) {
        mcp__err err;
        mcp__place_spec place = {.distribution = MCP__NATIVE};
        mcp__server_spec specs[SIM_SERVERS_MAX];
        memcpy(specs, world->specs, sizeof specs);
        for (uint32_t i = 0; i < world->n_hosts; i++) {
            char *name = names[plan->n_primaries][plan->n_backups][i];
            snprintf(name, 16, "%s", world->hosts[i].name);
            specs[i].name = specs[i].address = specs[i].host = name;
        }
        mem = mcp__mem_system();
        *pairing = mcp__pairing_new(&mem, &place, MCP__MIRROR_BACKUP, specs, plan->n_primaries,
                                    plan->n_backups, &err);
    }
    return sim_need(*pairing);
}

static mcp__promise
promise_of(const sim_plan *plan)
{
    mcp__promise promise = {
        .keeps_record = plan->keeps_record && plan->n_backups > 0,
        .is_strict = (uint8_t)plan->is_strict,
        .verifies = (uint8_t)plan->verifies,
        .waits_for_mirror = 1,
        .config8 = 1,
        .prefix = {"mcp:", 4},
    };
    mcp__promise_set_times(&promise, plan->view_interval_ms, plan->timeout_ms);
    return promise;
}

void
sim_world_init_client(sim_world *world, uint32_t number)
{
    sim_client *client = &world->clients[number];
    const sim_plan *plan = &world->plan;
    mcp__settings settings = {
        .timeout_ms = plan->timeout_ms,
        .connect_timeout_ms = plan->connect_timeout_ms,
        .health = {plan->retry_min_ms, plan->retry_max_ms, plan->suspect_limit},
        .value_max = VALUE_MAX,
        .dialect = MCP__DIALECT_META, /* its servers store nothing in the classic way */
        .mirrors_writes = plan->mirrors_writes,
        .has_backup_list = 1,
        .promise = promise_of(plan),
        .repairs = plan->keeps_record,
        .resyncs = plan->keeps_record,
    };
    client->number = number;
    for (uint32_t i = 0; i < SIM_SERVERS_MAX; i++)
        client->dirtied_ms[i] = -1;
    client->memory.fail_at = plan->fail_at;
    client->memory.fails_from_then = plan->fails_from_then;
    client->mem = sim_memory_allocator(&client->memory);
    client->is_blocking = sim_random_chance(&world->random, plan->blocking_percent);
    client->is_listening = !client->is_blocking;
    if (plan->keeps_record && client->life == 0) {
        client->clock_offset_ms = sim_random_between(&world->random, 0, 1000000);
        client->clock_skew = (int32_t)sim_random_between(
            &world->random, -(int64_t)plan->skew_permille, plan->skew_permille);
    }
    uint64_t seed = sim_random_next(&world->random);
    if (mcp__pool_init(&client->engine, &client->mem, &settings, world->specs, plan->n_primaries,
                       plan->n_backups, world->pairing, "", seed,
                       sim_client_now(world, client)) != MCP_OK)
        client->engine.n_servers = 0; /* a test lets memory fail: there is no client */
    client->known_opaques = client->engine.opaque_count;
}

sim_world *
sim_world_new(const sim_plan *plan, FILE *trace)
{
    sim_world *world = sim_need(calloc(1, sizeof *world));
    world->plan = *plan;
    world->trace = trace;
    world->random.state = plan->seed;
    world->hash = 0xcbf29ce484222325u;
    add_hosts(world);
    world->pairing = pairing_for(world);
    if (plan->keeps_record)
        world->notes = sim_notes_new(world);
    for (uint32_t i = 0; i < plan->n_clients; i++)
        sim_world_init_client(world, i);
    for (uint32_t i = 0; i < plan->n_faults; i++)
        sim_queue_add(&world->queue, &world->random, plan->faults[i].at_ms, SIM_EVENT_FAULT, i);
    return world;
}

void
sim_world_fault(sim_world *world, sim_fault fault)
{
    if (world->plan.n_faults == SIM_FAULTS_MAX)
        abort();
    world->plan.faults[world->plan.n_faults] = fault;
    sim_queue_add(&world->queue, &world->random, fault.at_ms, SIM_EVENT_FAULT,
                  world->plan.n_faults++);
}

/* ---- events ---- */

static int
is_of_client(const sim_fault *fault)
{
    return fault->kind == SIM_SHORTAGE || fault->kind == SIM_FORK || fault->kind == SIM_DEATH;
}

/* A fault that would be one too many waits, and is forgotten when it has waited too long. */
static int
put_off(sim_world *world, uint32_t number)
{
    sim_fault *fault = &world->plan.faults[number];
    if (sim_promise_allows(world, fault))
        return 0;
    if (world->is_draining || fault->n_put_off++ == PUT_OFF_MAX) {
        fault->is_over = 1;
        return 1;
    }
    fault->at_ms += PUT_OFF_MS;
    fault->until_ms += PUT_OFF_MS;
    sim_queue_add(&world->queue, &world->random, fault->at_ms, SIM_EVENT_FAULT, number);
    return 1;
}

/* Its operations are over, and nobody was told how. */
static void
die(sim_world *world, sim_client *client)
{
    sim_driver_die(world, client);
    for (size_t i = 0; i < world->n_ops; i++) {
        if (world->ops[i]->client == client->number && !world->ops[i]->is_done)
            sim_promise_lost(world, world->ops[i]);
    }
    if (client->memory.n_blocks != 0)
        sim_rules_break(world, "LEAK", "client %u died and holds %lld blocks", client->number,
                        (long long)client->memory.n_blocks);
    client->life++;
    client->n_open = 0;
    memset(client->busy_key, 0, sizeof client->busy_key);
    memset(client->tokens, 0, sizeof client->tokens);
    sim_world_init_client(world, client->number);
}

static void
begin_fault(sim_world *world, uint32_t number)
{
    sim_fault *fault = &world->plan.faults[number];
    sim_client *client = &world->clients[fault->client < SIM_CLIENTS_MAX ? fault->client : 0];
    if (fault->kind != SIM_DEATH && world->plan.keeps_record && put_off(world, number))
        return;
    world->n_faults_begun++;
    if (fault->kind == SIM_DEATH) {
        sim_world_say(world, "client %u: %s", client->number, sim_fault_name(fault->kind));
        die(world, client);
        return;
    }
    if (is_of_client(fault)) {
        sim_world_say(world, "client %u: %s", client->number, sim_fault_name(fault->kind));
        client->was_troubled = 1;
        client->shortages += fault->kind == SIM_SHORTAGE ? (uint32_t)fault->amount : 0;
        if (fault->kind == SIM_FORK)
            sim_driver_fork(world, client);
        return;
    }
    sim_world_say(world, "%s %s", world->hosts[fault->server].name, sim_fault_name(fault->kind));
    sim_host_fault(world, fault);
    sim_queue_add(&world->queue, &world->random, fault->until_ms, SIM_EVENT_HEAL, number);
}

void
sim_world_hush(sim_world *world, sim_client *client)
{
    if (!client->is_blocking)
        return;
    client->is_listening = world->plan.keeps_record && client->engine.n_jobs > 0;
    if (client->is_listening)
        sim_queue_add(&world->queue, &world->random, world->now_ms + SLICE_MS, SIM_EVENT_HUSH,
                      client->number);
}

static void
issue(sim_world *world, uint32_t number)
{
    sim_client *client = &world->clients[number];
    uint32_t at_once = client->is_blocking ? 1 : world->plan.at_once;
    if (world->is_draining == 2)
        return;
    if (world->is_draining) {
        if (client->n_open == 0)
            sim_driver_maintain(world, client);
        sim_world_hush(world, client);
        sim_queue_add(&world->queue, &world->random, world->now_ms + MAINTAIN_MS, SIM_EVENT_CALL,
                      number);
        return;
    }
    if (client->n_open < at_once) {
        client->n_issued++;
        sim_ops_issue(world, client);
    }
    /* A blocking client that was not let in (one of its keys is busy) has not called. */
    if (client->n_open == 0 && !world->plan.keeps_record)
        client->is_listening = !client->is_blocking;
    else if (client->n_open == 0)
        sim_world_hush(world, client);
    if (client->n_issued < world->plan.ops_per_client)
        sim_queue_add(&world->queue, &world->random,
                      world->now_ms + sim_random_between(&world->random, 0, world->plan.gap_ms),
                      SIM_EVENT_CALL, number);
}

static void
take_heal(sim_world *world, sim_fault *fault)
{
    if (!fault->is_over)
        sim_world_say(world, "%s is well again", world->hosts[fault->server].name);
    sim_host_heal(world, fault);
}

static void
take(sim_world *world, const sim_event *event)
{
    sim_conn *conn = event->kind <= SIM_EVENT_DOWN ? world->conns[event->index] : NULL;
    sim_client *client = conn != NULL ? &world->clients[conn->client] : NULL;
    switch (event->kind) {
    case SIM_EVENT_CONNECTED:
        if (sim_host_connected(world, conn))
            sim_driver_pump(world, client);
        break;
    case SIM_EVENT_UP:
        if (sim_host_up(world, conn))
            sim_driver_writable(world, client, conn);
        break;
    case SIM_EVENT_DOWN:
        if (sim_host_down(world, conn))
            sim_driver_pump(world, client);
        break;
    case SIM_EVENT_CALL:
        issue(world, event->index);
        break;
    case SIM_EVENT_HUSH:
        client = &world->clients[event->index];
        if (client->is_blocking && client->n_open == 0)
            client->is_listening = 0;
        break;
    case SIM_EVENT_FAULT:
        begin_fault(world, event->index);
        break;
    default:
        take_heal(world, &world->plan.faults[event->index]);
        break;
    }
}

/* ---- time ---- */

int64_t
sim_client_when(const sim_client *client, int64_t client_ms)
{
    sim_world as_if = {.now_ms = (client_ms - client->clock_offset_ms) * 1000 /
                                 (1000 + client->clock_skew)};
    while (sim_client_now(&as_if, client) < client_ms)
        as_if.now_ms++;
    while (sim_client_now(&as_if, client) - 1 >= client_ms)
        as_if.now_ms--;
    return as_if.now_ms;
}

/* At most so often, whatever they say. */
#define CHORES_MS 5

static int64_t
chores_ms(const sim_world *world, const sim_client *client)
{
    if (!world->plan.keeps_record || !mcp__chores_any(&client->engine))
        return INT64_MAX;
    int64_t next_ms = mcp__chores_next_time(&client->engine);
    if (next_ms == INT64_MAX)
        return INT64_MAX;
    next_ms = sim_client_when(client, next_ms < 0 ? 0 : next_ms);
    return next_ms < client->chored_ms + CHORES_MS ? client->chored_ms + CHORES_MS : next_ms;
}

/* When this client has something to do by itself. */
static int64_t
client_next(const sim_world *world, const sim_client *client)
{
    if (client->express_op != NULL)
        return client->express_until_ms;
    if (!client->is_listening)
        return INT64_MAX;
    int64_t timer_ms = mcp__drive_next_time(&client->engine);
    int64_t jobs_ms = client->is_blocking ? INT64_MAX : chores_ms(world, client);
    if (timer_ms != INT64_MAX)
        timer_ms = sim_client_when(client, timer_ms);
    return jobs_ms < timer_ms ? jobs_ms : timer_ms;
}

static int64_t
next_timer(const sim_world *world)
{
    int64_t next_ms = INT64_MAX;
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        const sim_client *client = &world->clients[i];
        int64_t client_ms = client_next(world, client);
        if (client_ms < next_ms)
            next_ms = client_ms;
    }
    return next_ms;
}

static void
run_timers(sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        sim_client *client = &world->clients[i];
        if (client_next(world, client) > world->now_ms)
            continue;
        if (client->express_op != NULL) {
            sim_quiet_give_up(world, client);
            continue;
        }
        if (mcp__drive_next_time(&client->engine) <= sim_client_now(world, client))
            sim_driver_time(world, client);
        if (!client->is_blocking && chores_ms(world, client) <= world->now_ms)
            sim_driver_chores(world, client);
    }
}

void
sim_world_run_until(sim_world *world, int64_t until_ms)
{
    while (!sim_world_is_lost(world)) {
        int64_t timer_ms = next_timer(world), event_ms = sim_queue_next(&world->queue);
        int64_t next_ms = timer_ms < event_ms ? timer_ms : event_ms;
        if (next_ms > until_ms)
            break;
        if (next_ms > world->now_ms)
            world->now_ms = next_ms;
        /* At the same moment, either may come first. */
        int is_timer =
            timer_ms != event_ms ? timer_ms < event_ms : sim_random_chance(&world->random, 50);
        if (is_timer) {
            run_timers(world);
        } else {
            sim_event event = sim_queue_take(&world->queue);
            take(world, &event);
        }
    }
    world->now_ms = until_ms;
}

static int
is_all_done(const sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        const sim_client *client = &world->clients[i];
        if (client->n_open > 0 || (world->issues && client->n_issued < world->plan.ops_per_client))
            return 0;
    }
    for (uint32_t i = 0; i < world->plan.n_faults; i++) {
        if (!world->plan.faults[i].is_over && world->now_ms < world->plan.faults[i].until_ms)
            return 0;
    }
    return 1;
}

/* All is well, and every client sees it: each key and each server answers. */
static void
look_again(sim_world *world, uint32_t number, uint32_t key, int server)
{
    char text[24];
    mcp_request request = MCP_REQUEST_INIT;
    request.verb = server < 0 ? MCP_GET : MCP_PING;
    request.server = server;
    sim_key_text(key, text, sizeof text);
    request.key = text;
    request.key_len = server < 0 ? strlen(text) : 0;
    const sim_op *op = sim_world_submit(world, number, &request);
    sim_world_run_until(world, world->now_ms + world->plan.timeout_ms);
    if (op != NULL && op->result.status < MCP_OK && world->clients[number].memory.n_failed == 0)
        sim_rules_break(world, "RETURNS", "client %u: at the end, %s %s: %s", number,
                        sim_verb_name(request.verb), server < 0 ? text : world->hosts[server].name,
                        mcp_strstatus(op->result.status));
}

/* From here on nobody calls but for mcp_maintain(). */
static void
maintain_all(sim_world *world)
{
    world->is_draining = 1;
    for (uint32_t i = 0; i < world->plan.n_clients; i++)
        sim_queue_add(&world->queue, &world->random, world->now_ms, SIM_EVENT_CALL, i);
}

/* Everybody has something to do with every server once more, or nobody may ever read what those
 * that died meanwhile have put on record. */
static void
wake_all(sim_world *world)
{
    mcp_request request = MCP_REQUEST_INIT;
    request.verb = MCP_PING;
    world->is_draining = 2;
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        for (request.server = 0; request.server < (int)world->n_hosts; request.server++) {
            (void)sim_world_submit(world, i, &request);
            sim_world_run_until(world, world->now_ms + world->plan.timeout_ms);
        }
    }
    maintain_all(world);
}

void
sim_world_run(sim_world *world)
{
    world->issues = world->plan.ops_per_client > 0;
    for (uint32_t i = 0; world->issues && i < world->plan.n_clients; i++)
        sim_queue_add(&world->queue, &world->random, 0, SIM_EVENT_CALL, i);
    int64_t limit_ms = world->now_ms + 2000000;
    while (!is_all_done(world) && world->now_ms < limit_ms && !sim_world_is_lost(world))
        sim_world_run_until(world, world->now_ms + 200);
    for (uint32_t i = 0; i < world->plan.n_clients; i++)
        world->clients[i].shortages = 0;
    maintain_all(world);
    int64_t rest_ms =
        3 * (int64_t)world->plan.retry_max_ms + 3 * world->plan.timeout_ms + 6 * MAINTAIN_MS;
    sim_world_run_until(world, world->now_ms + rest_ms);
    if (world->plan.keeps_record) {
        wake_all(world);
        sim_world_run_until(world, world->now_ms + REPAIR_MS);
    }
    world->is_draining = 2;
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        for (uint32_t key = 0; key < world->plan.n_keys; key++)
            look_again(world, i, key, -1);
        for (uint32_t server = 0; server < world->n_hosts; server++)
            look_again(world, i, 0, (int)server);
    }
    sim_rules_finale(world);
}

/* ---- end ---- */

static void
free_client(sim_world *world, sim_client *client)
{
    if (client->lent != NULL)
        mcp__drive_release(&client->engine, client->lent);
    if (client->engine.n_servers > 0)
        mcp__chores_end(&client->engine);
    if (client->engine.n_servers > 0)
        mcp__pool_fini(&client->engine);
    if (client->memory.n_blocks != 0)
        sim_rules_break(world, "LEAK", "client %u: %lld blocks are still held", client->number,
                        (long long)client->memory.n_blocks);
}

uint64_t
sim_world_free(sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.n_clients; i++)
        free_client(world, &world->clients[i]);
    for (size_t i = 0; i < world->n_conns; i++)
        sim_conn_free(world->conns[i]);
    for (size_t i = 0; i < world->n_ops; i++)
        sim_op_free(world->ops[i]);
    for (uint32_t i = 0; i < world->n_hosts; i++)
        sim_server_fini(&world->hosts[i].memcached);
    sim_model_free(world);
    sim_notes_free(world->notes);
    sim_queue_free(&world->queue);
    free(world->conns);
    free(world->ops);
    free(world->opaques);
    uint64_t n_violations = world->n_violations;
    free(world);
    return n_violations;
}

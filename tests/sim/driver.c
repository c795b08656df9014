/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/driver.h"

#include <errno.h>

#include "sim/host.h"
#include "sim/ops.h"
#include "sim/quiet.h"
#include "sim/rules.h"

/* Rounds of one pump: more means that engine and driver keep each other busy for ever. */
#define ROUNDS_MAX 5000
#define SPANS 16

/* ---- telling the engine ---- */

static void
broken(sim_world *world, sim_client *client, uint32_t server, int os_error, const char *what)
{
    sim_rules_before(world, client);
    mcp__drive_broken(&client->engine, server, os_error, what, sim_client_now(world, client));
    sim_rules_after(world, client, "broken");
}

static void
leave(sim_world *world, sim_client *client, uint32_t server)
{
    if (client->conn[server] != NULL)
        sim_host_left(world, client->conn[server]);
    client->conn[server] = NULL;
}

/* ---- sending ---- */

static size_t
gather(sim_world *world, sim_client *client, const mcp__span *spans, size_t n, sim_bytes *all)
{
    for (size_t i = 0; i < n; i++) {
        sim_rules_span(world, client, &spans[i]);
        sim_bytes_put(all, spans[i].bytes, spans[i].len);
    }
    return sim_bytes_len(all);
}

static void
send_output(sim_world *world, sim_client *client, uint32_t server)
{
    mcp__span spans[SPANS];
    sim_conn *conn = client->conn[server];
    for (;;) {
        size_t n = mcp__drive_output(&client->engine, server, spans,
                                     1 + sim_random_below(&world->random, SPANS));
        if (n == 0)
            return;
        if (conn->ended == SIM_END_RESET ||
            (conn->ended == SIM_END_CLOSED && sim_random_chance(&world->random, 50))) {
            broken(world, client, server, conn->ended == SIM_END_RESET ? ECONNRESET : EPIPE,
                   "closed by the server");
            return;
        }
        size_t room = sim_host_room(world, conn);
        if (room == 0) {
            conn->has_unsent = 1;
            return;
        }
        sim_bytes all = {0};
        size_t len = gather(world, client, spans, n, &all);
        if (len > room)
            len = room;
        if (len > 0 && sim_random_chance(&world->random, 20))
            len = sim_random_below(&world->random, (uint32_t)len) + 1;
        sim_host_send(world, conn, all.block + all.start, len);
        sim_bytes_free(&all);
        sim_rules_before(world, client);
        mcp__drive_sent(&client->engine, server, len);
        sim_rules_after(world, client, "sent");
    }
}

void
sim_driver_writable(sim_world *world, sim_client *client, sim_conn *conn)
{
    const mcp__server *server = &client->engine.servers[conn->line];
    if (client->conn[conn->line] != conn || !conn->is_open)
        return;
    if (!client->is_listening || (server->wishes & MCP__WISH_RESET))
        return;
    conn->has_unsent = 0;
    if (mcp__link_has_output(&server->link))
        send_output(world, client, conn->line);
    sim_driver_pump(world, client);
}

/* ---- wishes ---- */

static void
open_conn(sim_world *world, sim_client *client, uint32_t server)
{
    sim_rules_open(world, client, server);
    if (client->shortages > 0) {
        client->shortages--;
        broken(world, client, server, EMFILE, "too many open files");
        return;
    }
    client->conn[server] =
        sim_host_connect(world, client->number, client->engine.servers[server].address);
    client->conn[server]->line = server;
}

/* A connection that has rested: closed meanwhile, or with bytes that nobody asked for? */
static int
is_still_good(sim_world *world, sim_client *client, uint32_t server)
{
    const sim_conn *conn = client->conn[server];
    if (sim_bytes_len(&conn->inbox) == 0 && conn->ended == SIM_END_NONE)
        return 1;
    broken(world, client, server, conn->ended == SIM_END_RESET ? ECONNRESET : 0,
           "found closed after a rest");
    return 0;
}

static void
carry_out(sim_world *world, sim_client *client, const mcp__wish *wish)
{
    sim_world_mix(world, 1000 + wish->server, wish->what);
    if (wish->what & MCP__WISH_RESET)
        leave(world, client, wish->server);
    if (wish->what & MCP__WISH_OPEN)
        open_conn(world, client, wish->server);
    const sim_conn *conn = client->conn[wish->server];
    if (!(wish->what & MCP__WISH_SEND) || conn == NULL || !conn->is_open)
        return;
    if (!(wish->what & MCP__WISH_LOOK) || is_still_good(world, client, wish->server))
        send_output(world, client, wish->server);
}

/* ---- hearing ---- */

static void
hear_outcome(sim_world *world, sim_client *client, sim_conn *conn)
{
    if (conn->outcome == SIM_REFUSED) {
        leave(world, client, conn->line);
        broken(world, client, conn->line, ECONNREFUSED, "Connection refused");
        return;
    }
    conn->is_open = 1;
    sim_rules_before(world, client);
    mcp__drive_connected(&client->engine, conn->line, sim_client_now(world, client));
    sim_rules_after(world, client, "connected");
}

static int
hear_bytes(sim_world *world, sim_client *client, sim_conn *conn)
{
    size_t room_len, len = sim_bytes_len(&conn->inbox);
    sim_rules_before(world, client);
    uint8_t *room = mcp__drive_room(&client->engine, conn->line, &room_len);
    if (room == NULL) {
        if (client->engine.servers[conn->line].link.n_pinned > 0)
            return 0;
        broken(world, client, conn->line, ENOMEM, "no memory");
        return 1;
    }
    if (len > room_len)
        len = room_len;
    if (!client->hears_whole && sim_random_chance(&world->random, 20))
        len = sim_random_below(&world->random, (uint32_t)len) + 1;
    memcpy(room, conn->inbox.block + conn->inbox.start, len);
    sim_bytes_take(&conn->inbox, len);
    mcp__drive_received(&client->engine, conn->line, len, sim_client_now(world, client));
    sim_rules_after(world, client, "received");
    return 1;
}

/* One thing from one server. */
static int
hear(sim_world *world, sim_client *client, uint32_t server)
{
    sim_conn *conn = client->conn[server];
    if (conn == NULL || (client->is_blocking && !client->engine.servers[server].is_busy))
        return 0;
    if (!conn->is_open) {
        if (conn->outcome == 0)
            return 0;
        hear_outcome(world, client, conn);
        return 1;
    }
    if (sim_bytes_len(&conn->inbox) > 0)
        return hear_bytes(world, client, conn);
    if (conn->ended == SIM_END_NONE || client->engine.servers[server].link.n_pinned > 0)
        return 0;
    broken(world, client, server, conn->ended == SIM_END_RESET ? ECONNRESET : 0,
           "closed by the server");
    return 1;
}

/* Without the record there is nothing to be dumped. */
static uint32_t
lines_of(const sim_world *world, const sim_client *client)
{
    return world->plan.keeps_record ? client->engine.n_lines : world->n_hosts;
}

static int
hear_any(sim_world *world, sim_client *client)
{
    uint32_t n = lines_of(world, client), first = sim_random_below(&world->random, n);
    for (uint32_t i = 0; i < n; i++) {
        if (hear(world, client, (first + i) % n))
            return 1;
    }
    return 0;
}

/* ---- the doors ---- */

/* Jobs go on as soon as there is something new for them. */
static int
run_jobs(sim_world *world, sim_client *client, int was_heard)
{
    if (client->engine.n_jobs == 0 || (!was_heard && client->engine.first_errand == NULL))
        return 0;
    sim_rules_before(world, client);
    client->engine.now_ms = sim_client_now(world, client);
    mcp__chores_run(&client->engine);
    sim_rules_after(world, client, "chores");
    return 1;
}

void
sim_driver_pump(sim_world *world, sim_client *client)
{
    int was_heard = 0;
    if (client->express_op != NULL) {
        sim_quiet_hear(world, client);
        return;
    }
    for (int i = 0; i < ROUNDS_MAX; i++) {
        mcp__wish wish;
        mcp__task *task;
        if (sim_quiet_fetch(world, client))
            continue;
        if (mcp__drive_wish(&client->engine, &wish))
            carry_out(world, client, &wish);
        else if ((task = mcp__drive_finished(&client->engine)) != NULL)
            sim_ops_finished(world, client, task);
        else if (client->is_listening && hear_any(world, client))
            was_heard = 1;
        else if (run_jobs(world, client, was_heard))
            was_heard = 0;
        else
            return;
    }
    sim_rules_break(world, "ENDLESS", "client %u: engine and driver do not come to rest",
                    client->number);
}

void
sim_driver_time(sim_world *world, sim_client *client)
{
    sim_rules_before(world, client);
    mcp__drive_time(&client->engine, sim_client_now(world, client));
    sim_rules_after(world, client, "time");
    if (mcp__drive_next_time(&client->engine) <= sim_client_now(world, client))
        sim_rules_break(world, "TIMER", "client %u: still something due after mcp__drive_time",
                        client->number);
    sim_driver_pump(world, client);
}

void
sim_driver_enter(sim_world *world, sim_client *client)
{
    if (client->lent != NULL)
        mcp__drive_release(&client->engine, client->lent);
    client->lent = NULL;
    if (!client->is_blocking) {
        sim_driver_chores(world, client);
        return;
    }
    /* As mcp__wait_begin: what has been heard meanwhile, what is late, then the wishes. */
    client->is_listening = 1;
    client->hears_whole = 1;
    for (uint32_t i = 0; i < lines_of(world, client); i++)
        hear(world, client, i);
    client->hears_whole = 0;
    if (mcp__drive_next_time(&client->engine) <= sim_client_now(world, client))
        sim_driver_time(world, client);
    sim_driver_pump(world, client);
    sim_driver_chores(world, client);
}

void
sim_driver_chores(sim_world *world, sim_client *client)
{
    if (!world->plan.keeps_record || !mcp__chores_any(&client->engine))
        return;
    client->chored_ms = world->now_ms;
    sim_rules_before(world, client);
    client->engine.now_ms = sim_client_now(world, client);
    mcp__chores_run(&client->engine);
    sim_rules_after(world, client, "chores");
    sim_driver_pump(world, client);
}

void
sim_driver_maintain(sim_world *world, sim_client *client)
{
    sim_driver_enter(world, client);
    sim_rules_before(world, client);
    mcp__drive_hasten(&client->engine, sim_client_now(world, client));
    sim_rules_after(world, client, "hasten");
    sim_driver_pump(world, client);
}

void
sim_driver_die(sim_world *world, sim_client *client)
{
    if (client->lent != NULL)
        mcp__drive_release(&client->engine, client->lent);
    client->lent = NULL;
    sim_quiet_forget(client);
    for (uint32_t i = 0; i < lines_of(world, client); i++)
        leave(world, client, i);
    mcp__drive_abandon(&client->engine, sim_client_now(world, client));
    mcp__chores_end(&client->engine);
    mcp__pool_fini(&client->engine);
}

void
sim_driver_fork(sim_world *world, sim_client *client)
{
    if (client->express_op != NULL)
        sim_quiet_give_up(world, client);
    if (client->lent != NULL)
        mcp__drive_release(&client->engine, client->lent);
    client->lent = NULL;
    for (uint32_t i = 0; i < lines_of(world, client); i++)
        leave(world, client, i);
    sim_rules_before(world, client);
    mcp__drive_forget(&client->engine, sim_client_now(world, client));
    sim_rules_after(world, client, "forget");
    sim_driver_pump(world, client);
}

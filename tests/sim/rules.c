/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/rules.h"

#include <stdarg.h>

#include "sim/model.h"
#include "sim/ops.h"
#include "sim/promise.h"

/* A server that has just refused is left alone this long even when there is no other copy
 * (lib/engine/line.c), so one that has come back since is asked a little later. */
#define REFUSED_REST_MS 10
/* And a connection that has rested longer than this is looked at before it is used. */
#define REST_MS 1000

void
sim_rules_break(sim_world *world, const char *rule, const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (world->n_violations++ == 0)
        snprintf(world->violation, sizeof world->violation, "%s at %lld ms: %s", rule,
                 (long long)world->now_ms, text);
    sim_world_say(world, "VIOLATION of %s: %s", rule, text);
}

/* ---- one operation ---- */

/* Nothing is under way on this connection that a server in trouble left behind. */
static int
is_conn_well(const sim_world *world, const sim_conn *conn, int64_t well_since_ms)
{
    if (conn == NULL)
        return 1;
    if (conn->is_cut || conn->is_dirty || conn->ended || conn->outcome == SIM_REFUSED)
        return 0;
    int64_t soon_ms = world->now_ms + 2 * world->plan.latency_ms + 10;
    return conn->down.last_ms <= soon_ms && conn->up.last_ms <= soon_ms &&
           (conn->is_open || conn->made_ms >= well_since_ms);
}

static int
is_away(const sim_world *world, const sim_client *client, uint32_t server)
{
    const sim_host *host = &world->hosts[server];
    const sim_conn *conn = client->conn[server];
    if (conn != NULL && (conn->down.n > 0 || sim_bytes_len(&conn->inbox) > 0))
        return 0;
    return host->is_dead || host->is_paused || host->blocked_ms[client->number] > world->now_ms;
}

void
sim_rules_begin(sim_world *world, sim_client *client, sim_op *op)
{
    op->pair = (mcp__pair){(uint32_t)op->request.server, MCP__NO_SERVER};
    if (op->key_number < SIM_KEYS_MAX)
        op->pair = mcp__pairing_find(world->pairing, op->key, op->request.key_len);
    for (int leg = 0; leg < 2; leg++) {
        uint32_t server = leg == MCP__PRIMARY ? op->pair.primary : op->pair.backup;
        if (server == MCP__NO_SERVER)
            continue;
        const sim_host *host = &world->hosts[server];
        op->was_usable[leg] =
            (uint8_t)mcp__health_is_usable(&client->engine.servers[server].health);
        op->was_well[leg] = host->n_troubles == 0 && client->shortages == 0 &&
                            host->well_since_ms < world->now_ms - REFUSED_REST_MS &&
                            is_conn_well(world, client->conn[server], host->well_since_ms);
        const mcp__link *link = &client->engine.servers[server].link;
        op->was_rested[leg] = link->state == MCP__LINK_OPEN && link->pending_count == 0 &&
                              !mcp__link_has_output(link) && host->n_troubles == 0 &&
                              client->conn[server] != NULL && client->conn[server]->down.n == 0 &&
                              client->conn[server]->ended == client->conn[server]->ending &&
                              world->now_ms - link->used_ms > REST_MS;
        op->was_away[leg] = (uint8_t)is_away(world, client, server);
        op->n_heals[leg] = host->n_heals;
        op->saw_old |= !host->memcached.echoes_misses;
        op->saw_dirt |= client->conn[server] != NULL && client->conn[server]->is_dirty;
    }
    if (world->plan.keeps_record)
        sim_promise_begin(world, client, op);
}

static int
leg_of(const sim_op *op, int server)
{
    return server >= 0 && (uint32_t)server == op->pair.backup ? MCP__BACKUP : MCP__PRIMARY;
}

static void
check_value(sim_world *world, const sim_op *op, const mcp_result *result)
{
    const sim_truth *truth = &op->truth[leg_of(op, result->server)];
    uint64_t number = 0;
    if (!world->plan.keeps_record && (!truth->read_any || truth->read_hash != op->result_hash))
        sim_rules_break(world, "REPLY", "op %u: get %s: not what the server answered", op->id,
                        op->key);
    if (sim_key_is_counter(op->key_number)) {
        for (size_t i = 0; i < result->value_len && i < 20; i++)
            number = number * 10 + ((const uint8_t *)result->value)[i] - '0';
        if (number / SIM_COUNTER_STEP != op->key_number + 1)
            sim_rules_break(world, "REPLY", "op %u: get %s: another key's number", op->id, op->key);
    } else if (!sim_value_is_sound(op->key_number, result->value, result->value_len)) {
        sim_rules_break(world, "REPLY", "op %u: get %s: not a value of this key: %.*s", op->id,
                        op->key, (int)(result->value_len < 60 ? result->value_len : 60),
                        (const char *)result->value);
    }
    if (result->flags > world->n_ops ||
        (result->flags > 0 && world->ops[result->flags - 1]->key_number != op->key_number))
        sim_rules_break(world, "REPLY", "op %u: get %s: another key's flags", op->id, op->key);
}

static void
check_direct(sim_world *world, const sim_client *client, const sim_op *op, const mcp_result *result)
{
    const sim_conn *conn = client->conn[op->pair.primary];
    const sim_server *memcached = &world->hosts[op->pair.primary].memcached;
    const char *text = result->value;
    /* These replies carry no opaque: what is babbled in their shape cannot be told apart. */
    if (result->status != MCP_OK || conn == NULL || conn->is_dirty)
        return;
    int is_right = 1;
    if (op->request.verb == MCP_VERSION)
        is_right = result->value_len >= 5 && text[1] == '.';
    if (op->request.verb == MCP_STATS)
        is_right = result->value_len > 20 && memcmp(text, "STAT pid ", 9) == 0 &&
                   strtoll(text + 9, NULL, 10) / 10000000 == memcached->number;
    if (!is_right)
        sim_rules_break(world, "REPLY", "op %u: %s: another's answer", op->id,
                        sim_verb_name(op->request.verb));
}

static void
check_answer(sim_world *world, const sim_op *op, const mcp_result *result)
{
    const sim_truth *truth = &op->truth[leg_of(op, result->server)];
    int is_read = op->request.verb == MCP_GET || op->request.verb == MCP_GAT;
    if (result->status == MCP_OK && is_read)
        check_value(world, op, result);
    if (result->status == MCP_OK &&
        (op->request.verb == MCP_INCR || op->request.verb == MCP_DECR) &&
        result->number / SIM_COUNTER_STEP != op->key_number + 1)
        sim_rules_break(world, "REPLY", "op %u: %s: another key's number", op->id, op->key);
    /* A miss without an opaque (before 1.6.18) that is said twice cannot be told apart. */
    if (result->status != MCP_NOT_FOUND || op->saw_old)
        return;
    int is_miss = truth->reply[0] == 'E' || truth->reply[0] == 'N';
    if (op->request.verb == MCP_DELETE) {
        int found = (result->primary == MCP_COPY_OK && op->truth[0].n_done > 0) ||
                    (result->backup == MCP_COPY_OK && op->truth[1].n_done > 0);
        is_miss = is_miss && !found;
    }
    if (!is_miss || result->server < 0)
        sim_rules_break(world, "MISS", "op %u: %s %s: not found, but the server had it", op->id,
                        sim_verb_name(op->request.verb), op->key);
}

/* Another call ran out of time on the same connection, which was then reset for all: one that had
 * waited for less than a share, or for longer than this one has existed. */
int
sim_rules_was_hurried(const sim_world *world, const sim_client *client, uint32_t server,
                      const sim_op *op)
{
    long long waited_ms;
    const mcp__server *lost = &client->engine.servers[server];
    return sim_client_when(client, lost->judged_ms) >= op->begun_ms &&
           sscanf(lost->said, "no answer within %lld ms", &waited_ms) == 1 &&
           (waited_ms * 100 < (long long)world->plan.timeout_ms * MCP__SHARE_PERCENT ||
            waited_ms > world->now_ms - op->begun_ms);
}

/* The primary was sent an append and did not answer; the backup said that there is nothing to append to.
 * The primary may have done it all the same. */
static int
is_open_append(const sim_op *op, int leg, const mcp_result *result)
{
    const char *reply = op->truth[leg].reply;
    mcp_copy other = leg == MCP__PRIMARY ? result->backup : result->primary;
    return (op->request.verb == MCP_APPEND || op->request.verb == MCP_PREPEND) &&
           result->status == MCP_UNKNOWN && other == MCP_COPY_UNKNOWN && reply[0] == 'N' &&
           reply[1] == 'S';
}

static void
check_served(sim_world *world, const sim_client *client, const sim_op *op, const mcp_result *result)
{
    int none_usable = !op->was_usable[MCP__PRIMARY] && !op->was_usable[MCP__BACKUP];
    int both_away = 1;
    int is_fooled = op->saw_dirt && result->status == MCP_SERVER_ERROR;
    for (int leg = 0; leg < 2; leg++) {
        uint32_t server = leg == MCP__PRIMARY ? op->pair.primary : op->pair.backup;
        if (server == MCP__NO_SERVER)
            continue;
        const sim_host *host = &world->hosts[server];
        both_away = both_away && op->was_away[leg] && is_away(world, client, server) &&
                    op->n_heals[leg] == host->n_heals;
        int is_well = op->was_well[leg] && host->n_troubles == 0 &&
                      host->well_since_ms < op->begun_ms - REFUSED_REST_MS;
        /* A token that was sent to its server and not answered means nothing to the other one. */
        int is_lost_cas = op->request.verb == MCP_CAS && result->status == MCP_UNKNOWN;
        /* Three answers of a slow server do not fit into every deadline: no number, and what is there
         * is looked at, and is a stub. Where it was removed the other copy counts alone: if that one
         * does not answer, nobody knows. */
        int is_looked_at = (op->truth[0].was_no_number || op->truth[1].was_no_number) &&
                           (op->ended_ms == op->deadline_ms || result->status == MCP_UNKNOWN);
        if (is_well && !is_looked_at && !sim_rules_was_hurried(world, client, server, op) &&
            (op->was_usable[leg] || none_usable) && result->status < MCP_OK && !is_lost_cas &&
            !is_open_append(op, leg, result) && !is_fooled && !client->was_troubled && client->memory.n_failed == 0)
            sim_rules_break(world, "SERVED", "op %u: %s %s: %s, though %s was well", op->id,
                            sim_verb_name(op->request.verb), op->key, mcp_strstatus(result->status),
                            host->name);
    }
    /* A foreign token is known to be one without asking anybody. */
    int is_known = op->request.verb == MCP_CAS && result->server < 0;
    if (both_away && result->status >= MCP_OK && !is_known)
        sim_rules_break(world, "AWAY", "op %u: %s %s: %s, though nobody was there", op->id,
                        sim_verb_name(op->request.verb), op->key, mcp_strstatus(result->status));
}

/* How long it took, and where it was sent in vain. */
static void
check_patience(sim_world *world, const sim_op *op, const sim_client *client,
               const mcp_result *result)
{
    int64_t share_ms = (op->deadline_ms - op->begun_ms) * MCP__SHARE_PERCENT / 100;
    const mcp_copy copies[2] = {result->primary, result->backup};
    for (int leg = 0; leg < 2; leg++) {
        uint32_t server = leg == MCP__PRIMARY ? op->pair.primary : op->pair.backup;
        uint32_t other = leg == MCP__PRIMARY ? op->pair.backup : op->pair.primary;
        if (server == MCP__NO_SERVER || other == MCP__NO_SERVER)
            continue;
        const sim_host *host = &world->hosts[other];
        int is_other_well = op->was_usable[MCP__OTHER(leg)] && op->was_well[MCP__OTHER(leg)] &&
                            host->n_troubles == 0 && host->n_heals == op->n_heals[MCP__OTHER(leg)];
        if (!op->was_usable[leg] && client->up_ms[server] < op->begun_ms && is_other_well &&
            op->ended_ms - op->begun_ms >= share_ms && !client->was_troubled &&
            !sim_rules_was_hurried(world, client, other, op))
            sim_rules_break(world, "PATIENCE", "op %u: %s %s waited %lld ms, though %s was well",
                            op->id, sim_verb_name(op->request.verb), op->key,
                            (long long)(op->ended_ms - op->begun_ms), host->name);
        if (op->was_rested[leg] && world->hosts[server].n_troubles == 0 &&
            world->hosts[server].n_heals == op->n_heals[leg] && copies[leg] == MCP_COPY_UNKNOWN &&
            !client->was_troubled && client->memory.n_failed == 0)
            sim_rules_break(world, "REST", "op %u: %s %s: lost on a connection that had rested: %s",
                            op->id, sim_verb_name(op->request.verb), op->key,
                            client->engine.servers[server].said);
    }
    int is_refused = result->status == MCP_TOO_BIG || result->status == MCP_SERVER_FULL;
    for (int leg = 0; leg < 2 && is_refused; leg++) {
        const sim_truth *truth = &op->truth[leg];
        if (truth->n_done > 0 && truth->seen[MCP__COMMAND_DELETE] == 0 &&
            copies[leg] == MCP_COPY_OK)
            sim_rules_break(world, "CLEAN", "op %u: %s %s: refused, and still on one copy", op->id,
                            sim_verb_name(op->request.verb), op->key);
    }
    if (result->status >= MCP_OK && result->primary == MCP_COPY_OK &&
        op->request.verb != MCP_DELETE && result->server != (int)op->pair.primary &&
        !op->truth[MCP__PRIMARY].was_no_number)
        sim_rules_break(world, "AUTHORITY", "op %u: %s %s: the backup's answer", op->id,
                        sim_verb_name(op->request.verb), op->key);
}

void
sim_rules_end(sim_world *world, sim_client *client, sim_op *op, const mcp_result *result)
{
    if (op->is_done)
        sim_rules_break(world, "LISTS", "op %u has finished twice", op->id);
    if (op->ended_ms > op->deadline_ms)
        sim_rules_break(world, "DEADLINE", "op %u: %s %s ended %lld ms late", op->id,
                        sim_verb_name(op->request.verb), op->key,
                        (long long)(op->ended_ms - op->deadline_ms));
    op->saw_dirt |=
        client->dirtied_ms[op->pair.primary] >= op->begun_ms ||
        (op->pair.backup != MCP__NO_SERVER && client->dirtied_ms[op->pair.backup] >= op->begun_ms);
    if (op->key_number == SIM_KEYS_MAX) {
        check_direct(world, client, op, result);
        return;
    }
    if (world->plan.keeps_record) {
        if (result->status == MCP_OK &&
            (op->request.verb == MCP_GET || op->request.verb == MCP_GAT))
            check_value(world, op, result);
        sim_promise_end(world, client, op, result);
        return;
    }
    check_answer(world, op, result);
    check_served(world, client, op, result);
    check_patience(world, op, client, result);
}

void
sim_rules_span(sim_world *world, sim_client *client, const mcp__span *span)
{
    size_t first = world->n_ops > 200 ? world->n_ops - 200 : 0;
    for (size_t i = first; i < world->n_ops; i++) {
        const sim_op *op = world->ops[i];
        if (op->client == client->number && op->is_done && op->lent != NULL &&
            (const uint8_t *)span->bytes >= op->lent &&
            (const uint8_t *)span->bytes < op->lent + op->request.value_len)
            sim_rules_break(world, "INTACT", "op %u is done, and its value is still being sent",
                            op->id);
    }
}

/* ---- the end ---- */

void
sim_rules_finale(sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        sim_client *client = &world->clients[i];
        if (client->engine.n_unfinished > 0 || client->n_open > 0)
            sim_rules_break(world, "TIMER", "client %u: %zu operations never ended", i,
                            client->engine.n_unfinished);
        for (uint32_t j = 0; j < world->n_hosts; j++) {
            const mcp__server *server = &client->engine.servers[j];
            if (server->health.state != MCP_STATE_UP)
                sim_rules_break(world, "RETURNS", "client %u still thinks %s is %s (%s)", i,
                                world->hosts[j].name, mcp_strstate(server->health.state),
                                server->health.why);
        }
    }
    if (world->plan.keeps_record) {
        sim_promise_finale(world);
        return;
    }
    for (size_t i = 0; i < world->n_ops; i++)
        sim_truth_finale(world, world->ops[i]);
    sim_model_finale(world);
}

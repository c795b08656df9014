/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/promise.h"

#include "sim/items.h"
#include "sim/notes.h"
#include "sim/ops.h"
#include "sim/rules.h"
#include "engine/line.h"

/* How long after a fault a server is still being found out about. */
#define SETTLE_MS 20

/* A server that was found empty so short a time ago need not have been filled. */
#define FOUND_S 12

/* ---- who is whole ---- */

static int
is_partner(const sim_world *world, uint32_t one, uint32_t other)
{
    uint32_t n = world->plan.n_primaries;
    return (one < n) != (other < n);
}

static int
is_marked(const sim_world *world, uint32_t server)
{
    for (uint32_t i = 0; i < world->n_hosts; i++) {
        if (is_partner(world, i, server) && sim_notes_stands(world, i, server, NULL))
            return 1;
    }
    return 0;
}

static int
is_ready(const sim_world *world, uint32_t server)
{
    sim_server *memcached = (sim_server *)&world->hosts[server].memcached;
    const sim_item *epoch = sim_items_find(memcached, "mcp:e", 5, world->now_ms);
    return epoch != NULL && epoch->len > 0 && epoch->value[0] == 'R';
}

static int
is_warming(const sim_world *world, uint32_t server)
{
    sim_server *memcached = (sim_server *)&world->hosts[server].memcached;
    const sim_item *epoch = sim_items_find(memcached, "mcp:e", 5, world->now_ms);
    return epoch != NULL && epoch->len > 0 && epoch->value[0] == 'W' &&
           sim_items_second(memcached, world->now_ms) - epoch->stored_s > FOUND_S;
}

static int
is_whole_to(const sim_world *world, const sim_client *client, uint32_t server)
{
    const mcp__server *seen = &client->engine.servers[server];
    if (world->hosts[server].blocked_ms[client->number] > world->now_ms ||
        world->hosts[server].mute_ms[client->number] > world->now_ms)
        return 0;
    if (seen->health.state != MCP_STATE_UP || seen->ledger.epoch == MCP__EPOCH_WARMING ||
        seen->ledger.epoch == MCP__EPOCH_MISSING)
        return 0;
    for (uint32_t i = 0; i < world->n_hosts; i++) {
        if (is_partner(world, i, server) &&
            mcp__ledger_lists(&client->engine.servers[i].ledger, seen->ledger.id8))
            return 0;
    }
    return 1;
}

int
sim_promise_is_whole(const sim_world *world, uint32_t server)
{
    const sim_host *host = &world->hosts[server];
    if (host->n_troubles > 0 || host->well_since_ms > world->now_ms - SETTLE_MS ||
        is_marked(world, server) || !is_ready(world, server))
        return 0;
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        if (!is_whole_to(world, &world->clients[i], server))
            return 0;
    }
    return 1;
}

/* What its last fault has left on the way to or from some client will be taken for another one: an
 * answer that will be late. */
static int
has_aftermath(const sim_world *world, uint32_t server)
{
    int64_t soon_ms = world->now_ms + 2 * (int64_t)world->plan.latency_ms + 10;
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        const sim_conn *conn = world->clients[i].conn[server];
        if (conn != NULL && (conn->up.last_ms > soon_ms || conn->down.last_ms > soon_ms))
            return 1;
    }
    return 0;
}

/*
 * While one server of a pair is less than whole the other one stays well. In worlds of double
 * faults it may fail at any time; what nobody can promise then is looked at read by read, see
 * could_not_know().
 */
int
sim_promise_allows(const sim_world *world, const sim_fault *fault)
{
    if (fault->kind == SIM_EVICT && fault->amount > 0)
        return 1;
    int is_clients = fault->kind == SIM_FORK || fault->kind == SIM_SHORTAGE;
    for (uint32_t i = 0; i < world->n_hosts; i++) {
        if ((!is_clients && !is_partner(world, i, fault->server)) || world->plan.is_double)
            continue;
        if (!sim_promise_is_whole(world, i) || has_aftermath(world, i))
            return 0;
    }
    return 1;
}

/* ---- what is too old ---- */

static int
is_write(const sim_op *op)
{
    switch (op->request.verb) {
    case MCP_SET:
    case MCP_ADD:
    case MCP_REPLACE:
    case MCP_CAS:
    case MCP_DELETE:
        return 1;
    default:
        return 0;
    }
}

static int
is_acknowledged(const sim_op *op)
{
    return is_write(op) && op->over_order != 0 && !op->is_lost &&
           (op->result.status == MCP_OK ||
            (op->request.verb == MCP_DELETE && op->result.status == MCP_NOT_FOUND));
}

/* The newest beginning among the acknowledged writes of this key: of whose, and told when. */
static const sim_op *
newest_write(const sim_world *world, uint32_t key, const sim_op *reader, int64_t told_ms)
{
    const sim_op *newest = NULL;
    for (size_t i = 0; i < world->n_ops; i++) {
        const sim_op *op = world->ops[i];
        if (op->key_number != key || !is_acknowledged(op))
            continue;
        if (reader != NULL && op->over_order > reader->begun_order)
            continue;
        int is_own = reader != NULL && op->client == reader->client && op->life == reader->life;
        if (!is_own && op->ended_ms > told_ms)
            continue;
        if (newest == NULL || op->begun_order > newest->begun_order)
            newest = op;
    }
    return newest;
}

static int64_t
lag_ms(const sim_world *world)
{
    if (world->plan.is_strict)
        return 0;
    int64_t lag = (int64_t)world->plan.view_interval_ms + world->plan.timeout_ms;
    return lag + lag * world->plan.skew_permille / 500;
}

/* The operation that stored what has these flags; NULL: none did. */
static const sim_op *
author(const sim_world *world, uint32_t flags, uint32_t key)
{
    if (flags == 0 || flags > world->n_ops || world->ops[flags - 1]->key_number != key)
        return NULL;
    return world->ops[flags - 1];
}

/*
 * Of a client that died, something may stand in the buffers of a server that is paused. A write that
 * misses that server is on record, and H and Q stand between the two. But one that the server has
 * answered itself came in front of what nobody was ever told of, in an order that only it knows.
 */
static int
is_older(const sim_op *value, const sim_op *write)
{
    if (value->over_order == 0 || value->over_order >= write->begun_order)
        return 0;
    int both = write->result.primary == MCP_COPY_OK && write->result.backup == MCP_COPY_OK;
    return !value->is_lost || !both ||
           (value->landed_order != 0 && value->landed_order < write->begun_order);
}

/* ---- one operation ---- */

/*
 * It has to answer now. Where the other copy may be of no use, too, a call has nobody else to ask
 * when it meets the end of a fault: a connection that was closed a moment ago, an answer that is
 * late still. There a server is good only when it has been well for as long as a call may take.
 */
static int
is_good(const sim_world *world, uint32_t server)
{
    int64_t well_ms = world->now_ms - world->hosts[server].well_since_ms;
    return sim_promise_is_whole(world, server) &&
           (!world->plan.is_double || well_ms > world->plan.timeout_ms);
}

/* Bytes that this client had sent before it died are still on their way, in front of the reset. */
static int
is_on_its_way(const sim_world *world, const sim_op *op)
{
    for (size_t i = 0; i < world->n_conns; i++) {
        const sim_conn *conn = world->conns[i];
        if (conn->client == op->client && conn->life == op->life && conn->lingers &&
            !conn->is_cut && conn->up.n > 0)
            return 1;
    }
    return 0;
}

/* A server has read, or will, what this client had sent before it died, and not carried it out. */
static int
is_held_back(const sim_world *world, const sim_op *op)
{
    for (size_t i = 0; i < world->n_conns; i++) {
        const sim_conn *conn = world->conns[i];
        if (conn->client == op->client && conn->life == op->life && !conn->is_cut &&
            sim_bytes_len(&conn->session.in) > 0)
            return 1;
    }
    return 0;
}

/* Operations of the dead, and those of which it was told that nobody knows, are over when nothing of
 * them can arrive any more. */
static void
land(sim_world *world)
{
    uint32_t n = 0;
    for (size_t i = 0; i < world->n_ops && world->n_unlanded > 0; i++) {
        sim_op *op = world->ops[i];
        if (!op->is_done || (op->over_order != 0 && (!op->is_lost || op->landed_order != 0)))
            continue;
        int is_over = !is_on_its_way(world, op);
        if (is_over && op->over_order == 0)
            op->over_order = ++world->order;
        if (is_over && op->is_lost && !is_held_back(world, op))
            op->landed_order = ++world->order;
        n += !is_over || (op->is_lost && op->landed_order == 0);
    }
    world->n_unlanded = n;
}

/*
 * Its server has closed the connection over which this client will ask it, and it has not seen that
 * yet: what it sends there is lost. A read goes over another one, and a delete may be sent again; any
 * other write is sent to a server once and no more, so it is unknown there, and only the other copy
 * can save it. After a rest a connection is looked at first.
 */
static int
is_lost_there(const sim_world *world, const sim_client *client, const sim_op *op, uint32_t server)
{
    const sim_conn *conn = client->conn[server];
    const mcp__link *link = &client->engine.servers[server].link;
    int is_sent_once = op->request.verb != MCP_GET && op->request.verb != MCP_DELETE;
    return is_sent_once && conn != NULL && conn->ending != SIM_END_NONE &&
           sim_client_now(world, client) - link->used_ms <= MCP__REST_MS;
}

void
sim_promise_begin(sim_world *world, sim_client *client, sim_op *op)
{
    land(world);
    op->begun_order = ++world->order;
    for (int leg = 0; leg < 2; leg++) {
        uint32_t server = leg == MCP__PRIMARY ? op->pair.primary : op->pair.backup;
        if (server == MCP__NO_SERVER || op->key_number == SIM_KEYS_MAX)
            continue;
        op->was_whole[leg] = is_good(world, server) && !is_lost_there(world, client, op, server);
        op->n_begun[leg] = world->hosts[server].n_begun;
    }
}

/*
 * What no client can mend when both servers fail: it reaches one of them alone, and what stands
 * against that one stands on the other, which others reach. It has not read it there, and cannot.
 */
static int
could_not_know(const sim_world *world, const sim_op *op, const mcp_result *result)
{
    const mcp__server *servers = world->clients[op->client].engine.servers;
    uint32_t read = result->from_backup ? op->pair.backup : op->pair.primary;
    uint32_t other = result->from_backup ? op->pair.primary : op->pair.backup;
    return world->plan.is_double && other != MCP__NO_SERVER &&
           !mcp__health_is_usable(&servers[other].health) &&
           sim_notes_stands(world, other, read, NULL) &&
           !mcp__ledger_lists(&servers[other].ledger, servers[read].ledger.id8);
}

static void
check_read(sim_world *world, const sim_op *op, const mcp_result *result)
{
    const sim_op *value = author(world, result->flags, op->key_number);
    if (value == NULL) {
        sim_rules_break(world, "REPLY", "op %u: get %s: a value that nobody stored", op->id,
                        op->key);
        return;
    }
    const sim_op *write = newest_write(world, op->key_number, op, op->begun_ms - lag_ms(world) - 1);
    if (world->plan.is_strict)
        write = newest_write(world, op->key_number, op, op->begun_ms);
    if (write == NULL || !is_older(value, write) || could_not_know(world, op, result))
        return;
    int is_own = write->client == op->client && write->life == op->life;
    sim_rules_break(
        world,
        write->request.verb == MCP_DELETE ? "G4"
        : is_own                          ? "G1"
        : world->plan.is_strict           ? "G3"
                                          : "G2",
        "op %u of client %u: get %s: the value of op %u, older than op %u (%s by client "
        "%u, told %lld ms before the read began)",
        op->id, op->client, op->key, value->id, write->id, sim_verb_name(write->request.verb),
        write->client, (long long)(op->begun_ms - write->ended_ms));
}

static int
has_slow_server(const sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.n_faults; i++) {
        sim_fault_kind kind = world->plan.faults[i].kind;
        if (kind == SIM_SLOW || kind == SIM_LATE || kind == SIM_DRIP)
            return 1;
    }
    return 0;
}

/* One of the two was whole when it began, and nothing has happened to it since. */
static void
check_served(sim_world *world, const sim_client *client, const sim_op *op, const mcp_result *result)
{
    if (result->status >= MCP_OK || client->was_troubled || client->memory.n_failed > 0)
        return;
    /* Two shares and a view interval do not fit into every deadline, nor three slow answers. */
    int may_be_late = has_slow_server(world);
    if (may_be_late && result->status == MCP_UNKNOWN && op->ended_ms == op->deadline_ms)
        return;
    for (int leg = 0; leg < 2; leg++) {
        uint32_t server = leg == MCP__PRIMARY ? op->pair.primary : op->pair.backup;
        if (server == MCP__NO_SERVER || !op->was_whole[leg] ||
            world->hosts[server].n_begun != op->n_begun[leg] ||
            (op->request.verb == MCP_CAS && result->status == MCP_UNKNOWN))
            continue;
        sim_rules_break(
            world, "G5", "op %u of client %u: %s %s: %s after %lld ms, though %s was well", op->id,
            op->client, sim_verb_name(op->request.verb), op->key, mcp_strstatus(result->status),
            (long long)(op->ended_ms - op->begun_ms), world->hosts[server].name);
        return;
    }
}

void
sim_promise_end(sim_world *world, sim_client *client, sim_op *op, const mcp_result *result)
{
    if (result->status == MCP_UNKNOWN && is_on_its_way(world, op))
        world->n_unlanded++;
    else
        op->over_order = ++world->order;
    if (op->key_number == SIM_KEYS_MAX)
        return;
    int is_read = op->request.verb == MCP_GET || op->request.verb == MCP_GAT;
    if (is_read && result->status == MCP_OK)
        check_read(world, op, result);
    check_served(world, client, op, result);
    if (!is_acknowledged(op) || op->pair.backup == MCP__NO_SERVER)
        return;
    sim_notes_acknowledged(world, op);
    sim_promise_look(world, op->key_number);
}

void
sim_promise_lost(sim_world *world, sim_op *op)
{
    op->is_done = op->is_lost = 1;
    world->n_unlanded++;
    op->ended_ms = world->now_ms;
    op->result.status = MCP_UNKNOWN;
}

/* ---- I6 ---- */

void
sim_promise_asked(sim_world *world, const sim_client *client, const mcp__pending *pending,
                  uint32_t server)
{
    const mcp__op *op = pending->op;
    if (op == NULL || pending->is_check || op->verb != MCP_GET || op->is_filling || pending->word != MCP__COMMAND_GET)
        return;
    int other = MCP__OTHER(pending->leg);
    if (!op->view.exists[other])
        return;
    /* Both stood when it began, and it asked both, at once: only what they agree on is told. */
    if (op->leg[other].was_asked && op->leg[other].started_ms == op->leg[pending->leg].started_ms)
        return;
    const mcp__ledger *ours = &client->engine.servers[server].ledger;
    const mcp__ledger *theirs = &client->engine.servers[op->leg[other].server].ledger;
    const mcp__missed *missed = mcp__ledger_find(theirs, ours->id8);
    /* What was learned while it waited for its connection comes too late. */
    if (missed != NULL && missed->first_seen_ms < op->leg[pending->leg].started_ms &&
        !mcp__ledger_lists(ours, theirs->id8))
        sim_rules_break(world, "I6",
                        "client %u reads %.*s from %s, of which it knows that it "
                        "missed writes",
                        client->number, (int)op->key.len, (const char *)op->key.bytes,
                        world->hosts[server].name);
}

void
sim_promise_asked_plainly(sim_world *world, const sim_client *client, const sim_op *op,
                          uint32_t server)
{
    const mcp__server *servers = client->engine.servers;
    uint32_t other = server == op->pair.primary ? op->pair.backup : op->pair.primary;
    if (other != MCP__NO_SERVER &&
        mcp__ledger_lists(&servers[other].ledger, servers[server].ledger.id8))
        sim_rules_break(world, "I6",
                        "op %u of client %u: %s %s is for %s as in quiet times, which is known to "
                        "have missed writes",
                        op->id, client->number, sim_verb_name(op->request.verb), op->key,
                        world->hosts[server].name);
}

/* ---- I1 ---- */

static void
look_at_copy(sim_world *world, uint32_t key, const char *text, const mcp__pair *pair, int leg,
             const sim_op *newest)
{
    uint32_t server = leg == MCP__PRIMARY ? pair->primary : pair->backup;
    uint32_t other = leg == MCP__PRIMARY ? pair->backup : pair->primary;
    sim_server *memcached = &world->hosts[server].memcached;
    const sim_item *item = sim_server_find(memcached, text, strlen(text), world->now_ms);
    const sim_op *value = item == NULL ? NULL : author(world, item->flags, key);
    if (value == NULL || !is_older(value, newest) || world->hosts[server].is_dead)
        return;
    /* The third delete, or the comparison of both copies, is on its way still: a copy that was begun
     * before may have come between. */
    int64_t owed_ms = (int64_t)world->plan.timeout_ms + world->plan.view_interval_ms;
    int is_owed_more = newest->request.verb == MCP_DELETE || world->plan.verifies;
    if (leg == MCP__BACKUP && is_owed_more && world->now_ms - newest->ended_ms <= owed_ms)
        return;
    if (sim_notes_stands(world, other, server, NULL) &&
        sim_notes_covers(world, other, server, text, strlen(text)))
        return;
    sim_rules_break(world, "I1", "%s of op %u on %s is older than op %u (%s by client %u), and %s",
                    text, value->id, world->hosts[server].name, newest->id,
                    sim_verb_name(newest->request.verb), newest->client,
                    sim_notes_stands(world, other, server, NULL) ? "its journal lacks it"
                                                                 : "no mark stands");
}

void
sim_promise_look(sim_world *world, uint32_t key)
{
    char text[24];
    sim_key_text(key, text, sizeof text);
    mcp__pair pair = mcp__pairing_find(world->pairing, text, strlen(text));
    const sim_op *newest = newest_write(world, key, NULL, INT64_MAX);
    if (newest == NULL || pair.backup == MCP__NO_SERVER)
        return;
    for (int leg = 0; leg < 2; leg++)
        look_at_copy(world, key, text, &pair, leg, newest);
}

/* ---- at rest ---- */

/* Its writer died before it could tell the other copy, or anybody. */
static int
is_orphan(const sim_world *world, const sim_item *item)
{
    return item->flags > 0 && item->flags <= world->n_ops && world->ops[item->flags - 1]->is_lost;
}

/* Nobody is left to compare what these two wrote at the same time. */
static int
are_both_dead(const sim_world *world, const sim_item *first, const sim_item *second)
{
    const sim_item *items[] = {first, second};
    for (int i = 0; i < 2; i++) {
        const sim_op *op = world->ops[items[i]->flags - 1];
        if (world->clients[op->client].life == op->life)
            return 0;
    }
    return 1;
}

static void
check_twins(sim_world *world, uint32_t key)
{
    char text[24];
    sim_key_text(key, text, sizeof text);
    size_t len = strlen(text);
    mcp__pair pair = mcp__pairing_find(world->pairing, text, len);
    if (pair.backup == MCP__NO_SERVER || !world->plan.verifies)
        return;
    const sim_item *first =
        sim_server_find(&world->hosts[pair.primary].memcached, text, len, world->now_ms);
    const sim_item *second =
        sim_server_find(&world->hosts[pair.backup].memcached, text, len, world->now_ms);
    if (first == NULL || second == NULL || is_orphan(world, first) || is_orphan(world, second) ||
        are_both_dead(world, first, second))
        return;
    if (first->len != second->len || first->flags != second->flags ||
        memcmp(first->value, second->value, first->len) != 0)
        sim_rules_break(world, "I15", "%s: at rest %s has the value of op %u, %s of op %u", text,
                        world->hosts[pair.primary].name, first->flags - 1,
                        world->hosts[pair.backup].name, second->flags - 1);
}

/* Backup, primary, backup: of every delete that both answered, the backup got two. */
static void
check_third(sim_world *world, uint32_t client, uint32_t key)
{
    char text[24];
    uint32_t n_deletes = 0;
    sim_key_text(key, text, sizeof text);
    mcp__pair pair = mcp__pairing_find(world->pairing, text, strlen(text));
    if (pair.backup == MCP__NO_SERVER || world->hosts[pair.backup].was_troubled ||
        world->clients[client].was_troubled || world->clients[client].life > 0)
        return;
    for (size_t i = 0; i < world->n_ops; i++) {
        const sim_op *op = world->ops[i];
        n_deletes += op->client == client && op->key_number == key &&
                     op->request.verb == MCP_DELETE && op->result.status >= MCP_OK &&
                     op->result.primary == MCP_COPY_OK && op->result.backup == MCP_COPY_OK;
    }
    uint32_t n_seen = sim_notes_deletes(world, pair.backup, client, key);
    if (n_seen < 2 * n_deletes)
        sim_rules_break(world, "I9", "client %u deleted %s %u times, and %s heard of it %u times",
                        client, text, n_deletes, world->hosts[pair.backup].name, n_seen);
}

void
sim_promise_finale(sim_world *world)
{
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        for (uint32_t key = 0; key < world->plan.n_keys; key++)
            check_third(world, i, key);
    }
    for (uint32_t i = 0; i < world->n_hosts; i++) {
        for (uint32_t j = 0; j < world->n_hosts; j++) {
            if (i != j && sim_notes_stands(world, i, j, NULL))
                sim_rules_break(world, "QUIESCE", "at rest, the mark of %s still stands on %s",
                                world->hosts[j].name, world->hosts[i].name);
        }
        if (is_warming(world, i))
            sim_rules_break(world, "QUIESCE", "at rest, %s is still being filled",
                            world->hosts[i].name);
    }
    for (uint32_t key = 0; key < world->plan.n_keys; key++) {
        sim_promise_look(world, key);
        check_twins(world, key);
    }
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/host.h"

#include "sim/items.h"
#include "sim/notes.h"

#define DEAF_MS 30

static void
make_dirty(sim_world *world, sim_conn *conn)
{
    conn->is_dirty = 1;
    world->clients[conn->client].dirtied_ms[conn->server] = world->now_ms;
}

static int64_t
latency(sim_world *world)
{
    return sim_random_between(&world->random, 0, world->plan.latency_ms);
}

static void
queue(sim_world *world, int64_t at_ms, sim_event_kind kind, const sim_conn *conn)
{
    sim_queue_add(&world->queue, &world->random, at_ms, kind, conn->id);
}

static sim_host *
host_of(sim_world *world, const sim_conn *conn)
{
    return &world->hosts[conn->server];
}

/* Nothing passes between these two; the event is put off until something does. */
static int
is_blocked(sim_world *world, const sim_conn *conn, sim_event_kind kind)
{
    const sim_host *host = host_of(world, conn);
    int64_t until_ms = host->blocked_ms[conn->client];
    if (kind != SIM_EVENT_UP && host->mute_ms[conn->client] > until_ms)
        until_ms = host->mute_ms[conn->client];
    if (until_ms <= world->now_ms)
        return 0;
    queue(world, until_ms, kind, conn);
    return 1;
}

/* ---- connecting ---- */

sim_conn *
sim_host_connect(sim_world *world, uint32_t client, uint32_t server)
{
    sim_conn *conn = sim_need(calloc(1, sizeof *conn));
    if (world->n_conns == world->conns_capacity) {
        world->conns_capacity = world->conns_capacity * 2 + 32;
        world->conns =
            sim_need(realloc(world->conns, world->conns_capacity * sizeof *world->conns));
    }
    conn->id = (uint32_t)world->n_conns;
    conn->client = client;
    conn->server = server;
    conn->life = world->clients[client].life;
    conn->made_ms = world->now_ms;
    conn->session.owner = conn;
    world->conns[world->n_conns++] = conn;
    int is_instant = sim_random_chance(&world->random, 30); /* as over a unix socket */
    if (is_instant && host_of(world, conn)->blocked_ms[client] <= world->now_ms)
        sim_host_connected(world, conn);
    else
        queue(world, world->now_ms + latency(world) + latency(world), SIM_EVENT_CONNECTED, conn);
    return conn;
}

void
sim_host_left(sim_world *world, sim_conn *conn)
{
    sim_host *host = host_of(world, conn);
    conn->is_left = 1;
    /* What is on its way may still arrive, in front of the reset. */
    conn->lingers = world->plan.keeps_record && conn->up.n > 0 && !conn->is_cut &&
                    host->blocked_ms[conn->client] <= world->now_ms &&
                    sim_random_chance(&world->random, 60);
    if (!conn->lingers)
        sim_pipe_clear(&conn->up);
    sim_pipe_clear(&conn->down);
    sim_bytes_clear(&conn->inbox);
    /* A paused server keeps what its socket buffered, and will carry it out. */
    if (!host->is_paused && !conn->lingers)
        conn->is_cut = 1;
}

/* ---- up ---- */

size_t
sim_host_room(const sim_world *world, const sim_conn *conn)
{
    size_t used = sim_bytes_len(&conn->up.bytes);
    if (conn->deaf_ms > world->now_ms)
        return 0;
    if (world->hosts[conn->server].is_paused) /* otherwise it has read all that has come */
        used += sim_bytes_len(&conn->session.in);
    return used < world->plan.window ? world->plan.window - used : 0;
}

/* In pieces: at most eight, at most a piece_max each unless that makes more. */
static size_t
piece_of(sim_world *world, size_t len)
{
    size_t most = world->plan.piece_max > len / 8 + 1 ? world->plan.piece_max : len / 8 + 1;
    size_t piece = sim_random_below(&world->random, (uint32_t)most) + 1;
    return piece < len ? piece : len;
}

void
sim_host_send(sim_world *world, sim_conn *conn, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    if (conn->is_cut)
        return; /* it will be told; what it sends meanwhile is lost */
    int64_t at_ms = world->now_ms + latency(world);
    if (host_of(world, conn)->late_ms > 0)
        at_ms += sim_random_between(&world->random, 0, host_of(world, conn)->late_ms);
    while (len > 0) {
        size_t piece = piece_of(world, len);
        sim_pipe_put(&conn->up, at, piece, at_ms);
        queue(world, conn->up.last_ms, SIM_EVENT_UP, conn);
        at += piece;
        len -= piece;
        at_ms += sim_random_chance(&world->random, 25);
    }
}

/* ---- down ---- */

static void
cut(sim_world *world, sim_conn *conn, sim_end ending)
{
    if (conn->is_cut)
        return;
    conn->is_cut = 1;
    if (!conn->is_left)
        sim_world_say(world, "    %s: %s client %u", host_of(world, conn)->name,
                      ending == SIM_END_RESET ? "resets" : "closes on", conn->client);
    conn->ending = (uint8_t)ending;
    sim_pipe_clear(&conn->up);
    sim_bytes_clear(&conn->session.in);
    int64_t at_ms = world->now_ms + latency(world);
    if (at_ms < conn->down.last_ms)
        at_ms = conn->down.last_ms;
    conn->down.last_ms = at_ms;
    queue(world, at_ms, SIM_EVENT_DOWN, conn);
}

static void
put_down(sim_world *world, sim_conn *conn, const uint8_t *bytes, size_t len)
{
    sim_host *host = host_of(world, conn);
    int64_t at_ms = world->now_ms + latency(world) + host->slow_ms;
    while (len > 0) {
        size_t piece = host->is_dripping ? 1 : piece_of(world, len);
        sim_pipe_put(&conn->down, bytes, piece, at_ms);
        queue(world, conn->down.last_ms, SIM_EVENT_DOWN, conn);
        bytes += piece;
        len -= piece;
        at_ms += host->is_dripping ? 20 : sim_random_chance(&world->random, 25);
    }
}

/* An armed cut strikes, and is over. */
static void
strike(sim_world *world, sim_conn *conn)
{
    sim_host *host = host_of(world, conn);
    sim_fault *fault = host->cut;
    size_t len = sim_bytes_len(&conn->session.out);
    size_t kept = (size_t)fault->amount < len ? (size_t)fault->amount : len;
    put_down(world, conn, conn->session.out.block + conn->session.out.start, kept);
    sim_bytes_clear(&conn->session.out);
    cut(world, conn, fault->ends_orderly ? SIM_END_CLOSED : SIM_END_RESET);
    sim_world_say(world, "%s cuts a reply to client %u after %zu bytes", host->name, conn->client,
                  kept);
    sim_host_heal(world, fault);
}

/* Replies start on their way. */
static void
flush(sim_world *world, sim_conn *conn)
{
    sim_host *host = host_of(world, conn);
    size_t len = sim_bytes_len(&conn->session.out);
    if (conn->is_left || len == 0) {
        sim_bytes_clear(&conn->session.out);
        return;
    }
    if (host->cut != NULL) {
        strike(world, conn);
        return;
    }
    const uint8_t *bytes = conn->session.out.block + conn->session.out.start;
    put_down(world, conn, bytes, len);
    if (host->doubles) {
        host->doubles = 0;
        make_dirty(world, conn);
        sim_world_say(world, "%s says a reply to client %u twice", host->name, conn->client);
        put_down(world, conn, bytes, len);
    }
    sim_bytes_clear(&conn->session.out);
}

/* Having refused a value early, it takes its time with the rest of it. */
static void
feed(sim_world *world, sim_host *host, sim_conn *conn)
{
    int was_early = host->memcached.answers_early;
    sim_server_feed(&host->memcached, &conn->session, world->now_ms);
    if (host->memcached.answers_early == was_early)
        return;
    conn->deaf_ms = world->now_ms + DEAF_MS;
    queue(world, conn->deaf_ms, SIM_EVENT_UP, conn);
}

/* The server reads what has come. */
static void
serve(sim_world *world, sim_conn *conn)
{
    sim_host *host = host_of(world, conn);
    if (conn->is_cut || host->is_paused || host->is_dead)
        return;
    if (!host->is_crowded || sim_bytes_len(&conn->session.out) == 0)
        feed(world, host, conn);
    flush(world, conn);
    if (conn->session.is_closing)
        cut(world, conn, SIM_END_CLOSED);
    if (conn->is_left && !conn->lingers)
        conn->is_cut = 1;
}

/* ---- events ---- */

int
sim_host_connected(sim_world *world, sim_conn *conn)
{
    static const char crowded[] = "ERROR Too many open connections\r\n";
    sim_host *host = host_of(world, conn);
    if (conn->is_left || is_blocked(world, conn, SIM_EVENT_CONNECTED))
        return 0;
    conn->outcome = host->is_dead ? SIM_REFUSED : SIM_STANDS;
    conn->is_cut = host->is_dead != 0;
    sim_world_mix(world, conn->id, conn->outcome);
    if (host->is_crowded && !host->is_dead) {
        sim_bytes_text(&conn->session.out, crowded);
        conn->session.is_closing = 1;
        serve(world, conn);
    }
    return 1;
}

int
sim_host_up(sim_world *world, sim_conn *conn)
{
    if ((conn->is_left && !conn->lingers) || conn->is_cut || is_blocked(world, conn, SIM_EVENT_UP))
        return 0;
    size_t len = sim_pipe_arrive(&conn->up, &conn->session.in, world->now_ms);
    sim_world_mix(world, conn->id * 2 + 1, len);
    if (conn->up.n == 0)
        conn->lingers = 0;
    if (len > 0)
        serve(world, conn);
    return !conn->is_left && conn->has_unsent && sim_host_room(world, conn) > 0;
}

int
sim_host_down(sim_world *world, sim_conn *conn)
{
    if (conn->is_left || is_blocked(world, conn, SIM_EVENT_DOWN))
        return 0;
    size_t len = sim_pipe_arrive(&conn->down, &conn->inbox, world->now_ms);
    sim_world_mix(world, conn->id * 2, len);
    int is_end = conn->ending != SIM_END_NONE && conn->ended == SIM_END_NONE && conn->down.n == 0 &&
                 conn->down.last_ms <= world->now_ms;
    if (is_end) {
        conn->ended = conn->ending;
        /* A reset may take with it what was not read yet. */
        if (conn->ended == SIM_END_RESET && sim_random_chance(&world->random, 30))
            sim_bytes_clear(&conn->inbox);
    }
    return len > 0 || is_end;
}

/* ---- what faults do ---- */

const char *
sim_fault_name(sim_fault_kind kind)
{
    static const char *const names[SIM_N_FAULTS] = {
        "is killed",     "restarts",
        "is paused",     "is cut off",
        "is slow",       "drips",
        "will cut",      "closes",
        "says twice",    "babbles",
        "refuses early", "is full",
        "is crowded",    "is an old version",
        "is flushed",    "out of descriptors",
        "forks",         "loses its replies",
        "is heard late", "evicts something",
        "dies",
    };
    return names[kind];
}

static void
cut_all(sim_world *world, uint32_t server, sim_end ending)
{
    for (size_t i = 0; i < world->n_conns; i++) {
        sim_conn *conn = world->conns[i];
        if (conn->server == server && conn->outcome == SIM_STANDS)
            cut(world, conn, ending);
    }
}

static void
babble(sim_world *world, sim_host *host, int64_t amount)
{
    static const char *const lines[] = {"HD\r\n",    "EN\r\n",       "VA 3 f1\r\nabc\r\n",
                                        "\n",        "STAT a b\r\n", "VERSION 9\r\n",
                                        "ERROR\r\n", "\0\1\2\r\n"};
    const char *line = lines[amount % 8];
    for (size_t i = 0; i < world->n_conns; i++) {
        sim_conn *conn = world->conns[i];
        if (conn->server != host->memcached.number || conn->is_left || conn->is_cut ||
            conn->outcome != SIM_STANDS)
            continue;
        make_dirty(world, conn);
        put_down(world, conn, (const uint8_t *)line, line[0] == '\0' ? 5 : strlen(line));
    }
}

/* In an order of its own: nobody knows which socket a resumed server looks at first. */
static void
resume(sim_world *world, uint32_t server)
{
    size_t n = world->n_conns;
    size_t first = n == 0 ? 0 : sim_random_below(&world->random, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        sim_conn *conn = world->conns[(first + i) % n];
        if (conn->server == server && conn->outcome == SIM_STANDS)
            serve(world, conn);
    }
}

/* One that is shorter than another one under way ends nothing. */
static void
block(sim_world *world, sim_host *host, const sim_fault *fault)
{
    for (uint32_t i = 0; i < world->plan.n_clients; i++) {
        if (fault->client != i && fault->client != UINT32_MAX)
            continue;
        int64_t *until_ms = fault->kind == SIM_MUTE ? host->mute_ms : host->blocked_ms;
        if (until_ms[i] < fault->until_ms)
            until_ms[i] = fault->until_ms;
    }
}

static void
become_old(sim_world *world, sim_host *host, const sim_fault *fault, int is_old)
{
    sim_server *memcached = &host->memcached;
    cut_all(world, memcached->number, SIM_END_CLOSED);
    sim_server_restart(memcached, world->now_ms);
    int lacks_meta = is_old && fault->amount % 2 == 0;
    memcached->version = !is_old ? "1.6.18" : lacks_meta ? "1.4.25" : "1.6.12";
    memcached->has_meta = !lacks_meta;
    memcached->echoes_misses = !is_old;
}

/* The items that this fault may mean: 0: any user's key; 1: a segment of a journal; 2: the epoch;
 * 3: the marks. */
static int
is_meant(const sim_item *item, int64_t what)
{
    static const char *const prefixes[] = {"", "mcp:j:", "mcp:e", "mcp:s"};
    if (what == 0)
        return item->key_len < 4 || memcmp(item->key, "mcp:", 4) != 0;
    size_t len = strlen(prefixes[what]);
    return item->key_len >= len && memcmp(item->key, prefixes[what], len) == 0;
}

static void
evict(sim_world *world, sim_host *host, const sim_fault *fault)
{
    sim_item *chosen = NULL;
    uint32_t n = 0;
    for (sim_item *item = host->memcached.items; item != NULL; item = item->next) {
        if (is_meant(item, fault->amount) && sim_random_below(&world->random, ++n) == 0)
            chosen = item;
    }
    if (chosen == NULL)
        return;
    sim_world_say(world, "    %s: %.*s is evicted", host->name, (int)chosen->key_len, chosen->key);
    if (world->notes != NULL)
        sim_notes_evicted(world, &host->memcached, chosen);
    sim_items_drop(&host->memcached, chosen);
}

/* An operator's flush_all. */
static void
flush_by_hand(sim_world *world, sim_host *host)
{
    sim_session session = {0};
    void (*watch)(void *, sim_server *, sim_session *, const sim_deed *) = host->memcached.watch;
    sim_bytes_text(&session.in, "flush_all\r\n");
    host->memcached.watch = NULL;
    sim_server_feed(&host->memcached, &session, world->now_ms);
    host->memcached.watch = watch;
    if (world->notes != NULL)
        sim_notes_emptied(world, &host->memcached);
    sim_session_fini(&session);
}

static void
die(sim_world *world, sim_host *host, const sim_fault *fault)
{
    cut_all(world, fault->server, fault->ends_orderly ? SIM_END_CLOSED : SIM_END_RESET);
    host->is_dead++;
    if (world->notes != NULL) /* all of it is as good as gone */
        sim_notes_emptied(world, &host->memcached);
}

void
sim_host_fault(sim_world *world, sim_fault *fault)
{
    sim_host *host = &world->hosts[fault->server];
    host->n_troubles++;
    host->n_begun++;
    host->was_troubled = 1;
    host->well_since_ms = INT64_MAX;
    switch (fault->kind) {
    case SIM_KILL:
    case SIM_RESTART:
        die(world, host, fault);
        break;
    case SIM_PAUSE:
        host->is_paused++;
        break;
    case SIM_BLACKHOLE:
    case SIM_MUTE:
        block(world, host, fault);
        break;
    case SIM_LATE:
        host->late_ms = fault->amount;
        break;
    case SIM_EVICT:
        evict(world, host, fault);
        break;
    case SIM_SLOW:
        host->slow_ms = fault->amount;
        break;
    case SIM_DRIP:
        host->is_dripping = 1;
        break;
    case SIM_CUT:
        host->cut = fault;
        break;
    case SIM_IDLE:
        cut_all(world, fault->server, SIM_END_CLOSED);
        break;
    case SIM_DOUBLE:
        host->doubles = 1;
        break;
    case SIM_GARBAGE:
        babble(world, host, fault->amount);
        break;
    case SIM_EARLY:
        host->memcached.answers_early = 1;
        break;
    case SIM_FULL:
        host->memcached.is_full = 1;
        break;
    case SIM_CROWDED:
        host->is_crowded++;
        break;
    case SIM_OLD:
        become_old(world, host, fault, 1);
        break;
    default:
        flush_by_hand(world, host);
    }
}

void
sim_host_heal(sim_world *world, sim_fault *fault)
{
    sim_host *host = &world->hosts[fault->server];
    if (fault->is_over)
        return;
    fault->is_over = 1;
    host->n_heals++;
    if (--host->n_troubles == 0)
        host->well_since_ms = world->now_ms;
    switch (fault->kind) {
    case SIM_KILL:
    case SIM_RESTART:
        host->is_dead--;
        sim_server_restart(&host->memcached, world->now_ms);
        break;
    case SIM_PAUSE:
        if (--host->is_paused == 0)
            resume(world, fault->server);
        break;
    case SIM_SLOW:
        host->slow_ms = 0;
        break;
    case SIM_LATE:
        host->late_ms = 0;
        break;
    case SIM_DRIP:
        host->is_dripping = 0;
        break;
    case SIM_CUT:
        host->cut = host->cut == fault ? NULL : host->cut;
        break;
    case SIM_DOUBLE:
        host->doubles = 0;
        break;
    case SIM_EARLY:
        host->memcached.answers_early = 0;
        break;
    case SIM_FULL:
        host->memcached.is_full = 0;
        break;
    case SIM_CROWDED:
        host->is_crowded--;
        break;
    case SIM_OLD:
        become_old(world, host, fault, 0);
        break;
    default:
        break;
    }
}

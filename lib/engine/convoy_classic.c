/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A convoy over connections that speak the classic protocol: gets are gathered into coaches, each of
 * which is one command. Memcached answers a command of a hundred keys with one write, and a hundred
 * commands of one key with a hundred.
 *
 * Only values, and misses at the END, are answers here. What may be a stub, and all that an error
 * line stands for, is lost: operations ask for it again, key by key, so one dead server behind a
 * proxy does not hide the others.
 */
#include "engine/convoy_parts.h"
#include "engine/convoy_way.h"
#include "engine/quiet.h"
#include "wire/classic.h"
#include "wire/fold.h"

/* ---- asking ---- */

static int
is_well(const mcp__engine *engine, const mcp__server *server)
{
    const mcp__link *link = &server->link;
    return server->health.state == MCP_STATE_UP && link->state == MCP__LINK_OPEN &&
           link->is_classic && !link->is_spoiled && engine->now_ms - link->used_ms <= MCP__REST_MS;
}

static int
is_quiet(const mcp__engine *engine, const mcp__server *primary, const mcp__server *backup)
{
    if (!is_well(engine, primary))
        return 0;
    if (backup == NULL || !engine->settings.promise.keeps_record)
        return 1;
    return backup->health.state == MCP_STATE_UP && mcp__quiet_is_clear(primary) &&
           mcp__quiet_is_clear(backup) && mcp__quiet_is_fresh(engine, backup);
}

static void
lose(mcp__engine *engine, mcp__coach *coach)
{
    uint32_t n = mcp__coach_lose(&engine->coaches, coach->number);
    engine->convoy.n_out -= n;
    engine->convoy.n_lost += n;
}

/* Off it goes, if its connection still stands. */
static void
send_off(mcp__engine *engine, mcp__coach *coach)
{
    mcp__server *server = &engine->servers[coach->server];
    const mcp__pending pending = {.asked_ms = engine->now_ms,
                                  .kind = MCP__COMMAND_GET,
                                  .word = MCP__COMMAND_GET,
                                  .is_awaited = 1,
                                  .is_convoy = MCP__CONVOY_MANY,
                                  .tag = coach->number};
    const mcp__span keys = {coach->text, coach->text_len};
    if (server->link.state != MCP__LINK_OPEN || !server->link.is_classic ||
        mcp__link_ask_many(&server->link, keys, coach->has_cas, &pending) != 0) {
        lose(engine, coach);
        return;
    }
    mcp__coach_set(&engine->coaches, coach, MCP__COACH_OUT);
    mcp__convoy_wake(engine, server);
}

void
mcp__convoy_send_off(mcp__engine *engine)
{
    for (uint32_t i = 0; engine->coaches.n_filling > 0 && i < engine->coaches.n; i++) {
        if (engine->coaches.all[i]->state == MCP__COACH_FILLING)
            send_off(engine, engine->coaches.all[i]);
    }
}

/* One that is full, or has that key already, goes, and the key takes the next one. */
int
mcp__convoy_put_classic(mcp__engine *engine, const mcp_request *request, mcp__server *server,
                        const mcp__server *backup, uint32_t tag)
{
    char room[MCP_KEY_MAX];
    int has_cas = (request->want & MCP_WANT_CAS) != 0;
    if (!is_quiet(engine, server, backup))
        return 0;
    mcp__span key = mcp__quiet_key(engine, request, room);
    for (int i = 0; i < 2; i++) {
        mcp__coach *coach =
            mcp__coach_for(&engine->coaches, &engine->mem, server->number, has_cas);
        if (coach == NULL)
            return 0;
        if (!mcp__coach_put(coach, key, tag)) {
            send_off(engine, coach);
            continue;
        }
        server->tally.calls++;
        server->tally.kinds[MCP__COMMAND_GET]++;
        engine->convoy.n_out++;
        return 1;
    }
    return 0;
}

/* ---- fetching ---- */

static void
give(mcp__engine *engine, mcp__server *server, mcp__coach *coach, mcp__seat *seat,
     mcp__fetched *fetched)
{
    fetched->tag = seat->tag;
    fetched->server = server;
    mcp__coach_answer(coach, seat);
    engine->convoy.n_out--;
}

/* The meta protocol may tell what the classic one cannot, and who has missed writes is not believed:
 * an operation asks again. */
static int
is_doubtful(const mcp__server *server, const mcp__reply *reply)
{
#ifdef MCP_MUTANT_STUB_SHOWN
    return server->missed_on >= 0;
#endif
    int may_be_stub =
        reply->value.len == 0 && (reply->flags == MCP__FOLD_STUB_FLAGS ||
                                  (reply->flags == 0 && server->link.has_stubs));
    return server->missed_on >= 0 || (reply->kind == MCP__REPLY_VALUE && may_be_stub);
}

static void
skip(mcp__engine *engine, mcp__coach *coach, mcp__seat *seat)
{
    mcp__coach_answer(coach, seat);
    engine->convoy.n_out--;
    engine->convoy.n_lost++;
}

/* All that were not answered are misses. */
static int
fetch_miss(mcp__engine *engine, mcp__server *server, mcp__coach *coach, mcp__fetched *fetched)
{
    mcp__pending pending;
    fetched->reply = (mcp__reply){.kind = MCP__REPLY_MISS, .ttl = -1};
    int is_lost = is_doubtful(server, &fetched->reply);
    int has_one = !is_lost && coach->n_left > 0;
    if (has_one) {
        give(engine, server, coach, mcp__coach_left(coach), fetched);
        server->tally.misses++;
    }
    if (coach->n_left == 0 || is_lost) {
        lose(engine, coach);
        mcp__link_drop(&server->link, &pending);
    }
    return has_one;
}

/* A value, or the END. 1: an answer; 0: nothing whole yet; -1: neither. */
static int
fetch_next(mcp__engine *engine, mcp__server *server, mcp__coach *coach, mcp__fetched *fetched)
{
    mcp__link *link = &server->link;
    mcp__reply *reply = &fetched->reply;
    mcp__span key;
    ssize_t used = mcp__classic_parse_item(mcp__buf_bytes(&link->in), mcp__buf_len(&link->in),
                                           coach->has_cas, link->value_max, &key, reply);
    if (used == MCP__PARSE_MORE)
        return 0;
    if (used < 0 || reply->kind > MCP__REPLY_MISS || !mcp__link_is_all_sent(link))
        return -1;
    mcp__seat *seat = reply->kind == MCP__REPLY_VALUE ? mcp__coach_find(coach, key) : NULL;
    if (seat == NULL && reply->kind == MCP__REPLY_VALUE)
        return -1;
    mcp__buf_take(&link->in, (size_t)used);
    link->has_answered = 1;
    mcp__health_answered(&server->health);
    if (reply->kind == MCP__REPLY_MISS) {
        mcp__coach_set(&engine->coaches, coach, MCP__COACH_ENDED);
        return fetch_miss(engine, server, coach, fetched);
    }
    if (is_doubtful(server, reply)) {
        skip(engine, coach, seat);
        return 0;
    }
    server->tally.hits++;
    give(engine, server, coach, seat, fetched);
    return 1;
}

/* Until there is an answer, or nothing more to be read. */
int
mcp__convoy_fetch_classic(mcp__engine *engine, mcp__server *server, mcp__fetched *fetched)
{
    for (;;) {
        const mcp__pending *oldest = mcp__link_oldest(&server->link);
        if (oldest == NULL || !oldest->is_convoy)
            return 0;
        mcp__coach *coach = engine->coaches.all[oldest->tag];
        size_t before = mcp__buf_len(&server->link.in);
        uint32_t head = server->link.pending_head;
        int got = 0;
        if (coach->state == MCP__COACH_ENDED)
            got = fetch_miss(engine, server, coach, fetched);
        else if (before > 0)
            got = fetch_next(engine, server, coach, fetched);
        if (got != 0)
            return got;
        if (mcp__buf_len(&server->link.in) == before && server->link.pending_head == head)
            return 0;
    }
}

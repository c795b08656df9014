/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * convoy_way: the ordinary way of a get in a convoy (see convoy.h): how it is asked, and how the
 * answer that everybody hopes for is fetched. It stands in a header because both are the inside of
 * somebody's loop over many keys: that saves a fifth of each key. What is rare stands in convoy.c.
 */
#ifndef MCPROXY_ENGINE_CONVOY_WAY_H
#define MCPROXY_ENGINE_CONVOY_WAY_H

#include "engine/convoy.h"
#include "engine/quiet.h"
#include "wire/fold.h"
#include "wire/token.h"
#include "wire/usual.h"

/* ---- the rare halves ---- */

/* It is not plain, but may be for a coach. Returns as mcp__convoy_put(). */
int mcp__convoy_put_other(mcp__engine *engine, const mcp_request *request, mcp__server *server,
                          const mcp__server *backup, uint32_t tag);
/* The first command of a round for these two: whether the time is quiet for them. Then it is to be
 * sent, and its answer is awaited. */
int mcp__convoy_make_ready(mcp__engine *engine, const mcp_request *request, mcp__server *server,
                           mcp__server *backup);
/* Another answer than the one hoped for, or of another server. */
int mcp__convoy_fetch_slowly(mcp__engine *engine, mcp__fetched *fetched);

/* ---- asking ---- */

__attribute__((always_inline)) static inline void
mcp__convoy_ask(mcp__engine *engine, mcp__server *server, const mcp_request *request, uint32_t tag)
{
    char key[MCP_KEY_MAX];
    mcp__link *link = &server->link;
    uint64_t opaque = mcp__token_opaque(&engine->opaque_count, &engine->opaque);
    *mcp__link_slot(link) = (mcp__pending){
        .opaque = opaque,
        .first_byte = link->queued,
        .asked_ms = engine->now_ms,
        .kind = MCP__COMMAND_GET,
        .word = MCP__COMMAND_GET,
        .is_awaited = 1,
        .is_convoy = 1,
        .tag = tag,
    };
    uint8_t *end = mcp__usual_put_get(mcp__link_begin(link), mcp__quiet_key(engine, request, key),
                                      opaque, request->want);
    mcp__link_end(link, MCP__USUAL_PUT(end, "\r\n"), 1, 0);
    server->tally.calls++;
    server->tally.kinds[MCP__COMMAND_GET]++;
    engine->convoy.n_out++;
}

/* Of mcp__convoy_foresee(): this request is not for a convoy. */
#define MCP__CONVOY_NOT UINT32_MAX
/* So many are foreseen before the first of them is asked: a look into a table of half a megabyte
 * takes as long as half of all that a key costs here, unless it is begun before it is needed. */
#define MCP__CONVOY_AHEAD 16

/* The first half of asking: where the key's servers stand in their table. It is one that is in order,
 * see api. */
static inline uint32_t
mcp__convoy_foresee(const mcp__engine *engine, const mcp_request *request)
{
    if (request->verb != MCP_GET || request->route != NULL ||
        !mcp__quiet_has_plain_key(engine, request))
        return MCP__CONVOY_NOT;
    return mcp__pairing_foresee(engine->pairing, request->key, request->key_len);
}

/* These two were found quiet in this round, and the primary is awake: it has room for one more. */
static inline int
mcp__convoy_is_ready(const mcp__engine *engine, const mcp_request *request,
                     const mcp__server *server, const mcp__server *backup)
{
    uint64_t round = engine->convoy.round;
    return server->asked_round == round + (backup != NULL) &&
           (backup == NULL || backup->witness_round == round) &&
           mcp__link_has_room(&server->link, engine->name_space_len + request->key_len, 0);
}

/* The second half: asks, if it is for a convoy and the time is quiet: 1. `tag` comes back with the
 * answer. 0: nothing was done. */
static inline int
mcp__convoy_put(mcp__engine *engine, const mcp_request *request, uint32_t place, uint32_t tag)
{
    if (place == MCP__CONVOY_NOT)
        return 0;
    mcp__pair pair =
        mcp__pairing_find_at(engine->pairing, place, request->key, request->key_len);
    mcp__server *server = &engine->servers[pair.primary];
    mcp__server *backup = pair.backup != MCP__NO_SERVER ? &engine->servers[pair.backup] : NULL;
    if (!mcp__convoy_is_ready(engine, request, server, backup) &&
        !mcp__convoy_make_ready(engine, request, server, backup))
        return mcp__convoy_put_other(engine, request, server, backup, tag);
    mcp__convoy_ask(engine, server, request, tag);
    return 1;
}

/* ---- fetching ---- */

/* This answer of a server has been understood. */
static inline void
mcp__convoy_take(mcp__engine *engine, mcp__server *server, size_t used, mcp__fetched *fetched)
{
    mcp__link *link = &server->link;
    fetched->tag = mcp__link_oldest(link)->tag;
    fetched->server = server;
    mcp__buf_take(&link->in, used);
    mcp__link_pop(link, 1);
    link->has_answered = 1;
    mcp__health_answered(&server->health);
    if (fetched->reply.kind == MCP__REPLY_VALUE)
        server->tally.hits++;
    else
        server->tally.misses++;
    engine->convoy.n_out--;
}

/* Whether the oldest request of this link may be answered so. Meanwhile it may have been heard that
 * the server missed writes: an operation knows whom to ask. */
static inline int
mcp__convoy_may_take(const mcp__server *server, const mcp__pending *oldest,
                     const mcp__reply *reply)
{
    return oldest->first_byte < server->link.sent && server->missed_on < 0 &&
           (reply->kind == MCP__REPLY_VALUE || reply->kind == MCP__REPLY_MISS) &&
           !mcp__fold_is_stub(reply);
}

__attribute__((always_inline)) static inline int
mcp__convoy_fetch_usual(mcp__engine *engine, mcp__server *server, mcp__fetched *fetched)
{
    mcp__link *link = &server->link;
    if (link->is_classic || link->pending_count == 0)
        return 0;
    const mcp__pending *oldest = &link->pending[link->pending_head & link->pending_mask];
    if (!oldest->is_convoy)
        return 0;
    ssize_t used = mcp__usual_parse(mcp__buf_bytes(&link->in), mcp__buf_len(&link->in),
                                    link->value_max, oldest->opaque, &fetched->reply);
    if (used <= 0 || !mcp__convoy_may_take(server, oldest, &fetched->reply))
        return 0;
    mcp__convoy_take(engine, server, (size_t)used, fetched);
    return 1;
}

/* Whose answer comes so many behind the next one of a link that has had one; a number of nobody's if
 * there is none. */
static inline uint32_t
mcp__convoy_tag_ahead(const mcp__link *link, uint32_t ahead)
{
    return link->pending[(link->pending_head + ahead) & link->pending_mask].tag;
}

/* The next answer that has come; 0: there is none. */
__attribute__((always_inline)) static inline int
mcp__convoy_fetch(mcp__engine *engine, mcp__fetched *fetched)
{
    mcp__server *server = engine->convoy.first_ripe;
    if (server == NULL)
        return 0;
    return mcp__convoy_fetch_usual(engine, server, fetched) ||
           mcp__convoy_fetch_slowly(engine, fetched);
}

#endif

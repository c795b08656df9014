/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/convoy.h"

#include "engine/convoy_parts.h"
#include "engine/convoy_way.h"
#include "engine/drive.h"
#include "wire/meta.h"

void
mcp__convoy_begin(mcp__engine *engine, uint32_t timeout_ms)
{
    int has_pairs = engine->settings.promise.keeps_record || !engine->settings.mirrors_writes;
    mcp__coaches_clear(&engine->coaches);
    engine->convoy = (mcp__convoy){
        .limit_ms =
            has_pairs ? ((int64_t)timeout_ms * MCP__SHARE_PERCENT + 99) / 100 : (int64_t)timeout_ms,
        .round = engine->convoy.round,
    };
}

int
mcp__convoy_put_other(mcp__engine *engine, const mcp_request *request, mcp__server *server,
                      const mcp__server *backup, uint32_t tag)
{
    return server->link.is_classic &&
           mcp__convoy_put_classic(engine, request, server, backup, tag);
}

void
mcp__convoy_wake(mcp__engine *engine, mcp__server *server)
{
    if (server->timer.place == 0)
        mcp__timer_set(&engine->timers, &server->timer, engine->now_ms + engine->convoy.limit_ms);
    mcp__pool_wish(engine, server, MCP__WISH_SEND);
    mcp__pool_set_busy(engine, server, 1);
}

int
mcp__convoy_make_ready(mcp__engine *engine, const mcp_request *request, mcp__server *server,
                       mcp__server *backup)
{
    uint64_t round = engine->convoy.round;
    if (mcp__quiet_plain(engine, MCP__COMMAND_GET, request, server, backup) != MCP__PLAIN_READ)
        return 0;
    /* What was found without a backup says less. */
    server->asked_round = round + (backup != NULL);
    if (backup != NULL)
        backup->witness_round = round;
    mcp__convoy_wake(engine, server);
    return 1;
}

/* ---- fetching ---- */

/* Anything but the answer hoped for: read strictly; what fits is answered by an operation. */
static ssize_t
parse_slowly(const mcp__link *link, const mcp__pending *pending, mcp__reply *reply)
{
    size_t wanted;
    ssize_t used = mcp__meta_parse(mcp__buf_bytes(&link->in), mcp__buf_len(&link->in),
                                   link->value_max, reply, &wanted);
    int is_ours =
        used > 0 && mcp__meta_fits((mcp__command_kind)pending->kind, reply->kind) &&
        (reply->opaque == pending->opaque ||
         (reply->opaque == 0 && reply->kind == MCP__REPLY_MISS && !link->hello.echoes_misses));
    if (used == MCP__PARSE_MORE)
        return used;
    return is_ours && !reply->lease && reply->kind <= MCP__REPLY_MISS ? used : MCP__PARSE_BAD;
}

/* One answer of this server. -1: what stands there is not for a convoy to understand. */
static int
fetch_from(mcp__engine *engine, mcp__server *server, mcp__fetched *fetched)
{
    mcp__link *link = &server->link;
    const mcp__pending *oldest = mcp__link_oldest(link);
    if (link->is_classic)
        return mcp__convoy_fetch_classic(engine, server, fetched);
    if (oldest == NULL || !oldest->is_convoy || !mcp__link_has_partial(link))
        return 0;
    mcp__reply *reply = &fetched->reply;
    ssize_t used = parse_slowly(link, oldest, reply);
    if (used == MCP__PARSE_MORE)
        return 0;
    int is_good = used > 0 && mcp__convoy_may_take(server, oldest, reply);
#ifdef MCP_MUTANT_CONVOY_TRUSTS
    is_good |= used > 0 && server->missed_on >= 0;
#endif
    if (!is_good)
        return -1;
    mcp__convoy_take(engine, server, (size_t)used, fetched);
    return 1;
}

/* What a convoy does not understand an operation would: errors, stubs, other protocols. The oldest
 * get becomes a question without anybody who waits for it, and is lost. */
static void
disown_oldest(mcp__engine *engine, mcp__server *server)
{
    mcp__link *link = &server->link;
    mcp__pending *oldest = &link->pending[link->pending_head & link->pending_mask];
    mcp__pool_lose_convoy(engine, oldest);
    link->n_awaited -= oldest->is_awaited;
    oldest->is_awaited = oldest->is_convoy = 0;
    oldest->word = MCP__ASK_NOTHING;
}

int
mcp__convoy_fetch_slowly(mcp__engine *engine, mcp__fetched *fetched)
{
    mcp__server *server;
    while ((server = engine->convoy.first_ripe) != NULL) {
        int got = fetch_from(engine, server, fetched);
        if (got > 0)
            return 1;
        engine->convoy.first_ripe = server->next_ripe;
        server->is_ripe = 0;
        if (got < 0)
            disown_oldest(engine, server);
        /* What stands behind it may be somebody else's; and who is done is not busy any more. */
        const mcp__pending *oldest = mcp__link_oldest(&server->link);
        if (got < 0 || (oldest != NULL && !oldest->is_convoy) || oldest == NULL)
            mcp__drive_received(engine, server->number, 0, engine->now_ms);
        else
            mcp__line_watch(engine, server);
    }
    return 0;
}

void
mcp__convoy_note(const mcp__engine *engine, uint8_t *notes, uint8_t note)
{
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        const mcp__link *link = &engine->servers[i].link;
        for (uint32_t j = 0; j < link->pending_count; j++) {
            const mcp__pending *pending =
                &link->pending[(link->pending_head + j) & link->pending_mask];
            if (pending->is_convoy && pending->is_convoy != MCP__CONVOY_MANY)
                notes[pending->tag] = note;
        }
    }
    mcp__coaches_note(&engine->coaches, notes, note);
}

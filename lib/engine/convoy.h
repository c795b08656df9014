/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * convoy: many gets of quiet times (see ops/plain) under way together, on any number of servers,
 * without an operation for any of them. Whoever asked fetches the answers from the links, one by
 * one, each into its final place, before anything else is received:
 *
 *     put --answered--> fetched
 *        `--another answer than everybody hopes for, or none--> lost, and counted: it is asked for
 *           again, by an operation this time
 *
 * How a get is put and its answer fetched stands in convoy_way.h.
 *
 * A get may be asked again because it changes nothing. Who was lost the asker finds out itself: it
 * knows what has been fetched, and is told what is still out.
 */
#ifndef MCPROXY_ENGINE_CONVOY_H
#define MCPROXY_ENGINE_CONVOY_H

#include "engine/pool.h"
#include "wire/token.h"

/* A new one, whose gets may take so long as a whole. None of an earlier one is out. */
void mcp__convoy_begin(mcp__engine *engine, uint32_t timeout_ms);

/*
 * Commands are put in rounds, in which the time stands still: what is quiet for one get is so for all
 * that follow. A round ends when anything else is done with the engine; one that goes on behind that is
 * to be begun anew.
 */
static inline void
mcp__convoy_round(mcp__engine *engine, int64_t now_ms)
{
    engine->now_ms = now_ms;
    mcp__pool_end_round(engine);
}

/* Puts a note down for each get that is still out, under its tag: what the asker has neither fetched
 * nor finds so was lost. */
void mcp__convoy_note(const mcp__engine *engine, uint8_t *notes, uint8_t note);

/* What was put and not sent yet goes: to be called before anything is waited for, or sent by others
 * that came later. */
void mcp__convoy_send_off(mcp__engine *engine);
static inline void
mcp__convoy_go(mcp__engine *engine)
{
    if (engine->coaches.n_filling > 0)
        mcp__convoy_send_off(engine);
}

/* One answer. The value stands in the link until bytes are received there again. */
typedef struct mcp__fetched {
    uint32_t tag;
    const mcp__server *server;
    mcp__reply reply;
} mcp__fetched;

/* Fills in a result from it. */
static inline void
mcp__convoy_result(const mcp__fetched *fetched, mcp_result *result)
{
    const mcp__reply *reply = &fetched->reply;
    int is_hit = reply->kind == MCP__REPLY_VALUE;
    result->status = is_hit ? MCP_OK : MCP_NOT_FOUND;
    result->server = (int)fetched->server->number;
    result->primary = MCP_COPY_OK;
    result->backup = MCP_COPY_SKIPPED;
    result->from_backup = 0;
    result->value = is_hit ? reply->value.bytes : NULL;
    result->value_len = reply->value.len;
    result->flags = reply->flags;
    result->ttl = reply->ttl;
    result->cas = reply->cas != 0 ? mcp__token_cas(fetched->server->cas_mark, reply->cas) : 0;
    result->number = 0;
}

#endif

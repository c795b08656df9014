/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ride: questions that are never sent for their own sake. They wait on a server's link for company,
 * whatever goes there next; without any they go by themselves when a view interval is over. Their
 * answers come with that of their company, or are missed after a timeout.
 */
#ifndef MCPROXY_ENGINE_RIDE_H
#define MCPROXY_ENGINE_RIDE_H

#include "engine/line.h"
#include "wire/token.h"
#include "wire/usual.h"

/*
 * Asks for what a check wants to know. `word`: MCP__WORD_PEEK or MCP__WORD_MARKS. 0, or -1: no
 * memory.
 */
int mcp__ride_ask(mcp__engine *engine, mcp__server *server, mcp__check *check, int leg,
                  uint8_t word);

/* The same in two halves, for a link that is in use: whether it takes `n` questions straight down,
 * and each of them. In a header because three of these go behind every mirrored set. */
static inline int
mcp__ride_may(const mcp__server *server, const mcp__check *check, uint32_t n)
{
    const mcp__link *link = &server->link;
    return link->state == MCP__LINK_OPEN && !link->is_classic && !check->is_base64 &&
           link->pending_count + n <= MCP__RIDERS_MAX && mcp__link_has_room_for(link, n);
}

__attribute__((always_inline)) static inline void
mcp__ride_put(mcp__engine *engine, mcp__server *server, mcp__check *check, int leg, uint8_t word)
{
    mcp__link *link = &server->link;
    int is_marks = word == MCP__WORD_MARKS;
    uint64_t opaque = mcp__token_opaque(&engine->opaque_count, &engine->opaque);
    if (is_marks)
        server->ledger.queued_ms = engine->now_ms;
    *mcp__link_slot(link) = (mcp__pending){
        .op = check,
        .opaque = opaque,
        .first_byte = link->queued,
        .asked_ms = engine->now_ms,
        .leg = (uint8_t)leg,
        .kind = is_marks ? MCP__COMMAND_GET : MCP__COMMAND_NUMBER,
        .word = word,
        .is_check = 1,
    };
    mcp__span key = {check->key, check->key_len};
    uint8_t *out = mcp__link_begin(link);
    out = is_marks ? mcp__usual_put_get(out, mcp__pool_marks_key(engine), opaque, MCP_WANT_CAS)
                   : mcp__usual_put_number(out, key, opaque);
    mcp__link_end(link, MCP__USUAL_PUT(out, "\r\n"), 0, 1);
    server->tally.calls++;
}

/* What waits for company goes now. How much it is: 0: nothing did. */
size_t mcp__ride_hasten(mcp__engine *engine, mcp__server *server);

/* The server's timer of riders has fired: what waited long enough for company goes by itself, and
 * what waited long enough for its answer does not get it. */
void mcp__ride_over(mcp__engine *engine, mcp__server *server);

#endif

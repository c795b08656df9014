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

/* The general way, for a link without room, or without the meta commands. */
int mcp__ride_ask_slowly(mcp__engine *engine, mcp__server *server, mcp__check *check, int leg,
                         uint8_t word);

/* Asks for what a check wants to know. `word`: MCP__WORD_PEEK or MCP__WORD_MARKS. 0, or -1: no
 * memory. In a header because three of these go behind every mirrored set. */
static inline int
mcp__ride_ask(mcp__engine *engine, mcp__server *server, mcp__check *check, int leg, uint8_t word)
{
    mcp__link *link = &server->link;
    int is_marks = word == MCP__WORD_MARKS;
    if (is_marks)
        server->ledger.queued_ms = engine->now_ms;
    if (link->is_classic || check->is_base64 || link->pending_count >= MCP__RIDERS_MAX ||
        !mcp__link_has_room(link, MCP_KEY_MAX, 0))
        return mcp__ride_ask_slowly(engine, server, check, leg, word);
    uint64_t opaque = mcp__token_opaque(&engine->opaque_count, &engine->opaque);
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
    mcp__line_mount(engine, server);
    mcp__link_end(link, MCP__USUAL_PUT(out, "\r\n"), 0, 1);
    server->tally.calls++;
    return 0;
}

/* What waits for company goes now. How much it is: 0: nothing did. */
size_t mcp__ride_hasten(mcp__engine *engine, mcp__server *server);

/* The server's timer of riders has fired: what waited long enough for company goes by itself, and
 * what waited long enough for its answer does not get it. */
void mcp__ride_over(mcp__engine *engine, mcp__server *server);

#endif

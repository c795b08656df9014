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

/*
 * The three questions of a check at once, straight down into two links that are in use: for the
 * number on each, and of the backup for its marks. They have one opaque, and those of one server stand
 * in one record. In a header, because they go behind every mirrored set. First: whether a link takes
 * them.
 */
static inline int
mcp__ride_may(const mcp__server *server)
{
    const mcp__link *link = &server->link;
    return link->state == MCP__LINK_OPEN && !link->is_classic &&
           link->pending_count < MCP__RIDERS_MAX && mcp__link_has_room_for(link, 2);
}

/* "mg key O12345678 c\r\n" */
static inline size_t
mcp__ride_put_number(uint8_t *out, mcp__span key, uint64_t opaque)
{
    const uint8_t *end = MCP__USUAL_PUT(mcp__usual_put_start(out, key, opaque), " c\r\n");
    return (size_t)(end - out);
}

/* The same once more, which is cheaper than to write it; it has at least 16 bytes. */
static inline void
mcp__ride_copy(uint8_t *out, const uint8_t *line, size_t len)
{
    if (len > 32) {
        memcpy(out, line, len);
        return;
    }
    memcpy(out, line, 16);
    memcpy(out + len - 16, line + len - 16, 16);
}

/* "mg mcp:s O12345678 v f c\r\n": all but the opaque is the same for ever, and nearly always it is
 * short. */
static inline size_t
mcp__ride_put_marks(const mcp__engine *engine, uint8_t *out, uint64_t opaque)
{
    if (engine->marks_line_len <= 32)
        memcpy(out, engine->marks_line, 32);
    else
        memcpy(out, engine->marks_line, engine->marks_line_len);
    memcpy(out + engine->marks_opaque_at, &opaque, MCP__OPAQUE_LEN);
    return engine->marks_line_len;
}

/* They have been written: that of the number has `number_len` bytes, that of the marks `marks_len`,
 * 0: there is none. */
__attribute__((always_inline)) static inline void
mcp__ride_mount(mcp__engine *engine, mcp__server *server, mcp__check *check, int leg,
                uint64_t opaque, size_t number_len, size_t marks_len)
{
    mcp__link *link = &server->link;
    int has_marks = leg == MCP__BACKUP;
    mcp__line_mount(engine, server);
    *mcp__link_slot(link) = (mcp__pending){
        .op = check,
        .opaque = opaque,
        .first_byte = link->queued,
        .asked_ms = engine->now_ms,
        .leg = (uint8_t)leg,
        .kind = MCP__COMMAND_NUMBER,
        .word = MCP__WORD_PEEK,
        .is_check = 1,
        .next_kind = has_marks ? MCP__COMMAND_GET : MCP__COMMAND_NONE,
        .next_word = has_marks ? MCP__WORD_MARKS : 0,
        .next_at = (uint32_t)number_len,
    };
    mcp__link_end_len(link, number_len + marks_len, 0, 1);
    server->tally.calls += has_marks ? 2 : 1;
    if (has_marks) {
        server->ledger.queued_ms = engine->now_ms;
        mcp__line_note_marks(server);
    }
}

static inline void
mcp__ride_put(mcp__engine *engine, mcp__server *const server[2], mcp__check *check, mcp__span key)
{
    uint64_t opaque = mcp__token_opaque(&engine->opaque_count, &engine->opaque);
    uint8_t *first = mcp__link_begin(&server[MCP__PRIMARY]->link);
    uint8_t *second = mcp__link_begin(&server[MCP__BACKUP]->link);
    size_t number_len = mcp__ride_put_number(first, key, opaque);
    mcp__ride_copy(second, first, number_len);
    size_t marks_len = mcp__ride_put_marks(engine, second + number_len, opaque);
    mcp__ride_mount(engine, server[MCP__PRIMARY], check, MCP__PRIMARY, opaque, number_len, 0);
    mcp__ride_mount(engine, server[MCP__BACKUP], check, MCP__BACKUP, opaque, number_len, marks_len);
}

/* What waits for company goes now. How much it is: 0: nothing did. */
size_t mcp__ride_hasten(mcp__engine *engine, mcp__server *server);

/* The server's timer of riders has fired: what waited long enough for company goes by itself, and
 * what waited long enough for its answer does not get it. */
void mcp__ride_over(mcp__engine *engine, mcp__server *server);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checks_way: the ordinary way of a check (see checks.h): how it is asked for on two links that are
 * in use, and how the answers that everybody hopes for are heard. It stands in a header, because both
 * are the inside of every mirrored set: together they take half of what the general way takes, which
 * is there for everything else and comes to the same (tests/unit/test_express_checks.c plays both).
 */
#ifndef MCPROXY_ENGINE_CHECKS_WAY_H
#define MCPROXY_ENGINE_CHECKS_WAY_H

#include "engine/checks.h"
#include "engine/ride.h"
#include "wire/echo.h"

/* ---- asking ---- */

static inline void
mcp__checks_note(mcp__check *check, int leg, const mcp__stored *stored)
{
    mcp__server *server = stored->server[leg];
    if (stored->cas[leg] > server->top_cas)
        server->top_cas = stored->cas[leg];
    check->cas[leg] = stored->cas[leg];
    check->life_ms[leg] = server->life_ms;
    check->seen[leg] = 0;
}

/* What there is to any of them at first. NULL: no memory. */
static inline mcp__check *
mcp__checks_new(mcp__engine *engine, mcp__server *const server[2], mcp__span key, int is_base64)
{
    mcp__check *check = mcp__pool_take_check(engine);
    if (check == NULL)
        return NULL;
    check->server[MCP__PRIMARY] = server[MCP__PRIMARY];
    check->server[MCP__BACKUP] = server[MCP__BACKUP];
    check->failed[MCP__PRIMARY] = check->failed[MCP__BACKUP] = 0;
    check->n_awaited = check->is_erase = 0;
    check->is_base64 = (uint8_t)is_base64;
    check->key_len = (uint8_t)key.len;
    (void)mcp__usual_put_key((uint8_t *)check->key, key);
    return check;
}

/* Of a delete: there are no numbers. */
static inline mcp__check *
mcp__checks_new_erased(mcp__engine *engine, mcp__server *const server[2], mcp__span key,
                       int is_base64)
{
    mcp__check *check = mcp__checks_new(engine, server, key, is_base64);
    if (check == NULL)
        return NULL;
    check->is_erase = 1;
    check->cas[MCP__PRIMARY] = check->cas[MCP__BACKUP] = 0;
    return check;
}

/* Of a store. */
static inline mcp__check *
mcp__checks_new_stored(mcp__engine *engine, const mcp__stored *stored)
{
    mcp__check *check =
        mcp__checks_new(engine, stored->server, stored->key, stored->is_base64);
    if (check == NULL)
        return NULL;
    mcp__checks_note(check, MCP__PRIMARY, stored);
    mcp__checks_note(check, MCP__BACKUP, stored);
    return check;
}

/* mcp__checks_begin(), as far as it is ordinary; whoever knows the lines that the copies answered with
 * has them kept as its echoes. NULL: it is not, and nothing was done. */
__attribute__((always_inline)) static inline mcp__check *
mcp__checks_begin_plainly(mcp__engine *engine, const mcp__stored *stored)
{
    if (stored->is_base64 || !mcp__ride_may(stored->server[MCP__PRIMARY]) ||
        !mcp__ride_may(stored->server[MCP__BACKUP]))
        return NULL;
    mcp__check *check = mcp__checks_new_stored(engine, stored);
    if (check == NULL)
        return NULL;
    mcp__ride_put(engine, stored->server, check, stored->key);
    check->n_awaited = 3;
    return check;
}

/* ---- erasing ---- */

/* mcp__checks_erase(), as far as it is ordinary, the server has just answered and its link is about to
 * be sent: 1. 0: it is not, and nothing was done. */
static inline int
mcp__checks_erase_plainly(mcp__engine *engine, mcp__server *const servers[2], mcp__span key)
{
    mcp__server *server = servers[MCP__BACKUP];
    mcp__link *link = &server->link;
    if (link->state != MCP__LINK_OPEN || link->is_classic || link->used_ms != engine->now_ms ||
        !mcp__link_has_room_for(link, 1))
        return 0;
    mcp__check *check = mcp__checks_new_erased(engine, servers, key, 0);
    if (check == NULL)
        return 0;
    check->n_awaited = 1;
    uint64_t opaque = mcp__token_opaque(&engine->opaque_count, &engine->opaque);
    uint8_t *start = mcp__link_begin(link);
    uint8_t *end = MCP__USUAL_PUT(mcp__usual_put_delete(start, key, opaque), "\r\n");
    mcp__line_mount(engine, server); /* with its timer the answer is missed */
    *mcp__link_slot(link) = (mcp__pending){
        .op = check,
        .opaque = opaque,
        .first_byte = link->queued,
        .asked_ms = engine->now_ms,
        .leg = MCP__BACKUP,
        .kind = MCP__COMMAND_DELETE,
        .word = MCP__COMMAND_DELETE,
        .is_check = 1,
    };
    mcp__link_end_len(link, (size_t)(end - start), 0, 0);
    server->tally.calls++;
    return 1;
}

/* ---- hearing ---- */

/* How many bytes of what has come answer the number's question, and the one for the marks behind it,
 * as in peace; 0: they do not. */
static inline size_t
mcp__checks_hear_number(mcp__server *server, const mcp__pending *oldest, const uint8_t *bytes,
                        size_t len)
{
    const mcp__check *check = oldest->op;
    size_t used = mcp__echo_again(&check->echo[oldest->leg], bytes, len, oldest->opaque);
    if (used == 0 || oldest->next_kind == MCP__COMMAND_NONE)
        return used;
    size_t more = mcp__echo_nothing(bytes + used, len - used, oldest->opaque);
    if (more == 0 || !mcp__ledger_has_nothing(&server->ledger, oldest->asked_ms))
        return 0;
    return used + more;
}

/* The oldest that waits on this link is a check's. It has been answered as in peace: 1, and that is
 * over. 0: nothing was done. */
static inline int
mcp__checks_hear(mcp__engine *engine, mcp__server *server, const mcp__pending *oldest)
{
    mcp__check *check = oldest->op;
    mcp__link *link = &server->link;
    const uint8_t *bytes = mcp__buf_bytes(&link->in);
    size_t len = mcp__buf_len(&link->in), used = 0;
    if (oldest->kind == MCP__COMMAND_NUMBER)
        used = mcp__checks_hear_number(server, oldest, bytes, len);
    else if (oldest->kind == MCP__COMMAND_DELETE)
        used = mcp__echo_gone(bytes, len, oldest->opaque);
    if (used == 0)
        return 0;
    check->seen[oldest->leg] = check->cas[oldest->leg];
    int n = oldest->next_kind == MCP__COMMAND_NONE ? 1 : 2;
    check->n_awaited = (uint8_t)(check->n_awaited - n);
    mcp__buf_take(&link->in, used);
    mcp__link_pop(link, 0); /* nobody waits for these */
    if (check->n_awaited == 0)
        mcp__checks_settle(engine, check);
    return 1;
}

#endif

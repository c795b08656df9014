/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * record: what becomes of what servers say about each other and about themselves. It is written
 * into their ledgers, whoever asked for it; what changes by it is told as news; and a server
 * without an epoch gets one:
 *
 *     flushed on purpose (it counts flushes)                R: what it lost is not filled in
 *     a partner had an epoch before this server started     W: it restarted, and is filled
 *     no partner has an older one                           R: a new pool, or an evicted item
 *     a partner has not been heard yet                      undecided, until one is
 */
#ifndef MCPROXY_ENGINE_RECORD_H
#define MCPROXY_ENGINE_RECORD_H

#include "engine/pool.h"
#include "wire/reply.h"

/* A reply to MCP__WORD_MARKS or MCP__ASK_MARKS. */
void mcp__record_marks(mcp__engine *engine, mcp__server *server, const mcp__reply *reply,
                       int64_t asked_ms);

/* A reply to a question of the engine's own. */
void mcp__record_answer(mcp__engine *engine, mcp__server *server, uint8_t question,
                        const mcp__reply *reply, int64_t asked_ms);

/* What another client of this process knows of the same server, see mcp__ledger_hear(). */
void mcp__record_hear(mcp__engine *engine, mcp__server *server, const mcp__ledger *theirs,
                      int64_t slack_ms);

/* A server that was being filled, and was in this state, is whole. */
void mcp__record_filled(mcp__engine *engine, mcp__server *server, mcp_state before);

/* A call has a group key: servers say so from now on, to all clients of the pool. */
void mcp__record_routes(mcp__engine *engine);

/* Part of what was on record about a server is gone from its witness. */
void mcp__record_lost(mcp__engine *engine, uint32_t server, uint32_t witness);

#endif

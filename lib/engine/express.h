/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * express: one call of quiet times (see ops/plain) that waits for its answer and is alone. Its
 * command is put on the links as always, but nothing else is set up: no operation, no timer, no
 * lists. The driver sends, and receives from each of its servers once:
 *
 *     begin --sent, heard--> finish            the answer everybody hopes for
 *        `---anything else--> take over        an operation goes on from there, see engine/tasks
 *
 * Until one of the two, nothing else may be done with the engine.
 */
#ifndef MCPROXY_ENGINE_EXPRESS_H
#define MCPROXY_ENGINE_EXPRESS_H

#include "engine/pool.h"
#include "ops/plain.h"

/* Queues the command if this is such a call: 1. The request stays until it is over. 0: it is none,
 * and nothing was done. What is to be sent and heard now: with plain ERASE the backup's leg, then
 * mcp__express_go_on(), then the primary's; else the primary's, and with two legs the backup's. */
int mcp__express_begin(mcp__engine *engine, const mcp_request *request, uint32_t timeout_ms,
                       int64_t now_ms);

/* The server of each leg, from 0. */
static inline mcp__server *
mcp__express_server(const mcp__engine *engine, int leg)
{
    return engine->express.server[leg];
}

/* Bytes have been put into this leg's link. 1: its answer is there, whole, and good. */
int mcp__express_hear(mcp__engine *engine, int leg);

/* ERASE: the backup has been heard; the primary's command is queued. */
void mcp__express_go_on(mcp__engine *engine);

/* All legs have been heard. What either copy had has been found. */
static inline mcp_status
mcp__express_status(const mcp__engine *engine)
{
    const mcp__express *express = &engine->express;
    mcp__reply_kind kind = express->reply[MCP__PRIMARY].kind;
    if (kind == MCP__REPLY_NOT_FOUND && express->is_pair)
        kind = express->reply[MCP__BACKUP].kind;
    return kind == MCP__REPLY_MISS || kind == MCP__REPLY_NOT_FOUND ? MCP_NOT_FOUND : MCP_OK;
}

/* And then: fills in the result, NULL: nobody wants it. The value is borrowed from the link: until
 * it receives again. */
void mcp__express_finish(mcp__engine *engine, mcp_result *result);

/* It is not that simple: an operation takes over, and whatever of the answers has come already
 * reaches it. The task; it may be finished. */
mcp__task *mcp__express_give_up(mcp__engine *engine);

#endif

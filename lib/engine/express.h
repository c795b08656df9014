/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * express: one call of quiet times (see ops/plain) that waits for its answer and is alone. Its
 * command is put on the links as always, but nothing else is set up: no operation, no timer, no
 * lists. The driver sends, and receives from each of its servers once:
 *
 *     begin --sent, heard--> finish            the answer everybody hopes for (a delete: go on, third)
 *        `---anything else--> take over        an operation goes on from there, see engine/tasks
 *
 * Until one of the two, nothing else may be done with the engine. The ordinary way itself, begin,
 * hear and finish, stands in express_way.h.
 */
#ifndef MCPROXY_ENGINE_EXPRESS_H
#define MCPROXY_ENGINE_EXPRESS_H

#include "engine/pool.h"
#include "ops/plain.h"

/* The server of each leg, from 0. */
static inline mcp__server *
mcp__express_server(const mcp__engine *engine, int leg)
{
    return engine->express.server[leg];
}

/* mcp__express_hear() has said no, but only because the leg's answer has not even begun: what has come
 * answered something that rode in front of it. */
int mcp__express_is_next(const mcp__engine *engine, int leg);

/* mcp__express_hear() has said no, but the leg's answer has begun: so many bytes more. 0: it is not
 * known how many. */
size_t mcp__express_missing(const mcp__engine *engine, int leg);

/* ERASE: the backup has been heard; the primary's command is queued. */
void mcp__express_go_on(mcp__engine *engine);

/* And then the primary: whether a third command goes to the backup. It is queued, to be sent at once;
 * nobody waits for its answer. What has not gone when the call is finished is wished for. */
static inline int
mcp__express_has_third(const mcp__engine *engine)
{
    const mcp__express *express = &engine->express;
    return express->is_pair && express->plain == MCP__PLAIN_ERASE_SECOND;
}
void mcp__express_put_third(mcp__engine *engine);

/* All legs have been heard. What either copy had has been found, if it was asked. */
static inline mcp_status
mcp__express_status(const mcp__engine *engine)
{
    const mcp__express *express = &engine->express;
    mcp__reply_kind kind = express->reply[MCP__PRIMARY].kind;
    if (kind == MCP__REPLY_VALUE || kind == MCP__REPLY_DONE)
        return MCP_OK;
    return mcp__express_has_third(engine) && express->reply[MCP__BACKUP].kind == MCP__REPLY_DONE
               ? MCP_OK
               : MCP_NOT_FOUND;
}

/* It is not that simple: an operation takes over, and whatever of the answers has come already
 * reaches it. The task; it may be finished. */
mcp__task *mcp__express_give_up(mcp__engine *engine);

#endif

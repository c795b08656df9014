/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plain: the operations of quiet times, whose first step is their last: nothing stands against
 * either server, both answer, what is known of them is fresh. What the rooms beside this one would
 * decide for such an operation is always the same, so the engine may send it without having one:
 *
 *     READ    a get: to the primary alone
 *     ALONE   a change that has one copy, or is not mirrored: to the primary alone
 *     BOTH    a change of both copies, at once
 *     ERASE   a delete: the backup, then (ERASE_SECOND) the primary, and then the backup once more
 *
 * Only the answer that everybody hopes for ends it there. With any other, and with none, an
 * operation takes over where mcp__plain_begin() puts it, as if it had been there from the start.
 * tests/unit/test_express.c plays each verb with each answer both ways.
 *
 * It pays: a get without an operation costs a quarter of one with (docs/performance.md).
 */
#ifndef MCPROXY_OPS_PLAIN_H
#define MCPROXY_OPS_PLAIN_H

#include "ops/op.h"

typedef enum mcp__plain {
    MCP__PLAIN_NOT = 0,
    MCP__PLAIN_READ,
    MCP__PLAIN_ALONE,
    MCP__PLAIN_BOTH,
    MCP__PLAIN_ERASE,
    MCP__PLAIN_ERASE_SECOND, /* the backup has answered */
} mcp__plain;

/* The command that a request means when it is plain; MCP__COMMAND_NONE: it never is. */
static inline mcp__command_kind
mcp__plain_command(const mcp_request *request)
{
    static const uint8_t kinds[] = {
        [MCP_GET] = MCP__COMMAND_GET,     [MCP_SET] = MCP__COMMAND_SET,
        [MCP_DELETE] = MCP__COMMAND_DELETE, [MCP_TOUCH] = MCP__COMMAND_TOUCH,
        [MCP_INCR] = MCP__COMMAND_INCR,   [MCP_DECR] = MCP__COMMAND_DECR,
    };
    size_t verb = (size_t)request->verb;
    if (verb >= sizeof kinds || (verb == MCP_SET && request->ttl < 0))
        return MCP__COMMAND_NONE;
    return (mcp__command_kind)kinds[verb];
}

/* A key with one copy, whose server is well. */
static inline mcp__plain
mcp__plain_of_one(mcp__command_kind kind)
{
    if (kind == MCP__COMMAND_DELETE) /* there is no backup to be first */
        return MCP__PLAIN_ERASE_SECOND;
    return kind == MCP__COMMAND_GET ? MCP__PLAIN_READ : MCP__PLAIN_BOTH;
}

/* The second copy only serves while the first is away, and it is not. */
static inline mcp__plain
mcp__plain_of_spare(mcp__command_kind kind)
{
    return kind == MCP__COMMAND_GET ? MCP__PLAIN_READ : MCP__PLAIN_ALONE;
}

/* A pair that keeps a record: both are well, both ledgers are fresh and say that nothing stands and
 * nothing is being filled. */
static inline mcp__plain
mcp__plain_of_pair(mcp__command_kind kind, const mcp__promise *promise)
{
    if (kind == MCP__COMMAND_GET)
        return MCP__PLAIN_READ;
    if (kind == MCP__COMMAND_DELETE)
        return MCP__PLAIN_ERASE;
    return promise->waits_for_mirror ? MCP__PLAIN_BOTH : MCP__PLAIN_NOT;
}

/* Whether a store of a pair is told the numbers its copies got, to compare them later. */
static inline int
mcp__plain_is_verified(mcp__command_kind kind, const mcp__promise *promise)
{
    return kind == MCP__COMMAND_SET && promise->verifies;
}

/* The answer everybody hopes for; all others are an operation's to take. */
static inline int
mcp__plain_is_good(mcp__command_kind kind, mcp__reply_kind reply)
{
    static const uint16_t good[] = {
        [MCP__COMMAND_GET] = 1 << MCP__REPLY_VALUE | 1 << MCP__REPLY_MISS,
        [MCP__COMMAND_SET] = 1 << MCP__REPLY_DONE,
        [MCP__COMMAND_DELETE] = 1 << MCP__REPLY_DONE | 1 << MCP__REPLY_NOT_FOUND,
        [MCP__COMMAND_TOUCH] = 1 << MCP__REPLY_DONE,
        [MCP__COMMAND_INCR] = 1 << MCP__REPLY_VALUE,
        [MCP__COMMAND_DECR] = 1 << MCP__REPLY_VALUE,
    };
    return good[kind] >> reply & 1;
}

/* Puts an operation where it would be if it had decided so. The step is what was sent already and
 * is not answered. `backup`: of ERASE_SECOND: what the backup answered; NULL: there is none. */
mcp__step mcp__plain_begin(mcp__op *op, mcp__plain plain, const mcp__reply *backup);

#endif

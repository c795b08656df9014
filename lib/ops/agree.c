/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/agree.h"

#include <string.h>

/* op->tries: the first value could not be kept, so nothing can be said about the two. */
#define LOST UINT8_MAX

mcp__step
mcp__agree_begin(mcp__op *op)
{
    mcp__step step = mcp__op_wait();
    op->tries = 0; /* how many values there are */
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++)
        mcp__op_add(&step, leg, MCP__COMMAND_GET);
    return step;
}

/* The first of the two is kept for the comparison. */
static void
take_first(mcp__op *op, int leg, const mcp__reply *reply)
{
    if (op->verb == MCP_GET || op->verb == MCP_LEASE)
        mcp__op_adopt(op, leg, reply);
    op->result_flags = reply->flags;
    op->tries = mcp__op_keep(op, reply) == 0 ? 1 : LOST;
    if (op->tries == LOST)
        op->leg[leg].failure = MCP__FAILURE_MEMORY;
}

static int
is_equal(const mcp__op *op, const mcp__reply *reply)
{
    size_t len = mcp__buf_len(&op->kept);
    return op->tries == 1 && reply != NULL && reply->kind == MCP__REPLY_VALUE &&
           reply->flags == op->result_flags && reply->value.len == len &&
           (len == 0 || memcmp(reply->value.bytes, mcp__buf_bytes(&op->kept), len) == 0);
}

mcp__agreement
mcp__agree_judge(mcp__op *op, int leg, const mcp__reply *reply)
{
    int other = MCP__OTHER(leg);
    if (reply != NULL)
        op->leg[leg].copy = MCP_COPY_OK;
    if (mcp__op_is_waiting(op, other)) {
        if (reply != NULL && reply->kind == MCP__REPLY_VALUE)
            take_first(op, leg, reply);
        return MCP__AGREE_WAIT;
    }
    if (op->tries == LOST ||
        (op->leg[leg].copy != MCP_COPY_OK && op->leg[other].copy != MCP_COPY_OK))
        return MCP__AGREE_FAILED;
    op->answered = (int8_t)(op->leg[leg].copy == MCP_COPY_OK ? leg : other);
    return is_equal(op, reply) ? MCP__AGREE_YES : MCP__AGREE_MISSING;
}

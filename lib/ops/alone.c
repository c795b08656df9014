/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/alone.h"

#include "ops/copies.h"

mcp__step
mcp__alone_begin(mcp__op *op, int leg)
{
    if (mcp__copies_is_foreign_token(op, leg))
        return mcp__op_done(op, MCP_EXISTS);
    return mcp__op_send(leg, mcp__copies_command(op));
}

mcp__step
mcp__alone_answer(mcp__op *op, int leg, const mcp__reply *reply)
{
    op->leg[leg].copy = MCP_COPY_OK;
    mcp__op_adopt(op, leg, reply);
    mcp_status status = op->leg[leg].status;
    if (mcp__copies_is_refusal(status))
        op->leg[leg].copy = MCP_COPY_FAILED;
    return mcp__op_done(op, mcp__copies_plain_status(op, status));
}

mcp__step
mcp__alone_failed(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    if (mcp__op_is_untried(op, other) && !mcp__copies_is_lost_cas(op, leg))
        return mcp__alone_begin(op, other);
    return mcp__op_done(op, mcp__op_failure_status(op, 1));
}

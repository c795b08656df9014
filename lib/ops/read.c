/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/read.h"

mcp__step
mcp__read_begin(mcp__op *op)
{
    return mcp__op_send(mcp__view_authority(&op->view), MCP__COMMAND_GET);
}

mcp__step
mcp__read_answer(mcp__op *op, int leg, const mcp__reply *reply)
{
    op->leg[leg].copy = MCP_COPY_OK;
    mcp__op_adopt(op, leg, reply);
    return mcp__op_done(op, op->leg[leg].status);
}

mcp__step
mcp__read_failed(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    int may_ask = mcp__op_is_untried(op, other);
#ifdef MCP_MUTANT_NO_FAILOVER
    may_ask = 0;
#endif
    return may_ask ? mcp__op_send(other, MCP__COMMAND_GET)
                   : mcp__op_done(op, mcp__op_failure_status(op, 0));
}

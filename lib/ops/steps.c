/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/steps.h"

#include "ops/read.h"
#include "ops/write.h"

/* ---- to one server, whatever its state ---- */

static mcp__step
begin_direct(const mcp__op *op)
{
    static const uint8_t kinds[] = {
        [MCP_FLUSH] = MCP__COMMAND_FLUSH,
        [MCP_STATS] = MCP__COMMAND_STATS,
        [MCP_VERSION] = MCP__COMMAND_VERSION,
        [MCP_PING] = MCP__COMMAND_PING,
    };
    return mcp__op_send(MCP__PRIMARY, kinds[op->verb]);
}

static mcp__step
answer_direct(mcp__op *op, const mcp__reply *reply)
{
    op->leg[MCP__PRIMARY].copy = MCP_COPY_OK;
    mcp__op_adopt(op, MCP__PRIMARY, reply);
    return mcp__op_done(op, op->leg[MCP__PRIMARY].status);
}

/* ---- the doors ---- */

mcp__step
mcp__steps_begin(mcp__op *op)
{
    if (op->verb == MCP_GET)
        return mcp__read_begin(op);
    return op->is_direct ? begin_direct(op) : mcp__write_begin(op);
}

static mcp__step
take_answer(mcp__op *op, int leg, const mcp__reply *reply)
{
    if (op->verb == MCP_GET)
        return mcp__read_answer(op, leg, reply);
    return op->is_direct ? answer_direct(op, reply) : mcp__write_answer(op, leg, reply);
}

static mcp__step
take_failure(mcp__op *op, int leg)
{
    if (op->verb == MCP_GET)
        return mcp__read_failed(op, leg);
    if (op->is_direct)
        return mcp__op_done(op, mcp__op_failure_status(op, op->verb == MCP_FLUSH));
    return mcp__write_failed(op, leg);
}

mcp__step
mcp__steps_answer(mcp__op *op, int leg, const mcp__reply *reply, mcp_status status)
{
    op->leg[leg].status = (int16_t)status;
    return take_answer(op, leg, reply);
}

mcp__step
mcp__steps_failed(mcp__op *op, int leg, mcp__failure failure, int was_sent)
{
    op->leg[leg].failure = (uint8_t)failure;
    op->leg[leg].copy = was_sent ? MCP_COPY_UNKNOWN : MCP_COPY_FAILED;
    return take_failure(op, leg);
}

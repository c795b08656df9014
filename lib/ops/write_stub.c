/* SPDX-License-Identifier: BSD-3-Clause */
/* A count that met a stub goes on. */
#include "ops/write.h"

#include "ops/copies.h"
#include "ops/stubs.h"
#include "ops/write_parts.h"

/* The copy that had the stub is empty now. One that does not decide stays so: it is given the number
 * by a copy, since a delta made to nothing would count from the beginning. */
static mcp__step
go_on_at(mcp__op *op, int leg, int dropped)
{
    mcp__leg *other = &op->leg[MCP__OTHER(leg)];
    op->answered = -1;
    if (!op->is_mirrored)
        return mcp__write_begin_alone(op, leg);
    op->leg[leg].was_asked = 0;
    op->leg[leg].copy = MCP_COPY_SKIPPED;
    if (dropped == leg && other->failure == MCP__FAILURE_NONE)
        other->was_asked = 0;
    return mcp__write_decide_at(op, leg);
}

static mcp__step
go_on(mcp__op *op, int leg, mcp__stubs_what what, const mcp__step *step)
{
    switch (what) {
    case MCP__STUBS_STEP:
        return *step;
    case MCP__STUBS_AGAIN:
        return go_on_at(op, op->authority, leg);
    case MCP__STUBS_OVER:
        return mcp__copies_done(op, (mcp_status)op->status);
    default:
        op->leg[leg].copy = MCP_COPY_FAILED; /* nothing was counted there */
        return mcp__op_done(op, mcp__op_failure_status(op, 1));
    }
}

mcp__step
mcp__write_meet_stub(mcp__op *op, int leg)
{
    mcp__step step = mcp__op_wait();
    mcp__stubs_what what = mcp__stubs_begin(op, leg, &step);
    return go_on(op, leg, what, &step);
}

mcp__step
mcp__write_answer_stub(mcp__op *op, int leg, const mcp__reply *reply)
{
    mcp__step step = mcp__op_wait();
    mcp__stubs_what what = mcp__stubs_answer(op, leg, reply, &step);
    return go_on(op, leg, what, &step);
}

mcp__step
mcp__write_failed_stub(mcp__op *op, int leg)
{
    return go_on(op, leg, mcp__stubs_failed(op, leg), NULL);
}

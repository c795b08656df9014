/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands against both copies, and a change that builds on the value: they have to agree first. */
#include "ops/write.h"

#include "ops/agree.h"
#include "ops/copies.h"
#include "ops/write_parts.h"

/* A new start: the copies count as not asked, and nothing as answered. */
static mcp__step
decide_anew(mcp__op *op)
{
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++) {
        op->leg[leg].was_asked = 0;
        op->leg[leg].copy = MCP_COPY_SKIPPED;
    }
    op->answered = -1;
    op->has_view = 0;
    op->result_value = (mcp__span){NULL, 0};
    return mcp__write_decide_at(op, mcp__view_decider(&op->view));
}

/* The copies differ, so there is no value; what wants none may go on when they are gone. */
static mcp__step
take_as_missing(mcp__op *op)
{
    int may_create = op->verb == MCP_ADD || (mcp__copies_is_count(op) && op->with_initial);
    op->result_value = (mcp__span){NULL, 0};
    op->has_view = 0;
    if (!may_create) {
        int is_store = op->verb == MCP_REPLACE || mcp__copies_is_append(op);
        return mcp__op_done(op, is_store              ? MCP_NOT_STORED
                                : op->verb == MCP_CAS ? MCP_EXISTS
                                                      : MCP_NOT_FOUND);
    }
    op->phase = CLEAR;
    mcp__step step = mcp__op_wait();
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++)
        mcp__op_add(&step, leg, MCP__COMMAND_DELETE);
    return step;
}

int
mcp__write_wants_agreement(const mcp__op *op)
{
    const mcp__view *view = &op->view;
    int builds_on_value = mcp__copies_is_decided(op) || mcp__copies_is_relative(op);
    return view->stands[MCP__PRIMARY] && view->stands[MCP__BACKUP] && builds_on_value;
}

mcp__step
mcp__write_begin_agreement(mcp__op *op)
{
    op->phase = AGREE;
    return mcp__agree_begin(op);
}

mcp__step
mcp__write_take_agreement(mcp__op *op, int leg, const mcp__reply *reply)
{
    switch (mcp__agree_judge(op, leg, reply)) {
    case MCP__AGREE_WAIT:
        return mcp__op_wait();
    case MCP__AGREE_YES:
        return decide_anew(op);
    case MCP__AGREE_MISSING:
        return take_as_missing(op);
    default:
        return mcp__op_done(op, mcp__op_failure_status(op, 1));
    }
}

/* Both are to be gone: with one of them silent nothing may be built on it. */
mcp__step
mcp__write_take_clear(mcp__op *op, int leg)
{
    if (mcp__op_is_waiting(op, MCP__OTHER(leg)))
        return mcp__op_wait();
    int failed = op->leg[MCP__PRIMARY].missed || op->leg[MCP__BACKUP].missed;
    return failed ? mcp__op_done(op, mcp__op_failure_status(op, 1)) : decide_anew(op);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A count or an append that met a stub goes on. */
#include "ops/write.h"

#include "ops/copies.h"
#include "ops/stubs.h"
#include "ops/write_parts.h"
#include "wire/fold.h"

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

/* ---- appends ---- */

/* Whoever leaves stubs may do so on either copy, and each time. */
#define APPENDS_MAX 2

int
mcp__write_may_have_met_stub(const mcp__op *op)
{
    int other = MCP__OTHER(op->authority);
    int is_like_one = op->result_flags == 0 || op->result_flags == MCP__FOLD_STUB_FLAGS;
    return mcp__buf_len(&op->kept) == op->value.len && is_like_one &&
           op->result_ttl != -1 /* a stub does not stand for ever */ && op->view.is_usable[other] &&
           mcp__view_is_trusted(&op->view, other) && !op->view.is_cold[other] &&
           op->leg[other].failure == MCP__FAILURE_NONE;
}

mcp__step
mcp__write_ask_base(mcp__op *op)
{
    op->phase = BASE;
    return mcp__op_send(MCP__OTHER(op->authority), MCP__COMMAND_GET);
}

static mcp__step
unmake(mcp__op *op, mcp_status status)
{
    op->phase = UNMAKE;
    op->status = (int16_t)status;
    return mcp__op_send(op->authority, MCP__COMMAND_DELETE);
}

mcp__step
mcp__write_answer_base(mcp__op *op, int leg, const mcp__reply *reply)
{
    op->leg[leg].copy = MCP_COPY_OK;
    if (op->phase == BASE && reply->kind == MCP__REPLY_VALUE && reply->value.len == 0)
        return mcp__write_copy_append(op); /* an empty value it was */
    if (op->phase == BASE && op->tries++ < APPENDS_MAX)
        return unmake(op, reply->kind == MCP__REPLY_VALUE ? MCP_OK : MCP_NOT_STORED);
    if (op->phase == BASE)
        return mcp__write_copy_append(op);
    op->leg[leg].missed = 0;
    op->drop_unique = 0;
    if (op->leg[leg].status != MCP_OK) { /* somebody has written it since, and both copies */
        op->leg[leg].status = op->leg[MCP__OTHER(leg)].status = MCP_OK;
        return mcp__copies_done(op, MCP_OK);
    }
    if (op->status == MCP_NOT_STORED)
        return mcp__copies_done(op, MCP_NOT_STORED);
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) { /* a new start */
        op->leg[i].was_asked = 0;
        op->leg[i].copy = MCP_COPY_SKIPPED;
    }
    return mcp__write_decide_at(op, MCP__OTHER(leg));
}

/* The other copy does not say what there was: what was made here stands, and it misses that. Or what was
 * made could not be taken back, and may be read. */
mcp__step
mcp__write_failed_base(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    op->leg[leg].missed = 1;
    op->leg[other].copy = MCP_COPY_OK;
    op->leg[other].status = MCP_OK;
    op->leg[other].missed = 0;
    if (op->phase == UNMAKE)
        op->leg[leg].copy = MCP_COPY_UNKNOWN;
    return mcp__copies_done(op, op->phase == UNMAKE ? MCP_UNKNOWN : MCP_OK);
}

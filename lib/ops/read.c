/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/read.h"

#include "ops/agree.h"
#include "ops/fill.h"

enum { ASKED = 32, FILLING, BOTH_ASKED };

/* The copy may be filled, and the other one is a source: whole, and nothing stands against it. */
static int
may_fill(const mcp__op *op)
{
    const mcp__view *view = &op->view;
    return mcp__op_keeps_record(op) && view->is_cold[MCP__PRIMARY] && !view->stands[MCP__PRIMARY] &&
           !view->is_cold[MCP__BACKUP] && !view->stands[MCP__BACKUP] &&
           view->is_usable[MCP__BACKUP];
}

static mcp__step
begin_fill(mcp__op *op)
{
    op->is_filling = 1;
    return mcp__fill_begin(op);
}

mcp__step
mcp__read_begin_at(mcp__op *op, int leg)
{
    op->phase = ASKED;
    return mcp__op_send(leg, op->verb == MCP_LEASE ? MCP__COMMAND_LEASE : MCP__COMMAND_GET);
}

mcp__step
mcp__read_begin(mcp__op *op)
{
    const mcp__view *view = &op->view;
    int authority = mcp__view_authority(view);
    if (view->stands[MCP__PRIMARY] && view->stands[MCP__BACKUP]) {
        op->phase = BOTH_ASKED;
        return mcp__agree_begin(op);
    }
    if (authority == MCP__PRIMARY && view->is_usable[MCP__PRIMARY] && may_fill(op))
        return begin_fill(op);
    return mcp__read_begin_at(op, authority);
}

/* The answer to MCP_LEASE at an authority that is not being filled. */
static mcp__step
answer_lease(mcp__op *op, int leg, const mcp__reply *reply)
{
    int is_won = (reply->lease & MCP__LEASE_WON) != 0;
    int is_missing = reply->value.len == 0 && (reply->lease & (MCP__LEASE_WON | MCP__LEASE_TAKEN));
    mcp__op_adopt(op, leg, reply);
    if (!is_won)
        op->result_cas = 0;
    if (!is_missing)
        return mcp__op_done(op, op->leg[leg].status);
    op->result_value = (mcp__span){NULL, 0};
    return mcp__op_done(op, is_won ? MCP_NOT_FOUND : MCP_LEASED);
}

static mcp__step
take_agreement(mcp__op *op, mcp__agreement agreement)
{
    switch (agreement) {
    case MCP__AGREE_WAIT:
        return mcp__op_wait();
    case MCP__AGREE_YES:
        return mcp__op_done(op, MCP_OK);
    case MCP__AGREE_MISSING:
        return mcp__op_done(op, MCP_NOT_FOUND);
    default:
        return mcp__op_done(op, mcp__op_failure_status(op, 0));
    }
}

/* The other copy stands or has failed, so it is of no use, and this one's connection was lost,
 * maybe for another call's sake: once more. */
static int
may_ask_again(mcp__op *op, int leg)
{
    const mcp__leg *asked = &op->leg[leg], *other = &op->leg[MCP__OTHER(leg)];
    int is_lost = asked->failure == MCP__FAILURE_BROKEN || asked->failure == MCP__FAILURE_TIMEOUT;
    int is_useless = op->view.stands[MCP__OTHER(leg)] || other->failure != MCP__FAILURE_NONE;
    return is_lost && !op->is_hopeless && op->now_ms < op->deadline_ms &&
           mcp__op_keeps_record(op) && is_useless && mcp__view_is_trusted(&op->view, leg) &&
           op->tries++ == 0;
}

/* While the answer was on its way it became known that this copy missed writes. The value is not
 * told, whatever it is; the other copy is asked if it was not yet, or was lost. */
static mcp__step
distrust(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    if (mcp__op_is_untried(op, other) && !mcp__view_is_trusted(&op->view, other)) {
        op->phase = BOTH_ASKED;
        return mcp__agree_begin(op);
    }
    op->leg[leg].failure = MCP__FAILURE_AWAY;
    if (mcp__op_is_untried(op, other) || may_ask_again(op, other))
        return mcp__read_begin_at(op, other);
    return mcp__op_done(op, mcp__op_failure_status(op, 0));
}

mcp__step
mcp__read_answer(mcp__op *op, int leg, const mcp__reply *reply)
{
    if (op->is_filling)
        return mcp__fill_answer(op, leg, reply);
    op->leg[leg].copy = MCP_COPY_OK;
    if (op->phase == BOTH_ASKED)
        return take_agreement(op, mcp__agree_judge(op, leg, reply));
    int stands_by_now = op->view.stands[leg] && mcp__op_keeps_record(op);
#ifdef MCP_MUTANT_LATE_MARK_IGNORED
    stands_by_now = 0;
#endif
    if (stands_by_now)
        return distrust(op, leg);
    if (op->verb == MCP_LEASE)
        return answer_lease(op, leg, reply);
    /* Its epoch came with the same connection: it is empty because it has restarted. */
    if (reply->kind == MCP__REPLY_MISS && leg == MCP__PRIMARY && may_fill(op))
        return begin_fill(op);
    mcp__op_adopt(op, leg, reply);
    return mcp__op_done(op, op->leg[leg].status);
}

/* It was not asked after all, because what stands against it was heard meanwhile. */
static int
is_outdated(const mcp__op *op, int leg)
{
    return op->leg[leg].failure == MCP__FAILURE_AWAY && op->view.stands[MCP__PRIMARY] &&
           op->view.stands[MCP__BACKUP] && mcp__op_is_untried(op, MCP__OTHER(leg));
}

mcp__step
mcp__read_failed(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    if (op->is_filling)
        return mcp__fill_failed(op, leg);
    if (op->phase == BOTH_ASKED)
        return take_agreement(op, mcp__agree_judge(op, leg, NULL));
    if (is_outdated(op, leg)) {
        op->phase = BOTH_ASKED;
        return mcp__agree_begin(op);
    }
#ifdef MCP_MUTANT_NO_FAILOVER
    return mcp__op_done(op, mcp__op_failure_status(op, 0));
#endif
    int may_ask = mcp__op_is_untried(op, other) && mcp__view_is_trusted(&op->view, other);
    if (may_ask)
        return mcp__read_begin_at(op, other);
    /* The other one may be back since its marks were asked for in vain. */
    int first = op->view.is_usable[other] && !op->view.is_usable[leg] ? other : leg;
    if (may_ask_again(op, first))
        return mcp__read_begin_at(op, first);
    return may_ask_again(op, MCP__OTHER(first)) ? mcp__read_begin_at(op, MCP__OTHER(first))
                                                : mcp__op_done(op, mcp__op_failure_status(op, 0));
}

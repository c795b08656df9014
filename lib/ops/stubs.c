/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/stubs.h"

#include "ops/copies.h"
#include "wire/token.h"

/* Somebody may leave a new one each time. */
#define DROPS_MAX 3

static mcp__stubs_what
drop(mcp__op *op, int leg, mcp__step *step)
{
    op->phase = MCP__STUBS_DROP;
    *step = mcp__op_send(leg, MCP__COMMAND_DELETE);
    return MCP__STUBS_STEP;
}

/* What the other copy has is the key's number, and it is to be here, too. */
static void
copy_from_other(mcp__op *op, int leg)
{
    op->authority = (uint8_t)MCP__OTHER(leg);
    if (mcp__op_keeps_record(op))
        op->sequel = MCP__SEQUEL_COPY;
}

/* It has gone away since it answered, and the other copy has not: nobody waits for it. */
static int
is_away(const mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    return !op->view.is_usable[leg] && op->view.is_usable[other] &&
           op->leg[other].failure == MCP__FAILURE_NONE;
}

mcp__stubs_what
mcp__stubs_begin(mcp__op *op, int leg, mcp__step *step)
{
    int is_told = mcp__copies_is_stored(op, MCP__OTHER(leg)) && leg == MCP__BACKUP;
    if (is_told) /* whatever it is, it is not the primary's number */
        copy_from_other(op, leg);
    op->phase = is_told ? MCP__STUBS_DROP : MCP__STUBS_LOOK;
    if (is_away(op, leg))
        return mcp__stubs_failed(op, leg);
    if (is_told)
        return drop(op, leg, step);
    *step = mcp__op_send(leg, MCP__COMMAND_GET);
    return MCP__STUBS_STEP;
}

/* An empty value of somebody's own is no number either. */
static int
is_number(const mcp__reply *reply)
{
    uint64_t number;
    const uint8_t *at = reply->value.bytes, *end = at + reply->value.len;
    return reply->value.len > 0 && mcp__token_get(at, end, &number) == end;
}

/* The other copy has not said anything yet, and its word would count. */
static int
may_decide(const mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    return op->is_mirrored && op->view.is_usable[other] && !op->view.is_cold[other] &&
           mcp__view_is_trusted(&op->view, other) &&
           (!op->leg[other].was_asked || mcp__stubs_may_be(op, other));
}

static mcp__stubs_what
take_look(mcp__op *op, int leg, const mcp__reply *reply, mcp__step *step)
{
    op->answered = (int8_t)leg;
    op->leg[leg].copy = MCP_COPY_OK;
    op->leg[leg].status = MCP_NOT_FOUND;
    if (reply->kind == MCP__REPLY_VALUE && !is_number(reply)) {
        op->leg[leg].status = op->status = MCP_NOT_NUMBER;
        return MCP__STUBS_OVER;
    }
    if (mcp__copies_is_stored(op, MCP__OTHER(leg))) {
        op->answered = (int8_t)MCP__OTHER(leg);
        copy_from_other(op, leg);
        return drop(op, leg, step);
    }
    if (op->tries++ < DROPS_MAX && may_decide(op, leg)) {
        copy_from_other(op, leg);
        return drop(op, leg, step);
    }
    if (op->with_initial && op->tries <= DROPS_MAX) {
        op->authority = (uint8_t)leg;
        return drop(op, leg, step);
    }
    op->status = MCP_NOT_FOUND;
    return MCP__STUBS_OVER;
}

/* The copy that had the stub is empty. */
static mcp__stubs_what
take_drop(mcp__op *op, int leg)
{
    int has_other = mcp__copies_is_stored(op, MCP__OTHER(leg));
    op->leg[leg].missed = 0;
    op->leg[leg].copy = MCP_COPY_OK;
    op->leg[leg].status = has_other ? MCP_OK : MCP_NOT_FOUND; /* it agrees, or is yet to be told */
    op->status = MCP_OK;
    return has_other ? MCP__STUBS_OVER : MCP__STUBS_AGAIN;
}

mcp__stubs_what
mcp__stubs_answer(mcp__op *op, int leg, const mcp__reply *reply, mcp__step *step)
{
    return op->phase == MCP__STUBS_LOOK ? take_look(op, leg, reply, step) : take_drop(op, leg);
}

/* Nothing has been counted. What was said stands, the other copy's word first; or that is asked, as was
 * intended. */
static mcp__stubs_what
failed_uncounted(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    if (op->phase == MCP__STUBS_LOOK) {
        op->leg[leg].copy = MCP_COPY_OK; /* it had answered */
        op->leg[leg].status = MCP_NOT_NUMBER;
        op->answered = (int8_t)(op->leg[other].copy == MCP_COPY_OK ? other : leg);
        op->status = op->leg[op->answered].status;
        return MCP__STUBS_OVER;
    }
    op->leg[leg].copy = MCP_COPY_FAILED;
    if (op->phase == MCP__STUBS_DROP && op->authority == other && op->is_mirrored)
        return MCP__STUBS_AGAIN;
    return MCP__STUBS_FAILED;
}

mcp__stubs_what
mcp__stubs_failed(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    if (!mcp__copies_is_stored(op, other))
        return failed_uncounted(op, leg);
    op->answered = (int8_t)other;
    op->leg[leg].missed = 1;
    if (op->phase == MCP__STUBS_DROP)
        op->leg[leg].copy = MCP_COPY_UNKNOWN; /* it may still hold what should go */
    op->status = MCP_OK;
    return MCP__STUBS_OVER;
}

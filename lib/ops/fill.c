/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/fill.h"

#include "ops/errand.h"
#include "wire/token.h"

/*
 * CLEAR --> LEASE --won--> SOURCE --value--> STORE --> done
 *             |               `---none---> UNDO --> done
 *             `--taken--> ASIDE (the source's answer is the answer; a copy ends here)
 * shared:   LOOK --missing--> SOURCE --value--> STORE (add) --stored--> CHECK --moved--> UNDO
 */
enum { CLEAR = 1, LEASE, LOOK, SOURCE, ASIDE, STORE, CHECK, UNDO };

static int
is_copy(const mcp__op *op)
{
    return op->verb == MCP__VERB_COPY;
}

static mcp__step
done(mcp__op *op, mcp_status status, mcp__outcome_status outcome)
{
    if (is_copy(op)) {
        op->number = outcome;
        return mcp__op_done(op, MCP_OK);
    }
    return mcp__op_done(op, status);
}

static mcp__step
look_at_target(mcp__op *op)
{
    op->is_filling = 1;
    op->phase = op->promise->is_shared && op->verb != MCP_LEASE ? LOOK : LEASE;
    return mcp__op_send(MCP__TARGET, op->phase == LOOK ? MCP__COMMAND_GET : MCP__COMMAND_LEASE);
}

mcp__step
mcp__fill_begin(mcp__op *op)
{
    return look_at_target(op);
}

mcp__step
mcp__fill_begin_copy(mcp__op *op)
{
    if (!op->with_initial)
        return look_at_target(op);
    op->phase = CLEAR;
    return mcp__op_send(MCP__TARGET, MCP__COMMAND_DELETE);
}

/* ---- at the target ---- */

/* Since this was begun it may have become known that the source missed writes: what it holds may
 * be what this very miss, a delete, was to remove. */
static int
is_source_right(const mcp__op *op)
{
    return op->may_stand || !op->view.stands[MCP__SOURCE];
}

/* A user's lease is won only when the other copy has no value either. */
static int
may_ask_source(const mcp__op *op)
{
    return (is_copy(op) && is_source_right(op)) ||
           (!is_copy(op) && op->view.exists[MCP__SOURCE] && op->view.is_cold[MCP__TARGET] &&
            !op->view.is_cold[MCP__SOURCE] && mcp__view_is_trusted(&op->view, MCP__SOURCE));
}

/* No copy has it: a user's lease is ours, or somebody else's. */
static mcp__step
grant(mcp__op *op)
{
    int is_won = op->drop_unique != 0;
    op->answered = MCP__TARGET;
    op->result_cas = is_won ? mcp__token_cas(op->leg[MCP__TARGET].cas_mark, op->drop_unique) : 0;
    return mcp__op_done(op, is_won ? MCP_NOT_FOUND : MCP_LEASED);
}

static mcp__step
answer_lease(mcp__op *op, const mcp__reply *reply)
{
    int is_won = (reply->lease & MCP__LEASE_WON) != 0;
    int is_empty = reply->value.len == 0;
    if (!is_won && !((reply->lease & MCP__LEASE_TAKEN) && is_empty)) {
        mcp__op_adopt(op, MCP__TARGET, reply);
        if (op->verb == MCP_LEASE)
            op->result_cas = 0; /* a value, and nothing to be done */
        return done(op, op->leg[MCP__TARGET].status, MCP__OUTCOME_KEPT);
    }
    if (is_won && !is_empty) { /* an early recomputing, with the old value */
        mcp__op_adopt(op, MCP__TARGET, reply);
        return done(op, MCP_OK, MCP__OUTCOME_KEPT);
    }
    op->unique = op->drop_unique = is_won ? reply->cas : 0;
    if (may_ask_source(op) && !(is_copy(op) && !is_won)) {
        op->phase = is_won ? SOURCE : ASIDE;
        return mcp__op_send(MCP__SOURCE, MCP__COMMAND_GET);
    }
    if (op->verb == MCP_LEASE)
        return grant(op);
    if (is_won) {
        op->phase = UNDO;
        op->status = is_copy(op) ? MCP_UNKNOWN : MCP_NOT_FOUND;
        return mcp__op_send(MCP__TARGET, MCP__COMMAND_DELETE);
    }
    op->answered = MCP__TARGET;
    return done(op, MCP_NOT_FOUND, MCP__OUTCOME_KEPT);
}

static mcp__step
answer_look(mcp__op *op, const mcp__reply *reply)
{
    if (reply->kind == MCP__REPLY_VALUE) {
        mcp__op_adopt(op, MCP__TARGET, reply);
        return done(op, MCP_OK, MCP__OUTCOME_KEPT);
    }
    op->phase = SOURCE;
    return mcp__op_send(MCP__SOURCE, MCP__COMMAND_GET);
}

/* ---- at the source ---- */

/* Of a copy whose stub is gone again: there is none to be had; or there was no memory for it, or no
 * right source, which must not count as done. */
static mcp__outcome_status
undone(const mcp__op *op)
{
    return op->status < MCP_OK ? MCP__OUTCOME_FAILED : MCP__OUTCOME_MISSING;
}

static mcp__step
undo(mcp__op *op, mcp_status status)
{
    op->status = (int16_t)status;
    if (op->promise->is_shared || op->drop_unique == 0)
        return done(op, status, undone(op));
    op->phase = UNDO;
    return mcp__op_send(MCP__TARGET, MCP__COMMAND_DELETE);
}

static mcp__step
answer_source(mcp__op *op, const mcp__reply *reply)
{
    /* As a copy it would live for ever, or nobody can say how long. */
    int is_expiring = reply->ttl == 0 || reply->ttl == MCP__TTL_UNKNOWN;
    if (!is_source_right(op)) {
        op->answered = MCP__TARGET;
        return undo(op, is_copy(op) ? MCP_UNKNOWN : MCP_NOT_FOUND);
    }
    if (reply->kind != MCP__REPLY_VALUE) {
        op->answered = MCP__SOURCE;
        if (op->verb == MCP_LEASE)
            return grant(op);
        return undo(op, MCP_NOT_FOUND);
    }
    mcp__op_adopt(op, MCP__SOURCE, reply);
    if (op->verb == MCP_LEASE)
        op->result_cas = 0;
    op->copy_cas[MCP__SOURCE] = reply->cas;
    if (op->phase == ASIDE)
        return done(op, MCP_OK, MCP__OUTCOME_KEPT);
    if (mcp__op_keep(op, reply) != 0) {
        op->result_value = (mcp__span){NULL, 0};
        return undo(op, MCP_NO_MEMORY);
    }
    op->status = MCP_OK;
    if (is_expiring)
        return undo(op, MCP_OK);
    op->phase = STORE;
#ifdef MCP_MUTANT_FILL_BY_ADD
    return mcp__op_send(MCP__TARGET, MCP__COMMAND_ADD);
#endif
    return mcp__op_send(MCP__TARGET, op->promise->is_shared ? MCP__COMMAND_ADD : MCP__COMMAND_CAS);
}

/* ---- storing ---- */

static mcp__step
answer_store(mcp__op *op, const mcp__reply *reply)
{
    int status = op->leg[MCP__TARGET].status;
    if (!op->promise->is_shared || status != MCP_OK) {
        mcp__outcome_status outcome = status == MCP_OK ? MCP__OUTCOME_DONE : MCP__OUTCOME_KEPT;
        if ((status == MCP_TOO_BIG ||
             status == MCP_SERVER_FULL)) /* it has dropped the stub itself */
            outcome = MCP__OUTCOME_UNABLE;
        op->number = status == MCP_OK; /* for the count of refills */
        return done(op, op->status, outcome);
    }
    op->drop_unique = reply->cas;
    op->phase = CHECK;
    return mcp__op_send(MCP__SOURCE, (mcp__command_kind)MCP__WORD_PEEK);
}

static mcp__step
answer_check(mcp__op *op, const mcp__reply *reply)
{
    if (reply->cas == op->copy_cas[MCP__SOURCE] && reply->cas != 0)
        return done(op, op->status, MCP__OUTCOME_DONE);
    op->phase = UNDO;
    return mcp__op_send(MCP__TARGET, MCP__COMMAND_DELETE);
}

/* ---- the doors ---- */

mcp__step
mcp__fill_answer(mcp__op *op, int leg, const mcp__reply *reply)
{
    op->leg[leg].copy = MCP_COPY_OK;
    switch (op->phase) {
    case CLEAR:
        return look_at_target(op);
    case LEASE:
        return answer_lease(op, reply);
    case LOOK:
        return answer_look(op, reply);
    case SOURCE:
    case ASIDE:
        return answer_source(op, reply);
    case STORE:
        return answer_store(op, reply);
    case CHECK:
        return answer_check(op, reply);
    default:
        return done(op, op->status, undone(op));
    }
}

mcp__step
mcp__fill_failed(mcp__op *op, int leg)
{
    if (op->verb == MCP_LEASE && (op->phase == SOURCE || op->phase == ASIDE))
        return grant(op);
    switch (op->phase) {
    case SOURCE: /* our stub goes, so that the next reader may try again */
        if (!is_copy(op))
            return undo(op, MCP_NOT_FOUND);
        return done(op, MCP_OK, MCP__OUTCOME_FAILED);
    case ASIDE:
        return done(op, MCP_NOT_FOUND, MCP__OUTCOME_FAILED);
    case STORE:
        if (op->leg[leg].failure == MCP__FAILURE_MEMORY && op->drop_unique != 0) {
            if (is_copy(op)) /* it was not even sent: our stub must not count as a copy */
                op->status = MCP_NO_MEMORY;
            return undo(op, (mcp_status)op->status);
        }
        return done(op, op->status, MCP__OUTCOME_FAILED);
    case CHECK:
    case UNDO: /* the value was read: that is the answer */
        return done(op, op->status, MCP__OUTCOME_FAILED);
    default:
        break;
    }
    if (is_copy(op))
        return done(op, MCP_OK, MCP__OUTCOME_FAILED);
    op->is_filling = 0;
    if (mcp__op_is_untried(op, MCP__SOURCE) && mcp__view_is_trusted(&op->view, MCP__SOURCE)) {
        op->phase = ASIDE;
        op->drop_unique = 0;
        return mcp__op_send(MCP__SOURCE, MCP__COMMAND_GET);
    }
    return mcp__op_done(op, mcp__op_failure_status(op, 0));
}

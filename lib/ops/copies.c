/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/copies.h"

#include "ops/mark.h"
#include "wire/token.h"

mcp__command_kind
mcp__copies_command(const mcp__op *op)
{
    switch (op->verb) {
    case MCP_GAT:
        return MCP__COMMAND_GAT;
    case MCP_SET:
        return op->ttl < 0 ? MCP__COMMAND_DELETE : MCP__COMMAND_SET;
    case MCP_ADD:
        return MCP__COMMAND_ADD;
    case MCP_REPLACE:
        return MCP__COMMAND_REPLACE;
    case MCP_APPEND:
        return MCP__COMMAND_APPEND;
    case MCP_PREPEND:
        return MCP__COMMAND_PREPEND;
    case MCP_CAS:
        return MCP__COMMAND_CAS;
    case MCP_DELETE:
        return MCP__COMMAND_DELETE;
    case MCP_TOUCH:
        return MCP__COMMAND_TOUCH;
    case MCP_INCR:
        return MCP__COMMAND_INCR;
    default:
        return MCP__COMMAND_DECR;
    }
}

int
mcp__copies_is_decided(const mcp__op *op)
{
    switch (mcp__copies_command(op)) {
    case MCP__COMMAND_ADD:
    case MCP__COMMAND_REPLACE:
    case MCP__COMMAND_APPEND:
    case MCP__COMMAND_PREPEND:
    case MCP__COMMAND_CAS:
        return 1;
    default:
        return 0;
    }
}

int
mcp__copies_is_foreign_token(const mcp__op *op, int leg)
{
    return op->verb == MCP_CAS && (mcp__token_cas_mark(op->cas) != op->leg[leg].cas_mark ||
                                   mcp__token_cas_unique(op->cas) == 0);
}

mcp_status
mcp__copies_plain_status(const mcp__op *op, mcp_status status)
{
    int is_expiry = op->verb == MCP_SET && status == MCP_NOT_FOUND; /* a set that expires at once */
    return is_expiry ? MCP_OK : status;
}

mcp_status
mcp__copies_told(const mcp__op *op, int leg)
{
    mcp_status status = op->leg[leg].status;
    if (mcp__copies_is_append(op) && status == MCP_NOT_STORED &&
        op->leg[MCP__OTHER(leg)].copy == MCP_COPY_UNKNOWN)
        return MCP_UNKNOWN;
    return mcp__copies_plain_status(op, status);
}

int
mcp__copies_met_stub(const mcp__op *op, int leg, const mcp__reply *reply)
{
    const mcp__leg *at = &op->leg[leg];
    if (at->bundle[0] == MCP__COMMAND_TOUCH)
        return (reply->lease & MCP__LEASE_TAKEN) != 0;
    return mcp__copies_is_count(op) && at->status != MCP_OK &&
           at->bundle[0] != MCP__COMMAND_DELETE;
}

int
mcp__copies_is_to_be_copied(const mcp__op *op, int leg)
{
    return op->view.is_cold[leg] && !op->view.stands[leg] && mcp__op_keeps_record(op);
}

int
mcp__copies_was_copied_beside(const mcp__op *op)
{
    return mcp__copies_is_relative(op) && mcp__copies_is_stored(op, MCP__PRIMARY) &&
           op->leg[MCP__BACKUP].copy == MCP_COPY_OK && !op->view.stands[MCP__PRIMARY] &&
           mcp__copies_is_to_be_copied(op, MCP__BACKUP);
}

int
mcp__copies_is_lost_cas(const mcp__op *op, int leg)
{
    return op->verb == MCP_CAS && op->leg[leg].copy == MCP_COPY_UNKNOWN;
}

void
mcp__copies_leave_out(mcp__op *op, int leg)
{
    if (op->view.exists[leg] && !op->leg[leg].was_asked) {
        op->leg[leg].copy = MCP_COPY_FAILED;
        if (op->leg[leg].failure == MCP__FAILURE_NONE) /* it may have been asked for its marks */
            op->leg[leg].failure = MCP__FAILURE_AWAY;
        op->leg[leg].missed = 1;
    }
}

int
mcp__copies_left_out(const mcp__op *op)
{
    if (mcp__op_is_untried(op, MCP__PRIMARY))
        return MCP__PRIMARY;
    return mcp__op_is_untried(op, MCP__BACKUP) ? MCP__BACKUP : -1;
}

mcp__step
mcp__copies_send_recorded(mcp__op *op, int leg)
{
    mcp__copies_leave_out(op, MCP__OTHER(leg));
    op->leg[leg].failure = MCP__FAILURE_NONE;
    op->leg[leg].missed = 0;
    if (mcp__op_keeps_record(op) && op->leg[MCP__OTHER(leg)].missed)
        return mcp__mark_begin(op, leg, (uint8_t)mcp__copies_command(op));
    return mcp__op_send(leg, mcp__copies_command(op));
}

/* An answer that says that nothing was changed there. */
static int
is_no_change(const mcp__op *op, mcp_status status)
{
    switch (status) {
    case MCP_NOT_STORED:
    case MCP_EXISTS:
    case MCP_NOT_NUMBER:
        return 1;
    case MCP_NOT_FOUND:
        return op->verb != MCP_DELETE && op->verb != MCP_SET;
    default:
        return 0;
    }
}

/* The copy that lacks a change which the other one has; -1: none. */
static int
missing_copy(const mcp__op *op)
{
    const mcp__leg *leg = op->leg;
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        const mcp__leg *other = &leg[MCP__OTHER(i)];
        int other_has = other->copy == MCP_COPY_OK || mcp__copies_is_refusal(other->status);
        if (!leg[i].missed || other->missed || !other_has)
            continue;
        /* What may have been done to this copy is on record even if the other one said no. */
        if (leg[i].copy == MCP_COPY_UNKNOWN || !is_no_change(op, other->status))
            return i;
    }
    return -1;
}

void
mcp__copies_keep_value(mcp__op *op)
{
    mcp__reply as_reply = {.value = op->result_value};
    if (!op->has_view || mcp__op_keep(op, &as_reply) == 0)
        return;
    op->status = MCP_NO_MEMORY; /* it was changed all the same */
    op->result_value = (mcp__span){NULL, 0};
    op->has_view = 0;
}

static mcp__step
finish(mcp__op *op)
{
    int hold = op->mark.has != 0 && op->status >= MCP_OK;
    op->hold_ms = hold ? mcp__mark_hold_ms(op) : 0;
    if (op->hold_ms == 0)
        return mcp__op_done(op, op->status);
    mcp__copies_keep_value(op);
    /* No time left: it is on record, but somebody may still read what was there before. */
    if (op->hold_ms > op->deadline_ms) {
        op->hold_ms = op->deadline_ms;
        op->status = MCP_UNKNOWN;
    }
    return mcp__op_wait();
}

void
mcp__copies_adopt(mcp__op *op, int leg, const mcp__reply *reply)
{
    mcp__op_adopt(op, leg, reply);
    if (op->has_view && mcp__op_keep(op, reply) != 0) {
        op->leg[leg].status = MCP_NO_MEMORY; /* it was touched all the same */
        op->leg[leg].failure = MCP__FAILURE_MEMORY;
        op->result_value = (mcp__span){NULL, 0};
        op->has_view = 0;
    }
}

mcp__step
mcp__copies_done(mcp__op *op, mcp_status status)
{
    int missing = missing_copy(op);
    op->status = (int16_t)status;
    if (missing < 0 || !mcp__op_keeps_record(op) || op->mark.has != 0)
        return finish(op);
    mcp__copies_keep_value(op);
    return mcp__mark_begin(op, MCP__OTHER(missing), MCP__COMMAND_NONE);
}

mcp__step
mcp__copies_failed(mcp__op *op)
{
    int left_out = mcp__copies_left_out(op);
    if (left_out < 0)
        return mcp__op_done(op, mcp__op_failure_status(op, 1));
    return mcp__copies_send_recorded(op, left_out);
}

/* Both stand, as has become known by now: what this copy said there was is not told, as in ops/read. */
static int
is_of_doubtful_copy(mcp__op *op)
{
    int says_what_is = op->verb == MCP_GAT || mcp__copies_is_count(op);
    if (!says_what_is || op->mark.is_whole || !op->view.stands[op->mark.witness])
        return 0;
    op->result_value = (mcp__span){NULL, 0};
    op->has_view = 0;
    return 1;
}

mcp__step
mcp__copies_recorded(mcp__op *op, int is_recorded)
{
    if (is_recorded && is_of_doubtful_copy(op))
        return mcp__op_done(op, MCP_UNKNOWN);
    if (is_recorded)
        return finish(op);
    /* Never an acknowledgement without the record: the change may be lost when the other copy
     * comes back. */
    op->mark.has = 0;
    if (op->mark.is_whole)
        return mcp__op_done(op, MCP_UNKNOWN);
    return mcp__op_done(op, op->status == MCP_OK || op->status > MCP_OK ? MCP_UNKNOWN : op->status);
}

mcp__step
mcp__copies_held(mcp__op *op)
{
    mcp__op_look(op);
    return mcp__op_done(op, is_of_doubtful_copy(op) ? MCP_UNKNOWN : (mcp_status)op->status);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/write.h"

#include "ops/agree.h"
#include "ops/alone.h"
#include "ops/copies.h"
#include "ops/erase.h"
#include "ops/mark.h"
#include "ops/stubs.h"
#include "ops/write_parts.h"
#include "wire/token.h"

/* What is told depends on what is there: a copy that missed writes must not answer. */
static int
wants_truth(const mcp__op *op)
{
    return mcp__copies_is_decided(op) || mcp__copies_is_count(op) || op->verb == MCP_GAT;
}

/* ---- one copy, with the record ---- */

static mcp__step
send_recorded(mcp__op *op, int leg)
{
    op->phase = RECORDED;
    if (mcp__copies_is_foreign_token(op, leg))
        return mcp__op_done(op, MCP_EXISTS);
    return mcp__copies_send_recorded(op, leg);
}

/* The command alone has been answered, or the whole bundle. */
static mcp__step
finish_recorded(mcp__op *op, int leg)
{
    if (mcp__copies_is_refusal(op->leg[leg].status))
        op->leg[leg].copy = MCP_COPY_FAILED;
    return mcp__copies_done(op, mcp__copies_told(op, leg));
}

/* ---- both at once ---- */

mcp__step
mcp__write_begin_both(mcp__op *op)
{
    mcp__step step = mcp__op_wait();
    mcp__command_kind kind = mcp__copies_command(op);
    op->phase = BOTH;
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++) {
        if (op->view.exists[leg])
            mcp__op_add(&step, leg, (uint8_t)kind);
    }
    /* The backup only learns the new time to live; the value comes from the primary. */
    if (kind == MCP__COMMAND_GAT && op->view.exists[MCP__BACKUP])
        step.send[MCP__BACKUP][0] = MCP__COMMAND_TOUCH;
    return step;
}

/* Meanwhile it became known that the primary missed writes: its word is not told, as in ops/read. */
static int
is_outspoken(const mcp__op *op)
{
    return mcp__op_keeps_record(op) && op->view.stands[MCP__PRIMARY] &&
           !op->view.stands[MCP__BACKUP];
}

/* The primary could not bring a gat's value, and the backup was only touched. */
static int
needs_fetch(const mcp__op *op)
{
    return op->verb == MCP_GAT &&
           (op->leg[MCP__PRIMARY].copy != MCP_COPY_OK || is_outspoken(op)) &&
           op->leg[MCP__BACKUP].bundle[0] == MCP__COMMAND_TOUCH &&
           mcp__copies_is_stored(op, MCP__BACKUP);
}

/*
 * One copy refused a store that the other took, so they would differ. Too big: the server dropped
 * what it had, so the other copy goes, too. Out of memory: its old value may still be there and
 * must not be read later; on the copy that does not decide that alone does not fail the write.
 */
static mcp__step
clean_up(mcp__op *op)
{
    mcp__step step = mcp__op_wait();
    mcp__leg *leg = op->leg;
    int answered =
        leg[op->authority].copy == MCP_COPY_OK ? op->authority : MCP__OTHER(op->authority);
    op->status = leg[answered].status;
    if (leg[MCP__PRIMARY].status == MCP_TOO_BIG || leg[MCP__BACKUP].status == MCP_TOO_BIG)
        op->status = MCP_TOO_BIG;
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (leg[i].copy != MCP_COPY_OK)
            continue;
        if (leg[i].status == MCP_SERVER_FULL || (leg[i].status == MCP_OK && op->status != MCP_OK))
            mcp__op_add(&step, i, MCP__COMMAND_DELETE);
        if (mcp__copies_is_refusal(leg[i].status))
            leg[i].copy = MCP_COPY_FAILED;
    }
    op->phase = CLEAN;
    if (!step.send[MCP__PRIMARY][0] && !step.send[MCP__BACKUP][0])
        return mcp__copies_done(op, op->status);
    return step;
}

/* Both copies took it: with a number from each server they can be compared later. */
static mcp__step
done_both(mcp__op *op, mcp_status status)
{
    if (status == MCP_OK && op->promise->verifies && mcp__op_keeps_record(op) &&
        op->copy_cas[MCP__PRIMARY] != 0 && op->copy_cas[MCP__BACKUP] != 0)
        op->sequel = MCP__SEQUEL_VERIFY;
    return mcp__copies_done(op, status);
}

static mcp__step
settle_both(mcp__op *op)
{
    const mcp__leg *primary = &op->leg[MCP__PRIMARY], *backup = &op->leg[MCP__BACKUP];
    if (mcp__op_is_waiting(op, MCP__PRIMARY) || mcp__op_is_waiting(op, MCP__BACKUP))
        return mcp__op_wait();
    if (primary->copy != MCP_COPY_OK && backup->copy != MCP_COPY_OK)
        return mcp__copies_failed(op);
    if (mcp__copies_is_refusal(primary->status) || mcp__copies_is_refusal(backup->status))
        return clean_up(op);
    if (mcp__stubs_may_be(op, MCP__PRIMARY))
        return mcp__write_meet_stub(op, MCP__PRIMARY);
    if (mcp__stubs_may_be(op, MCP__BACKUP) &&
        (mcp__copies_is_stored(op, MCP__PRIMARY) || op->answered < 0))
        return mcp__write_meet_stub(op, MCP__BACKUP);
    if (needs_fetch(op)) {
        op->phase = FETCH;
        return mcp__op_send(MCP__BACKUP, MCP__COMMAND_GET);
    }
    /* Nobody else can say what is there. */
    if (op->answered == MCP__PRIMARY && wants_truth(op) && is_outspoken(op))
        return mcp__copies_done(op, MCP_UNKNOWN);
    if (mcp__copies_was_copied_beside(op)) {
        op->sequel = MCP__SEQUEL_COPY;
        op->status = MCP_OK;
        op->phase = CLEAN;
        mcp__copies_keep_value(op);
        return mcp__op_send(MCP__BACKUP, MCP__COMMAND_DELETE);
    }
    return done_both(op, op->leg[op->answered].status);
}

static mcp__step
answer_both(mcp__op *op, int leg, const mcp__reply *reply)
{
    int is_first = is_outspoken(op) ? leg == MCP__BACKUP : leg == MCP__PRIMARY;
    op->leg[leg].copy = MCP_COPY_OK;
    if (!mcp__stubs_may_be(op, leg) && (is_first || op->answered < 0)) {
        if (mcp__op_is_waiting(op, MCP__OTHER(leg)))
            mcp__copies_adopt(op, leg, reply);
        else
            mcp__op_adopt(op, leg, reply);
    }
    return settle_both(op);
}

/* ---- one after the other: the authority decides ---- */

mcp__step
mcp__write_decide_at(mcp__op *op, int leg)
{
    op->phase = DECIDE;
    op->authority = (uint8_t)leg;
    if (mcp__copies_is_foreign_token(op, leg))
        return mcp__op_done(op, MCP_EXISTS);
    return mcp__op_send(leg, mcp__copies_command(op));
}

/*
 * The authority found the value too large, or had no memory for it: it has dropped what it had, in
 * every mode (too large: measured on memcached 1.6.18; out of memory: taken to be the same), so
 * nothing of before may remain on the other copy.
 */
static mcp__step
drop_refused(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    op->status = op->leg[leg].status;
    if (!op->view.is_usable[other] || op->leg[other].failure != MCP__FAILURE_NONE) {
        mcp__copies_leave_out(op, other);
        return mcp__copies_done(op, op->status);
    }
    op->leg[other].copy = MCP_COPY_FAILED;
    op->phase = CLEAN;
    return mcp__op_send(other, MCP__COMMAND_DELETE);
}

/* What the other copy gets when the authority has said yes. One that is being filled or repaired
 * may be given the new number by a copy at this moment, and a delta would then count twice: it
 * loses the key, and gets it from the next copy. */
static mcp__command_kind
mirror_command(const mcp__op *op)
{
    int other = MCP__OTHER(op->authority);
    mcp__command_kind kind = mcp__copies_command(op);
    if (kind == MCP__COMMAND_GAT)
        return MCP__COMMAND_TOUCH;
    if (mcp__copies_is_count(op) && (op->view.stands[other] || op->view.is_cold[other]))
        return MCP__COMMAND_DELETE;
    if (kind == MCP__COMMAND_TOUCH || mcp__copies_is_count(op))
        return kind;
    return mcp__copies_is_expiry(op) ? MCP__COMMAND_DELETE : MCP__COMMAND_SET;
}

/* ack=primary: the backup gets it behind the acknowledgement. */
static int
is_mirrored_later(const mcp__op *op, int decider)
{
    return !op->promise->waits_for_mirror && decider == MCP__PRIMARY && !mcp__copies_is_expiry(op) &&
           !op->view.stands[MCP__PRIMARY] && !op->view.stands[MCP__BACKUP] &&
           !(op->view.is_cold[MCP__BACKUP] && mcp__copies_is_relative(op));
}

/* What expires at once is there for a second (see mcp__op_command), and goes when the backup's copy has
 * gone: the other way round a fill of the primary, of which this client need not know, might bring back
 * what the backup still had. */
static int
is_to_be_removed(const mcp__op *op)
{
    return mcp__copies_is_expiry(op) && op->authority == MCP__PRIMARY && mcp__op_keeps_record(op);
}

static mcp__step
remove_here(mcp__op *op)
{
    op->status = MCP_OK;
    op->phase = CLEAN;
    return mcp__op_send(op->authority, MCP__COMMAND_DELETE);
}

static mcp__step
mirror_decision(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    int status = op->leg[leg].status;
    if (mcp__copies_is_refusal(status))
        return drop_refused(op, leg);
    if (mcp__stubs_may_be(op, leg))
        return mcp__write_meet_stub(op, leg);
    if (status != MCP_OK || !op->view.exists[other])
        return mcp__copies_done(op, status);
    /* Away, or asked before the authority was and without an answer: it is not asked again. */
    if (!op->view.is_usable[other] || op->leg[other].was_asked ||
        op->leg[other].failure != MCP__FAILURE_NONE) {
        mcp__copies_leave_out(op, other);
        return is_to_be_removed(op) ? remove_here(op) : mcp__copies_done(op, status);
    }
    op->phase = mcp__copies_is_append(op) ? FETCH : MIRROR;
    if (op->phase == FETCH)
        return mcp__op_send(leg, MCP__COMMAND_GET);
    if (is_mirrored_later(op, leg)) {
        op->sequel = MCP__SEQUEL_MIRROR;
        op->ask = (uint8_t)mirror_command(op);
        return mcp__op_done(op, (mcp_status)status);
    }
    return mcp__op_send(other, mirror_command(op));
}

/* What the append left could not be read: the other copy must not keep the value of before. */
static mcp__step
drop_other(mcp__op *op)
{
    int other = MCP__OTHER(op->authority);
    op->status = MCP_OK;
    op->leg[op->authority].copy = MCP_COPY_OK; /* the append itself was answered */
    op->leg[op->authority].missed = 0;
    op->leg[other].copy = MCP_COPY_FAILED;
    if (!op->view.is_usable[other]) {
        op->leg[other].missed = 1;
        return mcp__copies_done(op, MCP_OK);
    }
    op->phase = CLEAN;
    return mcp__op_send(other, MCP__COMMAND_DELETE);
}

mcp__step
mcp__write_copy_append(mcp__op *op)
{
    int other = MCP__OTHER(op->authority);
    op->drop_unique = 0;
    /* Less than a second is left, and 0 would mean for ever; or the protocol does not tell it. */
    if (op->result_ttl == 0 || op->result_ttl == MCP__TTL_UNKNOWN)
        return drop_other(op);
    if (!op->view.is_usable[other]) { /* it has gone away since the append began */
        mcp__copies_leave_out(op, other);
        return mcp__copies_done(op, MCP_OK);
    }
    op->phase = MIRROR;
    return mcp__op_send(other, MCP__COMMAND_SET);
}

static mcp__step
answer_fetch(mcp__op *op, int leg, const mcp__reply *reply)
{
    if (op->verb == MCP_GAT) {
        mcp__copies_adopt(op, leg, reply);
        return mcp__copies_done(op, op->leg[leg].status);
    }
    if (reply->kind != MCP__REPLY_VALUE || mcp__op_keep(op, reply) != 0)
        return drop_other(op);
    op->result_value = (mcp__span){NULL, 0}; /* for the other copy, not for the user */
    op->result_flags = reply->flags;
    op->result_ttl = reply->ttl;
    op->drop_unique = reply->cas;
    return mcp__write_may_have_met_stub(op) ? mcp__write_ask_base(op) : mcp__write_copy_append(op);
}

/* The other copy has it, too. While it stands, its order among writes is not the authority's: has
 * that one been written meanwhile, the key goes on record again. */
static mcp__step
answer_mirror(mcp__op *op, int leg, const mcp__reply *reply)
{
    int is_stub = mcp__copies_met_stub(op, leg, reply);
    int is_removed = mcp__copies_is_count(op) && op->leg[leg].bundle[0] == MCP__COMMAND_DELETE;
    op->leg[leg].copy = MCP_COPY_OK;
    if (mcp__copies_is_refusal(op->leg[leg].status)) {
        op->leg[op->authority].status = MCP_OK;
        return clean_up(op);
    }
    if ((is_stub || is_removed) && mcp__copies_is_to_be_copied(op, leg))
        op->sequel = MCP__SEQUEL_COPY;
    if (is_stub) {
        op->status = MCP_OK;
        op->phase = CLEAN;
        return mcp__op_send(leg, MCP__COMMAND_DELETE);
    }
    if (is_to_be_removed(op))
        return remove_here(op);
    if (op->view.stands[leg] && op->copy_cas[op->authority] != 0) {
        op->phase = CHECK;
        return mcp__op_send(op->authority, (mcp__command_kind)MCP__WORD_PEEK);
    }
    return done_both(op, MCP_OK);
}

static mcp__step
answer_check(mcp__op *op, const mcp__reply *reply)
{
    int other = MCP__OTHER(op->authority);
    if (reply->cas == op->copy_cas[op->authority])
        return mcp__copies_done(op, MCP_OK);
    /* Two wrote the key in another order here than there. What this one put there goes, if it is
     * still that: a new entry on record would let writers who meet often keep the mark for ever. */
    op->status = MCP_OK;
    op->drop_unique = op->copy_cas[other];
    op->phase = CLEAN;
    return mcp__op_send(other, MCP__COMMAND_DELETE);
}

static mcp__step
failed_decision(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    int may_decide = !op->view.stands[other] || !wants_truth(op);
    if (mcp__op_is_untried(op, other) && !mcp__copies_is_lost_cas(op, leg) && may_decide)
        return send_recorded(op, other);
    /* It may be done yet, late: then the other copy is the one that is right. */
    if (op->leg[leg].copy == MCP_COPY_UNKNOWN && op->view.is_usable[other] &&
        !op->leg[other].missed && mcp__op_keeps_record(op)) {
        op->status = MCP_UNKNOWN;
        return mcp__mark_begin(op, other, MCP__COMMAND_NONE);
    }
    return mcp__op_done(op, mcp__op_failure_status(op, 1));
}

/* ---- beginning ---- */

/* Whether both copies may be written at once, or one has to be first. */
static int
is_level(const mcp__op *op)
{
    const mcp__view *view = &op->view;
    if (view->stands[MCP__PRIMARY] || view->stands[MCP__BACKUP])
        return 0;
    int is_lopsided = view->is_cold[MCP__BACKUP] || mcp__view_decider(view) == MCP__BACKUP;
    return !mcp__copies_is_decided(op) && !(mcp__copies_is_relative(op) && is_lopsided);
}

static mcp__step
begin_paired(mcp__op *op)
{
    const mcp__view *view = &op->view;
    int decider = mcp__view_decider(view);
    int other = MCP__OTHER(decider);
    if (mcp__write_wants_agreement(op))
        return mcp__write_begin_agreement(op);
    if (view->is_usable[decider] && view->is_usable[other] && is_mirrored_later(op, decider))
        return mcp__write_decide_at(op, decider);
    if (view->is_usable[decider] && view->is_usable[other])
        return is_level(op) ? mcp__write_begin_both(op) : mcp__write_decide_at(op, decider);
    if (view->is_usable[decider])
        return send_recorded(op, decider);
    if (view->is_usable[other]) { /* the decider is away, and the other one stands */
        mcp__copies_leave_out(op, decider);
        if (wants_truth(op))
            return mcp__op_done(op, mcp__op_failure_status(op, 1));
        return send_recorded(op, other);
    }
    /* Neither seems to be there: one may have come back. */
    return is_level(op) ? mcp__write_begin_both(op) : mcp__write_decide_at(op, decider);
}

mcp__step
mcp__write_begin_alone(mcp__op *op, int leg)
{
    op->phase = ALONE;
    return mcp__alone_begin(op, leg);
}

mcp__step
mcp__write_begin(mcp__op *op)
{
    if (!op->is_mirrored)
        return mcp__write_begin_alone(op, mcp__view_authority(&op->view));
    if (mcp__copies_command(op) == MCP__COMMAND_DELETE)
        return mcp__erase_begin(op);
    if (op->view.exists[MCP__BACKUP])
        return begin_paired(op);
    return mcp__copies_is_decided(op) ? mcp__write_decide_at(op, MCP__PRIMARY)
                                      : mcp__write_begin_both(op);
}

/* ---- the other doors ---- */

mcp__step
mcp__write_answer(mcp__op *op, int leg, uint8_t word, const mcp__reply *reply)
{
    if (mcp__command_has_value((mcp__command_kind)word) && op->leg[leg].status == MCP_OK)
        op->copy_cas[leg] = reply->cas;
    if (op->mark.is_active) { /* the change went in front of its record */
        op->leg[leg].copy =
            mcp__copies_is_refusal(op->leg[leg].status) ? MCP_COPY_FAILED : MCP_COPY_OK;
        op->leg[leg].missed = 0;
        mcp__copies_adopt(op, leg, reply);
        op->status = (int16_t)mcp__copies_told(op, leg);
        if (op->verb == MCP_DELETE || op->verb == MCP_SET)
            op->answered = (int8_t)leg;
        return mcp__op_wait();
    }
    switch (op->phase) {
    case AGREE:
        return mcp__write_take_agreement(op, leg, reply);
    case CLEAR:
        return mcp__write_take_clear(op, leg);
    case ALONE:
        op->leg[leg].copy = MCP_COPY_OK;
        return mcp__stubs_may_be(op, leg) ? mcp__write_meet_stub(op, leg)
                                          : mcp__alone_answer(op, leg, reply);
    case MCP__STUBS_LOOK:
    case MCP__STUBS_DROP:
        return mcp__write_answer_stub(op, leg, reply);
    case RECORDED:
        op->leg[leg].copy = MCP_COPY_OK;
        mcp__op_adopt(op, leg, reply);
        return finish_recorded(op, leg);
    case BOTH:
        return answer_both(op, leg, reply);
    case DECIDE:
        op->leg[leg].copy =
            mcp__copies_is_refusal(op->leg[leg].status) ? MCP_COPY_FAILED : MCP_COPY_OK;
        mcp__copies_adopt(op, leg, reply);
        return mirror_decision(op, leg);
    case FETCH:
        return answer_fetch(op, leg, reply);
    case BASE:
    case UNMAKE:
        return mcp__write_answer_base(op, leg, reply);
    case MIRROR:
        return answer_mirror(op, leg, reply);
    case CHECK:
        return answer_check(op, reply);
    case CLEAN:
        op->leg[leg].missed = 0;
        op->leg[leg].status = op->status; /* what it said before: now it agrees with that */
        if (mcp__op_is_waiting(op, MCP__OTHER(leg)))
            return mcp__op_wait();
        return mcp__copies_done(op, op->status);
    default:
        op->leg[leg].copy = MCP_COPY_OK;
        mcp__op_adopt(op, leg, reply);
        return mcp__erase_advance(op);
    }
}

mcp__step
mcp__write_failed(mcp__op *op, int leg)
{
    switch (op->phase) {
    case AGREE:
        return mcp__write_take_agreement(op, leg, NULL);
    case CLEAR:
        return mcp__write_take_clear(op, leg);
    case ALONE:
        return mcp__alone_failed(op, leg);
    case MCP__STUBS_LOOK:
    case MCP__STUBS_DROP:
        return mcp__write_failed_stub(op, leg);
    case RECORDED: {
        int left_out = mcp__copies_left_out(op);
        if (left_out >= 0 && op->view.stands[left_out] && wants_truth(op))
            return mcp__op_done(op, mcp__op_failure_status(op, 1));
        return mcp__copies_failed(op);
    }
    case BOTH:
        return settle_both(op);
    case DECIDE:
        return failed_decision(op, leg);
    case FETCH:
        if (op->verb != MCP_GAT)
            return drop_other(op);
        op->leg[MCP__BACKUP].copy = MCP_COPY_UNKNOWN; /* touched, but what it holds was not heard */
        return mcp__op_done(op, MCP_UNKNOWN);
    case BASE:
    case UNMAKE:
        return mcp__write_failed_base(op, leg);
    case MIRROR:
        return is_to_be_removed(op) ? remove_here(op)
                                    : mcp__copies_done(op, op->leg[op->authority].status);
    case CHECK: /* unknown whether it has moved: on record, if that can be had at all */
        op->leg[leg].copy = MCP_COPY_OK;
        op->leg[leg].missed = 0;
        op->leg[MCP__OTHER(leg)].missed = 1;
        return mcp__copies_done(op, MCP_OK);
    case CLEAN:
        op->leg[leg].copy = MCP_COPY_UNKNOWN; /* it may still hold what should go */
        if (mcp__op_is_waiting(op, MCP__OTHER(leg)))
            return mcp__op_wait();
        if (is_to_be_removed(op) && op->leg[MCP__OTHER(leg)].missed) /* and so may the other one */
            return mcp__op_done(op, MCP_UNKNOWN);
        return mcp__copies_done(op, op->status);
    default:
        return mcp__erase_advance(op);
    }
}

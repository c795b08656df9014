/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/write.h"

#include "wire/token.h"

/*
 * phases       mirrored:  BOTH -----------------------------> done
 *                            `--> CLEAN (a copy refused it)--^
 *                            `--> FETCH (gat: only the backup is left) --> done
 *              delete:    FIRST --> SECOND --> done (and the third is owed)
 *              decided:   DECIDE --> MIRROR --> done
 *                            `--> FETCH --^ `--> CLEAN --> done
 *              not mirrored: ALONE --> done
 */
enum { ALONE, BOTH, FIRST, SECOND, DECIDE, FETCH, MIRROR, CLEAN };

static mcp__command_kind
command_of(const mcp__op *op)
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

static int
is_append(const mcp__op *op)
{
    return op->verb == MCP_APPEND || op->verb == MCP_PREPEND;
}

static int
is_refusal(mcp_status status)
{
    return status == MCP_TOO_BIG || status == MCP_SERVER_FULL;
}

static int
is_stored(const mcp__op *op, int leg)
{
    return op->leg[leg].copy == MCP_COPY_OK && op->leg[leg].status == MCP_OK;
}

/* A copy that is known to be away is not asked; it did not get the command. */
static void
leave_out(mcp__op *op, int leg)
{
    if (op->view.exists[leg] && !op->leg[leg].was_asked) {
        op->leg[leg].copy = MCP_COPY_FAILED;
        op->leg[leg].failure = MCP__FAILURE_AWAY;
    }
}

/* A cas token of another server names nothing here; none has a unique of 0. */
static int
is_foreign_token(const mcp__op *op, int leg)
{
    return op->verb == MCP_CAS && (mcp__token_cas_mark(op->cas) != op->leg[leg].cas_mark ||
                                   mcp__token_cas_unique(op->cas) == 0);
}

/* ---- not mirrored: one copy, the other one only when that cannot be reached ---- */

static mcp__step
send_alone(mcp__op *op, int leg)
{
    op->phase = ALONE;
    if (is_foreign_token(op, leg))
        return mcp__op_done(op, MCP_EXISTS);
    return mcp__op_send(leg, command_of(op));
}

static mcp__step
answer_alone(mcp__op *op, int leg, const mcp__reply *reply)
{
    op->leg[leg].copy = MCP_COPY_OK;
    mcp__op_adopt(op, leg, reply);
    mcp_status status = op->leg[leg].status;
    if (is_refusal(status))
        op->leg[leg].copy = MCP_COPY_FAILED;
    int is_expiry = op->verb == MCP_SET && status == MCP_NOT_FOUND; /* a set that expires at once */
    return mcp__op_done(op, is_expiry ? MCP_OK : status);
}

/* The token could not match on the other copy, and here it may have been taken. */
static int
is_lost_cas(const mcp__op *op, int leg)
{
    return op->verb == MCP_CAS && op->leg[leg].copy == MCP_COPY_UNKNOWN;
}

static mcp__step
failed_alone(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    if (mcp__op_is_untried(op, other) && !is_lost_cas(op, leg))
        return send_alone(op, other);
    return mcp__op_done(op, mcp__op_failure_status(op, 1));
}

/* ---- mirrored ---- */

static mcp__step
begin_both(mcp__op *op)
{
    mcp__step step = mcp__op_wait();
    mcp__command_kind kind = command_of(op);
    int any = op->view.is_usable[MCP__PRIMARY] || op->view.is_usable[MCP__BACKUP];
    op->phase = BOTH;
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++) {
        if (op->view.is_usable[leg] || (!any && op->view.exists[leg]))
            step.send[leg] = (uint8_t)kind;
        else
            leave_out(op, leg);
    }
    /* The backup only learns the new time to live; the value comes from the primary. */
    if (kind == MCP__COMMAND_GAT && step.send[MCP__PRIMARY] && step.send[MCP__BACKUP])
        step.send[MCP__BACKUP] = MCP__COMMAND_TOUCH;
    return step;
}

/* The primary could not bring the value of a gat, and the backup was only touched. */
static int
needs_fetch(const mcp__op *op)
{
    return op->verb == MCP_GAT && op->leg[MCP__PRIMARY].copy != MCP_COPY_OK &&
           op->leg[MCP__BACKUP].command == MCP__COMMAND_TOUCH && is_stored(op, MCP__BACKUP);
}

/*
 * One copy refused a store that the other took, so they would differ. Too big: the server dropped
 * what it had, so the other copy goes, too. Out of memory: its old value may still be there and
 * must not be read later; on the backup alone that does not fail the write.
 */
static mcp__step
clean_up(mcp__op *op)
{
    mcp__step step = mcp__op_wait();
    mcp__leg *leg = op->leg;
    int answered = leg[MCP__PRIMARY].copy == MCP_COPY_OK ? MCP__PRIMARY : MCP__BACKUP;
    op->status = leg[answered].status;
    if (leg[MCP__PRIMARY].status == MCP_TOO_BIG || leg[MCP__BACKUP].status == MCP_TOO_BIG)
        op->status = MCP_TOO_BIG;
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (leg[i].copy != MCP_COPY_OK)
            continue;
        if (leg[i].status == MCP_SERVER_FULL || (leg[i].status == MCP_OK && op->status != MCP_OK))
            step.send[i] = MCP__COMMAND_DELETE;
        if (is_refusal(leg[i].status))
            leg[i].copy = MCP_COPY_FAILED;
    }
    op->phase = CLEAN;
    if (!step.send[MCP__PRIMARY] && !step.send[MCP__BACKUP])
        return mcp__op_done(op, op->status);
    return step;
}

/* A copy that was left out because it seemed to be away: it may be back, and there is no other. */
static mcp__step
send_left_out(mcp__op *op, int leg)
{
    op->leg[leg].failure = MCP__FAILURE_NONE;
    return mcp__op_send(leg, command_of(op));
}

static int
left_out(const mcp__op *op)
{
    if (mcp__op_is_untried(op, MCP__PRIMARY))
        return MCP__PRIMARY;
    return mcp__op_is_untried(op, MCP__BACKUP) ? MCP__BACKUP : -1;
}

static mcp__step
settle_both(mcp__op *op)
{
    const mcp__leg *primary = &op->leg[MCP__PRIMARY], *backup = &op->leg[MCP__BACKUP];
    if (mcp__op_is_waiting(op, MCP__PRIMARY) || mcp__op_is_waiting(op, MCP__BACKUP))
        return mcp__op_wait();
    if (primary->copy != MCP_COPY_OK && backup->copy != MCP_COPY_OK)
        return left_out(op) >= 0 ? send_left_out(op, left_out(op))
                                 : mcp__op_done(op, mcp__op_failure_status(op, 1));
    if (is_refusal(primary->status) || is_refusal(backup->status))
        return clean_up(op);
    if (needs_fetch(op)) {
        op->phase = FETCH;
        return mcp__op_send(MCP__BACKUP, MCP__COMMAND_GET);
    }
    return mcp__op_done(op, op->leg[op->answered].status);
}

static mcp__step
answer_both(mcp__op *op, int leg, const mcp__reply *reply)
{
    op->leg[leg].copy = MCP_COPY_OK;
    if (leg == MCP__PRIMARY || op->answered < 0)
        mcp__op_adopt(op, leg, reply);
    /* A value has to wait for the other copy's answer: its link may be used meanwhile. */
    if (op->has_view && mcp__op_is_waiting(op, MCP__OTHER(leg)) && mcp__op_keep(op, reply) != 0) {
        op->leg[leg].status = MCP_NO_MEMORY; /* it was touched all the same */
        op->leg[leg].failure = MCP__FAILURE_MEMORY;
        op->result_value = (mcp__span){NULL, 0};
        op->has_view = 0;
    }
    return settle_both(op);
}

/* ---- delete ---- */

static mcp__step
begin_delete(mcp__op *op)
{
    int backup_first = op->view.is_usable[MCP__BACKUP] ||
                       (op->view.exists[MCP__BACKUP] && !op->view.is_usable[MCP__PRIMARY]);
    op->phase = backup_first ? FIRST : SECOND;
    if (!backup_first)
        leave_out(op, MCP__BACKUP);
    return mcp__op_send(backup_first ? MCP__BACKUP : MCP__PRIMARY, MCP__COMMAND_DELETE);
}

/* Found on either copy is found. A set that expires at once never says "not found". */
static mcp__step
finish_delete(mcp__op *op)
{
    const mcp__leg *primary = &op->leg[MCP__PRIMARY], *backup = &op->leg[MCP__BACKUP];
    if (primary->copy != MCP_COPY_OK && backup->copy != MCP_COPY_OK)
        return left_out(op) >= 0 ? send_left_out(op, left_out(op))
                                 : mcp__op_done(op, mcp__op_failure_status(op, 1));
    int is_found = op->verb == MCP_SET || is_stored(op, MCP__PRIMARY) || is_stored(op, MCP__BACKUP);
    mcp__step step = mcp__op_done(op, is_found ? MCP_OK : MCP_NOT_FOUND);
#ifndef MCP_MUTANT_NO_THIRD_DELETE
    if (primary->copy == MCP_COPY_OK && backup->copy == MCP_COPY_OK) {
        step.send[MCP__BACKUP] = MCP__COMMAND_DELETE;
        step.owe_backup = 1;
    }
#endif
    return step;
}

static mcp__step
advance_delete(mcp__op *op)
{
    if (op->phase == SECOND)
        return finish_delete(op);
    op->phase = SECOND;
    int backup_is_ok = op->leg[MCP__BACKUP].copy == MCP_COPY_OK;
    if (!op->view.is_usable[MCP__PRIMARY] && backup_is_ok) {
        leave_out(op, MCP__PRIMARY);
        return finish_delete(op);
    }
    return mcp__op_send(MCP__PRIMARY, MCP__COMMAND_DELETE);
}

/* ---- decided ---- */

static mcp__step
decide_at(mcp__op *op, int leg)
{
    op->phase = DECIDE;
    if (is_foreign_token(op, leg))
        return mcp__op_done(op, MCP_EXISTS);
    return mcp__op_send(leg, command_of(op));
}

static mcp__step
begin_decided(mcp__op *op)
{
    int authority = mcp__view_authority(&op->view);
    if (authority == MCP__BACKUP)
        leave_out(op, MCP__PRIMARY);
    return decide_at(op, authority);
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
        leave_out(op, other);
        return mcp__op_done(op, op->status);
    }
    op->leg[other].copy = MCP_COPY_FAILED;
    op->phase = CLEAN;
    return mcp__op_send(other, MCP__COMMAND_DELETE);
}

static mcp__step
mirror_decision(mcp__op *op, int leg)
{
    int status = op->leg[leg].status;
    if (is_refusal(status))
        return drop_refused(op, leg);
    if (leg == MCP__BACKUP || status != MCP_OK || !op->view.exists[MCP__BACKUP])
        return mcp__op_done(op, status);
    /* Away, or asked before the primary was and without an answer: it is not asked again. */
    if (!op->view.is_usable[MCP__BACKUP] || op->leg[MCP__BACKUP].was_asked) {
        leave_out(op, MCP__BACKUP);
        return mcp__op_done(op, status);
    }
    op->phase = is_append(op) ? FETCH : MIRROR;
    if (op->phase == FETCH)
        return mcp__op_send(MCP__PRIMARY, MCP__COMMAND_GET);
    int expires_at_once = op->ttl < 0;
    return mcp__op_send(MCP__BACKUP, expires_at_once ? MCP__COMMAND_DELETE : MCP__COMMAND_SET);
}

/* What the append left could not be read: the backup must not keep the value of before. */
static mcp__step
drop_backup(mcp__op *op)
{
    op->status = MCP_OK;
    op->leg[MCP__PRIMARY].copy = MCP_COPY_OK; /* the append itself was answered */
    op->leg[MCP__BACKUP].copy = MCP_COPY_FAILED;
    if (!op->view.is_usable[MCP__BACKUP])
        return mcp__op_done(op, MCP_OK);
    op->phase = CLEAN;
    return mcp__op_send(MCP__BACKUP, MCP__COMMAND_DELETE);
}

static mcp__step
answer_fetch(mcp__op *op, int leg, const mcp__reply *reply)
{
    if (op->verb == MCP_GAT) {
        mcp__op_adopt(op, leg, reply);
        return mcp__op_done(op, op->leg[leg].status);
    }
    int is_expiring = reply->ttl == 0; /* less than a second is left, and 0 would mean for ever */
    if (reply->kind != MCP__REPLY_VALUE || is_expiring || mcp__op_keep(op, reply) != 0)
        return drop_backup(op);
    op->result_value = (mcp__span){NULL, 0}; /* for the backup, not for the user */
    op->result_flags = reply->flags;
    op->result_ttl = reply->ttl;
    if (!op->view.is_usable[MCP__BACKUP]) { /* it has gone away since the append began */
        leave_out(op, MCP__BACKUP);
        return mcp__op_done(op, MCP_OK);
    }
    op->phase = MIRROR;
    return mcp__op_send(MCP__BACKUP, MCP__COMMAND_SET);
}

static mcp__step
answer_mirror(mcp__op *op)
{
    op->leg[MCP__BACKUP].copy = MCP_COPY_OK;
    if (is_refusal(op->leg[MCP__BACKUP].status)) {
        op->leg[MCP__PRIMARY].status = MCP_OK;
        return clean_up(op);
    }
    return mcp__op_done(op, MCP_OK);
}

static mcp__step
failed_decision(mcp__op *op, int leg)
{
    int other = MCP__OTHER(leg);
    if (mcp__op_is_untried(op, other) && !is_lost_cas(op, leg))
        return decide_at(op, other);
    return mcp__op_done(op, mcp__op_failure_status(op, 1));
}

/* ---- the three doors ---- */

mcp__step
mcp__write_begin(mcp__op *op)
{
    if (!op->is_mirrored)
        return send_alone(op, mcp__view_authority(&op->view));
    switch (command_of(op)) {
    case MCP__COMMAND_DELETE:
        return begin_delete(op);
    case MCP__COMMAND_ADD:
    case MCP__COMMAND_REPLACE:
    case MCP__COMMAND_APPEND:
    case MCP__COMMAND_PREPEND:
    case MCP__COMMAND_CAS:
        return begin_decided(op);
    default:
        return begin_both(op);
    }
}

mcp__step
mcp__write_answer(mcp__op *op, int leg, const mcp__reply *reply)
{
    switch (op->phase) {
    case ALONE:
        return answer_alone(op, leg, reply);
    case BOTH:
        return answer_both(op, leg, reply);
    case FIRST:
    case SECOND:
        op->leg[leg].copy = MCP_COPY_OK;
        mcp__op_adopt(op, leg, reply);
        return advance_delete(op);
    case DECIDE:
        op->leg[leg].copy = is_refusal(op->leg[leg].status) ? MCP_COPY_FAILED : MCP_COPY_OK;
        mcp__op_adopt(op, leg, reply);
        return mirror_decision(op, leg);
    case FETCH:
        return answer_fetch(op, leg, reply);
    case MIRROR:
        return answer_mirror(op);
    default:
        if (mcp__op_is_waiting(op, MCP__OTHER(leg)))
            return mcp__op_wait();
        return mcp__op_done(op, op->status);
    }
}

mcp__step
mcp__write_failed(mcp__op *op, int leg)
{
    switch (op->phase) {
    case ALONE:
        return failed_alone(op, leg);
    case BOTH:
        return settle_both(op);
    case FIRST:
    case SECOND:
        return advance_delete(op);
    case DECIDE:
        return failed_decision(op, leg);
    case FETCH:
        if (op->verb != MCP_GAT)
            return drop_backup(op);
        op->leg[MCP__BACKUP].copy = MCP_COPY_UNKNOWN; /* touched, but what it holds was not heard */
        return mcp__op_done(op, MCP_UNKNOWN);
    case MIRROR:
        return mcp__op_done(op, MCP_OK);
    default:
        op->leg[leg].copy = MCP_COPY_UNKNOWN; /* it may still hold what should go */
        if (mcp__op_is_waiting(op, MCP__OTHER(leg)))
            return mcp__op_wait();
        return mcp__op_done(op, op->status);
    }
}

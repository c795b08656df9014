/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/steps.h"

#include "ops/copies.h"
#include "ops/errand.h"
#include "ops/fill.h"
#include "ops/mark.h"
#include "ops/read.h"
#include "ops/verify.h"
#include "ops/write.h"

static int
is_read(const mcp__op *op)
{
    return op->verb == MCP_GET || op->verb == MCP_LEASE;
}

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
    mcp__step step = mcp__op_send(MCP__PRIMARY, kinds[op->verb]);
    /* It went with everything else, and is not to look like a server that has restarted. */
    int had_epoch =
        op->ledger[MCP__PRIMARY] != NULL && op->ledger[MCP__PRIMARY]->epoch >= MCP__EPOCH_READY;
    if (op->verb == MCP_FLUSH && had_epoch)
        mcp__op_add(&step, MCP__PRIMARY, MCP__WORD_EPOCH_READY);
    return step;
}

static mcp__step
answer_direct(mcp__op *op, uint8_t word, const mcp__reply *reply)
{
    if (word < MCP__WORD_MARKS) {
        op->leg[MCP__PRIMARY].copy = MCP_COPY_OK;
        mcp__op_adopt(op, MCP__PRIMARY, reply);
        op->status = op->leg[MCP__PRIMARY].status;
    }
    if (mcp__op_is_waiting(op, MCP__PRIMARY))
        return mcp__op_wait();
    return mcp__op_done(op, op->status);
}

/* ---- one command for an errand ---- */

static mcp__outcome_status
outcome_of(mcp_status status)
{
    switch (status) {
    case MCP_OK:
        return MCP__OUTCOME_DONE;
    case MCP_NOT_FOUND:
        return MCP__OUTCOME_MISSING;
    case MCP_NOT_STORED:
    case MCP_EXISTS:
        return MCP__OUTCOME_CHANGED;
    default:
        return MCP__OUTCOME_FAILED;
    }
}

static mcp__step
answer_ask(mcp__op *op, const mcp__reply *reply)
{
    mcp_status status = op->leg[MCP__PRIMARY].status;
    op->result_flags = reply->flags;
    op->copy_cas[MCP__PRIMARY] = reply->cas;
    op->number = outcome_of(status);
    /* The connection goes on before the errand is told. */
    if (reply->kind == MCP__REPLY_VALUE && mcp__op_keep(op, reply) != 0)
        op->number = MCP__OUTCOME_FAILED;
    return mcp__op_done(op, status);
}

/* ---- beginning ---- */

static mcp__step
begin_background(mcp__op *op)
{
    switch (op->verb) {
    case MCP__VERB_VERIFY:
        return mcp__verify_begin(op);
    case MCP__VERB_MIRROR:
        return mcp__op_send(MCP__BACKUP, (mcp__command_kind)op->ask);
    case MCP__VERB_COPY:
        return mcp__fill_begin_copy(op);
    case MCP__VERB_COMPARE:
        return mcp__verify_begin_compare(op);
    case MCP__VERB_MARK:
        return mcp__mark_begin(op, op->authority, MCP__COMMAND_NONE);
    case MCP__VERB_WHOLE:
        return mcp__mark_begin_whole(op, op->authority);
    default:
        return mcp__op_send(MCP__PRIMARY, (mcp__command_kind)op->ask);
    }
}

static mcp__step
begin(mcp__op *op)
{
    op->is_looking = 0;
    if (op->verb >= MCP__VERB_VERIFY)
        return begin_background(op);
    if (is_read(op))
        return mcp__read_begin(op);
    return op->is_direct ? begin_direct(op) : mcp__write_begin(op);
}

/*
 * A server's ledger is not fresh enough to go by: it is asked before the operation begins, never
 * beside it. To read the primary the backup's is needed, because that is where a mark against the
 * primary stands; to read the backup while the primary stands, the primary's, too; to write, both.
 * One that cannot be asked is believed as last known, but it is tried again when the other one has
 * been away meanwhile.
 */
static int
wants_look(const mcp__op *op, int leg)
{
    if (op->view.is_unheard[leg])
        return 1;
    if (leg == MCP__PRIMARY && is_read(op) && !op->view.stands[MCP__PRIMARY])
        return 0;
#ifdef MCP_MUTANT_VIEW_BESIDE
    if (is_read(op) && mcp__ledger_is_known(op->ledger[leg]))
        return 0;
#endif
    return op->view.is_usable[leg] &&
           !mcp__ledger_is_fresh(op->ledger[leg], op->now_ms, op->promise->view_life_ms);
}

mcp__step
mcp__steps_begin(mcp__op *op)
{
    if (op->is_direct || op->verb >= MCP__VERB_VERIFY || !mcp__op_keeps_record(op))
        return begin(op);
    /* Only the backup is left: what its ledger says about the primary changes nothing. Unless it
     * stands itself, and the primary is waited for. */
    if (is_read(op) && !op->view.is_usable[MCP__PRIMARY] && !op->view.stands[MCP__BACKUP] &&
        !op->view.is_unheard[MCP__PRIMARY])
        return begin(op);
    mcp__step step = mcp__op_wait();
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++) {
        if (!wants_look(op, leg))
            continue;
        mcp__op_add(&step, leg, MCP__WORD_MARKS);
        op->is_looking = 1;
        op->has_looked = op->has_looked || leg == MCP__BACKUP;
    }
    return op->is_looking ? step : begin(op);
}

/*
 * A question was lost, maybe for another call's sake, and while the other server was waited for, this
 * one has come back. Then its greeting has said what stands there; if that is too long ago, it is
 * asked once more. But not one that took its share: what it takes a second time the rest of the
 * operation lacks.
 */
static mcp__step
look_again(mcp__op *op)
{
    mcp__step step = mcp__op_wait();
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++) {
        if (op->leg[leg].failure == MCP__FAILURE_NONE || !op->view.is_usable[leg])
            continue;
        int is_fresh = mcp__ledger_is_fresh(op->ledger[leg], op->now_ms,
                                            op->promise->view_life_ms);
        if (!is_fresh && (op->has_looked_again || op->leg[leg].is_spent))
            continue;
        op->leg[leg].failure = MCP__FAILURE_NONE;
        if (!is_fresh)
            mcp__op_add(&step, leg, MCP__WORD_MARKS);
    }
    op->has_looked_again = 1;
    return step;
}

/* The backup has just said that the primary missed writes, so it is the backup that will be read: the
 * primary, which was not asked, says whether that one missed writes, too. */
static int
wants_look_at_primary(const mcp__op *op)
{
    return is_read(op) && op->view.stands[MCP__PRIMARY] && !op->leg[MCP__PRIMARY].was_asked &&
           wants_look(op, MCP__PRIMARY);
}

/* Looking has come to an end, one way or the other. The servers count as not asked yet; one that did
 * not answer is left out, as if it were known to be away: until nobody else is left to ask. */
static mcp__step
begin_after_look(mcp__op *op)
{
    if (mcp__op_is_waiting(op, MCP__PRIMARY) || mcp__op_is_waiting(op, MCP__BACKUP))
        return mcp__op_wait();
    if (wants_look_at_primary(op))
        return mcp__op_send(MCP__PRIMARY, (mcp__command_kind)MCP__WORD_MARKS);
    mcp__step again = look_again(op);
    if (again.send[MCP__PRIMARY][0] || again.send[MCP__BACKUP][0])
        return again;
    for (int leg = MCP__PRIMARY; leg <= MCP__BACKUP; leg++) {
        int has_failed = op->leg[leg].failure != MCP__FAILURE_NONE;
        op->leg[leg].was_asked = 0;
        op->leg[leg].copy = has_failed ? MCP_COPY_FAILED : MCP_COPY_SKIPPED;
        op->leg[leg].missed = (uint8_t)has_failed;
        if (has_failed)
            op->view.is_usable[leg] = 0;
#ifdef MCP_MUTANT_ASSUME_FINE
        if (has_failed)
            op->view.stands[MCP__OTHER(leg)] = 0;
#endif
    }
    return begin(op);
}

/* ---- answers ---- */

static mcp__step
take_answer(mcp__op *op, int leg, uint8_t word, const mcp__reply *reply)
{
    switch (op->verb) {
    case MCP_GET:
    case MCP_LEASE:
        return mcp__read_answer(op, leg, reply);
    case MCP__VERB_VERIFY:
        return mcp__verify_answer(op, leg, word, reply);
    case MCP__VERB_COPY:
        return mcp__fill_answer(op, leg, reply);
    case MCP__VERB_COMPARE:
        return mcp__verify_answer_compare(op, leg, reply);
    case MCP__VERB_MIRROR:
        op->leg[leg].copy = MCP_COPY_OK;
        return mcp__op_done(op, MCP_OK);
    case MCP__VERB_ASK:
        return answer_ask(op, reply);
    default:
        return op->is_direct ? answer_direct(op, word, reply)
                             : mcp__write_answer(op, leg, word, reply);
    }
}

/* Part of a bundle that puts something on record. */
static mcp__step
take_marking(mcp__op *op, int leg, uint8_t word, const mcp__reply *reply, mcp_status status)
{
    mcp__step step;
    if (word >= MCP__WORD_MARKS)
        mcp__mark_answer(op, word, reply, status);
    else {
        op->mark.has_change = 0;
        (void)take_answer(op, leg, word, reply);
    }
    if (mcp__op_is_waiting(op, leg))
        return mcp__op_wait();
    mcp__mark_state state = mcp__mark_next(op, &step);
    return state == MCP__MARK_MORE ? step : mcp__copies_recorded(op, state == MCP__MARK_RECORDED);
}

mcp__step
mcp__steps_answer(mcp__op *op, int leg, uint8_t word, const mcp__reply *reply, mcp_status status)
{
    if (op->is_looking) {
        op->leg[leg].looked_ms = op->now_ms - op->leg[leg].started_ms;
        return begin_after_look(op);
    }
    if (word < MCP__WORD_MARKS || op->verb == MCP__VERB_ASK)
        op->leg[leg].status = (int16_t)status;
    /* It could not be looked at, and then it was there after all. */
    if (word < MCP__WORD_MARKS && op->leg[leg].is_mutation && op->leg[leg].copy != MCP_COPY_UNKNOWN)
        op->leg[leg].missed = 0;
    if (op->mark.is_active && leg == op->mark.witness)
        return take_marking(op, leg, word, reply, status);
    return take_answer(op, leg, word, reply);
}

/* ---- failures ---- */

static mcp__step
take_failure(mcp__op *op, int leg)
{
    switch (op->verb) {
    case MCP_GET:
    case MCP_LEASE:
        return mcp__read_failed(op, leg);
    case MCP__VERB_VERIFY:
        return mcp__verify_failed(op);
    case MCP__VERB_COPY:
        return mcp__fill_failed(op, leg);
    case MCP__VERB_MIRROR: /* the primary has it, so what the backup missed goes on record there */
        op->leg[MCP__PRIMARY].copy = MCP_COPY_OK;
        return mcp__copies_done(op, MCP_OK);
    case MCP__VERB_ASK:
    case MCP__VERB_COMPARE:
        op->number = MCP__OUTCOME_FAILED;
        return mcp__op_is_waiting(op, MCP__OTHER(leg)) ? mcp__op_wait()
                                                       : mcp__op_done(op, MCP_UNKNOWN);
    default:
        break;
    }
    if (op->is_direct)
        return mcp__op_done(op, mcp__op_failure_status(op, op->verb == MCP_FLUSH));
    return mcp__write_failed(op, leg);
}

/*
 * What was to go on record was lost with the connection, maybe for another call's sake: one that ran
 * out of time there. What is on record twice is on record, so it is written once more.
 */
static int
may_record_again(const mcp__op *op, int leg)
{
    return mcp__op_was_lost_early(op, leg) && !op->mark.is_second && !op->is_background;
}

static mcp__step
record_again(mcp__op *op)
{
    op->mark.is_second = 1;
    return mcp__mark_begin(op, op->mark.witness, MCP__COMMAND_NONE);
}

mcp__step
mcp__steps_failed(mcp__op *op, int leg, mcp__failure failure, int was_sent)
{
    op->leg[leg].failure = (uint8_t)failure;
    if (op->is_looking) {
        op->leg[leg].is_spent = op->now_ms - op->leg[leg].started_ms >= op->share_ms;
        return begin_after_look(op);
    }
    if (op->mark.is_active && leg == op->mark.witness) {
        op->mark.is_active = 0;
        if (!op->mark.has_change) /* it was answered, now or before */
            return may_record_again(op, leg) ? record_again(op) : mcp__copies_recorded(op, 0);
        op->mark.has = 0;
    }
    op->leg[leg].copy = was_sent ? MCP_COPY_UNKNOWN : MCP_COPY_FAILED;
    op->leg[leg].missed = op->leg[leg].missed || op->leg[leg].is_mutation;
    return take_failure(op, leg);
}

/* ---- time ---- */

mcp__step
mcp__steps_time(mcp__op *op)
{
    op->hold_ms = 0;
    if (op->verb == MCP__VERB_VERIFY && !op->mark.has)
        return mcp__verify_again(op);
    if (op->verb == MCP__VERB_COMPARE)
        return mcp__verify_compare_again(op);
    return mcp__copies_held(op);
}

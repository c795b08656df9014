/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/verify.h"

#include <string.h>

#include "ops/copies.h"
#include "ops/errand.h"
#include "ops/mark.h"

#define TRIES_MAX 3

/* ASK --equal--> done; --moved--> DROP --> done; no answer: AWAIT --> ASK, or on record */
enum { ASK = 1, DROP, AWAIT, ONCE, PAUSE, TWICE, REMOVE };

/* ---- verify ---- */

mcp__step
mcp__verify_begin(mcp__op *op)
{
    mcp__step step = mcp__op_wait();
    op->phase = ASK;
    op->result_cas = op->number = 0; /* the numbers as they are now: primary, backup */
    op->leg[MCP__PRIMARY].missed = op->leg[MCP__BACKUP].missed = 0;
    mcp__op_add(&step, MCP__PRIMARY, MCP__WORD_PEEK);
    mcp__op_add(&step, MCP__BACKUP, MCP__WORD_PEEK);
    mcp__op_add(&step, MCP__BACKUP, MCP__WORD_MARKS);
    return step;
}

static mcp__step
drop(mcp__op *op, uint64_t unique)
{
    op->phase = DROP;
    op->drop_unique = unique;
    return mcp__op_send(MCP__BACKUP, MCP__COMMAND_DELETE);
}

static mcp__step
on_record(mcp__op *op, int missed)
{
    op->leg[missed].missed = 1;
    op->leg[missed].copy = MCP_COPY_UNKNOWN;
    op->leg[MCP__OTHER(missed)].missed = 0;
    op->leg[MCP__OTHER(missed)].copy = MCP_COPY_OK;
    op->leg[MCP__OTHER(missed)].status = MCP_OK;
    return mcp__copies_done(op, MCP_OK);
}

static mcp__step
judge(mcp__op *op)
{
    uint64_t primary = op->result_cas, backup = op->number;
    if (op->view.stands[MCP__PRIMARY])
        return on_record(op, MCP__PRIMARY);
    /* In another life of the server its numbers say nothing: what it lacks or has it has from the
     * backup, or from writes that are verified themselves. */
    if (op->leg[MCP__PRIMARY].is_reborn || op->leg[MCP__BACKUP].is_reborn)
        return mcp__op_done(op, MCP_OK);
    if (primary != op->copy_cas[MCP__PRIMARY])
        return drop(op, op->copy_cas[MCP__BACKUP]);
#ifndef MCP_MUTANT_VERIFY_PRIMARY_ONLY
    if (backup != op->copy_cas[MCP__BACKUP] && backup != 0)
        return drop(op, backup);
#else
    (void)backup;
#endif
    return mcp__op_done(op, MCP_OK);
}

static mcp__step
settle(mcp__op *op)
{
    const mcp__leg *leg = op->leg;
    if (mcp__op_is_waiting(op, MCP__PRIMARY) || mcp__op_is_waiting(op, MCP__BACKUP))
        return mcp__op_wait();
    int failed[2] = {leg[0].failure != MCP__FAILURE_NONE, leg[1].failure != MCP__FAILURE_NONE};
    if (!failed[MCP__PRIMARY] && !failed[MCP__BACKUP])
        return judge(op);
    if (++op->tries < TRIES_MAX) {
        op->phase = AWAIT;
        op->hold_ms = op->now_ms + op->promise->view_interval_ms;
        return mcp__op_wait();
    }
    if (failed[MCP__PRIMARY] && failed[MCP__BACKUP])
        return mcp__op_done(op, MCP_UNKNOWN);
    return on_record(op, failed[MCP__PRIMARY] ? MCP__PRIMARY : MCP__BACKUP);
}

mcp__step
mcp__verify_resume(mcp__op *op, const uint64_t seen[2], const uint8_t failed[2])
{
    op->phase = ASK;
    op->result_cas = seen[MCP__PRIMARY];
    op->number = seen[MCP__BACKUP];
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++)
        op->leg[i].failure = failed[i] ? MCP__FAILURE_BROKEN : MCP__FAILURE_NONE;
    return settle(op);
}

mcp__step
mcp__verify_answer(mcp__op *op, int leg, uint8_t word, const mcp__reply *reply)
{
    if (op->phase == DROP)
        return mcp__op_done(op, MCP_OK);
    if (word == MCP__WORD_PEEK && leg == MCP__PRIMARY)
        op->result_cas = reply->cas;
    else if (word == MCP__WORD_PEEK)
        op->number = reply->cas;
    return settle(op);
}

mcp__step
mcp__verify_failed(mcp__op *op)
{
    if (op->phase == DROP)
        return on_record(op, MCP__BACKUP);
    return settle(op);
}

mcp__step
mcp__verify_again(mcp__op *op)
{
    op->leg[MCP__PRIMARY].failure = op->leg[MCP__BACKUP].failure = MCP__FAILURE_NONE;
    return mcp__verify_begin(op);
}

/* ---- compare ---- */

static mcp__step
read_both(mcp__op *op, uint8_t phase)
{
    op->phase = phase;
    mcp__buf_clear(&op->kept);
    op->answered = -1;
    mcp__step step = mcp__op_send(MCP__PRIMARY, MCP__COMMAND_GET);
    mcp__op_add(&step, MCP__BACKUP, MCP__COMMAND_GET);
    return step;
}

mcp__step
mcp__verify_begin_compare(mcp__op *op)
{
    op->want = MCP_WANT_CAS;
    return read_both(op, ONCE);
}

mcp__step
mcp__verify_compare_again(mcp__op *op)
{
    return read_both(op, TWICE);
}

/* The first of the two values is kept for the second. A miss on the repaired server is right. */
static int
is_equal(mcp__op *op, int leg, const mcp__reply *reply, int *is_whole)
{
    *is_whole = op->answered >= 0;
    if (leg == MCP__PRIMARY)
        op->copy_cas[MCP__PRIMARY] =
            op->phase == TWICE && reply->cas != op->result_cas ? 0 : reply->cas;
    if (!*is_whole) {
        op->answered = (int8_t)leg;
        op->leg[leg].copy = reply->kind == MCP__REPLY_VALUE ? MCP_COPY_OK : MCP_COPY_SKIPPED;
        op->result_flags = reply->flags;
        (void)mcp__op_keep(op, reply); /* no memory: it is found different, and nothing is lost */
        return 1;
    }
    int had = op->leg[MCP__OTHER(leg)].copy == MCP_COPY_OK;
    int has = reply->kind == MCP__REPLY_VALUE;
    return had == has && reply->value.len == mcp__buf_len(&op->kept) &&
           reply->flags == op->result_flags &&
           (reply->value.len == 0 ||
            memcmp(reply->value.bytes, mcp__buf_bytes(&op->kept), reply->value.len) == 0);
}

mcp__step
mcp__verify_answer_compare(mcp__op *op, int leg, const mcp__reply *reply)
{
    int is_whole;
    if (op->phase == REMOVE)
        return mcp__op_done(op, MCP_OK);
    int equal = is_equal(op, leg, reply, &is_whole);
    if (!is_whole || mcp__op_is_waiting(op, MCP__OTHER(leg)))
        return mcp__op_wait();
    uint64_t seen = op->copy_cas[MCP__PRIMARY];
    if (equal || seen == 0)
        return mcp__op_done(op, MCP_OK);
    if (op->phase == ONCE) {
        op->result_cas = seen;
        op->phase = PAUSE;
        op->hold_ms = op->now_ms + op->promise->hold_ms;
        return mcp__op_wait();
    }
    op->drop_unique = seen;
    op->phase = REMOVE;
    return mcp__op_send(MCP__PRIMARY, MCP__COMMAND_DELETE);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/mark.h"

#include "pair/marks.h"

#define ROUNDS_MAX 4

/* Segments that are made whole in one bundle: room is left for the bump and the marks. */
#define WHOLE_AT_ONCE 1

static void
add_check(mcp__step *step, int leg)
{
#ifndef MCP_MUTANT_NO_BUMP
    mcp__op_add(step, leg, MCP__WORD_BUMP);
#endif
    mcp__op_add(step, leg, MCP__WORD_MARKS);
}

static void
begin(mcp__op *op, int witness)
{
    op->mark.is_active = 1;
    op->mark.witness = (uint8_t)witness;
    op->mark.rounds = 0;
    op->mark.needs = 0;
    op->mark.has = 0;
    op->mark.is_whole = 0;
}

mcp__step
mcp__mark_begin(mcp__op *op, int witness, uint8_t change)
{
    mcp__step step = mcp__op_wait();
    begin(op, witness);
    op->mark.segment = (uint8_t)mcp__marks_segment(op->key.bytes, op->key.len);
#ifdef MCP_MUTANT_MARK_FIRST
    mcp__op_add(&step, witness, MCP__WORD_JOURNAL);
    mcp__op_add(&step, witness, MCP__WORD_JOURNAL_SIZE);
    add_check(&step, witness);
    if (change != MCP__COMMAND_NONE)
        mcp__op_add(&step, witness, change);
    return step;
#endif
    if (change != MCP__COMMAND_NONE)
        mcp__op_add(&step, witness, change);
    mcp__op_add(&step, witness, MCP__WORD_JOURNAL);
    mcp__op_add(&step, witness, MCP__WORD_JOURNAL_SIZE);
    add_check(&step, witness);
    return step;
}

mcp__step
mcp__mark_begin_whole(mcp__op *op, int witness)
{
    mcp__step step = mcp__op_wait();
    begin(op, witness);
    op->mark.is_whole = 1;
    op->mark.segment = 0;
    op->mark.has = MCP__MARK_JOURNAL;
    mcp__op_add(&step, witness, MCP__WORD_JOURNAL_WHOLE);
    return step;
}

void
mcp__mark_answer(mcp__op *op, uint8_t word, const mcp__reply *reply, mcp_status status)
{
    mcp__marking *mark = &op->mark;
    int is_done = status == MCP_OK;
    switch (word) {
    case MCP__WORD_JOURNAL:
        mark->needs |= is_done ? 0 : MCP__MARK_JOURNAL;
        mark->has |= is_done ? MCP__MARK_JOURNAL : 0;
        break;
    case MCP__WORD_JOURNAL_NEW:
        if (is_done) /* one "+" for each beginning: so a repair sees when a segment was lost */
            mark->needs |= MCP__MARK_SEGMENT;
        mark->has |= is_done ? MCP__MARK_JOURNAL : 0;
        break;
    case MCP__WORD_JOURNAL_SIZE:
        if (is_done && reply->size > MCP__MARKS_SEGMENT_MAX)
            mark->needs |= MCP__MARK_WHOLE;
        break;
    case MCP__WORD_LIST:
    case MCP__WORD_LIST_NEW:
        if (is_done)
            mark->needs &= (uint8_t)~mark->lists;
        break;
    case MCP__WORD_MARKS: /* the ledger has read them */
        mcp__op_look(op);
        if (op->view.stands[MCP__OTHER(mark->witness)])
            mark->has |= MCP__MARK_ENTRY;
        if (op->view.stands[MCP__OTHER(mark->witness)])
            mark->needs &= (uint8_t)~MCP__MARK_ENTRY;
        else
            mark->needs |= MCP__MARK_ENTRY;
        break;
    default:
        break;
    }
}

/* Appending wants an item that exists, beginning one that does not: what failed in one round is
 * tried the other way in the next. */
static void
add_repairs(const mcp__op *op, mcp__step *step, int has_list)
{
    const mcp__marking *mark = &op->mark;
    int witness = mark->witness;
    if (!(mark->has & MCP__MARK_JOURNAL))
        mcp__op_add(step, witness,
                    mark->rounds % 2 == 1 ? MCP__WORD_JOURNAL_NEW : MCP__WORD_JOURNAL);
    if (mark->needs & MCP__MARK_WHOLE)
        mcp__op_add(step, witness, MCP__WORD_JOURNAL_WHOLE);
    if (mark->lists != 0)
        mcp__op_add(step, witness, has_list ? MCP__WORD_LIST : MCP__WORD_LIST_NEW);
}

/* The next segments of a server that missed everything; 0: all are done. */
static int
next_whole(mcp__op *op, mcp__step *step)
{
    if (!op->mark.is_whole || op->mark.segment + 1 >= MCP__MARKS_SEGMENTS)
        return 0;
    op->mark.segment = (uint8_t)(op->mark.segment + WHOLE_AT_ONCE);
    mcp__op_add(step, op->mark.witness, MCP__WORD_JOURNAL_WHOLE);
    return 1;
}

mcp__mark_state
mcp__mark_next(mcp__op *op, mcp__step *step)
{
    mcp__marking *mark = &op->mark;
    *step = mcp__op_wait();
    if (next_whole(op, step))
        return MCP__MARK_MORE;
    if (mark->has == (MCP__MARK_JOURNAL | MCP__MARK_ENTRY) && mark->needs == 0) {
        mark->is_active = 0;
        return MCP__MARK_RECORDED;
    }
    if (++mark->rounds >= ROUNDS_MAX + mark->is_whole) {
        mark->is_active = 0;
        return MCP__MARK_IMPOSSIBLE;
    }
    mark->lists = mark->needs & (MCP__MARK_SEGMENT | MCP__MARK_ENTRY);
    int has_list = op->ledger[mark->witness]->unique != 0;
    add_repairs(op, step, has_list);
    mark->needs &= (uint8_t) ~(MCP__MARK_JOURNAL | MCP__MARK_WHOLE);
    mark->has &= (uint8_t)~MCP__MARK_ENTRY;
    add_check(step, mark->witness);
    return MCP__MARK_MORE;
}

int64_t
mcp__mark_hold_ms(const mcp__op *op)
{
    const mcp__missed *missed;
    int witness = op->mark.witness;
    if (!op->promise->is_strict)
        return 0;
    missed = mcp__ledger_find(op->ledger[witness], op->ledger[MCP__OTHER(witness)]->id8);
    if (missed == NULL)
        return 0;
    int64_t until_ms = missed->first_seen_ms + op->promise->view_interval_ms;
    return until_ms > op->now_ms ? until_ms : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/mark.h"

#include "pair/marks.h"

/* A segment, its tag, the list of marks: each may have to be begun, and somebody else may be faster
 * each time. */
#define ROUNDS_MAX 8
/* So often somebody else is let do it. */
#define FOLLOW_MAX 2

static void
add_check(mcp__step *step, int leg)
{
#ifndef MCP_MUTANT_NO_BUMP
    mcp__op_add(step, leg, MCP__WORD_BUMP);
#endif
    mcp__op_add(step, leg, MCP__WORD_MARKS);
}

static void
add_journal(mcp__step *step, int leg)
{
    mcp__op_add(step, leg, MCP__WORD_JOURNAL_LOOK);
    mcp__op_add(step, leg, MCP__WORD_JOURNAL);
    mcp__op_add(step, leg, MCP__WORD_JOURNAL_SIZE);
}

static void
begin(mcp__op *op, int witness)
{
    mcp__marking *mark = &op->mark;
    *mark = (mcp__marking){.is_active = 1,
                           .witness = (uint8_t)witness,
                           .is_second = mark->is_second,
                           .inc8 = mark->inc8};
}

/* A new one for every segment that is begun, and never 0. */
static void
draw_tag(mcp__op *op)
{
    mcp__marking *mark = &op->mark;
    uint32_t drawn = (mark->inc8 + mark->rounds * 2654435761u + mark->segment) * 2246822519u;
    mark->new_tag = (drawn ^ drawn >> 15) >> 4 | 1;
}

mcp__step
mcp__mark_begin(mcp__op *op, int witness, uint8_t change)
{
    mcp__step step = mcp__op_wait();
    begin(op, witness);
    op->mark.segment = (uint8_t)mcp__marks_segment(op->key.bytes, op->key.len);
    op->mark.has_change = change != MCP__COMMAND_NONE;
#ifdef MCP_MUTANT_MARK_FIRST
    add_journal(&step, witness);
    add_check(&step, witness);
    if (change != MCP__COMMAND_NONE)
        mcp__op_add(&step, witness, change);
    return step;
#endif
    if (change != MCP__COMMAND_NONE)
        mcp__op_add(&step, witness, change);
    add_journal(&step, witness);
    add_check(&step, witness);
    return step;
}

mcp__step
mcp__mark_begin_whole(mcp__op *op, int witness)
{
    begin(op, witness);
    op->mark.is_whole = 1;
    op->mark.has = MCP__MARK_JOURNAL;
    draw_tag(op);
    op->mark.tag = op->mark.new_tag; /* of all of them */
    return mcp__op_send(witness, (mcp__command_kind)MCP__WORD_JOURNAL_WHOLE);
}

/* ---- what comes back ---- */

/* Behind the append: the segment is the one that was there before it, or nothing is certain. */
static void
take_size(mcp__marking *mark, const mcp__reply *reply, int is_there)
{
    uint32_t tag = is_there ? MCP__MARKS_TAG(reply->flags) : 0;
    if (tag == 0 || tag != mark->tag)
        mark->has &= (uint8_t)~MCP__MARK_JOURNAL;
    if (is_there && reply->size > MCP__MARKS_SEGMENT_MAX) {
        mark->needs |= MCP__MARK_WHOLE;
        mark->unique = reply->cas;
    }
}

/* A segment that was begun; or one that was measured, and became whole if it was still the same:
 * then it keeps its tag, else whoever was faster has to be looked at. */
static void
take_begun(mcp__marking *mark, int is_done)
{
    int was_measured = mark->unique != 0;
    mark->needs &= (uint8_t)~MCP__MARK_WHOLE;
    mark->unique = 0;
    if (!is_done && (was_measured || mark->is_whole))
        mark->has &= (uint8_t)~MCP__MARK_JOURNAL;
    if (!is_done || mark->is_whole)
        return;
    mark->has |= MCP__MARK_JOURNAL;
    if (!was_measured)
        mark->tag = mark->new_tag;
}

/* Whether a segment was listed when it was begun, by itself or with all others. */
static int
is_listed(mcp__span list, mcp__mark begun)
{
    if (mcp__marks_has(list, &begun))
        return 1;
    begun.segment = MCP__MARKS_EVERY;
    return mcp__marks_has(list, &begun);
}

/* Whether the marks name the server, and the beginning of the segment that has the key. */
static void
take_marks(mcp__op *op, const mcp__reply *reply)
{
    mcp__marking *mark = &op->mark;
    uint32_t id8 = op->ledger[MCP__OTHER(mark->witness)]->id8;
    mcp__mark begun = {.id8 = id8,
                       .tag = mark->tag,
                       .segment = mark->is_whole ? MCP__MARKS_EVERY : mark->segment,
                       .is_segment = 1};
    mark->has &= (uint8_t) ~(MCP__MARK_ENTRY | MCP__MARK_SEGMENT);
    mark->has_list = reply->kind == MCP__REPLY_VALUE;
    if (!mark->has_list)
        return;
    mark->has |= mcp__marks_lists(reply->value, id8) ? MCP__MARK_ENTRY : 0;
    mark->has |= is_listed(reply->value, begun) ? MCP__MARK_SEGMENT : 0;
}

void
mcp__mark_answer(mcp__op *op, uint8_t word, const mcp__reply *reply, mcp_status status)
{
    mcp__marking *mark = &op->mark;
    int is_done = status == MCP_OK;
    switch (word) {
    case MCP__WORD_JOURNAL_LOOK:
        mark->tag = is_done ? MCP__MARKS_TAG(reply->flags) : 0;
        break;
    case MCP__WORD_JOURNAL:
        mark->has |= is_done ? MCP__MARK_JOURNAL : 0;
        break;
    case MCP__WORD_JOURNAL_SIZE:
        take_size(mark, reply, is_done);
        break;
    case MCP__WORD_JOURNAL_NEW:
    case MCP__WORD_JOURNAL_WHOLE:
        take_begun(mark, is_done);
        break;
    case MCP__WORD_MARKS:
        if (status >= MCP_OK)
            take_marks(op, reply);
        break;
    default:
        break;
    }
}

/* ---- what comes next ---- */

static uint64_t
segment_bit(const mcp__op *op)
{
    return (uint64_t)1 << op->mark.segment;
}

/*
 * Whether another operation of this client is just listing the segment. It was asked first on the
 * same connection, so one look later it is done; without this, a batch would list each segment as
 * often as it has keys. One that was given up half-way stays noted, and costs these looks.
 */
static int
somebody_lists(mcp__op *op)
{
    mcp__ledger *ledger = op->ledger[op->mark.witness];
    if (op->mark.is_whole)
        return 0;
    if ((ledger->listing & segment_bit(op)) != 0 && op->mark.n_followed < FOLLOW_MAX) {
        op->mark.n_followed++;
        return 1;
    }
    ledger->listing |= segment_bit(op);
    return 0;
}

/*
 * What the next bundle makes. The tag of a segment that is begun is listed only when it is known
 * that this client began it, one bundle later. Appending wants an item that exists, beginning one
 * that does not: whichever failed is tried the other way.
 */
static void
add_missing(mcp__op *op, mcp__step *step)
{
    mcp__marking *mark = &op->mark;
    int leg = mark->witness;
    int is_in_journal = (mark->has & MCP__MARK_JOURNAL) != 0;
    mark->lists = 0;
    draw_tag(op);
    if (mark->needs & MCP__MARK_WHOLE)
        mcp__op_add(step, leg, MCP__WORD_JOURNAL_WHOLE);
    else if (!is_in_journal && mark->tag == 0 && !mark->was_begun)
        mcp__op_add(step, leg, MCP__WORD_JOURNAL_NEW);
    else if (!is_in_journal)
        add_journal(step, leg);
    else if ((mark->has & MCP__MARK_SEGMENT) != 0 || !somebody_lists(op))
        mark->lists = (uint8_t)(~mark->has & (MCP__MARK_SEGMENT | MCP__MARK_ENTRY));
    mark->was_begun = step->send[leg][0] == MCP__WORD_JOURNAL_NEW;
    if (mark->lists != 0)
        mcp__op_add(step, leg, mark->has_list ? MCP__WORD_LIST : MCP__WORD_LIST_NEW);
}

/* The next segment of a server that missed everything; 0: all are done. */
static int
next_whole(mcp__op *op, mcp__step *step)
{
    if (!op->mark.is_whole || op->mark.segment + 1 >= MCP__MARKS_SEGMENTS)
        return 0;
    op->mark.segment++;
    mcp__op_add(step, op->mark.witness, MCP__WORD_JOURNAL_WHOLE);
    return 1;
}

mcp__mark_state
mcp__mark_next(mcp__op *op, mcp__step *step)
{
    static const uint8_t all = MCP__MARK_JOURNAL | MCP__MARK_SEGMENT | MCP__MARK_ENTRY;
    mcp__marking *mark = &op->mark;
    *step = mcp__op_wait();
    if (mark->lists & MCP__MARK_SEGMENT && !mark->is_whole)
        op->ledger[mark->witness]->listing &= ~segment_bit(op);
    /* A segment of a server that missed everything could not be stored: nothing is on record that
     * way, and what there was of it has gone. */
    if (mark->is_whole && !(mark->has & MCP__MARK_JOURNAL)) {
        mark->is_active = 0;
        return MCP__MARK_IMPOSSIBLE;
    }
    if (next_whole(op, step))
        return MCP__MARK_MORE;
    int is_done = mark->has == all && mark->needs == 0;
    if (is_done || ++mark->rounds >= ROUNDS_MAX) {
        mark->is_active = 0;
        return is_done ? MCP__MARK_RECORDED : MCP__MARK_IMPOSSIBLE;
    }
    add_missing(op, step);
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
    int64_t until_ms = missed->first_seen_ms + op->promise->view_life_ms;
    return until_ms > op->now_ms ? until_ms : 0;
}

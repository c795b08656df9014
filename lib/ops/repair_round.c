/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/repair.h"

#include <string.h>

#include "ops/repair_parts.h"

/* A journal is replaced by "*" at 64 kB. One that has become larger all the same is not held, but
 * taken for all keys of its segment. */
#define SEGMENT_HELD (2 * MCP__MARKS_SEGMENT_MAX)

/* The first second look at the ages of segments comes after this part of H. */
#define PEEKS_PER_HOLD 32

static mcp__repair_side *
side_of(mcp__repair *job, uint32_t tag)
{
    return &job->side[tag >> 8 & 1];
}

static mcp__repair_segment *
segment_of(mcp__repair *job, uint32_t tag)
{
    return &side_of(job, tag)->segment[tag >> 16 & (MCP__MARKS_SEGMENTS - 1)];
}

/* The segment that `job->next` counts through, both sides' one after the other; NULL: no more. */
static mcp__repair_segment *
next_segment(mcp__repair *job, uint32_t *side, uint32_t *index)
{
    *side = job->next / MCP__MARKS_SEGMENTS;
    *index = job->next % MCP__MARKS_SEGMENTS;
    if (*side >= job->n_sides)
        return NULL;
    job->next++;
    return &job->side[*side].segment[*index];
}

static void
give_segment(mcp__repair *job, mcp__errand *errand, mcp__errand_what what, mcp__repair_tag kind,
             uint32_t side, uint32_t index)
{
    const mcp__repair_segment *segment = &job->side[side].segment[index];
    errand->key = (mcp__span){segment->key, segment->key_len};
    mcp__repair_give(job, errand, what, job->side[side].host,
                     mcp__repair_tag_of(kind, side, index));
}

static void
note_unique(mcp__repair_segment *segment, uint64_t unique, int64_t now_ms)
{
    if (segment->unique != unique || segment->since_ms == INT64_MAX)
        segment->since_ms = now_ms;
    segment->unique = unique;
}

static uint64_t
unique_in(const mcp__outcome *outcome)
{
    return outcome->status == MCP__OUTCOME_MISSING ? 0 : outcome->unique;
}

/* ---- Peeking ------------------------------------------------------------------------------ */

int
mcp__repair_peek(mcp__repair *job, mcp__errand *errand)
{
    uint32_t side, index;
    while (job->n_flying < MCP__REPAIR_WINDOW && next_segment(job, &side, &index) != NULL) {
        if (job->side[side].is_peeked)
            continue;
        give_segment(job, errand, MCP__ERRAND_PEEK, MCP__REPAIR_TAG_PEEK, side, index);
        return 1;
    }
    if (job->n_flying > 0)
        return 1;
    for (int i = 0; i < job->n_sides; i++)
        job->side[i].is_peeked = 1;
    mcp__repair_enter(job, MCP__REPAIR_HOLDING);
    return 0;
}

/*
 * What is appended soon after the mark was seen, by comparisons behind writes of just before above
 * all, would have no age until the round reads it, and be waited for once more. So HOLDING looks
 * again at the ages, at intervals that double: the same is seen, but earlier.
 */
static int
is_to_peek(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    uint32_t first_ms = job->hold_ms / PEEKS_PER_HOLD + 1, last_ms = job->hold_ms / 2;
    if (job->peek_due_ms == INT64_MAX) {
        job->peek_rest_ms = job->peek_rest_ms == 0 ? first_ms : 2 * job->peek_rest_ms;
        if (job->peek_rest_ms > last_ms)
            job->peek_rest_ms = last_ms;
        job->peek_due_ms = now_ms + job->peek_rest_ms;
    }
    if (mcp__repair_must_wait(job->peek_due_ms, now_ms, errand))
        return 0;
    job->peek_due_ms = INT64_MAX;
    for (int i = 0; i < job->n_sides; i++)
        job->side[i].is_peeked = 0;
    mcp__repair_enter(job, MCP__REPAIR_PEEKING);
    return 1;
}

void
mcp__repair_told_peek(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome, int64_t now_ms)
{
    note_unique(segment_of(job, tag), unique_in(outcome), now_ms);
}

/* ---- Holding ------------------------------------------------------------------------------ */

/* Every "+" entry names one beginning of a segment by its tag. One that is neither accounted for
 * nor that of the segment that is there was evicted, with all its keys. */
static int
is_evicted(const mcp__repair_segment *segment)
{
#ifdef MCP_MUTANT_EVICTED_IGNORED
    return 0;
#endif
    if (segment->listed <= segment->accounted)
        return 0;
    return segment->unique == 0 || segment->has_other || segment->new_tag != segment->tag;
}

/* When a round could do something: the marks are old enough, and so is one segment, or all of them
 * where both stand; or where the youngest will be before a round for the others would be over. */
static int64_t
due_of(const mcp__repair *job)
{
    int64_t first_ms = INT64_MAX, last_ms = INT64_MIN, due_ms = INT64_MIN;
    for (int i = 0; i < job->n_sides * MCP__MARKS_SEGMENTS; i++) {
        const mcp__repair_side *side = &job->side[i / MCP__MARKS_SEGMENTS];
        const mcp__repair_segment *segment = &side->segment[i % MCP__MARKS_SEGMENTS];
        due_ms = side->since_ms > due_ms ? side->since_ms : due_ms;
        if (segment->unique == 0 && !is_evicted(segment))
            continue;
        first_ms = segment->since_ms < first_ms ? segment->since_ms : first_ms;
        last_ms = segment->since_ms > last_ms ? segment->since_ms : last_ms;
    }
    int is_last = job->n_sides > 1 || last_ms == INT64_MIN ||
                  last_ms - first_ms <= (int64_t)job->setup.quarantine_ms;
    int64_t wanted_ms = is_last ? last_ms : first_ms;
    return (wanted_ms > due_ms ? wanted_ms : due_ms) + job->hold_ms;
}

/*
 * Without the lock: whoever has it and cannot begin yet would hinder those who can. But who has cut
 * segments already keeps it: to anybody else they look evicted, and cost the server every key of
 * theirs.
 */
int
mcp__repair_hold(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    int64_t due_ms = due_of(job);
    if (now_ms < due_ms && is_to_peek(job, now_ms, errand))
        return 0;
#ifndef MCP_MUTANT_LOCK_HANDED_ON
    if (job->n_segments > 0 && job->lock.is_held) {
        if (mcp__repair_must_wait(due_ms, now_ms, errand)) {
            job->waiting_until_ms = due_ms;
            return 1;
        }
        mcp__repair_begin_round(job);
        return 0;
    }
#endif
    if (!mcp__lock_leave(&job->lock)) {
        mcp__lock_next(&job->lock, now_ms, errand);
        return 1;
    }
    if (mcp__repair_must_wait(due_ms, now_ms, errand)) {
        job->waiting_until_ms = due_ms;
        return 1;
    }
    job->lock.is_leaving = 0;
    job->lock.was_lost = 0;
    job->lock.due_ms = now_ms;
    mcp__repair_enter(job, MCP__REPAIR_LOCKING);
    return 0;
}

/* ---- A round ------------------------------------------------------------------------------ */

void
mcp__repair_forget_round(mcp__repair *job)
{
    const mcp__mem *mem = job->setup.mem;
    mcp__keys_clear(&job->keys);
    for (int s = 0; s < 2; s++) {
        mcp__mem_free(mem, job->side[s].list);
        job->side[s].list = NULL;
        for (int i = 0; i < MCP__MARKS_SEGMENTS; i++) {
            mcp__repair_segment *segment = &job->side[s].segment[i];
            mcp__mem_free(mem, segment->value);
            segment->value = NULL;
            segment->value_len = 0;
            segment->is_whole = segment->is_todo = 0;
        }
    }
}

void
mcp__repair_begin_round(mcp__repair *job)
{
    mcp__repair_forget_round(job);
    job->whole = 0;
    job->n_rounds++;
    mcp__repair_enter(job, MCP__REPAIR_READING);
}

/* Entries are only ever appended, so what is accounted for stands in front. */
static void
see_beginning(mcp__repair_segment *segment, uint32_t tag, uint16_t index)
{
    if (index < segment->accounted)
        return;
    if (index == segment->accounted) {
        segment->new_tag = tag;
        segment->has_other = 0;
    }
    segment->has_other |= tag != segment->new_tag;
}

/* One "+" entry. `listed` counts those of each segment. */
static void
see_beginnings(mcp__repair_side *side, const mcp__mark *mark, uint16_t *listed)
{
    for (uint32_t i = 0; i < MCP__MARKS_SEGMENTS; i++) {
        if (mcp__marks_is_about(mark, i) && listed[i] < UINT16_MAX)
            see_beginning(&side->segment[i], mark->tag, listed[i]++);
    }
}

/* What "+" entries say, and the first "=" entry. 0: the mark does not stand. */
static int
read_marks(mcp__repair_side *side, mcp__span list, int64_t now_ms)
{
    const uint8_t *at = list.bytes, *end = at + list.len;
    uint16_t listed[MCP__MARKS_SEGMENTS] = {0};
    uint32_t inc8 = 0;
    int stands = 0;
    mcp__mark mark;
    while (mcp__marks_next(&at, end, &mark)) {
        if (mark.id8 != side->id8)
            continue;
        see_beginnings(side, &mark, listed);
        if (!mark.is_segment && !stands)
            inc8 = mark.inc8;
        stands |= !mark.is_segment;
    }
    if (!stands)
        return 0;
    if (!side->has_inc8 || side->inc8 != inc8)
        mcp__repair_take_inc8(side, inc8, now_ms);
    for (int i = 0; i < MCP__MARKS_SEGMENTS; i++)
        mcp__repair_note_listed(&side->segment[i], listed[i], now_ms);
    return 1;
}

/* Held until the round ends, with room behind it for what will stand there without the mark. */
static int
hold_list(mcp__repair *job, mcp__repair_side *side, const mcp__outcome *outcome)
{
    side->list = mcp__mem_new(job->setup.mem, 2 * outcome->value.len);
    if (side->list == NULL)
        return 0;
    memcpy(side->list, outcome->value.bytes, outcome->value.len);
    side->list_len = outcome->value.len;
    side->list_unique = outcome->unique;
    return 1;
}

void
mcp__repair_told_list(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome, int64_t now_ms)
{
    mcp__repair_side *side = side_of(job, tag);
    int is_there = outcome->status == MCP__OUTCOME_DONE && outcome->value.len > 0;
    int stands = 0;
    job->step++;
    job->is_asked = 0;
    if (is_there && outcome->flags != MCP__MARKS_FORMAT)
        mcp__repair_end(job, MCP__REPAIR_FOREIGN);
    else if (is_there)
        stands = read_marks(side, outcome->value, now_ms);
    if (side == &job->side[1]) {
        job->is_both = (uint8_t)stands;
        job->n_sides = stands ? 2 : 1;
    } else if (!stands) {
        mcp__repair_end(job, MCP__REPAIR_DONE);
    }
    if (stands && !hold_list(job, side, outcome))
        mcp__repair_end(job, MCP__REPAIR_NO_MEMORY);
}

/* A mark that is new, or too young, is waited for first. */
static int
is_read_too_early(mcp__repair *job, int64_t now_ms)
{
    for (int i = 0; i < job->n_sides; i++) {
        const mcp__repair_side *side = &job->side[i];
        if (!side->is_peeked || now_ms < side->since_ms + job->hold_ms)
            return 1;
    }
    return 0;
}

static int
read_lists(mcp__repair *job, mcp__errand *errand)
{
    const mcp__repair_side *side = &job->side[job->step];
    if (job->is_asked)
        return 1;
    job->is_asked = 1;
    errand->key = (mcp__span){side->list_key, side->list_key_len};
    mcp__repair_give(job, errand, MCP__ERRAND_READ, side->host,
                     mcp__repair_tag_of(MCP__REPAIR_TAG_LIST, job->step, 0));
    return 1;
}

/* The lists have been read: are their journals to be? 1: this is not the time. */
static int
turn_away(mcp__repair *job, int64_t now_ms)
{
    if (job->is_both && job->setup.server > job->setup.witness) {
        mcp__repair_enter(job, MCP__REPAIR_DEFERRING);
        job->pause_until_ms = now_ms + MCP__REPAIR_PAUSE_MS;
        return 1;
    }
    if (!is_read_too_early(job, now_ms))
        return 0;
    mcp__repair_enter(job, MCP__REPAIR_PEEKING);
    return 1;
}

/* Nothing else may be concluded from absent segments than from segments that were asked for after
 * the list had come. */
static int read_all(mcp__repair *job, int64_t now_ms, mcp__errand *errand);

int
mcp__repair_read(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    if (job->step < 2)
        return read_lists(job, errand);
    if (job->step == 2 && turn_away(job, now_ms))
        return 0;
    job->step = 3;
    return read_all(job, now_ms, errand);
}

static int
is_whole(const mcp__outcome *outcome)
{
    return mcp__marks_is_whole(outcome->value) || outcome->value.len > SEGMENT_HELD ||
           (outcome->flags & 15) != MCP__MARKS_FORMAT;
}

void
mcp__repair_told_segment(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome,
                         int64_t now_ms)
{
    mcp__repair_segment *segment = segment_of(job, tag);
    note_unique(segment, unique_in(outcome), now_ms);
    segment->tag = MCP__MARKS_TAG(outcome->flags);
    if (outcome->status == MCP__OUTCOME_MISSING)
        return;
    segment->is_whole = (uint8_t)is_whole(outcome);
    if (segment->is_whole || outcome->value.len == 0)
        return;
    segment->value = mcp__mem_new(job->setup.mem, outcome->value.len);
    if (segment->value == NULL) {
        mcp__repair_end(job, MCP__REPAIR_NO_MEMORY);
        return;
    }
    memcpy(segment->value, outcome->value.bytes, outcome->value.len);
    segment->value_len = (uint32_t)outcome->value.len;
}

/* ---- What a round has found --------------------------------------------------------------- */

typedef struct finding {
    int n_old;
    int n_young;
    int64_t youngest_ms; /* of the old ones */
} finding;

static void
look_at(mcp__repair *job, finding *found, mcp__repair_segment *segment, uint32_t index,
        int64_t now_ms)
{
    if (segment->unique == 0 && !is_evicted(segment))
        return;
#ifndef MCP_MUTANT_YOUNG_REPLAYED
    if (now_ms < segment->since_ms + job->hold_ms) {
        found->n_young++;
        return;
    }
#else
    (void)now_ms;
#endif
    found->n_old++;
    if (segment->since_ms > found->youngest_ms)
        found->youngest_ms = segment->since_ms;
    segment->is_todo = 1;
    if (is_evicted(segment)) {
        segment->is_whole = 1;
        job->n_evicted++;
    }
    if (segment->is_whole)
        job->whole |= (uint64_t)1 << index;
}

/* Both stand: what is done to a key depends on both journals, so all of both have to be old. */
static void
decide(mcp__repair *job, int64_t now_ms)
{
    finding found = {0, 0, INT64_MIN};
    for (int s = 0; s < job->n_sides; s++) {
        for (uint32_t i = 0; i < MCP__MARKS_SEGMENTS; i++)
            look_at(job, &found, &job->side[s].segment[i], i, now_ms);
        if (job->side[s].since_ms > found.youngest_ms)
            found.youngest_ms = job->side[s].since_ms;
    }
    if (found.n_old == 0 && found.n_young == 0) {
        mcp__repair_enter(job, MCP__REPAIR_CLEARING);
    } else if (found.n_young > 0 && (found.n_old == 0 || job->is_both)) {
        mcp__repair_enter(job, MCP__REPAIR_HOLDING);
    } else {
        job->youngest_ms = found.youngest_ms;
        mcp__repair_begin_quarantine(job);
    }
}

static int
read_all(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    uint32_t side, index;
    if (job->n_flying < MCP__REPAIR_WINDOW && next_segment(job, &side, &index) != NULL) {
        give_segment(job, errand, MCP__ERRAND_READ, MCP__REPAIR_TAG_SEGMENT, side, index);
        return 1;
    }
    if (job->n_flying > 0)
        return 1;
    decide(job, now_ms);
    return 0;
}

/* ---- After the replay --------------------------------------------------------------------- */

/* This job has seen to every key of it, so its absence means nothing any more. */
static void
account(mcp__repair *job, mcp__repair_segment *segment)
{
    segment->accounted = segment->listed;
    job->n_segments++;
}

int
mcp__repair_cut(mcp__repair *job, mcp__errand *errand)
{
    uint32_t side, index;
    mcp__repair_segment *segment;
    while (job->n_flying < MCP__REPAIR_WINDOW &&
           (segment = next_segment(job, &side, &index)) != NULL) {
        if (segment->is_todo && segment->unique == 0)
            account(job, segment);
        if (!segment->is_todo || segment->unique == 0)
            continue;
        errand->unique = segment->unique;
        give_segment(job, errand, MCP__ERRAND_DELETE, MCP__REPAIR_TAG_CUT, side, index);
        return 1;
    }
    if (job->n_flying > 0)
        return 1;
    mcp__repair_begin_round(job);
    return 0;
}

/* Gone without our doing: somebody else's repair, or evicted just now. Which one cannot be known.
 */
void
mcp__repair_told_cut(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome, int64_t now_ms)
{
    mcp__repair_segment *segment = segment_of(job, tag);
    if (outcome->status == MCP__OUTCOME_CHANGED)
        return;
    note_unique(segment, 0, now_ms);
    if (outcome->status == MCP__OUTCOME_DONE)
        account(job, segment);
}

/* ---- Clearing ----------------------------------------------------------------------------- */

/* Both stand: W's mark goes first, see the header. `step` counts. */
int
mcp__repair_clear(mcp__repair *job, mcp__errand *errand)
{
    if (job->is_asked)
        return 1;
    mcp__repair_side *side = &job->side[job->n_sides - 1 - job->step];
    uint8_t *rest = side->list + side->list_len;
    mcp__span list = {side->list, side->list_len};
    size_t len = mcp__marks_without((char *)rest, list, side->id8);
    job->is_asked = 1;
    errand->key = (mcp__span){side->list_key, side->list_key_len};
    errand->value = (mcp__span){rest, len};
    errand->flags = MCP__MARKS_FORMAT;
    errand->unique = side->list_unique;
    mcp__repair_give(job, errand, len > 0 ? MCP__ERRAND_STORE : MCP__ERRAND_DELETE, side->host,
                     MCP__REPAIR_TAG_CLEAR);
    return 1;
}

void
mcp__repair_told_clear(mcp__repair *job, const mcp__outcome *outcome)
{
    job->is_asked = 0;
    if (outcome->status != MCP__OUTCOME_DONE) {
        mcp__repair_begin_round(job);
        return;
    }
    job->step++;
    if (job->step < job->n_sides)
        return;
    job->is_cleared = 1;
    mcp__repair_enter(job, MCP__REPAIR_RELEASING);
}

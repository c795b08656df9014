/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/repair.h"

#include <assert.h>
#include <string.h>

#include "ops/repair_parts.h"

/* ---- Life --------------------------------------------------------------------------------- */

static void
begin_side(mcp__repair_side *side, mcp__span prefix)
{
    side->list_key_len = (uint8_t)mcp__marks_key_list(side->list_key, prefix);
    for (uint32_t i = 0; i < MCP__MARKS_SEGMENTS; i++) {
        mcp__repair_segment *segment = &side->segment[i];
        segment->key_len = (uint8_t)mcp__marks_key_journal(segment->key, prefix, side->id8, i);
    }
}

void
mcp__repair_begin(mcp__repair *job, const mcp__repair_setup *setup, int64_t now_ms)
{
    size_t memory_max = setup->memory_max > 0 ? setup->memory_max : (size_t)1 << 30;
    memset(job, 0, sizeof *job);
    job->setup = *setup;
    job->n_sides = 1;
    job->pause_until_ms = now_ms;
    job->peek_due_ms = INT64_MAX;
    mcp__lock_begin(&job->lock, setup->witness, setup->server_id8, setup->prefix,
                    MCP__REPAIR_TAG_LOCK, setup->random);
    mcp__keys_init(&job->keys, setup->mem, memory_max);
    mcp__keys_init(&job->swept, setup->mem, MCP__REPAIR_SWEEP * MCP__MARKS_LINE_MAX);
    job->side[0].host = job->side[1].about = setup->witness;
    job->side[0].about = job->side[1].host = setup->server;
    job->side[0].id8 = setup->server_id8;
    job->side[1].id8 = setup->witness_id8;
    for (int i = 0; i < 2; i++)
        begin_side(&job->side[i], setup->prefix);
}

void
mcp__repair_fini(mcp__repair *job)
{
    mcp__repair_forget_round(job);
    mcp__keys_clear(&job->keys);
    mcp__keys_clear(&job->swept);
}

void
mcp__repair_resume(mcp__repair *job, int64_t now_ms)
{
    assert(job->phase == MCP__REPAIR_ENDED && job->n_flying == 0);
    mcp__repair_forget_round(job);
    job->result = MCP__REPAIR_UNDER_WAY;
    job->is_cleared = 0;
    job->pause_until_ms = now_ms;
    mcp__lock_begin(&job->lock, job->setup.witness, job->setup.server_id8, job->setup.prefix,
                    MCP__REPAIR_TAG_LOCK, job->setup.random);
    mcp__repair_enter(job, MCP__REPAIR_PEEKING);
}

void
mcp__repair_stop(mcp__repair *job)
{
    mcp__repair_end(job, MCP__REPAIR_STOPPED);
}

/* ---- What the files of this room share ---------------------------------------------------- */

void
mcp__repair_give(mcp__repair *job, mcp__errand *errand, mcp__errand_what what, uint32_t server,
                 uint32_t tag)
{
    errand->what = (uint8_t)what;
    errand->server = server;
    errand->tag = tag;
    job->n_flying++;
}

void
mcp__repair_enter(mcp__repair *job, mcp__repair_phase phase)
{
    job->phase = (uint8_t)phase;
    job->step = 0;
    job->is_asked = 0;
    job->next = 0;
}

void
mcp__repair_end(mcp__repair *job, mcp__repair_result result)
{
    if (job->result == MCP__REPAIR_UNDER_WAY)
        job->result = (uint8_t)result;
}

int
mcp__repair_must_wait(int64_t due_ms, int64_t now_ms, mcp__errand *errand)
{
    if (now_ms >= due_ms)
        return 0;
    if (due_ms < errand->until_ms)
        errand->until_ms = due_ms;
    return 1;
}

void
mcp__repair_take_inc8(mcp__repair_side *side, uint32_t inc8, int64_t since_ms)
{
    side->has_inc8 = 1;
    side->inc8 = inc8;
    side->since_ms = since_ms;
    side->is_peeked = 0;
    for (int i = 0; i < MCP__MARKS_SEGMENTS; i++) {
        side->segment[i].unique = 0;
        side->segment[i].since_ms = INT64_MAX;
        side->segment[i].listed = side->segment[i].accounted = 0;
    }
}

/* An absent segment has no cas that would tell its age. What is newly listed was begun just now and
 * has been evicted since. */
void
mcp__repair_note_listed(mcp__repair_segment *segment, uint16_t listed, int64_t now_ms)
{
    if (listed != segment->listed && segment->unique == 0)
        segment->since_ms = now_ms;
    segment->listed = listed;
}

/* ---- What the engine knows ---------------------------------------------------------------- */

/* The sight may be older than what this job has read itself, so only its changes count. Returns 1
 * when it told something new. */
static int
see_mark(mcp__repair_side *side, uint32_t inc8, int64_t first_seen_ms)
{
    if (side->has_sight && side->sight_inc8 == inc8)
        return 0;
    side->has_sight = 1;
    side->sight_inc8 = inc8;
    if (side->has_inc8 && side->inc8 == inc8)
        return 0;
    mcp__repair_take_inc8(side, inc8, first_seen_ms);
    return 1;
}

static void
see_segments(mcp__repair_side *side, uint64_t segments, int64_t now_ms)
{
    for (int i = 0; i < MCP__MARKS_SEGMENTS; i++) {
        if ((segments >> i & 1) != 0 && side->segment[i].listed == 0)
            mcp__repair_note_listed(&side->segment[i], 1, now_ms);
    }
}

static void
look(mcp__repair *job, const mcp__sight *sight, int64_t now_ms)
{
    job->hold_ms = sight->hold_ms;
    if (!sight->stands)
        mcp__repair_end(job, MCP__REPAIR_DONE);
    else if (!sight->is_usable[0] || !sight->is_usable[1])
        mcp__repair_end(job, MCP__REPAIR_AWAY);
    if (job->result != MCP__REPAIR_UNDER_WAY)
        return;
    if (see_mark(&job->side[0], sight->inc8, sight->first_seen_ms)) {
        job->must_begin_again = 1;
        job->peek_rest_ms = 0;
    }
    see_segments(&job->side[0], sight->segments, now_ms);
    if (sight->other_stands &&
        see_mark(&job->side[1], sight->other_inc8, sight->other_first_seen_ms)) {
        job->n_sides = 2;
        job->must_begin_again = 1;
    }
}

/* ---- Phases that need no more than a few lines -------------------------------------------- */

/* Whatever was under way rests on something that holds no more: the lock, or the mark. */
static int
begin_again(mcp__repair *job)
{
    if (job->n_flying > 0 || job->lock.flying != 0)
        return 1;
    mcp__repair_forget_round(job);
    job->must_begin_again = 0;
    job->lock.was_lost = 0;
    mcp__repair_enter(job, MCP__REPAIR_PEEKING);
    return 0;
}

static int
take_lock(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    if (!job->lock.is_held) {
        mcp__lock_next(&job->lock, now_ms, errand);
        return 1;
    }
    mcp__repair_begin_round(job);
    return 0;
}

static int
defer(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    if (mcp__repair_must_wait(job->pause_until_ms, now_ms, errand))
        return 1;
    mcp__repair_begin_round(job);
    return 0;
}

static int
release(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    if (!mcp__lock_leave(&job->lock)) {
        mcp__lock_next(&job->lock, now_ms, errand);
        return 1;
    }
    mcp__repair_enter(job, MCP__REPAIR_RESTING);
    job->pause_until_ms = now_ms + MCP__REPAIR_REST_MS;
    if (job->swept.n == 0)
        mcp__repair_end(job, MCP__REPAIR_DONE);
    return job->swept.n == 0;
}

static int
rest(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    if (mcp__repair_must_wait(job->pause_until_ms, now_ms, errand)) {
        job->waiting_until_ms = job->pause_until_ms;
        return 1;
    }
    memset(&job->cursor, 0, sizeof job->cursor);
    mcp__repair_enter(job, MCP__REPAIR_SWEEPING);
    return 0;
}

static int
sweep(mcp__repair *job, mcp__errand *errand)
{
    if (job->n_flying >= MCP__REPAIR_WINDOW)
        return 1;
    if (mcp__keys_next(&job->swept, &job->cursor, &errand->key, &errand->is_base64)) {
        errand->from = job->setup.witness;
        mcp__repair_give(job, errand, MCP__ERRAND_COMPARE, job->setup.server,
                         MCP__REPAIR_TAG_COMPARE);
        return 1;
    }
    if (job->n_flying == 0)
        mcp__repair_end(job, MCP__REPAIR_DONE);
    return 1;
}

/* ---- The doors ---------------------------------------------------------------------------- */

static int
take_step(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    switch ((mcp__repair_phase)job->phase) {
    case MCP__REPAIR_PEEKING:
        return mcp__repair_peek(job, errand);
    case MCP__REPAIR_HOLDING:
        return mcp__repair_hold(job, now_ms, errand);
    case MCP__REPAIR_LOCKING:
        return take_lock(job, now_ms, errand);
    case MCP__REPAIR_READING:
        return mcp__repair_read(job, now_ms, errand);
    case MCP__REPAIR_QUARANTINE:
        return mcp__repair_quarantine(job, now_ms, errand);
    case MCP__REPAIR_REPLAYING:
        return mcp__repair_replay(job, now_ms, errand);
    case MCP__REPAIR_CUTTING:
        return mcp__repair_cut(job, errand);
    case MCP__REPAIR_CLEARING:
        return mcp__repair_clear(job, errand);
    case MCP__REPAIR_RELEASING:
        return release(job, now_ms, errand);
    case MCP__REPAIR_RESTING:
        return rest(job, now_ms, errand);
    case MCP__REPAIR_SWEEPING:
        return sweep(job, errand);
    case MCP__REPAIR_DEFERRING:
        return defer(job, now_ms, errand);
    case MCP__REPAIR_ENDED:
        break;
    }
    return 1;
}

/* What is in flight is waited for, and the lock given back, if its server can be asked. */
static void
finish(mcp__repair *job, const mcp__sight *sight, int64_t now_ms, mcp__errand *errand)
{
    int is_left = mcp__lock_leave(&job->lock);
    if (job->n_flying > 0 || job->lock.flying != 0)
        return;
    if (!is_left && sight->is_usable[1]) {
        mcp__lock_next(&job->lock, now_ms, errand);
        return;
    }
    mcp__repair_enter(job, MCP__REPAIR_ENDED);
    errand->what = MCP__ERRAND_DONE;
}

/* As long as there is work that somebody else should not do as well. */
static int
renew_lock(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    return job->lock.is_held && !job->is_cleared && mcp__lock_next(&job->lock, now_ms, errand);
}

void
mcp__repair_next(mcp__repair *job, const mcp__sight *sight, int64_t now_ms, mcp__errand *errand)
{
    *errand = (mcp__errand){.what = MCP__ERRAND_NONE, .until_ms = INT64_MAX};
    job->waiting_until_ms = 0;
    if (job->result == MCP__REPAIR_UNDER_WAY && !job->is_cleared)
        look(job, sight, now_ms);
    job->must_begin_again |= job->lock.was_lost && !job->is_cleared;
    if (job->result == MCP__REPAIR_UNDER_WAY && renew_lock(job, now_ms, errand))
        return;
    int is_over = 0;
    while (job->result == MCP__REPAIR_UNDER_WAY && !is_over)
        is_over = job->must_begin_again ? begin_again(job) : take_step(job, now_ms, errand);
    if (job->result != MCP__REPAIR_UNDER_WAY && errand->what == MCP__ERRAND_NONE)
        finish(job, sight, now_ms, errand);
}

static void
told_lock(mcp__repair *job, const mcp__outcome *outcome, int64_t now_ms)
{
    if (mcp__lock_told(&job->lock, outcome, now_ms) < 0 && !job->is_cleared)
        mcp__repair_end(job, MCP__REPAIR_AWAY);
}

/* An item without a cas: the server was started without them, and nothing could be relied on. */
static int
is_failure(uint32_t kind, const mcp__outcome *outcome)
{
    uint8_t status = outcome->status;
    if (kind == MCP__REPAIR_TAG_COMPARE)
        return 0; /* no more than a second look */
    if (kind == MCP__REPAIR_TAG_KEY || kind == MCP__REPAIR_TAG_DUMP)
        return status == MCP__OUTCOME_FAILED;
    if (kind >= MCP__REPAIR_TAG_PEEK && kind <= MCP__REPAIR_TAG_SEGMENT &&
        status == MCP__OUTCOME_DONE && outcome->unique == 0)
        return 1;
    return status > MCP__OUTCOME_CHANGED; /* the others can be nothing else here */
}

static void
take_outcome(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome, int64_t now_ms)
{
    switch ((mcp__repair_tag)(tag & 0xff)) {
    case MCP__REPAIR_TAG_PEEK:
        mcp__repair_told_peek(job, tag, outcome, now_ms);
        break;
    case MCP__REPAIR_TAG_LIST:
        mcp__repair_told_list(job, tag, outcome, now_ms);
        break;
    case MCP__REPAIR_TAG_SEGMENT:
        mcp__repair_told_segment(job, tag, outcome, now_ms);
        break;
    case MCP__REPAIR_TAG_PING:
        mcp__repair_told_ping(job, now_ms);
        break;
    case MCP__REPAIR_TAG_KEY:
        job->n_keys++;
        break;
    case MCP__REPAIR_TAG_DUMP:
        mcp__repair_told_dump(job, outcome, now_ms);
        break;
    case MCP__REPAIR_TAG_CUT:
        mcp__repair_told_cut(job, tag, outcome, now_ms);
        break;
    case MCP__REPAIR_TAG_CLEAR:
        mcp__repair_told_clear(job, outcome);
        break;
    case MCP__REPAIR_TAG_COMPARE:
        job->n_swept++;
        break;
    case MCP__REPAIR_TAG_LOCK:
        break;
    }
}

void
mcp__repair_told(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome, int64_t now_ms)
{
    uint32_t kind = tag & 0xff;
    if (kind == MCP__REPAIR_TAG_LOCK) {
        told_lock(job, outcome, now_ms);
        return;
    }
    assert(job->n_flying > 0);
    job->n_flying--;
    if (is_failure(kind, outcome))
        mcp__repair_end(job, MCP__REPAIR_AWAY);
    if (job->result == MCP__REPAIR_UNDER_WAY)
        take_outcome(job, tag, outcome, now_ms);
}

/* ---- Names -------------------------------------------------------------------------------- */

const char *
mcp__repair_phase_name(mcp__repair_phase phase)
{
    static const char *const names[] = {
        "peeking",  "holding",   "locking", "reading",  "quarantine", "replaying", "cutting",
        "clearing", "releasing", "resting", "sweeping", "deferring",  "ended"};
    return names[phase];
}

const char *
mcp__repair_result_name(mcp__repair_result result)
{
    static const char *const names[] = {"under way", "done",      "away",   "no dump",
                                        "foreign",   "no memory", "stopped"};
    return names[result];
}

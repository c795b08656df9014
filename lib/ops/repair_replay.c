/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/repair.h"

#include <assert.h>
#include <string.h>

#include "ops/repair_parts.h"
#include "wire/key.h"

#define N_RECENT (sizeof((mcp__repair *)0)->recent / sizeof(uint32_t))

/* ---- Quarantine --------------------------------------------------------------------------- */

/* In every round: D may have been paused since the last one, and what was sent to it meanwhile may
 * wait in its buffers. */
void
mcp__repair_begin_quarantine(mcp__repair *job)
{
    job->row = 0;
    job->line_side = 0;
    job->line_segment = 0;
    job->line_at = 0;
    memset(job->recent, 0, sizeof job->recent);
    mcp__repair_enter(job, MCP__REPAIR_QUARANTINE);
}

/* Steps 0, 1: both servers answer (one, when only D stands); 2, 3: a new connection to each, after
 * Q; 4, 5: they answer on it. */
int
mcp__repair_quarantine(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
#ifdef MCP_MUTANT_NO_QUARANTINE
    mcp__repair_enter(job, MCP__REPAIR_REPLAYING);
    return 0;
#endif
    if (job->is_asked || mcp__repair_must_wait(job->pause_until_ms, now_ms, errand))
        return 1;
    if (job->step == 6) {
        mcp__repair_enter(job, MCP__REPAIR_REPLAYING);
        return 0;
    }
    int is_witness = job->step & 1;
    if (is_witness && !job->is_both) {
        job->step++;
        return 0;
    }
    job->is_asked = 1;
    errand->since_ms = job->youngest_ms;
    mcp__repair_give(job, errand, job->step / 2 == 1 ? MCP__ERRAND_RENEW : MCP__ERRAND_PING,
                     is_witness ? job->setup.witness : job->setup.server, MCP__REPAIR_TAG_PING);
    return 1;
}

void
mcp__repair_told_ping(mcp__repair *job, int64_t now_ms)
{
    job->is_asked = 0;
    job->step++;
    if (job->step <= 2)
        job->pause_until_ms = now_ms + job->setup.quarantine_ms;
}

/* ---- Keys --------------------------------------------------------------------------------- */

/* Also what is no key at all: anybody may write into a journal. */
static int
is_reserved(const mcp__repair *job, mcp__span key, int is_base64)
{
    uint8_t room[MCP__KEY_MAX];
    mcp__span prefix = job->setup.prefix;
    key = mcp__keys_raw(key, is_base64, room);
    return key.len == 0 || mcp__marks_is_reserved(prefix.bytes, prefix.len, key.bytes, key.len);
}

/* As far as the key tells: not for keys of another namespace. */
static mcp__pair
pair_of(const mcp__repair *job, mcp__span key, int is_base64)
{
    uint8_t room[MCP__KEY_MAX];
    mcp__span space = job->setup.name_space;
    key = mcp__keys_raw(key, is_base64, room);
    const char *bytes = key.bytes;
    if (job->setup.has_routes || key.len <= space.len ||
        (space.len > 0 && memcmp(bytes, space.bytes, space.len) != 0))
        return (mcp__pair){MCP__NO_SERVER, MCP__NO_SERVER};
    return mcp__pairing_find(job->setup.pairing, bytes + space.len, key.len - space.len);
}

static int
is_of_both(const mcp__repair *job, mcp__span key, int is_base64)
{
    mcp__pair pair = pair_of(job, key, is_base64);
    return (pair.primary == job->setup.server && pair.backup == job->setup.witness) ||
           (pair.primary == job->setup.witness && pair.backup == job->setup.server);
}

/*
 * Both stand: copies are safe only from the backup to the primary, as writers store on the backup
 * first. A key of both journals is copied, too, but by then it has been deleted on both, and
 * whatever the backup has was written since.
 */
static int
is_copied(const mcp__repair *job, mcp__span key, int is_base64)
{
    mcp__pair pair = {MCP__NO_SERVER, MCP__NO_SERVER};
    if (!job->is_both)
        return 1;
    if (job->line_side == 0)
        pair = pair_of(job, key, is_base64);
    return pair.primary == job->setup.server && pair.backup == job->setup.witness;
}

/* ---- The lines of the journals ------------------------------------------------------------ */

/* A key that was written often stands in many lines; most of them are found here. Keys hold no line
 * feed, so what begins alike and has one behind it is the same, and the letter in front says how.
 */
static int
is_repeated(mcp__repair *job, const mcp__repair_segment *segment, mcp__span key)
{
    const uint8_t *bytes = key.bytes;
    uint32_t *slot = &job->recent[mcp__pairing_hash_bits(key.bytes, key.len) % N_RECENT];
    const uint8_t *before = segment->value + *slot;
    int is_same = *slot != 0 && before < bytes && memcmp(before, bytes, key.len) == 0 &&
                  before[key.len] == '\n' && before[-1] == bytes[-1];
    *slot = (uint32_t)(bytes - segment->value);
    return is_same;
}

static void
next_line_segment(mcp__repair *job)
{
    job->line_at = 0;
    memset(job->recent, 0, sizeof job->recent);
    if (++job->line_segment == MCP__MARKS_SEGMENTS) {
        job->line_segment = 0;
        job->line_side++;
    }
}

/* The next key of this segment that is to be copied (or not to be). */
static int
next_in_segment(mcp__repair *job, const mcp__repair_segment *segment, int copied, mcp__span *key,
                uint8_t *is_base64)
{
    const uint8_t *at = segment->value + job->line_at, *end = segment->value + segment->value_len;
    int base64;
    while (mcp__marks_next_line(&at, end, key, &base64)) {
        job->line_at = (uint32_t)(at - segment->value);
        if (is_reserved(job, *key, base64) || is_copied(job, *key, base64) != copied ||
            is_repeated(job, segment, *key))
            continue;
        *is_base64 = (uint8_t)base64;
        return 1;
    }
    return 0;
}

static int
next_line(mcp__repair *job, int copied, mcp__span *key, uint8_t *is_base64)
{
    while (job->line_side < job->n_sides) {
        const mcp__repair_segment *segment = &job->side[job->line_side].segment[job->line_segment];
        int is_in = segment->is_todo && segment->value != NULL &&
                    (job->whole >> job->line_segment & 1) == 0;
        if (is_in && next_in_segment(job, segment, copied, key, is_base64))
            return 1;
        next_line_segment(job);
    }
    job->line_side = 0;
    return 0;
}

/* ---- The plans ---------------------------------------------------------------------------- */

typedef enum row_kind {
    ROW_END = 0,
    ROW_DUMP,          /* the keys of whole segments, into the list */
    ROW_DUMP_PAIR,     /* those of them that D and W share, into a new list */
    ROW_REMOVE_LISTED, /* deleted on the server of the row */
    ROW_COPY_LISTED,
    ROW_REMOVE_LINES, /* both stand: the keys that are not copied */
    ROW_REPLAY_LINES,
} row_kind;

typedef struct plan_row {
    uint8_t kind;
    uint8_t is_witness; /* W, else D */
    uint8_t repeats;    /* from the first row, when the list could not hold all keys */
} plan_row;

/* Nothing is copied onto D before whatever it had has been deleted there. */
static const plan_row plan_one[] = {{ROW_DUMP, 0, 0},         {ROW_REMOVE_LISTED, 0, 1},
                                    {ROW_DUMP_PAIR, 1, 0},    {ROW_COPY_LISTED, 0, 0},
                                    {ROW_REPLAY_LINES, 0, 0}, {ROW_END, 0, 0}};

/* W, D, W: a copy from W that somebody else has begun must not bring a value back. */
static const plan_row plan_both[] = {{ROW_DUMP, 0, 0},          {ROW_DUMP, 1, 0},
                                     {ROW_REMOVE_LISTED, 1, 0}, {ROW_REMOVE_LISTED, 0, 0},
                                     {ROW_REMOVE_LISTED, 1, 1}, {ROW_REMOVE_LINES, 1, 0},
                                     {ROW_REMOVE_LINES, 0, 0},  {ROW_REMOVE_LINES, 1, 0},
                                     {ROW_REPLAY_LINES, 0, 0},  {ROW_END, 0, 0}};

static const plan_row *
row_of(const mcp__repair *job)
{
    return job->is_both ? &plan_both[job->row] : &plan_one[job->row];
}

static uint32_t
server_of(const mcp__repair *job, const plan_row *row)
{
    return row->is_witness ? job->setup.witness : job->setup.server;
}

static void
go_to(mcp__repair *job, uint8_t row)
{
    job->row = row;
    job->is_asked = 0;
    memset(&job->cursor, 0, sizeof job->cursor);
}

/* ---- Dumps -------------------------------------------------------------------------------- */

static int
dump(mcp__repair *job, const plan_row *row, int64_t now_ms, mcp__errand *errand)
{
    int is_for_copies = row->kind == ROW_DUMP_PAIR;
    if (job->whole == 0 || (is_for_copies && job->setup.has_routes)) {
        mcp__keys_clear(&job->keys);
        go_to(job, job->row + 1);
        return 0;
    }
    if (job->is_asked || mcp__repair_must_wait(job->pause_until_ms, now_ms, errand))
        return 1;
    if (job->row == 0 || is_for_copies)
        mcp__keys_clear(&job->keys);
    job->is_asked = 1;
    mcp__repair_give(job, errand, MCP__ERRAND_DUMP, server_of(job, row), MCP__REPAIR_TAG_DUMP);
    return 1;
}

void
mcp__repair_dumped(mcp__repair *job, uint32_t tag, mcp__span key, int is_base64)
{
    assert(tag == MCP__REPAIR_TAG_DUMP);
    (void)tag;
    if (job->result != MCP__REPAIR_UNDER_WAY || is_reserved(job, key, is_base64) ||
        (job->whole >> mcp__marks_segment(key.bytes, key.len) & 1) == 0)
        return;
    if (row_of(job)->kind == ROW_DUMP || is_of_both(job, key, is_base64))
        mcp__keys_add(&job->keys, key, is_base64);
}

void
mcp__repair_told_dump(mcp__repair *job, const mcp__outcome *outcome, int64_t now_ms)
{
    int is_for_copies = row_of(job)->kind == ROW_DUMP_PAIR;
    if (outcome->status == MCP__OUTCOME_BUSY) {
        job->is_asked = 0;
        job->pause_until_ms = now_ms + MCP__REPAIR_PAUSE_MS;
    } else if (outcome->status != MCP__OUTCOME_DONE && !is_for_copies) {
        mcp__repair_end(job, MCP__REPAIR_NO_DUMP);
    } else if (job->keys.lost > 0 && job->keys.n == 0 && !is_for_copies) {
        mcp__repair_end(job, MCP__REPAIR_NO_MEMORY);
    } else {
        go_to(job, job->row + 1); /* what could not be listed for copies is filled by use */
    }
}

/* ---- Replay ------------------------------------------------------------------------------- */

static int
next_key(mcp__repair *job, const plan_row *row, mcp__span *key, uint8_t *is_base64)
{
    if (row->kind == ROW_REMOVE_LISTED || row->kind == ROW_COPY_LISTED)
        return mcp__keys_next(&job->keys, &job->cursor, key, is_base64);
    return next_line(job, row->kind == ROW_REPLAY_LINES, key, is_base64);
}

static void
give_key(mcp__repair *job, const plan_row *row, mcp__errand *errand)
{
    int is_copy = row->kind == ROW_COPY_LISTED || row->kind == ROW_REPLAY_LINES;
    if (is_copy) {
        errand->from = job->setup.witness;
        errand->may_stand = job->is_both; /* both journals say that this key is right there */
#ifndef MCP_MUTANT_COPY_ONTO_STALE
        errand->deletes_first = row->kind == ROW_REPLAY_LINES;
#endif
        if (job->swept.n < MCP__REPAIR_SWEEP)
            mcp__keys_add(&job->swept, errand->key, errand->is_base64);
    }
    mcp__repair_give(job, errand, is_copy ? MCP__ERRAND_COPY : MCP__ERRAND_DELETE,
                     server_of(job, row), MCP__REPAIR_TAG_KEY);
}

static int
walk(mcp__repair *job, const plan_row *row, mcp__errand *errand)
{
    if (job->n_flying >= MCP__REPAIR_WINDOW)
        return 1;
    /* A row of lines that has been walked through begins anew when it is asked again. */
    if (!job->is_asked && next_key(job, row, &errand->key, &errand->is_base64)) {
        give_key(job, row, errand);
        return 1;
    }
    job->is_asked = 1;
    if (job->n_flying > 0)
        return 1;
    go_to(job, row->repeats && job->keys.lost > 0 ? 0 : job->row + 1);
    return 0;
}

int
mcp__repair_replay(mcp__repair *job, int64_t now_ms, mcp__errand *errand)
{
    const plan_row *row = row_of(job);
    switch ((row_kind)row->kind) {
    case ROW_DUMP:
    case ROW_DUMP_PAIR:
        return dump(job, row, now_ms, errand);
    case ROW_END:
        mcp__repair_enter(job, MCP__REPAIR_CUTTING);
        return 0;
    default:
        return walk(job, row, errand);
    }
}

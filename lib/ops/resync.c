/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/resync.h"

#include <assert.h>
#include <string.h>

#include "pair/marks.h"
#include "wire/key.h"

enum { TAG_LOCK = 1, TAG_DUMP, TAG_COPY };

/* States of a partner. */
enum { TO_DO, COPIED, FAILED, UNABLE };

#define BUSY_PAUSE_MS 500
/* After so many failed copies a partner is left; the rest would fail as well. */
#define FAILURES_MAX 16
/* Parts a partner's keys may be cut into. */
#define PARTS_MAX 65536u
/* What may be copied at once after a pause, of a second's rate. */
#define BURST 10

/* ---- Life --------------------------------------------------------------------------------- */

static void
end(mcp__resync *job, mcp__resync_result result)
{
    if (job->result == MCP__RESYNC_UNDER_WAY)
        job->result = (uint8_t)result;
}

void
mcp__resync_begin(mcp__resync *job, const mcp__resync_setup *setup, int64_t now_ms)
{
    memset(job, 0, sizeof *job);
    job->setup = *setup;
    mcp__resync_set_pace(job, setup->window, setup->rate);
    job->partner = MCP__NO_SERVER;
    job->pause_until_ms = job->credit_at_ms = now_ms;
    mcp__keys_init(&job->keys, setup->mem,
                   setup->memory_max > 0 ? setup->memory_max : (size_t)1 << 30);
    mcp__lock_begin(&job->lock, setup->server, setup->server_id8, setup->prefix, TAG_LOCK,
                    setup->random);
    for (size_t i = 0; i < setup->n_partners; i++)
        setup->partners[i].state = TO_DO;
    if (setup->has_routes && setup->n_partners > 0)
        end(job, MCP__RESYNC_NO_DUMP);
}

void
mcp__resync_set_pace(mcp__resync *job, uint32_t window, uint32_t rate)
{
    job->setup.rate = rate;
    job->setup.window = window == 0 ? MCP__RESYNC_WINDOW : window;
    if (window > MCP__RESYNC_WINDOW_MAX)
        job->setup.window = MCP__RESYNC_WINDOW_MAX;
}

void
mcp__resync_fini(mcp__resync *job)
{
    mcp__keys_clear(&job->keys);
}

void
mcp__resync_stop(mcp__resync *job)
{
    end(job, MCP__RESYNC_STOPPED);
}

/* ---- Which partner ------------------------------------------------------------------------ */

static mcp__resync_partner *
partner_of(mcp__resync *job)
{
    return &job->setup.partners[job->at];
}

/* Every partner has been copied, or cannot be now. */
static void
conclude(mcp__resync *job)
{
    mcp__resync_result result = MCP__RESYNC_DONE;
    for (size_t i = 0; i < job->setup.n_partners; i++) {
        uint8_t state = job->setup.partners[i].state;
        if (state == UNABLE)
            result = MCP__RESYNC_NO_DUMP;
        else if (state != COPIED && result == MCP__RESYNC_DONE)
            result = MCP__RESYNC_INCOMPLETE;
    }
    job->partner = MCP__NO_SERVER;
    end(job, result);
}

static int
choose(mcp__resync *job)
{
    for (job->at = 0; job->at < job->setup.n_partners; job->at++) {
        mcp__resync_partner *partner = partner_of(job);
        if (partner->state != TO_DO || !partner->is_source)
            continue;
        job->partner = partner->server;
        job->part = 0;
        job->n_parts = 1;
        job->is_given_up = 0;
        job->failed_before = job->n_failed;
        job->phase = MCP__RESYNC_DUMPING;
        return 0;
    }
    conclude(job);
    return 1;
}

static void
leave_partner(mcp__resync *job, uint8_t state)
{
    partner_of(job)->state = state;
    job->n_partners_done += state == COPIED;
    job->phase = MCP__RESYNC_CHOOSING;
}

/* ---- Dumping ------------------------------------------------------------------------------ */

static void
give(mcp__resync *job, mcp__errand *errand, mcp__errand_what what, uint32_t server, uint32_t tag)
{
    errand->what = (uint8_t)what;
    errand->server = server;
    errand->tag = tag;
    job->n_flying++;
}

static int
must_wait(int64_t due_ms, int64_t now_ms, mcp__errand *errand)
{
    if (now_ms < due_ms && due_ms < errand->until_ms)
        errand->until_ms = due_ms;
    return now_ms < due_ms;
}

static int
dump(mcp__resync *job, int64_t now_ms, mcp__errand *errand)
{
    if (job->is_dumping || must_wait(job->pause_until_ms, now_ms, errand))
        return 1;
    if (!partner_of(job)->is_source) {
        leave_partner(job, FAILED);
        return 0;
    }
    mcp__keys_clear(&job->keys);
    memset(&job->cursor, 0, sizeof job->cursor);
    job->part_bytes = 0;
    job->is_dumping = 1;
    give(job, errand, MCP__ERRAND_DUMP, job->partner, TAG_DUMP);
    return 1;
}

/* `key`: its raw bytes. */
static int
is_shared(const mcp__resync *job, mcp__span key)
{
    mcp__span space = job->setup.name_space;
    const char *bytes = key.bytes;
    if (key.len <= space.len || (space.len > 0 && memcmp(bytes, space.bytes, space.len) != 0))
        return 0;
    mcp__pair pair = mcp__pairing_find(job->setup.pairing, bytes + space.len, key.len - space.len);
    return (pair.primary == job->setup.server && pair.backup == job->partner) ||
           (pair.primary == job->partner && pair.backup == job->setup.server);
}

static int
is_in_part(const mcp__resync *job, mcp__span key)
{
    uint64_t bits = mcp__pairing_hash_bits(key.bytes, key.len);
    return bits * job->n_parts >> 32 == job->part;
}

void
mcp__resync_dumped(mcp__resync *job, uint32_t tag, mcp__span key, int is_base64)
{
    mcp__span prefix = job->setup.prefix;
    uint8_t room[MCP__KEY_MAX];
    mcp__span raw = mcp__keys_raw(key, is_base64, room);
    assert(tag == TAG_DUMP);
    (void)tag;
    job->n_seen += job->n_parts == 1;
    if (job->result != MCP__RESYNC_UNDER_WAY || raw.len == 0 ||
        mcp__marks_is_reserved(prefix.bytes, prefix.len, raw.bytes, raw.len) ||
        !is_shared(job, raw) || !is_in_part(job, key))
        return;
    job->part_bytes += 1 + (size_t)(is_base64 != 0) + key.len;
    mcp__keys_add(&job->keys, key, is_base64);
}

static void
told_dump(mcp__resync *job, const mcp__outcome *outcome, int64_t now_ms)
{
    job->is_dumping = 0;
    if (outcome->status == MCP__OUTCOME_BUSY) {
        job->pause_until_ms = now_ms + BUSY_PAUSE_MS;
    } else if (outcome->status != MCP__OUTCOME_DONE) {
        leave_partner(job, outcome->status == MCP__OUTCOME_UNABLE ? UNABLE : FAILED);
    } else if (job->keys.lost > 0 && (job->keys.n == 0 || job->n_parts > PARTS_MAX)) {
        end(job, MCP__RESYNC_NO_MEMORY);
    } else {
        job->n_known += job->keys.n;
        job->phase = MCP__RESYNC_COPYING;
    }
}

/* ---- Copying ------------------------------------------------------------------------------ */

/* The keys that did not fit are dumped again, in so many parts that each of them should. */
static void
cut_part(mcp__resync *job)
{
    uint64_t held = job->part_bytes * job->keys.n / (job->keys.n + job->keys.lost);
    uint64_t cuts = job->part_bytes / (held > 0 ? held : 1) + 1;
    uint32_t most = 2 * PARTS_MAX / job->n_parts;
    uint32_t n = cuts < most ? (uint32_t)cuts : most;
    job->n_parts *= n;
    job->part *= n;
}

/* All copies of this part have been told. */
static void
finish_part(mcp__resync *job)
{
    if (job->is_given_up)
        leave_partner(job, FAILED);
    else if (job->keys.lost > 0)
        cut_part(job);
    else
        job->part++;
    if (job->phase != MCP__RESYNC_COPYING)
        return;
    job->phase = MCP__RESYNC_DUMPING;
    if (job->part == job->n_parts)
        leave_partner(job, job->n_failed == job->failed_before ? COPIED : FAILED);
}

/* A bucket that `rate` keys a second run into, and a tenth of a second's fit. 1: it is empty. */
static int
must_slow_down(mcp__resync *job, int64_t now_ms, mcp__errand *errand)
{
    int64_t rate = job->setup.rate, most = rate * 1000 / BURST;
    int64_t passed_ms = now_ms - job->credit_at_ms;
    if (rate == 0)
        return 0;
    if (most < 1000)
        most = 1000;
    if (passed_ms > most / rate)
        passed_ms = most / rate + 1;
    job->credit += passed_ms * rate;
    job->credit_at_ms = now_ms;
    if (job->credit > most)
        job->credit = most;
    return must_wait(now_ms + (999 - job->credit + rate) / rate, now_ms, errand);
}

static int
copy(mcp__resync *job, int64_t now_ms, mcp__errand *errand)
{
    mcp__keys_cursor before = job->cursor;
    if (!partner_of(job)->is_source)
        job->is_given_up = 1;
    if (job->n_flying >= job->setup.window)
        return 1;
    if (!job->is_given_up &&
        mcp__keys_next(&job->keys, &job->cursor, &errand->key, &errand->is_base64)) {
        if (must_slow_down(job, now_ms, errand)) {
            job->cursor = before;
            return 1;
        }
        job->credit -= 1000;
        errand->from = job->partner;
        give(job, errand, MCP__ERRAND_COPY, job->setup.server, TAG_COPY);
        return 1;
    }
    if (job->n_flying > 0)
        return 1;
    finish_part(job);
    return 0;
}

static void
told_copy(mcp__resync *job, const mcp__outcome *outcome)
{
    switch ((mcp__outcome_status)outcome->status) {
    case MCP__OUTCOME_DONE:
        job->n_copied++;
        break;
    case MCP__OUTCOME_KEPT:
    case MCP__OUTCOME_CHANGED:
        job->n_kept++;
        break;
    case MCP__OUTCOME_MISSING:
        job->n_missing++;
        break;
    case MCP__OUTCOME_UNABLE:
        job->n_refused++;
        break;
    case MCP__OUTCOME_BUSY:
    case MCP__OUTCOME_FAILED:
        job->n_failed++;
        job->is_given_up |= job->n_failed - job->failed_before >= FAILURES_MAX;
        break;
    }
}

/* ---- The doors ---------------------------------------------------------------------------- */

static int
take_step(mcp__resync *job, int64_t now_ms, mcp__errand *errand)
{
    if (!job->lock.is_held)
        return 1; /* not yet, or lost: somebody else may be at it */
    switch ((mcp__resync_phase)job->phase) {
    case MCP__RESYNC_LOCKING:
        job->phase = MCP__RESYNC_CHOOSING;
        return 0;
    case MCP__RESYNC_CHOOSING:
        return choose(job);
    case MCP__RESYNC_DUMPING:
        return dump(job, now_ms, errand);
    case MCP__RESYNC_COPYING:
        return copy(job, now_ms, errand);
    case MCP__RESYNC_RELEASING:
    case MCP__RESYNC_ENDED:
        break;
    }
    return 1;
}

static void
finish(mcp__resync *job, int is_usable, int64_t now_ms, mcp__errand *errand)
{
    int is_left = mcp__lock_leave(&job->lock);
    if (job->phase != MCP__RESYNC_ENDED)
        job->phase = MCP__RESYNC_RELEASING;
    if (job->n_flying > 0 || job->lock.flying != 0)
        return;
    if (!is_left && is_usable) {
        mcp__lock_next(&job->lock, now_ms, errand);
        return;
    }
    job->phase = MCP__RESYNC_ENDED;
    errand->what = MCP__ERRAND_DONE;
}

void
mcp__resync_next(mcp__resync *job, int is_usable, int64_t now_ms, mcp__errand *errand)
{
    *errand = (mcp__errand){.what = MCP__ERRAND_NONE, .until_ms = INT64_MAX};
    if (!is_usable)
        end(job, MCP__RESYNC_AWAY);
    if (job->result == MCP__RESYNC_UNDER_WAY && mcp__lock_next(&job->lock, now_ms, errand))
        return;
    int is_over = 0;
    while (job->result == MCP__RESYNC_UNDER_WAY && !is_over)
        is_over = take_step(job, now_ms, errand);
    if (job->result != MCP__RESYNC_UNDER_WAY && errand->what == MCP__ERRAND_NONE)
        finish(job, is_usable, now_ms, errand);
}

void
mcp__resync_told(mcp__resync *job, uint32_t tag, const mcp__outcome *outcome, int64_t now_ms)
{
    if (tag == TAG_LOCK) {
        if (mcp__lock_told(&job->lock, outcome, now_ms) < 0)
            end(job, MCP__RESYNC_AWAY);
        return;
    }
    assert(job->n_flying > 0);
    job->n_flying--;
    if (tag == TAG_COPY)
        told_copy(job, outcome);
    else if (job->result == MCP__RESYNC_UNDER_WAY)
        told_dump(job, outcome, now_ms);
}

/* ---- Names -------------------------------------------------------------------------------- */

const char *
mcp__resync_phase_name(mcp__resync_phase phase)
{
    static const char *const names[] = {"locking", "choosing",  "dumping",
                                        "copying", "releasing", "ended"};
    return names[phase];
}

const char *
mcp__resync_result_name(mcp__resync_result result)
{
    static const char *const names[] = {"under way", "done",      "incomplete", "no dump",
                                        "away",      "no memory", "stopped"};
    return names[result];
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "pair/ledger.h"

#include <string.h>

#include "place/hash.h"

/* Nobody needs more: a pool of a thousand servers of which all have missed something. */
#define MISSED_MAX 4096

void
mcp__ledger_init(mcp__ledger *ledger, const mcp__mem *mem, uint32_t id8)
{
    *ledger = (mcp__ledger){
        .id8 = id8,
        .asked_ms = MCP__LEDGER_NEVER,
        .queued_ms = MCP__LEDGER_NEVER,
        .epoch_asked_ms = MCP__LEDGER_NEVER,
        .doubted_ms = MCP__LEDGER_NEVER,
        .mem = mem,
    };
}

void
mcp__ledger_fini(mcp__ledger *ledger)
{
    mcp__mem_free(ledger->mem, ledger->missed);
    ledger->missed = NULL;
    ledger->n_missed = ledger->capacity = 0;
}

const mcp__missed *
mcp__ledger_find(const mcp__ledger *ledger, uint32_t id8)
{
    for (uint32_t i = 0; i < ledger->n_missed; i++) {
        if (ledger->missed[i].id8 == id8)
            return &ledger->missed[i];
    }
    return NULL;
}

static mcp__missed *
add(mcp__ledger *ledger, uint32_t id8)
{
    if (ledger->n_missed == ledger->capacity) {
        uint32_t capacity = ledger->capacity == 0 ? 4 : ledger->capacity * 2;
        mcp__missed *missed = capacity > MISSED_MAX ? NULL
                                                    : mcp__mem_resize(ledger->mem, ledger->missed,
                                                                      capacity * sizeof *missed);
        if (missed == NULL)
            return NULL;
        ledger->missed = missed;
        ledger->capacity = capacity;
    }
    mcp__missed *added = &ledger->missed[ledger->n_missed++];
    *added = (mcp__missed){.id8 = id8};
    return added;
}

static void
drop_gone(mcp__ledger *ledger, mcp__span text)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ledger->n_missed; i++) {
        ledger->missed[i].segments = 0;
        if (mcp__marks_lists(text, ledger->missed[i].id8))
            ledger->missed[kept++] = ledger->missed[i];
    }
    ledger->n_missed = kept;
}

/* The first entry of a server counts: a second one was appended by somebody who had not seen it. */
static void
take_incarnations(mcp__ledger *ledger, mcp__span text, int64_t now_ms)
{
    const uint8_t *at = text.bytes, *end = at + text.len;
    mcp__mark mark;
    /* Backwards would be needed to let the first one win; so the later ones are passed over. */
    uint32_t seen = 0;
    while (at < end && mcp__marks_next(&at, end, &mark)) {
        if (mark.is_segment)
            continue;
        mcp__missed *known = (mcp__missed *)mcp__ledger_find(ledger, mark.id8);
        int is_new = known == NULL;
        if (is_new && (known = add(ledger, mark.id8)) == NULL) {
            ledger->is_foreign = 1; /* no memory: the safe side */
            return;
        }
        uint32_t index = (uint32_t)(known - ledger->missed);
        if (index < seen)
            continue;
        if (index > seen) { /* keep those that this text has named in front */
            mcp__missed other = ledger->missed[seen];
            ledger->missed[seen] = *known;
            *known = other;
        }
        known = &ledger->missed[seen++];
        if (is_new || known->inc8 != mark.inc8) {
            known->inc8 = mark.inc8;
            known->first_seen_ms = now_ms;
        }
    }
}

static void
take_segments(mcp__ledger *ledger, mcp__span text)
{
    const uint8_t *at = text.bytes, *end = at + text.len;
    mcp__mark mark;
    while (at < end && mcp__marks_next(&at, end, &mark)) {
        if (!mark.is_segment)
            continue;
        mcp__missed *known = (mcp__missed *)mcp__ledger_find(ledger, mark.id8);
        if (known != NULL)
            known->segments |=
                mark.segment == MCP__MARKS_EVERY ? UINT64_MAX : (uint64_t)1 << mark.segment;
    }
}

void
mcp__ledger_take_marks(mcp__ledger *ledger, mcp__span text, uint64_t unique, uint32_t format,
                       int64_t asked_ms, int64_t now_ms)
{
    if (asked_ms < ledger->asked_ms || asked_ms < ledger->doubted_ms)
        return;
    ledger->asked_ms = asked_ms;
    if (unique == ledger->unique && !ledger->is_foreign)
        return;
    int was_foreign = ledger->is_foreign;
    ledger->unique = unique;
    ledger->is_foreign = unique != 0 && format != MCP__MARKS_FORMAT;
    if (unique == 0) {
        ledger->n_missed = 0;
        ledger->hash = 0;
        return;
    }
    /* Whoever writes while a server is away gives the marks a new number, and nearly always leaves
     * them as they are. */
    uint64_t hash = mcp__hash_xxh3(text.bytes, text.len);
    if (hash == ledger->hash && !was_foreign)
        return;
    ledger->hash = hash;
    drop_gone(ledger, text);
    take_incarnations(ledger, text, now_ms);
    take_segments(ledger, text);
}

void
mcp__ledger_take_epoch(mcp__ledger *ledger, mcp__span text, uint64_t unique, int64_t asked_ms)
{
    if (asked_ms < ledger->epoch_asked_ms)
        return;
    ledger->epoch_asked_ms = asked_ms;
    ledger->epoch_unique = unique;
    if (unique == 0) {
        ledger->epoch = MCP__EPOCH_MISSING;
        return;
    }
    /* What cannot be read is taken for ready: nothing is refilled on the word of a stranger. */
    if (!mcp__marks_read_epoch(text, &ledger->epoch_item)) {
        memset(&ledger->epoch_item, 0, sizeof ledger->epoch_item);
        ledger->epoch = MCP__EPOCH_READY;
        return;
    }
    ledger->epoch = ledger->epoch_item.is_warming ? MCP__EPOCH_WARMING : MCP__EPOCH_READY;
}

/* ---- two ledgers ---- */

/* As good as expired, but known. */
#define LONG_AGO_MS (24 * 3600 * (int64_t)1000)

static int
say_the_same(const mcp__ledger *one, const mcp__ledger *other)
{
    if (one->is_foreign != other->is_foreign || one->n_missed != other->n_missed)
        return 0;
    for (uint32_t i = 0; i < one->n_missed; i++) {
        const mcp__missed *missed = mcp__ledger_find(other, one->missed[i].id8);
        if (missed == NULL || missed->inc8 != one->missed[i].inc8)
            return 0;
    }
    return 1;
}

/* What stands in `theirs` stands here, too; an incarnation has been seen since either saw it. */
static void
add_all(mcp__ledger *ledger, const mcp__ledger *theirs)
{
    ledger->hash = 0;
    for (uint32_t i = 0; i < theirs->n_missed; i++) {
        const mcp__missed *missed = &theirs->missed[i];
        mcp__missed *known = (mcp__missed *)mcp__ledger_find(ledger, missed->id8);
        if (known == NULL && (known = add(ledger, missed->id8)) == NULL) {
            ledger->is_foreign = 1; /* no memory: the safe side */
            return;
        }
        int is_same = known->inc8 == missed->inc8 && known->first_seen_ms != 0;
        int64_t first_ms = is_same && known->first_seen_ms < missed->first_seen_ms
                               ? known->first_seen_ms
                               : missed->first_seen_ms;
        uint64_t segments = is_same ? known->segments | missed->segments : missed->segments;
        *known = *missed;
        known->first_seen_ms = first_ms;
        known->segments = segments;
    }
}

static void
drop_unlisted(mcp__ledger *ledger, const mcp__ledger *theirs)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ledger->n_missed; i++) {
        if (mcp__ledger_find(theirs, ledger->missed[i].id8) != NULL)
            ledger->missed[kept++] = ledger->missed[i];
    }
    ledger->n_missed = kept;
}

static void
take_age(mcp__ledger *ledger, const mcp__ledger *theirs)
{
    ledger->asked_ms = theirs->asked_ms;
    ledger->unique = theirs->unique;
    if (ledger->queued_ms < theirs->asked_ms)
        ledger->queued_ms = theirs->asked_ms;
}

mcp__ledger_order
mcp__ledger_hear(mcp__ledger *ledger, const mcp__ledger *theirs, int64_t slack_ms)
{
    if (!mcp__ledger_is_known(theirs) || theirs->asked_ms < ledger->doubted_ms)
        return MCP__LEDGER_OLDER;
    if (mcp__ledger_is_known(ledger) && say_the_same(ledger, theirs)) {
        if (theirs->asked_ms > ledger->asked_ms) {
            add_all(ledger, theirs);
            take_age(ledger, theirs);
        }
        return MCP__LEDGER_SAME;
    }
    if (mcp__ledger_is_known(ledger) && theirs->asked_ms + slack_ms < ledger->asked_ms)
        return MCP__LEDGER_OLDER;
    if (mcp__ledger_is_known(ledger) && theirs->asked_ms <= ledger->asked_ms + slack_ms)
        return MCP__LEDGER_UNORDERED;
    drop_unlisted(ledger, theirs);
    ledger->is_foreign = theirs->is_foreign;
    add_all(ledger, theirs);
    take_age(ledger, theirs);
    return MCP__LEDGER_NEWER;
}

void
mcp__ledger_join(mcp__ledger *ledger, const mcp__ledger *theirs)
{
    ledger->is_foreign |= theirs->is_foreign;
    add_all(ledger, theirs);
    if (theirs->asked_ms < ledger->asked_ms)
        ledger->asked_ms = theirs->asked_ms;
    ledger->unique = UINT64_MAX; /* no item says this */
}

void
mcp__ledger_remember(mcp__ledger *ledger, uint32_t id8, int64_t now_ms)
{
    mcp__missed *missed = (mcp__missed *)mcp__ledger_find(ledger, id8);
    ledger->unique = UINT64_MAX; /* no item says this */
    if (missed == NULL && (missed = add(ledger, id8)) == NULL) {
        ledger->is_foreign = 1; /* no memory: the safe side */
        return;
    }
    missed->segments = UINT64_MAX;
    if (missed->first_seen_ms == 0)
        missed->first_seen_ms = now_ms;
}

void
mcp__ledger_doubt(mcp__ledger *ledger, int64_t now_ms)
{
    ledger->doubted_ms = now_ms;
    if (mcp__ledger_is_known(ledger))
        ledger->asked_ms -= LONG_AGO_MS;
    ledger->queued_ms = MCP__LEDGER_NEVER;
}

int
mcp__ledger_hear_epoch(mcp__ledger *ledger, const mcp__ledger *theirs)
{
    int is_decided = theirs->epoch == MCP__EPOCH_READY || theirs->epoch == MCP__EPOCH_WARMING;
    if (!is_decided || theirs->epoch_asked_ms <= ledger->epoch_asked_ms)
        return 0;
    ledger->epoch = theirs->epoch;
    ledger->epoch_unique = theirs->epoch_unique;
    ledger->epoch_item = theirs->epoch_item;
    ledger->epoch_asked_ms = theirs->epoch_asked_ms;
    return 1;
}

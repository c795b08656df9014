/* SPDX-License-Identifier: BSD-3-Clause */
#include "pair/ledger.h"

#include <string.h>

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

static int
lists_server(mcp__span text, uint32_t id8)
{
    const uint8_t *at = text.bytes, *end = at + text.len;
    mcp__mark mark;
    while (at < end && mcp__marks_next(&at, end, &mark)) {
        if (!mark.is_segment && mark.id8 == id8)
            return 1;
    }
    return 0;
}

static void
drop_gone(mcp__ledger *ledger, mcp__span text)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ledger->n_missed; i++) {
        ledger->missed[i].segments = 0;
        if (lists_server(text, ledger->missed[i].id8))
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
            known->segments |= (uint64_t)1 << mark.segment;
    }
}

void
mcp__ledger_take_marks(mcp__ledger *ledger, mcp__span text, uint64_t unique, uint32_t format,
                       int64_t asked_ms, int64_t now_ms)
{
    if (asked_ms < ledger->asked_ms)
        return;
    ledger->asked_ms = asked_ms;
    if (unique == ledger->unique && !ledger->is_foreign)
        return;
    ledger->unique = unique;
    ledger->is_foreign = unique != 0 && format != MCP__MARKS_FORMAT;
    if (unique == 0) {
        ledger->n_missed = 0;
        return;
    }
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

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ledger: what this client knows of the words that stand on one server: which others missed writes
 * that are here (its marks), and what it says about itself (its epoch). Kept when the server goes
 * away: what was last known holds until something newer is heard.
 *
 * A ledger is fresh for one view interval, counted from when the question was sent. Owns its list.
 */
#ifndef MCPROXY_PAIR_LEDGER_H
#define MCPROXY_PAIR_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "pair/marks.h"

/* One server of which writes are missing. */
typedef struct mcp__missed {
    uint32_t id8;
    uint32_t inc8;
    int64_t first_seen_ms; /* this incarnation, by this client */
    uint64_t segments;     /* of the journal that were begun, by "+" entries */
} mcp__missed;

typedef enum mcp__epoch {
    MCP__EPOCH_UNKNOWN = 0, /* not asked yet */
    MCP__EPOCH_MISSING,     /* it has none: new, restarted, or evicted */
    MCP__EPOCH_READY,       /* R: its misses are final */
    MCP__EPOCH_WARMING,     /* W: it came back empty */
} mcp__epoch;

typedef struct mcp__ledger {
    uint32_t id8; /* of the server itself */
    uint8_t epoch;
    uint8_t is_foreign; /* the marks are of another format: everything may stand */
    int64_t asked_ms;   /* when the question was sent whose answer this is */
    int64_t queued_ms;  /* when the last question was */
    int64_t doubted_ms; /* answers to questions from before are passed over */
    uint64_t unique;    /* the marks' cas; 0: there are none */
    uint64_t hash;      /* of their text; 0: what is known is not what one text says */
    mcp__missed *missed;
    uint32_t n_missed, capacity;
    uint64_t listing; /* segments that an operation of this client is just listing there */
    const mcp__mem *mem;

    uint64_t epoch_unique;
    mcp__epoch_item epoch_item;
    int64_t epoch_asked_ms;
} mcp__ledger;

/* Long before any time there is. */
#define MCP__LEDGER_NEVER (INT64_MIN / 2)

void mcp__ledger_init(mcp__ledger *ledger, const mcp__mem *mem, uint32_t id8);
void mcp__ledger_fini(mcp__ledger *ledger);

/* The marks as they were read: `unique` 0: there are none. `format`: the item's client flags. An
 * answer to an older question than the last one is passed over. */
void mcp__ledger_take_marks(mcp__ledger *ledger, mcp__span text, uint64_t unique, uint32_t format,
                            int64_t asked_ms, int64_t now_ms);

/* The epoch as it was read. */
void mcp__ledger_take_epoch(mcp__ledger *ledger, mcp__span text, uint64_t unique, int64_t asked_ms);

/*
 * Two ledgers of one server, kept by two clients that read one clock. Times closer together than
 * `slack_ms` have no order.
 */
typedef enum mcp__ledger_order {
    MCP__LEDGER_SAME = 0,  /* they say the same; the younger age was taken over */
    MCP__LEDGER_OLDER,     /* nothing was taken over */
    MCP__LEDGER_NEWER,     /* their marks were taken over */
    MCP__LEDGER_UNORDERED, /* they differ and nobody knows which is newer: nothing was taken over */
} mcp__ledger_order;

/* Takes over the marks of `theirs` if they are newer. Without memory for them everything stands. */
mcp__ledger_order mcp__ledger_hear(mcp__ledger *ledger, const mcp__ledger *theirs,
                                   int64_t slack_ms);

/* What stands in either of them stands, as old as the older one. */
void mcp__ledger_join(mcp__ledger *ledger, const mcp__ledger *theirs);

/* This server has missed something, whatever the item says that was read; without memory for it
 * everything stands. */
void mcp__ledger_remember(mcp__ledger *ledger, uint32_t id8, int64_t now_ms);

/* It was asked again, and what was known holds. */
static inline void
mcp__ledger_renew(mcp__ledger *ledger, int64_t asked_ms)
{
    if (asked_ms > ledger->asked_ms && asked_ms >= ledger->doubted_ms)
        ledger->asked_ms = asked_ms;
}

/* It is not to be gone by until it has been asked anew, from `now_ms` on. */
void mcp__ledger_doubt(mcp__ledger *ledger, int64_t now_ms);

/* Takes over what is known of the epoch, if it is newer and decided. 1: it was. */
int mcp__ledger_hear_epoch(mcp__ledger *ledger, const mcp__ledger *theirs);

static inline int
mcp__ledger_is_fresh(const mcp__ledger *ledger, int64_t now_ms, int64_t interval_ms)
{
    return now_ms - ledger->asked_ms < interval_ms;
}

/* It still has no marks, as was heard in answer to a question of `asked_ms`. 0: it had some, or the
 * answer is older than others: mcp__ledger_take_marks() is to see to it. */
static inline int
mcp__ledger_has_nothing(mcp__ledger *ledger, int64_t asked_ms)
{
    if (ledger->unique != 0 || ledger->is_foreign || asked_ms < ledger->asked_ms ||
        asked_ms < ledger->doubted_ms)
        return 0;
    ledger->asked_ms = asked_ms;
    return 1;
}

/* Whether a server has been heard at all. */
static inline int
mcp__ledger_is_known(const mcp__ledger *ledger)
{
    return ledger->asked_ms != MCP__LEDGER_NEVER;
}

/* What stands here against a server; NULL: nothing that is known. */
const mcp__missed *mcp__ledger_find(const mcp__ledger *ledger, uint32_t id8);

static inline int
mcp__ledger_lists(const mcp__ledger *ledger, uint32_t id8)
{
    return (ledger->n_missed > 0 || ledger->is_foreign) &&
           (ledger->is_foreign || mcp__ledger_find(ledger, id8) != NULL);
}

#endif

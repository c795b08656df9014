/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A story: repair against a few servers in memory, while others write. Some of them miss D and put
 * it on record, the rest write as the marks tell them, by a view that may be old. After every step
 * no server may hold what is older than an acknowledged write, unless that is on record (I1); what
 * the job does to journals and marks is held against I2, I4 and I16.
 */
#ifndef MCPROXY_TESTS_UNIT_REPAIR_STORY_H
#define MCPROXY_TESTS_UNIT_REPAIR_STORY_H

#include "errands.h"
#include "ops/repair.h"
#include "support.h"

#define PREFIX ((mcp__span){"mcp:", 4})
#define VIEW_MS 200
#define CALL_MS 500
#define HOLD_MS (VIEW_MS + CALL_MS)
#define KEYS 40
#define ACTORS 4

enum { BOTH = 1, RIVALS = 2, FAILURES = 4, EVICTION = 8, STARS = 16, WRITERS = 32, QUIET = 64 };

/* A write on its way. `missed`: the server that it does not reach; else it reaches both. */
typedef struct actor {
    int is_busy, key, is_delete, missed, first, step, created, rounds;
    uint32_t version, tag;
    int64_t started_ms;
} actor;

/* What every client believes about one server's mark. */
typedef struct view {
    int stands;
    uint32_t inc8;
    int64_t first_seen_ms;
    uint64_t segments;
} view;

typedef struct worker {
    mcp__repair job;
    mcp__repair_setup setup;
    supply supply;
    int is_live;
    /* What it has read, to hold its deeds against: by whose journal, then by segment. */
    uint64_t list_tick[2], list_unique[2], seen_tick[2][MCP__MARKS_SEGMENTS];
    uint64_t seen_keys[2][MCP__MARKS_SEGMENTS];
    int seen_absent[2][MCP__MARKS_SEGMENTS];
    int64_t entry_ms[2][KEYS]; /* when what it has read of a key was first appended */
} worker;

typedef struct story {
    errands world;
    uint64_t seed;
    int wish;
    const mcp__pairing *pairing;
    worker worker[2];
    int n_workers;
    uint32_t stale; /* D; the witness is the other one of 0 and 1 */
    uint32_t id8[3];
    char key[KEYS][32];
    uint32_t segment[KEYS];
    uint32_t acked[KEYS], version[KEYS];
    int busy[KEYS], evicted[KEYS];
    actor actor[ACTORS];
    view view[2];
    int64_t polled_ms, stop_ms;
    uint64_t n_checked;
    uint64_t tick, gone_tick[2][KEYS];
    int64_t first_append[2][KEYS], last_append[2], marked_ms[2];
    uint64_t n_cleared, n_cut, n_copies;
} story;

/* Servers 0 and 1, of which one stands (both, with BOTH), and 2, which has pairs with either. The
 * writes that were missed have been acknowledged. */
void story_begin(story *s, uint64_t seed, int wish);
/* Until no mark stands and nobody is at work. */
void story_run(story *s);
/* Nothing old is left anywhere. */
void story_end(story *s);

/* For stories of one's own: one write that `missed` missed, done; whether it is older than it. */
void story_miss(story *s, int k, int missed, int is_delete);
int story_is_older(story *s, uint32_t server, int k);
void story_journal_key(const story *s, uint32_t about, uint32_t segment, char *out);
mcp__pair story_pair(const story *s, const char *key);
/* Whether the mark stands; and which segments are listed. */
int story_read_list(story *s, uint32_t about, uint32_t *inc8, uint64_t *segments);
/* One step of one writer, by chance; new ones begin where the wish says so. */
void story_write(story *s);
/* What the engine would say. */
mcp__sight story_sight(const story *s, const worker *w);
void story_poll(story *s);

#endif

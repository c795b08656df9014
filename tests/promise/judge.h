/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * judge: is a history one that the promise allows? Pure: records in, a verdict out.
 *
 * A read R brought the value of the write W. It is *stale* when some acknowledged write or delete N
 * of that key is newer than W for sure and was over before R began:
 *
 *     W: |------|                      W.end < N.start and N.end < R.start
 *     N:           |-----|
 *     R:                     |---|     how stale: R.start - N.end
 *
 * A write without an answer, or with an unknown outcome, may take effect at any time after its
 * start, so nothing is newer than it for sure. Writes that overlap may come out in either order. A
 * miss is never stale. With G1 the bound is 0 for N's own client; for others it is 0 when strict
 * (G3), else `bound_us` (G2). When N is a delete, the value was *resurrected* (G4).
 *
 * Keys of `numbered` kind have one writer, whose values are ever growing numbers (counters, texts
 * that grow): there N is newer than the value R brought when its number is greater, and a number
 * above all that were tried by then is one that nobody wrote.
 */
#ifndef TESTS_PROMISE_JUDGE_H
#define TESTS_PROMISE_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "history.h"

typedef struct judge_rules {
    int64_t bound_us;        /* how stale others may be; 0: strict */
    const uint8_t *numbered; /* for each key: 1 when it is of the numbered kind; NULL: none is */
    size_t n_keys;
} judge_rules;

typedef enum judge_crime {
    CRIME_NONE = 0,
    CRIME_STALE_OWN,   /* G1 */
    CRIME_STALE_OTHER, /* G2, G3 */
    CRIME_RESURRECTED, /* G4; also counted as one of the two above */
    CRIME_LEFT,        /* the observer found it on a server at the end */
    CRIME_PHANTOM,     /* G7: a value nobody wrote, or not yet, or that was "not changed" */
    CRIME_GARBLED,     /* G7: another key's value, or a damaged one */
    CRIME_FAILED,      /* an error; whether that is one, the scene says */
} judge_crime;

/* Examples kept: so many, and of one crime not more than so many. */
enum { JUDGE_EXAMPLES = 12, JUDGE_SAME = 3 };

typedef struct judge_example {
    judge_crime crime;
    history_record read;
    history_record newer; /* N */
    history_record older; /* W */
} judge_example;

typedef struct judge_verdict {
    uint64_t reads, writes; /* writes: deletes included */
    uint64_t hits, misses;
    uint64_t stale_own, stale_other;
    uint64_t stale_young; /* by others, within the bound: allowed */
    uint64_t resurrected;
    uint64_t left; /* stale on a server at the end */
    uint64_t phantoms, garbled;
    uint64_t failed;    /* operations with an error */
    uint64_t unknown;   /* of these with unknown outcome */
    uint64_t late;      /* a write without answer came out after a later one of its client */
    uint64_t degraded;  /* writes acknowledged although one copy did not take them */
    int64_t worst_us;   /* how stale the stalest read of anybody was, allowed or not */
    int64_t slowest_us; /* the longest operation */
    size_t n_examples;
    judge_example examples[JUDGE_EXAMPLES];
} judge_verdict;

/* Sorts `records` (by key, then start) and judges them. */
void judge(history_record *records, size_t n, const judge_rules *rules, judge_verdict *verdict);

/*
 * Share of the time from..to, in percent, in which reads were answered by the primary: between two
 * reads of a client that brought a value or a miss, as the later one was answered.
 */
double judge_on_primary(const history_record *records, size_t n, int64_t from_us, int64_t to_us);

/* When the last read from `from_us` on that a backup answered was over; 0: none was. */
int64_t judge_last_from_backup(const history_record *records, size_t n, int64_t from_us);

/* Reads of keys first..last that began in from..to: how many brought a value, how many did not. */
void judge_hits(const history_record *records, size_t n, uint32_t first, uint32_t last,
                int64_t from_us, int64_t to_us, uint64_t *hits, uint64_t *misses);

const char *judge_crime_name(judge_crime crime);

#endif

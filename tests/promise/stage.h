/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stage: plays one scene with real memcached processes and real client processes, and tells how it
 * went. Everything it starts ends with it.
 */
#ifndef TESTS_PROMISE_STAGE_H
#define TESTS_PROMISE_STAGE_H

#include <stdio.h>

#include "judge.h"
#include "scenes.h"

typedef struct stage_plan {
    const scene *scene;
    int n_primaries, n_backups; /* the scene happens to the first of each */
    int is_strict;
    int is_plain; /* plain mirroring instead of the library: see cache.h */
    int is_long;  /* the scene's long_ms */
    unsigned timeout_ms;
    unsigned view_ms;
    unsigned seed;
    unsigned rest_ms;  /* of the clients: see worker.h */
    const char *words; /* more options, or NULL */
} stage_plan;

typedef struct stage_result {
    judge_verdict verdict;
    double on_primary;               /* percent of the time that reads came from the primary */
    uint64_t hits, misses;           /* of static keys, all along */
    uint64_t late_hits, late_misses; /* one second after the last restart */
    uint64_t different;              /* keys whose two copies differ at the end */
    history_record differing[2];     /* of the first of these: who wrote what is on its primary,
                                        and on its backup */
    uint64_t marks_left;             /* marks that still stand at the end */
    uint64_t refilled;               /* flushed keys that are on the primary at the end */
    uint64_t evicted;                /* by the servers, all along */
    uint64_t lost_replies;
    int both_stood;     /* at DEED_LOOK: primary and backup were marked at the same time */
    int64_t back_ms;    /* from the last deed to the last read that a backup answered */
    int64_t settled_ms; /* from the end of the scene until all was right, or given up */
    int64_t stall_ms;   /* the longest time this machine did not let the test run */
    int is_full;        /* a log was full: the scene is not judged whole */
    int died;           /* client processes that did not end as they should */
    char how[200];      /* the last of them, in words */
} stage_result;

/* Plays it; fails the test when the harness itself fails. */
void stage_play(const stage_plan *plan, stage_result *result);

/* How stale other clients may be, by G2 and G3. */
int64_t stage_bound_us(const stage_plan *plan);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker: one client process. It works in small bursts on its own keys, on those that all share,
 * and reads everybody's; every operation is written down when it begins and when it ends.
 *
 * Client 0 and 2 idle through mcp_maintain(); 1 and 3 never do; 3 closes its client and opens a new
 * one every few hundred milliseconds, as a PHP process does between requests, unless told not to.
 */
#ifndef TESTS_PROMISE_WORKER_H
#define TESTS_PROMISE_WORKER_H

#include <sys/types.h>

#include "yard.h"

typedef struct worker_plan {
    int number; /* of the client */
    unsigned seed;
    char options[1200];
    int is_plain; /* see cache.h */
    unsigned timeout_ms;
    int is_filling;     /* writes many values, so that others are evicted */
    int is_staying;     /* nobody closes its client */
    uint32_t n_fillers; /* of so many values, where it is filling */
    unsigned rest_ms;   /* between two bursts, on average; 0: as short as it can be */
} worker_plan;

/* Starts the process; it works when the yard's phase says so, and ends with it or its parent. */
pid_t worker_start(yard *y, const worker_plan *plan);

#endif

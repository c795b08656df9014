/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * yard: the memory that the test, its client processes and its road share. What a client was told
 * stands here, so it outlives the client.
 */
#ifndef TESTS_PROMISE_YARD_H
#define TESTS_PROMISE_YARD_H

#include <stdatomic.h>

#include "history.h"
#include "keys.h"
#include "road.h"

enum { YARD_RECORDS = 1 << 18 };

typedef enum yard_phase {
    YARD_WAIT = 0, /* not begun */
    YARD_WORK,     /* read and write */
    YARD_SETTLE,   /* read only */
    YARD_END,
} yard_phase;

typedef struct yard_log {
    atomic_uint n;
    atomic_int is_full;
    history_record records[YARD_RECORDS];
} yard_log;

typedef struct yard {
    road_map roads;
    atomic_int phase;
    yard_log logs[KEYS_CLIENTS];
} yard;

/* All of it zero; ends the program when there is no memory. yard_free() it in the same process. */
yard *yard_new(void);
void yard_free(yard *y);

#endif

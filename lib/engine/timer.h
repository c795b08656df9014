/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timer: what is due next. A binary heap of timers that live inside other structs; setting, moving
 * and stopping one costs O(log n) and allocates only when there are more of them than ever before.
 */
#ifndef MCPROXY_ENGINE_TIMER_H
#define MCPROXY_ENGINE_TIMER_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

#define MCP__TIMER_NEVER INT64_MAX

typedef struct mcp__timer {
    int64_t at_ms;
    uint32_t place; /* in the heap, from 1; 0: not running */
    uint32_t kind;  /* for the owner */
} mcp__timer;

typedef struct mcp__timers {
    mcp__timer **heap; /* from 1 */
    uint32_t n;
    uint32_t capacity;
    const mcp__mem *mem;
} mcp__timers;

void mcp__timers_init(mcp__timers *timers, const mcp__mem *mem);
void mcp__timers_fini(mcp__timers *timers);

/* Makes sure that `n` timers can run at once. 0, or -1 when there is no memory. */
int mcp__timers_reserve(mcp__timers *timers, size_t n);

/* Starts it or moves it. MCP__TIMER_NEVER stops it. Within what was reserved this cannot fail. */
void mcp__timer_set(mcp__timers *timers, mcp__timer *timer, int64_t at_ms);
void mcp__timer_stop(mcp__timers *timers, mcp__timer *timer);

static inline int64_t
mcp__timers_next(const mcp__timers *timers)
{
    return timers->n == 0 ? MCP__TIMER_NEVER : timers->heap[1]->at_ms;
}

/* The first one that is due, stopped; NULL: none is. */
mcp__timer *mcp__timers_due(mcp__timers *timers, int64_t now_ms);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/timer.h"

#include <assert.h>

void
mcp__timers_init(mcp__timers *timers, const mcp__mem *mem)
{
    *timers = (mcp__timers){.mem = mem};
}

void
mcp__timers_fini(mcp__timers *timers)
{
    mcp__mem_free(timers->mem, timers->heap);
    timers->heap = NULL;
    timers->n = timers->capacity = 0;
}

int
mcp__timers_reserve(mcp__timers *timers, size_t n)
{
    if (n <= timers->capacity)
        return 0;
    if (n > UINT32_MAX / sizeof *timers->heap - 1)
        return -1;
    mcp__timer **heap = mcp__mem_resize(timers->mem, timers->heap, (n + 1) * sizeof *heap);
    if (heap == NULL)
        return -1;
    timers->heap = heap;
    timers->capacity = (uint32_t)n;
    return 0;
}

static void
put(mcp__timers *timers, uint32_t place, mcp__timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void
rise(mcp__timers *timers, mcp__timer *timer, uint32_t place)
{
    while (place > 1 && timers->heap[place / 2]->at_ms > timer->at_ms) {
        put(timers, place, timers->heap[place / 2]);
        place /= 2;
    }
    put(timers, place, timer);
}

static void
sink(mcp__timers *timers, mcp__timer *timer, uint32_t place)
{
    for (;;) {
        uint32_t child = place * 2;
        if (child > timers->n)
            break;
        if (child < timers->n && timers->heap[child + 1]->at_ms < timers->heap[child]->at_ms)
            child++;
        if (timers->heap[child]->at_ms >= timer->at_ms)
            break;
        put(timers, place, timers->heap[child]);
        place = child;
    }
    put(timers, place, timer);
}

void
mcp__timer_stop(mcp__timers *timers, mcp__timer *timer)
{
    uint32_t place = timer->place;
    if (place == 0)
        return;
    timer->place = 0;
    mcp__timer *last = timers->heap[timers->n--];
    if (last == timer)
        return;
    if (place > 1 && timers->heap[place / 2]->at_ms > last->at_ms)
        rise(timers, last, place);
    else
        sink(timers, last, place);
}

void
mcp__timer_set(mcp__timers *timers, mcp__timer *timer, int64_t at_ms)
{
    if (timer->place != 0 && timer->at_ms == at_ms)
        return;
    mcp__timer_stop(timers, timer);
    timer->at_ms = at_ms;
    if (at_ms == MCP__TIMER_NEVER)
        return;
    assert(timers->n < timers->capacity);
    rise(timers, timer, ++timers->n);
}

mcp__timer *
mcp__timers_due(mcp__timers *timers, int64_t now_ms)
{
    if (mcp__timers_next(timers) > now_ms)
        return NULL;
    mcp__timer *timer = timers->heap[1];
    mcp__timer_stop(timers, timer);
    return timer;
}

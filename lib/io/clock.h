/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock: the time in milliseconds since some moment in the past. It never goes back, does not jump
 * when somebody sets the date, and is the `now` that every engine call is given. Never blocks.
 */
#ifndef MCPROXY_IO_CLOCK_H
#define MCPROXY_IO_CLOCK_H

#include <stdint.h>
#include <time.h>

typedef struct mcp__clock {
    int64_t last_ms;       /* the latest time this clock has told */
    int64_t resolution_ms; /* the coarse time's step, rounded up; at least 1 */
} mcp__clock;

/* Nothing is owned, so there is no _fini. */
void mcp__clock_init(mcp__clock *clock);

/*
 * The kernel's last tick: no system call, 38 instructions. Behind the exact time by up to one step,
 * and by more where ticks come late (virtual machines: twice as much has been seen), so the end of
 * a deadline is judged by the exact time. Asked after mcp__clock_exact it is never below that.
 */
int64_t mcp__clock_coarse(mcp__clock *clock);

/* Seconds since 1970, by the wall clock: for absolute times to live, never for waiting. */
int64_t mcp__clock_unix(void);

/* Microseconds of the exact time, from the same moment on: for measuring. */
int64_t mcp__clock_us(void);

#define MCP__CLOCK_NS_PER_MS 1000000

/* For io, whose every call begins with it. The two clocks step apart: one asked after the other may lie behind it, so the larger one counts.
 */
static inline int64_t
mcp__clock_told(mcp__clock *clock, clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) == 0) {
        int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / MCP__CLOCK_NS_PER_MS;
        if (ms > clock->last_ms)
            clock->last_ms = ms;
    }
    return clock->last_ms;
}

/* The exact time, cut to whole milliseconds; dearer. */
int64_t mcp__clock_exact(mcp__clock *clock);

#endif

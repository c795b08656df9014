/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/clock.h"

#include <time.h>

#define NS_PER_MS 1000000
#define MS_PER_S 1000
#define US_PER_MS 1000
#define NS_PER_US 1000

/* The two clocks step apart: one asked after the other may lie behind it, so the larger one counts.
 */
static int64_t
told(mcp__clock *clock, clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) == 0) {
        int64_t ms = (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
        if (ms > clock->last_ms)
            clock->last_ms = ms;
    }
    return clock->last_ms;
}

void
mcp__clock_init(mcp__clock *clock)
{
    struct timespec step;
    clock->last_ms = 0;
    clock->resolution_ms = 1;
    if (clock_getres(CLOCK_MONOTONIC_COARSE, &step) == 0) {
        int64_t ns = (int64_t)step.tv_sec * MS_PER_S * NS_PER_MS + step.tv_nsec;
        if (ns > NS_PER_MS)
            clock->resolution_ms = (ns + NS_PER_MS - 1) / NS_PER_MS;
    }
}

int64_t
mcp__clock_coarse(mcp__clock *clock)
{
    return told(clock, CLOCK_MONOTONIC_COARSE);
}

int64_t
mcp__clock_exact(mcp__clock *clock)
{
    return told(clock, CLOCK_MONOTONIC);
}

int64_t
mcp__clock_us(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * MS_PER_S * US_PER_MS + now.tv_nsec / NS_PER_US;
}

int64_t
mcp__clock_unix(void)
{
    return (int64_t)time(NULL);
}

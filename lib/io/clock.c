/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/clock.h"

#include <time.h>

#define NS_PER_MS MCP__CLOCK_NS_PER_MS
#define MS_PER_S 1000
#define US_PER_MS 1000
#define NS_PER_US 1000

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
    return mcp__clock_told(clock, CLOCK_MONOTONIC_COARSE);
}

int64_t
mcp__clock_exact(mcp__clock *clock)
{
    return mcp__clock_told(clock, CLOCK_MONOTONIC);
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

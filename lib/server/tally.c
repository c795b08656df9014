/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/tally.h"

/* So many are kept before all are halved. */
#define KEPT_MOST 1024
/* An eighth of UINT32_MAX, in microseconds nine minutes: no call waits so long. */
#define LONGEST_US (UINT32_MAX / 8)

/* 0 to 3 have a step each; behind them an octave has four, told apart by the two bits behind the
 * highest. */
static uint32_t
step_of(uint32_t us)
{
    uint32_t octave = 0;
    while (us >> octave >= 8)
        octave++;
    return octave * 4 + (us >> octave);
}

/* The largest time of a step. */
static uint32_t
end_of(uint32_t step)
{
    if (step < 8)
        return step;
    uint32_t octave = step / 4 - 1;
    return ((step % 4 + 5) << octave) - 1;
}

static void
halve(mcp__latency *latency)
{
    latency->n_steps = 0;
    for (int i = 0; i < MCP__LATENCY_STEPS; i++) {
        latency->steps[i] /= 2;
        latency->n_steps += latency->steps[i];
    }
}

void
mcp__latency_add(mcp__latency *latency, int64_t us)
{
    uint32_t took = us < 0 ? 0 : us > LONGEST_US ? LONGEST_US : (uint32_t)us;
    latency->rest = MCP__LATENCY_EVERY - 1;
    if (latency->n++ == 0)
        latency->mean8 = took * 8;
    else
        latency->mean8 = latency->mean8 - latency->mean8 / 8 + took;
    if (took > latency->max_us)
        latency->max_us = took;
    latency->steps[step_of(took)]++;
    if (++latency->n_steps >= KEPT_MOST)
        halve(latency);
}

uint32_t
mcp__latency_percentile(const mcp__latency *latency, uint32_t percent)
{
    uint64_t wanted = ((uint64_t)latency->n_steps * percent + 99) / 100;
    uint64_t n = 0;
    if (latency->n_steps == 0)
        return 0;
    for (uint32_t i = 0; i < MCP__LATENCY_STEPS; i++) {
        n += latency->steps[i];
        if (n >= wanted)
            return end_of(i) < latency->max_us ? end_of(i) : latency->max_us;
    }
    return latency->max_us;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally: what one client counts about one server, for mcp_server_info(). Plain numbers.
 *
 * How long its answers take is looked at now and then only: the exact time costs as much as a tenth
 * of a call. What was seen is kept as counts in steps of a quarter of an octave, and when there
 * are many all of them are halved, so that the last thousand or so say what is typical.
 */
#ifndef MCPROXY_SERVER_TALLY_H
#define MCPROXY_SERVER_TALLY_H

#include <stdint.h>

/* Every so manieth send of a connection on which nothing else is under way is timed. */
#define MCP__LATENCY_EVERY 64
/* Up to 2^31 microseconds: four steps in each octave behind the first four numbers. */
#define MCP__LATENCY_STEPS 124

typedef struct mcp__latency {
    uint64_t n;       /* answers timed, ever */
    uint32_t rest;    /* sends until the next one is */
    uint32_t mean8;   /* eight times the mean, of which each new one is an eighth */
    uint32_t max_us;  /* the longest ever */
    uint32_t n_steps; /* in all of: */
    uint16_t steps[MCP__LATENCY_STEPS];
} mcp__latency;

/* Of the commands that somebody waits for. */
#define MCP__TALLY_KINDS 32

typedef struct mcp__tally {
    uint64_t calls;     /* commands sent to it */
    uint64_t errors;    /* connections lost or given up, and refusals */
    uint64_t timeouts;  /* those given up because no answer came in time */
    uint64_t connects;  /* connections made */
    uint64_t failovers; /* commands that the other copy had to answer for it */
    uint64_t hits;
    uint64_t misses;
    uint64_t journaled;               /* keys put on record as missed by it */
    uint64_t repaired;                /* keys made good on it */
    uint64_t refilled;                /* misses filled in on it */
    uint64_t kinds[MCP__TALLY_KINDS]; /* by mcp__command_kind */
    mcp__latency latency;
} mcp__tally;

/* One more send: whether it is to be timed. */
static inline int
mcp__latency_is_due(mcp__latency *latency)
{
    if (latency->rest == 0)
        return 1;
    latency->rest--;
    return 0;
}

/* An answer took so long. The next one is timed later. */
void mcp__latency_add(mcp__latency *latency, int64_t us);

/* The time that so many in a hundred did not exceed, at most a quarter too much; 0: none is known.
 */
uint32_t mcp__latency_percentile(const mcp__latency *latency, uint32_t percent);

static inline uint32_t
mcp__latency_mean_us(const mcp__latency *latency)
{
    return latency->mean8 / 8;
}

#endif

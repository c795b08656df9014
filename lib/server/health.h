/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * health: what one client believes about one server, and when it may be asked again. Pure: events
 * and time come in as arguments, the state machine answers.
 *
 *                soft error (no answer in time)            third in a row
 *        .--> UP ---------------------------> SUSPECT ----------------------> DOWN <--.
 *        |     `--------- hard error (refused, no route) -----------------------^     | fails
 *        |                                       |  ^ probe unanswered          |     |
 *        |<----------- probe answered -----------'--'                           v     |
 *        `<----------- probe answered --------------------------------------- PROBING-'
 *
 * SUSPECT and DOWN are served alike: by the other copy at once. SUSPECT has one probe under way
 * all the time, DOWN one after each backoff (retry_min, doubled each time up to retry_max, with
 * jitter; back to retry_min after ten seconds of UP).
 */
#ifndef MCPROXY_SERVER_HEALTH_H
#define MCPROXY_SERVER_HEALTH_H

#include <stdint.h>

#include "mcproxy/mcproxy.h"

typedef struct mcp__health_rules {
    uint32_t retry_min_ms;
    uint32_t retry_max_ms;
    uint32_t suspect_limit; /* soft errors and unanswered probes in a row that make it DOWN */
} mcp__health_rules;

typedef struct mcp__health {
    uint8_t state;     /* mcp_state */
    uint8_t contacted; /* something has been heard from it, or failed */
    uint32_t soft_in_a_row;
    uint32_t backoff_ms;   /* the last one used; 0: none yet */
    int64_t since_ms;      /* when it entered the state */
    int64_t next_probe_ms; /* DOWN: when the next probe is due */
    char why[96];
} mcp__health;

/* "up", "suspect", ... */
const char *mcp__health_name(mcp_state state);

void mcp__health_init(mcp__health *health, int64_t now_ms);

static inline int
mcp__health_is_usable(const mcp__health *health)
{
    return health->state == MCP_STATE_UP;
}

/*
 * No answer in time, or the connection broke in the middle of a call. `why` is copied. `random`
 * spreads the probes of many clients. Returns 1 when a probe is wanted at once.
 */
int mcp__health_soft(mcp__health *health, const mcp__health_rules *rules, const char *why,
                     uint64_t random, int64_t now_ms);

/* Refused, unreachable, reset while connecting: DOWN at once. */
void mcp__health_hard(mcp__health *health, const mcp__health_rules *rules, const char *why,
                      uint64_t random, int64_t now_ms);

/* The same for what does not heal by itself soon (another protocol, a password): the next probe
 * comes only after retry_max. */
void mcp__health_lasting(mcp__health *health, const mcp__health_rules *rules, const char *why,
                         uint64_t random, int64_t now_ms);

/* A probe goes out (backoff over, or nothing better to ask): DOWN becomes PROBING. */
void mcp__health_probing(mcp__health *health, int64_t now_ms);

/* Connected and greeted. Returns 1 when it was away before. */
int mcp__health_success(mcp__health *health, int64_t now_ms);

/* It answered a call. */
static inline void
mcp__health_answered(mcp__health *health)
{
    health->soft_in_a_row = 0;
}

#endif

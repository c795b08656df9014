/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/health.h"

#include <stdio.h>
#include <string.h>

/* How long a server must have been UP before its next outage starts at retry_min again. */
#define STABLE_MS 10000

static void
enter(mcp__health *health, mcp_state state, int64_t now_ms)
{
    if (health->state == MCP_STATE_UP && state != MCP_STATE_UP &&
        now_ms - health->since_ms >= STABLE_MS)
        health->backoff_ms = 0;
    if (health->state != state)
        health->since_ms = now_ms;
    health->state = (uint8_t)state;
}

static void
explain(mcp__health *health, const char *why)
{
    health->contacted = 1;
    snprintf(health->why, sizeof health->why, "%s", why);
}

const char *
mcp__health_name(mcp_state state)
{
    static const char *const words[] = {"up",      "suspect",    "down",
                                        "probing", "recovering", "warming"};
    return (unsigned)state < sizeof words / sizeof words[0] ? words[state] : "no such state";
}

void
mcp__health_init(mcp__health *health, int64_t now_ms)
{
    memset(health, 0, sizeof *health);
    health->state = MCP_STATE_UP;
    health->since_ms = now_ms;
}

/*
 * Doubled, within the limits, and then between three quarters and all of it. A probe ahead of time
 * (a call had no better copy to ask) changes nothing: an outage of both copies under load must not
 * keep a server away for retry_max after it has come back.
 */
static void
go_down(mcp__health *health, const mcp__health_rules *rules, uint64_t random, int64_t now_ms)
{
    if (health->state == MCP_STATE_PROBING && now_ms < health->next_probe_ms) {
        health->state = MCP_STATE_DOWN;
        return;
    }
    int64_t since_ms = health->since_ms;
    int was_probing = health->state == MCP_STATE_PROBING;
    enter(health, MCP_STATE_DOWN, now_ms);
    /* PROBING falls back to DOWN: for the operator it has been down all the time. */
    if (was_probing)
        health->since_ms = since_ms;
    uint64_t backoff = (uint64_t)health->backoff_ms * 2;
    if (backoff < rules->retry_min_ms)
        backoff = rules->retry_min_ms;
    if (backoff > rules->retry_max_ms)
        backoff = rules->retry_max_ms;
    health->backoff_ms = (uint32_t)backoff;
    uint64_t jitter = backoff / 4;
    uint64_t wait_ms = backoff - (jitter > 0 ? random % (jitter + 1) : 0);
    health->next_probe_ms = now_ms + (int64_t)wait_ms;
}

int
mcp__health_soft(mcp__health *health, const mcp__health_rules *rules, const char *why,
                 uint64_t random, int64_t now_ms)
{
    health->soft_in_a_row++;
    if (health->state == MCP_STATE_UP || health->state == MCP_STATE_SUSPECT) {
        explain(health, why);
        if (health->soft_in_a_row < rules->suspect_limit) {
            enter(health, MCP_STATE_SUSPECT, now_ms);
            return 1;
        }
    }
    if (health->state != MCP_STATE_DOWN)
        go_down(health, rules, random, now_ms);
    return 0;
}

void
mcp__health_hard(mcp__health *health, const mcp__health_rules *rules, const char *why,
                 uint64_t random, int64_t now_ms)
{
    explain(health, why);
    go_down(health, rules, random, now_ms);
}

void
mcp__health_lasting(mcp__health *health, const mcp__health_rules *rules, const char *why,
                    uint64_t random, int64_t now_ms)
{
    mcp__health_hard(health, rules, why, random, now_ms);
    health->backoff_ms = rules->retry_max_ms;
    health->next_probe_ms = now_ms + rules->retry_max_ms;
}

void
mcp__health_probing(mcp__health *health, int64_t now_ms)
{
    (void)now_ms;
    if (health->state == MCP_STATE_DOWN)
        health->state = MCP_STATE_PROBING; /* since_ms stays: it is still the same outage */
}

int
mcp__health_success(mcp__health *health, int64_t now_ms)
{
    int was_away = health->state != MCP_STATE_UP;
    health->soft_in_a_row = 0;
    health->contacted = 1;
    if (was_away)
        snprintf(health->why, sizeof health->why, "a probe was answered");
    enter(health, MCP_STATE_UP, now_ms);
    return was_away;
}

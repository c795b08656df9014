/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/lock.h"

#include <string.h>

void
mcp__lock_begin(mcp__lock *lock, uint32_t server, uint32_t id8, mcp__span prefix, uint32_t tag,
                uint64_t random)
{
    memset(lock, 0, sizeof *lock);
    lock->server = server;
    lock->tag = tag;
    lock->key_len = (uint8_t)mcp__marks_key_lock(lock->key, prefix, id8);
    for (size_t i = 0; i < sizeof lock->value; i++)
        lock->value[i] = "0123456789abcdef"[random >> 4 * i & 15];
    lock->spread_ms = (uint32_t)(random % (MCP__LOCK_RETRY_MS / 2));
    lock->due_ms = INT64_MIN;
}

static void
fill(mcp__lock *lock, mcp__errand *errand)
{
    errand->server = lock->server;
    errand->tag = lock->tag;
    errand->key = (mcp__span){lock->key, lock->key_len};
    errand->unique = lock->unique;
    errand->what = lock->is_held ? MCP__ERRAND_STORE : MCP__ERRAND_ADD;
    if (lock->is_leaving)
        errand->what = MCP__ERRAND_DELETE;
    lock->flying = errand->what;
    if (lock->is_leaving)
        return;
    errand->value = (mcp__span){lock->value, sizeof lock->value};
    errand->flags = MCP__MARKS_FORMAT;
    errand->ttl = MCP__LOCK_TTL_S;
}

int
mcp__lock_next(mcp__lock *lock, int64_t now_ms, mcp__errand *errand)
{
    if (lock->flying || (lock->is_leaving && !lock->is_held))
        return 0;
    if (!lock->is_leaving && now_ms < lock->due_ms) {
        if (lock->due_ms < errand->until_ms)
            errand->until_ms = lock->due_ms;
        return 0;
    }
    fill(lock, errand);
    return 1;
}

int
mcp__lock_leave(mcp__lock *lock)
{
    lock->is_leaving = 1;
    return !lock->is_held && !lock->flying;
}

static void
hold(mcp__lock *lock, uint64_t unique, int64_t now_ms)
{
    lock->is_held = 1;
    lock->unique = unique;
    lock->due_ms = now_ms + MCP__LOCK_RENEW_MS;
}

static void
lose(mcp__lock *lock, int64_t due_ms)
{
    lock->was_lost |= lock->is_held;
    lock->is_held = 0;
    lock->unique = 0;
    lock->due_ms = due_ms;
}

int
mcp__lock_told(mcp__lock *lock, const mcp__outcome *outcome, int64_t now_ms)
{
    int is_returned = lock->flying == MCP__ERRAND_DELETE;
    lock->flying = 0;
    if (is_returned) /* also without an answer: it expires */
        lock->is_held = 0;
    else if (outcome->status == MCP__OUTCOME_DONE)
        hold(lock, outcome->unique, now_ms);
    else if (outcome->status == MCP__OUTCOME_MISSING)
        lose(lock, now_ms); /* it expired: it can be taken again at once */
    else
        lose(lock, now_ms + MCP__LOCK_RETRY_MS + lock->spread_ms);
    return outcome->status == MCP__OUTCOME_FAILED && !is_returned ? -1 : 0;
}

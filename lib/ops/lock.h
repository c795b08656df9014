/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock: "<prefix>l:<id8>", which says that somebody repairs or fills a server. It only saves work:
 * nothing rests on it. Taken with add, renewed by cas before it expires, taken again when it is
 * lost. Somebody else holds it: looked at again later.
 */
#ifndef MCPROXY_OPS_LOCK_H
#define MCPROXY_OPS_LOCK_H

#include <stdint.h>

#include "ops/errand.h"
#include "pair/marks.h"

#define MCP__LOCK_TTL_S 2
#define MCP__LOCK_RENEW_MS 600
#define MCP__LOCK_RETRY_MS 400

typedef struct mcp__lock {
    uint32_t server; /* that holds the item */
    uint32_t tag;    /* of its errands */
    uint8_t is_held;
    uint8_t flying; /* mcp__errand_what that is under way, or 0 */
    uint8_t is_leaving;
    uint8_t was_lost; /* since it was last taken: the holder has to begin again */
    uint64_t unique;
    int64_t due_ms; /* when to take or renew it */
    uint32_t spread_ms;
    uint8_t key_len;
    char key[MCP__MARKS_KEY_MAX];
    char value[16];
} mcp__lock;

/* `random` makes its value, and spreads the looks of many clients. */
void mcp__lock_begin(mcp__lock *lock, uint32_t server, uint32_t id8, mcp__span prefix, uint32_t tag,
                     uint64_t random);

/* Its next errand if one is due: 1; else 0, and `errand->until_ms` is no later than when one is. */
int mcp__lock_next(mcp__lock *lock, int64_t now_ms, mcp__errand *errand);

/* From now on it is given back, not renewed. mcp__lock_next() says how; 1 when that is done. */
int mcp__lock_leave(mcp__lock *lock);

/* 0, or -1: there was no answer. */
int mcp__lock_told(mcp__lock *lock, const mcp__outcome *outcome, int64_t now_ms);

#endif

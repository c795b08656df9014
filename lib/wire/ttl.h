/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ttl: what the server makes of a time to live, in seconds. 0 never expires; 1 to 30 days counts
 * from now; above it is a Unix time; negative is expired at once; from 2^31 on a server stores the
 * value as a miss, so that is refused (measured on memcached 1.6.18).
 */
#ifndef MCPROXY_WIRE_TTL_H
#define MCPROXY_WIRE_TTL_H

#include <stdint.h>

#define MCP__TTL_RELATIVE_MAX 2592000

static inline int
mcp__ttl_is_valid(int64_t ttl)
{
    return ttl <= INT32_MAX;
}

/*
 * The ttl to store a copy with, from what is left of the original: -1 (never expires) becomes 0;
 * more than 30 days becomes a Unix time, which needs `unix_now`.
 */
static inline int64_t
mcp__ttl_of_copy(int64_t left, int64_t unix_now)
{
    if (left < 0)
        return 0;
    if (left <= MCP__TTL_RELATIVE_MAX)
        return left;
    return left > INT32_MAX - unix_now ? INT32_MAX : unix_now + left;
}

#endif

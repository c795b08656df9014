/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * token: the words of a protocol line. Decimal numbers, written and read strictly; the opaque that
 * ties a reply to its request; the cas token that ties a value to the server it was read from.
 */
#ifndef MCPROXY_WIRE_TOKEN_H
#define MCPROXY_WIRE_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#define MCP__DECIMAL_MAX 20 /* digits of 2^64 - 1 */

/* Writes `number` in decimal, no NUL, and returns the position behind it. */
uint8_t *mcp__token_put_long(uint8_t *out, uint64_t number);

static inline uint8_t *
mcp__token_put(uint8_t *out, uint64_t number)
{
    uint32_t small = (uint32_t)number;
    if (number > 999)
        return mcp__token_put_long(out, number);
    if (small > 99)
        *out++ = (uint8_t)('0' + small / 100);
    if (small > 9)
        *out++ = (uint8_t)('0' + small / 10 % 10);
    *out++ = (uint8_t)('0' + small % 10);
    return out;
}

uint8_t *mcp__token_put_signed(uint8_t *out, int64_t number);

/*
 * Reads digits from `bytes` up to `end`: at least one, at most 2^64 - 1, nothing else. Returns the
 * position behind the last digit, or NULL.
 */
const uint8_t *mcp__token_get(const uint8_t *bytes, const uint8_t *end, uint64_t *number);

/*
 * An opaque is eight printable bytes, kept as one word so that comparing is one instruction. It
 * counts like an odometer: every byte from '0' to 'o' (64 values), so one link repeats itself
 * after 2^48 requests.
 */
#define MCP__OPAQUE_LEN 8
uint64_t mcp__token_opaque_at(uint64_t count);

/* The next one: `*count` and `*opaque` go on together. Nearly always only the last wheel turns. */
static inline uint64_t
mcp__token_opaque(uint64_t *count, uint64_t *opaque)
{
    *count += 1;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if ((*count & 63) != 0)
        return *opaque += (uint64_t)1 << 56;
#endif
    return *opaque = mcp__token_opaque_at(*count);
}

/*
 * A cas token of the library: the server's unique in the low 48 bits, a mark of the server above.
 * A unique that needs more than 48 bits gives 0, which no server accepts.
 */
#define MCP__CAS_BITS 48
static inline uint64_t
mcp__token_cas(uint16_t server_mark, uint64_t unique)
{
    return unique >> MCP__CAS_BITS ? 0 : (uint64_t)server_mark << MCP__CAS_BITS | unique;
}

static inline uint16_t
mcp__token_cas_mark(uint64_t cas)
{
    return (uint16_t)(cas >> MCP__CAS_BITS);
}

static inline uint64_t
mcp__token_cas_unique(uint64_t cas)
{
    return cas & (((uint64_t)1 << MCP__CAS_BITS) - 1);
}

#endif

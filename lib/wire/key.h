/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * key: the one check that every key passes before a byte is sent, on the final key (`namespace=`
 * included). memcached takes 1 to 250 bytes without white space; control bytes and 0x7f are
 * refused too, because a line feed or NUL would let the rest of the key run as a command.
 */
#ifndef MCPROXY_WIRE_KEY_H
#define MCPROXY_WIRE_KEY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MCP__KEY_MAX 250

int mcp__key_is_clean_short(const uint8_t *key, size_t len);

/*
 * Eight bytes at once: in the answer the high bit of a byte is set when it is below 0x21 or 0x7f.
 * Without their high bits, 0x7f is what has one again when 1 is added, and from 0x21 on all have
 * one when 0x5f is; bytes that had theirs from the start are allowed. Nothing is carried over.
 */
static inline uint64_t
mcp__key_bad_bytes(const uint8_t *bytes)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t low = word & (ones * 0x7f);
    return ((low + ones) | ~(low + ones * 0x5f)) & ~word;
}

/* Whether every byte is above 0x20 and not 0x7f. Length is not looked at. */
static inline int
mcp__key_is_clean(const uint8_t *key, size_t len)
{
    if (len < 8)
        return mcp__key_is_clean_short(key, len);
    uint64_t bad = mcp__key_bad_bytes(key + len - 8);
    for (size_t i = 0; i + 8 < len; i += 8)
        bad |= mcp__key_bad_bytes(key + i);
    return (bad & 0x8080808080808080u) == 0;
}

/* Position of the first byte that is not allowed, or `len`. For the message only. */
size_t mcp__key_first_bad(const uint8_t *key, size_t len);

#endif

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

/* Sixteen bytes at once, as gcc and clang have them for every processor. */
typedef uint8_t mcp__key_bytes __attribute__((vector_size(16)));
typedef uint64_t mcp__key_halves __attribute__((vector_size(16)));

/* Not zero where a byte is below 0x21 or 0x7f. */
static inline mcp__key_halves
mcp__key_bad(mcp__key_bytes bytes)
{
    return (mcp__key_halves)((bytes <= 0x20) | (bytes == 0x7f));
}

static inline mcp__key_halves
mcp__key_bad_long(const uint8_t *key, size_t len)
{
    mcp__key_bytes bytes;
    memcpy(&bytes, key + len - sizeof bytes, sizeof bytes);
    mcp__key_halves bad = mcp__key_bad(bytes);
    for (size_t i = 0; i + sizeof bytes < len; i += sizeof bytes) {
        memcpy(&bytes, key + i, sizeof bytes);
        bad |= mcp__key_bad(bytes);
    }
    return bad;
}

/* Whether every byte is above 0x20 and not 0x7f. Length is not looked at. */
static inline int
mcp__key_is_clean(const uint8_t *key, size_t len)
{
    mcp__key_halves halves, bad;
    if (len < 8)
        return mcp__key_is_clean_short(key, len);
    if (len > 16) {
        bad = mcp__key_bad_long(key, len);
    } else { /* the first eight and the last eight; they may overlap */
        uint64_t first, last;
        memcpy(&first, key, 8);
        memcpy(&last, key + len - 8, 8);
        halves = (mcp__key_halves){first, last};
        bad = mcp__key_bad((mcp__key_bytes)halves);
    }
    return (bad[0] | bad[1]) == 0;
}

/* Position of the first byte that is not allowed, or `len`. For the message only. */
size_t mcp__key_first_bad(const uint8_t *key, size_t len);

#endif

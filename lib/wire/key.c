/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/key.h"

#include <string.h>

#define ONES 0x0101010101010101u
#define HIGH 0x8080808080808080u

/* Eight bytes at once: the high bit of a byte is set in the answer when it is < 0x21 or 0x7f. The
 * usual word tricks (see "Bit Twiddling Hacks", hasless and haszero); bytes >= 0x80 pass. */
static uint64_t
bad_bytes(uint64_t word)
{
    uint64_t below = (word - ONES * 0x21) & ~word & HIGH;
    uint64_t flipped = word ^ (ONES * 0x7f);
    uint64_t delete_byte = (flipped - ONES) & ~flipped & HIGH;
    return below | delete_byte;
}

static uint64_t
load(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static int
is_bad(uint8_t byte)
{
    return byte <= 0x20 || byte == 0x7f;
}

int
mcp__key_is_clean(const uint8_t *key, size_t len)
{
    uint64_t bad = 0;
    if (len < 8) {
        for (size_t i = 0; i < len; i++)
            bad |= (uint64_t)is_bad(key[i]);
        return bad == 0;
    }
    size_t i = 0;
    for (; i + 8 <= len; i += 8)
        bad |= bad_bytes(load(key + i));
    bad |= bad_bytes(load(key + len - 8));
    return bad == 0;
}

size_t
mcp__key_first_bad(const uint8_t *key, size_t len)
{
    size_t i = 0;
    while (i < len && !is_bad(key[i]))
        i++;
    return i;
}

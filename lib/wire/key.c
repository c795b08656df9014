/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/key.h"

static int
is_bad(uint8_t byte)
{
    return byte <= 0x20 || byte == 0x7f;
}

int
mcp__key_is_clean_short(const uint8_t *key, size_t len)
{
    return mcp__key_first_bad(key, len) == len;
}

size_t
mcp__key_first_bad(const uint8_t *key, size_t len)
{
    size_t i = 0;
    while (i < len && !is_bad(key[i]))
        i++;
    return i;
}

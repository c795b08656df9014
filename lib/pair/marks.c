/* SPDX-License-Identifier: BSD-3-Clause */
#include "pair/marks.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint32_t
mcp__marks_id8(const char *name, size_t len)
{
    return (uint32_t)(XXH3_64bits(name, len) >> 32);
}

int
mcp__marks_begins(const char *prefix, size_t prefix_len, const void *key, size_t key_len)
{
    return key_len >= prefix_len && memcmp(prefix, key, prefix_len) == 0;
}

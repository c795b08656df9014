/* SPDX-License-Identifier: BSD-3-Clause */
#include "keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_TEXT, KIND_COUNTER, KIND_GROWING };

static int
kind_of(uint32_t key)
{
    if (key >= KEYS_SHARED)
        return KIND_TEXT;
    switch ((key - KEYS_OWN) % KEYS_PER_CLIENT) {
    case KEYS_COUNTER:
        return KIND_COUNTER;
    case KEYS_GROWING:
        return KIND_GROWING;
    default:
        return KIND_TEXT;
    }
}

int
keys_is_numbered(uint32_t key)
{
    return kind_of(key) != KIND_TEXT;
}

size_t
keys_name(char *out, uint32_t key)
{
    return (size_t)snprintf(out, 16, "key:%05" PRIu32, key % 100000);
}

/* The filling depends on the value, so two values that were mixed up inside are seen. */
static char
filling(uint64_t value, size_t at)
{
    return (char)('a' + (value + at) % 26);
}

void
keys_put(char *out, uint32_t key, uint64_t value, size_t len)
{
    int n = snprintf(out, 64, "k%" PRIu32 " v%" PRIu64 " n%zu ", key, value, len);

    for (size_t i = (size_t)n; i < len; i++)
        out[i] = filling(value, i);
}

static uint64_t
text_value(uint32_t key, const char *bytes, size_t len, uint32_t flags)
{
    char head[65];
    uint32_t is_key;
    uint64_t value;
    size_t is_len;
    int n = 0;

    snprintf(head, sizeof head, "%.*s", (int)(len < 64 ? len : 64), bytes);
    if (sscanf(head, "k%" SCNu32 " v%" SCNu64 " n%zu%n", &is_key, &value, &is_len, &n) != 3 ||
        is_key != key || is_len != len || flags != key)
        return 0;
    for (size_t i = (size_t)n + 1; i < len; i++)
        if (bytes[i] != filling(value, i))
            return 0;
    return value;
}

size_t
keys_put_growing(char *out, uint32_t key, uint64_t number)
{
    return (size_t)snprintf(out, 64, "%" PRIu32 ":%" PRIu64 ":", key, number >> 16);
}

static uint64_t
growing_value(uint32_t key, const char *bytes, size_t len, uint32_t flags)
{
    char text[KEYS_GROWTH_MAX * 4];
    uint32_t is_key;
    uint64_t generation;
    int n = 0;

    if (len >= sizeof text || flags != key)
        return 0;
    snprintf(text, sizeof text, "%.*s", (int)len, bytes);
    if (sscanf(text, "%" SCNu32 ":%" SCNu64 ":%n", &is_key, &generation, &n) != 2 ||
        is_key != key || n == 0 || strspn(text + n, "+") != len - (size_t)n)
        return 0;
    return keys_growing_number(generation, len - (size_t)n);
}

static uint64_t
counter_value(const char *bytes, size_t len)
{
    char text[24];
    char *end;
    uint64_t number;

    if (len == 0 || len >= sizeof text)
        return 0;
    snprintf(text, sizeof text, "%.*s", (int)len, bytes);
    number = strtoull(text, &end, 10);
    return *end == '\0' || *end == ' ' ? number : 0;
}

uint64_t
keys_value(uint32_t key, const void *bytes, size_t len, uint32_t flags)
{
    switch (kind_of(key)) {
    case KIND_COUNTER:
        return counter_value(bytes, len);
    case KIND_GROWING:
        return growing_value(key, bytes, len, flags);
    default:
        return text_value(key, bytes, len, flags);
    }
}

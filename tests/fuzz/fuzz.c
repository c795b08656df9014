/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sim_memory memory;
static mcp__mem allocator;

void
fuzz_broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

fuzz_feed
fuzz_feed_of(const uint8_t *bytes, size_t len)
{
    return (fuzz_feed){bytes, len > 0 ? bytes + len : bytes};
}

uint8_t
fuzz_byte(fuzz_feed *feed)
{
    return feed->at < feed->end ? *feed->at++ : 0;
}

uint32_t
fuzz_below(fuzz_feed *feed, uint32_t n)
{
    uint32_t number = fuzz_byte(feed);
    if (n > 256)
        number = number << 8 | fuzz_byte(feed);
    return number % n;
}

uint64_t
fuzz_number(fuzz_feed *feed)
{
    uint64_t number = 0;
    uint32_t n = fuzz_below(feed, 9);
    for (uint32_t i = 0; i < n; i++)
        number = number << 8 | fuzz_byte(feed);
    return number;
}

size_t
fuzz_bytes(fuzz_feed *feed, size_t max, const uint8_t **bytes)
{
    size_t left = (size_t)(feed->end - feed->at), len = left < max ? left : max;
    *bytes = feed->at;
    if (len > 0)
        feed->at += len;
    return len;
}

const mcp__mem *
fuzz_memory(void)
{
    memory = (sim_memory){0};
    allocator = sim_memory_allocator(&memory);
    return &allocator;
}

void
fuzz_memory_end(void)
{
    FUZZ_NEED(memory.n_blocks == 0);
}

void *
fuzz_copy(const void *bytes, size_t len)
{
    void *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    if (len > 0 && bytes != NULL)
        memcpy(copy, bytes, len);
    return copy;
}

void
fuzz_beginnings(const uint8_t *bytes, size_t len, int (*wants_more)(uint8_t *bytes, size_t len))
{
    for (size_t part = len > 60 ? len - 60 : 0; part < len; part++) {
        uint8_t *copy = fuzz_copy(bytes, part);
        FUZZ_NEED(wants_more(copy, part));
        free(copy);
    }
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counted: an allocator that counts the bytes it has given out, for the tests of what a client
 * holds at most. What grows is counted twice while it moves. One .c file includes this once.
 */
#ifndef TESTS_LIVE_COUNTED_H
#define TESTS_LIVE_COUNTED_H

#include <stdlib.h>
#include <string.h>

#include "mcproxy/mcproxy.h"

/* What is taken and not given back. */
static size_t used, most;

static void *
allocate(void *context, size_t size)
{
    size_t *block = malloc(size + 16);

    (void)context;
    if (block == NULL)
        return NULL;
    block[0] = size;
    used += size;
    most = used > most ? used : most;
    return (char *)block + 16;
}

static void
release(void *context, void *memory)
{
    (void)context;
    if (memory == NULL)
        return;
    size_t *block = (size_t *)(void *)((char *)memory - 16);
    used -= block[0];
    free(block);
}

static void *
reallocate(void *context, void *memory, size_t size)
{
    void *block = allocate(context, size);

    if (memory == NULL || block == NULL)
        return block;
    size_t old = *(size_t *)(void *)((char *)memory - 16);
    memcpy(block, memory, old < size ? old : size);
    release(context, memory);
    return block;
}

static const mcp_allocator counting = {allocate, reallocate, release, NULL};

#endif

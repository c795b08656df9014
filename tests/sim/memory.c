/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/memory.h"

#include <stdlib.h>

static int
fails(sim_memory *memory)
{
    memory->n_asked++;
    int is_it =
        memory->fail_at != 0 && (memory->n_asked == memory->fail_at ||
                                 (memory->fails_from_then && memory->n_asked > memory->fail_at));
    memory->n_failed += (uint64_t)is_it;
    return is_it;
}

static void *
allocate(void *context, size_t size)
{
    sim_memory *memory = context;
    if (fails(memory))
        return NULL;
    void *block = malloc(size);
    memory->n_blocks += block != NULL;
    return block;
}

static void *
reallocate(void *context, void *old, size_t size)
{
    sim_memory *memory = context;
    if (fails(memory))
        return NULL;
    void *block = realloc(old, size);
    memory->n_blocks += old == NULL && block != NULL;
    return block;
}

static void
release(void *context, void *block)
{
    sim_memory *memory = context;
    memory->n_blocks -= block != NULL;
    free(block);
}

mcp__mem
sim_memory_allocator(sim_memory *memory)
{
    return (mcp__mem){allocate, reallocate, release, memory};
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *
system_allocate(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void *
system_reallocate(void *context, void *memory, size_t size)
{
    (void)context;
    return realloc(memory, size);
}

static void
system_release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

mcp__mem
mcp__mem_system(void)
{
    return (mcp__mem){system_allocate, system_reallocate, system_release, NULL};
}

void *
mcp__mem_new(const mcp__mem *mem, size_t size)
{
    return mem->allocate(mem->context, size > 0 ? size : 1);
}

void *
mcp__mem_new_zeroed(const mcp__mem *mem, size_t n, size_t size)
{
    if (size > 0 && n > SIZE_MAX / size)
        return NULL;
    void *block = mcp__mem_new(mem, n * size);
    if (block != NULL)
        memset(block, 0, n * size);
    return block;
}

void *
mcp__mem_resize(const mcp__mem *mem, void *old, size_t size)
{
    return mem->reallocate(mem->context, old, size > 0 ? size : 1);
}

void
mcp__mem_free(const mcp__mem *mem, void *block)
{
    if (block != NULL)
        mem->release(mem->context, block);
}

char *
mcp__mem_text(const mcp__mem *mem, const char *text, size_t len)
{
    char *copy = mcp__mem_new(mem, len + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/buf.h"

#include <string.h>

#define SMALLEST 512

void
mcp__buf_init(mcp__buf *buf, const mcp__mem *mem, size_t bound)
{
    *buf = (mcp__buf){.bound = bound, .mem = mem};
}

void
mcp__buf_fini(mcp__buf *buf)
{
    mcp__mem_free(buf->mem, buf->block);
    *buf = (mcp__buf){.bound = buf->bound, .mem = buf->mem};
}

uint8_t *
mcp__buf_room_slow(mcp__buf *buf, size_t len)
{
    size_t held = mcp__buf_len(buf);
    if (len > buf->bound || held > buf->bound - len)
        return NULL;
    if (buf->start > 0) {
        memmove(buf->block, buf->block + buf->start, held);
        buf->start = 0;
        buf->end = held;
    }
    if (buf->capacity - held >= len)
        return buf->block != NULL ? buf->block + held : NULL;
    size_t capacity = buf->capacity < SMALLEST ? SMALLEST : buf->capacity;
    while (capacity - held < len && capacity <= buf->bound / 2)
        capacity *= 2;
    if (capacity - held < len || capacity > buf->bound)
        capacity = buf->bound;
    uint8_t *block = mcp__mem_resize(buf->mem, buf->block, capacity);
    if (block == NULL)
        return NULL;
    buf->block = block;
    buf->capacity = capacity;
    return block + held;
}

void
mcp__buf_trim(mcp__buf *buf, size_t capacity)
{
    if (mcp__buf_len(buf) > 0 || buf->capacity <= capacity)
        return;
    uint8_t *block = mcp__mem_resize(buf->mem, buf->block, capacity);
    if (block == NULL)
        return;
    buf->block = block;
    buf->capacity = capacity;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * buf: bytes that are put in at the end and taken out at the front. It grows by doubling up to a
 * bound and never shrinks by itself; `mem` is remembered and owns the block.
 *
 *     |  taken  |  bytes .. end  |  room  |
 *     0       start             end    capacity
 */
#ifndef MCPROXY_BASE_BUF_H
#define MCPROXY_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

typedef struct mcp__buf {
    uint8_t *block;
    size_t start;
    size_t end;
    size_t capacity;
    size_t bound; /* never larger than this */
    const mcp__mem *mem;
} mcp__buf;

/* Allocates nothing yet. `mem` must outlive the buffer. */
void mcp__buf_init(mcp__buf *buf, const mcp__mem *mem, size_t bound);
void mcp__buf_fini(mcp__buf *buf);

static inline size_t
mcp__buf_len(const mcp__buf *buf)
{
    return buf->end - buf->start;
}

static inline uint8_t *
mcp__buf_bytes(const mcp__buf *buf)
{
    return buf->block + buf->start;
}

/*
 * Makes room for `len` more bytes behind the end, moving what is there to the front or growing.
 * Returns where they go, or NULL when the bound or the memory does not allow it (nothing is lost).
 */
uint8_t *mcp__buf_room_slow(mcp__buf *buf, size_t len);

static inline uint8_t *
mcp__buf_room(mcp__buf *buf, size_t len)
{
    if (len > 0 && buf->capacity - buf->end >= len)
        return buf->block + buf->end;
    return mcp__buf_room_slow(buf, len);
}

/* `len` bytes have been written into the room. */
static inline void
mcp__buf_filled(mcp__buf *buf, size_t len)
{
    buf->end += len;
}

/* `len` bytes at the front are done with; an empty buffer starts over. */
static inline void
mcp__buf_take(mcp__buf *buf, size_t len)
{
    buf->start += len;
    if (buf->start == buf->end)
        buf->start = buf->end = 0;
}

static inline void
mcp__buf_clear(mcp__buf *buf)
{
    buf->start = buf->end = 0;
}

/* Gives memory above `capacity` back when the buffer is empty. */
void mcp__buf_trim(mcp__buf *buf, size_t capacity);

#endif

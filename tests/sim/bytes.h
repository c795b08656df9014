/* SPDX-License-Identifier: BSD-3-Clause */
/* bytes: a growing row of bytes that is filled at the end and emptied at the front. The world's own
 * memory never runs out: the tests end when malloc fails. */
#ifndef MCPROXY_SIM_BYTES_H
#define MCPROXY_SIM_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct sim_bytes {
    uint8_t *block;
    size_t start, end, capacity;
} sim_bytes;

static inline void *
sim_need(void *block)
{
    if (block == NULL)
        abort();
    return block;
}

static inline size_t
sim_bytes_len(const sim_bytes *bytes)
{
    return bytes->end - bytes->start;
}

static inline void
sim_bytes_put(sim_bytes *bytes, const void *from, size_t len)
{
    if (len == 0)
        return;
    if (bytes->capacity - bytes->end < len) {
        size_t used = sim_bytes_len(bytes);
        if (bytes->start > 0)
            memmove(bytes->block, bytes->block + bytes->start, used);
        bytes->start = 0;
        bytes->end = used;
        if (bytes->capacity < used + len) {
            bytes->capacity = (used + len) * 2 + 64;
            bytes->block = sim_need(realloc(bytes->block, bytes->capacity));
        }
    }
    memcpy(bytes->block + bytes->end, from, len);
    bytes->end += len;
}

static inline void
sim_bytes_text(sim_bytes *bytes, const char *text)
{
    sim_bytes_put(bytes, text, strlen(text));
}

static inline void
sim_bytes_take(sim_bytes *bytes, size_t len)
{
    bytes->start += len;
    if (bytes->start == bytes->end)
        bytes->start = bytes->end = 0;
}

static inline void
sim_bytes_clear(sim_bytes *bytes)
{
    bytes->start = bytes->end = 0;
}

static inline void
sim_bytes_free(sim_bytes *bytes)
{
    free(bytes->block);
    *bytes = (sim_bytes){0};
}

#endif

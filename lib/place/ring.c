/* SPDX-License-Identifier: BSD-3-Clause */
#include "place/ring.h"

#include <string.h>

int
mcp__ring_init(mcp__ring *ring, const mcp__mem *mem, uint32_t capacity)
{
    *ring = (mcp__ring){.mem = mem, .capacity = capacity};
    ring->unsorted = mcp__mem_new_zeroed(mem, capacity, sizeof *ring->unsorted);
    return ring->unsorted != NULL;
}

void
mcp__ring_fini(mcp__ring *ring)
{
    if (ring->mem == NULL)
        return;
    mcp__mem_free(ring->mem, ring->unsorted);
    mcp__mem_free(ring->mem, ring->points);
    mcp__mem_free(ring->mem, ring->owners);
    mcp__mem_free(ring->mem, ring->starts);
    *ring = (mcp__ring){0};
}

void
mcp__ring_add(mcp__ring *ring, uint32_t point, uint16_t owner)
{
    if (ring->n < ring->capacity)
        ring->unsorted[ring->n++] = (uint64_t)point << 32 | owner;
}

/* One pass of a radix sort, by the byte at `shift`; equal ones stay in their order. */
static void
sort_by(const uint64_t *from, uint64_t *to, uint32_t n, unsigned shift)
{
    uint32_t next[256] = {0};
    for (uint32_t i = 0; i < n; i++)
        next[from[i] >> shift & 0xff]++;
    uint32_t before = 0;
    for (unsigned i = 0; i < 256; i++) {
        uint32_t count = next[i];
        next[i] = before;
        before += count;
    }
    for (uint32_t i = 0; i < n; i++)
        to[next[from[i] >> shift & 0xff]++] = from[i];
}

/* Owners were added ascending, so sorting by the point alone leaves equal points in their order. */
static int
sort(mcp__ring *ring)
{
    uint64_t *other = mcp__mem_new_zeroed(ring->mem, ring->n, sizeof *other);
    if (other == NULL)
        return 0;
    sort_by(ring->unsorted, other, ring->n, 32);
    sort_by(other, ring->unsorted, ring->n, 40);
    sort_by(ring->unsorted, other, ring->n, 48);
    sort_by(other, ring->unsorted, ring->n, 56);
    mcp__mem_free(ring->mem, other);
    return 1;
}

static void
split(mcp__ring *ring)
{
    for (uint32_t i = 0; i < ring->n; i++) {
        ring->points[i] = (uint32_t)(ring->unsorted[i] >> 32);
        ring->owners[i] = (uint16_t)ring->unsorted[i];
    }
    ring->points[ring->n] = UINT32_MAX;
    ring->owners[ring->n] = ring->owners[0];
    mcp__mem_free(ring->mem, ring->unsorted);
    ring->unsorted = NULL;
}

static void
set_starts(mcp__ring *ring, uint32_t pieces)
{
    uint32_t at = 0;
    for (uint32_t piece = 0; piece < pieces; piece++) {
        while (at < ring->n && ring->points[at] >> ring->shift < piece)
            at++;
        ring->starts[piece] = at;
    }
}

int
mcp__ring_close(mcp__ring *ring)
{
    unsigned bits = 1;
    while (bits < 24 && (1u << bits) < ring->n)
        bits++;
    ring->shift = 32 - bits;
    size_t with_end = (size_t)ring->n + 1;
    ring->points = mcp__mem_new_zeroed(ring->mem, with_end, sizeof *ring->points);
    ring->owners = mcp__mem_new_zeroed(ring->mem, with_end, sizeof *ring->owners);
    ring->starts = mcp__mem_new_zeroed(ring->mem, (size_t)1 << bits, sizeof *ring->starts);
    if (ring->points == NULL || ring->owners == NULL || ring->starts == NULL || !sort(ring))
        return 0;
    split(ring);
    set_starts(ring, 1u << bits);
    return 1;
}

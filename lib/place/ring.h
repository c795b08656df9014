/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring: points on a circle of 2^32, each with an owner; a hash belongs to the first point that is
 * not below it, past the last one to the first. Of equal points the one with the lower owner comes
 * first.
 *
 * The circle is cut into about as many equal pieces as there are points, and for each piece stands
 * where its points begin: a look-up is one jump and one or two steps, however many points there
 * are.
 *
 * Life: mcp__ring_init, mcp__ring_add for each point with owners ascending, mcp__ring_close, any
 * number of look-ups; mcp__ring_fini in any case.
 */
#ifndef MCPROXY_PLACE_RING_H
#define MCPROXY_PLACE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

typedef struct mcp__ring {
    const mcp__mem *mem;
    uint64_t *unsorted; /* value << 32 | owner, until closed */
    uint32_t *points;   /* ascending; one more than n, 2^32 - 1 */
    uint16_t *owners;   /* one more than n: the first point's */
    uint32_t *starts;   /* of each piece: its first point, or the next one */
    uint32_t n;
    uint32_t capacity;
    unsigned shift; /* a hash's piece = hash >> shift */
} mcp__ring;

/* Room for `capacity` >= 1 points. 0 when there is no memory, else 1. */
int mcp__ring_init(mcp__ring *ring, const mcp__mem *mem, uint32_t capacity);
/* A ring of zeros is allowed. */
void mcp__ring_fini(mcp__ring *ring);

/* Never more than the capacity. */
void mcp__ring_add(mcp__ring *ring, uint32_t point, uint16_t owner);
/* Sorts and indexes; at least one point was added. 0 when there is no memory, else 1. */
int mcp__ring_close(mcp__ring *ring);

/* Position of the point that a hash belongs to, 0 to n - 1. */
static inline uint32_t
mcp__ring_position(const mcp__ring *ring, uint32_t hash)
{
    uint32_t at = ring->starts[hash >> ring->shift];
    while (ring->points[at] < hash)
        at++;
    return at < ring->n ? at : 0;
}

static inline uint32_t
mcp__ring_find(const mcp__ring *ring, uint32_t hash)
{
    uint32_t at = ring->starts[hash >> ring->shift];
    while (ring->points[at] < hash)
        at++;
    return ring->owners[at];
}

#endif

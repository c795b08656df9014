/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keys: a long list of keys, packed: what a dump brought. One or two bytes of overhead a key, in
 * blocks that grow; a bound for all of it. Keys never move, so a span of one stands until the list
 * is cleared.
 */
#ifndef MCPROXY_OPS_KEYS_H
#define MCPROXY_OPS_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "wire/span.h"

typedef struct mcp__keys_block {
    struct mcp__keys_block *next;
    size_t used;
    size_t room;
    uint8_t bytes[];
} mcp__keys_block;

typedef struct mcp__keys {
    const mcp__mem *mem;
    mcp__keys_block *first, *last;
    size_t bytes_max;
    size_t bytes;  /* of all blocks */
    uint64_t n;    /* keys that are in */
    uint64_t lost; /* keys that were not taken, for want of room or memory */
} mcp__keys;

/* Where a walk through the list stands; {0} is its beginning. */
typedef struct mcp__keys_cursor {
    const mcp__keys_block *block;
    size_t at;
    uint64_t n; /* keys that were passed */
} mcp__keys_cursor;

/* Allocates nothing yet. `mem` must outlive the list. */
void mcp__keys_init(mcp__keys *keys, const mcp__mem *mem, size_t bytes_max);
/* Gives all memory back; the list is empty and can be used again. */
void mcp__keys_clear(mcp__keys *keys);

/* Copies one key of 1 to 250 bytes in. 0: there is no room or no memory for it; it is counted. */
int mcp__keys_add(mcp__keys *keys, mcp__span key, int is_base64);

/* The next key; 0: that was the last. */
int mcp__keys_next(const mcp__keys *keys, mcp__keys_cursor *cursor, mcp__span *key,
                   uint8_t *is_base64);

/* The bytes that a key of the wire means: those of one in base64 are put into `room`, at least
 * MCP__KEY_MAX bytes. Length 0: it is no base64. */
mcp__span mcp__keys_raw(mcp__span key, int is_base64, uint8_t *room);

#endif

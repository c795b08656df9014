/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/keys.h"

#include <assert.h>
#include <string.h>

#include "wire/base64.h"
#include "wire/key.h"

/* A key is its length and its bytes; one that goes over the wire in base64 has this in front. */
#define MARK_BASE64 255

#define FIRST_BLOCK ((size_t)4 << 10)
#define LARGEST_BLOCK ((size_t)1 << 20)
#define LARGEST_KEY (2 + MCP__KEY_MAX)

void
mcp__keys_init(mcp__keys *keys, const mcp__mem *mem, size_t bytes_max)
{
    memset(keys, 0, sizeof *keys);
    keys->mem = mem;
    keys->bytes_max = bytes_max;
}

void
mcp__keys_clear(mcp__keys *keys)
{
    mcp__keys_block *block = keys->first;
    while (block != NULL) {
        mcp__keys_block *next = block->next;
        mcp__mem_free(keys->mem, block);
        block = next;
    }
    mcp__keys_init(keys, keys->mem, keys->bytes_max);
}

/* Blocks double, so that a short list stays small; the last one takes what the bound leaves. */
static mcp__keys_block *
add_block(mcp__keys *keys)
{
    size_t size = keys->last != NULL ? 2 * (sizeof *keys->last + keys->last->room) : FIRST_BLOCK;
    size_t left = keys->bytes_max - keys->bytes;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size > left)
        size = left;
    if (size < sizeof(mcp__keys_block) + LARGEST_KEY)
        return NULL;
    mcp__keys_block *block = mcp__mem_new(keys->mem, size);
    if (block == NULL)
        return NULL;
    *block = (mcp__keys_block){.room = size - sizeof *block};
    if (keys->last != NULL)
        keys->last->next = block;
    else
        keys->first = block;
    keys->last = block;
    keys->bytes += size;
    return block;
}

int
mcp__keys_add(mcp__keys *keys, mcp__span key, int is_base64)
{
    assert(key.len >= 1 && key.len <= MCP__KEY_MAX);
    mcp__keys_block *block = keys->last;
    if (block == NULL || block->room - block->used < LARGEST_KEY)
        block = add_block(keys);
    if (block == NULL) {
        keys->lost++;
        return 0;
    }
    uint8_t *at = block->bytes + block->used;
    if (is_base64)
        *at++ = MARK_BASE64;
    *at++ = (uint8_t)key.len;
    memcpy(at, key.bytes, key.len);
    block->used = (size_t)(at + key.len - block->bytes);
    keys->n++;
    return 1;
}

int
mcp__keys_next(const mcp__keys *keys, mcp__keys_cursor *cursor, mcp__span *key, uint8_t *is_base64)
{
    if (cursor->block == NULL)
        cursor->block = keys->first;
    else if (cursor->at == cursor->block->used && cursor->block->next != NULL)
        *cursor = (mcp__keys_cursor){cursor->block->next, 0, cursor->n};
    if (cursor->block == NULL || cursor->at == cursor->block->used)
        return 0;
    const uint8_t *at = cursor->block->bytes + cursor->at;
    *is_base64 = *at == MARK_BASE64;
    at += *is_base64;
    *key = (mcp__span){at + 1, *at};
    cursor->at = (size_t)(at + 1 + *at - cursor->block->bytes);
    cursor->n++;
    return 1;
}

mcp__span
mcp__keys_raw(mcp__span key, int is_base64, uint8_t *room)
{
    if (!is_base64)
        return key;
    return (mcp__span){room, mcp__base64_decode(room, key.bytes, key.len)};
}

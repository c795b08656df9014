/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * batch: many requests at once. They are all handed to the engine, which sends to every server
 * before it waits for any; values are copied into the client's arena as they come, because the
 * receive buffers are needed for the rest.
 */
#ifndef MCPROXY_API_BATCH_H
#define MCPROXY_API_BATCH_H

#include "api/client.h"

/* A new batch begins: the values of the last one are gone. */
void mcp__batch_start_over(mcp_client *client);

/*
 * One note for each of `n` requests, all MCP__NOTE_NEW; NULL: no memory, and then they all go as
 * operations. They stand until the next batch.
 */
enum {
    MCP__NOTE_NEW = 0,
    MCP__NOTE_OUT,  /* with a convoy, see engine/convoy.h, */
    MCP__NOTE_LOST, /* which brings it no more */
    MCP__NOTE_DONE,
};
uint8_t *mcp__batch_notes(mcp_client *client, size_t n);

/* How many requests are under way. */
static inline size_t
mcp__batch_under_way(const mcp_client *client)
{
    return client->engine.n_unfinished + client->engine.convoy.n_out;
}

/*
 * So many requests are under way at once. The next ones follow when half of these have finished: a
 * few at a time, as room is made, would be a send of a few for each receive (10,000 keys: 301 system
 * calls instead of 144).
 */
#define MCP__BATCH_WINDOW 1024

/* Up to which of `n` it may be asked now; `next` comes next. */
static inline size_t
mcp__batch_window_end(const mcp_client *client, size_t next, size_t n)
{
    size_t under_way = mcp__batch_under_way(client);
    if (under_way > MCP__BATCH_WINDOW / 2)
        return next;
    size_t room = MCP__BATCH_WINDOW - under_way;
    return n - next > room ? next + room : n;
}

/* Some were lost with their connections, and are to be asked for once more, as operations. */
static inline int
mcp__batch_has_lost(const mcp_client *client)
{
    return client->engine.convoy.n_lost > 0;
}

/* Which: of the first `n`, those whose notes say LOST from now on. Told once. */
void mcp__batch_find_lost(mcp_client *client, size_t n);

uint8_t *mcp__batch_space_new(mcp_client *client, size_t len);

/* Space for a value that lives until the next batch; NULL: no memory. */
static inline uint8_t *
mcp__batch_space(mcp_client *client, size_t len)
{
    mcp__arena_block *block = client->arena;
    if (block == NULL || block->size - block->used < len)
        return mcp__batch_space_new(client, len);
    uint8_t *space = block->bytes + block->used;
    block->used += len;
    return space;
}

#endif

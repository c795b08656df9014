/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * many: what a batch and a get of many keys have in common: requests of one call that are under way
 * together. They are all handed to the engine, which sends to every server before it waits for any,
 * a window of them at a time. Gets of quiet times go with a convoy (engine/convoy.h), all others as
 * operations. Values are copied into the client's arena as they come, because the receive buffers
 * are needed for the rest.
 */
#ifndef MCPROXY_API_MANY_H
#define MCPROXY_API_MANY_H

#include <string.h>

#include "api/client.h"

/* What has become of each request. */
enum {
    MCP__NOTE_NEW = 0,
    MCP__NOTE_OUT,  /* with a convoy, */
    MCP__NOTE_LOST, /* which brings it no more */
    MCP__NOTE_DONE,
};

typedef struct mcp__many {
    mcp_client *client;
    size_t n;
    size_t next;    /* the first that has not been asked yet */
    uint8_t *notes; /* one for each; NULL: no memory, and then they all go as operations */
    int64_t deadline_ms;
    int64_t now_ms;
    size_t n_failed;
} mcp__many;

/* What their owner does, each given the owner's struct, of which the first member is the many. */
typedef struct mcp__many_ways {
    void (*ask)(mcp__many *many, size_t end);    /* the next ones, before `end` */
    void (*ask_again)(mcp__many *many, size_t i); /* one that was lost: as an operation */
    void (*collect)(mcp__many *many);            /* what has been answered */
} mcp__many_ways;

/* A new call begins, at `now_ms`: the values of the last one are gone. */
void mcp__many_begin(mcp__many *many, int64_t now_ms);

/* Until all of them have been answered, or have failed. */
void mcp__many_run(mcp__many *many, const mcp__many_ways *ways);

/* What is left of the deadline; at least one, so that a late request fails as a timeout. */
static inline uint32_t
mcp__many_left_ms(const mcp__many *many)
{
    return many->deadline_ms > many->now_ms ? (uint32_t)(many->deadline_ms - many->now_ms) : 1;
}

/* Whether a request can be asked at all; why not, says the status. Nobody can answer it any more
 * when it is too late, and asking would hold up the end by a little each time. */
static inline mcp_status
mcp__many_check(const mcp__many *many, const mcp_request *request)
{
    mcp_status status = mcp__client_check(many->client, request);
    if (status == MCP_OK && many->now_ms >= many->deadline_ms)
        return mcp__err_set(&many->client->err, MCP_TIMEOUT, "too late for the request's turn");
    return status;
}

/* As an operation. MCP_OK: it is under way. */
mcp_status mcp__many_submit(const mcp__many *many, const mcp_request *request, size_t i);

/* The result of one that has come to nothing, which is counted. */
mcp_result mcp__many_failure(mcp__many *many, size_t i, mcp_status status);
/* The result of an operation, counted if it failed. Its value stands until the task is released. */
mcp_result mcp__many_finish(mcp__many *many, mcp__task *task);

/* Whether gets may go with a convoy now. */
static inline int
mcp__many_has_convoy(const mcp__many *many)
{
    return many->notes != NULL && many->now_ms < many->deadline_ms;
}

uint8_t *mcp__many_space_new(mcp_client *client, size_t len);

/* Space for a value that lives until the next such call; NULL: no memory. */
static inline uint8_t *
mcp__many_space(mcp_client *client, size_t len)
{
    mcp__arena_block *block = client->arena;
    if (block == NULL || block->size - block->used < len)
        return mcp__many_space_new(client, len);
    uint8_t *space = block->bytes + block->used;
    block->used += len;
    return space;
}

/* There was none: the result becomes that. */
void mcp__many_lose_value(mcp__many *many, mcp_result *result);

/* Copies the value of a result there. */
static inline void
mcp__many_keep_value(mcp__many *many, mcp_result *result)
{
    if (result->value_len == 0)
        return;
    uint8_t *space = mcp__many_space(many->client, result->value_len);
    if (space == NULL) {
        mcp__many_lose_value(many, result);
        return;
    }
    memcpy(space, result->value, result->value_len);
    result->value = space;
}

#endif

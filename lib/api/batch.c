/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/batch.h"

#include <string.h>

#define BLOCK_SIZE 65536
/* So many requests are under way at once; the next ones follow as these finish. */
#define WINDOW 1024

/* The first block is the one in use; a batch starts it over and frees the rest. */
void
mcp__batch_start_over(mcp_client *client)
{
    mcp__arena_block *block = client->arena;
    if (block == NULL)
        return;
    while (block->next != NULL) {
        mcp__arena_block *next = block->next;
        block->next = next->next;
        mcp__mem_free(&client->mem, next);
    }
    block->used = 0;
}

uint8_t *
mcp__batch_space(mcp_client *client, size_t len)
{
    mcp__arena_block *block = client->arena;
    if (block == NULL || block->size - block->used < len) {
        size_t size = len > BLOCK_SIZE ? len : BLOCK_SIZE;
        block = mcp__mem_new(&client->mem, sizeof *block + size);
        if (block == NULL)
            return NULL;
        *block = (mcp__arena_block){.next = client->arena, .size = size};
        client->arena = block;
    }
    uint8_t *space = block->bytes + block->used;
    block->used += len;
    return space;
}

static void
keep_value(mcp_client *client, mcp_result *result)
{
    if (result->value_len == 0)
        return;
    uint8_t *space = mcp__batch_space(client, result->value_len);
    if (space != NULL) {
        memcpy(space, result->value, result->value_len);
        result->value = space;
        return;
    }
    result->status = MCP_NO_MEMORY;
    result->value = NULL;
    result->value_len = 0;
    mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for a value of the batch");
}

/* The caller's structs may be smaller or larger than ours: they lie as far apart as they say. */
static const mcp_request *
request_at(const mcp_request *requests, size_t i)
{
    return (const mcp_request *)((const char *)requests + i * requests->size);
}

static mcp_result *
result_at(mcp_result *results, size_t i)
{
    return (mcp_result *)((char *)results + i * results->size);
}

static void
collect(mcp_client *client, mcp_result *results)
{
    mcp__task *task;
    while ((task = mcp__drive_finished(&client->engine)) != NULL) {
        mcp_result ours = MCP_RESULT_INIT;
        mcp__drive_result(task, &ours);
        if (ours.status < MCP_OK)
            client->err = client->engine.err;
        keep_value(client, &ours);
        mcp__client_give(result_at(results, task->tag), &ours);
        mcp__drive_release(&client->engine, task);
    }
}

static void
give_failure(mcp_client *client, mcp_result *result, mcp_status status)
{
    mcp_result empty = MCP_RESULT_INIT;
    empty.status = status;
    client->err.status = status;
    mcp__client_give(result, &empty);
}

/* What is left of the batch's deadline; at least one, so that a late request fails as a timeout. */
static uint32_t
left_ms(int64_t deadline_ms, int64_t now_ms)
{
    return deadline_ms > now_ms ? (uint32_t)(deadline_ms - now_ms) : 1;
}

static void
submit_one(mcp_client *client, const mcp_request *requests, mcp_result *results, size_t i,
           int64_t deadline_ms, int64_t now_ms)
{
    mcp_request ours = mcp__client_request(request_at(requests, i));
    mcp_status status = mcp__client_check(client, &ours);
    /* Nobody can answer it any more, and asking would hold up the end by a little each time. */
    if (status == MCP_OK && now_ms >= deadline_ms)
        status = mcp__err_set(&client->err, MCP_TIMEOUT, "too late for the request's turn");
    if (status != MCP_OK) {
        give_failure(client, result_at(results, i), status);
        return;
    }
    mcp__task *task =
        mcp__drive_submit(&client->engine, &ours, left_ms(deadline_ms, now_ms), now_ms);
    if (task != NULL)
        task->tag = i;
    else
        give_failure(client, result_at(results, i),
                     mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the call"));
}

static uint32_t
longest_timeout_ms(const mcp_client *client, const mcp_request *requests, size_t n)
{
    uint32_t longest = 0;
    for (size_t i = 0; i < n; i++) {
        mcp_request ours = mcp__client_request(request_at(requests, i));
        uint32_t timeout_ms = mcp__client_timeout_ms(client, &ours);
        longest = timeout_ms > longest ? timeout_ms : longest;
    }
    return longest;
}

static size_t
refuse_all(mcp_result *results, size_t n)
{
    mcp_result busy = MCP_RESULT_INIT;
    busy.status = MCP_BUSY;
    for (size_t i = 0; i < n; i++)
        mcp__client_give(result_at(results, i), &busy);
    return n;
}

size_t
mcp_batch(mcp_client *client, const mcp_request *requests, mcp_result *results, size_t n)
{
    mcp__engine *engine = &client->engine;
    size_t next = 0, n_failed = 0;
    if (n == 0)
        return 0;
    if (mcp__client_is_busy(client))
        return refuse_all(results, n);
    mcp__client_enter(client);
    mcp__batch_start_over(client);
    int64_t now_ms = mcp__wait_begin(&client->world);
    int64_t deadline_ms = now_ms + longest_timeout_ms(client, requests, n);
    while (next < n || engine->n_unfinished > 0) {
        for (; next < n && engine->n_unfinished < WINDOW; next++)
            submit_one(client, requests, results, next, deadline_ms, now_ms);
        if (engine->n_unfinished > 0)
            mcp__wait_once(&client->world, mcp__drive_next_time(engine));
        collect(client, results);
        now_ms = mcp__clock_coarse(&client->world.clock);
    }
    collect(client, results);
    mcp__wait_serve(&client->world);
    mcp__client_leave(client);
    for (size_t i = 0; i < n; i++)
        n_failed += result_at(results, i)->status < MCP_OK;
    mcp__client_tell(client);
    return n_failed;
}

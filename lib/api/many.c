/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/many.h"

#include "engine/convoy.h"

#define BLOCK_SIZE 65536

/*
 * So many requests are under way at once. The next ones follow when half of these have finished: a
 * few at a time, as room is made, would be a send of a few for each receive (10,000 keys: 301 system
 * calls instead of 144).
 */
#define WINDOW 1024

/* ---- the arena ---- */

/* The first block is the one in use; a new call starts it over and frees the rest. */
static void
start_over(mcp_client *client)
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
mcp__many_space_new(mcp_client *client, size_t len)
{
    size_t size = len > BLOCK_SIZE ? len : BLOCK_SIZE;
    mcp__arena_block *block = mcp__mem_new(&client->mem, sizeof *block + size);
    if (block == NULL)
        return NULL;
    *block = (mcp__arena_block){.next = client->arena, .size = size, .used = len};
    client->arena = block;
    return block->bytes;
}

void
mcp__many_lose_value(mcp__many *many, mcp_result *result)
{
    mcp_status status =
        mcp__err_set(&many->client->err, MCP_NO_MEMORY, "no memory for a value of the many");
    many->n_failed += result->status >= MCP_OK;
    *result = (mcp_result)MCP_RESULT_INIT;
    result->status = status;
}

/* ---- one of them ---- */

static int
was_lost(const mcp__many *many, size_t i)
{
    return many->notes != NULL && many->notes[i] == MCP__NOTE_LOST;
}

mcp_result
mcp__many_failure(mcp__many *many, size_t i, mcp_status status)
{
    mcp_result empty = MCP_RESULT_INIT;
    empty.status = status;
    empty.primary = was_lost(many, i) ? MCP_COPY_UNKNOWN : MCP_COPY_SKIPPED;
    many->client->err.status = status;
    many->n_failed++;
    return empty;
}

mcp_result
mcp__many_finish(mcp__many *many, mcp__task *task)
{
    mcp__engine *engine = &many->client->engine;
    mcp_result result = MCP_RESULT_INIT;
    mcp__drive_result(task, &result);
    if (result.status < MCP_OK) {
        many->client->err = engine->err;
        many->n_failed++;
    }
    return result;
}

mcp_status
mcp__many_submit(const mcp__many *many, const mcp_request *request, size_t i)
{
    mcp_client *client = many->client;
    mcp__convoy_go(&client->engine);
    mcp__task *task =
        mcp__drive_submit(&client->engine, request, mcp__many_left_ms(many), many->now_ms);
    if (task == NULL)
        return mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the call");
    task->tag = i;
    return MCP_OK;
}

/* ---- all of them ---- */

static uint8_t *
new_notes(mcp_client *client, size_t n)
{
    if (n > UINT32_MAX)
        return NULL;
    if (n > client->notes_size) {
        uint8_t *notes = mcp__mem_resize(&client->mem, client->notes, n);
        if (notes == NULL)
            return NULL;
        client->notes = notes;
        client->notes_size = n;
    }
    memset(client->notes, MCP__NOTE_NEW, n);
    return client->notes;
}

void
mcp__many_begin(mcp__many *many, int64_t now_ms)
{
    start_over(many->client);
    many->notes = new_notes(many->client, many->n);
    many->now_ms = now_ms;
}

static size_t
under_way(const mcp_client *client)
{
    return client->engine.n_unfinished + client->engine.convoy.n_out;
}

/* Some were lost with their connections. */
static int
has_lost(const mcp_client *client)
{
    return client->engine.convoy.n_lost > 0;
}

/* Up to which one it may be asked now. */
static size_t
window_end(const mcp__many *many)
{
    size_t n_out = under_way(many->client), n_left = many->n - many->next;
    if (n_out > WINDOW / 2)
        return many->next;
    return n_left > WINDOW - n_out ? many->next + WINDOW - n_out : many->n;
}

/* Which: those that went with the convoy, and are neither answered nor with it any more. Told once. */
static void
find_lost(mcp__many *many)
{
    mcp__engine *engine = &many->client->engine;
    engine->convoy.n_lost = 0;
    for (size_t i = 0; i < many->next; i++) {
        if (many->notes[i] == MCP__NOTE_OUT)
            many->notes[i] = MCP__NOTE_LOST;
    }
    mcp__convoy_note(engine, many->notes, MCP__NOTE_OUT);
}

/* At once, while there is time: others may wait for their answers until the end. */
static void
ask_lost_again(mcp__many *many, const mcp__many_ways *ways)
{
    find_lost(many);
    for (size_t i = 0; i < many->next; i++) {
        if (!was_lost(many, i))
            continue;
        ways->ask_again(many, i);
        many->notes[i] = MCP__NOTE_DONE;
    }
}

void
mcp__many_run(mcp__many *many, const mcp__many_ways *ways)
{
    mcp_client *client = many->client;
    mcp__convoy_begin(&client->engine, mcp__many_left_ms(many));
    do {
        if (has_lost(client))
            ask_lost_again(many, ways);
        mcp__convoy_round(&client->engine, many->now_ms);
        ways->ask(many, window_end(many));
        mcp__convoy_go(&client->engine);
        if (under_way(client) > 0)
            mcp__wait_once(&client->world, mcp__drive_next_time(&client->engine));
        ways->collect(many);
        many->now_ms = mcp__clock_coarse(&client->world.clock);
    } while (many->next < many->n || under_way(client) > 0 || has_lost(client));
}

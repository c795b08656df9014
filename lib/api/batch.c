/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/batch.h"

#include <string.h>

#include "api/client_discover.h"
#include "engine/convoy_way.h"

#define BLOCK_SIZE 65536

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
mcp__batch_space_new(mcp_client *client, size_t len)
{
    size_t size = len > BLOCK_SIZE ? len : BLOCK_SIZE;
    mcp__arena_block *block = mcp__mem_new(&client->mem, sizeof *block + size);
    if (block == NULL)
        return NULL;
    *block = (mcp__arena_block){.next = client->arena, .size = size, .used = len};
    client->arena = block;
    return block->bytes;
}

uint8_t *
mcp__batch_notes(mcp_client *client, size_t n)
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
mcp__batch_find_lost(mcp_client *client, size_t n)
{
    client->engine.convoy.n_lost = 0;
    for (size_t i = 0; i < n; i++) {
        if (client->notes[i] == MCP__NOTE_OUT)
            client->notes[i] = MCP__NOTE_LOST;
    }
    mcp__convoy_note(&client->engine, client->notes, MCP__NOTE_OUT);
}

typedef struct batch {
    mcp_client *client;
    const mcp_request *requests;
    mcp_result *results;
    uint8_t *notes;
    int64_t deadline_ms;
    int64_t now_ms;
    size_t n;
    size_t next;
    size_t n_failed;
} batch;

static __attribute__((noinline)) void
lose_value(batch *b, mcp_result *result)
{
    b->n_failed += result->status >= MCP_OK;
    result->status =
        mcp__err_set(&b->client->err, MCP_NO_MEMORY, "no memory for a value of the batch");
    result->value = NULL;
    result->value_len = 0;
}

static inline void
keep_value(batch *b, mcp_result *result)
{
    if (result->value_len == 0)
        return;
    uint8_t *space = mcp__batch_space(b->client, result->value_len);
    if (space == NULL) {
        lose_value(b, result);
        return;
    }
    memcpy(space, result->value, result->value_len);
    result->value = space;
}

/* The caller's structs may be smaller or larger than ours: they lie as far apart as they say. */
static inline const mcp_request *
request_at(const batch *b, size_t i)
{
    return (const mcp_request *)((const char *)b->requests + i * b->requests->size);
}

static inline mcp_result *
result_at(const batch *b, size_t i)
{
    return (mcp_result *)((char *)b->results + i * b->results->size);
}

/* Ours, or one of ours made of it. */
static inline const mcp_request *
convert(const mcp_request *request, mcp_request *ours)
{
    if (request->size == sizeof *request)
        return request;
    *ours = mcp__client_request(request);
    return ours;
}

static inline void
collect_fetched(batch *b)
{
    mcp__fetched fetched;
    while (mcp__convoy_fetch(&b->client->engine, &fetched)) {
        mcp_result *result = result_at(b, fetched.tag);
        __builtin_prefetch(result_at(b, mcp__convoy_tag_ahead(&fetched.server->link, 4)), 1);
        b->notes[fetched.tag] = MCP__NOTE_DONE;
        if (result->size == sizeof *result) {
            mcp__convoy_result(&fetched, result);
            keep_value(b, result);
            continue;
        }
        mcp_result ours = MCP_RESULT_INIT;
        mcp__convoy_result(&fetched, &ours);
        keep_value(b, &ours);
        mcp__client_give(result, &ours);
    }
}

static void
collect(batch *b)
{
    mcp__task *task;
    mcp_client *client = b->client;
    if (client->engine.convoy.first_ripe != NULL)
        collect_fetched(b);
    while ((task = mcp__drive_finished(&client->engine)) != NULL) {
        mcp_result ours = MCP_RESULT_INIT;
        mcp__drive_result(task, &ours);
        if (ours.status < MCP_OK) {
            client->err = client->engine.err;
            b->n_failed++;
        }
        keep_value(b, &ours);
        mcp__client_give(result_at(b, task->tag), &ours);
        mcp__drive_release(&client->engine, task);
    }
}

static int
was_lost(const batch *b, size_t i)
{
    return b->notes != NULL && b->notes[i] == MCP__NOTE_LOST;
}

static void
give_failure(batch *b, size_t i, mcp_status status)
{
    mcp_result empty = MCP_RESULT_INIT;
    empty.status = status;
    empty.primary = was_lost(b, i) ? MCP_COPY_UNKNOWN : MCP_COPY_SKIPPED;
    b->client->err.status = status;
    b->n_failed++;
    mcp__client_give(result_at(b, i), &empty);
}

/* What is left of the batch's deadline; at least one, so that a late request fails as a timeout. */
static uint32_t
left_ms(const batch *b)
{
    return b->deadline_ms > b->now_ms ? (uint32_t)(b->deadline_ms - b->now_ms) : 1;
}

/* Whether a request can be asked at all; what it is told if not, it has been told. */
static inline int
is_askable(batch *b, size_t i, const mcp_request *request)
{
    mcp_client *client = b->client;
    mcp_status status = mcp__client_check(client, request);
    /* Nobody can answer it any more, and asking would hold up the end by a little each time. */
    if (status == MCP_OK && b->now_ms >= b->deadline_ms)
        status = mcp__err_set(&client->err, MCP_TIMEOUT, "too late for the request's turn");
    if (status != MCP_OK)
        give_failure(b, i, status);
    return status == MCP_OK;
}

static __attribute__((noinline)) void
submit_operation(batch *b, size_t i, const mcp_request *request)
{
    mcp_client *client = b->client;
    mcp__convoy_go(&client->engine);
    mcp__task *task = mcp__drive_submit(&client->engine, request, left_ms(b), b->now_ms);
    if (task != NULL)
        task->tag = i;
    else
        give_failure(b, i, mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the call"));
}

static void
submit_again(batch *b, size_t i)
{
    mcp_request ours;
    const mcp_request *request = convert(request_at(b, i), &ours);
    if (is_askable(b, i, request))
        submit_operation(b, i, request);
    b->notes[i] = MCP__NOTE_DONE;
}

static uint32_t
longest_timeout_ms(const batch *b)
{
    size_t size = b->requests->size;
    const char *at = (const char *)&b->requests->timeout_ms;
    uint32_t longest = 0, usual = b->client->config.timeout_ms, timeout_ms;
    if (size < offsetof(mcp_request, timeout_ms) + sizeof timeout_ms)
        return usual + MCP__CLOCK_LAG_MS;
    for (size_t i = 0; i < b->n; i++, at += size) {
        memcpy(&timeout_ms, at, sizeof timeout_ms);
        if (timeout_ms == 0)
            timeout_ms = usual;
        longest = timeout_ms > longest ? timeout_ms : longest;
    }
    return longest + MCP__CLOCK_LAG_MS;
}

static size_t
fail_all(batch *b, mcp_status status)
{
    for (size_t i = 0; i < b->n; i++)
        give_failure(b, i, status);
    mcp__client_leave(b->client);
    mcp__client_tell(b->client);
    return b->n;
}

static size_t
refuse_all(const batch *b)
{
    mcp_result busy = MCP_RESULT_INIT;
    busy.status = MCP_BUSY;
    for (size_t i = 0; i < b->n; i++)
        mcp__client_give(result_at(b, i), &busy);
    return b->n;
}

/* At once, while there is time: others of the batch may wait for theirs until its end. */
static void
ask_again(batch *b)
{
    mcp__batch_find_lost(b->client, b->next);
    for (size_t i = 0; i < b->next; i++) {
        if (was_lost(b, i))
            submit_again(b, i);
    }
}

/* Where the next few requests are to be asked for, of those that go with the convoy. */
static inline void
foresee(const batch *b, uint32_t *places, size_t first, size_t n)
{
    mcp_request ours;
    int has_convoy = b->notes != NULL && b->now_ms < b->deadline_ms;
    for (size_t i = 0; i < n; i++) {
        const mcp_request *request = convert(request_at(b, first + i), &ours);
        places[i] = has_convoy && mcp__client_is_everyday(b->client, request)
                        ? mcp__convoy_foresee(&b->client->engine, request)
                        : MCP__CONVOY_NOT;
    }
}

static inline void
submit(batch *b, const uint32_t *places, size_t first, size_t n)
{
    mcp_request ours;
    for (size_t i = first; i < first + n; i++, places++) {
        const mcp_request *request = convert(request_at(b, i), &ours);
        if (mcp__convoy_put(&b->client->engine, request, *places, (uint32_t)i, b->now_ms))
            b->notes[i] = MCP__NOTE_OUT;
        else if (is_askable(b, i, request))
            submit_operation(b, i, request);
    }
}

static void
fill_window(batch *b)
{
    uint32_t places[MCP__CONVOY_AHEAD];
    size_t end = mcp__batch_window_end(b->client, b->next, b->n);
    while (b->next < end) {
        size_t first = b->next;
        size_t n = end - first < MCP__CONVOY_AHEAD ? end - first : MCP__CONVOY_AHEAD;
        b->next += n;
        foresee(b, places, first, n);
        submit(b, places, first, n);
    }
}

static void
run(batch *b)
{
    mcp_client *client = b->client;
    mcp__convoy_begin(&client->engine, left_ms(b));
    do {
        if (mcp__batch_has_lost(client))
            ask_again(b);
        fill_window(b);
        mcp__convoy_go(&client->engine);
        if (mcp__batch_under_way(client) > 0)
            mcp__wait_once(&client->world, mcp__drive_next_time(&client->engine));
        collect(b);
        b->now_ms = mcp__clock_coarse(&client->world.clock);
    } while (b->next < b->n || mcp__batch_under_way(client) > 0 || mcp__batch_has_lost(client));
}

size_t
mcp_batch(mcp_client *client, const mcp_request *requests, mcp_result *results, size_t n)
{
    batch b = {.client = client, .requests = requests, .results = results, .n = n};
    if (n == 0)
        return 0;
    if (mcp__client_is_busy(client))
        return refuse_all(&b);
    if (!mcp__client_can_tell(client, results))
        return n;
    mcp__client_enter(client);
    if (requests == NULL)
        return fail_all(&b, mcp__err_set(&client->err, MCP_BAD_ARGUMENT, "the requests are NULL"));
    mcp__batch_start_over(client);
    b.notes = mcp__batch_notes(client, n);
    b.now_ms = mcp__wait_begin(&client->world);
    b.deadline_ms = b.now_ms + longest_timeout_ms(&b);
    if (mcp__client_asks(client)) {
        mcp_status status = mcp__discover(client, b.deadline_ms);
        if (status != MCP_OK)
            return fail_all(&b, status);
        b.now_ms = client->engine.now_ms;
    }
    run(&b);
    mcp__wait_serve(&client->world);
    mcp__client_leave(client);
    mcp__client_tell(client);
    return b.n_failed;
}

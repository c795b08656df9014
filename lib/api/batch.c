/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/batch.h"

#include <string.h>

#include "api/client_discover.h"
#include "engine/convoy_way.h"

typedef struct batch {
    mcp__many many;
    const mcp_request *requests;
    mcp_result *results;
} batch;

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

/* ---- answers ---- */

static inline void
collect_fetched(batch *b)
{
    mcp__fetched fetched;
    mcp__engine *engine = &b->many.client->engine;
    uint8_t *notes = b->many.notes;
    while (mcp__convoy_fetch(engine, &fetched)) {
        mcp_result *result = result_at(b, fetched.tag);
        __builtin_prefetch(result_at(b, mcp__convoy_tag_ahead(&fetched.server->link, 4)), 1);
        notes[fetched.tag] = MCP__NOTE_DONE;
        if (result->size == sizeof *result) {
            mcp__convoy_result(&fetched, result);
            mcp__many_keep_value(&b->many, result);
            continue;
        }
        mcp_result ours = MCP_RESULT_INIT;
        mcp__convoy_result(&fetched, &ours);
        mcp__many_keep_value(&b->many, &ours);
        mcp__client_give(result, &ours);
    }
}

static void
collect(mcp__many *many)
{
    batch *b = (batch *)many;
    mcp__task *task;
    mcp__engine *engine = &many->client->engine;
    if (engine->convoy.first_ripe != NULL)
        collect_fetched(b);
    while ((task = mcp__drive_finished(engine)) != NULL) {
        mcp_result ours = mcp__many_finish(many, task);
        mcp__many_keep_value(many, &ours);
        mcp__client_give(result_at(b, task->tag), &ours);
        mcp__drive_release(engine, task);
    }
}

static void
give_failure(batch *b, size_t i, mcp_status status)
{
    mcp_result empty = mcp__many_failure(&b->many, i, status);
    mcp__client_give(result_at(b, i), &empty);
}

/* ---- asking ---- */

static __attribute__((noinline)) void
submit_operation(batch *b, size_t i, const mcp_request *request)
{
    mcp_status status = mcp__many_check(&b->many, request);
    if (status == MCP_OK)
        status = mcp__many_submit(&b->many, request, i);
    if (status != MCP_OK)
        give_failure(b, i, status);
}

static void
ask_again(mcp__many *many, size_t i)
{
    batch *b = (batch *)many;
    mcp_request ours;
    submit_operation(b, i, convert(request_at(b, i), &ours));
}

/* Where the next few requests are to be asked for, of those that go with the convoy. */
static inline void
foresee(const batch *b, uint32_t *places, size_t first, size_t n)
{
    mcp_request ours;
    const mcp_client *client = b->many.client;
    int has_convoy = mcp__many_has_convoy(&b->many);
    for (size_t i = 0; i < n; i++) {
        const mcp_request *request = convert(request_at(b, first + i), &ours);
        places[i] = has_convoy && mcp__client_is_everyday(client, request)
                        ? mcp__convoy_foresee(&client->engine, request)
                        : MCP__CONVOY_NOT;
    }
}

static inline void
submit(batch *b, const uint32_t *places, size_t first, size_t n)
{
    mcp_request ours;
    mcp__engine *engine = &b->many.client->engine;
    uint8_t *notes = b->many.notes;
    for (size_t i = first; i < first + n; i++, places++) {
        const mcp_request *request = convert(request_at(b, i), &ours);
        if (mcp__convoy_put(engine, request, *places, (uint32_t)i))
            notes[i] = MCP__NOTE_OUT;
        else
            submit_operation(b, i, request);
    }
}

static void
ask(mcp__many *many, size_t end)
{
    uint32_t places[MCP__CONVOY_AHEAD];
    while (many->next < end) {
        size_t first = many->next;
        size_t n = end - first < MCP__CONVOY_AHEAD ? end - first : MCP__CONVOY_AHEAD;
        many->next += n;
        foresee((batch *)many, places, first, n);
        submit((batch *)many, places, first, n);
    }
}

/* ---- the call ---- */

static uint32_t
longest_timeout_ms(const batch *b)
{
    size_t size = b->requests->size;
    const char *at = (const char *)&b->requests->timeout_ms;
    uint32_t longest = 0, usual = b->many.client->config.timeout_ms, timeout_ms;
    if (size < offsetof(mcp_request, timeout_ms) + sizeof timeout_ms)
        return usual + MCP__CLOCK_LAG_MS;
    for (size_t i = 0; i < b->many.n; i++, at += size) {
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
    for (size_t i = 0; i < b->many.n; i++)
        give_failure(b, i, status);
    mcp__client_leave(b->many.client);
    mcp__client_tell(b->many.client);
    return b->many.n;
}

static size_t
refuse_all(const batch *b)
{
    mcp_result busy = MCP_RESULT_INIT;
    busy.status = MCP_BUSY;
    for (size_t i = 0; i < b->many.n; i++)
        mcp__client_give(result_at(b, i), &busy);
    return b->many.n;
}

size_t
mcp_batch(mcp_client *client, const mcp_request *requests, mcp_result *results, size_t n)
{
    static const mcp__many_ways ways = {.ask = ask, .ask_again = ask_again, .collect = collect};
    batch b = {.many = {.client = client, .n = n}, .requests = requests, .results = results};
    if (n == 0)
        return 0;
    if (mcp__client_is_busy(client))
        return refuse_all(&b);
    if (!mcp__client_can_tell(client, results))
        return n;
    mcp__client_enter(client);
    if (requests == NULL)
        return fail_all(&b, mcp__err_set(&client->err, MCP_BAD_ARGUMENT, "the requests are NULL"));
    mcp__many_begin(&b.many, mcp__wait_begin(&client->world));
    b.many.deadline_ms = b.many.now_ms + longest_timeout_ms(&b);
    if (mcp__client_asks(client)) {
        mcp_status status = mcp__discover(client, b.many.deadline_ms);
        if (status != MCP_OK)
            return fail_all(&b, status);
        b.many.now_ms = client->engine.now_ms;
    }
    mcp__many_run(&b.many, &ways);
    mcp__wait_serve(&client->world);
    mcp__client_leave(client);
    mcp__client_tell(client);
    return b.many.n_failed;
}

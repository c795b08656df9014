/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/mget.h"

#include <string.h>

#include "api/client_discover.h"
#include "engine/convoy_way.h"

typedef struct mget {
    mcp__many many;
    const void *const *keys;
    const size_t *key_lens;
    mcp_result *results; /* NULL: `callback` is told */
    mcp_mget_callback callback;
    void *context;
} mget;

/* An array of an older or newer program: its results lie as far apart as they say. */
static mcp_result *
result_at(const mget *m, size_t i)
{
    return (mcp_result *)((char *)m->results + i * m->results->size);
}

static inline mcp_request
request_of(const mget *m, size_t i)
{
    mcp_request request = MCP_REQUEST_INIT;
    request.key = m->keys[i];
    request.key_len = m->key_lens != NULL  ? m->key_lens[i]
                      : m->keys[i] != NULL ? strlen(m->keys[i])
                                           : 0;
    return request;
}

/* ---- answers ---- */

static void
tell(mget *m, size_t i, mcp_result *result)
{
    mcp_client *client = m->many.client;
    if (m->results != NULL) {
        mcp__many_keep_value(&m->many, result);
        mcp__client_give(result_at(m, i), result);
        return;
    }
    client->events.is_calling_back = 1;
    m->callback(m->context, i, result);
    client->events.is_calling_back = 0;
}

static void
tell_failure(mget *m, size_t i, mcp_status status)
{
    mcp_result empty = mcp__many_failure(&m->many, i, status);
    tell(m, i, &empty);
}

static void
collect(mcp__many *many)
{
    mget *m = (mget *)many;
    mcp__engine *engine = &many->client->engine;
    mcp__fetched fetched;
    mcp__task *task;
    while (engine->convoy.first_ripe != NULL && mcp__convoy_fetch(engine, &fetched)) {
        mcp_result ours = MCP_RESULT_INIT;
        mcp__convoy_result(&fetched, &ours);
        many->notes[fetched.tag] = MCP__NOTE_DONE;
        tell(m, fetched.tag, &ours);
    }
    while ((task = mcp__drive_finished(engine)) != NULL) {
        mcp_result ours = mcp__many_finish(many, task);
        tell(m, task->tag, &ours);
        mcp__drive_release(engine, task);
    }
}

/* ---- asking ---- */

static __attribute__((noinline)) void
submit_operation(mget *m, size_t i, const mcp_request *request)
{
    mcp_status status = mcp__many_check(&m->many, request);
    if (status == MCP_OK)
        status = mcp__many_submit(&m->many, request, i);
    if (status != MCP_OK)
        tell_failure(m, i, status);
}

static void
ask_again(mcp__many *many, size_t i)
{
    mget *m = (mget *)many;
    mcp_request request = request_of(m, i);
    submit_operation(m, i, &request);
}

/* The next few keys; it is known where they are to be asked for before the first one is. */
static void
ask_few(mget *m, size_t first, size_t n)
{
    mcp_client *client = m->many.client;
    mcp_request requests[MCP__CONVOY_AHEAD];
    uint32_t places[MCP__CONVOY_AHEAD];
    int has_convoy = mcp__many_has_convoy(&m->many);
    for (size_t i = 0; i < n; i++) {
        requests[i] = request_of(m, first + i);
        places[i] = has_convoy && mcp__client_is_everyday(client, &requests[i])
                        ? mcp__convoy_foresee(&client->engine, &requests[i])
                        : MCP__CONVOY_NOT;
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = first + i;
        if (mcp__convoy_put(&client->engine, &requests[i], places[i], (uint32_t)at))
            m->many.notes[at] = MCP__NOTE_OUT;
        else
            submit_operation(m, at, &requests[i]);
    }
}

static void
ask(mcp__many *many, size_t end)
{
    while (many->next < end) {
        size_t first = many->next;
        size_t n = end - first < MCP__CONVOY_AHEAD ? end - first : MCP__CONVOY_AHEAD;
        many->next += n;
        ask_few((mget *)many, first, n);
    }
}

/* ---- the calls ---- */

static size_t
fail_all(mget *m, mcp_status status)
{
    for (size_t i = 0; i < m->many.n; i++)
        tell_failure(m, i, status);
    mcp__client_leave(m->many.client);
    mcp__client_tell(m->many.client);
    return m->many.n_failed;
}

static size_t
run(mget *m)
{
    static const mcp__many_ways ways = {.ask = ask, .ask_again = ask_again, .collect = collect};
    mcp__many *many = &m->many;
    mcp_client *client = many->client;
    mcp__client_enter(client);
    mcp__many_begin(many, mcp__wait_begin(&client->world));
    many->deadline_ms = many->now_ms + client->config.timeout_ms + MCP__CLOCK_LAG_MS;
    if (mcp__client_asks(client)) {
        mcp_status status = mcp__discover(client, many->deadline_ms);
        if (status != MCP_OK)
            return fail_all(m, status);
        many->now_ms = client->engine.now_ms;
    }
    mcp__many_run(many, &ways);
    mcp__wait_serve(&client->world);
    mcp__client_leave(client);
    mcp__client_tell(client);
    return many->n_failed;
}

static size_t
refuse(mget *m)
{
    mcp_result busy = MCP_RESULT_INIT;
    busy.status = MCP_BUSY;
    for (size_t i = 0; m->results != NULL && i < m->many.n; i++)
        mcp__client_give(result_at(m, i), &busy);
    return m->many.n;
}

size_t
mcp_mget(mcp_client *client, const void *const *keys, const size_t *key_lens, size_t n,
         mcp_result *results)
{
    mget m = {.many = {.client = client, .n = n},
              .keys = keys,
              .key_lens = key_lens,
              .results = results};
    if (n == 0)
        return 0;
    if (mcp__client_is_busy(client))
        return refuse(&m);
    return mcp__client_can_tell(client, results) ? run(&m) : n;
}

size_t
mcp_mget_each(mcp_client *client, const void *const *keys, const size_t *key_lens, size_t n,
              mcp_mget_callback callback, void *context)
{
    mget m = {.many = {.client = client, .n = n},
              .keys = keys,
              .key_lens = key_lens,
              .callback = callback,
              .context = context};
    if (n == 0)
        return 0;
    return mcp__client_is_busy(client) ? n : run(&m);
}

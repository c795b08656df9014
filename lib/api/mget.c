/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/mget.h"

#include <string.h>

#include "api/client_discover.h"
#include "engine/convoy_way.h"

typedef struct mget {
    mcp_client *client;
    const void *const *keys;
    const size_t *key_lens;
    size_t n;
    mcp_result *results; /* NULL: `callback` is told */
    mcp_mget_callback callback;
    void *context;
    uint8_t *notes;
    int64_t deadline_ms;
    int64_t now_ms;
    size_t next;
    size_t n_failed;
} mget;

/* An array of an older or newer program: its results lie as far apart as they say. */
static mcp_result *
result_at(const mget *m, size_t i)
{
    return (mcp_result *)((char *)m->results + i * m->results->size);
}

/* A value for the array stands in the client's arena: the receive buffer is needed for the rest. */
static void
keep_value(mget *m, mcp_result *result)
{
    uint8_t *space = mcp__batch_space(m->client, result->value_len);
    if (space != NULL) {
        memcpy(space, result->value, result->value_len);
        result->value = space;
        return;
    }
    *result = (mcp_result)MCP_RESULT_INIT;
    result->status =
        mcp__err_set(&m->client->err, MCP_NO_MEMORY, "no memory for a value of the many");
}

static void
tell(mget *m, size_t i, mcp_result *result)
{
    if (m->results != NULL && result->value_len > 0)
        keep_value(m, result);
    m->n_failed += result->status < MCP_OK;
    if (m->results != NULL) {
        mcp__client_give(result_at(m, i), result);
        return;
    }
    m->client->events.is_calling_back = 1;
    m->callback(m->context, i, result);
    m->client->events.is_calling_back = 0;
}

static int
was_lost(const mget *m, size_t i)
{
    return m->notes != NULL && m->notes[i] == MCP__NOTE_LOST;
}

static void
tell_failure(mget *m, size_t i, mcp_status status)
{
    mcp_result empty = MCP_RESULT_INIT;
    empty.status = status;
    empty.primary = was_lost(m, i) ? MCP_COPY_UNKNOWN : MCP_COPY_SKIPPED;
    m->client->err.status = status;
    tell(m, i, &empty);
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

/* As an operation of its own, if at all. */
static __attribute__((noinline)) void
ask_alone(mget *m, size_t i, const mcp_request *request)
{
    mcp_client *client = m->client;
    mcp_status status = mcp__client_check(client, request);
    if (status == MCP_OK && m->now_ms >= m->deadline_ms)
        status = mcp__err_set(&client->err, MCP_TIMEOUT, "too late for the key's turn");
    if (status != MCP_OK) {
        tell_failure(m, i, status);
        return;
    }
    mcp__task *task = mcp__drive_submit(&client->engine, request,
                                        (uint32_t)(m->deadline_ms - m->now_ms), m->now_ms);
    if (task != NULL)
        task->tag = i;
    else
        tell_failure(m, i, mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the call"));
}

static void
collect(mget *m)
{
    mcp__engine *engine = &m->client->engine;
    mcp__fetched fetched;
    mcp__task *task;
    while (engine->convoy.first_ripe != NULL && mcp__convoy_fetch(engine, &fetched)) {
        mcp_result ours = MCP_RESULT_INIT;
        mcp__convoy_result(&fetched, &ours);
        m->notes[fetched.tag] = MCP__NOTE_DONE;
        tell(m, fetched.tag, &ours);
    }
    while ((task = mcp__drive_finished(engine)) != NULL) {
        mcp_result ours = MCP_RESULT_INIT;
        mcp__drive_result(task, &ours);
        if (ours.status < MCP_OK)
            m->client->err = engine->err;
        tell(m, task->tag, &ours);
        mcp__drive_release(engine, task);
    }
}

/* At once, while there is time: others of the many may wait for theirs until its end. */
static void
ask_again(mget *m)
{
    mcp__batch_find_lost(m->client, m->next);
    for (size_t i = 0; i < m->next; i++) {
        if (!was_lost(m, i))
            continue;
        mcp_request request = request_of(m, i);
        ask_alone(m, i, &request);
        m->notes[i] = MCP__NOTE_DONE;
    }
}

/* The next `n` keys, of which it is known where they are to be asked for before the first one is. */
static void
ask_next(mget *m, size_t n)
{
    mcp_client *client = m->client;
    mcp_request requests[MCP__CONVOY_AHEAD];
    uint32_t places[MCP__CONVOY_AHEAD];
    size_t first = m->next;
    int has_convoy = m->notes != NULL && m->now_ms < m->deadline_ms;
    m->next += n;
    for (size_t i = 0; i < n; i++) {
        requests[i] = request_of(m, first + i);
        places[i] = has_convoy && mcp__client_is_everyday(client, &requests[i])
                        ? mcp__convoy_foresee(&client->engine, &requests[i])
                        : MCP__CONVOY_NOT;
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = first + i;
        if (mcp__convoy_put(&client->engine, &requests[i], places[i], (uint32_t)at, m->now_ms))
            m->notes[at] = MCP__NOTE_OUT;
        else
            ask_alone(m, at, &requests[i]);
    }
}

static void
fill_window(mget *m)
{
    size_t end = mcp__batch_window_end(m->client, m->next, m->n);
    while (m->next < end)
        ask_next(m, end - m->next < MCP__CONVOY_AHEAD ? end - m->next : MCP__CONVOY_AHEAD);
}

static void
run_all(mget *m)
{
    mcp_client *client = m->client;
    do {
        if (mcp__batch_has_lost(client))
            ask_again(m);
        fill_window(m);
        mcp__convoy_go(&client->engine);
        if (mcp__batch_under_way(client) > 0)
            mcp__wait_once(&client->world, mcp__drive_next_time(&client->engine));
        collect(m);
        m->now_ms = mcp__clock_coarse(&client->world.clock);
    } while (m->next < m->n || mcp__batch_under_way(client) > 0 || mcp__batch_has_lost(client));
}

static size_t
fail_all(mget *m, mcp_status status)
{
    for (size_t i = 0; i < m->n; i++)
        tell_failure(m, i, status);
    mcp__client_leave(m->client);
    mcp__client_tell(m->client);
    return m->n_failed;
}

static size_t
run(mget *m)
{
    mcp_client *client = m->client;
    mcp__client_enter(client);
    mcp__batch_start_over(client);
    m->notes = mcp__batch_notes(client, m->n);
    m->now_ms = mcp__wait_begin(&client->world);
    m->deadline_ms = m->now_ms + client->config.timeout_ms + MCP__CLOCK_LAG_MS;
    if (mcp__client_asks(client)) {
        mcp_status status = mcp__discover(client, m->deadline_ms);
        if (status != MCP_OK)
            return fail_all(m, status);
        m->now_ms = client->engine.now_ms;
    }
    mcp__convoy_begin(&client->engine, (uint32_t)(m->deadline_ms - m->now_ms));
    run_all(m);
    mcp__wait_serve(&client->world);
    mcp__client_leave(client);
    mcp__client_tell(client);
    return m->n_failed;
}

static size_t
refuse(mget *m)
{
    mcp_result busy = MCP_RESULT_INIT;
    busy.status = MCP_BUSY;
    for (size_t i = 0; m->results != NULL && i < m->n; i++)
        mcp__client_give(result_at(m, i), &busy);
    return m->n;
}

size_t
mcp_mget(mcp_client *client, const void *const *keys, const size_t *key_lens, size_t n,
         mcp_result *results)
{
    mget m = {.client = client, .keys = keys, .key_lens = key_lens, .n = n, .results = results};
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
    mget m = {.client = client,
              .keys = keys,
              .key_lens = key_lens,
              .n = n,
              .callback = callback,
              .context = context};
    if (n == 0)
        return 0;
    return mcp__client_is_busy(client) ? n : run(&m);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/calls.h"

#include <string.h>

#define N_STANDARD 1024
#define N_BYTES_STANDARD (16u << 20)
#define PLACES_FIRST 32

void
mcp__calls_init(mcp__calls *calls, const mcp__mem *mem, mcp_client *client)
{
    memset(calls, 0, sizeof *calls);
    calls->mem = mem;
    calls->client = client;
    calls->n_max = N_STANDARD;
    calls->n_bytes_max = N_BYTES_STANDARD;
}

void
mcp__calls_fini(mcp__calls *calls)
{
    for (uint32_t i = 0; i < calls->n_places; i++) {
        mcp__mem_free(calls->mem, calls->places[i]->block);
        mcp__mem_free(calls->mem, calls->places[i]);
    }
    mcp__mem_free(calls->mem, calls->places);
    calls->places = NULL;
    calls->n_places = 0;
}

/* ---- taking and giving back ---- */

int
mcp__calls_have_room(const mcp__calls *calls, size_t n_bytes)
{
    if (calls->n == 0)
        return 1;
    return calls->n < calls->n_max && calls->n_bytes < calls->n_bytes_max &&
           n_bytes <= calls->n_bytes_max - calls->n_bytes;
}

static mcp__call *
add_place(mcp__calls *calls)
{
    if (calls->n_places == calls->capacity) {
        uint32_t capacity = calls->capacity == 0 ? PLACES_FIRST : calls->capacity * 2;
        mcp__call **places =
            mcp__mem_resize(calls->mem, calls->places, capacity * sizeof(mcp__call *));
        if (places == NULL)
            return NULL;
        calls->places = places;
        calls->capacity = capacity;
    }
    mcp__call *call = mcp__mem_new(calls->mem, sizeof *call);
    if (call == NULL)
        return NULL;
    call->number = calls->n_places;
    call->block = NULL;
    call->ticket = 0;
    calls->places[calls->n_places++] = call;
    return call;
}

static void
copy_bytes(mcp__call *call, const mcp_request *request)
{
    uint8_t *to = call->block != NULL ? call->block : call->bytes;
    call->request = *request;
    if (request->key_len > 0) {
        memcpy(to, request->key, request->key_len);
        call->request.key = to;
    }
    if (request->value_len > 0) {
        memcpy(to + request->key_len, request->value, request->value_len);
        call->request.value = to + request->key_len;
    }
    if (request->route != NULL && request->route_len > 0) {
        uint8_t *route = to + request->key_len + request->value_len;
        memcpy(route, request->route, request->route_len);
        call->request.route = route;
    }
}

/* A number that no other call will ever have: the place, and how many came before. */
static uint64_t
next_ticket(mcp__calls *calls, const mcp__call *call)
{
    return ++calls->n_taken << 24 | call->number;
}

static mcp__call *
find(const mcp__calls *calls, uint64_t ticket)
{
    uint32_t number = (uint32_t)(ticket & 0xffffff);
    if (ticket == 0 || number >= calls->n_places || calls->places[number]->ticket != ticket)
        return NULL;
    return calls->places[number];
}

mcp__call *
mcp__calls_take(mcp__calls *calls, const mcp_request *request)
{
    size_t n_bytes = request->key_len + request->value_len;
    n_bytes += request->route != NULL ? request->route_len : 0;
    mcp__call *call = calls->first_free != NULL ? calls->first_free : add_place(calls);
    if (call == NULL)
        return NULL;
    uint8_t *block = n_bytes > sizeof call->bytes ? mcp__mem_new(calls->mem, n_bytes) : NULL;
    if (call == calls->first_free)
        calls->first_free = call->next;
    call->block = block;
    call->n_bytes = n_bytes;
    call->ticket = next_ticket(calls, call);
    call->is_cancelled = call->is_told = call->is_finished = 0;
    calls->n++;
    calls->n_bytes += n_bytes;
    if (n_bytes > sizeof call->bytes && block == NULL) {
        mcp__calls_give_back(calls, call);
        return NULL;
    }
    copy_bytes(call, request);
    return call;
}

void
mcp__calls_give_back(mcp__calls *calls, mcp__call *call)
{
    calls->n--;
    calls->n_bytes -= call->n_bytes;
    mcp__mem_free(calls->mem, call->block);
    call->block = NULL;
    call->ticket = 0;
    call->next = calls->first_free;
    calls->first_free = call;
}

/* ---- telling ---- */

static void
tell_soon(mcp__calls *calls, mcp__call *call, mcp_status status)
{
    call->is_cancelled = 1;
    call->status = (int32_t)status;
    call->next = NULL;
    if (calls->first_cancelled == NULL)
        calls->first_cancelled = call;
    else
        calls->last_cancelled->next = call;
    calls->last_cancelled = call;
}

mcp_status
mcp__calls_cancel(mcp__calls *calls, uint64_t ticket)
{
    mcp__call *call = find(calls, ticket);
    if (call == NULL || call->is_cancelled)
        return MCP_NOT_FOUND;
    tell_soon(calls, call, MCP_CANCELLED);
    return MCP_OK;
}

/* ---- holding back ---- */

void
mcp__calls_hold(mcp__calls *calls, mcp__call *call, int64_t until_ms)
{
    call->until_ms = until_ms;
    call->next_held = NULL;
    if (calls->first_held == NULL)
        calls->first_held = call;
    else
        calls->last_held->next_held = call;
    calls->last_held = call;
}

mcp__call *
mcp__calls_next_held(mcp__calls *calls)
{
    mcp__call *call;
    while ((call = calls->first_held) != NULL) {
        calls->first_held = call->next_held;
        if (!call->is_cancelled)
            return call;
        call->is_finished = 1;
        if (call->is_told)
            mcp__calls_give_back(calls, call);
    }
    return NULL;
}

void
mcp__calls_fail(mcp__calls *calls, mcp__call *call, mcp_status status)
{
    call->is_finished = 1;
    tell_soon(calls, call, status);
}

static void
call_back(mcp__calls *calls, mcp_callback callback, void *context, mcp_result *result)
{
    if (callback == NULL)
        return;
    calls->is_telling = 1;
    callback(context, calls->client, result);
    calls->is_telling = 0;
}

/* The first of the list. */
static void
tell_cancelled(mcp__calls *calls)
{
    mcp__call *call = calls->first_cancelled;
    mcp_result result = MCP_RESULT_INIT;
    result.status = (mcp_status)call->status;
    calls->first_cancelled = call->next;
    call->is_told = 1;
    mcp_callback callback = call->callback;
    void *context = call->context;
    if (call->is_finished)
        mcp__calls_give_back(calls, call);
    call_back(calls, callback, context, &result);
}

static void
note_failure(mcp__err *err, const mcp__engine *engine, const mcp_result *result)
{
    if (result->status == MCP_OK)
        return;
    if (result->status < MCP_OK) {
        *err = engine->err;
    } else {
        err->server = result->server;
        err->os_error = 0;
        err->text[0] = '\0'; /* the status says it all */
    }
    err->status = result->status;
}

static void
tell_finished(mcp__calls *calls, mcp__engine *engine, mcp__err *err, mcp__task *task)
{
    mcp__call *call = calls->places[task->tag];
    mcp_callback callback = call->callback;
    void *context = call->context;
    call->is_finished = 1;
    if (call->is_cancelled) {
        mcp__drive_release(engine, task);
        if (call->is_told)
            mcp__calls_give_back(calls, call);
        return;
    }
    mcp_result result = MCP_RESULT_INIT;
    mcp__drive_result(task, &result);
    note_failure(err, engine, &result);
    mcp__calls_give_back(calls, call);
    call_back(calls, callback, context, &result);
    mcp__drive_release(engine, task);
}

static void
tell_room(mcp__calls *calls)
{
    if (!calls->wants_room || calls->n > calls->n_max / 2 ||
        calls->n_bytes > calls->n_bytes_max / 2)
        return;
    calls->wants_room = 0;
    if (calls->on_room == NULL)
        return;
    calls->is_telling = 1;
    calls->on_room(calls->room_context, calls->client);
    calls->is_telling = 0;
}

int
mcp__calls_tell(mcp__calls *calls, mcp__engine *engine, mcp__err *err)
{
    /* Counted first: what callbacks submit may be finished at once, or cancelled, without end. */
    const mcp__task *last = engine->last_finished;
    const mcp__call *last_cancelled = calls->last_cancelled;
    for (int is_last = last == NULL; !is_last && !calls->is_closing;) {
        mcp__task *task = mcp__drive_finished(engine);
        is_last = task == last;
        tell_finished(calls, engine, err, task);
    }
    for (int is_last = 0; calls->first_cancelled != NULL && !is_last && !calls->is_closing;) {
        is_last = calls->first_cancelled == last_cancelled;
        tell_cancelled(calls);
    }
    if (!calls->is_closing)
        tell_room(calls);
    return calls->is_closing;
}

void
mcp__calls_tell_all(mcp__calls *calls)
{
    calls->is_closing = 1;
    for (uint32_t i = 0; i < calls->n_places; i++) {
        if (calls->places[i]->ticket != 0)
            (void)mcp__calls_cancel(calls, calls->places[i]->ticket);
    }
    while (calls->first_cancelled != NULL)
        tell_cancelled(calls);
}

/* ---- what became of the operations ---- */

void
mcp__calls_abandon(mcp__calls *calls)
{
    for (uint32_t i = 0; i < calls->n_places; i++) {
        mcp__call *call = calls->places[i];
        if (call->ticket == 0)
            continue;
        call->is_finished = 1;
        if (call->is_told)
            mcp__calls_give_back(calls, call);
        else
            (void)mcp__calls_cancel(calls, call->ticket);
    }
    calls->first_held = NULL;
    calls->is_telling = 0;
}

void
mcp__calls_forget(mcp__calls *calls)
{
    for (uint32_t i = 0; i < calls->n_places; i++) {
        if (calls->places[i]->ticket != 0)
            mcp__calls_give_back(calls, calls->places[i]);
    }
    calls->first_cancelled = calls->last_cancelled = NULL;
    calls->first_held = NULL;
    calls->is_telling = calls->is_closing = calls->wants_room = 0;
}

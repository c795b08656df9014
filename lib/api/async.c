/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/async.h"

#include <string.h>

#include "api/client_discover.h"
#include "api/client_reload.h"
#include "io/hook.h"

#define N_REQUESTS_MOST (1u << 20)

/* ---- the loop ---- */

mcp_status
mcp_loop_attach(mcp_client *client, const mcp_loop *loop)
{
    if (mcp__client_is_busy(client))
        return MCP_BUSY;
    if (loop != NULL &&
        (loop->size < offsetof(mcp_loop, leave) || loop->watch == NULL || loop->timer == NULL))
        return mcp__err_set(&client->err, MCP_BAD_ARGUMENT,
                            "the loop is not MCP_LOOP_INIT with `watch` and `timer`");
    mcp__client_enter(client);
    mcp__reload_now(client);
    mcp__hook_detach(&client->world);
    if (loop != NULL) {
        client->hooks.loop = (mcp_loop)MCP_LOOP_INIT;
        memcpy(&client->hooks.loop, loop, loop->size < sizeof *loop ? loop->size : sizeof *loop);
        mcp__hook_attach(&client->world, &client->hooks);
        mcp__hook_end(&client->world);
    }
    mcp__client_leave(client);
    return MCP_OK;
}

/* Tells results, does what they led to, and is done; or a callback has closed the client. */
static void
end_round(mcp_client *client)
{
    mcp__client_leave(client);
    if (mcp__calls_tell(&client->calls, &client->engine, &client->err)) {
        mcp__client_close(client, client->config.timeout_ms);
        return;
    }
    mcp__client_enter(client);
    if (client->world.hooks != NULL) {
        mcp__discover_round(client);
        if (client->next != NULL)
            mcp__reload_round(client);
        mcp__hook_end(&client->world);
        if (mcp__calls_are_due(&client->calls))
            mcp__hook_hurry(&client->world);
    }
    mcp__client_leave(client);
    mcp__client_tell(client);
}

/* Not from inside a callback: what it leads to is done behind it anyway. */
static int
begin_round(mcp_client *client)
{
    if (client->calls.is_telling || client->events.is_calling_back)
        return 0;
    mcp__client_enter(client);
    if (client->world.hooks != NULL)
        return 1;
    mcp__client_leave(client);
    return 0;
}

void
mcp_loop_ready(mcp_client *client, int fd, int events)
{
    if (!begin_round(client))
        return;
    client->engine.now_ms = mcp__carry_now(&client->world);
    mcp__hook_ready(&client->world, fd, events);
    end_round(client);
}

void
mcp_loop_timer(mcp_client *client)
{
    if (!begin_round(client))
        return;
    mcp__hook_time(&client->world);
    end_round(client);
}

/* ---- requests ---- */

static mcp_status
take(mcp_client *client, const mcp_request *request, mcp_callback callback, void *context,
     uint64_t *ticket)
{
    mcp__calls *calls = &client->calls;
    mcp_status status = mcp__client_check(client, request);
    if (status != MCP_OK)
        return status;
    if (!mcp__calls_have_room(calls, request->key_len + request->value_len)) {
        calls->wants_room = 1;
        return mcp__err_set(&client->err, MCP_FULL, "%zu requests with %zu bytes are under way",
                            calls->n, calls->n_bytes);
    }
    mcp__call *call = mcp__calls_take(calls, request);
    if (call == NULL)
        return mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the call");
    call->callback = callback;
    call->context = context;
    uint64_t number = call->ticket;
    uint32_t timeout_ms = mcp__client_timeout_ms(client, request);
    int64_t now_ms = mcp__carry_now(&client->world);
    if (mcp__client_asks(client))
        mcp__discover_submitted(client, timeout_ms);
    /* Numbers of servers are those of the list that there is. */
    int has_list = client->config.discovery == NULL || client->config.has_found;
    if (!has_list || (client->next != NULL && request->server < 0)) {
        mcp__calls_hold(calls, call, now_ms + timeout_ms);
    } else {
        mcp__task *task = mcp__drive_submit(&client->engine, &call->request, timeout_ms, now_ms);
        if (task == NULL) {
            mcp__calls_give_back(calls, call);
            return mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the call");
        }
        task->tag = call->number;
    }
    if (ticket != NULL)
        *ticket = number;
    return MCP_OK;
}

mcp_status
mcp_submit(mcp_client *client, const mcp_request *request, mcp_callback callback, void *context,
           uint64_t *ticket)
{
    if (client->events.is_calling_back || client->calls.is_closing)
        return MCP_BUSY;
    mcp__client_enter(client);
    mcp_request ours = mcp__client_request(request);
    mcp_status status =
        client->world.hooks == NULL
            ? mcp__err_set(&client->err, MCP_BAD_ARGUMENT, "the client has no loop to come back to")
            : take(client, &ours, callback, context, ticket);
    /* In a callback all of that is done at the end of the round; else the loop comes back at once,
     * and what was submitted until then goes out together. */
    if (status == MCP_OK && !client->calls.is_telling)
        mcp__hook_hurry(&client->world);
    mcp__client_leave(client);
    if (status != MCP_OK)
        client->err.status = status;
    return status;
}

mcp_status
mcp_cancel(mcp_client *client, uint64_t ticket)
{
    mcp_status status = mcp__calls_cancel(&client->calls, ticket);
    if (status == MCP_OK && !client->calls.is_telling && client->world.hooks != NULL)
        mcp__hook_hurry(&client->world);
    return status;
}

size_t
mcp_submit_pending(const mcp_client *client)
{
    return client->calls.n;
}

void
mcp_submit_limit(mcp_client *client, size_t n_requests, size_t n_bytes)
{
    if (n_requests > 0)
        client->calls.n_max = n_requests < N_REQUESTS_MOST ? n_requests : N_REQUESTS_MOST;
    if (n_bytes > 0)
        client->calls.n_bytes_max = n_bytes;
}

void
mcp_on_room(mcp_client *client, mcp_room_callback callback, void *context)
{
    client->calls.on_room = callback;
    client->calls.room_context = context;
}

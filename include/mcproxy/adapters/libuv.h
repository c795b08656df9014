/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libuv: a client in a program that runs libuv 1. Header only. One mcp_libuv per client, which
 * stays until the client is closed or tied to another loop:
 *
 *     mcp_libuv loop;
 *     if (mcp_libuv_attach(&loop, client, uv_default_loop()) != MCP_OK) ...
 *     mcp_submit(...);
 *     uv_run(uv_default_loop(), UV_RUN_DEFAULT);
 *
 * Its connections are watched as long as it is open, so uv_run() returns when the client has been
 * closed (a callback may do that), or when the program ends the loop. The handles are closed as
 * libuv wants it: they are gone after one more round of the loop.
 */
#ifndef MCPROXY_ADAPTERS_LIBUV_H
#define MCPROXY_ADAPTERS_LIBUV_H

#include <mcproxy/async.h>
#include <stdlib.h>
#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mcp_libuv {
    mcp_client *client; /* NULL: it is closed, or tied to another loop */
    uv_loop_t *uv;
    uv_timer_t *timer;
} mcp_libuv;

/* One descriptor that is watched. */
typedef struct mcp_libuv_watch {
    uv_poll_t poll; /* first: its address is the whole's */
    mcp_libuv *loop;
    int fd;
} mcp_libuv_watch_t;

/* ---- what libuv calls ---- */

static inline void
mcp_libuv_free(uv_handle_t *handle)
{
    free(handle);
}

static inline void
mcp_libuv_ready(uv_poll_t *poll, int status, int events)
{
    mcp_libuv_watch_t *watch = (mcp_libuv_watch_t *)poll;
    int what =
        (events & UV_READABLE ? MCP_READABLE : 0) | (events & UV_WRITABLE ? MCP_WRITABLE : 0);
    mcp_loop_ready(watch->loop->client, watch->fd, status < 0 ? MCP_READABLE | MCP_WRITABLE : what);
}

static inline void
mcp_libuv_due(uv_timer_t *timer)
{
    mcp_loop_timer(((mcp_libuv *)timer->data)->client);
}

/* ---- what the library calls ---- */

static inline void
mcp_libuv_unwatch(void **slot)
{
    if (*slot != NULL)
        uv_close((uv_handle_t *)*slot, mcp_libuv_free);
    *slot = NULL;
}

static inline int
mcp_libuv_watch_fd(void *context, int fd, int events, void **slot)
{
    mcp_libuv *loop = (mcp_libuv *)context;
    mcp_libuv_watch_t *watch = (mcp_libuv_watch_t *)*slot;
    int what =
        (events & MCP_READABLE ? UV_READABLE : 0) | (events & MCP_WRITABLE ? UV_WRITABLE : 0);
    if (events == 0) {
        mcp_libuv_unwatch(slot);
        return 0;
    }
    if (watch == NULL) {
        watch = (mcp_libuv_watch_t *)malloc(sizeof *watch);
        if (watch == NULL)
            return -1;
        if (uv_poll_init(loop->uv, &watch->poll, fd) != 0) {
            free(watch);
            return -1;
        }
        watch->loop = loop;
        watch->fd = fd;
        *slot = watch;
    }
    return uv_poll_start(&watch->poll, what, mcp_libuv_ready);
}

static inline int
mcp_libuv_timer(void *context, int64_t delay_ms)
{
    mcp_libuv *loop = (mcp_libuv *)context;
    if (delay_ms < 0)
        return uv_timer_stop(loop->timer);
    return uv_timer_start(loop->timer, mcp_libuv_due, (uint64_t)delay_ms, 0);
}

static inline void
mcp_libuv_leave(void *context)
{
    mcp_libuv *loop = (mcp_libuv *)context;
    uv_close((uv_handle_t *)loop->timer, mcp_libuv_free);
    loop->timer = NULL;
    loop->client = NULL;
}

/* ---- what the program calls ---- */

/* As mcp_loop_attach(). */
static inline mcp_status
mcp_libuv_attach(mcp_libuv *loop, mcp_client *client, uv_loop_t *uv)
{
    mcp_loop hooks = MCP_LOOP_INIT;
    mcp_status status;
    loop->client = client;
    loop->uv = uv;
    loop->timer = (uv_timer_t *)malloc(sizeof *loop->timer);
    if (loop->timer == NULL)
        return MCP_NO_MEMORY;
    (void)uv_timer_init(uv, loop->timer); /* it never fails */
    loop->timer->data = loop;
    hooks.context = loop;
    hooks.watch = mcp_libuv_watch_fd;
    hooks.timer = mcp_libuv_timer;
    hooks.leave = mcp_libuv_leave;
    status = mcp_loop_attach(client, &hooks);
    if (status != MCP_OK)
        mcp_libuv_leave(loop);
    return status;
}

#ifdef __cplusplus
}
#endif

#endif

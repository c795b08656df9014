/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libevent: a client in a program that runs libevent 2. Header only. One mcp_libevent per client,
 * which stays until the client is closed or tied to another loop:
 *
 *     mcp_libevent loop;
 *     if (mcp_libevent_attach(&loop, client, base) != MCP_OK) ...
 *     mcp_submit(...);
 *     event_base_dispatch(base);
 *
 * Its connections are watched as long as it is open, so event_base_dispatch() returns when the
 * client has been closed (a callback may do that), or when the program ends the loop.
 */
#ifndef MCPROXY_ADAPTERS_LIBEVENT_H
#define MCPROXY_ADAPTERS_LIBEVENT_H

#include <event2/event.h>
#include <mcproxy/async.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mcp_libevent {
    mcp_client *client; /* NULL: it is closed, or tied to another loop */
    struct event_base *base;
    struct event *timer;
} mcp_libevent;

/* ---- what libevent calls ---- */

static inline void
mcp_libevent_ready(evutil_socket_t fd, short what, void *context)
{
    mcp_libevent *loop = (mcp_libevent *)context;
    mcp_loop_ready(loop->client, (int)fd,
                   (what & EV_READ ? MCP_READABLE : 0) | (what & EV_WRITE ? MCP_WRITABLE : 0));
}

static inline void
mcp_libevent_due(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    mcp_loop_timer(((mcp_libevent *)context)->client);
}

/* ---- what the library calls ---- */

static inline int
mcp_libevent_watch(void *context, int fd, int events, void **slot)
{
    mcp_libevent *loop = (mcp_libevent *)context;
    short what = (short)(EV_PERSIST | (events & MCP_READABLE ? EV_READ : 0) |
                         (events & MCP_WRITABLE ? EV_WRITE : 0));
    if (*slot != NULL)
        event_free((struct event *)*slot);
    *slot = NULL;
    if (events == 0)
        return 0;
    struct event *watch = event_new(loop->base, fd, what, mcp_libevent_ready, loop);
    if (watch == NULL)
        return -1;
    *slot = watch;
    return event_add(watch, NULL);
}

static inline int
mcp_libevent_timer(void *context, int64_t delay_ms)
{
    mcp_libevent *loop = (mcp_libevent *)context;
    struct timeval delay;
    if (delay_ms < 0)
        return event_del(loop->timer);
    delay.tv_sec = (time_t)(delay_ms / 1000);
    delay.tv_usec = (suseconds_t)(delay_ms % 1000 * 1000);
    return event_add(loop->timer, &delay);
}

static inline void
mcp_libevent_leave(void *context)
{
    mcp_libevent *loop = (mcp_libevent *)context;
    event_free(loop->timer);
    loop->timer = NULL;
    loop->client = NULL;
}

/* ---- what the program calls ---- */

/* As mcp_loop_attach(). */
static inline mcp_status
mcp_libevent_attach(mcp_libevent *loop, mcp_client *client, struct event_base *base)
{
    mcp_loop hooks = MCP_LOOP_INIT;
    mcp_status status;
    loop->client = client;
    loop->base = base;
    loop->timer = event_new(base, -1, 0, mcp_libevent_due, loop);
    if (loop->timer == NULL)
        return MCP_NO_MEMORY;
    hooks.context = loop;
    hooks.watch = mcp_libevent_watch;
    hooks.timer = mcp_libevent_timer;
    hooks.leave = mcp_libevent_leave;
    status = mcp_loop_attach(client, &hooks);
    if (status != MCP_OK)
        mcp_libevent_leave(loop);
    return status;
}

#ifdef __cplusplus
}
#endif

#endif

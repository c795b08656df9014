/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poll: a client in a program that calls poll(2). Header only. One mcp_poll per client, which stays
 * until the client is closed or tied to another loop:
 *
 *     mcp_poll loop;
 *     if (mcp_poll_attach(&loop, client) != MCP_OK) ...
 *     mcp_submit(...);
 *     while (mcp_submit_pending(client) > 0)
 *         mcp_poll_wait(&loop, -1);
 *
 * A program with a poll of its own puts the client's descriptors beside its own:
 *
 *     n = mcp_poll_fill(&loop, fds, max);                    mcp_poll_count() of them
 *     poll(fds, n + ..., mcp_poll_timeout_ms(&loop, -1));
 *     mcp_poll_take(&loop, fds, n);
 */
#ifndef MCPROXY_ADAPTERS_POLL_H
#define MCPROXY_ADAPTERS_POLL_H

#include <mcproxy/async.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mcp_poll {
    mcp_client *client; /* NULL: it is closed, or tied to another loop */
    struct pollfd *fds;
    size_t n;
    size_t capacity;
    int64_t due_ms; /* -1: never */
} mcp_poll;

static inline int64_t
mcp_poll_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what the library calls ---- */

static inline int
mcp_poll_watch(void *context, int fd, int events, void **slot)
{
    mcp_poll *loop = (mcp_poll *)context;
    size_t i = 0;
    (void)slot;
    while (i < loop->n && loop->fds[i].fd != fd)
        i++;
    if (events == 0) {
        if (i < loop->n)
            loop->fds[i] = loop->fds[--loop->n];
        return 0;
    }
    if (i == loop->capacity) {
        size_t capacity = loop->capacity == 0 ? 8 : loop->capacity * 2;
        struct pollfd *fds = (struct pollfd *)realloc(loop->fds, capacity * sizeof(struct pollfd));
        if (fds == NULL)
            return -1;
        loop->fds = fds;
        loop->capacity = capacity;
    }
    loop->n += i == loop->n;
    loop->fds[i].fd = fd;
    loop->fds[i].events =
        (short)((events & MCP_READABLE ? POLLIN : 0) | (events & MCP_WRITABLE ? POLLOUT : 0));
    loop->fds[i].revents = 0;
    return 0;
}

static inline int
mcp_poll_timer(void *context, int64_t delay_ms)
{
    mcp_poll *loop = (mcp_poll *)context;
    loop->due_ms = delay_ms < 0 ? -1 : mcp_poll_now_ms() + delay_ms;
    return 0;
}

static inline void
mcp_poll_leave(void *context)
{
    mcp_poll *loop = (mcp_poll *)context;
    free(loop->fds);
    memset(loop, 0, sizeof *loop);
    loop->due_ms = -1;
}

/* ---- what the program calls ---- */

/* As mcp_loop_attach(). */
static inline mcp_status
mcp_poll_attach(mcp_poll *loop, mcp_client *client)
{
    mcp_loop hooks = MCP_LOOP_INIT;
    memset(loop, 0, sizeof *loop);
    loop->due_ms = -1;
    loop->client = client;
    hooks.context = loop;
    hooks.watch = mcp_poll_watch;
    hooks.timer = mcp_poll_timer;
    hooks.leave = mcp_poll_leave;
    return mcp_loop_attach(client, &hooks);
}

/* How many descriptors there are at the moment. */
static inline size_t
mcp_poll_count(const mcp_poll *loop)
{
    return loop->n;
}

/* Copies them, `max` at the most; returns how many. */
static inline size_t
mcp_poll_fill(const mcp_poll *loop, struct pollfd *fds, size_t max)
{
    size_t n = loop->n < max ? loop->n : max;
    if (n > 0)
        memcpy(fds, loop->fds, n * sizeof *fds);
    return n;
}

/* How long poll() may wait: until the timer is due, and not beyond `limit_ms` (-1: any time). */
static inline int
mcp_poll_timeout_ms(const mcp_poll *loop, int limit_ms)
{
    int64_t left_ms = loop->due_ms < 0 ? -1 : loop->due_ms - mcp_poll_now_ms();
    if (loop->due_ms < 0)
        return limit_ms;
    if (left_ms < 0)
        left_ms = 0;
    if (left_ms > 3600000)
        left_ms = 3600000;
    return limit_ms >= 0 && limit_ms < left_ms ? limit_ms : (int)left_ms;
}

/* What poll() said about those `n`, and the time. The client may be closed on return: then
 * loop->client is NULL. */
static inline void
mcp_poll_take(mcp_poll *loop, const struct pollfd *fds, size_t n)
{
    for (size_t i = 0; i < n && loop->client != NULL; i++) {
        int events = 0;
        if (fds[i].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL))
            events |= MCP_READABLE;
        if (fds[i].revents & (POLLOUT | POLLERR))
            events |= MCP_WRITABLE;
        if (events != 0)
            mcp_loop_ready(loop->client, fds[i].fd, events);
    }
    if (loop->client != NULL && loop->due_ms >= 0 && loop->due_ms <= mcp_poll_now_ms()) {
        loop->due_ms = -1;
        mcp_loop_timer(loop->client);
    }
}

/*
 * One round: waits until something happens, at most `limit_ms` (-1: as long as it takes), and tells
 * the client. 1; 0: there was nothing to wait for, or the client is closed; -1: poll() failed, see
 * errno (EINTR: a signal).
 */
static inline int
mcp_poll_wait(mcp_poll *loop, int limit_ms)
{
    int timeout_ms = mcp_poll_timeout_ms(loop, limit_ms);
    if (loop->client == NULL || (loop->n == 0 && timeout_ms < 0))
        return 0;
    size_t n = loop->n;
    struct pollfd *fds = (struct pollfd *)malloc((n + 1) * sizeof *fds);
    if (fds == NULL)
        return -1;
    (void)mcp_poll_fill(loop, fds, n);
    int n_ready = poll(fds, (nfds_t)n, timeout_ms);
    if (n_ready >= 0)
        mcp_poll_take(loop, fds, n_ready > 0 ? n : 0);
    free(fds);
    return n_ready < 0 ? -1 : 1;
}

#ifdef __cplusplus
}
#endif

#endif

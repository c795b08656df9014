/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A loop of one's own: what the library wants of it are two functions, one to watch a descriptor
 * and one to set a timer. Here descriptors stand in an array for poll(2). Ten requests are
 * submitted, and one of them is cancelled: every callback is called all the same, once.
 *
 *     ./async_own "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/async.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

enum { MAX_FDS = 64, N = 10 };

static struct {
    struct pollfd fds[MAX_FDS];
    nfds_t n_fds;
    int64_t due_ms; /* when mcp_loop_timer() is to be called; -1: not at all */
    int n_done, n_cancelled, n_failed;
} loop = {.due_ms = -1};

static int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- What the library calls ---- */

static int
watch(void *context, int fd, int events, void **slot)
{
    nfds_t i = 0;

    (void)context;
    (void)slot;
    while (i < loop.n_fds && loop.fds[i].fd != fd)
        i++;
    if (events == 0) { /* no longer */
        if (i < loop.n_fds)
            loop.fds[i] = loop.fds[--loop.n_fds];
        return 0;
    }
    if (i == MAX_FDS)
        return -1; /* that connection is given up */
    loop.n_fds += i == loop.n_fds;
    loop.fds[i] = (struct pollfd){.fd = fd};
    loop.fds[i].events |= events & MCP_READABLE ? POLLIN : 0;
    loop.fds[i].events |= events & MCP_WRITABLE ? POLLOUT : 0;
    return 0;
}

static int
set_timer(void *context, int64_t delay_ms)
{
    (void)context;
    loop.due_ms = delay_ms < 0 ? -1 : now_ms() + delay_ms;
    return 0;
}

/* ---- The loop ---- */

/* Waits once, and tells the client. Its descriptors may change while it is told: it gets those that
 * were ready before. */
static void
turn(mcp_client *c)
{
    struct pollfd ready[MAX_FDS];
    nfds_t n = loop.n_fds;
    int64_t left_ms = loop.due_ms < 0 ? -1 : loop.due_ms - now_ms();

    for (nfds_t i = 0; i < n; i++)
        ready[i] = loop.fds[i];
    if (loop.due_ms >= 0 && left_ms < 0)
        left_ms = 0;
    if (poll(ready, n, (int)(left_ms < 60000 ? left_ms : 60000)) < 0)
        return;
    for (nfds_t i = 0; i < n; i++) {
        int events = ready[i].revents & (POLLIN | POLLHUP | POLLERR) ? MCP_READABLE : 0;

        if (ready[i].revents & (POLLOUT | POLLERR))
            events |= MCP_WRITABLE;
        if (events != 0)
            mcp_loop_ready(c, ready[i].fd, events);
    }
    if (loop.due_ms >= 0 && loop.due_ms <= now_ms()) {
        loop.due_ms = -1;
        mcp_loop_timer(c);
    }
}

static void
is_over(void *context, mcp_client *c, mcp_result *result)
{
    (void)context;
    (void)c;
    loop.n_done += result->status == MCP_OK;
    loop.n_cancelled += result->status == MCP_CANCELLED;
    loop.n_failed += result->status < MCP_OK && result->status != MCP_CANCELLED;
}

int
main(int argc, char **argv)
{
    char why[160];
    uint64_t ticket = 0;
    mcp_loop hooks = MCP_LOOP_INIT;
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    hooks.watch = watch;
    hooks.timer = set_timer;
    if (mcp_loop_attach(c, &hooks) != MCP_OK)
        return 2;
    for (int i = 0; i < N; i++) {
        char key[32];
        mcp_request set = MCP_REQUEST_INIT;

        set.verb = MCP_SET;
        set.key = set.value = key; /* both are copied */
        set.key_len = set.value_len = (size_t)snprintf(key, sizeof key, "own:%d", i);
        if (mcp_submit(c, &set, is_over, NULL, &ticket) != MCP_OK)
            loop.n_failed++;
    }
    mcp_cancel(c, ticket); /* the last one: nobody waits for it any more */
    while (mcp_submit_pending(c) > 0)
        turn(c);
    printf("%d done, %d cancelled, %d failed\n", loop.n_done, loop.n_cancelled, loop.n_failed);
    mcp_close(c);
    return loop.n_failed == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * async: the same requests, for a program with an event loop.
 *
 * The library starts no thread and waits for nothing here. The program's loop watches the library's
 * descriptors and keeps one timer for it; when one of them is due, it says so, and from inside that
 * call the results are told:
 *
 *     mcp_loop_attach(client, &loop);                  or an adapter: adapters/poll.h, libevent.h,
 *     mcp_submit(client, &request, done, context, NULL);                           libuv.h
 *     ... the loop: mcp_loop_ready(client, fd, events), mcp_loop_timer(client) -> done(...)
 *
 * Three rules hold for every callback of a submitted request:
 *   - It is called exactly once, whatever happens: also when the request is cancelled or the client
 *     is closed.
 *   - It is called from mcp_loop_ready(), mcp_loop_timer() or mcp_close(), and never from inside
 *     mcp_submit() or mcp_cancel().
 *   - It may submit, cancel and close. Calls that wait (mcp_get() and all others that have a
 *     deadline) are refused with MCP_BUSY: not only there, but as long as any submitted request is
 *     under way. mcp_where(), mcp_server_info() and mcp_last_error() are allowed anywhere. It must
 *     return (no longjmp).
 */
#ifndef MCPROXY_ASYNC_H
#define MCPROXY_ASYNC_H

#include "mcproxy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The program's loop ------------------------------------------------------------------- */

/* What a descriptor is watched for. */
enum {
    MCP_READABLE = 1,
    MCP_WRITABLE = 2,
};

/*
 * How the library makes itself known to a loop. The functions are called from inside any call on
 * the client, and must not call the client themselves.
 */
typedef struct mcp_loop {
    size_t size;   /* sizeof(mcp_loop), set by MCP_LOOP_INIT */
    void *context; /* handed to each of the functions */

    /*
     * Watch `fd` for these events from now on, level-triggered; 0: no longer (it is still open, and
     * closed right afterwards). `slot` is room for one pointer of the loop's own per descriptor,
     * NULL at first. 0; anything else: it cannot be watched (it is called with 0 once more), and
     * the connection is given up with MCP_NO_RESOURCE.
     */
    int (*watch)(void *context, int fd, int events, void **slot);

    /* Call mcp_loop_timer() once, `delay_ms` from now, instead of when was said before; -1: not at
     * all. 0; anything else: it cannot be done, and it is tried again with the next event. */
    int (*timer)(void *context, int64_t delay_ms);

    /* The last call: nothing is watched any more. NULL: nothing is to be done. */
    void (*leave)(void *context);
} mcp_loop;

#define MCP_LOOP_INIT                                                                              \
    {                                                                                              \
        sizeof(mcp_loop), NULL, NULL, NULL, NULL                                                   \
    }

/*
 * Ties the client to a loop (copied; its context must stay until `leave`), or unties it (NULL).
 * MCP_BUSY while submitted requests are under way or from inside a callback; MCP_BAD_ARGUMENT: no
 * `watch` or no `timer`. In a forked child a client is tied to no loop, and what its parent had
 * submitted is the parent's: no callback is called for it in the child.
 */
MCP_API mcp_status mcp_loop_attach(mcp_client *client, const mcp_loop *loop);

/* A descriptor is ready (MCP_READABLE, MCP_WRITABLE; an error or hang-up: either). One that is not
 * watched is ignored. Does what can be done, and tells results. Never waits. The client may be
 * closed on return, if a callback said so. */
MCP_API void mcp_loop_ready(mcp_client *client, int fd, int events);

/* The timer has fired; too early does no harm. Otherwise as mcp_loop_ready(). */
MCP_API void mcp_loop_timer(mcp_client *client);

/* ---- Requests ----------------------------------------------------------------------------- */

/*
 * Is told the result of one request. The result and its value stand until it returns; before that
 * mcp_result_take() gives a copy to keep.
 */
typedef void (*mcp_callback)(void *context, mcp_client *client, mcp_result *result);

/*
 * Does one request, and tells `callback` (NULL: nobody) of its result within its deadline. The
 * request is copied, with its key and its value: nothing needs to stand when this returns. `ticket`
 * (may be NULL) receives a number for mcp_cancel(), never 0.
 *
 * MCP_OK: it was taken. Anything else: it was not, and there will be no callback: MCP_FULL (too
 * much is under way: see mcp_on_room()), MCP_BAD_ARGUMENT (also: there is no loop), MCP_BAD_KEY,
 * MCP_TOO_BIG, MCP_NO_MEMORY, MCP_BUSY (the client is being closed, or in a callback of
 * mcp_on_event()).
 *
 * Requests run at the same time: in which order is not defined, not even for those of one key.
 * Whoever needs an order submits the next one from the callback of the one before.
 */
MCP_API mcp_status mcp_submit(mcp_client *client, const mcp_request *request, mcp_callback callback,
                              void *context, uint64_t *ticket);

/*
 * Nobody wants to know any more: its callback is told MCP_CANCELLED, soon. A write may have been
 * done or not, as with MCP_UNKNOWN; it is seen through, so that both copies agree, and no late
 * reply is taken for another request's. Until then it counts as under way. MCP_NOT_FOUND: its
 * callback was called already, or it was cancelled before.
 */
MCP_API mcp_status mcp_cancel(mcp_client *client, uint64_t ticket);

/* How many requests are under way, with those that were cancelled and are not over yet. */
MCP_API size_t mcp_submit_pending(const mcp_client *client);

/* ---- How much at once --------------------------------------------------------------------- */

/*
 * At most so many requests, and so many bytes of keys and values, are under way; what is more is
 * refused with MCP_FULL. 0: as it is. 1024 and 16 MiB at first; at most 1,048,576 requests. A
 * single larger request is taken when it is alone.
 */
MCP_API void mcp_submit_limit(mcp_client *client, size_t n_requests, size_t n_bytes);

/*
 * `callback` is called, as those of requests are, when mcp_submit() has said MCP_FULL and no more
 * than half of either limit is in use any more: once for each time. NULL: nobody.
 */
typedef void (*mcp_room_callback)(void *context, mcp_client *client);
MCP_API void mcp_on_room(mcp_client *client, mcp_room_callback callback, void *context);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls: requests that were submitted: the copy of each, whom to tell, and how much there is of
 * them. A call is over when its operation is over and its callback has been told, in whatever
 * order: that of a cancelled one is told first, and the operation is seen through all the same.
 *
 *     FREE --take--> under way --operation finished--> told --> FREE
 *                        `--cancel--> told MCP_CANCELLED --operation finished--> FREE
 *
 * While the list of servers is about to be exchanged a call is held: it has no operation yet.
 */
#ifndef MCPROXY_API_CALLS_H
#define MCPROXY_API_CALLS_H

#include "engine/drive.h"
#include "mcproxy/async.h"

/* Key and value stand here when they fit: any key, and a value of a few lines. */
#define MCP__CALL_BYTES 512

typedef struct mcp__call {
    struct mcp__call *next; /* free, or cancelled and not told yet */
    struct mcp__call *next_held;
    mcp_callback callback;
    void *context;
    mcp_request request; /* a copy; key and value stand in `bytes` or `block` */
    uint8_t *block;      /* NULL: all is in `bytes` */
    uint64_t ticket;     /* 0: free */
    size_t n_bytes;
    uint32_t number;  /* its place; the tag of its operation */
    int32_t status;   /* what it is told without one */
    int64_t until_ms; /* held: its deadline */
    uint8_t is_cancelled;
    uint8_t is_told;
    uint8_t is_finished; /* its operation is over */
    uint8_t bytes[MCP__CALL_BYTES];
} mcp__call;

typedef struct mcp__calls {
    const mcp__mem *mem;
    mcp_client *client; /* for the callbacks only */
    mcp__call **places;
    uint32_t n_places, capacity;
    mcp__call *first_free;
    mcp__call *first_cancelled, *last_cancelled;
    mcp__call *first_held, *last_held;
    uint64_t n_taken; /* ever */
    size_t n;         /* taken and not over */
    size_t n_bytes;
    size_t n_max, n_bytes_max;
    mcp_room_callback on_room;
    void *room_context;
    uint8_t wants_room; /* one was refused */
    uint8_t is_telling; /* a callback runs */
    uint8_t is_closing; /* mcp_close() was called in it */
} mcp__calls;

void mcp__calls_init(mcp__calls *calls, const mcp__mem *mem, mcp_client *client);
/* The operations are gone. */
void mcp__calls_fini(mcp__calls *calls);

/* Whether there is room for a request of so many bytes. */
int mcp__calls_have_room(const mcp__calls *calls, size_t n_bytes);

/* A copy of the request; NULL: no memory. */
mcp__call *mcp__calls_take(mcp__calls *calls, const mcp_request *request);
/* It was not submitted after all. */
void mcp__calls_give_back(mcp__calls *calls, mcp__call *call);

/* It gets its operation later, if it still has time then. */
void mcp__calls_hold(mcp__calls *calls, mcp__call *call, int64_t until_ms);
/* The first that is held; it is held no longer. NULL: none. Those cancelled meanwhile are over. */
mcp__call *mcp__calls_next_held(mcp__calls *calls);
/* It gets no operation: it is told this next time. */
void mcp__calls_fail(mcp__calls *calls, mcp__call *call, mcp_status status);

/* MCP_OK or MCP_NOT_FOUND. */
mcp_status mcp__calls_cancel(mcp__calls *calls, uint64_t ticket);

/* Tells what has finished and what was cancelled; what comes in meanwhile is left for the next
 * time. `err` is what mcp_last_error() will say. 1: a callback has closed the client. */
int mcp__calls_tell(mcp__calls *calls, mcp__engine *engine, mcp__err *err);

/* Tells everybody that it is cancelled. */
void mcp__calls_tell_all(mcp__calls *calls);

/* Whether a call is to be told without anything happening. */
static inline int
mcp__calls_are_due(const mcp__calls *calls)
{
    return calls->first_cancelled != NULL;
}

/* The engine has dropped all operations without a result. */
void mcp__calls_abandon(mcp__calls *calls);

/* In a forked child: they are the parent's. */
void mcp__calls_forget(mcp__calls *calls);

#endif

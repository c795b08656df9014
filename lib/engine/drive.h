/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drive: the one door of the engine. Operations, events and the time come in; bytes, wishes and
 * finished operations are fetched out. Nothing here waits, and nothing calls back.
 *
 * Whoever drives it, for a blocking call, an event loop or a simulated world, does this:
 *
 *     mcp__drive_time(now)                        let what is due happen
 *     mcp__drive_submit(...)                      any number of operations
 *     again:
 *       while mcp__drive_wish: reset, open, look, send as it says
 *       while mcp__drive_finished: that one is done
 *       wait until a socket is ready or mcp__drive_next_time; tell what happened; again
 *
 * Every entry latches `now_ms` (monotonic, never going back).
 */
#ifndef MCPROXY_ENGINE_DRIVE_H
#define MCPROXY_ENGINE_DRIVE_H

#include "engine/pool.h"

/* ---- operations ---- */

/*
 * Takes an operation. The request has been checked (key, ttl, server number); its bytes must stay
 * until the operation has finished. NULL: no memory. It may be finished on return.
 */
mcp__task *mcp__drive_submit(mcp__engine *engine, const mcp_request *request, uint32_t timeout_ms,
                             int64_t now_ms);

/* The next finished operation, or NULL. Its result stands until it is released. */
mcp__task *mcp__drive_finished(mcp__engine *engine);

/*
 * Fills the user's result from a finished operation. The value is borrowed: it stands until the
 * operation is released.
 */
void mcp__drive_result(const mcp__task *task, mcp_result *result);

/* The operation is done with. Its value may be overwritten from now on. */
void mcp__drive_release(mcp__engine *engine, mcp__task *task);

/* What waits for company goes now. */
void mcp__drive_hasten(mcp__engine *engine, int64_t now_ms);

/* ---- wishes ---- */

typedef struct mcp__wish {
    uint32_t server;
    uint8_t what; /* MCP__WISH_..., to be done in the order of their values; LOOK before SEND */
} mcp__wish;

/* 0: there is none. */
int mcp__drive_wish(mcp__engine *engine, mcp__wish *wish);

/* ---- events of one server's connection ---- */

void mcp__drive_connected(mcp__engine *engine, uint32_t server, int64_t now_ms);

/* No connection, or the one there was is gone. `os_error` is an errno, 0 for an orderly end; `what`
 * says it in words. */
void mcp__drive_broken(mcp__engine *engine, uint32_t server, int os_error, const char *what,
                       int64_t now_ms);

/* It is connected, and TLS is being agreed upon: not yet mcp__drive_connected. */
void mcp__drive_securing(mcp__engine *engine, uint32_t server);
/* It is gone because of TLS, which `why` is about: another attempt will hardly help. */
void mcp__drive_insecure(mcp__engine *engine, uint32_t server, const char *why, int64_t now_ms);

/* Its name could not be resolved. */
void mcp__drive_nameless(mcp__engine *engine, uint32_t server, const char *why, int64_t now_ms);

/* What to send, as at most `max` pieces; 0: nothing. Then how much of it went. */
size_t mcp__drive_output(mcp__engine *engine, uint32_t server, mcp__span *spans, size_t max);
void mcp__drive_sent(mcp__engine *engine, uint32_t server, size_t len);

/* Where to receive to; NULL: not now. Then how much came. */
uint8_t *mcp__drive_room(mcp__engine *engine, uint32_t server, size_t *len);
void mcp__drive_received(mcp__engine *engine, uint32_t server, size_t len, int64_t now_ms);

/* ---- time ---- */

/* Lets everything happen that is due. */
void mcp__drive_time(mcp__engine *engine, int64_t now_ms);

/* When mcp__drive_time should be called next; MCP__TIMER_NEVER: no need. */
static inline int64_t
mcp__drive_next_time(const mcp__engine *engine)
{
    return mcp__timers_next(&engine->timers);
}

/* ---- all at once ---- */

/*
 * After a fork, in the child: every connection is the parent's. Forgets them all without a word;
 * what was under way fails, and no server is blamed for it.
 */
void mcp__drive_forget(mcp__engine *engine, int64_t now_ms);

/*
 * The last call never returned: something jumped out of it. Its request may not be touched any
 * more, so every operation is dropped without a result, and every connection is reset.
 */
void mcp__drive_abandon(mcp__engine *engine, int64_t now_ms);

/* How many replies are owed that nobody waits for. */
size_t mcp__drive_owed(const mcp__engine *engine);

#endif

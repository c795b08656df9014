/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wait: the engine's door to the world for a program that blocks: sockets, names and the clock of
 * one client, and the loop that carries bytes, wishes and time between them and the engine.
 *
 * A call that only waits for one reply costs one send and one receive: sockets are blocking and
 * bounded by SO_RCVTIMEO, which is set once per connection, short enough that the kernel's lateness
 * still leaves time for the other copy. As soon as more can happen (two servers to watch, a
 * connection being made, a deadline near) the loop polls instead.
 */
#ifndef MCPROXY_IO_WAIT_H
#define MCPROXY_IO_WAIT_H

#include <stdint.h>

#include "engine/chores.h"
#include "io/carry.h"

/* `engine` is initialised; `specs` are its servers, and the endpoint. 0, or -1: no memory. Opens nothing. */
int mcp__wait_init(mcp__world *world, mcp__engine *engine, const mcp__server_spec *specs,
                   const mcp__mem *mem);
/* From now on connections over TCP speak TLS, and no receive blocks. `tls` must outlive the world.
 */
void mcp__wait_secure(mcp__world *world, mcp__tls *tls);
/* Closes every socket: in order where nothing is outstanding, with a reset where something is. */
void mcp__wait_fini(mcp__world *world);

/*
 * The start of a call: latches and returns the time, lets due timers fire and, at most once per
 * tick, looks whether a probe has been answered. Never waits.
 */
int64_t mcp__wait_begin(mcp__world *world);

/*
 * Begins a call in the same way, and if it is one of quiet times (see engine/express.h) sends it and
 * receives its answer. `*task` NULL: it is over, `result` (NULL: nobody wants it) is filled in, and
 * mcp__express_status() says the same. Else that operation has taken over, if it is not finished
 * already. 0: it is no such call, and has only begun.
 */
int mcp__wait_express(mcp__world *world, const mcp_request *request, uint32_t timeout_ms,
                      int64_t *now_ms, mcp_result *result, mcp__task **task);

/*
 * Does what the engine wishes, then waits until something happens, but not beyond `limit_ms` (when
 * the caller's operation wants to give up on something), and tells the engine. Returns at once
 * when an operation has finished.
 */
void mcp__wait_once(mcp__world *world, int64_t limit_ms);

/* Does what the engine wishes and does not wait: after an operation that leaves something to send.
 */
static inline void
mcp__wait_serve(mcp__world *world)
{
    mcp__carry_serve(world);
}

/* A slice of the work that no caller waits for: as far as it goes within `max_ms`. Returns early
 * when nothing is on the way; with more than MCP__WAIT_SLICE_MS it waits for what is due, too. */
#define MCP__WAIT_SLICE_MS 2
void mcp__wait_slice(mcp__world *world, int64_t max_ms);

/* Sends what is left and reads replies that are owed, up to `limit_ms`. */
void mcp__wait_drain(mcp__world *world, int64_t limit_ms);

/* A connection that stands goes from one world to another. */
void mcp__wait_take_socket(mcp__world *to, uint32_t server, mcp__world *from, uint32_t number);
/* A world of which nothing was asked yet is to be found at `to` from now on, with its engine. */
void mcp__wait_move(mcp__world *to, mcp__world *from, mcp__engine *engine);

/* In a forked child, of a client of which nothing else can be trusted: closes its sockets without a
 * word to the server. */
void mcp__wait_let_go(mcp__world *world);

/* In a forked child: lets go of every socket without a word to the server. */
void mcp__wait_child(mcp__world *world);

#endif

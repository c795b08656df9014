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

#include <poll.h>
#include <stdint.h>

#include "engine/chores.h"
#include "engine/drive.h"
#include "io/clock.h"
#include "io/name.h"

typedef struct mcp__socket {
    int fd;          /* -1: none */
    uint8_t stage;   /* of the connection, see wait.c */
    uint8_t attempt; /* which of the server's addresses */
    uint8_t n_tried; /* how many in this round */
    uint8_t is_dead; /* the other side has ended it: nothing is left to be reset */
} mcp__socket;

typedef struct mcp__world {
    mcp__engine *engine;
    const mcp__mem *mem;
    mcp__socket *sockets; /* one per server */
    struct pollfd *fds;
    uint32_t *polled; /* which server stands behind fds[i] */
    mcp__name_book names;
    mcp__clock clock;
    int64_t receive_timeout_ms; /* SO_RCVTIMEO of every connection; 0: never block in receive */
    int64_t glanced_ms;
    int64_t unix_at_ms; /* when the time of day was read */
    uint32_t n_resolving;
    uint8_t has_unsent; /* a socket did not take all there was */
} mcp__world;

/* `engine` is initialised; `specs` are its servers. 0, or -1: no memory. Opens nothing. */
int mcp__wait_init(mcp__world *world, mcp__engine *engine, const mcp__server_spec *specs,
                   const mcp__mem *mem);
/* Closes every socket: in order where nothing is outstanding, with a reset where something is. */
void mcp__wait_fini(mcp__world *world);

/*
 * The start of a call: latches and returns the time, lets due timers fire and, at most once per
 * tick, looks whether a probe has been answered. Never waits.
 */
int64_t mcp__wait_begin(mcp__world *world);

/*
 * Does what the engine wishes, then waits until something happens, but not beyond `limit_ms` (when
 * the caller's operation wants to give up on something), and tells the engine. Returns at once
 * when an operation has finished.
 */
void mcp__wait_once(mcp__world *world, int64_t limit_ms);

/* Does what the engine wishes and does not wait: after an operation that leaves something to send.
 */
void mcp__wait_serve(mcp__world *world);

/* A slice of the work that no caller waits for: as far as it goes within `max_ms`. Returns early
 * when nothing is on the way; with more than MCP__WAIT_SLICE_MS it waits for what is due, too. */
#define MCP__WAIT_SLICE_MS 2
void mcp__wait_slice(mcp__world *world, int64_t max_ms);

/* Sends what is left and reads replies that are owed, up to `limit_ms`. */
void mcp__wait_drain(mcp__world *world, int64_t limit_ms);

/* In a forked child: lets go of every socket without a word to the server. */
void mcp__wait_child(mcp__world *world);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hook: the second driver, beside wait: for a program with an event loop of its own. It never
 * waits. The loop is told which descriptors to watch and when to come back; it says what is ready,
 * and the same engine is driven by the same calls.
 *
 *     a round:  _begin, then one of _ready, _time (or the engine's _submit), then _end
 *
 * A connection that stands is watched for reading all the time, so that no request costs the loop a
 * call; for writing only while it did not take all there was.
 */
#ifndef MCPROXY_IO_HOOK_H
#define MCPROXY_IO_HOOK_H

#include "io/carry.h"

/* `hooks` is the caller's, and stays until _detach. */
void mcp__hook_attach(mcp__world *world, mcp__hooks *hooks);
/* Unwatches everything and says goodbye. Nothing is closed. Without a loop it does nothing. */
void mcp__hook_detach(mcp__world *world);

/* A descriptor is ready. */
void mcp__hook_ready(mcp__world *world, int fd, int events);

/* Lets everything happen that is due, after a look at what has been heard meanwhile. */
void mcp__hook_time(mcp__world *world);

/* Does what the engine wishes and what jobs have to do, then watches what is to be watched and sets
 * the timer. */
void mcp__hook_end(mcp__world *world);

/* Only the last half of that: after calls of the other driver. */
void mcp__hook_watch(mcp__world *world);

/* What is watched goes from one world to another, to which connections that stand have gone
 * already; the rest is unwatched. Without a loop it does nothing. */
void mcp__hook_move(mcp__world *to, mcp__world *from);

/* Comes back at once, by the timer. */
void mcp__hook_hurry(mcp__world *world);

#endif

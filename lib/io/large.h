/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * large: the values of express calls (engine/express) that a socket does not take or give at once.
 * Their bytes go from and to where they stand, with as few system calls as can be, and the call
 * stays what it is: an operation would cost five times the instructions, and poll before each
 * piece. The deadline holds: what blocks here is bounded by the kernel, for less than is left.
 *
 *     large_send    command and value: one blocking send, or a few
 *     large_rest    behind the first bytes of an answer: one receive that waits for all the others
 */
#ifndef MCPROXY_IO_LARGE_H
#define MCPROXY_IO_LARGE_H

#include "io/carry.h"

/* What is not larger goes at once, nearly always. */
#define MCP__LARGE_LEAST 65536

/* Sends all of the command of a call with one leg. 0: not all of it has gone, or there is too
 * little time left to wait for the answer within receive. */
int mcp__large_send(mcp__world *world, mcp__server *server);

/* Whether one more receive, however late, ends before this copy's share of the call does. The engine
 * is told the time. */
int mcp__large_may_wait(mcp__world *world);

/* The leg's answer has begun and is not whole. 1: now it is, and good; 0: it is for an operation to
 * look at. */
int mcp__large_rest(mcp__world *world, mcp__server *server, int leg);

#endif

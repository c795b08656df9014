/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace: counts system calls by running a piece of work of the test program itself under strace.
 *
 * The work is a function in the test program, run in a new process by `PROGRAM --work NAME ...`;
 * it divides its time into phases with trace_phase(). What comes back is every network call, each
 * with its peer, in order.
 */
#ifndef TESTS_SUPPORT_TRACE_H
#define TESTS_SUPPORT_TRACE_H

#include <stddef.h>

typedef struct trace_call {
    char name[20];  /* "connect", "sendto", "recvfrom", "poll", "close" ... */
    char peer[128]; /* as server.address; "" where the call names no connected socket */
    char error[20]; /* "ECONNREFUSED"; "" when it succeeded */
    char text[120]; /* its line, cut */
    int phase;      /* the number of trace_phase() calls before it */
} trace_call;

typedef struct trace {
    trace_call *calls;
    size_t n;
    int status;   /* exit status of the work */
    char *output; /* what it printed */
} trace;

/*
 * Runs the work and returns its calls; fails the test when it does not end with 0. `words` are
 * the work's name and arguments, ending with NULL. trace_free() it.
 */
trace *trace_work(const char *const words[]);
void trace_free(trace *t);

/* In the work: begins the next phase. */
void trace_phase(void);

/*
 * How many calls of phase `phase` (-1: any) are of this kind: `name` as in the trace, or "send",
 * "recv", "poll" for all of their family, or "" for all; `peer` NULL: any.
 */
size_t trace_count(const trace *t, int phase, const char *name, const char *peer);

/*
 * The sends and receives of a phase as letters, in order: S, R to peers[0], s, r to peers[1],
 * C, c a connect, X, x a close, '!' anything on another peer. Polls are not shown. `out` returned.
 */
char *trace_story(const trace *t, int phase, const char *const peers[2], char *out, size_t size);

#endif

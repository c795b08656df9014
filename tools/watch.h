/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch: commands that go on until somebody has seen enough: what happens to servers as lines with
 * the time of day, and an end at the first interrupt (SIGINT, SIGTERM).
 */
#ifndef MCPROXY_TOOLS_WATCH_H
#define MCPROXY_TOOLS_WATCH_H

#include "session.h"

/* From now on an interrupt ends the work instead of the program; a second one ends the program. */
void cli_watch_interrupts(void);
/* Was there one? */
int cli_watch_ended(void);

/* A mcp_event_callback that writes a line on standard output; `context` is the session. */
void cli_watch_print(void *context, const mcp_event *event);

/* Lets the client tick for that long, or until an interrupt. */
void cli_watch_idle(cli *session, unsigned ms);

/* Milliseconds of a clock that never goes back. */
uint64_t cli_watch_now_ms(void);

#endif

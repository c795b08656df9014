/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * progress: how far a repair or a resync has come: on a terminal one line that is written over
 * again and again, with a bar; elsewhere a line now and then. On standard error, so that standard
 * output has results only; nothing with --quiet or --json.
 */
#ifndef MCPROXY_TOOLS_PROGRESS_H
#define MCPROXY_TOOLS_PROGRESS_H

#include "session.h"

typedef struct cli_progress {
    cli *session;
    int is_silent;
    int is_terminal;
    int is_open;     /* a line stands on the terminal that has not ended */
    int seen;        /* the server had something to be done */
    int seen_server; /* of the last line, and its phase */
    char seen_phase[48];
    uint64_t written_ms;
    uint64_t done; /* at the last look */
    uint64_t total;
    uint64_t rate; /* keys a second, 0: not known */
    uint64_t rate_ms;
    uint64_t rate_done;
} cli_progress;

void cli_progress_init(cli_progress *progress, cli *session);

/* A mcp_progress_callback; `context` is the cli_progress. Ends the work after an interrupt. */
int cli_progress_tell(void *context, const mcp_progress *at);

/* Ends the line on the terminal, if there is one. */
void cli_progress_end(cli_progress *progress);

#endif

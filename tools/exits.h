/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exits: what the program's exit status says. Of several results the greatest counts.
 */
#ifndef MCPROXY_TOOLS_EXITS_H
#define MCPROXY_TOOLS_EXITS_H

#include "mcproxy/mcproxy.h"

enum {
    CLI_EXIT_DONE = 0,
    CLI_EXIT_NO = 1,      /* a server said no: not found, not stored, exists, too large ... */
    CLI_EXIT_USAGE = 2,   /* bad usage or input; or standard output could not be written */
    CLI_EXIT_AWAY = 3,    /* no server could be reached, or let us in */
    CLI_EXIT_UNKNOWN = 4, /* a change was sent and not answered */
};

int cli_exit_of(mcp_status status);

/* The greater of the two. */
int cli_exit_worst(int one, int other);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * commands: what can be asked of the program. Each command is a function that finds its words in
 * the session and returns an exit status; main() opened the client before, where the command
 * needs one.
 */
#ifndef MCPROXY_TOOLS_COMMANDS_H
#define MCPROXY_TOOLS_COMMANDS_H

#include "session.h"

typedef struct cli_command {
    const char *name;
    int (*run)(cli *session);
    int opens_client;
    unsigned options; /* CLI_OPTION_BIT of those it takes beside the global ones */
    size_t fewest;    /* words behind the command */
    size_t most;
    const char *usage; /* what stands behind "mcp-cli " */
    const char *short_help;
    const char *long_help; /* some lines */
    const char *examples;  /* some lines */
} cli_command;

/* NULL past the end. */
const cli_command *cli_command_at(size_t index);
const cli_command *cli_command_find(const char *name);

/* cmd_read.c */
int cli_do_get(cli *session);
int cli_do_gets(cli *session);
int cli_do_gat(cli *session);
/* cmd_store.c: set, add, replace, append, prepend, cas */
int cli_do_store(cli *session);
/* cmd_change.c */
int cli_do_delete(cli *session);
int cli_do_touch(cli *session);
int cli_do_incr(cli *session); /* and decr */
/* cmd_server.c */
int cli_do_flush(cli *session);
int cli_do_stats(cli *session);
int cli_do_version(cli *session);
int cli_do_ping(cli *session);
/* cmd_dump.c */
int cli_do_dump(cli *session);
/* cmd_status.c */
int cli_do_status(cli *session);
/* cmd_repair.c */
int cli_do_repair(cli *session);
int cli_do_resync(cli *session);
/* cmd_lease.c */
int cli_do_lease(cli *session);
int cli_do_fill(cli *session);
/* cmd_where.c */
int cli_do_where(cli *session);
/* cmd_distribution.c */
int cli_do_distribution(cli *session);
/* cmd_options.c */
int cli_do_options(cli *session);
/* help.c */
int cli_do_help(cli *session);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * help: what the program says about itself.
 */
#ifndef MCPROXY_TOOLS_HELP_H
#define MCPROXY_TOOLS_HELP_H

#include <stdio.h>

#include "commands.h"

/* How it is called, all commands in a line each, the global options, the exit status. */
void cli_help_all(FILE *out);
/* One command with its examples. */
void cli_help_command(FILE *out, const cli_command *command);

/* Says that there is no such command, and which one may have been meant. CLI_EXIT_USAGE. */
int cli_help_unknown(const cli *session, const char *name);

#endif

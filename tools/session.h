/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session: one run of the program: the command line, the client it opened, and how it speaks.
 */
#ifndef MCPROXY_TOOLS_SESSION_H
#define MCPROXY_TOOLS_SESSION_H

#include "args.h"
#include "exits.h"
#include "mcproxy/mcproxy.h"
#include "words.h"

typedef struct cli {
    const cli_args *args;
    const char *command;   /* its name, for messages; "" while there is none */
    const cli_word *words; /* behind the command */
    size_t n_words;
    int json;
    int verbose;
    int quiet;
    int exit;          /* the worst so far */
    cli_words options; /* what the client was opened with */
    mcp_client *client;
} cli;

/*
 * Puts the options together and opens the client. Returns CLI_EXIT_DONE, or CLI_EXIT_USAGE after
 * having said why. Never waits for a server.
 */
int cli_open(cli *session);
void cli_close(cli *session);

/* A client for other words than the session's own; NULL after having said why. */
mcp_client *cli_open_words(cli *session, const cli_words *words);

/*
 * One line on standard error, "mcp-cli: COMMAND: ...", unless --quiet. A line break in the text is
 * shown as a blank.
 */
void cli_say(const cli *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same whatever --quiet says; returns CLI_EXIT_USAGE. */
int cli_wrong(const cli *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Notes a result for the exit status. */
void cli_note(cli *session, mcp_status status);

/*
 * Numbers that options carry. Where the option is not given, `*number` stays. 0, or
 * CLI_EXIT_USAGE after having said what is wrong.
 */
int cli_get_ttl(const cli *session, cli_option option, int64_t *ttl);
int cli_get_u32(const cli *session, cli_option option, uint32_t *number);
int cli_get_u64(const cli *session, cli_option option, uint64_t *number);

/*
 * Which servers the word means: a name, an address, a number, or "all" (also NULL). Fills `first`
 * and `last` (as numbers, inclusive). 0, or CLI_EXIT_USAGE after having said why.
 */
int cli_get_servers(const cli *session, const char *word, int *first, int *last);

/* The name of a server; "none" for -1. */
const char *cli_server_name(const cli *session, int server);

/*
 * Sends the buffered rest of standard output. Returns `result`, or the worse CLI_EXIT_USAGE when
 * not everything could be written, after having said so.
 */
int cli_finish_output(const cli *session, int result);

#endif

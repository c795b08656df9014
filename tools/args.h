/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * args: the command line, taken apart as getopt_long(3) would: options before or behind the
 * words, "--ttl 5", "--ttl=5", "-s HOST", "-sHOST", "-vq"; "--" ends the options. Knows which
 * options there are, not what a command makes of them.
 *
 * All texts are borrowed from argv.
 */
#ifndef MCPROXY_TOOLS_ARGS_H
#define MCPROXY_TOOLS_ARGS_H

#include <stddef.h>

typedef enum cli_option {
    OPT_SERVER,
    OPT_BACKUP,
    OPT_OPTIONS,
    OPT_CONFIG,
    OPT_JSON,
    OPT_VERBOSE,
    OPT_QUIET,
    OPT_HELP,
    OPT_VERSION,
    OPT_TTL,
    OPT_FLAGS,
    OPT_CAS,
    OPT_INITIAL,
    OPT_DELAY,
    OPT_ROUTE,
    OPT_ADD,
    OPT_REMOVE,
    OPT_WATCH,
    OPT_RATE,
    OPT_LEASE,
    OPT_EARLY,
    OPT_COUNT,
} cli_option;

/* What every command takes; the others stand in the command's own set. */
#define CLI_OPTION_BIT(option) (1u << (option))
#define CLI_OPTIONS_GLOBAL (CLI_OPTION_BIT(OPT_VERSION + 1) - 1u)

typedef struct cli_word {
    const char *text;
    int literal; /* it stood behind "--": a lone "-" is a text there, not standard input */
} cli_word;

typedef struct cli_given {
    cli_option option;
    const char *value; /* NULL: it takes none */
} cli_given;

typedef struct cli_args {
    cli_word *words; /* in order; the command is the first */
    size_t n_words;
    cli_given *given; /* in order */
    size_t n_given;
    char error[200]; /* what is wrong with the command line; "" if nothing */
} cli_args;

/* Returns 0, or -1 with `error` set. Free with cli_args_fini in either case. */
int cli_args_init(cli_args *args, int argc, char **argv);
void cli_args_fini(cli_args *args);

/* How often an option was given. */
size_t cli_args_count(const cli_args *args, cli_option option);

/* The value of the nth (from 0) such option; NULL when there is none. */
const char *cli_args_value(const cli_args *args, cli_option option, size_t nth);

/* "--ttl" */
const char *cli_option_name(cli_option option);

/* Is the word "-", meant as standard input? */
int cli_word_is_stdin(const cli_word *word);

#endif

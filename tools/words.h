/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words: an options text taken apart into its words, as mcproxy_options(7) says, so that words can
 * be dropped before the library sees them. Nothing is judged here: a word the library would refuse
 * passes through as it was written.
 */
#ifndef MCPROXY_TOOLS_WORDS_H
#define MCPROXY_TOOLS_WORDS_H

#include <stddef.h>

typedef struct cli_optword {
    char *text;    /* as written, with its quotes */
    char name[32]; /* lower case, "-" as "_", no leading "--"; cut at 31 bytes */
    int source;    /* number the caller gave */
    char *origin;  /* for messages: "-o", "MCPROXY_OPTIONS", "FILE line 3" */
} cli_optword;

typedef struct cli_words {
    cli_optword *items;
    size_t n;
    size_t room;
} cli_words;

void cli_words_fini(cli_words *words);

/* Adds the words of `text`, which came from `origin`; `in_file`: tell the line, too. */
void cli_words_add(cli_words *words, const char *text, int source, const char *origin, int in_file);

/* Adds the same words again. */
void cli_words_append(cli_words *words, const cli_words *others);

/* Takes the word at `index` out. */
void cli_words_drop(cli_words *words, size_t index);

/* All of them in one text, a blank between two; free() it. */
char *cli_words_join(const cli_words *words);

/* What stands behind the "=", without quotes; free() it. "" when there is no "=". */
char *cli_optword_value(const cli_optword *word);

/* Does the word name a server, or say something of the server before it? */
int cli_optword_is_pool(const cli_optword *word);

/*
 * "server=VALUE" as words: what stands behind -s. Words of name= and weight= may follow in VALUE;
 * a blank that is not followed by such a word belongs to the address (the path of a unix socket).
 */
void cli_words_add_server(cli_words *words, const char *name, const char *value, int source,
                          const char *origin);

/*
 * An error of the library about the joined text says "at position N"; the user never saw that text.
 * The same error with where the word came from instead; free() it.
 */
char *cli_words_error(const cli_words *words, const char *error);

#endif

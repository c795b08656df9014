/* SPDX-License-Identifier: BSD-3-Clause */
#include "args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "nearest.h"
#include "quote.h"

typedef struct option_row {
    const char *name; /* with its dashes, as messages show it */
    char letter;      /* 0: none */
    char takes_value;
    char repeats; /* more than one is meant; a second value of the others is refused */
} option_row;

static const option_row table[OPT_COUNT] = {
    [OPT_SERVER] = {"--server", 's', 1, 1},   [OPT_BACKUP] = {"--backup", 'b', 1, 1},
    [OPT_OPTIONS] = {"--options", 'o', 1, 1}, [OPT_CONFIG] = {"--config", 'c', 1, 0},
    [OPT_JSON] = {"--json", 0, 0, 1},         [OPT_VERBOSE] = {"--verbose", 'v', 0, 1},
    [OPT_QUIET] = {"--quiet", 'q', 0, 1},     [OPT_HELP] = {"--help", 'h', 0, 1},
    [OPT_VERSION] = {"--version", 'V', 0, 1}, [OPT_TTL] = {"--ttl", 0, 1, 0},
    [OPT_FLAGS] = {"--flags", 0, 1, 0},       [OPT_CAS] = {"--cas", 0, 1, 0},
    [OPT_INITIAL] = {"--initial", 0, 1, 0},   [OPT_DELAY] = {"--delay", 0, 1, 0},
    [OPT_ROUTE] = {"--route", 0, 1, 0},       [OPT_ADD] = {"--add", 0, 1, 1},
    [OPT_REMOVE] = {"--remove", 0, 1, 1},     [OPT_WATCH] = {"--watch", 0, 0, 1},
    [OPT_RATE] = {"--rate", 0, 1, 0},         [OPT_LEASE] = {"--lease", 0, 1, 0},
    [OPT_EARLY] = {"--early", 0, 1, 0},
};

const char *
cli_option_name(cli_option option)
{
    return table[option].name;
}

int
cli_word_is_stdin(const cli_word *word)
{
    return !word->literal && strcmp(word->text, "-") == 0;
}

static int
give(cli_args *args, cli_option option, const char *value)
{
    if (!table[option].repeats && cli_args_count(args, option) > 0) {
        snprintf(args->error, sizeof args->error, "%s is given twice", table[option].name);
        return -1;
    }
    args->given[args->n_given++] = (cli_given){option, value};
    return 0;
}

static int
find_long(const char *name, size_t len)
{
    for (int i = 0; i < OPT_COUNT; i++)
        if (strlen(table[i].name) == len && memcmp(table[i].name, name, len) == 0)
            return i;
    return -1;
}

static int
find_letter(char letter)
{
    for (int i = 0; i < OPT_COUNT; i++)
        if (table[i].letter == letter)
            return i;
    return -1;
}

static void
unknown_long(cli_args *args, const char *name, size_t len)
{
    const char *names[OPT_COUNT];
    char shown[64];
    for (int i = 0; i < OPT_COUNT; i++)
        names[i] = table[i].name;
    cli_quote(shown, sizeof shown, name, len);
    const char *near = cli_nearest(name, len, names, OPT_COUNT);
    if (near != NULL)
        snprintf(args->error, sizeof args->error, "no option %s: is it %s?", shown, near);
    else
        snprintf(args->error, sizeof args->error, "no option %s", shown);
}

/* "--name", "--name=value", or "--name" with its value in the next argument. Returns how many
 * arguments it took, -1 on error. */
static int
take_long(cli_args *args, const char *text, const char *next)
{
    size_t len = strcspn(text, "=");
    int option = find_long(text, len);
    if (option < 0) {
        unknown_long(args, text, len);
        return -1;
    }
    const char *value = text[len] == '=' ? text + len + 1 : NULL;
    if (!table[option].takes_value && value != NULL) {
        snprintf(args->error, sizeof args->error, "%s takes no value", table[option].name);
        return -1;
    }
    int took = 1;
    if (table[option].takes_value && value == NULL) {
        value = next;
        took = 2;
    }
    if (table[option].takes_value && value == NULL) {
        snprintf(args->error, sizeof args->error, "%s needs a value", table[option].name);
        return -1;
    }
    return give(args, (cli_option)option, value) < 0 ? -1 : took;
}

/* "-v", "-vq", "-sHOST", or "-s" with its value in the next argument. */
static int
take_short(cli_args *args, const char *text, const char *next)
{
    for (const char *at = text + 1; *at != '\0'; at++) {
        int option = find_letter(*at);
        if (option < 0) {
            char shown[16];
            cli_quote(shown, sizeof shown, at, 1);
            snprintf(args->error, sizeof args->error,
                     "no option -%s (a word that starts with - stands behind --)", shown);
            return -1;
        }
        if (!table[option].takes_value) {
            if (give(args, (cli_option)option, NULL) < 0)
                return -1;
            continue;
        }
        const char *value = at[1] != '\0' ? at + 1 : next;
        if (value == NULL) {
            snprintf(args->error, sizeof args->error, "-%c needs a value", *at);
            return -1;
        }
        if (give(args, (cli_option)option, value) < 0)
            return -1;
        return at[1] != '\0' ? 1 : 2;
    }
    return 1;
}

int
cli_args_init(cli_args *args, int argc, char **argv)
{
    size_t most = argc > 0 ? (size_t)argc : 1;
    size_t letters = 0; /* "-vvv" is one argument and three options */
    for (int i = 1; i < argc; i++)
        letters += strlen(argv[i]);
    *args = (cli_args){0};
    args->words = cli_alloc(most * sizeof *args->words);
    args->given = cli_alloc((most + letters) * sizeof *args->given);
    int literal = 0;
    for (int i = 1, took; i < argc; i += took) {
        const char *text = argv[i];
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        took = 1;
        if (literal || text[0] != '-' || text[1] == '\0')
            args->words[args->n_words++] = (cli_word){text, literal};
        else if (strcmp(text, "--") == 0)
            literal = 1;
        else
            took = text[1] == '-' ? take_long(args, text, next) : take_short(args, text, next);
        if (took < 0)
            return -1;
    }
    return 0;
}

void
cli_args_fini(cli_args *args)
{
    free(args->words);
    free(args->given);
    *args = (cli_args){0};
}

size_t
cli_args_count(const cli_args *args, cli_option option)
{
    size_t n = 0;
    for (size_t i = 0; i < args->n_given; i++)
        n += args->given[i].option == option;
    return n;
}

const char *
cli_args_value(const cli_args *args, cli_option option, size_t nth)
{
    for (size_t i = 0; i < args->n_given; i++)
        if (args->given[i].option == option && nth-- == 0)
            return args->given[i].value;
    return NULL;
}

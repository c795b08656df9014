/* SPDX-License-Identifier: BSD-3-Clause */
#include "sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "memory.h"

enum { FROM_TOOL, FROM_FILE, FROM_ENVIRONMENT, FROM_OPTIONS, FROM_SERVERS };

/* A run is short: what servers missed is made good by programs that last, and by `mcp-cli repair`
 * and `resync`, which do it whatever these say. */
static const char OURS[] = "repair=off resync=off";

static const char NO_SERVERS[] =
    "no servers: name them with -s HOST:PORT (and backups with -b), with -o or MCPROXY_OPTIONS "
    "(\"server=HOST:PORT backup=HOST:PORT\"), or in a file with -c FILE";

static int
add_file(cli_words *words, const char *path, int source, char **error)
{
    size_t len;
    char *text = cli_input_file(path, CLI_CONFIG_MAX, &len);
    if (text == NULL) {
        *error = cli_format("cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    size_t from = words->n;
    if (memchr(text, '\0', len) != NULL)
        *error = cli_format("%s: no text of options: it holds a NUL", path);
    else
        cli_words_add(words, text, source, path, 1);
    free(text);
    for (size_t i = from; i < words->n && *error == NULL; i++)
        if (strcmp(words->items[i].name, "file") == 0)
            *error =
                cli_format("%s: a file of options names no other file", words->items[i].origin);
    return *error == NULL ? 0 : -1;
}

/* The words of a text; of a `file=` word, the words of that file instead. */
static int
add_text(cli_words *words, const char *text, int source, const char *origin, char **error)
{
    cli_words plain = {0};
    int result = 0;
    cli_words_add(&plain, text, source, origin, 0);
    for (size_t i = 0; i < plain.n && result == 0; i++) {
        cli_words one = {.items = &plain.items[i], .n = 1};
        if (strcmp(plain.items[i].name, "file") != 0) {
            cli_words_append(words, &one);
            continue;
        }
        char *path = cli_optword_value(&plain.items[i]);
        result = add_file(words, path, source, error);
        free(path);
    }
    cli_words_fini(&plain);
    return result;
}

static int
add_servers(cli_words *words, const cli_args *args, cli_option option, char **error)
{
    const char *value;
    for (size_t i = 0; (value = cli_args_value(args, option, i)) != NULL; i++) {
        if (value[strspn(value, " \t\n;")] == '\0') {
            *error = cli_format("%s: an empty address", cli_option_name(option));
            return -1;
        }
        cli_words_add_server(words, option == OPT_SERVER ? "server" : "backup", value, FROM_SERVERS,
                             option == OPT_SERVER ? "-s" : "-b");
    }
    return 0;
}

static int
gather(cli_words *words, const cli_args *args, char **error)
{
    const char *file = cli_args_value(args, OPT_CONFIG, 0);
    const char *environment = getenv("MCPROXY_OPTIONS");
    const char *options;
    cli_words_add(words, OURS, FROM_TOOL, "mcp-cli", 0);
    if (file != NULL && add_file(words, file, FROM_FILE, error) < 0)
        return -1;
    if (environment != NULL &&
        add_text(words, environment, FROM_ENVIRONMENT, "MCPROXY_OPTIONS", error) < 0)
        return -1;
    for (size_t i = 0; (options = cli_args_value(args, OPT_OPTIONS, i)) != NULL; i++)
        if (add_text(words, options, FROM_OPTIONS, "-o", error) < 0)
            return -1;
    if (add_servers(words, args, OPT_SERVER, error) < 0)
        return -1;
    return add_servers(words, args, OPT_BACKUP, error);
}

/* Does a stronger source have its say on this word's matter? */
static int
is_overridden(const cli_words *words, size_t index)
{
    const cli_optword *word = &words->items[index];
    int pool = cli_optword_is_pool(word);
    for (size_t i = index + 1; i < words->n; i++) {
        const cli_optword *other = &words->items[i];
        if (other->source <= word->source)
            continue;
        if (pool ? strcmp(other->name, "server") == 0 || strcmp(other->name, "backup") == 0
                 : strcmp(other->name, word->name) == 0)
            return 1;
    }
    return 0;
}

static int
has_servers(const cli_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        if (strcmp(words->items[i].name, "server") == 0 ||
            strcmp(words->items[i].name, "discovery") == 0)
            return 1;
    return 0;
}

int
cli_sources_words(cli_words *words, const cli_args *args, char **error)
{
    *words = (cli_words){0};
    if (gather(words, args, error) < 0)
        return -1;
    for (size_t i = words->n; i-- > 0;)
        if (is_overridden(words, i))
            cli_words_drop(words, i);
    if (has_servers(words))
        return 0;
    *error = cli_args_count(args, OPT_BACKUP) > 0
                 ? cli_format("only backups: -s and -b replace all servers of MCPROXY_OPTIONS and "
                              "-c, so name the primaries with -s, too")
                 : cli_copy(NO_SERVERS, sizeof NO_SERVERS - 1);
    return -1;
}

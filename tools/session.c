/* SPDX-License-Identifier: BSD-3-Clause */
#include "session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "number.h"
#include "quote.h"
#include "sources.h"

/* Above, a time to live is refused by every memcached: its clock has 32 bits. */
#define TTL_MAX INT32_MAX

static void
say(const cli *session, const char *format, va_list list)
{
    char *text = NULL;
    if (vasprintf(&text, format, list) < 0)
        return;
    for (char *at = text; (at = strpbrk(at, "\r\n")) != NULL;)
        *at = ' ';
    fprintf(stderr, "mcp-cli: %s%s%s\n", session->command, session->command[0] != '\0' ? ": " : "",
            text);
    free(text);
}

void
cli_say(const cli *session, const char *format, ...)
{
    va_list list;
    if (session->quiet)
        return;
    va_start(list, format);
    say(session, format, list);
    va_end(list);
}

int
cli_wrong(const cli *session, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(session, format, list);
    va_end(list);
    return CLI_EXIT_USAGE;
}

void
cli_note(cli *session, mcp_status status)
{
    session->exit = cli_exit_worst(session->exit, cli_exit_of(status));
}

mcp_client *
cli_open_words(cli *session, const cli_words *words)
{
    char why[400];
    char *text = cli_words_join(words);
    mcp_client *client = mcp_open(text, why, sizeof why);
    if (client == NULL) {
        char *error = cli_words_error(words, why);
        cli_wrong(session, "%s", error);
        free(error);
    } else {
        mcp_maintain(client); /* with discovery= it asks for the servers now, which are counted */
    }
    free(text);
    return client;
}

static void
tell_log(void *context, const mcp_log_entry *entry)
{
    cli_say(context, "%s: %s", mcp_strlevel(entry->level), entry->text);
}

int
cli_open(cli *session)
{
    char *error = NULL;
    if (cli_sources_words(&session->options, session->args, &error) < 0) {
        cli_wrong(session, "%s", error);
        free(error);
        return CLI_EXIT_USAGE;
    }
    session->client = cli_open_words(session, &session->options);
    if (session->client == NULL)
        return CLI_EXIT_USAGE;
    size_t verbose = cli_args_count(session->args, OPT_VERBOSE);
    if (verbose > 0)
        mcp_on_log(session->client, verbose > 1 ? MCP_LOG_DEBUG : MCP_LOG_INFO, tell_log, session);
    return CLI_EXIT_DONE;
}

void
cli_close(cli *session)
{
    mcp_close(session->client);
    session->client = NULL;
    cli_words_fini(&session->options);
}

int
cli_get_ttl(const cli *session, cli_option option, int64_t *ttl)
{
    const char *text = cli_args_value(session->args, option, 0);
    if (text == NULL || cli_number_signed(text, TTL_MAX, ttl))
        return 0;
    return cli_wrong(session, "%s %s: not a number of seconds up to %d", cli_option_name(option),
                     text, TTL_MAX);
}

int
cli_get_u64(const cli *session, cli_option option, uint64_t *number)
{
    const char *text = cli_args_value(session->args, option, 0);
    if (text == NULL || cli_number_unsigned(text, UINT64_MAX, number))
        return 0;
    return cli_wrong(session, "%s %s: not a number from 0 to %llu", cli_option_name(option), text,
                     (unsigned long long)UINT64_MAX);
}

int
cli_get_u32(const cli *session, cli_option option, uint32_t *number)
{
    uint64_t wide = *number;
    const char *text = cli_args_value(session->args, option, 0);
    if (text != NULL && !cli_number_unsigned(text, UINT32_MAX, &wide))
        return cli_wrong(session, "%s %s: not a number from 0 to %lu", cli_option_name(option),
                         text, (unsigned long)UINT32_MAX);
    *number = (uint32_t)wide;
    return 0;
}

const char *
cli_server_name(const cli *session, int server)
{
    mcp_server info = MCP_SERVER_INIT;
    if (server < 0 || mcp_server_info(session->client, server, &info) != MCP_OK)
        return "none";
    return info.name;
}

/* How many servers have this name or address; `*found` is the last of them. */
static int
find_by_name(const cli *session, const char *word, int *found)
{
    int matches = 0;
    for (int i = 0; i < mcp_server_count(session->client); i++) {
        mcp_server info = MCP_SERVER_INIT;
        mcp_server_info(session->client, i, &info);
        if (strcmp(info.name, word) != 0 && strcmp(info.address, word) != 0)
            continue;
        *found = i;
        matches++;
    }
    return matches;
}

int
cli_get_servers(const cli *session, const char *word, int *first, int *last)
{
    int count = mcp_server_count(session->client);
    uint64_t number;
    int found = -1;
    *first = 0;
    *last = count - 1;
    if (word == NULL)
        return 0;
    int matches = find_by_name(session, word, &found);
    if (matches > 1)
        return cli_wrong(session,
                         "%d servers are called \"%s\": tell its number, see mcp-cli "
                         "status",
                         matches, word);
    if (matches == 0 && strcmp(word, "all") == 0)
        return 0;
    if (matches == 0 && cli_number_unsigned(word, (uint64_t)count - 1, &number))
        found = (int)number;
    if (found < 0) {
        char shown[80];
        cli_quote(shown, sizeof shown, word, strlen(word));
        return cli_wrong(session, "no server \"%s\": a name, a number from 0 to %d, or all", shown,
                         count - 1);
    }
    *first = *last = found;
    return 0;
}

int
cli_finish_output(const cli *session, int result)
{
    int failed = fflush(stdout) != 0 ? errno : 0;
    if (failed == 0 && !ferror(stdout))
        return result;
    cli_wrong(session, "cannot write to standard output: %s",
              failed != 0 ? strerror(failed) : "write error");
    return cli_exit_worst(result, CLI_EXIT_USAGE);
}

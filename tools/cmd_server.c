/* SPDX-License-Identifier: BSD-3-Clause */
/* flush, stats, version, ping: questions to servers rather than to keys */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "memory.h"
#include "report.h"

/* {"server":..,"number":..,"role":..,"index":..,"status":..} */
static json_t *
json_of(cli *session, const cli_asked *asked, size_t n)
{
    json_t *object = cli_json_server(session, asked->server);
    json_object_set_new(object, "status", json_string(cli_status_word(asked->result.status)));
    if (asked->result.status != MCP_OK) {
        const char *text = cli_ask_text(session, asked, n);
        cli_json_bytes(object, "error", text, strlen(text));
    }
    return object;
}

static void
say_failure(cli *session, const cli_asked *asked, size_t n)
{
    cli_note(session, asked->result.status);
    if (asked->result.status != MCP_OK && !session->json)
        cli_say(session, "%s: %s", cli_server_name(session, asked->server),
                cli_ask_text(session, asked, n));
}

/* The servers that the first word means, or all; NULL: it means none, which was said. */
static cli_asked *
servers_of_word(cli *session, size_t *n)
{
    int first, last;
    const char *word = session->n_words > 0 ? session->words[0].text : NULL;
    if (cli_get_servers(session, word, &first, &last) != 0)
        return NULL;
    return cli_ask_list(first, last, n);
}

/* Each of them is asked this. */
static cli_asked *
ask_servers_of_word(cli *session, const mcp_request *model, size_t *n)
{
    cli_asked *asked = servers_of_word(session, n);
    if (asked != NULL)
        cli_ask(session, model, asked, *n);
    return asked;
}

/* One role at a time: a backup that is flushed after its primary could refill it in between. */
static void
flush_role(cli *session, const mcp_request *model, const cli_asked *all, size_t n_all, int backups)
{
    size_t n = 0;
    cli_asked *asked = cli_alloc(n_all * sizeof *asked);
    for (size_t i = 0; i < n_all; i++) {
        mcp_server info = MCP_SERVER_INIT;
        mcp_server_info(session->client, all[i].server, &info);
        if (info.is_backup == backups)
            asked[n++] = all[i];
    }
    cli_ask(session, model, asked, n);
    for (size_t i = 0; i < n; i++) {
        say_failure(session, &asked[i], n);
        if (session->json)
            cli_json_print(json_of(session, &asked[i], n));
        else if (session->verbose && asked[i].result.status == MCP_OK)
            cli_say(session, "%s: flushed", cli_server_name(session, asked[i].server));
    }
    free(asked);
}

int
cli_do_flush(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    size_t n;
    model.verb = MCP_FLUSH;
    if (cli_get_ttl(session, OPT_DELAY, &model.ttl) != 0)
        return CLI_EXIT_USAGE;
    if (model.ttl < 0)
        return cli_wrong(session, "--delay: a number of seconds, not below 0");
    cli_asked *asked = servers_of_word(session, &n);
    if (asked == NULL)
        return CLI_EXIT_USAGE;
    flush_role(session, &model, asked, n, 1);
    flush_role(session, &model, asked, n, 0);
    free(asked);
    return session->exit;
}

static void
print_stats(const mcp_result *result, const char *indent)
{
    mcp_stat stat;
    for (size_t position = 0; mcp_stat_next(result, &position, &stat) == 1;)
        printf("%s%.*s %.*s\n", indent, (int)stat.name_len, stat.name, (int)stat.value_len,
               stat.value);
}

static json_t *
json_stats(const mcp_result *result)
{
    json_t *stats = json_object();
    mcp_stat stat;
    for (size_t position = 0; mcp_stat_next(result, &position, &stat) == 1;) {
        char *name = cli_copy(stat.name, stat.name_len);
        cli_json_bytes(stats, name, stat.value, stat.value_len);
        free(name);
    }
    return stats;
}

int
cli_do_stats(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    size_t n;
    model.verb = MCP_STATS;
    if (session->n_words > 1) {
        model.key = session->words[1].text;
        model.key_len = strlen(session->words[1].text);
    }
    cli_asked *asked = ask_servers_of_word(session, &model, &n);
    if (asked == NULL)
        return CLI_EXIT_USAGE;
    for (size_t i = 0; i < n; i++) {
        say_failure(session, &asked[i], n);
        if (session->json) {
            json_t *object = json_of(session, &asked[i], n);
            if (asked[i].result.status == MCP_OK)
                json_object_set_new(object, "stats", json_stats(&asked[i].result));
            cli_json_print(object);
        } else if (asked[i].result.status == MCP_OK) {
            if (n > 1)
                printf("%s:\n", cli_server_name(session, asked[i].server));
            print_stats(&asked[i].result, n > 1 ? "  " : "");
        }
    }
    free(asked);
    return session->exit;
}

int
cli_do_version(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    size_t n;
    model.verb = MCP_VERSION;
    cli_asked *asked = ask_servers_of_word(session, &model, &n);
    if (asked == NULL)
        return CLI_EXIT_USAGE;
    for (size_t i = 0; i < n; i++) {
        const mcp_result *result = &asked[i].result;
        say_failure(session, &asked[i], n);
        if (session->json) {
            json_t *object = json_of(session, &asked[i], n);
            if (result->status == MCP_OK)
                cli_json_bytes(object, "version", result->value, result->value_len);
            cli_json_print(object);
        } else if (result->status == MCP_OK) {
            printf("%s: %.*s\n", cli_server_name(session, asked[i].server), (int)result->value_len,
                   (const char *)result->value);
        }
    }
    free(asked);
    return session->exit;
}

static double
milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void
show_ping(cli *session, const cli_asked *asked, size_t n, double took_ms)
{
    int good = asked->result.status == MCP_OK;
    cli_note(session, asked->result.status);
    if (session->json) {
        json_t *object = json_of(session, asked, n);
        if (good)
            json_object_set_new(object, "ms", json_real(took_ms));
        cli_json_print(object);
    } else if (good) {
        printf("%s: ok %.3f ms\n", cli_server_name(session, asked->server), took_ms);
    } else {
        printf("%s: %s\n", cli_server_name(session, asked->server),
               cli_ask_text(session, asked, n));
    }
}

/*
 * All at once first, so that dead servers cost one deadline together and the connections stand;
 * then those that answered one by one, for their time alone.
 */
int
cli_do_ping(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    size_t n;
    model.verb = MCP_PING;
    cli_asked *asked = ask_servers_of_word(session, &model, &n);
    if (asked == NULL)
        return CLI_EXIT_USAGE;
    for (size_t i = 0; i < n; i++) {
        double start = milliseconds();
        if (asked[i].result.status == MCP_OK)
            cli_ask(session, &model, &asked[i], 1);
        show_ping(session, &asked[i], n, milliseconds() - start);
    }
    free(asked);
    return session->exit;
}

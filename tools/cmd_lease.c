/* SPDX-License-Identifier: BSD-3-Clause */
/* lease, fill: one caller computes a missing value, the others wait */
#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "number.h"
#include "report.h"

#define LEASE_S 10

static void
say_of(const cli *session, const char *key, const char *text)
{
    char shown[CLI_SHOWN_KEY];
    cli_say(session, "%s: %s", cli_show_key(shown, key, strlen(key)), text);
}

static void
show_lease_json(const cli *session, const char *key, const mcp_result *result)
{
    char token[24];
    json_t *object =
        cli_json_outcome(session, key, strlen(key), result, cli_result_text(session, result, 1));
    if (result->status == MCP_OK) {
        cli_json_bytes(object, "value", result->value, result->value_len);
        json_object_set_new(object, "flags", json_integer(result->flags));
    }
    if (result->cas != 0) {
        snprintf(token, sizeof token, "%" PRIu64, result->cas);
        json_object_set_new(object, "lease", json_string(token));
    }
    cli_json_print(object);
}

static void
show_lease(const cli *session, const char *key, const mcp_result *result, uint32_t seconds)
{
    char text[120];
    if (result->status == MCP_OK && result->value_len > 0)
        fwrite(result->value, 1, result->value_len, stdout);
    snprintf(text, sizeof text,
             "yours to compute: fill it within %" PRIu32 " s with token %" PRIu64, seconds,
             result->cas);
    if (result->cas != 0)
        say_of(session, key, text);
    else if (result->status != MCP_OK)
        say_of(session, key, cli_result_text(session, result, 1));
}

int
cli_do_lease(cli *session)
{
    const char *key = session->words[0].text;
    mcp_result result = MCP_RESULT_INIT;
    uint32_t seconds = LEASE_S, early = 0;
    if (cli_get_u32(session, OPT_LEASE, &seconds) != 0 ||
        cli_get_u32(session, OPT_EARLY, &early) != 0)
        return CLI_EXIT_USAGE;
    mcp_get_or_lease(session->client, key, strlen(key), seconds, early, &result);
    cli_note(session, result.status);
    if (session->exit == CLI_EXIT_USAGE)
        return cli_wrong(session, "%s", mcp_last_error(session->client)->text);
    if (session->json)
        show_lease_json(session, key, &result);
    else
        show_lease(session, key, &result, seconds);
    return session->exit;
}

static int
fill(cli *session, const void *value, size_t len, uint64_t token)
{
    const char *key = session->words[0].text;
    int64_t ttl = 0;
    uint32_t flags = 0;
    if (cli_get_ttl(session, OPT_TTL, &ttl) != 0 || cli_get_u32(session, OPT_FLAGS, &flags) != 0)
        return CLI_EXIT_USAGE;
    mcp_status status = mcp_fill(session->client, key, strlen(key), value, len, ttl, flags, token);
    const char *text = mcp_last_error(session->client)->text;
    cli_note(session, status);
    if (session->exit == CLI_EXIT_USAGE)
        return cli_wrong(session, "%s", text);
    if (session->json) {
        json_t *object = json_object();
        cli_json_bytes(object, "key", key, strlen(key));
        json_object_set_new(object, "status", json_string(cli_status_word(status)));
        if (status < MCP_OK)
            cli_json_bytes(object, "error", text, strlen(text));
        cli_json_print(object);
    } else if (status == MCP_EXISTS) {
        say_of(session, key, "the lease is over, or the key was changed meanwhile");
    } else if (status != MCP_OK) {
        say_of(session, key, text);
    }
    return session->exit;
}

int
cli_do_fill(cli *session)
{
    uint64_t token;
    size_t len = strlen(session->words[1].text);
    if (!cli_number_unsigned(session->words[2].text, UINT64_MAX, &token))
        return cli_wrong(session, "%s: not a token, as mcp-cli lease tells it",
                         session->words[2].text);
    if (!cli_word_is_stdin(&session->words[1]))
        return fill(session, session->words[1].text, len, token);
    char *value = cli_input_all(stdin, CLI_INPUT_MAX, &len);
    if (value == NULL && errno == EFBIG)
        return cli_wrong(session, "standard input: more than 1 GiB, no memcached holds that");
    if (value == NULL)
        return cli_wrong(session, "standard input: %s", strerror(errno));
    int result = fill(session, value, len, token);
    free(value);
    return result;
}

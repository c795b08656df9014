/* SPDX-License-Identifier: BSD-3-Clause */
/* set, add, replace, append, prepend, cas */
#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "number.h"
#include "report.h"

static mcp_verb
verb_of(const char *command)
{
    static const struct {
        const char *name;
        mcp_verb verb;
    } table[] = {{"set", MCP_SET},       {"add", MCP_ADD},         {"replace", MCP_REPLACE},
                 {"append", MCP_APPEND}, {"prepend", MCP_PREPEND}, {"cas", MCP_CAS}};
    size_t i = 0;
    while (i + 1 < sizeof table / sizeof table[0] && strcmp(table[i].name, command) != 0)
        i++;
    return table[i].verb;
}

/* The token stands behind the value, or in --cas; once. */
static int
get_token(const cli *session, uint64_t *token)
{
    int by_option = cli_args_count(session->args, OPT_CAS) > 0;
    if (by_option == (session->n_words == 3))
        return cli_wrong(session, "needs one token, from mcp-cli gets: cas KEY VALUE TOKEN");
    if (by_option)
        return cli_get_u64(session, OPT_CAS, token);
    if (cli_number_unsigned(session->words[2].text, UINT64_MAX, token))
        return 0;
    return cli_wrong(session, "%s: not a token: a number from 0 to %" PRIu64,
                     session->words[2].text, UINT64_MAX);
}

static void
show_json(const cli *session, const mcp_request *request, const mcp_result *result)
{
    json_t *object = cli_json_outcome(session, request->key, request->key_len, result,
                                      cli_result_text(session, result, 1));
    if (result->status == MCP_OK && result->cas != 0) {
        char token[24];
        snprintf(token, sizeof token, "%" PRIu64, result->cas);
        json_object_set_new(object, "cas", json_string(token));
    }
    cli_json_print(object);
}

static int
store(cli *session, mcp_request *request)
{
    mcp_result result;
    int bad = cli_request(session, request, &result, 1);
    if (bad != CLI_EXIT_DONE)
        return bad;
    if (session->json)
        show_json(session, request, &result);
    return session->exit;
}

static int
store_from_input(cli *session, mcp_request *request)
{
    size_t len;
    char *value = cli_input_all(stdin, CLI_INPUT_MAX, &len);
    if (value == NULL && errno == EFBIG)
        return cli_wrong(session, "standard input: more than 1 GiB, no memcached holds that");
    if (value == NULL)
        return cli_wrong(session, "standard input: %s", strerror(errno));
    request->value = value;
    request->value_len = len;
    int result = store(session, request);
    free(value);
    return result;
}

int
cli_do_store(cli *session)
{
    mcp_request request = MCP_REQUEST_INIT;
    const char *route = cli_args_value(session->args, OPT_ROUTE, 0);
    request.verb = verb_of(session->command);
    if (request.verb == MCP_CAS && get_token(session, &request.cas) != 0)
        return CLI_EXIT_USAGE;
    if (cli_get_ttl(session, OPT_TTL, &request.ttl) != 0 ||
        cli_get_u32(session, OPT_FLAGS, &request.flags) != 0)
        return CLI_EXIT_USAGE;
    request.key = session->words[0].text;
    request.key_len = strlen(session->words[0].text);
    request.route = route;
    request.route_len = route == NULL ? 0 : strlen(route);
    if (cli_word_is_stdin(&session->words[1]))
        return store_from_input(session, &request);
    request.value = session->words[1].text;
    request.value_len = strlen(session->words[1].text);
    return store(session, &request);
}

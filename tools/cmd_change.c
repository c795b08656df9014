/* SPDX-License-Identifier: BSD-3-Clause */
/* delete, touch, incr, decr */
#include "commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "number.h"
#include "report.h"

static void
set_key(const cli *session, mcp_request *request, const char *key)
{
    const char *route = cli_args_value(session->args, OPT_ROUTE, 0);
    request->key = key;
    request->key_len = strlen(key);
    request->route = route;
    request->route_len = route == NULL ? 0 : strlen(route);
}

static int
change_keys(cli *session, mcp_request model)
{
    size_t n = session->n_words;
    mcp_request *requests = cli_alloc(n * sizeof *requests);
    mcp_result *results = cli_alloc(n * sizeof *results);
    for (size_t i = 0; i < n; i++) {
        requests[i] = model;
        set_key(session, &requests[i], session->words[i].text);
    }
    int bad = cli_request(session, requests, results, n);
    for (size_t i = 0; bad == CLI_EXIT_DONE && session->json && i < n; i++)
        cli_json_print(cli_json_outcome(session, requests[i].key, requests[i].key_len, &results[i],
                                        cli_result_text(session, &results[i], n)));
    free(requests);
    free(results);
    return bad != CLI_EXIT_DONE ? bad : session->exit;
}

int
cli_do_delete(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    model.verb = MCP_DELETE;
    return change_keys(session, model);
}

int
cli_do_touch(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    model.verb = MCP_TOUCH;
    if (cli_args_count(session->args, OPT_TTL) == 0)
        return cli_wrong(session, "needs --ttl SECONDS, the new time to live");
    if (cli_get_ttl(session, OPT_TTL, &model.ttl) != 0)
        return CLI_EXIT_USAGE;
    return change_keys(session, model);
}

static int
get_count(const cli *session, mcp_request *request)
{
    const char *delta = session->n_words > 1 ? session->words[1].text : "1";
    request->verb = strcmp(session->command, "incr") == 0 ? MCP_INCR : MCP_DECR;
    request->with_initial = cli_args_count(session->args, OPT_INITIAL) > 0;
    if (!cli_number_unsigned(delta, UINT64_MAX, &request->delta))
        return cli_wrong(session, "%s: not a number from 0 to %" PRIu64, delta, UINT64_MAX);
    if (!request->with_initial && cli_args_count(session->args, OPT_TTL) > 0)
        return cli_wrong(session, "--ttl is for the value that --initial stores");
    if (cli_get_u64(session, OPT_INITIAL, &request->initial) != 0)
        return CLI_EXIT_USAGE;
    return cli_get_ttl(session, OPT_TTL, &request->ttl);
}

int
cli_do_incr(cli *session)
{
    mcp_request request = MCP_REQUEST_INIT;
    mcp_result result;
    if (get_count(session, &request) != 0)
        return CLI_EXIT_USAGE;
    set_key(session, &request, session->words[0].text);
    int bad = cli_request(session, &request, &result, 1);
    if (bad != CLI_EXIT_DONE)
        return bad;
    if (session->json) {
        json_t *object = cli_json_outcome(session, request.key, request.key_len, &result,
                                          cli_result_text(session, &result, 1));
        char number[24];
        snprintf(number, sizeof number, "%" PRIu64, result.number);
        if (result.status == MCP_OK)
            json_object_set_new(object, "number", json_string(number));
        cli_json_print(object);
    } else if (result.status == MCP_OK) {
        printf("%" PRIu64 "\n", result.number);
    }
    return session->exit;
}

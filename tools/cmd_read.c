/* SPDX-License-Identifier: BSD-3-Clause */
/* get, gets, gat: all keys in one batch, so that one deadline holds for all of them. */
#include "commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "report.h"

/* Shows the value of one key that was found. */
typedef void show_fn(const mcp_request *request, const mcp_result *result);

static void
show_value(const mcp_request *request, const mcp_result *result)
{
    (void)request;
    if (result->value_len > 0)
        fwrite(result->value, 1, result->value_len, stdout);
}

/* "key: 5 bytes, flags 0, cas 17, expires in 60 s", then the value and a newline. */
static void
show_all(const mcp_request *request, const mcp_result *result)
{
    fwrite(request->key, 1, request->key_len, stdout);
    printf(": %zu byte%s, flags %" PRIu32 ", cas %" PRIu64, result->value_len,
           result->value_len == 1 ? "" : "s", result->flags, result->cas);
    if (result->ttl < 0)
        printf(", never expires\n");
    else
        printf(", expires in %" PRId64 " s\n", result->ttl);
    if (result->value_len > 0)
        fwrite(result->value, 1, result->value_len, stdout);
    putchar('\n');
}

static void
show_json(const cli *session, const mcp_request *request, const mcp_result *result, size_t n)
{
    json_t *object = cli_json_outcome(session, request->key, request->key_len, result,
                                      cli_result_text(session, result, n));
    if (result->status == MCP_OK) {
        cli_json_bytes(object, "value", result->value, result->value_len);
        json_object_set_new(object, "flags", json_integer(result->flags));
    }
    if (result->status == MCP_OK && (request->want & MCP_WANT_CAS) != 0) {
        char token[24];
        snprintf(token, sizeof token, "%" PRIu64, result->cas);
        json_object_set_new(object, "cas", json_string(token));
    }
    if (result->status == MCP_OK && (request->want & MCP_WANT_TTL) != 0)
        json_object_set_new(object, "ttl", json_integer(result->ttl));
    cli_json_print(object);
}

static int
read_keys(cli *session, mcp_request model, show_fn *show)
{
    size_t n = session->n_words;
    mcp_request *requests = cli_alloc(n * sizeof *requests);
    mcp_result *results = cli_alloc(n * sizeof *results);
    const char *route = cli_args_value(session->args, OPT_ROUTE, 0);
    for (size_t i = 0; i < n; i++) {
        requests[i] = model;
        requests[i].key = session->words[i].text;
        requests[i].key_len = strlen(session->words[i].text);
        requests[i].route = route;
        requests[i].route_len = route == NULL ? 0 : strlen(route);
    }
    int bad = cli_request(session, requests, results, n);
    for (size_t i = 0; bad == CLI_EXIT_DONE && i < n; i++) {
        if (session->json)
            show_json(session, &requests[i], &results[i], n);
        else if (results[i].status == MCP_OK)
            show(&requests[i], &results[i]);
    }
    free(requests);
    free(results);
    return bad != CLI_EXIT_DONE ? bad : session->exit;
}

int
cli_do_get(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    return read_keys(session, model, show_value);
}

int
cli_do_gets(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    model.want = MCP_WANT_CAS | MCP_WANT_TTL;
    return read_keys(session, model, show_all);
}

int
cli_do_gat(cli *session)
{
    mcp_request model = MCP_REQUEST_INIT;
    model.verb = MCP_GAT;
    if (cli_args_count(session->args, OPT_TTL) == 0)
        return cli_wrong(session, "needs --ttl SECONDS, the new time to live");
    if (cli_get_ttl(session, OPT_TTL, &model.ttl) != 0)
        return CLI_EXIT_USAGE;
    return read_keys(session, model, show_value);
}

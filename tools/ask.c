/* SPDX-License-Identifier: BSD-3-Clause */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "report.h"

cli_asked *
cli_ask_list(int first, int last, size_t *n)
{
    *n = (size_t)(last - first + 1);
    cli_asked *asked = cli_alloc(*n * sizeof *asked);
    for (size_t i = 0; i < *n; i++) {
        asked[i].server = first + (int)i;
        asked[i].result = (mcp_result)MCP_RESULT_INIT;
    }
    return asked;
}

void
cli_ask(cli *session, const mcp_request *model, cli_asked *asked, size_t n)
{
    mcp_request *requests = cli_alloc(n * sizeof *requests);
    mcp_result *results = cli_alloc(n * sizeof *results);
    for (size_t i = 0; i < n; i++) {
        requests[i] = *model;
        requests[i].server = asked[i].server;
        results[i] = (mcp_result)MCP_RESULT_INIT;
    }
    if (n == 1)
        mcp_call(session->client, &requests[0], &results[0]);
    else if (n > 1)
        mcp_batch(session->client, requests, results, n);
    for (size_t i = 0; i < n; i++)
        asked[i].result = results[i];
    free(requests);
    free(results);
}

/* "p0: connect: Connection refused" without the name, which the caller has said. */
static const char *
without_name(const cli *session, int server, const char *text)
{
    const char *name = cli_server_name(session, server);
    size_t len = strlen(name);
    return strncmp(text, name, len) == 0 && strncmp(text + len, ": ", 2) == 0 ? text + len + 2
                                                                              : text;
}

/* The server's own "why" says more than the status ("connection refused"), where it has one. */
const char *
cli_ask_text(cli *session, const cli_asked *asked, size_t n)
{
    static char text[160];
    mcp_server info = MCP_SERVER_INIT;
    if (n == 1)
        return without_name(session, asked->server, cli_result_text(session, &asked->result, n));
    mcp_server_info(session->client, asked->server, &info);
    if (info.state == MCP_STATE_UP || info.why[0] == '\0')
        return mcp_strstatus(asked->result.status);
    snprintf(text, sizeof text, "%s: %s", mcp_strstatus(asked->result.status), info.why);
    return text;
}

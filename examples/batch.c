/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many requests of any kind at once: all servers work in parallel under one deadline, and one
 * request that fails hides no other.
 *
 *     ./batch "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>
#include <string.h>

enum { N = 4 };

int
main(int argc, char **argv)
{
    static const char *const keys[N] = {"one", "two", "three", "missing"};
    mcp_request requests[N];
    mcp_result results[N];
    char why[160];
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    for (int i = 0; i < N; i++) {
        requests[i] = (mcp_request)MCP_REQUEST_INIT;
        results[i] = (mcp_result)MCP_RESULT_INIT;
        requests[i].verb = i < 3 ? MCP_SET : MCP_DELETE;
        requests[i].key = requests[i].value = keys[i];
        requests[i].key_len = requests[i].value_len = strlen(keys[i]);
    }
    printf("%zu failed\n", mcp_batch(c, requests, results, N));
    for (int i = 0; i < N; i++)
        requests[i].verb = MCP_GET;
    printf("%zu failed\n", mcp_batch(c, requests, results, N));
    for (int i = 0; i < N; i++) {
        if (results[i].status == MCP_OK) /* values stand until the next call */
            printf("%s: %.*s\n", keys[i], (int)results[i].value_len,
                   (const char *)results[i].value);
        else
            printf("%s: %s\n", keys[i], mcp_strstatus(results[i].status));
    }
    mcp_close(c);
    return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The servers are asked for at a configuration endpoint, as ElastiCache has one. Nobody has to
 * list them, and a list that changes is followed while the program runs.
 *
 *     ./discovery discovery=my-cluster.cfg.cache.example:11211
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
    char why[160];
    mcp_result r = MCP_RESULT_INIT;
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "discovery=127.0.0.1:11211", why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    /* The first call asks, and has to do so within its own time. */
    if (mcp_set(c, "greeting", strlen("greeting"), "hello", 5, 60, 0) != MCP_OK) {
        fprintf(stderr, "%s\n", mcp_last_error(c)->text);
        mcp_close(c);
        return 1;
    }
    for (int i = 0; i < mcp_server_count(c); i++) {
        mcp_server s = MCP_SERVER_INIT;

        mcp_server_info(c, i, &s);
        printf("found %s\n", s.name);
    }
    if (mcp_get(c, "greeting", strlen("greeting"), &r) == MCP_OK)
        printf("greeting: %.*s\n", (int)r.value_len, (const char *)r.value);
    mcp_close(c);
    return 0;
}

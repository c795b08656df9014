/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client has counted: a thousand keys are stored and read, then a line for each server.
 *
 *     ./latency "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <inttypes.h>
#include <mcproxy/mcproxy.h>
#include <stdio.h>

static void
work(mcp_client *c)
{
    for (int i = 0; i < 1000; i++) {
        char key[32];
        size_t len = (size_t)snprintf(key, sizeof key, "latency:%d", i);

        mcp_set(c, key, len, "value", 5, 60, 0);
        mcp_get(c, key, len, NULL);
    }
}

int
main(int argc, char **argv)
{
    char why[160];
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    work(c);
    for (int i = 0; i < mcp_server_count(c); i++) {
        mcp_server s = MCP_SERVER_INIT;

        mcp_server_info(c, i, &s);
        printf("%s: %" PRIu64 " gets (%" PRIu64 " hits), %" PRIu64 " sets, %" PRIu64 " errors; ",
               s.name, s.gets, s.hits, s.sets, s.errors);
        printf("half of %" PRIu64 " answers within %u us, 99 %% within %u us\n", s.latency_n,
               s.latency_p50_us, s.latency_p99_us);
    }
    mcp_close(c);
    return 0;
}

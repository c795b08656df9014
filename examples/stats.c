/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All servers, and some of what each of them counts.
 *
 *     ./stats "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>
#include <string.h>

static void
show_stats(mcp_client *c, int server)
{
    mcp_result r = MCP_RESULT_INIT;
    mcp_stat stat;
    size_t position = 0;

    if (mcp_stats(c, server, NULL, &r) != MCP_OK) {
        printf("  %s\n", mcp_last_error(c)->text);
        return;
    }
    while (mcp_stat_next(&r, &position, &stat))
        if (stat.name_len == 10 && memcmp(stat.name, "curr_items", 10) == 0)
            printf("  %.*s items\n", (int)stat.value_len, stat.value);
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
    for (int i = 0; i < mcp_server_count(c); i++) {
        mcp_server server = MCP_SERVER_INIT;
        mcp_result r = MCP_RESULT_INIT;
        mcp_status status = mcp_version(c, i, &r);

        mcp_server_info(c, i, &server);
        printf("%s %s, %s", server.is_backup ? "backup" : "primary", server.name,
               mcp_strstate(server.state));
        if (status == MCP_OK)
            printf(", memcached %.*s", (int)r.value_len, (const char *)r.value);
        putchar('\n');
        show_stats(c, i);
    }
    mcp_close(c);
    return 0;
}

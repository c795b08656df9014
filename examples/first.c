/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ten lines: open, store, read, close.
 *
 *     cc first.c $(pkg-config --cflags --libs libmcproxy) -o first
 *     ./first "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    char why[160];
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);
    mcp_result r = MCP_RESULT_INIT;

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    if (mcp_set(c, "user:1", 6, "Ada", 3, 3600, 0) != MCP_OK ||
        mcp_get(c, "user:1", 6, &r) != MCP_OK)
        fprintf(stderr, "%s\n", mcp_last_error(c)->text);
    else
        printf("%.*s\n", (int)r.value_len, (const char *)r.value);
    mcp_close(c);
    return r.value_len == 3 ? 0 : 1;
}

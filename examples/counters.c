/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Count: a counter that begins by itself, goes up and stops at 0, with a time to live.
 *
 *     ./counters "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>

static int
failed(mcp_client *c)
{
    fprintf(stderr, "%s\n", mcp_last_error(c)->text);
    mcp_close(c);
    return 1;
}

int
main(int argc, char **argv)
{
    uint64_t number = 0;
    char why[160];
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    mcp_delete(c, "hits", 4);
    printf("without a value: %s\n", mcp_strstatus(mcp_incr(c, "hits", 4, 1, NULL)));
    /* The first one stores 1 for an hour, the others add 10. */
    for (int i = 0; i < 3; i++) {
        if (mcp_incr_from(c, "hits", 4, 10, 1, 3600, &number) != MCP_OK)
            return failed(c);
        printf("%llu\n", (unsigned long long)number);
    }
    if (mcp_decr(c, "hits", 4, 100, &number) != MCP_OK)
        return failed(c);
    printf("not below %llu\n", (unsigned long long)number);
    mcp_close(c);
    return 0;
}

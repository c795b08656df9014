/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A value that is dear to compute: when it is missing, one of many callers computes it, and the
 * others are told to ask again.
 *
 *     ./lease "server=127.0.0.1:11211 backup=127.0.0.1:11212"
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
    mcp_result r = MCP_RESULT_INIT;
    char why[160];
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    mcp_client *other = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    mcp_delete(c, "report", 6);
    /* Nobody else gets the right within 30 seconds. */
    if (mcp_get_or_lease(c, "report", 6, 30, 0, &r) != MCP_NOT_FOUND || r.cas == 0)
        return failed(c);
    printf("the first one computes it\n");
    uint64_t token = r.cas;
    if (other != NULL)
        printf("another one: %s\n", mcp_strstatus(mcp_get_or_lease(other, "report", 6, 30, 0, &r)));
    if (mcp_fill(c, "report", 6, "42", 2, 600, 0, token) != MCP_OK)
        return failed(c);
    if (other != NULL && mcp_get_or_lease(other, "report", 6, 30, 0, &r) == MCP_OK)
        printf("then: %.*s\n", (int)r.value_len, (const char *)r.value);
    mcp_close(other);
    mcp_close(c);
    return 0;
}

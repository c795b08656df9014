/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which keys does a server hold? Lists those of all servers, primaries' copies only, and ends after
 * as many as wanted.
 *
 *     ./dump "server=127.0.0.1:11211 backup=127.0.0.1:11212" 100
 */
#include <mcproxy/dump.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct listing {
    long left;
    long n;
} listing;

/* Other clients wait for this server's dump while this function runs: it should be quick. */
static int
show(void *context, const mcp_dump_item *item)
{
    listing *list = context;

    if (item->copy != MCP_DUMP_PRIMARY)
        return 0;
    if (item->ttl < 0)
        printf("%.*s: for ever\n", (int)item->key_len, (const char *)item->key);
    else
        printf("%.*s: %lld s\n", (int)item->key_len, (const char *)item->key, (long long)item->ttl);
    list->n++;
    return --list->left == 0; /* anything but 0 ends the dump */
}

int
main(int argc, char **argv)
{
    char why[160];
    listing list = {argc > 2 ? strtol(argv[2], NULL, 10) : -1, 0};
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    mcp_status status = mcp_dump(c, -1, 10000, show, &list);
    if (status < MCP_OK)
        fprintf(stderr, "%s\n", mcp_last_error(c)->text);
    printf("%ld keys%s\n", list.n, status == MCP_NOT_STORED ? ", and more" : "");
    mcp_close(c);
    return status < MCP_OK;
}

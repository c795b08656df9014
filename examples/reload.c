/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The servers stand in a file, with comments; it is read again for every line of standard input,
 * and what stays in the list keeps its connection.
 *
 *     printf '# ours\nserver=127.0.0.1:11211\nserver=127.0.0.1:11212\n' > cache.conf
 *     ./reload file=cache.conf
 */
#include <inttypes.h>
#include <mcproxy/mcproxy.h>
#include <stdio.h>

static void
show(mcp_client *c)
{
    for (int i = 0; i < mcp_server_count(c); i++) {
        mcp_server s = MCP_SERVER_INIT;

        mcp_ping(c, i);
        mcp_server_info(c, i, &s);
        printf("%s, connected %" PRIu64 " times\n", s.name, s.connects);
    }
    printf("%d servers\n", mcp_server_count(c));
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    char line[100], why[160];
    const char *options = argc > 1 ? argv[1] : "file=cache.conf";
    mcp_client *c = mcp_open(options, why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    show(c);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (mcp_reload(c, options) != MCP_OK)
            printf("as before: %s\n", mcp_last_error(c)->text);
        show(c);
    }
    mcp_close(c);
    return 0;
}

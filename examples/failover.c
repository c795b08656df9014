/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Watch a failover: stores a hundred keys, then reads them all each time you press Enter, and says
 * who answered. Kill or pause a server in between.
 *
 *     ./failover "server=127.0.0.1:11211 server=127.0.0.1:11212 backup=127.0.0.1:11213"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>
#include <string.h>

enum { N_KEYS = 100 };

static int
store(mcp_client *c)
{
    char key[32];
    int failed = 0;

    for (int i = 0; i < N_KEYS; i++) {
        int len = snprintf(key, sizeof key, "example:%d", i);

        failed += mcp_set(c, key, (size_t)len, key, (size_t)len, 600, 0) != MCP_OK;
    }
    return failed;
}

/* A miss and a failure are never the same: a miss is an answer. */
static int
read_all(mcp_client *c)
{
    int primary = 0;
    int backup = 0;
    int missed = 0;
    int failed = 0;

    for (int i = 0; i < N_KEYS; i++) {
        mcp_result r = MCP_RESULT_INIT;
        char key[32];
        int len = snprintf(key, sizeof key, "example:%d", i);
        mcp_status status = mcp_get(c, key, (size_t)len, &r);

        failed += status < 0;
        missed += status == MCP_NOT_FOUND;
        primary += status == MCP_OK && !r.from_backup;
        backup += status == MCP_OK && r.from_backup;
    }
    printf("%d from primaries, %d from backups, %d misses, %d errors\n", primary, backup, missed,
           failed);
    return failed;
}

static void
show_servers(mcp_client *c)
{
    for (int i = 0; i < mcp_server_count(c); i++) {
        mcp_server s = MCP_SERVER_INIT;

        mcp_server_info(c, i, &s);
        printf("  %-8s %s: %s%s%s\n", s.is_backup ? "backup" : "primary", s.name,
               mcp_strstate(s.state), s.why[0] != '\0' ? ", " : "", s.why);
    }
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    char line[80];
    char why[160];
    mcp_client *c;
    int failed;

    c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);
    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    failed = store(c);
    printf("%d keys stored, %d failed; Enter reads them, end of input ends\n", N_KEYS, failed);
    show_servers(c);
    while (fgets(line, sizeof line, stdin) != NULL) {
        failed += read_all(c);
        show_servers(c);
    }
    mcp_close(c);
    return failed == 0 ? 0 : 1;
}

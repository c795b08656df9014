/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A log: what the client does, in lines, with the time at which it happened. Stores and reads a few
 * keys.
 *
 *     ./log "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>
#include <time.h>

static void
on_log(void *context, const mcp_log_entry *entry)
{
    FILE *file = context;
    time_t when = time(NULL) - (time_t)(entry->ago_ms / 1000);
    char text[32] = "";

    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", localtime(&when));
    fprintf(file, "%s %s: %s\n", text, mcp_strlevel(entry->level), entry->text);
}

int
main(int argc, char **argv)
{
    char why[160];
    int n_failed = 0;
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    mcp_on_log(c, MCP_LOG_DEBUG, on_log, stdout);
    for (int i = 0; i < 10; i++) {
        char key[32];
        size_t len = (size_t)snprintf(key, sizeof key, "log:%d", i);

        n_failed += mcp_set(c, key, len, "value", 5, 60, 0) != MCP_OK;
        n_failed += mcp_get(c, key, len, NULL) != MCP_OK;
    }
    printf("%d failed\n", n_failed);
    mcp_close(c);
    return n_failed > 0;
}

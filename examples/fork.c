/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process that forks: parent and child go on with the same client, at the same time. The child
 * makes connections of its own, and those of the parent stay as they are.
 *
 *     ./fork "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 1000 };

/* Stores and reads back its own text; how often that was not what came. */
static int
work(mcp_client *c, const char *who)
{
    size_t len = strlen(who);
    int failed = 0;

    for (int i = 0; i < ROUNDS; i++) {
        mcp_result r = MCP_RESULT_INIT;

        if (mcp_set(c, who, len, who, len, 60, 0) != MCP_OK || mcp_get(c, who, len, &r) != MCP_OK ||
            r.value_len != len || memcmp(r.value, who, len) != 0)
            failed++;
    }
    return failed;
}

int
main(int argc, char **argv)
{
    char why[160];
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);
    int failed, status = 0;
    pid_t child;

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    work(c, "before"); /* it is connected */
    child = fork();
    if (child < 0) {
        perror("fork");
        return 2;
    }
    failed = work(c, child == 0 ? "child" : "parent");
    printf("%s: %d rounds, %d failed\n", child == 0 ? "child" : "parent", ROUNDS, failed);
    mcp_close(c); /* in each of them */
    if (child == 0)
        return failed == 0 ? 0 : 1;
    waitpid(child, &status, 0);
    return failed == 0 && status == 0 ? 0 : 1;
}

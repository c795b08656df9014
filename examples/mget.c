/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many keys with one call, on all servers in parallel: with all results at the end, and told one by
 * one as they come, which keeps none of them.
 *
 *     ./mget "server=127.0.0.1:11211 server=127.0.0.1:11212 backup=127.0.0.1:11213"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>

/* In any order; the value stands until this returns. */
static void
add(void *context, size_t index, const mcp_result *result)
{
    size_t *sum = context;

    (void)index; /* keys[index] is the key */
    if (result->status == MCP_OK)
        *sum += result->value_len;
}

int
main(int argc, char **argv)
{
    static const void *const keys[] = {"user:1", "user:2", "user:3", "user:1"};
    enum { N = sizeof keys / sizeof keys[0] };
    mcp_result results[N];
    char why[160];
    mcp_client *c = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);
    size_t n_failed, sum = 0;

    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    mcp_set(c, "user:1", 6, "Ada", 3, 60, 0);
    mcp_set(c, "user:2", 6, "Grace", 5, 60, 0);
    mcp_delete(c, "user:3", 6);
    for (int i = 0; i < N; i++)
        results[i] = (mcp_result)MCP_RESULT_INIT;
    n_failed = mcp_mget(c, keys, NULL, N, results);
    for (int i = 0; i < N; i++) {
        if (results[i].status == MCP_OK)
            printf("%s %.*s\n", (const char *)keys[i], (int)results[i].value_len,
                   (const char *)results[i].value);
        else
            printf("%s %s\n", (const char *)keys[i], mcp_strstatus(results[i].status));
    }
    n_failed += mcp_mget_each(c, keys, NULL, N, add, &sum);
    printf("%zu bytes\n", sum);
    mcp_close(c);
    return n_failed == 0 ? 0 : 1;
}

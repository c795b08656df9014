/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Change a value without losing the change of somebody else: read it with its token, compute,
 * store only if nobody was faster, else begin anew.
 *
 *     ./cas "server=127.0.0.1:11211 backup=127.0.0.1:11212"
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>
#include <string.h>

static int
failed(mcp_client *c)
{
    fprintf(stderr, "%s\n", mcp_last_error(c)->text);
    mcp_close(c);
    return 1;
}

/* Appends a word to a list of words. */
static mcp_status
add_word(mcp_client *c, const char *key, const char *word)
{
    mcp_status status;

    do {
        char list[200];
        mcp_result r = MCP_RESULT_INIT;

        status = mcp_gets(c, key, strlen(key), &r);
        if (status == MCP_NOT_FOUND) { /* nobody has it: whoever adds it first wins */
            status = mcp_add(c, key, strlen(key), word, strlen(word), 0, 0);
            continue;
        }
        if (status != MCP_OK)
            break;
        int len =
            snprintf(list, sizeof list, "%.*s %s", (int)r.value_len, (const char *)r.value, word);
        if (len >= (int)sizeof list)
            return MCP_TOO_BIG;
        status = mcp_cas(c, key, strlen(key), list, (size_t)len, 0, 0, r.cas);
    } while (status == MCP_EXISTS || status == MCP_NOT_STORED || status == MCP_NOT_FOUND);
    return status;
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
    mcp_delete(c, "words", 5);
    if (add_word(c, "words", "one") != MCP_OK || add_word(c, "words", "two") != MCP_OK ||
        mcp_gets(c, "words", 5, &r) != MCP_OK)
        return failed(c);
    printf("%.*s\n", (int)r.value_len, (const char *)r.value);
    uint64_t token = r.cas;
    mcp_set(c, "words", 5, "other", 5, 0, 0);
    printf("an old token: %s\n", mcp_strstatus(mcp_cas(c, "words", 5, "late", 4, 0, 0, token)));
    mcp_close(c);
    return 0;
}

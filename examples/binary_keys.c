/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys of any bytes: with keys=base64 blanks, control bytes and NUL are allowed.
 *
 *     ./binary_keys "server=127.0.0.1:11211 backup=127.0.0.1:11212"
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
    static const unsigned char key[] = {0x00, 0x20, 0x0a, 0xff};
    char options[400], why[160];
    mcp_result r = MCP_RESULT_INIT;

    snprintf(options, sizeof options, "%s keys=base64", argc > 1 ? argv[1] : "server=127.0.0.1");
    mcp_client *c = mcp_open(options, why, sizeof why);
    if (c == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    if (mcp_set(c, key, sizeof key, "binary", 6, 0, 0) != MCP_OK ||
        mcp_set(c, "two words", 9, "text", 4, 0, 0) != MCP_OK ||
        mcp_get(c, key, sizeof key, &r) != MCP_OK)
        return failed(c);
    printf("%.*s\n", (int)r.value_len, (const char *)r.value);
    if (mcp_get(c, "two words", 9, &r) != MCP_OK ||
        mcp_result_take(c, &r) != MCP_OK) /* ours now, with a NUL behind it */
        return failed(c);
    mcp_delete(c, "two words", 9);
    printf("%s\n", (const char *)r.value);
    mcp_release(c, r.value);
    mcp_close(c);
    return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS, and a password that stands in a file: docs/secure.md has the servers for it.
 *
 *     cc secure.c $(pkg-config --cflags --libs libmcproxy) -o secure
 *     ./secure cache.example:11211 ca.pem [auth-file]
 */
#include <mcproxy/mcproxy.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    char options[1024], why[240];
    mcp_result r = MCP_RESULT_INIT;

    if (argc < 3) {
        fprintf(stderr, "usage: secure SERVER CA-FILE [AUTH-FILE]\n");
        return 2;
    }
    snprintf(options, sizeof options, "server=\"%s\" tls=yes tls_ca=\"%s\" timeout=2s%s%s%s",
             argv[1], argv[2], argc > 3 ? " auth=\"file:" : "", argc > 3 ? argv[3] : "",
             argc > 3 ? "\"" : "");
    mcp_client *c = mcp_open(options, why, sizeof why);
    if (c == NULL) { /* a word that is wrong, or a file that cannot be used */
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    /* A server that cannot be trusted, or does not trust us, is an error of the first call. */
    mcp_status status = mcp_set(c, "user:1", 6, "Ada", 3, 3600, 0);
    if (status == MCP_OK)
        status = mcp_get(c, "user:1", 6, &r);
    if (status == MCP_OK)
        printf("%.*s\n", (int)r.value_len, (const char *)r.value);
    else
        fprintf(stderr, "%s: %s\n", mcp_strstatus(status), mcp_last_error(c)->text);
    mcp_close(c);
    return status == MCP_OK ? 0 : 1;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/options_secure.h"

#include "io/tls.h"

/* The row of a name, if it was given; else -1. */
static int
given(const mcp__config *config, const char *name)
{
    int row = mcp__table_find(name);
    return (config->given >> row & 1) != 0 ? row : -1;
}

mcp_status
mcp__options_secure_check(const mcp__config *config, const mcp__word_place *places, mcp__err *err)
{
    static const char *const parts[] = {"tls_ca", "tls_cert", "tls_key", "tls_name", "tls_verify"};
    int row = given(config, "tls");
    if (config->tls && !mcp__tls_is_built())
        return mcp__words_refuse(&places[row], err,
                                 "this build has no TLS; configure --with-openssl builds it");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        row = given(config, parts[i]);
        if (row >= 0 && !config->tls)
            return mcp__words_refuse(&places[row], err, "it is of no use without tls=yes");
    }
    row = given(config, "tls_key");
    if (row >= 0 && config->tls_cert == NULL)
        return mcp__words_refuse(&places[row], err, "the certificate is missing: tls_cert=");
    return MCP_OK;
}

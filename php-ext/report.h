/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telling the user of failures: once per server and failure, by the pool's failure callback or
 * else by a notice. A failure that another copy made up for is told, too.
 */
#ifndef MCPROXY_REPORT_H
#define MCPROXY_REPORT_H

#include "pool.h"

/* Whether everything about a result is as it should be, so that there is nothing to tell. */
static inline bool
mcproxy_report_is_calm(const mcp_result *result)
{
    return result->status >= 0 && result->primary == MCP_COPY_OK &&
           result->backup <= MCP_COPY_OK && result->status < MCP_TOO_BIG;
}

/*
 * Looks for servers that have failed since the user was last told, and tells. To be called when
 * nothing borrowed from the client is needed any more: the callback may use the pool.
 */
void mcproxy_report_servers(mcproxy_pool *pool);

/* The pool is about to get another client: what was told of is not told again. */
void mcproxy_report_remember(mcproxy_pool *pool);

/* What a server refused (MCP_TOO_BIG, MCP_NOT_NUMBER ...), in the old extension's words. */
void mcproxy_report_refusal(mcproxy_pool *pool, mcp_status status, int server);

/* For connect(): why that server does not answer; the notice first, then the warning. */
void mcproxy_report_connect(mcproxy_pool *pool, int server);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The library of this tree, through its public calls, with its default options. */
#include <mcproxy/mcproxy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

typedef struct mcproxy_client {
    const bench_pool *pool;
    mcp_client *client;
    mcp_request requests[BENCH_BATCH_MAX];
    mcp_result results[BENCH_BATCH_MAX];
} mcproxy_client;

static void *
open_mcproxy(const bench_pool *pool)
{
    static _Thread_local char options[BENCH_SERVERS_MAX * 128 + 400];
    char why[160];
    size_t used = 0;
    mcproxy_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    for (size_t i = 0; i < pool->n_servers; i++)
        used +=
            (size_t)snprintf(options + used, sizeof options - used, "server=%s ", pool->servers[i]);
    if (pool->backup != NULL)
        used += (size_t)snprintf(options + used, sizeof options - used, "backup=%s ", pool->backup);
    /* Time enough for a counting tool; what a call costs does not depend on it. */
    snprintf(options + used, sizeof options - used, "timeout=20s %s", pool->options);
    c->pool = pool;
    c->client = mcp_open(options, why, sizeof why);
    if (c->client == NULL) {
        fprintf(stderr, "%s\n", why);
        free(c);
        return NULL;
    }
    for (size_t i = 0; i < pool->batch; i++) {
        c->requests[i] = (mcp_request)MCP_REQUEST_INIT;
        c->requests[i].key_len = BENCH_KEY_LEN;
        c->results[i] = (mcp_result)MCP_RESULT_INIT;
    }
    return c;
}

static int
get(void *client, size_t number)
{
    mcproxy_client *c = client;
    mcp_result result = MCP_RESULT_INIT;
    mcp_status status = mcp_get(c->client, bench_key(number), BENCH_KEY_LEN, &result);
    return status == MCP_OK && result.value_len == c->pool->value_len ? 0 : -1;
}

static int
set(void *client, size_t number)
{
    mcproxy_client *c = client;
    mcp_status status = mcp_set(c->client, bench_key(number), BENCH_KEY_LEN, c->pool->value,
                                c->pool->value_len, 0, 0);
    return status == MCP_OK ? 0 : -1;
}

static int
erase(void *client, size_t number)
{
    mcproxy_client *c = client;
    mcp_status status = mcp_delete(c->client, bench_key(number), BENCH_KEY_LEN);
    return status == MCP_OK || status == MCP_NOT_FOUND ? 0 : -1;
}

static int
count(void *client, size_t number)
{
    mcproxy_client *c = client;
    return mcp_incr(c->client, bench_key(number), BENCH_KEY_LEN, 1, NULL) == MCP_OK ? 0 : -1;
}

static int
get_many(void *client, size_t number)
{
    mcproxy_client *c = client;
    size_t n = c->pool->batch;
    for (size_t i = 0; i < n; i++)
        c->requests[i].key = bench_key((number + i) % BENCH_KEYS);
    if (mcp_batch(c->client, c->requests, c->results, n) != 0)
        return -1;
    return c->results[0].status == MCP_OK && c->results[n - 1].status == MCP_OK ? 0 : -1;
}

static void
finish(void *client)
{
    mcproxy_client *c = client;
    mcp_close(c->client);
    free(c);
}

const bench_client bench_mcproxy = {
    .name = "mcproxy",
    .open = open_mcproxy,
    .get = get,
    .set = set,
    .erase = erase,
    .count = count,
    .get_many = get_many,
    .close = finish,
};

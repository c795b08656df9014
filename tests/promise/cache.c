/* SPDX-License-Identifier: BSD-3-Clause */
#include "cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/wait.h"

enum { MAX_SERVERS = 8, DOWN_MS = 300 };

struct cache {
    mcp_client *library;
    int is_plain; /* then the library only tells where keys live */
    mcp_client *alone[MAX_SERVERS];
    int64_t down_until_ms[MAX_SERVERS];
};

static mcp_client *
open_or_tell(const char *options)
{
    char why[200];
    mcp_client *client = mcp_open(options, why, sizeof why);

    if (client == NULL)
        fprintf(stderr, "mcp_open(\"%s\"): %s\n", options, why);
    return client;
}

static mcp_client *
open_alone(const mcp_client *library, int number, unsigned timeout_ms)
{
    mcp_server info = MCP_SERVER_INIT;
    char options[256];

    if (mcp_server_info(library, number, &info) != MCP_OK)
        return NULL;
    snprintf(options, sizeof options, "server=%s timeout=%ums retry_max=300ms", info.address,
             timeout_ms / 5);
    return open_or_tell(options);
}

cache *
cache_open(const char *options, int is_plain, unsigned timeout_ms)
{
    cache *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->is_plain = is_plain;
    c->library = open_or_tell(options);
    for (int i = 0; c->library != NULL && is_plain && i < mcp_server_count(c->library); i++)
        c->alone[i] = open_alone(c->library, i, timeout_ms);
    if (c->library != NULL)
        return c;
    free(c);
    return NULL;
}

void
cache_close(cache *c)
{
    if (c == NULL)
        return;
    for (int i = 0; i < MAX_SERVERS; i++)
        mcp_close(c->alone[i]);
    mcp_close(c->library);
    free(c);
}

/* ---- Plain mirroring ---------------------------------------------------------------------- */

/* One server alone; one that has failed is left alone for a while. */
static mcp_status
plain_one(cache *c, int number, const mcp_request *request, mcp_result *result)
{
    if (now_ms() < c->down_until_ms[number])
        return MCP_NO_SERVER;
    if (mcp_call(c->alone[number], request, result) < 0)
        c->down_until_ms[number] = now_ms() + DOWN_MS;
    return result->status;
}

static mcp_status
plain_read(cache *c, const mcp_location *at, const mcp_request *request, mcp_result *result)
{
    mcp_status status = plain_one(c, at->primary, request, result);

    if (status >= 0)
        return status;
    status = plain_one(c, at->backup, request, result);
    result->from_backup = 1;
    return status;
}

static mcp_status
plain_write(cache *c, const mcp_location *at, const mcp_request *request, mcp_result *result)
{
    mcp_status first = plain_one(c, at->primary, request, result);
    mcp_status second = plain_one(c, at->backup, request, result);

    return first >= 0 ? first : second;
}

static mcp_status
plain_call(cache *c, const mcp_request *request, mcp_result *result)
{
    mcp_location at;

    if (mcp_where(c->library, request->key, request->key_len, NULL, 0, &at) != MCP_OK)
        return MCP_BAD_KEY;
    result->status = (request->verb == MCP_GET ? plain_read : plain_write)(c, &at, request, result);
    return result->status;
}

mcp_status
cache_call(cache *c, const mcp_request *request, mcp_result *result)
{
    return c->is_plain ? plain_call(c, request, result) : mcp_call(c->library, request, result);
}

size_t
cache_batch(cache *c, const mcp_request *requests, mcp_result *results, size_t n)
{
    return mcp_batch(c->library, requests, results, n);
}

void
cache_on_event(cache *c, mcp_event_callback callback, void *context)
{
    if (!c->is_plain)
        mcp_on_event(c->library, callback, context);
}

void
cache_maintain(cache *c)
{
    if (!c->is_plain)
        mcp_maintain(c->library);
}

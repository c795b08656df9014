/* SPDX-License-Identifier: BSD-3-Clause */
/* What a request has to be, and what is wrong with it. */
#include "api/client.h"

#include <string.h>

#include "pair/marks.h"
#include "wire/base64.h"
#include "wire/key.h"
#include "wire/ttl.h"

#define STATS_ARGUMENT_MAX 200
#define LEASE_MAX_S 3600

static mcp_status
check_key(mcp_client *client, const mcp_request *request)
{
    mcp__err *err = &client->err;
    const mcp__config *config = &client->config;
    char quoted[80];
    if (request->key == NULL || request->key_len == 0)
        return mcp__err_set(err, MCP_BAD_KEY, "the key is empty");
    mcp__err_quote(quoted, sizeof quoted, request->key, request->key_len);
    if (request->key_len > MCP__KEY_MAX || request->key_len + config->namespace_len > MCP__KEY_MAX)
        return mcp__err_set(err, MCP_BAD_KEY, "the key \"%s\" has %zu bytes%s, more than %d",
                            quoted, request->key_len + config->namespace_len,
                            config->namespace_len > 0 ? " with its namespace" : "", MCP__KEY_MAX);
    size_t bad = mcp__key_first_bad(request->key, request->key_len);
    if (bad < request->key_len && config->keys == MCP__KEYS_BASE64)
        return mcp__err_set(
            err, MCP_BAD_KEY, "the key \"%s\" has %zu bytes%s, more than the %d that fit in base64",
            quoted, request->key_len + config->namespace_len,
            config->namespace_len > 0 ? " with its namespace" : "", MCP__BASE64_RAW_MAX);
    if (bad < request->key_len)
        return mcp__err_set(err, MCP_BAD_KEY,
                            "the key \"%s\" has the byte 0x%02x at position %zu; white space and "
                            "control bytes are not allowed",
                            quoted, ((const uint8_t *)request->key)[bad], bad + 1);
    return mcp__err_set(err, MCP_BAD_KEY, "the key \"%s\" begins with the reserved prefix \"%s\"",
                        quoted, config->prefix);
}

/* Binary keys go in base64, if they may. */
static int
is_encoded(const mcp__config *config, const mcp_request *request)
{
    return config->keys == MCP__KEYS_BASE64 &&
           request->key_len + config->namespace_len <= MCP__BASE64_RAW_MAX;
}

static int
is_good_key(const mcp_client *client, const mcp_request *request)
{
    return mcp__client_key_fits(client, request) &&
           (mcp__key_is_clean(request->key, request->key_len) ||
            is_encoded(&client->config, request)) &&
           !mcp__client_key_is_reserved(client, request);
}

/* Words with one blank between them, as in "cachedump 1 100". */
static int
is_good_argument(const mcp_request *request)
{
    const uint8_t *at = request->key;
    size_t left = request->key_len;
    if (at == NULL || left > STATS_ARGUMENT_MAX)
        return 0;
    for (const uint8_t *blank; (blank = memchr(at, ' ', left)) != NULL; at = blank + 1) {
        if (blank == at || !mcp__key_is_clean(at, (size_t)(blank - at)))
            return 0;
        left -= (size_t)(blank + 1 - at);
    }
    return left > 0 && mcp__key_is_clean(at, left);
}

static mcp_status
check_server(mcp_client *client, const mcp_request *request)
{
    uint32_t n = client->engine.n_servers;
    if (request->server < 0 || (uint32_t)request->server >= n)
        return mcp__err_set(&client->err, MCP_BAD_ARGUMENT, "there is no server %d, only 0 to %u",
                            request->server, n - 1);
    if (request->verb != MCP_STATS || request->key_len == 0 || is_good_argument(request))
        return MCP_OK;
    return mcp__err_set(&client->err, MCP_BAD_ARGUMENT,
                        "the argument of stats is words with single blanks, at most %d bytes",
                        STATS_ARGUMENT_MAX);
}

static mcp_status
check_value(mcp_client *client, const mcp_request *request)
{
    if (request->value == NULL && request->value_len > 0)
        return mcp__err_set(&client->err, MCP_BAD_ARGUMENT, "the value is NULL with length %zu",
                            request->value_len);
    if (request->value_len > client->config.max_value)
        return mcp__err_set(&client->err, MCP_TOO_BIG,
                            "the value has %zu bytes, more than max_value=%llu", request->value_len,
                            (unsigned long long)client->config.max_value);
    return MCP_OK;
}

static mcp_status
check_lease(mcp_client *client, const mcp_request *request)
{
    if (request->ttl < 1 || request->ttl > LEASE_MAX_S)
        return mcp__err_set(&client->err, MCP_BAD_ARGUMENT,
                            "a lease lasts 1 to %d seconds, not %lld", LEASE_MAX_S,
                            (long long)request->ttl);
    if (request->delta > INT32_MAX)
        return mcp__err_set(&client->err, MCP_BAD_ARGUMENT,
                            "%llu seconds before its end is more than 2147483647",
                            (unsigned long long)request->delta);
    return MCP_OK;
}

mcp_status
mcp__client_check_slowly(mcp_client *client, const mcp_request *request)
{
    mcp__err *err = &client->err;
    if (request->size < offsetof(mcp_request, route))
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "the request is not MCP_REQUEST_INIT");
    if (request->verb < MCP_GET || request->verb > MCP_LEASE)
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "there is no verb %d", (int)request->verb);
    if (!mcp__ttl_is_valid(request->ttl))
        return mcp__err_set(err, MCP_BAD_ARGUMENT,
                            "the ttl %lld is above 2147483647; servers would store a miss",
                            (long long)request->ttl);
    if (request->timeout_ms > INT32_MAX)
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "the timeout of %u ms is above 2147483647",
                            request->timeout_ms);
    if (request->verb >= MCP_FLUSH && request->verb <= MCP_PING)
        return check_server(client, request);
    if (!is_good_key(client, request))
        return check_key(client, request);
    if (request->route != NULL && request->route_len == 0)
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "the route key is empty");
    if (request->verb >= MCP_SET && request->verb <= MCP_CAS)
        return check_value(client, request);
    if (request->verb == MCP_LEASE)
        return check_lease(client, request);
    return MCP_OK;
}

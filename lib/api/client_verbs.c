/* SPDX-License-Identifier: BSD-3-Clause */
/* The everyday verbs: each fills a request and calls mcp_call(). */
#include "api/client.h"

static mcp_request
of_key(mcp_verb verb, const void *key, size_t key_len)
{
    mcp_request request = MCP_REQUEST_INIT;
    request.verb = verb;
    request.key = key;
    request.key_len = key_len;
    return request;
}

static mcp_status
store(mcp_client *client, mcp_request request, const void *value, size_t value_len)
{
    request.value = value;
    request.value_len = value_len;
    return mcp_call(client, &request, NULL);
}

mcp_status
mcp_get(mcp_client *client, const void *key, size_t key_len, mcp_result *result)
{
    mcp_request request = of_key(MCP_GET, key, key_len);
    return mcp_call(client, &request, result);
}

mcp_status
mcp_gets(mcp_client *client, const void *key, size_t key_len, mcp_result *result)
{
    mcp_request request = of_key(MCP_GET, key, key_len);
    request.want = MCP_WANT_CAS | MCP_WANT_TTL;
    return mcp_call(client, &request, result);
}

mcp_status
mcp_gat(mcp_client *client, const void *key, size_t key_len, int64_t ttl, mcp_result *result)
{
    mcp_request request = of_key(MCP_GAT, key, key_len);
    request.ttl = ttl;
    return mcp_call(client, &request, result);
}

mcp_status
mcp_set(mcp_client *client, const void *key, size_t key_len, const void *value, size_t value_len,
        int64_t ttl, uint32_t flags)
{
    mcp_request request = of_key(MCP_SET, key, key_len);
    request.ttl = ttl;
    request.flags = flags;
    return store(client, request, value, value_len);
}

mcp_status
mcp_add(mcp_client *client, const void *key, size_t key_len, const void *value, size_t value_len,
        int64_t ttl, uint32_t flags)
{
    mcp_request request = of_key(MCP_ADD, key, key_len);
    request.ttl = ttl;
    request.flags = flags;
    return store(client, request, value, value_len);
}

mcp_status
mcp_replace(mcp_client *client, const void *key, size_t key_len, const void *value,
            size_t value_len, int64_t ttl, uint32_t flags)
{
    mcp_request request = of_key(MCP_REPLACE, key, key_len);
    request.ttl = ttl;
    request.flags = flags;
    return store(client, request, value, value_len);
}

mcp_status
mcp_append(mcp_client *client, const void *key, size_t key_len, const void *value, size_t value_len)
{
    return store(client, of_key(MCP_APPEND, key, key_len), value, value_len);
}

mcp_status
mcp_prepend(mcp_client *client, const void *key, size_t key_len, const void *value,
            size_t value_len)
{
    return store(client, of_key(MCP_PREPEND, key, key_len), value, value_len);
}

mcp_status
mcp_cas(mcp_client *client, const void *key, size_t key_len, const void *value, size_t value_len,
        int64_t ttl, uint32_t flags, uint64_t cas)
{
    mcp_request request = of_key(MCP_CAS, key, key_len);
    request.ttl = ttl;
    request.flags = flags;
    request.cas = cas;
    return store(client, request, value, value_len);
}

mcp_status
mcp_delete(mcp_client *client, const void *key, size_t key_len)
{
    mcp_request request = of_key(MCP_DELETE, key, key_len);
    return mcp_call(client, &request, NULL);
}

mcp_status
mcp_touch(mcp_client *client, const void *key, size_t key_len, int64_t ttl)
{
    mcp_request request = of_key(MCP_TOUCH, key, key_len);
    request.ttl = ttl;
    return mcp_call(client, &request, NULL);
}

static mcp_status
count(mcp_client *client, mcp_request *request, uint64_t delta, uint64_t *number)
{
    mcp_result result = MCP_RESULT_INIT;
    request->delta = delta;
    mcp_status status = mcp_call(client, request, &result);
    if (status == MCP_OK && number != NULL)
        *number = result.number;
    return status;
}

static mcp_status
count_from(mcp_client *client, mcp_request *request, uint64_t delta, uint64_t initial, int64_t ttl,
           uint64_t *number)
{
    request->initial = initial;
    request->with_initial = 1;
    request->ttl = ttl;
    return count(client, request, delta, number);
}

mcp_status
mcp_incr(mcp_client *client, const void *key, size_t key_len, uint64_t delta, uint64_t *number)
{
    mcp_request request = of_key(MCP_INCR, key, key_len);
    return count(client, &request, delta, number);
}

mcp_status
mcp_decr(mcp_client *client, const void *key, size_t key_len, uint64_t delta, uint64_t *number)
{
    mcp_request request = of_key(MCP_DECR, key, key_len);
    return count(client, &request, delta, number);
}

mcp_status
mcp_incr_from(mcp_client *client, const void *key, size_t key_len, uint64_t delta, uint64_t initial,
              int64_t ttl, uint64_t *number)
{
    mcp_request request = of_key(MCP_INCR, key, key_len);
    return count_from(client, &request, delta, initial, ttl, number);
}

mcp_status
mcp_decr_from(mcp_client *client, const void *key, size_t key_len, uint64_t delta, uint64_t initial,
              int64_t ttl, uint64_t *number)
{
    mcp_request request = of_key(MCP_DECR, key, key_len);
    return count_from(client, &request, delta, initial, ttl, number);
}

/* ---- leases ---- */

mcp_status
mcp_get_or_lease(mcp_client *client, const void *key, size_t key_len, uint32_t lease_seconds,
                 uint32_t early_seconds, mcp_result *result)
{
    mcp_request request = of_key(MCP_LEASE, key, key_len);
    request.ttl = lease_seconds;
    request.delta = early_seconds;
    request.want = MCP_WANT_CAS;
    return mcp_call(client, &request, result);
}

/* What the lease was won for is a stub with a number of its own: whoever wrote or deleted the key
 * since, or the end of the lease, took that number away. */
mcp_status
mcp_fill(mcp_client *client, const void *key, size_t key_len, const void *value, size_t value_len,
         int64_t ttl, uint32_t flags, uint64_t lease)
{
    mcp_request request = of_key(MCP_CAS, key, key_len);
    if (mcp__client_is_busy(client))
        return MCP_BUSY;
    if (lease == 0)
        return mcp__err_set(&client->err, MCP_BAD_ARGUMENT,
                            "the lease is 0: this caller has not won it");
    request.ttl = ttl;
    request.flags = flags;
    request.cas = lease;
    mcp_status status = store(client, request, value, value_len);
    if (status != MCP_NOT_FOUND)
        return status;
    client->err.status = MCP_EXISTS;
    return MCP_EXISTS;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include "value.h"

/* The key goes into the request; `extra` says what follows it, as zend_parse_parameters() wants. */
#define PARSE(extra, ...)                                                                          \
    (zend_parse_parameters(ZEND_NUM_ARGS(), "S" extra, &key, ##__VA_ARGS__) == SUCCESS &&          \
     (client = mcproxy_client_of(getThis())) != NULL)

static mcp_request
request_for(mcp_verb verb, const zend_string *key)
{
    mcp_request request = MCP_REQUEST_INIT;
    request.verb = verb;
    request.key = ZSTR_VAL(key);
    request.key_len = ZSTR_LEN(key);
    return request;
}

/* ---- Reading ------------------------------------------------------------------------------ */

PHP_METHOD(McProxy_Client, get)
{
    mcproxy_client *client;
    zend_string *key;
    zval *standard = NULL;
    mcp_result result = MCP_RESULT_INIT;
    if (!PARSE("|z", &standard))
        return;
    mcp_request request = request_for(MCP_GET, key);
    if (!mcproxy_client_call(client, &request, &result))
        return;
    /* What cannot be read is as good as missing. */
    if (result.status == MCP_OK && mcproxy_client_unpack(return_value, &result))
        return;
    if (standard != NULL && EG(exception) == NULL) {
        zval_ptr_dtor(return_value);
        ZVAL_COPY_DEREF(return_value, standard);
    }
}

PHP_METHOD(McProxy_Client, fetch)
{
    mcproxy_client *client;
    zend_string *key;
    zend_long touch = 0;
    bool no_touch = true;
    zval value;
    mcp_result result = MCP_RESULT_INIT;
    if (!PARSE("|l!", &touch, &no_touch))
        return;
    mcp_request request = request_for(no_touch ? MCP_GET : MCP_GAT, key);
    request.want = MCP_WANT_CAS | MCP_WANT_TTL;
    request.ttl = touch;
    if (!mcproxy_client_call(client, &request, &result))
        return;
    bool is_hit = result.status == MCP_OK;
    if (is_hit)
        mcproxy_client_unpack(&value, &result);
    if (!no_touch)
        result.ttl = touch;
    mcproxy_outcome(return_value, client, &result, is_hit ? &value : NULL, request.verb);
}

PHP_METHOD(McProxy_Client, lastResult)
{
    mcproxy_client *client;
    if (zend_parse_parameters_none() == FAILURE || !(client = mcproxy_client_of(getThis())))
        return;
    if (client->has_last)
        mcproxy_outcome(return_value, client, &client->last, NULL, client->last_verb);
}

/* ---- Writing ------------------------------------------------------------------------------ */

static void
store(zval *return_value, mcproxy_client *client, mcp_request *request, zval *value,
      zend_long flags)
{
    mcproxy_packed packed;
    mcp_result result = MCP_RESULT_INIT;
    mcproxy_squeeze squeeze = {MCPROXY_G(compress_threshold), 0.2};
    if (flags < 0 || flags > UINT32_MAX || (flags & 0xffff & ~(zend_long)MCPROXY_COMPRESSED)) {
        mcproxy_client_throw(MCP_BAD_ARGUMENT, "Of the flags only bits 16 to 31 are the user's");
        return;
    }
    if (!mcproxy_pack(&packed, value, (uint32_t)flags, &squeeze)) {
        mcproxy_client_throw(MCP_BAD_ARGUMENT, "The value cannot be serialized");
        return;
    }
    request->value = packed.bytes;
    request->value_len = packed.len;
    request->flags = packed.flags;
    bool is_done = mcproxy_client_call(client, request, &result);
    mcproxy_packed_done(&packed);
    if (is_done)
        RETVAL_BOOL(result.status == MCP_OK);
}

static void
store_value(INTERNAL_FUNCTION_PARAMETERS, mcp_verb verb)
{
    mcproxy_client *client;
    zend_string *key;
    zval *value;
    zend_long ttl = 0, flags = 0;
    if (!PARSE("z|ll", &value, &ttl, &flags))
        return;
    mcp_request request = request_for(verb, key);
    request.ttl = ttl;
    store(return_value, client, &request, value, flags);
}

PHP_METHOD(McProxy_Client, set)
{
    store_value(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_SET);
}

PHP_METHOD(McProxy_Client, add)
{
    store_value(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_ADD);
}

PHP_METHOD(McProxy_Client, replace)
{
    store_value(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_REPLACE);
}

PHP_METHOD(McProxy_Client, cas)
{
    mcproxy_client *client;
    zend_string *key;
    zval *value;
    zend_long token, ttl = 0, flags = 0;
    if (!PARSE("zl|ll", &value, &token, &ttl, &flags))
        return;
    mcp_request request = request_for(MCP_CAS, key);
    request.cas = (uint64_t)token;
    request.ttl = ttl;
    store(return_value, client, &request, value, flags);
}

/* Bytes that become a part of what is there. */
static void
attach(INTERNAL_FUNCTION_PARAMETERS, mcp_verb verb)
{
    mcproxy_client *client;
    zend_string *key, *value;
    mcp_result result = MCP_RESULT_INIT;
    if (!PARSE("S", &value))
        return;
    mcp_request request = request_for(verb, key);
    request.value = ZSTR_VAL(value);
    request.value_len = ZSTR_LEN(value);
    if (mcproxy_client_call(client, &request, &result))
        RETVAL_BOOL(result.status == MCP_OK);
}

PHP_METHOD(McProxy_Client, append)
{
    attach(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_APPEND);
}

PHP_METHOD(McProxy_Client, prepend)
{
    attach(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_PREPEND);
}

PHP_METHOD(McProxy_Client, delete)
{
    mcproxy_client *client;
    zend_string *key;
    mcp_result result = MCP_RESULT_INIT;
    if (!PARSE(""))
        return;
    mcp_request request = request_for(MCP_DELETE, key);
    if (mcproxy_client_call(client, &request, &result))
        RETVAL_BOOL(result.status == MCP_OK);
}

PHP_METHOD(McProxy_Client, touch)
{
    mcproxy_client *client;
    zend_string *key;
    zend_long ttl;
    mcp_result result = MCP_RESULT_INIT;
    if (!PARSE("l", &ttl))
        return;
    mcp_request request = request_for(MCP_TOUCH, key);
    request.ttl = ttl;
    if (mcproxy_client_call(client, &request, &result))
        RETVAL_BOOL(result.status == MCP_OK);
}

/* ---- Counting ----------------------------------------------------------------------------- */

static void
count(INTERNAL_FUNCTION_PARAMETERS, bool is_up)
{
    mcproxy_client *client;
    zend_string *key;
    zend_long by = 1, initial = 0, ttl = 0;
    bool no_initial = true;
    mcp_result result = MCP_RESULT_INIT;
    if (!PARSE("|ll!l", &by, &initial, &no_initial, &ttl))
        return;
    if (initial < 0) {
        mcproxy_client_throw(MCP_BAD_ARGUMENT, "A counter does not start below 0");
        return;
    }
    mcp_request request = request_for(is_up == (by >= 0) ? MCP_INCR : MCP_DECR, key);
    request.delta = by >= 0 ? (uint64_t)by : -(uint64_t)by;
    request.with_initial = !no_initial;
    request.initial = (uint64_t)initial;
    request.ttl = ttl;
    if (!mcproxy_client_call(client, &request, &result) || result.status != MCP_OK)
        return;
    RETVAL_LONG(result.number > ZEND_LONG_MAX ? ZEND_LONG_MAX : (zend_long)result.number);
}

PHP_METHOD(McProxy_Client, increment)
{
    count(INTERNAL_FUNCTION_PARAM_PASSTHRU, true);
}

PHP_METHOD(McProxy_Client, decrement)
{
    count(INTERNAL_FUNCTION_PARAM_PASSTHRU, false);
}

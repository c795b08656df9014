/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include "value.h"
#include "zend_exceptions.h"

/* Requests for many keys, sent together. */
typedef struct batch {
    uint32_t n;
    zend_string **keys;
    mcp_request *requests;
    mcp_result *results;
    zval *values; /* of reads: the bytes until nothing is borrowed any more, then the values */
} batch;

/* ---- Before ------------------------------------------------------------------------------- */

static void
batch_init(batch *b, uint32_t room)
{
    room = room > 0 ? room : 1;
    *b = (batch){
        .keys = safe_emalloc(room, sizeof *b->keys, 0),
        .requests = safe_emalloc(room, sizeof *b->requests, 0),
        .results = safe_emalloc(room, sizeof *b->results, 0),
        .values = safe_emalloc(room, sizeof *b->values, 0),
    };
}

/* Takes the key over. */
static mcp_request *
batch_add(batch *b, mcp_verb verb, zend_string *key)
{
    uint32_t i = b->n++;
    b->keys[i] = key;
    ZVAL_UNDEF(&b->values[i]);
    b->results[i] = (mcp_result)MCP_RESULT_INIT;
    b->requests[i] = (mcp_request)MCP_REQUEST_INIT;
    b->requests[i].verb = verb;
    b->requests[i].key = ZSTR_VAL(key);
    b->requests[i].key_len = ZSTR_LEN(key);
    return &b->requests[i];
}

static void
batch_fini(batch *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        zend_string_release(b->keys[i]);
        zval_ptr_dtor(&b->values[i]);
    }
    efree(b->keys);
    efree(b->requests);
    efree(b->results);
    efree(b->values);
}

/* The values of an array as keys. False, and an exception, when one is none. */
static bool
batch_names(batch *b, mcp_verb verb, uint32_t want, HashTable *names)
{
    zval *name;
    batch_init(b, zend_hash_num_elements(names));
    ZEND_HASH_FOREACH_VAL(names, name) {
        ZVAL_DEREF(name);
        if (Z_TYPE_P(name) != IS_STRING && Z_TYPE_P(name) != IS_LONG) {
            zend_type_error("A key is a string, not %s", zend_zval_type_name(name));
            return false;
        }
        batch_add(b, verb, zval_get_string(name))->want = want;
    } ZEND_HASH_FOREACH_END();
    return true;
}

/* ---- The call ----------------------------------------------------------------------------- */

static void
batch_call(batch *b, mcproxy_client *client)
{
    mcp_batch(client->shared->client, b->requests, b->results, b->n);
    if (b->n == 0)
        return;
    client->last = b->results[b->n - 1];
    client->last.value = NULL;
    client->last_verb = b->requests[b->n - 1].verb;
    client->has_last = true;
}

/* Throws for the first that is no answer. */
static bool
batch_is_answered(const batch *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        mcp_status status = b->results[i].status;
        if (mcproxy_client_is_answer(status))
            continue;
        if (EG(exception) == NULL)
            zend_throw_exception_ex(mcproxy_exception_ce, status, "%s: %s", ZSTR_VAL(b->keys[i]),
                                    mcp_strstatus(status));
        return false;
    }
    return true;
}

/* First everything is taken out of the client's memory, then the user's code may run. What cannot be
 * read stays undefined. */
static void
batch_unpack(batch *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        const mcp_result *result = &b->results[i];
        if (result->status != MCP_OK)
            continue;
        if (mcproxy_value_is_code(result->flags))
            ZVAL_STR(&b->values[i], mcproxy_own_bytes(result->value, result->value_len));
        else if (!mcproxy_unpack(&b->values[i], result->value, result->value_len, result->flags))
            ZVAL_UNDEF(&b->values[i]);
    }
    for (uint32_t i = 0; i < b->n && EG(exception) == NULL; i++) {
        if (b->results[i].status != MCP_OK || !mcproxy_value_is_code(b->results[i].flags))
            continue;
        zend_string *bytes = Z_STR(b->values[i]);
        if (!mcproxy_unpack(&b->values[i], ZSTR_VAL(bytes), ZSTR_LEN(bytes), b->results[i].flags))
            ZVAL_UNDEF(&b->values[i]);
        zend_string_release(bytes);
    }
}

/* ---- Reading ------------------------------------------------------------------------------ */

PHP_METHOD(McProxy_Client, getMultiple)
{
    HashTable *names;
    mcproxy_client *client;
    batch b;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "h", &names) == FAILURE ||
        !(client = mcproxy_client_of(getThis())))
        return;
    if (batch_names(&b, MCP_GET, 0, names)) {
        array_init(return_value);
        batch_call(&b, client);
        batch_unpack(&b);
        batch_is_answered(&b);
        for (uint32_t i = 0; i < b.n && EG(exception) == NULL; i++) {
            if (Z_ISUNDEF(b.values[i]))
                continue;
            zend_symtable_update(Z_ARRVAL_P(return_value), b.keys[i], &b.values[i]);
            ZVAL_UNDEF(&b.values[i]);
        }
    }
    batch_fini(&b);
}

PHP_METHOD(McProxy_Client, fetchMultiple)
{
    HashTable *names;
    mcproxy_client *client;
    batch b;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "h", &names) == FAILURE ||
        !(client = mcproxy_client_of(getThis())))
        return;
    if (batch_names(&b, MCP_GET, MCP_WANT_CAS | MCP_WANT_TTL, names)) {
        array_init(return_value);
        batch_call(&b, client);
        batch_unpack(&b);
        for (uint32_t i = 0; i < b.n; i++) {
            zval result;
            bool has_value = !Z_ISUNDEF(b.values[i]);
            mcproxy_outcome(&result, client, &b.results[i], has_value ? &b.values[i] : NULL,
                            MCP_GET);
            ZVAL_UNDEF(&b.values[i]);
            zend_symtable_update(Z_ARRVAL_P(return_value), b.keys[i], &result);
        }
    }
    batch_fini(&b);
}

/* ---- Writing ------------------------------------------------------------------------------ */

/* False, and an exception, when a value cannot be serialized. */
static bool
pack_all(batch *b, mcproxy_packed *packed, uint32_t *n_packed, HashTable *values, zend_long ttl)
{
    zend_ulong number;
    zend_string *text;
    zval *value;
    mcproxy_squeeze squeeze = {MCPROXY_G(compress_threshold), 0.2};
    ZEND_HASH_FOREACH_KEY_VAL(values, number, text, value) {
        zend_string *key =
            text != NULL ? zend_string_copy(text) : zend_long_to_str((zend_long)number);
        mcp_request *request = batch_add(b, MCP_SET, key);
        mcproxy_packed *one = &packed[*n_packed];
        if (!mcproxy_pack(one, value, 0, &squeeze)) {
            mcproxy_client_throw(MCP_BAD_ARGUMENT, "The value cannot be serialized");
            return false;
        }
        ++*n_packed;
        request->value = one->bytes;
        request->value_len = one->len;
        request->flags = one->flags;
        request->ttl = ttl;
    } ZEND_HASH_FOREACH_END();
    return true;
}

PHP_METHOD(McProxy_Client, setMultiple)
{
    zval *values, copy;
    zend_long ttl = 0;
    mcproxy_client *client;
    batch b;
    uint32_t n_packed = 0;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "a|l", &values, &ttl) == FAILURE ||
        !(client = mcproxy_client_of(getThis())))
        return;
    ZVAL_COPY(&copy, values); /* the user's __serialize() may change the array */
    uint32_t n = zend_hash_num_elements(Z_ARRVAL(copy));
    mcproxy_packed *packed = safe_emalloc(n > 0 ? n : 1, sizeof *packed, 0);
    batch_init(&b, n);
    if (pack_all(&b, packed, &n_packed, Z_ARRVAL(copy), ttl)) {
        batch_call(&b, client);
        RETVAL_BOOL(batch_is_answered(&b));
    }
    for (uint32_t i = 0; i < n_packed; i++)
        mcproxy_packed_done(&packed[i]);
    efree(packed);
    batch_fini(&b);
    zval_ptr_dtor(&copy);
}

PHP_METHOD(McProxy_Client, deleteMultiple)
{
    HashTable *names;
    mcproxy_client *client;
    batch b;
    zend_long deleted = 0;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "h", &names) == FAILURE ||
        !(client = mcproxy_client_of(getThis())))
        return;
    if (batch_names(&b, MCP_DELETE, 0, names)) {
        batch_call(&b, client);
        for (uint32_t i = 0; i < b.n; i++)
            deleted += b.results[i].status == MCP_OK;
        if (batch_is_answered(&b))
            RETVAL_LONG(deleted);
    }
    batch_fini(&b);
}

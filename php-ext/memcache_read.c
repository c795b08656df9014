/* SPDX-License-Identifier: BSD-3-Clause */
#include "memcache.h"

#include "key.h"
#include "report.h"

/* ---- One key ------------------------------------------------------------------------------ */

/* null cannot be told from a miss here, so it is read as false, as it always was. In a list it can
 * be told, and is. */
static void
give(zval *value)
{
    if (Z_TYPE_P(value) == IS_NULL)
        ZVAL_FALSE(value);
}

/* Unserializing may run the user's code, which may use the client: so not from its memory. */
static void
unpack_owned(zval *value, const char *bytes, size_t len, uint32_t flags)
{
    zend_string *own = mcproxy_own_bytes(bytes, len);
    mcproxy_unpack(value, ZSTR_VAL(own), ZSTR_LEN(own), flags);
    zend_string_release(own);
}

static void
give_meta(const mcp_result *result, zval *flags, zval *cas)
{
    if (flags != NULL)
        ZEND_TRY_ASSIGN_REF_LONG(flags, (zend_long)result->flags);
    if (cas != NULL)
        ZEND_TRY_ASSIGN_REF_LONG(cas, (zend_long)result->cas);
}

static void
read_one(zval *value, mcproxy_pool *pool, zval *name, zval *flags, zval *cas)
{
    mcproxy_key key;
    mcp_request request = MCP_REQUEST_INIT;
    mcp_result result = MCP_RESULT_INIT;
    ZVAL_FALSE(value);
    if (!mcproxy_key_cook(&key, name, pool->prefix))
        return;
    request.key = key.bytes;
    request.key_len = key.len;
    request.want = cas != NULL ? MCP_WANT_CAS : 0;
    mcp_client *client = mcproxy_pool_client_for(pool, key.bytes, key.len);
    mcp_status status = client != NULL ? mcp_call(client, &request, &result) : MCP_NO_SERVER;
    mcproxy_key_done(&key);
    bool is_calm = client == NULL || mcproxy_report_is_calm(&result);
    if (status == MCP_OK) {
        give_meta(&result, flags, cas);
        if (mcproxy_value_is_code(result.flags))
            unpack_owned(value, result.value, result.value_len, result.flags);
        else
            mcproxy_unpack(value, result.value, result.value_len, result.flags);
        give(value);
    }
    if (is_calm)
        return;
    if (status == MCP_BAD_KEY)
        php_error_docref(NULL, E_WARNING, "Invalid key");
    mcproxy_report_servers(pool);
}

/* ---- Many keys ---------------------------------------------------------------------------- */

/* A batch of reads, and what is made of them. */
typedef struct batch {
    uint32_t n;
    mcproxy_key *keys;
    mcp_request *requests;
    mcp_result *results;
    zval *values; /* the bytes, of those that are to be unserialized when all have been copied */
} batch;

static void
batch_init(batch *b, uint32_t room, HashTable *names, const zend_string *prefix, uint32_t want)
{
    zval *name;
    *b = (batch){
        .keys = safe_emalloc(room, sizeof *b->keys, 0),
        .requests = safe_emalloc(room, sizeof *b->requests, 0),
        .results = safe_emalloc(room, sizeof *b->results, 0),
        .values = safe_emalloc(room, sizeof *b->values, 0),
    };
    ZEND_HASH_FOREACH_VAL(names, name) {
        mcproxy_key *key = &b->keys[b->n];
        if (b->n == room || EG(exception) != NULL)
            break;
        if (!mcproxy_key_cook(key, name, prefix))
            continue;
        b->requests[b->n] = (mcp_request)MCP_REQUEST_INIT;
        b->requests[b->n].key = key->bytes;
        b->requests[b->n].key_len = key->len;
        b->requests[b->n].want = want;
        b->results[b->n] = (mcp_result)MCP_RESULT_INIT;
        b->n++;
    } ZEND_HASH_FOREACH_END();
}

static void
batch_fini(batch *b)
{
    for (uint32_t i = 0; i < b->n; i++)
        mcproxy_key_done(&b->keys[i]);
    efree(b->keys);
    efree(b->requests);
    efree(b->results);
    efree(b->values);
}

static void
put(HashTable *table, const mcproxy_key *key, zval *value)
{
    if (table != NULL)
        zend_symtable_str_update(table, key->bytes, key->len, value);
}

static void
put_number(HashTable *table, const mcproxy_key *key, zend_long number)
{
    zval value;
    ZVAL_LONG(&value, number);
    put(table, key, &value);
}

/* Takes everything out of the client's memory; no code of the user runs meanwhile. */
static void
batch_copy(batch *b, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const mcp_result *result = &b->results[i];
        ZVAL_UNDEF(&b->values[i]);
        if (result->status != MCP_OK)
            continue;
        if (mcproxy_value_is_code(result->flags))
            ZVAL_STR(&b->values[i], mcproxy_own_bytes(result->value, result->value_len));
        else
            mcproxy_unpack(&b->values[i], result->value, result->value_len, result->flags);
    }
}

static void
batch_give(batch *b, HashTable *values, HashTable *flags, HashTable *cas)
{
    for (uint32_t i = 0; i < b->n; i++) {
        const mcp_result *result = &b->results[i];
        if (result->status != MCP_OK)
            continue;
        if (mcproxy_value_is_code(result->flags)) {
            zend_string *bytes = Z_STR(b->values[i]);
            bool is_left = EG(exception) == NULL;
            ZVAL_NULL(&b->values[i]);
            if (is_left)
                mcproxy_unpack(&b->values[i], ZSTR_VAL(bytes), ZSTR_LEN(bytes), result->flags);
            zend_string_release(bytes);
        }
        put(values, &b->keys[i], &b->values[i]);
        if (flags != NULL)
            put_number(flags, &b->keys[i], (zend_long)result->flags);
        if (cas != NULL)
            put_number(cas, &b->keys[i], (zend_long)result->cas);
    }
}

/* With servers that are offline by the user's wish, each key has a client of its own. */
static void
batch_call(batch *b, mcproxy_pool *pool)
{
    mcp_client *whole = mcproxy_pool_client(pool);
    if (whole != NULL && pool->n_offline == 0) {
        mcp_batch(whole, b->requests, b->results, b->n);
        batch_copy(b, 0, b->n);
        return;
    }
    for (uint32_t i = 0; i < b->n; i++) {
        mcp_client *client = NULL;
        b->results[i].status = MCP_NO_SERVER;
        if (whole != NULL)
            client = mcproxy_pool_client_for(pool, b->keys[i].bytes, b->keys[i].len);
        if (client != NULL)
            mcp_call(client, &b->requests[i], &b->results[i]);
        batch_copy(b, i, i + 1);
    }
}

static bool
batch_is_calm(const batch *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        if (!mcproxy_report_is_calm(&b->results[i]))
            return false;
    }
    return true;
}

/* Hands the array to the user's variable, if there is one; without a hit it stays as it was. */
static void
give_array(zval *reference, zval *array)
{
    if (reference != NULL && zend_hash_num_elements(Z_ARRVAL_P(array)) > 0)
        ZEND_TRY_ASSIGN_REF_ARR(reference, Z_ARR_P(array));
    else
        zval_ptr_dtor(array);
}

static void
read_many(zval *values, mcproxy_pool *pool, zval *names, zval *flags, zval *cas)
{
    batch b;
    zval copy, all_flags, all_cas;
    ZVAL_COPY(&copy, names); /* the user's code may change the array */
    array_init(values);
    array_init(&all_flags);
    array_init(&all_cas);
    batch_init(&b, zend_hash_num_elements(Z_ARRVAL(copy)), Z_ARRVAL(copy), pool->prefix,
               cas != NULL ? MCP_WANT_CAS : 0);
    if (b.n > 0 && EG(exception) == NULL) {
        batch_call(&b, pool);
        bool is_calm = batch_is_calm(&b);
        batch_give(&b, Z_ARRVAL_P(values), flags != NULL ? Z_ARRVAL(all_flags) : NULL,
                   cas != NULL ? Z_ARRVAL(all_cas) : NULL);
        if (!is_calm)
            mcproxy_report_servers(pool);
    }
    batch_fini(&b);
    zval_ptr_dtor(&copy);
    give_array(flags, &all_flags);
    give_array(cas, &all_cas);
}

/* A method has its object, a function gets it first. Parsed by macros: it is the busiest call. */
static bool
parse_get(INTERNAL_FUNCTION_PARAMETERS, zval **object, zval **key, zval **flags, zval **cas)
{
    *object = getThis();
    if (*object != NULL) {
        ZEND_PARSE_PARAMETERS_START(1, 3)
            Z_PARAM_ZVAL(*key)
            Z_PARAM_OPTIONAL
            Z_PARAM_ZVAL(*flags)
            Z_PARAM_ZVAL(*cas)
        ZEND_PARSE_PARAMETERS_END_EX(return false);
        return true;
    }
    ZEND_PARSE_PARAMETERS_START(2, 4)
        Z_PARAM_OBJECT_OF_CLASS(*object, memcache_pool_ce)
        Z_PARAM_ZVAL(*key)
        Z_PARAM_OPTIONAL
        Z_PARAM_ZVAL(*flags)
        Z_PARAM_ZVAL(*cas)
    ZEND_PARSE_PARAMETERS_END_EX(return false);
    return true;
}

PHP_FUNCTION(memcache_get)
{
    zval *object, *key, *flags = NULL, *cas = NULL;
    if (!parse_get(INTERNAL_FUNCTION_PARAM_PASSTHRU, &object, &key, &flags, &cas))
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL)
        RETURN_FALSE;
    ZVAL_DEREF(key);
    pool->holders++; /* the user's code may run on the way */
    if (Z_TYPE_P(key) == IS_ARRAY)
        read_many(return_value, pool, key, flags, cas);
    else
        read_one(return_value, pool, key, flags, cas);
    mcproxy_pool_release(pool);
}

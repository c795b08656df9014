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
static bool
unpack_owned(zval *value, const char *bytes, size_t len, uint32_t flags)
{
    zend_string *own = mcproxy_own_bytes(bytes, len);
    bool is_good = mcproxy_unpack(value, ZSTR_VAL(own), ZSTR_LEN(own), flags);
    zend_string_release(own);
    return is_good;
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
        bool is_good = mcproxy_value_is_code(result.flags)
                           ? unpack_owned(value, result.value, result.value_len, result.flags)
                           : mcproxy_unpack(value, result.value, result.value_len, result.flags);
        give(value);
        if (is_good)
            give_meta(&result, flags, cas);
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
    bool is_code; /* some are to be unserialized when all have been copied */
    mcproxy_key *keys;
    const void **names; /* the same for the library: where they are, and their lengths */
    size_t *lens;
    mcp_result *results;
    zend_string **codes; /* the bytes of those */
} batch;

/* Where an answer goes; flags and cas may be NULL. */
typedef struct answer {
    HashTable *values, *flags, *cas;
} answer;

static void
batch_init(batch *b, HashTable *names, const zend_string *prefix)
{
    zval *name;
    uint32_t room = zend_hash_num_elements(names);
    *b = (batch){
        .keys = safe_emalloc(room, sizeof *b->keys, 0),
        .names = safe_emalloc(room, sizeof *b->names, 0),
        .lens = safe_emalloc(room, sizeof *b->lens, 0),
        .results = safe_emalloc(room, sizeof *b->results, 0),
        .codes = safe_emalloc(room, sizeof *b->codes, 0),
    };
    ZEND_HASH_FOREACH_VAL(names, name) {
        mcproxy_key *key = &b->keys[b->n];
        if (b->n == room || EG(exception) != NULL)
            break;
        if (!mcproxy_key_cook(key, name, prefix))
            continue;
        b->names[b->n] = key->bytes;
        b->lens[b->n] = key->len;
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
    efree(b->names);
    efree(b->lens);
    efree(b->results);
    efree(b->codes);
}

/* A key that was not cooked is there as a string already, with its hash. */
static void
put(HashTable *table, const mcproxy_key *key, zval *value)
{
    if (key->text != NULL)
        zend_symtable_update(table, key->text, value);
    else
        zend_symtable_str_update(table, key->bytes, key->len, value);
}

static void
put_number(HashTable *table, const mcproxy_key *key, zend_long number)
{
    zval value;
    ZVAL_LONG(&value, number);
    if (table != NULL)
        put(table, key, &value);
}

static void
drop(HashTable *table, const mcproxy_key *key)
{
    if (table != NULL && key->text != NULL)
        zend_symtable_del(table, key->text);
    else if (table != NULL)
        zend_symtable_str_del(table, key->bytes, key->len);
}

/* Takes everything out of the client's memory; no code of the user runs meanwhile. Null holds the
 * place of what is unserialized later. */
static void
batch_take(batch *b, const answer *to, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const mcp_result *result = &b->results[i];
        zval value;
        b->codes[i] = NULL;
        if (result->status != MCP_OK)
            continue;
        if (mcproxy_value_is_code(result->flags)) {
            ZVAL_NULL(&value);
            b->codes[i] = mcproxy_own_bytes(result->value, result->value_len);
            b->is_code = true;
        } else if (!mcproxy_unpack(&value, result->value, result->value_len, result->flags)) {
            continue;
        }
        put(to->values, &b->keys[i], &value);
        put_number(to->flags, &b->keys[i], (zend_long)result->flags);
        put_number(to->cas, &b->keys[i], (zend_long)result->cas);
    }
}

/* What cannot be read is not there. */
static void
forget(const answer *to, const mcproxy_key *key)
{
    drop(to->values, key);
    drop(to->flags, key);
    drop(to->cas, key);
}

static void
batch_unserialize(batch *b, const answer *to)
{
    for (uint32_t i = 0; b->is_code && i < b->n; i++) {
        zval value;
        if (b->codes[i] == NULL)
            continue;
        if (EG(exception) == NULL) {
            bool is_good = mcproxy_unpack(&value, ZSTR_VAL(b->codes[i]), ZSTR_LEN(b->codes[i]),
                                          b->results[i].flags);
            if (is_good)
                put(to->values, &b->keys[i], &value);
            else
                forget(to, &b->keys[i]);
        }
        zend_string_release(b->codes[i]);
    }
}

static mcp_request
request_for(const batch *b, uint32_t i, uint32_t want)
{
    mcp_request request = MCP_REQUEST_INIT;
    request.key = b->names[i];
    request.key_len = b->lens[i];
    request.want = want;
    return request;
}

static void
call_for_cas(batch *b, mcp_client *whole)
{
    mcp_request *requests = safe_emalloc(b->n, sizeof *requests, 0);
    for (uint32_t i = 0; i < b->n; i++)
        requests[i] = request_for(b, i, MCP_WANT_CAS);
    mcp_batch(whole, requests, b->results, b->n);
    efree(requests);
}

/* With servers that are offline by the user's wish, each key has a client of its own. */
static void
call_one_by_one(batch *b, mcproxy_pool *pool, const answer *to)
{
    for (uint32_t i = 0; i < b->n; i++) {
        mcp_request request = request_for(b, i, to->cas != NULL ? MCP_WANT_CAS : 0);
        mcp_client *client = mcproxy_pool_client_for(pool, b->names[i], b->lens[i]);
        b->results[i].status = MCP_NO_SERVER;
        if (client != NULL)
            mcp_call(client, &request, &b->results[i]);
        batch_take(b, to, i, i + 1);
    }
}

static void
batch_call(batch *b, mcproxy_pool *pool, const answer *to)
{
    mcp_client *whole = mcproxy_pool_client(pool);
    if (whole == NULL)
        return;
    if (pool->n_offline > 0) {
        call_one_by_one(b, pool, to);
        return;
    }
    if (to->cas != NULL)
        call_for_cas(b, whole);
    else
        mcp_mget(whole, b->names, b->lens, b->n, b->results);
    batch_take(b, to, 0, b->n);
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

/* Hands the array to the user's variable; without a hit that stays as it was. */
static void
give_array(zval *reference, HashTable *array)
{
    if (array == NULL)
        return;
    if (zend_hash_num_elements(array) > 0)
        ZEND_TRY_ASSIGN_REF_ARR(reference, array);
    else
        zend_array_destroy(array);
}

static void
read_many(zval *values, mcproxy_pool *pool, zval *names, zval *flags, zval *cas)
{
    batch b;
    zval copy;
    ZVAL_FALSE(values);
    if (pool->n_servers == 0) /* the old extension's answer, too */
        return;
    ZVAL_COPY(&copy, names); /* the user's code may change the array */
    array_init_size(values, zend_hash_num_elements(Z_ARRVAL(copy)));
    answer to = {Z_ARRVAL_P(values), flags != NULL ? zend_new_array(0) : NULL,
                 cas != NULL ? zend_new_array(0) : NULL};
    batch_init(&b, Z_ARRVAL(copy), pool->prefix);
    if (b.n > 0 && EG(exception) == NULL) {
        batch_call(&b, pool, &to);
        bool is_calm = batch_is_calm(&b);
        batch_unserialize(&b, &to);
        if (!is_calm)
            mcproxy_report_servers(pool);
    }
    batch_fini(&b);
    zval_ptr_dtor(&copy);
    give_array(flags, to.flags);
    give_array(cas, to.cas);
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

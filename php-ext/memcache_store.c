/* SPDX-License-Identifier: BSD-3-Clause */
#include "memcache.h"

#include "key.h"
#include "report.h"

#define TTL_NOW (-1)

/* ---- What all of them need ---------------------------------------------------------------- */

/* As memcached reads it. What is too large for it would be stored and be a miss: it expires at
 * once. */
static int64_t
ttl_of(zend_long exptime)
{
    return exptime < 0 || exptime > INT32_MAX ? TTL_NOW : exptime;
}

static void
set_key(mcp_request *request, const mcproxy_key *key)
{
    request->key = key->bytes;
    request->key_len = key->len;
}

static bool
concluded_badly(mcproxy_pool *pool, const mcp_result *result)
{
    if (result->status == MCP_BAD_KEY)
        php_error_docref(NULL, E_WARNING, "Invalid key");
    bool is_refusal = result->status == MCP_TOO_BIG || result->status == MCP_NOT_NUMBER ||
                      result->status == MCP_SERVER_FULL;
    if (is_refusal)
        mcproxy_report_refusal(pool, result->status, result->server);
    mcproxy_report_servers(pool);
    return result->status == MCP_OK;
}

/* Tells what there is to tell of a call, and says whether it was a yes. */
static inline bool
concluded(mcproxy_pool *pool, const mcp_result *result)
{
    if (EXPECTED(mcproxy_report_is_calm(result)))
        return result->status == MCP_OK;
    return concluded_badly(pool, result);
}

/* One request for one key of this pool. */
static mcp_status
call(mcproxy_pool *pool, mcp_request *request, const mcproxy_key *key, mcp_result *result)
{
    set_key(request, key);
    mcp_client *client = mcproxy_pool_client_for(pool, key->bytes, key->len);
    result->status = MCP_NO_SERVER;
    return client != NULL ? mcp_call(client, request, result) : MCP_NO_SERVER;
}

/* ---- set and its like --------------------------------------------------------------------- */

/* What a caller of set() and its like said beside key and value. */
typedef struct terms {
    mcp_verb verb;
    uint32_t flags;
    zend_long exptime;
    zend_long cas;
} terms;

static void
fill_request(mcp_request *request, const terms *said, const mcproxy_packed *packed)
{
    request->verb = said->verb;
    request->value = packed->bytes;
    request->value_len = packed->len;
    request->flags = packed->flags;
    request->ttl = ttl_of(said->exptime);
    request->cas = (uint64_t)said->cas;
}

/* What is appended must not be compressed: it becomes a part of something else. */
static bool
pack(mcproxy_packed *packed, const mcproxy_pool *pool, const terms *said, zval *value)
{
    static const mcproxy_squeeze never = {0, 0};
    bool is_part = said->verb == MCP_APPEND || said->verb == MCP_PREPEND;
    uint32_t flags = is_part ? said->flags & MCPROXY_USER_BITS : said->flags;
    return mcproxy_pack(packed, value, flags, is_part ? &never : &pool->squeeze);
}

static bool
store_one(mcproxy_pool *pool, const terms *said, zval *name, zval *value)
{
    mcproxy_key key;
    mcproxy_packed packed;
    mcp_request request = MCP_REQUEST_INIT;
    mcp_result result = MCP_RESULT_INIT;
    if (!mcproxy_key_cook(&key, name, pool->prefix))
        return false;
    if (!pack(&packed, pool, said, value)) {
        mcproxy_key_done(&key);
        return false;
    }
    fill_request(&request, said, &packed);
    call(pool, &request, &key, &result);
    mcproxy_packed_done(&packed);
    mcproxy_key_done(&key);
    return concluded(pool, &result);
}

/* ---- Lists: sent together ------------------------------------------------------------------ */

/* One write of a list. It stays where it is: the key may point into itself. */
typedef struct entry {
    mcproxy_key key;
    mcproxy_packed packed;
} entry;

typedef struct list {
    uint32_t n;
    entry *entries;
    mcp_request *requests;
    mcp_result *results;
} list;

static void
list_init(list *l, HashTable *of)
{
    uint32_t room = zend_hash_num_elements(of);
    *l = (list){
        .entries = safe_emalloc(room, sizeof *l->entries, 0),
        .requests = safe_emalloc(room, sizeof *l->requests, 0),
        .results = safe_emalloc(room, sizeof *l->results, 0),
    };
}

/* The next entry, whose key is cooked; NULL: that is no key, and the user was told. */
static entry *
list_next(list *l, zval *name, const zend_string *prefix)
{
    entry *next = &l->entries[l->n];
    if (!mcproxy_key_cook(&next->key, name, prefix))
        return NULL;
    next->packed.held = NULL;
    l->requests[l->n] = (mcp_request)MCP_REQUEST_INIT;
    l->results[l->n] = (mcp_result)MCP_RESULT_INIT;
    l->results[l->n].status = MCP_NO_SERVER; /* until it is sent */
    set_key(&l->requests[l->n], &next->key);
    return next;
}

static void
list_fini(list *l)
{
    for (uint32_t i = 0; i < l->n; i++) {
        mcproxy_packed_done(&l->entries[i].packed);
        mcproxy_key_done(&l->entries[i].key);
    }
    efree(l->entries);
    efree(l->requests);
    efree(l->results);
}

/* Whether every one of them was done; what there is to tell is told. With servers that are offline
 * by the user's wish each key has a client of its own. */
static bool
list_send(list *l, mcproxy_pool *pool)
{
    mcp_client *client = mcproxy_pool_client(pool);
    bool all = client != NULL;
    if (client != NULL && pool->n_offline == 0)
        mcp_batch(client, l->requests, l->results, l->n);
    for (uint32_t i = 0; client != NULL && pool->n_offline > 0 && i < l->n; i++)
        call(pool, &l->requests[i], &l->entries[i].key, &l->results[i]);
    for (uint32_t i = 0; client != NULL && i < l->n && EG(exception) == NULL; i++)
        all &= concluded(pool, &l->results[i]);
    return all;
}

static bool
add_store(list *l, mcproxy_pool *pool, const terms *said, zval *name, zval *value)
{
    entry *next = list_next(l, name, pool->prefix);
    if (next == NULL)
        return false;
    if (!pack(&next->packed, pool, said, value)) {
        mcproxy_key_done(&next->key);
        return false;
    }
    /* What a reference leads to may be gone when the next value has been serialized. */
    if (Z_ISREF_P(value) && Z_TYPE_P(Z_REFVAL_P(value)) == IS_STRING && next->packed.held == NULL)
        next->packed.held = zend_string_copy(Z_STR_P(Z_REFVAL_P(value)));
    fill_request(&l->requests[l->n++], said, &next->packed);
    return true;
}

/* An array of keys and values: its writes share one answer. */
static bool
store_many(mcproxy_pool *pool, const terms *said, zval *values)
{
    list l;
    zend_ulong number;
    zend_string *text;
    zval *value, name, copy;
    bool all = zend_hash_num_elements(Z_ARRVAL_P(values)) > 0;
    ZVAL_COPY(&copy, values); /* the user's code may change the array */
    list_init(&l, Z_ARRVAL(copy));
    ZEND_HASH_FOREACH_KEY_VAL(Z_ARRVAL(copy), number, text, value) {
        if (text != NULL)
            ZVAL_STR(&name, text);
        else
            ZVAL_LONG(&name, (zend_long)number);
        all &= add_store(&l, pool, said, &name, value);
        if (EG(exception) != NULL)
            break;
    } ZEND_HASH_FOREACH_END();
    if (EG(exception) == NULL)
        all &= list_send(&l, pool);
    list_fini(&l);
    zval_ptr_dtor(&copy);
    return all && EG(exception) == NULL;
}

static bool
delete_many(mcproxy_pool *pool, zval *names)
{
    list l;
    zval *name, copy;
    bool all = zend_hash_num_elements(Z_ARRVAL_P(names)) > 0;
    ZVAL_COPY(&copy, names);
    list_init(&l, Z_ARRVAL(copy));
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL(copy), name) {
        if (EG(exception) != NULL)
            break;
        if (list_next(&l, name, pool->prefix) != NULL)
            l.requests[l.n++].verb = MCP_DELETE;
        else
            all = false;
    } ZEND_HASH_FOREACH_END();
    if (EG(exception) == NULL)
        all &= list_send(&l, pool);
    list_fini(&l);
    zval_ptr_dtor(&copy);
    return all && EG(exception) == NULL;
}

static bool
are_good_flags(zend_long flags)
{
    if ((flags & 0xffff & ~(zend_long)MCPROXY_COMPRESSED) == 0)
        return true;
    php_error_docref(NULL, E_WARNING, "The lowest two bytes of the flags array is reserved for "
                                      "pecl/memcache internal use");
    return false;
}

/* A method has its object, a function gets it first. null counts as 0. */
static bool
parse_store(INTERNAL_FUNCTION_PARAMETERS, zval **object, zval **key, zval **value,
            zend_long *flags, terms *said)
{
    bool is_null;
    (void)return_value;
    *object = getThis();
    if (*object != NULL) {
        ZEND_PARSE_PARAMETERS_START(1, 5)
            Z_PARAM_ZVAL(*key)
            Z_PARAM_OPTIONAL
            Z_PARAM_ZVAL(*value)
            Z_PARAM_LONG_EX(*flags, is_null, 1, 0)
            Z_PARAM_LONG_EX(said->exptime, is_null, 1, 0)
            Z_PARAM_LONG_EX(said->cas, is_null, 1, 0)
        ZEND_PARSE_PARAMETERS_END_EX(return false);
        return true;
    }
    ZEND_PARSE_PARAMETERS_START(2, 6)
        Z_PARAM_OBJECT_OF_CLASS(*object, memcache_pool_ce)
        Z_PARAM_ZVAL(*key)
        Z_PARAM_OPTIONAL
        Z_PARAM_ZVAL(*value)
        Z_PARAM_LONG_EX(*flags, is_null, 1, 0)
        Z_PARAM_LONG_EX(said->exptime, is_null, 1, 0)
        Z_PARAM_LONG_EX(said->cas, is_null, 1, 0)
    ZEND_PARSE_PARAMETERS_END_EX(return false);
    return true;
}

static void
store(INTERNAL_FUNCTION_PARAMETERS, mcp_verb verb)
{
    zval *object, *key, *value = NULL;
    zend_long flags = 0;
    terms said = {verb, 0, 0, 0};
    if (!parse_store(INTERNAL_FUNCTION_PARAM_PASSTHRU, &object, &key, &value, &flags, &said))
        return;
    ZVAL_DEREF(key);
    if (value == NULL && Z_TYPE_P(key) != IS_ARRAY) {
        zend_wrong_param_count();
        return;
    }
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL || !are_good_flags(flags))
        RETURN_FALSE;
    said.flags = (uint32_t)flags;
    pool->holders++; /* the user's code may run on the way */
    if (Z_TYPE_P(key) == IS_ARRAY)
        RETVAL_BOOL(store_many(pool, &said, key));
    else
        RETVAL_BOOL(store_one(pool, &said, key, value));
    mcproxy_pool_release(pool);
}

PHP_FUNCTION(memcache_add)
{
    store(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_ADD);
}

PHP_FUNCTION(memcache_set)
{
    store(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_SET);
}

PHP_FUNCTION(memcache_replace)
{
    store(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_REPLACE);
}

PHP_FUNCTION(memcache_cas)
{
    store(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_CAS);
}

PHP_FUNCTION(memcache_append)
{
    store(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_APPEND);
}

PHP_FUNCTION(memcache_prepend)
{
    store(INTERNAL_FUNCTION_PARAM_PASSTHRU, MCP_PREPEND);
}

/* ---- delete ------------------------------------------------------------------------------- */

static bool
delete_one(mcproxy_pool *pool, zval *name)
{
    mcproxy_key key;
    mcp_request request = MCP_REQUEST_INIT;
    mcp_result result = MCP_RESULT_INIT;
    request.verb = MCP_DELETE;
    if (!mcproxy_key_cook(&key, name, pool->prefix))
        return false;
    call(pool, &request, &key, &result);
    mcproxy_key_done(&key);
    return concluded(pool, &result);
}

PHP_FUNCTION(memcache_delete)
{
    zval *object, *key;
    zend_long exptime = 0;
    bool no_exptime = true, all;
    if (zend_parse_method_parameters(ZEND_NUM_ARGS(), getThis(), "Oz|l!", &object,
                                     memcache_pool_ce, &key, &exptime, &no_exptime) == FAILURE)
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL)
        RETURN_FALSE;
    ZVAL_DEREF(key);
    pool->holders++;
    if (Z_TYPE_P(key) == IS_ARRAY) {
        all = delete_many(pool, key);
    } else {
        all = delete_one(pool, key);
    }
    mcproxy_pool_release(pool);
    RETURN_BOOL(all);
}

/* ---- increment, decrement ----------------------------------------------------------------- */

static void
give_number(zval *number, const mcp_result *result)
{
    if (result->status == MCP_OK)
        ZVAL_LONG(number, result->number > ZEND_LONG_MAX ? ZEND_LONG_MAX
                                                         : (zend_long)result->number);
    else
        ZVAL_FALSE(number);
}

/* The result is a number, or false. */
static void
count_one(zval *number, mcproxy_pool *pool, mcp_request *request, zval *name)
{
    mcproxy_key key;
    mcp_result result = MCP_RESULT_INIT;
    ZVAL_FALSE(number);
    if (!mcproxy_key_cook(&key, name, pool->prefix))
        return;
    call(pool, request, &key, &result);
    give_number(number, &result);
    concluded(pool, &result);
    mcproxy_key_done(&key);
}

/* An array of what became of each key, by key; without a server it is false. */
static void
count_many(zval *numbers, mcproxy_pool *pool, const mcp_request *request, zval *names)
{
    list l;
    zval copy, *name, number;
    ZVAL_FALSE(numbers);
    if (pool->n_servers == 0)
        return;
    ZVAL_COPY(&copy, names);
    list_init(&l, Z_ARRVAL(copy));
    array_init_size(numbers, zend_hash_num_elements(Z_ARRVAL(copy)));
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL(copy), name) {
        if (EG(exception) != NULL)
            break;
        const entry *next = list_next(&l, name, pool->prefix);
        if (next == NULL)
            continue;
        l.requests[l.n] = *request;
        set_key(&l.requests[l.n++], &next->key);
    } ZEND_HASH_FOREACH_END();
    if (EG(exception) == NULL)
        list_send(&l, pool);
    for (uint32_t i = 0; i < l.n; i++) {
        give_number(&number, &l.results[i]);
        zend_symtable_str_update(Z_ARRVAL_P(numbers), l.entries[i].key.bytes,
                                 l.entries[i].key.len, &number);
    }
    list_fini(&l);
    zval_ptr_dtor(&copy);
}

static void
count(INTERNAL_FUNCTION_PARAMETERS, bool is_up)
{
    zval *object, *key;
    zend_long value = 1, initial = 0, exptime = 0;
    mcp_request request = MCP_REQUEST_INIT;
    if (zend_parse_method_parameters(ZEND_NUM_ARGS(), getThis(), "Oz|lll", &object,
                                     memcache_pool_ce, &key, &value, &initial,
                                     &exptime) == FAILURE)
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL)
        RETURN_FALSE;
    /* Only memcached's binary protocol knew of a first value, so it has to be asked for. */
    request.with_initial = MCPROXY_G(is_binary) && ZEND_NUM_ARGS() > (getThis() != NULL ? 2u : 3u);
    request.initial = initial < 0 ? 0 : (uint64_t)initial;
    request.ttl = ttl_of(exptime);
    request.verb = is_up == (value >= 0) ? MCP_INCR : MCP_DECR;
    request.delta = value >= 0 ? (uint64_t)value : -(uint64_t)value;
    ZVAL_DEREF(key);
    pool->holders++;
    if (Z_TYPE_P(key) == IS_ARRAY)
        count_many(return_value, pool, &request, key);
    else
        count_one(return_value, pool, &request, key);
    mcproxy_pool_release(pool);
}

PHP_FUNCTION(memcache_increment)
{
    count(INTERNAL_FUNCTION_PARAM_PASSTHRU, true);
}

PHP_FUNCTION(memcache_decrement)
{
    count(INTERNAL_FUNCTION_PARAM_PASSTHRU, false);
}

/* ---- flush -------------------------------------------------------------------------------- */

PHP_FUNCTION(memcache_flush)
{
    zval *object;
    zend_long delay = 0;
    if (zend_parse_method_parameters(ZEND_NUM_ARGS(), getThis(), "O|l", &object, memcache_pool_ce,
                                     &delay) == FAILURE)
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL)
        RETURN_FALSE;
    mcp_client *client = mcproxy_pool_client(pool);
    if (client == NULL)
        RETURN_BOOL(pool->n_servers == 0); /* of no server, every one has answered */
    bool all = mcp_flush(client, -1, delay) == MCP_OK;
    if (!all)
        mcproxy_report_servers(pool);
    RETURN_BOOL(all);
}

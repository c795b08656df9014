/* SPDX-License-Identifier: BSD-3-Clause */
#include "memcache.h"

#include "key.h"
#include "report.h"

/* ---- One answer --------------------------------------------------------------------------- */

/* "items:1:number" is three levels deep. */
static void
put(HashTable *table, const mcp_stat *stat)
{
    const char *name = stat->name, *end = name + stat->name_len;
    zval value;
    for (const char *colon; (colon = memchr(name, ':', (size_t)(end - name))) != NULL;) {
        zval *inner = zend_symtable_str_find(table, name, (size_t)(colon - name));
        if (inner == NULL || Z_TYPE_P(inner) != IS_ARRAY) {
            zval fresh;
            array_init(&fresh);
            inner = zend_symtable_str_update(table, name, (size_t)(colon - name), &fresh);
        }
        table = Z_ARRVAL_P(inner);
        name = colon + 1;
    }
    ZVAL_STRINGL(&value, stat->value, stat->value_len);
    zend_symtable_str_update(table, name, (size_t)(end - name), &value);
}

/* An array, true for an answer without entries that is a yes, or false. */
static void
stats_of(zval *stats, mcp_client *client, int server, const char *argument)
{
    mcp_result result = MCP_RESULT_INIT;
    mcp_stat stat;
    size_t position = 0;
    ZVAL_FALSE(stats);
    if (mcp_stats(client, server, argument, &result) != MCP_OK)
        return;
    if (argument != NULL && strcmp(argument, "reset") == 0) {
        ZVAL_TRUE(stats);
        return;
    }
    while (mcp_stat_next(&result, &position, &stat)) {
        if (Z_TYPE_P(stats) != IS_ARRAY)
            array_init(stats);
        put(Z_ARRVAL_P(stats), &stat);
    }
}

/* ---- What is asked ------------------------------------------------------------------------ */

static bool
is_known_type(const char *type)
{
    static const char *const known[] = {"reset", "malloc", "maps", "cachedump",
                                        "slabs", "items",  "sizes"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(type, known[i]) == 0)
            return true;
    }
    return false;
}

/* The pool and its client; false when there is nothing to ask. */
static bool
parse(INTERNAL_FUNCTION_PARAMETERS, mcproxy_pool **pool, mcp_client **client, zend_string **type)
{
    zval *object;
    zend_long slab = 0, limit = 100;
    *type = NULL;
    if (zend_parse_method_parameters(ZEND_NUM_ARGS(), getThis(), "O|S!ll", &object,
                                     memcache_pool_ce, type, &slab, &limit) == FAILURE)
        return false;
    RETVAL_FALSE;
    *pool = memcache_pool_of(object);
    if (*pool == NULL)
        return false;
    if (*type != NULL && ZSTR_LEN(*type) == 0)
        *type = NULL;
    if (*type != NULL && !is_known_type(ZSTR_VAL(*type))) {
        php_error_docref(NULL, E_WARNING, "Invalid stats type");
        return false;
    }
    if (*type != NULL && zend_string_equals_literal(*type, "cachedump")) {
        php_error_docref(NULL, E_WARNING, "cachedump is not supported");
        return false;
    }
    *client = mcproxy_pool_client(*pool);
    return *client != NULL;
}

PHP_FUNCTION(memcache_get_stats)
{
    mcproxy_pool *pool;
    mcp_client *client;
    zend_string *type;
    if (!parse(INTERNAL_FUNCTION_PARAM_PASSTHRU, &pool, &client, &type))
        return;
    for (uint32_t i = 0; i < pool->n_servers && Z_TYPE_P(return_value) == IS_FALSE; i++)
        stats_of(return_value, client, (int)i, type != NULL ? ZSTR_VAL(type) : NULL);
    mcproxy_report_servers(pool);
}

PHP_FUNCTION(memcache_get_extended_stats)
{
    mcproxy_pool *pool;
    mcp_client *client;
    zend_string *type;
    if (!parse(INTERNAL_FUNCTION_PARAM_PASSTHRU, &pool, &client, &type))
        return;
    array_init(return_value);
    for (uint32_t i = 0; i < pool->n_servers; i++) {
        zval stats;
        zend_string *label = mcproxy_pool_label(&pool->servers[i]);
        stats_of(&stats, client, (int)i, type != NULL ? ZSTR_VAL(type) : NULL);
        zend_symtable_update(Z_ARRVAL_P(return_value), label, &stats);
        zend_string_release(label);
    }
    mcproxy_report_servers(pool);
}

PHP_FUNCTION(memcache_get_version)
{
    zval *object;
    if (zend_parse_method_parameters(ZEND_NUM_ARGS(), getThis(), "O", &object,
                                     memcache_pool_ce) == FAILURE)
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    mcp_client *client = pool != NULL ? mcproxy_pool_client(pool) : NULL;
    RETVAL_FALSE;
    for (uint32_t i = 0; client != NULL && i < pool->n_servers; i++) {
        mcp_result result = MCP_RESULT_INIT;
        if (mcp_version(client, (int)i, &result) != MCP_OK)
            continue;
        RETVAL_STRINGL(result.value, result.value_len);
        break;
    }
    if (client != NULL)
        mcproxy_report_servers(pool);
}

/* ---- Without asking ----------------------------------------------------------------------- */

PHP_FUNCTION(memcache_get_server_status)
{
    zval *object;
    zend_string *host;
    zend_long port = 0;
    bool no_port = true;
    mcp_server info = MCP_SERVER_INIT;
    if (zend_parse_method_parameters(ZEND_NUM_ARGS(), getThis(), "OS|l!", &object,
                                     memcache_pool_ce, &host, &port, &no_port) == FAILURE)
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL)
        RETURN_FALSE;
    const mcproxy_pool_server *server =
        mcproxy_pool_find(pool, host, no_port ? MCPROXY_G(default_port) : port);
    if (server == NULL) {
        php_error_docref(NULL, E_WARNING, "Server not found in pool");
        RETURN_FALSE;
    }
    mcp_client *client = mcproxy_pool_client(pool);
    if (client != NULL)
        mcp_server_info(client, (int)(server - pool->servers), &info);
    bool is_away = info.state == MCP_STATE_SUSPECT || info.state == MCP_STATE_DOWN ||
                   info.state == MCP_STATE_PROBING;
    RETURN_LONG(server->is_online && !is_away);
}

PHP_METHOD(MemcachePool, findserver)
{
    zval *name;
    mcproxy_key key;
    mcp_location at;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "z", &name) == FAILURE)
        return;
    mcproxy_pool *pool = memcache_pool_of(getThis());
    mcp_client *client = pool != NULL ? mcproxy_pool_client(pool) : NULL;
    if (client == NULL || !mcproxy_key_cook(&key, name, pool->prefix))
        RETURN_FALSE;
    mcp_status status = mcp_where(client, key.bytes, key.len, NULL, 0, &at);
    mcproxy_key_done(&key);
    if (status != MCP_OK) {
        php_error_docref(NULL, E_WARNING, "Invalid key");
        RETURN_FALSE;
    }
    RETURN_STR(mcproxy_pool_label(&pool->servers[at.primary]));
}

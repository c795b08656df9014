/* SPDX-License-Identifier: BSD-3-Clause */
#include "memcache.h"

#include "key.h"
#include "report.h"

/* ---- One answer --------------------------------------------------------------------------- */

/* "[4 b; 0 s]" is two numbers. */
static bool
put_item(HashTable *table, const mcp_stat *stat)
{
    char size[24], expires[24];
    char text[64];
    zval numbers;
    snprintf(text, sizeof text, "%.*s", (int)stat->value_len, stat->value);
    if (sscanf(text, "[%23[0-9] b; %23[0-9] s]", size, expires) != 2)
        return false;
    array_init(&numbers);
    add_next_index_string(&numbers, size);
    add_next_index_string(&numbers, expires);
    zend_symtable_str_update(table, stat->name, stat->name_len, &numbers);
    return true;
}

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
    bool are_items = argument != NULL && strncmp(argument, "cachedump", 9) == 0;
    while (mcp_stat_next(&result, &position, &stat)) {
        if (Z_TYPE_P(stats) != IS_ARRAY)
            array_init(stats);
        if (!are_items || !put_item(Z_ARRVAL_P(stats), &stat))
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

/* What a server is asked for; `argument` is NULL or stands in `text`. */
typedef struct question {
    mcproxy_pool *pool;
    mcp_client *client;
    const char *argument;
    char text[64];
} question;

/* False when there is nothing to ask. */
static bool
parse(INTERNAL_FUNCTION_PARAMETERS, question *q)
{
    zval *object;
    zend_string *type = NULL;
    zend_long slab = 0, limit = 100;
    *q = (question){0};
    if (zend_parse_method_parameters(ZEND_NUM_ARGS(), getThis(), "O|S!ll", &object,
                                     memcache_pool_ce, &type, &slab, &limit) == FAILURE)
        return false;
    RETVAL_FALSE;
    q->pool = memcache_pool_of(object);
    if (q->pool == NULL)
        return false;
    if (type != NULL && ZSTR_LEN(type) == 0)
        type = NULL; /* what the stub's default says: all of it */
    if (type != NULL && !is_known_type(ZSTR_VAL(type))) {
        php_error_docref(NULL, E_WARNING, "Invalid stats type");
        return false;
    }
    if (type != NULL) {
        q->argument = q->text;
        snprintf(q->text, sizeof q->text, "%s", ZSTR_VAL(type));
    }
    if (type != NULL && zend_string_equals_literal(type, "cachedump"))
        snprintf(q->text, sizeof q->text, "cachedump " ZEND_LONG_FMT " " ZEND_LONG_FMT, slab,
                 limit);
    q->client = mcproxy_pool_client(q->pool);
    return q->client != NULL;
}

PHP_FUNCTION(memcache_get_stats)
{
    question q;
    if (!parse(INTERNAL_FUNCTION_PARAM_PASSTHRU, &q))
        return;
    for (uint32_t i = 0; i < q.pool->n_servers && Z_TYPE_P(return_value) == IS_FALSE; i++)
        stats_of(return_value, q.client, (int)i, q.argument);
    mcproxy_report_servers(q.pool);
}

PHP_FUNCTION(memcache_get_extended_stats)
{
    question q;
    if (!parse(INTERNAL_FUNCTION_PARAM_PASSTHRU, &q))
        return;
    array_init(return_value);
    for (uint32_t i = 0; i < q.pool->n_servers; i++) {
        zval stats;
        zend_string *label = mcproxy_pool_label(&q.pool->servers[i]);
        stats_of(&stats, q.client, (int)i, q.argument);
        zend_symtable_update(Z_ARRVAL_P(return_value), label, &stats);
        zend_string_release(label);
    }
    mcproxy_report_servers(q.pool);
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
        mcproxy_pool_find(pool, host, mcproxy_pool_port(port, no_port));
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

/* SPDX-License-Identifier: BSD-3-Clause */
#include "memcache.h"

#include "report.h"

/* What most calls take: a method has its object, a function gets it first. */
#define PARSE(format, ...)                                                                         \
    (zend_parse_method_parameters(ZEND_NUM_ARGS(), getThis(), "O" format, &object,                 \
                                  memcache_pool_ce, ##__VA_ARGS__) == SUCCESS)

/* A server as it is when nothing else is said. */
static mcproxy_pool_entry
standard_entry(void)
{
    return (mcproxy_pool_entry){
        .weight = 1,
        .timeout_s = 1.0,
        .retry_s = 15,
        .is_persistent = true,
        .is_online = true,
    };
}

static zend_long
port_of(zend_long port, bool is_null)
{
    return is_null ? MCPROXY_G(default_port) : port;
}

/* NULL, an undefined zval or null: no callback. False, and a warning: it cannot be called. */
static bool
is_good_callback(zval *callback)
{
    if (callback == NULL || Z_TYPE_P(callback) == IS_NULL || zend_is_callable(callback, 0, NULL))
        return true;
    php_error_docref(NULL, E_WARNING, "Invalid failure callback");
    return false;
}

static zval *
null_if_null(zval *callback)
{
    return callback != NULL && Z_TYPE_P(callback) != IS_NULL ? callback : NULL;
}

/* ---- Adding servers ----------------------------------------------------------------------- */

/* Opens the connection now. The server stays in the pool whatever comes of it. */
static bool
connect_to(mcproxy_pool *pool, const mcproxy_pool_entry *entry)
{
    if (pool == NULL || !mcproxy_pool_add(pool, entry))
        return false;
    int number = (int)pool->n_servers - 1;
    mcp_client *client = mcproxy_pool_client(pool);
    if (client == NULL)
        return false;
    if (mcp_ping(client, number) == MCP_OK)
        return true;
    mcproxy_report_connect(pool, number);
    return false;
}

PHP_METHOD(MemcachePool, connect)
{
    mcproxy_pool_entry entry = standard_entry();
    bool no_port = true;
    zend_long udp_port = 0;
    bool persistent = 1;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "S|l!lbldl", &entry.host, &entry.port, &no_port,
                              &udp_port, &persistent, &entry.weight, &entry.timeout_s,
                              &entry.retry_s) == FAILURE)
        return;
    entry.is_persistent = persistent;
    entry.port = port_of(entry.port, no_port);
    RETURN_BOOL(connect_to(memcache_pool_made(getThis()), &entry));
}

PHP_METHOD(MemcachePool, addserver)
{
    mcproxy_pool_entry entry = standard_entry();
    bool no_port = true;
    zend_long udp_port = 0;
    bool persistent = 1, status = 1;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "S|l!lbldlb", &entry.host, &entry.port, &no_port,
                              &udp_port, &persistent, &entry.weight, &entry.timeout_s,
                              &entry.retry_s, &status) == FAILURE)
        return;
    entry.is_persistent = persistent;
    entry.is_online = status;
    entry.port = port_of(entry.port, no_port);
    mcproxy_pool *pool = memcache_pool_made(getThis());
    RETURN_BOOL(pool != NULL && mcproxy_pool_add(pool, &entry));
}

PHP_METHOD(MemcachePool, addBackup)
{
    mcproxy_pool_entry entry = standard_entry();
    bool no_port = true;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "S|l!l", &entry.host, &entry.port, &no_port,
                              &entry.weight) == FAILURE)
        return;
    entry.port = port_of(entry.port, no_port);
    mcproxy_pool *pool = memcache_pool_made(getThis());
    RETURN_BOOL(pool != NULL && mcproxy_pool_add_backup(pool, &entry));
}

PHP_FUNCTION(memcache_add_server)
{
    zval *object, *callback = NULL;
    mcproxy_pool_entry entry = standard_entry();
    bool no_port = true;
    bool persistent = 1, status = 1;
    if (zend_parse_method_parameters(ZEND_NUM_ARGS(), getThis(), "OS|l!bldlbz", &object,
                                     memcache_ce, &entry.host, &entry.port, &no_port, &persistent,
                                     &entry.weight, &entry.timeout_s, &entry.retry_s, &status,
                                     &callback) == FAILURE)
        return;
    entry.is_persistent = persistent;
    entry.is_online = status;
    entry.port = port_of(entry.port, no_port);
    if (!is_good_callback(callback))
        RETURN_FALSE;
    mcproxy_pool *pool = memcache_pool_made(object);
    if (pool == NULL || !mcproxy_pool_add(pool, &entry))
        RETURN_FALSE;
    if (null_if_null(callback) != NULL)
        mcproxy_pool_set_callback(pool, callback);
    RETURN_TRUE;
}

/* host, port, timeout, and five more that nobody uses. */
static bool
parse_connect(INTERNAL_FUNCTION_PARAMETERS, mcproxy_pool_entry *entry)
{
    bool no_port = true;
    zval *unused;
    *entry = standard_entry();
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "S|l!dzzzzz", &entry->host, &entry->port, &no_port,
                              &entry->timeout_s, &unused, &unused, &unused, &unused,
                              &unused) == FAILURE)
        return false;
    entry->port = port_of(entry->port, no_port);
    return true;
}

PHP_METHOD(Memcache, connect)
{
    mcproxy_pool_entry entry;
    if (parse_connect(INTERNAL_FUNCTION_PARAM_PASSTHRU, &entry))
        RETURN_BOOL(connect_to(memcache_pool_made(getThis()), &entry));
}

PHP_FUNCTION(memcache_connect)
{
    mcproxy_pool_entry entry;
    if (!parse_connect(INTERNAL_FUNCTION_PARAM_PASSTHRU, &entry))
        return;
    object_init_ex(return_value, memcache_ce);
    if (connect_to(memcache_pool_made(return_value), &entry))
        return;
    zval_ptr_dtor(return_value);
    RETURN_FALSE;
}

/* ---- Changing them ------------------------------------------------------------------------ */

static void
change_server(mcproxy_pool *pool, mcproxy_pool_server *server, const mcproxy_pool_entry *entry)
{
    bool is_same = server->timeout_s == entry->timeout_s && server->retry_s == entry->retry_s;
    if (server->is_online != entry->is_online)
        pool->n_offline += entry->is_online ? -1u : 1u;
    server->is_online = entry->is_online;
    server->timeout_s = entry->timeout_s;
    server->retry_s = entry->retry_s;
    server->is_changed = true;
    server->is_known_away = false;
    server->told = 0;
    pool->has_changed |= !is_same;
}

PHP_FUNCTION(memcache_set_server_params)
{
    zval *object, *callback = NULL;
    mcproxy_pool_entry entry = standard_entry();
    bool no_port = true;
    bool status = 1;
    if (!PARSE("S|l!dlbz", &entry.host, &entry.port, &no_port, &entry.timeout_s, &entry.retry_s,
               &status, &callback))
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL)
        RETURN_FALSE;
    entry.is_online = status;
    mcproxy_pool_server *server =
        mcproxy_pool_find(pool, entry.host, mcproxy_pool_port(entry.port, no_port));
    if (server == NULL) {
        php_error_docref(NULL, E_WARNING, "Server not found in pool");
        RETURN_FALSE;
    }
    if (!is_good_callback(callback))
        RETURN_FALSE;
    change_server(pool, server, &entry);
    if (callback != NULL)
        mcproxy_pool_set_callback(pool, null_if_null(callback));
    RETURN_TRUE;
}

PHP_FUNCTION(memcache_set_failure_callback)
{
    zval *object, *callback;
    if (!PARSE("z", &callback))
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL || !is_good_callback(callback))
        RETURN_FALSE;
    mcproxy_pool_set_callback(pool, null_if_null(callback));
    RETURN_TRUE;
}

PHP_FUNCTION(memcache_set_compress_threshold)
{
    zval *object;
    zend_long threshold;
    double savings = 0.2;
    if (!PARSE("l|d", &threshold, &savings))
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL)
        RETURN_FALSE;
    if (threshold < 0) {
        php_error_docref(NULL, E_WARNING, "threshold must be a positive integer");
        RETURN_FALSE;
    }
    if (!(savings >= 0 && savings <= 1)) {
        php_error_docref(NULL, E_WARNING, "min_savings must be a float in the 0..1 range");
        RETURN_FALSE;
    }
    pool->squeeze = (mcproxy_squeeze){threshold, savings};
    RETURN_TRUE;
}

static void
set_property(zval *object, const char *name, zend_string *value)
{
    zval text;
    ZVAL_STR(&text, value);
#if PHP_VERSION_ID < 80000
    zend_update_property(Z_OBJCE_P(object), object, name, strlen(name), &text);
#else
    zend_update_property(Z_OBJCE_P(object), Z_OBJ_P(object), name, strlen(name), &text);
#endif
}

/* Where the old extension kept them, the user finds them again. */
PHP_FUNCTION(memcache_set_sasl_auth_data)
{
    zval *object;
    zend_string *user, *password;
    if (!PARSE("SS", &user, &password))
        return;
    if (ZSTR_LEN(user) == 0 || ZSTR_LEN(password) == 0)
        RETURN_FALSE;
    mcproxy_pool_set_login(memcache_pool_bare(object), user, password);
    set_property(object, "username", user);
    set_property(object, "password", password);
    RETURN_TRUE;
}

PHP_FUNCTION(memcache_debug)
{
    php_error_docref(NULL, E_WARNING,
                     "memcache_debug() is deprecated, please use a debugger (like Eclipse + CDT)");
    RETURN_FALSE;
}

PHP_FUNCTION(memcache_close)
{
    zval *object;
    if (!PARSE(""))
        return;
    mcproxy_pool *pool = memcache_pool_of(object);
    if (pool == NULL)
        RETURN_FALSE;
    mcproxy_pool_clear(pool);
    RETURN_TRUE;
}

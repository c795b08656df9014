/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

/* ---- Properties --------------------------------------------------------------------------- */

static void
put_long(zval *object, const char *name, zend_long number)
{
#if PHP_VERSION_ID < 80000
    zend_update_property_long(mcproxy_result_ce, object, name, strlen(name), number);
#else
    zend_update_property_long(mcproxy_result_ce, Z_OBJ_P(object), name, strlen(name), number);
#endif
}

static void
put_text(zval *object, const char *name, const char *text)
{
#if PHP_VERSION_ID < 80000
    zend_update_property_string(mcproxy_result_ce, object, name, strlen(name), text);
#else
    zend_update_property_string(mcproxy_result_ce, Z_OBJ_P(object), name, strlen(name), text);
#endif
}

static void
put_value(zval *object, const char *name, zval *value)
{
#if PHP_VERSION_ID < 80000
    zend_update_property(mcproxy_result_ce, object, name, strlen(name), value);
#else
    zend_update_property(mcproxy_result_ce, Z_OBJ_P(object), name, strlen(name), value);
#endif
}

/* ---- The result --------------------------------------------------------------------------- */

static void
put_server(zval *object, const mcproxy_client *client, const mcp_result *result)
{
    zval from_backup;
    mcp_server info = MCP_SERVER_INIT;
    if (mcp_server_info(client->shared->client, result->server, &info) == MCP_OK)
        put_text(object, "server", info.name);
    put_text(object, "primary", mcp_strcopy(result->primary));
    put_text(object, "backup", mcp_strcopy(result->backup));
    ZVAL_BOOL(&from_backup, result->from_backup);
    put_value(object, "fromBackup", &from_backup);
}

void
mcproxy_outcome(zval *object, const mcproxy_client *client, const mcp_result *result, zval *value,
                mcp_verb verb)
{
    bool is_read = verb == MCP_GET || verb == MCP_GAT;
    bool is_count = verb == MCP_INCR || verb == MCP_DECR;
    object_init_ex(object, mcproxy_result_ce);
    put_long(object, "status", result->status);
    put_server(object, client, result);
    if (value != NULL) {
        put_value(object, "value", value);
        zval_ptr_dtor(value);
    }
    if (result->status != MCP_OK)
        return;
    if (is_read) {
        put_long(object, "flags", (zend_long)result->flags);
        put_long(object, "ttl", (zend_long)result->ttl);
    }
    if (result->cas != 0)
        put_long(object, "cas", (zend_long)result->cas);
    if (is_count)
        put_long(object, "number", (zend_long)result->number);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

PHP_METHOD(McProxy_Client, flush)
{
    zend_long delay = 0;
    mcproxy_client *client;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "|l", &delay) == FAILURE ||
        !(client = mcproxy_client_of(getThis())))
        return;
    mcp_status status = mcp_flush(client->shared->client, -1, delay);
    if (status != MCP_OK)
        mcproxy_client_throw(status, mcp_last_error(client->shared->client)->text);
}

PHP_METHOD(McProxy_Client, maintain)
{
    mcproxy_client *client;
    if (zend_parse_parameters_none() == FAILURE || !(client = mcproxy_client_of(getThis())))
        return;
    mcp_maintain(client->shared->client);
}

/* ---- Where, and who ----------------------------------------------------------------------- */

static void
add_name(zval *array, const char *index, const mcp_client *client, int server)
{
    mcp_server info = MCP_SERVER_INIT;
    if (mcp_server_info(client, server, &info) == MCP_OK)
        add_assoc_string(array, index, info.name);
    else
        add_assoc_null(array, index);
}

PHP_METHOD(McProxy_Client, where)
{
    zend_string *key;
    mcproxy_client *client;
    mcp_location at;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "S", &key) == FAILURE ||
        !(client = mcproxy_client_of(getThis())))
        return;
    mcp_client *library = client->shared->client;
    mcp_status status = mcp_where(library, ZSTR_VAL(key), ZSTR_LEN(key), NULL, 0, &at);
    if (status != MCP_OK) {
        mcproxy_client_throw(status, mcp_last_error(library)->text);
        return;
    }
    array_init(return_value);
    add_name(return_value, "primary", library, at.primary);
    add_name(return_value, "backup", library, at.backup);
}

static void
describe(zval *server, const mcp_server *info)
{
    array_init(server);
    add_assoc_string(server, "name", info->name);
    add_assoc_string(server, "address", info->address);
    add_assoc_bool(server, "is_backup", info->is_backup);
    add_assoc_long(server, "weight", info->weight);
    add_assoc_string(server, "state", mcp_strstate(info->state));
    add_assoc_string(server, "why", info->why);
    add_assoc_long(server, "since_ms", (zend_long)info->since_ms);
    add_assoc_long(server, "next_probe_ms", (zend_long)info->next_probe_ms);
    add_assoc_string(server, "version", info->version);
    add_assoc_long(server, "calls", (zend_long)info->calls);
    add_assoc_long(server, "errors", (zend_long)info->errors);
    add_assoc_long(server, "timeouts", (zend_long)info->timeouts);
    add_assoc_long(server, "connects", (zend_long)info->connects);
    add_assoc_long(server, "failovers", (zend_long)info->failovers);
    add_assoc_long(server, "hits", (zend_long)info->hits);
    add_assoc_long(server, "misses", (zend_long)info->misses);
}

PHP_METHOD(McProxy_Client, servers)
{
    mcproxy_client *client;
    if (zend_parse_parameters_none() == FAILURE || !(client = mcproxy_client_of(getThis())))
        return;
    array_init(return_value);
    for (int i = 0; i < client->shared->n_servers; i++) {
        zval server;
        mcp_server info = MCP_SERVER_INIT;
        mcp_server_info(client->shared->client, i, &info);
        describe(&server, &info);
        add_next_index_zval(return_value, &server);
    }
}

/* ---- stats -------------------------------------------------------------------------------- */

static void
stats_of(zval *stats, mcp_client *library, int server, const char *type)
{
    mcp_result result = MCP_RESULT_INIT;
    mcp_stat stat;
    size_t position = 0;
    ZVAL_FALSE(stats);
    if (mcp_stats(library, server, type, &result) != MCP_OK)
        return;
    array_init(stats);
    while (mcp_stat_next(&result, &position, &stat)) {
        zval value;
        ZVAL_STRINGL(&value, stat.value, stat.value_len);
        zend_symtable_str_update(Z_ARRVAL_P(stats), stat.name, stat.name_len, &value);
    }
}

PHP_METHOD(McProxy_Client, stats)
{
    char *type = "";
    size_t type_len = 0;
    mcproxy_client *client;
    if (zend_parse_parameters(ZEND_NUM_ARGS(), "|p", &type, &type_len) == FAILURE ||
        !(client = mcproxy_client_of(getThis())))
        return;
    array_init(return_value);
    for (int i = 0; i < client->shared->n_servers; i++) {
        zval stats;
        mcp_server info = MCP_SERVER_INIT;
        mcp_server_info(client->shared->client, i, &info);
        stats_of(&stats, client->shared->client, i, type_len > 0 ? type : NULL);
        add_assoc_zval(return_value, info.name, &stats);
    }
}

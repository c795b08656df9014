/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <errno.h>

/* The old extension's numbers for what a server answers; it takes them from its own enum. */
enum { SERVER_SAID_TOO_BIG = 3, SERVER_SAID_NOT_NUMBER = 6 };

/* Who it is that a report is about. */
typedef struct subject {
    zend_string *host;
    zend_long port;
    char why[160];
    zend_long os_error;
} subject;

/* ---- Telling ------------------------------------------------------------------------------ */

static void
call_callback(mcproxy_pool *pool, const subject *about)
{
    zval arguments[5], result, callback;
    ZVAL_COPY(&callback, &pool->failure_callback); /* it may take itself back */
    ZVAL_STR_COPY(&arguments[0], about->host);
    ZVAL_LONG(&arguments[1], about->port);
    ZVAL_LONG(&arguments[2], 0);
    ZVAL_STRING(&arguments[3], about->why);
    ZVAL_LONG(&arguments[4], about->os_error);
    ZVAL_UNDEF(&result);
    pool->holders++; /* it may also let go of the pool */
    call_user_function(NULL, NULL, &callback, &result, 5, arguments);
    for (int i = 0; i < 5; i++)
        zval_ptr_dtor(&arguments[i]);
    zval_ptr_dtor(&result);
    zval_ptr_dtor(&callback);
    mcproxy_pool_release(pool);
}

static void
tell(mcproxy_pool *pool, const subject *about)
{
    if (EG(exception) != NULL)
        return;
    if (!Z_ISUNDEF(pool->failure_callback))
        call_callback(pool, about);
    else if (MCPROXY_G(failure_notices))
        php_error_docref(NULL, E_NOTICE,
                         "Server %s (tcp " ZEND_LONG_FMT ", udp 0) failed with: %s (" ZEND_LONG_FMT
                         ")", ZSTR_VAL(about->host), about->port, about->why, about->os_error);
}

/* ---- Whom about --------------------------------------------------------------------------- */

/* The library says it in words; errno is looked for in them. */
static zend_long
errno_in(const char *why)
{
    static const int usual[] = {ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ENOENT,
                                EACCES, EPIPE, ETIMEDOUT, ENETDOWN, EHOSTDOWN};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (strstr(why, strerror(usual[i])) != NULL)
            return usual[i];
    }
    return strstr(why, "within") != NULL ? ETIMEDOUT : 0;
}

/* A backup of the ini is known by its address alone. */
static void
name_backup(subject *about, const char *address)
{
    const char *colon = strrchr(address, ':');
    bool is_unix = strncmp(address, "unix:", 5) == 0;
    size_t len = is_unix || colon == NULL ? strlen(address) : (size_t)(colon - address);
    about->host = zend_string_init(address, len, 0);
    about->port = is_unix || colon == NULL ? 0 : ZEND_STRTOL(colon + 1, NULL, 10);
}

static void
name_server(subject *about, const mcproxy_pool *pool, int number, const mcp_server *info)
{
    if ((uint32_t)number >= pool->n_servers) {
        name_backup(about, info->address);
        return;
    }
    about->host = zend_string_copy(pool->servers[number].host);
    about->port = pool->servers[number].port;
}

/* In the old extension's words where it had some: logs are searched for them. */
static void
explain(subject *about, const mcp_server *info)
{
    bool is_late = strstr(info->why, "no connection within") != NULL;
    about->os_error = errno_in(info->why);
    if (is_late || about->os_error == ECONNREFUSED)
        snprintf(about->why, sizeof about->why, "Connection failed: %s",
                 strerror((int)about->os_error));
    else
        snprintf(about->why, sizeof about->why, "%s", info->why);
}

/* ---- Failures ----------------------------------------------------------------------------- */

/* A number that is another one for the next failure: nothing is sent to a server that is away, and
 * before it can fail again something was. */
static uint64_t
failure_of(const mcp_server *info)
{
    return info->calls + 1;
}

static uint64_t *
told_of(mcproxy_pool *pool, int number)
{
    /* A callback is this pool's own; so are the failures of servers it does not share. */
    if ((uint32_t)number >= pool->n_servers)
        return &pool->shared->told[number];
    mcproxy_pool_server *server = &pool->servers[number];
    bool is_own =
        !server->is_persistent || server->is_changed || !Z_ISUNDEF(pool->failure_callback);
    return is_own ? &server->told : &pool->shared->told[number];
}

static bool
is_away(const mcp_server *info)
{
    return info->state == MCP_STATE_SUSPECT || info->state == MCP_STATE_DOWN ||
           info->state == MCP_STATE_PROBING;
}

/* Whether this client only finds again what the pool's last one was told of. */
static bool
is_known(mcproxy_pool *pool, int number, const mcp_server *info)
{
    bool is_own = (uint32_t)number < pool->n_servers;
    return is_own && pool->servers[number].is_known_away && info->connects == 0;
}

void
mcproxy_report_remember(mcproxy_pool *pool)
{
    for (uint32_t i = 0; pool->shared != NULL && i < pool->n_servers; i++) {
        mcp_server info = MCP_SERVER_INIT;
        mcp_server_info(pool->shared->client, (int)i, &info);
        pool->servers[i].is_known_away =
            is_away(&info) && *told_of(pool, (int)i) == failure_of(&info);
    }
}

static void
report_server(mcproxy_pool *pool, int number)
{
    mcp_server info = MCP_SERVER_INIT;
    mcp_server_info(pool->shared->client, number, &info);
    uint64_t *told = told_of(pool, number);
    if (!is_away(&info) || *told == failure_of(&info))
        return;
    *told = failure_of(&info);
    if (is_known(pool, number, &info))
        return;
    subject about = {0};
    name_server(&about, pool, number, &info);
    explain(&about, &info);
    tell(pool, &about);
    zend_string_release(about.host);
}

void
mcproxy_report_servers(mcproxy_pool *pool)
{
    const mcproxy_shared *shared = pool->shared;
    pool->holders++;
    /* A callback may change the pool; then the rest is told with the next failure. */
    for (int i = 0; pool->shared != NULL && pool->shared == shared && i < shared->n_servers; i++)
        report_server(pool, i);
    mcproxy_pool_release(pool);
}

/* ---- Refusals ----------------------------------------------------------------------------- */

void
mcproxy_report_refusal(mcproxy_pool *pool, mcp_status status, int server)
{
    mcp_server info = MCP_SERVER_INIT;
    subject about = {0};
    const char *words = "SERVER_ERROR out of memory storing object";
    about.os_error = SERVER_SAID_TOO_BIG;
    if (status == MCP_TOO_BIG)
        words = "SERVER_ERROR object too large for cache";
    if (status == MCP_NOT_NUMBER) {
        words = "CLIENT_ERROR cannot increment or decrement non-numeric value";
        about.os_error = SERVER_SAID_NOT_NUMBER;
    }
    if (pool->shared == NULL)
        return;
    if (server < 0 || mcp_server_info(pool->shared->client, server, &info) != MCP_OK)
        mcp_server_info(pool->shared->client, server = 0, &info);
    snprintf(about.why, sizeof about.why, "%s", words);
    name_server(&about, pool, server, &info);
    tell(pool, &about);
    zend_string_release(about.host);
}

void
mcproxy_report_connect(mcproxy_pool *pool, int server)
{
    mcp_server info = MCP_SERVER_INIT;
    subject about = {0};
    mcp_server_info(pool->shared->client, server, &info);
    name_server(&about, pool, server, &info);
    explain(&about, &info);
    *told_of(pool, server) = failure_of(&info);
    tell(pool, &about);
    if (EG(exception) == NULL)
        php_error_docref(NULL, E_WARNING,
                         "Can't connect to %s:" ZEND_LONG_FMT ", %s (" ZEND_LONG_FMT ")",
                         ZSTR_VAL(about.host), about.port, about.why, about.os_error);
    zend_string_release(about.host);
}

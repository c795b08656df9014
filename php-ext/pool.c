/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool.h"

#include "address.h"
#include "key.h"
#include "report.h"

#define TIMEOUT_STANDARD_S 1.0
#define RETRY_MOST_S 30

mcproxy_pool *
mcproxy_pool_new(void)
{
    mcproxy_pool *pool = ecalloc(1, sizeof *pool);
    pool->holders = 1;
    pool->squeeze.threshold = MCPROXY_G(compress_threshold);
    pool->squeeze.savings = 0.2;
    pool->is_standard = MCPROXY_G(is_standard);
    pool->is_fnv = MCPROXY_G(is_fnv);
    ZVAL_UNDEF(&pool->failure_callback);
    return pool;
}

static void
drop_client(mcproxy_pool *pool)
{
    mcproxy_report_remember(pool);
    mcproxy_shared_release(pool->shared);
    pool->shared = NULL;
    pool->has_changed = true;
}

static void
free_list(mcproxy_pool_server *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        zend_string_release(list[i].host);
        zend_string_release(list[i].address);
    }
    if (list != NULL)
        efree(list);
}

void
mcproxy_pool_clear(mcproxy_pool *pool)
{
    drop_client(pool);
    free_list(pool->servers, pool->n_servers);
    free_list(pool->backups, pool->n_backups);
    pool->servers = pool->backups = NULL;
    pool->n_servers = pool->n_backups = pool->n_offline = 0;
}

void
mcproxy_pool_release(mcproxy_pool *pool)
{
    if (pool == NULL || --pool->holders > 0)
        return;
    mcproxy_pool_clear(pool);
    mcproxy_pool_set_callback(pool, NULL);
    if (pool->prefix != NULL)
        zend_string_release(pool->prefix);
    if (pool->login != NULL)
        zend_string_release(pool->login);
    if (pool->resource != NULL)
        pool->resource->ptr = NULL;
    efree(pool);
}

void
mcproxy_pool_set_login(mcproxy_pool *pool, const zend_string *user, const zend_string *password)
{
    if (pool->login != NULL)
        zend_string_release(pool->login);
    pool->login = strpprintf(0, "%s:%s", ZSTR_VAL(user), ZSTR_VAL(password));
    drop_client(pool);
}

void
mcproxy_pool_set_callback(mcproxy_pool *pool, zval *callback)
{
    zval before;
    ZVAL_COPY_VALUE(&before, &pool->failure_callback);
    if (callback != NULL)
        ZVAL_COPY_DEREF(&pool->failure_callback, callback);
    else
        ZVAL_UNDEF(&pool->failure_callback);
    zval_ptr_dtor(&before); /* last: it may run a destructor that looks at the pool */
}

/* ---- Servers ------------------------------------------------------------------------------ */

/* The servers of the list grow by one, if the entry is a server. */
static bool
append(mcproxy_pool_server **list, uint32_t *n, const mcproxy_pool_entry *entry)
{
    char why[200];
    zend_string *address =
        mcproxy_address(ZSTR_VAL(entry->host), ZSTR_LEN(entry->host), entry->port);
    if (mcproxy_address_wrong(address, why, sizeof why) != NULL) {
        php_error_docref(NULL, E_WARNING, "Invalid server: %s", why);
        zend_string_release(address);
        return false;
    }
    *list = safe_erealloc(*list, *n + 1, sizeof **list, 0);
    mcproxy_pool_server *server = &(*list)[(*n)++];
    *server = (mcproxy_pool_server){
        .host = zend_string_copy(entry->host),
        .address = address,
        .port = entry->port,
        .weight = entry->weight,
        .timeout_s = entry->timeout_s,
        .retry_s = entry->retry_s,
        .is_persistent = entry->is_persistent,
        .is_online = entry->is_online,
    };
    return true;
}

static bool
is_sane(const mcproxy_pool_entry *entry)
{
    if (entry->weight < 1)
        php_error_docref(NULL, E_WARNING, "weight must be a positive integer");
    else if (entry->weight > MCPROXY_WEIGHT_MOST)
        php_error_docref(NULL, E_WARNING, "weight must be at most %d", MCPROXY_WEIGHT_MOST);
    else if (entry->port < 0 || entry->port > 65535)
        php_error_docref(NULL, E_WARNING, "invalid tcp port number");
    else
        return true;
    return false;
}

bool
mcproxy_pool_add(mcproxy_pool *pool, const mcproxy_pool_entry *entry)
{
    if (!is_sane(entry))
        return false;
    drop_client(pool); /* while its servers have the numbers that the client knows */
    if (!append(&pool->servers, &pool->n_servers, entry))
        return false;
    if (pool->prefix != NULL)
        zend_string_release(pool->prefix);
    pool->prefix = mcproxy_key_prefix(&MCPROXY_G(key_rule));
    pool->n_offline += !entry->is_online;
    return true;
}

bool
mcproxy_pool_add_backup(mcproxy_pool *pool, const mcproxy_pool_entry *entry)
{
    if (!is_sane(entry))
        return false;
    drop_client(pool);
    return append(&pool->backups, &pool->n_backups, entry);
}

mcproxy_pool_server *
mcproxy_pool_find(mcproxy_pool *pool, const zend_string *host, zend_long port)
{
    for (uint32_t i = 0; i < pool->n_servers; i++) {
        if (pool->servers[i].port == port && zend_string_equals(pool->servers[i].host, host))
            return &pool->servers[i];
    }
    return NULL;
}

zend_string *
mcproxy_pool_label(const mcproxy_pool_server *server)
{
    return strpprintf(0, "%s:" ZEND_LONG_FMT, ZSTR_VAL(server->host), server->port);
}

/* ---- The options text --------------------------------------------------------------------- */

static void
append_server(smart_str *text, const char *word, const mcproxy_pool_server *server)
{
    mcproxy_option_word(text, word, ZSTR_VAL(server->address), ZSTR_LEN(server->address));
    if (server->weight > 1)
        smart_str_append_printf(text, " weight=" ZEND_LONG_FMT, server->weight);
}

/* The ini's list: separated by commas or white space. How many there were; `text` may be NULL. */
static uint32_t
append_ini_backups(smart_str *text)
{
    uint32_t n = 0;
    const char *at = MCPROXY_G(backup) != NULL ? MCPROXY_G(backup) : "";
    while (*at != '\0') {
        size_t len = strcspn(at, ", \t\r\n");
        n += len > 0;
        if (len > 0 && text != NULL) {
            zend_string *address = mcproxy_address(at, len, 0);
            mcproxy_option_word(text, "backup", ZSTR_VAL(address), ZSTR_LEN(address));
            zend_string_release(address);
        }
        at += len + (at[len] != '\0');
    }
    return n;
}

uint32_t
mcproxy_pool_backups(const mcproxy_pool *pool)
{
    return append_ini_backups(NULL) + pool->n_backups;
}

static const char *
mirror_of(const mcproxy_pool *pool, uint32_t n_backups)
{
    if (n_backups > 0)
        return "backup";
    if (pool->is_for_sessions)
        return "off";
    if (MCPROXY_G(redundancy) > 1)
        return "probe";
    return MCPROXY_G(allow_failover) ? "probe,failover-only" : "off";
}

/* A call's timeout is the largest of the servers', the cap of the waits between probes likewise. */
static void
append_times(smart_str *text, const mcproxy_pool *pool, const char *given)
{
    double timeout_s = 0;
    zend_long retry_s = 0;
    for (uint32_t i = 0; i < pool->n_servers; i++) {
        const mcproxy_pool_server *server = &pool->servers[i];
        timeout_s = server->timeout_s > timeout_s ? server->timeout_s : timeout_s;
        retry_s = server->retry_s > retry_s ? server->retry_s : retry_s;
    }
    if (!(timeout_s > 0))
        timeout_s = TIMEOUT_STANDARD_S;
    double timeout_ms = timeout_s * 1000 < 2e9 ? timeout_s * 1000 : 2e9;
    if (!mcproxy_option_given(given, "timeout"))
        smart_str_append_printf(text, " timeout=%ldms", timeout_ms < 1 ? 1 : (long)timeout_ms);
    if (retry_s > 0 && retry_s < RETRY_MOST_S && !mcproxy_option_given(given, "retry_max"))
        smart_str_append_printf(text, " retry_max=%lds", (long)retry_s);
}

static void
append_choice(smart_str *text, const char *given, const char *name, const char *value)
{
    if (!mcproxy_option_given(given, name))
        mcproxy_option_word(text, name, value, strlen(value));
}

static void
append_rules(smart_str *text, const mcproxy_pool *pool, const char *given)
{
    if (!mcproxy_option_given(given, "distribution")) {
        append_choice(text, given, "distribution",
                      pool->is_standard ? "memcache-standard" : "memcache-consistent");
        append_choice(text, given, "hash", pool->is_fnv ? "fnv" : "crc32");
    }
    append_times(text, pool, given);
    /* The old extension logged in by the binary protocol only. */
    if (pool->login != NULL && MCPROXY_G(is_binary))
        append_choice(text, given, "auth", ZSTR_VAL(pool->login));
    if (mcproxy_option_built("shared_pool"))
        append_choice(text, given, "shared_pool", "yes");
    mcproxy_option_words(text, given);
}

static zend_string *
options_of(const mcproxy_pool *pool)
{
    smart_str text = {0};
    const char *given = mcproxy_options_text();
    for (uint32_t i = 0; i < pool->n_servers; i++)
        append_server(&text, "server", &pool->servers[i]);
    uint32_t n_backups = append_ini_backups(&text);
    for (uint32_t i = 0; i < pool->n_backups; i++, n_backups++)
        append_server(&text, "backup", &pool->backups[i]);
    append_choice(&text, given, "mirror", mirror_of(pool, n_backups));
    append_rules(&text, pool, given);
    smart_str_0(&text);
    return text.s;
}

/* ---- Clients ------------------------------------------------------------------------------ */

static mcproxy_shared *
open_shared(zend_string *options)
{
    char why[256];
    mcproxy_shared *shared = mcproxy_shared_get(options, why, sizeof why);
    if (shared == NULL)
        php_error_docref(NULL, E_WARNING, "Cannot use this pool: %s", why);
    zend_string_release(options);
    return shared;
}

mcp_client *
mcproxy_pool_client(mcproxy_pool *pool)
{
    if (mcproxy_pool_is_ready(pool))
        return pool->shared->client;
    if (pool->n_servers == 0)
        return NULL;
    drop_client(pool);
    pool->generation = MCPROXY_G(generation);
    pool->shared = open_shared(options_of(pool));
    pool->has_changed = pool->shared == NULL;
    return pool->shared != NULL ? pool->shared->client : NULL;
}

static bool
is_offline(const mcproxy_pool *pool, int server)
{
    return server >= 0 && (uint32_t)server < pool->n_servers && !pool->servers[server].is_online;
}

static void
append_known(smart_str *text, const char *word, const mcproxy_pool *pool, int number)
{
    mcp_server info = MCP_SERVER_INIT;
    mcp_server_info(pool->shared->client, number, &info);
    mcproxy_option_word(text, word, info.address, strlen(info.address));
}

mcp_client *
mcproxy_pool_pair(mcproxy_pool *pool, int primary, int backup)
{
    smart_str text = {0};
    if (mcproxy_pool_client(pool) == NULL)
        return NULL;
    append_known(&text, "server", pool, primary);
    if (backup >= 0)
        append_known(&text, "backup", pool, backup);
    append_times(&text, pool, "");
    if (mcproxy_option_built("shared_pool"))
        mcproxy_option_word(&text, "shared_pool", "yes", 3);
    /* What the ini says of placement is about the whole pool. */
    mcproxy_option_defaults(&text, mcproxy_options_text(),
                            "mirror distribution hash hash_tag timeout retry_max shared_pool",
                            true);
    smart_str_0(&text);
    mcproxy_shared *shared = open_shared(text.s);
    if (shared == NULL)
        return NULL;
    mcproxy_shared_release(shared); /* it stays in the table; the pool's own client is claimed */
    return shared->client;
}

mcp_client *
mcproxy_pool_find_client(mcproxy_pool *pool, const char *key, size_t key_len)
{
    mcp_location at;
    mcp_client *client = mcproxy_pool_client(pool);
    if (client == NULL || pool->n_offline == 0)
        return client;
    if (mcp_where(client, key, key_len, NULL, 0, &at) != MCP_OK)
        return client;
    bool first = is_offline(pool, at.primary), second = is_offline(pool, at.backup);
    if (!first && !second)
        return client;
    int other = first ? at.backup : at.primary;
    return other < 0 || (first && second) ? NULL : mcproxy_pool_pair(pool, other, -1);
}

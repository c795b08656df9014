/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool of the old extension: servers that are added one by one, and settings that may change at
 * any time. It becomes an options text, and with it a client of the library, when it is first used
 * and whenever it has changed since.
 *
 *     Memcache object --holds--> mcproxy_pool --borrows--> mcproxy_shared --owns--> mcp_client
 */
#ifndef MCPROXY_POOL_H
#define MCPROXY_POOL_H

#include "php_mcproxy.h"

#include "shared.h"
#include "value.h"

#define MCPROXY_WEIGHT_MOST 1000

typedef struct mcproxy_pool_server {
    zend_string *host;    /* as the user wrote it */
    zend_string *address; /* as the library writes it */
    zend_long port;
    zend_long weight;
    double timeout_s;
    zend_long retry_s;
    bool is_persistent;
    bool is_online; /* false: the user wants it kept in the pool and not used */
    bool is_changed;    /* by setServerParams(): its failures are told anew */
    bool is_known_away; /* the pool's last client found it so, and the user was told */
    uint64_t told;      /* not persistent: the failure that this pool's user was told of */
} mcproxy_pool_server;

typedef struct mcproxy_pool {
    uint32_t holders;
    uint32_t n_servers, n_backups, n_offline;
    mcproxy_pool_server *servers; /* numbered as the library does: backups behind them */
    mcproxy_pool_server *backups; /* added by addBackup(); those of the ini come first */
    zend_resource *resource; /* shows the pool to PHP code, which may hold it for longer; or NULL */
    mcproxy_squeeze squeeze;
    zval failure_callback; /* undefined: notices */
    zend_string *prefix;   /* of keys; NULL: none */
    zend_string *login;    /* "user:password"; NULL: none */
    bool is_standard, is_fnv;
    bool is_for_sessions;  /* their second copies are session.c's business */
    bool has_changed;      /* the options text is to be made anew */
    zend_ulong generation; /* of the ini values that it was made with */
    mcproxy_shared *shared;
} mcproxy_pool;

/* What addServer() and its like say of a server. */
typedef struct mcproxy_pool_entry {
    zend_string *host;
    zend_long port;
    zend_long weight;
    double timeout_s;
    zend_long retry_s;
    bool is_persistent;
    bool is_online;
} mcproxy_pool_entry;

mcproxy_pool *mcproxy_pool_new(void);
void mcproxy_pool_release(mcproxy_pool *pool);

/* False, and a warning, when the entry is no server. */
bool mcproxy_pool_add(mcproxy_pool *pool, const mcproxy_pool_entry *entry);
bool mcproxy_pool_add_backup(mcproxy_pool *pool, const mcproxy_pool_entry *entry);

/* The port that is looked for when a caller gave none, null, or -1: memcache.default_port. */
static inline zend_long
mcproxy_pool_port(zend_long port, bool is_null)
{
    return is_null || port == -1 ? MCPROXY_G(default_port) : port;
}

/* The first server of that name; NULL: none. */
mcproxy_pool_server *mcproxy_pool_find(mcproxy_pool *pool, const zend_string *host, zend_long port);

/* Forgets every server. */
void mcproxy_pool_clear(mcproxy_pool *pool);

/* NULL or a callable; NULL takes it back. */
void mcproxy_pool_set_callback(mcproxy_pool *pool, zval *callback);

/* What servers that want one are told, where the ini asks for the binary protocol. */
void mcproxy_pool_set_login(mcproxy_pool *pool, const zend_string *user,
                            const zend_string *password);

/*
 * The client of the whole pool. NULL when there is no server, or when the library refuses the
 * options (then the user has been warned). Valid until the pool changes or is released.
 */
mcp_client *mcproxy_pool_client(mcproxy_pool *pool);

/* Whether the pool has a client, and it is the right one. */
static inline bool
mcproxy_pool_is_ready(const mcproxy_pool *pool)
{
    return pool->shared != NULL && !pool->has_changed && pool->generation == MCPROXY_G(generation);
}

/*
 * The client for one key: the whole pool's, unless one of the key's servers is offline by the
 * user's wish; then a client of the other one alone. NULL: as above, or there is no other one.
 */
mcp_client *mcproxy_pool_find_client(mcproxy_pool *pool, const char *key, size_t key_len);

static inline mcp_client *
mcproxy_pool_client_for(mcproxy_pool *pool, const char *key, size_t key_len)
{
    if (EXPECTED(mcproxy_pool_is_ready(pool) && pool->n_offline == 0))
        return pool->shared->client;
    return mcproxy_pool_find_client(pool, key, key_len);
}

/* How many backups it has, those of the ini included. */
uint32_t mcproxy_pool_backups(const mcproxy_pool *pool);

/* A client of two of its servers, by number, as primary and backup; NULL as above. */
mcp_client *mcproxy_pool_pair(mcproxy_pool *pool, int primary, int backup);

/* "host:port" as the old extension shows it. */
zend_string *mcproxy_pool_label(const mcproxy_pool_server *server);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "session.h"

#ifdef HAVE_PHP_SESSION

#include <time.h>

#include "ext/session/php_session.h"

#include "key.h"
#include "report.h"
#include "value.h"

#define LOCK ".lock"
#define LOCK_FLAGS 768 /* a number, in the format of values */
#define BACKOFF_FIRST_MS 5
#define BACKOFF_MOST_MS 1000
#define PROBES 20

typedef struct session {
    mcproxy_pool *pool;
    zend_string *prefix;
    zend_string *locked; /* the id whose lock is ours; NULL: none */
    int64_t locked_ms;
} session;

/* A session's key, where it lives, and through which client. */
typedef struct place {
    mcproxy_key key;
    mcp_client *client;
    int second; /* number in the pool of the server with the second copy; -1: none */
    char route[MCP_KEY_MAX + 8];
    size_t route_len; /* 0: the client has the right pair only */
    char lock[MCP_KEY_MAX + 8];
    size_t lock_len;
} place;

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Where a session lives ----------------------------------------------------------------
 * Not where a cache key of that name would: the first server is the first probe of the old
 * extension, the one that "key-0" hashes to; the second is a backup, or without backups the next
 * probe that is another server. */

/* The key, which has no NUL at its end, cut at `most` bytes, and something behind it. */
static size_t
key_with(char *out, const mcproxy_key *key, size_t most, const char *behind)
{
    size_t len = key->len < most ? key->len : most;
    memcpy(out, key->bytes, len);
    memcpy(out + len, behind, strlen(behind));
    return len + strlen(behind);
}

static int
probe(const place *p, mcp_client *client, int number)
{
    char route[MCP_KEY_MAX + 8], behind[8];
    mcp_location at;
    snprintf(behind, sizeof behind, "-%d", number);
    size_t len = key_with(route, &p->key, MCP_KEY_MAX, behind);
    bool is_found = mcp_where(client, p->key.bytes, p->key.len, route, len, &at) == MCP_OK;
    return is_found ? at.primary : -1;
}

static bool
is_other(const mcproxy_pool *pool, int one, int other)
{
    const mcproxy_pool_server *servers = pool->servers;
    return one >= 0 && !zend_string_equals(servers[one].address, servers[other].address);
}

static mcp_client *
find_pair(place *p, mcproxy_pool *pool, mcp_client *whole)
{
    int first = probe(p, whole, 0);
    if (first < 0)
        return NULL;
    for (int i = 1; i < PROBES && p->second < 0; i++) {
        int next = probe(p, whole, i);
        p->second = is_other(pool, next, first) ? next : -1;
    }
    return mcproxy_pool_pair(pool, first, p->second);
}

/* False: there is no such session, and the user was told why. */
static bool
find_place(place *p, const session *s, zend_string *id)
{
    zval name;
    mcp_location at;
    ZVAL_STR(&name, id);
    if (!mcproxy_key_cook(&p->key, &name, s->prefix))
        return false;
    p->client = mcproxy_pool_client(s->pool);
    p->second = -1;
    p->route_len = 0;
    p->lock_len = key_with(p->lock, &p->key, MCP_KEY_MAX - strlen(LOCK), LOCK);
    if (p->client == NULL)
        return false;
    if (mcproxy_pool_backups(s->pool) == 0 && MCPROXY_G(session_redundancy) > 1) {
        p->client = find_pair(p, s->pool, p->client);
        return p->client != NULL;
    }
    p->route_len = key_with(p->route, &p->key, MCP_KEY_MAX, "-0");
    if (mcp_where(p->client, p->key.bytes, p->key.len, p->route, p->route_len, &at) == MCP_OK)
        p->second = at.backup;
    return true;
}

static mcp_request
request_for(const place *p, mcp_verb verb, bool is_lock)
{
    mcp_request request = MCP_REQUEST_INIT;
    request.verb = verb;
    request.key = is_lock ? p->lock : p->key.bytes;
    request.key_len = is_lock ? p->lock_len : p->key.len;
    request.route = p->route_len > 0 ? p->route : NULL;
    request.route_len = p->route_len;
    return request;
}

static mcp_status
call(const session *s, const place *p, const mcp_request *request, mcp_result *result)
{
    mcp_result ours = MCP_RESULT_INIT;
    mcp_status status = mcp_call(p->client, request, result != NULL ? result : &ours);
    if (status < 0)
        php_error_docref(NULL, E_NOTICE, "%s", mcp_last_error(p->client)->text);
    (void)s;
    return status;
}

/* ---- Reading ------------------------------------------------------------------------------ */

/* The second copy's number for the client of the place: behind the first one, or as in the pool. */
static bool
is_second_sound(const place *p)
{
    mcp_server info = MCP_SERVER_INIT;
    int number = p->route_len > 0 ? p->second : 1;
    return mcp_server_info(p->client, number, &info) == MCP_OK && info.missed_on < 0 &&
           (info.state == MCP_STATE_UP || info.state == MCP_STATE_WARMING);
}

/* A session that the first server has dropped, for want of memory or by a flush, may still be on
 * the second one: if that has missed nothing, such as the session's end, it counts. The result
 * stands until the next call. */
static mcp_status
get_session(const session *s, const place *p, mcp_result *result)
{
    mcp_request request = request_for(p, MCP_GET, false);
    mcp_status status = call(s, p, &request, result);
    if (status != MCP_NOT_FOUND || result->from_backup || p->second < 0 || !is_second_sound(p))
        return status;
    mcp_client *alone = mcproxy_pool_pair(s->pool, p->second, -1);
    request.route = NULL;
    request.route_len = 0;
    if (alone == NULL || mcp_call(alone, &request, result) != MCP_OK)
        return MCP_NOT_FOUND;
    return MCP_OK;
}

/* As the old extension stored it: compressed when it is long. NULL: it is none; what would have to be
 * unserialized never is one. */
static zend_string *
session_text(const mcp_result *result)
{
    zval value;
    ZVAL_UNDEF(&value);
    if ((result->flags & ~MCPROXY_USER_BITS) == 0)
        return zend_string_init(result->value, result->value_len, 0);
    bool is_text = !mcproxy_value_is_code(result->flags & ~MCPROXY_COMPRESSED & 0xf) &&
                   mcproxy_unpack(&value, result->value, result->value_len, result->flags) &&
                   Z_TYPE(value) == IS_STRING;
    if (is_text)
        return Z_STR(value);
    zval_ptr_dtor(&value);
    return NULL;
}

/* ---- The lock ----------------------------------------------------------------------------- */

/* memcached counts whole seconds, and a part of one is gone at once. */
static int64_t
lock_ttl(void)
{
    return (int64_t)MCPROXY_G(lock_timeout) + 1;
}

static mcp_status
store_lock(const session *s, const place *p, mcp_verb verb, const char *count)
{
    mcp_request request = request_for(p, verb, true);
    request.value = count;
    request.value_len = 1;
    request.flags = LOCK_FLAGS;
    request.ttl = lock_ttl();
    return call(s, p, &request, NULL);
}

/* MCP_OK: it is ours. MCP_NOT_STORED: somebody else's. */
static mcp_status
try_lock(const session *s, const place *p)
{
    mcp_result result = MCP_RESULT_INIT;
    mcp_request request = request_for(p, MCP_INCR, true);
    request.delta = 1;
    mcp_status status = call(s, p, &request, &result);
    if (status == MCP_NOT_FOUND)
        return store_lock(s, p, MCP_ADD, "1");
    if (status != MCP_OK || result.number != 1)
        return status == MCP_OK ? MCP_NOT_STORED : status;
    /* It was free; what is left of its life is from when it was given up. */
    request = request_for(p, MCP_TOUCH, true);
    request.ttl = lock_ttl();
    status = call(s, p, &request, NULL);
    return status == MCP_NOT_FOUND ? store_lock(s, p, MCP_ADD, "1") : status;
}

/* Waits for it, at most twice as long as a lock lives. */
static bool
lock(session *s, const place *p, zend_string *id)
{
    int64_t began_ms = now_ms();
    int64_t limit_ms = (int64_t)MCPROXY_G(lock_timeout) * 2000;
    long wait_ms = BACKOFF_FIRST_MS;
    mcp_status status;
    while ((status = try_lock(s, p)) == MCP_NOT_STORED && now_ms() - began_ms < limit_ms) {
        struct timespec pause = {wait_ms / 1000, wait_ms % 1000 * 1000000};
        nanosleep(&pause, NULL);
        wait_ms = wait_ms * 2 < BACKOFF_MOST_MS ? wait_ms * 2 : BACKOFF_MOST_MS;
    }
    if (status != MCP_OK)
        return false;
    s->locked = zend_string_copy(id);
    s->locked_ms = now_ms();
    return true;
}

/* A lock that was held for longer than it lives may be somebody else's by now: it is left alone. */
static void
unlock(session *s)
{
    place p;
    bool is_ours = s->locked != NULL &&
                   now_ms() - s->locked_ms < (int64_t)MCPROXY_G(lock_timeout) * 1000;
    if (is_ours && find_place(&p, s, s->locked)) {
        store_lock(s, &p, MCP_SET, "0");
        mcproxy_key_done(&p.key);
    }
    if (s->locked != NULL)
        zend_string_release(s->locked);
    s->locked = NULL;
}

/* ---- The handler -------------------------------------------------------------------------- */

PS_OPEN_FUNC(mcproxy)
{
    const char *own = MCPROXY_G(session_save_path);
    mcproxy_pool *pool = mcproxy_pool_new();
    (void)session_name;
    pool->is_for_sessions = true;
    if (!mcproxy_session_path(pool, own != NULL && own[0] != '\0' ? own : save_path)) {
        mcproxy_pool_release(pool);
        PS_SET_MOD_DATA(NULL);
        return FAILURE;
    }
    session *s = ecalloc(1, sizeof *s);
    s->pool = pool;
    s->prefix = mcproxy_key_prefix(&MCPROXY_G(session_rule));
    PS_SET_MOD_DATA(s);
    return SUCCESS;
}

PS_CLOSE_FUNC(mcproxy)
{
    session *s = PS_GET_MOD_DATA();
    if (s == NULL)
        return SUCCESS;
    unlock(s);
    mcproxy_pool_release(s->pool);
    if (s->prefix != NULL)
        zend_string_release(s->prefix);
    efree(s);
    PS_SET_MOD_DATA(NULL);
    return SUCCESS;
}

PS_READ_FUNC(mcproxy)
{
    session *s = PS_GET_MOD_DATA();
    place p;
    mcp_result result = MCP_RESULT_INIT;
    (void)maxlifetime;
    if (s == NULL || !find_place(&p, s, key))
        return FAILURE;
    unlock(s);
    bool is_read = lock(s, &p, key);
    if (is_read) {
        mcp_status status = get_session(s, &p, &result);
        *val = status == MCP_OK ? session_text(&result) : ZSTR_EMPTY_ALLOC();
        is_read = (status == MCP_OK || status == MCP_NOT_FOUND) && *val != NULL;
    }
    mcproxy_key_done(&p.key);
    return is_read ? SUCCESS : FAILURE;
}

static mcp_status
write_session(session *s, zend_string *id, zend_string *text, zend_long lifetime, mcp_verb verb)
{
    place p;
    if (s == NULL || !find_place(&p, s, id))
        return MCP_BAD_KEY;
    zval value;
    mcproxy_packed packed = {0};
    mcp_request request = request_for(&p, verb, false);
    ZVAL_STR(&value, text);
    if (verb == MCP_SET) {
        mcproxy_pack(&packed, &value, 0, &s->pool->squeeze); /* a text can always be packed */
        request.value = packed.bytes;
        request.value_len = packed.len;
        request.flags = packed.flags;
    }
    request.ttl = (int64_t)time(NULL) + lifetime;
    mcp_status status = call(s, &p, &request, NULL);
    mcproxy_packed_done(&packed);
    mcproxy_key_done(&p.key);
    return status;
}

PS_WRITE_FUNC(mcproxy)
{
    session *s = PS_GET_MOD_DATA();
    return write_session(s, key, val, maxlifetime, MCP_SET) == MCP_OK ? SUCCESS : FAILURE;
}

PS_UPDATE_TIMESTAMP_FUNC(mcproxy)
{
    session *s = PS_GET_MOD_DATA();
    mcp_status status = write_session(s, key, val, maxlifetime, MCP_TOUCH);
    if (status == MCP_NOT_FOUND)
        status = write_session(s, key, val, maxlifetime, MCP_SET);
    return status == MCP_OK ? SUCCESS : FAILURE;
}

PS_DESTROY_FUNC(mcproxy)
{
    session *s = PS_GET_MOD_DATA();
    place p;
    if (s == NULL || !find_place(&p, s, key))
        return FAILURE;
    mcp_request request = request_for(&p, MCP_DELETE, false);
    mcp_status status = call(s, &p, &request, NULL);
    request = request_for(&p, MCP_DELETE, true);
    call(s, &p, &request, NULL);
    mcproxy_key_done(&p.key);
    if (s->locked != NULL && zend_string_equals(s->locked, key)) {
        zend_string_release(s->locked);
        s->locked = NULL;
    }
    return status >= 0 ? SUCCESS : FAILURE;
}

PS_GC_FUNC(mcproxy)
{
    (void)mod_data;
    (void)maxlifetime;
    *nrdels = 0; /* memcached forgets them by itself */
    return 0;
}

/* Only what is known to be missing is refused: an outage must not give everybody a new session. */
PS_VALIDATE_SID_FUNC(mcproxy)
{
    session *s = PS_GET_MOD_DATA();
    place p;
    mcp_result result = MCP_RESULT_INIT;
    if (s == NULL || !find_place(&p, s, key))
        return FAILURE;
    mcp_status status = get_session(s, &p, &result);
    mcproxy_key_done(&p.key);
    return status == MCP_NOT_FOUND ? FAILURE : SUCCESS;
}

PS_CREATE_SID_FUNC(mcproxy)
{
    session *s = PS_GET_MOD_DATA();
    place p;
    zend_string *id = NULL;
    for (int attempt = 0; attempt < 3; attempt++) {
        id = php_session_create_id(mod_data);
        if (s == NULL || id == NULL || !find_place(&p, s, id))
            return id;
        mcp_request request = request_for(&p, MCP_GET, false);
        mcp_status status = call(s, &p, &request, NULL);
        mcproxy_key_done(&p.key);
        if (status != MCP_OK)
            return id;
        zend_string_release(id); /* it is taken */
    }
    return php_session_create_id(mod_data);
}

static const ps_module handler = {
    .s_name = mcproxy_module_name,
    .s_open = ps_open_mcproxy,
    .s_close = ps_close_mcproxy,
    .s_read = ps_read_mcproxy,
    .s_write = ps_write_mcproxy,
    .s_destroy = ps_delete_mcproxy,
    .s_gc = ps_gc_mcproxy,
    .s_create_sid = ps_create_sid_mcproxy,
    .s_validate_sid = ps_validate_sid_mcproxy,
    .s_update_timestamp = ps_update_timestamp_mcproxy,
};

void
mcproxy_register_session(void)
{
    php_session_register_module((ps_module *)&handler);
}

#endif

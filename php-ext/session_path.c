/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp://host:port?persistent=1&weight=2&timeout=1&retry_interval=15, unix:///path:0, ... */
#include "session.h"

static const char BETWEEN[] = ", \t\r\n";

static bool
is_parameter(const char *at, size_t len, const char *name)
{
    return len > strlen(name) && memcmp(at, name, strlen(name)) == 0 && at[strlen(name)] == '=';
}

/* What the library has no use for is read over. */
static void
take_parameter(mcproxy_pool_entry *entry, const char *at, size_t len)
{
    const char *value = memchr(at, '=', len);
    if (value == NULL)
        return;
    value++;
    if (is_parameter(at, len, "weight"))
        entry->weight = ZEND_STRTOL(value, NULL, 10);
    else if (is_parameter(at, len, "timeout"))
        entry->timeout_s = zend_strtod(value, NULL);
    else if (is_parameter(at, len, "retry_interval"))
        entry->retry_s = ZEND_STRTOL(value, NULL, 10);
    else if (is_parameter(at, len, "persistent"))
        entry->is_persistent = value[0] != '0';
}

static void
take_parameters(mcproxy_pool_entry *entry, const char *at, const char *end)
{
    while (at < end) {
        const char *and = memchr(at, '&', (size_t)(end - at));
        size_t len = (size_t)((and != NULL ? and : end) - at);
        take_parameter(entry, at, len);
        at += len + 1;
    }
}

static bool
is_port(const char *at, const char *end)
{
    const char *digit = at;
    while (digit < end && *digit >= '0' && *digit <= '9')
        digit++;
    return digit == end && end - at >= 1 && end - at <= 5;
}

static bool
add_server(mcproxy_pool *pool, const char *at, size_t len)
{
    const char *question = memchr(at, '?', len);
    size_t address_len = question != NULL ? (size_t)(question - at) : len;
    bool is_unix = strncmp(at, "unix:", 5) == 0;
    mcproxy_pool_entry entry = {
        .weight = 1, .timeout_s = 1.0, .retry_s = 15, .is_online = true};
    const char *colon = is_unix ? NULL : zend_memrchr(at, ':', address_len);
    /* The colon of "tcp://" is none of a port, nor is one inside [v6]. */
    if (colon != NULL && (colon[1] == '/' || zend_memrchr(at, ']', address_len) > (void *)colon))
        colon = NULL;
    entry.port = is_unix ? 0 : MCPROXY_G(default_port);
    if (colon != NULL && !is_port(colon + 1, at + address_len)) {
        entry.port = 0; /* with its port, for the library to say what is wrong */
        colon = NULL;
    }
    if (colon != NULL)
        entry.port = ZEND_STRTOL(colon + 1, NULL, 10);
    entry.host = zend_string_init(at, colon != NULL ? (size_t)(colon - at) : address_len, 0);
    if (strncmp(ZSTR_VAL(entry.host), "tcp://", 6) == 0) {
        zend_string *host =
            zend_string_init(ZSTR_VAL(entry.host) + 6, ZSTR_LEN(entry.host) - 6, 0);
        zend_string_release(entry.host);
        entry.host = host;
    }
    if (question != NULL)
        take_parameters(&entry, question + 1, at + len);
    bool is_added = mcproxy_pool_add(pool, &entry);
    zend_string_release(entry.host);
    return is_added;
}

bool
mcproxy_session_path(mcproxy_pool *pool, const char *path)
{
    for (const char *at = path; *at != '\0';) {
        size_t len = strcspn(at, BETWEEN);
        if (len > 0 && !add_server(pool, at, len)) {
            php_error_docref(NULL, E_WARNING,
                             "Failed to parse session.save_path (error at offset %d, url was '%s')",
                             (int)(at - path), path);
            return false;
        }
        at += len + (at[len] != '\0');
    }
    if (pool->n_servers > 0)
        return true;
    php_error_docref(NULL, E_WARNING, "session.save_path names no server");
    return false;
}

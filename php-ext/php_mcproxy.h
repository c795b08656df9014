/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the two modules, mcproxy and memcache, have in common: their globals and their ini values.
 * Both are linked from the same objects, each with its own copy of everything here; only mcproxy.c
 * and memcache.c differ.
 */
#ifndef PHP_MCPROXY_H
#define PHP_MCPROXY_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "php.h"
#include "php_ini.h"

#include <stdbool.h>

#include <mcproxy/mcproxy.h>

#define PHP_MCPROXY_VERSION MCP_VERSION_TEXT
/* What the memcache module calls itself: the API that it follows, so that version checks work. */
#define PHP_MEMCACHE_VERSION "8.2"

#ifdef HAVE_PHP_SESSION
#define MCPROXY_HAVE_SESSION 1
#else
#define MCPROXY_HAVE_SESSION 0
#endif

#if PHP_VERSION_ID < 80000
typedef zval mcproxy_this;
#define MCPROXY_Z_OBJ(this) Z_OBJ_P(this)
#else
typedef zend_object mcproxy_this;
#define MCPROXY_Z_OBJ(this) (this)
#endif

/* How keys get their prefix: once for cache keys, once for those of sessions. */
typedef struct mcproxy_prefix_rule {
    bool host_key;
    bool remove_www;
    bool remove_subdomain;
    char *static_key;
} mcproxy_prefix_rule;

typedef enum mcproxy_serializer {
    MCPROXY_PHP = 0,
    MCPROXY_IGBINARY,
    MCPROXY_MSGPACK,
} mcproxy_serializer;

ZEND_BEGIN_MODULE_GLOBALS(mcproxy)
    HashTable clients;     /* options text -> mcproxy_shared, for the worker's life */
    zend_ulong clock;      /* counts uses of clients, to know the oldest */
    zend_ulong generation; /* moves when an ini value changes that options texts are made of */
    bool allow_failover;
    zend_long max_failover_attempts;
    zend_long default_port;
    zend_long chunk_size;
    bool is_binary;
    bool is_standard;      /* hash_strategy */
    bool is_fnv;           /* hash_function */
    zend_long redundancy;
    zend_long session_redundancy;
    zend_long compress_threshold;
    zend_long lock_timeout;
    bool failure_notices;
    zend_long unpacked_max;     /* bytes that a compressed value may become */
    mcproxy_serializer serializer;
    bool is_other_format;       /* value_format: php-memcached's is written */
    char *backup;
    char *session_save_path;
    char *allowed_classes;
    mcproxy_prefix_rule key_rule;
    mcproxy_prefix_rule session_rule;
ZEND_END_MODULE_GLOBALS(mcproxy)

ZEND_EXTERN_MODULE_GLOBALS(mcproxy)
#define MCPROXY_G(v) ZEND_MODULE_GLOBALS_ACCESSOR(mcproxy, v)

#if defined(ZTS) && defined(COMPILE_DL_MCPROXY)
ZEND_TSRMLS_CACHE_EXTERN()
#endif

/* What the modules are called; each of mcproxy.c and memcache.c defines its own. */
extern const char mcproxy_module_name[];

void mcproxy_globals_ctor(zend_mcproxy_globals *globals);
void mcproxy_globals_dtor(zend_mcproxy_globals *globals);

/* Does what the end of a request asks for: what is owed to servers is sent. */
void mcproxy_request_end(void);

/* Registers `mcproxy.options`, unless the other module has. */
void mcproxy_register_options(int type, int module_number);
/* Its value: "" when there is none. */
const char *mcproxy_options_text(void);

/* The part of phpinfo() that both modules show. */
void mcproxy_info(const char *title, const char *version);

#ifdef HAVE_PHP_SESSION
void mcproxy_register_session(void);
#endif

#endif

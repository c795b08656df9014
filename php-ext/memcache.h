/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The classes Memcache and MemcachePool: objects that hold a pool. Each function of the old
 * extension is a method as well; the function is the implementation, and takes the object first.
 *
 *     memcache.c         the module, its ini values, the objects
 *     memcache_pool.c    servers, callbacks, connect and close
 *     memcache_store.c   set and its like, delete, increment
 *     memcache_read.c    get
 *     memcache_stats.c   what servers say of themselves
 */
#ifndef MCPROXY_MEMCACHE_H
#define MCPROXY_MEMCACHE_H

#include "php_mcproxy.h"

#include "pool.h"

extern zend_class_entry *memcache_pool_ce;
extern zend_class_entry *memcache_ce;

/* The object's pool; NULL, and a warning, when no server was ever added, or when somebody wrote to
 * the property `connection`. */
mcproxy_pool *memcache_pool_of(zval *object);

/* The object's pool; a new one when there is none yet. NULL, and a warning: as above. */
mcproxy_pool *memcache_pool_made(zval *object);

/* The same, for what may be said before there is a server. */
mcproxy_pool *memcache_pool_bare(zval *object);

#endif

dnl SPDX-License-Identifier: BSD-3-Clause
dnl phpize && ./configure --with-mcproxy && make: two modules, mcproxy.so and memcache.so. They are
dnl linked from the same objects; only the file named after each differs.
PHP_ARG_WITH([mcproxy],
  [for libmcproxy],
  [AS_HELP_STRING([--with-mcproxy@<:@=DIR@:>@],
    [Build the modules mcproxy and memcache; DIR is where libmcproxy is installed, else
     pkg-config is asked])])

if test "$PHP_MCPROXY" != "no"; then
  if test "$PHP_MCPROXY" != "yes"; then
    export PKG_CONFIG_PATH="$PHP_MCPROXY/lib/pkgconfig:$PHP_MCPROXY/lib/$host_alias/pkgconfig:$PKG_CONFIG_PATH"
  fi
  PKG_CHECK_MODULES([MCPROXY], [libmcproxy])
  PKG_CHECK_MODULES([ZLIB], [zlib])
  PHP_EVAL_INCLINE([$MCPROXY_CFLAGS $ZLIB_CFLAGS])
  PHP_EVAL_LIBLINE([$MCPROXY_LIBS $ZLIB_LIBS], [MCPROXY_SHARED_LIBADD])
  PHP_EVAL_LIBLINE([$MCPROXY_LIBS $ZLIB_LIBS], [MEMCACHE_SHARED_LIBADD])
  PHP_SUBST([MCPROXY_SHARED_LIBADD])
  PHP_SUBST([MEMCACHE_SHARED_LIBADD])

  mcproxy_flags="-fvisibility=hidden -DZEND_ENABLE_STATIC_TSRMLS_CACHE=1"
  mcproxy_common="globals.c ini.c shared.c key.c value.c squeeze.c address.c session.c session_path.c pool.c report.c"
  PHP_NEW_EXTENSION([mcproxy],
    [mcproxy.c client.c client_calls.c client_many.c client_servers.c outcome.c $mcproxy_common],
    [$ext_shared],, [$mcproxy_flags])
  PHP_NEW_EXTENSION([memcache],
    [memcache.c memcache_pool.c memcache_store.c memcache_read.c memcache_stats.c],
    [$ext_shared],, [$mcproxy_flags])
  dnl The common objects are compiled once, for mcproxy.so, and linked into memcache.so as well.
  for mcproxy_source in $mcproxy_common; do
    shared_objects_memcache="$shared_objects_memcache ${mcproxy_source%.c}.lo"
  done
  PHP_PECL_EXTENSION=mcproxy
  PHP_ADD_EXTENSION_DEP([mcproxy], [session], true)
  PHP_ADD_EXTENSION_DEP([memcache], [session], true)
fi

/* SPDX-License-Identifier: BSD-3-Clause */
/* Compressed bytes: zlib, written and read, and FastLZ, which php-memcached writes, read only. */
#ifndef MCPROXY_SQUEEZE_H
#define MCPROXY_SQUEEZE_H

#include "php_mcproxy.h"

/* NULL when it does not come to less than `most` bytes. */
zend_string *mcproxy_deflate(const char *bytes, size_t len, size_t most);

/* A zlib stream of unknown length; NULL when it is broken or grows beyond `most` bytes. */
zend_string *mcproxy_inflate(const char *bytes, size_t len, size_t most);

/* FastLZ, both levels, to exactly `want` bytes; NULL when it does not come to that. */
zend_string *mcproxy_fastlz(const char *bytes, size_t len, size_t want);

#endif

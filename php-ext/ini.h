/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of ini values: each refuses with the old extension's words. */
#ifndef MCPROXY_INI_H
#define MCPROXY_INI_H

#include "php_mcproxy.h"

ZEND_INI_MH(mcproxy_ini_positive);   /* a number above 0 */
ZEND_INI_MH(mcproxy_ini_size);       /* a number of at least 0 */
ZEND_INI_MH(mcproxy_ini_static_key); /* no dot inside */
ZEND_INI_MH(mcproxy_ini_protocol);
ZEND_INI_MH(mcproxy_ini_strategy);
ZEND_INI_MH(mcproxy_ini_function);
ZEND_INI_MH(mcproxy_ini_serializer);
ZEND_INI_MH(mcproxy_ini_format);
ZEND_INI_MH(mcproxy_ini_pool_bool); /* as OnUpdateBool, and pools look again */
ZEND_INI_MH(mcproxy_ini_backup);    /* servers, separated by commas or white space */

#define MCPROXY_INI(name, value, check, member)                                                    \
    STD_PHP_INI_ENTRY(name, value, PHP_INI_ALL, check, member, zend_mcproxy_globals,               \
                      mcproxy_globals)
#define MCPROXY_INI_YES(name, value, check, member)                                                \
    STD_PHP_INI_BOOLEAN(name, value, PHP_INI_ALL, check, member, zend_mcproxy_globals,             \
                        mcproxy_globals)

/* What both modules have, each under its own name. */
#define MCPROXY_INI_COMMON(prefix)                                                                 \
    MCPROXY_INI(prefix ".backup", "", mcproxy_ini_backup, backup)                                  \
    MCPROXY_INI(prefix ".serializer", "php", mcproxy_ini_serializer, serializer)                   \
    MCPROXY_INI(prefix ".value_format", "memcache", mcproxy_ini_format, is_other_format)           \
    MCPROXY_INI(prefix ".allowed_classes", "*", OnUpdateString, allowed_classes)                   \
    MCPROXY_INI(prefix ".unpacked_max", "268435456", mcproxy_ini_positive, unpacked_max)           \
    MCPROXY_INI(prefix ".compress_threshold", "20000", mcproxy_ini_size, compress_threshold)       \
    MCPROXY_INI(prefix ".hash_strategy", "consistent", mcproxy_ini_strategy, is_standard)          \
    MCPROXY_INI(prefix ".hash_function", "crc32", mcproxy_ini_function, is_fnv)                    \
    MCPROXY_INI(prefix ".lock_timeout", "15", mcproxy_ini_positive, lock_timeout)                  \
    MCPROXY_INI(prefix ".session_redundancy", "2", mcproxy_ini_positive, session_redundancy)       \
    MCPROXY_INI(prefix ".session_save_path", NULL, OnUpdateString, session_save_path)              \
    MCPROXY_INI_YES(prefix ".session_prefix_host_key", "0", OnUpdateBool, session_rule.host_key)   \
    MCPROXY_INI_YES(prefix ".session_prefix_host_key_remove_www", "1", OnUpdateBool,               \
                    session_rule.remove_www)                                                       \
    MCPROXY_INI_YES(prefix ".session_prefix_host_key_remove_subdomain", "0", OnUpdateBool,         \
                    session_rule.remove_subdomain)                                                 \
    MCPROXY_INI(prefix ".session_prefix_static_key", NULL, mcproxy_ini_static_key,                 \
                session_rule.static_key)

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spec: what the options say about servers and about how keys are placed on them, as plain values.
 * Written once by api/options, read by everybody above; all texts are owned by whoever filled it.
 */
#ifndef MCPROXY_PLACE_SPEC_H
#define MCPROXY_PLACE_SPEC_H

#include <stddef.h>
#include <stdint.h>

typedef struct mcp__server_spec {
    const char *name;    /* `name=` as given, else the very pointer `address` */
    const char *address; /* "host:port", "[v6]:port" or "unix:/path": always complete */
    const char *host;    /* host as configured, v6 without brackets; the path of a unix socket */
    uint16_t port;       /* 0 for a unix socket */
    uint8_t is_unix;
    uint32_t weight; /* 1 to 1000 */
} mcp__server_spec;

/* `distribution=` */
typedef enum mcp__distribution {
    MCP__NATIVE = 0,
    MCP__MODULA,
    MCP__CONSISTENT, /* = ketama, unweighted unless a weight is above 1 */
    MCP__CONSISTENT_HASH_AFTER,
    MCP__KETAMA_WEIGHTED,
    MCP__KETAMA_SPY,
    MCP__MEMCACHE_STANDARD,
    MCP__MEMCACHE_CONSISTENT,
    MCP__MAGENT,
    MCP__MAGENT_KETAMA,
    MCP__TWEMPROXY,
    MCP__KETAMA_WEIGHTED_SPY, /* libmemcached with KETAMA_WEIGHTED, then KETAMA_SPY */
} mcp__distribution;

/* `hash=`; DEFAULT: the distribution's own */
typedef enum mcp__hash {
    MCP__HASH_DEFAULT = 0,
    MCP__HASH_ONE_AT_A_TIME,
    MCP__HASH_MD5,
    MCP__HASH_CRC, /* libmemcached's: (crc32 >> 16) & 0x7fff */
    MCP__HASH_CRC32,
    MCP__HASH_FNV1_64,
    MCP__HASH_FNV1A_64,
    MCP__HASH_FNV1_32,
    MCP__HASH_FNV1A_32,
    MCP__HASH_FNV, /* pecl-memcache's name for FNV-1a 32 over signed char */
    MCP__HASH_HSIEH,
    MCP__HASH_MURMUR,
    MCP__HASH_MURMUR3,
    MCP__HASH_JENKINS,
    MCP__HASH_CRC16,  /* twemproxy */
    MCP__HASH_CRC32A, /* twemproxy */
} mcp__hash;

/* `mirror=`: where the second copy of a key lives. */
typedef enum mcp__mirror {
    MCP__MIRROR_OFF,    /* one copy */
    MCP__MIRROR_BACKUP, /* on the backup list, placed by the same rule */
    MCP__MIRROR_NEXT,   /* on the next distinct primary in the key's own order */
    MCP__MIRROR_PROBE,  /* on pecl-memcache's first probe server that is not the primary */
} mcp__mirror;

typedef struct mcp__place_spec {
    mcp__distribution distribution;
    mcp__hash hash;
    char hash_tag[2]; /* {0, 0}: none */
} mcp__place_spec;

#endif

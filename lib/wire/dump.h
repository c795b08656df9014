/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dump: the list of all keys of a server, as `lru_crawler metadump hash` writes it: one line a key,
 * "key=<url-encoded> exp=<unix or -1> la=.. cas=.. fetch=.. cls=.. size=..", then "END". From
 * memcached 1.6.43 on an "OK" line stands in front; "BUSY ..." and "ERROR ..." refuse. Pure.
 */
#ifndef MCPROXY_WIRE_DUMP_H
#define MCPROXY_WIRE_DUMP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/span.h"

typedef enum mcp__dump_kind {
    MCP__DUMP_KEY = 1, /* `key` is set, decoded, in place */
    MCP__DUMP_NOTE,    /* a line that says nothing about a key ("OK") */
    MCP__DUMP_END,
    MCP__DUMP_BUSY,    /* another dump or crawl is under way: later */
    MCP__DUMP_REFUSED, /* an error line: this server has no dump, or it is switched off */
} mcp__dump_kind;

typedef struct mcp__dump_line {
    mcp__dump_kind kind;
    mcp__span key;   /* at most 250 bytes, any bytes (a binary key has been decoded, too) */
    int64_t expires; /* Unix time; -1: never */
    int64_t used;    /* Unix time of its last use; -1: not said */
    uint64_t size;   /* bytes that it takes on the server; 0: not said */
    int64_t flags;   /* of the client, from memcached 1.6.24 on; -1: not said */
} mcp__dump_line;

/* "lru_crawler metadump hash\r\n" into `out` (at least 32 bytes); returns its length. */
size_t mcp__dump_encode(uint8_t *out);

/*
 * Takes one line apart; the key is decoded where it stands, so `bytes` is written to. Returns the
 * bytes it takes, MCP__PARSE_MORE, or MCP__PARSE_BAD for what no dump can hold (also a line beyond
 * MCP__LINE_MAX).
 */
ssize_t mcp__dump_parse(uint8_t *bytes, size_t len, mcp__dump_line *line);

#endif

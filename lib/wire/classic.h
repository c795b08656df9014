/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * classic: memcached's old text protocol (doc/protocol.txt): the commands that exist only there
 * (version, stats, flush_all) and its error lines, which every connection needs, and the commands
 * for keys, for servers and proxies that have no others. They carry no opaque: position in the
 * pipeline, shape, and with a value its key tell whose reply it is.
 */
#ifndef MCPROXY_WIRE_CLASSIC_H
#define MCPROXY_WIRE_CLASSIC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/command.h"
#include "wire/reply.h"
#include "wire/ttl.h"

/* VERSION, STATS (the key is the argument, or empty) and FLUSH (ttl is the delay). */
size_t mcp__classic_encode(const mcp__command *command, uint8_t *out);

/* A line that is not a meta reply; `cr` is where its CR stands. Returns as mcp__meta_parse. */
ssize_t mcp__classic_parse(const uint8_t *bytes, size_t len, const uint8_t *cr, size_t value_max,
                           mcp__reply *reply);

/*
 * One whole reply to a command for a key. Returns the number of bytes it takes, MCP__PARSE_MORE or
 * MCP__PARSE_BAD; a line that can answer any command (ERROR, CLIENT_ERROR, SERVER_ERROR) is a reply
 * to each of them. Spans of the reply point into `bytes`.
 *
 * Of get and gets for one key: MISS, or VALUE with flags and, with `has_cas`, the number; the key
 * has to be the one that was asked for, and a value longer than `value_max` is BAD. The time to
 * live is MCP__TTL_UNKNOWN: this protocol does not tell it.
 */
ssize_t mcp__classic_parse_value(const uint8_t *bytes, size_t len, mcp__span key, int has_cas,
                                 size_t value_max, mcp__reply *reply);

/*
 * The next part of the reply to get or gets of several keys: VALUE, with whose it is in `key` (any
 * bytes but a blank: to be compared with what was asked for), or MISS for the END behind them all.
 * Else as above.
 */
ssize_t mcp__classic_parse_item(const uint8_t *bytes, size_t len, int has_cas, size_t value_max,
                                mcp__span *key, mcp__reply *reply);

/* Of what stores, deletes or touches: DONE for the word `done` ("STORED", "DELETED", "TOUCHED"),
 * or NOT_STORED, EXISTS, NOT_FOUND. */
ssize_t mcp__classic_parse_word(const uint8_t *bytes, size_t len, const char *done,
                                mcp__reply *reply);

/* Of incr and decr: VALUE with the digits of a number up to 2^64 - 1, or NOT_FOUND. */
ssize_t mcp__classic_parse_number(const uint8_t *bytes, size_t len, mcp__reply *reply);

/*
 * Command lines with their CR LF; the words are NUL-ended. They return the position behind what
 * they wrote. "get k", "touch k 60" (with a number), "gat 60 k", "set k 7 60 5" and, for cas, the
 * unique behind it.
 */
uint8_t *mcp__classic_put_key(uint8_t *out, const char *verb, mcp__span key);
uint8_t *mcp__classic_put_number(uint8_t *out, const char *verb, mcp__span key, uint64_t number);
uint8_t *mcp__classic_put_gat(uint8_t *out, const char *verb, int64_t ttl, mcp__span key);

typedef struct mcp__classic_store {
    const char *verb;
    mcp__span key;
    uint32_t flags;
    int64_t ttl; /* negative: expired at once */
    size_t value_len;
    uint64_t unique; /* of cas */
    int has_unique;
} mcp__classic_store;
uint8_t *mcp__classic_put_store(uint8_t *out, const mcp__classic_store *store);

/* What "expired at once" is written as: a second of 1970. Proxies do not all take a sign, and every
 * memcached takes this one (measured on twemproxy 0.5 and memcached 1.6.18). */
#define MCP__CLASSIC_EXPIRED (MCP__TTL_RELATIVE_MAX + 1)
static inline uint64_t
mcp__classic_ttl(int64_t ttl)
{
    return ttl < 0 ? MCP__CLASSIC_EXPIRED : (uint64_t)ttl;
}

#endif

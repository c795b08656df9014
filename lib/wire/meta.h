/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * meta: requests into bytes and bytes into replies, in memcached's meta protocol (doc/protocol.txt
 * of memcached 1.6). Pure. Every command carries an opaque and every reply must bring it back.
 */
#ifndef MCPROXY_WIRE_META_H
#define MCPROXY_WIRE_META_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mcproxy/mcproxy.h"
#include "wire/command.h"
#include "wire/reply.h"

/* Writes the command line with its CR LF and returns its length. The key must be clean. */
size_t mcp__meta_encode(const mcp__command *command, uint8_t *out);

/*
 * Reads one reply. Returns the number of bytes it takes, MCP__PARSE_MORE or MCP__PARSE_BAD. With
 * MORE, `*wanted` is how many bytes there must be before it is worth asking again (0: unknown). A
 * value longer than `value_max` is BAD. `value` of the reply points into `bytes`.
 */
ssize_t mcp__meta_parse(const uint8_t *bytes, size_t len, size_t value_max, mcp__reply *reply,
                        size_t *wanted);

/* Whether this kind of reply can answer this kind of command at all (error lines always can). */
int mcp__meta_fits(mcp__command_kind command, mcp__reply_kind reply);

/* What the reply means for the user. Only for a reply that fits. */
mcp_status mcp__meta_status(mcp__command_kind command, const mcp__reply *reply);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base64: keys that memcached cannot hold as they are (with a byte <= 0x20, or 0x7f) go over the
 * wire in base64, with padding, behind the meta flag `b`; the server decodes them and keeps the raw
 * bytes. So one key has one place on a server, however it was sent. Pure.
 */
#ifndef MCPROXY_WIRE_BASE64_H
#define MCPROXY_WIRE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* The longest raw key whose text (248 bytes) fits into the 250 bytes of a key. */
#define MCP__BASE64_RAW_MAX 186

/* Bytes of the text of `len` raw ones. */
#define MCP__BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Writes MCP__BASE64_LEN(len) bytes to `out`, which may not overlap `raw`; returns how many. */
size_t mcp__base64_encode(char *out, const void *raw, size_t len);

/*
 * Writes the raw bytes of a text to `out`, at most 3/4 of its length; `out` may be the text itself.
 * Returns how many; 0: it is not what mcp__base64_encode() writes (padding wrong or left out,
 * another letter, bits behind the last byte that are not 0), or empty.
 */
size_t mcp__base64_decode(void *out, const void *text, size_t len);

#endif

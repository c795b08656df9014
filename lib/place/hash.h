/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash: bytes -> number, with every function that a placement needs. All of them are pure and take
 * any bytes, NUL included; key_len may be 0.
 */
#ifndef MCPROXY_PLACE_HASH_H
#define MCPROXY_PLACE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "place/spec.h"

/* What pecl-memcache hashes of a key: at most this many bytes. */
#define MCP__HASH_PREPARED_MAX 250

/* XXH3, 64 bits, seed 0: native placement, and whatever else needs a good hash. */
uint64_t mcp__hash_xxh3(const void *key, size_t key_len);

/*
 * The function of that name, as libmemcached 1.1.4 computes it on a machine with signed char; CRC32
 * is zlib's, FNV and CRC32A are FNV1A_32 and CRC32 under the names that other clients give them,
 * HSIEH and CRC16 are twemproxy's. Not for MCP__HASH_DEFAULT, which gives 0.
 */
uint32_t mcp__hash_compute(mcp__hash function, const void *key, size_t key_len);

/* magent's plain hash: DJB2 over signed char, 31 bits. */
uint32_t mcp__hash_djb2(const void *key, size_t key_len);

/* MD5 as four little-endian words. */
void mcp__hash_md5(const void *bytes, size_t len, uint32_t words[4]);

/*
 * What of a key is hashed with a hash tag of two characters: the bytes between the first `tag[0]`
 * and the next `tag[1]` behind it; all of the key when one is missing or nothing stands between
 * (as twemproxy does). Sets *key_len; the return value points into `key`.
 */
const void *mcp__hash_tagged(const char tag[2], const void *key, size_t *key_len);

/*
 * pecl-memcache's prepared key: cut at 250 bytes, every byte <= 0x20 as '_'. The placements
 * memcache-* hash what they are given; callers that take keys which that extension would have
 * changed pass them through here. Returns the length.
 */
size_t mcp__hash_prepare(char out[MCP__HASH_PREPARED_MAX], const void *key, size_t key_len);

#endif

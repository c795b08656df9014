/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the definitions come from: libhashkit of libmemcached 1.1.4 and its documentation, checked
 * against values it computed (tests/vectors/libmemcached_hashes.tsv); MurmurHash2 and MurmurHash3
 * by Austin Appleby, lookup3 by Bob Jenkins (burtleburtle.net/bob/hash), SuperFastHash by Paul
 * Hsieh (azillionmonkeys.com/qed/hash.html), FNV by Fowler, Noll and Vo: all described in public.
 */
#include "place/hash.h"

#include <string.h>

#include <md5.h>
#include <zlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t
mcp__hash_xxh3(const void *key, size_t key_len)
{
    return XXH3_64bits(key, key_len);
}

static inline uint32_t
load16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t
load32(const uint8_t *p)
{
    return load16(p) | load16(p + 2) << 16;
}

static inline uint32_t
rotate(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

/* A byte as a signed char that is widened: 0xe9 enters as 0xffffffe9. */
static inline uint32_t
widened(uint8_t byte)
{
    return (uint32_t)byte | (0u - (uint32_t)(byte >> 7)) << 8;
}

void
mcp__hash_md5(const void *bytes, size_t len, uint32_t words[4])
{
    uint8_t digest[MD5_DIGEST_LENGTH];
    MD5_CTX context;
    MD5Init(&context);
    MD5Update(&context, bytes, len);
    MD5Final(digest, &context);
    for (unsigned i = 0; i < 4; i++)
        words[i] = load32(digest + 4 * i);
}

static uint32_t
first_md5_word(const uint8_t *key, size_t len)
{
    uint32_t words[4];
    mcp__hash_md5(key, len, words);
    return words[0];
}

static uint32_t
one_at_a_time(const uint8_t *key, size_t len)
{
    uint32_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value += widened(key[i]);
        value += value << 10;
        value ^= value >> 6;
    }
    value += value << 3;
    value ^= value >> 11;
    return value + (value << 15);
}

static uint32_t
zlib_crc32(const uint8_t *key, size_t len)
{
    /* No key is longer than zlib's unsigned int can say. */
    return (uint32_t)crc32(0, key, (uInt)len);
}

/*
 * CRC-16/XMODEM by half bytes. twemproxy keeps 32 bits and never cuts them: the bits that a 16-bit
 * register would have lost stay above, one byte's worth of steps long.
 */
static uint32_t
crc16(const uint8_t *key, size_t len)
{
    static const uint16_t table[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5,
                                       0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b,
                                       0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
    uint32_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        uint32_t in = (crc >> 8 ^ key[i]) & 0xff;
        uint32_t high = table[in >> 4];
        uint32_t both = (high << 4 & 0xffff) ^ table[high >> 12 ^ (in & 15)];
        crc = crc << 8 ^ both;
    }
    return crc;
}

static uint32_t
fnv1_32(const uint8_t *key, size_t len)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++)
        hash = hash * 16777619u ^ widened(key[i]);
    return hash;
}

static uint32_t
fnv1a_32(const uint8_t *key, size_t len)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ widened(key[i])) * 16777619u;
    return hash;
}

/* Only the low half is asked for, and a product's low half needs only low halves. */
static uint32_t
fnv1_64(const uint8_t *key, size_t len)
{
    uint32_t hash = 0x84222325u;
    for (size_t i = 0; i < len; i++)
        hash = hash * 0x1b3u ^ widened(key[i]);
    return hash;
}

static uint32_t
fnv1a_64(const uint8_t *key, size_t len)
{
    uint32_t hash = 0x84222325u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ widened(key[i])) * 0x1b3u;
    return hash;
}

static uint32_t
hsieh_tail(uint32_t hash, const uint8_t *key, size_t rest)
{
    switch (rest) {
    case 3:
        hash += load16(key);
        hash ^= hash << 16;
        hash ^= widened(key[2]) << 18;
        return hash + (hash >> 11);
    case 2:
        hash += load16(key);
        hash ^= hash << 11;
        return hash + (hash >> 17);
    case 1:
        hash += key[0];
        hash ^= hash << 10;
        return hash + (hash >> 1);
    default:
        return hash;
    }
}

/* SuperFastHash, started from 0 and not from the length. */
static uint32_t
hsieh(const uint8_t *key, size_t len)
{
    uint32_t hash = 0;
    size_t rest = len & 3;
    const uint8_t *end = key + (len - rest);
    for (; key < end; key += 4) {
        hash += load16(key);
        hash = hash << 16 ^ load16(key + 2) << 11 ^ hash;
        hash += hash >> 11;
    }
    hash = hsieh_tail(hash, key, rest);
    hash ^= hash << 3;
    hash += hash >> 5;
    hash ^= hash << 4;
    hash += hash >> 17;
    hash ^= hash << 25;
    return hash + (hash >> 6);
}

/* MurmurHash2. */
static uint32_t
murmur(const uint8_t *key, size_t len)
{
    const uint32_t m = 0x5bd1e995u;
    uint32_t hash = 0xdeadbeefu * (uint32_t)len ^ (uint32_t)len;
    size_t rest = len & 3;
    const uint8_t *end = key + (len - rest);
    for (; key < end; key += 4) {
        uint32_t k = load32(key) * m;
        hash = hash * m ^ (k ^ k >> 24) * m;
    }
    if (rest > 2)
        hash ^= (uint32_t)key[2] << 16;
    if (rest > 1)
        hash ^= (uint32_t)key[1] << 8;
    if (rest > 0)
        hash = (hash ^ key[0]) * m;
    hash ^= hash >> 13;
    hash *= m;
    return hash ^ hash >> 15;
}

/* MurmurHash3_x86_32. */
static uint32_t
murmur3(const uint8_t *key, size_t len)
{
    const uint32_t c1 = 0xcc9e2d51u, c2 = 0x1b873593u;
    uint32_t hash = 0xdeadbeefu * (uint32_t)len, k = 0;
    size_t rest = len & 3;
    const uint8_t *end = key + (len - rest);
    for (; key < end; key += 4)
        hash = rotate(hash ^ rotate(load32(key) * c1, 15) * c2, 13) * 5 + 0xe6546b64u;
    for (size_t i = rest; i > 0; i--)
        k = k << 8 | key[i - 1];
    hash ^= rotate(k * c1, 15) * c2;
    hash ^= (uint32_t)len;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

static void
jenkins_mix(uint32_t s[3])
{
    static const uint8_t turns[6] = {4, 6, 8, 16, 19, 4};
    for (unsigned i = 0; i < 6; i++) {
        uint32_t *a = &s[i % 3], *b = &s[(i + 1) % 3], *c = &s[(i + 2) % 3];
        *a -= *c;
        *a ^= rotate(*c, turns[i]);
        *c += *b;
    }
}

static uint32_t
jenkins_final(uint32_t s[3])
{
    static const uint8_t turns[7] = {14, 11, 25, 16, 4, 14, 24};
    for (unsigned i = 0; i < 7; i++) {
        uint32_t *to = &s[(i + 2) % 3], *from = &s[(i + 1) % 3];
        *to ^= *from;
        *to -= rotate(*from, turns[i]);
    }
    return s[2];
}

/* lookup3's hashlittle with the start value 13. */
static uint32_t
jenkins(const uint8_t *key, size_t len)
{
    uint32_t start = 0xdeadbeefu + (uint32_t)len + 13u;
    uint32_t s[3] = {start, start, start};
    if (len == 0)
        return s[2];
    for (; len > 12; len -= 12, key += 12) {
        for (unsigned i = 0; i < 3; i++)
            s[i] += load32(key + 4 * i);
        jenkins_mix(s);
    }
    for (size_t i = 0; i < len; i++)
        s[i / 4] += (uint32_t)key[i] << 8 * (i % 4);
    return jenkins_final(s);
}

uint32_t
mcp__hash_compute(mcp__hash function, const void *key, size_t key_len)
{
    switch (function) {
    case MCP__HASH_ONE_AT_A_TIME:
        return one_at_a_time(key, key_len);
    case MCP__HASH_MD5:
        return first_md5_word(key, key_len);
    case MCP__HASH_CRC:
        return zlib_crc32(key, key_len) >> 16 & 0x7fff;
    case MCP__HASH_CRC32:
    case MCP__HASH_CRC32A:
        return zlib_crc32(key, key_len);
    case MCP__HASH_FNV1_64:
        return fnv1_64(key, key_len);
    case MCP__HASH_FNV1A_64:
        return fnv1a_64(key, key_len);
    case MCP__HASH_FNV1_32:
        return fnv1_32(key, key_len);
    case MCP__HASH_FNV1A_32:
    case MCP__HASH_FNV:
        return fnv1a_32(key, key_len);
    case MCP__HASH_HSIEH:
        return hsieh(key, key_len);
    case MCP__HASH_MURMUR:
        return murmur(key, key_len);
    case MCP__HASH_MURMUR3:
        return murmur3(key, key_len);
    case MCP__HASH_JENKINS:
        return jenkins(key, key_len);
    case MCP__HASH_CRC16:
        return crc16(key, key_len);
    case MCP__HASH_DEFAULT:
        break;
    }
    return 0;
}

uint32_t
mcp__hash_djb2(const void *key, size_t key_len)
{
    const uint8_t *bytes = key;
    uint32_t hash = 5381;
    for (size_t i = 0; i < key_len; i++)
        hash = hash * 33 + widened(bytes[i]);
    return hash & 0x7fffffff;
}

const void *
mcp__hash_tagged(const char tag[2], const void *key, size_t *key_len)
{
    const char *all = key, *end = all + *key_len;
    const char *from = memchr(all, tag[0], *key_len);
    if (from == NULL)
        return key;
    from++;
    const char *to = memchr(from, tag[1], (size_t)(end - from));
    if (to == NULL || to == from)
        return key;
    *key_len = (size_t)(to - from);
    return from;
}

size_t
mcp__hash_prepare(char out[MCP__HASH_PREPARED_MAX], const void *key, size_t key_len)
{
    const uint8_t *in = key;
    size_t len = key_len < MCP__HASH_PREPARED_MAX ? key_len : MCP__HASH_PREPARED_MAX;
    for (size_t i = 0; i < len; i++)
        out[i] = in[i] <= 0x20 ? '_' : (char)in[i];
    return len;
}

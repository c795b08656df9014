/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PHP values as memcached holds them. Written is the format of the old memcache extension, so that
 * it can read what we write, or by the ini value_format php-memcached's; read are both, told apart
 * by the flags.
 *
 * flags, written:  bit 0 serialized, bit 1 zlib, bits 8 to 11 type (0 string, 1 bool, 3 int,
 *                  7 float), bit 12 igbinary and bit 13 msgpack (with bit 0; only when the
 *                  serializer ini asks for it, the old extension cannot read them),
 *                  bits 16 to 31 the user's
 */
#ifndef MCPROXY_VALUE_H
#define MCPROXY_VALUE_H

#include "php_mcproxy.h"

#define MCPROXY_SERIALIZED 0x0001u
#define MCPROXY_COMPRESSED 0x0002u
#define MCPROXY_IS_BOOL 0x0100u
#define MCPROXY_IS_LONG 0x0300u
#define MCPROXY_IS_DOUBLE 0x0700u
#define MCPROXY_TYPE_BITS 0x0f00u
#define MCPROXY_BY_IGBINARY 0x1000u
#define MCPROXY_BY_MSGPACK 0x2000u
#define MCPROXY_USER_BITS 0xffff0000u

/* When to compress: from `threshold` bytes (0: never), if that saves the part `savings` of them. */
typedef struct mcproxy_squeeze {
    zend_long threshold;
    double savings;
} mcproxy_squeeze;

/* A value on its way out. `bytes` points into `held`, `digits` or the PHP value itself. */
typedef struct mcproxy_packed {
    const char *bytes;
    size_t len;
    size_t unpacked_len; /* of what was compressed */
    uint32_t flags;
    zend_string *held;
    char digits[64];
} mcproxy_packed;

/*
 * `flags`: the user's bits, and MCPROXY_COMPRESSED to compress whatever its length. The packed
 * value borrows from `value`, which must outlive it. False, and a warning or exception, when it
 * cannot be serialized. Runs the user's __serialize().
 */
bool mcproxy_pack(mcproxy_packed *packed, zval *value, uint32_t flags,
                  const mcproxy_squeeze *squeeze);
void mcproxy_packed_done(mcproxy_packed *packed);

/* Whether unpacking these flags can run the user's code, so that borrowed bytes must be copied. */
bool mcproxy_value_is_code(uint32_t flags);

/* A copy of bytes that are the library's. */
zend_string *mcproxy_own_bytes(const char *bytes, size_t len);

/*
 * False, and a notice, when the bytes are not what the flags say; `value` is then null. May run
 * the user's code if mcproxy_value_is_code(); then the bytes must not be the library's.
 */
bool mcproxy_unpack(zval *value, const char *bytes, size_t len, uint32_t flags);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/base64.h"

/* RFC 4648, section 4. */
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
mcp__base64_encode(char *out, const void *raw, size_t len)
{
    const uint8_t *from = raw;
    char *at = out;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t second = i + 1 < len ? from[i + 1] : 0, third = i + 2 < len ? from[i + 2] : 0;
        uint32_t bits = (uint32_t)from[i] << 16 | second << 8 | third;
        *at++ = digits[bits >> 18];
        *at++ = digits[bits >> 12 & 63];
        *at++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
        *at++ = i + 2 < len ? digits[bits & 63] : '=';
    }
    return (size_t)(at - out);
}

/* 64: it is none. */
static uint32_t
value_of(uint8_t digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return (uint32_t)digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return (uint32_t)digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return (uint32_t)digit - '0' + 52;
    if (digit == '+')
        return 62;
    return digit == '/' ? 63 : 64;
}

/* Four digits, of which the last `padding` are "=". 0: they are none. */
static int
get_four(const uint8_t *from, size_t padding, uint32_t *bits)
{
    *bits = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - padding ? value_of(from[i]) : 0;
        if (value == 64)
            return 0;
        *bits = *bits << 6 | value;
    }
    return (*bits & ((1u << 8 * padding) - 1)) == 0;
}

size_t
mcp__base64_decode(void *out, const void *text, size_t len)
{
    const uint8_t *from = text;
    uint8_t *at = out;
    if (len == 0 || len % 4 != 0)
        return 0;
    for (size_t i = 0; i < len; i += 4) {
        size_t padding = 0;
        uint32_t bits;
        if (i + 4 == len && from[i + 3] == '=')
            padding = from[i + 2] == '=' ? 2 : 1;
        if (!get_four(from + i, padding, &bits))
            return 0;
        *at++ = (uint8_t)(bits >> 16);
        if (padding < 2)
            *at++ = (uint8_t)(bits >> 8);
        if (padding < 1)
            *at++ = (uint8_t)bits;
    }
    return (size_t)(at - (uint8_t *)out);
}

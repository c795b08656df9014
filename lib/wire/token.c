/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/token.h"

#include <string.h>

static size_t
count_digits(uint64_t number)
{
    static const uint64_t powers[MCP__DECIMAL_MAX] = {
        0,
        10,
        100,
        1000,
        10000,
        100000,
        1000000,
        10000000,
        100000000,
        1000000000,
        10000000000,
        100000000000,
        1000000000000,
        10000000000000,
        100000000000000,
        1000000000000000,
        10000000000000000,
        100000000000000000,
        1000000000000000000,
        10000000000000000000u,
    };
    /* From the bits: 1233 / 4096 is nearly the logarithm of 2, and may be one too few. */
    size_t n = (64 - (size_t)__builtin_clzll(number | 1)) * 1233 >> 12;
    return n + (number >= powers[n]);
}

uint8_t *
mcp__token_put_long(uint8_t *out, uint64_t number)
{
    /* Two digits at a time, and straight to their place: half of what one by one costs. */
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    size_t len = count_digits(number);
    uint8_t *at = out + len;
    for (; number >= 100; number /= 100) {
        at -= 2;
        memcpy(at, pairs + number % 100 * 2, 2);
    }
    if (number >= 10)
        memcpy(out, pairs + number * 2, 2);
    else
        *out = (uint8_t)('0' + number);
    return out + len;
}

uint8_t *
mcp__token_put_signed(uint8_t *out, int64_t number)
{
    if (number >= 0)
        return mcp__token_put(out, (uint64_t)number);
    *out++ = '-';
    return mcp__token_put(out, 0 - (uint64_t)number);
}

const uint8_t *
mcp__token_get(const uint8_t *bytes, const uint8_t *end, uint64_t *number)
{
    uint64_t sum = 0;
    const uint8_t *at = bytes;
    /* Nineteen digits always fit, so only those behind them are checked. */
    const uint8_t *safe = end - bytes > MCP__DECIMAL_MAX - 1 ? bytes + MCP__DECIMAL_MAX - 1 : end;
    for (; at < safe && (uint8_t)(*at - '0') <= 9; at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    for (; at < end && (uint8_t)(*at - '0') <= 9; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return NULL;
        sum = sum * 10 + digit;
    }
    if (at == bytes)
        return NULL;
    *number = sum;
    return at;
}

uint64_t
mcp__token_opaque_at(uint64_t count)
{
    /* Halve the 48 bits three times: six of them end up in each byte, the highest first. */
    uint64_t spread = (count & 0xffffff) | (count & 0xffffff000000) << 8;
    spread = (spread & 0x00000fff00000fff) | (spread & 0x00fff00000fff000) << 4;
    spread = (spread & 0x003f003f003f003f) | (spread & 0x0fc00fc00fc00fc0) << 2;
    spread += 0x3030303030303030;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return spread;
#else
    return __builtin_bswap64(spread);
#endif
}

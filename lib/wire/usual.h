/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usual: the lines of quiet times, written and read straight down: gets, sets, deletes, counts,
 * questions for a key's number, and the replies to them that everybody hopes for. What is not usual is meta's.
 *
 * They stand in a header because each is used where a call saves a tenth of the whole.
 */
#ifndef MCPROXY_WIRE_USUAL_H
#define MCPROXY_WIRE_USUAL_H

#include <string.h>

#include "mcproxy/mcproxy.h"
#include "wire/reply.h"
#include "wire/span.h"
#include "wire/token.h"

/* ---- requests: each without its end, "\r\n" or " b\r\n" ---- */

static inline uint8_t *
mcp__usual_put(uint8_t *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

#define MCP__USUAL_PUT(out, text) mcp__usual_put((out), (text), sizeof(text) - 1)

/* Keys are short: the first and the last half of one, each in one piece, overlap in the middle. */
static inline uint8_t *
mcp__usual_put_key(uint8_t *out, mcp__span key)
{
    const uint8_t *from = key.bytes;
    if (key.len >= 8 && key.len <= 16) {
        memcpy(out, from, 8);
        memcpy(out + key.len - 8, from + key.len - 8, 8);
    } else if (key.len > 16 && key.len <= 32) {
        memcpy(out, from, 16);
        memcpy(out + key.len - 16, from + key.len - 16, 16);
    } else {
        memcpy(out, from, key.len);
    }
    return out + key.len;
}

/* " O12345678" */
static inline uint8_t *
mcp__usual_put_opaque(uint8_t *out, uint64_t opaque)
{
    out = MCP__USUAL_PUT(out, " O");
    memcpy(out, &opaque, MCP__OPAQUE_LEN);
    return out + MCP__OPAQUE_LEN;
}

/* "mg key O12345678" */
static inline uint8_t *
mcp__usual_put_start(uint8_t *out, mcp__span key, uint64_t opaque)
{
    out = mcp__usual_put_key(MCP__USUAL_PUT(out, "mg "), key);
    return mcp__usual_put_opaque(out, opaque);
}

__attribute__((always_inline)) static inline uint8_t *
mcp__usual_put_get(uint8_t *out, mcp__span key, uint64_t opaque, uint32_t want)
{
    out = mcp__usual_put_start(out, key, opaque);
    out = MCP__USUAL_PUT(out, " v f");
    if (want & MCP_WANT_CAS)
        out = MCP__USUAL_PUT(out, " c");
    if (want & MCP_WANT_TTL)
        out = MCP__USUAL_PUT(out, " t");
    return out;
}

/* "md key O12345678" */
static inline uint8_t *
mcp__usual_put_delete(uint8_t *out, mcp__span key, uint64_t opaque)
{
    out = mcp__usual_put_key(MCP__USUAL_PUT(out, "md "), key);
    return mcp__usual_put_opaque(out, opaque);
}

static inline uint8_t *
mcp__usual_put_number(uint8_t *out, mcp__span key, uint64_t opaque)
{
    out = mcp__usual_put_start(out, key, opaque);
    return MCP__USUAL_PUT(out, " c");
}

/* " F7", " T60" */
static inline uint8_t *
mcp__usual_put_flag(uint8_t *out, char letter, uint64_t number)
{
    *out++ = ' ';
    *out++ = (uint8_t)letter;
    return mcp__token_put(out, number);
}

/* "ma key O12345678 MD D5 v": the new number comes back. */
static inline uint8_t *
mcp__usual_put_count(uint8_t *out, mcp__span key, uint64_t opaque, int is_down, uint64_t delta)
{
    out = mcp__usual_put_key(MCP__USUAL_PUT(out, "ma "), key);
    out = mcp__usual_put_opaque(out, opaque);
    if (is_down)
        out = MCP__USUAL_PUT(out, " MD");
    out = mcp__usual_put_flag(out, 'D', delta);
    return MCP__USUAL_PUT(out, " v");
}

/* "ms key 5 O12345678 F7 T60"; with a `ttl` that is not negative. */
static inline uint8_t *
mcp__usual_put_set(uint8_t *out, mcp__span key, size_t value_len, uint64_t opaque, uint32_t flags,
                   int64_t ttl)
{
    out = mcp__usual_put_key(MCP__USUAL_PUT(out, "ms "), key);
    *out++ = ' ';
    out = mcp__usual_put_opaque(mcp__token_put(out, value_len), opaque);
    if (flags != 0)
        out = mcp__usual_put_flag(out, 'F', flags);
    if (ttl != 0)
        out = mcp__usual_put_flag(out, 'T', (uint64_t)ttl);
    return out;
}

/* ---- replies ---- */

/* A number of at most 18 digits; NULL for all others, which the strict way will read. `at` lies
 * before `end`. */
static inline const uint8_t *
mcp__usual_number(const uint8_t *at, const uint8_t *end, uint64_t *number)
{
    const uint8_t *start = at;
    uint32_t digit = (uint32_t)*at - '0';
    uint64_t sum = digit;
    if (digit > 9)
        return NULL;
    while (++at < end && (digit = (uint32_t)*at - '0') <= 9)
        sum = sum * 10 + digit;
    *number = sum;
    return at - start <= 18 ? at : NULL;
}

/* The same where four bytes stand: most values are shorter than a thousand. */
static inline const uint8_t *
mcp__usual_length(const uint8_t *at, const uint8_t *end, uint64_t *number)
{
    uint32_t first = (uint32_t)at[0] - '0', second = (uint32_t)at[1] - '0';
    uint32_t third = (uint32_t)at[2] - '0';
    if (first > 9 || second > 9) {
        *number = first;
        return first <= 9 ? at + 1 : NULL;
    }
    if (third > 9) {
        *number = first * 10 + second;
        return at + 2;
    }
    if ((uint32_t)at[3] - '0' <= 9)
        return mcp__usual_number(at, end, number);
    *number = (first * 10 + second) * 10 + third;
    return at + 3;
}

static inline int
mcp__usual_is(const uint8_t *at, const char *two)
{
    return memcmp(at, two, 2) == 0;
}

static inline int
mcp__usual_has_opaque(const uint8_t *at, uint64_t opaque)
{
    return mcp__usual_is(at, " O") && memcmp(at + 2, &opaque, MCP__OPAQUE_LEN) == 0;
}

#define MCP__USUAL_OPAQUE (2 + MCP__OPAQUE_LEN) /* " O12345678" */

/* " c12", if it is there. NULL: it is no usual number. */
static inline const uint8_t *
mcp__usual_cas(const uint8_t *at, const uint8_t *end, uint64_t *cas)
{
    *cas = 0;
    return end - at > 3 && mcp__usual_is(at, " c") ? mcp__usual_number(at + 2, end, cas) : at;
}

static inline void
mcp__usual_fill(mcp__reply *reply, mcp__reply_kind kind, uint64_t opaque, uint64_t cas)
{
    reply->kind = kind;
    reply->lease = 0;
    reply->flags = 0;
    reply->opaque = opaque;
    reply->cas = cas;
    reply->ttl = -1;
    reply->value = (mcp__span){NULL, 0};
}

/* " f7 c12", or a part of it. NULL: a number is not usual. */
static inline const uint8_t *
mcp__usual_flags(const uint8_t *at, const uint8_t *end, uint64_t *flags, uint64_t *cas)
{
    if (mcp__usual_is(at, " f") && (at = mcp__usual_number(at + 2, end, flags)) == NULL)
        return NULL;
    return *flags <= UINT32_MAX ? mcp__usual_cas(at, end, cas) : NULL;
}

/* Behind "VA ": what a get, or an incr, that found something brings. */
__attribute__((always_inline)) static inline ssize_t
mcp__usual_parse_value(const uint8_t *bytes, const uint8_t *end, size_t value_max, uint64_t opaque,
                       mcp__reply *reply)
{
    uint64_t value_len, flags = 0, cas = 0;
    const uint8_t *at = mcp__usual_length(bytes + 3, end, &value_len);
    if (at == NULL || end - at < MCP__USUAL_OPAQUE + 5 || !mcp__usual_has_opaque(at, opaque))
        return MCP__PARSE_MORE;
    at += MCP__USUAL_OPAQUE;
    if (memcmp(at, " f0\r", 4) == 0) /* nearly always */
        at += 3;
    else if (*at != '\r' && (at = mcp__usual_flags(at, end, &flags, &cas)) == NULL)
        return MCP__PARSE_MORE;
    if (value_len > value_max)
        return MCP__PARSE_MORE;
    if ((size_t)(end - at) < value_len + 4) {
        if (end - at >= 2 && mcp__usual_is(at, "\r\n"))
            reply->size = (uint64_t)(at - bytes) + value_len + 4;
        return MCP__PARSE_MORE;
    }
    const uint8_t *behind = at + 2 + value_len;
    if (!mcp__usual_is(at, "\r\n") || !mcp__usual_is(behind, "\r\n"))
        return MCP__PARSE_MORE;
    mcp__usual_fill(reply, MCP__REPLY_VALUE, opaque, cas);
    reply->flags = (uint32_t)flags;
    reply->value = (mcp__span){at + 2, (size_t)value_len};
    return behind + 2 - bytes;
}

/* "HD O.. c1", "EN O..", "NF O..": all that there is to them. Bytes, or MCP__PARSE_MORE. */
static inline ssize_t
mcp__usual_parse_word(const uint8_t *bytes, size_t len, uint64_t opaque, mcp__reply_kind *kind,
                      uint64_t *cas)
{
    const uint8_t *at = bytes + 2 + MCP__USUAL_OPAQUE, *end = bytes + len;
    if (len < 2 + MCP__USUAL_OPAQUE + 2)
        return MCP__PARSE_MORE;
    if (memcmp(bytes, "HD O", 4) == 0)
        *kind = MCP__REPLY_DONE;
    else if (memcmp(bytes, "EN O", 4) == 0)
        *kind = MCP__REPLY_MISS;
    else if (memcmp(bytes, "NF O", 4) == 0)
        *kind = MCP__REPLY_NOT_FOUND;
    else
        return MCP__PARSE_MORE;
    if (memcmp(bytes + 4, &opaque, MCP__OPAQUE_LEN) != 0)
        return MCP__PARSE_MORE;
    *cas = 0;
    if (mcp__usual_is(at, "\r\n")) /* with one copy, and without verification, always */
        return at + 2 - bytes;
    at = mcp__usual_cas(at, end, cas);
    if (at == NULL || end - at < 2 || !mcp__usual_is(at, "\r\n"))
        return MCP__PARSE_MORE;
    return at + 2 - bytes;
}

/*
 * Reads the reply that the request with this opaque hopes for: one of those, or "VA 3 O.. f0 c1"
 * with its value. Returns its bytes, or MCP__PARSE_MORE: mcp__meta_parse is to say what it is. Then
 * `size` is not 0 if it is such a value whose end has not come: so many bytes it has in all.
 */
__attribute__((always_inline)) static inline ssize_t
mcp__usual_parse(const uint8_t *bytes, size_t len, size_t value_max, uint64_t opaque,
                 mcp__reply *reply)
{
    uint64_t cas;
    mcp__reply_kind kind;
    reply->size = 0;
    if (len > 2 + MCP__USUAL_OPAQUE && mcp__usual_is(bytes, "VA") && bytes[2] == ' ')
        return mcp__usual_parse_value(bytes, bytes + len, value_max, opaque, reply);
    ssize_t used = mcp__usual_parse_word(bytes, len, opaque, &kind, &cas);
    if (used > 0)
        mcp__usual_fill(reply, kind, opaque, cas);
    return used;
}

#endif

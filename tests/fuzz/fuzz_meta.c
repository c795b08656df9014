/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parser of replies: against a slow one that reads a line word by word, the quick way against
 * the strict one, and whole replies against all their beginnings.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "wire/meta.h"
#include "wire/usual.h"

#define VALUE_MAX 300

const char fuzz_name[] = "meta";
const unsigned fuzz_rounds = 150000;
const char *const fuzz_words[] = {"VA ",    "HD",         "EN\r\n",  "NS",   "EX",   "NF",
                                  "MN\r\n", " O00000000", " f7",     " c99", " t-1", " s5",
                                  " W",     " Z",         " X",      "\r\n", "OK",   "STAT",
                                  "END",    "\r\n",       "VERSION", "300",  "301",  NULL};

/* A line as its words, one blank between two of them. */
typedef struct words {
    const uint8_t *at[64];
    size_t len[64];
    size_t n;
} words;

static int
cut(const uint8_t *line, size_t len, words *w)
{
    w->n = 0;
    size_t first = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && line[i] != ' ')
            continue;
        if (w->n == 64 || i == first)
            return 0;
        w->at[w->n] = line + first;
        w->len[w->n++] = i - first;
        first = i + 1;
    }
    return 1;
}

/* A decimal number that 64 bits hold; 0: it is none. */
static int
slow_number(const uint8_t *at, size_t len, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < len; i++) {
        if (at[i] < '0' || at[i] > '9' || *number > UINT64_MAX / 10)
            return 0;
        uint64_t more = *number * 10 + (uint64_t)(at[i] - '0');
        if (more < *number * 10)
            return 0;
        *number = more;
    }
    return len > 0;
}

static int
slow_flag(const uint8_t *word, size_t len, mcp__reply *reply)
{
    uint64_t number;
    switch (word[0]) {
    case 'O':
        if (len == 9)
            memcpy(&reply->opaque, word + 1, 8);
        return len == 9;
    case 'f':
        if (!slow_number(word + 1, len - 1, &number) || number > UINT32_MAX)
            return 0;
        reply->flags = (uint32_t)number;
        return 1;
    case 'c':
        return slow_number(word + 1, len - 1, &reply->cas);
    case 's':
        return slow_number(word + 1, len - 1, &reply->size);
    case 't':
        if (len == 3 && memcmp(word, "t-1", 3) == 0) {
            reply->ttl = -1;
            return 1;
        }
        if (!slow_number(word + 1, len - 1, &number) || number > INT64_MAX)
            return 0;
        reply->ttl = (int64_t)number;
        return 1;
    case 'W':
    case 'Z':
    case 'X':
        reply->lease |= word[0] == 'W'   ? MCP__LEASE_WON
                        : word[0] == 'Z' ? MCP__LEASE_TAKEN
                                         : MCP__LEASE_STALE;
        return len == 1;
    default:
        return -1; /* not known here, and passed over there */
    }
}

/* One meta reply of words that are known here, and of nothing unusual. Returns its length, or -1
 * for all that this one does not judge. */
static ssize_t
slow_parse(const uint8_t *bytes, size_t len, mcp__reply *reply)
{
    static const char *const kinds[] = {"VA", "HD", "EN", "NS", "EX", "NF", "MN"};
    const uint8_t *lf =
        len > 0 ? memchr(bytes, '\n', len < MCP__LINE_MAX ? len : MCP__LINE_MAX) : NULL;
    words w;
    uint64_t value_len = 0;
    *reply = (mcp__reply){.ttl = -1};
    if (lf == NULL || lf == bytes || lf[-1] != '\r' || !cut(bytes, (size_t)(lf - 1 - bytes), &w))
        return -1;
    for (size_t i = 0; i < 7; i++) {
        if (w.len[0] == 2 && memcmp(w.at[0], kinds[i], 2) == 0)
            reply->kind = (mcp__reply_kind)(MCP__REPLY_VALUE + i);
    }
    int has_value = reply->kind == MCP__REPLY_VALUE;
    if (reply->kind == 0 || (has_value && (w.n < 2 || !slow_number(w.at[1], w.len[1], &value_len))))
        return -1;
    for (size_t i = has_value ? 2 : 1; i < w.n; i++) {
        if (slow_flag(w.at[i], w.len[i], reply) != 1)
            return -1;
    }
    size_t line_len = (size_t)(lf + 1 - bytes);
    if (!has_value)
        return (ssize_t)line_len;
    if (value_len > VALUE_MAX || len - line_len < value_len + 2 ||
        memcmp(lf + 1 + value_len, "\r\n", 2) != 0)
        return -1;
    reply->value = (mcp__span){lf + 1, (size_t)value_len};
    return (ssize_t)(line_len + value_len + 2);
}

static void
need_same(const mcp__reply *a, const mcp__reply *b)
{
    FUZZ_NEED(a->kind == b->kind && a->lease == b->lease && a->flags == b->flags);
    FUZZ_NEED(a->opaque == b->opaque && a->cas == b->cas && a->size == b->size && a->ttl == b->ttl);
    FUZZ_NEED(a->value.len == b->value.len);
    FUZZ_NEED(a->value.len == 0 || a->value.bytes == b->value.bytes);
}

/* Whatever is decided is decided the same when less of it was there, or not yet decided. */
static void
check_beginnings(const uint8_t *bytes, ssize_t used, size_t len)
{
    size_t all = used > 0 ? (size_t)used : len;
    for (size_t part = all > 400 ? all - 400 : 1; part < all; part++) {
        mcp__reply reply;
        size_t wanted;
        uint8_t *copy = fuzz_copy(bytes, part);
        ssize_t got = mcp__meta_parse(copy, part, VALUE_MAX, &reply, &wanted);
        FUZZ_NEED(got == MCP__PARSE_MORE || (used == MCP__PARSE_BAD && got == MCP__PARSE_BAD));
        FUZZ_NEED(got != MCP__PARSE_MORE || wanted == 0 || wanted > part);
        FUZZ_NEED(used <= 0 || wanted <= (size_t)used);
        FUZZ_NEED(mcp__usual_parse(copy, part, VALUE_MAX, 0x3030303030303030, &reply) == 0);
        free(copy);
    }
}

static void
check_reply(const uint8_t *bytes, size_t len, ssize_t used, const mcp__reply *reply)
{
    const uint8_t *value = reply->value.bytes;
    FUZZ_NEED((size_t)used <= len && used >= 4);
    FUZZ_NEED(reply->kind >= MCP__REPLY_VALUE && reply->kind <= MCP__REPLY_SERVER_ERROR);
    FUZZ_NEED(reply->value.len == 0 ||
              (value >= bytes && value + reply->value.len <= bytes + used - 2));
    FUZZ_NEED(reply->kind != MCP__REPLY_VALUE || reply->value.len <= VALUE_MAX);
    FUZZ_NEED(reply->ttl >= -1);
    for (int kind = MCP__COMMAND_GET; kind <= MCP__COMMAND_FLUSH; kind++) {
        if (mcp__meta_fits((mcp__command_kind)kind, reply->kind))
            FUZZ_NEED(mcp_strstatus(mcp__meta_status((mcp__command_kind)kind, reply)) != NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    mcp__reply reply = {0}, slow, usual;
    size_t wanted = 0;
    if (len == 0)
        return 0;
    ssize_t used = mcp__meta_parse(bytes, len, VALUE_MAX, &reply, &wanted);
    FUZZ_NEED(used >= MCP__PARSE_BAD);
    FUZZ_NEED(used != MCP__PARSE_MORE || wanted == 0 || wanted > len);
    if (used > 0)
        check_reply(bytes, len, used, &reply);
    ssize_t slow_used = slow_parse(bytes, len, &slow);
    if (slow_used > 0) {
        FUZZ_NEED(used == slow_used);
        need_same(&reply, &slow);
    }
    uint64_t opaque = used > 0 && reply.opaque != 0 ? reply.opaque : 0x3030303030303030;
    ssize_t usual_used = mcp__usual_parse(bytes, len, VALUE_MAX, opaque, &usual);
    FUZZ_NEED(usual_used == MCP__PARSE_MORE || usual_used == used);
    if (usual_used > 0)
        need_same(&usual, &reply);
    check_beginnings(bytes, used, len);
    return 0;
}

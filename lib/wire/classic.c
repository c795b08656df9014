/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/classic.h"

#include <string.h>

#include "wire/token.h"

static uint8_t *
put(uint8_t *out, const void *bytes, size_t len)
{
    memcpy(out, bytes, len);
    return out + len;
}

size_t
mcp__classic_encode(const mcp__command *command, uint8_t *out)
{
    uint8_t *start = out;
    switch (command->kind) {
    case MCP__COMMAND_STATS:
        out = put(out, "stats", 5);
        if (command->key.len > 0) {
            *out++ = ' ';
            out = put(out, command->key.bytes, command->key.len);
        }
        break;
    case MCP__COMMAND_FLUSH:
        out = put(out, "flush_all", 9);
        if (command->ttl > 0) {
            *out++ = ' ';
            out = mcp__token_put(out, (uint64_t)command->ttl);
        }
        break;
    default:
        out = put(out, "version", 7);
        break;
    }
    out = put(out, "\r\n", 2);
    return (size_t)(out - start);
}

/* ---- command lines for keys ---- */

static uint8_t *
put_start(uint8_t *out, const char *verb, mcp__span key)
{
    out = put(out, verb, strlen(verb));
    *out++ = ' ';
    return put(out, key.bytes, key.len);
}

static uint8_t *
put_blank_number(uint8_t *out, uint64_t number)
{
    *out++ = ' ';
    return mcp__token_put(out, number);
}

uint8_t *
mcp__classic_put_key(uint8_t *out, const char *verb, mcp__span key)
{
    return put(put_start(out, verb, key), "\r\n", 2);
}

uint8_t *
mcp__classic_put_number(uint8_t *out, const char *verb, mcp__span key, uint64_t number)
{
    return put(put_blank_number(put_start(out, verb, key), number), "\r\n", 2);
}

uint8_t *
mcp__classic_put_gat(uint8_t *out, const char *verb, int64_t ttl, mcp__span key)
{
    out = put(out, verb, strlen(verb));
    out = put_blank_number(out, mcp__classic_ttl(ttl));
    *out++ = ' ';
    return put(put(out, key.bytes, key.len), "\r\n", 2);
}

uint8_t *
mcp__classic_put_store(uint8_t *out, const mcp__classic_store *store)
{
    out = put_start(out, store->verb, store->key);
    out = put_blank_number(out, store->flags);
    out = put_blank_number(out, mcp__classic_ttl(store->ttl));
    out = put_blank_number(out, store->value_len);
    if (store->has_unique)
        out = put_blank_number(out, store->unique);
    return put(out, "\r\n", 2);
}

/* ---- replies ---- */

/* Whether the line is `word`, alone or followed by a blank and a text, which becomes the value. */
static int
begins(const uint8_t *line, const uint8_t *cr, const char *word, mcp__reply *reply)
{
    size_t len = strlen(word);
    size_t line_len = (size_t)(cr - line);
    if (line_len < len || memcmp(line, word, len) != 0)
        return 0;
    if (line_len == len) {
        reply->value = (mcp__span){cr, 0};
        return 1;
    }
    if (line[len] != ' ')
        return 0;
    reply->value = (mcp__span){line + len + 1, line_len - len - 1};
    return memchr(line, '\0', line_len) == NULL;
}

/* "STAT name value", or of "stats cachedump": "ITEM key [4 b; 0 s]". */
static int
is_stat(const uint8_t *line, size_t len)
{
    return len >= 7 && (memcmp(line, "STAT ", 5) == 0 || memcmp(line, "ITEM ", 5) == 0);
}

/* Such lines up to "END": they are the value. */
static ssize_t
parse_stats(const uint8_t *bytes, size_t len, size_t value_max, mcp__reply *reply)
{
    size_t at = 0;
    for (;;) {
        const uint8_t *lf = memchr(bytes + at, '\n', len - at);
        if (lf == NULL)
            return len - at >= MCP__LINE_MAX ? MCP__PARSE_BAD : MCP__PARSE_MORE;
        size_t line_len = (size_t)(lf + 1 - (bytes + at));
        if (line_len < 2 || line_len > MCP__LINE_MAX || lf[-1] != '\r')
            return MCP__PARSE_BAD;
        if (line_len == 5 && memcmp(bytes + at, "END", 3) == 0)
            break;
        if (!is_stat(bytes + at, line_len))
            return MCP__PARSE_BAD;
        at += line_len;
        if (at > value_max && at > MCP__STATS_MAX)
            return MCP__PARSE_BAD;
    }
    reply->kind = MCP__REPLY_STATS;
    reply->value = (mcp__span){bytes, at};
    return (ssize_t)(at + 5);
}

ssize_t
mcp__classic_parse(const uint8_t *bytes, size_t len, const uint8_t *cr, size_t value_max,
                   mcp__reply *reply)
{
    static const struct {
        const char *word;
        mcp__reply_kind kind;
    } lines[] = {
        {"OK", MCP__REPLY_OK},
        {"RESET", MCP__REPLY_OK},
        {"VERSION", MCP__REPLY_VERSION},
        {"ERROR", MCP__REPLY_ERROR},
        {"CLIENT_ERROR", MCP__REPLY_CLIENT_ERROR},
        {"SERVER_ERROR", MCP__REPLY_SERVER_ERROR},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (begins(bytes, cr, lines[i].word, reply)) {
            reply->kind = lines[i].kind;
            return cr + 2 - bytes;
        }
    }
    return parse_stats(bytes, len, value_max, reply);
}

/* ---- replies to commands for keys ---- */

/* The first line; 0: not all of it is here, or it is none: `*verdict`. Its CR is `*cr`. */
static int
first_line(const uint8_t *bytes, size_t len, const uint8_t **cr, ssize_t *verdict)
{
    size_t window = len < MCP__LINE_MAX ? len : MCP__LINE_MAX;
    const uint8_t *lf = len > 0 ? memchr(bytes, '\n', window) : NULL;
    *verdict = len >= MCP__LINE_MAX ? MCP__PARSE_BAD : MCP__PARSE_MORE;
    if (lf == NULL)
        return 0;
    *verdict = MCP__PARSE_BAD;
    if (lf == bytes || lf[-1] != '\r')
        return 0;
    *cr = lf - 1;
    return 1;
}

static int
is_line(const uint8_t *line, const uint8_t *cr, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(cr - line) == len && memcmp(line, word, len) == 0;
}

/* A line that may stand where any reply is awaited. */
static ssize_t
parse_error(const uint8_t *line, const uint8_t *cr, mcp__reply *reply)
{
    if (begins(line, cr, "ERROR", reply))
        reply->kind = MCP__REPLY_ERROR;
    else if (begins(line, cr, "CLIENT_ERROR", reply))
        reply->kind = MCP__REPLY_CLIENT_ERROR;
    else if (begins(line, cr, "SERVER_ERROR", reply))
        reply->kind = MCP__REPLY_SERVER_ERROR;
    else
        return MCP__PARSE_BAD;
    return cr + 2 - line;
}

/* " 123" */
static const uint8_t *
blank_number(const uint8_t *at, const uint8_t *end, uint64_t *number)
{
    if (at == NULL || at == end || *at != ' ')
        return NULL;
    return mcp__token_get(at + 1, end, number);
}

/* "VALUE <key> <flags> <len>[ <cas>]", of which VALUE has been seen. 0, or -1: it is not that. */
static int
parse_head(const uint8_t *at, const uint8_t *cr, mcp__span key, int has_cas, mcp__reply *reply,
           uint64_t *value_len)
{
    uint64_t flags = 0;
    if ((size_t)(cr - at) <= key.len || memcmp(at, key.bytes, key.len) != 0)
        return -1;
    at = blank_number(at + key.len, cr, &flags);
    at = blank_number(at, cr, value_len);
    if (has_cas)
        at = blank_number(at, cr, &reply->cas);
    reply->flags = (uint32_t)flags;
    return at == cr && flags <= UINT32_MAX ? 0 : -1;
}

/* The first line of what answers get or gets. 0: `*verdict` says it all: END, that is a miss, or as
 * above. */
static int
first_of_values(const uint8_t *bytes, size_t len, const uint8_t **cr, mcp__reply *reply,
                ssize_t *verdict)
{
    *reply = (mcp__reply){.ttl = -1};
    if (!first_line(bytes, len, cr, verdict))
        return 0;
    reply->kind = MCP__REPLY_MISS;
    *verdict = *cr + 2 - bytes;
    return !is_line(bytes, *cr, "END");
}

ssize_t
mcp__classic_parse_value(const uint8_t *bytes, size_t len, mcp__span key, int has_cas,
                         size_t value_max, mcp__reply *reply)
{
    const uint8_t *cr;
    ssize_t verdict;
    uint64_t value_len;
    if (!first_of_values(bytes, len, &cr, reply, &verdict))
        return verdict;
    if (cr - bytes < 6 || memcmp(bytes, "VALUE ", 6) != 0)
        return parse_error(bytes, cr, reply);
    if (parse_head(bytes + 6, cr, key, has_cas, reply, &value_len) != 0 || value_len > value_max)
        return MCP__PARSE_BAD;
    static const char end[] = "\r\nEND\r\n";
    const uint8_t *value = cr + 2;
    size_t there = len - (size_t)(value - bytes);
    size_t behind = there > value_len ? there - (size_t)value_len : 0;
    size_t end_len = behind < sizeof end - 1 ? behind : sizeof end - 1;
    if (memcmp(value + (there - behind), end, end_len) != 0)
        return MCP__PARSE_BAD;
    reply->kind = MCP__REPLY_VALUE;
    reply->ttl = MCP__TTL_UNKNOWN;
    reply->value = (mcp__span){value, (size_t)value_len};
    return end_len < sizeof end - 1 ? MCP__PARSE_MORE : value + value_len + sizeof end - 1 - bytes;
}

/* "VALUE k 0 5", and which key it is. -1: it is not that. */
static int
parse_any_head(const uint8_t *bytes, const uint8_t *cr, int has_cas, mcp__span *key,
               mcp__reply *reply, uint64_t *value_len)
{
    if (cr - bytes < 6 || memcmp(bytes, "VALUE ", 6) != 0)
        return -1;
    const uint8_t *blank = memchr(bytes + 6, ' ', (size_t)(cr - bytes) - 6);
    if (blank == NULL)
        return -1;
    *key = (mcp__span){bytes + 6, (size_t)(blank - bytes) - 6};
    return parse_head(bytes + 6, cr, *key, has_cas, reply, value_len);
}

ssize_t
mcp__classic_parse_item(const uint8_t *bytes, size_t len, int has_cas, size_t value_max,
                        mcp__span *key, mcp__reply *reply)
{
    const uint8_t *cr;
    ssize_t verdict;
    uint64_t value_len;
    if (!first_of_values(bytes, len, &cr, reply, &verdict))
        return verdict;
    if (parse_any_head(bytes, cr, has_cas, key, reply, &value_len) != 0)
        return parse_error(bytes, cr, reply);
    if (value_len > value_max)
        return MCP__PARSE_BAD;
    const uint8_t *value = cr + 2;
    size_t there = len - (size_t)(value - bytes);
    size_t behind = there > value_len ? there - (size_t)value_len : 0;
    if (behind > 0 && (value[value_len] != '\r' || (behind > 1 && value[value_len + 1] != '\n')))
        return MCP__PARSE_BAD;
    reply->kind = MCP__REPLY_VALUE;
    reply->ttl = MCP__TTL_UNKNOWN;
    reply->value = (mcp__span){value, (size_t)value_len};
    return behind < 2 ? MCP__PARSE_MORE : value + value_len + 2 - bytes;
}

ssize_t
mcp__classic_parse_word(const uint8_t *bytes, size_t len, const char *done, mcp__reply *reply)
{
    const uint8_t *cr;
    ssize_t verdict;
    *reply = (mcp__reply){.ttl = -1};
    if (!first_line(bytes, len, &cr, &verdict))
        return verdict;
    if (is_line(bytes, cr, done))
        reply->kind = MCP__REPLY_DONE;
    else if (is_line(bytes, cr, "NOT_STORED"))
        reply->kind = MCP__REPLY_NOT_STORED;
    else if (is_line(bytes, cr, "EXISTS"))
        reply->kind = MCP__REPLY_EXISTS;
    else if (is_line(bytes, cr, "NOT_FOUND"))
        reply->kind = MCP__REPLY_NOT_FOUND;
    else
        return parse_error(bytes, cr, reply);
    return cr + 2 - bytes;
}

ssize_t
mcp__classic_parse_number(const uint8_t *bytes, size_t len, mcp__reply *reply)
{
    const uint8_t *cr;
    ssize_t verdict;
    uint64_t number;
    *reply = (mcp__reply){.ttl = -1};
    if (!first_line(bytes, len, &cr, &verdict))
        return verdict;
    reply->kind = MCP__REPLY_NOT_FOUND;
    if (is_line(bytes, cr, "NOT_FOUND"))
        return cr + 2 - bytes;
    if (mcp__token_get(bytes, cr, &number) != cr)
        return parse_error(bytes, cr, reply);
    reply->kind = MCP__REPLY_VALUE;
    reply->value = (mcp__span){bytes, (size_t)(cr - bytes)};
    return cr + 2 - bytes;
}

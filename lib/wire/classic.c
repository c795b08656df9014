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

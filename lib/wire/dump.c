/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines about keys end with a bare line feed and all others with CR LF (crawler.c of memcached
 * 1.6), so both are taken everywhere. A key stands there as its bytes, every one but letters,
 * digits and "-._~" as %XX; that it was stored with the `b` flag is not said.
 */
#include "wire/dump.h"

#include <string.h>

#include "wire/key.h"
#include "wire/reply.h"
#include "wire/token.h"

#define REQUEST "lru_crawler metadump hash\r\n"

size_t
mcp__dump_encode(uint8_t *out)
{
    memcpy(out, REQUEST, sizeof REQUEST - 1);
    return sizeof REQUEST - 1;
}

static int
begins(const uint8_t *from, const uint8_t *end, const char *text, size_t len)
{
    return (size_t)(end - from) >= len && memcmp(from, text, len) == 0;
}

/* Value of a hex digit; 16: it is none. */
static uint32_t
hex_value(uint8_t digit)
{
    if ((uint8_t)(digit - '0') <= 9)
        return (uint32_t)digit - '0';
    uint32_t letter = (uint32_t)(digit | 0x20) - 'a';
    return letter < 6 ? letter + 10 : 16;
}

/* One byte of a key; returns where the next one begins, or NULL. */
static const uint8_t *
decode_byte(const uint8_t *from, const uint8_t *end, uint8_t *byte)
{
    if (*from <= ' ' || *from > '~')
        return NULL;
    *byte = *from;
    if (*from != '%')
        return from + 1;
    if (end - from < 3)
        return NULL;
    uint32_t high = hex_value(from[1]), low = hex_value(from[2]);
    *byte = (uint8_t)(high << 4 | low);
    return high < 16 && low < 16 ? from + 3 : NULL;
}

/* Decodes a key onto itself, which makes it no longer. Returns its length; 0: it is none. */
static size_t
decode_key(uint8_t *key, const uint8_t *end)
{
    const uint8_t *from = key;
    size_t len = 0;
    while (from != end) {
        if (len == MCP__KEY_MAX)
            return 0;
        from = decode_byte(from, end, &key[len++]);
        if (from == NULL)
            return 0;
    }
    return len;
}

static const uint8_t *
get_expires(const uint8_t *from, const uint8_t *end, int64_t *expires)
{
    uint64_t number = 0;
    *expires = -1;
    if (begins(from, end, "-1", 2))
        return from + 2;
    from = mcp__token_get(from, end, &number);
    *expires = (int64_t)number;
    return number <= INT64_MAX ? from : NULL;
}

/* A number behind `name`; `*value` stays where the word is another one, or no number. */
static void
get_word(const uint8_t *from, const uint8_t *end, const char *name, size_t len, int64_t *value)
{
    uint64_t number = 0;
    if (!begins(from, end, name, len))
        return;
    from = mcp__token_get(from + len, end, &number);
    if (from == end && number <= INT64_MAX)
        *value = (int64_t)number;
}

/* " la=<time> cas=.. fetch=.. cls=.. size=<bytes> flags=<number>": all of it may be missing. */
static void
get_details(const uint8_t *at, const uint8_t *end, mcp__dump_line *line)
{
    int64_t size = 0;
    while (at < end) {
        const uint8_t *from = at + 1, *blank = memchr(from, ' ', (size_t)(end - from));
        at = blank != NULL ? blank : end;
        get_word(from, at, "la=", 3, &line->used);
        get_word(from, at, "size=", 5, &size);
        get_word(from, at, "flags=", 6, &line->flags);
    }
    line->size = (uint64_t)size;
}

/* "key=<key> exp=<time>", and behind it what jobs do not need. */
static int
parse_key(uint8_t *bytes, const uint8_t *end, mcp__dump_line *line)
{
    uint8_t *key = bytes + 4;
    const uint8_t *at = memchr(key, ' ', (size_t)(end - key));
    if (at == NULL || !begins(at, end, " exp=", 5))
        return 0;
    line->key = (mcp__span){key, decode_key(key, at)};
    at = get_expires(at + 5, end, &line->expires);
    if (line->key.len == 0 || at == NULL || (at != end && *at != ' '))
        return 0;
    get_details(at, end, line);
    return 1;
}

/* Lines that are no key, by their first word. */
static mcp__dump_kind
kind_of(const uint8_t *bytes, const uint8_t *end)
{
    static const struct {
        const char *word;
        uint8_t len;
        uint8_t is_alone; /* nothing stands behind it */
        uint8_t kind;
    } words[] = {
        {"END", 3, 1, MCP__DUMP_END},
        {"OK", 2, 1, MCP__DUMP_NOTE},
        {"BUSY", 4, 0, MCP__DUMP_BUSY},
        {"ERROR", 5, 0, MCP__DUMP_REFUSED},
        {"CLIENT_ERROR", 12, 0, MCP__DUMP_REFUSED},
        {"SERVER_ERROR", 12, 0, MCP__DUMP_REFUSED},
        {"BADCLASS", 8, 0, MCP__DUMP_REFUSED}, /* too old to know of `hash` */
        {"NOTSTARTED", 10, 0, MCP__DUMP_REFUSED},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const uint8_t *at = bytes + words[i].len;
        if (begins(bytes, end, words[i].word, words[i].len) &&
            (at == end || (*at == ' ' && !words[i].is_alone)))
            return words[i].kind;
    }
    return 0;
}

ssize_t
mcp__dump_parse(uint8_t *bytes, size_t len, mcp__dump_line *line)
{
    size_t window = len < MCP__LINE_MAX ? len : MCP__LINE_MAX;
    const uint8_t *lf = window > 0 ? memchr(bytes, '\n', window) : NULL;
    if (lf == NULL)
        return len >= MCP__LINE_MAX ? MCP__PARSE_BAD : MCP__PARSE_MORE;
    const uint8_t *end = lf > bytes && lf[-1] == '\r' ? lf - 1 : lf;
    *line = (mcp__dump_line){.expires = -1, .used = -1, .flags = -1};
    if (!begins(bytes, end, "key=", 4))
        line->kind = kind_of(bytes, end);
    else if (parse_key(bytes, end, line))
        line->kind = MCP__DUMP_KEY;
    return line->kind != 0 ? lf + 1 - bytes : MCP__PARSE_BAD;
}

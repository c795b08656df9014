/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replies of the old text protocol (version, stats, error lines), against a slow reader that looks
 * at one line at a time and knows only whole texts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "wire/classic.h"
#include "wire/meta.h"

#define VALUE_MAX 100

const char fuzz_name[] = "classic";
const unsigned fuzz_rounds = 150000;
const char *const fuzz_words[] = {"STAT ",
                                  "STAT a b\r\n",
                                  "END\r\n",
                                  "\r\n",
                                  "\n",
                                  "OK\r\n",
                                  "RESET",
                                  "ERROR",
                                  "CLIENT_ERROR ",
                                  "SERVER_ERROR ",
                                  "VERSION ",
                                  "\r\r\n",
                                  " ",
                                  "VALUE ",
                                  "VALUE k 0 5\r\nhello\r\n",
                                  "VALUE k 7 1 42\r\nx\r\n",
                                  NULL};

typedef struct line {
    size_t len;      /* with its line end */
    size_t text_len; /* without */
} line;

/* The line that begins here; 0: there is none, or it does not end with CR LF. */
static int
get_line(const uint8_t *at, size_t len, line *found)
{
    size_t i = 0;
    while (i < len && at[i] != '\n')
        i++;
    if (i == len || i == 0 || at[i - 1] != '\r')
        return 0;
    *found = (line){i + 1, i - 1};
    return 1;
}

static int
is_text(const uint8_t *at, const line *l, const char *text)
{
    return l->text_len == strlen(text) && memcmp(at, text, l->text_len) == 0;
}

static int
starts(const uint8_t *at, const line *l, const char *text)
{
    return l->text_len >= strlen(text) && memcmp(at, text, strlen(text)) == 0;
}

/* Statistics up to their end: 0: they are not whole, or none. */
static size_t
slow_stats(const uint8_t *bytes, size_t len)
{
    size_t at = 0;
    line l;
    while (get_line(bytes + at, len - at, &l) && l.len <= MCP__LINE_MAX) {
        if (is_text(bytes + at, &l, "END"))
            return at + l.len;
        if (!starts(bytes + at, &l, "STAT ") && !starts(bytes + at, &l, "ITEM "))
            return 0;
        at += l.len;
    }
    return 0;
}

/* How long the reply is and what it is; 0: none that this one knows. */
static size_t
slow_parse(const uint8_t *bytes, size_t len, mcp__reply_kind *kind)
{
    static const struct {
        const char *word;
        mcp__reply_kind kind;
    } words[] = {{"OK", MCP__REPLY_OK},
                 {"RESET", MCP__REPLY_OK},
                 {"ERROR", MCP__REPLY_ERROR},
                 {"VERSION", MCP__REPLY_VERSION},
                 {"CLIENT_ERROR", MCP__REPLY_CLIENT_ERROR},
                 {"SERVER_ERROR", MCP__REPLY_SERVER_ERROR}};
    line l;
    if (!get_line(bytes, len, &l) || l.len > MCP__LINE_MAX)
        return 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t word_len = strlen(words[i].word);
        *kind = words[i].kind;
        if (is_text(bytes, &l, words[i].word) ||
            (starts(bytes, &l, words[i].word) && bytes[word_len] == ' ' &&
             memchr(bytes, '\0', l.len) == NULL))
            return l.len;
    }
    *kind = MCP__REPLY_STATS;
    return slow_stats(bytes, len);
}

/* What the user gets to see of statistics. */
static void
walk_stats(const mcp__reply *reply)
{
    mcp_result result = MCP_RESULT_INIT;
    mcp_stat stat;
    size_t position = 0, n = 0;
    const char *from = (const char *)reply->value.bytes, *end = from + reply->value.len;
    result.value = reply->value.bytes;
    result.value_len = reply->value.len;
    while (mcp_stat_next(&result, &position, &stat)) {
        FUZZ_NEED(stat.name >= from && stat.name + stat.name_len <= end);
        FUZZ_NEED(stat.value_len == 0 ||
                  (stat.value >= from && stat.value + stat.value_len <= end));
        FUZZ_NEED(position <= result.value_len && ++n <= result.value_len);
    }
}

/* "VALUE <key> <flags> <len>[ <number>]", read word by word; how long the value is, or -1. */
static int64_t
slow_head(const uint8_t *at, const line *l, int has_cas, size_t *key_len)
{
    char text[MCP__LINE_MAX + 1], tail;
    unsigned long long flags, len, number;
    int n_key = 0, n_all = 0;
    memcpy(text, at, l->text_len);
    text[l->text_len] = '\0';
    if (!starts(at, l, "VALUE "))
        return -1;
    const char *rest = memchr(text + 6, ' ', l->text_len - 6); /* whoever asked compares the key */
    if (rest == NULL || memchr(rest, '\0', (size_t)(text + l->text_len - rest)) != NULL)
        return -1;
    n_key = (int)(rest - text) - 6;
    size_t shape = strspn(rest, " 0123456789");
    if (rest[shape] != '\0' || strstr(rest, "  ") != NULL || rest[0] != ' ' ||
        rest[shape - 1] == ' ')
        return -1;
    int n = has_cas ? sscanf(rest, " %llu %llu %llu%n%c", &flags, &len, &number, &n_all, &tail)
                    : sscanf(rest, " %llu %llu%n%c", &flags, &len, &n_all, &tail);
    *key_len = (size_t)n_key;
    return n == (has_cas ? 3 : 2) && flags <= UINT32_MAX && len <= VALUE_MAX ? (int64_t)len : -1;
}

/* One part of the reply to a get of several keys. */
static void
check_item(const uint8_t *bytes, size_t len, int has_cas)
{
    mcp__reply reply;
    mcp__span key = {NULL, 0};
    size_t key_len = 0;
    line l;
    ssize_t used = mcp__classic_parse_item(bytes, len, has_cas, VALUE_MAX, &key, &reply);
    FUZZ_NEED(used >= MCP__PARSE_BAD && used <= (ssize_t)len);
    if (used > 0 && reply.kind == MCP__REPLY_VALUE) {
        FUZZ_NEED(get_line(bytes, len, &l));
        int64_t value_len = slow_head(bytes, &l, has_cas, &key_len);
        FUZZ_NEED(value_len == (int64_t)reply.value.len);
        FUZZ_NEED((const uint8_t *)key.bytes == bytes + 6 && key.len == key_len);
        FUZZ_NEED((size_t)used == l.len + reply.value.len + 2);
        FUZZ_NEED(memcmp(bytes + used - 2, "\r\n", 2) == 0);
    }
    for (ssize_t part = 1; part < used; part++) {
        uint8_t *copy = fuzz_copy(bytes, (size_t)part);
        FUZZ_NEED(mcp__classic_parse_item(copy, (size_t)part, has_cas, VALUE_MAX, &key, &reply) ==
                  MCP__PARSE_MORE);
        free(copy);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    mcp__reply reply = {0};
    mcp__reply_kind kind = 0;
    size_t wanted = 0;
    if (len == 0)
        return 0;
    check_item(bytes, len, 0);
    check_item(bytes, len, 1);
    ssize_t used = mcp__meta_parse(bytes, len, VALUE_MAX, &reply, &wanted);
    size_t slow = slow_parse(bytes, len, &kind);
    FUZZ_NEED(used >= MCP__PARSE_BAD && used <= (ssize_t)len);
    if (slow > 0 && slow < MCP__STATS_MAX) {
        FUZZ_NEED(used == (ssize_t)slow);
        FUZZ_NEED(reply.kind == kind);
    }
    if (used > 0 && reply.kind >= MCP__REPLY_OK)
        FUZZ_NEED(slow == (size_t)used);
    if (used > 0 && reply.kind == MCP__REPLY_STATS)
        walk_stats(&reply);
    size_t all = used > 0 ? (size_t)used : len;
    for (size_t part = all > 300 ? all - 300 : 1; part < all; part++) {
        uint8_t *copy = fuzz_copy(bytes, part);
        ssize_t got = mcp__meta_parse(copy, part, VALUE_MAX, &reply, &wanted);
        FUZZ_NEED(got == MCP__PARSE_MORE || (used == MCP__PARSE_BAD && got == MCP__PARSE_BAD));
        free(copy);
    }
    return 0;
}

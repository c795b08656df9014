/* SPDX-License-Identifier: BSD-3-Clause */
/* Dumps of keys: every split of the bytes, and against a slow parser that is right at a glance. */
#include "wire/dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks_kit.h"
#include "support.h"
#include "wire/key.h"
#include "wire/reply.h"

/* ---- A slow parser ------------------------------------------------------------------------ */

typedef struct slow_line {
    ssize_t taken;
    int kind;
    uint8_t key[MCP__KEY_MAX + 1];
    size_t key_len;
    int64_t expires;
} slow_line;

static int
slow_hex(char digit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = digit != '\0' ? strchr(digits, digit) : NULL;
    return at != NULL ? (int)(at - digits) % 16 : -1;
}

/* The text of a key, without what is around it; 0: it is none. */
static int
slow_key(slow_line *line, const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        int byte = (uint8_t)text[at];
        if (byte < 33 || byte > 126)
            return 0;
        if (byte == '%') {
            if (len - at < 3 || slow_hex(text[at + 1]) < 0 || slow_hex(text[at + 2]) < 0)
                return 0;
            byte = slow_hex(text[at + 1]) * 16 + slow_hex(text[at + 2]);
            at += 2;
        }
        at++;
        if (line->key_len == MCP__KEY_MAX)
            return 0;
        line->key[line->key_len++] = (uint8_t)byte;
    }
    return line->key_len > 0;
}

/* A word "exp=<digits>" or "exp=-1". */
static int
slow_expires(slow_line *line, const char *text, size_t len)
{
    char exact[32];
    if (len == 6 && memcmp(text, "exp=-1", 6) == 0) {
        line->expires = -1;
        return 1;
    }
    if (len < 5 || memcmp(text, "exp=", 4) != 0)
        return 0;
    for (text += 4, len -= 4; len > 1 && *text == '0'; text++, len--)
        continue;
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return 0;
    snprintf(exact, sizeof exact, "%.*s", (int)(len < 25 ? len : 25), text);
    if (strlen(exact) > 19 || (strlen(exact) == 19 && strcmp(exact, "9223372036854775807") > 0))
        return 0;
    line->expires = strtoll(exact, NULL, 10);
    return 1;
}

static int
slow_key_line(slow_line *line, const char *text, size_t len)
{
    size_t first = 0, second;
    while (first < len && text[first] != ' ')
        first++;
    second = first + 1;
    while (second < len && text[second] != ' ')
        second++;
    return first < len && second <= len && slow_key(line, text + 4, first - 4) &&
           slow_expires(line, text + first + 1, second - first - 1);
}

static int
slow_kind(const char *text, size_t len)
{
    static const char *const refused[] = {"ERROR", "CLIENT_ERROR", "SERVER_ERROR", "BADCLASS",
                                          "NOTSTARTED"};
    char word[16] = "";
    size_t word_len = 0;
    while (word_len < len && text[word_len] != ' ')
        word_len++;
    if (word_len == 0 || word_len > 15 || memchr(text, '\0', word_len) != NULL)
        return 0;
    memcpy(word, text, word_len);
    if (strcmp(word, "BUSY") == 0)
        return MCP__DUMP_BUSY;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (strcmp(word, refused[i]) == 0)
            return MCP__DUMP_REFUSED;
    if (word_len < len)
        return 0;
    return strcmp(word, "END") == 0 ? MCP__DUMP_END : strcmp(word, "OK") == 0 ? MCP__DUMP_NOTE : 0;
}

static slow_line
slow_parse(const char *bytes, size_t len)
{
    slow_line line = {.taken = MCP__PARSE_MORE, .expires = -1};
    size_t end = 0;
    while (end < len && bytes[end] != '\n' && end < MCP__LINE_MAX)
        end++;
    if (end == MCP__LINE_MAX)
        line.taken = MCP__PARSE_BAD;
    if (end == MCP__LINE_MAX || end == len)
        return line;
    size_t text_len = end > 0 && bytes[end - 1] == '\r' ? end - 1 : end;
    if (text_len >= 4 && memcmp(bytes, "key=", 4) == 0)
        line.kind = slow_key_line(&line, bytes, text_len) ? MCP__DUMP_KEY : 0;
    else
        line.kind = slow_kind(bytes, text_len);
    line.taken = line.kind != 0 ? (ssize_t)end + 1 : MCP__PARSE_BAD;
    return line;
}

/* Both on the same bytes, in a block of that size. Returns what is taken. */
static ssize_t
compare(const void *bytes, size_t len, int *kind)
{
    uint8_t *block = exact_copy(bytes, len);
    mcp__dump_line line = {0};
    slow_line slow = slow_parse(bytes, len);
    ssize_t taken = mcp__dump_parse(block, len, &line);
    int same = taken == slow.taken;
    if (same && taken > 0)
        same = (int)line.kind == slow.kind && line.expires == slow.expires &&
               line.key.len == slow.key_len &&
               (slow.key_len == 0 || memcmp(line.key.bytes, slow.key, slow.key_len) == 0);
    if (!same)
        ck_abort_msg("\"%.*s\" takes %zd, not %zd; kind %d, not %d", (int)len, (const char *)bytes,
                     taken, slow.taken, line.kind, slow.kind);
    /* Whoever has to wait for more must find it as it was. */
    if (taken == MCP__PARSE_MORE && len > 0)
        ck_assert_mem_eq(block, bytes, len);
    if (taken > 0)
        ck_assert_mem_eq(block + taken, (const char *)bytes + taken, len - (size_t)taken);
    if (kind != NULL)
        *kind = taken > 0 ? (int)line.kind : 0;
    free(block);
    return taken;
}

/* ---- Rows --------------------------------------------------------------------------------- */

enum { MORE = 0, BAD = -1 };

#define TAIL " la=1795373583 cas=5 fetch=yes cls=1 size=61"

static const struct {
    const char *text;
    int kind; /* MORE, BAD, or what it is, with all its bytes taken */
    const char *key;
    int64_t expires;
} rows[] = {
    {"", MORE, NULL, 0},
    {"END", MORE, NULL, 0},
    {"END\r", MORE, NULL, 0},
    {"END\r\n", MCP__DUMP_END, NULL, -1},
    {"END\n", MCP__DUMP_END, NULL, -1},
    {"OK\r\n", MCP__DUMP_NOTE, NULL, -1},
    {"BUSY\r\n", MCP__DUMP_BUSY, NULL, -1},
    {"BUSY currently processing crawler request\r\n", MCP__DUMP_BUSY, NULL, -1},
    {"ERROR\r\n", MCP__DUMP_REFUSED, NULL, -1},
    {"ERROR metadump not allowed\r\n", MCP__DUMP_REFUSED, NULL, -1},
    {"ERROR cannot pipeline other commands before metadump\r\n", MCP__DUMP_REFUSED, NULL, -1},
    {"CLIENT_ERROR lru crawler disabled\r\n", MCP__DUMP_REFUSED, NULL, -1},
    {"SERVER_ERROR out of memory\r\n", MCP__DUMP_REFUSED, NULL, -1},
    {"BADCLASS invalid class id\r\n", MCP__DUMP_REFUSED, NULL, -1},
    {"NOTSTARTED no items to crawl\r\n", MCP__DUMP_REFUSED, NULL, -1},
    {"\r\n", BAD, NULL, 0},
    {"\n", BAD, NULL, 0},
    {"END \r\n", BAD, NULL, 0},
    {"ENDE\r\n", BAD, NULL, 0},
    {"END\r\r\n", BAD, NULL, 0},
    {"OK yes\r\n", BAD, NULL, 0},
    {"BUSYBODY\r\n", BAD, NULL, 0},
    {"ERRORS\r\n", BAD, NULL, 0},
    {"error\r\n", BAD, NULL, 0},
    {"VERSION 1.6.18\r\n", BAD, NULL, 0},
    {"VA 1\r\n", BAD, NULL, 0},
    {"HTTP/1.1 400 Bad Request\r\n", BAD, NULL, 0},
    {"key=a exp=-1" TAIL, MORE, NULL, 0},
    {"key=a exp=-1" TAIL "\n", MCP__DUMP_KEY, "a", -1},
    {"key=a exp=-1" TAIL "\r\n", MCP__DUMP_KEY, "a", -1},
    {"key=a exp=-1" TAIL " flags=7\n", MCP__DUMP_KEY, "a", -1},
    {"key=a exp=1795373683" TAIL "\n", MCP__DUMP_KEY, "a", 1795373683},
    {"key=a exp=0\n", MCP__DUMP_KEY, "a", 0},
    {"key=a exp=-1\n", MCP__DUMP_KEY, "a", -1},
    {"key=a exp=9223372036854775807 \n", MCP__DUMP_KEY, "a", INT64_MAX},
    {"key=a%25b exp=-1" TAIL "\n", MCP__DUMP_KEY, "a%b", -1},
    {"key=a%2525 exp=-1" TAIL "\n", MCP__DUMP_KEY, "a%25", -1},
    {"key=%C3%a9~-._ exp=-1" TAIL "\n", MCP__DUMP_KEY, "\xc3\xa9~-._", -1},
    {"key=%0A%0d%20%7F exp=-1" TAIL "\n", MCP__DUMP_KEY, "\n\r \x7f", -1},
    {"key=a+b=c exp=-1" TAIL "\n", MCP__DUMP_KEY, "a+b=c", -1},
    {"key=key= exp=-1\n", MCP__DUMP_KEY, "key=", -1},
    {"key= exp=-1" TAIL "\n", BAD, NULL, 0},
    {"key=\n", BAD, NULL, 0},
    {"key=a\n", BAD, NULL, 0},
    {"key=a \n", BAD, NULL, 0},
    {"key=a exp\n", BAD, NULL, 0},
    {"key=a exp=\n", BAD, NULL, 0},
    {"key=a exp= la=1\n", BAD, NULL, 0},
    {"key=a exp=-2\n", BAD, NULL, 0},
    {"key=a exp=-12\n", BAD, NULL, 0},
    {"key=a exp=-\n", BAD, NULL, 0},
    {"key=a exp=1x\n", BAD, NULL, 0},
    {"key=a exp=9223372036854775808\n", BAD, NULL, 0},
    {"key=a exp=18446744073709551616\n", BAD, NULL, 0},
    {"key=a  exp=-1\n", BAD, NULL, 0},
    {"key=a la=1 exp=-1\n", BAD, NULL, 0},
    {"key=a% exp=-1\n", BAD, NULL, 0},
    {"key=a%2 exp=-1\n", BAD, NULL, 0},
    {"key=a%2g exp=-1\n", BAD, NULL, 0},
    {"key=a%g2 exp=-1\n", BAD, NULL, 0},
    {"key=a%%41 exp=-1\n", BAD, NULL, 0},
    {"key=a\tb exp=-1\n", BAD, NULL, 0},
    {"key=a\x7f exp=-1\n", BAD, NULL, 0},
    {"key=\xc3\xa9 exp=-1\n", BAD, NULL, 0},
    {"Key=a exp=-1\n", BAD, NULL, 0},
};

START_TEST(lines)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].text);
        uint8_t *block = exact_copy(rows[i].text, len);
        mcp__dump_line line = {0};
        ssize_t taken = mcp__dump_parse(block, len, &line);
        ssize_t expected = rows[i].kind > 0 ? (ssize_t)len : rows[i].kind;
        ck_assert_msg(taken == expected, "\"%s\" takes %zd", rows[i].text, taken);
        if (taken > 0) {
            size_t key_len = rows[i].key != NULL ? strlen(rows[i].key) : 0;
            ck_assert_msg((int)line.kind == rows[i].kind && line.expires == rows[i].expires &&
                              line.key.len == key_len,
                          "\"%s\" is misread", rows[i].text);
            if (key_len > 0)
                ck_assert_mem_eq(line.key.bytes, rows[i].key, key_len);
        }
        compare(rows[i].text, len, NULL);
        free(block);
    }
}
END_TEST

START_TEST(the_request)
{
    uint8_t out[32];
    ck_assert_uint_eq(mcp__dump_encode(out), 27);
    ck_assert_mem_eq(out, "lru_crawler metadump hash\r\n", 27);
}
END_TEST

/* ---- Bounds ------------------------------------------------------------------------------- */

START_TEST(every_byte_of_a_key)
{
    for (int byte = 0; byte < 256; byte++) {
        for (int upper = 0; upper < 2; upper++) {
            char text[32];
            mcp__dump_line line;
            int len =
                snprintf(text, sizeof text, upper ? "key=x%%%02X exp=-1\n" : "key=x%%%02x exp=-1\n",
                         (unsigned)byte);
            ck_assert_int_eq((int)mcp__dump_parse((uint8_t *)text, (size_t)len, &line), len);
            ck_assert_uint_eq(line.key.len, 2);
            ck_assert_int_eq(((const uint8_t *)line.key.bytes)[1], byte);
        }
        char plain[] = "key=x? exp=-1\n", hex[] = "key=x%?? exp=-1\n";
        plain[5] = hex[6] = (char)byte;
        compare(plain, sizeof plain - 1, NULL);
        compare(hex, sizeof hex - 1, NULL);
        hex[6] = '4';
        hex[7] = (char)byte;
        compare(hex, sizeof hex - 1, NULL);
    }
}
END_TEST

/* Keys of every length up to 251 bytes, plain and encoded. */
START_TEST(key_lengths)
{
    for (size_t n = 1; n <= 251; n++) {
        for (int encoded = 0; encoded < 2; encoded++) {
            char text[4 + 3 * 251 + 64] = "key=";
            size_t len = 4;
            for (size_t i = 0; i < n; i++)
                len += (size_t)snprintf(text + len, sizeof text - len, encoded ? "%%FF" : "f");
            len += (size_t)snprintf(text + len, sizeof text - len, " exp=-1" TAIL "\n");
            ck_assert_int_eq((int)compare(text, len, NULL), n <= 250 ? (int)len : BAD);
        }
    }
}
END_TEST

START_TEST(line_lengths)
{
    char text[MCP__LINE_MAX + 8];
    int kind;
    for (size_t len = MCP__LINE_MAX - 3; len <= MCP__LINE_MAX + 3; len++) {
        memset(text, 'x', sizeof text);
        memcpy(text, "key=a exp=-1 ", 13);
        text[len - 1] = '\n';
        ssize_t taken = compare(text, len, &kind);
        ck_assert_int_eq((int)taken, len <= MCP__LINE_MAX ? (int)len : BAD);
        ck_assert_int_eq(kind, len <= MCP__LINE_MAX ? MCP__DUMP_KEY : 0);
        /* The same bytes without the last one. */
        taken = compare(text, len - 1, NULL);
        ck_assert_int_eq((int)taken, len - 1 < MCP__LINE_MAX ? MORE : BAD);
    }
}
END_TEST

/* ---- Splits ------------------------------------------------------------------------------- */

static const char whole_dump[] = "OK\r\n"
                                 "key=plain exp=-1" TAIL "\n"
                                 "key=a%25b exp=1795373683" TAIL "\n"
                                 "key=bin%00%01%0A%20key%25%7F%FF exp=-1" TAIL " flags=0\n"
                                 "key=%C3%A9~- exp=0\r\n"
                                 "END\r\n";

typedef struct story {
    char text[1024];
    size_t len;
} story;

static void
tell(story *told, const mcp__dump_line *line)
{
    int n = snprintf(told->text + told->len, sizeof told->text - told->len, "%d %" PRId64 " ",
                     (int)line->kind, line->expires);
    told->len += (size_t)n;
    if (line->key.len > 0)
        memcpy(told->text + told->len, line->key.bytes, line->key.len);
    told->len += line->key.len;
    told->text[told->len++] = '\n';
}

/* Takes what is whole out of the `len` bytes and returns how many are left, in front. */
static size_t
take(uint8_t *bytes, size_t len, story *told)
{
    size_t at = 0;
    for (;;) {
        mcp__dump_line line;
        ssize_t taken = mcp__dump_parse(bytes + at, len - at, &line);
        ck_assert_int_ge((int)taken, 0);
        if (taken == MCP__PARSE_MORE)
            break;
        tell(told, &line);
        at += (size_t)taken;
    }
    memmove(bytes, bytes + at, len - at);
    return len - at;
}

/* The dump comes in pieces: up to `one`, up to `other`, the rest. */
static story
in_pieces(size_t one, size_t other)
{
    size_t cuts[] = {one, other, sizeof whole_dump - 1}, from = 0, kept = 0;
    story told = {.len = 0};
    uint8_t *buffer = exact_copy(whole_dump, sizeof whole_dump);
    for (size_t i = 0; i < 3; i++) {
        memcpy(buffer + kept, whole_dump + from, cuts[i] - from);
        uint8_t *block = exact_copy(buffer, kept + cuts[i] - from);
        kept = take(block, kept + cuts[i] - from, &told);
        memcpy(buffer, block, kept);
        from = cuts[i];
        free(block);
    }
    free(buffer);
    ck_assert_uint_eq(kept, 0);
    return told;
}

START_TEST(every_two_splits)
{
    static const char expected[] = "2 -1 \n"
                                   "1 -1 plain\n"
                                   "1 1795373683 a%b\n"
                                   "1 -1 bin\0\1\n key%\x7f\xff\n"
                                   "1 0 \xc3\xa9~-\n"
                                   "3 -1 \n";
    for (size_t one = 0; one < sizeof whole_dump; one++) {
        for (size_t other = one; other < sizeof whole_dump; other++) {
            story told = in_pieces(one, other);
            if (told.len != sizeof expected - 1 || memcmp(told.text, expected, told.len) != 0)
                ck_abort_msg("split at %zu and %zu: %.*s", one, other, (int)told.len, told.text);
        }
    }
}
END_TEST

/* ---- Strangers ---------------------------------------------------------------------------- */

static size_t
random_line(uint64_t *state, char *out)
{
    const mcp__span letters = SPAN("abkey=%%%0129AFaf ~.\xff\x7f");
    size_t len = 0;
    if (below(state, 4) == 0)
        return (size_t)sprintf(out, "%s", rows[below(state, sizeof rows / sizeof rows[0])].text);
    len += (size_t)sprintf(out, "key=");
    for (size_t n = below(state, 12); n > 0; n--) {
        if (below(state, 8) == 0)
            scribble(state, out + len++, 1, letters);
        else
            len += (size_t)sprintf(out + len, below(state, 2) ? "%%%02X" : "k%u",
                                   (unsigned)below(state, 256));
    }
    uint64_t number = next_random(state) >> below(state, 64);
    len += (size_t)sprintf(out + len, below(state, 2) ? " exp=-1" : " exp=%" PRIu64, number);
    return len + (size_t)sprintf(out + len, "%s\n", below(state, 2) ? TAIL : "");
}

START_TEST(dumps_of_strangers)
{
    const mcp__span letters = SPAN("kKeEyY=%%012789aAfFgG \r\n\0x-p\x7f\xff");
    uint64_t state = 31;
    size_t kinds[MCP__DUMP_REFUSED + 1] = {0}, bad = 0;
    for (int i = 0; i < 300000; i++) {
        char text[1024];
        int kind;
        size_t len = random_line(&state, text);
        len = mutate(&state, text, len, letters);
        ssize_t taken = compare(text, len, &kind);
        kinds[kind]++;
        bad += taken == BAD;
    }
    ck_assert_uint_gt(bad, 20000);
    ck_assert_uint_gt(kinds[MCP__DUMP_KEY], 50000);
    for (int kind = MCP__DUMP_NOTE; kind <= MCP__DUMP_REFUSED; kind++)
        ck_assert_uint_gt(kinds[kind], 200);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dump");
    TCase *dump = tcase_create("dump");
    tcase_set_timeout(dump, 60);
    tcase_add_test(dump, lines);
    tcase_add_test(dump, the_request);
    tcase_add_test(dump, every_byte_of_a_key);
    tcase_add_test(dump, key_lengths);
    tcase_add_test(dump, line_lengths);
    tcase_add_test(dump, every_two_splits);
    tcase_add_test(dump, dumps_of_strangers);
    suite_add_tcase(suite, dump);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The journal of missed keys: read back whole, and against a slow reader when strangers wrote it.
 */
#include "pair/marks.h"

#include <stdlib.h>
#include <string.h>

#include "marks_kit.h"
#include "support.h"

static int
slow_is_key(const char *key, size_t len, int is_base64)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (len < 1 || len > 250 || (is_base64 && len % 4 != 0))
        return 0;
    if (is_base64)
        for (int i = 0; i < 2; i++)
            len -= key[len - 1] == '=';
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)key[i];
        if (byte < 33 || byte == 127 || (is_base64 && !is_digits(key + i, 1, digits)))
            return 0;
    }
    return 1;
}

/* The lines that are well formed, one behind the other. */
static size_t
slow_lines(char *out, const char *text, size_t len)
{
    size_t written = 0, from = 0;
    for (size_t at = 0; at < len; at++) {
        if (text[at] != '\n')
            continue;
        if ((text[from] == 'k' || text[from] == 'b') &&
            slow_is_key(text + from + 1, at > from ? at - from - 1 : 0, text[from] == 'b')) {
            memcpy(out + written, text + from, at - from + 1);
            written += at - from + 1;
        }
        from = at + 1;
    }
    return written;
}

/* The same by the reader under test, every line written anew. */
static size_t
read_lines(char *out, const uint8_t *text, size_t len)
{
    const uint8_t *at = text;
    mcp__span key;
    int is_base64;
    size_t written = 0;
    while (mcp__marks_next_line(&at, text + len, &key, &is_base64)) {
        char line[MCP__MARKS_LINE_MAX];
        size_t line_len = mcp__marks_put_line(line, key.bytes, key.len, is_base64);
        ck_assert_ptr_eq(at, (const uint8_t *)key.bytes + key.len + 1);
        memcpy(out + written, line, line_len);
        written += line_len;
    }
    ck_assert_ptr_eq(at, text + len);
    return written;
}

static size_t
compare_lines(const char *text, size_t len)
{
    uint8_t *exact = exact_copy(text, len);
    char *out = (char *)exact_copy(text, len), *expected = (char *)exact_copy(text, len);
    size_t out_len = read_lines(out, exact, len);
    size_t expected_len = slow_lines(expected, text, len);
    if (out_len != expected_len || memcmp(out, expected, out_len) != 0)
        ck_abort_msg("\"%.*s\" is read as \"%.*s\"", (int)len, text, (int)out_len, out);
    free(exact);
    free(out);
    free(expected);
    return out_len;
}

START_TEST(journals_of_strangers)
{
    const mcp__span letters = SPAN("kkkbbb\n\n\naZz09+/==*-. \r\t\x7f\x80\xff\0");
    uint64_t state = 23;
    size_t passed = 0;
    for (int i = 0; i < 60000; i++) {
        char text[2048];
        size_t len = 0;
        for (size_t n = below(&state, 4); n > 0; n--) {
            char key[256];
            size_t key_len = below(&state, 8) == 0 ? 244 + below(&state, 7) : 1 + below(&state, 12);
            memset(key, 'a' + i % 26, key_len);
            len += mcp__marks_put_line(text + len, key, key_len, i & 1);
            size_t noise = below(&state, 3) == 0 ? below(&state, 24) : 0;
            scribble(&state, text + len, noise, letters);
            len += noise;
        }
        len = mutate(&state, text, len, letters);
        passed += compare_lines(text, len);
    }
    ck_assert_uint_gt(passed, 1000000);
}
END_TEST

START_TEST(journal_rows)
{
    static const struct {
        const char *text, *read;
    } rows[] = {
        {"", ""},
        {"\n\n", ""},
        {"ka\n", "ka\n"},
        {"ka", ""}, /* no end: appends are whole */
        {"ka\nkb", "ka\n"},
        {"k\nka\n", "ka\n"},
        {"b\nka\n", "ka\n"},
        {"a\nK\nKa\n ka\nka\n", "ka\n"},
        {"ka\r\nkb\n", "kb\n"},
        {"k a\nka \nkb\n", "kb\n"},
        {"k%41\nk\xc3\xa9\nk*\n", "k%41\nk\xc3\xa9\nk*\n"},
        {"*", ""},
        {"*ka\nkb\n", "kb\n"},
        {"kmcp:s\n", "kmcp:s\n"}, /* only the caller knows the prefix */
        {"bYQ==\nbYWI=\nbYWJj\nb+/+/\n", "bYQ==\nbYWI=\nbYWJj\nb+/+/\n"},
        {"bYQ\nbYQ=\nbYQ===\nbY===\nb====\nb=\n", ""},
        {"bY=Q=\nbYQ=a\nb=YQ=\nbYQ==YQ==\n", ""},
        {"bYQ-_\nbY Q=\nbYQ\xc3\xa9\nb@`{[\n", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[256];
        uint8_t *exact = exact_copy(rows[i].text, strlen(rows[i].text));
        size_t len = read_lines(out, exact, strlen(rows[i].text));
        ck_assert_msg(len == strlen(rows[i].read) && memcmp(out, rows[i].read, len) == 0,
                      "row %zu: \"%s\" is read as \"%.*s\"", i, rows[i].text, (int)len, out);
        compare_lines(rows[i].text, strlen(rows[i].text));
        free(exact);
    }
    ck_assert(mcp__marks_is_whole(SPAN("*")));
    ck_assert(mcp__marks_is_whole(SPAN("*ka\n")));
    ck_assert(!mcp__marks_is_whole(SPAN("ka\n*")));
    ck_assert(!mcp__marks_is_whole((mcp__span){"*", 0}));
}
END_TEST

/* Every length, and every byte at every place of a key. */
START_TEST(journal_keys)
{
    for (size_t len = 1; len <= 251; len++) {
        char line[MCP__MARKS_LINE_MAX] = "k", out[MCP__MARKS_LINE_MAX];
        memset(line + 1, 'x', len);
        line[len + 1] = '\n';
        uint8_t *exact = exact_copy(line, len + 2);
        ck_assert_uint_eq(read_lines(out, exact, len + 2), len <= 250 ? len + 2 : 0);
        exact[0] = 'b';
        ck_assert_uint_eq(read_lines(out, exact, len + 2),
                          len <= 250 && len % 4 == 0 ? len + 2 : 0);
        free(exact);
    }
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 1; at <= 20; at++) {
            char line[] = "kxxxxxxxxxxxxxxxxxxxx\n";
            line[at] = (char)byte;
            compare_lines(line, sizeof line - 1);
            *line = 'b';
            compare_lines(line, sizeof line - 1);
        }
    }
}
END_TEST

/* A long one without a line end costs one look, and one key behind rubbish is still found. */
START_TEST(long_journals)
{
    size_t len = (size_t)1 << 20;
    uint8_t *text = malloc(len);
    ck_assert_ptr_nonnull(text);
    memset(text, 'k', len);
    const uint8_t *at = text;
    mcp__span key;
    int is_base64 = 7;
    ck_assert(!mcp__marks_next_line(&at, text + len, &key, &is_base64));
    ck_assert_ptr_eq(at, text + len);
    memcpy(text + len - 4, "\nka\n", 4);
    at = text;
    ck_assert(mcp__marks_next_line(&at, text + len, &key, &is_base64));
    ck_assert(key.len == 1 && *(const char *)key.bytes == 'a' && is_base64 == 0);
    memset(text, '\n', len);
    at = text;
    ck_assert(!mcp__marks_next_line(&at, text + len, &key, &is_base64));
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("marks_journal");
    TCase *marks = tcase_create("marks_journal");
    tcase_set_timeout(marks, 60);
    tcase_add_test(marks, journals_of_strangers);
    tcase_add_test(marks, journal_rows);
    tcase_add_test(marks, journal_keys);
    tcase_add_test(marks, long_journals);
    suite_add_tcase(suite, marks);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers that are known beforehand: only those are taken, whole, and nothing beside them is read. */
#include "wire/echo.h"

#include <stdio.h>
#include <stdlib.h>

#include "support.h"

#define OPAQUE "12345678"

static uint64_t
opaque_of(const char *text)
{
    uint64_t opaque;
    memcpy(&opaque, text, sizeof opaque);
    return opaque;
}

/* What is heard when `text` has come, in a block that ends behind it. */
static size_t
hear(const mcp__echo *echo, const char *text, size_t len)
{
    uint8_t *block = exact_copy(text, len);
    size_t used = mcp__echo_again(echo, block, len, opaque_of(OPAQUE));
    free(block);
    return used;
}

static void
keep(mcp__echo *echo, const char *line)
{
    size_t len = strlen(line);
    uint8_t *block = exact_copy(line, len);
    mcp__echo_keep(echo, (mcp__span){block, len});
    free(block);
}

/* With so many digits it is told by its first and its last eight bytes, which leave nothing out. */
START_TEST(a_number_that_has_not_moved)
{
    char number[32], line[64], again[64], other[64];
    for (int n = 1; n <= 20; n++) {
        mcp__echo echo;
        for (int i = 0; i < n; i++)
            number[i] = (char)('1' + i % 9);
        number[n] = '\0';
        snprintf(line, sizeof line, "HD O00000001 c%s\r\n", number);
        snprintf(again, sizeof again, "HD O" OPAQUE " c%s\r\n", number);
        size_t len = strlen(again);
        keep(&echo, line);
        int is_kept = n >= 4 && n <= 12;
        ck_assert_msg((echo.line_len == MCP__ECHO_NONE) == !is_kept, "%d digits", n);
        ck_assert_uint_eq(hear(&echo, again, len), is_kept ? len : 0);
        for (size_t i = 0; i < len; i++) { /* any other byte is another answer */
            memcpy(other, again, len);
            other[i]++;
            ck_assert_msg(hear(&echo, other, len) == 0, "%d digits, byte %zu", n, i);
            ck_assert_uint_eq(hear(&echo, again, i), 0);
        }
        snprintf(other, sizeof other, "%sEN O" OPAQUE "\r\n", again);
        ck_assert_uint_eq(hear(&echo, other, strlen(other)), is_kept ? len : 0);
        snprintf(other, sizeof other, "HD O" OPAQUE " c%s0\r\n", number);
        ck_assert_uint_eq(hear(&echo, other, strlen(other)), 0);
        snprintf(other, sizeof other, "HD O" OPAQUE " c%.*s\r\n", n - 1, number);
        ck_assert_uint_eq(hear(&echo, other, strlen(other)), 0);
    }
}
END_TEST

START_TEST(nothing_is_kept_of_nothing)
{
    mcp__echo echo;
    keep(&echo, "HD O" OPAQUE " c1234567\r\n");
    ck_assert(echo.line_len != MCP__ECHO_NONE);
    mcp__echo_forget(&echo);
    ck_assert_uint_eq(hear(&echo, "HD O" OPAQUE " c1234567\r\n", 24), 0);
    keep(&echo, "HD O" OPAQUE "\r\n");
    ck_assert(echo.line_len == MCP__ECHO_NONE);
    ck_assert_uint_eq(hear(&echo, "HD O" OPAQUE "\r\n", 14), 0);
}
END_TEST

typedef size_t hearer(const uint8_t *bytes, size_t len, uint64_t opaque);

static void
try_words(hearer *hears, const char *word, int is_it)
{
    char line[32];
    snprintf(line, sizeof line, "%s O" OPAQUE "\r\n", word);
    size_t len = strlen(line);
    for (size_t n = 0; n <= len; n++) {
        uint8_t *block = exact_copy(line, n);
        ck_assert_uint_eq(hears(block, n, opaque_of(OPAQUE)), is_it && n == len ? len : 0);
        ck_assert_uint_eq(hears(block, n, opaque_of("12345679")), 0);
        free(block);
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t *block = exact_copy(line, len);
        block[i] ^= 0x80;
        ck_assert_uint_eq(hears(block, len, opaque_of(OPAQUE)), 0);
        free(block);
    }
}

START_TEST(nothing_is_there)
{
    try_words(mcp__echo_nothing, "EN", 1);
    try_words(mcp__echo_nothing, "NF", 0);
    try_words(mcp__echo_nothing, "HD", 0);
    try_words(mcp__echo_nothing, "NS", 0);
    try_words(mcp__echo_gone, "HD", 1);
    try_words(mcp__echo_gone, "NF", 1);
    try_words(mcp__echo_gone, "EN", 0);
    try_words(mcp__echo_gone, "EX", 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("echo");
    TCase *all = tcase_create("echo");
    tcase_add_test(all, a_number_that_has_not_moved);
    tcase_add_test(all, nothing_is_kept_of_nothing);
    tcase_add_test(all, nothing_is_there);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

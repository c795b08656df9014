/* SPDX-License-Identifier: BSD-3-Clause */
/* Error texts: cut to fit, one line, whatever they are about. And memory, which allocates. */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

START_TEST(sets_all_of_it)
{
    mcp__err err;
    memset(&err, 0x5a, sizeof err);
    mcp__err_clear(&err);
    ck_assert_int_eq(err.status, MCP_OK);
    ck_assert_int_eq(err.server, -1);
    ck_assert_int_eq(err.os_error, 0);
    ck_assert_str_eq(err.text, "");
    err.server = 3;
    err.os_error = 4;
    ck_assert_int_eq(mcp__err_set(&err, MCP_TIMEOUT, "%s %d", "word", 12), MCP_TIMEOUT);
    ck_assert_int_eq(err.status, MCP_TIMEOUT);
    ck_assert_int_eq(err.server, -1);
    ck_assert_int_eq(err.os_error, 0);
    ck_assert_str_eq(err.text, "word 12");
}
END_TEST

START_TEST(cuts_long_texts)
{
    mcp__err err;
    char text[1000];
    for (size_t len = 0; len < sizeof text; len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        mcp__err_set(&err, MCP_PROTOCOL, "%s", text);
        size_t kept = len < sizeof err.text ? len : sizeof err.text - 1;
        ck_assert_uint_eq(strlen(err.text), kept);
    }
}
END_TEST

/* What quoting all of it would give, with room for everything. */
static size_t
quote_slowly(char *out, const uint8_t *bytes, size_t len)
{
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] >= ' ' && bytes[i] <= '~' && bytes[i] != '\\')
            used += (size_t)sprintf(out + used, "%c", bytes[i]);
        else
            used += (size_t)sprintf(out + used, "\\x%02x", bytes[i]);
    }
    return used;
}

static void
quote_and_compare(const uint8_t *bytes, size_t len, size_t size)
{
    char whole[4 * 64 + 1] = "";
    char *out = malloc(size);
    quote_slowly(whole, bytes, len);
    ck_assert_ptr_eq(mcp__err_quote(out, size, bytes, len), out);
    ck_assert_ptr_nonnull(memchr(out, '\0', size));
    size_t used = strlen(out);
    if (strcmp(out, whole) != 0) {
        /* Cut: then it was really too long to be sure, and it is a beginning with "..." behind. */
        ck_assert_uint_gt(strlen(whole) + 4, size);
        ck_assert_uint_ge(used, 3);
        ck_assert_str_eq(out + used - 3, "...");
        ck_assert_mem_eq(out, whole, used - 3);
    }
    free(out);
}

START_TEST(quotes_anything)
{
    uint8_t bytes[64];
    for (unsigned byte = 0; byte < 256; byte++) {
        bytes[0] = (uint8_t)byte;
        quote_and_compare(bytes, 1, 8);
    }
    uint64_t state = 9;
    for (size_t size = 8; size < 80; size++) {
        for (size_t len = 0; len <= sizeof bytes; len++) {
            for (size_t i = 0; i < len; i++)
                bytes[i] = (uint8_t)(next_random(&state) >> (len % 2 ? 57 : 56));
            quote_and_compare(bytes, len, size);
        }
    }
}
END_TEST

START_TEST(memory_of_all_sizes)
{
    supply memory;
    supply_init(&memory);
    void *none = mcp__mem_new(&memory.mem, 0);
    ck_assert_ptr_nonnull(none);
    uint8_t *zeros = mcp__mem_new_zeroed(&memory.mem, 7, 9);
    for (size_t i = 0; i < 63; i++)
        ck_assert_uint_eq(zeros[i], 0);
    ck_assert_ptr_null(mcp__mem_new_zeroed(&memory.mem, SIZE_MAX / 2, 3));
    zeros = mcp__mem_resize(&memory.mem, zeros, 0);
    ck_assert_ptr_nonnull(zeros);
    char *text = mcp__mem_text(&memory.mem, "abcdef", 3);
    ck_assert_str_eq(text, "abc");
    mcp__mem_free(&memory.mem, text);
    mcp__mem_free(&memory.mem, zeros);
    mcp__mem_free(&memory.mem, none);
    mcp__mem_free(&memory.mem, NULL);
    ck_assert_uint_eq(memory.n_live, 0);
    memory.fail_at = 1;
    memory.n_asked = 0;
    memory.fails_onward = 1;
    ck_assert_ptr_null(mcp__mem_text(&memory.mem, "abc", 3));
    ck_assert_ptr_null(mcp__mem_new_zeroed(&memory.mem, 1, 1));
}
END_TEST

START_TEST(memory_of_the_system)
{
    mcp__mem mem = mcp__mem_system();
    char *text = mcp__mem_text(&mem, "abc", 3);
    ck_assert_str_eq(text, "abc");
    text = mcp__mem_resize(&mem, text, 5000);
    ck_assert_str_eq(text, "abc");
    mcp__mem_free(&mem, text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("err");
    TCase *errs = tcase_create("err");
    tcase_set_timeout(errs, 60);
    tcase_add_test(errs, sets_all_of_it);
    tcase_add_test(errs, cuts_long_texts);
    tcase_add_test(errs, quotes_anything);
    tcase_add_test(errs, memory_of_all_sizes);
    tcase_add_test(errs, memory_of_the_system);
    suite_add_tcase(suite, errs);
    return run_suite(suite);
}

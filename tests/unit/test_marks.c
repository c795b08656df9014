/* SPDX-License-Identifier: BSD-3-Clause */
/* The short names of servers, and the keys that are ours. */
#include "pair/marks.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

START_TEST(short_names)
{
    /* XXH3-64 of nothing is 0x2d06800538d394c2 (xxHash's own sanity test, seed 0). */
    ck_assert_uint_eq(mcp__marks_id8("", 0), 0x2d068005u);
    ck_assert_uint_ne(mcp__marks_id8("10.0.0.4:11211", 14), mcp__marks_id8("10.0.0.5:11211", 14));
    ck_assert_uint_eq(mcp__marks_id8("10.0.0.4:11211", 8), mcp__marks_id8("10.0.0.4", 8));
    for (size_t len = 0; len < 300; len++) {
        char name[300];
        memset(name, 'n', len);
        char *exact = (char *)exact_copy(name, len);
        ck_assert_uint_eq(mcp__marks_id8(exact, len), mcp__marks_id8(name, len));
        free(exact);
    }
}
END_TEST

START_TEST(reserved_keys)
{
    static const struct {
        const char *prefix, *key;
        int reserved;
    } rows[] = {
        {"mcp:", "mcp:", 1},
        {"mcp:", "mcp:s", 1},
        {"mcp:", "mcp", 0},
        {"mcp:", "m", 0},
        {"mcp:", "Mcp:s", 0},
        {"mcp:", "mcp;s", 0},
        {"mcp:", "xmcp:s", 0},
        {"a", "a", 1},
        {"a", "b", 0},
        {"mcp:", "mcp::", 1},
        {"\xff\xfe", "\xff\xfe", 1},
        {"\xff\xfe", "\xff", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].key);
        uint8_t *key = exact_copy(rows[i].key, len);
        int reserved =
            mcp__marks_is_reserved(rows[i].prefix, strlen(rows[i].prefix), key, len) != 0;
        ck_assert_msg(reserved == rows[i].reserved, "row %zu: %s", i, rows[i].key);
        free(key);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("marks");
    TCase *marks = tcase_create("marks");
    tcase_add_test(marks, short_names);
    tcase_add_test(marks, reserved_keys);
    suite_add_tcase(suite, marks);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/base64.h"

#include <string.h>

#include "support.h"

START_TEST(rfc4648)
{
    static const char *const pairs[][2] = {
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[16], raw[16];
        size_t len = mcp__base64_encode(text, pairs[i][0], strlen(pairs[i][0]));
        ck_assert_uint_eq(len, MCP__BASE64_LEN(strlen(pairs[i][0])));
        ck_assert_uint_eq(len, strlen(pairs[i][1]));
        ck_assert_mem_eq(text, pairs[i][1], len);
        ck_assert_uint_eq(mcp__base64_decode(raw, text, len), strlen(pairs[i][0]));
        ck_assert_mem_eq(raw, pairs[i][0], strlen(pairs[i][0]));
    }
    ck_assert_uint_eq(mcp__base64_encode(NULL, NULL, 0), 0);
}
END_TEST

/* Every length that a key may have, with every byte somewhere, also onto itself. */
START_TEST(all_lengths)
{
    uint8_t raw[MCP__BASE64_RAW_MAX];
    char text[250];
    for (size_t len = 1; len <= sizeof raw; len++) {
        for (size_t i = 0; i < len; i++)
            raw[i] = (uint8_t)(i * 31 + len * 7);
        size_t n = mcp__base64_encode(text, raw, len);
        ck_assert_uint_le(n, 250);
        ck_assert_uint_eq(mcp__base64_decode(text, text, n), len);
        ck_assert_mem_eq(text, raw, len);
    }
    ck_assert_uint_gt(MCP__BASE64_LEN(MCP__BASE64_RAW_MAX + 1), 250);
}
END_TEST

START_TEST(wrong)
{
    static const char *const texts[] = {"",
                                        "A",
                                        "AA",
                                        "AAA",
                                        "A===",
                                        "====",
                                        "=AAA",
                                        "A=AA",
                                        "AA=A",
                                        "AAA=AAAA",
                                        "AAAAA",
                                        "AA-_",
                                        "AAB=",
                                        "AB==",
                                        "AA\nA",
                                        "AA A",
                                        "Zg=\n",
                                        "AA==AA==",
                                        "\xc3\xa4\xc3\xa4"};
    char raw[16];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(mcp__base64_decode(raw, texts[i], strlen(texts[i])) == 0, "%s", texts[i]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("base64");
    TCase *tests = tcase_create("base64");
    tcase_add_test(tests, rfc4648);
    tcase_add_test(tests, all_lengths);
    tcase_add_test(tests, wrong);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

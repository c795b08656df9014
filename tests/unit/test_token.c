/* SPDX-License-Identifier: BSD-3-Clause */
/* Decimal numbers, opaques and cas tokens. */
#include "wire/token.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* Writes it, compares with printf, reads it back from a block that ends behind the last digit. */
static void
round_trip(uint64_t number)
{
    char expected[32];
    uint8_t written[MCP__DECIMAL_MAX];
    int len = snprintf(expected, sizeof expected, "%" PRIu64, number);
    uint8_t *end = mcp__token_put(written, number);
    if (end - written != len || memcmp(written, expected, (size_t)len) != 0)
        ck_abort_msg("%s is written as %.*s", expected, (int)(end - written), written);
    uint8_t *block = exact_copy(written, (size_t)len);
    uint64_t back = ~number;
    if (mcp__token_get(block, block + len, &back) != block + len || back != number)
        ck_abort_msg("%s is read as %" PRIu64, expected, back);
    free(block);
}

START_TEST(numbers_go_round)
{
    uint64_t state = 7;
    for (int shift = 0; shift < 64; shift++) {
        uint64_t power = (uint64_t)1 << shift;
        round_trip(power - 1);
        round_trip(power);
        round_trip(power + 1);
    }
    for (uint64_t ten = 1, i = 0; i < 20; i++, ten *= 10) {
        round_trip(ten - 1);
        round_trip(ten);
    }
    round_trip(UINT64_MAX);
    for (int i = 0; i < 100000; i++)
        round_trip(next_random(&state) >> (i % 64));
}
END_TEST

START_TEST(signed_numbers)
{
    static const int64_t numbers[] = {0, 1, -1, 2592000, -2592000, INT32_MAX, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char expected[32];
        uint8_t written[MCP__DECIMAL_MAX + 1];
        snprintf(expected, sizeof expected, "%" PRId64, numbers[i]);
        uint8_t *end = mcp__token_put_signed(written, numbers[i]);
        ck_assert_uint_eq((size_t)(end - written), strlen(expected));
        ck_assert_mem_eq(written, expected, strlen(expected));
    }
}
END_TEST

START_TEST(what_is_read)
{
    static const struct {
        const char *text;
        int taken; /* -1: refused */
        uint64_t number;
    } rows[] = {
        {"", -1, 0},
        {" 1", -1, 0},
        {"+1", -1, 0},
        {"-1", -1, 0},
        {"a", -1, 0},
        {"/", -1, 0},
        {":", -1, 0},
        {"\xb1", -1, 0},
        {"0", 1, 0},
        {"007", 3, 7},
        {"00000000000000000000000000000001", 32, 1},
        {"1e9", 1, 1},
        {"12 34", 2, 12},
        {"0x10", 1, 0},
        {"4294967296", 10, 4294967296u},
        {"18446744073709551615", 20, UINT64_MAX},
        {"018446744073709551615", 21, UINT64_MAX},
        {"18446744073709551616", -1, 0},
        {"18446744073709551620", -1, 0},
        {"28446744073709551615", -1, 0},
        {"99999999999999999999", -1, 0},
        {"184467440737095516150", -1, 0},
        {"1000000000000000000000000000000000000000", -1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].text);
        uint8_t *block = exact_copy(rows[i].text, len);
        uint64_t number = 99;
        const uint8_t *end = mcp__token_get(block, block + len, &number);
        if (rows[i].taken < 0)
            ck_assert_msg(end == NULL, "\"%s\" was read", rows[i].text);
        else
            ck_assert_msg(end == block + rows[i].taken && number == rows[i].number,
                          "\"%s\" was misread", rows[i].text);
        free(block);
    }
}
END_TEST

static int
by_value(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

/* Counted from `start` on, a million of them: all different, all printable, without blanks. */
static void
count_opaques(uint64_t start)
{
    size_t n = 1000000;
    uint64_t *opaques = malloc(n * sizeof *opaques);
    uint64_t count = start, wheel = mcp__token_opaque_at(start);
    ck_assert_ptr_nonnull(opaques);
    for (size_t i = 0; i < n; i++) {
        uint8_t bytes[MCP__OPAQUE_LEN];
        opaques[i] = mcp__token_opaque_at(start + i);
        if (i > 0 && mcp__token_opaque(&count, &wheel) != opaques[i])
            ck_abort_msg("count %" PRIu64 ": turned on it is another", start + i);
        memcpy(bytes, &opaques[i], sizeof bytes);
        for (size_t j = 0; j < sizeof bytes; j++) {
            if (bytes[j] < '0' || bytes[j] > 'o')
                ck_abort_msg("count %" PRIu64 ": byte %zu is 0x%02x", start + i, j, bytes[j]);
        }
    }
    qsort(opaques, n, sizeof *opaques, by_value);
    for (size_t i = 1; i < n; i++) {
        if (opaques[i] == opaques[i - 1])
            ck_abort_msg("from %" PRIu64 " on, two opaques are the same", start);
    }
    free(opaques);
}

START_TEST(opaques_differ)
{
    count_opaques(0);
    count_opaques(((uint64_t)1 << 48) - 500000); /* over the odometer's end */
    count_opaques(UINT64_MAX - 499999);
    ck_assert_mem_eq(&(uint64_t){mcp__token_opaque_at(0)}, "00000000", 8);
    ck_assert_mem_eq(&(uint64_t){mcp__token_opaque_at(1)}, "00000001", 8);
    ck_assert_mem_eq(&(uint64_t){mcp__token_opaque_at(64)}, "00000010", 8);
    ck_assert_mem_eq(&(uint64_t){mcp__token_opaque_at(((uint64_t)1 << 48) - 1)}, "oooooooo", 8);
    /* 0 is what a reply without one has. */
    ck_assert_uint_ne(mcp__token_opaque_at((uint64_t)1 << 48), 0);
}
END_TEST

START_TEST(cas_tokens)
{
    uint64_t state = 11, most = ((uint64_t)1 << MCP__CAS_BITS) - 1;
    for (int i = 0; i < 100000; i++) {
        uint16_t mark = (uint16_t)next_random(&state);
        uint64_t unique = (next_random(&state) & most) >> (i % 48);
        uint64_t cas = mcp__token_cas(mark, unique);
        if (mcp__token_cas_mark(cas) != mark || mcp__token_cas_unique(cas) != unique)
            ck_abort_msg("mark %u, unique %" PRIu64 " became %" PRIx64, mark, unique, cas);
    }
    ck_assert_uint_eq(mcp__token_cas_unique(mcp__token_cas(0xffff, most)), most);
    ck_assert_uint_eq(mcp__token_cas(0xffff, most + 1), 0);
    ck_assert_uint_eq(mcp__token_cas(1, UINT64_MAX), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("token");
    TCase *tokens = tcase_create("token");
    tcase_set_timeout(tokens, 60);
    tcase_add_test(tokens, numbers_go_round);
    tcase_add_test(tokens, signed_numbers);
    tcase_add_test(tokens, what_is_read);
    tcase_add_test(tokens, opaques_differ);
    tcase_add_test(tokens, cas_tokens);
    suite_add_tcase(suite, tokens);
    return run_suite(suite);
}

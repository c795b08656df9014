/* SPDX-License-Identifier: BSD-3-Clause */
/* The check of keys against a slow one, byte by byte. */
#include "wire/key.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

/* memcached's rule and ours, spelled out: nothing up to the blank, no delete byte. */
static size_t
slow_first_bad(const uint8_t *key, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (key[i] < 33 || key[i] == 127)
            return i;
    }
    return len;
}

static void
compare(const uint8_t *key, size_t len)
{
    size_t bad = slow_first_bad(key, len);
    if (mcp__key_is_clean(key, len) != (bad == len))
        ck_abort_msg("len %zu, first bad %zu: is_clean says %d", len, bad,
                     mcp__key_is_clean(key, len));
    if (mcp__key_first_bad(key, len) != bad)
        ck_abort_msg("len %zu: first_bad says %zu, not %zu", len, mcp__key_first_bad(key, len),
                     bad);
}

START_TEST(every_byte_at_every_position)
{
    for (size_t len = 1; len <= 41; len++) {
        uint8_t *key = malloc(len);
        for (size_t at = 0; at < len; at++) {
            memset(key, 'k', len);
            for (unsigned byte = 0; byte < 256; byte++) {
                key[at] = (uint8_t)byte;
                compare(key, len);
            }
        }
        free(key);
    }
}
END_TEST

START_TEST(every_length)
{
    for (size_t len = 0; len <= 260; len++) {
        uint8_t *key = malloc(len > 0 ? len : 1);
        memset(key, 0xff, len);
        compare(key, len);
        for (size_t at = 0; at < len; at++) {
            key[at] = at % 2 ? 0x20 : 0x7f;
            compare(key, len);
            key[at] = 0x21;
            compare(key, len);
        }
        free(key);
    }
}
END_TEST

/* A borrow from one byte into the next must not hide or invent anything. */
START_TEST(every_two_neighbours)
{
    uint8_t key[9];
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            memset(key, 0x80, sizeof key);
            key[3] = (uint8_t)first;
            key[4] = (uint8_t)second;
            compare(key, 8);
            compare(key, 9);
            compare(key + 2, 7);
        }
    }
}
END_TEST

START_TEST(bytes_around_the_limits)
{
    static const uint8_t edge[] = {0x00, 0x01, 0x1f, 0x20, 0x21, 0x22, 0x7e,
                                   0x7f, 0x80, 0x81, 0xa0, 0xa1, 0xfe, 0xff};
    uint64_t state = 1;
    for (int round = 0; round < 200000; round++) {
        uint8_t key[24];
        size_t len = next_random(&state) % (sizeof key + 1);
        for (size_t i = 0; i < len; i++) {
            uint64_t random = next_random(&state);
            key[i] = random & 1024 ? 'a' : edge[random % sizeof edge];
        }
        compare(key, len);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("key");
    TCase *keys = tcase_create("key");
    tcase_add_test(keys, every_byte_at_every_position);
    tcase_add_test(keys, every_length);
    tcase_add_test(keys, every_two_neighbours);
    tcase_add_test(keys, bytes_around_the_limits);
    suite_add_tcase(suite, keys);
    return run_suite(suite);
}

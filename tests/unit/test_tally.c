/* SPDX-License-Identifier: BSD-3-Clause */
/* How long answers take: which are timed, the mean, the steps and what is made of them. */
#include "server/tally.h"

#include <string.h>

#include "support.h"

static mcp__latency latency;

static void
add(int64_t us, int times)
{
    for (int i = 0; i < times; i++)
        mcp__latency_add(&latency, us);
}

START_TEST(the_first_and_every_64th)
{
    int n = 0;
    memset(&latency, 0, sizeof latency);
    for (int i = 0; i < 64 * 10 + 1; i++) {
        if (!mcp__latency_is_due(&latency))
            continue;
        ck_assert_int_eq(i % 64, 0);
        add(10, 1);
        n++;
    }
    ck_assert_int_eq(n, 11);
    ck_assert_uint_eq(latency.n, 11);
}
END_TEST

/* One that could not be timed is due again. */
START_TEST(due_until_it_is_timed)
{
    memset(&latency, 0, sizeof latency);
    for (int i = 0; i < 5; i++)
        ck_assert(mcp__latency_is_due(&latency));
    add(1, 1);
    ck_assert(!mcp__latency_is_due(&latency));
}
END_TEST

START_TEST(nothing_is_known_at_first)
{
    memset(&latency, 0, sizeof latency);
    ck_assert_uint_eq(mcp__latency_mean_us(&latency), 0);
    ck_assert_uint_eq(mcp__latency_percentile(&latency, 50), 0);
    ck_assert_uint_eq(mcp__latency_percentile(&latency, 99), 0);
}
END_TEST

/* Any time is told by a step that ends at most a quarter behind it, and never before it. */
START_TEST(steps_are_a_quarter_of_an_octave)
{
    for (uint64_t us = 0; us < UINT32_MAX / 8; us += 1 + us / 57) {
        memset(&latency, 0, sizeof latency);
        add((int64_t)us, 1);
        latency.max_us = UINT32_MAX; /* else it would be told exactly */
        uint32_t told = mcp__latency_percentile(&latency, 100);
        ck_assert_uint_ge(told, us);
        ck_assert_uint_le(told, us + us / 4);
    }
}
END_TEST

START_TEST(typical_and_rare)
{
    memset(&latency, 0, sizeof latency);
    add(100, 98);
    add(50000, 2);
    ck_assert_uint_ge(mcp__latency_percentile(&latency, 50), 100);
    ck_assert_uint_le(mcp__latency_percentile(&latency, 50), 125);
    ck_assert_uint_le(mcp__latency_percentile(&latency, 98), 125);
    ck_assert_uint_eq(mcp__latency_percentile(&latency, 99), 50000);
    ck_assert_uint_eq(latency.max_us, 50000);
}
END_TEST

START_TEST(the_mean_follows)
{
    memset(&latency, 0, sizeof latency);
    add(1000, 1);
    ck_assert_uint_eq(mcp__latency_mean_us(&latency), 1000);
    add(2000, 1);
    ck_assert_uint_eq(mcp__latency_mean_us(&latency), 1125);
    add(2000, 100);
    ck_assert_uint_ge(mcp__latency_mean_us(&latency), 1990);
    ck_assert_uint_le(mcp__latency_mean_us(&latency), 2000);
}
END_TEST

/* What was long ago does not count for ever, but the longest is remembered. */
START_TEST(the_past_fades)
{
    memset(&latency, 0, sizeof latency);
    add(90000, 1000);
    ck_assert_uint_ge(mcp__latency_percentile(&latency, 50), 90000);
    add(10, 100000);
    ck_assert_uint_le(mcp__latency_percentile(&latency, 99), 12);
    ck_assert_uint_eq(latency.max_us, 90000);
    ck_assert_uint_lt(latency.n_steps, 1024);
}
END_TEST

START_TEST(odd_times)
{
    memset(&latency, 0, sizeof latency);
    add(-5, 1);
    ck_assert_uint_eq(latency.max_us, 0);
    add(INT64_MAX, 9);
    ck_assert_uint_eq(latency.max_us, UINT32_MAX / 8);
    ck_assert_uint_le(mcp__latency_mean_us(&latency), UINT32_MAX / 8);
    ck_assert_uint_eq(mcp__latency_percentile(&latency, 99), UINT32_MAX / 8);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("tally");
    TCase *all = tcase_create("tally");
    tcase_add_test(all, the_first_and_every_64th);
    tcase_add_test(all, due_until_it_is_timed);
    tcase_add_test(all, nothing_is_known_at_first);
    tcase_add_test(all, steps_are_a_quarter_of_an_octave);
    tcase_add_test(all, typical_and_rare);
    tcase_add_test(all, the_mean_follows);
    tcase_add_test(all, the_past_fades);
    tcase_add_test(all, odd_times);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

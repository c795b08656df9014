/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/clock.h"

#include <check.h>
#include <time.h>

#include "support.h"

START_TEST(resolution_is_the_coarse_step)
{
    struct timespec step;
    mcp__clock clock;
    mcp__clock_init(&clock);
    ck_assert_int_eq(clock_getres(CLOCK_MONOTONIC_COARSE, &step), 0);
    ck_assert_int_ge(clock.resolution_ms, 1);
    ck_assert_int_ge(clock.resolution_ms * 1000000, step.tv_sec * 1000000000 + step.tv_nsec);
    ck_assert_int_lt((clock.resolution_ms - 1) * 1000000, step.tv_sec * 1000000000 + step.tv_nsec);
}
END_TEST

START_TEST(never_goes_back)
{
    mcp__clock clock;
    mcp__clock_init(&clock);
    int64_t before = 0;
    for (int i = 0; i < 20000; i++) {
        int64_t now = i % 2 ? mcp__clock_exact(&clock) : mcp__clock_coarse(&clock);
        ck_assert_int_ge(now, before);
        ck_assert_int_eq(now, clock.last_ms);
        before = now;
    }
    clock.last_ms = before + 1000000;
    ck_assert_int_eq(mcp__clock_exact(&clock), before + 1000000);
    ck_assert_int_eq(mcp__clock_coarse(&clock), before + 1000000);
}
END_TEST

START_TEST(tells_milliseconds)
{
    struct timespec now;
    mcp__clock clock;
    mcp__clock_init(&clock);
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t low = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    int64_t told = mcp__clock_exact(&clock);
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t high = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    ck_assert_int_ge(told, low);
    ck_assert_int_le(told, high);
}
END_TEST

/* The least lag within two seconds, because a virtual machine's tick may come late. */
START_TEST(coarse_lags_one_step)
{
    mcp__clock coarse, exact;
    int64_t lag, least = INT64_MAX, end;
    mcp__clock_init(&coarse);
    mcp__clock_init(&exact);
    end = mcp__clock_exact(&exact) + 2000;
    do {
        int64_t late = mcp__clock_coarse(&coarse);
        lag = mcp__clock_exact(&exact) - late;
        ck_assert_int_ge(lag, 0);
        if (lag < least)
            least = lag;
    } while (least > coarse.resolution_ms && exact.last_ms < end);
    ck_assert_int_le(least, coarse.resolution_ms);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("io/clock");
    TCase *all = tcase_create("all");
    tcase_add_test(all, resolution_is_the_coarse_step);
    tcase_add_test(all, never_goes_back);
    tcase_add_test(all, tells_milliseconds);
    tcase_add_test(all, coarse_lags_one_step);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tests of the promise can fail: plain mirroring, as magent does it, is put through some
 * scenes, and each of its known faults is found.
 */
#include <check.h>

#include "promise/report.h"
#include "support/run.h"

static const stage_result *
play(const char *name, unsigned seed)
{
    stage_plan plan = {.scene = scene_named(name),
                       .n_primaries = 1,
                       .n_backups = 1,
                       .is_strict = 0,
                       .is_plain = 1,
                       .timeout_ms = 500,
                       .view_ms = 200,
                       .seed = seed};
    static stage_result result;
    report_row row = {0};

    ck_assert_ptr_nonnull(plan.scene);
    stage_play(&plan, &result);
    report_add(&row, &plan, &result);
    report_head(stdout);
    report_line(stdout, &row);
    fflush(stdout);
    ck_assert_int_eq(result.died, 0);
    return &result;
}

START_TEST(plain_mirroring_is_honest_in_peace)
{
    const stage_result *r = play("peace", 1);

    ck_assert_uint_eq(r->verdict.stale_own + r->verdict.phantoms + r->verdict.garbled, 0);
    ck_assert_uint_eq(r->verdict.stale_other + r->misses + r->verdict.failed, 0);
}
END_TEST

START_TEST(plain_mirroring_is_stale_after_a_pause)
{
    const stage_result *r = play("pause", 1);

    ck_assert_uint_gt(r->verdict.stale_own, 0);
    ck_assert_uint_gt(r->verdict.stale_other, 0);
    ck_assert_int_gt(r->verdict.worst_us, 700000);
}
END_TEST

START_TEST(plain_mirroring_brings_deletes_back_after_a_cut)
{
    const stage_result *r = play("cut for all", 1);

    ck_assert_uint_gt(r->verdict.stale_own, 0);
    ck_assert_uint_gt(r->verdict.resurrected, 0);
    ck_assert_uint_gt(r->verdict.left + r->different, 0);
}
END_TEST

START_TEST(plain_mirroring_misses_after_a_restart)
{
    const stage_result *r = play("kill, restart", 1);

    ck_assert_uint_gt(r->late_misses, 0);
}
END_TEST

START_TEST(plain_mirroring_is_stale_when_some_are_cut_off)
{
    const stage_result *r = play("cut for some", 1);

    ck_assert_uint_gt(r->verdict.stale_other, 0);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("plain mirroring");

    tcase_add_test(t, plain_mirroring_is_honest_in_peace);
    tcase_add_test(t, plain_mirroring_is_stale_after_a_pause);
    tcase_add_test(t, plain_mirroring_brings_deletes_back_after_a_cut);
    tcase_add_test(t, plain_mirroring_misses_after_a_restart);
    tcase_add_test(t, plain_mirroring_is_stale_when_some_are_cut_off);
    return run_tests("plain mirroring", t);
}

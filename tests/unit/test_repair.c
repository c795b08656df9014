/* SPDX-License-Identifier: BSD-3-Clause */
/* Repair: many stories by chance, and some that are told step by step. */
#include "ops/repair.h"

#include <stdlib.h>
#include <string.h>

#include "repair_story.h"

static void
tell(int seeds, int wish)
{
    uint64_t cleared = 0, cut = 0, copies = 0, failed = 0;
    const char *text = getenv("MCP_SEED");
    for (int seed = 1; seed <= seeds; seed++) {
        story s;
        story_begin(&s, (uint64_t)(text != NULL ? atoll(text) : seed), wish);
        story_run(&s);
        story_end(&s);
        cleared += s.n_cleared;
        cut += s.n_cut;
        copies += s.n_copies;
        failed += s.world.n_failed;
    }
    /* A story in which nothing happens proves nothing. */
    ck_assert_uint_ge(cleared, (uint64_t)seeds / 2);
    ck_assert_uint_gt(copies, 0);
    ck_assert_uint_gt(cut, 0);
    ck_assert((wish & FAILURES) == 0 || failed > 0);
}

START_TEST(one_stands)
{
    tell(60, 0);
}
END_TEST

START_TEST(others_write)
{
    tell(30, WRITERS);
}
END_TEST

START_TEST(stars_and_evictions)
{
    tell(30, WRITERS | STARS | EVICTION);
}
END_TEST

START_TEST(no_answers)
{
    tell(30, WRITERS | FAILURES | STARS);
}
END_TEST

START_TEST(two_repairers)
{
    tell(30, WRITERS | RIVALS | FAILURES | EVICTION | STARS);
}
END_TEST

START_TEST(both_stand)
{
    tell(30, BOTH);
}
END_TEST

START_TEST(both_stand_in_a_storm)
{
    tell(30, BOTH | WRITERS | FAILURES | STARS);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("repair");
    TCase *stories = tcase_create("stories");
    tcase_set_timeout(stories, 60);
    tcase_add_test(stories, one_stands);
    tcase_add_test(stories, others_write);
    tcase_add_test(stories, stars_and_evictions);
    tcase_add_test(stories, no_answers);
    tcase_add_test(stories, two_repairers);
    tcase_add_test(stories, both_stand);
    tcase_add_test(stories, both_stand_in_a_storm);
    suite_add_tcase(suite, stories);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "cases.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "support/run.h"

static int strict;

static unsigned
seed(void)
{
    const char *text = getenv("PROMISE_SEED");

    return text == NULL ? 1 : (unsigned)strtoul(text, NULL, 10);
}

static void
play(const char *name)
{
    stage_plan plan = {.scene = scene_named(name),
                       .n_primaries = 1,
                       .n_backups = 1,
                       .is_strict = strict,
                       .timeout_ms = strict ? 1000 : 500,
                       .view_ms = 200,
                       .seed = seed()};
    static stage_result result;
    report_row row = {0};
    char broken[1000];

    ck_assert_msg(plan.scene != NULL, "no scene %s", name);
    /* How long the pair stays on its backup follows from the timeout: this one is the standard. */
    if (plan.scene->on_primary > 0)
        plan.timeout_ms = 500;
    stage_play(&plan, &result);
    report_add(&row, &plan, &result);
    report_head(stdout);
    report_line(stdout, &row);
    report_examples(stdout, &result.verdict);
    report_difference(stdout, &result);
    fflush(stdout);
    ck_assert_msg(report_broken(&plan, &result, broken, sizeof broken) == 0,
                  "\"%s\" %s, seed %u (the machine stood still for up to %d ms):\n%s", name,
                  strict ? "strict" : "relaxed", plan.seed, (int)result.stall_ms, broken);
}

START_TEST(promise_in_peace)
{
    play("peace");
}
END_TEST

START_TEST(promise_kill_and_restart)
{
    play("kill, restart");
}
END_TEST

START_TEST(promise_quick_restart)
{
    play("quick restart");
}
END_TEST

START_TEST(promise_pause)
{
    play("pause");
}
END_TEST

START_TEST(promise_short_pause)
{
    play("short pause");
}
END_TEST

START_TEST(promise_cut_for_all)
{
    play("cut for all");
}
END_TEST

START_TEST(promise_cut_for_some)
{
    play("cut for some");
}
END_TEST

START_TEST(promise_refused_for_some)
{
    play("refused for some");
}
END_TEST

START_TEST(promise_resets)
{
    play("resets");
}
END_TEST

START_TEST(promise_slow)
{
    play("slow");
}
END_TEST

START_TEST(promise_jitter)
{
    play("jitter for some");
}
END_TEST

START_TEST(promise_flapping)
{
    play("flapping");
}
END_TEST

START_TEST(promise_lost_replies)
{
    play("lost replies");
}
END_TEST

START_TEST(promise_backup_killed)
{
    play("backup killed");
}
END_TEST

START_TEST(promise_backup_paused)
{
    play("backup paused");
}
END_TEST

START_TEST(promise_backup_paused_then_killed)
{
    play("backup paused, then killed");
}
END_TEST

START_TEST(promise_backup_cut_for_some)
{
    play("backup cut for some");
}
END_TEST

START_TEST(promise_pause_then_backup_killed)
{
    play("pause, later backup killed");
}
END_TEST

START_TEST(promise_both_marks_after_a_pause)
{
    play("both marks: pause, cut");
}
END_TEST

START_TEST(promise_both_marks_after_cuts)
{
    play("both marks: cut, cut");
}
END_TEST

START_TEST(promise_both_marks_by_some_and_by_others)
{
    play("both marks: some, others");
}
END_TEST

START_TEST(promise_writers_die_while_cut_off)
{
    play("writers die while cut off");
}
END_TEST

START_TEST(promise_flushed_by_an_operator)
{
    play("flushed by an operator");
}
END_TEST

START_TEST(promise_evicted_values)
{
    play("evicted values");
}
END_TEST

typedef struct one_case {
    const char *scene;
    const TTest *test;
} one_case;

static const one_case *
all_cases(size_t *n)
{
    static one_case cases[32];
    const one_case list[] = {
        {"peace", promise_in_peace},
        {"kill, restart", promise_kill_and_restart},
        {"quick restart", promise_quick_restart},
        {"pause", promise_pause},
        {"short pause", promise_short_pause},
        {"cut for all", promise_cut_for_all},
        {"cut for some", promise_cut_for_some},
        {"refused for some", promise_refused_for_some},
        {"resets", promise_resets},
        {"slow", promise_slow},
        {"jitter for some", promise_jitter},
        {"flapping", promise_flapping},
        {"lost replies", promise_lost_replies},
        {"backup killed", promise_backup_killed},
        {"backup paused", promise_backup_paused},
        {"backup paused, then killed", promise_backup_paused_then_killed},
        {"backup cut for some", promise_backup_cut_for_some},
        {"pause, later backup killed", promise_pause_then_backup_killed},
        {"both marks: pause, cut", promise_both_marks_after_a_pause},
        {"both marks: cut, cut", promise_both_marks_after_cuts},
        {"both marks: some, others", promise_both_marks_by_some_and_by_others},
        {"writers die while cut off", promise_writers_die_while_cut_off},
        {"flushed by an operator", promise_flushed_by_an_operator},
        {"evicted values", promise_evicted_values},
    };

    memcpy(cases, list, sizeof list);
    *n = sizeof list / sizeof *list;
    return cases;
}

int
cases_run(const char *name, int is_strict)
{
    const char *only = getenv("PROMISE_SCENE");
    TCase *tests = tcase_create(name);
    size_t n;
    const one_case *cases = all_cases(&n);

    strict = is_strict;
    if (n != n_scenes)
        return 99;
    for (size_t i = 0; i < n; i++)
        if (only == NULL || strcmp(only, cases[i].scene) == 0)
            tcase_add_test(tests, cases[i].test);
    return run_tests(name, tests);
}

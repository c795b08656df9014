/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every model has the result that is written beside it: no bad schedule at all where the protocol
 * is right, some where it is broken. Each prints its line.
 *
 *   test_models                 all but the long ones, as a test
 *   test_models --long          the long ones, too (make soak)
 *   test_models --list          names only
 *   test_models --explain TEXT  those with TEXT in their name, with the shortest bad schedule of
 * each
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/cases.h"
#include "unit/support.h"

enum { MAX_CASES = 400, TIMEOUT_S = 120 };

static const model_case *cases[MAX_CASES];
static int n_cases;

static void
collect(void)
{
    for (const model_case *const *list = model_lists; *list != NULL; list++)
        for (const model_case *c = *list; c->name != NULL && n_cases < MAX_CASES; c++)
            cases[n_cases++] = c;
}

START_TEST(every_model_has_its_result)
{
    model_result r;

    if (cases[_i]->is_long)
        return;
    r = model_explore(cases[_i]);
    ck_assert_msg(model_report(cases[_i], &r), "%s", cases[_i]->name);
    fflush(stdout);
}
END_TEST

/* What a list must have to mean anything. */
START_TEST(names_are_unique)
{
    for (int i = 0; i < n_cases; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(cases[i]->name, cases[j]->name);
    ck_assert_int_lt(n_cases, MAX_CASES);
}
END_TEST

static int
run_all(void)
{
    int n_wrong = 0;

    for (int i = 0; i < n_cases; i++) {
        model_result r = model_explore(cases[i]);
        n_wrong += !model_report(cases[i], &r);
        fflush(stdout);
    }
    printf("%d models, %d wrong\n", n_cases, n_wrong);
    return n_wrong != 0;
}

static int
explain(const char *text)
{
    int n_wrong = 0;

    for (int i = 0; i < n_cases; i++) {
        if (strstr(cases[i]->name, text) == NULL)
            continue;
        model_result r = model_explain(cases[i]);
        n_wrong += !model_report(cases[i], &r);
    }
    return n_wrong != 0;
}

int
main(int argc, char **argv)
{
    collect();
    if (argc == 2 && strcmp(argv[1], "--long") == 0)
        return run_all();
    if (argc == 3 && strcmp(argv[1], "--explain") == 0)
        return explain(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (int i = 0; i < n_cases; i++)
            puts(cases[i]->name);
        return 0;
    }
    Suite *suite = suite_create("models");
    TCase *models = tcase_create("models");
    tcase_set_timeout(models, TIMEOUT_S);
    tcase_add_test(models, names_are_unique);
    tcase_add_loop_test(models, every_model_has_its_result, 0, n_cases);
    suite_add_tcase(suite, models);
    return run_suite(suite);
}

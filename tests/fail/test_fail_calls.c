/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every system call of a client goes wrong, one after the other and in every way of calls.c: no
 * descriptor, a reset, an interruption, one byte instead of all. What is asked of the client then
 * is what is asked of it without memory: see test_fail_memory.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fail/calls.h"
#include "fail/shares.h"
#include "support/client.h"
#include "support/run.h"

static calls failing;

static uint64_t
live(scene *s, const stage_piece *piece, calls plan)
{
    failing = plan;
    s->n_bad = 0;
    snprintf(s->what, sizeof s->what, "%s, system call %llu fails%s, way %d", piece->name,
             (unsigned long long)plan.fail_at, plan.fails_onward ? " and all behind it" : "",
             plan.way);
    if (piece->prepare != NULL)
        piece->prepare(s);
    s->is_untroubled = plan.fail_at == 0;
    s->is_without_backup = piece->needs_restarts && plan.fail_at != 0;
    calls_watch(&failing);
    int is_open = scene_open(s);
    if (is_open)
        piece->play(s);
    s->is_without_backup = 0;
    calls_watch(NULL);
    ck_assert_msg(plan.fail_at != 0 || s->n_bad == 0 || piece->needs_restarts,
                  "%s: calls fail without it", s->what);
    ck_assert_msg(is_open, "%s: it does not open", s->what); /* opening needs none */
    scene_end(s);
    return failing.n_made;
}

/* Of what needs restarts one way each time, and of what is prepared otherwise two. */
START_TEST(each_system_call_fails_once)
{
    share chosen = share_at(_i);
    const stage_piece *piece = chosen.piece;
    int step = piece->needs_restarts ? CALLS_WAYS : piece->prepare != NULL ? CALLS_WAYS / 2 : 1;
    scene s;
    uint64_t n_failed = 0;
    scene_begin(&s, piece->words);
    uint64_t n = live(&s, piece, (calls){.fail_at = 0});
    for (uint64_t at = 1 + (uint64_t)chosen.number; at <= n; at += SHARES) {
        for (int way = (int)(at / SHARES) % step; way < CALLS_WAYS; way += step) {
            live(&s, piece, (calls){.fail_at = at, .way = way});
            n_failed += failing.n_failed;
        }
    }
    ck_assert_uint_gt(n_failed, 0);
}
END_TEST

START_TEST(all_system_calls_fail_from_then_on)
{
    share chosen = share_at(_i);
    scene s;
    scene_begin(&s, chosen.piece->words);
    uint64_t n = live(&s, chosen.piece, (calls){.fail_at = 0});
    for (int i = chosen.number; i < 2 * CALLS_WAYS; i += SHARES) {
        uint64_t at = i % 2 ? 1 : n / 2;
        live(&s, chosen.piece, (calls){.fail_at = at, .fails_onward = 1, .way = i / 2});
    }
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("fail_calls");
    int n = shares_choose();
    tcase_add_loop_test(tests, each_system_call_fails_once, 0, n);
    tcase_add_loop_test(tests, all_system_calls_fail_from_then_on, 0, n);
    return run_tests("fail_calls", tests);
}

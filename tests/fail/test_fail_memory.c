/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every allocation of a client fails, one after the other: once, and from then on until its calls
 * are over. Each call is answered sensibly and in time, nothing leaks, the next call works, and no
 * value that was acknowledged is lost or old. On real servers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail/shares.h"
#include "support/client.h"
#include "support/run.h"

static sim_memory memory;

/* One life with this failure. Returns how many allocations it asked for while it could fail. */
static uint64_t
live(scene *s, const stage_piece *piece, uint64_t fail_at, int onward)
{
    snprintf(s->what, sizeof s->what, "%s, allocation %llu fails%s", piece->name,
             (unsigned long long)fail_at, onward ? ", and all behind it" : "");
    s->memory = &memory;
    s->n_bad = 0;
    if (piece->prepare != NULL)
        piece->prepare(s);
    s->is_untroubled = fail_at == 0;
    s->is_without_backup = piece->needs_restarts && fail_at != 0;
    memory = (sim_memory){.fail_at = fail_at, .fails_from_then = onward};
    int is_open = scene_open(s);
    if (is_open)
        piece->play(s);
    s->is_without_backup = 0;
    uint64_t n = memory.n_asked;
    ck_assert_msg(fail_at == 0 || fail_at > n || memory.n_failed > 0, "%s: it did not", s->what);
    ck_assert_msg(fail_at != 0 || s->n_bad == 0 || piece->needs_restarts,
                  "%s: calls fail without it", s->what);
    memory.fail_at = 0;
    if (!is_open)
        ck_assert(scene_open(s));
    scene_end(s);
    return n;
}

START_TEST(fault_60_each_allocation_of_a_client_fails)
{
    share chosen = share_at(_i);
    const stage_piece *piece = chosen.piece;
    scene s;
    scene_begin(&s, piece->words);
    uint64_t n = live(&s, piece, 0, 0);
    ck_assert_uint_gt(n, 10);
    for (uint64_t i = 1 + (uint64_t)chosen.number; i <= n; i += SHARES) {
        live(&s, piece, i, 0);
        live(&s, piece, i, 1);
    }
}
END_TEST

/* A wrong text is refused, whatever fails meanwhile, and with a reason. */
START_TEST(fault_60_wrong_options_without_memory)
{
    static const char *const texts[] = {"",
                                        "server=a server=a",
                                        "server=a nonsense=1",
                                        "server=\"a b\" backup=[::1",
                                        "server=a file=/no/such/file",
                                        "server=a weight=3 name=x server=b name=x timeout=0"};
    uint64_t n = 1;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (uint64_t at = 0; at <= n; at++) {
            memory = (sim_memory){.fail_at = at};
            mcp_allocator allocator = sim_memory_allocator(&memory);
            char why[200] = "";
            ck_assert_ptr_null(mcp_open_with(texts[i], &allocator, why, sizeof why));
            ck_assert_msg(strlen(why) > 8, "\"%s\", allocation %d: \"%s\"", texts[i], (int)at, why);
            ck_assert_int_eq(memory.n_blocks, 0);
            if (at == 0)
                n = memory.n_asked;
        }
    }
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("fail_memory");
    tcase_add_loop_test(tests, fault_60_each_allocation_of_a_client_fails, 0, shares_choose());
    tcase_add_test(tests, fault_60_wrong_options_without_memory);
    return run_tests("fail_memory", tests);
}

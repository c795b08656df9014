/* SPDX-License-Identifier: BSD-3-Clause */
/* The heap of timers against a list that is searched from end to end. */
#include "engine/timer.h"

#include <string.h>

#include "support.h"

#define N 60

static supply memory;
static mcp__timers timers;
static mcp__timer timer[N];
static int64_t model[N]; /* when it is due; MCP__TIMER_NEVER: not running */

static void
begin(void)
{
    supply_init(&memory);
    memset(timer, 0, sizeof timer);
    mcp__timers_init(&timers, &memory.mem);
    ck_assert_int_eq(mcp__timers_reserve(&timers, N), 0);
    for (int i = 0; i < N; i++)
        model[i] = MCP__TIMER_NEVER;
}

static void
finish(void)
{
    mcp__timers_fini(&timers);
    ck_assert_uint_eq(memory.n_live, 0);
}

static int64_t
earliest(void)
{
    int64_t first = MCP__TIMER_NEVER;
    for (int i = 0; i < N; i++)
        first = model[i] < first ? model[i] : first;
    return first;
}

static void
compare(void)
{
    uint32_t running = 0;
    for (int i = 0; i < N; i++) {
        int runs = model[i] != MCP__TIMER_NEVER;
        running += (uint32_t)runs;
        if (runs != (timer[i].place != 0) || (runs && timer[i].at_ms != model[i]))
            ck_abort_msg("timer %d is at %lld, should be at %lld", i,
                         timer[i].place ? (long long)timer[i].at_ms : -1LL, (long long)model[i]);
    }
    if (timers.n != running || mcp__timers_next(&timers) != earliest())
        ck_abort_msg("%u run, next %lld; should be %u and %lld", timers.n,
                     (long long)mcp__timers_next(&timers), running, (long long)earliest());
}

/* Everything that is due by now comes out, earliest first, each once, and nothing else does. */
static void
take_due(int64_t now_ms)
{
    mcp__timer *due;
    while ((due = mcp__timers_due(&timers, now_ms)) != NULL) {
        int64_t first = earliest();
        size_t i = (size_t)(due - timer);
        if (model[i] != first || first > now_ms)
            ck_abort_msg("%lld came out at %lld, the first is %lld", (long long)model[i],
                         (long long)now_ms, (long long)first);
        model[i] = MCP__TIMER_NEVER;
        compare();
    }
    if (earliest() <= now_ms)
        ck_abort_msg("%lld was due at %lld", (long long)earliest(), (long long)now_ms);
}

START_TEST(random_timers)
{
    uint64_t state = 17;
    begin();
    for (int step = 0; step < 100000; step++) {
        uint64_t random = next_random(&state);
        size_t i = (random >> 8) % N;
        int64_t at_ms = (int64_t)((random >> 16) % (random & 128 ? 20 : 100000));
        if (random % 8 < 5) {
            mcp__timer_set(&timers, &timer[i], at_ms);
            model[i] = at_ms;
        } else if (random % 8 == 5) {
            mcp__timer_set(&timers, &timer[i], MCP__TIMER_NEVER);
            model[i] = MCP__TIMER_NEVER;
        } else if (random % 8 == 6) {
            mcp__timer_stop(&timers, &timer[i]);
            model[i] = MCP__TIMER_NEVER;
        } else {
            take_due(at_ms / 8);
        }
        compare();
    }
    take_due(INT64_MAX - 1);
    ck_assert_int_eq(mcp__timers_next(&timers), MCP__TIMER_NEVER);
    finish();
}
END_TEST

START_TEST(nothing_running)
{
    begin();
    ck_assert_int_eq(mcp__timers_next(&timers), MCP__TIMER_NEVER);
    ck_assert_ptr_null(mcp__timers_due(&timers, INT64_MAX - 1));
    mcp__timer_stop(&timers, &timer[0]);
    mcp__timer_set(&timers, &timer[0], MCP__TIMER_NEVER);
    compare();
    finish();
}
END_TEST

START_TEST(only_reserving_allocates)
{
    begin();
    size_t asked = memory.n_asked;
    for (int i = 0; i < N; i++)
        mcp__timer_set(&timers, &timer[i], model[i] = N - i);
    ck_assert_int_eq(mcp__timers_reserve(&timers, N), 0);
    ck_assert_int_eq(mcp__timers_reserve(&timers, 1), 0);
    ck_assert_uint_eq(memory.n_asked, asked);
    memory.fail_at = asked + 1;
    ck_assert_int_eq(mcp__timers_reserve(&timers, N + 1), -1);
    compare(); /* and nothing was lost */
    ck_assert_int_eq(mcp__timers_reserve(&timers, N + 1), 0);
    compare();
    ck_assert_int_eq(mcp__timers_reserve(&timers, SIZE_MAX), -1);
    take_due(N);
    finish();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("timer");
    TCase *all = tcase_create("timer");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, random_timers);
    tcase_add_test(all, nothing_running);
    tcase_add_test(all, only_reserving_allocates);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of a server: every state, every event, and the times between probes. */
#include "server/health.h"

#include <string.h>

#include "support.h"

static const mcp__health_rules rules = {
    .retry_min_ms = 300, .retry_max_ms = 30000, .suspect_limit = 3};

/* In `state` since 1000, with so many soft errors counted. */
static mcp__health
in_state(mcp_state state, uint32_t soft)
{
    mcp__health health;
    mcp__health_init(&health, 1000);
    if (state == MCP_STATE_DOWN || state == MCP_STATE_PROBING)
        mcp__health_hard(&health, &rules, "refused", 0, 1000);
    if (state == MCP_STATE_PROBING)
        mcp__health_probing(&health, 1300);
    if (state == MCP_STATE_SUSPECT)
        mcp__health_soft(&health, &rules, "silent", 0, 1000);
    health.soft_in_a_row = soft;
    ck_assert_int_eq(health.state, state);
    ck_assert_int_eq(health.since_ms, 1000);
    return health;
}

enum { SOFT, HARD, PROBE, SUCCESS, ANSWER };

static int
happen(mcp__health *health, int event, int64_t now_ms)
{
    switch (event) {
    case SOFT:
        return mcp__health_soft(health, &rules, "soft", 0, now_ms);
    case HARD:
        mcp__health_hard(health, &rules, "hard", 0, now_ms);
        return 0;
    case PROBE:
        mcp__health_probing(health, now_ms);
        return 0;
    case SUCCESS:
        return mcp__health_success(health, now_ms);
    default:
        mcp__health_answered(health);
        return 0;
    }
}

START_TEST(every_state_and_event)
{
    enum { UP = MCP_STATE_UP, SUSPECT, DOWN, PROBING };
    /* The table of the design. since: 1 it starts anew, 0 it stays. returned: probe wanted, or it
     * was away. */
    static const struct {
        int state, soft, event, next, since, returned;
    } rows[] = {
        {UP, 0, SOFT, SUSPECT, 1, 1},
        {UP, 1, SOFT, SUSPECT, 1, 1},
        {UP, 2, SOFT, DOWN, 1, 0},
        {UP, 0, HARD, DOWN, 1, 0},
        {UP, 0, PROBE, UP, 0, 0},
        {UP, 0, SUCCESS, UP, 0, 0},
        {UP, 2, ANSWER, UP, 0, 0},
        {SUSPECT, 1, SOFT, SUSPECT, 0, 1},
        {SUSPECT, 2, SOFT, DOWN, 1, 0},
        {SUSPECT, 1, HARD, DOWN, 1, 0},
        {SUSPECT, 1, PROBE, SUSPECT, 0, 0},
        {SUSPECT, 2, SUCCESS, UP, 1, 1},
        {SUSPECT, 1, ANSWER, SUSPECT, 0, 0},
        {DOWN, 0, SOFT, DOWN, 0, 0},
        {DOWN, 9, SOFT, DOWN, 0, 0},
        {DOWN, 0, HARD, DOWN, 0, 0},
        {DOWN, 0, PROBE, PROBING, 0, 0},
        {DOWN, 0, SUCCESS, UP, 1, 1},
        {DOWN, 0, ANSWER, DOWN, 0, 0},
        {PROBING, 0, SOFT, DOWN, 0, 0},
        {PROBING, 0, HARD, DOWN, 0, 0},
        {PROBING, 0, PROBE, PROBING, 0, 0},
        {PROBING, 0, SUCCESS, UP, 1, 1},
        {PROBING, 0, ANSWER, PROBING, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcp__health health = in_state((mcp_state)rows[i].state, (uint32_t)rows[i].soft);
        int returned = happen(&health, rows[i].event, 2000);
        ck_assert_msg(health.state == rows[i].next, "row %zu: state %d", i, health.state);
        ck_assert_msg(returned == rows[i].returned, "row %zu: returned %d", i, returned);
        ck_assert_msg(health.since_ms == (rows[i].since ? 2000 : 1000), "row %zu: since %lld", i,
                      (long long)health.since_ms);
        ck_assert_msg(mcp__health_is_usable(&health) == (rows[i].next == UP), "row %zu: usable", i);
        if (rows[i].event == SUCCESS || rows[i].event == ANSWER)
            ck_assert_msg(health.soft_in_a_row == 0, "row %zu: still counting", i);
    }
}
END_TEST

START_TEST(a_new_one)
{
    mcp__health health;
    memset(&health, 0x5a, sizeof health);
    mcp__health_init(&health, 77);
    ck_assert_int_eq(health.state, MCP_STATE_UP);
    ck_assert_int_eq(health.contacted, 0);
    ck_assert_int_eq(health.since_ms, 77);
    ck_assert_str_eq(health.why, "");
    mcp__health_success(&health, 80);
    ck_assert_int_eq(health.contacted, 1);
    ck_assert_int_eq(health.since_ms, 77);
    mcp__health_init(&health, 77);
    mcp__health_soft(&health, &rules, "no answer", 0, 80);
    ck_assert_int_eq(health.contacted, 1);
    ck_assert_str_eq(health.why, "no answer");
    mcp__health_hard(&health, &rules, "refused", 0, 81);
    ck_assert_str_eq(health.why, "refused");
    char text[500];
    memset(text, 'w', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    mcp__health_hard(&health, &rules, text, 0, 82);
    ck_assert_uint_eq(strlen(health.why), sizeof health.why - 1);
}
END_TEST

START_TEST(a_limit_of_one_leaves_no_suspicion)
{
    mcp__health_rules strict = rules;
    strict.suspect_limit = 1;
    mcp__health health = in_state(MCP_STATE_UP, 0);
    ck_assert_int_eq(mcp__health_soft(&health, &strict, "silent", 0, 2000), 0);
    ck_assert_int_eq(health.state, MCP_STATE_DOWN);
    ck_assert_int_eq(health.next_probe_ms, 2300);
}
END_TEST

START_TEST(soft_errors_must_come_in_a_row)
{
    mcp__health health = in_state(MCP_STATE_UP, 0);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(mcp__health_soft(&health, &rules, "silent", 0, 2000 + i), 1);
        ck_assert_int_eq(mcp__health_soft(&health, &rules, "silent", 0, 2000 + i), 1);
        ck_assert_int_eq(health.state, MCP_STATE_SUSPECT);
        mcp__health_success(&health, 2000 + i);
    }
    for (int i = 0; i < 2; i++)
        mcp__health_soft(&health, &rules, "silent", 0, 3000);
    ck_assert_int_eq(mcp__health_soft(&health, &rules, "silent", 0, 3000), 0);
    ck_assert_int_eq(health.state, MCP_STATE_DOWN);
}
END_TEST

START_TEST(backoff_doubles_up_to_its_limit)
{
    static const int64_t waits[] = {300, 600, 1200, 2400, 4800, 9600, 19200, 30000, 30000, 30000};
    mcp__health health = in_state(MCP_STATE_UP, 0);
    int64_t now_ms = 5000;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        mcp__health_hard(&health, &rules, "refused", 0, now_ms);
        ck_assert_int_eq(health.next_probe_ms - now_ms, waits[i]);
        ck_assert_int_eq(health.since_ms, 5000);
        now_ms = health.next_probe_ms;
        mcp__health_probing(&health, now_ms);
        ck_assert_int_eq(health.state, MCP_STATE_PROBING);
    }
}
END_TEST

START_TEST(jitter_takes_up_to_a_quarter)
{
    uint64_t state = 23;
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < 5000; i++) {
        mcp__health health = in_state(MCP_STATE_UP, 0);
        mcp__health_hard(&health, &rules, "refused", next_random(&state), 2000);
        int64_t wait = health.next_probe_ms - 2000;
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    ck_assert_int_eq(least, 225);
    ck_assert_int_eq(most, 300);
    mcp__health_rules tiny = {.retry_min_ms = 1, .retry_max_ms = 1, .suspect_limit = 3};
    mcp__health health = in_state(MCP_STATE_UP, 0);
    mcp__health_hard(&health, &tiny, "refused", UINT64_MAX, 2000);
    ck_assert_int_eq(health.next_probe_ms, 2001);
}
END_TEST

/* A server that had a long outage, is back, and was UP for `up_ms`: the wait of its next outage. */
static int64_t
wait_after(int64_t up_ms, int goes_by_suspect)
{
    mcp__health health = in_state(MCP_STATE_UP, 0);
    for (int64_t ms = 2000, i = 0; i < 5; i++, ms = health.next_probe_ms) {
        mcp__health_probing(&health, ms);
        mcp__health_hard(&health, &rules, "refused", 0, ms);
    }
    mcp__health_success(&health, 100000);
    int64_t now_ms = 100000 + up_ms;
    if (goes_by_suspect) {
        mcp__health_soft(&health, &rules, "silent", 0, now_ms);
        mcp__health_soft(&health, &rules, "silent", 0, now_ms);
        mcp__health_soft(&health, &rules, "silent", 0, now_ms);
    } else {
        mcp__health_hard(&health, &rules, "refused", 0, now_ms);
    }
    ck_assert_int_eq(health.state, MCP_STATE_DOWN);
    return health.next_probe_ms - now_ms;
}

START_TEST(ten_seconds_up_start_over)
{
    ck_assert_int_eq(wait_after(9999, 0), 9600);
    ck_assert_int_eq(wait_after(10000, 0), 300);
}
END_TEST

START_TEST(ten_seconds_up_start_over_when_it_falls_silent)
{
    ck_assert_int_eq(wait_after(9999, 1), 9600);
    ck_assert_int_eq(wait_after(10000, 1), 300);
    ck_assert_int_eq(wait_after(3600000, 1), 300);
}
END_TEST

/* A call that had no better copy to ask has asked too early: the wait stays what it was. */
START_TEST(probes_ahead_of_time_change_nothing)
{
    mcp__health health = in_state(MCP_STATE_DOWN, 0);
    for (int64_t now_ms = 1010; now_ms < 1300; now_ms += 10) {
        mcp__health_probing(&health, now_ms);
        mcp__health_hard(&health, &rules, "refused", 0, now_ms);
        ck_assert_int_eq(health.state, MCP_STATE_DOWN);
        ck_assert_int_eq(health.next_probe_ms, 1300);
    }
    mcp__health_probing(&health, 1300);
    mcp__health_hard(&health, &rules, "refused", 0, 1300);
    ck_assert_int_eq(health.next_probe_ms, 1900);
    ck_assert_int_eq(health.since_ms, 1000);
}
END_TEST

START_TEST(what_lasts_waits_longest)
{
    for (int state = MCP_STATE_UP; state <= MCP_STATE_PROBING; state++) {
        mcp__health health = in_state((mcp_state)state, 0);
        mcp__health_lasting(&health, &rules, "no memcached", 0, 60000);
        ck_assert_int_eq(health.state, MCP_STATE_DOWN);
        ck_assert_int_eq(health.next_probe_ms, 90000);
        ck_assert_str_eq(health.why, "no memcached");
        mcp__health_probing(&health, 90000);
        mcp__health_hard(&health, &rules, "refused", 0, 90000);
        ck_assert_int_eq(health.next_probe_ms, 120000);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("health");
    TCase *all = tcase_create("health");
    tcase_add_test(all, every_state_and_event);
    tcase_add_test(all, a_new_one);
    tcase_add_test(all, a_limit_of_one_leaves_no_suspicion);
    tcase_add_test(all, soft_errors_must_come_in_a_row);
    tcase_add_test(all, backoff_doubles_up_to_its_limit);
    tcase_add_test(all, jitter_takes_up_to_a_quarter);
    tcase_add_test(all, ten_seconds_up_start_over);
    tcase_add_test(all, ten_seconds_up_start_over_when_it_falls_silent);
    tcase_add_test(all, probes_ahead_of_time_change_nothing);
    tcase_add_test(all, what_lasts_waits_longest);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

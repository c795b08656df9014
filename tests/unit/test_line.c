/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a connection: what moves to a new one and what does not, probes, rests, shortages. */
#include "engine/line.h"

#include <errno.h>
#include <string.h>

#include "world.h"

/* A pair with both connections standing, and nothing was ever answered behind the greeting. */
static void
begin_fresh(void)
{
    world_defaults();
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_TOUCH);
    world_open(0);
    world_open(1);
    world_wishes();
    mcp__drive_abandon(&w.engine, w.now_ms);
    ck_assert_ptr_nonnull(task);
    world_wishes();
}

/* ---- what moves ---- */

START_TEST(an_idle_connection_is_replaced_without_a_word)
{
    world_open_plain_pair();
    world_break(0, 0);
    expect_wishes("0:reset");
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    ck_assert_uint_eq(w.engine.servers[0].health.soft_in_a_row, 0);
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:open");
    world_open(0);
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "EN O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_NOT_FOUND);
    ck_assert_int_eq(result.from_backup, 0);
    world_end();
}
END_TEST

START_TEST(a_rested_connection_is_looked_at)
{
    world_open_plain_pair();
    w.now_ms += 1000;
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:send");
    world_sent(0);
    world_say(0, "EN O@\r\n");
    world_result(task);
    w.now_ms += 1001;
    task = world_ask(MCP_SET);
    expect_wishes("0:send+look 1:send+look");
    /* It is gone: the command has not been sent, so even a mutation moves. */
    world_break(0, 0);
    expect_wishes("0:reset+open");
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    world_open(0);
    expect_sent(0, "ms k 0 O@\r\n\r\n");
    expect_sent(1, "ms k 0 O@\r\n\r\n");
    world_say(0, "HD O@\r\n");
    world_say(1, "HD O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_OK);
    world_end();
}
END_TEST

START_TEST(a_sent_read_moves_once)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_GET);
    world_sent(0);
    world_wishes();
    world_break(0, ECONNRESET);
    expect_wishes("0:reset+open");
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    world_open(0);
    expect_sent(0, "mg k O@ v f\r\n");
    world_wishes();
    world_break(0, ECONNRESET); /* and not twice */
    expect_wishes("0:reset+open 1:send");
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    world_open(0);
    expect_sent(0, ""); /* that was the probe */
    world_sent(1);
    world_say(1, "EN O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_NOT_FOUND);
    ck_assert_int_eq(result.from_backup, 1);
    world_end();
}
END_TEST

/* Not even when the new connection has worked meanwhile. */
START_TEST(a_moved_read_does_not_move_again)
{
    world_open_plain_pair();
    mcp__task *first = world_ask(MCP_GET), *second = world_ask(MCP_GET);
    world_sent(0);
    world_wishes();
    world_break(0, ECONNRESET);
    world_open(0);
    expect_sent(0, "mg k O@ v f\r\nmg k O@ v f\r\n");
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(first).from_backup, 0);
    world_wishes();
    world_break(0, ECONNRESET);
    expect_wishes("0:reset+open 1:send");
    world_open(0);
    expect_sent(0, "");
    world_sent(1);
    world_say(1, "EN O@\r\n");
    ck_assert_int_eq(world_result(second).from_backup, 1);
    world_end();
}
END_TEST

START_TEST(what_was_not_sent_moves_once_too)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_SET);
    world_break(0, 0);
    world_open(0);
    world_break(0, 0); /* it accepts and closes, again and again */
    world_sent(1);
    world_say(1, "HD O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_FAILED);
    world_end();
}
END_TEST

START_TEST(a_read_does_not_move_from_a_connection_that_never_worked)
{
    begin_fresh();
    mcp__task *task = world_ask(MCP_GET);
    world_open(0);
    expect_sent(0, "mg k O@ v f\r\n");
    world_wishes();
    world_break(0, ECONNRESET);
    expect_wishes("0:reset+open 1:open");
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    world_open(1);
    world_sent(1);
    world_say(1, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).from_backup, 1);
    world_end();
}
END_TEST

START_TEST(a_read_with_part_of_a_reply_does_not_move)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_GET);
    world_sent(0);
    world_wishes();
    world_say(0, "VA 5 O@ f0\r\nhel");
    world_break(0, ECONNRESET);
    expect_wishes("0:reset+open 1:send");
    world_sent(1);
    world_say(1, "VA 5 O@ f0\r\nhello\r\n");
    mcp_result result = world_result(task);
    ck_assert_mem_eq(result.value, "hello", 5);
    ck_assert_int_eq(result.from_backup, 1);
    world_end();
}
END_TEST

START_TEST(a_sent_mutation_never_moves)
{
    static const mcp_verb verbs[] = {MCP_SET, MCP_TOUCH,   MCP_INCR,   MCP_DECR,    MCP_GAT,
                                     MCP_ADD, MCP_REPLACE, MCP_APPEND, MCP_PREPEND, MCP_DELETE};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        for (size_t part = 0; part < 3; part++) { /* all of it, one byte, no byte */
            world_open_plain_pair();
            mcp__task *task = world_ask(verbs[i]);
            uint32_t first = verbs[i] == MCP_DELETE ? 1 : 0;
            if (part == 0)
                world_sent(first);
            if (part == 1)
                world_send_part(first, 1);
            world_wishes();
            world_break(first, ECONNRESET);
            ck_assert_int_eq(world_state(first), part < 2 ? MCP_STATE_SUSPECT : MCP_STATE_UP);
            world_open(first); /* the probe, or the new connection for what was not sent */
            const char *again = world_sent(first);
            ck_assert_msg((*again != '\0') == (part == 2), "verb %d, part %zu: \"%s\"",
                          (int)verbs[i], part, again);
            ck_assert_ptr_nonnull(task);
            world_end();
        }
    }
}
END_TEST

START_TEST(a_lost_mutation_is_known_as_unknown)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_SET);
    world_sent(0);
    world_sent(1);
    world_say(1, "HD O@\r\n");
    expect_unfinished();
    world_break(0, ECONNRESET);
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
    ck_assert_int_eq(result.backup, MCP_COPY_OK);
    ck_assert_int_eq(result.from_backup, 1);
    world_end();
}
END_TEST

START_TEST(one_timeout_takes_the_whole_connection)
{
    world_open_plain_pair();
    mcp__task *first = world_ask(MCP_GET);
    int64_t start_ms = w.now_ms;
    world_sent(0);
    world_time(start_ms + 150);
    mcp__task *second = world_ask(MCP_GET);
    world_wishes();
    world_time(start_ms + 200);
    /* We gave it up, the peer did not: nothing of it moves to the new one. */
    expect_wishes("0:reset+open 1:send");
    world_open(0);
    expect_sent(0, "");
    expect_sent(1, "mg k O@ v f\r\nmg k O@ v f\r\n");
    world_say(1, "EN O@\r\nEN O@\r\n");
    ck_assert_int_eq(world_result(first).status, MCP_NOT_FOUND);
    ck_assert_int_eq(world_result(second).status, MCP_NOT_FOUND);
    ck_assert_uint_eq(w.engine.servers[0].health.soft_in_a_row, 0);
    world_end();
}
END_TEST

/* ---- probes ---- */

/* The primary refused at now_ms. */
static void
begin_down(void)
{
    world_defaults();
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_GET);
    world_break(0, ECONNREFUSED);
    world_open(1);
    world_sent(1);
    world_say(1, "EN O@\r\n");
    world_result(task);
    world_wishes();
    ck_assert_int_eq(world_state(0), MCP_STATE_DOWN);
}

START_TEST(down_is_probed_after_its_backoff)
{
    begin_down();
    int64_t wait_ms = 300;
    for (int i = 0; i < 12; i++) {
        int64_t due_ms = mcp__drive_next_time(&w.engine);
        ck_assert_int_ge(due_ms - w.now_ms, wait_ms * 3 / 4);
        ck_assert_int_le(due_ms - w.now_ms, wait_ms);
        world_time(due_ms - 1);
        expect_wishes("");
        world_time(due_ms);
        expect_wishes("0:open"); /* one probe, and only one */
        ck_assert_int_eq(world_state(0), MCP_STATE_PROBING);
        world_break(0, ECONNREFUSED);
        expect_wishes("0:reset");
        ck_assert_int_eq(world_state(0), MCP_STATE_DOWN);
        wait_ms = wait_ms * 2 > 30000 ? 30000 : wait_ms * 2;
    }
    world_time(mcp__drive_next_time(&w.engine));
    world_open(0);
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).from_backup, 0);
    world_end();
}
END_TEST

START_TEST(suspect_is_probed_without_a_pause_and_then_down)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_GET);
    world_sent(0);
    world_time(w.now_ms + 200);
    expect_wishes("0:reset+open 1:send");
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    world_sent(1);
    world_say(1, "EN O@\r\n");
    world_result(task);
    world_time(w.now_ms + 199);
    expect_wishes("");
    world_time(w.now_ms + 1);
    expect_wishes("0:reset+open"); /* the second in a row */
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    mcp__drive_connected(&w.engine, 0, w.now_ms);
    expect_sent(0, "version\r\n"); /* connected, but says nothing */
    world_wishes();
    world_time(w.now_ms + 200);
    expect_wishes("0:reset"); /* the third */
    ck_assert_int_eq(world_state(0), MCP_STATE_DOWN);
    ck_assert_int_le(mcp__drive_next_time(&w.engine), w.now_ms + 300);
    world_end();
}
END_TEST

START_TEST(suspect_is_back_with_its_probe)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_SET);
    world_sent(0);
    world_sent(1);
    world_say(1, "HD O@\r\n");
    world_time(w.now_ms + 200);
    ck_assert_int_eq(world_result(task).primary, MCP_COPY_UNKNOWN);
    expect_wishes("0:reset+open 1:send");
    task = world_ask(MCP_SET); /* served as if it were down */
    expect_wishes("1:send");
    world_sent(1);
    world_say(1, "HD O@\r\n");
    ck_assert_int_eq(world_result(task).primary, MCP_COPY_FAILED);
    world_open(0);
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    task = world_ask(MCP_SET);
    expect_wishes("0:send 1:send");
    world_end();
}
END_TEST

START_TEST(refused_with_nobody_else_rests_ten_ms)
{
    world_defaults();
    world_begin(1, 0);
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:open");
    world_break(0, ECONNREFUSED);
    ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
    expect_wishes("0:reset");
    for (int i = 0; i < 10; i++) {
        w.now_ms += i > 0;
        task = world_ask(MCP_GET);
        expect_wishes("");
        ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
    }
    w.now_ms++;
    task = world_ask(MCP_GET); /* asking is the only way to know */
    expect_wishes("0:open");
    world_open(0);
    world_sent(0);
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    world_end();
}
END_TEST

START_TEST(both_down_is_an_error_at_once)
{
    begin_down();
    w.now_ms += 20;
    mcp__task *task = world_ask(MCP_SET);
    expect_wishes("1:send");
    world_break(1, ECONNRESET); /* unsent: it moves */
    expect_wishes("1:reset+open");
    world_break(1, ECONNREFUSED);
    expect_unfinished();
    expect_wishes("1:reset 0:open"); /* the one that was left out may be back */
    world_break(0, ECONNREFUSED);
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_NO_SERVER);
    ck_assert_int_eq(result.primary, MCP_COPY_FAILED);
    ck_assert_int_eq(result.backup, MCP_COPY_FAILED);
    ck_assert_int_eq(world_state(1), MCP_STATE_DOWN);
    ck_assert_ptr_nonnull(strstr(w.engine.err.text, "s1:11211"));
    world_wishes();
    task = world_ask(MCP_GET); /* both refused a moment ago */
    ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
    expect_wishes("");
    w.now_ms += 10;
    task = world_ask(MCP_GET); /* neither is usable: the primary first, and it is asked */
    expect_wishes("0:open");
    world_break(0, ECONNREFUSED);
    expect_wishes("0:reset 1:open");
    world_break(1, ECONNREFUSED);
    ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
    world_end();
}
END_TEST

START_TEST(only_attempts_that_are_late_count_as_soft)
{
    world_defaults();
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_GET);
    world_time(w.now_ms + 200);
    expect_wishes("0:reset+open 1:open");
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    world_open(1);
    world_sent(1);
    world_say(1, "EN O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.primary, MCP_COPY_FAILED); /* not a byte was sent */
    world_end();
}
END_TEST

START_TEST(connect_timeout_limits_the_attempt)
{
    world_defaults();
    w.settings.connect_timeout_ms = 50;
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:open");
    world_time(w.now_ms + 49);
    expect_wishes("");
    world_time(w.now_ms + 1);
    expect_wishes("0:reset+open 1:open");
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    ck_assert_ptr_nonnull(task);
    world_end();
}
END_TEST

/* ---- who answers the greeting ---- */

static mcp_result
greet_with(const char *text)
{
    world_defaults();
    world_begin(1, 0);
    mcp__task *task = world_ask(MCP_GET);
    mcp__drive_connected(&w.engine, 0, w.now_ms);
    world_sent(0);
    world_wishes();
    world_say(0, text);
    return world_result(task);
}

START_TEST(strangers)
{
    static const struct {
        const char *text;
        int status, lasts;
    } rows[] = {
        {"HTTP/1.1 400 Bad Request\r\n", MCP_PROTOCOL, 1},
        {"\x01\x02\x03\r\n", MCP_PROTOCOL, 1},
        {"-NOAUTH Authentication required.\r\n", MCP_PROTOCOL, 1},
        {"ERROR\r\n", MCP_PROTOCOL, 1},
        {"HD O00000000\r\n", MCP_PROTOCOL, 1},
        {"CLIENT_ERROR unauthenticated\r\n", MCP_REFUSED, 1},
        {"ERROR Too many open connections\r\n", MCP_NO_SERVER, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcp_result result = greet_with(rows[i].text);
        ck_assert_msg(result.status == (mcp_status)rows[i].status, "%s: %d", rows[i].text,
                      (int)result.status);
        ck_assert_int_eq(world_state(0), MCP_STATE_DOWN);
        int64_t wait_ms = mcp__drive_next_time(&w.engine) - w.now_ms;
        ck_assert_msg(rows[i].lasts ? wait_ms == 30000 : wait_ms <= 300, "%s: %lld", rows[i].text,
                      (long long)wait_ms);
        expect_wishes("0:reset");
        world_end();
    }
}
END_TEST

START_TEST(too_old)
{
    ck_assert_int_eq(greet_with("VERSION 1.4.39\r\n").status, MCP_UNSUPPORTED);
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    ck_assert_ptr_nonnull(strstr(w.engine.err.text, "too old"));
    w.request.server = 0;
    mcp__task *task = world_ask(MCP_VERSION); /* that much it can */
    expect_sent(0, "version\r\n");
    world_say(0, "VERSION 1.4.39\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    world_end();
}
END_TEST

/* ---- our own shortage ---- */

START_TEST(our_shortage_is_not_its_fault)
{
    static const int errors[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    for (size_t i = 0; i < 4; i++) {
        world_defaults();
        world_begin(1, 1);
        mcp__task *task = world_ask(MCP_GET);
        world_break(0, errors[i]);
        ck_assert_int_eq(world_state(0), MCP_STATE_UP);
        expect_wishes("0:reset 1:open");
        world_break(1, errors[i]);
        ck_assert_int_eq(world_state(1), MCP_STATE_UP);
        ck_assert_int_eq(world_result(task).status, MCP_NO_RESOURCE);
        ck_assert_int_eq(w.engine.err.os_error, errors[i]);
        world_wishes();
        task = world_ask(MCP_GET);
        expect_wishes("0:open"); /* and is asked again by the next call */
        ck_assert_ptr_nonnull(task);
        world_end();
    }
}
END_TEST

START_TEST(a_suspects_probe_is_not_lost_with_a_shortage)
{
    for (int forks = 0; forks < 2; forks++) {
        world_open_plain_pair();
        mcp__task *task = world_ask(MCP_GET);
        world_sent(0);
        world_time(w.now_ms + 200);
        world_sent(1);
        world_say(1, "EN O@\r\n");
        world_result(task);
        expect_wishes("0:reset+open 1:send");
        ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
        if (forks)
            mcp__drive_forget(&w.engine, w.now_ms);
        else
            world_break(0, EMFILE);
        world_wishes();
        int64_t due_ms = mcp__drive_next_time(&w.engine);
        ck_assert_int_ne(due_ms, MCP__TIMER_NEVER);
        ck_assert_int_le(due_ms, w.now_ms + 500);
        world_time(due_ms);
        expect_wishes("0:open");
        world_open(0);
        ck_assert_int_eq(world_state(0), MCP_STATE_UP);
        world_end();
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("line");
    TCase *all = tcase_create("line");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, an_idle_connection_is_replaced_without_a_word);
    tcase_add_test(all, a_rested_connection_is_looked_at);
    tcase_add_test(all, a_sent_read_moves_once);
    tcase_add_test(all, a_read_does_not_move_from_a_connection_that_never_worked);
    tcase_add_test(all, a_moved_read_does_not_move_again);
    tcase_add_test(all, what_was_not_sent_moves_once_too);
    tcase_add_test(all, a_read_with_part_of_a_reply_does_not_move);
    tcase_add_test(all, a_sent_mutation_never_moves);
    tcase_add_test(all, a_lost_mutation_is_known_as_unknown);
    tcase_add_test(all, one_timeout_takes_the_whole_connection);
    tcase_add_test(all, down_is_probed_after_its_backoff);
    tcase_add_test(all, suspect_is_probed_without_a_pause_and_then_down);
    tcase_add_test(all, suspect_is_back_with_its_probe);
    tcase_add_test(all, refused_with_nobody_else_rests_ten_ms);
    tcase_add_test(all, both_down_is_an_error_at_once);
    tcase_add_test(all, only_attempts_that_are_late_count_as_soft);
    tcase_add_test(all, connect_timeout_limits_the_attempt);
    tcase_add_test(all, strangers);
    tcase_add_test(all, too_old);
    tcase_add_test(all, our_shortage_is_not_its_fault);
    tcase_add_test(all, a_suspects_probe_is_not_lost_with_a_shortage);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

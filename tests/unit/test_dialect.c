/* SPDX-License-Identifier: BSD-3-Clause */
/* How it is found out what a peer speaks, step by step, and that no memory is never a mix-up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

static void
begin(mcp__dialect dialect)
{
    world_defaults();
    w.settings.dialect = dialect;
    w.settings.promise.prefix = (mcp__span){"mcp:", 4};
    world_begin(1, 0);
}

static void
connected(void)
{
    mcp__drive_connected(&w.engine, 0, w.now_ms);
}

/* A get is answered in this protocol, and gives its value. */
static void
reads(mcp__task *task, const char *asked, const char *answered)
{
    expect_sent(0, asked);
    world_say(0, answered);
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_uint_eq(result.value_len, 3);
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    ck_assert_uint_eq(w.engine.servers[0].tally.errors, 0);
    world_end();
}

START_TEST(one_that_knows_meta)
{
    begin(MCP__DIALECT_AUTO);
    mcp__task *task = world_ask(MCP_GET);
    connected();
    expect_sent(0, "version\r\nmn\r\n");
    world_say(0, "VERSION 1.6.18\r\n");
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_GREETING);
    world_say(0, "M");
    world_say(0, "N\r\n");
    reads(task, "mg k O@ v f\r\n", "VA 3 O@ f0\r\nabc\r\n");
}
END_TEST

/* The version is old; or it is that of somebody behind it. */
START_TEST(one_that_says_error)
{
    static const char *const versions[] = {"VERSION 1.4.15\r\n", "VERSION 1.6.18\r\n", "ERROR\r\n",
                                           "VERSION x\r\n"};
    begin(MCP__DIALECT_AUTO);
    mcp__task *task = world_ask(MCP_GET);
    connected();
    expect_sent(0, "version\r\nmn\r\n");
    world_say(0, versions[_i]);
    world_say(0, "ERROR\r\n");
    reads(task, "get k\r\n", "VALUE k 0 3\r\nabc\r\nEND\r\n");
}
END_TEST

/* It leaves, with its version or without, and again; then it is greeted more plainly, and that is
 * no fault. */
START_TEST(one_that_leaves)
{
    begin(_i < 2 ? MCP__DIALECT_AUTO : MCP__DIALECT_CLASSIC);
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:open");
    for (int again = 0; again < 2; again++) {
        connected();
        expect_sent(0, _i < 2 ? "version\r\nmn\r\n" : "version\r\ngat 0 mcp:hello\r\n");
        if (_i % 2)
            world_say(0, "VERSION 1.6.18\r\n");
        world_wishes();
        world_break(0, 0);
        expect_wishes("0:reset+open");
        expect_unfinished();
    }
    connected();
    expect_sent(0, "get mcp:hello\r\n");
    world_say(0, "END\r\n");
    reads(task, "get k\r\n", "VALUE k 0 3\r\nabc\r\nEND\r\n");
}
END_TEST

/* An old version, and behind it what is no protocol any more. */
START_TEST(one_that_answers_otherwise)
{
    begin(MCP__DIALECT_AUTO);
    mcp__task *task = world_ask(MCP_GET);
    connected();
    world_sent(0);
    world_wishes();
    world_say(0, "VERSION 1.5.20\r\nMETA NOOP\r\n");
    expect_wishes("0:reset+open");
    connected();
    expect_sent(0, "get mcp:hello\r\n");
    world_say(0, "SERVER_ERROR Connection refused\r\n"); /* of a proxy */
    reads(task, "get k\r\n", "VALUE k 0 3\r\nabc\r\nEND\r\n");
}
END_TEST

/* Neither way: it is down, and the next attempt begins from the start. */
START_TEST(one_that_always_leaves)
{
    begin(MCP__DIALECT_AUTO);
    mcp__task *task = world_ask(MCP_GET);
    for (int again = 0; again < 2; again++) {
        connected();
        expect_sent(0, "version\r\nmn\r\n");
        world_break(0, 0);
    }
    connected();
    expect_sent(0, "get mcp:hello\r\n");
    world_break(0, 0);
    ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
    ck_assert_int_eq(world_state(0), MCP_STATE_DOWN);
    world_time(w.now_ms + 1000);
    connected();
    expect_sent(0, "version\r\nmn\r\n");
    world_end();
}
END_TEST

/* One that is ended while it is greeted, and is back at once or not, was never taken for a proxy:
 * nobody would see that it comes back empty. */
START_TEST(one_that_is_ended_in_its_first_greeting)
{
    begin(_i % 2 ? MCP__DIALECT_CLASSIC : MCP__DIALECT_AUTO);
    mcp__task *task = world_ask(MCP_GET);
    const char *greeting = _i % 2 ? "version\r\ngat 0 mcp:hello\r\n" : "version\r\nmn\r\n";
    for (int again = 0; again < 2; again++) {
        connected();
        expect_sent(0, greeting);
        world_wishes();
        world_break(0, ECONNRESET);
        expect_wishes("0:reset+open");
        if (_i < 2)
            break;
        world_break(0, ECONNREFUSED);
        ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
        world_time(w.now_ms + 1000);
        task = world_ask(MCP_GET);
    }
    connected();
    expect_sent(0, greeting);
    mcp__drive_abandon(&w.engine, w.now_ms);
    world_end();
}
END_TEST

/* A server that has spoken meta and leaves in the greeting is one that is being ended: were it
 * taken for a proxy, nobody would see that it comes back empty. */
START_TEST(one_that_is_restarted)
{
    begin(MCP__DIALECT_AUTO);
    mcp__task *task = world_ask(MCP_GET);
    connected();
    world_sent(0);
    world_say(0, "VERSION 1.6.18\r\nMN\r\n");
    world_sent(0);
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_break(0, 0);
    for (int again = 0; again < 2; again++) {
        task = world_ask(MCP_GET);
        connected();
        expect_sent(0, "version\r\nmn\r\n");
        world_wishes();
        world_break(0, 0);
        if (again)
            break;
        ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
        world_time(w.now_ms + 1000);
    }
    expect_wishes("0:reset+open");
    world_break(0, ECONNREFUSED);
    ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
    world_time(w.now_ms + 5000);
    connected();
    expect_sent(0, "version\r\nmn\r\n");
    world_end();
}
END_TEST

/* ---- who is believed to lack something, and for how long ----------------------------------- */

#define FIRST_MS 250 /* four times as long each time */
#define FLAG_MS 5000 /* the same, where it has refused a flag */

static const char *const greetings[] = {"version\r\nmn\r\n", "get mcp:hello\r\n"};
static const char *const answers[] = {"VERSION 1.6.18\r\nMN\r\n", "END\r\n"};

/* The greeting that stands there is this one, and a get is answered after it. */
static void
greeted_as(mcp__task *task, int is_plain)
{
    connected();
    expect_sent(0, greetings[is_plain]);
    world_say(0, answers[is_plain]);
    expect_sent(0, is_plain ? "get k\r\n" : "mg k O@ v f\r\n");
    world_say(0, is_plain ? "END\r\n" : "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_wishes();
}

/* The peer leaves when it is asked in meta, so often, and takes a get. */
static void
leaves(mcp__task *task, int n_times)
{
    for (int i = 0; i < n_times; i++) {
        connected();
        expect_sent(0, greetings[0]);
        world_wishes();
        world_break(0, 0);
        expect_wishes("0:reset+open");
    }
    greeted_as(task, 1);
}

/* A get on the connection that stands. */
static void
stays_plain(int64_t now_ms)
{
    world_time(now_ms);
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(0, "get k\r\n");
    world_say(0, "END\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    ck_assert_ptr_null(strstr(world_wishes(), "reset"));
}

/* After a while a proxy may be something else: the next connection is greeted in full. */
START_TEST(one_that_was_a_proxy)
{
    begin(_i < 2 ? MCP__DIALECT_AUTO : MCP__DIALECT_CLASSIC);
    mcp__task *task = world_ask(MCP_GET);
    if (_i < 2) {
        leaves(task, 2);
    } else {
        connected();
        world_break(0, 0);
        connected();
        world_break(0, 0);
        greeted_as(task, 1);
    }
    world_break(0, 0);
    world_time(w.now_ms + FIRST_MS - (_i == 0));
    task = world_ask(MCP_GET);
    connected();
    expect_sent(0, _i == 0   ? greetings[1]
                   : _i == 1 ? greetings[0]
                             : "version\r\ngat 0 mcp:hello\r\n");
    mcp__drive_abandon(&w.engine, w.now_ms);
    world_end();
}
END_TEST

/* It was a memcached that was being ended: a moment later that is seen, and its epoch. */
START_TEST(one_that_left_twice)
{
    begin(MCP__DIALECT_AUTO);
    leaves(world_ask(MCP_GET), 2);
    int64_t began_ms = w.now_ms;
    stays_plain(began_ms + FIRST_MS - 1);
    world_time(began_ms + FIRST_MS);
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:reset+open");
    greeted_as(task, 0);
    ck_assert_int_eq(w.engine.servers[0].link.hello.has_meta, 1);
    ck_assert_uint_eq(w.engine.servers[0].tally.errors, 0);
    world_end();
}
END_TEST

/* It is a proxy: it leaves each time, which costs nobody an error, and is asked less and less. */
START_TEST(one_that_leaves_each_time)
{
    begin(MCP__DIALECT_AUTO);
    leaves(world_ask(MCP_GET), 2);
    for (int64_t wait_ms = FIRST_MS, n = 0; n < 10; n++) {
        int64_t began_ms = w.now_ms;
        stays_plain(began_ms + wait_ms - 1);
        world_time(began_ms + wait_ms);
        mcp__task *task = world_ask(MCP_GET);
        expect_wishes("0:reset+open");
        leaves(task, 1);
        ck_assert_int_eq(world_state(0), MCP_STATE_UP);
        ck_assert_uint_eq(w.engine.servers[0].tally.errors, 0);
        wait_ms = wait_ms * 4 < 3600000 ? wait_ms * 4 : 3600000;
    }
    world_end();
}
END_TEST

/* Once it has refused a connection it may be another one, and is believed less again. */
START_TEST(one_that_was_away)
{
    begin(MCP__DIALECT_AUTO);
    leaves(world_ask(MCP_GET), 2);
    world_time(w.now_ms + FIRST_MS);
    leaves(world_ask(MCP_GET), 1);
    world_break(0, 0);
    mcp__task *task = world_ask(MCP_GET);
    world_break(0, ECONNREFUSED);
    ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
    world_time(w.now_ms + 5000);
    for (int again = 0; again < 2; again++) {
        connected();
        expect_sent(0, greetings[0]);
        world_break(0, 0);
    }
    connected();
    world_sent(0);
    world_say(0, answers[1]);
    world_wishes();
    int64_t began_ms = w.now_ms;
    stays_plain(began_ms + FIRST_MS - 1);
    world_time(began_ms + FIRST_MS);
    task = world_ask(MCP_GET);
    greeted_as(task, 0);
    world_end();
}
END_TEST

/* Nothing that is under way is lost for it. */
START_TEST(doubts_wait_until_nothing_is_under_way)
{
    begin(MCP__DIALECT_AUTO);
    w.engine.settings.timeout_ms = 60000;
    leaves(world_ask(MCP_GET), 2);
    int64_t began_ms = w.now_ms;
    mcp__task *first = world_ask(MCP_GET);
    expect_sent(0, "get k\r\n");
    w.now_ms = began_ms + FIRST_MS;
    mcp__task *second = world_ask(MCP_GET);
    expect_sent(0, "get k\r\n");
    world_say(0, "END\r\nEND\r\n");
    ck_assert_int_eq(world_result(first).status, MCP_NOT_FOUND);
    ck_assert_int_eq(world_result(second).status, MCP_NOT_FOUND);
    world_wishes();
    mcp__task *third = world_ask(MCP_GET);
    expect_wishes("0:reset+open");
    greeted_as(third, 0);
    world_end();
}
END_TEST

/* ---- flags that are refused ---------------------------------------------------------------- */

static const struct refused {
    mcp_verb verb;
    const char *meta, *classic, *answer;
} refused[] = {
    {MCP_GET, "mg k O@ v f\r\n", "get k\r\n", "VALUE k 0 3\r\nabc\r\nEND\r\n"},
    {MCP_SET, "ms k 3 O@ F0 T0\r\nabc\r\n", "set k 0 0 3\r\nabc\r\n", "STORED\r\n"},
    {MCP_INCR, "ma k O@ D1 v\r\n", "incr k 1\r\n", "6\r\n"},
    {MCP_DELETE, "md k O@\r\n", "delete k\r\n", "DELETED\r\n"},
};

static mcp__task *
refuses(const struct refused *one, const char *said)
{
    w.request.value = "abc";
    w.request.value_len = 3;
    w.request.delta = 1;
    mcp__task *task = world_ask(one->verb);
    connected();
    world_sent(0);
    world_say(0, answers[0]);
    (void)world_sent(0);
    world_wishes();
    world_say(0, said);
    return task;
}

/* It has another go in the classic protocol; a few seconds later meta is tried again. */
START_TEST(one_that_refuses_a_flag)
{
    const struct refused *one = &refused[_i / 2];
    begin(MCP__DIALECT_AUTO);
    mcp__task *task = refuses(one, _i % 2 ? "CLIENT_ERROR invalid flag\r\n"
                                          : "CLIENT_ERROR invalid or duplicate flag\r\n");
    expect_wishes("0:reset+open");
    expect_unfinished();
    connected();
    expect_sent(0, "version\r\ngat 0 mcp:hello\r\n");
    world_say(0, "VERSION 1.6.18\r\nEND\r\n");
    expect_sent(0, one->classic);
    world_say(0, one->answer);
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    world_wishes();
    stays_plain(w.now_ms + FLAG_MS - 1);
    world_time(w.now_ms + 1);
    (void)world_ask(MCP_GET);
    expect_wishes("0:reset+open");
    connected();
    expect_sent(0, greetings[0]);
    world_say(0, answers[0]);
    expect_sent(0, "mg k O@ v f\r\n");
    mcp__drive_abandon(&w.engine, w.now_ms);
    world_end();
}
END_TEST

/* Another error is our own mistake, and told; and so is a flag where nothing but meta is allowed.
 */
START_TEST(one_that_refuses_something_else)
{
    begin(_i == 0 ? MCP__DIALECT_AUTO : MCP__DIALECT_META);
    mcp__task *task = world_ask(MCP_GET);
    connected();
    expect_sent(0, _i == 0 ? "version\r\nmn\r\n" : "version\r\n");
    world_say(0, _i == 0 ? answers[0] : "VERSION 1.6.18\r\n");
    expect_sent(0, "mg k O@ v f\r\n");
    world_wishes();
    world_say(0, _i == 0 ? "CLIENT_ERROR bad command line format\r\n"
                         : "CLIENT_ERROR invalid flag\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_SERVER_ERROR);
    expect_wishes("0:reset");
    task = world_ask(MCP_GET);
    connected();
    expect_sent(0, _i == 0 ? "version\r\nmn\r\n" : "version\r\n");
    mcp__drive_abandon(&w.engine, w.now_ms);
    world_end();
}
END_TEST

/* A pair that keeps a record; its primary is asked for that in the meta protocol first. */
static void
begin_greeting(void)
{
    world_defaults();
    world_keep_record();
    w.settings.dialect = MCP__DIALECT_AUTO;
    world_begin(1, 1);
    (void)world_ask(MCP_GET);
    connected();
    expect_sent(0, "version\r\nmg mcp:e O@ v f c\r\nmg mcp:s O@ v f c\r\n");
}

/* The questions of a greeting, too. */
START_TEST(a_record_that_refuses_a_flag)
{
    begin_greeting();
    world_say(0, "VERSION 1.6.18\r\n");
    world_wishes();
    world_say(0, _i == 0 ? "CLIENT_ERROR invalid flag\r\n"
                         : WORLD_EPOCH "CLIENT_ERROR invalid flag\r\n");
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_OPENING);
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    connected();
    expect_sent(0, "version\r\ngat 0 mcp:hello\r\ngets mcp:e\r\ngets mcp:s\r\n");
    world_say(
        0, "VERSION 1.6.18\r\nEND\r\nVALUE mcp:e 1 25 7\r\nR 17 900 00c0ffee 700 901\r\nEND\r\n");
    ck_assert_int_eq(w.engine.servers[0].ledger.epoch, MCP__EPOCH_READY);
    world_say(0, "END\r\n");
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_OPEN);
    mcp__drive_abandon(&w.engine, w.now_ms);
    world_end();
}
END_TEST

/* ---- */

/* What a pair asks in its greeting is asked again in the other protocol, before anything else. */
START_TEST(the_record_of_an_old_server)
{
    begin_greeting();
    world_say(0, _i == 0 ? "VERSION 1.4.15\r\n" : "VERSION 1.6.18\r\n");
    world_say(0, "ERROR\r\nERROR\r\n");
    expect_sent(0, "gets mcp:e\r\ngets mcp:s\r\n");
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_GREETING);
    ck_assert_int_eq(w.engine.servers[0].ledger.epoch, MCP__EPOCH_UNKNOWN);
    world_say(0, "VALUE mcp:e 1 25 7\r\nR 17 900 00c0ffee 700 901\r\nEND\r\n");
    ck_assert_int_eq(w.engine.servers[0].ledger.epoch, MCP__EPOCH_READY);
    ck_assert_uint_eq(w.engine.servers[0].ledger.epoch_unique, 7);
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_GREETING);
    world_say(0, "END\r\n");
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_OPEN);
    mcp__drive_abandon(&w.engine, w.now_ms);
    world_end();
}
END_TEST

/* Whatever cannot be had: the call fails, or is answered right, and nothing is left. */
START_TEST(no_memory)
{
    for (size_t fail_at = 1; fail_at < 40; fail_at++) {
        begin(MCP__DIALECT_CLASSIC);
        mcp__task *task = world_ask(MCP_GET);
        connected();
        world_sent(0);
        world_say(0, "VERSION 1.4.15\r\nERROR\r\n");
        world_sent(0);
        world_say(0, "END\r\n");
        (void)world_result(task);
        w.memory.fail_at = w.memory.n_asked + fail_at;
        w.request.with_initial = 1;
        w.request.initial = 5;
        w.request.delta = 1;
        task = world_ask(MCP_INCR);
        if (task != NULL) {
            world_sent(0);
            if (w.engine.servers[0].link.pending_count > 0)
                world_say(0, "NOT_FOUND\r\n");
            world_sent(0);
            if (w.engine.servers[0].link.pending_count > 0)
                world_say(0, "STORED\r\n");
            mcp_result result = world_result(task);
            ck_assert(result.status < 0 || result.number == 5);
        }
        w.memory.fail_at = 0;
        world_end();
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dialect");
    TCase *tests = tcase_create("dialect");
    tcase_add_test(tests, one_that_knows_meta);
    tcase_add_loop_test(tests, one_that_says_error, 0, 4);
    tcase_add_loop_test(tests, one_that_leaves, 0, 4);
    tcase_add_test(tests, one_that_answers_otherwise);
    tcase_add_test(tests, one_that_always_leaves);
    tcase_add_loop_test(tests, one_that_is_ended_in_its_first_greeting, 0, 4);
    tcase_add_test(tests, one_that_is_restarted);
    tcase_add_loop_test(tests, one_that_was_a_proxy, 0, 3);
    tcase_add_test(tests, one_that_left_twice);
    tcase_add_test(tests, one_that_leaves_each_time);
    tcase_add_test(tests, one_that_was_away);
    tcase_add_test(tests, doubts_wait_until_nothing_is_under_way);
    tcase_add_loop_test(tests, one_that_refuses_a_flag, 0,
                        2 * (int)(sizeof refused / sizeof *refused));
    tcase_add_loop_test(tests, one_that_refuses_something_else, 0, 2);
    tcase_add_loop_test(tests, a_record_that_refuses_a_flag, 0, 2);
    tcase_add_loop_test(tests, the_record_of_an_old_server, 0, 2);
    tcase_add_test(tests, no_memory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

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

/* It leaves, with its version or without; then it is greeted more plainly, and that is no fault. */
START_TEST(one_that_leaves)
{
    begin(_i < 2 ? MCP__DIALECT_AUTO : MCP__DIALECT_CLASSIC);
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:open");
    connected();
    expect_sent(0, _i < 2 ? "version\r\nmn\r\n" : "version\r\ngat 0 mcp:hello\r\n");
    if (_i % 2)
        world_say(0, "VERSION 1.6.18\r\n");
    world_wishes();
    world_break(0, 0);
    expect_wishes("0:reset+open");
    expect_unfinished();
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
    connected();
    world_sent(0);
    world_break(0, 0);
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

/* After a while a proxy may be something else. */
START_TEST(one_that_was_a_proxy)
{
    for (int minutes = 0; minutes < 2; minutes++) {
        begin(MCP__DIALECT_AUTO);
        mcp__task *task = world_ask(MCP_GET);
        connected();
        world_sent(0);
        world_break(0, 0);
        connected();
        world_sent(0);
        world_say(0, "END\r\n");
        world_sent(0);
        world_say(0, "END\r\n");
        ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
        world_break(0, 0);
        w.now_ms += minutes * 60001 + 1;
        task = world_ask(MCP_GET);
        connected();
        expect_sent(0, minutes ? "version\r\nmn\r\n" : "get mcp:hello\r\n");
        world_say(0, minutes ? "VERSION 1.6.18\r\nMN\r\n" : "END\r\n");
        world_sent(0);
        world_say(0, minutes ? "EN O@\r\n" : "END\r\n");
        ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
        world_end();
    }
}
END_TEST

/* What a pair asks in its greeting is asked again in the other protocol, before anything else. */
START_TEST(the_record_of_an_old_server)
{
    world_defaults();
    world_keep_record();
    w.settings.dialect = MCP__DIALECT_AUTO;
    world_begin(1, 1);
    (void)world_ask(MCP_GET);
    connected();
    expect_sent(0, "version\r\nmg mcp:e O@ v f c\r\nmg mcp:s O@ v f c\r\n");
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
    tcase_add_test(tests, one_that_is_restarted);
    tcase_add_test(tests, one_that_was_a_proxy);
    tcase_add_loop_test(tests, the_record_of_an_old_server, 0, 2);
    tcase_add_test(tests, no_memory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

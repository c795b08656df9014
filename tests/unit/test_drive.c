/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine's door: operations, their commands and results, errors, time, without a socket. */
#include "engine/drive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

START_TEST(a_get)
{
    world_defaults();
    world_begin(1, 1);
    w.request.want = MCP_WANT_CAS | MCP_WANT_TTL;
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:open");
    mcp__drive_connected(&w.engine, 0, w.now_ms);
    expect_wishes("0:send");
    expect_sent(0, "version\r\n");
    world_say(0, "VERSION 1.6.18\r\n");
    expect_wishes("0:send");
    expect_sent(0, "mg k O@ v f c t\r\n");
    expect_sent(0, "");
    world_say(0, "VA 2 O@ f5 c9 t30\r\nhi\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.server, 0);
    ck_assert_int_eq(result.from_backup, 0);
    ck_assert_int_eq(result.primary, MCP_COPY_OK);
    ck_assert_int_eq(result.backup, MCP_COPY_SKIPPED);
    ck_assert_uint_eq(result.value_len, 2);
    ck_assert_mem_eq(result.value, "hi", 2);
    ck_assert_uint_eq(result.flags, 5);
    ck_assert_int_eq(result.ttl, 30);
    ck_assert_uint_ne(result.cas, 0);
    ck_assert_uint_eq(w.engine.servers[0].tally.hits, 1);
    ck_assert_uint_eq(w.engine.servers[0].tally.calls, 1);
    ck_assert_uint_eq(w.engine.servers[0].tally.connects, 1);
    ck_assert_ptr_null(w.engine.first_busy);
    ck_assert_int_eq(mcp__drive_next_time(&w.engine), MCP__TIMER_NEVER);
    world_end();
}
END_TEST

START_TEST(a_miss_is_an_answer)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:send");
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "EN O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_NOT_FOUND);
    ck_assert_ptr_null(result.value);
    ck_assert_int_eq(result.backup, MCP_COPY_SKIPPED);
    ck_assert_uint_eq(w.engine.servers[0].tally.misses, 1);
    expect_wishes("");
    world_end();
}
END_TEST

START_TEST(a_namespace_stands_in_front)
{
    world_open_plain_pair();
    w.engine.name_space = "app:";
    w.engine.name_space_len = 4;
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(0, "mg app:k O@ v f\r\n");
    world_say(0, "EN O@\r\n");
    world_result(task);
    world_end();
}
END_TEST

START_TEST(refused_is_answered_by_the_backup)
{
    world_defaults();
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:open");
    world_break(0, ECONNREFUSED);
    expect_wishes("0:reset 1:open");
    ck_assert_int_eq(world_state(0), MCP_STATE_DOWN);
    world_open(1);
    expect_sent(1, "mg k O@ v f\r\n");
    world_say(1, "VA 2 O@ f0\r\nhi\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.from_backup, 1);
    ck_assert_int_eq(result.server, 1);
    ck_assert_int_eq(result.primary, MCP_COPY_FAILED);
    ck_assert_int_eq(result.backup, MCP_COPY_OK);
    ck_assert_uint_eq(w.engine.servers[0].tally.failovers, 1);
    ck_assert_uint_eq(w.engine.servers[0].tally.errors, 1);
    expect_wishes("1:send");
    /* From now on nobody bothers it. */
    task = world_ask(MCP_SET);
    expect_wishes("1:send");
    expect_sent(1, "ms k 0 O@\r\n\r\n");
    world_say(1, "HD O@\r\n");
    result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_FAILED);
    world_end();
}
END_TEST

START_TEST(a_name_that_does_not_resolve_is_a_refusal)
{
    world_defaults();
    world_begin(1, 0);
    mcp__task *task = world_ask(MCP_GET);
    mcp__drive_nameless(&w.engine, 0, "no such host", w.now_ms);
    ck_assert_int_eq(world_result(task).status, MCP_NO_SERVER);
    ck_assert_int_eq(world_state(0), MCP_STATE_DOWN);
    ck_assert_ptr_nonnull(strstr(w.engine.err.text, "no such host"));
    ck_assert_ptr_nonnull(strstr(w.engine.err.text, "s0:11211"));
    world_end();
}
END_TEST

START_TEST(a_silent_primary_gets_its_share)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:send");
    expect_sent(0, "mg k O@ v f\r\n");
    ck_assert_int_eq(mcp__drive_next_time(&w.engine), w.now_ms + 200); /* 40 % of 500 */
    int64_t start_ms = w.now_ms;
    world_time(start_ms + 199);
    expect_wishes("");
    world_time(start_ms + 200);
    expect_wishes("0:reset+open 1:send");
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    ck_assert_uint_eq(w.engine.servers[0].tally.timeouts, 1);
    expect_sent(1, "mg k O@ v f\r\n");
    world_say(1, "VA 2 O@ f0\r\nhi\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.from_backup, 1);
    ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
    world_end();
}
END_TEST

START_TEST(both_silent_end_at_the_deadline)
{
    world_open_plain_pair();
    mcp__task *get = world_ask(MCP_GET), *set = world_ask(MCP_SET);
    int64_t start_ms = w.now_ms;
    world_sent(0);
    world_sent(1);
    world_time(start_ms + 200);
    world_sent(1);
    expect_unfinished();
    world_time(start_ms + 499);
    expect_unfinished();
    world_time(start_ms + 500);
    mcp__task *first = mcp__drive_finished(&w.engine), *second = mcp__drive_finished(&w.engine);
    ck_assert((first == get && second == set) || (first == set && second == get));
    mcp_result result = MCP_RESULT_INIT;
    mcp__drive_result(get, &result);
    ck_assert_int_eq(result.status, MCP_TIMEOUT);
    ck_assert_int_eq(result.server, -1);
    mcp__drive_result(set, &result);
    ck_assert_int_eq(result.status, MCP_UNKNOWN);
    ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
    ck_assert_int_eq(result.backup, MCP_COPY_UNKNOWN);
    ck_assert_uint_eq(w.engine.n_unfinished, 0);
    mcp__drive_release(&w.engine, get);
    mcp__drive_release(&w.engine, set);
    world_end();
}
END_TEST

/* The client itself was stopped for longer than the deadline. */
START_TEST(late_time_blames_nobody_who_was_not_asked)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:send");
    world_sent(0);
    world_time(w.now_ms + 5000);
    ck_assert_int_eq(world_result(task).status, MCP_TIMEOUT);
    expect_wishes("0:reset+open");
    ck_assert_int_eq(world_state(1), MCP_STATE_UP);
    ck_assert_int_eq(w.engine.servers[1].link.state, MCP__LINK_OPEN);
    world_end();
}
END_TEST

START_TEST(another_requests_reply_is_never_handed_out)
{
    static const char *const replies[] = {
        "VA 6 OXXXXXXXX f0\r\nsecret\r\n",
        "VA 6 f0\r\nsecret\r\n",
        "HD OXXXXXXXX\r\n",
        "MN\r\n",
        "EN OXXXXXXXX\r\n",
        "EN\r\n",
        "OK\r\n",
        "VERSION secret\r\n",
        "STAT a b\r\nEND\r\n",
        "NF O@\r\n",
        "HD O@\r\n",
        "GARBAGE\r\n",
        "\r\n",
        "VALUE k 0 6\r\nsecret\r\nEND\r\n",
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        world_open_plain_pair();
        mcp__task *task = world_ask(MCP_GET);
        world_sent(0);
        expect_wishes("0:send");
        world_say(0, replies[i]);
        const char *wishes = world_wishes();
        ck_assert_msg(strcmp(wishes, "0:reset+open 1:send") == 0, "%s: %s", replies[i], wishes);
        ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
        expect_unfinished();
        world_sent(1);
        world_say(1, "VA 4 O@ f0\r\nmine\r\n");
        mcp_result result = world_result(task);
        ck_assert_int_eq(result.status, MCP_OK);
        ck_assert_uint_eq(result.value_len, 4);
        ck_assert_mem_eq(result.value, "mine", 4);
        ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
        world_end();
    }
}
END_TEST

START_TEST(swapped_replies_reach_nobody)
{
    world_open_plain_pair();
    mcp__task *one = world_ask(MCP_GET), *other = world_ask(MCP_GET);
    char reply[80], first[9] = "", second[9] = "";
    mcp__span span;
    ck_assert_uint_eq(mcp__drive_output(&w.engine, 0, &span, 1), 1);
    memcpy(first, (const char *)span.bytes + 6, 8);
    memcpy(second, (const char *)span.bytes + 6 + 20, 8);
    mcp__drive_sent(&w.engine, 0, span.len);
    snprintf(reply, sizeof reply, "VA 1 O%s\r\n2\r\nVA 1 O%s\r\n1\r\n", second, first);
    world_say_bytes(0, reply, strlen(reply));
    expect_unfinished();
    world_sent(1);
    world_say(1, "VA 1 O@\r\na\r\nVA 1 O@\r\nb\r\n");
    mcp_result result = world_result(one);
    ck_assert_mem_eq(result.value, "a", 1);
    ck_assert_int_eq(result.from_backup, 1);
    result = world_result(other);
    ck_assert_mem_eq(result.value, "b", 1);
    world_end();
}
END_TEST

START_TEST(a_word_out_of_nowhere)
{
    world_open_plain_pair();
    world_say(0, "HD O12345678\r\n");
    expect_wishes("0:reset");
    ck_assert_int_eq(world_state(0), MCP_STATE_UP); /* nobody was harmed */
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:open");
    world_open(0);
    world_sent(0);
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

START_TEST(a_value_stands_until_it_is_released)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_GET);
    size_t len;
    mcp_result result = MCP_RESULT_INIT;
    world_sent(0);
    world_say(0, "VA 5 O@ f1\r\nstays\r\n");
    ck_assert_ptr_eq(mcp__drive_finished(&w.engine), task);
    mcp__drive_result(task, &result);
    ck_assert_ptr_null(mcp__drive_room(&w.engine, 0, &len));
    ck_assert_mem_eq(result.value, "stays", 5);
    world_break(0, ECONNRESET); /* not even a new connection overwrites it */
    mcp__task *next = world_ask(MCP_GET);
    mcp__drive_connected(&w.engine, 0, w.now_ms);
    expect_sent(0, "version\r\n");
    ck_assert_ptr_null(mcp__drive_room(&w.engine, 0, &len));
    ck_assert_mem_eq(result.value, "stays", 5);
    mcp__drive_release(&w.engine, task);
    world_say(0, "VERSION 1.6.18\r\n");
    world_sent(0);
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(next).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

START_TEST(to_one_server)
{
    world_open_plain_pair();
    for (int server = 0; server < 2; server++) {
        uint32_t s = (uint32_t)server;
        w.request.server = server;
        w.request.key_len = 0;
        w.request.ttl = 0;
        mcp__task *task = world_ask(MCP_STATS);
        expect_sent(s, "stats\r\n");
        world_say(s, "STAT pid 1\r\nEND\r\n");
        mcp_result result = world_result(task);
        ck_assert_int_eq(result.server, server == 0 ? 0 : 1);
        ck_assert_uint_eq(result.value_len, 12);
        task = world_ask(MCP_VERSION);
        expect_sent(s, "version\r\n");
        world_say(s, "VERSION 1.6.19\r\n");
        ck_assert_mem_eq(world_result(task).value, "1.6.19", 6);
        task = world_ask(MCP_PING);
        expect_sent(s, "mn\r\n");
        world_say(s, "MN\r\n");
        ck_assert_int_eq(world_result(task).status, MCP_OK);
        w.request.ttl = 5;
        task = world_ask(MCP_FLUSH);
        expect_sent(s, "flush_all 5\r\n");
        world_time(w.now_ms + 499);
        expect_unfinished();
        world_time(w.now_ms + 1);
        ck_assert_int_eq(world_result(task).status, MCP_UNKNOWN);
        world_wishes();
    }
    world_end();
}
END_TEST

START_TEST(many_at_once_in_any_pieces)
{
    enum { N = 100 };
    for (size_t piece = 1; piece < 40; piece += 6) {
        mcp__task *tasks[N];
        static char said[N * 40];
        size_t used = 0;
        world_open_plain_pair();
        for (int i = 0; i < N; i++)
            tasks[i] = world_ask(MCP_INCR);
        world_sent(0);
        world_sent(1);
        for (int i = 0; i < N; i++)
            world_say(1, "VA 1 O@\r\n7\r\n");
        const mcp__link *link = &w.engine.servers[0].link;
        for (uint32_t i = 0; i < N; i++) {
            uint64_t opaque = link->pending[(link->pending_head + i) & link->pending_mask].opaque;
            char text[9] = "";
            memcpy(text, &opaque, 8);
            used += (size_t)snprintf(said + used, sizeof said - used, "VA %d O%s\r\n%u\r\n",
                                     i < 10 ? 1 : 2, text, i);
        }
        for (size_t at = 0; at < used; at += piece)
            world_say_bytes(0, said + at, used - at < piece ? used - at : piece);
        for (int i = 0; i < N; i++)
            ck_assert_uint_eq(world_result(tasks[i]).number, (uint64_t)i);
        world_end();
    }
}
END_TEST

START_TEST(after_a_fork_all_is_forgotten)
{
    world_open_plain_pair();
    mcp__task *get = world_ask(MCP_GET), *set = world_ask(MCP_SET);
    world_sent(0);
    world_wishes();
    mcp__drive_forget(&w.engine, w.now_ms);
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    ck_assert_int_eq(world_state(1), MCP_STATE_UP);
    mcp_result result = world_result(set);
    ck_assert_int_eq(result.status, MCP_UNKNOWN);
    ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
    ck_assert_int_eq(result.backup, MCP_COPY_FAILED); /* not a byte of it had gone */
    expect_wishes("0:reset 1:reset+open");
    world_open(1);
    expect_sent(1, "mg k O@ v f\r\n");
    world_say(1, "EN O@\r\n");
    ck_assert_int_eq(world_result(get).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

START_TEST(an_abandoned_call_leaves_nothing)
{
    world_open_plain_pair();
    for (int i = 0; i < 40; i++)
        ck_assert_ptr_nonnull(world_ask(i % 2 ? MCP_GET : MCP_SET));
    world_sent(0);
    world_say(0, "HD O@\r\nVA 1 O@\r\nx\r\n");
    mcp__drive_abandon(&w.engine, w.now_ms);
    expect_unfinished();
    ck_assert_uint_eq(w.engine.n_unfinished, 0);
    ck_assert_ptr_null(w.engine.first_busy);
    expect_wishes("0:reset 1:reset");
    mcp__task *task = world_ask(MCP_GET);
    world_open(0);
    world_sent(0);
    world_say(0, "VA 1 O@\r\ny\r\n");
    ck_assert_mem_eq(world_result(task).value, "y", 1);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("drive");
    TCase *all = tcase_create("drive");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, a_get);
    tcase_add_test(all, a_miss_is_an_answer);
    tcase_add_test(all, a_namespace_stands_in_front);
    tcase_add_test(all, refused_is_answered_by_the_backup);
    tcase_add_test(all, a_name_that_does_not_resolve_is_a_refusal);
    tcase_add_test(all, a_silent_primary_gets_its_share);
    tcase_add_test(all, both_silent_end_at_the_deadline);
    tcase_add_test(all, late_time_blames_nobody_who_was_not_asked);
    tcase_add_test(all, another_requests_reply_is_never_handed_out);
    tcase_add_test(all, swapped_replies_reach_nobody);
    tcase_add_test(all, a_word_out_of_nowhere);
    tcase_add_test(all, a_value_stands_until_it_is_released);
    tcase_add_test(all, to_one_server);
    tcase_add_test(all, many_at_once_in_any_pieces);
    tcase_add_test(all, after_a_fork_all_is_forgotten);
    tcase_add_test(all, an_abandoned_call_leaves_nothing);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

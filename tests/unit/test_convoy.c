/* SPDX-License-Identifier: BSD-3-Clause */
/* Many gets without operations: what is fetched, what is lost, and that none is both or neither. */
#include "engine/convoy_way.h"

#include <errno.h>
#include <string.h>

#include "engine/line.h"
#include "world.h"

#define GET "mg k O@ v f\r\n"

/* Both connections stand, and both ledgers are of now. */
static void
begin_open(void)
{
    world_open_pair(0);
    w.request.verb = MCP_GET;
    mcp__convoy_begin(&w.engine, w.settings.timeout_ms);
}

static int
try_to_put(uint32_t tag)
{
    uint32_t place = mcp__convoy_foresee(&w.engine, &w.request);
    mcp__convoy_round(&w.engine, w.now_ms);
    return mcp__convoy_put(&w.engine, &w.request, place, tag);
}

static void
put(uint32_t tag)
{
    ck_assert(try_to_put(tag));
}

static void
put_many(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        put(i);
}

static mcp_result
expect_fetched(uint32_t tag, mcp_status status)
{
    mcp__fetched fetched;
    mcp_result result = MCP_RESULT_INIT;
    ck_assert(mcp__convoy_fetch(&w.engine, &fetched));
    ck_assert_uint_eq(fetched.tag, tag);
    mcp__convoy_result(&fetched, &result);
    ck_assert_int_eq(result.status, status);
    ck_assert_int_eq(result.server, 0);
    ck_assert_int_eq(result.primary, MCP_COPY_OK);
    return result;
}

static void
expect_nothing(void)
{
    mcp__fetched fetched;
    ck_assert(!mcp__convoy_fetch(&w.engine, &fetched));
}

static void
expect_counts(size_t n_out, size_t n_lost)
{
    ck_assert_uint_eq(w.engine.convoy.n_out, n_out);
    ck_assert_uint_eq(w.engine.convoy.n_lost, n_lost);
}

START_TEST(all_come_back_in_order)
{
    begin_open();
    put_many(3);
    expect_wishes("0:send");
    expect_sent(0, GET GET GET);
    expect_counts(3, 0);
    world_say(0, "VA 2 O@ f7\r\nhi\r\nEN O@\r\n");
    mcp_result first = expect_fetched(0, MCP_OK);
    ck_assert_mem_eq(first.value, "hi", 2);
    ck_assert_uint_eq(first.flags, 7);
    ck_assert_uint_eq(first.value_len, 2);
    expect_fetched(1, MCP_NOT_FOUND);
    expect_nothing();
    ck_assert_ptr_nonnull(w.engine.first_busy);
    world_say(0, "VA 0 O@ f0\r\n\r\n");
    ck_assert_uint_eq(expect_fetched(2, MCP_OK).value_len, 0);
    expect_nothing();
    expect_counts(0, 0);
    ck_assert_ptr_null(w.engine.first_busy);
    ck_assert_uint_eq(w.engine.servers[0].tally.hits, 2);
    ck_assert_uint_eq(w.engine.servers[0].tally.misses, 1);
    world_end();
}
END_TEST

/* Cut at every byte: fetched when it is whole, and not before. */
START_TEST(a_part_is_no_answer)
{
    static const char answer[] = "VA 5 O@ f7 c12 t60\r\nhello\r\n";
    for (size_t cut = 1; cut < sizeof answer - 1; cut++) {
        char part[sizeof answer];
        begin_open();
        w.request.want = MCP_WANT_CAS | MCP_WANT_TTL;
        put(9);
        world_sent(0);
        memcpy(part, answer, cut);
        part[cut] = '\0';
        world_say(0, part);
        expect_nothing();
        expect_counts(1, 0);
        world_say(0, answer + cut);
        mcp_result result = expect_fetched(9, MCP_OK);
        ck_assert_mem_eq(result.value, "hello", 5);
        ck_assert_int_eq(result.ttl, 60);
        ck_assert_uint_ne(result.cas, 0);
        w.request.want = 0;
        world_end();
    }
}
END_TEST

/* Errors and stubs are for an operation to understand; those around them are not touched. */
START_TEST(what_is_not_understood_is_lost)
{
    static const char *const answers[] = {
        "SERVER_ERROR out of memory\r\n",
        "VA 0 O@ f0 W\r\n\r\n",
        "VA 0 O@ f0 Z\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        begin_open();
        put_many(3);
        world_sent(0);
        world_say(0, "EN O@\r\n");
        expect_fetched(0, MCP_NOT_FOUND);
        world_say(0, answers[i]);
        expect_nothing();
        expect_counts(1, 1);
        ck_assert_int_eq(world_state(0), MCP_STATE_UP);
        ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_OPEN);
        world_end();
    }
}
END_TEST

/* An answer to something else, or no protocol at all: the connection goes, and all that was on it.
 */
START_TEST(a_mix_up_loses_all)
{
    static const char *const answers[] = {"EN O00000000\r\n", "HELLO\r\n",
                                          "CLIENT_ERROR bad command line format\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        begin_open();
        put_many(3);
        world_sent(0);
        world_say(0, answers[i]);
        expect_nothing();
        expect_counts(0, 3);
        ck_assert_int_ne(w.engine.servers[0].link.state, MCP__LINK_OPEN);
        world_end();
    }
}
END_TEST

/* The peer has left an idle connection: nobody is blamed. In the middle of an answer somebody is.
 */
START_TEST(a_connection_that_is_lost)
{
    for (int has_part = 0; has_part < 2; has_part++) {
        begin_open();
        put_many(2);
        world_sent(0);
        if (has_part)
            world_say(0, "VA 2 O@ f7\r\nh");
        expect_nothing();
        world_break(0, 0);
        expect_counts(0, 2);
        ck_assert_int_eq(world_state(0), has_part ? MCP_STATE_SUSPECT : MCP_STATE_UP);
        world_end();
    }
}
END_TEST

/* One server has its share of the time. */
START_TEST(silence_ends)
{
    begin_open();
    int64_t start_ms = w.now_ms;
    put_many(2);
    world_sent(0);
    world_time(start_ms + 199);
    expect_counts(2, 0);
    world_time(start_ms + 200);
    expect_counts(0, 2);
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    ck_assert_uint_eq(w.engine.servers[0].tally.timeouts, 1);
    world_end();
}
END_TEST

/* What rode in front of them is not answered either: they do not wait longer for that. */
START_TEST(silence_ends_behind_a_question)
{
    begin_open();
    ck_assert_int_eq(mcp__line_ask(&w.engine, &w.engine.servers[0], MCP__ASK_MARKS), 0);
    int64_t start_ms = w.now_ms;
    put_many(2);
    expect_sent(0, MARKS GET GET);
    world_time(start_ms + 199);
    expect_counts(2, 0);
    world_time(start_ms + 200);
    expect_counts(0, 2);
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    ck_assert_uint_eq(w.engine.servers[0].tally.timeouts, 1);
    world_end();
}
END_TEST

/* Who was lost is what has been neither fetched nor is still out. */
START_TEST(what_is_still_out)
{
    uint8_t notes[3] = {0};
    begin_open();
    put_many(3);
    world_sent(0);
    world_say(0, "EN O@\r\n");
    expect_fetched(0, MCP_NOT_FOUND);
    mcp__convoy_note(&w.engine, notes, 9);
    ck_assert_uint_eq(notes[0], 0);
    ck_assert_uint_eq(notes[1], 9);
    ck_assert_uint_eq(notes[2], 9);
    memset(notes, 0, sizeof notes);
    world_break(0, ECONNRESET);
    mcp__convoy_note(&w.engine, notes, 9);
    ck_assert_uint_eq(notes[1] | notes[2], 0);
    expect_counts(0, 2);
    world_end();
}
END_TEST

/* While the answers were on their way it was heard that the server had missed writes. */
START_TEST(what_a_server_that_stands_says_is_lost)
{
    begin_open();
    put_many(2);
    world_sent(0);
    w.engine.servers[0].missed_on = 1;
    world_say(0, "VA 2 O@ f7\r\nhi\r\nVA 2 O@ f7\r\nho\r\n");
    expect_nothing();
    expect_counts(0, 2);
    world_end();
}
END_TEST

/* Operations and gets of a convoy share a link, in the order in which they were sent. */
START_TEST(among_operations)
{
    begin_open();
    put(1);
    w.request.want = MCP_WANT_CAS;
    mcp__task *task = world_ask(MCP_GET);
    w.request.want = 0;
    put(2);
    expect_sent(0, GET "mg k O@ v f c\r\n" GET);
    world_say(0, "EN O@\r\nVA 1 O@ f0 c5\r\nx\r\nVA 1 O@ f0\r\ny\r\n");
    expect_fetched(1, MCP_NOT_FOUND);
    mcp_result second = expect_fetched(2, MCP_OK);
    ck_assert_mem_eq(second.value, "y", 1);
    expect_nothing();
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_mem_eq(result.value, "x", 1);
    expect_counts(0, 0);
    world_end();
}
END_TEST

START_TEST(behind_a_namespace)
{
    begin_open();
    w.engine.name_space = "app:";
    w.engine.name_space_len = 4;
    put(7);
    expect_sent(0, "mg app:k O@ v f\r\n");
    world_say(0, "EN O@\r\n");
    expect_fetched(7, MCP_NOT_FOUND);
    world_end();
}
END_TEST

/* Other verbs, and times that are not quiet. */
START_TEST(not_taken)
{
    begin_open();
    w.request.verb = MCP_GAT;
    ck_assert(!try_to_put(0));
    w.request.verb = MCP_GET;
    w.engine.servers[0].health.state = MCP_STATE_SUSPECT;
    ck_assert(!try_to_put(0));
    w.engine.servers[0].health.state = MCP_STATE_UP;
    w.now_ms += 250; /* the backup's marks are too old */
    ck_assert(!try_to_put(0));
    expect_counts(0, 0);
    expect_sent(0, "");
    world_end();
}
END_TEST

/* As try_to_put(), in the round that is under way. */
static int
goes_along(uint32_t tag)
{
    return mcp__convoy_put(&w.engine, &w.request, mcp__convoy_foresee(&w.engine, &w.request), tag);
}

/* In one round it is not looked again whether it is quiet; behind an operation, and in the next one,
 * it is. */
START_TEST(a_round_ends)
{
    begin_open();
    put(0);
    w.engine.servers[1].is_cut_off = 1;
    ck_assert(goes_along(1));
    ck_assert(!try_to_put(2));
    w.engine.servers[1].is_cut_off = 0;
    put(2);
    mcp__task *task = world_ask(MCP_GET);
    w.engine.servers[1].is_cut_off = 1;
    ck_assert(!goes_along(3));
    w.engine.servers[1].is_cut_off = 0;
    expect_sent(0, GET GET GET GET);
    for (uint32_t i = 0; i < 3; i++) {
        world_say(0, "EN O@\r\n");
        expect_fetched(i, MCP_NOT_FOUND);
    }
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("convoy");
    TCase *all = tcase_create("convoy");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, all_come_back_in_order);
    tcase_add_test(all, a_part_is_no_answer);
    tcase_add_test(all, what_is_not_understood_is_lost);
    tcase_add_test(all, a_mix_up_loses_all);
    tcase_add_test(all, a_connection_that_is_lost);
    tcase_add_test(all, silence_ends);
    tcase_add_test(all, silence_ends_behind_a_question);
    tcase_add_test(all, what_is_still_out);
    tcase_add_test(all, what_a_server_that_stands_says_is_lost);
    tcase_add_test(all, among_operations);
    tcase_add_test(all, behind_a_namespace);
    tcase_add_test(all, not_taken);
    tcase_add_test(all, a_round_ends);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Many gets in one command of the classic protocol: who is answered, who missed, who is asked again,
 * and that none is two of these. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/coach.h"
#include "engine/convoy_way.h"
#include "world.h"

static char keys[MCP__COACH_SEATS + 10][MCP_KEY_MAX];

/* One server, found to lack the meta commands; `version` as it says. */
static void
begin_classic(const char *version)
{
    world_defaults();
    w.settings.promise.prefix = (mcp__span){"mcp:", 4};
    w.settings.dialect = version != NULL ? MCP__DIALECT_CLASSIC : MCP__DIALECT_AUTO;
    world_begin(1, 0);
    mcp__task *task = world_ask(MCP_GET);
    mcp__drive_connected(&w.engine, 0, w.now_ms);
    world_sent(0);
    world_say(0, version != NULL ? version : "VERSION 1.4.15\r\n");
    world_say(0, version != NULL ? "END\r\n" : "ERROR\r\n");
    expect_sent(0, "get k\r\n");
    world_say(0, "END\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_wishes();
    mcp__convoy_begin(&w.engine, w.settings.timeout_ms);
}

static int
put(uint32_t tag, const char *key)
{
    w.request.verb = MCP_GET;
    w.request.key = key;
    w.request.key_len = strlen(key);
    uint32_t place = mcp__convoy_foresee(&w.engine, &w.request);
    mcp__convoy_round(&w.engine, w.now_ms);
    return mcp__convoy_put(&w.engine, &w.request, place, tag);
}

/* a, b, c, with the numbers 0, 1, 2. */
static void
put_three(void)
{
    ck_assert(put(0, "a"));
    ck_assert(put(1, "b"));
    ck_assert(put(2, "c"));
    expect_sent(0, "");
    mcp__convoy_go(&w.engine);
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
    return result;
}

static void
expect_value(uint32_t tag, const char *value)
{
    mcp_result result = expect_fetched(tag, MCP_OK);
    ck_assert_uint_eq(result.value_len, strlen(value));
    ck_assert_mem_eq(result.value, value, result.value_len);
    ck_assert_int_eq(result.ttl, MCP_TTL_UNKNOWN);
}

static void
expect_nothing(size_t n_out, size_t n_lost)
{
    mcp__fetched fetched;
    ck_assert(!mcp__convoy_fetch(&w.engine, &fetched));
    ck_assert_uint_eq(w.engine.convoy.n_out, n_out);
    ck_assert_uint_eq(w.engine.convoy.n_lost, n_lost);
}

START_TEST(one_line_for_all)
{
    begin_classic(NULL);
    put_three();
    expect_sent(0, "get a b c\r\n");
    world_say(0, "VALUE a 7 1\r\nx\r\nVALUE c 0 12\r\nEND\r\nVALUE b\r\nEND\r\n");
    mcp_result first = expect_fetched(0, MCP_OK);
    ck_assert_uint_eq(first.flags, 7);
    ck_assert_mem_eq(first.value, "x", 1);
    expect_value(2, "END\r\nVALUE b");
    expect_fetched(1, MCP_NOT_FOUND);
    expect_nothing(0, 0);
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_OPEN);
    ck_assert_uint_eq(w.engine.servers[0].tally.hits, 2);
    /* And what comes next is matched as ever. */
    w.request.key = "k";
    w.request.key_len = 1;
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(0, "get k\r\n");
    world_say(0, "VALUE k 0 1\r\ny\r\nEND\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    world_end();
}
END_TEST

/* Proxies may answer in another order. */
START_TEST(in_any_order)
{
    begin_classic(NULL);
    put_three();
    world_sent(0);
    world_say(0, "VALUE c 0 1\r\n3\r\nVALUE a 0 1\r\n1\r\n");
    expect_value(2, "3");
    expect_value(0, "1");
    expect_nothing(1, 0);
    world_say(0, "VALUE b 0 1\r\n2\r\nEND\r\n");
    expect_value(1, "2");
    expect_nothing(0, 0);
    world_end();
}
END_TEST

/* Nobody has missed before the end; cut at every byte. */
START_TEST(cut_at_every_byte)
{
    static const char answer[] = "VALUE b 3 5 17\r\nhello\r\nEND\r\n";
    const size_t value_len = sizeof answer - 1 - 5;
    for (size_t cut = 1; cut < sizeof answer - 1; cut++) {
        char part[sizeof answer];
        begin_classic(NULL);
        w.request.want = MCP_WANT_CAS;
        put_three();
        w.request.want = 0;
        expect_sent(0, "gets a b c\r\n");
        memcpy(part, answer, cut);
        part[cut] = '\0';
        world_say(0, part);
        if (cut >= value_len)
            ck_assert_uint_ne(expect_fetched(1, MCP_OK).cas, 0);
        expect_nothing(cut >= value_len ? 2 : 3, 0);
        world_say(0, answer + cut);
        if (cut < value_len)
            ck_assert_uint_ne(expect_fetched(1, MCP_OK).cas, 0);
        expect_fetched(2, MCP_NOT_FOUND);
        expect_fetched(0, MCP_NOT_FOUND);
        expect_nothing(0, 0);
        world_end();
    }
}
END_TEST

/* A hundred to a line; a key twice is asked for twice, in two lines. */
START_TEST(lines_have_an_end)
{
    begin_classic(NULL);
    for (uint32_t i = 0; i < MCP__COACH_SEATS + 1; i++) {
        snprintf(keys[i], sizeof keys[i], "key%03u", i);
        ck_assert(put(i, keys[i]));
    }
    ck_assert(put(900, keys[MCP__COACH_SEATS]));
    mcp__convoy_go(&w.engine);
    const char *sent = world_sent(0);
    ck_assert_ptr_nonnull(strstr(sent, "get key000 key001 "));
    ck_assert_ptr_nonnull(strstr(sent, " key099\r\nget key100\r\nget key100\r\n"));
    world_say(0, "VALUE key099 0 1\r\nx\r\nEND\r\n");
    expect_value(99, "x");
    for (uint32_t i = 0; i < 99; i++)
        expect_fetched(i, MCP_NOT_FOUND);
    expect_nothing(2, 0);
    world_say(0, "VALUE key100 0 1\r\ny\r\nEND\r\nEND\r\n");
    expect_value(100, "y");
    expect_fetched(900, MCP_NOT_FOUND);
    expect_nothing(0, 0);
    /* Long keys fill a line, too. */
    uint32_t n = 0;
    memset(keys[0], 'l', MCP_KEY_MAX - 1);
    for (; n < 40; n++) {
        snprintf(keys[0] + MCP_KEY_MAX - 5, 5, "%04u", n);
        ck_assert(put(n, keys[0]));
    }
    mcp__convoy_go(&w.engine);
    world_sent(0);
    ck_assert_uint_eq(w.engine.servers[0].link.pending_count, 2);
    world_say(0, "END\r\nEND\r\n");
    for (uint32_t i = 0; i < n; i++)
        expect_fetched(i, MCP_NOT_FOUND);
    expect_nothing(0, 0);
    world_end();
}
END_TEST

/* An error stands for all that were not answered; the connection is as good as before. */
START_TEST(an_error_is_for_the_rest)
{
    begin_classic(NULL);
    put_three();
    world_sent(0);
    world_say(0, "VALUE a 0 1\r\nx\r\nSERVER_ERROR Host is down\r\n");
    expect_value(0, "x");
    expect_nothing(0, 2);
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_OPEN);
    ck_assert_uint_eq(w.engine.servers[0].link.pending_count, 0);
    world_end();
}
END_TEST

/* A key that nobody here asked for, or got already, and what is no protocol. */
START_TEST(a_mix_up_loses_all)
{
    static const char *const answers[] = {
        "VALUE d 0 1\r\nx\r\nEND\r\n", "VALUE ab 0 1\r\nx\r\nEND\r\n", "VALUE a 0 1\r\nxy\r\nEND\r\n",
        "HELLO\r\n", "VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nEND\r\n"};
    begin_classic(NULL);
    put_three();
    world_sent(0);
    world_say(0, answers[_i]);
    if (_i == 4)
        expect_value(0, "x");
    expect_nothing(0, _i == 4 ? 2 : 3);
    ck_assert_int_ne(w.engine.servers[0].link.state, MCP__LINK_OPEN);
    world_end();
}
END_TEST

/* Who is still out, and who will not come any more. */
START_TEST(a_connection_that_is_lost)
{
    uint8_t notes[4] = {0};
    begin_classic(NULL);
    put_three();
    world_sent(0);
    ck_assert(put(3, "d"));
    world_say(0, "VALUE b 0 1\r\nx\r\n");
    expect_value(1, "x");
    expect_nothing(3, 0);
    mcp__convoy_note(&w.engine, notes, 9);
    ck_assert_mem_eq(notes, "\x09\x00\x09\x09", 4);
    mcp__convoy_go(&w.engine);
    memset(notes, 0, sizeof notes);
    world_break(0, ECONNRESET);
    expect_nothing(0, 3);
    mcp__convoy_note(&w.engine, notes, 9);
    ck_assert_mem_eq(notes, "\x00\x00\x00\x00", 4);
    world_end();
}
END_TEST

START_TEST(silence_ends)
{
    begin_classic(NULL);
    int64_t start_ms = w.now_ms;
    put_three();
    world_sent(0);
    world_time(start_ms + w.settings.timeout_ms - 1);
    expect_nothing(3, 0);
    world_time(start_ms + w.settings.timeout_ms);
    expect_nothing(0, 3);
    ck_assert_uint_eq(w.engine.servers[0].tally.timeouts, 1);
    world_end();
}
END_TEST

/* An empty value may be a stub where there are such, and then an operation asks; where nobody could
 * tell it is a value. */
START_TEST(empty_values)
{
    begin_classic(_i == 0 ? "VERSION 1.6.18\r\n" : NULL);
    put_three();
    world_sent(0);
    world_say(0, "VALUE a 0 0\r\n\r\nVALUE b 1835233356 0\r\n\r\nVALUE c 5 0\r\n\r\nEND\r\n");
    if (_i == 1)
        expect_value(0, "");
    expect_value(2, "");
    expect_nothing(0, _i == 0 ? 2 : 1);
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_OPEN);
    world_end();
}
END_TEST

/* Meanwhile it was heard that it has missed writes: neither its values nor its misses count. */
START_TEST(what_a_server_that_stands_says_is_lost)
{
    begin_classic(NULL);
    put_three();
    world_sent(0);
    w.engine.servers[0].missed_on = 0;
    world_say(0, "VALUE b 0 1\r\nx\r\nEND\r\n");
    expect_nothing(0, 3);
    ck_assert_uint_eq(w.engine.servers[0].link.pending_count, 0);
    w.engine.servers[0].missed_on = -1;
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("convoy, classic");
    TCase *all = tcase_create("convoy, classic");
    tcase_add_test(all, one_line_for_all);
    tcase_add_test(all, in_any_order);
    tcase_add_test(all, cut_at_every_byte);
    tcase_add_test(all, lines_have_an_end);
    tcase_add_test(all, an_error_is_for_the_rest);
    tcase_add_loop_test(all, a_mix_up_loses_all, 0, 5);
    tcase_add_test(all, a_connection_that_is_lost);
    tcase_add_test(all, silence_ends);
    tcase_add_loop_test(all, empty_values, 0, 2);
    tcase_add_test(all, what_a_server_that_stands_says_is_lost);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

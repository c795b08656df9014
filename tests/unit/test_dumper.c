/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of all keys of a server, over a connection of its own. */
#include "engine/dumper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

#define REQUEST "lru_crawler metadump hash\r\n"

/* The connection for dumps is the last line: behind the two servers. */
enum { LINE = 2 };

static mcp__dump_line line;
static mcp__outcome_status outcome;

static void
begin(uint32_t server)
{
    world_defaults();
    world_keep_record();
    world_begin(1, 1);
    ck_assert(!mcp__dumper_is_busy(&w.engine));
    mcp__dumper_begin(&w.engine, server);
    ck_assert(mcp__dumper_is_busy(&w.engine));
    expect_wishes("2:open");
    ck_assert_uint_eq(w.engine.servers[LINE].address, server);
}

static void
begin_stream(void)
{
    begin(1);
    world_open(LINE); /* it is asked for its version, and nothing is put on record about it */
    ck_assert_int_eq(mcp__dumper_next(&w.engine, &line, &outcome), 0);
    expect_sent(LINE, REQUEST);
    world_wishes();
}

/* The next line is about this key. */
static void
gives(const char *key)
{
    ck_assert_int_eq(mcp__dumper_next(&w.engine, &line, &outcome), 1);
    ck_assert_uint_eq(line.key.len, strlen(key));
    ck_assert_mem_eq(line.key.bytes, key, strlen(key));
}

static void
nothing_yet(void)
{
    ck_assert_int_eq(mcp__dumper_next(&w.engine, &line, &outcome), 0);
}

/* Looks that are late, and not the last. */
static void
in_vain(void)
{
    for (int i = 0; i < 4; i++)
        nothing_yet();
}

/* It is over; its connection is reset, and another one can be begun. */
static void
is_over(mcp__outcome_status expected)
{
    ck_assert_int_eq(mcp__dumper_next(&w.engine, &line, &outcome), -1);
    ck_assert_int_eq(outcome, expected);
    ck_assert(!mcp__dumper_is_busy(&w.engine));
    ck_assert_int_eq(w.engine.servers[LINE].link.state, MCP__LINK_CLOSED);
    mcp__dumper_begin(&w.engine, 0);
    ck_assert_ptr_nonnull(strstr(world_wishes(), "open"));
    mcp__dumper_end(&w.engine);
    world_end();
}

START_TEST(keys_in_any_pieces)
{
    static const char text[] = "OK\r\n"
                               "key=one exp=-1 la=1 cas=2 fetch=no cls=1 size=70\n"
                               "key=a%20b%25 exp=1800000000 la=1 cas=3 fetch=yes cls=1 size=70\n"
                               "END\r\n";
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        int n = 0, more = 0;
        begin_stream();
        for (size_t at = 0; at < sizeof text - 1; at += piece) {
            size_t left = sizeof text - 1 - at;
            world_say_bytes(LINE, text + at, left < piece ? left : piece);
            while ((more = mcp__dumper_next(&w.engine, &line, &outcome)) > 0) {
                ck_assert_uint_eq(line.key.len, n == 0 ? 3 : 4);
                ck_assert_mem_eq(line.key.bytes, n == 0 ? "one" : "a b%", line.key.len);
                n++;
            }
        }
        ck_assert_int_eq(n, 2);
        ck_assert_int_eq(more, -1);
        ck_assert_int_eq(outcome, MCP__OUTCOME_DONE);
        world_end();
    }
}
END_TEST

/* More than fits into the buffer at once. */
START_TEST(very_many_keys)
{
    static char text[100 * 60];
    int n = 0;
    begin_stream();
    for (int block = 0; block < 100; block++) {
        size_t used = 0;
        for (int i = 0; i < 100; i++)
            used += (size_t)snprintf(text + used, sizeof text - used,
                                     "key=k%05d exp=-1 la=1 cas=2 cls=1 size=7\n", block * 100 + i);
        world_say_bytes(LINE, text, used);
        for (int i = 0; i < 100; i++) {
            char key[16];
            snprintf(key, sizeof key, "k%05d", n++);
            gives(key);
        }
        nothing_yet();
    }
    world_say(LINE, "END\r\n");
    is_over(MCP__OUTCOME_DONE);
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        const char *text;
        mcp__outcome_status outcome;
    } rows[] = {
        {"BUSY currently processing crawler request\r\n", MCP__OUTCOME_BUSY},
        {"ERROR metadump not allowed\r\n", MCP__OUTCOME_UNABLE},
        {"ERROR\r\n", MCP__OUTCOME_UNABLE},
        {"CLIENT_ERROR lru crawler disabled\r\n", MCP__OUTCOME_UNABLE},
        {"VALUE something else\r\n", MCP__OUTCOME_UNABLE},
        {"END\r\n", MCP__OUTCOME_DONE}, /* an empty server */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_stream();
        world_say(LINE, rows[i].text);
        is_over(rows[i].outcome);
    }
}
END_TEST

START_TEST(no_connection)
{
    begin(1);
    world_break(LINE, ECONNREFUSED);
    is_over(MCP__OUTCOME_FAILED);
    begin(1);
    nothing_yet();
    world_time(w.now_ms + 500);
    in_vain();
    is_over(MCP__OUTCOME_FAILED);
}
END_TEST

START_TEST(it_breaks_in_the_middle)
{
    begin_stream();
    world_say(LINE, "key=one exp=-1 la=1 cas=2 cls=1 size=7\nkey=tw");
    gives("one");
    nothing_yet();
    world_break(LINE, ECONNRESET);
    is_over(MCP__OUTCOME_FAILED);
}
END_TEST

/* Silence for a timeout, counted from the last thing that was said. */
START_TEST(it_falls_silent)
{
    begin_stream();
    for (int i = 0; i < 5; i++) {
        world_time(w.now_ms + 400);
        world_say(LINE, "key=one exp=-1 la=1 cas=2 cls=1 size=7\n");
        gives("one");
    }
    world_time(w.now_ms + 499);
    nothing_yet();
    world_time(w.now_ms + 1);
    in_vain();
    is_over(MCP__OUTCOME_FAILED);
}
END_TEST

/* Who looks late finds what has come in time. */
START_TEST(a_late_look)
{
    begin_stream();
    world_say(LINE, "key=one exp=-1 la=1 cas=2 cls=1 size=7\nEND\r\n");
    world_time(w.now_ms + 5000);
    gives("one");
    is_over(MCP__OUTCOME_DONE);
}
END_TEST

/* The servers' own connections and states have nothing to do with it. */
/* Whoever calls only every few seconds sees one step of it each time. */
START_TEST(seldom_looks)
{
    begin(1);
    for (int i = 0; i < 2; i++) {
        world_time(w.now_ms + 5000);
        nothing_yet();
    }
    world_open(LINE);
    world_time(w.now_ms + 5000);
    nothing_yet();
    expect_sent(LINE, REQUEST);
    world_time(w.now_ms + 5000);
    nothing_yet();
    world_say(LINE, "key=one exp=-1 la=1 cas=2 cls=1 size=7\n");
    world_time(w.now_ms + 5000);
    gives("one");
    world_say(LINE, "END\r\n");
    is_over(MCP__OUTCOME_DONE);
}
END_TEST

START_TEST(nobody_else_notices)
{
    begin_stream();
    world_break(LINE, ECONNRESET);
    for (uint32_t s = 0; s < 2; s++) {
        ck_assert_int_eq(world_state(s), MCP_STATE_UP);
        ck_assert_uint_eq(w.engine.servers[s].tally.errors, 0);
    }
    is_over(MCP__OUTCOME_FAILED);
}
END_TEST

START_TEST(broken_off)
{
    for (int at = 0; at < 3; at++) {
        begin(1);
        if (at > 0)
            world_open(LINE);
        if (at > 1) {
            nothing_yet();
            world_say(LINE, "key=one exp=-1 la=1 cas=2 cls=1 size=7\nkey=tw");
        }
        mcp__dumper_end(&w.engine);
        ck_assert(!mcp__dumper_is_busy(&w.engine));
        ck_assert_ptr_nonnull(strstr(world_wishes(), "2:reset"));
        mcp__dumper_end(&w.engine); /* twice is once */
        expect_wishes("");
        world_end();
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dumper");
    TCase *all = tcase_create("dumper");
    tcase_set_timeout(all, 60); /* keys_in_any_pieces under valgrind */
    tcase_add_test(all, keys_in_any_pieces);
    tcase_add_test(all, very_many_keys);
    tcase_add_test(all, refusals);
    tcase_add_test(all, no_connection);
    tcase_add_test(all, it_breaks_in_the_middle);
    tcase_add_test(all, it_falls_silent);
    tcase_add_test(all, a_late_look);
    tcase_add_test(all, seldom_looks);
    tcase_add_test(all, nobody_else_notices);
    tcase_add_test(all, broken_off);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The lines of a log: which are kept, in which order, what they say, and that each is one line. */
#include "engine/diary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

static mcp__log book;

static void
begin(mcp_log_level most)
{
    world_defaults();
    world_begin(1, 1);
    memset(&book, 0, sizeof book);
    book.most = (uint8_t)most;
    w.engine.log = &book;
}

static void
expect_line(mcp_log_level level, int server, const char *text)
{
    mcp__log_line line;
    ck_assert(mcp__log_take(&book, &line));
    ck_assert_str_eq(line.text, text);
    ck_assert_int_eq(line.level, level);
    ck_assert_int_eq(line.server, server);
}

static void
expect_no_line(void)
{
    mcp__log_line line;
    ck_assert_msg(!mcp__log_take(&book, &line), "there is \"%s\"", line.text);
}

static const char *
name_of(uint32_t server)
{
    return w.engine.servers[server].spec->name;
}

static const char *
with_name(uint32_t server, const char *text)
{
    static char line[200];
    snprintf(line, sizeof line, "%s: %s", name_of(server), text);
    return line;
}

START_TEST(only_wanted_levels)
{
    begin(MCP_LOG_WARNING);
    mcp__diary_note(&w.engine, MCP_LOG_INFO, MCP__NO_SERVER, "too small");
    mcp__diary_note(&w.engine, MCP_LOG_WARNING, MCP__NO_SERVER, "one");
    mcp__diary_note(&w.engine, MCP_LOG_ERROR, 1, "two %d", 2);
    expect_line(MCP_LOG_WARNING, -1, "one");
    expect_line(MCP_LOG_ERROR, 1, with_name(1, "two 2"));
    expect_no_line();
    w.engine.log = NULL;
    mcp__diary_note(&w.engine, MCP_LOG_ERROR, 0, "nobody reads it");
    expect_no_line();
    world_end();
}
END_TEST

/* Those that came first are kept, and it is said how many there were behind them. */
START_TEST(too_many_are_counted)
{
    begin(MCP_LOG_DEBUG);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MCP__LOG_MAX + 7; i++)
            mcp__diary_note(&w.engine, MCP_LOG_INFO, MCP__NO_SERVER, "%d", i);
        for (int i = 0; i < MCP__LOG_MAX; i++) {
            char text[20];
            snprintf(text, sizeof text, "%d", i);
            expect_line(MCP_LOG_INFO, -1, text);
        }
        expect_line(MCP_LOG_WARNING, -1, "7 lines were lost here: too many for one call");
        expect_no_line();
    }
    world_end();
}
END_TEST

START_TEST(one_line_whatever_is_said)
{
    char longest[600];
    mcp__log_line line;
    begin(MCP_LOG_DEBUG);
    mcp__diary_note(&w.engine, MCP_LOG_INFO, MCP__NO_SERVER, "a\r\nb\tc\x7f%s",
                    "\033[31md\xc3\xa9");
    expect_line(MCP_LOG_INFO, -1, "a..b.c..[31md\xc3\xa9");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    mcp__diary_note(&w.engine, MCP_LOG_INFO, 0, "%s", longest);
    ck_assert(mcp__log_take(&book, &line));
    ck_assert_uint_eq(strlen(line.text), sizeof line.text - 1);
    world_end();
}
END_TEST

/* Every kind of event has its words, and both servers' names where there are two. */
START_TEST(every_event_is_a_line)
{
    begin(MCP_LOG_DEBUG);
    for (int kind = MCP_EVENT_STATE; kind <= MCP_EVENT_SERVER_TWICE; kind++) {
        mcp__log_line line;
        mcp__news_item item = {.kind = (uint8_t)kind,
                               .state = MCP_STATE_DOWN,
                               .server = 0,
                               .partner = 1,
                               .why = "because"};
        mcp__diary_event(&w.engine, &item);
        ck_assert(mcp__log_take(&book, &line));
        ck_assert_int_eq(line.server, 0);
        ck_assert_int_le(line.level, MCP_LOG_INFO);
        size_t name_len = strlen(name_of(0));
        ck_assert_int_eq(strncmp(line.text, name_of(0), name_len), 0);
        ck_assert_msg(strlen(line.text) > name_len + strlen(": : because") + 4, "%s", line.text);
        ck_assert_ptr_nonnull(strstr(line.text, ": because"));
        ck_assert_ptr_null(strchr(line.text, '%'));
        int names_both = kind == MCP_EVENT_MARKED || kind == MCP_EVENT_MARK_SEEN ||
                         kind == MCP_EVENT_MARK_GONE || kind == MCP_EVENT_RECORD_LOST;
        ck_assert_int_eq(strstr(line.text, name_of(1)) != NULL, names_both);
        expect_no_line();
        ck_assert(mcp__news_take(&w.engine.news, &item)); /* and is news all the same */
    }
    world_end();
}
END_TEST

START_TEST(states_in_words)
{
    begin(MCP_LOG_DEBUG);
    mcp__diary_state(&w.engine, 1, -1, MCP_STATE_UP, MCP_STATE_UP, "nothing");
    expect_no_line();
    mcp__diary_state(&w.engine, 1, -1, MCP_STATE_UP, MCP_STATE_SUSPECT, "no answer");
    expect_line(MCP_LOG_WARNING, 1, with_name(1, "up -> suspect: no answer"));
    mcp__diary_state(&w.engine, 1, -1, MCP_STATE_RECOVERING, MCP_STATE_UP, "");
    expect_line(MCP_LOG_INFO, 1, with_name(1, "recovering -> up"));
    world_end();
}
END_TEST

/* What becomes of one server's connection, told by the engine itself. */
START_TEST(a_connections_life)
{
    begin(MCP_LOG_INFO);
    mcp__task *task = world_ask(MCP_GET);
    world_wishes();
    world_open(0);
    expect_line(MCP_LOG_INFO, 0, with_name(0, "connected, memcached 1.6.18"));
    expect_no_line();
    world_wishes();
    world_sent(0);
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_break(0, 0); /* while nothing was under way */
    expect_line(MCP_LOG_INFO, 0, with_name(0, "connection lost: connection: closed by the server"));
    expect_no_line();
    task = world_ask(MCP_GET);
    world_wishes();
    world_break(0, ECONNREFUSED);
    expect_line(MCP_LOG_WARNING, 0, with_name(0, "no connection: connect: Connection refused"));
    expect_line(MCP_LOG_WARNING, 0, with_name(0, "up -> down: connect: Connection refused"));
    expect_no_line();
    world_wishes();
    world_open(1);
    expect_line(MCP_LOG_INFO, 1, with_name(1, "connected, memcached 1.6.18"));
    world_wishes();
    world_sent(1);
    world_say(1, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

/* A server that is down is probed again and again, and each time it is the same. */
START_TEST(what_is_known_is_not_told_again)
{
    begin(MCP_LOG_INFO);
    w.request.server = 0;
    mcp__task *task = world_ask(MCP_PING);
    world_wishes();
    world_break(0, ECONNREFUSED);
    ck_assert_int_lt(world_result(task).status, MCP_OK);
    expect_line(MCP_LOG_WARNING, 0, with_name(0, "no connection: connect: Connection refused"));
    expect_line(MCP_LOG_WARNING, 0, with_name(0, "up -> down: connect: Connection refused"));
    world_wishes();
    for (int i = 0; i < 5; i++) {
        world_time(w.now_ms + 60000);
        expect_wishes("0:open");
        world_break(0, ECONNREFUSED);
        world_wishes();
    }
    expect_no_line();
    world_end();
}
END_TEST

/* Only who asks for it reads keys, and these hold nothing that a terminal would act upon. */
START_TEST(keys_are_escaped)
{
    mcp__log_line line;
    begin(MCP_LOG_DEBUG);
    w.settings.encodes_keys = 1;
    w.request.key = "\x1b[2J\xff key";
    w.request.key_len = 9;
    mcp__task *task = world_ask(MCP_GET);
    world_wishes();
    world_break(0, ECONNREFUSED);
    world_wishes();
    world_break(1, ECONNREFUSED);
    world_wishes();
    ck_assert_int_lt(world_result(task).status, MCP_OK);
    int n_keys = 0;
    while (mcp__log_take(&book, &line)) {
        n_keys += strstr(line.text, "key \"\\x1b[2J\\xff key\": ") != NULL;
        ck_assert_ptr_null(strchr(line.text, '\x1b'));
    }
    ck_assert_int_eq(n_keys, 1);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("diary");
    TCase *all = tcase_create("diary");
    tcase_add_test(all, only_wanted_levels);
    tcase_add_test(all, too_many_are_counted);
    tcase_add_test(all, one_line_whatever_is_said);
    tcase_add_test(all, every_event_is_a_line);
    tcase_add_test(all, states_in_words);
    tcase_add_test(all, a_connections_life);
    tcase_add_test(all, what_is_known_is_not_told_again);
    tcase_add_test(all, keys_are_escaped);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

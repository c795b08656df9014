/* SPDX-License-Identifier: BSD-3-Clause */
/* What servers say about themselves and each other: epochs that are decided, and what is told. */
#include "engine/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/debts.h"
#include "engine/line.h"
#include "world.h"

#define NO_EPOCH "EN O@\r\n"

/* ---- news as text ---- */

static const char *
kind_of(uint8_t kind)
{
    static const char *const names[] = {
        [MCP_EVENT_STATE] = "state",           [MCP_EVENT_MARKED] = "marked",
        [MCP_EVENT_MARK_SEEN] = "seen",        [MCP_EVENT_MARK_GONE] = "gone",
        [MCP_EVENT_RESTARTED] = "restarted",   [MCP_EVENT_FLUSHED] = "flushed",
        [MCP_EVENT_FILLED] = "filled",         [MCP_EVENT_RECORD_LOST] = "lost",
        [MCP_EVENT_OTHER_LIST] = "other-list", [MCP_EVENT_OTHER_FORMAT] = "other-format",
        [MCP_EVENT_CUT_OFF] = "cut-off",       [MCP_EVENT_SERVER_TWICE] = "twice",
    };
    return names[kind];
}

/* All that is to be told: "seen 0 on 1, state 0 up>recovering". It is taken. */
static const char *
news(void)
{
    static const char *const states[] = {"up",      "suspect",    "down",
                                         "probing", "recovering", "warming"};
    static char text[500];
    mcp__news_item item;
    size_t used = 0;
    text[0] = '\0';
    while (mcp__news_take(&w.engine.news, &item)) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %d", used > 0 ? ", " : "",
                                 kind_of(item.kind), item.server);
        if (item.kind == MCP_EVENT_STATE)
            used += (size_t)snprintf(text + used, sizeof text - used, " %s>%s", states[item.before],
                                     states[item.state]);
        else if (item.partner >= 0)
            used += (size_t)snprintf(text + used, sizeof text - used, " on %d", item.partner);
    }
    return text;
}
#define expect_news(words) ck_assert_str_eq(news(), words)

/* ---- a pair that is being connected ---- */

static void
begin(void)
{
    world_defaults();
    world_keep_record();
    world_begin(1, 1);
    ck_assert_ptr_nonnull(world_ask(MCP_TOUCH)); /* opens both */
    world_wishes();
}

/* What it says to "stats": when it started, by its own clock, and how often it was flushed. */
static void
say_stats(uint32_t server, int64_t now, int64_t uptime, int flushes)
{
    char text[200];
    snprintf(text, sizeof text,
             "STAT pid 17\r\nSTAT uptime %lld\r\nSTAT time %lld\r\nSTAT cmd_flush %d\r\nEND\r\n",
             (long long)uptime, (long long)now, flushes);
    world_say(server, text);
}

/* It has no epoch: it is asked why, and the call that waits has its marks read. */
static void
open_without_epoch(uint32_t server)
{
    world_open_saying(server, NO_EPOCH, WORLD_NOTHING);
    expect_sent(server, "stats\r\nmg mcp:s O@ v f c\r\n");
}

/* An epoch that was made at this time. */
static void
open_with_epoch(uint32_t server, char state, int64_t made)
{
    char text[40], reply[80];
    int len = snprintf(text, sizeof text, "%c 17 900 00c0ffee 700 %lld", state, (long long)made);
    snprintf(reply, sizeof reply, "VA %d O@ f1 c7\r\n%s\r\n", len, text);
    world_open_saying(server, reply, WORLD_NOTHING);
    world_sent(server);
    world_say(server, WORLD_NOTHING);
}

static void
stores(uint32_t server, const char *text)
{
    char command[160];
    snprintf(command, sizeof command, "ms mcp:e %zu O@ F1 ME c\r\n%s\r\n", strlen(text), text);
    const char *sent = world_sent(server);
    ck_assert_msg(strncmp(sent, command, strlen(command)) == 0, "\"%s\" instead of \"%s\"", sent,
                  command);
}

static void
end(void)
{
    mcp__drive_abandon(&w.engine, w.now_ms);
    world_end();
}

/* ---- epochs ---- */

/* Nobody has one: a new pool, and nothing is refilled. It cannot be said before both are heard. */
START_TEST(a_new_pool)
{
    begin();
    open_without_epoch(0);
    say_stats(0, 1005, 5, 0);
    ck_assert_int_eq(w.engine.servers[0].ledger.epoch, MCP__EPOCH_MISSING);
    expect_sent(0, "");
    open_without_epoch(1);
    say_stats(1, 1006, 2, 0);
    stores(0, "R 17 1000 00c0ffee 700 1005");
    stores(1, "R 17 1004 00c0ffee 700 1006");
    for (uint32_t s = 0; s < 2; s++)
        ck_assert_int_eq(w.engine.servers[s].ledger.epoch, MCP__EPOCH_READY);
    expect_news("");
    ck_assert(!w.engine.wants_chores);
    end();
}
END_TEST

/* Two primaries and their backup are new, and one primary answers late: it is as new as the
 * others, whose epochs were just made. Started two seconds later it has restarted since. */
START_TEST(a_new_pool_one_of_which_is_late)
{
    static const struct {
        int64_t now;
        int epoch;
        const char *epoch_text;
    } cases[] = {
        {1005, MCP__EPOCH_READY, "R 17 1003 00c0ffee 700 1005"},
        {1006, MCP__EPOCH_READY, "R 17 1004 00c0ffee 700 1006"},
        {1007, MCP__EPOCH_WARMING, "W 17 1005 00c0ffee 700 1007"},
    };
    for (size_t i = 0; i < 3; i++) {
        world_defaults();
        world_keep_record();
        world_begin(2, 1);
        for (size_t k = 0; k < 4; k++) { /* keys of both primaries */
            w.request.key = &"abcd"[k];
            w.request.key_len = 1;
            ck_assert_ptr_nonnull(world_ask(MCP_TOUCH));
        }
        expect_wishes("1:open 2:open 0:open");
        for (uint32_t s = 0; s < 3; s += 2) {
            world_open_saying(s, NO_EPOCH, WORLD_NOTHING);
            world_sent(s);
            say_stats(s, 1005, 2, 0);
        }
        ck_assert_int_eq(w.engine.servers[2].ledger.epoch, MCP__EPOCH_READY);
        world_open_saying(1, NO_EPOCH, WORLD_NOTHING);
        world_sent(1);
        say_stats(1, cases[i].now, 2, 0);
        ck_assert_int_eq(w.engine.servers[1].ledger.epoch, cases[i].epoch);
        stores(1, cases[i].epoch_text);
        end();
    }
}
END_TEST

/* Its partner knows better: when that one's epoch was made this server was not there yet. */
START_TEST(it_has_restarted)
{
    for (int first = 0; first < 2; first++) {
        begin();
        if (first == 0) {
            open_without_epoch(0);
            say_stats(0, 1005, 5, 0);
            open_with_epoch(1, 'R', 901);
        } else {
            open_with_epoch(1, 'R', 901);
            open_without_epoch(0);
            say_stats(0, 1005, 5, 0);
        }
        ck_assert_int_eq(w.engine.servers[0].ledger.epoch, MCP__EPOCH_WARMING);
        stores(0, "W 17 1000 00c0ffee 700 1005");
        expect_news("restarted 0, state 0 up>warming");
        ck_assert(w.engine.wants_chores);
        end();
    }
}
END_TEST

START_TEST(it_was_flushed_on_purpose)
{
    begin();
    open_with_epoch(1, 'R', 901);
    open_without_epoch(0);
    say_stats(0, 1005, 5, 3);
    ck_assert_int_eq(w.engine.servers[0].ledger.epoch, MCP__EPOCH_READY);
    stores(0, "R 17 1000 00c0ffee 700 1005");
    expect_news("flushed 0");
    ck_assert(!w.engine.wants_chores);
    end();
}
END_TEST

/* Flushed, and the partner is away: that needs no second opinion. */
START_TEST(flushed_and_alone)
{
    begin();
    open_without_epoch(0);
    say_stats(0, 1005, 5, 1);
    ck_assert_int_eq(w.engine.servers[0].ledger.epoch, MCP__EPOCH_READY);
    stores(0, "R 17 1000 00c0ffee 700 1005");
    end();
}
END_TEST

/* The partner's was made while this one lived: only the item is gone. The clocks are read to the
 * second. */
START_TEST(its_epoch_was_evicted)
{
    static const struct {
        int64_t made;
        int restarted;
    } rows[] = {{999, 1}, {1000, 1}, {1002, 1}, {1003, 0}, {5000, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        open_with_epoch(1, 'R', rows[i].made);
        open_without_epoch(0);
        say_stats(0, 1500, 500, 0);
        ck_assert_int_eq(w.engine.servers[0].ledger.epoch,
                         rows[i].restarted ? MCP__EPOCH_WARMING : MCP__EPOCH_READY);
        end();
    }
}
END_TEST

/* It has come back empty, and this client is the one who says so. */
static void
begin_deciding(void)
{
    begin();
    open_with_epoch(1, 'R', 901);
    open_without_epoch(0);
    say_stats(0, 1005, 5, 0);
    stores(0, "W 17 1000 00c0ffee 700 1005");
}

/* Another client was faster: what it said counts. */
START_TEST(somebody_decided_before)
{
    begin_deciding();
    world_say(0, WORLD_NOTHING "NS O@\r\n"); /* the call's marks first */
    ck_assert_ptr_nonnull(strstr(world_sent(0), "mg mcp:e O@ v f c\r\n"));
    end();
}
END_TEST

START_TEST(we_decided)
{
    begin_deciding();
    world_say(0, WORLD_NOTHING "HD O@ c55\r\n");
    ck_assert_uint_eq(w.engine.servers[0].ledger.epoch_unique, 55);
    end();
}
END_TEST

/* H of the pool is that of its slowest client. */
START_TEST(the_hold_of_the_pool)
{
    begin();
    mcp__drive_connected(&w.engine, 0, w.now_ms);
    world_sent(0);
    world_say(0, "VERSION 1.6.18\r\nVA 25 O@ f1 c7\r\nR 17 900 00c0ffee 650 901\r\n");
    expect_sent(0, "ms mcp:e 25 O@ F1 C7 c\r\nR 17 900 00c0ffee 700 901\r\n");
    world_say(0, WORLD_NOTHING);
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_GREETING); /* first it is raised */
    world_say(0, "HD O@ c8\r\n");
    ck_assert_int_eq(w.engine.servers[0].link.state, MCP__LINK_OPEN);
    ck_assert_uint_eq(w.engine.servers[0].ledger.epoch_item.hold_ms, 700);
    world_open_saying(1, "VA 25 O@ f1 c7\r\nR 17 900 00c0ffee 950 901\r\n", WORLD_NOTHING);
    ck_assert_ptr_null(strstr(world_sent(1), "ms mcp:e"));
    ck_assert_uint_eq(w.engine.servers[1].ledger.epoch_item.hold_ms, 950);
    end();
}
END_TEST

/* Where clients do not agree about the servers, it is told once; or nothing is done at all. */
START_TEST(another_list_of_servers)
{
    for (int refuses = 0; refuses < 2; refuses++) {
        begin();
        w.engine.settings.promise.refuses_skew = (uint8_t)refuses;
        world_open_saying(0, "VA 25 O@ f1 c7\r\nR 17 900 0badcafe 700 901\r\n", WORLD_NOTHING);
        expect_news("other-list 0");
        world_break(0, ECONNRESET);
        world_open(0);
        expect_news("");
        mcp__drive_abandon(&w.engine, w.now_ms);
        mcp__task *task = world_ask(MCP_GET);
        ck_assert_int_eq(task->is_finished, refuses);
        if (refuses)
            ck_assert_int_eq(world_result(task).status, MCP_REFUSED);
        end();
    }
}
END_TEST

/* What can do without meta commands keeps no record: it is not refilled either. */
START_TEST(an_old_server)
{
    begin();
    mcp__drive_connected(&w.engine, 0, w.now_ms);
    world_sent(0);
    world_say(0, "VERSION 1.4.39\r\nERROR\r\nERROR\r\n");
    ck_assert_int_eq(w.engine.servers[0].ledger.epoch, MCP__EPOCH_READY);
    end();
}
END_TEST

/* A connection that stands while the epoch vanishes: flushed, or evicted; it is asked why. */
START_TEST(an_epoch_that_vanishes)
{
    begin();
    open_with_epoch(0, 'R', 901);
    open_with_epoch(1, 'R', 901);
    world_sent(0);
    world_sent(1);
    mcp__reply gone = {.kind = MCP__REPLY_MISS, .ttl = -1};
    mcp__record_answer(&w.engine, &w.engine.servers[0], MCP__ASK_EPOCH, &gone, w.now_ms);
    ck_assert_int_eq(w.engine.servers[0].ledger.epoch, MCP__EPOCH_MISSING);
    expect_sent(0, "stats\r\n");
    end();
}
END_TEST

START_TEST(another_client_filled_it)
{
    begin();
    open_with_epoch(0, 'W', 901);
    expect_news("state 0 up>warming");
    mcp__drive_abandon(&w.engine, w.now_ms);
    w.now_ms += 300;
    world_ask(MCP_TOUCH);
    open_with_epoch(0, 'R', 901);
    expect_news("filled 0, state 0 warming>up");
    end();
}
END_TEST

/* ---- marks ---- */

/* The backup's marks are heard. */
static void
hear_marks(const char *text)
{
    static uint64_t cas_count = 100;
    mcp__reply reply = {.kind = text != NULL ? MCP__REPLY_VALUE : MCP__REPLY_MISS,
                        .flags = MCP__MARKS_FORMAT,
                        .cas = text != NULL ? ++cas_count : 0,
                        .ttl = -1,
                        .value = {text, text != NULL ? strlen(text) : 0}};
    mcp__record_marks(&w.engine, &w.engine.servers[1], &reply, w.now_ms);
}

static const char *
mark(unsigned inc8)
{
    static char text[40];
    snprintf(text, sizeof text, "%08x=%08x;", w.engine.servers[0].ledger.id8, inc8);
    return text;
}

static void
begin_open(void)
{
    begin();
    open_with_epoch(0, 'R', 901);
    open_with_epoch(1, 'R', 901);
    world_wishes();
    expect_news("");
}

START_TEST(marks_come_and_go)
{
    begin_open();
    hear_marks(mark(1));
    expect_news("seen 0 on 1, state 0 up>recovering");
    ck_assert(w.engine.wants_chores);
    hear_marks(mark(1));
    hear_marks(mark(2)); /* another incarnation is no news to an operator */
    expect_news("");
    hear_marks("");
    expect_news("gone 0 on 1, state 0 recovering>up");
    hear_marks(NULL);
    expect_news("");
    end();
}
END_TEST

START_TEST(a_mark_of_our_own)
{
    begin_open();
    w.engine.marking = &w.engine.servers[0];
    hear_marks(mark(1));
    w.engine.marking = NULL;
    expect_news("marked 0 on 1, state 0 up>recovering");
    end();
}
END_TEST

/* Servers that no key shares with this one, and those that we do not know, are nobody's business.
 */
START_TEST(marks_of_others)
{
    begin_open();
    hear_marks("12345678=00000001;");
    expect_news("");
    char own[40];
    snprintf(own, sizeof own, "%08x=00000001;", w.engine.servers[1].ledger.id8);
    hear_marks(own);
    expect_news("");
    end();
}
END_TEST

/* An answer that is none: what was last known holds. */
START_TEST(a_failed_question)
{
    begin_open();
    hear_marks(mark(1));
    expect_news("seen 0 on 1, state 0 up>recovering");
    mcp__reply full = {.kind = MCP__REPLY_SERVER_ERROR, .ttl = -1};
    mcp__record_marks(&w.engine, &w.engine.servers[1], &full, w.now_ms);
    ck_assert_int_eq(w.engine.servers[0].missed_on, 1);
    expect_news("");
    end();
}
END_TEST

START_TEST(marks_of_another_format)
{
    begin_open();
    mcp__reply reply = {.kind = MCP__REPLY_VALUE,
                        .flags = MCP__MARKS_FORMAT + 1,
                        .cas = 9,
                        .ttl = -1,
                        .value = {"?", 1}};
    mcp__record_marks(&w.engine, &w.engine.servers[1], &reply, w.now_ms);
    expect_news("other-format 1, seen 0 on 1, state 0 up>recovering");
    end();
}
END_TEST

/* ---- cut off ---- */

/* The primary is down for us; each time we mark it somebody else repairs it. */
static void
cleared(int times, int64_t apart_ms)
{
    for (int i = 0; i < times; i++) {
        w.now_ms += apart_ms;
        w.engine.now_ms = w.now_ms;
        hear_marks(mark((unsigned)i));
        hear_marks("");
    }
}

static void
begin_down(void)
{
    begin();
    open_with_epoch(1, 'R', 901);
    world_break(0, ECONNREFUSED);
    world_wishes();
    news();
}

/* It says the same about itself as before, and counts from further back: an old picture of its
 * memory. It stands, also while its partner has nothing on record yet. But one that came back empty
 * counts from the beginning, and that is known already. */
START_TEST(an_old_picture_of_its_memory)
{
    mcp__reply number = {.kind = MCP__REPLY_DONE, .cas = 101}, nothing = {.kind = MCP__REPLY_MISS};
    for (int is_empty = 0; is_empty < 2; is_empty++) {
        begin();
        world_open(0);
        world_open(1);
        (void)news();
        mcp__server *server = &w.engine.servers[0];
        number.cas = server->top_cas = 101;
        mcp__record_answer(&w.engine, server, MCP__ASK_NUMBER, &number, w.now_ms);
        if (is_empty)
            mcp__record_answer(&w.engine, server, MCP__ASK_EPOCH, &nothing, w.now_ms + 1);
        expect_news("");
        number.cas = 50;
        mcp__record_answer(&w.engine, server, MCP__ASK_NUMBER, &number, w.now_ms + 1);
        expect_news(is_empty ? "" : "lost 0 on 1, seen 0 on 1, state 0 up>recovering");
        ck_assert_int_eq(mcp__debts_any(&w.engine), !is_empty);
        mcp__record_marks(&w.engine, &w.engine.servers[1], &nothing, w.now_ms + 1);
        ck_assert_int_eq(server->missed_on, is_empty ? -1 : 1);
        ck_assert_uint_eq(server->top_cas, 50);
        world_end();
    }
}
END_TEST

START_TEST(only_we_cannot_reach_it)
{
    begin_down();
    cleared(2, 10000);
    ck_assert(!w.engine.servers[0].is_cut_off);
    cleared(1, 10000);
    ck_assert(w.engine.servers[0].is_cut_off);
    ck_assert_ptr_nonnull(strstr(news(), "cut-off 0"));
    cleared(3, 10000); /* told once */
    ck_assert_ptr_null(strstr(news(), "cut-off"));
    end();
}
END_TEST

START_TEST(not_so_often_or_not_away)
{
    begin_down();
    cleared(10, 40000);
    ck_assert(!w.engine.servers[0].is_cut_off);
    end();
    begin_open();
    cleared(10, 1000);
    ck_assert(!w.engine.servers[0].is_cut_off);
    end();
}
END_TEST

START_TEST(cut_off_may_refuse_to_write)
{
    for (int refuses = 0; refuses < 2; refuses++) {
        begin_down();
        w.engine.settings.promise.refuses_cut_off = (uint8_t)refuses;
        cleared(3, 1000);
        mcp__drive_abandon(&w.engine, w.now_ms);
        mcp__task *write = world_ask(MCP_SET);
        ck_assert_int_eq(write->is_finished, refuses);
        if (refuses)
            ck_assert_int_eq(world_result(write).status, MCP_NO_SERVER);
        mcp__task *read = world_ask(MCP_GET);
        ck_assert(!read->is_finished);
        /* Connected again: it is one of many. */
        world_time(w.now_ms + 31000);
        world_open(0);
        ck_assert(!w.engine.servers[0].is_cut_off);
        end();
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("record");
    TCase *all = tcase_create("record");
    tcase_add_test(all, a_new_pool);
    tcase_add_test(all, a_new_pool_one_of_which_is_late);
    tcase_add_test(all, it_has_restarted);
    tcase_add_test(all, it_was_flushed_on_purpose);
    tcase_add_test(all, flushed_and_alone);
    tcase_add_test(all, its_epoch_was_evicted);
    tcase_add_test(all, somebody_decided_before);
    tcase_add_test(all, we_decided);
    tcase_add_test(all, the_hold_of_the_pool);
    tcase_add_test(all, another_list_of_servers);
    tcase_add_test(all, an_old_server);
    tcase_add_test(all, an_epoch_that_vanishes);
    tcase_add_test(all, another_client_filled_it);
    tcase_add_test(all, marks_come_and_go);
    tcase_add_test(all, a_mark_of_our_own);
    tcase_add_test(all, marks_of_others);
    tcase_add_test(all, a_failed_question);
    tcase_add_test(all, marks_of_another_format);
    tcase_add_test(all, only_we_cannot_reach_it);
    tcase_add_test(all, not_so_often_or_not_away);
    tcase_add_test(all, cut_off_may_refuse_to_write);
    tcase_add_test(all, an_old_picture_of_its_memory);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is looked at behind a write, and rides in front of what comes next: straight down or in the
 * general way, what is heard comes to the same.
 */
#include <stdio.h>
#include <string.h>

#include "express_kit.h"

/* What rides is answered in front of the call; found different, it is dealt with behind it. */
START_TEST(checks_ride_in_front)
{
    for (int moved = 0; moved < 2; moved++) {
        begin(&a_set);
        ck_assert(is_taken());
        world_sent(0);
        world_sent(1);
        world_whisper(0, "HD O@ c11\r\n");
        ck_assert(mcp__express_hear(&w.engine, 0));
        world_whisper(1, "EN O@\r\nHD O@ c22\r\n");
        ck_assert(mcp__express_hear(&w.engine, 1));
        mcp__express_finish(&w.engine, NULL);
        ck_assert_uint_eq(w.engine.n_background, 1);
        ck_assert(!mcp__link_has_output(&w.engine.servers[0].link));
        ck_assert(is_taken());
        expect_sent(0, "mg k O@ c\r\nms k 5 O@ T60 c\r\nvalue\r\n");
        expect_sent(1, "mg k O@ c\r\n" MARKS "ms k 5 O@ T60 c\r\nvalue\r\n");
        world_whisper(0, moved ? "HD O@ c12\r\nHD O@ c13\r\n" : "HD O@ c11\r\nHD O@ c13\r\n");
        ck_assert(mcp__express_hear(&w.engine, 0));
        world_whisper(1, "HD O@ c22\r\nEN O@\r\nHD O@ c24\r\n");
        ck_assert(mcp__express_hear(&w.engine, 1));
        mcp__express_finish(&w.engine, NULL);
        ck_assert_uint_eq(w.engine.n_background, moved ? 2 : 1);
        /* Another writer came between: the backup's copy goes if it is still that one. */
        if (moved)
            ck_assert_ptr_nonnull(strstr(world_sent(1), "md k O@ C22\r\n"));
        world_end();
    }
}
END_TEST

/* What both servers answer when the numbers are asked for, in front of what they answer to the next
 * store. '#': the id8 of the primary. */
static const struct {
    const char *name;
    const char *answers[2];
} heard[] = {
    {"as it was", {"HD O@ c12345\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"with more than was asked for", {"HD O@ c12345 s0\r\n", "HD O@ c67890 s0\r\nEN O@\r\n"}},
    {"the primary's moved, its last digit", {"HD O@ c12346\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"its first digit", {"HD O@ c22345\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"a digit more", {"HD O@ c123456\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"a digit less", {"HD O@ c1234\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"the primary's is gone", {"EN O@\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"the backup's moved", {"HD O@ c12345\r\n", "HD O@ c67891\r\nEN O@\r\n"}},
    {"the backup's is gone", {"HD O@ c12345\r\n", "EN O@\r\nEN O@\r\n"}},
    {"both moved", {"HD O@ c99999\r\n", "HD O@ c99999\r\nEN O@\r\n"}},
    {"the primary is marked",
     {"HD O@ c12345\r\n", "HD O@ c67890\r\nVA 18 O@ f1 c9\r\n#=00000001;\r\n"}},
    {"another one is",
     {"HD O@ c12345\r\n", "HD O@ c67890\r\nVA 18 O@ f1 c9\r\n00000007=00000001;\r\n"}},
    {"the primary has no memory",
     {"SERVER_ERROR out of memory\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"the backup has none for the number",
     {"HD O@ c12345\r\n", "SERVER_ERROR out of memory\r\nEN O@\r\n"}},
    {"the backup has none for the marks",
     {"HD O@ c12345\r\n", "HD O@ c67890\r\nSERVER_ERROR out of memory\r\n"}},
    {"another's answer", {"HD O00000000 c12345\r\n", "HD O@ c67890\r\nEN O@\r\n"}},
    {"another's answer for the marks",
     {"HD O@ c12345\r\n", "HD O@ c67890\r\nEN O00000000\r\n"}},
};

/* That, what a backup answers when it is asked for its marks in front of a store, and that. */
static const char *
answers_of(uint32_t server, const char *before, const char *answer)
{
    static char text[200];
    const char *mark = strchr(before, '#');
    size_t len = mark == NULL ? strlen(before) : (size_t)(mark - before);
    char *end = text + sprintf(text, "%.*s", (int)len, before);
    if (mark != NULL)
        end += sprintf(end, "%08x%s", w.engine.servers[0].ledger.id8, mark + 1);
    sprintf(end, "%s%s", server == 1 ? "EN O@\r\n" : "", answer);
    return text;
}

/* A store, with what is answered in front of each copy's own answer. */
static void
store(int is_without, const char *const before[2], const char *const answers[2])
{
    mcp_result result = MCP_RESULT_INIT;
    mcp__task *task = NULL;
    if (is_without)
        ck_assert(is_taken());
    else
        task = world_ask(MCP_SET);
    note_sent();
    for (uint32_t i = 0; i < 2; i++) {
        const char *said = answers_of(i, before[i], answers[i]);
        if (task == NULL) {
            world_whisper(i, said);
            if (mcp__express_hear(&w.engine, (int)i))
                continue;
            task = mcp__express_give_up(&w.engine);
        } else if (w.engine.servers[i].link.state == MCP__LINK_OPEN) {
            world_say(i, said);
        }
    }
    note_sent();
    if (task != NULL) {
        wait_for(task);
        return;
    }
    mcp__express_finish(&w.engine, &result);
    note_sent();
    note_result(&result);
    note_rest();
}

static const char *const no_rider[2] = {"", ""};
static const char *const first[2] = {"HD O@ c12345\r\n", "HD O@ c67890\r\n"};

static void
play_check(int is_without, const char *const answers[2])
{
    static const char *const second[2] = {"HD O@ c100000\r\n", "HD O@ c200000\r\n"};
    begin(&a_set);
    store(is_without, no_rider, first);
    ck_assert_ptr_nonnull(strstr(seen, "status 0 server 0 copies 1 1"));
    ck_assert_uint_eq(w.engine.n_background, 1);
    seen[0] = '\0'; /* its questions have been hastened */
    store(is_without, answers, second);
    note_rest();
    world_end();
}

/* What an operation stored has no echo: that of the check that stood in its place before is not taken
 * for one. */
START_TEST(an_echo_of_another_time)
{
    static const char *const second[2] = {"HD O@ c100000\r\n", "HD O@ c100000\r\n"};
    static const char *const third[2] = {"HD O@ c200000\r\n", "HD O@ c200000\r\n"};
    static const char *const as_first[2] = {"HD O@ c12345\r\n", "HD O@ c67890\r\nEN O@\r\n"};
    begin(&a_set);
    store(1, no_rider, first);
    store(0, as_first, second);
    ck_assert_uint_eq(w.engine.n_background, 1);
    seen[0] = '\0';
    store(1, as_first, third);
    ck_assert_msg(strstr(seen, "md k O@ C100000\r\n") != NULL, "%s", seen);
    world_end();
}
END_TEST

/* Straight down or by the general way: it comes to the same. */
START_TEST(checks_are_heard_alike)
{
    static char with_operation[sizeof seen];
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
        play_check(0, heard[i].answers);
        memcpy(with_operation, seen, sizeof seen);
        play_check(1, heard[i].answers);
        ck_assert_msg(strcmp(seen, with_operation) == 0, "%s\nwith an operation:\n%s\nwithout:\n%s",
                      heard[i].name, with_operation, seen);
    }
}
END_TEST

/* The third delete's answer is read in front of the next call's; then nobody listens any more,
 * which would be a system call for nothing. */
START_TEST(what_is_owed_is_read_in_front)
{
    begin(&a_set);
    w.request.verb = MCP_DELETE;
    ck_assert(is_taken());
    expect_sent(1, MARKS "md k O@\r\n");
    world_whisper(1, "EN O@\r\nHD O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 1));
    mcp__express_go_on(&w.engine);
    expect_sent(0, "md k O@\r\n");
    world_whisper(0, "HD O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 0));
    ck_assert(mcp__express_has_third(&w.engine));
    mcp__express_put_third(&w.engine);
    if (_i == 0) { /* it goes at once, as nearly always, or not */
        expect_sent(1, "md k O@\r\n");
        mcp__express_finish(&w.engine, NULL);
        expect_wishes("");
    } else {
        mcp__express_finish(&w.engine, NULL);
        expect_wishes("1:send");
        expect_sent(1, "md k O@\r\n");
    }
    ck_assert_uint_eq(w.engine.n_background, 1);
    ck_assert_ptr_eq(w.engine.first_busy, &w.engine.servers[1]);
    w.request.verb = MCP_TOUCH;
    ck_assert(is_taken());
    expect_sent(0, "mg k O@ T60\r\n");
    expect_sent(1, MARKS "mg k O@ T60\r\n");
    world_whisper(0, "HD O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 0));
    world_whisper(1, "NF O@\r\nEN O@\r\nHD O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 1));
    mcp__express_finish(&w.engine, NULL);
    ck_assert_uint_eq(w.engine.n_background, 0);
    ck_assert_ptr_null(w.engine.first_busy);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("express_checks");
    TCase *all = tcase_create("express_checks");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, checks_ride_in_front);
    tcase_add_test(all, checks_are_heard_alike);
    tcase_add_test(all, an_echo_of_another_time);
    tcase_add_loop_test(all, what_is_owed_is_read_in_front, 0, 2);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

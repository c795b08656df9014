/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs that keep a record: what rides with other commands, behind a store and behind a delete. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

/* ---- what rides ---- */

/* A verified set: the numbers are asked for together with the next command, not before. */
static void
set_verified(void)
{
    mcp__task *task = world_ask(MCP_SET);
    expect_sent(0, "ms k 0 O@ c\r\n\r\n");
    expect_sent(1, MARKS "ms k 0 O@ c\r\n\r\n"); /* no older view than the set */
    world_say(0, "HD O@ c11\r\n");
    world_say(1, "EN O@\r\nHD O@ c22\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    world_wishes();
}

START_TEST(verification_rides_with_the_next_command)
{
    world_open_pair(1);
    set_verified();
    expect_wishes("");
    ck_assert_uint_eq(w.engine.n_background, 1);
    ck_assert_ptr_null(w.engine.first_busy); /* nobody polls for it */
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:send");
    expect_sent(0, PEEK "mg k O@ v f\r\n");
    world_say(0, "HD O@ c11 s0 f0\r\nVA 2 O@ f0\r\nhi\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    ck_assert_uint_eq(w.engine.n_background, 1); /* the backup has not been asked yet */
    task = world_ask(MCP_TOUCH);
    expect_sent(1, PEEK MARKS "mg k O@ T0\r\n");
    expect_sent(0, "mg k O@ T0\r\n");
    world_say(1, "HD O@ c22 s0 f0\r\nEN O@\r\nHD O@\r\n");
    ck_assert_uint_eq(w.engine.n_background, 0);
    world_say(0, "HD O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    world_end();
}
END_TEST

/* Without company it goes by itself when a view interval is over. */
START_TEST(verification_goes_alone_in_time)
{
    world_open_pair(1);
    set_verified();
    int64_t start_ms = w.now_ms;
    world_time(start_ms + 199);
    expect_wishes("");
    world_time(start_ms + 200);
    expect_wishes("0:send 1:send");
    expect_sent(0, PEEK);
    expect_sent(1, PEEK MARKS);
    world_say(0, "HD O@ c11 s0 f0\r\n");
    world_say(1, "HD O@ c22 s0 f0\r\nEN O@\r\n");
    ck_assert_uint_eq(w.engine.n_background, 0);
    world_end();
}
END_TEST

/* Nor is it held up by others that went before it, and are only waited for. */
START_TEST(verification_goes_alone_behind_others)
{
    world_open_pair(1);
    set_verified();
    mcp__drive_hasten(&w.engine, w.now_ms);
    expect_sent(0, PEEK);
    expect_sent(1, PEEK MARKS);
    world_say(0, "HD O@ c11 s0 f0\r\n");
    world_say(1, "HD O@ c22 s0 f0\r\nEN O@\r\n");
    w.now_ms++;
    set_verified();
    int64_t start_ms = w.now_ms;
    world_time(start_ms + 199);
    expect_wishes("");
    world_time(start_ms + 200);
    expect_wishes("0:send 1:send");
    expect_sent(0, PEEK);
    expect_sent(1, PEEK MARKS);
    world_end();
}
END_TEST

/* Another writer came in another order: the backup's copy goes. */
START_TEST(copies_that_differ)
{
    for (int backup_moved = 0; backup_moved < 2; backup_moved++) {
        world_open_pair(1);
        set_verified();
        mcp__drive_hasten(&w.engine, w.now_ms);
        world_sent(0);
        world_sent(1);
        world_say(0, backup_moved ? "HD O@ c11 s0 f0\r\n" : "HD O@ c12 s0 f0\r\n");
        world_say(1,
                  backup_moved ? "HD O@ c23 s0 f0\r\nEN O@\r\n" : "HD O@ c22 s0 f0\r\nEN O@\r\n");
        expect_sent(1, backup_moved ? "md k O@ C23\r\n" : "md k O@ C22\r\n");
        expect_sent(0, "");
        world_say(1, "HD O@\r\n");
        ck_assert_uint_eq(w.engine.n_background, 0);
        world_end();
    }
}
END_TEST

/* The connection was lost before the numbers came. Over the next one they are compared all the same,
 * as long as the server has not restarted: then they would say nothing. */
START_TEST(copies_that_differ_beyond_a_connection)
{
    static const char *const epochs[] = {WORLD_EPOCH,
                                         "VA 25 O@ f1 c7\r\nR 18 990 00c0ffee 700 991\r\n"};
    for (int is_reborn = 0; is_reborn < 2; is_reborn++) {
        world_open_pair(1);
        set_verified();
        mcp__drive_hasten(&w.engine, w.now_ms);
        world_sent(0);
        world_sent(1);
        world_break(0, ECONNRESET);
        world_say(1, "HD O@ c22 s0 f0\r\nEN O@\r\n");
        world_wishes();
        world_time(w.now_ms + 200); /* once more */
        expect_wishes("0:open");
        world_open_saying(0, epochs[is_reborn], WORLD_NOTHING);
        mcp__drive_hasten(&w.engine, w.now_ms);
        expect_sent(0, PEEK);
        expect_sent(1, PEEK MARKS);
        world_say(1, "HD O@ c22 s0 f0\r\nEN O@\r\n");
        world_say(0, "HD O@ c12 s0 f0\r\n");
        expect_sent(1, is_reborn ? "" : "md k O@ C22\r\n");
        if (!is_reborn)
            world_say(1, "HD O@\r\n");
        ck_assert_uint_eq(w.engine.n_background, 0);
        world_end();
    }
}
END_TEST

/* A ride that is lost with an idle connection blames nobody. */
START_TEST(a_ride_on_a_connection_that_was_closed)
{
    world_open_pair(1);
    set_verified();
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(0, PEEK "mg k O@ v f\r\n");
    world_wishes();
    world_break(0, ECONNRESET); /* it had been closed long ago */
    expect_wishes("0:reset+open");
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    world_open(0);
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).from_backup, 0);
    world_end();
}
END_TEST

/* But one that is given up on does. */
START_TEST(a_ride_that_is_not_answered)
{
    world_open_pair(1);
    set_verified();
    mcp__drive_hasten(&w.engine, w.now_ms);
    world_sent(0);
    world_sent(1);
    world_say(1, "HD O@ c22 s0 f0\r\nEN O@\r\n");
    world_wishes();
    world_time(w.now_ms + 500);
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    ck_assert_int_eq(world_state(1), MCP_STATE_UP);
    ck_assert_uint_eq(w.engine.n_background, 1); /* it is tried again */
    world_end();
}
END_TEST

/* More than 64 do not wait for company. */
START_TEST(not_too_many_ride)
{
    world_open_pair(1);
    for (int i = 0; i < 40; i++) {
        char key[16];
        mcp__task *task;
        snprintf(key, sizeof key, "key%d", i);
        w.request.key = key;
        w.request.key_len = strlen(key);
        task = world_ask(MCP_SET);
        world_sent(0);
        world_sent(1);
        for (uint32_t s = 0; s < 2; s++) {
            while (w.engine.servers[s].link.pending_count > 0) {
                const mcp__pending *oldest = mcp__link_oldest(&w.engine.servers[s].link);
                int is_marks = oldest->op == NULL || oldest->word == MCP__WORD_MARKS;
                if (!mcp__link_was_sent(&w.engine.servers[s].link, oldest))
                    break;
                world_say(s, is_marks ? "EN O@\r\n" : "HD O@ c5 s0 f0\r\n");
            }
        }
        ck_assert_int_eq(world_result(task).status, MCP_OK);
        ck_assert_uint_le(w.engine.servers[1].link.pending_count, 64 + 2);
    }
    world_end();
}
END_TEST

/* ---- deletes ---- */

START_TEST(a_lost_third_delete_goes_on_record)
{
    world_open_pair(0);
    mcp__task *task = world_ask(MCP_DELETE);
    world_sent(1);
    world_say(1, "EN O@\r\nHD O@\r\n");
    world_sent(0);
    world_say(0, "HD O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    world_sent(1);
    world_break(1, ECONNRESET);
    ck_assert_int_eq(world_state(1), MCP_STATE_SUSPECT);
    const char *sent = world_sent(0); /* again, and that the backup missed it */
    ck_assert_msg(strncmp(sent, "md k O@\r\nmg mcp:j:", 18) == 0, "%s", sent);
    ck_assert_uint_eq(w.engine.n_background, 1);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("drive_rides");
    TCase *all = tcase_create("drive_rides");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, verification_rides_with_the_next_command);
    tcase_add_test(all, verification_goes_alone_in_time);
    tcase_add_test(all, verification_goes_alone_behind_others);
    tcase_add_test(all, copies_that_differ);
    tcase_add_test(all, copies_that_differ_beyond_a_connection);
    tcase_add_test(all, a_ride_on_a_connection_that_was_closed);
    tcase_add_test(all, a_ride_that_is_not_answered);
    tcase_add_test(all, not_too_many_ride);
    tcase_add_test(all, a_lost_third_delete_goes_on_record);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

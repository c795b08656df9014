/* SPDX-License-Identifier: BSD-3-Clause */
/* Both servers of a pair fail, one after the other: what a client may believe whom. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

/* The primary refuses: it is down. */
static void
put_primary_down(void)
{
    world_break(0, ECONNRESET);
    world_wishes();
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("0:open");
    world_break(0, ECONNREFUSED);
    ck_assert_int_eq(world_state(0), MCP_STATE_DOWN);
    world_wishes();
    if (strcmp(world_sent(1), "") != 0)
        world_say(1, "EN O@\r\n");
    world_result(task);
    world_wishes();
}

/* Both may stand: the backup is known to, and it alone knows about the primary. */
START_TEST(a_primary_that_is_waited_for_may_stand_itself)
{
    world_open_pair(0);
    w.now_ms += 300;
    mcp__task *task = world_ask(MCP_TOUCH);
    expect_sent(0, MARKS);
    expect_sent(1, MARKS);
    world_say(0, mark_of(1));
    world_say(1, "EN O@\r\n");
    expect_sent(0, "mg k O@ T0\r\n");
    world_say(0, "EN O@\r\n");
    world_result(task);
    put_primary_down();
    w.now_ms += 250;
    task = world_ask(MCP_GET);
    expect_sent(1, MARKS); /* before the primary is waited for */
    world_say(1, mark_of(0));
    expect_sent(1, "mg k O@ v f\r\n"); /* now both are asked, and only what is the same counts */
    world_say(1, "VA 2 O@ f0\r\nhi\r\n");
    world_wishes();
    world_open_saying(0, WORLD_EPOCH, mark_of(1));
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "VA 3 O@ f0\r\nold\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

/* It was away itself, so others may have written to the one that is down for this client: that one
 * is tried first, and has put on record what was missed. */
START_TEST(a_backup_that_was_away_is_not_believed_at_once)
{
    world_open_pair(0);
    put_primary_down();
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(1, "mg k O@ v f\r\n");
    w.now_ms += 500;
    world_time(w.now_ms); /* the backup is silent */
    world_result(task);
    ck_assert_int_eq(world_state(1), MCP_STATE_SUSPECT);
    world_wishes();
    w.now_ms += 20;
    world_open(1);
    ck_assert_int_eq(world_state(1), MCP_STATE_UP);
    task = world_ask(MCP_GET);
    expect_sent(1, ""); /* not before the primary has been tried */
    world_wishes();
    world_open_saying(0, WORLD_EPOCH, mark_of(1));
    expect_sent(0, MARKS);
    world_say(0, mark_of(1));
    expect_sent(1, ""); /* it stands */
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "VA 2 O@ f0\r\nhi\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    world_end();
}
END_TEST

/* It becomes known that a copy stands while its answer is on its way: the answer is not told. */
START_TEST(an_answer_from_a_copy_that_stands_by_now)
{
    for (int both = 0; both < 2; both++) {
        world_open_pair(0);
        mcp__task *task = world_ask(MCP_GET);
        expect_sent(0, "mg k O@ v f\r\n");
        w.now_ms += 210;
        mcp__task *later = world_ask(MCP_TOUCH);
        expect_sent(0, MARKS);
        expect_sent(1, MARKS);
        world_say(1, mark_of(0));
        world_say(0, "VA 3 O@ f0\r\nold\r\n");
        expect_sent(1, "mg k O@ v f\r\n");
        world_say(0, both ? mark_of(1) : "EN O@\r\n");
        world_say(1, "VA 2 O@ f0\r\nhi\r\n");
        if (both) { /* now neither is right alone, and the first one has been asked already */
            ck_assert_int_lt(world_result(task).status, MCP_OK);
        } else {
            mcp_result result = world_result(task);
            ck_assert_int_eq(result.status, MCP_OK);
            ck_assert_int_eq(result.from_backup, 1);
        }
        (void)world_sent(0);
        (void)world_sent(1);
        w.now_ms += 500;
        world_time(w.now_ms);
        world_result(later);
        world_end();
    }
}
END_TEST

/* The same, and the other copy had been lost with its connection, and is back: it is asked again. */
START_TEST(a_copy_that_stands_by_now_and_one_that_is_back)
{
    world_open_pair(0);
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "E");
    world_break(0, ECONNRESET);
    expect_sent(1, "mg k O@ v f\r\n");
    world_wishes();
    world_open_saying(0, WORLD_EPOCH, mark_of(1));
    world_say(1, "VA 3 O@ f0\r\nold\r\n");
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "VA 2 O@ f0\r\nhi\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.from_backup, 0);
    ck_assert_mem_eq(result.value, "hi", 2);
    world_end();
}
END_TEST

/* The same of a change of both copies that tells what is there: the backup's word counts. */
START_TEST(a_number_or_value_of_a_copy_that_stands_by_now)
{
    for (int is_count = 0; is_count < 2; is_count++) {
        char answers[200];
        world_open_pair(0);
        mcp__task *task = world_ask(is_count ? MCP_INCR : MCP_GAT);
        (void)world_sent(0);
        (void)world_sent(1);
        w.now_ms += 210;
        mcp__task *later = world_ask(MCP_TOUCH);
        expect_sent(0, MARKS);
        expect_sent(1, MARKS);
        world_say(1, "EN O@\r\n");
        world_say(1, is_count ? "VA 2 O@\r\n43\r\n" : "HD O@\r\n");
        world_say(1, mark_of(0));
        snprintf(answers, sizeof answers, "VA 2 O@%s\r\n42\r\n", is_count ? "" : " f0");
        world_say(0, answers);
        if (!is_count) {
            expect_unfinished();
            ck_assert_ptr_nonnull(strstr(world_sent(1), "mg k O@"));
            world_say(1, "VA 2 O@ f0\r\n43\r\n");
        }
        mcp_result result = world_result(task);
        ck_assert_int_eq(result.status, MCP_OK);
        ck_assert_int_eq(result.from_backup, 1);
        if (is_count)
            ck_assert_uint_eq(result.number, 43);
        else
            ck_assert_mem_eq(result.value, "43", 2);
        (void)world_sent(0);
        (void)world_sent(1);
        world_time(w.now_ms + 500);
        world_result(later);
        world_end();
    }
}
END_TEST

/* Both connections are lost with it on them. A delete may be made twice: it goes once more to each,
 * with what the other one may have missed, until one answers. */
START_TEST(a_delete_that_both_have_lost_is_made_again)
{
    world_open_pair(0);
    mcp__task *task = world_ask(MCP_DELETE);
    expect_sent(1, MARKS "md k O@\r\n");
    world_break(1, ECONNRESET);
    ck_assert_mem_eq(world_sent(0), "md k O@\r\nmg mcp:j:", 18);
    world_break(0, ECONNRESET);
    expect_unfinished();
    world_wishes();
    world_open(1);
    ck_assert_mem_eq(world_sent(1), "md k O@\r\nmg mcp:j:", 18);
    ck_assert_int_eq(task->op.mark.witness, MCP__BACKUP);
    world_break(1, ECONNRESET);
    expect_unfinished();
    world_wishes();
    world_open(0);
    ck_assert_mem_eq(world_sent(0), "md k O@\r\nmg mcp:j:", 18);
    ck_assert_int_eq(task->op.mark.witness, MCP__PRIMARY);
    world_break(0, ECONNRESET);
    ck_assert_int_eq(world_result(task).status, MCP_UNKNOWN);
    world_end();
}
END_TEST

/* Neither has said what stands there. The first of them that is asked all the same gets its share and
 * no more: the other one may be the one that is back. */
START_TEST(both_looks_are_lost_and_the_primary_is_silent)
{
    world_open_pair(0);
    w.now_ms += 300;
    int64_t start_ms = w.now_ms;
    mcp__task *task = world_ask(MCP_REPLACE);
    for (uint32_t server = 0; server < 2; server++) {
        expect_sent(server, MARKS);
        world_say(server, "E");
        world_break(server, ECONNRESET);
        ck_assert_int_eq(world_state(server), MCP_STATE_SUSPECT);
    }
    world_wishes();
    world_open(0);
    world_open(1);
    ck_assert_ptr_nonnull(strstr(world_sent(0), "ms k 0 O@ MR"));
    expect_sent(1, "");
    world_time(start_ms + 200);
    ck_assert_ptr_nonnull(strstr(world_sent(1), "ms k 0 O@ MR"));
    ck_assert_int_eq(task->op.mark.witness, MCP__BACKUP);
    mcp__drive_abandon(&w.engine, w.now_ms);
    world_end();
}
END_TEST

/* Anything else is sent to a server once. */
START_TEST(a_set_that_both_have_lost_is_not)
{
    world_open_pair(0);
    mcp__task *task = world_ask(MCP_SET);
    expect_sent(0, "ms k 0 O@\r\n\r\n");
    expect_sent(1, MARKS "ms k 0 O@\r\n\r\n");
    world_break(1, ECONNRESET);
    world_break(0, ECONNRESET);
    ck_assert_int_eq(world_result(task).status, MCP_UNKNOWN);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("drive_double");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_primary_that_is_waited_for_may_stand_itself);
    tcase_add_test(all, an_answer_from_a_copy_that_stands_by_now);
    tcase_add_test(all, a_copy_that_stands_by_now_and_one_that_is_back);
    tcase_add_test(all, a_number_or_value_of_a_copy_that_stands_by_now);
    tcase_add_test(all, a_backup_that_was_away_is_not_believed_at_once);
    tcase_add_test(all, a_delete_that_both_have_lost_is_made_again);
    tcase_add_test(all, a_set_that_both_have_lost_is_not);
    tcase_add_test(all, both_looks_are_lost_and_the_primary_is_silent);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

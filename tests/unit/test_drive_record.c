/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs that keep a record, through the engine's door: greetings, views and their age, marks on the
 * survivor. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pair/marks.h"
#include "world.h"

/* ---- the first use ---- */

/* The first call waits for the epoch and the marks, of the backup too: nothing is read before. */
START_TEST(nothing_is_read_before_the_marks_are)
{
    world_defaults();
    world_keep_record();
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("1:open 0:open"); /* and the connection for the read beside that */
    mcp__drive_connected(&w.engine, 0, w.now_ms);
    expect_sent(0, "version\r\nmg mcp:e O@ v f c\r\n" MARKS);
    world_say(0, "VERSION 1.6.18\r\n" WORLD_EPOCH WORLD_NOTHING);
    expect_sent(0, "");
    mcp__drive_connected(&w.engine, 1, w.now_ms);
    expect_sent(1, "version\r\nmg mcp:e O@ v f c\r\n" MARKS);
    world_say(1, "VERSION 1.6.18\r\n" WORLD_EPOCH);
    expect_sent(0, "");
    world_say(1, mark_of(0));
    world_sent(1);
    world_say(1, mark_of(0)); /* asked for by the call */
    expect_sent(0, "");       /* the primary stands: it is not read */
    expect_sent(1, "mg k O@ v f\r\n");
    world_say(1, "VA 2 O@ f0\r\nhi\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.from_backup, 1);
    world_end();
}
END_TEST

/* The backup does not answer, and nothing is known: the primary is read, one failure at a time. */
START_TEST(no_view_to_be_had)
{
    world_defaults();
    world_keep_record();
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_GET);
    expect_wishes("1:open 0:open");
    world_break(1, ECONNREFUSED);
    world_open(0);
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

/* The backup's answer was lost, and while the primary is waited for in vain it is back, and has said
 * what stands there: it is asked, and not left out. What it said so long ago is asked once more. */
START_TEST(a_look_that_was_lost_is_made_good)
{
    for (int is_fresh = 0; is_fresh < 2; is_fresh++) {
        world_open_pair(0);
        w.now_ms += 300;
        int64_t start_ms = w.now_ms;
        mcp__task *task = world_ask(MCP_REPLACE);
        expect_sent(0, MARKS);
        expect_sent(1, MARKS);
        world_say(1, "E");
        world_break(1, ECONNRESET);
        w.now_ms += is_fresh;
        world_open(1);
        ck_assert_int_eq(world_state(1), MCP_STATE_UP);
        world_time(start_ms + 200); /* the primary's share is over */
        ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
        if (!is_fresh) {
            expect_sent(1, MARKS);
            world_say(1, "EN O@\r\n");
        }
        ck_assert_ptr_nonnull(strstr(world_sent(1), "ms k 0 O@ MR"));
        ck_assert_int_eq(task->op.mark.is_active, 1);
        ck_assert_int_eq(task->op.mark.witness, MCP__BACKUP);
        mcp__drive_abandon(&w.engine, w.now_ms);
        world_end();
    }
}
END_TEST

/* Once it has had its share it is not asked again, though the connection that it was to go over is
 * too young for its server to be suspect: a second share is what the write behind it lacks. */
START_TEST(a_look_that_had_its_time_is_over)
{
    world_open_pair(0);
    w.now_ms += 300;
    int64_t start_ms = w.now_ms;
    mcp__task *task = world_ask(MCP_SET);
    expect_sent(0, MARKS);
    expect_sent(1, MARKS);
    world_say(0, "EN O@\r\n");
    world_wishes();
    w.now_ms += 50;
    world_break(1, 0);
    expect_wishes("1:reset+open");
    world_time(start_ms + 200);
    ck_assert_int_eq(world_state(1), MCP_STATE_UP);
    ck_assert_ptr_nonnull(strstr(world_sent(0), "ms k 0 O@"));
    ck_assert_int_eq(task->op.mark.is_active, 1);
    ck_assert_int_eq(task->op.mark.witness, MCP__PRIMARY);
    mcp__drive_abandon(&w.engine, w.now_ms);
    world_end();
}
END_TEST

/* Strict: one that took most of a share for its answer has less for the write behind it, so that the
 * record and the life of a view still fit in. */
START_TEST(a_copy_that_answered_late_has_less_time)
{
    for (int is_strict = 0; is_strict < 2; is_strict++) {
        world_open_pair(0);
        mcp__promise *promise = &w.engine.settings.promise;
        promise->is_strict = (uint8_t)is_strict;
        w.now_ms += 300;
        int64_t start_ms = w.now_ms;
        (void)world_ask(MCP_SET);
        (void)world_sent(0);
        (void)world_sent(1);
        world_say(1, "EN O@\r\n");
        w.now_ms += 180;
        world_say(0, "EN O@\r\n");
        ck_assert_ptr_nonnull(strstr(world_sent(0), "ms k 0 O@"));
        expect_sent(1, MARKS "ms k 0 O@\r\n\r\n");
        world_say(1, "EN O@\r\nHD O@\r\n");
        int64_t last_ms = start_ms + 500 - promise->view_life_ms - 200 / 8;
        int64_t least_ms = start_ms + 180 + 200 / 2;
        world_time((last_ms > least_ms ? last_ms : least_ms) - 1);
        ck_assert_int_eq(world_state(0), MCP_STATE_UP);
        world_time(w.now_ms + 1);
        ck_assert_int_eq(world_state(0), is_strict ? MCP_STATE_SUSPECT : MCP_STATE_UP);
        mcp__drive_abandon(&w.engine, w.now_ms);
        world_end();
    }
}
END_TEST

/* A connection that was closed in its sleep costs a look no more than a get. */
START_TEST(a_look_moves_to_another_connection)
{
    world_open_pair(0);
    w.now_ms += 300;
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(1, MARKS);
    world_wishes();
    world_break(1, 0);
    ck_assert_int_eq(world_state(1), MCP_STATE_UP);
    expect_sent(0, "");
    world_open(1);
    expect_sent(1, MARKS);
    world_say(1, mark_of(0));
    expect_sent(0, MARKS);
    world_say(0, "EN O@\r\n");
    expect_sent(1, "mg k O@ v f\r\n");
    world_say(1, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

/* The same of a read, which went on to the primary: when that one fails, the backup is asked. */
START_TEST(a_reader_comes_back_to_a_backup_that_came_back)
{
    world_open_pair(0);
    w.now_ms += 300;
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(1, MARKS);
    world_say(1, "E");
    world_break(1, 0);
    expect_sent(0, MARKS "mg k O@ v f\r\n");
    world_open(1);
    ck_assert_int_eq(world_state(1), MCP_STATE_UP);
    world_say(0, "E");
    world_break(0, ECONNRESET);
    ck_assert_int_eq(world_state(0), MCP_STATE_SUSPECT);
    expect_sent(1, "mg k O@ v f\r\n");
    world_say(1, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

/* What was last known holds: a client that is blind now does not take the primary for right. */
START_TEST(a_mark_is_not_forgotten_with_its_witness)
{
    world_open_pair(0);
    w.now_ms += 300;
    mcp__task *task = world_ask(MCP_GET);
    expect_sent(1, MARKS);
    world_say(1, mark_of(0));
    expect_sent(0, MARKS);
    world_say(0, "EN O@\r\n");
    expect_sent(1, "mg k O@ v f\r\n");
    world_say(1, "EN O@\r\n");
    world_result(task);
    world_wishes();
    world_break(1, ECONNRESET);
    w.now_ms += 300;
    task = world_ask(MCP_GET);
    world_break(1, ECONNREFUSED);
    while (strstr(world_wishes(), "1:open") != NULL)
        world_break(1, ECONNREFUSED);
    expect_sent(0, MARKS); /* of the backup as the authority, its marks; no value is read there */
    world_say(0, "EN O@\r\n");
    world_wishes();
    world_time(w.now_ms + 600);
    ck_assert_int_lt(world_result(task).status, 0);
    expect_sent(0, "");
    world_end();
}
END_TEST

/* Nor when that is found out only by asking it. */
START_TEST(blind_is_not_taken_for_fine)
{
    world_open_pair(0);
    w.now_ms += 300;
    mcp__task *task = world_ask(MCP_GET);
    world_sent(1);
    world_say(1, mark_of(0));
    expect_sent(0, MARKS);
    world_say(0, "EN O@\r\n");
    world_sent(1);
    world_say(1, "EN O@\r\n");
    world_result(task);
    world_wishes();
    w.now_ms += 300;
    task = world_ask(MCP_GET);
    expect_sent(1, MARKS);
    expect_sent(0, MARKS);
    world_say(0, "EN O@\r\n");
    world_time(w.now_ms + 200); /* the backup is silent */
    expect_sent(0, "");
    world_time(w.now_ms + 300);
    expect_sent(0, "");
    ck_assert_int_lt(world_result(task).status, 0);
    world_end();
}
END_TEST

/* ---- the age of a view ---- */

START_TEST(a_fresh_view_is_not_asked_for)
{
    world_open_pair(0);
    for (int i = 0; i < 5; i++) {
        w.now_ms += 20; /* up to half an interval */
        mcp__task *task = world_ask(MCP_GET);
        expect_wishes("0:send");
        expect_sent(0, "mg k O@ v f\r\n");
        world_say(0, "EN O@\r\n");
        world_result(task);
    }
    world_end();
}
END_TEST

/* Calls that come in time never wait for it: the backup is asked beside them, a little early. */
START_TEST(a_view_is_renewed_beside_the_calls)
{
    int n_polls = 0, n_rides = 0;
    world_open_pair(0);
    for (int i = 0; i < 1000; i++) {
        w.now_ms++;
        mcp__task *task = world_ask(MCP_GET);
        const char *read = world_sent(0); /* at once; its own marks ride in front */
        ck_assert_msg(strcmp(read, MARKS "mg k O@ v f\r\n") == 0 ||
                          strcmp(read, "mg k O@ v f\r\n") == 0 ||
                          strcmp(read, MARKS "mg mcp:e O@ v f c\r\nmg k O@ v f\r\n") == 0,
                      "%s", read);
        n_rides += strncmp(read, MARKS, strlen(MARKS)) == 0;
        if (strncmp(read, MARKS, strlen(MARKS)) == 0)
            world_say(0, "EN O@\r\n");
        if (strstr(read, "mcp:e") != NULL)
            world_say(0, WORLD_EPOCH);
        if (strcmp(world_wishes(), "0:send") != 0) {
            n_polls++;
            const char *sent = world_sent(1);
            ck_assert_msg(strcmp(sent, MARKS) == 0 ||
                              strcmp(sent, MARKS "mg mcp:e O@ v f c\r\n") == 0,
                          "%s", sent);
            world_say(1, "EN O@\r\n");
            if (strlen(sent) > strlen(MARKS))
                world_say(1, WORLD_EPOCH);
        }
        world_say(0, "EN O@\r\n");
        world_result(task);
    }
    ck_assert_int_ge(n_polls, 1000 / 200);
    ck_assert_int_le(n_polls, 1000 / 150);
    ck_assert_int_le(n_rides, 1000 / 150);
    world_end();
}
END_TEST

/* Too old: it is asked for before the read is sent, never beside it. The backup is believed only when
 * the primary, asked by then, does not say the same of it: then both are read, and they differ. */
START_TEST(an_expired_view_is_asked_for_first)
{
    for (int stands = 0; stands < 3; stands++) {
        world_open_pair(0);
        w.now_ms += 200;
        mcp__task *task = world_ask(MCP_GET);
        expect_sent(0, "");
        expect_sent(1, MARKS);
        world_say(1, stands ? mark_of(0) : WORLD_NOTHING);
        if (stands) {
            expect_sent(0, MARKS);
            expect_sent(1, "");
            world_say(0, stands == 2 ? mark_of(1) : WORLD_NOTHING);
            expect_sent(0, stands == 2 ? "mg k O@ v f\r\n" : "");
            expect_sent(1, "mg k O@ v f\r\n");
            if (stands == 2)
                world_say(0, "VA 2 O@ f0\r\nhi\r\n");
        } else {
            expect_sent(0, MARKS "mg k O@ v f\r\n"); /* its own ride along */
            expect_sent(1, "");
            world_say(0, "EN O@\r\n");
        }
        world_say(stands ? 1 : 0, stands == 2 ? "VA 3 O@ f0\r\nold\r\n" : "EN O@\r\n");
        mcp_result result = world_result(task);
        ck_assert_int_eq(result.status, MCP_NOT_FOUND);
        if (stands < 2)
            ck_assert_int_eq(result.from_backup, stands);
        world_end();
    }
}
END_TEST

/* A change brings a look at the backup's marks along: somebody's write that the primary missed may land
 * there behind it, and its own client must not read that. With strict nobody was told of such a write
 * before all views are younger. */
START_TEST(a_change_is_no_older_than_the_view_behind_it)
{
    for (int strict = 0; strict < 2; strict++) {
        world_open_pair(0);
        w.engine.settings.promise.is_strict = (uint8_t)strict;
        mcp__task *first = world_ask(MCP_SET), *second = world_ask(MCP_SET);
        expect_sent(0, "ms k 0 O@\r\n\r\nms k 0 O@\r\n\r\n");
        expect_sent(1, strict ? "ms k 0 O@\r\n\r\nms k 0 O@\r\n\r\n" /* one look is enough for both */
                              : MARKS "ms k 0 O@\r\n\r\nms k 0 O@\r\n\r\n");
        if (!strict)
            world_say(1, mark_of(0));
        world_say(1, "HD O@\r\nHD O@\r\n");
        world_say(0, "HD O@\r\nHD O@\r\n");
        ck_assert_int_eq(world_result(first).status, MCP_OK);
        ck_assert_int_eq(world_result(second).status, MCP_OK);
        mcp__task *read = world_ask(MCP_GET);
        expect_sent(strict ? 0 : 1, "mg k O@ v f\r\n");
        world_say(strict ? 0 : 1, "EN O@\r\n");
        ck_assert_int_eq(world_result(read).from_backup, !strict);
        world_end();
    }
}
END_TEST

/* A write goes by both. */
START_TEST(a_write_asks_both_first)
{
    world_open_pair(0);
    w.now_ms += 200;
    mcp__task *task = world_ask(MCP_SET);
    expect_sent(0, MARKS);
    expect_sent(1, MARKS);
    world_say(0, "EN O@\r\n");
    expect_sent(0, "");
    world_say(1, "EN O@\r\n");
    expect_sent(0, "ms k 0 O@\r\n\r\n");
    expect_sent(1, "ms k 0 O@\r\n\r\n");
    world_say(0, "HD O@\r\n");
    world_say(1, "HD O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    world_end();
}
END_TEST

/* While the primary stands, the backup decides and comes first, and it is looked at once more. */
START_TEST(a_write_while_the_primary_stands)
{
    for (int moved = 0; moved < 2; moved++) {
        world_open_pair(0);
        w.now_ms += 200;
        mcp__task *task = world_ask(MCP_SET);
        world_sent(0);
        world_sent(1);
        world_say(0, "EN O@\r\n");
        world_say(1, mark_of(0));
        expect_sent(0, "");
        expect_sent(1, "ms k 0 O@ c\r\n\r\n");
        world_say(1, "HD O@ c22\r\n");
        expect_sent(1, "");
        expect_sent(0, "ms k 0 O@ c\r\n\r\n");
        world_say(0, "HD O@ c11\r\n");
        expect_sent(1, PEEK);
        world_say(1, moved ? "HD O@ c23 s0 f0\r\n" : "HD O@ c22 s0 f0\r\n");
        if (moved) { /* two wrote in another order here than there: what was put there goes */
            expect_unfinished();
            expect_sent(0, "md k O@ C11\r\n");
            world_say(0, "HD O@\r\n");
        }
        ck_assert_int_eq(world_result(task).status, MCP_OK);
        world_end();
    }
}
END_TEST

/* ---- the record ---- */

/* The primary falls silent in a set: the answer waits for the record, in the same call. */
START_TEST(a_missed_write_is_on_record_before_it_is_acknowledged)
{
    char bundle[400], lists[100];
    unsigned segment = mcp__marks_segment("k", 1);
    world_open_pair(0);
    unsigned id8 = id8_of(0);
    mcp__task *task = world_ask(MCP_SET);
    world_sent(0);
    world_sent(1);
    world_say(1, "EN O@\r\nHD O@\r\n");
    world_time(w.now_ms + 200);
    expect_unfinished();
    snprintf(bundle, sizeof bundle,
             MARKS "mg mcp:j:%08x:%02u O@ c s f\r\nms mcp:j:%08x:%02u 3 O@ F1 MA\r\nkk\n\r\n"
                   "mg mcp:j:%08x:%02u O@ c s f\r\nms mcp:s 0 O@ F1 MA\r\n\r\n" MARKS,
             id8, segment, id8, segment, id8, segment);
    expect_sent(1, bundle);
    world_say(1, "EN O@\r\nHD O@ c4 s3 f113\r\nHD O@\r\nHD O@ c5 s6 f113\r\nHD O@\r\n");
    expect_unfinished();
    int len = snprintf(lists, sizeof lists, "%08x=00000001;%08x+%02u.00000007;", id8, id8, segment);
    snprintf(bundle, sizeof bundle, "VA %d O@ f1 c9\r\n%s\r\n", len, lists);
    world_say(1, bundle);
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
    ck_assert_uint_eq(w.engine.servers[0].tally.journaled, 1);
    ck_assert_int_eq(w.engine.servers[0].missed_on, 1);
    world_end();
}
END_TEST

/* It is tried over two connections: what is on record twice is on record. */
START_TEST(without_the_record_it_is_unknown)
{
    world_open_pair(0);
    mcp__task *task = world_ask(MCP_SET);
    world_sent(0);
    world_sent(1);
    world_say(1, "EN O@\r\nHD O@\r\n");
    world_break(0, ECONNRESET);
    expect_unfinished();
    ck_assert_mem_eq(world_sent(1), "mg mcp:j:", 9);
    world_break(1, ECONNRESET);
    expect_unfinished();
    world_wishes();
    world_open(1);
    ck_assert_mem_eq(world_sent(1), "mg mcp:j:", 9);
    world_break(1, ECONNRESET);
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_UNKNOWN);
    ck_assert_int_eq(result.backup, MCP_COPY_OK);
    ck_assert_uint_eq(w.engine.servers[0].tally.journaled, 0);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("drive_record");
    TCase *all = tcase_create("drive_record");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, nothing_is_read_before_the_marks_are);
    tcase_add_test(all, a_reader_comes_back_to_a_backup_that_came_back);
    tcase_add_test(all, a_look_moves_to_another_connection);
    tcase_add_test(all, a_copy_that_answered_late_has_less_time);
    tcase_add_test(all, a_look_that_was_lost_is_made_good);
    tcase_add_test(all, a_look_that_had_its_time_is_over);
    tcase_add_test(all, no_view_to_be_had);
    tcase_add_test(all, a_mark_is_not_forgotten_with_its_witness);
    tcase_add_test(all, blind_is_not_taken_for_fine);
    tcase_add_test(all, a_fresh_view_is_not_asked_for);
    tcase_add_test(all, a_view_is_renewed_beside_the_calls);
    tcase_add_test(all, an_expired_view_is_asked_for_first);
    tcase_add_test(all, a_write_asks_both_first);
    tcase_add_test(all, a_change_is_no_older_than_the_view_behind_it);
    tcase_add_test(all, a_write_while_the_primary_stands);
    tcase_add_test(all, a_missed_write_is_on_record_before_it_is_acknowledged);
    tcase_add_test(all, without_the_record_it_is_unknown);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

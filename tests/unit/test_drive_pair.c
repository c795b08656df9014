/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations on both copies of a key, through the engine's door: refusals, deletes, copies. */
#include "engine/drive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

START_TEST(error_lines)
{
    /* reset: the connection is not trusted any more; asks: the backup is. */
    static const struct {
        const char *line;
        int resets, asks, status;
    } rows[] = {
        {"SERVER_ERROR out of memory writing get response\r\n", 0, 1, MCP_SERVER_ERROR},
        {"SERVER_ERROR\r\n", 0, 1, MCP_SERVER_ERROR},
        {"CLIENT_ERROR bad command line format\r\n", 1, 0, MCP_SERVER_ERROR},
        {"ERROR\r\n", 1, 1, MCP_UNSUPPORTED},
        {"CLIENT_ERROR unauthenticated\r\n", 1, 1, MCP_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_open_plain_pair();
        mcp__task *task = world_ask(MCP_GET);
        world_sent(0);
        world_wishes();
        world_say(0, rows[i].line);
        const char *wishes = world_wishes();
        ck_assert_msg((strstr(wishes, "0:reset") != NULL) == rows[i].resets, "%s: %s", rows[i].line,
                      wishes);
        ck_assert_msg((strstr(wishes, "1:send") != NULL) == rows[i].asks, "%s: %s", rows[i].line,
                      wishes);
        ck_assert_int_eq(world_state(0), MCP_STATE_UP);
        if (rows[i].asks) {
            world_sent(1);
            world_say(1, rows[i].line);
        }
        mcp_result result = world_result(task);
        ck_assert_msg(result.status == (mcp_status)rows[i].status, "%s: %d", rows[i].line,
                      (int)result.status);
        ck_assert_int_eq(result.primary, MCP_COPY_FAILED);
        world_end();
    }
}
END_TEST

START_TEST(too_big_is_removed_from_the_other_copy)
{
    for (uint32_t refuses = 0; refuses < 2; refuses++) {
        world_open_plain_pair();
        uint32_t takes = 1 - refuses;
        mcp__task *task = world_ask(MCP_SET);
        world_sent(0);
        world_sent(1);
        world_wishes();
        world_say(takes, "HD O@\r\n");
        world_say(refuses, "SERVER_ERROR object too large for cache\r\n");
        expect_wishes(takes == 0 ? "0:send" : "1:send");
        expect_sent(takes, "md k O@\r\n");
        world_say(takes, "HD O@\r\n");
        mcp_result result = world_result(task);
        ck_assert_int_eq(result.status, MCP_TOO_BIG);
        ck_assert_int_eq(refuses == 0 ? result.primary : result.backup, MCP_COPY_FAILED);
        world_end();
    }
}
END_TEST

/* The rest of a refused value must not follow: the caller may have freed it. */
START_TEST(refused_in_the_middle_of_the_value)
{
    static char large[5000];
    world_open_plain_pair();
    w.request.value = large;
    w.request.value_len = sizeof large;
    mcp__task *task = world_ask(MCP_SET), *next = world_ask(MCP_GET);
    world_send_part(0, 10);
    world_wishes();
    world_say(0, "SERVER_ERROR object too large for cache\r\n");
    expect_wishes("0:reset+open"); /* and the get moves */
    ck_assert_int_eq(world_state(0), MCP_STATE_UP);
    world_sent(1);
    world_say(1, "HD O@\r\n");
    expect_sent(1, "md k O@\r\n");
    world_say(1, "HD O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_TOO_BIG);
    ck_assert_int_eq(result.primary, MCP_COPY_FAILED);
    world_open(0);
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(next).status, MCP_NOT_FOUND);
    world_end();
}
END_TEST

START_TEST(the_third_delete_is_owed)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_DELETE);
    expect_wishes("1:send");
    expect_sent(1, "md k O@\r\n");
    world_say(1, "HD O@\r\n");
    expect_wishes("0:send");
    expect_sent(0, "md k O@\r\n");
    world_say(0, "NF O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    ck_assert_uint_eq(mcp__drive_owed(&w.engine), 1);
    expect_wishes("1:send");
    expect_sent(1, "md k O@\r\n");
    ck_assert_uint_eq(w.engine.n_unfinished, 0); /* nobody waits for it */
    ck_assert_uint_eq(w.engine.n_background, 1);
    ck_assert_uint_eq(w.engine.servers[1].link.n_awaited, 0);
    /* Its reply is in front of the next one's and goes to nobody. */
    task = world_ask(MCP_TOUCH);
    expect_sent(1, "mg k O@ T0\r\n");
    expect_sent(0, "mg k O@ T0\r\n");
    world_say(0, "EN O@\r\n");
    world_say(1, "NF O@\r\n");
    expect_unfinished();
    ck_assert_uint_eq(mcp__drive_owed(&w.engine), 0);
    ck_assert_uint_eq(w.engine.n_background, 0);
    world_say(1, "HD O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_NOT_FOUND);
    ck_assert_int_eq(result.backup, MCP_COPY_OK);
    world_end();
}
END_TEST

/* What cannot be known to be gone is deleted once more, on both: the backup is suspect now. */
START_TEST(a_lost_owed_reply_begins_anew)
{
    world_open_plain_pair();
    mcp__task *task = world_ask(MCP_DELETE);
    world_sent(1);
    world_say(1, "HD O@\r\n");
    world_sent(0);
    world_say(0, "HD O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    expect_wishes("1:send 0:send");
    world_sent(1);
    world_break(1, ECONNRESET);
    ck_assert_int_eq(world_state(1), MCP_STATE_SUSPECT);
    expect_unfinished();
    expect_wishes("1:reset+open 0:send");
    expect_sent(0, "md k O@\r\n");
    world_say(0, "NF O@\r\n");
    ck_assert_uint_eq(w.engine.n_background, 0);
    ck_assert_uint_eq(mcp__drive_owed(&w.engine), 0);
    expect_unfinished();
    world_end();
}
END_TEST

START_TEST(append_copies_what_is_there_now)
{
    world_open_plain_pair();
    w.request.value = "tail";
    w.request.value_len = 4;
    mcp__task *task = world_ask(MCP_APPEND);
    expect_wishes("0:send");
    expect_sent(0, "ms k 4 O@ MA\r\ntail\r\n");
    world_say(0, "HD O@\r\n");
    expect_sent(0, "mg k O@ v f c t\r\n");
    w.engine.servers[0].link.used_ms = w.now_ms;
    world_say(0, "VA 8 O@ f9 c5 t77\r\nheadtail\r\n");
    expect_sent(1, "ms k 8 O@ F9 T77\r\nheadtail\r\n");
    world_say(1, "HD O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.backup, MCP_COPY_OK);
    world_end();
}
END_TEST

START_TEST(the_value_of_a_gat_outlives_its_connection)
{
    world_open_plain_pair();
    w.request.ttl = 60;
    mcp__task *task = world_ask(MCP_GAT);
    expect_sent(0, "mg k O@ T60 v f\r\n");
    expect_sent(1, "mg k O@ T60\r\n");
    world_say(0, "VA 5 O@ f1\r\nfirst\r\n");
    expect_unfinished();
    mcp__task *get = world_ask(MCP_GET);
    expect_sent(0, "mg k O@ v f\r\n");
    world_say(0, "VA 6 O@ f2\r\nsecond\r\n");
    mcp_result result = world_result(get);
    ck_assert_mem_eq(result.value, "second", 6);
    world_say(1, "HD O@\r\n");
    result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_uint_eq(result.value_len, 5);
    ck_assert_mem_eq(result.value, "first", 5);
    ck_assert_uint_eq(result.flags, 1);
    world_end();
}
END_TEST

START_TEST(not_mirrored)
{
    world_defaults();
    w.settings.mirrors_writes = 0;
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_SET);
    expect_wishes("0:open");
    world_open(0);
    world_sent(0);
    world_say(0, "HD O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.backup, MCP_COPY_SKIPPED);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("drive_pair");
    TCase *all = tcase_create("drive_pair");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, error_lines);
    tcase_add_test(all, too_big_is_removed_from_the_other_copy);
    tcase_add_test(all, refused_in_the_middle_of_the_value);
    tcase_add_test(all, the_third_delete_is_owed);
    tcase_add_test(all, a_lost_owed_reply_begins_anew);
    tcase_add_test(all, append_copies_what_is_there_now);
    tcase_add_test(all, the_value_of_a_gat_outlives_its_connection);
    tcase_add_test(all, not_mirrored);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

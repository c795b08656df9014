/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes that nobody could put on record when they were made: they go on record later. */
#include "engine/debts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/chores.h"
#include "engine/move.h"
#include "world.h"

static mcp__debt
debt_of(uint32_t missed, uint32_t witness, const char *key)
{
    mcp__debt debt = {.missed = missed, .witness = witness, .key_len = (uint8_t)strlen(key)};
    memcpy(debt.key, key, debt.key_len);
    return debt;
}

static void
put(uint32_t missed, uint32_t witness, const char *key)
{
    mcp__debt debt = debt_of(missed, witness, key);
    (void)mcp__debts_put(&w.engine, &debt);
}

static void
begin(size_t n_primaries, size_t n_backups)
{
    world_defaults();
    world_keep_record();
    world_begin(n_primaries, n_backups);
    ck_assert(!mcp__debts_any(&w.engine));
}

/* ---- the list ---- */

START_TEST(each_key_stands_once)
{
    begin(1, 1);
    put(0, 1, "a");
    put(0, 1, "ab");
    put(0, 1, "a");
    put(1, 0, "a");
    ck_assert_uint_eq(w.engine.debts->n, 3);
    ck_assert(w.engine.wants_chores);
    mcp__debt debt = mcp__debts_take(&w.engine, 0);
    ck_assert_uint_eq(debt.key_len, 1);
    ck_assert_uint_eq(w.engine.debts->n, 2);
    world_end();
}
END_TEST

/* More keys than are kept: everything of these two servers is in doubt, and only of these. */
START_TEST(too_many_keys_become_all)
{
    char key[16];
    begin(2, 1);
    put(1, 2, "other");
    for (int i = 0; i < 3 * MCP__DEBTS_MAX; i++) {
        snprintf(key, sizeof key, "key%d", i);
        put(0, 2, key);
        ck_assert_uint_le(w.engine.debts->n, MCP__DEBTS_MAX);
    }
    ck_assert_uint_eq(w.engine.debts->n, 2);
    ck_assert(!w.engine.debts->list[0].is_whole);
    ck_assert(w.engine.debts->list[1].is_whole);
    ck_assert_uint_eq(w.engine.debts->list[1].missed, 0);
    world_end();
}
END_TEST

/* Full of others: one of those becomes everything. When each is alone with its pair, no more are
 * kept. */
START_TEST(a_full_list_makes_room)
{
    char key[16];
    begin(2, 2);
    for (int i = 0; i < MCP__DEBTS_MAX; i++) {
        snprintf(key, sizeof key, "key%d", i);
        put((uint32_t)i % 2, 2, key);
    }
    put(0, 3, "k");
    int n_whole = 0, n_ours = 0;
    for (uint32_t i = 0; i < w.engine.debts->n; i++) {
        n_whole += w.engine.debts->list[i].is_whole;
        n_ours += w.engine.debts->list[i].witness == 3;
    }
    ck_assert_int_eq(n_whole, 1);
    ck_assert_int_eq(n_ours, 1);
    for (uint32_t i = 0; i < 2 * MCP__DEBTS_MAX; i++) /* servers that do not exist do here */
        put(100 + i, 2, "k");
    ck_assert_uint_eq(w.engine.debts->n, MCP__DEBTS_MAX);
    world_end();
}
END_TEST

START_TEST(without_memory_nothing_is_kept)
{
    begin(1, 1);
    w.memory.fail_at = w.memory.n_asked + 1;
    w.memory.fails_onward = 1;
    put(0, 1, "k");
    ck_assert(!mcp__debts_any(&w.engine));
    w.memory.fail_at = 0;
    world_end();
}
END_TEST

/* ---- paying ---- */

/* The primary has taken a write and gives no answer; the backup is down. */
static void
leave_in_doubt(void)
{
    mcp__task *task = world_ask(MCP_TOUCH);
    world_open(0);
    world_wishes();
    world_break(1, ECONNREFUSED);
    ck_assert_int_eq(world_state(1), MCP_STATE_DOWN);
    (void)world_sent(0);
    world_say(0, "EN O@\r\n"); /* the marks; what is recorded follows */
    ck_assert_ptr_nonnull(strstr(world_sent(0), "mg k O@ T0\r\n"));
    w.now_ms += 500;
    world_time(w.now_ms);
    ck_assert_int_eq(world_result(task).status, MCP_UNKNOWN);
    world_wishes();
}

static void
wait_for_probe(void)
{
    for (int i = 0; i < 100 && strstr(world_wishes(), "1:open") == NULL; i++) {
        w.now_ms += 10;
        world_time(w.now_ms);
    }
}

/* Who asks for a repair now is not told that all is well. */
static void
expect_unrepaired(void)
{
    ck_assert_int_lt(w.engine.servers[0].missed_on, 0);
    ck_assert_int_ne(mcp__chores_want(&w.engine, 0, MCP_JOB_REPAIR, 0), MCP_OK);
}

START_TEST(it_goes_on_record_when_the_witness_is_back)
{
    begin(1, 1);
    leave_in_doubt();
    ck_assert(mcp__debts_any(&w.engine));
    ck_assert_uint_eq(w.engine.debts->list[0].missed, 0);
    ck_assert_uint_eq(w.engine.debts->list[0].witness, 1);
    mcp__chores_run(&w.engine); /* the backup is away still */
    ck_assert(mcp__debts_any(&w.engine));
    wait_for_probe();
    world_open(1);
    ck_assert_int_eq(world_state(1), MCP_STATE_UP);
    expect_unrepaired();
    mcp__chores_run(&w.engine);
    const char *sent = world_sent(1);
    ck_assert_msg(strstr(sent, "ms mcp:j:") != NULL && strstr(sent, "kk\n") != NULL, "%s", sent);
    ck_assert(!mcp__debts_any(&w.engine)); /* it is under way */
    expect_unrepaired();
    world_break(1, ECONNRESET); /* and lost again */
    ck_assert(mcp__debts_any(&w.engine));
    world_end();
}
END_TEST

/* Whether the witness is asked to keep the record now; it has no memory for that. */
static int
is_refused(void)
{
    const char *sent = world_sent(1);
    int is_tried = strstr(sent, "ms mcp:j:") != NULL;
    if (strncmp(sent, "mg mcp:s", 8) == 0)
        world_say(1, "EN O@\r\n");
    if (is_tried)
        world_refuse(1, "SERVER_ERROR out of memory storing object\r\n");
    return is_tried;
}

static int
is_tried_and_refused(void)
{
    mcp__chores_run(&w.engine);
    return is_refused();
}

/* The witness is there, and has no memory for it: it is not asked again and again. */
START_TEST(a_full_witness_is_given_a_rest)
{
    world_open_pair(0);
    mcp__debt whole = debt_of(0, 1, "");
    whole.is_whole = 1;
    ck_assert(mcp__debts_put(&w.engine, &whole));
    for (int n = 0; n < 3; n++) {
        ck_assert(is_tried_and_refused()); /* at once; and behind a rest */
        ck_assert_int_eq(world_state(1), MCP_STATE_UP);
        ck_assert_uint_eq(w.engine.debts->n, 1);
        ck_assert(w.engine.debts->list[0].is_whole);
        for (int waited_ms = 0; waited_ms < MCP__DEBTS_REST_MS; waited_ms += 10) {
            ck_assert(!is_tried_and_refused());
            ck_assert(w.engine.wants_chores);
            w.now_ms += 10;
            world_time(w.now_ms);
        }
    }
    ck_assert(is_tried_and_refused());
    mcp__chores_leave(&w.engine); /* there is no later */
    ck_assert(is_refused());
    world_end();
}
END_TEST

/* A write that both had, or that is on record, leaves nothing. */
START_TEST(what_was_answered_is_not_owed)
{
    begin(1, 1);
    mcp__task *task = world_ask(MCP_TOUCH);
    world_open(0);
    world_open(1);
    (void)world_sent(0);
    (void)world_sent(1);
    world_say(0, "EN O@\r\n");
    world_say(1, "EN O@\r\n");
    (void)world_sent(0);
    (void)world_sent(1);
    world_say(0, "HD O@\r\n");
    world_say(1, "HD O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    ck_assert(!mcp__debts_any(&w.engine));
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("debts");
    TCase *all = tcase_create("all");
    tcase_add_test(all, each_key_stands_once);
    tcase_add_test(all, too_many_keys_become_all);
    tcase_add_test(all, a_full_list_makes_room);
    tcase_add_test(all, without_memory_nothing_is_kept);
    tcase_add_test(all, it_goes_on_record_when_the_witness_is_back);
    tcase_add_test(all, a_full_witness_is_given_a_rest);
    tcase_add_test(all, what_was_answered_is_not_owed);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call of quiet times goes without an operation, and nobody may be able to tell: each verb with
 * each answer is played twice, by an operation and without one. The same bytes have to go to the
 * same servers in the same order, with the same result, and the same work has to be left behind.
 */
#include "express_kit.h"

#include <stdio.h>
#include <string.h>


/* ---- a script ---- */

static const script scripts[] = {
    {"get", MCP_GET, 0, 1, 0, {"VA 2 O@ f7\r\nhi\r\n"}, P_THEN_B},
    {"get, nothing", MCP_GET, 0, 1, 0, {"VA 0 O@ f7\r\n\r\n"}, P_THEN_B},
    {"get, missing", MCP_GET, 0, 1, 0, {"EN O@\r\n"}, P_THEN_B},
    {"get, missing, older server", MCP_GET, 0, 1, 0, {"EN\r\n"}, P_THEN_B},
    {"get, cas", MCP_GET, MCP_WANT_CAS, 1, 0, {"VA 2 O@ f7 c12\r\nhi\r\n"}, P_THEN_B},
    {"get, ttl", MCP_GET, MCP_WANT_TTL, 1, 0, {"VA 2 O@ f7 t60\r\nhi\r\n"}, P_THEN_B},
    {"get, somebody's stub", MCP_GET, 0, 1, 0, {"VA 0 O@ f0 Z\r\n\r\n"}, P_THEN_B},
    {"get, error", MCP_GET, 0, 1, 0, {"SERVER_ERROR oops\r\n", "EN O@\r\n"}, P_THEN_B},
    {"get, not understood", MCP_GET, 0, 1, 0, {"CLIENT_ERROR oops\r\n"}, P_THEN_B},
    {"get, another's answer", MCP_GET, 0, 1, 0, {"VA 2 O00000000 f7\r\nhi\r\n"}, P_THEN_B},
    {"get, two answers", MCP_GET, 0, 1, 0, {"EN O@\r\nEN O00000000\r\n"}, P_THEN_B},
    {"get, a part", MCP_GET, 0, 1, 0, {"VA 2 O@ f7\r\nh"}, P_THEN_B},
    {"get, silence", MCP_GET, 0, 1, 0, {NULL}, P_THEN_B},
    {"get, one copy", MCP_GET, 0, 0, 0, {"VA 2 O@ f7\r\nhi\r\n"}, P_THEN_B},
    {"get, spare", MCP_GET, 0, 1, 1, {"VA 2 O@ f7\r\nhi\r\n"}, P_THEN_B},
    {"set", MCP_SET, 0, 1, 0, {"HD O@ c11\r\n", "HD O@ c22\r\n"}, P_THEN_B},
    {"set, no numbers", MCP_SET, 0, 1, 0, {"HD O@\r\n", "HD O@\r\n"}, P_THEN_B},
    {"set, backup first", MCP_SET, 0, 1, 0, {"HD O@ c22\r\n", "HD O@ c11\r\n"}, B_THEN_P},
    {"set, too large",
     MCP_SET,
     0,
     1,
     0,
     {"SERVER_ERROR object too large for cache\r\n", "HD O@ c22\r\n"},
     P_THEN_B},
    {"set, backup full",
     MCP_SET,
     0,
     1,
     0,
     {"HD O@ c11\r\n", "SERVER_ERROR out of memory storing object\r\n"},
     P_THEN_B},
    {"set, backup silent", MCP_SET, 0, 1, 0, {"HD O@ c11\r\n", NULL}, P_THEN_B},
    {"set, a part", MCP_SET, 0, 1, 0, {"HD O@ c11\r\n", "HD O@ c2"}, P_THEN_B},
    {"set, one copy", MCP_SET, MCP_WANT_CAS, 0, 0, {"HD O@ c11\r\n"}, P_THEN_B},
    {"set, spare", MCP_SET, 0, 1, 1, {"HD O@\r\n"}, P_THEN_B},
    {"touch", MCP_TOUCH, 0, 1, 0, {"HD O@\r\n", "HD O@\r\n"}, P_THEN_B},
    {"touch, missing", MCP_TOUCH, 0, 1, 0, {"EN O@\r\n", "EN O@\r\n"}, P_THEN_B},
    {"incr", MCP_INCR, 0, 1, 0, {"VA 2 O@\r\n42\r\n", "VA 2 O@\r\n43\r\n"}, P_THEN_B},
    {"incr, missing", MCP_INCR, 0, 1, 0, {"NF O@\r\n", "NF O@\r\n"}, P_THEN_B},
    {"incr, no number",
     MCP_INCR,
     0,
     1,
     0,
     {"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n",
      "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"},
     P_THEN_B},
    {"decr", MCP_DECR, 0, 1, 0, {"VA 2 O@\r\n9 \r\n", "VA 2 O@\r\n9 \r\n"}, P_THEN_B},
    {"decr, one copy", MCP_DECR, 0, 0, 0, {"VA 1 O@\r\n9\r\n"}, P_THEN_B},
    {"delete", MCP_DELETE, 0, 1, 0, {"HD O@\r\n", "HD O@\r\n"}, B_THEN_P},
    {"delete, only there", MCP_DELETE, 0, 1, 0, {"HD O@\r\n", "NF O@\r\n"}, B_THEN_P},
    {"delete, only here", MCP_DELETE, 0, 1, 0, {"NF O@\r\n", "HD O@\r\n"}, B_THEN_P},
    {"delete, missing", MCP_DELETE, 0, 1, 0, {"NF O@\r\n", "NF O@\r\n"}, B_THEN_P},
    {"delete, error first", MCP_DELETE, 0, 1, 0, {"SERVER_ERROR oops\r\n", "HD O@\r\n"}, B_THEN_P},
    {"delete, error second", MCP_DELETE, 0, 1, 0, {"HD O@\r\n", "SERVER_ERROR oops\r\n"}, B_THEN_P},
    {"delete, silence second", MCP_DELETE, 0, 1, 0, {"NF O@\r\n", NULL}, B_THEN_P},
    {"delete, one copy", MCP_DELETE, 0, 0, 0, {"NF O@\r\n"}, P_THEN_B},
    {"delete, spare", MCP_DELETE, 0, 1, 1, {"HD O@\r\n"}, P_THEN_B},
    {"delete, spare, missing", MCP_DELETE, 0, 1, 1, {"NF O@\r\n"}, P_THEN_B},
};

/* ---- both ways ---- */

static const char *
answer_of(const script *s, int i)
{
    static char text[512];
    const mcp__pending *oldest = mcp__link_oldest(&w.engine.servers[s->order[i]].link);
    int is_question = oldest != NULL && oldest->op == NULL;
    snprintf(text, sizeof text, "%s%s", is_question ? "EN O@\r\n" : "", s->answers[i]);
    return text;
}

static void
say(const script *s, int from, mcp__task *task)
{
    for (int i = from; i < 2; i++) {
        uint32_t server = s->order[i];
        int is_there =
            server < w.engine.n_servers && w.engine.servers[server].link.state == MCP__LINK_OPEN;
        if (s->answers[i] != NULL && is_there && !task->is_finished)
            world_say(server, answer_of(s, i));
        note_sent();
    }
    wait_for(task);
}

static void
play_with_operation(const script *s)
{
    begin(s);
    mcp__task *task = world_ask(s->verb);
    note_sent();
    say(s, 0, task);
    world_end();
}

/* How many answers were good. */
static int
hear(const script *s)
{
    int n = w.engine.express.n_legs == 2 || w.engine.express.plain == MCP__PLAIN_ERASE ? 2 : 1;
    for (int i = 0; i < n; i++) {
        if (s->answers[i] == NULL)
            return i;
        world_whisper(s->order[i], answer_of(s, i));
        if (!mcp__express_hear(&w.engine, s->order[i]))
            return i;
        if (i == 0 && w.engine.express.plain == MCP__PLAIN_ERASE)
            mcp__express_go_on(&w.engine);
        note_sent();
    }
    return n;
}

static int
play_without(const script *s)
{
    begin(s);
    ck_assert_msg(mcp__express_begin(&w.engine, &w.request, w.settings.timeout_ms, w.now_ms),
                  "%s: not taken", s->name);
    note_sent();
    int n_good = hear(s);
    int is_all = n_good == (s->verb == MCP_GET || s->n_backups == 0 || s->is_spare ? 1 : 2);
    if (is_all) {
        mcp_result result = MCP_RESULT_INIT;
        if (mcp__express_has_third(&w.engine))
            mcp__express_put_third(&w.engine);
        mcp__express_finish(&w.engine, &result);
        note_sent();
        note_result(&result);
        note_rest();
    } else {
        mcp__task *task = mcp__express_give_up(&w.engine);
        note_sent();
        say(s, n_good + 1, task);
    }
    world_end();
    return is_all;
}

START_TEST(nobody_can_tell)
{
    static char with_operation[sizeof seen];
    int n_without = 0;
    name_space = _i == 0 ? "" : "app:";
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        const script *s = &scripts[i];
        play_with_operation(s);
        memcpy(with_operation, seen, sizeof seen);
        n_without += play_without(s);
        ck_assert_msg(strcmp(seen, with_operation) == 0, "%s\nwith an operation:\n%s\nwithout:\n%s",
                      s->name, with_operation, seen);
    }
    ck_assert_int_ge(n_without, 15);
    ck_assert_int_lt(n_without, (int)(sizeof scripts / sizeof *scripts));
    name_space = "";
}
END_TEST

/* ---- what is not quiet ---- */

static uint8_t
epoch_now(void)
{
    return w.engine.servers[0].ledger.epoch;
}

START_TEST(any_trouble_is_for_an_operation)
{
    for (int trouble = 0; trouble < 12; trouble++) {
        begin(&a_set);
        mcp__server *primary = &w.engine.servers[0], *backup = &w.engine.servers[1];
        mcp__missed missed = {.id8 = primary->ledger.id8};
        mcp__missed *kept = backup->ledger.missed;
        ck_assert_int_eq(epoch_now(), MCP__EPOCH_READY);
        switch (trouble) {
        case 0:
            primary->health.state = MCP_STATE_SUSPECT;
            break;
        case 1:
            backup->health.state = MCP_STATE_DOWN;
            break;
        case 2:
            world_break(0, 0);
            break;
        case 3:
            backup->ledger.missed = &missed;
            backup->ledger.n_missed = 1;
            break;
        case 4:
            primary->ledger.is_foreign = 1;
            break;
        case 5:
            primary->ledger.epoch = MCP__EPOCH_WARMING;
            break;
        case 6:
            w.now_ms += 150; /* about to be too old */
            break;
        case 7:
            w.now_ms += 1500; /* the connection has rested */
            break;
        case 8:
            primary->is_cut_off = 1;
            break;
        case 9:
            backup->has_other_list = 1;
            break;
        case 10:
            w.request.ttl = -1;
            break;
        default:
            primary->link.hello.has_meta = 0;
            break;
        }
        ck_assert_msg(!is_taken(), "trouble %d", trouble);
        expect_sent(0, "");
        expect_sent(1, "");
        backup->ledger.missed = kept;
        world_end();
    }
}
END_TEST

/* A read asks the primary alone: how old the primary's own words are does not matter. */
START_TEST(a_get_needs_the_backups_word_only)
{
    begin(&a_set);
    w.request.verb = MCP_GET;
    w.engine.servers[0].ledger.asked_ms = w.engine.servers[0].ledger.queued_ms = 0;
    ck_assert(is_taken());
    expect_sent(0, "mg k O@ v f\r\n");
    world_whisper(0, "EN O@\r\n");
    ck_assert(mcp__express_hear(&w.engine, 0));
    mcp__express_finish(&w.engine, NULL);
    w.request.verb = MCP_SET;
    ck_assert(!is_taken());
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("express");
    TCase *all = tcase_create("express");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, nobody_can_tell, 0, 2); /* without and with a namespace */
    tcase_add_test(all, any_trouble_is_for_an_operation);
    tcase_add_test(all, a_get_needs_the_backups_word_only);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

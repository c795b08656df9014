/* SPDX-License-Identifier: BSD-3-Clause */
/* A count that meets somebody's stub on a server of which this client does not know that it is being
 * filled. */
#include <string.h>

#include "op_kit.h"
#include "ops/steps.h"

static void
begin(int with_initial)
{
    kit_init(MCP_INCR);
    k.request.with_initial = with_initial;
    k.request.initial = 1;
    kit_begin(MCP_INCR);
    k.step = mcp__steps_begin(&k.op);
    expect_step("P:incr B:incr");
}

static void
not_a_number(int leg)
{
    kit_reply(leg, (mcp__reply){.kind = MCP__REPLY_CLIENT_ERROR}, MCP_NOT_NUMBER);
}

static void
ends(int status, int sequel)
{
    expect_step("done");
    ck_assert_int_eq(k.op.status, status);
    ck_assert_int_eq(k.op.sequel, sequel);
    kit_fini();
}

/* In whichever order they answer, the backup's number is told, and copied to the primary. */
START_TEST(the_backup_has_counted)
{
    begin(0);
    if (_i == 0)
        not_a_number(P);
    kit_value(B, "8", 7);
    if (_i == 1)
        not_a_number(P);
    expect_step("P:get");
    if (_i == 0)
        kit_miss(P);
    else
        kit_value(P, "7", 3); /* whoever filled it has been faster */
    expect_step("P:delete");
    kit_done(P, 0);
    ck_assert_uint_eq(k.op.number, 8);
    ck_assert_int_eq(k.op.answered, B);
    ck_assert_int_eq(k.op.authority, B);
    ends(MCP_OK, MCP__SEQUEL_COPY);
}
END_TEST

START_TEST(nobody_has_a_number)
{
    begin(0);
    not_a_number(P);
    kit_miss(B);
    expect_step("P:get");
    kit_miss(P);
    ends(MCP_NOT_FOUND, MCP__SEQUEL_NONE);
}
END_TEST

START_TEST(a_text_is_no_number)
{
    begin(_i);
    not_a_number(P);
    not_a_number(B);
    expect_step("P:get");
    kit_value(P, "text", 3);
    ends(MCP_NOT_NUMBER, MCP__SEQUEL_NONE);
}
END_TEST

/* A copy that has something else than the primary's number loses it. */
START_TEST(the_backup_has_a_stub)
{
    begin(0);
    kit_value(P, "8", 7);
    not_a_number(B);
    expect_step("B:delete");
    kit_done(B, 0);
    ck_assert_uint_eq(k.op.number, 8);
    ck_assert_int_eq(k.op.authority, P);
    ends(MCP_OK, MCP__SEQUEL_COPY);
}
END_TEST

/* It has answered, and gone away behind that: it is not waited for. What was said stands, and what it
 * lacks is on record. */
START_TEST(one_that_went_away_is_not_looked_at)
{
    begin(0);
    not_a_number(P);
    k.op.view.is_usable[P] = 0;
    not_a_number(B);
    ck_assert_int_eq(k.op.answered, B);
    ends(MCP_NOT_NUMBER, MCP__SEQUEL_NONE);
    begin(0);
    not_a_number(B);
    k.op.view.is_usable[B] = 0;
    kit_value(P, "8", 7);
    ck_assert_int_eq(k.op.answered, P);
    ck_assert_int_eq(k.op.mark.is_active, 1);
    ck_assert_int_eq(k.op.mark.witness, P);
    kit_fini();
}
END_TEST

/* A stub on each: it begins anew on both, and nothing goes round in circles. */
START_TEST(both_have_stubs)
{
    begin(1);
    not_a_number(P);
    not_a_number(B);
    expect_step("P:get");
    kit_miss(P);
    expect_step("P:delete");
    kit_done(P, 0);
    expect_step("B:incr");
    not_a_number(B);
    expect_step("B:get");
    kit_miss(B);
    expect_step("B:delete");
    kit_done(B, 0);
    expect_step("B:incr");
    kit_value(B, "1", 9);
    expect_step("P:incr");
    kit_value(P, "1", 9);
    ck_assert_uint_eq(k.op.number, 1);
    ends(MCP_OK, MCP__SEQUEL_COPY);
}
END_TEST

/* Nothing is known of the primary any more: what it missed goes on record. */
START_TEST(the_primary_is_lost_while_it_is_looked_at)
{
    begin(0);
    not_a_number(P);
    kit_value(B, "8", 7);
    expect_step("P:get");
    if (_i == 1) {
        kit_miss(P);
        expect_step("P:delete");
    }
    kit_fail(P, MCP__FAILURE_TIMEOUT, 1);
    expect_step("B:look journal size bump marks");
    kit_fail(B, MCP__FAILURE_TIMEOUT, 1);
    ends(MCP_UNKNOWN, _i == 1 ? MCP__SEQUEL_COPY : MCP__SEQUEL_NONE);
}
END_TEST

/* Nobody has counted: what had been said is told, and the backup's word before the primary's. */
START_TEST(nothing_was_counted_and_it_cannot_be_looked_at)
{
    begin(0);
    not_a_number(P);
    if (_i == 0)
        not_a_number(B);
    else
        kit_miss(B);
    expect_step("P:get");
    kit_fail(P, MCP__FAILURE_TIMEOUT, 1);
    ends(_i == 0 ? MCP_NOT_NUMBER : MCP_NOT_FOUND, MCP__SEQUEL_NONE);
}
END_TEST

/* ---- appends ---- */

/* What an append has left at the primary is no more than what was appended. */
static void
begin_append(void)
{
    kit_init(MCP_APPEND);
    k.request.value = "tail";
    k.request.value_len = 4;
    kit_begin(MCP_APPEND);
    k.step = mcp__steps_begin(&k.op);
    expect_step("P:append");
    kit_done(P, 7);
    expect_step("P:get");
    kit_reply(P, (mcp__reply){.kind = MCP__REPLY_VALUE, .value = {"tail", 4}, .cas = 7, .ttl = 30},
              MCP_OK);
    expect_step("B:get");
}

/* What has flags, or stands for ever, is no stub's: nobody is asked. */
START_TEST(an_append_to_what_is_no_stub)
{
    kit_init(MCP_APPEND);
    k.request.value = "tail";
    k.request.value_len = 4;
    kit_begin(MCP_APPEND);
    k.step = mcp__steps_begin(&k.op);
    kit_words();
    kit_done(P, 7);
    kit_words();
    kit_reply(P, (mcp__reply){.kind = MCP__REPLY_VALUE, .value = {"tail", 4}, .flags = _i == 0 ? 5 : 0,
                              .cas = 7, .ttl = _i == 0 ? 30 : -1},
              MCP_OK);
    expect_step("B:set");
    kit_done(B, 10);
    ends(MCP_OK, MCP__SEQUEL_VERIFY);
}
END_TEST

/* It is not taken back when it is no more what the append left: somebody has set both copies. */
START_TEST(an_append_under_a_newer_value)
{
    begin_append();
    kit_value(B, "newer", 9);
    expect_step("P:delete");
    ck_assert_uint_eq(k.op.drop_unique, 7);
    kit_no(P, MCP_EXISTS);
    ends(MCP_OK, MCP__SEQUEL_NONE);
}
END_TEST

/* It was made to a stub: it is taken back, and the backup, which has the value, decides. */
START_TEST(an_append_to_a_stub_does_not_replace_the_value)
{
    begin_append();
    kit_value(B, "head", 9);
    expect_step("P:delete");
    kit_done(P, 0);
    expect_step("B:append");
    kit_done(B, 10);
    expect_step("B:get");
    kit_value(B, "headtail", 10);
    expect_step("P:set");
    ck_assert_uint_eq(mcp__buf_len(&k.op.kept), 8);
    kit_done(P, 8);
    ck_assert_int_eq(k.op.leg[P].copy, MCP_COPY_OK);
    ck_assert_int_eq(k.op.leg[B].copy, MCP_COPY_OK);
    ends(MCP_OK, MCP__SEQUEL_VERIFY);
}
END_TEST

START_TEST(an_append_to_what_nobody_has)
{
    begin_append();
    kit_miss(B);
    expect_step("P:delete");
    kit_done(P, 0);
    ends(MCP_NOT_STORED, MCP__SEQUEL_NONE);
}
END_TEST

START_TEST(an_append_to_an_empty_value)
{
    begin_append();
    kit_value(B, "", 9);
    expect_step("B:set");
    kit_done(B, 10);
    ends(MCP_OK, MCP__SEQUEL_VERIFY);
}
END_TEST

/* The backup does not tell: what the primary has stands, and that the backup lacks it is on record. Or
 * what was made to nothing cannot be taken back: that is unknown, and on record, too. */
START_TEST(an_append_whose_other_copy_goes_away)
{
    begin_append();
    if (_i == 0) {
        kit_fail(B, MCP__FAILURE_BROKEN, 1);
    } else {
        kit_value(B, "head", 9);
        expect_step("P:delete");
        kit_fail(P, MCP__FAILURE_BROKEN, 1);
    }
    ck_assert_int_eq(k.op.mark.is_active, 1);
    ck_assert_int_eq(k.op.mark.witness, _i == 0 ? P : B);
    ck_assert_int_eq(k.op.status, _i == 0 ? MCP_OK : MCP_UNKNOWN);
    kit_fini();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stubs");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, the_backup_has_counted, 0, 2);
    tcase_add_test(all, nobody_has_a_number);
    tcase_add_loop_test(all, a_text_is_no_number, 0, 2);
    tcase_add_test(all, the_backup_has_a_stub);
    tcase_add_test(all, one_that_went_away_is_not_looked_at);
    tcase_add_test(all, both_have_stubs);
    tcase_add_test(all, an_append_to_a_stub_does_not_replace_the_value);
    tcase_add_test(all, an_append_to_what_nobody_has);
    tcase_add_test(all, an_append_to_an_empty_value);
    tcase_add_loop_test(all, an_append_whose_other_copy_goes_away, 0, 2);
    tcase_add_loop_test(all, an_append_to_what_is_no_stub, 0, 2);
    tcase_add_test(all, an_append_under_a_newer_value);
    tcase_add_loop_test(all, the_primary_is_lost_while_it_is_looked_at, 0, 2);
    tcase_add_loop_test(all, nothing_was_counted_and_it_cannot_be_looked_at, 0, 2);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

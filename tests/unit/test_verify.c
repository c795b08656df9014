/* SPDX-License-Identifier: BSD-3-Clause */
/* Behind a write: are both copies equal? And behind a repair. */
#include "ops/verify.h"

#include <stdio.h>
#include <string.h>

#include "op_kit.h"
#include "ops/steps.h"

/* The write had the numbers 11 on the primary and 22 on the backup. */
static void
begin_verify(void)
{
    kit_init(MCP_SET);
    kit_begin(MCP__VERB_VERIFY);
    k.op.deadline_ms = INT64_MAX;
    k.op.copy_cas[P] = 11;
    k.op.copy_cas[B] = 22;
    k.step = mcp__steps_begin(&k.op);
    expect_step("P:peek B:peek marks");
}

/* 0: there is none any more. */
static void
number_is(int leg, uint64_t cas)
{
    cas != 0 ? kit_done(leg, cas) : kit_miss(leg);
}

/* `drops`: the number of which the backup's copy goes; 0: it stays. */
START_TEST(what_the_numbers_say)
{
    static const struct {
        uint64_t primary, backup, drops;
    } rows[] = {
        {11, 22, 0},                /* nobody else was there */
        {12, 22, 22},               /* somebody was: only our copy goes */
        {0, 22, 22},  {12, 23, 22}, /* that one has written both: the delete meets another number */
        {0, 0, 22},   {11, 23, 23}, /* only the backup moved: what was seen there goes */
        {11, 0, 0},                 /* a miss there harms nobody */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int backup_first = 0; backup_first < 2; backup_first++) {
            mcp__scratch scratch;
            begin_verify();
            if (!backup_first)
                number_is(P, rows[i].primary);
            number_is(B, rows[i].backup);
            kit_miss(B); /* no marks */
            if (backup_first)
                number_is(P, rows[i].primary);
            if (rows[i].drops != 0) {
                expect_step("B:delete");
                mcp__command command = mcp__op_command(&k.op, B, MCP__COMMAND_DELETE, &scratch);
                ck_assert_uint_eq(command.unique, rows[i].drops);
                kit_done(B, 0);
            }
            kit_ends(MCP_OK);
        }
    }
}
END_TEST

/* The bundle that puts the key on record on `witness`, answered as if all were in order. */
static void
is_recorded_on(int witness)
{
    static const char *const lists[] = {"0000bbbb=1cebabe1;0000bbbb+%02u.00000007;",
                                        "0000aaaa=1cebabe1;0000aaaa+%02u.00000007;"};
    char list[100];
    mcp__reply tagged = {.kind = MCP__REPLY_DONE, .flags = MCP__MARKS_TAG_FLAGS(7), .ttl = -1};
    expect_step(witness == P ? "P:look journal size bump marks" : "B:look journal size bump marks");
    snprintf(list, sizeof list, lists[witness], mcp__marks_segment("key", 3));
    kit_reply(witness, tagged, MCP_OK);
    kit_done(witness, 0);
    kit_reply(witness, tagged, MCP_OK);
    kit_done(witness, 0);
    kit_value(witness, list, 5);
}

/* A client of an older view wrote the backup alone, and marked: our write on the primary is not
 * what counts. */
START_TEST(the_primary_is_marked_by_now)
{
    begin_verify();
    number_is(P, 11);
    number_is(B, 22);
    kit_value(B, "0000aaaa=00000001;", 5);
    is_recorded_on(B);
    kit_ends(MCP_OK);
}
END_TEST

/* Numbers of another life say nothing. */
START_TEST(a_connection_of_another_life)
{
    for (int leg = P; leg <= B; leg++) {
        begin_verify();
        k.op.leg[leg].is_reborn = 1;
        number_is(P, 3);
        number_is(B, 22);
        kit_miss(B);
        kit_ends(MCP_OK);
    }
}
END_TEST

/* One does not answer: later again, three times in all, and then what it may lack is on record. */
START_TEST(three_tries_and_then_on_record)
{
    for (int fails = P; fails <= B; fails++) {
        begin_verify();
        for (int i = 1; i <= 3; i++) {
            if (fails == B)
                number_is(P, 11);
            kit_fail(fails, MCP__FAILURE_TIMEOUT, 1);
            if (fails == P) {
                number_is(B, 22);
                kit_miss(B);
            }
            if (i == 3)
                break;
            expect_step("wait");
            ck_assert_int_eq(k.op.hold_ms, k.op.now_ms + 200);
            k.op.now_ms = k.op.hold_ms;
            k.step = mcp__steps_time(&k.op);
            expect_step("P:peek B:peek marks");
        }
        is_recorded_on(1 - fails);
        kit_ends(MCP_OK);
    }
}
END_TEST

START_TEST(it_answers_the_second_time)
{
    begin_verify();
    kit_fail(P, MCP__FAILURE_BROKEN, 1);
    number_is(B, 22);
    kit_miss(B);
    expect_step("wait");
    k.step = mcp__steps_time(&k.op);
    expect_step("P:peek B:peek marks");
    number_is(P, 12);
    number_is(B, 22);
    kit_miss(B);
    expect_step("B:delete");
    kit_miss(B);
    kit_ends(MCP_OK);
}
END_TEST

START_TEST(both_are_silent_for_ever)
{
    begin_verify();
    for (int i = 1; i <= 3; i++) {
        kit_fail(P, MCP__FAILURE_TIMEOUT, 1);
        kit_fail(B, MCP__FAILURE_TIMEOUT, 1);
        if (i < 3) {
            expect_step("wait");
            k.step = mcp__steps_time(&k.op);
            expect_step("P:peek B:peek marks");
        }
    }
    kit_ends(MCP_UNKNOWN);
}
END_TEST

/* The copy that has to go may still be there. */
START_TEST(a_lost_drop_goes_on_record)
{
    begin_verify();
    number_is(P, 12);
    number_is(B, 22);
    kit_miss(B);
    expect_step("B:delete");
    kit_fail(B, MCP__FAILURE_TIMEOUT, 1);
    is_recorded_on(P);
    kit_ends(MCP_OK);
}
END_TEST

/* ---- when it is begun ---- */

/* Only stores have numbers to compare, and only a store that both copies took. */
START_TEST(what_is_verified)
{
    for (int verifies = 0; verifies < 2; verifies++) {
        for (int fails = 0; fails < 2; fails++) {
            kit_init(MCP_SET);
            k.promise.verifies = (uint8_t)verifies;
            kit_begin(MCP_SET);
            k.step = mcp__steps_begin(&k.op);
            expect_step("P:set B:set");
            mcp__scratch scratch;
            mcp__command command = mcp__op_command(&k.op, B, MCP__COMMAND_SET, &scratch);
            ck_assert_uint_eq(command.want & MCP_WANT_CAS, verifies ? MCP_WANT_CAS : 0);
            kit_done(B, verifies ? 22 : 0);
            if (fails) {
                kit_fail(P, MCP__FAILURE_TIMEOUT, 1);
                is_recorded_on(B);
            } else {
                kit_done(P, verifies ? 11 : 0);
            }
            ck_assert_int_eq(k.op.sequel,
                             verifies && !fails ? MCP__SEQUEL_VERIFY : MCP__SEQUEL_NONE);
            kit_ends(MCP_OK);
        }
    }
}
END_TEST

/* ---- compare ---- */

static void
begin_compare(void)
{
    kit_init(MCP_GET);
    kit_begin(MCP__VERB_COMPARE);
    k.step = mcp__steps_begin(&k.op);
    expect_step("P:get B:get");
}

static void
says(int leg, const char *value, uint64_t cas)
{
    value == NULL ? kit_miss(leg) : kit_value(leg, value, cas);
}

START_TEST(what_differs_for_long_goes)
{
    static const struct {
        const char *primary, *witness;
        int differs;
    } rows[] = {
        {"same", "same", 0}, {"zombie", "newer", 1}, {"zombie", NULL, 1},
        {NULL, "newer", 0},  {NULL, NULL, 0},        {"", "", 0},
        {"", NULL, 1},       {"same", "samE", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int witness_first = 0; witness_first < 2; witness_first++) {
            begin_compare();
            says(witness_first ? B : P, witness_first ? rows[i].witness : rows[i].primary, 9);
            says(witness_first ? P : B, witness_first ? rows[i].primary : rows[i].witness, 9);
            if (rows[i].differs) {
                expect_step("wait"); /* a write may be on its way to either */
                ck_assert_int_eq(k.op.hold_ms, k.op.now_ms + 700);
                k.step = mcp__steps_time(&k.op);
                expect_step("P:get B:get");
                says(B, rows[i].witness, 10);
                says(P, rows[i].primary, 9);
                expect_step("P:delete");
                ck_assert_uint_eq(k.op.drop_unique, 9);
                kit_done(P, 0);
            }
            kit_ends(MCP_OK);
        }
    }
}
END_TEST

/* Somebody has written it since, or it is equal by now. */
START_TEST(what_changes_meanwhile_stays)
{
    for (int how = 0; how < 3; how++) {
        begin_compare();
        says(P, "zombie", 9);
        says(B, "newer", 10);
        expect_step("wait");
        k.step = mcp__steps_time(&k.op);
        expect_step("P:get B:get");
        says(P, how == 0 ? "newest" : how == 1 ? "newer" : NULL, how == 0 ? 12 : 9);
        says(B, "newer", 10);
        kit_ends(MCP_OK);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("verify");
    TCase *all = tcase_create("verify");
    tcase_add_test(all, what_the_numbers_say);
    tcase_add_test(all, the_primary_is_marked_by_now);
    tcase_add_test(all, a_connection_of_another_life);
    tcase_add_test(all, three_tries_and_then_on_record);
    tcase_add_test(all, it_answers_the_second_time);
    tcase_add_test(all, both_are_silent_for_ever);
    tcase_add_test(all, a_lost_drop_goes_on_record);
    tcase_add_test(all, what_is_verified);
    tcase_add_test(all, what_differs_for_long_goes);
    tcase_add_test(all, what_changes_meanwhile_stays);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What builds on what is there, while the backup has come back empty and is being filled. */
#include <string.h>

#include "op_kit.h"
#include "ops/steps.h"

/* The backup has come back empty, and the primary is whole. */
static void
begin_cold_backup(mcp_verb verb, int waits)
{
    kit_init(verb);
    k.promise.waits_for_mirror = (uint8_t)waits;
    k.ledger[P].epoch = MCP__EPOCH_READY;
    k.ledger[B].epoch = MCP__EPOCH_WARMING;
    kit_begin((int)verb);
    k.step = mcp__steps_begin(&k.op);
}

/* The primary first: who copies the key behind that reads the new time; who has read the old one
 * has put his stub there before. */
START_TEST(a_touch_meets_a_stub_on_the_backup)
{
    static const int verbs[] = {MCP_TOUCH, MCP_GAT};
    for (size_t i = 0; i < 2; i++) {
        for (int waits = 0; waits < 2; waits++) {
            begin_cold_backup((mcp_verb)verbs[i], waits); /* here it does wait */
            expect_step(verbs[i] == MCP_GAT ? "P:gat" : "P:touch");
            if (verbs[i] == MCP_GAT)
                kit_value(P, "here", 7);
            else
                kit_done(P, 7);
            expect_step("B:touch");
            kit_stub(B);
            expect_step("B:delete");
            kit_done(B, 0);
            ck_assert_int_eq(k.op.sequel, MCP__SEQUEL_COPY);
            ck_assert_int_eq(k.op.authority, P);
            kit_gives(MCP_OK, P, verbs[i] == MCP_GAT ? "here" : NULL);
        }
    }
}
END_TEST

START_TEST(a_touch_meets_a_value_on_the_backup)
{
    begin_cold_backup(MCP_TOUCH, 1);
    expect_step("P:touch");
    kit_done(P, 7);
    expect_step("B:touch");
    kit_done(B, 22);
    ck_assert_int_ne(k.op.sequel, MCP__SEQUEL_COPY);
    kit_gives(MCP_OK, P, NULL);
}
END_TEST

/* Who copies it at this moment may bring the number that the primary has now, and it would count
 * twice. */
START_TEST(a_number_of_a_cold_backup)
{
    begin_cold_backup(MCP_INCR, 1);
    expect_step("P:incr");
    kit_value(P, "6", 7);
    expect_step("B:delete");
    kit_done(B, 0);
    ck_assert_int_eq(k.op.sequel, MCP__SEQUEL_COPY);
    ck_assert_uint_eq(k.op.number, 6);
    kit_gives(MCP_OK, P, NULL);
}
END_TEST

/* Both were asked at once; then the greeting of the backup says that it has come back empty. */
START_TEST(it_turns_out_to_be_cold)
{
    static const int verbs[] = {MCP_TOUCH, MCP_GAT, MCP_INCR};
    static const char *first[] = {"P:touch B:touch", "P:gat B:touch", "P:incr B:incr"};
    for (size_t i = 0; i < 3; i++) {
        kit_init((mcp_verb)verbs[i]);
        kit_begin(verbs[i]);
        k.step = mcp__steps_begin(&k.op);
        expect_step(first[i]);
        if (i == 0)
            kit_done(P, 7);
        else
            kit_value(P, i == 1 ? "here" : "6", 7);
        k.ledger[B].epoch = MCP__EPOCH_WARMING;
        if (i == 2)
            kit_reply(B, (mcp__reply){.kind = MCP__REPLY_NOT_FOUND}, MCP_NOT_FOUND);
        else
            kit_stub(B);
        expect_step("B:delete");
        kit_done(B, 0);
        ck_assert_int_eq(k.op.sequel, MCP__SEQUEL_COPY);
        kit_gives(MCP_OK, P, i == 1 ? "here" : NULL);
    }
}
END_TEST

/* A touch of both, as ever, where nothing is being filled. */
START_TEST(nothing_is_dropped_in_peace)
{
    kit_init(MCP_TOUCH);
    kit_begin(MCP_TOUCH);
    k.step = mcp__steps_begin(&k.op);
    expect_step("P:touch B:touch");
    kit_done(P, 7);
    kit_done(B, 22);
    ck_assert_int_ne(k.op.sequel, MCP__SEQUEL_COPY);
    kit_gives(MCP_OK, P, NULL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cold backup");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_touch_meets_a_stub_on_the_backup);
    tcase_add_test(all, a_touch_meets_a_value_on_the_backup);
    tcase_add_test(all, a_number_of_a_cold_backup);
    tcase_add_test(all, it_turns_out_to_be_cold);
    tcase_add_test(all, nothing_is_dropped_in_peace);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

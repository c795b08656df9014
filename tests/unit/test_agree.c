/* SPDX-License-Identifier: BSD-3-Clause */
/* Both copies stand: what they agree on is the value, and what builds on a value asks both first.
 */
#include "ops/agree.h"

#include <stdio.h>
#include <string.h>

#include "op_kit.h"
#include "ops/steps.h"

static void
begin_both_stand(mcp_verb verb)
{
    kit_init(verb);
    kit_marks(P, "0000bbbb=00000001;", 2);
    kit_marks(B, "0000aaaa=00000001;", 2);
    kit_begin((int)verb);
    k.op.cas = k.request.cas;
    k.step = mcp__steps_begin(&k.op);
}

static void
says(int leg, const char *value)
{
    value == NULL ? kit_miss(leg) : kit_value(leg, value, 9);
}

START_TEST(reads)
{
    static const struct {
        const char *primary, *backup;
        int status;
    } rows[] = {
        {"same", "same", MCP_OK},      {"", "", MCP_OK},
        {"new", "old", MCP_NOT_FOUND}, {"new", NULL, MCP_NOT_FOUND},
        {NULL, "new", MCP_NOT_FOUND},  {NULL, NULL, MCP_NOT_FOUND},
        {"", NULL, MCP_NOT_FOUND},     {"a", "aa", MCP_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int first = P; first <= B; first++) {
            begin_both_stand(MCP_GET);
            expect_step("P:get B:get");
            says(first, first == P ? rows[i].primary : rows[i].backup);
            says(1 - first, first == P ? rows[i].backup : rows[i].primary);
            expect_step("done");
            if (rows[i].status == MCP_OK) {
                ck_assert_uint_eq(k.op.result_value.len, strlen(rows[i].primary));
                ck_assert_uint_eq(k.op.result_flags, 5);
            }
            kit_ends(rows[i].status);
        }
    }
}
END_TEST

START_TEST(flags_are_part_of_a_value)
{
    mcp__reply other = {.kind = MCP__REPLY_VALUE, .flags = 6, .ttl = -1, .value = {"same", 4}};
    begin_both_stand(MCP_GET);
    expect_step("P:get B:get");
    says(P, "same");
    kit_reply(B, other, MCP_OK);
    kit_ends(MCP_NOT_FOUND);
}
END_TEST

/* A silent one could have another value: a miss, and with both of them silent an error. */
START_TEST(one_is_silent)
{
    for (int fails = P; fails <= B; fails++) {
        for (int first = P; first <= B; first++) {
            begin_both_stand(MCP_GET);
            expect_step("P:get B:get");
            for (int n = 0; n < 2; n++) {
                int leg = n == 0 ? first : 1 - first;
                leg == fails ? kit_fail(leg, MCP__FAILURE_TIMEOUT, 1) : says(leg, "value");
            }
            kit_ends(MCP_NOT_FOUND);
        }
    }
    begin_both_stand(MCP_GET);
    expect_step("P:get B:get");
    kit_fail(B, MCP__FAILURE_TIMEOUT, 1);
    kit_fail(P, MCP__FAILURE_TIMEOUT, 1);
    kit_ends(MCP_TIMEOUT);
}
END_TEST

START_TEST(no_memory_to_compare)
{
    begin_both_stand(MCP_GET);
    expect_step("P:get B:get");
    k.memory.fail_at = k.memory.n_asked + 1;
    says(P, "same");
    says(B, "same");
    kit_ends(MCP_NO_MEMORY);
}
END_TEST

/* They agree: the change goes on as if one of them decided. */
START_TEST(a_change_of_what_both_have)
{
    begin_both_stand(MCP_INCR);
    expect_step("P:get B:get");
    says(P, "41");
    says(B, "41");
    expect_step("B:incr");
    kit_value(B, "42", 0);
    expect_step("P:delete"); /* a repair may copy the 42 at this moment: no delta on top of it */
    kit_done(P, 0);
    expect_step("done");
    ck_assert_uint_eq(k.op.number, 42);
    kit_ends(MCP_OK);
}
END_TEST

/* They do not: there is no value to build on, */
START_TEST(a_change_of_what_they_differ_on)
{
    static const struct {
        mcp_verb verb;
        int status;
    } rows[] = {
        {MCP_INCR, MCP_NOT_FOUND},  {MCP_DECR, MCP_NOT_FOUND},    {MCP_REPLACE, MCP_NOT_STORED},
        {MCP_TOUCH, MCP_NOT_FOUND}, {MCP_APPEND, MCP_NOT_STORED}, {MCP_PREPEND, MCP_NOT_STORED},
        {MCP_GAT, MCP_NOT_FOUND},   {MCP_CAS, MCP_EXISTS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_both_stand(rows[i].verb);
        expect_step("P:get B:get");
        says(B, "new");
        says(P, "old");
        kit_ends(rows[i].status);
    }
}
END_TEST

/* and what wants none goes on when both are gone, and only then. */
START_TEST(an_add_where_they_differ)
{
    for (int fails = -1; fails <= B; fails++) {
        begin_both_stand(MCP_ADD);
        expect_step("P:get B:get");
        says(B, "new");
        says(P, "old");
        expect_step("P:delete B:delete");
        if (fails >= 0) {
            kit_fail(fails, MCP__FAILURE_TIMEOUT, 1);
            kit_done(1 - fails, 0);
            kit_ends(MCP_UNKNOWN);
            continue;
        }
        kit_done(P, 0);
        kit_done(B, 0);
        expect_step("B:add");
        kit_done(B, 22);
        expect_step("P:set");
        kit_done(P, 11);
        expect_step("B:peek"); /* the order on the one that stands is not the authority's */
        kit_done(B, 22);
        kit_ends(MCP_OK);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("agree");
    TCase *all = tcase_create("agree");
    tcase_add_test(all, reads);
    tcase_add_test(all, flags_are_part_of_a_value);
    tcase_add_test(all, one_is_silent);
    tcase_add_test(all, no_memory_to_compare);
    tcase_add_test(all, a_change_of_what_both_have);
    tcase_add_test(all, a_change_of_what_they_differ_on);
    tcase_add_test(all, an_add_where_they_differ);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

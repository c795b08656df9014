/* SPDX-License-Identifier: BSD-3-Clause */
/* A value that the primary lacks is taken from the backup, whatever happens to either meanwhile. */
#include "ops/fill.h"

#include <string.h>

#include "op_kit.h"
#include "ops/errand.h"
#include "ops/steps.h"
#include "wire/token.h"

/* The primary has come back empty. */
static void
begin_cold(mcp_verb verb, int is_shared)
{
    kit_init(verb);
    k.request.ttl = verb == MCP_LEASE ? 30 : 0;
    k.promise.is_shared = (uint8_t)is_shared;
    k.ledger[P].epoch = MCP__EPOCH_WARMING;
    k.ledger[B].epoch = MCP__EPOCH_READY;
    kit_begin((int)verb);
    k.step = mcp__steps_begin(&k.op);
}

static void
begin_copy(int deletes_first, int is_shared)
{
    kit_init(MCP_GET);
    k.promise.is_shared = (uint8_t)is_shared;
    k.request.with_initial = deletes_first;
    kit_begin(MCP__VERB_COPY);
    k.step = mcp__steps_begin(&k.op);
}

static mcp__command
command_of(mcp__command_kind kind)
{
    static mcp__scratch scratch;
    return mcp__op_command(&k.op, P, (uint8_t)kind, &scratch);
}

/* ---- a read ---- */

START_TEST(it_is_there_after_all)
{
    begin_cold(MCP_GET, 0);
    expect_step("P:lease");
    ck_assert_int_eq(command_of(MCP__COMMAND_LEASE).ttl, MCP__LEASE_SECONDS);
    kit_value(P, "here", 7);
    kit_gives(MCP_OK, P, "here");
}
END_TEST

/* A value of no bytes is a value; a stub looks the same and is none. */
START_TEST(fault_78_an_empty_value_is_no_stub)
{
    begin_cold(MCP_GET, 0);
    expect_step("P:lease");
    kit_value(P, "", 7);
    kit_gives(MCP_OK, P, "");
    begin_cold(MCP_GET, 0); /* somebody else's stub */
    expect_step("P:lease");
    kit_lease(P, "", 7, MCP__LEASE_TAKEN);
    expect_step("B:get");
    kit_value(B, "", 22);
    kit_gives(MCP_OK, B, "");
    begin_cold(MCP_GET, 0);
    expect_step("P:lease");
    kit_lease(P, "", 7, MCP__LEASE_TAKEN);
    expect_step("B:get");
    kit_miss(B);
    kit_gives(MCP_NOT_FOUND, B, NULL);
}
END_TEST

static void
win_and_read(const char *value, int64_t ttl)
{
    begin_cold(MCP_GET, 0);
    expect_step("P:lease");
    kit_lease(P, "", 7, MCP__LEASE_WON);
    expect_step("B:get");
    mcp__reply reply = {.kind = MCP__REPLY_VALUE,
                        .flags = 5,
                        .cas = 22,
                        .ttl = ttl,
                        .value = {value, strlen(value)}};
    kit_reply(B, reply, MCP_OK);
}

START_TEST(we_win_and_fill)
{
    static const int64_t ttls[][2] = {{-1, 0}, {90, 90}, {2592001, 1800000000 + 2592001}};
    for (size_t i = 0; i < 3; i++) {
        char value[] = "there";
        win_and_read(value, ttls[i][0]);
        memset(value, '?', 5); /* the link goes on */
        expect_step("P:cas");  /* by the cas of our own stub: a plain set or an add is no fill */
        mcp__command command = command_of(MCP__COMMAND_CAS);
        ck_assert_uint_eq(command.unique, 7);
        ck_assert_uint_eq(command.flags, 5);
        ck_assert_int_eq(command.ttl, ttls[i][1]);
        ck_assert_mem_eq(command.value.bytes, "there", 5);
        kit_done(P, 8);
        ck_assert_uint_eq(k.op.number, 1);
        kit_gives(MCP_OK, B, "there");
    }
}
END_TEST

START_TEST(somebody_was_faster)
{
    static const mcp_status rows[] = {MCP_EXISTS, MCP_NOT_FOUND, MCP_TOO_BIG, MCP_SERVER_FULL};
    for (size_t i = 0; i < 4; i++) {
        win_and_read("there", -1);
        expect_step("P:cas");
        rows[i] == MCP_NOT_FOUND ? kit_miss(P) : kit_no(P, rows[i]);
        ck_assert_uint_eq(k.op.number, 0);
        kit_gives(MCP_OK, B, "there"); /* the value is still the answer */
    }
}
END_TEST

START_TEST(somebody_else_fills)
{
    for (int has = 0; has < 2; has++) {
        begin_cold(MCP_GET, 0);
        expect_step("P:lease");
        kit_lease(P, "", 7, MCP__LEASE_TAKEN);
        expect_step("B:get");
        has ? kit_value(B, "there", 22) : kit_miss(B);
        kit_gives(has ? MCP_OK : MCP_NOT_FOUND, B,
                  has ? "there" : NULL); /* and nothing is stored */
    }
}
END_TEST

START_TEST(nobody_has_it)
{
    begin_cold(MCP_GET, 0);
    expect_step("P:lease");
    kit_lease(P, "", 7, MCP__LEASE_WON);
    expect_step("B:get");
    kit_miss(B);
    expect_step("P:delete"); /* our stub, and only ours */
    ck_assert_uint_eq(command_of(MCP__COMMAND_DELETE).unique, 7);
    kit_done(P, 0);
    kit_gives(MCP_NOT_FOUND, B, NULL);
}
END_TEST

/* As a copy it would live for ever. */
START_TEST(less_than_a_second_is_left)
{
    win_and_read("there", 0);
    expect_step("P:delete");
    kit_done(P, 0);
    kit_gives(MCP_OK, B, "there");
}
END_TEST

START_TEST(no_memory_to_keep_it)
{
    begin_cold(MCP_GET, 0);
    expect_step("P:lease");
    kit_lease(P, "", 7, MCP__LEASE_WON);
    expect_step("B:get");
    k.memory.fail_at = k.memory.n_asked + 1;
    kit_value(B, "there", 22);
    expect_step("P:delete");
    kit_done(P, 0);
    kit_gives(MCP_NO_MEMORY, B, "");
}
END_TEST

START_TEST(failures_of_a_read)
{
    for (int has = 0; has < 2; has++) { /* at the lease: the backup is whole */
        begin_cold(MCP_GET, 0);
        expect_step("P:lease");
        kit_fail(P, MCP__FAILURE_TIMEOUT, 1);
        expect_step("B:get");
        has ? kit_value(B, "there", 22) : kit_miss(B);
        kit_gives(has ? MCP_OK : MCP_NOT_FOUND, B, has ? "there" : NULL);
    }
    begin_cold(MCP_GET, 0); /* at the source: our stub goes */
    expect_step("P:lease");
    kit_lease(P, "", 7, MCP__LEASE_WON);
    expect_step("B:get");
    kit_fail(B, MCP__FAILURE_TIMEOUT, 1);
    expect_step("P:delete");
    ck_assert_uint_eq(k.op.drop_unique, 7);
    kit_fail(P, MCP__FAILURE_TIMEOUT, 1);
    kit_ends(MCP_NOT_FOUND);
    win_and_read("there", -1); /* at the store */
    expect_step("P:cas");
    kit_fail(P, MCP__FAILURE_BROKEN, 1);
    kit_gives(MCP_OK, B, "there");
    begin_cold(MCP_GET, 0); /* both */
    expect_step("P:lease");
    kit_fail(P, MCP__FAILURE_TIMEOUT, 1);
    expect_step("B:get");
    kit_fail(B, MCP__FAILURE_REFUSED, 0);
    expect_step("P:get"); /* its connection was lost, no more is known */
    kit_fail(P, MCP__FAILURE_TIMEOUT, 1);
    expect_step("done");
    ck_assert_int_lt(k.op.status, 0);
    kit_fini();
}
END_TEST

/* Who is behind, or empty itself, is no source. */
START_TEST(not_every_backup_is_a_source)
{
    for (int why = 0; why < 4; why++) {
        kit_init(MCP_GET);
        k.ledger[P].epoch = MCP__EPOCH_WARMING;
        k.ledger[B].epoch = why == 0 ? MCP__EPOCH_WARMING : MCP__EPOCH_READY;
        if (why == 1)
            kit_marks(P, "0000bbbb=00000001;", 2);
        if (why == 2)
            kit_marks(B, "0000aaaa=00000001;", 2);
        kit_begin(MCP_GET);
        k.op.view.is_usable[B] = why != 3;
        k.step = mcp__steps_begin(&k.op);
        expect_step(why == 2 ? "B:get" : "P:get");
        kit_miss(why == 2 ? B : P);
        kit_ends(MCP_NOT_FOUND);
    }
}
END_TEST

/* That it is empty is heard on the connection on which it is asked. */
START_TEST(a_miss_of_one_that_turns_out_to_be_empty)
{
    kit_init(MCP_GET);
    kit_begin(MCP_GET);
    k.step = mcp__steps_begin(&k.op);
    expect_step("P:get");
    k.ledger[P].epoch = MCP__EPOCH_WARMING;
    k.ledger[B].epoch = MCP__EPOCH_READY;
    kit_miss(P);
    expect_step("P:lease");
    kit_lease(P, "", 7, MCP__LEASE_WON);
    expect_step("B:get");
    kit_value(B, "there", 22);
    expect_step("P:cas");
    kit_done(P, 8);
    kit_gives(MCP_OK, B, "there");
}
END_TEST

/* ---- a shared pool: no stubs ---- */

static void
look_and_read(void)
{
    begin_cold(MCP_GET, 1);
    expect_step("P:get");
    kit_miss(P);
    expect_step("B:get");
    kit_value(B, "there", 22);
    expect_step("P:add");
}

START_TEST(shared_without_stubs)
{
    begin_cold(MCP_GET, 1);
    expect_step("P:get");
    kit_value(P, "here", 3);
    kit_gives(MCP_OK, P, "here");
    begin_cold(MCP_GET, 1);
    expect_step("P:get");
    kit_miss(P);
    expect_step("B:get");
    kit_miss(B);
    kit_gives(MCP_NOT_FOUND, B, NULL);
    look_and_read();
    kit_done(P, 9);
    expect_step("B:peek");
    kit_done(B, 22);
    kit_gives(MCP_OK, B, "there");
    look_and_read();
    kit_no(P, MCP_NOT_STORED);
    kit_gives(MCP_OK, B, "there");
}
END_TEST

START_TEST(shared_and_the_source_has_moved)
{
    for (int is_gone = 0; is_gone < 2; is_gone++) {
        look_and_read();
        kit_done(P, 9);
        expect_step("B:peek");
        is_gone ? kit_miss(B) : kit_done(B, 23);
        expect_step("P:delete"); /* what we added, if it is still that */
        ck_assert_uint_eq(command_of(MCP__COMMAND_DELETE).unique, 9);
        kit_done(P, 0);
        kit_gives(MCP_OK, B, "there");
    }
}
END_TEST

/* ---- an errand's copy ---- */

static void
copied(int outcome)
{
    expect_step("done");
    ck_assert_uint_eq(k.op.number, (uint64_t)outcome);
    kit_fini();
}

START_TEST(copies_for_an_errand)
{
    for (int deletes = 0; deletes < 2; deletes++) {
        for (int has = 0; has < 2; has++) {
            begin_copy(deletes, 0);
            if (deletes) { /* first: a lease does not replace a stale hit */
                expect_step("P:delete");
                ck_assert_uint_eq(command_of(MCP__COMMAND_DELETE).unique, 0);
                has ? kit_done(P, 0) : kit_miss(P);
            }
            expect_step("P:lease");
            kit_lease(P, "", 7, MCP__LEASE_WON);
            expect_step("B:get");
            has ? kit_value(B, "there", 22) : kit_miss(B);
            expect_step(has ? "P:cas" : "P:delete");
            kit_done(P, 0);
            copied(has ? MCP__OUTCOME_DONE : MCP__OUTCOME_MISSING);
        }
    }
}
END_TEST

START_TEST(copies_that_are_not_made)
{
    begin_copy(0, 0);
    expect_step("P:lease");
    kit_value(P, "here", 7);
    copied(MCP__OUTCOME_KEPT);
    begin_copy(0, 0);
    expect_step("P:lease");
    kit_lease(P, "", 7, MCP__LEASE_TAKEN);
    copied(MCP__OUTCOME_KEPT);
    static const struct {
        mcp_status status;
        int outcome;
    } rows[] = {{MCP_EXISTS, MCP__OUTCOME_KEPT},
                {MCP_TOO_BIG, MCP__OUTCOME_UNABLE},
                {MCP_SERVER_FULL, MCP__OUTCOME_UNABLE}};
    for (size_t i = 0; i < 3; i++) {
        begin_copy(0, 0);
        expect_step("P:lease");
        kit_lease(P, "", 7, MCP__LEASE_WON);
        expect_step("B:get");
        kit_value(B, "there", 22);
        expect_step("P:cas");
        kit_no(P, rows[i].status);
        copied(rows[i].outcome);
    }
}
END_TEST

START_TEST(failures_of_a_copy)
{
    for (int at = 0; at < 4; at++) {
        begin_copy(1, 0);
        expect_step("P:delete");
        if (at > 0) {
            kit_done(P, 0);
            expect_step("P:lease");
        }
        if (at > 1) {
            kit_lease(P, "", 7, MCP__LEASE_WON);
            expect_step("B:get");
        }
        if (at > 2) {
            kit_value(B, "there", 22);
            expect_step("P:cas");
        }
        kit_fail(at == 2 ? B : P, MCP__FAILURE_TIMEOUT, 1);
        copied(MCP__OUTCOME_FAILED);
    }
}
END_TEST

/* It is not done, and must be tried again. */
START_TEST(no_memory_for_a_copy)
{
    for (int at_store = 0; at_store < 2; at_store++) {
        begin_copy(0, 0);
        expect_step("P:lease");
        kit_lease(P, "", 7, MCP__LEASE_WON);
        expect_step("B:get");
        k.memory.fail_at = at_store ? 0 : k.memory.n_asked + 1;
        kit_value(B, "there", 22);
        if (at_store) {
            expect_step("P:cas");
            kit_fail(P, MCP__FAILURE_MEMORY, 0);
        }
        expect_step("P:delete");
        kit_done(P, 0);
        copied(MCP__OUTCOME_FAILED);
    }
}
END_TEST

/* ---- a user's lease ---- */

static void
leased(int status, uint64_t token)
{
    expect_step("done");
    ck_assert_int_eq(k.op.status, status);
    ck_assert_uint_eq(k.op.result_cas, token);
    kit_fini();
}

START_TEST(leases_of_a_cold_primary)
{
    static const uint64_t mine = (uint64_t)P_MARK << 48 | 7;
    ck_assert_uint_eq(mcp__token_cas(P_MARK, 7), mine);
    for (int how = 0; how < 3; how++) { /* the backup has it, or has it not, or does not answer */
        begin_cold(MCP_LEASE, 0);
        expect_step("P:lease");
        ck_assert_int_eq(command_of(MCP__COMMAND_LEASE).ttl, 30);
        kit_lease(P, "", 7, MCP__LEASE_WON);
        expect_step("B:get");
        if (how == 0) {
            kit_value(B, "there", 22);
            expect_step("P:cas");
            kit_done(P, 8);
            leased(MCP_OK, 0);
        } else {
            how == 1 ? kit_miss(B) : kit_fail(B, MCP__FAILURE_TIMEOUT, 1);
            leased(MCP_NOT_FOUND, mine); /* ours to compute; the stub stays */
        }
    }
    begin_cold(MCP_LEASE, 0);
    expect_step("P:lease");
    kit_lease(P, "", 7, MCP__LEASE_TAKEN);
    expect_step("B:get");
    kit_miss(B);
    leased(MCP_LEASED, 0);
}
END_TEST

START_TEST(leases_in_peace)
{
    static const struct {
        const char *value;
        uint8_t lease;
        int status;
        uint64_t unique;
    } rows[] = {
        {"", MCP__LEASE_WON, MCP_NOT_FOUND, 7},
        {"", MCP__LEASE_TAKEN, MCP_LEASED, 0},
        {"old", MCP__LEASE_WON, MCP_OK, 7}, /* an early recomputing */
        {"old", MCP__LEASE_TAKEN, MCP_OK, 0},
        {"here", 0, MCP_OK, 0},
        {"", 0, MCP_OK, 0}, /* an empty value is a value */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        kit_init(MCP_LEASE);
        k.request.ttl = 30;
        kit_begin(MCP_LEASE);
        k.step = mcp__steps_begin(&k.op);
        expect_step("P:lease");
        kit_lease(P, rows[i].value, 7, rows[i].lease);
        leased(rows[i].status, rows[i].unique ? mcp__token_cas(P_MARK, rows[i].unique) : 0);
    }
}
END_TEST

/* ---- a touch ---- */

/* Somebody copies the key at this moment, and has read the time of before. */
START_TEST(a_touch_meets_a_stub)
{
    static const int verbs[] = {MCP_TOUCH, MCP_GAT};
    for (size_t i = 0; i < 2; i++) {
        begin_cold((mcp_verb)verbs[i], 0);
        expect_step(verbs[i] == MCP_GAT ? "B:gat" : "B:touch");
        if (verbs[i] == MCP_GAT)
            kit_value(B, "there", 22);
        else
            kit_done(B, 22);
        expect_step("P:touch");
        kit_stub(P);
        expect_step("P:delete");
        kit_done(P, 0);
        ck_assert_int_eq(k.op.sequel, MCP__SEQUEL_COPY);
        kit_gives(MCP_OK, B, verbs[i] == MCP_GAT ? "there" : NULL);
    }
}
END_TEST

START_TEST(a_touch_meets_a_value)
{
    begin_cold(MCP_TOUCH, 0);
    expect_step("B:touch");
    kit_done(B, 22);
    expect_step("P:touch");
    kit_done(P, 7);
    ck_assert_int_ne(k.op.sequel, MCP__SEQUEL_COPY);
    kit_gives(MCP_OK, B, NULL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fill");
    TCase *all = tcase_create("fill");
    tcase_add_test(all, it_is_there_after_all);
    tcase_add_test(all, fault_78_an_empty_value_is_no_stub);
    tcase_add_test(all, we_win_and_fill);
    tcase_add_test(all, somebody_was_faster);
    tcase_add_test(all, somebody_else_fills);
    tcase_add_test(all, nobody_has_it);
    tcase_add_test(all, less_than_a_second_is_left);
    tcase_add_test(all, no_memory_to_keep_it);
    tcase_add_test(all, no_memory_for_a_copy);
    tcase_add_test(all, failures_of_a_read);
    tcase_add_test(all, not_every_backup_is_a_source);
    tcase_add_test(all, a_miss_of_one_that_turns_out_to_be_empty);
    tcase_add_test(all, shared_without_stubs);
    tcase_add_test(all, shared_and_the_source_has_moved);
    tcase_add_test(all, copies_for_an_errand);
    tcase_add_test(all, copies_that_are_not_made);
    tcase_add_test(all, failures_of_a_copy);
    tcase_add_test(all, leases_of_a_cold_primary);
    tcase_add_test(all, leases_in_peace);
    tcase_add_test(all, a_touch_meets_a_stub);
    tcase_add_test(all, a_touch_meets_a_value);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

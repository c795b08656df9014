/* SPDX-License-Identifier: BSD-3-Clause */
/* Putting a key on record, reply by reply. */
#include "ops/mark.h"

#include <stdio.h>
#include <string.h>

#include "op_kit.h"
#include "ops/steps.h"
#include "ops/write.h"

static uint32_t
segment(void)
{
    return mcp__marks_segment("key", 3);
}

/* The marks as the witness has them when P is on record with the key's segment of this tag. */
static const char *
listed(uint32_t tag)
{
    static char text[100];
    snprintf(text, sizeof text, "0000aaaa=00000005;0000aaaa+%02u.%08x;", segment(), tag);
    return text;
}

static void
tagged(uint32_t tag, uint64_t size)
{
    mcp__reply reply = {
        .kind = MCP__REPLY_DONE, .flags = MCP__MARKS_TAG_FLAGS(tag), .size = size, .ttl = -1};
    kit_reply(B, reply, MCP_OK);
}

/* "look journal size bump" are answered: the line went to the segment of this tag. */
static void
appended(uint32_t tag, uint64_t size_before, uint64_t size_behind)
{
    tagged(tag, size_before);
    kit_done(B, 0);
    tagged(tag, size_behind);
    kit_done(B, 0);
}

/* A set of which the primary, away, is known to miss it. */
static void
begin_set(void)
{
    kit_init(MCP_SET);
    kit_begin(MCP_SET);
    k.op.view.is_usable[P] = 0;
    k.step = mcp__write_begin(&k.op);
}

/* The segment is listed by itself, or with all others. */
START_TEST(all_is_in_order_already)
{
    const char *marks = _i == 0 ? listed(7) : "0000aaaa+**.00000007;0000aaaa=00000005;";
    begin_set();
    expect_step("B:set look journal size bump marks"); /* in this order */
    kit_done(B, 9);
    appended(7, 100, 104);
    expect_step("wait");
    kit_value(B, marks, 3);
    expect_step("done");
    ck_assert_int_eq(k.op.status, MCP_OK);
    ck_assert_int_eq(k.op.leg[P].copy, MCP_COPY_FAILED);
    ck_assert_int_eq(k.op.leg[B].copy, MCP_COPY_OK);
    kit_fini();
}
END_TEST

/* The first bundle finds nothing at all. */
static void
find_nothing(void)
{
    expect_step("B:set look journal size bump marks");
    kit_done(B, 9);
    kit_miss(B);
    kit_no(B, MCP_NOT_STORED);
    kit_miss(B);
    kit_no(B, MCP_NOT_STORED);
    kit_miss(B);
}

/* The primary may have made an append, and its answer was lost. The backup says that there is nothing to
 * append to: it may not have got its copy yet, so that is not told. */
START_TEST(an_append_that_one_copy_may_have_made)
{
    for (int was_sent = 0; was_sent < 2; was_sent++) {
        for (int records = 0; records < 2; records++) {
            kit_init(_i ? MCP_APPEND : MCP_PREPEND);
            k.promise.keeps_record = (uint8_t)records;
            kit_begin(_i ? MCP_APPEND : MCP_PREPEND);
            k.step = mcp__write_begin(&k.op);
            expect_step(_i ? "P:append" : "P:prepend");
            kit_fail(P, MCP__FAILURE_BROKEN, was_sent);
            (void)kit_words(); /* B:append, and the record */
            kit_no(B, MCP_NOT_STORED);
            if (records) {
                tagged(7, 100);
                kit_done(B, 0);
                tagged(7, 104);
                kit_done(B, 0);
                kit_value(B, listed(7), 3);
            }
            expect_step("done");
            ck_assert_int_eq(k.op.status, was_sent ? MCP_UNKNOWN : MCP_NOT_STORED);
            ck_assert_int_eq(k.op.leg[P].copy, was_sent ? MCP_COPY_UNKNOWN : MCP_COPY_FAILED);
            kit_fini();
        }
    }
}
END_TEST

/* While a value goes on record as touched here and not there, it becomes known that this copy missed
 * writes itself: what it holds is not told. */
START_TEST(a_value_of_a_copy_that_stands_by_now)
{
    for (int stands = 0; stands < 3; stands++) { /* 2: while its answer is held */
        kit_init(MCP_GAT);
        k.promise.is_strict = stands == 2;
        kit_begin(MCP_GAT);
        k.op.view.is_usable[P] = 0;
        k.step = mcp__write_begin(&k.op);
        expect_step("B:gat look journal size bump marks");
        kit_value(B, "old", 9);
        tagged(7, 100);
        kit_done(B, 0);
        tagged(7, 104);
        kit_done(B, 0);
        if (stands == 1)
            kit_marks(P, "0000bbbb=00000005;", 4);
        kit_value(B, listed(7), 3);
        if (stands == 2) {
            expect_step("wait");
            kit_marks(P, "0000bbbb=00000005;", 4);
            k.step = mcp__steps_time(&k.op);
        }
        expect_step("done");
        ck_assert_int_eq(k.op.status, stands ? MCP_UNKNOWN : MCP_OK);
        ck_assert_uint_eq(k.op.result_value.len, stands ? 0 : 3);
        kit_fini();
    }
}
END_TEST

START_TEST(nothing_is_there_yet)
{
    begin_set();
    find_nothing();
    expect_step("B:begin bump marks");
    uint32_t tag = k.op.mark.new_tag;
    kit_done(B, 0);
    kit_no(B, MCP_NOT_STORED);
    kit_miss(B);
    expect_step("B:list-new bump marks"); /* the tag, now that it is known whose it is */
    ck_assert_uint_eq(k.op.mark.lists, MCP__MARK_SEGMENT | MCP__MARK_ENTRY);
    kit_done(B, 0);
    kit_done(B, 0);
    kit_value(B, listed(tag), 3);
    kit_ends(MCP_OK);
}
END_TEST

START_TEST(somebody_else_begins_the_segment)
{
    begin_set();
    find_nothing();
    expect_step("B:begin bump marks");
    kit_no(B, MCP_NOT_STORED);
    kit_no(B, MCP_NOT_STORED);
    kit_miss(B);
    expect_step("B:look journal size bump marks");
    appended(8, 100, 104);
    kit_value(B, "0000aaaa=00000005;", 3); /* and has not listed its tag yet: so we do */
    expect_step("B:list bump marks");
    ck_assert_uint_eq(k.op.mark.lists, MCP__MARK_SEGMENT);
    kit_done(B, 0);
    kit_done(B, 0);
    kit_value(B, listed(8), 4);
    kit_ends(MCP_OK);
}
END_TEST

/* The segment stands and is not listed, and another operation of this client has just asked for
 * that. */
static void
begin_beside(void)
{
    begin_set();
    k.ledger[B].listing = (uint64_t)1 << segment();
    expect_step("B:set look journal size bump marks");
    kit_done(B, 9);
    appended(7, 100, 104);
    kit_value(B, "0000aaaa=00000005;", 3);
    expect_step("B:bump marks");
    ck_assert_uint_eq(k.op.mark.lists, 0);
    kit_done(B, 0);
}

START_TEST(another_operation_lists_the_segment)
{
    begin_beside();
    kit_value(B, listed(7), 4);
    expect_step("done");
    ck_assert_int_eq(k.op.status, MCP_OK);
    ck_assert_uint_eq(k.ledger[B].listing, (uint64_t)1 << segment()); /* the other one's to take */
    kit_fini();
}
END_TEST

START_TEST(the_other_operation_was_given_up)
{
    begin_beside();
    kit_value(B, "0000aaaa=00000005;", 3);
    expect_step("B:bump marks");
    kit_done(B, 0);
    kit_value(B, "0000aaaa=00000005;", 3);
    expect_step("B:list bump marks");
    kit_done(B, 0);
    kit_done(B, 0);
    kit_value(B, listed(7), 4);
    expect_step("done");
    ck_assert_int_eq(k.op.status, MCP_OK);
    ck_assert_uint_eq(k.ledger[B].listing, 0);
    kit_fini();
}
END_TEST

START_TEST(somebody_else_begins_the_list)
{
    begin_set();
    find_nothing();
    expect_step("B:begin bump marks");
    kit_done(B, 0);
    kit_no(B, MCP_NOT_STORED);
    kit_miss(B);
    expect_step("B:list-new bump marks");
    kit_no(B, MCP_NOT_STORED);
    kit_done(B, 0);
    kit_value(B, "0000cccc=00000005;", 3);
    expect_step("B:list bump marks");
    kit_done(B, 0);
    kit_done(B, 0);
    kit_value(B, listed(k.op.mark.tag), 4);
    kit_ends(MCP_OK);
}
END_TEST

/* Another tag behind the append than before it, or none before it: the line may be in neither. */
START_TEST(the_segment_is_another_one_meanwhile)
{
    static const struct {
        uint32_t before, behind;
    } rows[] = {{7, 8}, {7, 0}, {0, 8}};
    for (size_t i = 0; i < 3; i++) {
        begin_set();
        expect_step("B:set look journal size bump marks");
        kit_done(B, 9);
        rows[i].before ? tagged(rows[i].before, 100) : kit_miss(B);
        kit_done(B, 0);
        rows[i].behind ? tagged(rows[i].behind, 10) : kit_miss(B);
        kit_done(B, 0);
        kit_value(B, listed(rows[i].before ? rows[i].before : rows[i].behind), 3);
        const char *again = kit_words();
        ck_assert_msg(strcmp(again, "B:look journal size bump marks") == 0 ||
                          (!rows[i].before && strcmp(again, "B:begin bump marks") == 0),
                      "row %zu: %s", i, again);
        kit_fini();
    }
}
END_TEST

static void
measured(uint32_t tag, uint64_t size, uint64_t cas)
{
    mcp__reply reply = {.kind = MCP__REPLY_DONE,
                        .flags = MCP__MARKS_TAG_FLAGS(tag),
                        .size = size,
                        .cas = cas,
                        .ttl = -1};
    kit_reply(B, reply, MCP_OK);
}

static void
begin_large(void)
{
    begin_set();
    expect_step("B:set look journal size bump marks");
    kit_done(B, 9);
    measured(7, MCP__MARKS_SEGMENT_MAX, 50);
    kit_done(B, 0);
    measured(7, MCP__MARKS_SEGMENT_MAX + 1, 51);
    kit_done(B, 0);
    kit_value(B, listed(7), 3);
    expect_step("B:whole bump marks");
}

/* The one that was measured and no other, so it keeps its tag, and the marks do not grow however
 * often it fills up again. */
START_TEST(a_large_segment_becomes_whole)
{
    mcp__scratch scratch;
    begin_large();
    mcp__command command = mcp__op_command(&k.op, B, MCP__WORD_JOURNAL_WHOLE, &scratch);
    ck_assert_int_eq(command.kind, MCP__COMMAND_CAS);
    ck_assert_uint_eq(command.unique, 51);
    ck_assert_uint_eq(command.flags, MCP__MARKS_TAG_FLAGS(7));
    kit_done(B, 0);
    kit_done(B, 0);
    kit_value(B, listed(7), 4);
    kit_ends(MCP_OK);
}
END_TEST

/* Somebody wrote to it, or a repairer deleted it: then the line may be gone, too. */
START_TEST(a_large_segment_changes_meanwhile)
{
    for (int is_gone = 0; is_gone < 2; is_gone++) {
        begin_large();
        kit_no(B, is_gone ? MCP_NOT_FOUND : MCP_EXISTS);
        kit_done(B, 0);
        kit_value(B, listed(7), 4);
        expect_step("B:look journal size bump marks");
        measured(7, 1, 60);
        kit_done(B, 0);
        measured(7, 5, 61);
        kit_done(B, 0);
        kit_value(B, listed(7), 4);
        kit_ends(MCP_OK);
    }
}
END_TEST

START_TEST(a_size_at_the_limit_is_not_too_large)
{
    begin_set();
    expect_step("B:set look journal size bump marks");
    kit_done(B, 9);
    appended(7, MCP__MARKS_SEGMENT_MAX - 5, MCP__MARKS_SEGMENT_MAX);
    kit_value(B, listed(7), 3);
    expect_step("done");
    kit_fini();
}
END_TEST

/* No memory there, for ever: the write is not acknowledged, and it comes to an end. */
START_TEST(a_record_that_cannot_be_made_fails_the_write)
{
    begin_set();
    int n_bundles = 0;
    expect_step("B:set look journal size bump marks");
    kit_done(B, 9);
    while (!k.step.is_done) {
        while (k.op.leg[B].state == MCP__LEG_SENT)
            kit_no(B, MCP_SERVER_FULL);
        (void)kit_words();
        ck_assert_int_lt(++n_bundles, 10);
    }
    ck_assert_int_eq(k.op.status, MCP_UNKNOWN);
    ck_assert_int_eq(k.op.leg[B].copy, MCP_COPY_OK);
    ck_assert_int_ge(n_bundles, 4);
    kit_fini();
}
END_TEST

START_TEST(a_record_that_is_lost_on_its_way_fails_the_write)
{
    for (int n = 1; n < 6; n++) {
        begin_set();
        expect_step("B:set look journal size bump marks");
        kit_done(B, 9);
        for (int i = 1; i < n; i++)
            kit_done(B, 0);
        kit_fail(B, MCP__FAILURE_TIMEOUT, 1);
        kit_ends(MCP_UNKNOWN);
    }
}
END_TEST

/* ---- how the words look ---- */

static void
expect_command(uint8_t word, mcp__command_kind kind, const char *key, const char *value,
               uint32_t flags)
{
    mcp__scratch scratch;
    mcp__command command = mcp__op_command(&k.op, B, word, &scratch);
    ck_assert_int_eq(command.kind, kind);
    ck_assert_uint_eq(command.key.len, strlen(key));
    ck_assert_mem_eq(command.key.bytes, key, strlen(key));
    ck_assert_uint_eq(command.flags, flags);
    ck_assert_int_eq(command.ttl, 0);
    if (value == NULL)
        return;
    ck_assert_uint_eq(command.value.len, strlen(value));
    ck_assert_mem_eq(command.value.bytes, value, strlen(value));
}

START_TEST(words_as_commands)
{
    char journal[40], list[100];
    begin_set();
    k.op.mark.tag = 0xabc;
    k.op.mark.new_tag = 0xdef;
    k.op.mark.lists = MCP__MARK_SEGMENT | MCP__MARK_ENTRY;
    snprintf(journal, sizeof journal, "mcp:j:0000aaaa:%02u", segment());
    snprintf(list, sizeof list, "0000aaaa+%02u.00000abc;0000aaaa=0000cafe;", segment());
    expect_command(MCP__WORD_MARKS, MCP__COMMAND_GET, "mcp:s", NULL, 0);
    expect_command(MCP__WORD_JOURNAL_LOOK, MCP__COMMAND_PEEK, journal, NULL, 0);
    expect_command(MCP__WORD_JOURNAL, MCP__COMMAND_APPEND, journal, "kkey\n", 1);
    expect_command(MCP__WORD_JOURNAL_NEW, MCP__COMMAND_ADD, journal, "kkey\n", 0xdef1);
    expect_command(MCP__WORD_JOURNAL_SIZE, MCP__COMMAND_PEEK, journal, NULL, 0);
    expect_command(MCP__WORD_JOURNAL_WHOLE, MCP__COMMAND_SET, journal, "*", 0xdef1);
    expect_command(MCP__WORD_LIST, MCP__COMMAND_APPEND, "mcp:s", list, 1);
    expect_command(MCP__WORD_LIST_NEW, MCP__COMMAND_ADD, "mcp:s", list, 1);
    expect_command(MCP__WORD_BUMP, MCP__COMMAND_APPEND, "mcp:s", "", 1);
    expect_command(MCP__WORD_EPOCH, MCP__COMMAND_GET, "mcp:e", NULL, 0);
    expect_command(MCP__WORD_PEEK, MCP__COMMAND_NUMBER, "key", NULL, 0);
    kit_fini();
}
END_TEST

/* ---- a whole server ---- */

START_TEST(a_server_that_missed_everything)
{
    kit_init(MCP_SET);
    kit_begin(MCP__VERB_WHOLE);
    k.step = mcp__mark_begin_whole(&k.op, B);
    uint32_t tag = 0;
    char list[100], strange[200];
    for (int i = 0; i < MCP__MARKS_SEGMENTS; i++) {
        char journal[40];
        snprintf(journal, sizeof journal, "mcp:j:0000aaaa:%02d", i);
        expect_step("B:whole");
        ck_assert(i == 0 || k.op.mark.new_tag == tag);
        tag = k.op.mark.new_tag;
        expect_command(MCP__WORD_JOURNAL_WHOLE, MCP__COMMAND_SET, journal, "*", tag << 4 | 1);
        kit_done(B, 0);
    }
    expect_step("B:list-new bump marks"); /* the mark behind them: else it could be cleared first */
    snprintf(list, sizeof list, "0000aaaa+**.%08x;0000aaaa=%08x;", tag, k.op.mark.inc8);
    expect_command(MCP__WORD_LIST_NEW, MCP__COMMAND_ADD, "mcp:s", list, 1);
    kit_no(B, MCP_NOT_STORED);
    kit_done(B, 0);
    /* It stands already. What lists others, or only one of them, does not list these. */
    snprintf(strange, sizeof strange,
             "0000aaaa=00000005;0000aaaa+**.%08x;0000aaaa+%02d.%08x;"
             "0000dddd+**.%08x;",
             tag ^ 2, MCP__MARKS_SEGMENTS - 1, tag, tag);
    kit_value(B, strange, 3);
    expect_step("B:list bump marks");
    snprintf(list, sizeof list, "0000aaaa+**.%08x;", tag);
    expect_command(MCP__WORD_LIST, MCP__COMMAND_APPEND, "mcp:s", list, 1);
    kit_done(B, 0);
    kit_done(B, 0);
    strcat(strange, list);
    kit_value(B, strange, 4);
    kit_ends(MCP_OK);
}
END_TEST

/* Some segments took it and one did not: then not everything is on record, and nothing is said. */
START_TEST(a_segment_that_cannot_be_stored_fails_it_all)
{
    for (int bad = 0; bad < MCP__MARKS_SEGMENTS; bad += 9) {
        kit_init(MCP_SET);
        kit_begin(MCP__VERB_WHOLE);
        k.step = mcp__mark_begin_whole(&k.op, B);
        for (int i = 0; i < bad; i++) {
            expect_step("B:whole");
            kit_done(B, 0);
        }
        expect_step("B:whole");
        kit_no(B, MCP_SERVER_FULL);
        expect_step("done");
        ck_assert_int_eq(k.op.status, MCP_UNKNOWN);
        ck_assert_int_eq(k.op.mark.has, 0); /* so that it stays owed */
        kit_fini();
    }
}
END_TEST

/* ---- strict ---- */

/* The acknowledgement waits until nobody can go by an older view. */
START_TEST(strict_holds_the_answer)
{
    for (int late = 0; late < 2; late++) {
        kit_init(MCP_SET);
        k.promise.is_strict = 1;
        kit_begin(MCP_SET);
        k.op.view.is_usable[P] = 0;
        k.op.deadline_ms = late ? 1150 : 1500;
        k.step = mcp__write_begin(&k.op);
        expect_step("B:set look journal size bump marks");
        kit_done(B, 9);
        appended(7, 1, 2);
        k.op.now_ms = 1010;
        kit_value(B, listed(7), 3); /* first seen now, at 1010 */
        expect_step("wait");
        ck_assert_int_eq(k.op.hold_ms, late ? 1150 : 1210);
        k.op.now_ms = k.op.hold_ms;
        k.step = mcp__steps_time(&k.op);
        kit_ends(late ? MCP_UNKNOWN : MCP_OK);
    }
}
END_TEST

START_TEST(strict_waits_for_new_marks_only)
{
    kit_init(MCP_SET);
    k.promise.is_strict = 1;
    kit_marks(B, "0000aaaa=00000005;", 2); /* seen at 1000 */
    kit_begin(MCP_SET);
    k.op.view.is_usable[P] = 0;
    k.op.now_ms = 1200;
    k.step = mcp__write_begin(&k.op);
    expect_step("B:set look journal size bump marks");
    kit_done(B, 9);
    appended(7, 1, 2);
    kit_value(B, listed(7), 3);
    kit_ends(MCP_OK);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mark");
    TCase *all = tcase_create("mark");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, all_is_in_order_already, 0, 2);
    tcase_add_loop_test(all, an_append_that_one_copy_may_have_made, 0, 2);
    tcase_add_test(all, a_value_of_a_copy_that_stands_by_now);
    tcase_add_test(all, nothing_is_there_yet);
    tcase_add_test(all, somebody_else_begins_the_segment);
    tcase_add_test(all, another_operation_lists_the_segment);
    tcase_add_test(all, the_other_operation_was_given_up);
    tcase_add_test(all, somebody_else_begins_the_list);
    tcase_add_test(all, the_segment_is_another_one_meanwhile);
    tcase_add_test(all, a_large_segment_becomes_whole);
    tcase_add_test(all, a_large_segment_changes_meanwhile);
    tcase_add_test(all, a_size_at_the_limit_is_not_too_large);
    tcase_add_test(all, a_record_that_cannot_be_made_fails_the_write);
    tcase_add_test(all, a_record_that_is_lost_on_its_way_fails_the_write);
    tcase_add_test(all, words_as_commands);
    tcase_add_test(all, a_server_that_missed_everything);
    tcase_add_test(all, a_segment_that_cannot_be_stored_fails_it_all);
    tcase_add_test(all, strict_holds_the_answer);
    tcase_add_test(all, strict_waits_for_new_marks_only);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

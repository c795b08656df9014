/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client knows of the words on a server; and whom that makes the authority of a pair. */
#include "pair/ledger.h"

#include <stdio.h>
#include <string.h>

#include "pair/view.h"
#include "support.h"

static supply memory;
static mcp__ledger ledger;

static void
begin(void)
{
    supply_init(&memory);
    mcp__ledger_init(&ledger, &memory.mem, 0x5e1f);
}

static void
end(void)
{
    mcp__ledger_fini(&ledger);
    ck_assert_uint_eq(memory.n_live, 0);
}

static uint64_t cas_count;

/* The marks are read at `now`, the question sent at `asked`. */
static void
reads(const char *text, int64_t asked, int64_t now)
{
    mcp__span span = {text, strlen(text)};
    mcp__ledger_take_marks(&ledger, span, ++cas_count, MCP__MARKS_FORMAT, asked, now);
}

static void
stands(uint32_t id8, uint32_t inc8, int64_t first_seen_ms)
{
    const mcp__missed *missed = mcp__ledger_find(&ledger, id8);
    ck_assert_ptr_nonnull(missed);
    ck_assert(mcp__ledger_lists(&ledger, id8));
    ck_assert_uint_eq(missed->inc8, inc8);
    ck_assert_int_eq(missed->first_seen_ms, first_seen_ms);
}

START_TEST(nothing_is_known)
{
    begin();
    ck_assert(!mcp__ledger_is_known(&ledger));
    ck_assert(!mcp__ledger_is_fresh(&ledger, 0, 1000000));
    ck_assert(!mcp__ledger_lists(&ledger, 1));
    ck_assert_int_eq(ledger.epoch, MCP__EPOCH_UNKNOWN);
    end();
}
END_TEST

/* Counted from when the question was sent, not from when the answer came. */
START_TEST(fresh_for_one_interval)
{
    begin();
    reads("", 1000, 1150);
    ck_assert(mcp__ledger_is_known(&ledger));
    ck_assert(mcp__ledger_is_fresh(&ledger, 1000, 200));
    ck_assert(mcp__ledger_is_fresh(&ledger, 1199, 200));
    ck_assert(!mcp__ledger_is_fresh(&ledger, 1200, 200));
    end();
}
END_TEST

START_TEST(incarnations)
{
    begin();
    reads("0000000a=00000001;0000000b=00000002;", 100, 110);
    stands(10, 1, 110);
    stands(11, 2, 110);
    /* The same again; then one has been cleared and put anew; then in another order. */
    reads("0000000a=00000001;0000000b=00000002;", 200, 210);
    stands(10, 1, 110);
    reads("0000000b=00000002;0000000a=00000003;", 300, 310);
    stands(10, 3, 310);
    stands(11, 2, 110);
    reads("0000000b=00000002;", 400, 410);
    ck_assert(!mcp__ledger_lists(&ledger, 10));
    stands(11, 2, 110);
    reads("0000000a=00000003;0000000b=00000002;", 500, 510); /* back: it was away in between */
    stands(10, 3, 510);
    ck_assert_uint_eq(ledger.n_missed, 2);
    end();
}
END_TEST

/* Two clients begin at once: everybody must take the same of the two. */
START_TEST(the_first_entry_counts)
{
    begin();
    reads("0000000a=00000001;0000000a=00000002;", 100, 110);
    stands(10, 1, 110);
    reads("0000000a=00000001;0000000a=00000002;0000000c=00000009;0000000a=00000003;", 200, 210);
    stands(10, 1, 110);
    stands(12, 9, 210);
    reads("0000000c=00000009;0000000a=00000002;0000000c=00000008;", 300, 310);
    stands(10, 2, 310);
    stands(12, 9, 210);
    ck_assert_uint_eq(ledger.n_missed, 2);
    end();
}
END_TEST

START_TEST(segments_of_each_server)
{
    begin();
    reads("0000000a+00.00000001;0000000a=00000001;0000000b=00000001;0000000a+63.00000007;"
          "0000000b+05.00000001;0000000c+09.00000001;",
          100, 110);
    ck_assert_uint_eq(mcp__ledger_find(&ledger, 10)->segments, 1 | (uint64_t)1 << 63);
    ck_assert_uint_eq(mcp__ledger_find(&ledger, 11)->segments, 1 << 5);
    ck_assert_ptr_null(mcp__ledger_find(&ledger, 12)); /* a segment alone says nothing */
    reads("0000000a=00000001;0000000a+**.00000002;0000000b=00000001;", 150, 160);
    ck_assert_uint_eq(mcp__ledger_find(&ledger, 10)->segments, UINT64_MAX);
    ck_assert_uint_eq(mcp__ledger_find(&ledger, 11)->segments, 0);
    reads("0000000a=00000001;", 200, 210);
    ck_assert_uint_eq(mcp__ledger_find(&ledger, 10)->segments, 0);
    end();
}
END_TEST

/* Replies of two connections may cross. */
START_TEST(an_older_answer_is_passed_over)
{
    begin();
    reads("0000000a=00000001;", 200, 210);
    reads("", 100, 220);
    stands(10, 1, 210);
    ck_assert_int_eq(ledger.asked_ms, 200);
    reads("", 200, 230);
    ck_assert(!mcp__ledger_lists(&ledger, 10));
    end();
}
END_TEST

START_TEST(no_marks_at_all)
{
    begin();
    reads("0000000a=00000001;", 100, 110);
    mcp__ledger_take_marks(&ledger, (mcp__span){"", 0}, 0, 0, 200, 210);
    ck_assert(!mcp__ledger_lists(&ledger, 10));
    ck_assert_uint_eq(ledger.unique, 0);
    ck_assert(mcp__ledger_is_fresh(&ledger, 210, 200));
    end();
}
END_TEST

/* The same cas: it is not read again, but it is as fresh as new. */
START_TEST(the_same_cas)
{
    begin();
    reads("0000000a=00000001;", 100, 110);
    mcp__ledger_take_marks(&ledger, (mcp__span){"garbage", 7}, cas_count, MCP__MARKS_FORMAT, 900,
                           910);
    stands(10, 1, 110);
    ck_assert_int_eq(ledger.asked_ms, 900);
    end();
}
END_TEST

/* Of a version that we cannot read: everybody may stand. */
START_TEST(another_format)
{
    begin();
    for (uint32_t format = 0; format < 20; format++) {
        mcp__ledger_take_marks(&ledger, (mcp__span){"0000000a=00000001;", 18}, ++cas_count, format,
                               100 + format, 110);
        ck_assert_int_eq(mcp__ledger_lists(&ledger, 99), format != MCP__MARKS_FORMAT);
    }
    mcp__ledger_take_marks(&ledger, (mcp__span){"", 0}, 0, 0, 200, 210);
    ck_assert(!mcp__ledger_lists(&ledger, 99));
    end();
}
END_TEST

/* Without memory the safe side is taken; with memory again all is right. */
START_TEST(no_memory)
{
    begin();
    memory.fail_at = 1;
    reads("0000000a=00000001;", 100, 110);
    ck_assert(mcp__ledger_lists(&ledger, 10) && mcp__ledger_lists(&ledger, 77));
    reads("0000000a=00000001;", 200, 210);
    ck_assert(mcp__ledger_lists(&ledger, 10) && !mcp__ledger_lists(&ledger, 77));
    end();
}
END_TEST

START_TEST(very_many)
{
    static char text[5000 * 18 + 1];
    size_t used = 0;
    begin();
    for (unsigned i = 0; i < 4096; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%08x=00000001;", i * 7 + 1);
    reads(text, 100, 110);
    stands(1, 1, 110);
    stands(4095 * 7 + 1, 1, 110);
    ck_assert(!mcp__ledger_lists(&ledger, 2));
    for (unsigned i = 0; i < 900; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%08x=00000001;", 90000 + i);
    reads(text, 200, 210); /* more than anybody needs: taken as if all stood */
    ck_assert(mcp__ledger_lists(&ledger, 2));
    end();
}
END_TEST

/* ---- the epoch ---- */

static void
reads_epoch(const char *text, int64_t asked)
{
    mcp__span span = {text, strlen(text)};
    mcp__ledger_take_epoch(&ledger, span, text[0] != '\0' ? ++cas_count : 0, asked);
}

START_TEST(epochs)
{
    begin();
    reads_epoch("R 17 900 00c0ffee 700 901", 100);
    ck_assert_int_eq(ledger.epoch, MCP__EPOCH_READY);
    ck_assert_uint_eq(ledger.epoch_item.hold_ms, 700);
    ck_assert_uint_eq(ledger.epoch_item.config8, 0xc0ffee);
    reads_epoch("W 17 900 00c0ffee 800 901", 200);
    ck_assert_int_eq(ledger.epoch, MCP__EPOCH_WARMING);
    ck_assert_uint_eq(ledger.epoch_item.hold_ms, 800);
    reads_epoch("R 17 900 00c0ffee 700 901", 150); /* older */
    ck_assert_int_eq(ledger.epoch, MCP__EPOCH_WARMING);
    reads_epoch("", 300);
    ck_assert_int_eq(ledger.epoch, MCP__EPOCH_MISSING);
    ck_assert_uint_eq(ledger.epoch_unique, 0);
    reads_epoch("W of somebody else", 400); /* nothing is refilled on the word of a stranger */
    ck_assert_int_eq(ledger.epoch, MCP__EPOCH_READY);
    ck_assert_uint_eq(ledger.epoch_item.hold_ms, 0);
    end();
}
END_TEST

/* ---- the view ---- */

/* Who is the authority, who decides, and whom to believe, told once more as rules. */
static void
check_view(const mcp__view *view)
{
    const uint8_t *usable = view->is_usable, *behind = view->stands;
    int authority = mcp__view_authority(view), decider = mcp__view_decider(view);
    if (behind[MCP__PRIMARY])
        ck_assert_int_eq(authority, MCP__BACKUP); /* never who is behind, even if nobody else is
                                                     there */
    else if (behind[MCP__BACKUP])
        ck_assert_int_eq(authority, MCP__PRIMARY);
    else
        ck_assert_int_eq(authority == MCP__BACKUP, !usable[MCP__PRIMARY] && usable[MCP__BACKUP]);
    int backup_knows = view->is_cold[MCP__PRIMARY] && !view->is_cold[MCP__BACKUP] &&
                       usable[MCP__BACKUP] && !behind[MCP__BACKUP];
    ck_assert_int_eq(decider, authority == MCP__PRIMARY && backup_knows ? MCP__BACKUP : authority);
    for (int copy = 0; copy < 2; copy++)
        ck_assert_int_eq(mcp__view_is_trusted(view, copy), view->exists[copy] && !behind[copy]);
}

START_TEST(views)
{
    for (unsigned bits = 0; bits < 64; bits++) {
        mcp__view view = {.exists = {1, 1},
                          .is_usable = {bits & 1, bits >> 1 & 1},
                          .stands = {bits >> 2 & 1, bits >> 3 & 1},
                          .is_cold = {bits >> 4 & 1, bits >> 5 & 1}};
        check_view(&view);
    }
}
END_TEST

/* Each ledger tells about the other server. */
START_TEST(a_view_of_two_ledgers)
{
    static mcp__ledger backup;
    mcp__view view = {.exists = {1, 1}, .is_usable = {1, 1}};
    begin();
    mcp__ledger_init(&backup, &memory.mem, 0xb);
    reads("0000000b=00000001;", 100, 110);
    backup.epoch = MCP__EPOCH_WARMING;
    ledger.epoch = MCP__EPOCH_READY;
    mcp__view_read(&view, &ledger, &backup);
    ck_assert(!view.stands[MCP__PRIMARY] && view.stands[MCP__BACKUP]);
    ck_assert(!view.is_cold[MCP__PRIMARY] && view.is_cold[MCP__BACKUP]);
    mcp__view_read(&view, &backup, &ledger);
    ck_assert(view.stands[MCP__PRIMARY] && !view.stands[MCP__BACKUP]);
    ck_assert(view.is_cold[MCP__PRIMARY] && !view.is_cold[MCP__BACKUP]);
    mcp__ledger_fini(&backup);
    end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *all = tcase_create("ledger");
    tcase_set_timeout(all, 30); /* very_many under valgrind */
    tcase_add_test(all, nothing_is_known);
    tcase_add_test(all, fresh_for_one_interval);
    tcase_add_test(all, incarnations);
    tcase_add_test(all, the_first_entry_counts);
    tcase_add_test(all, segments_of_each_server);
    tcase_add_test(all, an_older_answer_is_passed_over);
    tcase_add_test(all, no_marks_at_all);
    tcase_add_test(all, the_same_cas);
    tcase_add_test(all, another_format);
    tcase_add_test(all, no_memory);
    tcase_add_test(all, very_many);
    tcase_add_test(all, epochs);
    tcase_add_test(all, views);
    tcase_add_test(all, a_view_of_two_ledgers);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

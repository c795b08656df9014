/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ledgers of one server: the newer one counts, where nobody knows which that is nothing is
 * lost, and an incarnation is as old as whoever saw it first. */
#include <stdio.h>
#include <string.h>

#include "pair/ledger.h"
#include "support.h"

#define SLACK 50

static supply from;
static mcp__ledger mine, theirs;

static void
begin(void)
{
    supply_init(&from);
    mcp__ledger_init(&mine, &from.mem, 1);
    mcp__ledger_init(&theirs, &from.mem, 1);
}

static void
end(void)
{
    mcp__ledger_fini(&mine);
    mcp__ledger_fini(&theirs);
    ck_assert_uint_eq(from.n_live, 0);
}

/* The marks as the server told them; "" : nothing stands. */
static void
told(mcp__ledger *ledger, const char *text, uint64_t unique, int64_t asked_ms)
{
    mcp__ledger_take_marks(ledger, (mcp__span){text, strlen(text)}, unique, MCP__MARKS_FORMAT,
                           asked_ms, asked_ms + 1);
}

START_TEST(what_nobody_knows_is_not_heard)
{
    begin();
    told(&mine, "0000000a=00000001;", 7, 1000);
    ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_OLDER);
    ck_assert(mcp__ledger_lists(&mine, 10));
    ck_assert_int_eq(mcp__ledger_hear(&theirs, &mine, SLACK), MCP__LEDGER_NEWER);
    ck_assert(mcp__ledger_lists(&theirs, 10));
    ck_assert_int_eq(theirs.asked_ms, 1000);
    ck_assert_uint_eq(theirs.unique, 7);
    end();
}
END_TEST

START_TEST(the_newer_one_counts)
{
    begin();
    told(&mine, "0000000a=00000001;0000000b=00000002;", 7, 1000);
    told(&theirs, "0000000b=00000002;0000000c=00000003;0000000c+05.00000001;", 9, 1051);
    ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_NEWER);
    ck_assert(!mcp__ledger_lists(&mine, 10));
    ck_assert_int_eq(mcp__ledger_find(&mine, 11)->first_seen_ms, 1001); /* we saw it first */
    ck_assert_int_eq(mcp__ledger_find(&mine, 12)->first_seen_ms, 1052);
    ck_assert_uint_eq(mcp__ledger_find(&mine, 12)->segments, 1u << 5);
    ck_assert_int_eq(mine.asked_ms, 1051);
    ck_assert_int_eq(mine.queued_ms, 1051);
    told(&theirs, "", 10, 2000);
    ck_assert_int_eq(mcp__ledger_hear(&theirs, &mine, SLACK), MCP__LEDGER_OLDER);
    ck_assert_int_eq(theirs.n_missed, 0);
    ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_NEWER);
    ck_assert_int_eq(mine.n_missed, 0);
    end();
}
END_TEST

/* A bump changes the cas and nothing else: no reason to ask again. */
START_TEST(the_same_content_only_gets_younger)
{
    begin();
    told(&theirs, "0000000a=00000001;", 6, 900);
    told(&mine, "0000000a=00000001;", 7, 1000);
    ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_SAME);
    ck_assert_int_eq(mine.asked_ms, 1000);
    told(&theirs, "0000000a=00000001;", 8, 1010);
    ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_SAME);
    ck_assert_int_eq(mine.asked_ms, 1010);
    ck_assert_uint_eq(mine.unique, 8);
    ck_assert_int_eq(mcp__ledger_find(&mine, 10)->first_seen_ms, 901);
    /* Another incarnation is another content. */
    told(&theirs, "0000000a=00000002;", 9, 1040);
    ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_UNORDERED);
    told(&theirs, "0000000a=00000002;", 9, 1200);
    ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_NEWER);
    ck_assert_int_eq(mcp__ledger_find(&mine, 10)->first_seen_ms, 1041);
    end();
}
END_TEST

START_TEST(too_close_together_to_have_an_order)
{
    for (int64_t apart = -SLACK; apart <= SLACK; apart += SLACK / 2) {
        begin();
        told(&mine, "", 7, 1000);
        told(&theirs, "0000000a=00000001;", 8, 1000 + apart);
        ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_UNORDERED);
        ck_assert(!mcp__ledger_lists(&mine, 10));
        ck_assert_int_eq(mine.asked_ms, 1000);
        /* A client asks again; answers to what was asked before say nothing. */
        mcp__ledger_doubt(&mine, 1100);
        ck_assert(!mcp__ledger_is_fresh(&mine, 1100, 30000));
        ck_assert(mcp__ledger_is_known(&mine));
        told(&mine, "", 7, 1099);
        ck_assert(!mcp__ledger_is_fresh(&mine, 1100, 30000));
        ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_OLDER);
        told(&mine, "0000000a=00000001;", 8, 1100);
        ck_assert(mcp__ledger_is_fresh(&mine, 1100, 200));
        ck_assert(mcp__ledger_lists(&mine, 10));
        end();
    }
}
END_TEST

START_TEST(joined_everything_stands)
{
    begin();
    told(&mine, "0000000b=00000002;", 7, 1000);
    told(&theirs, "0000000a=00000001;", 8, 990);
    mcp__ledger_join(&mine, &theirs);
    ck_assert(mcp__ledger_lists(&mine, 10) && mcp__ledger_lists(&mine, 11));
    ck_assert_int_eq(mine.asked_ms, 990);
    end();
}
END_TEST

START_TEST(without_memory_everything_stands)
{
    begin();
    told(&theirs, "0000000a=00000001;", 8, 990);
    from.fail_at = from.n_asked + 1;
    ck_assert_int_eq(mcp__ledger_hear(&mine, &theirs, SLACK), MCP__LEDGER_NEWER);
    ck_assert(mcp__ledger_lists(&mine, 99));
    end();
}
END_TEST

START_TEST(epochs_that_are_decided_are_heard)
{
    static const char ready[] = "R 17 900 00c0ffee 700 901";
    static const char warming[] = "W 18 950 00c0ffee 700 951";
    begin();
    mcp__ledger_take_epoch(&mine, (mcp__span){ready, strlen(ready)}, 5, 1000);
    ck_assert(!mcp__ledger_hear_epoch(&mine, &theirs)); /* unknown */
    mcp__ledger_take_epoch(&theirs, (mcp__span){"", 0}, 0, 1010);
    ck_assert(!mcp__ledger_hear_epoch(&mine, &theirs)); /* missing: it finds out by itself */
    ck_assert(!mcp__ledger_hear_epoch(&theirs, &mine)); /* older */
    mcp__ledger_take_epoch(&theirs, (mcp__span){warming, strlen(warming)}, 6, 1020);
    ck_assert(mcp__ledger_hear_epoch(&mine, &theirs));
    ck_assert_int_eq(mine.epoch, MCP__EPOCH_WARMING);
    ck_assert_uint_eq(mine.epoch_unique, 6);
    ck_assert_uint_eq(mine.epoch_item.pid, 18);
    ck_assert(!mcp__ledger_hear_epoch(&mine, &theirs));
    end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ledger_hear");
    TCase *all = tcase_create("ledger_hear");
    tcase_add_test(all, what_nobody_knows_is_not_heard);
    tcase_add_test(all, the_newer_one_counts);
    tcase_add_test(all, the_same_content_only_gets_younger);
    tcase_add_test(all, too_close_together_to_have_an_order);
    tcase_add_test(all, joined_everything_stands);
    tcase_add_test(all, without_memory_everything_stands);
    tcase_add_test(all, epochs_that_are_decided_are_heard);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Repair where the mark of each server stands on the other: by chance, and step by step. */
#include "ops/repair.h"

#include <string.h>

#include "repair_record.h"

static int
key_of_primary(const story *s, uint32_t primary, int from)
{
    while (story_pair(s, s->key[from]).primary != primary)
        from++;
    return from;
}

START_TEST(both_key_by_key)
{
    story s;
    record r;
    record_begin(&s);
    int copied = key_of_primary(&s, 0, 0), turned = key_of_primary(&s, 1, 0);
    int theirs = key_of_primary(&s, 0, copied + 1), shared = key_of_primary(&s, 0, theirs + 1);
    story_miss(&s, copied, 0, 0);
    story_miss(&s, turned, 0, 0);
    story_miss(&s, theirs, 1, 0);
    story_miss(&s, shared, 0, 0);
    story_miss(&s, shared, 1, 0);
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert(!record_stands(&s, 0) && !record_stands(&s, 1));
    ck_assert(record_has(&s, 0, s.key[copied]) && !story_is_older(&s, 0, copied));
    int gone[] = {turned, theirs, shared};
    for (int i = 0; i < 3; i++)
        ck_assert(!record_has(&s, 0, s.key[gone[i]]) && !record_has(&s, 1, s.key[gone[i]]));
    /* Deleted on the backup, the primary, the backup; then copied, though the witness stands. */
    ck_assert_int_gt(r.n_copies, 0);
    ck_assert_int_eq(r.n_trusting, r.n_copies);
    ck_assert_ptr_nonnull(strstr(r.letters, "DdDc"));
    /* The mark of the backup, on D, goes before that of the primary, on the witness. */
    const char *last = strrchr(r.letters, 'R');
    ck_assert_ptr_nonnull(last);
    ck_assert_msg(strncmp(last, "RrdD", 4) == 0, "%s", r.letters);
    record_finish(&s);
}
END_TEST

START_TEST(both_whole_segments)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    story_miss(&s, 4, 1, 0);
    record_put_journal(&s, 1, s.segment[4], "*");
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert(!record_has(&s, 0, s.key[4]) && !record_has(&s, 1, s.key[4]));
    ck_assert(!story_is_older(&s, 0, 3));
    record_finish(&s);
}
END_TEST

/* The job of the higher number leaves it to the other one. */
START_TEST(both_but_not_ours)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    story_miss(&s, 4, 1, 0);
    mcp__repair_setup *setup = &s.worker[0].setup;
    *setup = (mcp__repair_setup){.mem = setup->mem,
                                 .pairing = setup->pairing,
                                 .server = 1,
                                 .witness = 0,
                                 .server_id8 = s.id8[1],
                                 .witness_id8 = s.id8[0],
                                 .prefix = PREFIX,
                                 .quarantine_ms = 100};
    record_start(&r, &s);
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 5000), MCP__REPAIR_UNDER_WAY);
    ck_assert_int_eq(s.worker[0].job.phase, MCP__REPAIR_DEFERRING);
    ck_assert_int_eq(r.n_copies + r.n_deletes, 0);
    record_finish(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("repair, both stand");
    TCase *both = tcase_create("both");
    tcase_add_test(both, both_key_by_key);
    tcase_add_test(both, both_whole_segments);
    tcase_add_test(both, both_but_not_ours);
    suite_add_tcase(suite, both);
    return run_suite(suite);
}

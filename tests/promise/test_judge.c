/* SPDX-License-Identifier: BSD-3-Clause */
/* The judge of the live histories: what is allowed passes, and each crime is seen. */
#include <check.h>
#include <string.h>

#include "promise/judge.h"
#include "support/run.h"

#define ACK OUTCOME_YES

enum { BOUND_US = 700 };

static history_record records[64];
static size_t n;

static history_record *
put(history_op op, int client, int64_t start, int64_t end, uint64_t value, history_outcome outcome)
{
    history_record *r = &records[n++];

    memset(r, 0, sizeof *r);
    r->op = (uint8_t)op;
    r->client = (uint8_t)client;
    r->start_us = start;
    r->end_us = outcome == OUTCOME_PENDING ? 0 : end;
    r->value = value;
    r->outcome = (uint8_t)outcome;
    return r;
}

/* A history is written from the start, and judged by either rule. */
static judge_verdict
judged(int64_t bound_us, int numbered)
{
    uint8_t kinds[2] = {(uint8_t)numbered, (uint8_t)numbered};
    judge_rules rules = {bound_us, kinds, 2};
    history_record copy[64];
    judge_verdict v;

    memcpy(copy, records, sizeof copy);
    judge(copy, n, &rules, &v);
    return v;
}

static uint64_t
crimes(const judge_verdict *v)
{
    return v->stale_own + v->stale_other + v->resurrected + v->left + v->phantoms + v->garbled;
}

static void
is_honest(int numbered)
{
    judge_verdict v = judged(0, numbered);

    ck_assert_uint_eq(crimes(&v), 0);
    ck_assert_uint_eq(v.stale_young, 0);
    ck_assert(v.n_examples == 0 || v.examples[0].crime == CRIME_FAILED);
}

START_TEST(an_honest_history_passes)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_READ, 1, 20, 21, 11, ACK);
    put(OP_READ, 2, 20, 21, 11, ACK);
    put(OP_DELETE, 1, 30, 40, 0, ACK);
    put(OP_READ, 2, 35, 36, 11, ACK); /* while it is being deleted */
    put(OP_READ, 2, 50, 51, 0, OUTCOME_MISS);
    put(OP_WRITE, 1, 60, 70, 12, ACK);
    put(OP_READ, 2, 65, 66, 12, ACK); /* not acknowledged yet, but there */
    put(OP_READ, 2, 80, 81, 0, OUTCOME_MISS);
    put(OP_READ, 2, 90, 91, 12, ACK);
    is_honest(0);
    judge_verdict v = judged(0, 0);
    ck_assert_uint_eq(v.reads, 7);
    ck_assert_uint_eq(v.writes, 3);
    ck_assert_uint_eq(v.misses, 2);
    ck_assert_uint_eq(v.hits, 5);
    ck_assert_int_eq(v.slowest_us, 10);
}
END_TEST

START_TEST(a_stale_read_is_seen)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_WRITE, 1, 20, 30, 12, ACK);
    put(OP_READ, 2, 40, 41, 11, ACK);
    judge_verdict v = judged(0, 0);
    ck_assert_uint_eq(v.stale_other, 1);
    ck_assert_uint_eq(crimes(&v), 1);
    ck_assert_int_eq(v.worst_us, 10);
    ck_assert_uint_eq(v.n_examples, 1);
    ck_assert_int_eq(v.examples[0].crime, CRIME_STALE_OTHER);
    ck_assert_uint_eq(v.examples[0].older.value, 11);
    ck_assert_uint_eq(v.examples[0].newer.value, 12);
}
END_TEST

START_TEST(others_may_be_stale_within_the_bound_the_writer_never)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_WRITE, 1, 20, 30, 12, ACK);
    put(OP_READ, 2, 30 + BOUND_US, 800, 11, ACK);
    judge_verdict v = judged(BOUND_US, 0);
    ck_assert_uint_eq(v.stale_young, 1);
    ck_assert_uint_eq(crimes(&v), 0);
    put(OP_READ, 2, 31 + BOUND_US, 800, 11, ACK);
    v = judged(BOUND_US, 0);
    ck_assert_uint_eq(v.stale_other, 1);
    put(OP_READ, 1, 31, 32, 11, ACK);
    v = judged(BOUND_US, 0);
    ck_assert_uint_eq(v.stale_other, 1);
    ck_assert_uint_eq(v.stale_own, 1);
    ck_assert_int_eq(v.worst_us, BOUND_US + 1);
}
END_TEST

START_TEST(a_lost_acknowledged_write_is_seen)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_WRITE, 2, 20, 30, 21, ACK);
    put(OP_READ, 1, 40, 41, 21, ACK);
    put(OP_READ, 2, 50, 51, 11, ACK); /* its own write is gone again */
    judge_verdict v = judged(BOUND_US, 0);
    ck_assert_uint_eq(v.stale_own, 1);
    ck_assert_uint_eq(crimes(&v), 1);
}
END_TEST

START_TEST(a_resurrected_delete_is_seen)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_DELETE, 2, 20, 30, 0, ACK);
    put(OP_READ, 1, 40, 41, 0, OUTCOME_MISS);
    put(OP_READ, 3, 50, 51, 11, ACK);
    judge_verdict v = judged(0, 0);
    ck_assert_uint_eq(v.resurrected, 1);
    ck_assert_uint_eq(v.stale_other, 1);
    v = judged(BOUND_US, 0);
    ck_assert_uint_eq(crimes(&v), 0);
    put(OP_READ, 2, 60, 61, 11, ACK);
    v = judged(BOUND_US, 0);
    ck_assert_uint_eq(v.resurrected, 1);
    ck_assert_uint_eq(v.stale_own, 1);
}
END_TEST

START_TEST(a_delete_before_the_write_is_not_resurrected)
{
    n = 0;
    put(OP_DELETE, 2, 0, 10, 0, ACK);
    put(OP_WRITE, 1, 5, 15, 11, ACK); /* at the same time: either may be the last */
    put(OP_READ, 3, 50, 51, 11, ACK);
    is_honest(0);
}
END_TEST

START_TEST(overlapping_writes_may_come_out_in_either_order)
{
    n = 0;
    put(OP_WRITE, 1, 0, 20, 11, ACK);
    put(OP_WRITE, 2, 10, 30, 21, ACK);
    put(OP_READ, 1, 40, 41, 11, ACK);
    put(OP_READ, 2, 50, 51, 21, ACK);
    is_honest(0);
}
END_TEST

START_TEST(an_unknown_write_may_take_effect_at_any_time)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, OUTCOME_UNKNOWN);
    put(OP_WRITE, 2, 0, 10, 21, OUTCOME_PENDING);
    put(OP_WRITE, 1, 20, 30, 12, ACK);
    put(OP_READ, 3, 40, 41, 12, ACK);
    put(OP_READ, 3, 50, 51, 11, ACK);
    put(OP_READ, 3, 60, 61, 21, ACK);
    is_honest(0);
    ck_assert_uint_eq(judged(0, 0).late, 1);
    /* It makes nothing else stale, but a later one with an answer does. */
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_WRITE, 1, 20, 30, 12, OUTCOME_UNKNOWN);
    put(OP_READ, 3, 40, 41, 11, ACK);
    is_honest(0);
    put(OP_WRITE, 1, 50, 60, 13, ACK);
    put(OP_READ, 3, 70, 71, 11, ACK);
    ck_assert_uint_eq(judged(0, 0).stale_other, 1);
}
END_TEST

START_TEST(values_from_nowhere_are_seen)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_READ, 2, 20, 21, 99, ACK); /* nobody's */
    put(OP_WRITE, 1, 30, 40, 12, ACK);
    put(OP_READ, 2, 25, 29, 12, ACK); /* read before it was written */
    put(OP_WRITE, 1, 50, 60, 13, OUTCOME_NO);
    put(OP_READ, 2, 70, 71, 13, ACK); /* the writer was told that it is not stored */
    put(OP_WRITE, 1, 80, 90, 14, OUTCOME_FAILED);
    put(OP_READ, 2, 95, 96, 14, ACK); /* the writer was told that nothing was changed */
    judge_verdict v = judged(0, 0);
    ck_assert_uint_eq(v.phantoms, 4);
    ck_assert_uint_eq(crimes(&v), 4);
    ck_assert_uint_eq(v.failed, 1);
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_READ, 2, 20, 21, 0, ACK)->garbled = 1;
    ck_assert_uint_eq(judged(0, 0).garbled, 1);
}
END_TEST

START_TEST(a_cas_on_an_old_value_is_a_stale_read)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_WRITE, 2, 20, 30, 21, ACK);
    put(OP_SEEN, 3, 40, 50, 11, ACK);
    put(OP_WRITE, 3, 40, 50, 31, ACK);
    ck_assert_uint_eq(judged(0, 0).stale_other, 1);
}
END_TEST

START_TEST(what_is_left_on_a_server_is_seen_whatever_the_bound)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_WRITE, 1, 20, 30, 12, ACK);
    put(OP_READ, HISTORY_OBSERVER, 40, 41, 11, ACK);
    judge_verdict v = judged(BOUND_US, 0);
    ck_assert_uint_eq(v.left, 1);
    ck_assert_uint_eq(crimes(&v), 1);
    ck_assert_uint_eq(v.reads, 0);
}
END_TEST

START_TEST(numbers_must_grow)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 100, ACK);
    put(OP_WRITE, 1, 20, 30, 101, ACK);
    put(OP_READ, 2, 25, 26, 101, ACK);
    put(OP_READ, 2, 40, 41, 101, ACK);
    is_honest(1);
    put(OP_READ, 2, 50, 51, 100, ACK);
    ck_assert_uint_eq(judged(0, 1).stale_other, 1);
    n--;
    put(OP_READ, 2, 50, 51, 102, ACK); /* counted twice */
    ck_assert_uint_eq(judged(0, 1).phantoms, 1);
    n--;
    put(OP_WRITE, 1, 42, 45, 102, OUTCOME_UNKNOWN);
    put(OP_READ, 2, 50, 51, 102, ACK);
    is_honest(1);
    put(OP_SEEN, 1, 60, 70, 100, ACK); /* an increment that made 101 of 100: one is lost */
    ck_assert_uint_eq(judged(BOUND_US, 1).stale_own, 1);
    n--;
    put(OP_DELETE, 1, 60, 70, 103, ACK);
    put(OP_READ, 2, 80, 81, 102, ACK);
    judge_verdict v = judged(0, 1);
    ck_assert_uint_eq(v.resurrected, 1);
}
END_TEST

START_TEST(keys_do_not_mix)
{
    n = 0;
    put(OP_WRITE, 1, 0, 10, 11, ACK);
    put(OP_WRITE, 1, 20, 30, 12, ACK)->key = 1;
    put(OP_READ, 2, 40, 41, 11, ACK);
    put(OP_READ, 2, 40, 41, 12, ACK)->key = 1;
    is_honest(0);
    put(OP_READ, 2, 40, 41, 11, ACK)->key = 1;
    ck_assert_uint_eq(judged(0, 0).phantoms, 1);
}
END_TEST

START_TEST(shares_are_of_time_and_of_reads)
{
    uint64_t hits;
    uint64_t misses;

    n = 0;
    put(OP_READ, 1, 0, 0, 11, ACK);
    put(OP_READ, 1, 20, 100, 11, ACK);
    put(OP_READ, 1, 200, 300, 11, ACK)->from_backup = 1;
    put(OP_READ, 1, 390, 400, 0, OUTCOME_MISS);
    put(OP_READ, 2, 0, 100, 11, ACK);
    put(OP_READ, 2, 450, 500, 11, ACK);
    ck_assert(judge_on_primary(records, n, 0, 1000) > 74.9);
    ck_assert(judge_on_primary(records, n, 0, 1000) < 75.1);
    judge_hits(records, n, 0, 0, 100, 1000, &hits, &misses);
    ck_assert_uint_eq(hits, 2);
    ck_assert_uint_eq(misses, 1);
    judge_hits(records, n, 1, 5, 0, 1000, &hits, &misses);
    ck_assert_uint_eq(hits + misses, 0);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("judge");

    tcase_add_test(t, an_honest_history_passes);
    tcase_add_test(t, a_stale_read_is_seen);
    tcase_add_test(t, others_may_be_stale_within_the_bound_the_writer_never);
    tcase_add_test(t, a_lost_acknowledged_write_is_seen);
    tcase_add_test(t, a_resurrected_delete_is_seen);
    tcase_add_test(t, a_delete_before_the_write_is_not_resurrected);
    tcase_add_test(t, overlapping_writes_may_come_out_in_either_order);
    tcase_add_test(t, an_unknown_write_may_take_effect_at_any_time);
    tcase_add_test(t, values_from_nowhere_are_seen);
    tcase_add_test(t, a_cas_on_an_old_value_is_a_stale_read);
    tcase_add_test(t, what_is_left_on_a_server_is_seen_whatever_the_bound);
    tcase_add_test(t, numbers_must_grow);
    tcase_add_test(t, keys_do_not_mix);
    tcase_add_test(t, shares_are_of_time_and_of_reads);
    return run_tests("judge", t);
}

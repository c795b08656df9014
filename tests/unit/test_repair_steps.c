/* SPDX-License-Identifier: BSD-3-Clause */
/* Repair, told step by step: what is asked for, in which order, and how it ends. */
#include "ops/repair.h"

#include <stdio.h>
#include <string.h>

#include "repair_record.h"

START_TEST(in_this_order)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    int64_t begun_ms = s.world.now_ms;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    /* Peeks; lock; both marks, segments; ping, new connection, ping; copy; cut; marks and segments
     * again; the marks go, the lock goes; one more look. */
    ck_assert_str_eq(r.letters, "PARrRinicDRrRDk");
    ck_assert_int_eq(r.n_copies, 1);
    ck_assert_int_eq(r.n_trusting, 0); /* should it turn out that the witness stands, nothing is copied */
    ck_assert_int_eq(r.asked_ms['A'] - begun_ms, HOLD_MS);
    ck_assert_int_eq(r.asked_ms['n'] - r.asked_ms['i'], 100);
    ck_assert_int_ge(r.since_ms, begun_ms);
    ck_assert_int_eq(r.asked_ms['k'] - r.asked_ms['D'], MCP__REPAIR_REST_MS);
    ck_assert(s.worker[0].job.is_cleared);
    ck_assert_uint_eq(s.worker[0].job.n_rounds, 2);
    ck_assert_uint_eq(s.worker[0].job.n_keys, 1);
    ck_assert_uint_eq(s.worker[0].job.n_segments, 1);
    ck_assert_uint_eq(s.worker[0].job.n_swept, 1);
    ck_assert(!record_has(&s, 1, "mcp:s"));
    ck_assert(record_has(&s, 0, s.key[3]) && !story_is_older(&s, 0, 3));
    record_finish(&s);
}
END_TEST

START_TEST(marks_of_others_stay)
{
    story s;
    record r;
    record_begin(&s);
    const mcp__mark mark = {.id8 = 0x12345678, .inc8 = 1};
    const mcp__mark begun = {.id8 = 0x12345678, .tag = 5, .segment = 7, .is_segment = 1};
    char text[2 * MCP__MARKS_ENTRY_MAX];
    size_t len = mcp__marks_put(text, &mark);
    len += mcp__marks_put(text + len, &begun);
    errands_set(&s.world, 1, "mcp:s", text, len);
    story_miss(&s, 3, 0, 0);
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    fake_item *item = errands_find(&s.world, 1, "mcp:s");
    ck_assert_ptr_nonnull(item);
    ck_assert_uint_eq(item->len, len);
    ck_assert_mem_eq(item->value, text, len);
    ck_assert_uint_eq(item->flags, MCP__MARKS_FORMAT);
    record_finish(&s);
}
END_TEST

START_TEST(somebody_else_repairs)
{
    story s;
    record r;
    char lock[MCP__MARKS_KEY_MAX + 1];
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    lock[mcp__marks_key_lock(lock, PREFIX, s.id8[0])] = '\0';
    errands_set(&s.world, 1, lock, "somebody", 8)->expires_ms = s.world.now_ms + 3000;
    int64_t begun_ms = s.world.now_ms;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert_int_ge(r.asked_ms['R'] - begun_ms, 3000);
    ck_assert_int_le(r.asked_ms['R'] - begun_ms, 3000 + 3 * MCP__LOCK_RETRY_MS / 2);
    ck_assert(!record_has(&s, 1, lock));
    record_finish(&s);
}
END_TEST

START_TEST(somebody_else_was_faster)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    record_start(&r, &s);
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 300), MCP__REPAIR_UNDER_WAY);
    ck_assert_int_eq(s.worker[0].job.phase, MCP__REPAIR_HOLDING);
    errands_delete(&s.world, 1, "mcp:s");
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 9000), MCP__REPAIR_DONE);
    ck_assert(!s.worker[0].job.is_cleared);
    ck_assert_str_eq(r.letters, "P");
    record_finish(&s);
}
END_TEST

/* A write is put on record again and again: what is old is replayed, what is young waits its time.
 * The lock is kept meanwhile: to anybody else the segment that was cut would look evicted. */
START_TEST(young_segments_wait)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    record_start(&r, &s);
    record_run_until(&r, &s, s.world.now_ms + 400);
    int k = 4;
    while (s.segment[k] == s.segment[3])
        k++;
    story_miss(&s, k, 0, 0);
    int64_t missed_ms = s.world.now_ms;
    record_run_to(&r, &s, MCP__REPAIR_CUTTING);
    record_run_to(&r, &s, MCP__REPAIR_HOLDING);
    record_run_until(&r, &s, s.world.now_ms + 1);
    ck_assert(s.worker[0].job.lock.is_held);
    ck_assert_int_eq(r.n_copies, 1);
    ck_assert(record_stands(&s, 0));
    ck_assert_int_ge(s.worker[0].job.waiting_until_ms, missed_ms + HOLD_MS);
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 9000), MCP__REPAIR_DONE);
    ck_assert_int_eq(r.n_copies, 2);
    ck_assert_int_ge(r.asked_ms['k'] - missed_ms, HOLD_MS + MCP__REPAIR_REST_MS);
    record_finish(&s);
}
END_TEST

/* What came soon behind the mark is waited for together with it, not once more after it. */
START_TEST(a_little_younger_is_no_second_wait)
{
    story s;
    record r;
    int k = 4;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    int64_t begun_ms = s.world.now_ms;
    record_start(&r, &s);
    while (s.segment[k] == s.segment[3])
        k++;
    record_run_to(&r, &s, MCP__REPAIR_HOLDING);
    s.world.now_ms = begun_ms + HOLD_MS / 16; /* nothing happens before */
    story_miss(&s, k, 0, 0);
    int64_t missed_ms = s.world.now_ms;
    record_run_to(&r, &s, MCP__REPAIR_RELEASING);
    ck_assert_int_eq(r.n_copies, 2);
    ck_assert_int_ge(s.world.now_ms - missed_ms, HOLD_MS);
    ck_assert_int_le(s.world.now_ms - missed_ms, HOLD_MS + HOLD_MS / 4 + 250);
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 9000), MCP__REPAIR_DONE);
    record_finish(&s);
}
END_TEST

START_TEST(a_zombie_is_swept)
{
    story s;
    record r;
    uint32_t old = 1;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    story_miss(&s, 4, 0, 1);
    record_start(&r, &s);
    record_run_to(&r, &s, MCP__REPAIR_RESTING);
    errands_set(&s.world, 0, s.key[3], &old, sizeof old);
    errands_set(&s.world, 0, s.key[4], &old, sizeof old);
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 9000), MCP__REPAIR_DONE);
    ck_assert(!record_has(&s, 0, s.key[3]) && !record_has(&s, 0, s.key[4]));
    record_finish(&s);
}
END_TEST

/* It goes down again before the sweep: that mark is another job's business. */
START_TEST(it_stands_again)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    record_start(&r, &s);
    record_run_to(&r, &s, MCP__REPAIR_RESTING);
    story_miss(&s, 5, 0, 0);
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 20000), MCP__REPAIR_DONE);
    ck_assert_uint_eq(s.worker[0].job.n_swept, 1);
    ck_assert(record_stands(&s, 0) && story_is_older(&s, 0, 5));
    mcp__repair_fini(&s.worker[0].job);
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert(!record_stands(&s, 0) && !story_is_older(&s, 0, 5));
    record_finish(&s);
}
END_TEST

START_TEST(another_format)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    errands_find(&s.world, 1, "mcp:s")->flags = 2;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_FOREIGN);
    ck_assert(record_stands(&s, 0) && r.n_copies == 0);
    record_finish(&s);
}
END_TEST

/* A server without cas numbers: nothing could be relied on. */
START_TEST(no_cas)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    errands_find(&s.world, 1, "mcp:s")->unique = 0;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_AWAY);
    ck_assert(record_stands(&s, 0) && r.n_copies == 0);
    record_finish(&s);
}
END_TEST

/* All keys of a segment are meant. */
static void
miss_segment(story *s)
{
    story_miss(s, 3, 0, 0);
    record_put_journal(s, 0, s->segment[3], "*\nkrubbish");
}

START_TEST(a_whole_segment)
{
    story s;
    record r;
    record_begin(&s);
    miss_segment(&s);
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert(record_has(&s, 0, s.key[3]) && !story_is_older(&s, 0, 3));
    ck_assert_int_eq(s.world.server[0].n_dumps, 1);
    ck_assert_int_eq(s.world.server[1].n_dumps, 1);
    record_finish(&s);
}
END_TEST

START_TEST(no_dump_of_the_stale_server)
{
    story s;
    record r;
    record_begin(&s);
    miss_segment(&s);
    s.world.server[0].has_no_dump = 1;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_NO_DUMP);
    ck_assert(record_stands(&s, 0) && r.n_copies == 0);
    record_finish(&s);
}
END_TEST

START_TEST(no_dump_of_the_witness)
{
    story s;
    record r;
    record_begin(&s);
    miss_segment(&s);
    s.world.server[1].has_no_dump = 1;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert(!record_has(&s, 0, s.key[3]) && r.n_copies == 0);
    record_finish(&s);
}
END_TEST

START_TEST(group_keys)
{
    story s;
    record r;
    record_begin(&s);
    miss_segment(&s);
    s.worker[0].setup.has_routes = 1;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert(!record_has(&s, 0, s.key[3]) && r.n_copies == 0);
    record_finish(&s);
}
END_TEST

START_TEST(a_dump_is_refused_first)
{
    story s;
    record r;
    record_begin(&s);
    miss_segment(&s);
    s.world.server[0].n_busy = s.world.server[1].n_busy = 3;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert(record_has(&s, 0, s.key[3]) && !story_is_older(&s, 0, 3));
    record_finish(&s);
}
END_TEST

/* The lock lives two seconds, and this takes longer. */
START_TEST(the_lock_is_renewed)
{
    story s;
    record r;
    record_begin(&s);
    miss_segment(&s);
    s.world.server[0].n_busy = 10;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert_int_ge(r.n_renewals, 5);
    ck_assert_uint_eq(s.worker[0].job.n_rounds, 2);
    record_finish(&s);
}
END_TEST

/* A beginning that is listed and is not the one that is there was evicted, wherever it stands. */
START_TEST(another_beginning)
{
    for (int in_front = 0; in_front < 2; in_front++) {
        story s;
        record r;
        char text[MCP__MARKS_ENTRY_MAX];
        record_begin(&s);
        mcp__mark mark = {
            .id8 = s.id8[0], .tag = 5, .segment = (uint8_t)s.segment[3], .is_segment = 1};
        size_t len = mcp__marks_put(text, &mark);
        errands_set(&s.world, 1, "mcp:s", text, in_front ? len : 0);
        story_miss(&s, 3, 0, 0);
        if (!in_front)
            errands_append(&s.world, 1, "mcp:s", text, len, 0);
        ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
        ck_assert_int_eq(s.world.server[0].n_dumps, 1);
        record_finish(&s);
    }
}
END_TEST

/* Room for a key or two at a time: everything is deleted all the same. */
START_TEST(little_room)
{
    story s;
    record r;
    char key[32];
    record_begin(&s);
    miss_segment(&s);
    for (int i = 0, n = 0; n < 100; i++) {
        snprintf(key, sizeof key, "room-%d", i);
        if (mcp__marks_segment(key, strlen(key)) == s.segment[3] && ++n > 0)
            errands_set(&s.world, 0, key, "1234", 4);
    }
    s.worker[0].setup.memory_max = sizeof(mcp__keys_block) + 300;
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert_int_gt(s.world.server[0].n_dumps, 5);
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "room-%d", i);
        ck_assert_msg(!record_has(&s, 0, key), "%s was left", key);
    }
    record_finish(&s);
}
END_TEST

START_TEST(no_memory)
{
    for (size_t fail_at = 1; fail_at < 12; fail_at++) {
        story s;
        record r;
        record_begin(&s);
        story_miss(&s, 5, 0, 0);
        miss_segment(&s);
        s.worker[0].supply.fail_at = fail_at;
        mcp__repair_result result = record_run(&r, &s);
        ck_assert(result == MCP__REPAIR_NO_MEMORY || result == MCP__REPAIR_DONE);
        ck_assert(fail_at > 1 || result == MCP__REPAIR_NO_MEMORY);
        ck_assert((result == MCP__REPAIR_DONE) == !record_stands(&s, 0));
        ck_assert(result != MCP__REPAIR_DONE || !story_is_older(&s, 0, 3));
        record_finish(&s);
    }
}
END_TEST

/* Two keys that begin alike and share their place among the recent ones. */
START_TEST(keys_that_look_alike)
{
    story s;
    record r;
    char one[40], two[64], text[128];
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    for (int i = 0;; i++) {
        ck_assert_int_lt(i, 4000000);
        snprintf(one, sizeof one, "alike-%d", i / 2000);
        snprintf(two, sizeof two, "%s.%d", one, i % 2000);
        uint32_t first = mcp__pairing_hash_bits(one, strlen(one));
        uint32_t second = mcp__pairing_hash_bits(two, strlen(two));
        if (first % 1024 == second % 1024 && first >> 26 == second >> 26)
            break;
    }
    errands_set(&s.world, 0, one, "old", 3);
    errands_set(&s.world, 0, two, "old", 3);
    snprintf(text, sizeof text, "k%s\nk%s\nk%s\nk%s\nmcp\nkmcp:s\n", two, one, two, one);
    record_put_journal(&s, 0, mcp__marks_segment(one, strlen(one)), text);
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert(!record_has(&s, 0, one) && !record_has(&s, 0, two));
    record_finish(&s);
}
END_TEST

/* Said often, replayed once; ours are never touched; base64 stays base64. */
START_TEST(lines)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    errands_set(&s.world, 0, "mcp:e", "R", 1);
    record_put_journal(&s, 0, 7,
                       "ksame\nksame\nbAAAA\nkmcp:e\nksame\nbAAAA\n"
                       "bbWNwOmU=\nbAAA=\nbAAB=\nkhalf");
    ck_assert_int_eq(record_run(&r, &s), MCP__REPAIR_DONE);
    ck_assert(record_has(&s, 0, "mcp:e"));
    ck_assert_int_eq(r.n_copies, 4); /* key 3, same, AAAA, AAA=; not mcp:e, nor what is no base64 */
    ck_assert_int_eq(r.n_base64, 4); /* copied, and compared in the end */
    record_finish(&s);
}
END_TEST

START_TEST(no_answer_and_on_again)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    record_start(&r, &s);
    record_run_to(&r, &s, MCP__REPAIR_CLEARING);
    s.world.server[1].is_away = 1;
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 9000), MCP__REPAIR_AWAY);
    s.world.server[1].is_away = 0;
    mcp__repair_resume(&s.worker[0].job, s.world.now_ms);
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 9000), MCP__REPAIR_DONE);
    /* It remembers that it has deleted the segment itself. */
    ck_assert_int_eq(s.world.server[0].n_dumps, 0);
    ck_assert(!record_stands(&s, 0));
    record_finish(&s);
}
END_TEST

START_TEST(stopped)
{
    story s;
    record r;
    record_begin(&s);
    story_miss(&s, 3, 0, 0);
    record_start(&r, &s);
    record_run_to(&r, &s, MCP__REPAIR_QUARANTINE);
    mcp__repair_stop(&s.worker[0].job);
    ck_assert_int_eq(record_run_until(&r, &s, s.world.now_ms + 9000), MCP__REPAIR_STOPPED);
    ck_assert(record_stands(&s, 0) && !s.worker[0].job.lock.is_held);
    record_finish(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("repair, step by step");
    TCase *steps = tcase_create("steps");
    tcase_set_timeout(steps, 60); /* keys_that_look_alike under valgrind */
    tcase_add_test(steps, in_this_order);
    tcase_add_test(steps, marks_of_others_stay);
    tcase_add_test(steps, somebody_else_repairs);
    tcase_add_test(steps, somebody_else_was_faster);
    tcase_add_test(steps, young_segments_wait);
    tcase_add_test(steps, a_little_younger_is_no_second_wait);
    tcase_add_test(steps, a_zombie_is_swept);
    tcase_add_test(steps, it_stands_again);
    tcase_add_test(steps, another_format);
    tcase_add_test(steps, no_cas);
    tcase_add_test(steps, a_whole_segment);
    tcase_add_test(steps, no_dump_of_the_stale_server);
    tcase_add_test(steps, no_dump_of_the_witness);
    tcase_add_test(steps, group_keys);
    tcase_add_test(steps, a_dump_is_refused_first);
    tcase_add_test(steps, the_lock_is_renewed);
    tcase_add_test(steps, another_beginning);
    tcase_add_test(steps, little_room);
    tcase_add_test(steps, no_memory);
    tcase_add_test(steps, keys_that_look_alike);
    tcase_add_test(steps, lines);
    tcase_add_test(steps, no_answer_and_on_again);
    tcase_add_test(steps, stopped);
    suite_add_tcase(suite, steps);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Filling a server that came back empty: while others write, and what can come in between. */
#include "ops/resync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errands.h"
#include "support.h"

#define KEYS 300
#define WRITERS 3

typedef struct writer {
    int key, step, is_delete, first;
    uint32_t version;
} writer;

/* Server 0 came back empty; 1 and 2 share pairs with it and with each other. */
typedef struct scene {
    errands world;
    supply supply;
    mcp__resync job;
    mcp__resync_partner partner[2];
    mcp__resync_setup setup;
    char key[KEYS][40];
    mcp__pair pair[KEYS];
    uint32_t acked[KEYS], version[KEYS];
    int busy[KEYS];
    writer writer[WRITERS];
    int is_usable, n_flying, most_flying;
} scene;

static const mcp__pairing *
shared_pairing(void)
{
    static const char *const names[] = {"10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211"};
    static mcp__mem mem;
    static mcp__pairing *pairing;
    mcp__server_spec servers[3];
    mcp__place_spec place = {MCP__NATIVE, MCP__HASH_DEFAULT, {0, 0}};
    mcp__err err;
    if (pairing != NULL)
        return pairing;
    mem = mcp__mem_system();
    for (int i = 0; i < 3; i++)
        servers[i] = (mcp__server_spec){names[i], names[i], names[i], 11211, 0, 1};
    pairing = mcp__pairing_new(&mem, &place, MCP__MIRROR_NEXT, servers, 3, 0, &err);
    ck_assert_ptr_nonnull(pairing);
    return pairing;
}

static void
begin_scene(scene *s, uint64_t seed, const char *name_space)
{
    memset(s, 0, sizeof *s);
    s->world.random = seed * 0x9e3779b97f4a7c15u + 1;
    s->world.now_ms = 5000;
    s->is_usable = 1;
    supply_init(&s->supply);
    for (uint32_t i = 0; i < 2; i++)
        s->partner[i] = (mcp__resync_partner){.server = i + 1, .is_source = 1};
    s->setup = (mcp__resync_setup){.mem = &s->supply.mem,
                                   .pairing = shared_pairing(),
                                   .partners = s->partner,
                                   .n_partners = 2,
                                   .server_id8 = 77,
                                   .prefix = {"mcp:", 4},
                                   .name_space = {name_space, strlen(name_space)},
                                   .random = 12345};
    for (int k = 0; k < KEYS; k++) {
        snprintf(s->key[k], sizeof s->key[k], "%skey-%d-%d", name_space, (int)(seed % 1000), k);
        const char *placed = s->key[k] + strlen(name_space);
        s->pair[k] = mcp__pairing_find(s->setup.pairing, placed, strlen(placed));
        s->acked[k] = s->version[k] = 1;
        for (uint32_t server = 1; server < 3; server++) {
            if (s->pair[k].primary == server || s->pair[k].backup == server)
                errands_set(&s->world, server, s->key[k], &s->version[k], sizeof s->version[k]);
        }
    }
    errands_set(&s->world, 1, "mcp:s", "1", 1);
    errands_set(&s->world, 2, "mcp:j:00000001:05", "1", 1);
}

static void
end_scene(scene *s)
{
    mcp__resync_fini(&s->job);
    ck_assert_uint_eq(s->supply.n_live, 0);
    errands_fini(&s->world);
}

static int
is_shared(const scene *s, int k)
{
    return s->pair[k].primary == 0 || s->pair[k].backup == 0;
}

static uint64_t
n_shared(const scene *s)
{
    uint64_t n = 0;
    for (int k = 0; k < KEYS; k++)
        n += (uint64_t)is_shared(s, k);
    return n;
}

static int
has(scene *s, uint32_t server, int k)
{
    const fake_item *item = errands_find(&s->world, server, s->key[k]);
    return item != NULL && !item->is_stub;
}

/* ---- Those who write ---------------------------------------------------------------------- */

static void
store(scene *s, uint32_t server, const writer *w)
{
    if (w->is_delete)
        errands_delete(&s->world, server, s->key[w->key]);
    else
        errands_set(&s->world, server, s->key[w->key], &w->version, sizeof w->version);
}

/* A set goes to both, in any order; a delete to the backup, the primary and the backup. */
static void
write_on(scene *s, writer *w)
{
    mcp__pair pair = s->pair[w->key];
    uint32_t first = w->first ? pair.primary : pair.backup;
    if (w->step++ != 1)
        store(s, first, w);
    else
        store(s, first == pair.primary ? pair.backup : pair.primary, w);
    if (w->step < 2 + w->is_delete)
        return;
    s->acked[w->key] = w->version;
    s->busy[w->key] = 0;
    w->version = 0;
}

static void
move_writers(scene *s, int is_writing)
{
    writer *w = &s->writer[errands_draw(&s->world, WRITERS)];
    int k = (int)errands_draw(&s->world, KEYS);
    if (w->version != 0) {
        write_on(s, w);
    } else if (is_writing && is_shared(s, k) && !s->busy[k]) {
        *w = (writer){.key = k, .is_delete = errands_draw(&s->world, 2) == 0};
        w->first = !w->is_delete && errands_draw(&s->world, 2) == 0;
        w->version = ++s->version[k];
        s->busy[k] = 1;
    }
}

/* Whether a server has what is older than an acknowledged write. */
static int
is_older(scene *s, uint32_t server, int k)
{
    const fake_item *item = errands_find(&s->world, server, s->key[k]);
    uint32_t version = UINT32_MAX;
    if (item != NULL && !item->is_stub)
        memcpy(&version, item->value, sizeof version);
    return version < s->acked[k];
}

/* ---- The one who fills -------------------------------------------------------------------- */

static void
dumped(void *context, int job, uint32_t tag, mcp__span key)
{
    scene *s = context;
    (void)job;
    mcp__resync_dumped(&s->job, tag, key, 0);
}

static void
check_given(scene *s, const mcp__errand *errand)
{
    if (errand->what != MCP__ERRAND_COPY)
        return;
    int k = 0;
    while (k < KEYS && (strlen(s->key[k]) != errand->key.len ||
                        memcmp(s->key[k], errand->key.bytes, errand->key.len) != 0))
        k++;
    ck_assert_msg(k < KEYS, "a key of ours, or of others, is copied");
    ck_assert_uint_eq(errand->server, 0);
    ck_assert(is_shared(s, k));
    ck_assert(s->pair[k].primary == errand->from || s->pair[k].backup == errand->from);
    ck_assert(!errand->deletes_first);
}

static void
carry_out(scene *s)
{
    carried done = errands_step(&s->world, dumped, s);
    if (!done.is_over)
        return;
    s->n_flying -= done.errand.what == MCP__ERRAND_COPY;
    mcp__resync_told(&s->job, done.errand.tag, &done.outcome, s->world.now_ms);
    free(done.copy);
}

/* 1: it has ended. */
static int
take_turn(scene *s)
{
    mcp__errand errand;
    mcp__resync_next(&s->job, s->is_usable, s->world.now_ms, &errand);
    if (errand.what == MCP__ERRAND_DONE)
        return 1;
    if (errand.what != MCP__ERRAND_NONE) {
        check_given(s, &errand);
        s->n_flying += errand.what == MCP__ERRAND_COPY;
        s->most_flying = s->n_flying > s->most_flying ? s->n_flying : s->most_flying;
        errands_put(&s->world, 0, &errand);
    } else if (s->world.n_pending > 0) {
        carry_out(s);
    } else {
        ck_assert_int_gt(errand.until_ms, s->world.now_ms);
        ck_assert_int_lt(errand.until_ms, INT64_MAX);
        s->world.now_ms = errand.until_ms;
    }
    return 0;
}

static mcp__resync_result
run(scene *s)
{
    mcp__resync_begin(&s->job, &s->setup, s->world.now_ms);
    for (int turn = 0; turn < 200000; turn++) {
        if (take_turn(s))
            return s->job.result;
    }
    return MCP__RESYNC_UNDER_WAY;
}

static void
check_all_there(scene *s)
{
    for (int k = 0; k < KEYS; k++)
        ck_assert_msg(has(s, 0, k) == is_shared(s, k), "%s", s->key[k]);
}

START_TEST(fills)
{
    scene s;
    begin_scene(&s, 1, "");
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    check_all_there(&s);
    ck_assert_uint_eq(s.job.n_copied, n_shared(&s));
    ck_assert_uint_eq(s.job.n_known, n_shared(&s));
    ck_assert_uint_gt(s.job.n_seen, n_shared(&s));
    ck_assert_uint_eq(s.job.n_partners_done, 2);
    ck_assert_int_eq(s.most_flying, MCP__RESYNC_WINDOW);
    ck_assert_ptr_null(errands_find(&s.world, 0, "mcp:l:0000004d"));
    ck_assert_ptr_null(errands_find(&s.world, 0, "mcp:s"));
    end_scene(&s);
}
END_TEST

START_TEST(in_a_name_space)
{
    scene s;
    begin_scene(&s, 1, "app:");
    errands_set(&s.world, 1, "key-1-1", "1234", 4);
    errands_set(&s.world, 1, "app:", "1234", 4);
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    check_all_there(&s);
    end_scene(&s);
}
END_TEST

/* Others write all the while, some answers do not come; a job that did not finish is begun again.
 */
START_TEST(while_others_write)
{
    uint64_t copied = 0, kept = 0, missing = 0, failed = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        scene s;
        begin_scene(&s, seed, "");
        s.world.fail_percent = seed % 2 == 0 ? 1 : 0;
        s.setup.window = 1 + (uint32_t)seed % 100;
        mcp__resync_begin(&s.job, &s.setup, s.world.now_ms);
        for (int turn = 0, is_done = 0; !is_done; turn++) {
            ck_assert_int_lt(turn, 400000);
            s.world.fail_percent = turn < 3000 ? s.world.fail_percent : 0;
            int is_over = take_turn(&s);
            move_writers(&s, turn < 20000);
            is_done = is_over && s.job.result == MCP__RESYNC_DONE;
            copied += is_over ? s.job.n_copied : 0;
            kept += is_over ? s.job.n_kept : 0;
            missing += is_over ? s.job.n_missing : 0;
            failed += is_over ? s.job.n_failed : 0;
            if (is_over && !is_done) {
                mcp__resync_fini(&s.job);
                mcp__resync_begin(&s.job, &s.setup, s.world.now_ms);
            }
        }
        for (int w = 0; w < WRITERS; w++) {
            while (s.writer[w].version != 0)
                write_on(&s, &s.writer[w]);
        }
        for (int k = 0; k < KEYS; k++) {
            for (uint32_t server = 0; server < 3; server++)
                ck_assert_msg(!is_older(&s, server, k), "seed %d: %s is old on %u", (int)seed,
                              s.key[k], server);
        }
        ck_assert_int_le(s.most_flying, (int)s.setup.window);
        end_scene(&s);
    }
    ck_assert(copied > 0 && kept > 0 && missing > 0 && failed > 0);
}
END_TEST

START_TEST(again_is_cheap)
{
    scene s;
    begin_scene(&s, 1, "");
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    mcp__resync_fini(&s.job);
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    ck_assert_uint_eq(s.job.n_copied, 0);
    ck_assert_uint_eq(s.job.n_kept, n_shared(&s));
    end_scene(&s);
}
END_TEST

/* What does not fit is dumped in parts. */
START_TEST(little_room)
{
    scene s;
    begin_scene(&s, 1, "");
    s.setup.memory_max = sizeof(mcp__keys_block) + 600;
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    check_all_there(&s);
    ck_assert_int_gt(s.world.server[1].n_dumps, 3);
    ck_assert_uint_eq(s.job.n_copied, n_shared(&s));
    end_scene(&s);
}
END_TEST

START_TEST(no_room_at_all)
{
    scene s;
    begin_scene(&s, 1, "");
    s.setup.memory_max = 100;
    ck_assert_int_eq(run(&s), MCP__RESYNC_NO_MEMORY);
    end_scene(&s);
    begin_scene(&s, 1, "");
    s.supply.fail_at = 1;
    s.supply.fails_onward = 1;
    ck_assert_int_eq(run(&s), MCP__RESYNC_NO_MEMORY);
    end_scene(&s);
    /* What there was no memory for comes later. */
    begin_scene(&s, 1, "");
    s.supply.fail_at = 1;
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    check_all_there(&s);
    end_scene(&s);
}
END_TEST

START_TEST(so_many_a_second)
{
    static const uint32_t rates[] = {1, 20, 999, 1000, 7000, 100000};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        scene s;
        begin_scene(&s, 1, "");
        s.setup.rate = rates[i];
        int64_t begun_ms = s.world.now_ms;
        ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
        check_all_there(&s);
        int64_t took_ms = s.world.now_ms - begun_ms, n = (int64_t)n_shared(&s);
        int64_t burst = rates[i] / 10 > 1 ? rates[i] / 10 : 1;
        ck_assert_int_ge(took_ms * rates[i], (n - burst - 1) * 1000);
        ck_assert_int_le(took_ms, n * 1000 / rates[i] + n + 1000);
        end_scene(&s);
    }
}
END_TEST

START_TEST(somebody_else_fills)
{
    scene s;
    begin_scene(&s, 1, "");
    errands_set(&s.world, 0, "mcp:l:0000004d", "somebody", 8)->expires_ms = s.world.now_ms + 3000;
    int64_t begun_ms = s.world.now_ms;
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    ck_assert_int_ge(s.world.now_ms - begun_ms, 3000);
    check_all_there(&s);
    end_scene(&s);
}
END_TEST

START_TEST(dumps)
{
    scene s;
    begin_scene(&s, 1, "");
    s.world.server[1].n_busy = 3;
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    check_all_there(&s);
    end_scene(&s);
    begin_scene(&s, 1, "");
    s.world.server[2].has_no_dump = 1;
    ck_assert_int_eq(run(&s), MCP__RESYNC_NO_DUMP);
    ck_assert_uint_gt(s.job.n_copied, 0);
    end_scene(&s);
    begin_scene(&s, 1, "");
    s.setup.has_routes = 1;
    ck_assert_int_eq(run(&s), MCP__RESYNC_NO_DUMP);
    ck_assert_int_eq(s.world.server[1].n_dumps + s.world.server[2].n_dumps, 0);
    end_scene(&s);
}
END_TEST

START_TEST(partners)
{
    scene s;
    begin_scene(&s, 1, "");
    s.partner[0].is_source = 0;
    ck_assert_int_eq(run(&s), MCP__RESYNC_INCOMPLETE);
    ck_assert_uint_gt(s.job.n_copied, 0);
    s.partner[0].is_source = 1;
    mcp__resync_fini(&s.job);
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    check_all_there(&s);
    end_scene(&s);
    begin_scene(&s, 1, "");
    s.world.server[2].is_away = 1;
    ck_assert_int_eq(run(&s), MCP__RESYNC_INCOMPLETE);
    end_scene(&s);
    begin_scene(&s, 1, "");
    s.setup.n_partners = 0;
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    end_scene(&s);
}
END_TEST

/* In the middle of a partner: it is no source any more, S goes away, or somebody stops it all. */
START_TEST(in_the_middle)
{
    static const mcp__resync_result ends[] = {MCP__RESYNC_INCOMPLETE, MCP__RESYNC_AWAY,
                                              MCP__RESYNC_STOPPED, MCP__RESYNC_INCOMPLETE};
    for (int what = 0; what < 4; what++) {
        scene s;
        begin_scene(&s, 1, "");
        mcp__resync_begin(&s.job, &s.setup, s.world.now_ms);
        while (s.job.n_copied < 10)
            ck_assert(!take_turn(&s));
        s.partner[0].is_source = what != 0;
        s.is_usable = what != 1;
        if (what == 2)
            mcp__resync_stop(&s.job);
        s.world.server[1].is_away = what == 3;
        while (!take_turn(&s))
            ;
        ck_assert_int_eq(s.job.result, ends[what]);
        ck_assert_uint_lt(s.job.n_copied, n_shared(&s));
        ck_assert_int_eq(s.n_flying, 0);
        ck_assert(what != 3 || s.job.n_failed < 16 + MCP__RESYNC_WINDOW);
        end_scene(&s);
    }
}
END_TEST

/* One copy of which nobody knows what became of it. */
START_TEST(one_copy_fails)
{
    scene s;
    begin_scene(&s, 1, "");
    mcp__resync_begin(&s.job, &s.setup, s.world.now_ms);
    while (s.job.n_copied < 10)
        ck_assert(!take_turn(&s));
    s.world.fail_percent = 100;
    while (s.job.n_failed == 0)
        ck_assert(!take_turn(&s));
    s.world.fail_percent = 0;
    while (!take_turn(&s))
        ;
    ck_assert_int_eq(s.job.result, MCP__RESYNC_INCOMPLETE);
    ck_assert_uint_eq(s.job.n_partners_done, 1);
    ck_assert_uint_eq(s.job.n_failed, 1);
    end_scene(&s);
}
END_TEST

START_TEST(too_large)
{
    scene s;
    begin_scene(&s, 1, "");
    int k = 0;
    while (!is_shared(&s, k))
        k++;
    uint32_t from = s.pair[k].primary != 0 ? s.pair[k].primary : s.pair[k].backup;
    errands_set(&s.world, from, s.key[k], "0123456789", 10);
    s.world.server[0].item_max = 9;
    ck_assert_int_eq(run(&s), MCP__RESYNC_DONE);
    ck_assert_uint_eq(s.job.n_refused, 1);
    ck_assert_ptr_null(errands_find(&s.world, 0, s.key[k]));
    end_scene(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("resync");
    TCase *resync = tcase_create("resync");
    tcase_set_timeout(resync, 30);
    tcase_add_test(resync, fills);
    tcase_add_test(resync, in_a_name_space);
    tcase_add_test(resync, while_others_write);
    tcase_add_test(resync, again_is_cheap);
    tcase_add_test(resync, little_room);
    tcase_add_test(resync, no_room_at_all);
    tcase_add_test(resync, so_many_a_second);
    tcase_add_test(resync, somebody_else_fills);
    tcase_add_test(resync, dumps);
    tcase_add_test(resync, partners);
    tcase_add_test(resync, in_the_middle);
    tcase_add_test(resync, one_copy_fails);
    tcase_add_test(resync, too_large);
    suite_add_tcase(suite, resync);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Single faults of the catalogue in worlds that keep a record, written down one by one: what is put
 * on record, what is read meanwhile, and that all is right again at the end. All rules of the
 * promise are looked at beside, after every step.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/items.h"
#include "sim/notes.h"
#include "sim/promise.h"
#include "sim/script.h"
#include "unit/support.h"

#define SEEDS 12
#define P 0
#define B 1
#define TIMEOUT_MS 500
#define VIEW_MS 100
#define HOLD_MS (TIMEOUT_MS + VIEW_MS)
#define KEY 0
/* A repair waits H, and sweeps five seconds later. */
#define REPAIRED_MS (2 * HOLD_MS + 2000)

static sim_world *
begin(int seed, uint32_t n_clients)
{
    sim_plan plan = sim_plan_plain((uint64_t)seed + 1);
    plan.n_clients = n_clients;
    plan.keeps_record = plan.verifies = 1;
    plan.is_double = 1; /* the test says what fails when */
    plan.view_interval_ms = VIEW_MS;
    plan.retry_min_ms = 100;
    plan.retry_max_ms = 400;
    sim_world *world = sim_world_new(&plan, getenv("TRACE") != NULL ? stderr : NULL);
    for (uint32_t i = 0; i < n_clients; i++) {
        world->clients[i].is_blocking = 0;
        world->clients[i].is_listening = 1;
        ck_assert_int_eq(sim_script_call(world, i, MCP_SET, KEY, 10).status, MCP_OK);
    }
    sim_script_rest(world, 2 * VIEW_MS);
    return world;
}

static void
fault_of(sim_world *world, sim_fault_kind kind, uint32_t server, uint32_t client, int64_t length_ms,
         int64_t amount)
{
    sim_fault what = {
        .kind = kind, .server = server, .client = client, .ends_orderly = 1, .amount = amount};
    sim_script_fault(world, what, length_ms);
}

static void
fault(sim_world *world, sim_fault_kind kind, uint32_t server, int64_t length_ms)
{
    fault_of(world, kind, server, UINT32_MAX, length_ms, 0);
}

static void
name_of(char *text, size_t size)
{
    sim_key_text(KEY, text, size);
}

/* The key is on record as missed by `missed`. */
static int
is_on_record(const sim_world *world, uint32_t missed)
{
    char text[24];
    uint32_t witness = 1 - missed;
    name_of(text, sizeof text);
    return sim_notes_stands(world, witness, missed, NULL) &&
           sim_notes_covers(world, witness, missed, text, strlen(text));
}

static int
is_on_no_record(const sim_world *world)
{
    return !sim_notes_stands(world, P, B, NULL) && !sim_notes_stands(world, B, P, NULL);
}

/* The flags of what a server holds under the key, which name the write; 0: nothing. */
static uint32_t
held(sim_world *world, uint32_t server)
{
    char text[24];
    name_of(text, sizeof text);
    const sim_item *item =
        sim_server_find(&world->hosts[server].memcached, text, strlen(text), world->now_ms);
    return item == NULL ? 0 : item->flags;
}

/* A set that has to succeed; returns the flags that name it. */
static uint32_t
set(sim_world *world, uint32_t client)
{
    uint32_t flags = (uint32_t)world->n_ops + 1;
    ck_assert_int_eq(sim_script_call(world, client, MCP_SET, KEY, 10).status, MCP_OK);
    return flags;
}

static void
reads(sim_world *world, uint32_t client, uint32_t flags)
{
    mcp_result result = sim_script_call(world, client, MCP_GET, KEY, 0);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_uint_eq(result.flags, flags);
}

/* Both copies are this write, and nothing is on record any more. */
static void
is_made_good(sim_world *world, uint32_t flags)
{
    sim_script_rest(world, REPAIRED_MS);
    ck_assert(is_on_no_record(world));
    ck_assert_uint_eq(held(world, P), flags);
    ck_assert_uint_eq(held(world, B), flags);
    reads(world, 0, flags);
}

/* ---- one server fails ---- */

START_TEST(fault_04_what_a_silent_primary_may_have_is_on_record)
{
    sim_world *world = begin(_i, 1);
    set(world, 0); /* so that what is known of both is of now */
    fault(world, SIM_PAUSE, P, 1500);
    uint32_t flags = (uint32_t)world->n_ops + 1;
    mcp_result result = sim_script_call(world, 0, MCP_SET, KEY, 10);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
    ck_assert(is_on_record(world, P));
    reads(world, 0, flags);
    sim_script_rest(world, 1500);
    is_made_good(world, flags);
    sim_script_end(world);
}
END_TEST

/* A reset, or an orderly close, before any byte of the reply: the write was carried out, or was
 * not. */
static void
cut_in_a_write(int seed, sim_fault_kind kind, int amount)
{
    sim_world *world = begin(seed, 1);
    set(world, 0);
    fault_of(world, kind, P, UINT32_MAX, 1000, amount);
    uint32_t flags = (uint32_t)world->n_ops + 1;
    mcp_result result = sim_script_call(world, 0, MCP_SET, KEY, 10);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
    ck_assert(is_on_record(world, P));
    reads(world, 0, flags);
    sim_script_rest(world, 1000);
    is_made_good(world, flags);
    sim_script_end(world);
}

START_TEST(fault_05_a_write_whose_connection_is_reset_is_on_record)
{
    sim_world *world = begin(_i, 1);
    set(world, 0);
    sim_op *op = sim_script_start(world, 0, MCP_SET, KEY, 10);
    /* It is on its way, and every connection is reset at once. */
    fault_of(world, SIM_KILL, P, UINT32_MAX, 1000, 0);
    sim_script_rest(world, TIMEOUT_MS);
    ck_assert(op->is_done);
    ck_assert_int_eq(op->result.status, MCP_OK);
    ck_assert(op->result.primary == MCP_COPY_OK || is_on_record(world, P));
    sim_script_end(world);
}
END_TEST

START_TEST(fault_09_a_write_whose_connection_is_closed_is_on_record)
{
    cut_in_a_write(_i, SIM_CUT, 0);
}
END_TEST

/* No memory for a store: the old value is on neither copy, or what is left of it is on record. */
START_TEST(fault_21_no_memory_leaves_nothing_old)
{
    sim_world *world = begin(_i, 2);
    uint32_t before = set(world, 0);
    sim_script_rest(world, 2 * VIEW_MS);
    fault(world, SIM_FULL, (uint32_t)_i % 2, 600);
    sim_script_call(world, 0, MCP_SET, KEY, 10);
    sim_script_rest(world, HOLD_MS);
    for (uint32_t client = 0; client < 2; client++) {
        mcp_result result = sim_script_call(world, client, MCP_GET, KEY, 0);
        ck_assert_int_ge(result.status, MCP_OK);
        ck_assert(result.status != MCP_OK || result.flags != before);
    }
    ck_assert(held(world, (uint32_t)_i % 2) != before || is_on_record(world, (uint32_t)_i % 2));
    sim_script_end(world);
}
END_TEST

/* ---- partitions ---- */

START_TEST(fault_43_cut_off_alone)
{
    sim_world *world = begin(_i, 2);
    fault_of(world, SIM_BLACKHOLE, P, 0, 1200, 0);
    uint32_t flags = set(world, 0);
    ck_assert(is_on_record(world, P));
    reads(world, 0, flags);
    sim_script_rest(world, HOLD_MS); /* the other one reaches both, and has read the mark */
    ck_assert_int_eq(sim_script_call(world, 1, MCP_GET, KEY, 0).from_backup, 1);
    reads(world, 1, flags);
    sim_script_rest(world, 1200);
    is_made_good(world, flags);
    sim_script_end(world);
}
END_TEST

/* The other client is cut off, this one notices nothing but the mark. */
START_TEST(fault_44_others_are_cut_off)
{
    sim_world *world = begin(_i, 2);
    fault_of(world, SIM_BLACKHOLE, P, 1, 1200, 0);
    reads(world, 0, held(world, P));
    uint32_t flags = set(world, 1);
    sim_script_rest(world, VIEW_MS);
    mcp_result result = sim_script_call(world, 0, MCP_GET, KEY, 0); /* its view has expired */
    ck_assert_int_eq(result.from_backup, 1);
    ck_assert_uint_eq(result.flags, flags);
    ck_assert_int_eq(world->clients[0].engine.servers[P].health.state, MCP_STATE_UP);
    sim_script_rest(world, 1200);
    is_made_good(world, flags);
    sim_script_end(world);
}
END_TEST

/* Requests arrive, replies are lost: what was done there is done, and unknown. */
START_TEST(fault_45_replies_are_lost)
{
    sim_world *world = begin(_i, 2);
    set(world, 0);
    fault_of(world, SIM_MUTE, P, 0, 1200, 0);
    uint32_t first = (uint32_t)world->n_ops + 1;
    mcp_result result = sim_script_call(world, 0, MCP_SET, KEY, 10);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
    ck_assert(is_on_record(world, P));
    ck_assert_uint_eq(held(world, B), first);
    uint32_t flags = set(world, 0);
    sim_script_rest(world, HOLD_MS);
    reads(world, 1, flags);
    sim_script_rest(world, 1200);
    is_made_good(world, flags);
    sim_script_end(world);
}
END_TEST

/* ---- it comes back empty, or as somebody else ---- */

START_TEST(fault_46_restarted_while_nobody_asked)
{
    sim_world *world = begin(_i, 2);
    uint32_t flags = held(world, P);
    fault(world, SIM_RESTART, P, 0);
    ck_assert_uint_eq(held(world, P), 0);
    sim_script_rest(world, 3000);
    reads(world, 0, flags);
    reads(world, 1, flags);
    is_made_good(world, flags); /* and it is full again */
    sim_script_end(world);
}
END_TEST

/* Behind an address that several servers share no connection breaks. */
START_TEST(fault_47_another_life_on_the_same_connection)
{
    sim_world *world = begin(_i, 1);
    uint32_t flags = held(world, P);
    sim_notes_emptied(world, &world->hosts[P].memcached);
    sim_server_restart(&world->hosts[P].memcached, world->now_ms);
    int n_hits = 0;
    for (int i = 0; i < 20 && n_hits == 0; i++) { /* every eighth question is for the epoch, too */
        n_hits = sim_script_call(world, 0, MCP_GET, KEY, 0).status == MCP_OK;
        sim_script_rest(world, VIEW_MS);
    }
    ck_assert_int_eq(n_hits, 1);
    reads(world, 0, flags);
    sim_script_end(world);
}
END_TEST

/* Another host has its address, with the items of a pool that is placed otherwise. */
START_TEST(fault_49_another_host_with_the_same_address)
{
    static const char other[] = "ms mcp:e 25 F1\r\nR 17 900 00c0ffee 700 901\r\n";
    sim_world *world = begin(_i, 1);
    sim_session session = {0};
    fault(world, SIM_RESTART, P, 0);
    world->hosts[P].memcached.watch = NULL;
    sim_bytes_text(&session.in, other);
    sim_server_feed(&world->hosts[P].memcached, &session, world->now_ms);
    sim_session_fini(&session);
    sim_script_call(world, 0, MCP_GET, KEY, 0);
    ck_assert_uint_eq(world->clients[0].engine.servers[P].has_other_list, 1);
    mcp__news_item item;
    int n_told = 0;
    while (mcp__news_take(&world->clients[0].engine.news, &item))
        n_told += item.kind == MCP_EVENT_OTHER_LIST && item.server == P;
    ck_assert_int_eq(n_told, 1);
    sim_world_free(world);
}
END_TEST

START_TEST(fault_50_flushed_by_an_operator)
{
    uint32_t flushed = (uint32_t)_i % 2;
    sim_world *world = begin(_i, 2);
    uint32_t flags = held(world, 1 - flushed);
    fault(world, SIM_FLUSH, flushed, 0);
    sim_script_rest(world, 1500); /* memcached's own second */
    mcp_result result = sim_script_call(world, 0, MCP_GET, KEY, 0);
    if (flushed == P)
        ck_assert_int_eq(result.status, MCP_NOT_FOUND);
    else
        ck_assert_uint_eq(result.flags, flags);
    sim_script_rest(world, REPAIRED_MS);
    sim_script_call(world, 1, MCP_GET, KEY, 0);
    ck_assert_uint_eq(held(world, flushed), 0); /* nobody has filled it */
    ck_assert(is_on_no_record(world));
    sim_script_end(world);
}
END_TEST

/* It is paused with a write in its buffers, and carries that out when newer ones are done. */
START_TEST(fault_51_a_write_from_before_the_pause)
{
    sim_world *world = begin(_i, 2);
    fault(world, SIM_PAUSE, P, 1500);
    uint32_t zombie = (uint32_t)world->n_ops + 1;
    ck_assert_int_eq(sim_script_call(world, 0, MCP_SET, KEY, 10).status, MCP_OK);
    uint32_t flags = set(world, 1);
    ck_assert(zombie != flags);
    for (int i = 0; i < 40; i++) { /* over its end, and over the repair */
        sim_script_rest(world, 60);
        reads(world, 0, flags);
        reads(world, 1, flags);
    }
    is_made_good(world, flags);
    sim_script_end(world);
}
END_TEST

START_TEST(fault_52_flapping_loses_no_record)
{
    sim_world *world = begin(_i, 2);
    uint32_t flags = 0;
    for (int i = 0; i < 5; i++) {
        fault(world, SIM_PAUSE, P, 200);
        flags = set(world, (uint32_t)i % 2);
        reads(world, (uint32_t)i % 2, flags);
        sim_script_rest(world, 200);
    }
    sim_script_rest(world, HOLD_MS);
    reads(world, 0, flags);
    reads(world, 1, flags);
    is_made_good(world, flags);
    sim_script_end(world);
}
END_TEST

/* ---- both ---- */

/* P misses a write, then B does: key by key, and nothing old on either side. */
START_TEST(fault_53_both_missed_writes)
{
    sim_world *world = begin(_i, 2);
    fault(world, SIM_PAUSE, P, 1000);
    set(world, 0);
    ck_assert(is_on_record(world, P));
    sim_script_rest(world, 300);
    sim_script_call(world, 1, MCP_GET, KEY, 0); /* everybody has read the mark */
    fault(world, SIM_PAUSE, B, 1500);
    mcp_result result = sim_script_call(world, 0, MCP_GET, KEY, 0);
    ck_assert_int_lt(result.status, MCP_OK); /* an error, never a miss */
    sim_script_rest(world, 700);             /* P is back, B is not */
    uint32_t newest = (uint32_t)world->n_ops + 1;
    result = sim_script_call(world, 0, MCP_SET, KEY, 10);
    int is_done = result.status == MCP_OK;
    ck_assert(!is_done || is_on_record(world, B));
    sim_script_rest(world, 1500 + REPAIRED_MS);
    ck_assert(is_on_no_record(world));
    ck_assert_uint_eq(held(world, P), held(world, B));
    for (uint32_t client = 0; client < 2; client++) {
        result = sim_script_call(world, client, MCP_GET, KEY, 0);
        ck_assert(result.status == MCP_NOT_FOUND || !is_done || result.flags == newest);
    }
    sim_script_end(world);
}
END_TEST

/* ---- the record itself is lost ---- */

/* A journal is evicted while it is needed: the server loses all keys of that part, and none of
 * them is old. */
START_TEST(fault_54_an_evicted_journal)
{
    sim_world *world = begin(_i, 2);
    fault(world, SIM_PAUSE, P, 1000);
    uint32_t flags = set(world, 0);
    fault_of(world, SIM_EVICT, B, UINT32_MAX, 0, 1);
    sim_script_rest(world, 1200);
    reads(world, 1, flags);
    sim_script_rest(world, REPAIRED_MS);
    ck_assert(is_on_no_record(world));
    ck_assert(held(world, P) == 0 || held(world, P) == flags);
    mcp__news_item item;
    int n_lost = 0;
    for (int i = 0; i < 2; i++) {
        while (mcp__news_take(&world->clients[i].engine.news, &item))
            n_lost += item.kind == MCP_EVENT_RECORD_LOST && item.server == P;
    }
    ck_assert_int_ge(n_lost, 1);
    sim_script_end(world);
}
END_TEST

/* The witness comes back empty while the other one is behind, and that is remembered. */
static void
lose_the_record(sim_world *world)
{
    fault(world, SIM_BLACKHOLE, P, 900);
    set(world, 0);
    ck_assert(is_on_record(world, P));
    sim_script_rest(world, 600);
    sim_script_call(world, 1, MCP_GET, KEY, 0);
    fault(world, SIM_RESTART, B, 0);
}

/* It is put on record anew, as everything, and nobody reads the past. */
START_TEST(fault_54_the_witness_loses_everything)
{
    sim_world *world = begin(_i, 2);
    uint32_t before = held(world, P);
    lose_the_record(world);
    for (int i = 0; i < 30; i++) {
        for (uint32_t client = 0; client < 2; client++) {
            mcp_result result = sim_script_call(world, client, MCP_GET, KEY, 0);
            ck_assert(result.status != MCP_OK || result.flags != before);
        }
        sim_script_rest(world, 50);
    }
    sim_script_rest(world, 2 * REPAIRED_MS);
    ck_assert(is_on_no_record(world));
    ck_assert(held(world, P) != before);
    sim_world_free(world);
}
END_TEST

/* All whose keys begin so; how many there were. */
static int
evict_all(sim_world *world, uint32_t server, const char *prefix)
{
    sim_server *memcached = &world->hosts[server].memcached;
    size_t len = strlen(prefix);
    int n = 0;
    for (sim_item *next, *item = memcached->items; item != NULL; item = next) {
        next = item->next;
        if (item->key_len <= len || memcmp(item->key, prefix, len) != 0)
            continue;
        sim_notes_evicted(world, memcached, item);
        sim_items_drop(memcached, item);
        n++;
    }
    return n;
}

/* Everything is on record, and all that says so but the marks is evicted before it is replayed. */
START_TEST(fault_54_what_means_everything_is_evicted)
{
    sim_world *world = begin(_i, 2);
    uint32_t before = held(world, P);
    lose_the_record(world);
    for (int i = 0; i < 100 && !is_on_record(world, P); i++) {
        sim_script_call(world, 0, MCP_GET, KEY, 0);
        sim_script_rest(world, 5);
    }
    sim_script_rest(world, 50); /* the mark comes behind the journal */
    ck_assert_int_eq(evict_all(world, B, "mcp:j:"), MCP__MARKS_SEGMENTS);
    sim_script_rest(world, 2 * REPAIRED_MS);
    ck_assert(is_on_no_record(world));
    ck_assert(held(world, P) != before);
    ck_assert_msg(world->n_violations == 0, "%s", world->violation);
    sim_world_free(world);
}
END_TEST

/* An application has deleted all that begins with the prefix: as far as somebody remembers. */
START_TEST(fault_100_the_record_is_deleted_by_prefix)
{
    sim_world *world = begin(_i, 1);
    uint32_t before = held(world, P);
    fault(world, SIM_PAUSE, P, 1000);
    set(world, 0);
    ck_assert(is_on_record(world, P));
    ck_assert_int_ge(evict_all(world, B, "mcp:"), 3);
    for (int i = 0; i < 20; i++) {
        sim_script_call(world, 0, MCP_GET, KEY, 0);
        sim_script_rest(world, VIEW_MS);
    }
    sim_script_rest(world, REPAIRED_MS);
    ck_assert(held(world, P) != before);
    ck_assert(is_on_no_record(world));
    sim_world_free(world);
}
END_TEST

/* ---- clients that stand still ---- */

/* Stopped for a minute, or brought back from a picture of long ago, whose connections are gone: it
 * asks for the marks before it reads. */
static void
wake_after_a_minute(int seed, int loses_connections)
{
    sim_world *world = begin(seed, 2);
    world->clients[0].is_blocking = 1;
    world->clients[0].is_listening = 0; /* it hears nothing, and calls nobody */
    reads(world, 1, held(world, P));
    fault_of(world, SIM_BLACKHOLE, P, 1, 60000, 0);
    uint32_t flags = set(world, 1);
    sim_script_rest(world, 59000);
    if (loses_connections) {
        fault(world, SIM_IDLE, P, 0);
        fault(world, SIM_IDLE, B, 0);
    }
    mcp_result result = sim_script_call(world, 0, MCP_GET, KEY, 0);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_uint_eq(result.flags, flags);
    ck_assert_int_eq(result.from_backup, 1);
    sim_script_end(world);
}

START_TEST(fault_68_stopped_for_a_minute)
{
    wake_after_a_minute(_i, 0);
}
END_TEST

START_TEST(fault_69_brought_back_from_a_picture)
{
    wake_after_a_minute(_i, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sim_record");
    TCase *tests = tcase_create("sim_record");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, fault_04_what_a_silent_primary_may_have_is_on_record, 0, SEEDS);
    tcase_add_loop_test(tests, fault_05_a_write_whose_connection_is_reset_is_on_record, 0, SEEDS);
    tcase_add_loop_test(tests, fault_09_a_write_whose_connection_is_closed_is_on_record, 0, SEEDS);
    tcase_add_loop_test(tests, fault_21_no_memory_leaves_nothing_old, 0, SEEDS);
    tcase_add_loop_test(tests, fault_43_cut_off_alone, 0, SEEDS);
    tcase_add_loop_test(tests, fault_44_others_are_cut_off, 0, SEEDS);
    tcase_add_loop_test(tests, fault_45_replies_are_lost, 0, SEEDS);
    tcase_add_loop_test(tests, fault_46_restarted_while_nobody_asked, 0, SEEDS);
    tcase_add_loop_test(tests, fault_47_another_life_on_the_same_connection, 0, SEEDS);
    tcase_add_loop_test(tests, fault_49_another_host_with_the_same_address, 0, SEEDS);
    tcase_add_loop_test(tests, fault_50_flushed_by_an_operator, 0, SEEDS);
    tcase_add_loop_test(tests, fault_51_a_write_from_before_the_pause, 0, SEEDS);
    tcase_add_loop_test(tests, fault_52_flapping_loses_no_record, 0, SEEDS);
    tcase_add_loop_test(tests, fault_53_both_missed_writes, 0, SEEDS);
    tcase_add_loop_test(tests, fault_54_an_evicted_journal, 0, SEEDS);
    tcase_add_loop_test(tests, fault_54_the_witness_loses_everything, 0, SEEDS);
    tcase_add_loop_test(tests, fault_54_what_means_everything_is_evicted, 0, SEEDS);
    tcase_add_loop_test(tests, fault_68_stopped_for_a_minute, 0, SEEDS);
    tcase_add_loop_test(tests, fault_69_brought_back_from_a_picture, 0, SEEDS);
    tcase_add_loop_test(tests, fault_100_the_record_is_deleted_by_prefix, 0, SEEDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

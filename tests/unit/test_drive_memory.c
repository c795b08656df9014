/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every allocation of an engine's life fails, one after the other: once, and from then on. Nothing
 * may crash, leak, hang or be answered wrongly.
 */
#include <errno.h>
#include <string.h>

#include "world.h"

static const mcp_verb verbs[] = {MCP_SET,    MCP_GET,     MCP_GAT,    MCP_ADD,  MCP_REPLACE,
                                 MCP_APPEND, MCP_PREPEND, MCP_DELETE, MCP_INCR, MCP_TOUCH};
#define N_VERBS (sizeof verbs / sizeof verbs[0])
#define N_ROUNDS 5 /* more operations than one slab holds */

static char large[5000];
static size_t n_ok;

static void
check_result(mcp_verb verb, const mcp_result *result)
{
    int is_possible = result->status == MCP_OK || result->status < 0;
    ck_assert_msg(is_possible, "verb %d: status %d", (int)verb, (int)result->status);
    n_ok += result->status == MCP_OK;
    if (result->status != MCP_OK)
        return;
    ck_assert_int_ge(result->server, 0);
    if (verb == MCP_GET || verb == MCP_GAT) {
        ck_assert_uint_eq(result->value_len, 3);
        ck_assert_mem_eq(result->value, "abc", 3);
        ck_assert_uint_eq(result->flags, 7);
    }
    if (verb == MCP_INCR)
        ck_assert_uint_eq(result->number, 42);
}

static void
collect(void)
{
    mcp__task *task;
    while ((task = mcp__drive_finished(&w.engine)) != NULL) {
        mcp_result result = MCP_RESULT_INIT;
        mcp__drive_result(task, &result);
        check_result((mcp_verb)task->op.verb, &result);
        mcp__drive_release(&w.engine, task);
    }
}

/* Does `n` operations at once, of all verbs, with values of both kinds. */
static void
ask_many(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        w.request.value = large;
        w.request.value_len = i % 7 == 0 ? sizeof large : i;
        (void)world_ask(verbs[i % N_VERBS]); /* NULL: no memory, and that is all */
    }
    world_serve_all(collect);
    ck_assert_uint_eq(w.engine.n_unfinished, 0);
}

/* A life of an engine: few calls at a time, then many at once. Returns what it asked for. */
static size_t
live_with(size_t fail_at, int fails_onward)
{
    world_defaults();
    w.memory.fail_at = fail_at;
    w.memory.fails_onward = fails_onward;
    n_ok = 0;
    if (world_try_begin(1, 1) != MCP_OK) {
        ck_assert_uint_eq(w.memory.n_live, 0);
        return w.memory.n_asked;
    }
    for (size_t i = 0; i < N_VERBS; i++) {
        ask_many(1 + i);
        w.now_ms += 400;
    }
    ask_many(N_VERBS * N_ROUNDS);
    size_t asked = w.memory.n_asked;
    world_end();
    return asked;
}

START_TEST(each_allocation_fails)
{
    memset(large, 'v', sizeof large);
    size_t all = live_with(0, 0);
    size_t best = n_ok;
    ck_assert_uint_gt(all, 10);
    ck_assert_uint_eq(best, 10 * 11 / 2 + N_VERBS * N_ROUNDS);
    for (size_t n = 1; n <= all; n++) {
        live_with(n, 0);
        live_with(n, 1);
    }
    live_with(0, 0);
    ck_assert_uint_eq(n_ok, best);
}
END_TEST

/* One failure may cost calls, but not the engine: afterwards everything works again. */
START_TEST(it_recovers)
{
    memset(large, 'v', sizeof large);
    size_t all = live_with(0, 0);
    for (size_t n = 1; n <= all; n++) {
        world_defaults();
        w.memory.fail_at = n;
        if (world_try_begin(1, 1) != MCP_OK)
            continue;
        ask_many(N_VERBS * N_ROUNDS);
        w.memory.fail_at = 0;
        w.now_ms += 40000;
        mcp__drive_time(&w.engine, w.now_ms);
        n_ok = 0;
        ask_many(N_VERBS);
        w.now_ms += 1000;
        n_ok = 0;
        ask_many(N_VERBS);
        ck_assert_uint_eq(n_ok, N_VERBS);
        world_end();
    }
}
END_TEST

/* The value of a gat cannot be kept until the backup has answered, and then the backup is lost. */
START_TEST(a_gat_that_cannot_be_kept)
{
    for (int backup_answers = 0; backup_answers < 3; backup_answers++) {
        world_defaults();
        w.request.ttl = 60;
        world_begin(1, 1);
        mcp__task *task = world_ask(MCP_GAT);
        world_open(0);
        world_open(1);
        world_sent(0);
        world_sent(1);
        w.memory.fail_at = w.memory.n_asked + 1;
        world_say(0, "VA 3 O@ f1\r\nabc\r\n");
        expect_unfinished();
        if (backup_answers == 0) {
            world_break(1, ECONNRESET);
        } else {
            world_say(1, backup_answers == 1 ? "HD O@\r\n" : "EN O@\r\n");
        }
        mcp_result result = world_result(task);
        ck_assert_int_eq(result.primary, MCP_COPY_OK);
        ck_assert_int_eq(result.status, MCP_NO_MEMORY);
        ck_assert_ptr_null(result.value);
        ck_assert_uint_eq(w.engine.servers[0].link.n_pinned, 0);
        ck_assert_uint_eq(w.engine.servers[1].link.n_pinned, 0);
        world_end();
    }
}
END_TEST

/* Once warm, a call allocates nothing: counted. */
START_TEST(a_warm_engine_allocates_nothing)
{
    memset(large, 'v', sizeof large);
    world_defaults();
    world_begin(1, 1);
    for (int i = 0; i < 100; i++) /* every task has its turn to keep a value */
        ask_many(N_VERBS * N_ROUNDS);
    size_t asked = w.memory.n_asked;
    for (int i = 0; i < 100; i++)
        ask_many(N_VERBS * N_ROUNDS);
    ck_assert_uint_eq(w.memory.n_asked, asked);
    world_end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("drive_memory");
    TCase *all = tcase_create("memory");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, each_allocation_fails);
    tcase_add_test(all, it_recovers);
    tcase_add_test(all, a_gat_that_cannot_be_kept);
    tcase_add_test(all, a_warm_engine_allocates_nothing);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

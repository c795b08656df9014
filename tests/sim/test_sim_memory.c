/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory in the simulated world: a warm client allocates nothing, and any allocation may fail, once
 * or from then on, without a crash, a leak, a broken rule, or an answer that is not true.
 */
#include <check.h>
#include <stdio.h>

#include "sim/rules.h"
#include "sim/script.h"
#include "unit/support.h"

#define LARGE 3000

/* What a call may say when memory fails: that, or that a server could not be asked. */
static void
check_status(mcp_status status)
{
    int is_right = status >= MCP_OK || status == MCP_NO_MEMORY || status == MCP_NO_SERVER ||
                   status == MCP_UNKNOWN || status == MCP_TIMEOUT;
    ck_assert_msg(is_right, "a status that has nothing to do with it: %s", mcp_strstatus(status));
}

/* Every verb, small values and large ones, alone and several at once. */
static void
round_of_all(sim_world *world, mcp_status *worst)
{
    static const mcp_verb verbs[] = {MCP_SET,     MCP_GET, MCP_ADD,  MCP_REPLACE, MCP_APPEND,
                                     MCP_PREPEND, MCP_GAT, MCP_CAS,  MCP_TOUCH,   MCP_GET,
                                     MCP_DELETE,  MCP_ADD, MCP_INCR, MCP_DELETE,  MCP_GET};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        mcp_result result = sim_script_call(world, 0, verbs[i], 0, i % 2 ? 20 : LARGE);
        check_status(result.status);
        if (result.status < *worst)
            *worst = result.status;
    }
    for (uint32_t i = 0; i < 6; i++)
        sim_script_start(world, 0, MCP_SET, i % 3, i % 2 ? 20 : LARGE);
    for (uint32_t i = 0; i < 6; i++)
        sim_script_start(world, 0, MCP_GET, i % 3, 0);
    sim_script_rest(world, 1000);
}

START_TEST(warm_clients_allocate_nothing)
{
    sim_plan plan = sim_plan_plain((uint64_t)_i + 1);
    mcp_status worst = MCP_OK;
    sim_world *world = sim_world_new(&plan, NULL);
    world->clients[0].is_blocking = 0;
    for (int i = 0; i < 300; i++)
        round_of_all(world, &worst);
    uint64_t n_warm = world->clients[0].memory.n_asked;
    for (int i = 0; i < 100; i++)
        round_of_all(world, &worst);
    ck_assert_int_eq(worst, MCP_OK);
    ck_assert_uint_eq(world->clients[0].memory.n_asked, n_warm);
    ck_assert_uint_gt(n_warm, 5);
    sim_script_end(world);
}
END_TEST

/* With a primary that goes and comes back in the middle. Returns how many allocations there were.*/
static uint64_t
live(uint64_t seed, uint64_t fail_at, int fails_from_then)
{
    sim_plan plan = sim_plan_plain(seed);
    mcp_status worst = MCP_OK;
    plan.fail_at = fail_at;
    plan.fails_from_then = fails_from_then;
    plan.retry_max_ms = 400;
    plan.piece_max = 700;
    plan.window = 2000;
    sim_world *world = sim_world_new(&plan, NULL);
    sim_client *client = &world->clients[0];
    client->is_blocking = 0;
    if (client->engine.n_servers > 0) {
        round_of_all(world, &worst);
        sim_world_fault(world, (sim_fault){world->now_ms + 300, world->now_ms + 900, SIM_KILL, 0, 0,
                                           0, 0, 0, 0});
        round_of_all(world, &worst);
        sim_script_rest(world, 2000);
        round_of_all(world, &worst);
        sim_world_run(world);
        /* One failure, and all is well again. */
        mcp_status status = sim_script_call(world, 0, MCP_SET, 0, LARGE).status;
        if (!fails_from_then)
            ck_assert_msg(status == MCP_OK, "seed %llu, allocation %llu failed: later set: %s",
                          (unsigned long long)seed, (unsigned long long)fail_at,
                          mcp_strstatus(status));
    } else {
        ck_assert_msg(client->memory.n_failed > 0, "no engine, and no allocation failed");
    }
    ck_assert_msg(world->n_violations == 0, "seed %llu, allocation %llu%s failed: %s",
                  (unsigned long long)seed, (unsigned long long)fail_at,
                  fails_from_then ? " and all later ones" : "", world->violation);
    uint64_t n_asked = client->memory.n_asked;
    if (fail_at > 0 && fail_at <= n_asked)
        ck_assert_uint_gt(client->memory.n_failed, 0);
    ck_assert_msg(sim_world_free(world) == 0, "seed %llu, allocation %llu failed: a leak",
                  (unsigned long long)seed, (unsigned long long)fail_at);
    return n_asked;
}

START_TEST(any_allocation_may_fail)
{
    uint64_t seed = (uint64_t)_i + 1;
    uint64_t n = live(seed, 0, 0);
    ck_assert_uint_gt(n, 10);
    for (uint64_t i = 1; i <= n; i++) {
        live(seed, i, 0);
        live(seed, i, 1);
    }
    printf("seed %llu: each of %llu allocations failed, once and from then on\n",
           (unsigned long long)seed, (unsigned long long)n);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sim_memory");
    TCase *tests = tcase_create("sim_memory");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, warm_clients_allocate_nothing, 0, 5);
    tcase_add_loop_test(tests, any_allocation_may_fail, 0, 20);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Single faults in the simulated world, written down one by one: what one client sees of them, and
 * how long it takes. Each runs with several seeds, so at several latencies and orders.
 */
#include <check.h>

#include "sim/script.h"
#include "unit/support.h"

#define SEEDS 20
#define PRIMARY 0
#define BACKUP 1
#define TIMEOUT_MS 500
#define SHARE_MS 200

static sim_world *
begin(int seed, int is_blocking)
{
    sim_plan plan = sim_plan_plain((uint64_t)seed + 1);
    sim_world *world = sim_world_new(&plan, NULL);
    world->clients[0].is_blocking = is_blocking;
    world->clients[0].is_listening = !is_blocking;
    ck_assert_int_eq(sim_script_call(world, 0, MCP_SET, 0, 10).status, MCP_OK);
    return world;
}

static void
fault(sim_world *world, sim_fault_kind kind, uint32_t server, int64_t length_ms, int64_t amount)
{
    sim_fault what = {.kind = kind, .server = server, .client = UINT32_MAX, .amount = amount};
    sim_script_fault(world, what, length_ms);
}

static int
state(const sim_world *world, uint32_t server)
{
    return world->clients[0].engine.servers[server].health.state;
}

/* A call, and that it took no longer than this. */
static mcp_result
within(sim_world *world, int64_t limit_ms, mcp_verb verb, size_t filler)
{
    int64_t begun_ms = world->now_ms;
    mcp_result result = sim_script_call(world, 0, verb, 0, filler);
    ck_assert_int_le(world->now_ms - begun_ms, limit_ms);
    return result;
}

/* Packets are lost for a while: the primary gets its share, then the backup is asked; it is not
 * down at first. */
START_TEST(fault_40_lost_packets)
{
    sim_world *world = begin(_i, 0);
    fault(world, SIM_BLACKHOLE, PRIMARY, 250, 0);
    mcp_result result = within(world, SHARE_MS + 20, MCP_GET, 0);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.from_backup, 1);
    ck_assert_int_eq(state(world, PRIMARY), MCP_STATE_SUSPECT);
    result = within(world, 20, MCP_GET, 0);
    ck_assert_int_eq(result.from_backup, 1);
    sim_script_rest(world, 100);
    ck_assert_int_eq(state(world, PRIMARY), MCP_STATE_UP);
    ck_assert_int_eq(within(world, 20, MCP_GET, 0).from_backup, 0);
    sim_script_end(world);
}
END_TEST

/* Everything takes one and a half shares: the third soft error in a row makes it down. */
START_TEST(fault_41_always_too_slow)
{
    sim_world *world = begin(_i, 0);
    fault(world, SIM_SLOW, PRIMARY, 3000, SHARE_MS * 3 / 2);
    mcp_result result = within(world, SHARE_MS + 20, MCP_SET, 10);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_UNKNOWN);
    ck_assert_int_eq(state(world, PRIMARY), MCP_STATE_SUSPECT);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(within(world, 20, MCP_SET, 10).status, MCP_OK);
    sim_script_rest(world, 2 * SHARE_MS + 20);
    ck_assert_int_eq(state(world, PRIMARY), MCP_STATE_DOWN);
    sim_script_rest(world, 6000);
    ck_assert_int_eq(state(world, PRIMARY), MCP_STATE_UP);
    sim_script_end(world);
}
END_TEST

/* Five outages in two seconds: no storm of connections, and nobody notices. */
START_TEST(fault_52_flapping)
{
    sim_world *world = begin(_i, 0);
    for (int i = 0; i < 5; i++) {
        fault(world, SIM_KILL, PRIMARY, 200, 0);
        for (int j = 0; j < 100; j++) {
            ck_assert_int_eq(within(world, 20, MCP_SET, 10).status, MCP_OK);
            ck_assert_int_ge(within(world, 20, MCP_GET, 0).status, MCP_OK);
            sim_script_rest(world, 2);
        }
    }
    size_t n_connects = 0;
    for (size_t i = 0; i < world->n_conns; i++)
        n_connects += world->conns[i]->server == PRIMARY;
    ck_assert_uint_le(n_connects, 20);
    sim_script_end(world);
}
END_TEST

/* A server refuses a value before it has been sent: the rest of it must not be sent from memory
 * that is the caller's again. */
START_TEST(refused_early)
{
    sim_plan plan = sim_plan_plain((uint64_t)_i + 1);
    plan.window = 3000;
    sim_world *world = sim_world_new(&plan, NULL);
    world->clients[0].is_blocking = 0;
    ck_assert_int_eq(sim_script_call(world, 0, MCP_SET, 0, 10).status, MCP_OK);
    for (uint32_t server = PRIMARY; server <= BACKUP; server++) {
        fault(world, SIM_EARLY, server, 1000, 0);
        mcp_result result = within(world, TIMEOUT_MS, _i % 2 ? MCP_SET : MCP_REPLACE, 7000);
        ck_assert_int_ge(result.status, server == PRIMARY ? MCP_SERVER_FULL : MCP_OK);
        sim_script_rest(world, 100);
        ck_assert_int_eq(within(world, 20, MCP_SET, 10).status, MCP_OK);
        sim_script_rest(world, 1500);
    }
    sim_script_end(world);
}
END_TEST

/* A client that calls once a second finds out that a server is back, though nobody listens between
 * two calls. */
START_TEST(seldom_calls)
{
    sim_world *world = begin(_i, 1);
    fault(world, SIM_KILL, PRIMARY, 3000, 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_ge(within(world, 20, MCP_GET, 0).status, MCP_OK);
        sim_script_rest(world, 1000);
    }
    for (int i = 0; i < 8; i++) {
        ck_assert_int_ge(within(world, 20, MCP_GET, 0).status, MCP_OK);
        sim_script_rest(world, 1000);
    }
    ck_assert_int_eq(state(world, PRIMARY), MCP_STATE_UP);
    ck_assert_int_eq(within(world, 20, MCP_SET, 10).primary, MCP_COPY_OK);
    sim_script_end(world);
}
END_TEST

/* A server without the meta commands is replaced while the client rests. */
START_TEST(replaced_by_a_newer_one)
{
    sim_world *world = begin(_i, 1);
    fault(world, SIM_OLD, PRIMARY, 5000, 0);
    for (int i = 0; i < 3; i++) {
        mcp_result result = within(world, TIMEOUT_MS, MCP_SET, 10);
        ck_assert_int_eq(result.status, MCP_OK);
        ck_assert_int_eq(result.backup, MCP_COPY_OK);
        sim_script_rest(world, 500);
    }
    sim_script_rest(world, 6000);
    within(world, TIMEOUT_MS, MCP_SET, 10);
    ck_assert_int_eq(within(world, 20, MCP_SET, 10).primary, MCP_COPY_OK);
    sim_script_end(world);
}
END_TEST

/* A suspect's probe cannot be sent for lack of descriptors: it is sent later. */
START_TEST(no_descriptor_for_a_probe)
{
    sim_world *world = begin(_i, 0);
    sim_world_fault(world, (sim_fault){.at_ms = world->now_ms,
                                       .until_ms = world->now_ms,
                                       .kind = SIM_SHORTAGE,
                                       .client = 0,
                                       .amount = 1});
    fault(world, SIM_PAUSE, PRIMARY, 250, 0);
    ck_assert_int_eq(within(world, SHARE_MS + 20, MCP_GET, 0).status, MCP_OK);
    ck_assert_int_eq(state(world, PRIMARY), MCP_STATE_SUSPECT);
    sim_script_rest(world, SHARE_MS + 100);
    ck_assert_int_eq(state(world, PRIMARY), MCP_STATE_UP);
    sim_script_end(world);
}
END_TEST

/* Half a line that nobody asked for is noticed before the next write, not by it. */
START_TEST(half_a_line)
{
    sim_world *world = begin(_i, _i % 2);
    fault(world, SIM_GARBAGE, PRIMARY, 0, 4);
    sim_script_rest(world, 2000);
    mcp_result result = within(world, 40, MCP_SET, 10);
    ck_assert_int_eq(result.primary, MCP_COPY_OK);
    ck_assert_int_eq(result.backup, MCP_COPY_OK);
    sim_script_end(world);
}
END_TEST

/* Both copies away: an error inside the deadline, never a miss, and no storm of connections. */
START_TEST(both_away)
{
    static const sim_fault_kind kinds[] = {SIM_KILL, SIM_PAUSE, SIM_BLACKHOLE};
    sim_world *world = begin(_i, 0);
    fault(world, kinds[_i % 3], PRIMARY, 30000, 0);
    fault(world, kinds[_i / 3 % 3], BACKUP, 30000, 0);
    sim_script_rest(world, 5);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_lt(within(world, TIMEOUT_MS, MCP_GET, 0).status, MCP_OK);
        ck_assert_int_lt(within(world, TIMEOUT_MS, MCP_SET, 10).status, MCP_OK);
        ck_assert_int_lt(within(world, TIMEOUT_MS, MCP_DELETE, 0).status, MCP_OK);
    }
    size_t n_before = world->n_conns;
    int64_t until_ms = world->now_ms + 100;
    for (int i = 0; i < 1000 && world->now_ms < until_ms; i++)
        sim_script_call(world, 0, MCP_GET, 0, 0);
    ck_assert_uint_le(world->n_conns - n_before, 2 * (100 / 10 + 2));
    sim_script_end(world);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sim_faults");
    TCase *tests = tcase_create("sim_faults");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, fault_40_lost_packets, 0, SEEDS);
    tcase_add_loop_test(tests, fault_41_always_too_slow, 0, SEEDS);
    tcase_add_loop_test(tests, fault_52_flapping, 0, SEEDS);
    tcase_add_loop_test(tests, refused_early, 0, SEEDS);
    tcase_add_loop_test(tests, seldom_calls, 0, SEEDS);
    tcase_add_loop_test(tests, replaced_by_a_newer_one, 0, SEEDS);
    tcase_add_loop_test(tests, no_descriptor_for_a_probe, 0, SEEDS);
    tcase_add_loop_test(tests, half_a_line, 0, SEEDS);
    tcase_add_loop_test(tests, both_away, 0, SEEDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

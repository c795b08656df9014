/* SPDX-License-Identifier: BSD-3-Clause */
/* What clients of a pool tell each other about servers: the newer word counts, and within one
 * millisecond the worse one. */
#include "engine/facts.h"

#include <string.h>

#include "world.h"

static mcp__mem memory;
static mcp__fact facts[2];

/* A pair whose primary has just answered, and that has been told. */
static void
begin(void)
{
    world_defaults();
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_GET);
    world_open(0);
    world_sent(0);
    world_say(0, "EN O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    world_wishes();
    memory = mcp__mem_system();
    for (uint32_t i = 0; i < 2; i++)
        mcp__fact_init(&facts[i], &memory, w.engine.servers[i].ledger.id8);
    mcp__facts_tell(&w.engine, facts);
    ck_assert_int_eq(facts[0].health.state, MCP_STATE_UP);
}

static void
end(void)
{
    mcp__fact_fini(&facts[0]);
    mcp__fact_fini(&facts[1]);
    world_end();
}

/* Found away `late_ms` after it answered. */
static void
find_away(int64_t late_ms)
{
    mcp__server *server = &w.engine.servers[0];
    server->health.state = MCP_STATE_DOWN;
    server->health.next_probe_ms = w.now_ms + 300;
    strcpy(server->health.why, "refused");
    server->judged_ms = server->link.used_ms + late_ms;
}

START_TEST(the_worse_word_is_told)
{
    for (int late_ms = -1; late_ms < 2; late_ms++) {
        begin();
        find_away(late_ms);
        mcp__facts_tell(&w.engine, facts);
        ck_assert_int_eq(facts[0].health.state, late_ms < 0 ? MCP_STATE_UP : MCP_STATE_DOWN);
        end();
    }
}
END_TEST

START_TEST(the_worse_word_is_heard)
{
    for (int late_ms = -1; late_ms < 2; late_ms++) {
        begin();
        facts[0].health.state = MCP_STATE_DOWN;
        facts[0].health.next_probe_ms = w.now_ms + 300;
        facts[0].heard_ms = w.engine.servers[0].link.used_ms + late_ms;
        mcp__facts_hear(&w.engine, facts, w.now_ms);
        ck_assert_int_eq(world_state(0), late_ms < 0 ? MCP_STATE_UP : MCP_STATE_DOWN);
        end();
    }
}
END_TEST

/* And the better one of the same moment is neither. */
START_TEST(the_better_word_waits)
{
    begin();
    find_away(0);
    mcp__facts_hear(&w.engine, facts, w.now_ms);
    ck_assert_int_eq(world_state(0), MCP_STATE_DOWN);
    end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("facts");
    TCase *all = tcase_create("facts");
    tcase_add_test(all, the_worse_word_is_told);
    tcase_add_test(all, the_worse_word_is_heard);
    tcase_add_test(all, the_better_word_waits);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

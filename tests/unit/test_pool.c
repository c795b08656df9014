/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of an engine: its tasks and lists. */
#include "engine/pool.h"

#include <string.h>

#include "world.h"

START_TEST(tasks_never_move)
{
    enum { N = 200 };
    mcp__task *tasks[N];
    world_defaults();
    world_begin(3, 1);
    for (int i = 0; i < N; i++) {
        tasks[i] = mcp__pool_take(&w.engine);
        ck_assert_ptr_nonnull(tasks[i]);
        ck_assert_ptr_eq(mcp__task_of(&tasks[i]->op), tasks[i]);
        tasks[i]->tag = (uint64_t)i;
        for (int leg = 0; leg < 2; leg++) {
            tasks[i]->op.leg[leg].index = (uint8_t)leg;
            ck_assert_ptr_eq(mcp__op_of_leg(&tasks[i]->op.leg[leg]), &tasks[i]->op);
        }
    }
    for (int i = 0; i < N; i++)
        ck_assert_uint_eq(tasks[i]->tag, (uint64_t)i); /* no two are the same */
    size_t asked = w.memory.n_asked;
    for (int i = 0; i < N; i++)
        mcp__pool_give_back(&w.engine, tasks[i]);
    for (int i = 0; i < N; i++)
        ck_assert_ptr_nonnull(mcp__pool_take(&w.engine));
    ck_assert_uint_eq(w.memory.n_asked, asked);
    /* There is a timer's place for each of them and for each server. */
    ck_assert_uint_ge(w.engine.timers.capacity, w.engine.n_tasks + w.engine.n_servers);
    world_end();
}
END_TEST

START_TEST(wishes_add_up_and_keep_their_order)
{
    mcp__wish wish;
    world_defaults();
    world_begin(3, 1);
    mcp__pool_wish(&w.engine, &w.engine.servers[2], MCP__WISH_OPEN);
    mcp__pool_wish(&w.engine, &w.engine.servers[0], MCP__WISH_SEND);
    mcp__pool_wish(&w.engine, &w.engine.servers[2], MCP__WISH_RESET);
    mcp__pool_wish(&w.engine, &w.engine.servers[2], MCP__WISH_OPEN);
    ck_assert_int_eq(mcp__drive_wish(&w.engine, &wish), 1);
    ck_assert_uint_eq(wish.server, 2);
    ck_assert_uint_eq(wish.what, MCP__WISH_RESET | MCP__WISH_OPEN);
    mcp__pool_wish(&w.engine, &w.engine.servers[2], MCP__WISH_SEND);
    expect_wishes("0:send 2:send");
    ck_assert_int_eq(mcp__drive_wish(&w.engine, &wish), 0);
    world_end();
}
END_TEST

/* Which servers are busy, in order, read forwards and backwards. */
static void
expect_busy(const char *numbers)
{
    const mcp__server *last = NULL, *server = w.engine.first_busy;
    for (; *numbers != '\0'; numbers++, last = server, server = server->next_busy) {
        ck_assert_ptr_nonnull(server);
        ck_assert_uint_eq(server->number, (unsigned)(*numbers - '0'));
        ck_assert_ptr_eq(server->previous_busy, last);
        ck_assert_int_eq(server->is_busy, 1);
    }
    ck_assert_ptr_null(server);
    ck_assert_ptr_eq(w.engine.last_busy, last);
}

START_TEST(busy_servers)
{
    static const struct {
        int server, busy;
        const char *list;
    } rows[] = {
        {2, 0, ""},   {1, 1, "1"},   {1, 1, "1"},  {3, 1, "13"},  {0, 1, "130"},
        {3, 0, "10"}, {2, 1, "102"}, {1, 0, "02"}, {1, 1, "021"}, {1, 0, "02"},
        {2, 0, "0"},  {0, 0, ""},    {3, 1, "3"},  {3, 0, ""},
    };
    world_defaults();
    world_begin(3, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcp__pool_set_busy(&w.engine, &w.engine.servers[rows[i].server], rows[i].busy);
        expect_busy(rows[i].list);
    }
    world_end();
}
END_TEST

START_TEST(waiting_and_fallen_legs)
{
    mcp__leg legs[3];
    world_defaults();
    world_begin(1, 0);
    mcp__server *server = &w.engine.servers[0];
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}, {0, 2, 1}};
    for (size_t i = 0; i < 5; i++) {
        memset(legs, 0, sizeof legs);
        for (int j = 0; j < 3; j++)
            mcp__pool_add_waiting(server, &legs[j]);
        ck_assert_ptr_eq(server->first_waiting, &legs[0]);
        for (int j = 0; j < 3; j++) {
            mcp__leg *leg = &legs[orders[i][j]];
            ck_assert_int_eq(leg->state, MCP__LEG_WAITING);
            mcp__pool_remove_waiting(server, leg);
            mcp__pool_add_fallen(&w.engine, leg, MCP__FAILURE_TIMEOUT, j == 1);
            ck_assert_int_eq(leg->state, MCP__LEG_FALLEN);
        }
        ck_assert_ptr_null(server->first_waiting);
        ck_assert_ptr_null(server->last_waiting);
        for (int j = 0; j < 3; j++) { /* first come, first told */
            mcp__leg *leg = mcp__pool_next_fallen(&w.engine);
            ck_assert_ptr_eq(leg, &legs[orders[i][j]]);
            ck_assert_int_eq(leg->failure, MCP__FAILURE_TIMEOUT);
            ck_assert_int_eq(leg->fell_sent, j == 1);
            ck_assert_int_eq(leg->state, MCP__LEG_IDLE);
        }
        ck_assert_ptr_null(mcp__pool_next_fallen(&w.engine));
    }
    world_end();
}
END_TEST

START_TEST(seeds_repeat)
{
    uint64_t first[8];
    for (int round = 0; round < 2; round++) {
        world_defaults();
        world_begin(1, 0);
        for (int i = 0; i < 8; i++) {
            uint64_t random = mcp__pool_random(&w.engine);
            ck_assert(round == 0 || random == first[i]);
            first[i] = random;
            ck_assert(i == 0 || random != first[i - 1]);
        }
        world_end();
    }
}
END_TEST

START_TEST(no_memory_leaves_nothing)
{
    for (size_t fail_at = 1;; fail_at++) {
        world_defaults();
        w.memory.fail_at = fail_at;
        if (world_try_begin(2, 2) == MCP_OK) {
            ck_assert_uint_gt(fail_at, 2);
            world_end();
            break;
        }
        ck_assert_uint_eq(w.memory.n_live, 0);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("pool");
    TCase *all = tcase_create("pool");
    tcase_add_test(all, tasks_never_move);
    tcase_add_test(all, wishes_add_up_and_keep_their_order);
    tcase_add_test(all, busy_servers);
    tcase_add_test(all, waiting_and_fallen_legs);
    tcase_add_test(all, seeds_repeat);
    tcase_add_test(all, no_memory_leaves_nothing);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

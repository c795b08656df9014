/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list of servers changes under a client in an event loop, while requests are under way: each
 * is told exactly once, with the right value, whatever list it was served by.
 */
#include "async_kit.h"

static server *q;
static char small[400]; /* p and b */
static char large[400]; /* q and p and b, so that p is another number */

static void
lists(const char *words)
{
    q = server_unix(NULL);
    snprintf(small, sizeof small, "server=%s backup=%s %s", p->address, b->address, words);
    snprintf(large, sizeof large, "server=%s server=%s backup=%s %s", q->address, p->address,
             b->address, words);
}

static void
turn_until(int n_servers)
{
    for (int i = 0; mcp_server_count(c) != n_servers; i++) {
        ck_assert_int_lt(i, ROUNDS);
        mcp_poll_wait(&loop, 1000);
    }
}

/* ---- Under load --------------------------------------------------------------------------- */

#define N 4000
#define EVERY 100

START_TEST(fault_93_requests_in_flight_while_the_list_changes)
{
    static told t[N];
    int n_exchanged = 0;

    lists("timeout=20s");
    for (int i = 0; i < N; i++) {
        char key[32];
        mcp_verb verb = i % 3 == 0 ? MCP_SET : MCP_GET;

        snprintf(key, sizeof key, "key:%d", i / 3 % 50);
        while (submit(verb, key, verb == MCP_SET ? key : NULL, &t[i], NULL) == MCP_FULL)
            mcp_poll_wait(&loop, 1000);
        if (i % EVERY == EVERY - 1) {
            client_expect(c, mcp_reload(c, mcp_server_count(c) == 2 ? large : small), MCP_OK,
                          "reload");
            n_exchanged++;
        }
        if (i % 7 == 0)
            mcp_poll_wait(&loop, 0);
    }
    run_out();
    for (int i = 0; i < N; i++) {
        char key[32];

        snprintf(key, sizeof key, "key:%d", i / 3 % 50);
        ck_assert_int_eq(t[i].n, 1);
        /* Where a key moves to another server it is missed there at first. */
        ck_assert_msg(t[i].status == MCP_OK || (i % 3 != 0 && t[i].status == MCP_NOT_FOUND),
                      "request %d: %s", i, mcp_strstatus(t[i].status));
        if (i % 3 != 0 && t[i].status == MCP_OK)
            ck_assert_str_eq(t[i].value, key);
    }
    ck_assert_int_eq(n_exchanged, N / EVERY);
    for (int i = 0; i < mcp_server_count(c); i++) {
        for (int64_t end = now_ms() + client_slack(20000); /* one that is new is filled at first */
             client_info(c, i).state != MCP_STATE_UP;) {
            ck_assert_int_lt(now_ms(), end);
            mcp_poll_wait(&loop, 50);
        }
        ck_assert_uint_eq(client_info(c, i).errors, 0);
        if (strcmp(client_info(c, i).address, q->address) != 0) /* it stayed connected */
            ck_assert_uint_eq(client_info(c, i).connects, 1);
    }
}
END_TEST

/* A server hangs with requests on it. They are seen through; what comes behind them is held, and is
 * served by the new list in time. */
START_TEST(a_hanging_server_leaves_the_list)
{
    static told before[20], behind[20];

    lists("timeout=4s");
    mcp_close(c);
    c = client_open("server=%s timeout=500ms", p->address);
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    ck_assert_int_eq(ask(MCP_SET, "k", "v").status, MCP_OK);
    server_pause(p);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(submit(MCP_GET, "k", NULL, &before[i], NULL), MCP_OK);
    snprintf(small, sizeof small, "server=%s timeout=5s", q->address);
    ck_assert_int_eq(mcp_reload(c, small), MCP_OK);
    for (int i = 0; i < 20; i++) {
        mcp_request request = client_request(MCP_SET, "k");

        request.value = "new";
        request.value_len = 3;
        request.timeout_ms = 20000;
        memset(&behind[i], 0, sizeof behind[i]);
        ck_assert_int_eq(mcp_submit(c, &request, note, &behind[i], NULL), MCP_OK);
    }
    ck_assert_uint_eq(mcp_submit_pending(c), 40);
    run_out();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(before[i].n, 1);
        ck_assert_int_eq(before[i].status, MCP_TIMEOUT);
        ck_assert_int_eq(behind[i].n, 1);
        ck_assert_msg(behind[i].status == MCP_OK, "%s", mcp_last_error(c)->text);
    }
    ck_assert(server_holds(q, "k", "new"));
    server_continue(p);
}
END_TEST

/* One whose time is over before the exchange is an error, and none is lost. */
START_TEST(what_is_held_for_too_long_times_out)
{
    told before, behind;
    mcp_request request = client_request(MCP_GET, "k");

    lists("timeout=4s");
    mcp_close(c);
    c = client_open("server=%s timeout=700ms", p->address);
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    ck_assert_int_eq(ask(MCP_SET, "k", "v").status, MCP_OK);
    server_pause(p);
    ck_assert_int_eq(submit(MCP_GET, "k", NULL, &before, NULL), MCP_OK);
    ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    request.timeout_ms = 50;
    memset(&behind, 0, sizeof behind);
    ck_assert_int_eq(mcp_submit(c, &request, note, &behind, NULL), MCP_OK);
    run_out();
    ck_assert_int_eq(before.n, 1);
    ck_assert_int_eq(behind.n, 1);
    ck_assert_int_eq(behind.status, MCP_TIMEOUT);
    ck_assert_int_eq(mcp_server_count(c), 3);
    server_continue(p);
}
END_TEST

/* ---- From everywhere ---------------------------------------------------------------------- */

START_TEST(with_nothing_under_way)
{
    lists("timeout=20s");
    ck_assert_int_eq(ask(MCP_SET, "k", "v").status, MCP_OK);
    ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    turn_until(3);
    ck_assert_int_eq(ask(MCP_SET, "k", "w").status, MCP_OK);
    ck_assert_str_eq(ask(MCP_GET, "k", NULL).value, "w");
}
END_TEST

static void
reloads(void *context, mcp_client *client, mcp_result *result)
{
    note(context, client, result);
    ck_assert_int_eq(mcp_reload(client, large), MCP_OK);
    ck_assert_int_eq(mcp_reload(client, "nonsense=1"), MCP_BAD_ARGUMENT);
}

START_TEST(from_a_callback)
{
    told first, second;
    mcp_request request = client_request(MCP_GET, "k");

    lists("timeout=20s");
    memset(&first, 0, sizeof first);
    ck_assert_int_eq(mcp_submit(c, &request, reloads, &first, NULL), MCP_OK);
    ck_assert_int_eq(submit(MCP_SET, "k", "v", &second, NULL), MCP_OK);
    run_out();
    turn_until(3);
    ck_assert_int_eq(first.n, 1);
    ck_assert_int_eq(second.n, 1);
    ck_assert_int_eq(second.status, MCP_OK);
}
END_TEST

/* The last list counts; a wrong one changes nothing. */
START_TEST(twice_before_it_happens)
{
    told t;

    lists("timeout=20s");
    ck_assert_int_eq(submit(MCP_SET, "k", "v", &t, NULL), MCP_OK);
    ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    ck_assert_int_eq(mcp_reload(c, "server=a nonsense=1"), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    ck_assert_int_eq(mcp_reload(c, small), MCP_OK);
    run_out();
    ck_assert_int_eq(t.n, 1);
    ck_assert_int_eq(ask(MCP_SET, "k", "w").status, MCP_OK);
    ck_assert_int_eq(mcp_server_count(c), 2);
    ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    turn_until(3);
}
END_TEST

/* ---- Ends --------------------------------------------------------------------------------- */

START_TEST(held_ones_are_cancelled)
{
    told t[3];
    uint64_t ticket;

    lists("timeout=20s");
    ck_assert_int_eq(submit(MCP_SET, "k", "v", &t[0], NULL), MCP_OK);
    ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    ck_assert_int_eq(submit(MCP_SET, "k1", "v", &t[1], &ticket), MCP_OK);
    ck_assert_int_eq(submit(MCP_SET, "k2", "v", &t[2], NULL), MCP_OK);
    ck_assert_int_eq(mcp_cancel(c, ticket), MCP_OK);
    ck_assert_int_eq(mcp_cancel(c, ticket), MCP_NOT_FOUND);
    run_out();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(t[i].n, 1);
    ck_assert_int_eq(t[0].status, MCP_OK);
    ck_assert_int_eq(t[1].status, MCP_CANCELLED);
    ck_assert_int_eq(t[2].status, MCP_OK);
    ck_assert_int_eq(mcp_server_count(c), 3);
    ck_assert(!server_look(b, "k1")->found); /* it was never sent */
    ck_assert(server_holds(b, "k2", "v"));
}
END_TEST

START_TEST(closed_with_held_ones)
{
    static told t[10];

    lists("timeout=20s");
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(submit(MCP_SET, "k", "v", &t[i], NULL), MCP_OK);
        if (i == 4)
            ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    }
    mcp_close(c);
    c = NULL;
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(t[i].n, 1);
        ck_assert_int_eq(t[i].status, MCP_CANCELLED);
    }
}
END_TEST

/* The loop leaves: then it is done at once. */
START_TEST(the_loop_leaves)
{
    lists("timeout=20s");
    ck_assert_int_eq(ask(MCP_SET, "k", "v").status, MCP_OK);
    ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    ck_assert_int_eq(mcp_loop_attach(c, NULL), MCP_OK);
    ck_assert_int_eq(mcp_server_count(c), 3);
    client_expect(c, mcp_set(c, T("k"), T("w"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "w");
}
END_TEST

/* What a held request refers to need not stand any more, its route key neither. */
START_TEST(held_ones_are_copied)
{
    char key[16] = "key", value[16] = "value", route[16] = "route";
    told first, t;
    mcp_request request = client_request(MCP_SET, key);
    mcp_location at;

    lists("timeout=20s");
    ck_assert_int_eq(submit(MCP_SET, "k", "v", &first, NULL), MCP_OK);
    ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    request.value = value;
    request.value_len = 5;
    request.route = route;
    request.route_len = 5;
    memset(&t, 0, sizeof t);
    ck_assert_int_eq(mcp_submit(c, &request, note, &t, NULL), MCP_OK);
    memset(key, 'x', sizeof key);
    memset(value, 'x', sizeof value);
    memset(route, 'x', sizeof route);
    run_out();
    ck_assert_int_eq(t.status, MCP_OK);
    ck_assert_int_eq(mcp_where(c, T("key"), T("route"), &at), MCP_OK);
    ck_assert(server_holds(at.primary == 0 ? q : p, "key", "value"));
    ck_assert(server_holds(b, "key", "value"));
}
END_TEST

START_TEST(what_the_new_options_refuse_is_told)
{
    told first, t;

    lists("timeout=20s");
    ck_assert_int_eq(submit(MCP_SET, "k", "v", &first, NULL), MCP_OK);
    snprintf(large + strlen(large), sizeof large - strlen(large), " prefix=zz:");
    ck_assert_int_eq(mcp_reload(c, large), MCP_OK);
    ck_assert_int_eq(submit(MCP_SET, "zz:k", "v", &t, NULL), MCP_OK);
    run_out();
    ck_assert_int_eq(first.status, MCP_OK);
    ck_assert_int_eq(t.n, 1);
    ck_assert_int_eq(t.status, MCP_BAD_KEY);
}
END_TEST

int
main(void)
{
    TCase *tests = async_case("async reload");

    tcase_add_test(tests, fault_93_requests_in_flight_while_the_list_changes);
    tcase_add_test(tests, a_hanging_server_leaves_the_list);
    tcase_add_test(tests, what_is_held_for_too_long_times_out);
    tcase_add_test(tests, with_nothing_under_way);
    tcase_add_test(tests, from_a_callback);
    tcase_add_test(tests, twice_before_it_happens);
    tcase_add_test(tests, held_ones_are_cancelled);
    tcase_add_test(tests, closed_with_held_ones);
    tcase_add_test(tests, the_loop_leaves);
    tcase_add_test(tests, held_ones_are_copied);
    tcase_add_test(tests, what_the_new_options_refuse_is_told);
    return run_tests("async reload", tests);
}

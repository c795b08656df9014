/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Submitted requests when a server fails, a name does not resolve, the loop is late, or the process
 * forks: every callback exactly once, in time.
 */
#include "async_kit.h"

/* ---- Servers that fail -------------------------------------------------------------------- */

/* Requests are under way all the time while the primary is killed, and again when it is back. */
START_TEST(a_killed_primary_is_not_noticed)
{
    static told t[3000];
    char key[32];
    int n_from_backup = 0;

    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(ask(MCP_SET, key, key).status, MCP_OK);
    }
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "key:%d", i % 100);
        while (submit(MCP_GET, key, NULL, &t[i], NULL) == MCP_FULL)
            mcp_poll_wait(&loop, 1000);
        if (i == 1000)
            server_kill(p);
        if (i % 7 == 0)
            mcp_poll_wait(&loop, 0);
    }
    run_out();
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "key:%d", i % 100);
        ck_assert_int_eq(t[i].n, 1);
        ck_assert_msg(t[i].status == MCP_OK, "get %d: %s", i, mcp_strstatus(t[i].status));
        ck_assert_str_eq(t[i].value, key);
        n_from_backup += t[i].from_backup;
    }
    ck_assert_int_gt(n_from_backup, 1000);
    ck_assert_int_eq(ask(MCP_SET, "degraded", "v").status, MCP_OK);
    ck_assert(server_holds(b, "degraded", "v"));
    server_restart(p);
    for (int64_t end = now_ms() + client_slack(20000); client_info(c, 0).repaired == 0;) {
        ck_assert_int_lt(now_ms(), end); /* nothing but the loop drives the repair */
        mcp_poll_wait(&loop, 100);
    }
    ck_assert_str_eq(ask(MCP_GET, "degraded", NULL).value, "v");
}
END_TEST

START_TEST(a_paused_primary_costs_its_share_and_no_more)
{
    told t;

    mcp_close(c);
    c = client_pair(p, b, "timeout=500ms");
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    ck_assert_int_eq(ask(MCP_SET, "k", "v").status, MCP_OK);
    server_pause(p);
    int64_t begin = now_ms();
    t = ask(MCP_GET, "k", NULL);
    ck_assert_int_eq(t.status, MCP_OK);
    ck_assert_int_eq(t.from_backup, 1);
    ck_assert_int_lt(now_ms() - begin, 500 + client_slack(1000));
    server_continue(p);
}
END_TEST

START_TEST(nobody_there_is_an_error_in_time)
{
    char nobody[40];
    char hole[40];
    told t;

    mcp_close(c);
    c = client_open("server=%s timeout=300ms", server_nobody(nobody, sizeof nobody));
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    t = ask(MCP_GET, "k", NULL);
    ck_assert_int_eq(t.status, MCP_NO_SERVER);
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, nobody));
    mcp_close(c);
    c = client_open("server=%s timeout=300ms", server_hole(hole, sizeof hole));
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    int64_t begin = now_ms();
    t = ask(MCP_GET, "k", NULL);
    ck_assert_int_lt(t.status, MCP_OK);
    ck_assert_int_ge(now_ms() - begin, 299);
    ck_assert_int_lt(now_ms() - begin, 300 + client_slack(1000));
}
END_TEST

/* A program that was busy elsewhere for longer than the deadline still gets what lies there. */
START_TEST(an_answer_that_waits_here_is_in_time)
{
    told t;

    ck_assert_int_eq(ask(MCP_SET, "k", "v").status, MCP_OK);
    mcp_request q = client_request(MCP_GET, "k");
    q.timeout_ms = 50;
    memset(&t, 0, sizeof t);
    ck_assert_int_eq(mcp_submit(c, &q, note, &t, NULL), MCP_OK);
    mcp_loop_timer(c); /* it goes */
    wait_ms(200);
    mcp_loop_timer(c);
    run_out();
    ck_assert_int_eq(t.status, MCP_OK);
    ck_assert_int_eq(t.from_backup, 0);
}
END_TEST

/* A host name is looked up while the loop runs. */
START_TEST(names_are_looked_up)
{
    told t;

    mcp_close(c);
    server_stop(b);
    server *named = server_tcp(NULL);
    c = client_open("server=localhost:%d timeout=5s", named->port);
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    t = ask(MCP_SET, "k", "v");
    client_expect(c, t.status, MCP_OK, "set");
    ck_assert(server_holds(named, "k", "v"));
    mcp_close(c);
    c = client_open("server=no.such.host.invalid:11211 timeout=1s");
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    ck_assert_int_lt(ask(MCP_GET, "k", NULL).status, MCP_OK);
}
END_TEST

/* A loop that cannot watch anything: an error, no hanging. */
static int
watch_nothing(void *context, int fd, int events, void **slot)
{
    (void)fd;
    (void)slot;
    ++*(int *)context;
    return events != 0 ? -1 : 0;
}

static int
no_timer(void *context, int64_t delay_ms)
{
    (void)context;
    (void)delay_ms;
    return 0;
}

START_TEST(a_loop_without_room_is_an_error)
{
    mcp_loop hooks = MCP_LOOP_INIT;
    int n_watched = 0;
    told t;

    hooks.watch = watch_nothing;
    hooks.timer = no_timer;
    hooks.context = &n_watched;
    ck_assert_int_eq(mcp_loop_attach(c, &hooks), MCP_OK);
    ck_assert_ptr_null(loop.client);
    ck_assert_int_eq(submit(MCP_GET, "k", NULL, &t, NULL), MCP_OK);
    for (int64_t end = now_ms() + client_slack(4000); t.n == 0;) {
        ck_assert_int_lt(now_ms(), end);
        mcp_loop_timer(c);
        wait_ms(1);
    }
    ck_assert_int_eq(t.status, MCP_NO_RESOURCE);
    ck_assert_int_gt(n_watched, 0);
}
END_TEST

/* What a parent submitted is the parent's: nobody is told in the child, and nothing is sent. */
START_TEST(a_child_has_none_of_it)
{
    static told t[10];
    int status;

    ck_assert_int_eq(ask(MCP_SET, "k", "v").status, MCP_OK);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(submit(MCP_GET, "k", NULL, &t[i], NULL), MCP_OK);
    mcp_loop_timer(c);
    pid_t pid = fork();
    if (pid == 0) {
        mcp_result r = MCP_RESULT_INIT;
        mcp_poll ours;
        mcp_loop_timer(c);
        int good = mcp_submit_pending(c) == 0 && t[0].n == 0;
        good = good && mcp_get(c, T("k"), &r) == MCP_OK && r.value_len == 1;
        good = good && mcp_poll_attach(&ours, c) == MCP_OK;
        mcp_close(c);
        _exit(good && t[0].n == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    run_out();
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(t[i].n, 1);
        ck_assert_str_eq(t[i].value, "v");
    }
}
END_TEST

int
main(void)
{
    TCase *tests = async_case("async_faults");

    tcase_add_test(tests, a_killed_primary_is_not_noticed);
    tcase_add_test(tests, a_paused_primary_costs_its_share_and_no_more);
    tcase_add_test(tests, nobody_there_is_an_error_in_time);
    tcase_add_test(tests, an_answer_that_waits_here_is_in_time);
    tcase_add_test(tests, names_are_looked_up);
    tcase_add_test(tests, a_loop_without_room_is_an_error);
    tcase_add_test(tests, a_child_has_none_of_it);
    return run_tests("async_faults", tests);
}

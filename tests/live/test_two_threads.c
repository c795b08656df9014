/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two threads on one client, which is forbidden: a build with asserts says so, at the second
 * thread's call. The client's own file is compiled into this program with asserts, whatever the
 * rest of the build has.
 */
#include <pthread.h>
#include <signal.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"

static mcp_client *c;

static void *
waits_for_an_answer(void *unused)
{
    (void)unused;
    (void)mcp_get(c, T("k"), NULL);
    return NULL;
}

START_TEST(fault_63_two_threads_on_one_client)
{
    server *p = server_unix(NULL);
    fault *road = fault_unix(p);
    const fault_rule silent = {.match = "mg k ", .what = FAULT_HANG};
    pthread_t thread;

    c = client_open("server=%s timeout=60s", fault_address(road));
    fault_rule_one(road, &silent);
    ck_assert_int_eq(pthread_create(&thread, NULL, waits_for_an_answer, NULL), 0);
    ck_assert(fault_wait_count(road, "mg k ", 1, 20000));
    (void)mcp_get(c, T("other"), NULL); /* the assertion fails here */
    ck_abort_msg("nobody has noticed");
}
END_TEST

static void *
borrows(void *unused)
{
    (void)unused;
    client_expect(c, mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK, "set");
    return NULL;
}

/* One after the other may use it. */
START_TEST(one_thread_after_the_other)
{
    server *p = server_unix(NULL);
    pthread_t thread;

    c = client_open("server=%s timeout=20s", p->address);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(pthread_create(&thread, NULL, borrows, NULL), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        client_reads(c, "k", "v");
    }
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("two threads");

    tcase_add_test(tests, one_thread_after_the_other);
    tcase_add_test_raise_signal(tests, fault_63_two_threads_on_one_client, SIGABRT);
    return run_tests("two threads", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tests of one adapter: real servers, a real loop. Whoever includes this has defined
 * `loop_type`, loop_attach(), loop_run() (returns when nothing is watched any more) and loop_end().
 */
#ifndef TESTS_LIVE_ASYNC_LOOPS_H
#define TESTS_LIVE_ASYNC_LOOPS_H

#include <stdio.h>

#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

static server *p;
static server *b;
static mcp_client *c;
static loop_type loop;

static struct {
    int n_asked;
    int n_told;
    int n_good;
    int n_from_backup;
    int n_cancelled;
    int kill_at;      /* the primary dies after so many answers */
    int reload_every; /* the list is read again each time so many are answered; 0: never */
    int end_at;       /* the client is closed after so many */
} seen;

static void
setup(void)
{
    memset(&seen, 0, sizeof seen);
    p = server_unix(NULL);
    b = server_tcp(NULL);
    c = client_pair(p, b, "timeout=5s");
    ck_assert_int_eq(loop_attach(&loop, c), MCP_OK);
}

static mcp_status ask_next(mcp_client *client);

/* The same servers with another timeout. */
static void
reload(mcp_client *client)
{
    char options[300];

    snprintf(options, sizeof options, "server=%s backup=%s timeout=%ds", p->address, b->address,
             4 + seen.n_told / seen.reload_every % 2);
    ck_assert_int_eq(mcp_reload(client, options), MCP_OK);
}

static void
told(void *context, mcp_client *client, mcp_result *result)
{
    (void)context;
    seen.n_told++;
    seen.n_cancelled += result->status == MCP_CANCELLED;
    seen.n_good +=
        result->status == MCP_OK && result->value_len >= 5 && memcmp(result->value, "key:", 4) == 0;
    seen.n_from_backup += result->from_backup;
    if (seen.n_told == seen.kill_at)
        server_kill(p);
    if (seen.reload_every > 0 && seen.n_told % seen.reload_every == 0)
        reload(client);
    if (seen.n_told == seen.end_at)
        mcp_close(client);
    else if (seen.n_told < seen.end_at && seen.n_asked < seen.end_at)
        ck_assert_int_eq(ask_next(client), MCP_OK);
}

static mcp_status
ask_next(mcp_client *client)
{
    char key[32];
    mcp_request q;

    snprintf(key, sizeof key, "key:%d", seen.n_asked % 50);
    seen.n_asked++;
    q = client_request(MCP_GET, key);
    return mcp_submit(client, &q, told, NULL, NULL);
}

static void
put_all(void)
{
    char key[32];

    for (int i = 0; i < 50; i++) { /* a call that waits, beside the loop */
        snprintf(key, sizeof key, "key:%d", i);
        client_expect(c, mcp_set(c, T(key), T(key), 0, 0), MCP_OK, key);
    }
}

START_TEST(reads_in_the_loop)
{
    put_all();
    seen.end_at = 2000;
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask_next(c), MCP_OK);
    ck_assert_int_eq(seen.n_told, 0);
    loop_run(&loop);
    ck_assert_int_eq(seen.n_told, 2000);
    ck_assert_int_eq(seen.n_good, 2000);
    ck_assert_int_eq(seen.n_from_backup, 0);
    ck_assert_ptr_null(loop.client);
}
END_TEST

START_TEST(lists_are_exchanged_in_the_loop)
{
    put_all();
    seen.end_at = 2000;
    seen.reload_every = 50;
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask_next(c), MCP_OK);
    loop_run(&loop);
    ck_assert_int_eq(seen.n_told, 2000);
    ck_assert_int_eq(seen.n_good, 2000);
    ck_assert_ptr_null(loop.client);
}
END_TEST

START_TEST(a_primary_is_killed_in_the_loop)
{
    put_all();
    seen.end_at = 2000;
    seen.kill_at = 700;
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask_next(c), MCP_OK);
    loop_run(&loop);
    ck_assert_int_eq(seen.n_told, 2000);
    ck_assert_int_eq(seen.n_good, 2000);
    ck_assert_int_gt(seen.n_from_backup, 1000);
    ck_assert_ptr_null(loop.client);
}
END_TEST

/* The deadline comes from the loop's timer: nothing else happens there. */
START_TEST(a_deadline_passes_in_the_loop)
{
    char hole[40];
    mcp_request q = client_request(MCP_GET, "key:0");

    mcp_close(c);
    loop_run(&loop); /* what a closed client leaves behind */
    c = client_open("server=%s timeout=300ms", server_hole(hole, sizeof hole));
    ck_assert_int_eq(loop_attach(&loop, c), MCP_OK);
    seen.end_at = 1;
    int64_t begin = now_ms();
    ck_assert_int_eq(mcp_submit(c, &q, told, NULL, NULL), MCP_OK);
    loop_run(&loop);
    ck_assert_int_eq(seen.n_told, 1);
    ck_assert_int_eq(seen.n_good, 0);
    ck_assert_int_ge(now_ms() - begin, 299);
    ck_assert_int_lt(now_ms() - begin, 300 + client_slack(1000));
}
END_TEST

START_TEST(cancelled_in_the_loop)
{
    uint64_t tickets[10];
    mcp_request q = client_request(MCP_GET, "key:0");

    put_all();
    seen.end_at = 10;
    seen.n_asked = 10;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(mcp_submit(c, &q, told, NULL, &tickets[i]), MCP_OK);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(mcp_cancel(c, tickets[i]), MCP_OK);
    loop_run(&loop);
    ck_assert_int_eq(seen.n_told, 10);
    ck_assert_int_eq(seen.n_cancelled, 5);
    ck_assert_int_eq(seen.n_good, 5);
}
END_TEST

/* Untied again: calls that wait go on over the same connections. */
START_TEST(untied_again)
{
    put_all();
    ck_assert_int_eq(mcp_loop_attach(c, NULL), MCP_OK);
    ck_assert_ptr_null(loop.client);
    loop_run(&loop);
    put_all();
    client_reads(c, "key:7", "key:7");
    ck_assert_uint_eq(client_info(c, 0).connects, 1);
    mcp_close(c);
}
END_TEST

static void
teardown(void)
{
    ck_assert_ptr_null(loop.client);
    loop_end(&loop);
}

static int
test_loop(const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, reads_in_the_loop);
    tcase_add_test(tests, lists_are_exchanged_in_the_loop);
    tcase_add_test(tests, a_primary_is_killed_in_the_loop);
    tcase_add_test(tests, a_deadline_passes_in_the_loop);
    tcase_add_test(tests, cancelled_in_the_loop);
    tcase_add_test(tests, untied_again);
    return run_tests(name, tests);
}

#endif

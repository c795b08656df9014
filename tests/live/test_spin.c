/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Option spin: a call that waits for an answer looks for it without going to sleep. The kernel
 * counts how often a thread went to sleep by itself (ru_nvcsw).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

enum { ROUNDS = 20, LATE_MS = 3 };

enum { GET, MIRRORED_SET, BATCH, N_WORKS };

static fault *f[2];

/* Two servers that answer a little late. */
static void
setup(void)
{
    static const fault_rule late[2] = {{.match = "mg k", .what = FAULT_DELAY, .ms = LATE_MS},
                                       {.match = "ms k", .what = FAULT_DELAY, .ms = LATE_MS}};

    for (int i = 0; i < 2; i++) {
        f[i] = fault_unix(server_unix(NULL));
        fault_rules(f[i], late, 2);
    }
}

static void
work(mcp_client *c, int kind)
{
    mcp_request requests[2] = {client_request(MCP_GET, "k1"), client_request(MCP_GET, "k2")};
    mcp_result results[2] = {MCP_RESULT_INIT, MCP_RESULT_INIT};

    if (kind == GET)
        client_reads(c, "k1", "one");
    else if (kind == MIRRORED_SET)
        client_expect(c, mcp_set(c, T("k1"), T("one"), 0, 0), MCP_OK, "set");
    else
        ck_assert_uint_eq(mcp_batch(c, requests, results, 2), 0);
}

/* How often the thread sleeps in so many calls. */
static long
sleeps(const char *words, int kind)
{
    struct rusage before, after;
    mcp_client *c = client_open("server=%s backup=%s timeout=2s view_interval=60s %s",
                                fault_address(f[0]), fault_address(f[1]), words);

    client_expect(c, mcp_set(c, T("k1"), T("one"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_set(c, T("k2"), T("two"), 0, 0), MCP_OK, "set");
    work(c, kind);
    getrusage(RUSAGE_THREAD, &before);
    for (int i = 0; i < ROUNDS; i++)
        work(c, kind);
    getrusage(RUSAGE_THREAD, &after);
    mcp_close(c);
    return after.ru_nvcsw - before.ru_nvcsw;
}

START_TEST(who_spins_does_not_sleep)
{
    setup();
    ck_assert_int_ge(sleeps("", _i), ROUNDS);
    ck_assert_int_lt(sleeps("spin=300ms", _i), ROUNDS / 2);
    ck_assert_int_ge(sleeps("spin=20us", _i), ROUNDS); /* not for so long */
}
END_TEST

/* The deadline counts it, however long it is. */
START_TEST(deadlines_hold)
{
    static const char *const spins[] = {"20us", "5ms", "100ms", "1s"};
    server *s = server_tcp(NULL);
    mcp_client *c = client_open("server=%s timeout=150ms spin=%s", s->address, spins[_i]);

    client_expect(c, mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "v");
    server_pause(s);
    int64_t start = now_ms();
    mcp_status status = mcp_get(c, T("k"), NULL);
    int64_t took = now_ms() - start;
    server_continue(s);
    ck_assert_int_eq(status, MCP_TIMEOUT);
    ck_assert_int_ge(took, 145);
    ck_assert_int_le(took, 150 + client_slack(100));
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("spin");

    tcase_add_loop_test(tests, who_spins_does_not_sleep, 0, N_WORKS);
    tcase_add_loop_test(tests, deadlines_hold, 0, 4);
    return run_tests("spin", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection that is given up on is reset, never closed in an orderly way and never used again;
 * a mutation is never sent twice to one server.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

static server *real_p;
static server *real_b;
static fault *p;
static fault *b;

static void
setup(void)
{
    real_p = server_unix(NULL);
    real_b = server_unix(NULL);
    p = fault_tcp(real_p);
    b = fault_tcp(real_b);
}

static mcp_client *
open_pair(const char *words)
{
    return client_open("server=%s backup=%s timeout=300ms %s", fault_address(p), fault_address(b),
                       words);
}

/* Both copies answer, and nothing stands against either: on a busy machine that may take a while. */
static void
warm(mcp_client *c)
{
    mcp_result r;

    do {
        r = client_call(c, MCP_SET, "warm", "x");
        client_expect(c, r.status, MCP_OK, "set");
        for (int i = 0; i < mcp_server_count(c); i++)
            ck_assert(client_wait_state(c, i, MCP_STATE_UP, 10000));
    } while (r.primary != MCP_COPY_OK ||
             (mcp_server_count(c) > 1 && r.backup != MCP_COPY_OK));
    client_reads(c, "warm", "x");
}

/* ---- Reset, not closed -------------------------------------------------------------------- */

START_TEST(given_up_peer_sees_a_reset_timeout)
{
    const fault_rule hang = {.match = "mg k", .what = FAULT_HANG};
    mcp_client *c = open_pair("");
    int number;

    warm(c);
    server_put(real_b, "k", "from b", 6, 0, 0);
    fault_rule_one(p, &hang);
    client_reads(c, "k", "from b");
    number = fault_line_connection(p, "mg k", 0);
    ck_assert_int_ge(number, 0);
    ck_assert_int_eq(fault_wait_end(p, number, 1000), FAULT_RST);
    /* What served well was not touched. */
    ck_assert_int_eq(fault_ended(b, 0), FAULT_OPEN);
    mcp_close(c);
}
END_TEST

START_TEST(given_up_peer_sees_a_reset_mutation)
{
    const fault_rule hang = {.match = "ms k", .what = FAULT_SWALLOW};
    mcp_client *c = open_pair("");
    mcp_result r;

    warm(c);
    fault_rule_one(p, &hang);
    r = client_call(c, MCP_SET, "k", "new");
    ck_assert_int_eq(r.status, MCP_OK);
    ck_assert_int_eq(r.primary, MCP_COPY_UNKNOWN);
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    ck_assert_int_eq(fault_wait_end(p, fault_line_connection(p, "ms k", 0), 1000), FAULT_RST);
    mcp_close(c);
}
END_TEST

START_TEST(given_up_peer_sees_a_reset_greeting)
{
    const fault_rule hang = {.match = "", .what = FAULT_HANG};
    mcp_client *c = open_pair("");

    server_put(real_b, "k", "x", 1, 0, 0);
    fault_rule_one(p, &hang);
    client_reads(c, "k", "x");
    ck_assert_int_eq(fault_wait_end(p, 0, 1500), FAULT_RST);
    mcp_close(c);
}
END_TEST

static void
open_and_wait_for_death(int ready)
{
    mcp_client *c;
    char options[300];

    snprintf(options, sizeof options, "server=%s timeout=10s", fault_address(p));
    c = mcp_open(options, NULL, 0);
    (void)mcp_set(c, T("warm"), T("x"), 0, 0);
    (void)!write(ready, "x", 1);
    /* Hangs: the answer never comes. */
    (void)mcp_set(c, T("k"), T("x"), 0, 0);
    _exit(0);
}

/* Also when the process is killed: the kernel closes, and what it does was set at connect. */
START_TEST(killed_client_leaves_a_reset)
{
    const fault_rule hang = {.match = "ms k", .what = FAULT_HANG};
    int ends[2];
    char byte;
    pid_t parent = getpid();
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    fault_rule_one(p, &hang);
    child = fork();
    if (child == 0) {
        run_die_with_parent(parent);
        open_and_wait_for_death(ends[1]);
    }
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    if (_i == 1)
        ck_assert(fault_wait_count(p, "ms k", 1, 2000));
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(fault_wait_end(p, 0, 2000), FAULT_RST);
}
END_TEST

START_TEST(a_reset_connection_is_not_used_again)
{
    const fault_rule hang = {.match = "mg k", .what = FAULT_HANG, .times = 1};
    mcp_client *c = open_pair("retry_min=10ms retry_max=20ms");

    warm(c);
    server_put(real_p, "k", "x", 1, 0, 0);
    server_put(real_b, "k", "x", 1, 0, 0);
    fault_rule_one(p, &hang);
    client_reads(c, "k", "x");
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 2000));
    client_reads(c, "k", "x");
    ck_assert_int_ne(fault_line_connection(p, "mg k", 1), fault_line_connection(p, "mg k", 0));
    ck_assert_int_eq(fault_ended(p, fault_line_connection(p, "mg k", 0)), FAULT_RST);
    mcp_close(c);
}
END_TEST

/* What is owed at the end is read; then there is nothing to give up on. */
START_TEST(close_after_a_delete_sends_and_reads_all)
{
    mcp_client *c = open_pair("");

    warm(c);
    client_expect(c, mcp_delete(c, T("warm")), MCP_OK, "delete");
    mcp_close(c);
    ck_assert_int_eq(fault_count(b, "md warm"), 2);
    ck_assert_int_eq(fault_count(p, "md warm"), 1);
    ck_assert_int_ne(fault_wait_end(p, 0, 1000), FAULT_OPEN);
    ck_assert_int_ne(fault_wait_end(b, 0, 1000), FAULT_OPEN);
}
END_TEST

START_TEST(delete_goes_backup_primary_backup)
{
    mcp_client *c = open_pair("");

    warm(c);
    client_expect(c, mcp_delete(c, T("warm")), MCP_OK, "delete");
    ck_assert(fault_wait_count(b, "md warm", 2, 1000));
    ck_assert_int_eq(fault_count(p, "md warm"), 1);
    ck_assert_int_le(fault_time_us(b, "md warm", 0), fault_time_us(p, "md warm", 0));
    ck_assert_int_le(fault_time_us(p, "md warm", 0), fault_time_us(b, "md warm", 1));
    mcp_close(c);
}
END_TEST

/* ---- Never twice -------------------------------------------------------------------------- */

typedef struct mutation {
    mcp_verb verb;
    const char *line; /* how its command begins on the wire */
    int most_b;       /* how often the backup may get it */
} mutation;

static const mutation mutations[] = {
    {MCP_SET, "ms k", 1},  {MCP_ADD, "ms k", 1},  {MCP_REPLACE, "ms k", 1}, {MCP_APPEND, "ms k", 2},
    {MCP_INCR, "ma k", 1}, {MCP_DECR, "ma k", 1}, {MCP_DELETE, "md k", 2},  {MCP_TOUCH, "mg k", 2}};
enum { N_MUTATIONS = sizeof mutations / sizeof *mutations };

/* n: bytes of the answer that still come. */
static const struct {
    fault_what what;
    size_t n;
} ways[] = {{FAULT_SWALLOW, 0},      {FAULT_CUT, 0},     {FAULT_CUT, 1},
            {FAULT_RESET, 0},        {FAULT_RESET, 1},   {FAULT_HALF_CLOSE, 0},
            {FAULT_WRONG_OPAQUE, 0}, {FAULT_BAD_TAIL, 0}};
enum { N_WAYS = sizeof ways / sizeof *ways };

/*
 * The primary receives it, and its answer is lost in every way an answer can be lost: from then on
 * it may have been done. It must not come a second time, on whichever connection.
 */
START_TEST(a_mutation_is_sent_once_to_a_server)
{
    const mutation *m = &mutations[_i / N_WAYS];
    fault_rule lose = {.match = m->line, .what = ways[_i % N_WAYS].what, .n = ways[_i % N_WAYS].n};
    mcp_client *c = open_pair("retry_min=5ms retry_max=10ms suspect_limit=50");
    mcp_request request = client_request(m->verb, "k");
    mcp_result r = MCP_RESULT_INIT;

    if (m->verb != MCP_ADD) {
        server_put(real_p, "k", "10", 2, 0, 0);
        server_put(real_b, "k", "10", 2, 0, 0);
    }
    warm(c);
    fault_rule_one(p, &lose);
    request.value = "20";
    request.value_len = 2;
    request.delta = 1;
    request.ttl = 1000;
    (void)mcp_call(c, &request, &r);
    ck_assert_int_ne(r.primary, MCP_COPY_OK);
    /* Later calls bring the server back; they must not bring the mutation back. */
    (void)client_wait_state(c, 0, MCP_STATE_UP, 500);
    (void)mcp_get(c, T("warm"), NULL);
    mcp_close(c);
    ck_assert_msg(fault_count(p, m->line) == 1, "%s came %d times", m->line,
                  fault_count(p, m->line));
    ck_assert_int_le(fault_count(b, m->line), m->most_b);
}
END_TEST

START_TEST(without_backup_a_lost_answer_is_unknown)
{
    const mutation *m = &mutations[_i];
    const fault_rule lose = {.match = m->line, .what = FAULT_SWALLOW};
    mcp_client *c = client_open("server=%s timeout=100ms", fault_address(p));
    mcp_request request = client_request(m->verb, "k");
    mcp_result r = MCP_RESULT_INIT;

    if (m->verb != MCP_ADD)
        server_put(real_p, "k", "10", 2, 0, 0);
    warm(c);
    fault_rule_one(p, &lose);
    request.value = "20";
    request.value_len = 2;
    request.delta = 1;
    client_expect(c, mcp_call(c, &request, &r), MCP_UNKNOWN, m->line);
    ck_assert_int_eq(r.primary, MCP_COPY_UNKNOWN);
    ck_assert_int_eq(r.backup, MCP_COPY_SKIPPED);
    ck_assert_int_eq(fault_count(p, m->line), 1);
    mcp_close(c);
}
END_TEST

/* A counter proves it at both ends: the delta is there once. */
START_TEST(incr_with_a_lost_answer_counts_once)
{
    const fault_rule lose = {.match = "ma n", .what = FAULT_SWALLOW};
    mcp_client *c = open_pair("");

    warm(c);
    server_put(real_p, "n", "100", 3, 0, 0);
    server_put(real_b, "n", "100", 3, 0, 0);
    fault_rule_one(p, &lose);
    (void)mcp_incr(c, T("n"), 1, NULL);
    mcp_close(c);
    ck_assert(server_holds(real_p, "n", "101"));
    ck_assert(server_holds(real_b, "n", "101"));
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("reset");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, given_up_peer_sees_a_reset_timeout);
    tcase_add_test(tests, given_up_peer_sees_a_reset_mutation);
    tcase_add_test(tests, given_up_peer_sees_a_reset_greeting);
    tcase_add_loop_test(tests, killed_client_leaves_a_reset, 0, 2);
    tcase_add_test(tests, a_reset_connection_is_not_used_again);
    tcase_add_test(tests, close_after_a_delete_sends_and_reads_all);
    tcase_add_test(tests, delete_goes_backup_primary_backup);
    tcase_add_loop_test(tests, a_mutation_is_sent_once_to_a_server, 0, N_MUTATIONS * N_WAYS);
    tcase_add_loop_test(tests, without_backup_a_lost_answer_is_unknown, 0, N_MUTATIONS);
    tcase_add_test(tests, incr_with_a_lost_answer_counts_once);
    return run_tests("reset", tests);
}

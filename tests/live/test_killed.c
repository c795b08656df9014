/* SPDX-License-Identifier: BSD-3-Clause */
/* Servers that are dead, die, return, or close connections: what a user notices is nothing. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/trace.h"
#include "support/wait.h"

enum { N_KEYS = 10000, N_TRACED = 2000 };

static char *
key_at(char *out, int i)
{
    snprintf(out, 32, "user:%06d", i);
    return out;
}

static void
store(mcp_client *c, int n)
{
    char key[32];

    for (int i = 0; i < n; i++) {
        key_at(key, i);
        client_expect(c, mcp_set(c, T(key), T(key), 0, 0), MCP_OK, "set");
    }
}

static void
read_back(mcp_client *c, int n)
{
    char key[32];

    for (int i = 0; i < n; i++)
        client_reads(c, key_at(key, i), key);
}

START_TEST(killed_primary_10000_keys_no_error_no_miss)
{
    server *one = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    server *two = server_unix(NULL);
    server *back = server_unix(NULL);
    mcp_client *c =
        client_open("server=%s server=%s backup=%s", one->address, two->address, back->address);
    mcp_result r = MCP_RESULT_INIT;
    int from_backup = 0;
    char key[32];

    store(c, N_KEYS);
    server_kill(one);
    for (int i = 0; i < N_KEYS; i++) {
        key_at(key, i);
        client_expect(c, mcp_get(c, T(key), &r), MCP_OK, key);
        ck_assert(r.value_len == strlen(key) && memcmp(r.value, key, r.value_len) == 0);
        ck_assert_int_eq(r.from_backup, r.server == 2);
        ck_assert_int_eq(r.primary == MCP_COPY_OK, !r.from_backup);
        from_backup += r.from_backup;
    }
    ck_assert_int_gt(from_backup, 3000);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_DOWN);
    ck_assert_uint_gt(strlen(client_info(c, 0).why), 3);
    ck_assert_uint_gt(client_info(c, 0).failovers, 3000);
    mcp_close(c);
}
END_TEST

START_TEST(killed_primary_all_verbs_go_on)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "");
    mcp_result r;
    uint64_t number;

    client_expect(c, mcp_set(c, T("k"), T("old"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_set(c, T("n"), T("10"), 0, 0), MCP_OK, "set");
    server_kill(p);
    r = client_call(c, MCP_SET, "k", "new");
    ck_assert_int_eq(r.status, MCP_OK);
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    ck_assert_int_ne(r.primary, MCP_COPY_OK);
    ck_assert(server_holds(b, "k", "new"));
    client_reads(c, "k", "new");
    client_expect(c, mcp_append(c, T("k"), T("er")), MCP_OK, "append");
    ck_assert(server_holds(b, "k", "newer"));
    client_expect(c, mcp_incr(c, T("n"), 5, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 15);
    client_expect(c, mcp_touch(c, T("n"), 100), MCP_OK, "touch");
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    client_expect(c, mcp_cas(c, T("k"), T("cas"), 0, 0, r.cas), MCP_OK, "cas");
    client_expect(c, mcp_add(c, T("k"), T("x"), 0, 0), MCP_NOT_STORED, "add");
    client_expect(c, mcp_replace(c, T("k"), T("rep"), 0, 0), MCP_OK, "replace");
    ck_assert(server_holds(b, "k", "rep"));
    r = client_call(c, MCP_DELETE, "k", NULL);
    ck_assert_int_eq(r.status, MCP_OK);
    ck_assert_int_eq(mcp_get(c, T("k"), NULL), MCP_NOT_FOUND);
    mcp_close(c);
}
END_TEST

START_TEST(killed_backup_changes_nothing_but_the_results)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "");
    mcp_result r;

    store(c, 100);
    server_kill(b);
    read_back(c, 100);
    r = client_call(c, MCP_SET, "k", "x");
    ck_assert_int_eq(r.status, MCP_OK);
    ck_assert_int_eq(r.primary, MCP_COPY_OK);
    ck_assert_int_eq(r.backup, MCP_COPY_FAILED);
    client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    ck_assert_int_eq(client_info(c, 1).state, MCP_STATE_DOWN);
    mcp_close(c);
}
END_TEST

START_TEST(fault_53_both_dead_is_an_error_and_never_a_miss)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=400ms");
    int64_t start;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    server_kill(b);
    client_reads(c, "k", "x");
    server_kill(p);
    for (int i = 0; i < 5; i++) {
        mcp_result r = client_call(c, MCP_GET, "k", NULL);

        start = now_ms();
        ck_assert_int_lt(r.status, -200);
        ck_assert_int_gt(r.status, -300);
        ck_assert_uint_eq(r.value_len, 0);
        ck_assert_int_lt(client_call(c, MCP_SET, "k", "y").status, -200);
        ck_assert_int_lt(client_call(c, MCP_DELETE, "k", NULL).status, -200);
        ck_assert_int_lt(mcp_incr(c, T("k"), 1, NULL), -200);
        ck_assert_int_le(now_ms() - start, 3 * 400 + client_slack(100));
        ck_assert_uint_gt(strlen(mcp_last_error(c)->text), 5);
    }
    mcp_close(c);
}
END_TEST

/* ---- Counted system calls ----------------------------------------------------------------- */

#define SKIP_8 " %*s %*s %*s %*s %*s %*s %*s %*s"

/* The sockets of a process are closed when its last thread has gone; its first one may have been a
 * zombie for a while by then. */
static int
is_gone(void *pid)
{
    char path[64];
    char state = '?';
    int n_threads = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%s/stat", (const char *)pid);
    file = fopen(path, "r");
    if (file == NULL)
        return 1;
    /* The 3rd and the 20th word. */
    if (fscanf(file, "%*d (%*[^)]) %c" SKIP_8 SKIP_8 " %d", &state, &n_threads) != 2)
        state = '?';
    fclose(file);
    return state == 'Z' && n_threads <= 1;
}

/*
 * The traced work: words are NAME, addresses of the primary and the backup, and the primary's
 * process. Phase 0: store. 1: the first call after the kill. 2: all others.
 */
static int
work_killed(char **words)
{
    char options[400];
    char key[32];
    mcp_client *c;
    mcp_result r = MCP_RESULT_INIT;
    int failed = 0;

    snprintf(options, sizeof options, "server=%s backup=%s retry_min=30s retry_max=30s", words[1],
             words[2]);
    c = mcp_open(options, NULL, 0);
    for (int i = 0; i < N_TRACED; i++) {
        key_at(key, i);
        failed += mcp_set(c, T(key), T(key), 0, 0) != MCP_OK;
    }
    kill((pid_t)strtol(words[3], NULL, 10), SIGKILL);
    if (!wait_until(is_gone, words[3], 2000))
        return 2;
    for (int i = 0; i < N_TRACED; i++) {
        if (i < 2)
            trace_phase();
        key_at(key, i);
        failed += mcp_get(c, T(key), &r) != MCP_OK || !r.from_backup;
    }
    mcp_close(c);
    printf("%d failed\n", failed);
    return failed != 0;
}

START_TEST(killed_primary_one_refused_connect_then_silence)
{
    server *p = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    server *b = server_unix(NULL);
    char pid[16];
    size_t n_rounds = 0;
    const char *const words[] = {"killed", p->address, b->address, pid, NULL};
    trace *t;

    snprintf(pid, sizeof pid, "%d", (int)p->pid);
    t = trace_work(words);
    ck_assert_uint_eq(trace_count(t, 0, "connect", p->address), 1);
    ck_assert_uint_eq(trace_count(t, 1, "connect", p->address), 1);
    for (size_t i = 0; i < t->n; i++)
        if (t->calls[i].phase == 1 && strcmp(t->calls[i].name, "connect") == 0 &&
            strcmp(t->calls[i].peer, p->address) == 0)
            ck_assert(strcmp(t->calls[i].error, "ECONNREFUSED") == 0 ||
                      strcmp(t->calls[i].error, "EINPROGRESS") == 0);
    ck_assert_uint_eq(trace_count(t, 2, "", p->address), 0);
    ck_assert_uint_eq(trace_count(t, 2, "socket", NULL), 0);
    /* The last store could not be verified any more: three tries later it goes on record, in a few
     * rounds. All else is one send and one receive for each call (and for a try that found no
     * company). */
    for (size_t i = 0; i < t->n; i++)
        n_rounds += t->calls[i].phase == 2 && (strstr(t->calls[i].text, "\"ms mcp:") != NULL ||
                                               strstr(t->calls[i].text, "\"mg mcp:j:") != NULL);
    ck_assert_uint_le(n_rounds, 8);
    ck_assert_uint_ge(trace_count(t, 2, "send", b->address), N_TRACED - 1 + n_rounds);
    ck_assert_uint_le(trace_count(t, 2, "send", b->address), N_TRACED - 1 + n_rounds + 2);
    ck_assert_uint_le(trace_count(t, 2, "recv", b->address), N_TRACED - 1 + n_rounds + 2);
    trace_free(t);
}
END_TEST

START_TEST(dead_server_is_probed_with_growing_pauses)
{
    server *b = server_unix(NULL);
    char nobody[40];
    mcp_client *c = client_open("server=%s backup=%s retry_min=20ms retry_max=10s",
                                server_nobody(nobody, sizeof nobody), b->address);
    int64_t end = now_ms() + 1000;
    uint64_t tries;

    server_put(b, "k", "x", 1, 0, 0);
    while (now_ms() < end)
        client_reads(c, "k", "x");
    /* 20, 40, 80, 160, 320, 640 ms, each with its jitter: not fifty. */
    tries = client_info(c, 0).errors;
    ck_assert_uint_ge(tries, 4);
    ck_assert_uint_le(tries, 12);
    mcp_close(c);
}
END_TEST

/* ---- Coming back -------------------------------------------------------------------------- */

START_TEST(fault_01_refused_then_up_again_after_a_probe)
{
    server *p = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "retry_min=20ms retry_max=40ms");
    mcp_result r;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    server_kill(p);
    client_reads(c, "k", "x");
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_DOWN);
    server_restart(p);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 3000));
    r = client_call(c, MCP_SET, "k", "y");
    ck_assert_int_eq(r.primary, MCP_COPY_OK);
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    ck_assert(server_holds(p, "k", "y"));
    mcp_close(c);
}
END_TEST

/* A restart between two calls: the next call finds the connection dead and opens another one. */
START_TEST(fault_08_restart_between_calls_is_not_noticed)
{
    server *p = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    mcp_client *c = client_open("server=%s timeout=2s", p->address);

    for (int i = 0; i < 5; i++) {
        client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
        client_reads(c, "k", "x");
        server_restart(p);
        ck_assert_int_eq(mcp_get(c, T("k"), NULL), MCP_NOT_FOUND);
        ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    }
    mcp_close(c);
}
END_TEST

/*
 * Five clients with warm connections, which the servers then close. After a rest each makes
 * another call, and none of them notices anything.
 */
START_TEST(fault_08_idle_connection_closed_by_the_server)
{
    static const mcp_verb verbs[] = {MCP_GET, MCP_SET, MCP_DELETE, MCP_TOUCH, MCP_INCR};
    enum { N = sizeof verbs / sizeof *verbs };
    server *real = server_unix(NULL);
    server *real_b = server_unix(NULL);
    fault *p = fault_tcp(real);
    fault *b = fault_unix(real_b);
    mcp_client *c[N];
    char key[32];

    for (int i = 0; i < N; i++) {
        c[i] = client_open("server=%s backup=%s timeout=2s suspect_limit=1", fault_address(p),
                           fault_address(b));
        key_at(key, i);
        client_expect(c[i], mcp_set(c[i], T(key), T("5"), 0, 0), MCP_OK, "set");
    }
    (_i == 0 ? fault_close_all : fault_reset_all)(p);
    (_i == 0 ? fault_close_all : fault_reset_all)(b);
    wait_ms(1100);
    for (int i = 0; i < N; i++) {
        mcp_result r = client_call(c[i], verbs[i], key_at(key, i), "6");

        client_expect(c[i], r.status, MCP_OK, "after the close");
        ck_assert_int_eq(r.primary, MCP_COPY_OK);
        ck_assert_int_eq(r.backup, verbs[i] == MCP_GET ? MCP_COPY_SKIPPED : MCP_COPY_OK);
        ck_assert_int_eq(client_info(c[i], 0).state, MCP_STATE_UP);
        ck_assert_int_eq(client_info(c[i], 1).state, MCP_STATE_UP);
        ck_assert_uint_eq(client_info(c[i], 0).timeouts, 0);
        mcp_close(c[i]);
    }
}
END_TEST

/* Closed a moment ago, so that nobody has looked yet: a read finds out and asks again. */
START_TEST(fault_08_connection_closed_between_two_reads)
{
    server *real = server_unix(NULL);
    fault *p = _i % 2 == 0 ? fault_tcp(real) : fault_unix(real);
    mcp_client *c = client_open("server=%s timeout=2s suspect_limit=1", fault_address(p));

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    for (int i = 0; i < 5; i++) {
        client_reads(c, "k", "x");
        (_i < 2 ? fault_close_all : fault_reset_all)(p);
        client_reads(c, "k", "x");
        ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    }
    mcp_close(c);
}
END_TEST

static int
has_kicked(void *context)
{
    return server_stat(context, "idle_kicks") > 0;
}

/* memcached's own idle_timeout: it looks for idle connections every second or so. */
START_TEST(fault_08_memcached_idle_timeout)
{
    server *p = server_tcp("-o idle_timeout=1");
    mcp_client *c = client_open("server=%s timeout=2s suspect_limit=1", p->address);
    mcp_result r;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    ck_assert(wait_until(has_kicked, p, 8000));
    r = client_call(c, MCP_GET, "k", NULL);
    ck_assert_int_eq(r.status, MCP_OK);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    ck_assert_uint_eq(client_info(c, 0).connects, 2);
    mcp_close(c);
}
END_TEST

START_TEST(two_dead_primaries_of_three)
{
    server *s[4];
    mcp_client *c;

    for (int i = 0; i < 4; i++)
        s[i] = server_unix(NULL);
    c = client_open("server=%s server=%s server=%s backup=%s", s[0]->address, s[1]->address,
                    s[2]->address, s[3]->address);
    store(c, 1000);
    server_kill(s[0]);
    server_kill(s[1]);
    read_back(c, 1000);
    store(c, 1000);
    read_back(c, 1000);
    mcp_close(c);
}
END_TEST

int
main(int argc, char **argv)
{
    TCase *tests = tcase_create("killed");

    if (argc > 2 && strcmp(argv[1], "--work") == 0)
        return work_killed(argv + 2);
    tcase_add_loop_test(tests, killed_primary_10000_keys_no_error_no_miss, 0, 2);
    tcase_add_test(tests, killed_primary_all_verbs_go_on);
    tcase_add_test(tests, killed_backup_changes_nothing_but_the_results);
    tcase_add_test(tests, fault_53_both_dead_is_an_error_and_never_a_miss);
    tcase_add_loop_test(tests, killed_primary_one_refused_connect_then_silence, 0, 2);
    tcase_add_test(tests, dead_server_is_probed_with_growing_pauses);
    tcase_add_loop_test(tests, fault_01_refused_then_up_again_after_a_probe, 0, 2);
    tcase_add_loop_test(tests, fault_08_restart_between_calls_is_not_noticed, 0, 2);
    tcase_add_loop_test(tests, fault_08_idle_connection_closed_by_the_server, 0, 2);
    tcase_add_loop_test(tests, fault_08_connection_closed_between_two_reads, 0, 4);
    tcase_add_test(tests, fault_08_memcached_idle_timeout);
    tcase_add_test(tests, two_dead_primaries_of_three);
    return run_tests("killed", tests);
}

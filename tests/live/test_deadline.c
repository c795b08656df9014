/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One deadline for the whole call: with both copies silent, however they are silent, a call ends
 * at its deadline, not before and not long after.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

enum { TIMEOUT_MS = 150, ROUNDS = 5, N_KEYS = 20 };

enum { GET, SET, DELETE, MULTI_GET, N_VERBS };
static const char *const verb_names[N_VERBS] = {"get", "set", "delete", "multi-get"};

enum { PAUSED, DRIPS, DRIPS_AFTER_GREETING, SILENT, NO_CONNECT, N_KINDS };
static const char *const kind_names[N_KINDS] = {"paused", "drips", "drips after its greeting",
                                                "silent", "takes no connection"};

/* ---- Servers that do not answer ----------------------------------------------------------- */

static const fault_rule drip_all = {.match = "", .what = FAULT_DRIP, .ms = 50};
static const fault_rule hang_all = {.match = "", .what = FAULT_HANG};
static const fault_rule drip_commands[] = {
    {.match = "version", .what = FAULT_PASS},
    {.match = "mn", .what = FAULT_PASS},
    {.match = "mg mcp:", .what = FAULT_PASS},
    {.match = "", .what = FAULT_DRIP, .ms = 50},
};

/* The address of one; what it holds under "k" is long enough to drip for seconds. */
static void
bad_server(int kind, char *out, size_t size)
{
    char value[200];
    server *s;
    fault *f;

    if (kind == NO_CONNECT) {
        server_hole(out, size);
        return;
    }
    s = server_tcp(NULL);
    memset(value, 'v', sizeof value);
    for (int i = 0; i < N_KEYS; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%d", i);
        server_put(s, key, value, sizeof value, 0, 0);
    }
    if (kind == PAUSED) {
        server_pause(s);
        snprintf(out, size, "%s", s->address);
        return;
    }
    f = fault_tcp(s);
    if (kind == DRIPS)
        fault_rule_one(f, &drip_all);
    else if (kind == SILENT)
        fault_rule_one(f, &hang_all);
    else
        fault_rules(f, drip_commands, 4);
    snprintf(out, size, "%s", fault_address(f));
}

/* ---- Measuring ---------------------------------------------------------------------------- */

static void
failed_by_the_network(mcp_status status, const char *what)
{
    ck_assert_msg(status <= -200 && status > -300, "%s: %s", what, mcp_strstatus(status));
}

static void
multi_get(mcp_client *c)
{
    mcp_request q[N_KEYS];
    mcp_result r[N_KEYS];
    char keys[N_KEYS][16];

    for (int i = 0; i < N_KEYS; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        q[i] = client_request(MCP_GET, keys[i]);
        r[i] = (mcp_result)MCP_RESULT_INIT;
    }
    ck_assert_uint_eq(mcp_batch(c, q, r, N_KEYS), N_KEYS);
    for (int i = 0; i < N_KEYS; i++) {
        failed_by_the_network(r[i].status, "multi-get");
        ck_assert_uint_eq(r[i].value_len, 0);
    }
}

/* Microseconds that one call took. */
static int64_t
time_call(mcp_client *c, int verb)
{
    int64_t start = now_us();

    if (verb == GET)
        failed_by_the_network(mcp_get(c, T("k0"), NULL), "get");
    else if (verb == SET)
        failed_by_the_network(mcp_set(c, T("k0"), T("x"), 0, 0), "set");
    else if (verb == DELETE)
        failed_by_the_network(mcp_delete(c, T("k0")), "delete");
    else
        multi_get(c);
    return now_us() - start;
}

static int
by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void
judge(int64_t *took, size_t n, int timeout_ms, const char *what)
{
    int64_t deadline = timeout_ms * 1000;

    qsort(took, n, sizeof *took, by_size);
    ck_assert_msg(took[0] >= deadline - 5000, "%s: ended after %d us of %d", what, (int)took[0],
                  (int)deadline);
    ck_assert_msg(took[n / 2] <= deadline + client_slack(20) * 1000,
                  "%s: in the median %d us of %d", what, (int)took[n / 2], (int)deadline);
    ck_assert_msg(took[n - 1] <= deadline + client_slack(100) * 1000, "%s: at worst %d us of %d",
                  what, (int)took[n - 1], (int)deadline);
}

static void
describe(char *out, size_t size, int kind, int verb, const char *how)
{
    snprintf(out, size, "%s, both copies %s, %s", verb_names[verb], kind_names[kind], how);
}

START_TEST(both_copies_silent_fresh_clients)
{
    int kind = _i / N_VERBS;
    int verb = _i % N_VERBS;
    int64_t took[ROUNDS];
    char address[2][64];
    char what[120];

    bad_server(kind, address[0], 64);
    bad_server(kind, address[1], 64);
    for (int i = 0; i < ROUNDS; i++) {
        mcp_client *c =
            client_open("server=%s backup=%s timeout=%dms", address[0], address[1], TIMEOUT_MS);

        took[i] = time_call(c, verb);
        mcp_close(c);
    }
    describe(what, sizeof what, kind, verb, "fresh clients");
    judge(took, ROUNDS, TIMEOUT_MS, what);
}
END_TEST

START_TEST(both_copies_silent_the_same_client_again)
{
    int kind = _i / N_VERBS;
    int verb = _i % N_VERBS;
    int64_t took[ROUNDS];
    char address[2][64];
    char what[120];
    mcp_client *c;

    bad_server(kind, address[0], 64);
    bad_server(kind, address[1], 64);
    c = client_open("server=%s backup=%s timeout=%dms", address[0], address[1], TIMEOUT_MS);
    for (int i = 0; i < ROUNDS; i++)
        took[i] = time_call(c, verb);
    mcp_close(c);
    describe(what, sizeof what, kind, verb, "the same client");
    judge(took, ROUNDS, TIMEOUT_MS, what);
}
END_TEST

/* They fall silent under a client that has used them: the connections are warm. */
START_TEST(both_copies_fall_silent_under_a_warm_client)
{
    server *p = server_tcp(NULL);
    server *b = server_unix(NULL);
    int64_t took[3];

    for (int i = 0; i < 3; i++) {
        mcp_client *c =
            client_open("server=%s backup=%s timeout=%dms", p->address, b->address, TIMEOUT_MS);

        client_expect(c, mcp_set(c, T("k0"), T("x"), 0, 0), MCP_OK, "set");
        client_reads(c, "k0", "x");
        server_pause(p);
        server_pause(b);
        took[i] = time_call(c, _i);
        mcp_close(c);
        server_continue(p);
        server_continue(b);
        ck_assert(server_look(p, "warm")->found == 0 && server_look(b, "warm")->found == 0);
    }
    judge(took, 3, TIMEOUT_MS, verb_names[_i]);
}
END_TEST

START_TEST(one_server_without_backup)
{
    char address[64];
    int64_t took[ROUNDS];
    char what[120];
    mcp_client *c;

    bad_server(_i, address, sizeof address);
    c = client_open("server=%s timeout=%dms", address, TIMEOUT_MS);
    for (int i = 0; i < ROUNDS; i++)
        took[i] = time_call(c, i % 2 == 0 ? GET : SET);
    mcp_close(c);
    describe(what, sizeof what, _i, GET, "one copy");
    judge(took, ROUNDS, TIMEOUT_MS, what);
}
END_TEST

START_TEST(a_request_may_bring_its_own_deadline)
{
    static const mcp_verb verbs[2] = {MCP_GET, MCP_DELETE};
    char address[64];
    int64_t took[ROUNDS];

    bad_server(PAUSED, address, sizeof address);
    for (int i = 0; i < ROUNDS; i++) {
        mcp_request request = client_request(verbs[i % 2], "k0");
        mcp_client *c = client_open("server=%s timeout=300ms", address);
        int64_t start = now_us();

        request.timeout_ms = 80;
        failed_by_the_network(mcp_call(c, &request, NULL), "own deadline");
        took[i] = now_us() - start;
        mcp_close(c);
    }
    judge(took, ROUNDS, 80, "own deadline");
}
END_TEST

/* ---- Deadlines and signals ---------------------------------------------------------------- */

static volatile sig_atomic_t n_signals;

static void
on_alarm(int number)
{
    (void)number;
    n_signals++;
}

static void
rain_of_signals(int on)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval every = {{0, on ? 700 : 0}, {0, on ? 700 : 0}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

START_TEST(fault_56_signals_neither_shorten_nor_lengthen_a_call)
{
    char address[2][64];
    int64_t took[ROUNDS];
    mcp_client *c;

    bad_server(_i, address[0], 64);
    bad_server(_i, address[1], 64);
    for (int i = 0; i < ROUNDS; i++) {
        c = client_open("server=%s backup=%s timeout=%dms", address[0], address[1], TIMEOUT_MS);
        rain_of_signals(1);
        took[i] = time_call(c, i % N_VERBS);
        rain_of_signals(0);
        mcp_close(c);
    }
    ck_assert_int_gt(n_signals, ROUNDS * 50);
    judge(took, ROUNDS, TIMEOUT_MS, "under signals");
}
END_TEST

START_TEST(fault_56_signals_break_no_call)
{
    server *p = server_tcp(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=5s");
    size_t len = 700000;
    char *value = malloc(len);
    mcp_result r = MCP_RESULT_INIT;

    ck_assert_ptr_nonnull(value);
    memset(value, 's', len);
    rain_of_signals(1);
    for (int i = 0; i < 200; i++) {
        client_expect(c, mcp_set(c, T("big"), value, len, 0, 0), MCP_OK, "set");
        client_expect(c, mcp_get(c, T("big"), &r), MCP_OK, "get");
        ck_assert(r.value_len == len && memcmp(r.value, value, len) == 0);
        ck_assert_int_eq(r.from_backup, 0);
    }
    rain_of_signals(0);
    ck_assert_uint_eq(client_info(c, 0).errors, 0);
    ck_assert_int_gt(n_signals, 20);
    mcp_close(c);
    free(value);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("deadline");

    tcase_add_loop_test(tests, both_copies_silent_fresh_clients, 0, N_KINDS * N_VERBS);
    tcase_add_loop_test(tests, both_copies_silent_the_same_client_again, 0, N_KINDS * N_VERBS);
    tcase_add_loop_test(tests, both_copies_fall_silent_under_a_warm_client, 0, N_VERBS);
    tcase_add_loop_test(tests, one_server_without_backup, 0, N_KINDS);
    tcase_add_test(tests, a_request_may_bring_its_own_deadline);
    tcase_add_loop_test(tests, fault_56_signals_neither_shorten_nor_lengthen_a_call, 0, N_KINDS);
    tcase_add_test(tests, fault_56_signals_break_no_call);
    return run_tests("deadline", tests);
}

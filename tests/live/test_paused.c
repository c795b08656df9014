/* SPDX-License-Identifier: BSD-3-Clause */
/* One server of a pair hangs, in one way or another: one call may feel it, the next ones do not. */
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/relay.h"
#include "support/run.h"
#include "support/wait.h"

enum { TIMEOUT_MS = 500, N_KEYS = 1000 };

static char *
key_at(char *out, int i)
{
    snprintf(out, 32, "user:%06d", i);
    return out;
}

/* One get that must be a hit; the milliseconds it took. */
static int64_t
timed_get(mcp_client *c, const char *key, const char *text)
{
    int64_t start = now_us();

    client_reads(c, key, text);
    return (now_us() - start) / 1000;
}

static int64_t
timed_set(mcp_client *c, const char *key, mcp_result *r)
{
    int64_t start = now_us();

    *r = client_call(c, MCP_SET, key, "new");
    client_expect(c, r->status, MCP_OK, key);
    return (now_us() - start) / 1000;
}

/* A machine that is busy elsewhere makes a call slow now and then; a server that is waited for
 * makes many slow. */
enum { SLOW_MAX = 3 };

static int n_slow;

static int64_t
later(int64_t took, int64_t worst)
{
    if (took > client_slack(20) && ++n_slow <= SLOW_MAX)
        return worst;
    return took > worst ? took : worst;
}

static void
first_then_fast(int64_t first, int64_t worst)
{
    ck_assert_msg(first <= TIMEOUT_MS, "the first call took %d ms", (int)first);
    ck_assert_msg(worst <= client_slack(20), "a later call took %d ms", (int)worst);
}

START_TEST(fault_04_connected_but_silent)
{
    server *p = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=500ms");
    char key[32];
    int64_t first;
    int64_t worst = 0;

    for (int i = 0; i < N_KEYS; i++)
        client_expect(c, mcp_set(c, T(key_at(key, i)), "x", 1, 0, 0), MCP_OK, "set");
    server_pause(p);
    first = timed_get(c, key_at(key, 0), "x");
    for (int i = 0; i < N_KEYS; i++) {
        int64_t took = timed_get(c, key_at(key, i), "x");

        worst = later(took, worst);
    }
    first_then_fast(first, worst);
    /* The hung server got its share of the deadline, no more and no less. */
    ck_assert_int_ge(first, 100);
    ck_assert_int_le(first, 300 + client_slack(50));
    ck_assert_int_ne(client_info(c, 0).state, MCP_STATE_UP);
    ck_assert_uint_ge(client_info(c, 0).timeouts, 1);
    mcp_close(c);
}
END_TEST

/* The same over more than a second: probes are sent all the while and never waited for. */
START_TEST(fault_04_probes_of_a_silent_server_cost_no_call)
{
    server *p = server_tcp(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=300ms retry_min=50ms retry_max=100ms");
    int64_t end;
    int64_t worst = 0;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    server_pause(p);
    (void)timed_get(c, "k", "x");
    for (end = now_ms() + 1500; now_ms() < end;) {
        int64_t took = timed_get(c, "k", "x");

        worst = later(took, worst);
    }
    ck_assert_msg(worst <= client_slack(20), "a later call took %d ms", (int)worst);
    ck_assert_int_ne(client_info(c, 0).state, MCP_STATE_UP);
    server_continue(p);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 5000));
    mcp_close(c);
}
END_TEST

START_TEST(fault_04_writes_to_a_silent_primary_are_unknown_there)
{
    server *p = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=500ms");
    mcp_result r;
    int64_t first;
    int64_t worst = 0;
    char key[32];

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    server_pause(p);
    first = timed_set(c, "k", &r);
    ck_assert_int_eq(r.primary, MCP_COPY_UNKNOWN);
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    for (int i = 0; i < 200; i++) {
        int64_t took = timed_set(c, key_at(key, i), &r);

        worst = later(took, worst);
        ck_assert_int_ne(r.primary, MCP_COPY_OK);
        ck_assert_int_eq(r.backup, MCP_COPY_OK);
        ck_assert(server_holds(b, key, "new"));
    }
    first_then_fast(first, worst);
    client_reads(c, "k", "new");
    mcp_close(c);
}
END_TEST

/* The other copy's answer is looked at while the silent one is waited for: else the share of the
 * deadline begins too late, and with it what strict waits behind the record. */
START_TEST(silent_primary_leaves_time_for_what_strict_waits)
{
    server *p = server_tcp(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=1s view_interval=350ms consistency=strict");
    mcp_result r;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    server_pause(p);
    (void)timed_set(c, "k", &r);
    ck_assert_int_eq(r.primary, MCP_COPY_UNKNOWN);
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    client_reads(c, "k", "new");
    mcp_close(c);
}
END_TEST

START_TEST(silent_backup_costs_one_write_and_no_read)
{
    server *p = server_unix(NULL);
    server *b = server_tcp(NULL);
    mcp_client *c = client_pair(p, b, "timeout=500ms");
    mcp_result r;
    int64_t first;
    int64_t worst = 0;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    server_pause(b);
    ck_assert_int_le(timed_get(c, "k", "x"), client_slack(20));
    first = timed_set(c, "k", &r);
    ck_assert_int_eq(r.primary, MCP_COPY_OK);
    ck_assert_int_eq(r.backup, MCP_COPY_UNKNOWN);
    for (int i = 0; i < 200; i++) {
        int64_t took = timed_set(c, "k", &r) + timed_get(c, "k", "new");

        worst = later(took, worst);
        ck_assert_int_ne(r.backup, MCP_COPY_OK);
    }
    first_then_fast(first, worst);
    mcp_close(c);
}
END_TEST

START_TEST(silent_primary_and_a_delete)
{
    server *p = server_tcp(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=500ms");
    int64_t start;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    server_pause(p);
    start = now_ms();
    client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    ck_assert_int_le(now_ms() - start, TIMEOUT_MS);
    ck_assert(!server_look(b, "k")->found);
    ck_assert_int_eq(mcp_get(c, T("k"), NULL), MCP_NOT_FOUND);
    mcp_close(c);
}
END_TEST

START_TEST(silent_primary_and_a_multi_get)
{
    enum { N = 100 };
    server *s[3] = {server_tcp(NULL), server_tcp(NULL), server_unix(NULL)};
    mcp_client *c = client_open("server=%s server=%s backup=%s timeout=500ms", s[0]->address,
                                s[1]->address, s[2]->address);
    mcp_request q[N];
    mcp_result r[N];
    char keys[N][32];

    for (int i = 0; i < N; i++) {
        key_at(keys[i], i);
        client_expect(c, mcp_set(c, T(keys[i]), T(keys[i]), 0, 0), MCP_OK, "set");
        q[i] = client_request(MCP_GET, keys[i]);
        r[i] = (mcp_result)MCP_RESULT_INIT;
    }
    server_pause(s[0]);
    for (int round = 0; round < 3; round++) {
        int64_t start = now_ms();

        ck_assert_uint_eq(mcp_batch(c, q, r, N), 0);
        ck_assert_int_le(now_ms() - start, round == 0 ? TIMEOUT_MS : client_slack(20));
        for (int i = 0; i < N; i++) {
            ck_assert_int_eq(r[i].status, MCP_OK);
            ck_assert(r[i].value_len == strlen(keys[i]) &&
                      memcmp(r[i].value, keys[i], r[i].value_len) == 0);
            ck_assert(r[i].server == 1 || r[i].server == 2);
        }
    }
    mcp_close(c);
}
END_TEST

START_TEST(fault_02_connections_that_never_come_about)
{
    server *b = server_unix(NULL);
    char hole[40];
    mcp_client *c = client_open("server=%s backup=%s timeout=500ms", server_hole(hole, sizeof hole),
                                b->address);
    mcp_result r;
    int64_t first;
    int64_t worst = 0;

    server_put(b, "k", "x", 1, 0, 0);
    first = timed_get(c, "k", "x");
    for (int i = 0; i < 200; i++) {
        int64_t took = timed_get(c, "k", "x");

        worst = later(took, worst);
    }
    first_then_fast(first, worst);
    ck_assert_int_le(timed_set(c, "k", &r), client_slack(20));
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    ck_assert_int_eq(r.primary, MCP_COPY_FAILED);
    mcp_close(c);
}
END_TEST

START_TEST(fault_40_one_lost_reply_does_not_put_a_server_down)
{
    const fault_rule late = {.match = "mg k", .what = FAULT_DELAY, .ms = 280, .times = 1};
    server *real = server_unix(NULL);
    server *b = server_unix(NULL);
    fault *p = fault_tcp(real);
    mcp_client *c = client_open("server=%s backup=%s timeout=500ms", fault_address(p), b->address);

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    fault_rule_one(p, &late);
    ck_assert_int_le(timed_get(c, "k", "x"), TIMEOUT_MS);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_SUSPECT);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 1000));
    ck_assert_int_le(timed_get(c, "k", "x"), client_slack(20));
    mcp_close(c);
}
END_TEST

START_TEST(fault_41_always_slower_than_its_share_is_down_in_the_end)
{
    server *real = server_unix(NULL);
    server *b = server_unix(NULL);
    relay *p = relay_tcp(real);
    mcp_client *c = client_open("server=%s backup=%s timeout=300ms retry_min=10s retry_max=10s",
                                relay_address(p), b->address);
    int64_t end = now_ms() + 3000;
    int64_t worst = 0;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    relay_delay(p, 180);
    while (client_info(c, 0).state != MCP_STATE_DOWN && now_ms() < end) {
        int64_t took = timed_get(c, "k", "x");

        worst = took > worst ? took : worst;
    }
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_DOWN);
    ck_assert_int_le(worst, 300);
    /* One call and its probes: nothing piles up. */
    ck_assert_uint_le(client_info(c, 0).connects, 8);
    mcp_close(c);
}
END_TEST

START_TEST(fault_38_a_connection_that_was_dropped_silently)
{
    server *real = server_unix(NULL);
    server *b = server_unix(NULL);
    relay *p = relay_tcp(real);
    mcp_client *c = client_open("server=%s backup=%s timeout=300ms", relay_address(p), b->address);

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    relay_set(p, RELAY_HOLE);
    ck_assert_int_le(timed_get(c, "k", "x"), 300);
    relay_set(p, RELAY_PASS);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 2000));
    ck_assert_int_le(timed_get(c, "k", "x"), client_slack(20));
    mcp_close(c);
}
END_TEST

START_TEST(fault_12_late_replies_reach_nobody)
{
    const fault_rule late = {.match = "mg a", .what = FAULT_DELAY, .ms = 250, .times = 1};
    server *real = server_unix(NULL);
    fault *f = fault_tcp(real);
    mcp_client *c = client_open("server=%s timeout=100ms retry_min=10ms retry_max=20ms "
                                "suspect_limit=100",
                                fault_address(f));
    int64_t end;
    int hits = 0;

    client_expect(c, mcp_set(c, T("a"), T("value of a"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_set(c, T("b"), T("value of b"), 0, 0), MCP_OK, "set");
    fault_rule_one(f, &late);
    ck_assert_int_lt(mcp_get(c, T("a"), NULL), -200);
    ck_assert_int_eq(fault_wait_end(f, fault_line_connection(f, "mg a", 0), 500), FAULT_RST);
    for (end = now_ms() + 500; now_ms() < end;) {
        mcp_result r = MCP_RESULT_INIT;

        if (mcp_get(c, T("b"), &r) < 0)
            continue;
        ck_assert_int_eq(r.status, MCP_OK);
        ck_assert_uint_eq(r.value_len, 10);
        ck_assert_int_eq(memcmp(r.value, "value of b", 10), 0);
        hits++;
    }
    ck_assert_int_gt(hits, 10);
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("paused");

    tcase_add_loop_test(tests, fault_04_connected_but_silent, 0, 2);
    tcase_add_test(tests, fault_04_probes_of_a_silent_server_cost_no_call);
    tcase_add_loop_test(tests, fault_04_writes_to_a_silent_primary_are_unknown_there, 0, 2);
    tcase_add_test(tests, silent_primary_leaves_time_for_what_strict_waits);
    tcase_add_test(tests, silent_backup_costs_one_write_and_no_read);
    tcase_add_test(tests, silent_primary_and_a_delete);
    tcase_add_test(tests, silent_primary_and_a_multi_get);
    tcase_add_test(tests, fault_02_connections_that_never_come_about);
    tcase_add_test(tests, fault_40_one_lost_reply_does_not_put_a_server_down);
    tcase_add_test(tests, fault_41_always_slower_than_its_share_is_down_in_the_end);
    tcase_add_test(tests, fault_38_a_connection_that_was_dropped_silently);
    tcase_add_test(tests, fault_12_late_replies_reach_nobody);
    return run_tests("paused", tests);
}

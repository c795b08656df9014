/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a server was found to lack once, by mistake or not: a modern one that was ended while it was
 * greeted is no proxy for long, and whoever refuses a flag of the meta protocol is served in the
 * classic one.
 */
#include "../support/client.h"
#include "../support/fault.h"
#include "../support/run.h"
#include "../support/wait.h"

#include <pthread.h>
#include <stdio.h>

#define LEFT_MS 250  /* so long it is believed that somebody is a proxy who left twice */
#define FLAG_MS 5000 /* and that somebody lacks a flag */

/* ---- ended while it was greeted ----------------------------------------------------------- */

static void *
end_soon(void *context)
{
    wait_ms(300);
    server_kill(context);
    return NULL;
}

/* Its address refuses connections for a moment, so what comes back is greeted in full. */
START_TEST(killed_while_a_fresh_client_greets_it)
{
    server *s = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    pthread_t thread;
    mcp_result r = MCP_RESULT_INIT;
    mcp_client *c = client_open("server=%s timeout=5s retry_min=50ms", s->address);
    server_pause(s);
    ck_assert_int_eq(pthread_create(&thread, NULL, end_soon, s), 0);
    client_expect(c, mcp_get(c, T("k"), &r), MCP_NO_SERVER, "get");
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    server_restart(s);
    int64_t end = now_ms() + client_slack(10000);
    while (mcp_set(c, T("k"), T("abc"), 100, 0) != MCP_OK && now_ms() < end)
        wait_ms(10);
    ck_assert_str_eq(client_info(c, 0).version, "1.6.18");
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    ck_assert(r.ttl > 50 && r.ttl <= 100);
    mcp_close(c);
}
END_TEST

/*
 * Somebody holds its address meanwhile, or it is back at once. Who has left once is greeted in full
 * again; who leaves twice is greeted plainly, works, and is taken for a proxy. Not for long.
 */
START_TEST(whoever_has_left_is_greeted_in_full_again)
{
    int n_left = 1 + _i / 2;
    const fault_rule rules[] = {
        {.match = _i % 2 ? "mg mcp:" : "version",
         .what = FAULT_TEXT_CLOSE,
         .text = "",
         .times = n_left},
        {.match = "mn", .what = FAULT_PASS},
    };
    server *s = server_unix(NULL), *b = server_unix(NULL);
    fault *f = fault_tcp(s);
    mcp_result r = MCP_RESULT_INIT;
    fault_rules(f, rules, 2);
    mcp_client *c =
        _i % 2 == 0 ? client_open("server=%s timeout=5s", fault_address(f))
                    : client_open("server=%s backup=%s timeout=5s", fault_address(f), b->address);
    int64_t began_ms = now_ms();
    client_expect(c, mcp_set(c, T("k"), T("abc"), 300, 0), MCP_OK, "set");
    ck_assert_int_eq(fault_count(f, "set k"), n_left == 2);
    ck_assert_str_eq(client_info(c, 0).version, n_left == 2 ? "" : "1.6.18");
    int64_t end = began_ms + client_slack(20000);
    while (fault_count(f, "mg k") == 0 && now_ms() < end) {
        client_reads(c, "k", "abc");
        wait_ms(10);
    }
    if (n_left == 2)
        ck_assert_int_ge(now_ms() - began_ms, LEFT_MS);
    ck_assert_int_eq(fault_connections(f), n_left == 2 ? 4 : 2);
    ck_assert_str_eq(client_info(c, 0).version, "1.6.18");
    ck_assert_uint_eq(client_info(c, 0).errors, 0);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    ck_assert(r.ttl > 200 && r.ttl <= 300);
    mcp_close(c);
}
END_TEST

/* A proxy leaves again, and nobody but the proxy notices. */
START_TEST(whoever_always_leaves_stays_a_proxy)
{
    const fault_rule rule = {.match = "m", .what = FAULT_TEXT_CLOSE, .text = ""};
    fault *f = fault_tcp(server_unix(NULL));
    fault_rule_one(f, &rule);
    mcp_client *c = client_open("server=%s timeout=5s", fault_address(f));
    client_expect(c, mcp_set(c, T("k"), T("abc"), 0, 0), MCP_OK, "set");
    int64_t began_ms = now_ms(), end = began_ms + client_slack(20000);
    while (fault_connections(f) < 5 && now_ms() < end) {
        client_reads(c, "k", "abc");
        wait_ms(10);
    }
    int64_t found_ms = now_ms();
    ck_assert_int_ge(found_ms - began_ms, LEFT_MS - 50);
    ck_assert_int_eq(fault_connections(f), 5);
    ck_assert_uint_eq(client_info(c, 0).errors, 0);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    while (now_ms() < found_ms + 2 * LEFT_MS) { /* the second time it is believed for longer */
        client_reads(c, "k", "abc");
        wait_ms(50);
    }
    if (now_ms() < found_ms + 3 * LEFT_MS)
        ck_assert_int_eq(fault_connections(f), 5);
    mcp_close(c);
}
END_TEST

/* ---- flags that are refused --------------------------------------------------------------- */

/* With the second one it has run the value as a command. */
static const char *const refusals[] = {
    "CLIENT_ERROR invalid flag\r\n",
    "CLIENT_ERROR invalid flag\r\nERROR\r\n",
    "CLIENT_ERROR invalid or duplicate flag\r\n",
};
#define N_REFUSALS 3

static const struct kind {
    mcp_verb verb;
    const char *meta, *classic;
    const char *left; /* what the key has then; NULL: nothing */
} kinds[] = {
    {MCP_GET, "mg k ", "get k", "5"},      {MCP_SET, "ms k ", "set k ", "new"},
    {MCP_INCR, "ma k ", "incr k ", "6"},   {MCP_DELETE, "md k ", "delete k", NULL},
    {MCP_TOUCH, "mg k ", "touch k ", "5"},
};
#define N_KINDS 5

static mcp_result
ask(mcp_client *c, mcp_verb verb)
{
    mcp_result r = MCP_RESULT_INIT;
    mcp_request q = client_request(verb, "k");
    if (verb == MCP_GET)
        return client_call(c, verb, "k", NULL);
    q.delta = 1;
    if (verb == MCP_SET) {
        q.value = "new";
        q.value_len = 3;
    }
    ck_assert_uint_le(mcp_batch(c, &q, &r, 1), 1);
    return r;
}

/* It is asked once more in the classic protocol, over another connection. */
START_TEST(fault_20_a_refused_flag_is_asked_in_classic)
{
    const struct kind *kind = &kinds[_i % N_KINDS];
    const fault_rule rule = {
        .match = kind->meta, .what = FAULT_TEXT, .text = refusals[_i / N_KINDS % N_REFUSALS]};
    int is_pair = _i / N_KINDS / N_REFUSALS;
    server *s = server_unix(NULL), *b = server_unix(NULL);
    fault *f = fault_tcp(s);
    mcp_client *c = is_pair ? client_open("server=%s backup=%s timeout=5s mirror_verify=off",
                                          fault_address(f), b->address)
                            : client_open("server=%s timeout=5s", fault_address(f));
    client_expect(c, mcp_set(c, T("k"), T("5"), 0, 0), MCP_OK, "set");
    fault_rule_one(f, &rule);
    int n_before = fault_count(f, kind->meta);
    client_expect(c, ask(c, kind->verb).status, MCP_OK, kind->classic);
    ck_assert_int_eq(fault_count(f, kind->meta), n_before + 1);
    ck_assert_int_eq(fault_wait_end(f, 0, 1000), FAULT_RST);
    ck_assert_int_eq(fault_connections(f), 2);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    for (int i = 0; i < 10; i++) {
        if (kind->left != NULL)
            client_reads(c, "k", kind->left);
        else
            client_expect(c, mcp_get(c, T("k"), NULL), MCP_NOT_FOUND, "get");
    }
    for (int i = 0; i <= is_pair; i++) {
        server *one = i == 0 ? s : b;
        ck_assert(kind->left != NULL ? server_holds(one, "k", kind->left)
                                     : !server_look(one, "k")->found);
    }
    ck_assert_int_eq(fault_connections(f), 2);
    ck_assert(!server_look(s, "mcp:s")->found && !server_look(b, "mcp:s")->found);
    mcp_close(c);
}
END_TEST

/* Of many at once only that one is done again in any other way than reads are. */
START_TEST(fault_20_a_refused_flag_in_a_batch)
{
    enum { N = 40 };
    static char keys[N][8];
    static mcp_request q[N];
    static mcp_result r[N];
    const fault_rule rule = {.match = "mg key20", .what = FAULT_TEXT, .text = refusals[_i]};
    fault *f = fault_tcp(server_unix(NULL));
    mcp_client *c = client_open("server=%s timeout=5s", fault_address(f));
    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "key%d", i);
        client_expect(c, mcp_set(c, T(keys[i]), T(keys[i]), 0, 0), MCP_OK, "set");
        q[i] = client_request(MCP_GET, keys[i]);
        r[i] = (mcp_result)MCP_RESULT_INIT;
    }
    fault_rule_one(f, &rule);
    ck_assert_uint_eq(mcp_batch(c, q, r, N), 0);
    for (int i = 0; i < N; i++) {
        client_expect(c, r[i].status, MCP_OK, keys[i]);
        ck_assert_uint_eq(r[i].value_len, strlen(keys[i]));
        ck_assert_int_eq(memcmp(r[i].value, keys[i], r[i].value_len), 0);
    }
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    client_reads(c, "key20", "key20");
    mcp_close(c);
}
END_TEST

/* What the library asks for itself: marks and epochs in the greeting, numbers after a write. */
START_TEST(fault_20_questions_that_are_refused)
{
    static const char *const matches[] = {"mg mcp:s", "mg mcp:e", "mg k "};
    const fault_rule rule = {.match = matches[_i], .what = FAULT_TEXT, .text = refusals[0]};
    server *s = server_unix(NULL), *b = server_unix(NULL);
    fault *f = fault_tcp(s);
    fault_rule_one(f, &rule);
    mcp_client *c = client_open("server=%s backup=%s timeout=5s", fault_address(f), b->address);
    int64_t began_ms = now_ms();
    for (int i = 0; i < 20; i++) {
        client_expect(c, mcp_set(c, T("k"), T("abc"), 0, 0), MCP_OK, "set");
        client_reads(c, "k", "abc");
        mcp_maintain(c);
    }
    /* A write that was under way beside the question is on record, and put right. */
    int64_t end = now_ms() + client_slack(20000);
    while (client_info(c, 0).state != MCP_STATE_UP && now_ms() < end) {
        client_reads(c, "k", "abc");
        mcp_maintain(c);
    }
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    ck_assert_int_le(fault_count(f, matches[_i]), 2 + 2 * (int)((now_ms() - began_ms) / FLAG_MS));
    client_expect(c, mcp_set(c, T("k"), T("new"), 0, 0), MCP_OK, "set");
    ck_assert(server_holds(s, "k", "new") && server_holds(b, "k", "new"));
    ck_assert_int_gt(fault_count(f, "set k"), 0);
    client_reads(c, "k", "new");
    mcp_close(c);
}
END_TEST

/* Where only meta may be spoken it is told, nothing is mixed up, and nobody is down for it. */
START_TEST(fault_20_a_refused_flag_where_classic_is_not_allowed)
{
    const struct kind *kind = &kinds[_i % N_KINDS];
    const fault_rule rule = {.match = kind->meta,
                             .what = FAULT_TEXT,
                             .text = refusals[_i / N_KINDS % N_REFUSALS],
                             .times = 1};
    server *s = server_unix(NULL);
    fault *f = fault_tcp(s);
    mcp_client *c = client_open("server=%s protocol=meta", fault_address(f));
    client_expect(c, mcp_set(c, T("k"), T("5"), 0, 0), MCP_OK, "set");
    fault_rule_one(f, &rule);
    client_expect(c, ask(c, kind->verb).status, MCP_SERVER_ERROR, kind->meta);
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "flag"));
    ck_assert_int_eq(fault_wait_end(f, 0, 1000), FAULT_RST);
    client_reads(c, "k", "5");
    ck_assert_int_ne(client_info(c, 0).state, MCP_STATE_DOWN);
    ck_assert_int_eq(fault_connections(f), 2);
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("doubts");
    tcase_set_timeout(tests, 150);
    tcase_add_loop_test(tests, killed_while_a_fresh_client_greets_it, 0, 2);
    tcase_add_loop_test(tests, whoever_has_left_is_greeted_in_full_again, 0, 4);
    tcase_add_test(tests, whoever_always_leaves_stays_a_proxy);
    tcase_add_loop_test(tests, fault_20_a_refused_flag_is_asked_in_classic, 0,
                        2 * N_KINDS * N_REFUSALS);
    tcase_add_loop_test(tests, fault_20_a_refused_flag_in_a_batch, 0, N_REFUSALS);
    tcase_add_loop_test(tests, fault_20_questions_that_are_refused, 0, 3);
    tcase_add_loop_test(tests, fault_20_a_refused_flag_where_classic_is_not_allowed, 0,
                        N_KINDS * N_REFUSALS);
    return run_tests("doubts", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Submitted requests: every callback exactly once, whatever happens to the request and the client.
 */
#include "async_kit.h"

/* ---- The everyday ------------------------------------------------------------------------- */

START_TEST(stores_and_reads)
{
    told t = ask(MCP_SET, "k", "hello");

    ck_assert_int_eq(t.status, MCP_OK);
    ck_assert(server_holds(p, "k", "hello"));
    ck_assert(server_holds(b, "k", "hello"));
    t = ask(MCP_GET, "k", NULL);
    ck_assert_int_eq(t.status, MCP_OK);
    ck_assert_str_eq(t.value, "hello");
    ck_assert_int_eq(ask(MCP_GET, "none", NULL).status, MCP_NOT_FOUND);
    ck_assert_int_eq(ask(MCP_DELETE, "k", NULL).status, MCP_OK);
    ck_assert_int_eq(ask(MCP_GET, "k", NULL).status, MCP_NOT_FOUND);
}
END_TEST

/* What was handed in may be gone when mcp_submit() returns. */
START_TEST(requests_are_copied)
{
    char *key = strdup("short-lived");
    char *value = malloc(100000);
    mcp_request request = client_request(MCP_SET, key);
    told t = {0};

    memset(value, 'v', 100000);
    request.value = value;
    request.value_len = 100000;
    request.route = key;
    request.route_len = 5;
    ck_assert_int_eq(mcp_submit(c, &request, note, &t, NULL), MCP_OK);
    memset(value, 'x', 100000);
    memset(key, 'x', strlen(key));
    free(value);
    free(key);
    run_out();
    ck_assert_int_eq(t.status, MCP_OK);
    ck_assert_uint_eq(server_look(p, "short-lived")->len, 100000);
    ck_assert_int_eq(server_look(p, "short-lived")->value[99999], 'v');
}
END_TEST

START_TEST(many_at_once)
{
    static told stored[1000];
    static told read[1000];
    char key[32];

    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(submit(MCP_SET, key, key, &stored[i], NULL), MCP_OK);
    }
    run_out();
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(submit(MCP_GET, key, NULL, &read[i], NULL), MCP_OK);
    }
    run_out();
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(stored[i].n, 1);
        ck_assert_int_eq(stored[i].status, MCP_OK);
        ck_assert_int_eq(read[i].n, 1);
        ck_assert_str_eq(read[i].value, key);
    }
}
END_TEST

/* Values far larger than what sockets hold, both ways at once. */
START_TEST(megabytes_both_ways)
{
    enum { N = 12, LEN = 1000000 };
    static told stored[N];
    static told read[N];
    char *value = malloc(LEN);
    char key[32];

    memset(value, 'm', LEN);
    mcp_submit_limit(c, 0, (size_t)64 << 20);
    for (int i = 0; i < N; i++) {
        mcp_request request;

        snprintf(key, sizeof key, "large:%d", i);
        request = client_request(MCP_SET, key);
        request.value = value;
        request.value_len = LEN;
        request.timeout_ms = 20000;
        ck_assert_int_eq(mcp_submit(c, &request, note, &stored[i], NULL), MCP_OK);
        request.verb = MCP_GET;
        request.value_len = 0;
        if (i > 0) {
            snprintf(key, sizeof key, "large:%d", i - 1);
            request.key_len = strlen(key);
        }
        ck_assert_int_eq(mcp_submit(c, &request, note, &read[i], NULL), MCP_OK);
    }
    run_out();
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(stored[i].status, MCP_OK);
        ck_assert_int_eq(read[i].n, 1);
        ck_assert_int_ge(read[i].status, MCP_OK);
        if (read[i].status == MCP_OK)
            ck_assert_uint_eq(read[i].len, LEN);
    }
    free(value);
}
END_TEST

START_TEST(bad_requests_are_refused_at_once)
{
    told t;
    mcp_loop none = MCP_LOOP_INIT;

    ck_assert_int_eq(submit(MCP_GET, "a b", NULL, &t, NULL), MCP_BAD_KEY);
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "a b"));
    ck_assert_uint_eq(mcp_submit_pending(c), 0);
    ck_assert_int_eq(mcp_loop_attach(c, &none), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_loop_attach(c, NULL), MCP_OK);
    ck_assert_ptr_null(loop.client);
    ck_assert_int_eq(submit(MCP_GET, "k", NULL, &t, NULL), MCP_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "loop"));
    ck_assert_int_eq(t.n, 0);
}
END_TEST

/* ---- Beside calls that wait --------------------------------------------------------------- */

START_TEST(calls_that_wait_are_refused_meanwhile)
{
    told t;
    mcp_result r = MCP_RESULT_INIT;
    mcp_request q = client_request(MCP_GET, "k");
    mcp_location where;

    ck_assert_int_eq(submit(MCP_SET, "k", "v", &t, NULL), MCP_OK);
    ck_assert_int_eq(mcp_get(c, T("k"), &r), MCP_BUSY);
    ck_assert_int_eq(r.status, MCP_BUSY);
    ck_assert_uint_eq(mcp_batch(c, &q, &r, 1), 1);
    ck_assert_int_eq(mcp_repair(c, -1, 10, NULL, NULL), MCP_BUSY);
    ck_assert_int_eq(mcp_loop_attach(c, NULL), MCP_BUSY);
    mcp_maintain(c);
    ck_assert_int_eq(mcp_where(c, T("k"), NULL, 0, &where), MCP_OK);
    run_out();
    ck_assert_int_eq(t.status, MCP_OK);
    for (int i = 0; i < 20; i++) { /* taking turns */
        client_reads(c, "k", "v");
        ck_assert_str_eq(ask(MCP_GET, "k", NULL).value, "v");
    }
    ck_assert_uint_eq(mcp_batch(c, &q, &r, 1), 0);
    mcp_maintain(c);
    ck_assert_str_eq(ask(MCP_GET, "k", NULL).value, "v");
}
END_TEST

static void
try_all(void *context, mcp_client *client, mcp_result *result)
{
    mcp_result r = MCP_RESULT_INIT;
    int *n = context;

    ck_assert_int_eq(result->status, MCP_OK);
    ck_assert_int_eq(mcp_get(client, T("k"), &r), MCP_BUSY);
    ck_assert_int_eq(mcp_loop_attach(client, NULL), MCP_BUSY);
    mcp_loop_timer(client);
    mcp_maintain(client);
    ck_assert_int_eq(*(const char *)result->value, 'v');
    ++*n;
}

START_TEST(calls_that_wait_are_refused_inside)
{
    mcp_request q = client_request(MCP_GET, "k");
    int n = 0;

    server_put(p, "k", "v", 1, 0, 0);
    server_put(b, "k", "v", 1, 0, 0);
    ck_assert_int_eq(mcp_submit(c, &q, try_all, &n, NULL), MCP_OK);
    run_out();
    ck_assert_int_eq(n, 1);
}
END_TEST

/* ---- Cancelling --------------------------------------------------------------------------- */

START_TEST(cancelled_ones_are_told_once)
{
    static told t[50];
    uint64_t tickets[50];
    told after;

    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(submit(MCP_SET, "k", "v", &t[i], &tickets[i]), MCP_OK);
    for (int i = 0; i < 50; i += 2) {
        ck_assert_int_eq(mcp_cancel(c, tickets[i]), MCP_OK);
        ck_assert_int_eq(mcp_cancel(c, tickets[i]), MCP_NOT_FOUND);
        ck_assert_int_eq(t[i].n, 0);
    }
    run_out();
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(t[i].n, 1);
        ck_assert_int_eq(t[i].status, i % 2 == 0 ? MCP_CANCELLED : MCP_OK);
        ck_assert_int_eq(mcp_cancel(c, tickets[i]), MCP_NOT_FOUND);
    }
    ck_assert_int_eq(mcp_cancel(c, 0), MCP_NOT_FOUND);
    ck_assert_int_eq(mcp_cancel(c, UINT64_MAX), MCP_NOT_FOUND);
    after = ask(MCP_GET, "k", NULL);
    ck_assert_str_eq(after.value, "v");
}
END_TEST

/* The replies of cancelled requests come late, and are no one else's. */
START_TEST(late_replies_are_nobody_elses)
{
    relay *slow = relay_tcp(p);
    mcp_client *pair = c;
    static told t[20];
    char key[32];
    uint64_t ticket;

    c = client_open("server=%s timeout=5s", relay_address(slow));
    mcp_poll first = loop;
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(ask(MCP_SET, key, key).status, MCP_OK);
    }
    relay_delay(slow, 50);
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(submit(MCP_GET, key, NULL, &t[i], &ticket), MCP_OK);
        mcp_poll_wait(&loop, 0); /* it goes */
        if (i % 3 == 0)
            ck_assert_int_eq(mcp_cancel(c, ticket), MCP_OK);
    }
    run_out();
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(t[i].n, 1);
        ck_assert_int_eq(t[i].status, i % 3 == 0 ? MCP_CANCELLED : MCP_OK);
        if (i % 3 != 0)
            ck_assert_str_eq(t[i].value, key);
    }
    ck_assert_uint_eq(client_info(c, 0).connects, 1);
    mcp_close(c);
    loop = first;
    c = pair;
}
END_TEST

/* ---- Back-pressure ------------------------------------------------------------------------ */

typedef struct feeder {
    int next, n_told, n_full, n_room;
    size_t most;
} feeder;

static void
fed(void *context, mcp_client *client, mcp_result *result)
{
    feeder *f = context;

    (void)client;
    ck_assert_int_eq(result->status, MCP_OK);
    f->n_told++;
}

static void
feed(feeder *f, mcp_client *client)
{
    char key[32];

    for (; f->next < 500; f->next++) {
        snprintf(key, sizeof key, "fed:%d", f->next);
        mcp_request q = client_request(MCP_SET, key);
        q.value = "0123456789";
        q.value_len = 10;
        mcp_status status = mcp_submit(client, &q, fed, f, NULL);
        if (mcp_submit_pending(client) > f->most)
            f->most = mcp_submit_pending(client);
        if (status == MCP_FULL) {
            f->n_full++;
            return;
        }
        ck_assert_int_eq(status, MCP_OK);
    }
}

static void
feed_again(void *context, mcp_client *client)
{
    feeder *f = context;

    f->n_room++;
    feed(f, client);
}

START_TEST(full_is_said_and_room_is_told)
{
    feeder f = {0};

    mcp_submit_limit(c, 10, 0);
    mcp_on_room(c, feed_again, &f);
    feed(&f, c);
    ck_assert_int_eq(f.next, 10);
    ck_assert_int_eq(f.n_full, 1);
    run_out();
    ck_assert_int_eq(f.n_told, 500);
    ck_assert_int_eq(f.n_room, f.n_full);
    ck_assert_uint_eq(f.most, 10);
}
END_TEST

START_TEST(bytes_are_limited_too)
{
    char large[5000];
    told t[4];
    mcp_request q = client_request(MCP_SET, "large");

    memset(large, 'l', sizeof large);
    memset(t, 0, sizeof t);
    q.value = large;
    q.value_len = sizeof large;
    mcp_submit_limit(c, 0, 4000);
    ck_assert_int_eq(mcp_submit(c, &q, note, &t[0], NULL), MCP_OK); /* alone */
    q.value_len = 10;
    ck_assert_int_eq(mcp_submit(c, &q, note, &t[1], NULL), MCP_FULL);
    run_out();
    ck_assert_int_eq(mcp_submit(c, &q, note, &t[1], NULL), MCP_OK);
    ck_assert_int_eq(mcp_submit(c, &q, note, &t[2], NULL), MCP_OK);
    q.value_len = 3990;
    ck_assert_int_eq(mcp_submit(c, &q, note, &t[3], NULL), MCP_FULL);
    run_out();
    ck_assert_int_eq(t[0].n + t[1].n + t[2].n, 3);
    ck_assert_int_eq(t[3].n, 0);
}
END_TEST

/* ---- Callbacks that act ------------------------------------------------------------------- */

typedef struct chain {
    int n_told;
    int left;
    uint64_t other; /* a ticket to be cancelled */
    told *cancelled;
} chain;

static void
go_on(void *context, mcp_client *client, mcp_result *result)
{
    chain *ch = context;
    mcp_request q = client_request(ch->left % 2 ? MCP_SET : MCP_GET, "chain");

    ck_assert_int_eq(result->status, MCP_OK);
    q.value = "v";
    q.value_len = ch->left % 2 ? 1 : 0;
    ch->n_told++;
    if (--ch->left > 0)
        ck_assert_int_eq(mcp_submit(client, &q, go_on, ch, NULL), MCP_OK);
}

START_TEST(callbacks_submit)
{
    chain ch = {.left = 101};
    mcp_request q = client_request(MCP_SET, "chain");

    ck_assert_int_eq(mcp_submit(c, &q, go_on, &ch, NULL), MCP_OK);
    run_out();
    ck_assert_int_eq(ch.n_told, 101);
}
END_TEST

static void
cancel_other(void *context, mcp_client *client, mcp_result *result)
{
    chain *ch = context;

    (void)result;
    ch->n_told++;
    ck_assert_int_eq(mcp_cancel(client, ch->other), MCP_OK);
    ck_assert_int_eq(ch->cancelled->n, 0);
}

START_TEST(callbacks_cancel)
{
    fault *slow = fault_tcp(p);
    const fault_rule late = {.match = "mg waits", .what = FAULT_DELAY, .ms = 200};
    mcp_client *pair = c;
    mcp_poll first = loop;
    told t;
    chain ch = {.cancelled = &t};
    mcp_request q = client_request(MCP_GET, "quick");

    c = client_open("server=%s timeout=5s", fault_address(slow));
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    fault_rules(slow, &late, 1);
    ck_assert_int_eq(mcp_submit(c, &q, cancel_other, &ch, NULL), MCP_OK);
    ck_assert_int_eq(submit(MCP_GET, "waits", NULL, &t, &ch.other), MCP_OK);
    run_out();
    ck_assert_int_eq(ch.n_told, 1);
    ck_assert_int_eq(t.n, 1);
    ck_assert_int_eq(t.status, MCP_CANCELLED);
    mcp_close(c);
    c = pair;
    loop = first;
}
END_TEST

static void
close_it(void *context, mcp_client *client, mcp_result *result)
{
    mcp_request q = client_request(MCP_GET, "k");
    int *n = context;

    ck_assert_int_eq(result->status, MCP_OK);
    mcp_close(client);
    mcp_close(client);
    ck_assert_int_eq(mcp_submit(client, &q, close_it, context, NULL), MCP_BUSY);
    ck_assert_int_eq(*(const char *)result->value, 'v'); /* still there */
    ++*n;
}

START_TEST(callbacks_close)
{
    static told t[30];
    mcp_request q = client_request(MCP_GET, "k");
    int n = 0;

    ck_assert_int_eq(ask(MCP_SET, "k", "v").status, MCP_OK);
    ck_assert_int_eq(mcp_submit(c, &q, close_it, &n, NULL), MCP_OK);
    for (int i = 0; i < 30; i++)
        ck_assert_int_eq(submit(MCP_GET, "k", NULL, &t[i], NULL), MCP_OK);
    run_out();
    c = NULL;
    ck_assert_int_eq(n, 1);
    ck_assert_ptr_null(loop.client);
    for (int i = 0; i < 30; i++) {
        ck_assert_int_eq(t[i].n, 1);
        ck_assert_int_eq(t[i].status, MCP_CANCELLED);
    }
}
END_TEST

START_TEST(close_tells_everybody)
{
    static told t[30];

    for (int i = 0; i < 30; i++)
        ck_assert_int_eq(submit(MCP_SET, "k", "v", &t[i], NULL), MCP_OK);
    mcp_poll_wait(&loop, 0);
    mcp_close(c);
    ck_assert_ptr_null(loop.client);
    c = NULL;
    for (int i = 0; i < 30; i++) {
        ck_assert_int_eq(t[i].n, 1);
        ck_assert(t[i].status == MCP_CANCELLED || t[i].status == MCP_OK);
    }
}
END_TEST

int
main(void)
{
    TCase *tests = async_case("async");

    tcase_add_test(tests, stores_and_reads);
    tcase_add_test(tests, requests_are_copied);
    tcase_add_test(tests, many_at_once);
    tcase_add_test(tests, megabytes_both_ways);
    tcase_add_test(tests, bad_requests_are_refused_at_once);
    tcase_add_test(tests, calls_that_wait_are_refused_meanwhile);
    tcase_add_test(tests, calls_that_wait_are_refused_inside);
    tcase_add_test(tests, cancelled_ones_are_told_once);
    tcase_add_test(tests, late_replies_are_nobody_elses);
    tcase_add_test(tests, full_is_said_and_room_is_told);
    tcase_add_test(tests, bytes_are_limited_too);
    tcase_add_test(tests, callbacks_submit);
    tcase_add_test(tests, callbacks_cancel);
    tcase_add_test(tests, callbacks_close);
    tcase_add_test(tests, close_tells_everybody);
    return run_tests("async", tests);
}

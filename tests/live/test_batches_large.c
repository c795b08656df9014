/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thousand values of a megabyte in one batch, over both kinds of socket: neither side may wait
 * for the other to read first, and the client holds no more than what it hands out. Each test is a
 * process of its own, so that what the system says it took is what the batch took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "counted.h"
#include "support/client.h"
#include "support/run.h"

enum { MEGABYTE = 1000000, N = 1000, N_KEYS = 8 };

/* What the client has on its own account beside values: buffers of a connection, its lists. */
#define OWN_MOST ((size_t)8 * MEGABYTE)

static char keys[N_KEYS][16];
static char *values[N_KEYS];
static mcp_request *requests;
static mcp_result *results;
static mcp_client *c;

/* _i 0: a unix socket; 1: TCP. */
static void
start(int i)
{
    static const char extra[] = "-m 128 -I 2m";
    server *p = i == 0 ? server_unix(extra) : server_tcp(extra);
    server *b = i == 0 ? server_unix(extra) : server_tcp(extra);
    char options[400], why[200] = "";

    snprintf(options, sizeof options, "server=%s backup=%s timeout=50s", p->address, b->address);
    c = mcp_open_with(options, &counting, why, sizeof why);
    ck_assert_msg(c != NULL, "%s", why);
    requests = calloc(N, sizeof *requests);
    results = calloc(N, sizeof *results);
    for (int k = 0; k < N_KEYS; k++) {
        snprintf(keys[k], sizeof keys[k], "large:%d", k);
        values[k] = malloc(MEGABYTE);
        memset(values[k], 'a' + k, MEGABYTE);
        client_expect(c, mcp_set(c, T(keys[k]), values[k], MEGABYTE, 0, 0), MCP_OK, "set");
    }
}

static void
stop(void)
{
    ck_assert_uint_eq(client_info(c, 0).connects, 1);
    ck_assert_uint_eq(client_info(c, 1).connects, 1);
    mcp_close(c);
    ck_assert_uint_eq(used, 0);
    for (int k = 0; k < N_KEYS; k++)
        free(values[k]);
    free(requests);
    free(results);
}

/* Every `n_th` one reads, the others write; 0: none reads. */
static void
fill(size_t n_th)
{
    for (size_t i = 0; i < N; i++) {
        int reads = n_th != 0 && i % n_th == 0;
        requests[i] = client_request(reads ? MCP_GET : MCP_SET, keys[i % N_KEYS]);
        requests[i].value = reads ? NULL : values[i % N_KEYS];
        requests[i].value_len = reads ? 0 : MEGABYTE;
        results[i] = (mcp_result)MCP_RESULT_INIT;
    }
}

static size_t
taken(void)
{
    struct rusage usage;

    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return (size_t)usage.ru_maxrss * 1024;
}

/* All are done, and the values are their keys'; so much was taken at most. */
static void
run(size_t n_th, size_t values_len)
{
    size_t before = taken();

    fill(n_th);
    ck_assert_uint_eq(mcp_batch(c, requests, results, N), 0);
    for (size_t i = 0; i < N; i++) {
        ck_assert_int_eq(results[i].status, MCP_OK);
        if (requests[i].verb != MCP_GET)
            continue;
        ck_assert_uint_eq(results[i].value_len, MEGABYTE);
        ck_assert_int_eq(memcmp(results[i].value, values[i % N_KEYS], MEGABYTE), 0);
    }
    ck_assert_uint_le(most, values_len + OWN_MOST);
    if (client_slack(1) == 1) /* tools that look at memory take some themselves */
        ck_assert_uint_le(taken() - before, values_len + 2 * OWN_MOST);
}

START_TEST(a_thousand_sets)
{
    start(_i);
    run(0, 0);
    stop();
}
END_TEST

START_TEST(a_thousand_gets)
{
    start(_i);
    run(1, (size_t)N * MEGABYTE);
    stop();
}
END_TEST

START_TEST(a_thousand_of_both)
{
    start(_i);
    run(2, (size_t)N / 2 * MEGABYTE);
    stop();
}
END_TEST

static void
look_at(void *context, size_t index, const mcp_result *result)
{
    ck_assert_int_eq(result->status, MCP_OK);
    ck_assert_uint_eq(result->value_len, MEGABYTE);
    ck_assert_int_eq(memcmp(result->value, values[index % N_KEYS], MEGABYTE), 0);
    ++*(size_t *)context;
}

/* Told one by one they are not kept. */
START_TEST(a_thousand_told_one_by_one)
{
    const void *asked[N];
    size_t n_told = 0;

    start(_i);
    size_t before = taken();
    for (size_t i = 0; i < N; i++)
        asked[i] = keys[i % N_KEYS];
    ck_assert_uint_eq(mcp_mget_each(c, asked, NULL, N, look_at, &n_told), 0);
    ck_assert_uint_eq(n_told, N);
    ck_assert_uint_le(most, OWN_MOST);
    if (client_slack(1) == 1)
        ck_assert_uint_le(taken() - before, 2 * OWN_MOST);
    stop();
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("batches_large");

    tcase_add_loop_test(tests, a_thousand_sets, 0, 2);
    tcase_add_loop_test(tests, a_thousand_gets, 0, 2);
    tcase_add_loop_test(tests, a_thousand_of_both, 0, 2);
    tcase_add_loop_test(tests, a_thousand_told_one_by_one, 0, 2);
    return run_tests("batches_large", tests);
}

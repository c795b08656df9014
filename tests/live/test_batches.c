/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Batches that are large in number or in bytes, and batches of which only a part can be answered;
 * many keys with one call.
 */
#include <stdio.h>
#include <stdlib.h>

#include "counted.h"
#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

enum { MEGABYTE = 1000000, MANY = 100000 };

static char (*keys)[32];
static const void **key_list;
static mcp_request *requests;
static mcp_result *results;

/* `n` keys, a get of each, and room for what comes. */
static void
make(size_t n)
{
    keys = calloc(n, sizeof *keys);
    key_list = calloc(n, sizeof *key_list);
    requests = calloc(n, sizeof *requests);
    results = calloc(n, sizeof *results);
    for (size_t i = 0; i < n; i++) {
        snprintf(keys[i], sizeof keys[i], "batch:%zu", i);
        key_list[i] = keys[i];
        requests[i] = client_request(MCP_GET, keys[i]);
        results[i] = (mcp_result)MCP_RESULT_INIT;
    }
}

static void
setup(void)
{
}

static void
teardown(void)
{
    free(keys);
    free(key_list);
    free(requests);
    free(results);
}

static void
make_sets(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        requests[i].verb = MCP_SET;
        requests[i].value = keys[i];
        requests[i].value_len = strlen(keys[i]);
    }
}

static size_t
count(size_t n, mcp_status status)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += results[i].status == status;
    return found;
}

static int
is_own(size_t i)
{
    return results[i].status == MCP_OK && results[i].value_len == strlen(keys[i]) &&
           memcmp(results[i].value, keys[i], results[i].value_len) == 0;
}

START_TEST(a_hundred_thousand_at_once)
{
    server *p = server_unix("-m 256");
    server *q = server_tcp("-m 256");
    server *b = server_unix("-m 256");
    mcp_client *c = client_open("server=%s server=%s backup=%s timeout=60s mirror_verify=no",
                                p->address, q->address, b->address);

    make(MANY);
    make_sets(MANY);
    ck_assert_uint_eq(mcp_batch(c, requests, results, MANY), 0);
    ck_assert_uint_eq(count(MANY, MCP_OK), MANY);
    ck_assert_uint_ge(server_stat(b, "curr_items"), MANY);
    ck_assert_uint_eq(mcp_mget(c, key_list, NULL, MANY, results), 0);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_msg(is_own(i), "%s", keys[i]);
    mcp_close(c);
}
END_TEST

/*
 * A unix socket holds some 200 kB, and memcached does not read on while it cannot write: whoever
 * sends all requests before he listens stands still for good.
 */
START_TEST(megabytes_through_full_sockets)
{
    enum { N = 120 };
    server *p = server_unix("-m 512 -I 2m");
    mcp_client *c = client_open("server=%s timeout=60s", p->address);
    char *value = malloc(MEGABYTE);

    memset(value, 'v', MEGABYTE);
    make(N);
    ck_assert_int_eq(mcp_set(c, "large", 5, value, MEGABYTE, 0, 0), MCP_OK);
    for (size_t i = 0; i < N; i++) {
        requests[i].verb = i % 2 == 0 ? MCP_GET : MCP_SET;
        requests[i].key = i % 2 == 0 ? "large" : keys[i];
        requests[i].key_len = strlen(requests[i].key);
        requests[i].value = value;
        requests[i].value_len = i % 2 == 0 ? 0 : MEGABYTE;
    }
    ck_assert_uint_eq(mcp_batch(c, requests, results, N), 0);
    ck_assert_uint_eq(count(N, MCP_OK), N);
    for (size_t i = 0; i < N; i += 2) {
        ck_assert_uint_eq(results[i].value_len, MEGABYTE);
        ck_assert_int_eq(memcmp(results[i].value, value, MEGABYTE), 0);
    }
    ck_assert_uint_eq(client_info(c, 0).connects, 1);
    mcp_close(c);
    free(value);
}
END_TEST

/* ---- Parts that fail ---------------------------------------------------------------------- */

START_TEST(a_dead_shard_hides_nothing)
{
    enum { N = 600 };
    server *p = server_unix(NULL);
    server *q = server_tcp(NULL);
    mcp_client *c = client_open("server=%s server=%s timeout=2s", p->address, q->address);
    size_t n_dead = 0;

    make(N);
    make_sets(N);
    ck_assert_uint_eq(mcp_batch(c, requests, results, N), 0);
    server_kill(q);
    requests[3].key_len = 0; /* one that is wrong by itself */
    for (size_t i = 0; i < N; i++)
        requests[i].verb = MCP_GET;
    size_t n_failed = mcp_batch(c, requests, results, N);
    for (size_t i = 0; i < N; i++) {
        mcp_location where;
        ck_assert_int_eq(mcp_where(c, T(keys[i]), NULL, 0, &where), MCP_OK);
        n_dead += where.primary == 1 && i != 3;
        if (i == 3)
            ck_assert_int_eq(results[i].status, MCP_BAD_KEY);
        else if (where.primary == 0)
            ck_assert_msg(is_own(i), "%s: %s", keys[i], mcp_strstatus(results[i].status));
        else
            ck_assert_int_lt(results[i].status, MCP_OK);
    }
    ck_assert_uint_gt(n_dead, 100);
    ck_assert_uint_eq(n_failed, n_dead + 1);
    ck_assert_uint_eq(mcp_mget(c, key_list, NULL, N, results), count(N, MCP_NO_SERVER));
    ck_assert_uint_ge(count(N, MCP_OK), N - n_dead - 1);
    mcp_close(c);
}
END_TEST

/* However many there are, nobody waits longer than one deadline. */
START_TEST(one_deadline_for_all_of_them)
{
    enum { N = 30000 };
    server *p = server_unix(NULL);
    mcp_client *c = client_open("server=%s timeout=400ms", p->address);
    int64_t begin;

    make(N);
    ck_assert_int_eq(mcp_ping(c, 0), MCP_OK);
    server_pause(p);
    begin = now_ms();
    ck_assert_uint_eq(mcp_batch(c, requests, results, N), N);
    ck_assert_int_lt(now_ms() - begin, 400 + client_slack(1000));
    ck_assert_uint_eq(count(N, MCP_TIMEOUT) + count(N, MCP_NO_SERVER), N);
    begin = now_ms();
    ck_assert_uint_eq(mcp_mget(c, key_list, NULL, N, results), N);
    ck_assert_int_lt(now_ms() - begin, 400 + client_slack(1000));
    server_continue(p);
    mcp_close(c);
}
END_TEST

/* Two keys that share no server. */
static void
find_strangers(mcp_client *c, size_t n, size_t found[2], mcp_location where[2])
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            ck_assert_int_eq(mcp_where(c, T(keys[i]), NULL, 0, &where[0]), MCP_OK);
            ck_assert_int_eq(mcp_where(c, T(keys[j]), NULL, 0, &where[1]), MCP_OK);
            found[0] = i;
            found[1] = j;
            if (where[0].primary != where[1].primary && where[0].backup != where[1].backup)
                return;
        }
    }
    ck_abort_msg("all keys share a server");
}

/* A get whose server dies is answered by the other copy, and not only when the rest of its batch,
 * which waits for the deadline, is over. */
START_TEST(what_is_lost_does_not_wait_for_the_rest)
{
    enum { N = 64 };
    server *servers[4];
    size_t found[2];
    mcp_location where[2];
    for (int i = 0; i < 4; i++)
        servers[i] = server_unix(NULL);
    mcp_client *c = client_open("server=%s server=%s backup=%s backup=%s timeout=1s",
                                servers[0]->address, servers[1]->address, servers[2]->address,
                                servers[3]->address);
    make(N);
    find_strangers(c, N, found, where);
    make_sets(N);
    ck_assert_uint_eq(mcp_batch(c, requests, results, N), 0);
    requests[0] = client_request(MCP_GET, keys[found[0]]);
    requests[1] = requests[found[1]];
    ck_assert_uint_eq(mcp_batch(c, requests, results, 2), 0); /* all that is known is of now */
    server_kill(servers[where[0].primary]);
    server_pause(servers[where[1].primary]);
    server_pause(servers[where[1].backup]);
    ck_assert_uint_eq(mcp_batch(c, requests, results, 2), 1);
    ck_assert_int_eq(results[0].status, MCP_OK);
    ck_assert_int_eq(results[0].from_backup, 1);
    ck_assert_int_lt(results[1].status, MCP_OK);
    server_continue(servers[where[1].primary]);
    server_continue(servers[where[1].backup]);
    mcp_close(c);
}
END_TEST

/* ---- Many keys ---------------------------------------------------------------------------- */

typedef struct each {
    int n_told[8];
    mcp_status status[8];
    int n_refused;
    mcp_client *client;
} each;

static void
note(void *context, size_t index, const mcp_result *result)
{
    each *e = context;

    e->n_told[index]++;
    e->status[index] = result->status;
    e->n_refused += mcp_get(e->client, "k", 1, NULL) == MCP_BUSY;
    e->n_refused += mcp_mget_each(e->client, key_list, NULL, 1, note, e) == 1;
    if (result->status == MCP_OK)
        ck_assert_int_eq(memcmp(result->value, "one", 3), 0);
}

START_TEST(many_keys_are_answered_each)
{
    server *p = server_unix(NULL);
    server *q = server_tcp(NULL);
    mcp_client *c = client_open("server=%s server=%s timeout=5s", p->address, q->address);
    static const void *const asked[8] = {"one", "none", "one", "", "a b", NULL, "one", "two"};
    static const size_t lens[8] = {3, 4, 3, 0, 3, 0, 2, 3};
    static const mcp_status wanted[8] = {MCP_OK,      MCP_NOT_FOUND, MCP_OK,        MCP_BAD_KEY,
                                         MCP_BAD_KEY, MCP_BAD_KEY,   MCP_NOT_FOUND, MCP_NOT_FOUND};
    each e = {.client = c};

    make(8);
    ck_assert_int_eq(mcp_set(c, "one", 3, "one", 3, 0, 0), MCP_OK);
    ck_assert_uint_eq(mcp_mget(c, asked, lens, 8, results), 3);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(results[i].status, wanted[i]);
    ck_assert_int_eq(memcmp(results[2].value, "one", 3), 0);
    ck_assert_uint_eq(mcp_mget_each(c, asked, lens, 8, note, &e), 3);
    for (size_t i = 0; i < 8; i++) {
        ck_assert_int_eq(e.n_told[i], 1);
        ck_assert_int_eq(e.status[i], wanted[i]);
    }
    ck_assert_int_eq(e.n_refused, 16);
    ck_assert_uint_eq(mcp_mget(c, asked, lens, 0, NULL), 0);
    mcp_close(c);
}
END_TEST

static void
add_len(void *context, size_t index, const mcp_result *result)
{
    (void)index;
    *(size_t *)context += result->value_len;
}

/* 200 MB come by, and no more than a few values' worth is ever held. */
START_TEST(one_by_one_holds_nothing)
{
    enum { N = 200 };
    server *p = server_unix("-m 512 -I 2m");
    char options[200], why[200] = "";
    char *value = malloc(MEGABYTE);
    size_t sum = 0;

    snprintf(options, sizeof options, "server=%s timeout=60s", p->address);
    mcp_client *c = mcp_open_with(options, &counting, why, sizeof why);
    ck_assert_msg(c != NULL, "%s", why);
    make(N);
    memset(value, 'v', MEGABYTE);
    ck_assert_int_eq(mcp_set(c, "large", 5, value, MEGABYTE, 0, 0), MCP_OK);
    for (size_t i = 0; i < N; i++)
        key_list[i] = "large";
    ck_assert_uint_eq(mcp_mget_each(c, key_list, NULL, N, add_len, &sum), 0);
    ck_assert_uint_eq(sum, (size_t)N * MEGABYTE);
    ck_assert_uint_lt(most, 8 * MEGABYTE);
    mcp_close(c);
    ck_assert_uint_eq(used, 0);
    free(value);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("batches");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_hundred_thousand_at_once);
    tcase_add_test(tests, megabytes_through_full_sockets);
    tcase_add_test(tests, a_dead_shard_hides_nothing);
    tcase_add_test(tests, one_deadline_for_all_of_them);
    tcase_add_test(tests, what_is_lost_does_not_wait_for_the_rest);
    tcase_add_test(tests, many_keys_are_answered_each);
    tcase_add_test(tests, one_by_one_holds_nothing);
    return run_tests("batches", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Several servers: where keys live, before, during and after an outage; addresses of every kind. */
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

enum { N_KEYS = 10000 };

static char *
key_at(char *out, int i)
{
    snprintf(out, 32, "user:%06d", i);
    return out;
}

static void
learn(mcp_client *c, mcp_location *where)
{
    char key[32];

    for (int i = 0; i < N_KEYS; i++) {
        key_at(key, i);
        ck_assert_int_eq(mcp_where(c, T(key), NULL, 0, &where[i]), MCP_OK);
    }
}

START_TEST(a_key_stands_on_its_pair_and_nowhere_else)
{
    const server *s[5];
    mcp_client *c;
    char key[32];
    uint64_t items = 0;

    for (int i = 0; i < 5; i++)
        s[i] = server_unix(NULL);
    c = client_open("server=%s server=%s server=%s backup=%s backup=%s timeout=2s", s[0]->address,
                    s[1]->address, s[2]->address, s[3]->address, s[4]->address);
    ck_assert_int_eq(mcp_server_count(c), 5);
    for (int i = 0; i < 200; i++) {
        mcp_location at;

        key_at(key, i);
        client_expect(c, mcp_set(c, T(key), T(key), 0, 0), MCP_OK, "set");
        ck_assert_int_eq(mcp_where(c, T(key), NULL, 0, &at), MCP_OK);
        ck_assert(at.primary >= 0 && at.primary < 3);
        ck_assert(at.backup >= 3 && at.backup < 5);
        for (int n = 0; n < 5; n++)
            ck_assert_msg(server_holds(s[n], key, key) == (n == at.primary || n == at.backup),
                          "%s and server %d", key, n);
    }
    for (int n = 0; n < 5; n++) {
        uint64_t here = server_stat(s[n], "curr_items");

        /* Its share, give or take what 200 keys scatter. */
        ck_assert_uint_gt(here, n < 3 ? 40 : 60);
        items += here;
        ck_assert_int_eq(client_info(c, n).is_backup, n >= 3);
        ck_assert_str_eq(client_info(c, n).address, s[n]->address);
    }
    ck_assert_uint_eq(items, 400 + 5); /* each has its epoch, and nothing stands */
    mcp_close(c);
}
END_TEST

START_TEST(where_is_the_same_before_during_and_after_an_outage)
{
    server *s[3] = {server_unix(NULL), server_unix(NULL), server_unix(NULL)};
    mcp_client *c = client_open("server=%s server=%s backup=%s retry_min=20ms retry_max=20ms",
                                s[0]->address, s[1]->address, s[2]->address);
    mcp_location *where[3];
    char key[32];

    for (int i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(where[i] = calloc(N_KEYS, sizeof *where[i]));
    learn(c, where[0]);
    for (int i = 0; i < 100; i++) {
        key_at(key, i);
        client_expect(c, mcp_set(c, T(key), T("x"), 0, 0), MCP_OK, "set");
    }
    server_kill(s[0]);
    for (int i = 0; i < 100; i++)
        client_reads(c, key_at(key, i), "x");
    ck_assert_int_ne(client_info(c, 0).state, MCP_STATE_UP);
    learn(c, where[1]);
    server_restart(s[0]);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 3000));
    learn(c, where[2]);
    for (int i = 0; i < N_KEYS; i++)
        for (int n = 1; n < 3; n++) {
            ck_assert_int_eq(where[n][i].primary, where[0][i].primary);
            ck_assert_int_eq(where[n][i].backup, where[0][i].backup);
        }
    for (int i = 0; i < 3; i++)
        free(where[i]);
    mcp_close(c);
}
END_TEST

START_TEST(where_needs_no_server_at_all)
{
    char nobody[3][40];
    mcp_location at = {-5, -5};
    mcp_client *c = client_open("server=%s server=%s backup=%s", server_nobody(nobody[0], 40),
                                server_nobody(nobody[1], 40), server_nobody(nobody[2], 40));

    ck_assert_int_eq(mcp_where(c, T("k"), NULL, 0, &at), MCP_OK);
    ck_assert(at.primary == 0 || at.primary == 1);
    ck_assert_int_eq(at.backup, 2);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(client_info(c, i).contacted, 0);
        ck_assert_uint_eq(client_info(c, i).connects, 0);
    }
    mcp_close(c);
    c = client_open("server=%s", nobody[0]);
    ck_assert_int_eq(mcp_where(c, T("k"), NULL, 0, &at), MCP_OK);
    ck_assert_int_eq(at.backup, -1);
    mcp_close(c);
}
END_TEST

START_TEST(a_route_key_keeps_keys_together)
{
    server *s[3] = {server_unix(NULL), server_unix(NULL), server_unix(NULL)};
    mcp_client *c = client_open("server=%s server=%s server=%s timeout=2s", s[0]->address,
                                s[1]->address, s[2]->address);
    mcp_location group;
    char key[32];

    ck_assert_int_eq(mcp_where(c, T("group"), NULL, 0, &group), MCP_OK);
    for (int i = 0; i < 30; i++) {
        mcp_request request = client_request(MCP_SET, key_at(key, i));
        mcp_location at;

        request.route = "group";
        request.route_len = 5;
        request.value = "x";
        request.value_len = 1;
        client_expect(c, mcp_call(c, &request, NULL), MCP_OK, "set");
        ck_assert_int_eq(mcp_where(c, T(key), T("group"), &at), MCP_OK);
        ck_assert_int_eq(at.primary, group.primary);
        ck_assert(server_holds(s[group.primary], key, "x"));
        request.verb = MCP_GET;
        client_expect(c, mcp_call(c, &request, NULL), MCP_OK, "get");
    }
    mcp_close(c);
}
END_TEST

START_TEST(a_batch_over_many_servers)
{
    enum { N = 1000 };
    server *s[4];
    mcp_client *c;
    mcp_request *q = calloc(N, sizeof *q);
    mcp_result *r = calloc(N, sizeof *r);
    char(*keys)[32] = calloc(N, sizeof *keys);

    for (int i = 0; i < 4; i++)
        s[i] = server_tcp(NULL);
    c = client_open("server=%s server=%s server=%s backup=%s timeout=5s", s[0]->address,
                    s[1]->address, s[2]->address, s[3]->address);
    for (int i = 0; i < N; i++) {
        q[i] = client_request(MCP_SET, key_at(keys[i], i));
        q[i].value = keys[i];
        q[i].value_len = strlen(keys[i]);
        r[i] = (mcp_result)MCP_RESULT_INIT;
    }
    ck_assert_uint_eq(mcp_batch(c, q, r, N), 0);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(r[i].status, MCP_OK);
        ck_assert_int_eq(r[i].backup, MCP_COPY_OK);
        q[i].verb = MCP_GET;
    }
    ck_assert_uint_eq(server_stat(s[3], "curr_items"), N + 1); /* and its epoch */
    server_kill(s[1]);
    ck_assert_uint_eq(mcp_batch(c, q, r, N), 0);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(r[i].status, MCP_OK);
        ck_assert_uint_eq(r[i].value_len, strlen(keys[i]));
        ck_assert_int_eq(memcmp(r[i].value, keys[i], r[i].value_len), 0);
    }
    mcp_close(c);
    free(keys);
    free(q);
    free(r);
}
END_TEST

START_TEST(fault_85_batches_with_repeated_keys_and_many_bytes)
{
    enum { N = 400, SIZE = 20000 };
    server *s = server_tcp("-m 128");
    mcp_client *c = client_open("server=%s timeout=10s", s->address);
    mcp_request *q = calloc(N, sizeof *q);
    mcp_result *r = calloc(N, sizeof *r);
    char *value = malloc(SIZE);

    /* 8 MB each way on one connection: neither side may wait for the other to read first. */
    memset(value, 'v', SIZE);
    for (int i = 0; i < N; i++) {
        q[i] = client_request(i % 2 == 0 ? MCP_SET : MCP_GET, i % 4 < 2 ? "a" : "b");
        q[i].value = value;
        q[i].value_len = SIZE;
        r[i] = (mcp_result)MCP_RESULT_INIT;
    }
    ck_assert_uint_eq(mcp_batch(c, q, r, N), 0);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(r[i].status, MCP_OK);
        if (i % 2 == 1)
            ck_assert(r[i].value_len == SIZE && memcmp(r[i].value, value, SIZE) == 0);
    }
    mcp_close(c);
    free(value);
    free(q);
    free(r);
}
END_TEST

/* ---- Addresses ---------------------------------------------------------------------------- */

static void
works(const char *address)
{
    mcp_client *c = client_open("server=%s timeout=2s", address);

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, address);
    client_reads(c, "k", "x");
    mcp_close(c);
}

START_TEST(addresses_of_every_kind)
{
    server *unix_server = server_unix(NULL);
    server *tcp = server_tcp(NULL);
    char name[64];

    works(unix_server->address);
    works(tcp->address);
    snprintf(name, sizeof name, "localhost:%d", tcp->port);
    works(name);
}
END_TEST

START_TEST(fault_95_ipv6)
{
    server *six;
    char name[64];

    if (!server_has_ipv6())
        return;
    six = server_tcp6(NULL);
    works(six->address);
    snprintf(name, sizeof name, "[::ffff:127.0.0.1]:%d", server_tcp(NULL)->port);
    works(name);
}
END_TEST

START_TEST(fault_96_unix_sockets_that_are_not_there)
{
    char long_path[160];
    char path[108];
    char why[200];
    mcp_client *c;
    server *s;

    memset(long_path, 'p', sizeof long_path);
    memcpy(long_path, "server=unix:/", 13);
    long_path[13 + 107] = '\0';
    ck_assert_ptr_null(mcp_open(long_path, why, sizeof why));
    ck_assert_uint_gt(strlen(why), 10);
    c = client_open("server=unix:%s", run_path(path, sizeof path, ".none"));
    client_expect(c, mcp_get(c, T("k"), NULL), MCP_NO_SERVER, "missing");
    mcp_close(c);
    /* A socket file whose server is dead refuses, as row 1. */
    s = server_unix(NULL);
    server_kill(s);
    c = client_open("server=%s", s->address);
    client_expect(c, mcp_get(c, T("k"), NULL), MCP_NO_SERVER, "stale");
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_DOWN);
    mcp_close(c);
}
END_TEST

START_TEST(fault_88_bad_options_are_refused_with_the_word)
{
    static const char *const bad[] = {"",
                                      "server=",
                                      "server=a:0",
                                      "server=a:65536",
                                      "server=a:b",
                                      "server=a:11211x",
                                      "server=[::1",
                                      "server=[::1]x",
                                      "server=a server=a",
                                      "server=a timeout=0ms",
                                      "server=a timeout=-5ms",
                                      "server=a timeout=5",
                                      "server=a timeout=99999999999ms",
                                      "server=a timeout=2s timeout=3s",
                                      "server=a nonsense=1",
                                      "server=a/?0",
                                      "server=a weight=1001",
                                      "backup=a",
                                      "server=unix:",
                                      "server=a distribution=what",
                                      "server=\"a"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char why[200] = "";

        ck_assert_msg(mcp_open(bad[i], why, sizeof why) == NULL, "\"%s\" was taken", bad[i]);
        ck_assert_msg(strlen(why) > 10, "\"%s\": \"%s\" says too little", bad[i], why);
        memset(why, 'x', sizeof why);
        ck_assert_ptr_null(mcp_open(bad[i], why, 8));
        ck_assert_uint_lt(strnlen(why, sizeof why), 8);
        ck_assert_ptr_null(mcp_open(bad[i], NULL, 0));
    }
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("cluster");

    tcase_add_test(tests, a_key_stands_on_its_pair_and_nowhere_else);
    tcase_add_test(tests, where_is_the_same_before_during_and_after_an_outage);
    tcase_add_test(tests, where_needs_no_server_at_all);
    tcase_add_test(tests, a_route_key_keeps_keys_together);
    tcase_add_test(tests, a_batch_over_many_servers);
    tcase_add_test(tests, fault_85_batches_with_repeated_keys_and_many_bytes);
    tcase_add_test(tests, addresses_of_every_kind);
    tcase_add_test(tests, fault_95_ipv6);
    tcase_add_test(tests, fault_96_unix_sockets_that_are_not_there);
    tcase_add_test(tests, fault_88_bad_options_are_refused_with_the_word);
    return run_tests("cluster", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Three servers, two clients with the same placement: libmemcached (1.1.4, Debian 12) and this
 * library. Each reads what the other wrote: values, flags, counters, expiry, verbs, in both
 * directions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmemcached/memcached.h>

#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

enum { LARGEST = 1000000 };

enum { N_SERVERS = 3 };

static server *servers[N_SERVERS];
static mcp_client *ours;
static memcached_st *theirs;

/* _i 0: unix socket, text; 1: TCP, text; 2: TCP, libmemcached's binary protocol. */
static void
start(int kind)
{
    theirs = memcached_create(NULL);
    ck_assert_ptr_nonnull(theirs);
    for (size_t i = 0; i < N_SERVERS; i++) {
        server *s = servers[i] = kind == 0 ? server_unix(NULL) : server_tcp(NULL);
        ck_assert_int_eq(kind == 0 ? memcached_server_add_unix_socket(theirs, s->path)
                                   : memcached_server_add(theirs, "127.0.0.1", (in_port_t)s->port),
                         MEMCACHED_SUCCESS);
    }
    ours = client_open("server=%s server=%s server=%s distribution=modula timeout=5s",
                       servers[0]->address, servers[1]->address, servers[2]->address);
    if (kind == 2)
        ck_assert_int_eq(memcached_behavior_set(theirs, MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, 1),
                         MEMCACHED_SUCCESS);
    ck_assert_int_eq(memcached_behavior_set(theirs, MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1),
                     MEMCACHED_SUCCESS);
}

static void
stop(void)
{
    memcached_free(theirs);
    mcp_close(ours);
}

/* ---- Both ways to read and to write ------------------------------------------------------- */

static void
they_set(const char *key, const char *value, size_t len, time_t ttl, uint32_t flags)
{
    memcached_return_t rc = memcached_set(theirs, key, strlen(key), value, len, ttl, flags);

    ck_assert_msg(rc == MEMCACHED_SUCCESS, "%s: %s", key, memcached_strerror(theirs, rc));
}

static void
we_set(const char *key, const char *value, size_t len, int64_t ttl, uint32_t flags)
{
    client_expect(ours, mcp_set(ours, T(key), value, len, ttl, flags), MCP_OK, key);
}

static void
they_read(const char *key, const char *value, size_t len, uint32_t flags)
{
    size_t got_len = 0;
    uint32_t got_flags = 0;
    memcached_return_t rc;
    char *got = memcached_get(theirs, key, strlen(key), &got_len, &got_flags, &rc);

    ck_assert_msg(rc == MEMCACHED_SUCCESS, "%s: %s", key, memcached_strerror(theirs, rc));
    ck_assert_uint_eq(got_len, len);
    ck_assert(len == 0 || memcmp(got, value, len) == 0);
    ck_assert_uint_eq(got_flags, flags);
    free(got);
}

static void
we_read(const char *key, const char *value, size_t len, uint32_t flags)
{
    mcp_result r = MCP_RESULT_INIT;

    client_expect(ours, mcp_get(ours, T(key), &r), MCP_OK, key);
    ck_assert_uint_eq(r.value_len, len);
    ck_assert(len == 0 || memcmp(r.value, value, len) == 0);
    ck_assert_uint_eq(r.flags, flags);
}

static int
they_miss(const char *key)
{
    return memcached_exist(theirs, key, strlen(key)) == MEMCACHED_NOTFOUND;
}

/* The one server that has the key. */
static const held *
look(const char *key)
{
    int n = 0;
    const server *holder = NULL;
    for (size_t i = 0; i < N_SERVERS; i++) {
        if (!server_look(servers[i], key)->found)
            continue;
        holder = servers[i];
        n++;
    }
    ck_assert_int_eq(n, 1);
    return server_look(holder, key);
}

/* ---- The tests ---------------------------------------------------------------------------- */

START_TEST(values_of_all_sizes_both_ways)
{
    static const size_t sizes[] = {0,    1,     2,     255,   256,    1023,   1024,   4095,
                                   4096, 16384, 16385, 65535, 100000, 524288, 524289, LARGEST};
    char *value = malloc(LARGEST);
    char key[32];

    ck_assert_ptr_nonnull(value);
    start(_i);
    for (size_t i = 0; i < LARGEST; i++)
        value[i] = (char)(i * 13 + i / 251);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(key, sizeof key, "size%zu", sizes[i]);
        they_set(key, value, sizes[i], 0, 0);
        we_read(key, value, sizes[i], 0);
        value[0]++;
        we_set(key, value, sizes[i], 0, 0);
        they_read(key, value, sizes[i], 0);
    }
    free(value);
    stop();
}
END_TEST

START_TEST(flags_both_ways)
{
    static const uint32_t flags[] = {0, 1, 16, 65535, 65536, 2147483648U, 4294967295U};

    start(_i);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        they_set("f", "x", 1, 0, flags[i]);
        we_read("f", "x", 1, flags[i]);
        we_set("f", "y", 1, 0, flags[i]);
        they_read("f", "y", 1, flags[i]);
    }
    stop();
}
END_TEST

START_TEST(awkward_values_and_keys_both_ways)
{
    static const char value[] = "\r\nEND\r\nVALUE k 0 1\r\n\0x\r\n";
    char key[251];

    start(_i);
    memset(key, 'K', 250);
    key[249] = '~';
    key[250] = '\0';
    they_set(key, value, sizeof value, 0, 0);
    we_read(key, value, sizeof value, 0);
    we_set("\xe4\xb8\xad", value, sizeof value, 0, 0);
    they_read("\xe4\xb8\xad", value, sizeof value, 0);
    stop();
}
END_TEST

START_TEST(counters_both_ways)
{
    uint64_t number = 0;

    start(_i);
    they_set("n", "10", 2, 0, 0);
    client_expect(ours, mcp_incr(ours, T("n"), 5, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 15);
    ck_assert_int_eq(memcached_increment(theirs, "n", 1, 85, &number), MEMCACHED_SUCCESS);
    ck_assert_uint_eq(number, 100);
    client_expect(ours, mcp_decr(ours, T("n"), 1, &number), MCP_OK, "decr");
    ck_assert_uint_eq(number, 99);
    ck_assert_int_eq(memcached_decrement(theirs, "n", 1, 100, &number), MEMCACHED_SUCCESS);
    ck_assert_uint_eq(number, 0);
    client_expect(ours, mcp_incr_from(ours, T("m"), 1, 7, 0, &number), MCP_OK, "incr");
    they_read("m", "7", 1, 0);
    we_set("w", "18446744073709551615", 20, 0, 0);
    ck_assert_int_eq(memcached_increment(theirs, "w", 1, 1, &number), MEMCACHED_SUCCESS);
    ck_assert_uint_eq(number, 0);
    client_expect(ours, mcp_incr(ours, T("w"), 3, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 3);
    stop();
}
END_TEST

struct expiring {
    const char *a;
    const char *b;
};

static int
both_miss(void *context)
{
    const struct expiring *e = context;

    return they_miss(e->a) && mcp_get(ours, T(e->b), NULL) == MCP_NOT_FOUND;
}

START_TEST(expiry_both_ways)
{
    struct expiring e = {"ours", "theirs"};
    mcp_result r = MCP_RESULT_INIT;
    time_t now = time(NULL);

    start(_i);
    they_set("t", "x", 1, 1000, 0);
    client_expect(ours, mcp_gets(ours, T("t"), &r), MCP_OK, "gets");
    ck_assert(r.ttl <= 1000 && r.ttl >= 998);
    they_set("abs", "x", 1, now + 500, 0);
    client_expect(ours, mcp_gets(ours, T("abs"), &r), MCP_OK, "gets");
    ck_assert(r.ttl <= 501 && r.ttl >= 497);
    they_set("ever", "x", 1, 0, 0);
    client_expect(ours, mcp_gets(ours, T("ever"), &r), MCP_OK, "gets");
    ck_assert_int_eq((int)r.ttl, -1);
    we_set(e.a, "x", 1, 2, 0);
    they_set(e.b, "x", 1, 2, 0);
    ck_assert_int_eq(memcached_touch(theirs, "ever", 4, 300), MEMCACHED_SUCCESS);
    client_expect(ours, mcp_gets(ours, T("ever"), &r), MCP_OK, "gets");
    ck_assert(r.ttl <= 300 && r.ttl >= 298);
    client_expect(ours, mcp_touch(ours, T("ever"), 700), MCP_OK, "touch");
    they_read("ever", "x", 1, 0);
    ck_assert_int_ge(look("ever")->ttl, 698);
    they_read(e.a, "x", 1, 0);
    we_read(e.b, "x", 1, 0);
    ck_assert(wait_until(both_miss, &e, 5000));
    stop();
}
END_TEST

START_TEST(verbs_both_ways)
{
    start(_i);
    ck_assert_int_eq(memcached_add(theirs, T("k"), T("theirs"), 0, 0), MEMCACHED_SUCCESS);
    client_expect(ours, mcp_add(ours, T("k"), T("ours"), 0, 0), MCP_NOT_STORED, "add");
    client_expect(ours, mcp_append(ours, T("k"), T("+ours")), MCP_OK, "append");
    they_read("k", "theirs+ours", 11, 0);
    ck_assert_int_eq(memcached_prepend(theirs, T("k"), T("and "), 0, 0), MEMCACHED_SUCCESS);
    we_read("k", "and theirs+ours", 15, 0);
    client_expect(ours, mcp_prepend(ours, T("k"), T("<")), MCP_OK, "prepend");
    ck_assert_int_eq(memcached_append(theirs, T("k"), T(">"), 0, 0), MEMCACHED_SUCCESS);
    we_read("k", "<and theirs+ours>", 17, 0);
    client_expect(ours, mcp_replace(ours, T("k"), T("replaced"), 0, 4), MCP_OK, "replace");
    they_read("k", "replaced", 8, 4);
    ck_assert_int_eq(memcached_replace(theirs, T("k"), T("again"), 0, 8), MEMCACHED_SUCCESS);
    we_read("k", "again", 5, 8);
    client_expect(ours, mcp_delete(ours, T("k")), MCP_OK, "delete");
    ck_assert(they_miss("k"));
    they_set("k", "x", 1, 0, 0);
    ck_assert_int_eq(memcached_delete(theirs, T("k"), 0), MEMCACHED_SUCCESS);
    ck_assert_int_eq(mcp_get(ours, T("k"), NULL), MCP_NOT_FOUND);
    they_set("k", "x", 1, 0, 0);
    client_expect(ours, mcp_flush(ours, -1, 0), MCP_OK, "flush");
    ck_assert(they_miss("k"));
    stop();
}
END_TEST

/* A token of ours loses against a write of theirs, and the other way round. */
START_TEST(cas_against_each_other)
{
    mcp_result r = MCP_RESULT_INIT;
    uint64_t token;

    start(_i);
    they_set("k", "one", 3, 0, 0);
    client_expect(ours, mcp_gets(ours, T("k"), &r), MCP_OK, "gets");
    token = r.cas;
    they_set("k", "two", 3, 0, 0);
    client_expect(ours, mcp_cas(ours, T("k"), T("three"), 0, 0, token), MCP_EXISTS, "cas");
    client_expect(ours, mcp_gets(ours, T("k"), &r), MCP_OK, "gets");
    token = look("k")->cas;
    client_expect(ours, mcp_cas(ours, T("k"), T("three"), 0, 0, r.cas), MCP_OK, "cas");
    ck_assert_int_eq(memcached_cas(theirs, T("k"), T("four"), 0, 0, token), MEMCACHED_DATA_EXISTS);
    token = look("k")->cas;
    ck_assert_int_eq(memcached_cas(theirs, T("k"), T("four"), 0, 0, token), MEMCACHED_SUCCESS);
    we_read("k", "four", 4, 0);
    stop();
}
END_TEST

START_TEST(multi_get_of_what_the_other_wrote)
{
    enum { N = 300 };
    mcp_request q[N];
    mcp_result r[N];
    char keys[N][16];
    const char *pointers[N];
    size_t lens[N];
    memcached_return_t rc;
    memcached_result_st *one;
    int n = 0;

    start(_i);
    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        pointers[i] = keys[i];
        lens[i] = strlen(keys[i]);
        q[i] = client_request(MCP_GET, keys[i]);
        r[i] = (mcp_result)MCP_RESULT_INIT;
        if (i % 2 == 0)
            they_set(keys[i], keys[i], lens[i], 0, (uint32_t)i);
        else
            we_set(keys[i], keys[i], lens[i], 0, (uint32_t)i);
    }
    ck_assert_uint_eq(mcp_batch(ours, q, r, N), 0);
    for (int i = 0; i < N; i++)
        ck_assert(r[i].status == MCP_OK && r[i].value_len == lens[i] &&
                  memcmp(r[i].value, keys[i], lens[i]) == 0 && r[i].flags == (uint32_t)i);
    ck_assert_int_eq(memcached_mget(theirs, pointers, lens, N), MEMCACHED_SUCCESS);
    while ((one = memcached_fetch_result(theirs, NULL, &rc)) != NULL) {
        ck_assert_uint_eq(memcached_result_length(one), memcached_result_key_length(one));
        ck_assert_int_eq(memcmp(memcached_result_value(one), memcached_result_key_value(one),
                                memcached_result_length(one)),
                         0);
        memcached_result_free(one);
        n++;
    }
    ck_assert_int_eq(n, N);
    for (size_t i = 0; i < N_SERVERS; i++)
        ck_assert_uint_gt(server_stat(servers[i], "curr_items"), N / 10);
    stop();
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("libmemcached");

    tcase_add_loop_test(tests, values_of_all_sizes_both_ways, 0, 3);
    tcase_add_loop_test(tests, flags_both_ways, 0, 3);
    tcase_add_loop_test(tests, awkward_values_and_keys_both_ways, 0, 3);
    tcase_add_loop_test(tests, counters_both_ways, 0, 3);
    tcase_add_loop_test(tests, expiry_both_ways, 0, 3);
    tcase_add_loop_test(tests, verbs_both_ways, 0, 3);
    tcase_add_loop_test(tests, cas_against_each_other, 0, 3);
    tcase_add_loop_test(tests, multi_get_of_what_the_other_wrote, 0, 3);
    return run_tests("libmemcached", tests);
}

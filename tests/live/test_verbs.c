/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every verb on a pair of real servers. After each, both servers are looked at past the library:
 * the mirror is believed when it is seen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

static server *p;
static server *b;
static mcp_client *c;

static void
setup(void)
{
    p = server_unix(NULL);
    b = server_unix(NULL);
    c = client_pair(p, b, "timeout=2s");
}

static void
teardown(void)
{
    mcp_close(c);
}

static void
both_hold(const char *key, const char *text)
{
    ck_assert_msg(server_holds(p, key, text), "primary: %s is not %s", key, text);
    ck_assert_msg(server_holds(b, key, text), "backup: %s is not %s", key, text);
}

static void
neither_holds(const char *key)
{
    ck_assert_msg(!server_look(p, key)->found, "primary still has %s", key);
    ck_assert_msg(!server_look(b, key)->found, "backup still has %s", key);
}

static void
both_have(const char *key, uint32_t flags, int64_t ttl)
{
    const server *const both[2] = {p, b};

    for (int i = 0; i < 2; i++) {
        const held *look = server_look(both[i], key);

        ck_assert(look->found);
        ck_assert_uint_eq(look->flags, flags);
        ck_assert_int_le(look->ttl, ttl);
        ck_assert_int_ge(look->ttl, ttl < 0 ? ttl : ttl - 2);
    }
}

static void
put_both(const char *key, const char *text, uint32_t flags, int64_t ttl)
{
    server_put(p, key, text, strlen(text), flags, ttl);
    server_put(b, key, text, strlen(text), flags, ttl);
}

static void
both_ok(const mcp_result *r)
{
    ck_assert_int_eq(r->status, MCP_OK);
    ck_assert_int_eq(r->primary, MCP_COPY_OK);
    ck_assert_int_eq(r->backup, MCP_COPY_OK);
    ck_assert_int_eq(r->server, 0);
    ck_assert_int_eq(r->from_backup, 0);
}

/* ---- Storing ------------------------------------------------------------------------------ */

START_TEST(mirror_set_with_flags_and_ttl)
{
    mcp_request request = client_request(MCP_SET, "k");
    mcp_result r = MCP_RESULT_INIT;

    request.value = "hello";
    request.value_len = 5;
    request.flags = 4294967295U;
    request.ttl = 300;
    client_expect(c, mcp_call(c, &request, &r), MCP_OK, "set");
    both_ok(&r);
    both_hold("k", "hello");
    both_have("k", 4294967295U, 300);
    client_expect(c, mcp_set(c, T("k"), T("again"), 0, 1), MCP_OK, "set");
    both_hold("k", "again");
    both_have("k", 1, -1);
}
END_TEST

START_TEST(mirror_add)
{
    mcp_result r = client_call(c, MCP_ADD, "k", "first");

    both_ok(&r);
    both_hold("k", "first");
    client_expect(c, mcp_add(c, T("k"), T("second"), 0, 0), MCP_NOT_STORED, "add");
    both_hold("k", "first");
    client_expect(c, mcp_add(c, T("t"), T("x"), 100, 5), MCP_OK, "add");
    both_have("t", 5, 100);
}
END_TEST

/* The primary decides, and the backup is given what it decided, whatever it had. */
START_TEST(mirror_add_is_decided_by_the_primary)
{
    server_put(b, "k", "stray", 5, 0, 0);
    client_expect(c, mcp_add(c, T("k"), T("new"), 0, 0), MCP_OK, "add");
    both_hold("k", "new");
    server_put(p, "only-p", "there", 5, 0, 0);
    client_expect(c, mcp_add(c, T("only-p"), T("new"), 0, 0), MCP_NOT_STORED, "add");
    ck_assert(server_holds(p, "only-p", "there"));
    ck_assert(!server_holds(b, "only-p", "new"));
}
END_TEST

START_TEST(mirror_replace)
{
    mcp_result r;

    client_expect(c, mcp_replace(c, T("k"), T("x"), 0, 0), MCP_NOT_STORED, "replace");
    neither_holds("k");
    put_both("k", "old", 3, 0);
    r = client_call(c, MCP_REPLACE, "k", "new");
    both_ok(&r);
    both_hold("k", "new");
    client_expect(c, mcp_replace(c, T("k"), T("newer"), 60, 9), MCP_OK, "replace");
    both_have("k", 9, 60);
    /* Missing on the primary: not stored, though the backup has something. */
    server_put(b, "stray", "x", 1, 0, 0);
    client_expect(c, mcp_replace(c, T("stray"), T("y"), 0, 0), MCP_NOT_STORED, "replace");
    ck_assert(!server_look(p, "stray")->found);
    ck_assert(!server_holds(b, "stray", "y"));
}
END_TEST

START_TEST(mirror_append_and_prepend_copy_the_result)
{
    client_expect(c, mcp_append(c, T("k"), T("x")), MCP_NOT_STORED, "append");
    client_expect(c, mcp_prepend(c, T("k"), T("x")), MCP_NOT_STORED, "prepend");
    neither_holds("k");
    put_both("k", "mid", 77, 500);
    client_expect(c, mcp_append(c, T("k"), T("-end")), MCP_OK, "append");
    both_hold("k", "mid-end");
    client_expect(c, mcp_prepend(c, T("k"), T("start-")), MCP_OK, "prepend");
    both_hold("k", "start-mid-end");
    both_have("k", 77, 500);
    server_put(b, "k", "something else", 14, 1, 0);
    client_expect(c, mcp_append(c, T("k"), T("!")), MCP_OK, "append");
    both_hold("k", "start-mid-end!");
    both_have("k", 77, 500);
    server_put(p, "never", "a", 1, 2, 0);
    client_expect(c, mcp_append(c, T("never"), T("b")), MCP_OK, "append");
    both_hold("never", "ab");
    both_have("never", 2, -1);
}
END_TEST

START_TEST(mirror_cas)
{
    mcp_result r = MCP_RESULT_INIT;
    uint64_t token;

    put_both("k", "one", 0, 0);
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    token = r.cas;
    client_expect(c, mcp_cas(c, T("k"), T("two"), 90, 6, token), MCP_OK, "cas");
    both_hold("k", "two");
    both_have("k", 6, 90);
    client_expect(c, mcp_cas(c, T("k"), T("three"), 0, 0, token), MCP_EXISTS, "old token");
    both_hold("k", "two");
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    client_expect(c, mcp_cas(c, T("k"), T("three"), 0, 0, r.cas), MCP_NOT_FOUND, "no value");
    neither_holds("k");
}
END_TEST

START_TEST(a_store_hands_out_a_token_for_cas)
{
    mcp_request request = client_request(MCP_SET, "k");
    mcp_result r = MCP_RESULT_INIT;

    request.value = "one";
    request.value_len = 3;
    request.want = MCP_WANT_CAS;
    client_expect(c, mcp_call(c, &request, &r), MCP_OK, "set");
    ck_assert_uint_ne(r.cas, 0);
    client_expect(c, mcp_cas(c, T("k"), T("two"), 0, 0, r.cas), MCP_OK, "cas");
    both_hold("k", "two");
}
END_TEST

/* ---- Counting ----------------------------------------------------------------------------- */

START_TEST(mirror_incr_and_decr)
{
    uint64_t number = 1;

    client_expect(c, mcp_incr(c, T("k"), 1, &number), MCP_NOT_FOUND, "incr");
    neither_holds("k");
    put_both("k", "100", 8, 400);
    client_expect(c, mcp_incr(c, T("k"), 23, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 123);
    both_hold("k", "123");
    client_expect(c, mcp_decr(c, T("k"), 13, &number), MCP_OK, "decr");
    ck_assert_uint_eq(number, 110);
    both_hold("k", "110");
    both_have("k", 8, 400);
}
END_TEST

START_TEST(mirror_incr_from_an_initial_value)
{
    uint64_t number = 0;
    mcp_request request = client_request(MCP_INCR, "r");
    mcp_result r = MCP_RESULT_INIT;

    client_expect(c, mcp_incr_from(c, T("k"), 5, 1000, 200, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 1000);
    both_hold("k", "1000");
    both_have("k", 0, 200);
    client_expect(c, mcp_incr_from(c, T("k"), 5, 1000, 200, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 1005);
    both_hold("k", "1005");
    client_expect(c, mcp_decr_from(c, T("d"), 5, 7, 0, &number), MCP_OK, "decr");
    ck_assert_uint_eq(number, 7);
    both_hold("d", "7");
    both_have("d", 0, -1);
    request.delta = 1;
    request.initial = 3;
    request.with_initial = 1;
    client_expect(c, mcp_call(c, &request, &r), MCP_OK, "incr");
    both_ok(&r);
    ck_assert_uint_eq(r.number, 3);
}
END_TEST

START_TEST(fault_82_counters_wrap_clamp_and_refuse)
{
    uint64_t number = 0;

    put_both("wrap", "18446744073709551615", 0, 0);
    client_expect(c, mcp_incr(c, T("wrap"), 1, &number), MCP_OK, "wrap");
    ck_assert_uint_eq(number, 0);
    put_both("clamp", "5", 0, 0);
    client_expect(c, mcp_decr(c, T("clamp"), 6, &number), MCP_OK, "clamp");
    ck_assert_uint_eq(number, 0);
    both_hold("clamp", "0");
    put_both("text", "abc", 0, 0);
    client_expect(c, mcp_incr(c, T("text"), 1, &number), MCP_NOT_NUMBER, "text");
    client_expect(c, mcp_decr(c, T("text"), 1, &number), MCP_NOT_NUMBER, "text");
    both_hold("text", "abc");
    /* memcached pads with blanks when a number gets shorter. */
    put_both("pad", "100", 0, 0);
    client_expect(c, mcp_decr(c, T("pad"), 1, &number), MCP_OK, "pad");
    ck_assert_uint_eq(number, 99);
    client_expect(c, mcp_incr(c, T("pad"), 1, &number), MCP_OK, "pad");
    ck_assert_uint_eq(number, 100);
    both_hold("pad", "100");
    put_both("big", "1", 0, 0);
    client_expect(c, mcp_incr(c, T("big"), UINT64_MAX - 1, &number), MCP_OK, "big");
    ck_assert_uint_eq(number, UINT64_MAX);
}
END_TEST

/* ---- Deleting, touching, flushing --------------------------------------------------------- */

START_TEST(mirror_delete)
{
    mcp_result r;

    put_both("k", "x", 0, 0);
    r = client_call(c, MCP_DELETE, "k", NULL);
    both_ok(&r);
    neither_holds("k");
    r = client_call(c, MCP_DELETE, "k", NULL);
    ck_assert_int_eq(r.status, MCP_NOT_FOUND);
    ck_assert_int_eq(r.primary, MCP_COPY_OK);
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    server_put(b, "stray", "x", 1, 0, 0);
    (void)mcp_delete(c, T("stray"));
    neither_holds("stray");
    server_put(p, "stray", "x", 1, 0, 0);
    client_expect(c, mcp_delete(c, T("stray")), MCP_OK, "delete");
    neither_holds("stray");
}
END_TEST

START_TEST(mirror_touch_and_gat)
{
    mcp_result r = MCP_RESULT_INIT;

    client_expect(c, mcp_touch(c, T("k"), 100), MCP_NOT_FOUND, "touch");
    client_expect(c, mcp_gat(c, T("k"), 100, &r), MCP_NOT_FOUND, "gat");
    put_both("k", "value", 12, 0);
    client_expect(c, mcp_touch(c, T("k"), 100), MCP_OK, "touch");
    both_hold("k", "value");
    both_have("k", 12, 100);
    client_expect(c, mcp_gat(c, T("k"), 900, &r), MCP_OK, "gat");
    both_ok(&r);
    ck_assert_uint_eq(r.value_len, 5);
    ck_assert_int_eq(memcmp(r.value, "value", 5), 0);
    ck_assert_uint_eq(r.flags, 12);
    both_have("k", 12, 900);
    client_expect(c, mcp_touch(c, T("k"), 0), MCP_OK, "touch");
    both_have("k", 12, -1);
    client_expect(c, mcp_touch(c, T("k"), -1), MCP_OK, "touch");
    neither_holds("k");
}
END_TEST

static int
is_flushed(void *unused)
{
    (void)unused;
    return !server_look(p, "k")->found && !server_look(b, "k")->found;
}

START_TEST(flush_reaches_all_or_one)
{
    put_both("k", "x", 0, 0);
    client_expect(c, mcp_flush(c, 1, 0), MCP_OK, "flush");
    ck_assert(server_holds(p, "k", "x"));
    ck_assert(!server_look(b, "k")->found);
    put_both("k", "x", 0, 0);
    client_expect(c, mcp_flush(c, -1, 0), MCP_OK, "flush");
    neither_holds("k");
    put_both("k", "x", 0, 0);
    client_expect(c, mcp_flush(c, -1, 2), MCP_OK, "flush");
    both_hold("k", "x");
    ck_assert(wait_until(is_flushed, NULL, 5000));
    client_expect(c, mcp_flush(c, 2, 0), MCP_BAD_ARGUMENT, "no such server");
}
END_TEST

/* ---- Reading and asking ------------------------------------------------------------------- */

START_TEST(get_tells_value_flags_and_where_from)
{
    mcp_result r = MCP_RESULT_INIT;

    ck_assert_int_eq(mcp_get(c, T("k"), &r), MCP_NOT_FOUND);
    ck_assert_int_eq(r.primary, MCP_COPY_OK);
    server_put(p, "k", "here", 4, 31, 50);
    client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, "get");
    ck_assert_uint_eq(r.value_len, 4);
    ck_assert_int_eq(memcmp(r.value, "here", 4), 0);
    ck_assert_uint_eq(r.flags, 31);
    ck_assert_int_eq(r.server, 0);
    ck_assert_int_eq(r.primary, MCP_COPY_OK);
    ck_assert_int_eq(r.backup, MCP_COPY_SKIPPED);
    ck_assert_int_eq(r.from_backup, 0);
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    ck_assert_uint_ne(r.cas, 0);
    ck_assert_int_le(r.ttl, 50);
    ck_assert_int_ge(r.ttl, 48);
    server_put(p, "k", "ever", 4, 0, 0);
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    ck_assert_int_eq((int)r.ttl, -1);
}
END_TEST

START_TEST(a_miss_on_the_primary_is_a_miss)
{
    mcp_result r = MCP_RESULT_INIT;

    server_put(b, "k", "only here", 9, 0, 0);
    ck_assert_int_eq(mcp_get(c, T("k"), &r), MCP_NOT_FOUND);
    ck_assert_int_eq(r.server, 0);
}
END_TEST

START_TEST(stats_version_and_ping_of_one_server)
{
    const server *const both[2] = {p, b};
    mcp_result r = MCP_RESULT_INIT;

    for (int i = 0; i < 2; i++) {
        size_t position = 0;
        mcp_stat stat;
        int found = 0;

        client_expect(c, mcp_ping(c, i), MCP_OK, "ping");
        client_expect(c, mcp_version(c, i, &r), MCP_OK, "version");
        ck_assert_uint_gt(r.value_len, 2);
        ck_assert_int_eq(memcmp(r.value, "1.", 2), 0);
        ck_assert_int_eq(r.server, i);
        client_expect(c, mcp_stats(c, i, NULL, &r), MCP_OK, "stats");
        while (mcp_stat_next(&r, &position, &stat))
            if (stat.name_len == 3 && memcmp(stat.name, "pid", 3) == 0)
                found = strtol(stat.value, NULL, 10) == both[i]->pid;
        ck_assert_msg(found, "stats does not tell the pid of server %d", i);
    }
    client_expect(c, mcp_stats(c, 0, "settings", &r), MCP_OK, "stats settings");
    ck_assert_ptr_nonnull(memmem(r.value, r.value_len, "maxbytes", 8));
    client_expect(c, mcp_stats(c, 0, "cachedump 1 10", &r), MCP_OK, "stats of three words");
    ck_assert_int_eq(mcp_stats(c, 0, "cachedump  1 10", &r), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_stats(c, 0, " items", &r), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_stats(c, 0, "items ", &r), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_stats(c, 0, "items\r\nflush_all", &r), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_ping(c, 2), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_ping(c, -1), MCP_BAD_ARGUMENT);
}
END_TEST

/* What a server does not count is told, and costs no connection, in either protocol: nothing that
 * could be taken for a command stands behind the question. */
START_TEST(unknown_stats_cost_no_connection)
{
    mcp_client *clients[2] = {client_pair(p, b, "protocol=meta timeout=2s"),
                              client_pair(p, b, "protocol=classic timeout=2s")};

    for (int i = 0; i < 2; i++) {
        mcp_result r = MCP_RESULT_INIT;
        client_expect(clients[i], mcp_set(clients[i], T("k"), T("v"), 0, 0), MCP_OK, "set");
        ck_assert_int_eq(mcp_stats(clients[i], 0, "nonsense", &r), MCP_UNSUPPORTED);
        ck_assert_ptr_nonnull(
            strstr(mcp_last_error(clients[i])->text, "it has no stats of that name"));
        ck_assert_int_eq(mcp_stats(clients[i], 0, "detail nonsense", &r), MCP_SERVER_ERROR);
        ck_assert_ptr_nonnull(strstr(mcp_last_error(clients[i])->text, "usage: stats detail"));
        client_reads(clients[i], "k", "v");
        client_expect(clients[i], mcp_stats(clients[i], 0, "settings", &r), MCP_OK, "stats");
        ck_assert_ptr_nonnull(memmem(r.value, r.value_len, "maxbytes", 8));
        ck_assert_uint_eq(client_info(clients[i], 0).connects, 1);
        ck_assert_int_eq(client_info(clients[i], 0).state, MCP_STATE_UP);
        mcp_close(clients[i]);
    }
}
END_TEST

START_TEST(namespace_stands_in_front_of_every_key)
{
    mcp_client *n = client_pair(p, b, "namespace=app: timeout=2s");

    client_expect(n, mcp_set(n, T("k"), T("x"), 0, 0), MCP_OK, "set");
    both_hold("app:k", "x");
    client_reads(n, "k", "x");
    ck_assert_int_eq(mcp_get(c, T("k"), NULL), MCP_NOT_FOUND);
    mcp_close(n);
}
END_TEST

START_TEST(result_take_gives_a_copy)
{
    mcp_result r = MCP_RESULT_INIT;

    put_both("k", "mine", 0, 0);
    put_both("other", "xxxxxxxxxx", 0, 0);
    client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, "get");
    ck_assert_int_eq(mcp_result_take(c, &r), MCP_OK);
    client_reads(c, "other", "xxxxxxxxxx");
    ck_assert_str_eq(r.value, "mine");
    mcp_release(c, r.value);
}
END_TEST

START_TEST(a_batch_mixes_verbs_and_misses)
{
    /* No key twice but to read: in which order they run is not defined. */
    mcp_request q[6] = {client_request(MCP_SET, "a"),    client_request(MCP_GET, "b"),
                        client_request(MCP_GET, "none"), client_request(MCP_INCR, "n"),
                        client_request(MCP_DELETE, "d"), client_request(MCP_GET, "b")};
    mcp_result r[6];

    put_both("b", "batch", 0, 0);
    put_both("n", "41", 0, 0);
    put_both("d", "x", 0, 0);
    for (int i = 0; i < 6; i++)
        r[i] = (mcp_result)MCP_RESULT_INIT;
    q[0].value = "batch";
    q[0].value_len = 5;
    q[3].delta = 1;
    ck_assert_uint_eq(mcp_batch(c, q, r, 6), 0);
    ck_assert_int_eq(r[0].status, MCP_OK);
    for (int i = 1; i < 6; i += 4) {
        ck_assert_int_eq(r[i].status, MCP_OK);
        ck_assert_uint_eq(r[i].value_len, 5);
        ck_assert_int_eq(memcmp(r[i].value, "batch", 5), 0);
    }
    ck_assert_int_eq(r[2].status, MCP_NOT_FOUND);
    ck_assert_uint_eq(r[3].number, 42);
    ck_assert_int_eq(r[4].status, MCP_OK);
    both_hold("a", "batch");
    both_hold("n", "42");
    neither_holds("d");
    ck_assert_uint_eq(mcp_batch(c, q, r, 0), 0);
}
END_TEST

/* The server answers the first long before it has read the last: what is unsent does not wait
 * behind what is read. */
enum { MANY = 4000, MANY_LEN = 1000 };

START_TEST(a_batch_larger_than_all_buffers)
{
    static mcp_request q[MANY];
    static mcp_result r[MANY];
    static char keys[MANY][16], value[MANY_LEN];

    memset(value, 'x', sizeof value);
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "many:%d", i);
        q[i] = client_request(MCP_SET, keys[i]);
        q[i].value = value;
        q[i].value_len = sizeof value;
        r[i] = (mcp_result)MCP_RESULT_INIT;
    }
    ck_assert_uint_eq(mcp_batch(c, q, r, MANY), 0);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(r[i].status, MCP_OK);
    ck_assert_uint_eq(server_stat(p, "curr_items"), server_stat(b, "curr_items"));
}
END_TEST

/* However many keys are written at once while a server is away: its marks name each segment once.
 */
START_TEST(a_batch_lists_each_segment_once)
{
    static mcp_request q[MANY];
    static mcp_result r[MANY];
    static char keys[MANY][16];

    client_call(c, MCP_SET, "a", "b");
    server_kill(p);
    client_call(c, MCP_GET, "a", NULL);
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "many:%d", i);
        q[i] = client_request(MCP_SET, keys[i]);
        q[i].value = "x";
        q[i].value_len = 1;
        q[i].timeout_ms = 20000;
        r[i] = (mcp_result)MCP_RESULT_INIT;
    }
    ck_assert_uint_eq(mcp_batch(c, q, r, MANY), 0);
    /* Two entries of 18 bytes, 64 of 21; a few may be there twice. */
    ck_assert_uint_lt(server_look(b, "mcp:m")->len, 2 * (2 * 18 + 64 * 21));
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("verbs");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, mirror_set_with_flags_and_ttl);
    tcase_add_test(tests, mirror_add);
    tcase_add_test(tests, mirror_add_is_decided_by_the_primary);
    tcase_add_test(tests, mirror_replace);
    tcase_add_test(tests, mirror_append_and_prepend_copy_the_result);
    tcase_add_test(tests, mirror_cas);
    tcase_add_test(tests, a_store_hands_out_a_token_for_cas);
    tcase_add_test(tests, mirror_incr_and_decr);
    tcase_add_test(tests, mirror_incr_from_an_initial_value);
    tcase_add_test(tests, fault_82_counters_wrap_clamp_and_refuse);
    tcase_add_test(tests, mirror_delete);
    tcase_add_test(tests, mirror_touch_and_gat);
    tcase_add_test(tests, flush_reaches_all_or_one);
    tcase_add_test(tests, get_tells_value_flags_and_where_from);
    tcase_add_test(tests, a_miss_on_the_primary_is_a_miss);
    tcase_add_test(tests, stats_version_and_ping_of_one_server);
    tcase_add_test(tests, unknown_stats_cost_no_connection);
    tcase_add_test(tests, namespace_stands_in_front_of_every_key);
    tcase_add_test(tests, result_take_gives_a_copy);
    tcase_add_test(tests, a_batch_mixes_verbs_and_misses);
    tcase_add_test(tests, a_batch_larger_than_all_buffers);
    tcase_add_test(tests, a_batch_lists_each_segment_once);
    return run_tests("verbs", tests);
}

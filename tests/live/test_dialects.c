/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers without the meta commands, and proxies: every verb in the classic protocol on a real
 * memcached, how it is found out what a peer speaks, and the promise for pairs that speak classic,
 * or one of each.
 */
#include "../support/client.h"
#include "../support/fault.h"
#include "../support/run.h"
#include "../support/wait.h"

#include <stdio.h>
#include <stdlib.h>

#define STUB_FLAGS 1835233356u

/* A memcached of before the meta commands, as far as this shows. */
static const fault_rule old_rules[] = {
    {.match = "version", .what = FAULT_TEXT, .text = "VERSION 1.4.15\r\n"},
    {.match = "gat", .what = FAULT_TEXT, .text = "ERROR\r\n"},
    {.match = "m", .what = FAULT_TEXT, .text = "ERROR\r\n"},
};
/* A proxy that leaves at everything it does not know. */
static const fault_rule proxy_rules[] = {
    {.match = "gat", .what = FAULT_TEXT_CLOSE, .text = ""},
    {.match = "m", .what = FAULT_TEXT_CLOSE, .text = ""},
};
static const fault_rule older_proxy_rules[] = {
    {.match = "version", .what = FAULT_TEXT_CLOSE, .text = ""},
    {.match = "gat", .what = FAULT_TEXT_CLOSE, .text = ""},
    {.match = "m", .what = FAULT_TEXT_CLOSE, .text = ""},
};
/* A store that has no version. */
static const fault_rule nameless_rules[] = {
    {.match = "version", .what = FAULT_TEXT, .text = "ERROR\r\n"},
    {.match = "gat", .what = FAULT_TEXT, .text = "ERROR\r\n"},
    {.match = "m", .what = FAULT_TEXT, .text = "ERROR\r\n"},
};
static const fault_rule strange_rules[] = {
    {.match = "version", .what = FAULT_TEXT, .text = "VERSION store of mine\r\n"},
    {.match = "gat", .what = FAULT_TEXT, .text = "ERROR\r\n"},
    {.match = "m", .what = FAULT_TEXT, .text = "ERROR\r\n"},
};

static const struct peer {
    const char *name;
    const fault_rule *rules;
    size_t n;
    int connections; /* until it is understood */
    int is_proxy;
} peers[] = {
    {"old", old_rules, 3, 1, 0},
    {"proxy", proxy_rules, 2, 3, 1},
    {"older proxy", older_proxy_rules, 3, 3, 1},
    {"nameless", nameless_rules, 3, 1, 0},
    {"strange", strange_rules, 3, 1, 0},
};
#define N_PEERS (int)(sizeof peers / sizeof peers[0])

/* ---- every verb --------------------------------------------------------------------------- */

static void
stores(mcp_client *c)
{
    mcp_result r = MCP_RESULT_INIT;
    client_expect(c, mcp_set(c, T("k"), T("abc"), 60, 77), MCP_OK, "set");
    client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, "get");
    ck_assert_uint_eq(r.flags, 77);
    client_reads(c, "k", "abc");
    client_expect(c, mcp_add(c, T("k"), T("x"), 0, 0), MCP_NOT_STORED, "add");
    client_expect(c, mcp_add(c, T("new"), T("x"), 0, 0), MCP_OK, "add");
    client_expect(c, mcp_replace(c, T("none"), T("x"), 0, 0), MCP_NOT_STORED, "replace");
    client_expect(c, mcp_replace(c, T("new"), T("y"), 0, 0), MCP_OK, "replace");
    client_reads(c, "new", "y");
    client_expect(c, mcp_append(c, T("k"), T("def")), MCP_OK, "append");
    client_expect(c, mcp_prepend(c, T("k"), T("-")), MCP_OK, "prepend");
    client_reads(c, "k", "-abcdef");
    client_expect(c, mcp_append(c, T("none"), T("x")), MCP_NOT_STORED, "append");
    client_expect(c, mcp_set(c, T("empty"), "", 0, 0, 0), MCP_OK, "set");
    client_reads(c, "empty", "");
    client_expect(c, mcp_set(c, T("gone"), T("x"), -1, 0), MCP_OK, "set");
    client_expect(c, mcp_get(c, T("gone"), &r), MCP_NOT_FOUND, "get");
    client_expect(c, mcp_delete(c, T("new")), MCP_OK, "delete");
    client_expect(c, mcp_delete(c, T("new")), MCP_NOT_FOUND, "delete");
    client_expect(c, mcp_get(c, T("new"), &r), MCP_NOT_FOUND, "get");
}

static void
tokens(mcp_client *c)
{
    mcp_result r = MCP_RESULT_INIT;
    client_expect(c, mcp_set(c, T("k"), T("one"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    ck_assert_int_eq(r.ttl, MCP_TTL_UNKNOWN);
    ck_assert_uint_ne(r.cas, 0);
    uint64_t token = r.cas;
    client_expect(c, mcp_cas(c, T("k"), T("two"), 0, 0, token), MCP_OK, "cas");
    client_expect(c, mcp_cas(c, T("k"), T("three"), 0, 0, token), MCP_EXISTS, "cas");
    client_reads(c, "k", "two");
    client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    client_expect(c, mcp_cas(c, T("k"), T("four"), 0, 0, token), MCP_NOT_FOUND, "cas");
}

static void
counts(mcp_client *c)
{
    uint64_t number = 0;
    client_expect(c, mcp_incr(c, T("n"), 1, &number), MCP_NOT_FOUND, "incr");
    client_expect(c, mcp_incr_from(c, T("n"), 1, 10, 0, &number), MCP_OK, "incr_from");
    ck_assert_uint_eq(number, 10);
    client_expect(c, mcp_incr_from(c, T("n"), 5, 10, 0, &number), MCP_OK, "incr_from");
    ck_assert_uint_eq(number, 15);
    client_expect(c, mcp_decr(c, T("n"), 100, &number), MCP_OK, "decr");
    ck_assert_uint_eq(number, 0);
    client_expect(c, mcp_decr_from(c, T("d"), 1, UINT64_MAX, 60, &number), MCP_OK, "decr_from");
    ck_assert_uint_eq(number, UINT64_MAX);
    client_expect(c, mcp_set(c, T("word"), T("abc"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_incr(c, T("word"), 1, &number), MCP_NOT_NUMBER, "incr");
}

static void
times(mcp_client *c)
{
    mcp_result r = MCP_RESULT_INIT;
    client_expect(c, mcp_set(c, T("t"), T("abc"), 1000, 9), MCP_OK, "set");
    client_expect(c, mcp_touch(c, T("t"), 500), MCP_OK, "touch");
    client_expect(c, mcp_touch(c, T("none"), 500), MCP_NOT_FOUND, "touch");
    client_expect(c, mcp_gat(c, T("t"), 600, &r), MCP_OK, "gat");
    ck_assert(r.value_len == 3 && memcmp(r.value, "abc", 3) == 0);
    ck_assert_uint_eq(r.flags, 9);
    client_expect(c, mcp_gat(c, T("none"), 600, &r), MCP_NOT_FOUND, "gat");
    client_expect(c, mcp_touch(c, T("t"), -1), MCP_OK, "touch");
    client_expect(c, mcp_get(c, T("t"), &r), MCP_NOT_FOUND, "get");
}

static void
large_values(mcp_client *c)
{
    static char value[1 << 21];
    mcp_result r = MCP_RESULT_INIT;
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (char)(i * 7 + i / 251);
    for (size_t len = 1000; len < 900000; len = len * 3 + 1) {
        client_expect(c, mcp_set(c, T("large"), value, len, 0, 0), MCP_OK, "set");
        client_expect(c, mcp_get(c, T("large"), &r), MCP_OK, "get");
        ck_assert_uint_eq(r.value_len, len);
        ck_assert_int_eq(memcmp(r.value, value, len), 0);
    }
    client_expect(c, mcp_set(c, T("large"), value, sizeof value, 0, 0), MCP_TOO_BIG, "set");
    client_expect(c, mcp_get(c, T("large"), &r), MCP_NOT_FOUND, "get");
    client_expect(c, mcp_set(c, T("large"), T("small"), 0, 0), MCP_OK, "set");
    client_reads(c, "large", "small");
}

#define MANY 300

static void
batches(mcp_client *c)
{
    static mcp_request q[MANY];
    static mcp_result r[MANY];
    static char keys[MANY][16];
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "batch%d", i % 100);
        q[i] = client_request(i < 100 ? MCP_SET : MCP_GET, keys[i]);
        if (i < 100) {
            q[i].value = keys[i];
            q[i].value_len = strlen(keys[i]);
        }
        r[i] = (mcp_result)MCP_RESULT_INIT;
    }
    ck_assert_uint_eq(mcp_batch(c, q, r, 100), 0);
    ck_assert_uint_eq(mcp_batch(c, q + 100, r + 100, MANY - 100), 0);
    for (int i = 100; i < MANY; i++) {
        client_expect(c, r[i].status, MCP_OK, keys[i]);
        ck_assert_uint_eq(r[i].value_len, strlen(keys[i]));
        ck_assert_int_eq(memcmp(r[i].value, keys[i], r[i].value_len), 0);
    }
}

static void
leases(mcp_client *c)
{
    mcp_result r = MCP_RESULT_INIT, other = MCP_RESULT_INIT;
    client_expect(c, mcp_get_or_lease(c, T("lease"), 10, 0, &r), MCP_NOT_FOUND, "lease");
    ck_assert_uint_ne(r.cas, 0);
    client_expect(c, mcp_get_or_lease(c, T("lease"), 10, 0, &other), MCP_LEASED, "lease");
    client_expect(c, mcp_get(c, T("lease"), &other), MCP_NOT_FOUND, "get");
    client_expect(c, mcp_fill(c, T("lease"), T("computed"), 60, 0, r.cas), MCP_OK, "fill");
    client_reads(c, "lease", "computed");
    client_expect(c, mcp_get_or_lease(c, T("lease"), 10, 0, &other), MCP_OK, "lease");
    ck_assert_uint_eq(other.value_len, 8);
}

static void
all_verbs(mcp_client *c)
{
    stores(c);
    tokens(c);
    counts(c);
    times(c);
    large_values(c);
    batches(c);
    leases(c);
}

static void
verbs_of_servers(mcp_client *c)
{
    mcp_result r = MCP_RESULT_INIT;
    client_expect(c, mcp_ping(c, 0), MCP_OK, "ping");
    client_expect(c, mcp_version(c, 0, &r), MCP_OK, "version");
    client_expect(c, mcp_stats(c, 0, NULL, &r), MCP_OK, "stats");
    ck_assert_uint_gt(r.value_len, 100);
    client_expect(c, mcp_set(c, T("k"), T("abc"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_flush(c, 0, 0), MCP_OK, "flush");
    client_expect(c, mcp_get(c, T("k"), &r), MCP_NOT_FOUND, "get");
}

START_TEST(every_verb_on_one_server)
{
    fault *f = fault_tcp(server_unix(NULL));
    mcp_client *c = client_open("server=%s protocol=classic timeout=5s", fault_address(f));
    all_verbs(c);
    verbs_of_servers(c);
    ck_assert_int_eq(fault_connections(f), 1);
    ck_assert_int_gt(fault_count(f, "gat 600 t"), 0);
    /* An empty value may be the stub of somebody who speaks meta, and that alone is asked so. */
    int n_empty = fault_count(f, "mg ");
    ck_assert_int_eq(n_empty, fault_count(f, "mg empty "));
    ck_assert_int_eq(fault_count(f, "ms ") + fault_count(f, "md ") + fault_count(f, "ma "), 0);
    mcp_close(c);
}
END_TEST

START_TEST(every_verb_on_a_pair)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "protocol=classic timeout=5s");
    all_verbs(c);
    client_expect(c, mcp_set(c, T("both"), T("x"), 60, 5), MCP_OK, "set");
    ck_assert(server_holds(p, "both", "x") && server_holds(b, "both", "x"));
    ck_assert_uint_eq(server_look(b, "both")->flags, 5);
    ck_assert(!server_look(p, "mcp:s")->found && !server_look(b, "mcp:s")->found);
    verbs_of_servers(c);
    mcp_close(c);
}
END_TEST

/* One that speaks meta and one that does not, either way round. */
START_TEST(every_verb_on_a_mixed_pair)
{
    server *one = server_unix(NULL), *real = server_unix(NULL);
    fault *old = fault_tcp(real);
    fault_rules(old, old_rules, 3);
    mcp_client *c =
        _i == 0 ? client_open("server=%s backup=%s timeout=5s", one->address, fault_address(old))
                : client_open("server=%s backup=%s timeout=5s", fault_address(old), one->address);
    if (_i == 0) { /* the primary tells a time to live */
        mcp_result r = MCP_RESULT_INIT;
        client_expect(c, mcp_set(c, T("t"), T("x"), 100, 0), MCP_OK, "set");
        client_expect(c, mcp_gets(c, T("t"), &r), MCP_OK, "gets");
        ck_assert(r.ttl > 90 && r.ttl <= 100);
    } else {
        tokens(c);
    }
    stores(c);
    counts(c);
    times(c);
    large_values(c);
    batches(c);
    leases(c);
    client_expect(c, mcp_set(c, T("both"), T("x"), 60, 5), MCP_OK, "set");
    ck_assert(server_holds(one, "both", "x") && server_holds(real, "both", "x"));
    ck_assert_int_eq(fault_count(old, "ms ") + fault_count(old, "md ") + fault_count(old, "ma "),
                     0);
    mcp_close(c);
}
END_TEST

/* ---- finding out -------------------------------------------------------------------------- */

/* Exactly so many connections came; and a proxy was asked once more in full, which takes two: after
 * 250 ms, a second later, and four times as long each time. */
static void
expect_connections(fault *f, const struct peer *peer, int n, int64_t began_ms)
{
    int n_more = 0;
    for (int64_t wait_ms = 250, until_ms = began_ms + wait_ms; until_ms <= now_ms();
         wait_ms *= 4, until_ms += wait_ms)
        n_more += peer->is_proxy ? 2 : 0;
    ck_assert_int_ge(fault_connections(f), n);
    ck_assert_int_le(fault_connections(f), n + n_more);
}

START_TEST(fault_18_whoever_lacks_meta_is_spoken_to_in_classic)
{
    const struct peer *peer = &peers[_i % N_PEERS];
    const char *words = _i < N_PEERS ? "" : "protocol=classic";
    fault *f = fault_tcp(server_unix(NULL));
    mcp_result r = MCP_RESULT_INIT;
    fault_rules(f, peer->rules, peer->n);
    mcp_client *c = client_open("server=%s timeout=5s %s", fault_address(f), words);
    int64_t began_ms = now_ms();
    client_expect(c, mcp_set(c, T("first"), T("x"), 0, 0), MCP_OK, peer->name);
    ck_assert_int_eq(fault_count(f, "set first"), 1);
    ck_assert_int_eq(fault_connections(f), peer->connections);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    ck_assert_uint_eq(client_info(c, 0).errors, 0);
    all_verbs(c);
    client_expect(c, mcp_ping(c, 0), MCP_OK, "ping");
    if (peer->is_proxy) {
        client_expect(c, mcp_stats(c, 0, NULL, &r), MCP_UNSUPPORTED, "stats");
        client_expect(c, mcp_flush(c, 0, 0), MCP_UNSUPPORTED, "flush");
        ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "a proxy"));
    } else {
        client_expect(c, mcp_stats(c, 0, NULL, &r), MCP_OK, "stats");
    }
    client_reads(c, "lease", "computed");
    expect_connections(f, peer, peer->connections, began_ms);
    /* What it is is remembered, and found out anew on each connection all the same. */
    fault_close_all(f);
    client_reads(c, "lease", "computed");
    client_expect(c, mcp_set(c, T("again"), T("x"), 0, 0), MCP_OK, peer->name);
    expect_connections(f, peer, peer->connections + 1, began_ms);
    mcp_close(c);
}
END_TEST

START_TEST(fault_29_another_version_with_each_connection)
{
    fault *f = fault_tcp(server_unix(NULL));
    mcp_client *c = client_open("server=%s timeout=5s", fault_address(f));
    for (int i = 0; i < 6; i++) {
        fault_rules(f, i % 2 ? old_rules : NULL, i % 2 ? 3 : 0);
        fault_close_all(f);
        if (i > 0)
            client_reads(c, "k", "x");
        client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
        ck_assert_int_eq(fault_count(f, "ms k"), i / 2 + 1);
        ck_assert_int_eq(fault_count(f, "set k"), (i + 1) / 2);
        ck_assert_str_eq(client_info(c, 0).version, i % 2 ? "1.4.15" : "1.6.18");
    }
    mcp_close(c);
}
END_TEST

/* Only meta may be spoken: that is told, and the server is not down. */
START_TEST(protocol_meta_refuses_others)
{
    fault *f = fault_tcp(server_unix(NULL));
    mcp_result r = MCP_RESULT_INIT;
    fault_rules(f, old_rules, 3);
    mcp_client *c = client_open("server=%s protocol=meta", fault_address(f));
    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_UNSUPPORTED, "set");
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "too old"));
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    client_expect(c, mcp_version(c, 0, &r), MCP_OK, "version");
    ck_assert_int_eq(fault_count(f, "set "), 0);
    mcp_close(c);
}
END_TEST

/* A reply with another key, one that is missing, one of another kind: nothing is mixed up. */
START_TEST(fault_15_replies_that_do_not_match)
{
    static const char *const texts[] = {
        "VALUE other 0 1\r\nx\r\nEND\r\n",    "STORED\r\n", "VALUE k 0 1 5\r\nx\r\nEND\r\n",
        "VALUE k 0 1\r\nx\r\nEND\r\nEND\r\n", "HD\r\n",     "VALUE k 4294967296 1\r\nx\r\nEND\r\n",
        "VALUE k 0 18446744073709551616\r\n", "END\n",      "5\r\n",
    };
    const fault_rule rule = {.match = "get k", .what = FAULT_TEXT, .text = texts[_i], .times = 1};
    server *real = server_unix(NULL), *b = server_unix(NULL);
    fault *f = fault_tcp(real);
    mcp_client *c = client_open("server=%s backup=%s protocol=classic timeout=1s mirror_verify=off",
                                fault_address(f), b->address);
    client_expect(c, mcp_set(c, T("k"), T("mine"), 0, 0), MCP_OK, "set");
    fault_rule_one(f, &rule);
    mcp_result r = MCP_RESULT_INIT;
    client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, "get");
    if (strcmp(texts[_i], "VALUE k 0 1\r\nx\r\nEND\r\nEND\r\n") != 0) {
        ck_assert_int_eq(r.from_backup, 1);
        ck_assert(r.value_len == 4 && memcmp(r.value, "mine", 4) == 0);
    }
    ck_assert_int_eq(fault_wait_end(f, fault_line_connection(f, "get k", 0), 1000), FAULT_RST);
    client_reads(c, "k", "mine");
    mcp_close(c);
}
END_TEST

/* ---- keys and stubs ----------------------------------------------------------------------- */

START_TEST(binary_keys_have_a_name_that_no_other_key_has)
{
    server *s = server_unix(NULL);
    mcp_client *c = client_open("server=%s protocol=classic keys=base64", s->address);
    mcp_result r = MCP_RESULT_INIT;
    client_expect(c, mcp_set(c, "\0\1\2", 3, T("binary"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_get(c, "\0\1\2", 3, &r), MCP_OK, "get");
    ck_assert_uint_eq(r.value_len, 6);
    ck_assert(server_holds(s, "mcp:b:AAEC", "binary"));
    client_expect(c, mcp_get(c, T("AAEC"), &r), MCP_NOT_FOUND, "get");
    ck_assert_int_lt(mcp_set(c, T("mcp:b:AAEC"), T("x"), 0, 0), 0);
    client_expect(c, mcp_delete(c, "\0\1\2", 3), MCP_OK, "delete");
    mcp_close(c);
}
END_TEST

START_TEST(binary_keys_through_a_proxy_are_refused)
{
    fault *f = fault_tcp(server_unix(NULL));
    fault_rules(f, proxy_rules, 2);
    mcp_client *c = client_open("server=%s keys=base64", fault_address(f));
    client_expect(c, mcp_set(c, "\0\1\2", 3, T("binary"), 0, 0), MCP_UNSUPPORTED, "set");
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "binary key"));
    client_expect(c, mcp_set(c, T("text"), T("x"), 0, 0), MCP_OK, "set");
    mcp_close(c);
}
END_TEST

/* What one client leased in its protocol is no value to another one in the other. */
START_TEST(fault_78_stubs_of_either_protocol)
{
    server *s = server_unix(NULL);
    mcp_client *meta = client_open("server=%s", s->address);
    mcp_client *classic = client_open("server=%s protocol=classic", s->address);
    mcp_client *first = _i == 0 ? meta : classic, *second = _i == 0 ? classic : meta;
    mcp_result r = MCP_RESULT_INIT, other = MCP_RESULT_INIT;
    client_expect(first, mcp_get_or_lease(first, T("k"), 10, 0, &r), MCP_NOT_FOUND, "lease");
    client_expect(second, mcp_get(second, T("k"), &other), MCP_NOT_FOUND, "get");
    client_expect(second, mcp_get_or_lease(second, T("k"), 10, 0, &other), MCP_LEASED, "lease");
    client_expect(first, mcp_fill(first, T("k"), T("value"), 0, 0, r.cas), MCP_OK, "fill");
    client_reads(second, "k", "value");
    client_expect(first, mcp_set(first, T("k"), "", 0, 0, 0), MCP_OK, "set");
    client_reads(second, "k", "");
    mcp_close(meta);
    mcp_close(classic);
}
END_TEST

/* ---- the promise -------------------------------------------------------------------------- */

typedef struct two {
    server *p, *b;
    mcp_client *c;
} two;

/* Both classic; the primary alone; the backup alone. */
static two
open_pair(int which)
{
    two both = {server_tcp(NULL), server_tcp(NULL), NULL};
    fault *p = fault_tcp(both.p), *b = fault_tcp(both.b);
    if (which != 2)
        fault_rules(p, old_rules, 3);
    if (which != 1)
        fault_rules(b, old_rules, 3);
    both.c = client_open("server=%s name=P backup=%s name=B timeout=2s retry_min=50ms",
                         fault_address(p), fault_address(b));
    return both;
}

static int
is_right(void *context)
{
    two *both = context;
    mcp_maintain(both->c);
    return client_info(both->c, 0).state == MCP_STATE_UP && !server_look(both->b, "mcp:s")->found &&
           !server_look(both->p, "mcp:s")->found;
}

static void
is_never_old(mcp_client *c, int may_miss)
{
    mcp_result r = MCP_RESULT_INIT;
    mcp_status status = mcp_get(c, T("k"), &r);
    if (may_miss && status == MCP_NOT_FOUND)
        return;
    client_expect(c, status, MCP_OK, "get");
    ck_assert(r.value_len == 3 && memcmp(r.value, "new", 3) == 0);
}

START_TEST(a_paused_primary_is_put_right)
{
    two both = open_pair(_i);
    mcp_client *c = both.c;
    mcp_result r = MCP_RESULT_INIT;
    client_expect(c, mcp_set(c, T("k"), T("old"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_set(c, T("gone"), T("old"), 0, 0), MCP_OK, "set");
    ck_assert(server_holds(both.p, "k", "old") && server_holds(both.b, "k", "old"));
    server_pause(both.p);
    client_expect(c, mcp_set(c, T("k"), T("new"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_delete(c, T("gone")), MCP_OK, "delete");
    ck_assert(server_look(both.b, "mcp:s")->found);
    client_reads(c, "k", "new");
    server_continue(both.p);
    int64_t end = now_ms() + client_slack(60000);
    while (!is_right(&both) && now_ms() < end) {
        /* As soon as it is put right it may miss what could not be copied; never is it old. */
        is_never_old(c, _i != 1);
        client_expect(c, mcp_get(c, T("gone"), &r), MCP_NOT_FOUND, "get");
    }
    ck_assert(is_right(&both));
    ck_assert(!server_holds(both.p, "k", "old"));
    ck_assert(!server_look(both.p, "gone")->found);
    /* Where the source tells how long a value has to live it was copied; else it is only gone. */
    if (_i == 1)
        client_reads(c, "k", "new");
    ck_assert(server_holds(both.b, "k", "new"));
    mcp_close(c);
}
END_TEST

START_TEST(a_paused_backup_is_put_right)
{
    two both = open_pair(_i);
    mcp_client *c = both.c;
    client_expect(c, mcp_set(c, T("k"), T("old"), 0, 0), MCP_OK, "set");
    server_pause(both.b);
    client_expect(c, mcp_set(c, T("k"), T("new"), 0, 0), MCP_OK, "set");
    ck_assert(server_look(both.p, "mcp:s")->found);
    server_continue(both.b);
    int64_t end = now_ms() + client_slack(60000);
    while (!is_right(&both) && now_ms() < end)
        client_reads(c, "k", "new");
    ck_assert(is_right(&both));
    ck_assert(!server_holds(both.b, "k", "old"));
    mcp_close(c);
}
END_TEST

START_TEST(a_primary_that_comes_back_empty_costs_no_hit)
{
    two both = open_pair(_i);
    mcp_client *c = both.c;
    mcp_result r = MCP_RESULT_INIT;
    char key[16];
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "key%d", i);
        client_expect(c, mcp_set(c, T(key), T(key), 0, 3), MCP_OK, "set");
    }
    server_restart(both.p);
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "key%d", i % 50);
        client_reads(c, key, key);
        const struct held *seen = server_look(both.p, key);
        ck_assert(!seen->found || seen->len == strlen(key) ||
                  (seen->len == 0 && (seen->flags == STUB_FLAGS || _i == 2)));
    }
    client_expect(c, mcp_delete(c, T("key7")), MCP_OK, "delete");
    client_expect(c, mcp_get(c, T("key7"), &r), MCP_NOT_FOUND, "get");
    client_expect(c, mcp_set(c, T("key8"), T("new"), 0, 0), MCP_OK, "set");
    client_reads(c, "key8", "new");
    ck_assert(server_holds(both.p, "key8", "new"));
    if (_i == 1) { /* its source tells how long a value has to live */
        for (int64_t end = now_ms() + client_slack(10000); now_ms() < end;) {
            client_reads(c, "key9", "key9");
            if (server_holds(both.p, "key9", "key9"))
                break;
        }
        ck_assert(server_holds(both.p, "key9", "key9"));
    }
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("dialects");
    tcase_set_timeout(tests, 150);
    tcase_add_test(tests, every_verb_on_one_server);
    tcase_add_test(tests, every_verb_on_a_pair);
    tcase_add_loop_test(tests, every_verb_on_a_mixed_pair, 0, 2);
    tcase_add_loop_test(tests, fault_18_whoever_lacks_meta_is_spoken_to_in_classic, 0, 2 * N_PEERS);
    tcase_add_test(tests, fault_29_another_version_with_each_connection);
    tcase_add_test(tests, protocol_meta_refuses_others);
    tcase_add_loop_test(tests, fault_15_replies_that_do_not_match, 0, 9);
    tcase_add_test(tests, binary_keys_have_a_name_that_no_other_key_has);
    tcase_add_test(tests, binary_keys_through_a_proxy_are_refused);
    tcase_add_loop_test(tests, fault_78_stubs_of_either_protocol, 0, 2);
    tcase_add_loop_test(tests, a_paused_primary_is_put_right, 0, 3);
    tcase_add_loop_test(tests, a_paused_backup_is_put_right, 0, 3);
    tcase_add_loop_test(tests, a_primary_that_comes_back_empty_costs_no_hit, 0, 3);
    return run_tests("dialects", tests);
}

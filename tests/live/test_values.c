/* SPDX-License-Identifier: BSD-3-Clause */
/* What keys, values, flags, tokens and times to live may be, and what happens to those that may
 * not. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

static server *p;
static server *b;
static mcp_client *c;

static void
setup(void)
{
    p = server_unix("-I 1m");
    b = server_unix("-I 1m");
    c = client_pair(p, b, "timeout=2s");
}

static void
teardown(void)
{
    mcp_close(c);
}

static void
neither_holds(const char *key)
{
    ck_assert_msg(!server_look(p, key)->found, "primary still has %s", key);
    ck_assert_msg(!server_look(b, key)->found, "backup still has %s", key);
}

/* ---- Keys --------------------------------------------------------------------------------- */

/* Every verb that takes a key refuses this one; a recording server sees no byte of any. */
static void
is_refused(mcp_client *to, const void *key, size_t len)
{
    static const mcp_verb verbs[] = {MCP_GET,     MCP_GAT,    MCP_SET,  MCP_ADD,
                                     MCP_REPLACE, MCP_APPEND, MCP_CAS,  MCP_PREPEND,
                                     MCP_DELETE,  MCP_TOUCH,  MCP_INCR, MCP_DECR};
    mcp_location at;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        mcp_request request = client_request(verbs[i], "");
        mcp_result r = MCP_RESULT_INIT;

        request.key = key;
        request.key_len = len;
        request.value = "v";
        request.value_len = 1;
        ck_assert_int_eq(mcp_call(to, &request, &r), MCP_BAD_KEY);
        ck_assert_int_eq(r.status, MCP_BAD_KEY);
        ck_assert_int_eq(r.primary, MCP_COPY_SKIPPED);
        ck_assert_int_eq(r.backup, MCP_COPY_SKIPPED);
        ck_assert_uint_gt(strlen(mcp_last_error(to)->text), 0);
    }
    ck_assert_int_eq(mcp_where(to, key, len, NULL, 0, &at), MCP_BAD_KEY);
}

START_TEST(fault_74_key_lengths)
{
    char key[260];
    fault *f = fault_unix(p);
    mcp_client *to = client_open("server=%s", fault_address(f));
    mcp_client *with = client_open("server=%s namespace=0123456789", fault_address(f));

    memset(key, 'k', sizeof key);
    is_refused(to, key, 0);
    is_refused(to, NULL, 0);
    is_refused(to, key, 251);
    is_refused(with, key, 241);
    is_refused(to, key, 260);
    ck_assert_int_eq(fault_connections(f), 0);
    client_expect(to, mcp_set(to, key, 250, T("long"), 0, 0), MCP_OK, "250 bytes");
    client_expect(with, mcp_set(with, key, 240, T("long"), 0, 0), MCP_OK, "240 bytes");
    key[250] = '\0';
    ck_assert(server_holds(p, key, "long"));
    memcpy(key, "0123456789", 10);
    ck_assert(server_holds(p, key, "long"));
    mcp_close(to);
    mcp_close(with);
}
END_TEST

START_TEST(fault_75_bytes_that_no_key_may_hold)
{
    fault *f = fault_unix(p);
    mcp_client *to = client_open("server=%s", fault_address(f));

    for (int byte = 0; byte <= 0x7f; byte++) {
        char key[3] = {'a', (char)byte, 'z'};

        if (byte > 0x20 && byte != 0x7f)
            continue;
        is_refused(to, key, 3);
        is_refused(to, key + 1, 1);
        is_refused(to, key, 2);
    }
    is_refused(to, "foo\r\nflush_all", 14);
    ck_assert_int_eq(fault_connections(f), 0);
    mcp_close(to);
}
END_TEST

START_TEST(fault_76_bytes_above_0x7f_are_exact)
{
    char key[] = "\xe4\xb8\xad\x80\xff\xfe!~";

    client_expect(c, mcp_set(c, T(key), T("utf"), 0, 0), MCP_OK, "set");
    ck_assert(server_holds(p, key, "utf"));
    ck_assert(server_holds(b, key, "utf"));
    client_reads(c, key, "utf");
}
END_TEST

START_TEST(fault_77_reserved_keys_are_refused)
{
    mcp_client *other = client_pair(p, b, "prefix=zz:");
    char options[300];

    is_refused(c, T("mcp:s"));
    is_refused(c, T("mcp:"));
    client_expect(c, mcp_set(c, T("mcp"), T("x"), 0, 0), MCP_OK, "not the whole prefix");
    client_expect(c, mcp_set(c, T("xmcp:"), T("x"), 0, 0), MCP_OK, "not at the beginning");
    is_refused(other, T("zz:s"));
    client_expect(other, mcp_set(other, T("mcp:user"), T("x"), 0, 0), MCP_OK, "other prefix");
    mcp_close(other);
    snprintf(options, sizeof options, "server=%s namespace=mcp:", p->address);
    ck_assert_ptr_null(mcp_open(options, NULL, 0));
}
END_TEST

/* ---- Values ------------------------------------------------------------------------------- */

static void
is_exact(const char *key, const char *value, size_t len)
{
    mcp_result r = MCP_RESULT_INIT;
    const server *const both[2] = {p, b};

    client_expect(c, mcp_set(c, T(key), value, len, 0, 0), MCP_OK, key);
    for (int i = 0; i < 2; i++) {
        const held *look = server_look(both[i], key);

        ck_assert(look->found);
        ck_assert_uint_eq(look->len, len);
        ck_assert(memcmp(look->value, value, len) == 0);
    }
    client_expect(c, mcp_get(c, T(key), &r), MCP_OK, key);
    ck_assert_uint_eq(r.value_len, len);
    ck_assert(len == 0 || memcmp(r.value, value, len) == 0);
}

START_TEST(fault_78_an_empty_value_is_a_hit)
{
    mcp_result r = MCP_RESULT_INIT;

    is_exact("empty", "", 0);
    ck_assert_int_eq(mcp_get(c, T("missing"), &r), MCP_NOT_FOUND);
    client_expect(c, mcp_append(c, T("empty"), T("")), MCP_OK, "append nothing");
    is_exact("again", "", 0);
    client_expect(c, mcp_set(c, T("null"), NULL, 0, 0, 0), MCP_OK, "NULL of 0 bytes");
    ck_assert(server_holds(b, "null", ""));
}
END_TEST

START_TEST(fault_80_line_ends_inside_a_value)
{
    char binary[256];

    for (int i = 0; i < 256; i++)
        binary[i] = (char)i;
    is_exact("all", binary, sizeof binary);
    is_exact("end", T("\r\nEND\r\n"));
    is_exact("end2", T("x\r\nEND\r\n"));
    is_exact("set", T("\r\nset k 0 0 1\r\nx\r\n"));
    is_exact("ms", T("\r\nms evil 1\r\nx\r\n"));
    is_exact("hd", T("HD\r\nEN\r\nVA 3\r\n"));
    is_exact("crlf", T("\r\n"));
    neither_holds("evil");
}
END_TEST

/* Every size around the places where sending and receiving change their ways. */
START_TEST(values_of_many_sizes_are_exact)
{
    static const size_t sizes[] = {1,      2,      100,    1000,   1023,   1024,   1025,  2047,
                                   2048,   4095,   4096,   8191,   8192,   16000,  16383, 16384,
                                   16385,  32767,  32768,  32769,  65535,  65536,  65537, 100000,
                                   262144, 500000, 524287, 524288, 524289, 1000000};
    char *value = malloc(1000000);

    ck_assert_ptr_nonnull(value);
    for (size_t i = 0; i < 1000000; i++)
        value[i] = (char)(i * 7 + i / 253);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        is_exact("k", value, sizes[i]);
    free(value);
}
END_TEST

/* The largest value that a server with -I 1m takes under this key, found past the library. */
static size_t
largest(char *value)
{
    size_t low = 1000000;
    size_t high = 1 << 20;

    while (low + 1 < high) {
        size_t middle = (low + high) / 2;
        char line[64];
        char *request = malloc(middle + 80);
        char *reply;
        int at = snprintf(line, sizeof line, "ms big %zu\r\n", middle);

        ck_assert_ptr_nonnull(request);
        memcpy(request, line, (size_t)at);
        memcpy(request + at, value, middle);
        memcpy(request + (size_t)at + middle, "\r\n", 2);
        reply = server_ask(p, request, (size_t)at + middle + 2, NULL);
        if (strncmp(reply, "HD", 2) == 0)
            low = middle;
        else
            high = middle;
        free(reply);
        free(request);
    }
    return low;
}

START_TEST(fault_79_one_byte_under_and_over_the_servers_limit)
{
    char *value = malloc(1 << 20);
    size_t most;
    mcp_result r;

    ck_assert_ptr_nonnull(value);
    memset(value, 'v', 1 << 20);
    most = largest(value);
    is_exact("big", value, most);
    client_expect(c, mcp_set(c, T("big"), value, most + 1, 0, 0), MCP_TOO_BIG, "one too many");
    ck_assert_uint_gt(strlen(mcp_last_error(c)->text), 0);
    /* The connection is still good, and no server was given up for it. */
    r = client_call(c, MCP_SET, "small", "x");
    ck_assert_int_eq(r.primary, MCP_COPY_OK);
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    client_expect(c, mcp_set(c, T("big"), value, 1 << 20, 0, 0), MCP_TOO_BIG, "1 MB");
    free(value);
}
END_TEST

START_TEST(fault_22_a_refused_large_value_leaves_no_old_one_anywhere)
{
    char *value = malloc(2 << 20);

    ck_assert_ptr_nonnull(value);
    memset(value, 'v', 2 << 20);
    client_expect(c, mcp_set(c, T("k"), T("old"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_set(c, T("k"), value, 2 << 20, 0, 0), MCP_TOO_BIG, "2 MB");
    neither_holds("k");
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    ck_assert_int_eq(client_info(c, 1).state, MCP_STATE_UP);
    free(value);
}
END_TEST

/* The two servers have different limits: what one refuses may not live on the other. */
START_TEST(fault_22_refused_by_one_copy_only)
{
    char *value = malloc(2 << 20);
    server *wide = server_unix("-I 4m -m 128");
    mcp_client *first = client_pair(p, wide, "timeout=2s");
    mcp_client *second = client_pair(wide, p, "timeout=2s");

    ck_assert_ptr_nonnull(value);
    memset(value, 'v', 2 << 20);
    client_expect(first, mcp_set(first, T("k"), T("old"), 0, 0), MCP_OK, "set");
    client_expect(first, mcp_set(first, T("k"), value, 2 << 20, 0, 0), MCP_TOO_BIG, "P refuses");
    ck_assert(!server_look(p, "k")->found);
    ck_assert(!server_look(wide, "k")->found);
    client_expect(second, mcp_set(second, T("k"), T("old"), 0, 0), MCP_OK, "set");
    client_expect(second, mcp_set(second, T("k"), value, 2 << 20, 0, 0), MCP_TOO_BIG, "B refuses");
    ck_assert(!server_look(p, "k")->found);
    ck_assert(!server_look(wide, "k")->found);
    mcp_close(first);
    mcp_close(second);
    free(value);
}
END_TEST

START_TEST(fault_79_max_value_is_checked_here)
{
    fault *f = fault_unix(p);
    mcp_client *to = client_open("server=%s max_value=1k", fault_address(f));
    char value[1025] = {0};

    ck_assert_int_eq(mcp_set(to, T("k"), value, 1025, 0, 0), MCP_TOO_BIG);
    ck_assert_int_eq(fault_count(f, "ms "), 0);
    client_expect(to, mcp_set(to, T("k"), value, 1024, 0, 0), MCP_OK, "just fits");
    /* Lengths that no memory holds: refused before a byte of them is looked at. */
    ck_assert_int_eq(mcp_set(to, T("k"), value, (size_t)1 << 31, 0, 0), MCP_TOO_BIG);
    ck_assert_int_eq(mcp_set(to, T("k"), value, (size_t)1 << 32, 0, 0), MCP_TOO_BIG);
    ck_assert_int_eq(mcp_set(c, T("k"), value, SIZE_MAX - 1, 0, 0), MCP_TOO_BIG);
    mcp_close(to);
}
END_TEST

START_TEST(a_reply_above_max_value_is_never_handed_out)
{
    fault *f = fault_tcp(p);
    mcp_client *to = client_open("server=%s max_value=1k timeout=2s", fault_address(f));
    char value[2000];
    mcp_result r = MCP_RESULT_INIT;

    memset(value, 'v', sizeof value);
    server_put(p, "big", value, sizeof value, 0, 0);
    server_put(p, "ok", value, 1024, 0, 0);
    ck_assert_int_lt(mcp_get(to, T("big"), &r), 0);
    ck_assert_uint_eq(r.value_len, 0);
    ck_assert_int_eq(fault_wait_end(f, fault_line_connection(f, "mg big", 0), 1000), FAULT_RST);
    mcp_close(to);
}
END_TEST

/* ---- Flags, tokens, times ----------------------------------------------------------------- */

START_TEST(fault_83_flags_are_32_bits)
{
    static const uint32_t flags[] = {0, 1, 65535, 65536, 2147483648U, 4294967295U};
    mcp_result r = MCP_RESULT_INIT;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        client_expect(c, mcp_set(c, T("k"), T("x"), 0, flags[i]), MCP_OK, "set");
        ck_assert_uint_eq(server_look(p, "k")->flags, flags[i]);
        ck_assert_uint_eq(server_look(b, "k")->flags, flags[i]);
        client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, "get");
        ck_assert_uint_eq(r.flags, flags[i]);
    }
}
END_TEST

START_TEST(fault_84_foreign_tokens_are_not_accepted)
{
    static const uint64_t tokens[] = {0, 1, UINT64_MAX, UINT64_MAX - 1, 1ULL << 63};

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
        client_expect(c, mcp_cas(c, T("k"), T("y"), 0, 0, tokens[i]), MCP_EXISTS, "cas");
    client_reads(c, "k", "x");
    /* The server's own number, without what the library puts to it. */
    client_expect(c, mcp_cas(c, T("k"), T("y"), 0, 0, server_look(b, "k")->cas), MCP_EXISTS,
                  "the backup's number");
    ck_assert(server_holds(b, "k", "x"));
}
END_TEST

/* It has come back empty, and has all again. */
static int
is_filled(void *client)
{
    mcp_maintain(client);
    const held *epoch = server_look(p, "mcp:e");
    return epoch->found && epoch->value[0] == 'R';
}

START_TEST(fault_84_a_token_of_the_backup_is_refused_by_the_primary)
{
    mcp_result r = MCP_RESULT_INIT;
    mcp_client *fast = client_pair(p, b, "timeout=2s retry_min=20ms retry_max=20ms");

    client_expect(fast, mcp_set(fast, T("k"), T("x"), 0, 0), MCP_OK, "set");
    server_kill(p);
    client_expect(fast, mcp_gets(fast, T("k"), &r), MCP_OK, "gets");
    ck_assert_int_eq(r.from_backup, 1);
    server_restart(p);
    ck_assert(client_wait_state(fast, 0, MCP_STATE_UP, 3000));
    ck_assert(wait_until(is_filled, fast, 3000)); /* until then the backup's word counts */
    server_put(p, "k", "new", 3, 0, 0);
    client_expect(fast, mcp_cas(fast, T("k"), T("y"), 0, 0, r.cas), MCP_EXISTS, "cas");
    ck_assert(server_holds(p, "k", "new"));
    mcp_close(fast);
}
END_TEST

/* memcached's clock ticks once a second and may be behind ours. */
static void
lives(int64_t ttl, int64_t expected)
{
    int64_t slack = expected > 0 ? 3 : 0;
    char key[40];
    const server *const both[2] = {p, b};

    snprintf(key, sizeof key, "ttl%" PRId64, ttl);
    client_expect(c, mcp_set(c, T(key), T("x"), ttl, 0), MCP_OK, key);
    for (int i = 0; i < 2; i++) {
        const held *look = server_look(both[i], key);

        ck_assert_msg(look->found, "%s", key);
        ck_assert_msg(look->ttl <= expected + slack && look->ttl >= expected - slack,
                      "%s: %" PRId64, key, look->ttl);
    }
}

static void
is_gone_at_once(int64_t ttl)
{
    client_expect(c, mcp_set(c, T("k"), T("old"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_set(c, T("k"), T("new"), ttl, 0), MCP_OK, "set");
    ck_assert_int_eq(mcp_get(c, T("k"), NULL), MCP_NOT_FOUND);
    neither_holds("k");
}

static int
has_expired(void *key)
{
    return !server_look(p, key)->found && !server_look(b, key)->found;
}

START_TEST(fault_81_times_to_live)
{
    int64_t now = (int64_t)time(NULL);
    static const int64_t refused[] = {2147483648LL, 4294967296LL, INT64_MAX};

    lives(0, -1);
    lives(2592000, 2592000);
    lives(now + 1000, 1000);
    lives(2147483647, 2147483647 - now);
    is_gone_at_once(-1);
    is_gone_at_once(INT64_MIN);
    is_gone_at_once(2592001); /* absolute, and long ago */
    is_gone_at_once(now - 10);
    lives(2, 2);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        ck_assert_int_eq(mcp_set(c, T("r"), T("x"), refused[i], 0), MCP_BAD_ARGUMENT);
        ck_assert_int_eq(mcp_touch(c, T("ttl0"), refused[i]), MCP_BAD_ARGUMENT);
    }
    neither_holds("r");
    lives(0, -1);
    ck_assert(wait_until(has_expired, (void *)(uintptr_t) "ttl2", 5000));
    client_expect(c, mcp_set(c, T("one"), T("x"), 1, 0), MCP_OK, "a second");
    ck_assert(wait_until(has_expired, (void *)(uintptr_t) "one", 4000));
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("values");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, fault_74_key_lengths);
    tcase_add_test(tests, fault_75_bytes_that_no_key_may_hold);
    tcase_add_test(tests, fault_76_bytes_above_0x7f_are_exact);
    tcase_add_test(tests, fault_77_reserved_keys_are_refused);
    tcase_add_test(tests, fault_78_an_empty_value_is_a_hit);
    tcase_add_test(tests, fault_80_line_ends_inside_a_value);
    tcase_add_test(tests, values_of_many_sizes_are_exact);
    tcase_add_test(tests, fault_79_one_byte_under_and_over_the_servers_limit);
    tcase_add_test(tests, fault_22_a_refused_large_value_leaves_no_old_one_anywhere);
    tcase_add_test(tests, fault_22_refused_by_one_copy_only);
    tcase_add_test(tests, fault_79_max_value_is_checked_here);
    tcase_add_test(tests, a_reply_above_max_value_is_never_handed_out);
    tcase_add_test(tests, fault_83_flags_are_32_bits);
    tcase_add_test(tests, fault_84_foreign_tokens_are_not_accepted);
    tcase_add_test(tests, fault_84_a_token_of_the_backup_is_refused_by_the_primary);
    tcase_add_test(tests, fault_81_times_to_live);
    return run_tests("values", tests);
}

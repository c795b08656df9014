/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replies that are wrong, short, foreign, hostile or in pieces. With a backup the user notices
 * nothing; without one there is an error, and never a byte that was not asked for. The connection
 * is reset.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/relay.h"
#include "support/run.h"
#include "support/wait.h"

static server *real_p;
static server *real_b;
static fault *p;

static void
setup(void)
{
    real_p = server_unix(NULL);
    real_b = server_unix(NULL);
    p = fault_tcp(real_p);
}

static mcp_client *
open_single(void)
{
    return client_open("server=%s timeout=200ms", fault_address(p));
}

static mcp_client *
open_pair(void)
{
    return client_open("server=%s backup=%s timeout=300ms", fault_address(p), real_b->address);
}

/* ---- Replies to a get --------------------------------------------------------------------- */

typedef struct spoilt {
    const char *name;
    fault_rule rule;
    mcp_status status; /* of a get without a backup; 0: any of -2xx */
    int ours;          /* the server closes; else the library must reset */
} spoilt;

static char long_line[3000];

#define TEXT(t)                                                                                    \
    {                                                                                              \
        .match = "mg k", .what = FAULT_TEXT, .text = (t), .n = sizeof(t) - 1                       \
    }

static const spoilt get_replies[] = {
    {"fault_05_reset_before_any_byte", {.match = "mg k", .what = FAULT_RESET, .n = 0}, 0, 1},
    {"fault_06_reset_in_the_line", {.match = "mg k", .what = FAULT_RESET, .n = 5}, 0, 1},
    {"fault_06_reset_in_the_value", {.match = "mg k", .what = FAULT_RESET, .n = 30}, 0, 1},
    {"fault_07_closed_before_any_byte", {.match = "mg k", .what = FAULT_CUT, .n = 0}, 0, 1},
    {"fault_07_closed_in_the_line", {.match = "mg k", .what = FAULT_CUT, .n = 3}, 0, 1},
    {"fault_07_closed_in_the_value", {.match = "mg k", .what = FAULT_CUT, .n = 30}, 0, 1},
    {"fault_09_half_closed", {.match = "mg k", .what = FAULT_HALF_CLOSE, .n = 8}, 0, 0},
    {"fault_15_another_opaque", {.match = "mg k", .what = FAULT_WRONG_OPAQUE}, MCP_PROTOCOL, 0},
    {"fault_15_no_opaque", TEXT("VA 3 f0\r\nbad\r\n"), MCP_PROTOCOL, 0},
    {"fault_15_somebody_elses_value", TEXT("VA 3 f0 O99999999\r\nbad\r\n"), MCP_PROTOCOL, 0},
    {"fault_17_stored_instead_of_value", TEXT("STORED\r\n"), MCP_PROTOCOL, 0},
    {"fault_17_classic_end", TEXT("END\r\n"), MCP_PROTOCOL, 0},
    {"fault_28_http", TEXT("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), 0, 0},
    {"fault_31_garbage", TEXT("\x00\xff\x80\r\n\x01\x02\n\n\r\r"), MCP_PROTOCOL, 0},
    {"fault_31_binary_protocol", TEXT("\x81\x00\x00\x00\x00\x00\x00\x01\r\n"), 0, 0},
    {"fault_32_endless_line", {.match = "mg k", .what = FAULT_TEXT, .text = long_line}, 0, 0},
    {"fault_33_length_2_64", TEXT("VA 18446744073709551615 f0\r\nbad\r\n"), 0, 0},
    {"fault_33_length_2_64_plus_3", TEXT("VA 18446744073709551619 f0\r\nbad\r\n"), 0, 0},
    {"fault_33_length_2_32_minus_3", TEXT("VA 4294967293 f0\r\nbad\r\n"), 0, 0},
    {"fault_33_negative_length", TEXT("VA -1 f0\r\nbad\r\n"), 0, 0},
    {"fault_33_exponent", TEXT("VA 1e9 f0\r\nbad\r\n"), 0, 0},
    {"fault_33_plus", TEXT("VA +3 f0\r\nbad\r\n"), 0, 0},
    {"fault_33_no_length", TEXT("VA f0\r\nbad\r\n"), 0, 0},
    {"fault_34_value_ends_wrong", {.match = "mg k", .what = FAULT_BAD_TAIL}, MCP_PROTOCOL, 0},
    {"fault_36_nul_in_the_line", TEXT("VA 3\0 f0\r\nbad\r\n"), 0, 0},
};
enum { N_GET_REPLIES = sizeof get_replies / sizeof *get_replies };

static void
prepare(const spoilt *s)
{
    memset(long_line, 'x', sizeof long_line - 1);
    server_put(real_p, "k", "what the server really holds", 28, 5, 0);
    server_put(real_b, "k", "what the server really holds", 28, 5, 0);
    server_put(real_p, "other", "another value", 13, 5, 0);
    fault_rule_one(p, &s->rule);
}

START_TEST(spoilt_get_is_answered_by_the_backup)
{
    const spoilt *s = &get_replies[_i];
    mcp_client *c = open_pair();
    mcp_result r = MCP_RESULT_INIT;
    int64_t start = now_ms();

    prepare(s);
    client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, s->name);
    ck_assert_int_le(now_ms() - start, 300);
    ck_assert_uint_eq(r.value_len, 28);
    ck_assert_int_eq(memcmp(r.value, "what the server really holds", 28), 0);
    ck_assert_uint_eq(r.flags, 5);
    ck_assert_msg(r.from_backup == 1, "%s: from the primary", s->name);
    mcp_close(c);
}
END_TEST

START_TEST(spoilt_get_without_backup_is_an_error_and_a_reset)
{
    const spoilt *s = &get_replies[_i];
    mcp_client *c = open_single();
    mcp_result r = MCP_RESULT_INIT;
    mcp_status status;
    fault_end end;

    prepare(s);
    status = mcp_get(c, T("k"), &r);
    ck_assert_msg(status <= -200 && status > -300, "%s: %s", s->name, mcp_strstatus(status));
    if (s->status != 0)
        client_expect(c, status, s->status, s->name);
    ck_assert_uint_eq(r.value_len, 0);
    ck_assert_msg(strlen(mcp_last_error(c)->text) > 5, "%s: no reason", s->name);
    end = fault_wait_end(p, fault_line_connection(p, "mg k", 0), 1000);
    ck_assert_msg(end == (s->ours ? FAULT_OURS : FAULT_RST), "%s: end %d", s->name, (int)end);
    mcp_close(c);
}
END_TEST

/* After the spoilt one the truth again: nothing of the old reply reaches another request. */
START_TEST(spoilt_get_leaves_nothing_for_the_next)
{
    const spoilt *s = &get_replies[_i];
    mcp_client *c =
        client_open("server=%s timeout=200ms retry_min=10ms retry_max=10ms", fault_address(p));
    int64_t end = now_ms() + 3000;
    mcp_status status;
    mcp_result r = MCP_RESULT_INIT;

    prepare(s);
    (void)mcp_get(c, T("k"), NULL);
    fault_rule_one(p, NULL);
    do {
        r = (mcp_result)MCP_RESULT_INIT;
        status = mcp_get(c, T("other"), &r);
        ck_assert_msg(status == MCP_OK || status < 0, "%s: then %s", s->name,
                      mcp_strstatus(status));
    } while (status != MCP_OK && now_ms() < end);
    client_expect(c, status, MCP_OK, s->name);
    ck_assert_uint_eq(r.value_len, 13);
    ck_assert_int_eq(memcmp(r.value, "another value", 13), 0);
    mcp_close(c);
}
END_TEST

START_TEST(fault_05_a_read_is_tried_once_more_when_nothing_had_come)
{
    const fault_rule once = {.match = "mg k", .what = FAULT_RESET, .n = 0, .times = 1};
    mcp_client *c = open_single();

    server_put(real_p, "k", "x", 1, 0, 0);
    client_expect(c, mcp_set(c, T("warm"), T("x"), 0, 0), MCP_OK, "set");
    fault_rule_one(p, &once);
    client_reads(c, "k", "x");
    ck_assert_int_eq(fault_count(p, "mg k"), 2);
    mcp_close(c);
}
END_TEST

/* ---- One answer too many, one too few ----------------------------------------------------- */

START_TEST(fault_14_an_extra_line_behind_the_reply)
{
    static const char *const extra[] = {"HD\r\n", "EN\r\n", "VA 3 f0\r\nbad\r\n", "END\r\n"};
    const fault_rule rule = {
        .match = "mg a", .what = FAULT_EXTRA, .text = extra[_i], .n = strlen(extra[_i])};
    mcp_client *c =
        client_open("server=%s timeout=500ms retry_min=10ms retry_max=10ms", fault_address(p));
    mcp_result r = MCP_RESULT_INIT;
    int number;

    server_put(real_p, "a", "value a", 7, 0, 0);
    server_put(real_p, "b", "value b", 7, 0, 0);
    fault_rule_one(p, &rule);
    (void)mcp_get(c, T("a"), &r);
    if (r.status == MCP_OK)
        ck_assert(r.value_len == 7 && memcmp(r.value, "value a", 7) == 0);
    number = fault_line_connection(p, "mg a", 0);
    for (int i = 0; i < 20; i++) {
        r = (mcp_result)MCP_RESULT_INIT;
        if (mcp_get(c, T("b"), &r) == MCP_OK)
            ck_assert(r.value_len == 7 && memcmp(r.value, "value b", 7) == 0);
        else
            ck_assert_msg(r.status < 0, "a miss out of an extra line: %s", mcp_strstatus(r.status));
    }
    ck_assert_int_eq(r.status, MCP_OK);
    ck_assert_int_eq(fault_wait_end(p, number, 1000), FAULT_RST);
    mcp_close(c);
}
END_TEST

/* The connection is reset, and what was on it is asked for once more over another one. */
START_TEST(fault_16_one_reply_missing_in_a_pipeline)
{
    enum { N = 10 };
    const fault_rule skip = {.match = "mg k4", .what = FAULT_SKIP, .times = 1};
    mcp_client *c = open_single();
    mcp_request q[N];
    mcp_result r[N];
    char keys[N][8];

    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        server_put(real_p, keys[i], keys[i], 2, 0, 0);
        q[i] = client_request(MCP_GET, keys[i]);
        r[i] = (mcp_result)MCP_RESULT_INIT;
    }
    client_expect(c, mcp_get(c, T("k0"), NULL), MCP_OK, "get");
    fault_rule_one(p, &skip);
    ck_assert_uint_eq(mcp_batch(c, q, r, N), 0);
    for (int i = 0; i < N; i++) {
        client_expect(c, r[i].status, MCP_OK, keys[i]);
        ck_assert(r[i].value_len == 2 && memcmp(r[i].value, keys[i], 2) == 0);
    }
    ck_assert_int_eq(fault_count(p, "mg k4"), 2);
    ck_assert_int_eq(fault_wait_end(p, fault_line_connection(p, "mg k4", 0), 1000), FAULT_RST);
    mcp_close(c);
}
END_TEST

/* ---- Bytes that nobody asked for ---------------------------------------------------------- */

static void
unsolicited(const char *text, int idle_ms)
{
    mcp_client *c =
        client_open("server=%s backup=%s timeout=500ms", fault_address(p), real_b->address);

    client_expect(c, mcp_set(c, T("k"), T("right"), 0, 0), MCP_OK, "set");
    fault_say_all(p, text);
    wait_ms(idle_ms);
    client_reads(c, "k", "right");
    client_reads(c, "k", "right");
    ck_assert_int_eq(fault_wait_end(p, 0, 1000), FAULT_RST);
    mcp_close(c);
}

START_TEST(fault_37_unsolicited_bytes_on_an_idle_connection)
{
    static const char *const texts[] = {"EN\r\n", "VA 5 f0\r\nwrong\r\n", "x"};

    unsolicited(texts[_i], 1200);
}
END_TEST

/* On a busy connection nobody looks; the opaque decides. */
START_TEST(fault_37_unsolicited_bytes_on_a_busy_connection)
{
    static const char *const texts[] = {"EN\r\n", "VA 5 f0\r\nwrong\r\n", "x"};

    unsolicited(texts[_i], 0);
}
END_TEST

/* ---- Error lines -------------------------------------------------------------------------- */

START_TEST(fault_19_client_error_is_our_bug_and_told)
{
    const fault_rule rules[] = {
        {.match = "mg k", .what = FAULT_TEXT, .text = "CLIENT_ERROR bad command line format\r\n"},
        {.match = "ms k", .what = FAULT_TEXT, .text = "CLIENT_ERROR bad data chunk\r\n"}};
    fault *b = fault_unix(real_b);
    mcp_client *c =
        client_open("server=%s backup=%s timeout=300ms", fault_address(p), fault_address(b));

    server_put(real_b, "k", "x", 1, 0, 0);
    fault_rules(p, rules, 2);
    client_expect(c, mcp_get(c, T("k"), NULL), MCP_SERVER_ERROR, "get");
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "bad command line format"));
    ck_assert_int_eq(mcp_last_error(c)->server, 0);
    ck_assert_int_eq(fault_count(b, "mg k"), 0);
    ck_assert_int_eq(fault_wait_end(p, fault_line_connection(p, "mg k", 0), 1000), FAULT_RST);
    mcp_close(c);
}
END_TEST

START_TEST(fault_21_out_of_memory_leaves_no_old_value)
{
    const fault_rule full = {.match = "ms k",
                             .what = FAULT_TEXT,
                             .text = "SERVER_ERROR out of memory storing object\r\n"};
    mcp_client *c = open_pair();
    mcp_result r;

    server_put(real_p, "k", "old", 3, 0, 0);
    server_put(real_b, "k", "old", 3, 0, 0);
    fault_rule_one(p, &full);
    r = client_call(c, MCP_SET, "k", "new");
    ck_assert_int_ne(r.primary, MCP_COPY_OK);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    ck_assert_msg(!server_holds(real_p, "k", "old"), "the old value is still there");
    if (mcp_get(c, T("k"), &r) == MCP_OK)
        ck_assert(r.value_len == 3 && memcmp(r.value, "new", 3) == 0);
    mcp_close(c);
}
END_TEST

START_TEST(fault_21_without_backup_the_user_is_told)
{
    const fault_rule full = {.match = "ms k",
                             .what = FAULT_TEXT,
                             .text = "SERVER_ERROR out of memory storing object\r\n"};
    mcp_client *c = open_single();

    server_put(real_p, "k", "old", 3, 0, 0);
    fault_rule_one(p, &full);
    client_expect(c, mcp_set(c, T("k"), T("new"), 0, 0), MCP_SERVER_FULL, "set");
    ck_assert(!server_holds(real_p, "k", "old"));
    client_expect(c, mcp_set(c, T("other"), T("new"), 0, 0), MCP_OK, "another key");
    mcp_close(c);
}
END_TEST

START_TEST(fault_22_too_large_line_deletes_on_both)
{
    const fault_rule large = {
        .match = "ms k", .what = FAULT_TEXT, .text = "SERVER_ERROR object too large for cache\r\n"};
    mcp_client *c = open_pair();

    server_put(real_b, "k", "old", 3, 0, 0);
    fault_rule_one(p, &large);
    client_expect(c, mcp_set(c, T("k"), T("new"), 0, 0), MCP_TOO_BIG, "set");
    ck_assert(!server_look(real_b, "k")->found);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    mcp_close(c);
}
END_TEST

START_TEST(fault_23_other_server_errors)
{
    static const fault_what ways[] = {FAULT_TEXT_CLOSE, FAULT_TEXT};
    const fault_rule error = {
        .match = "mg k", .what = ways[_i], .text = "SERVER_ERROR temporary failure\r\n"};
    mcp_client *c = open_pair();
    mcp_client *single = open_single();

    server_put(real_b, "k", "x", 1, 0, 0);
    fault_rule_one(p, &error);
    client_reads(c, "k", "x");
    client_expect(single, mcp_get(single, T("k"), NULL), MCP_SERVER_ERROR, "get");
    ck_assert_ptr_nonnull(strstr(mcp_last_error(single)->text, "temporary failure"));
    mcp_close(single);
    mcp_close(c);
}
END_TEST

/* ---- Wrong kinds of reply to a write ------------------------------------------------------ */

START_TEST(fault_17_wrong_kind_of_reply_to_a_set)
{
    static const char *const texts[] = {
        "EN\r\n", "END\r\n", "VA 3 f0\r\nabc\r\n", "DELETED\r\n", "1\r\n", "HD\r\n", "\r\n"};
    const fault_rule rule = {.match = "ms k", .what = FAULT_TEXT, .text = texts[_i]};
    mcp_client *c = open_pair();
    mcp_client *single = open_single();
    mcp_result r;

    fault_rule_one(p, &rule);
    r = client_call(c, MCP_SET, "k", "x");
    ck_assert_int_eq(r.status, MCP_OK);
    ck_assert_int_ne(r.primary, MCP_COPY_OK);
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    ck_assert_int_eq(fault_wait_end(p, fault_line_connection(p, "ms k", 0), 1000), FAULT_RST);
    ck_assert_int_lt(mcp_set(single, T("k"), T("x"), 0, 0), -200);
    mcp_close(c);
    mcp_close(single);
}
END_TEST

/* ---- Pieces ------------------------------------------------------------------------------- */

START_TEST(fault_10_one_byte_at_a_time)
{
    relay *slow_p = relay_tcp(real_p);
    relay *slow_b = relay_tcp(real_b);
    mcp_client *c =
        client_open("server=%s backup=%s timeout=5s", relay_address(slow_p), relay_address(slow_b));
    char value[3000];
    mcp_result r = MCP_RESULT_INIT;
    uint64_t number;

    relay_set(slow_p, RELAY_BYTES);
    relay_set(slow_b, RELAY_BYTES);
    for (size_t i = 0; i < sizeof value; i++)
        value[i] = (char)(i % 3 == 0 ? '\r' : i % 3 == 1 ? '\n' : 'E');
    client_expect(c, mcp_set(c, T("k"), value, sizeof value, 100, 9), MCP_OK, "set");
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    ck_assert_uint_eq(r.value_len, sizeof value);
    ck_assert_int_eq(memcmp(r.value, value, sizeof value), 0);
    ck_assert_uint_eq(r.flags, 9);
    client_expect(c, mcp_cas(c, T("k"), T("1"), 0, 0, r.cas), MCP_OK, "cas");
    client_expect(c, mcp_incr(c, T("k"), 9, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 10);
    client_expect(c, mcp_append(c, T("k"), T("0")), MCP_OK, "append");
    ck_assert(server_holds(real_b, "k", "100"));
    client_expect(c, mcp_touch(c, T("k"), 10), MCP_OK, "touch");
    client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    ck_assert_int_eq(mcp_get(c, T("k"), NULL), MCP_NOT_FOUND);
    client_expect(c, mcp_stats(c, 0, NULL, &r), MCP_OK, "stats");
    ck_assert_uint_eq(client_info(c, 0).errors, 0);
    mcp_close(c);
}
END_TEST

/* The server takes nothing for a while: the send is cut into pieces and goes on. */
START_TEST(fault_11_short_sends_of_a_large_value)
{
    server *wide_p = server_tcp("-I 32m -m 128");
    server *wide_b = server_unix("-I 32m -m 128");
    mcp_client *c = client_pair(wide_p, wide_b, "timeout=10s");
    size_t len = 20u << 20;
    char *value = malloc(len);
    mcp_result r = MCP_RESULT_INIT;

    ck_assert_ptr_nonnull(value);
    for (size_t i = 0; i < len; i++)
        value[i] = (char)(i * 31 + i / 4099);
    client_expect(c, mcp_set(c, T("k"), value, len, 0, 0), MCP_OK, "set");
    client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, "get");
    ck_assert(r.value_len == len && memcmp(r.value, value, len) == 0);
    ck_assert_uint_eq(client_info(c, 0).errors, 0);
    free(value);
    mcp_close(c);
}
END_TEST

/* How large a value is; 0: there is none. */
static size_t
size_there(const server *s, const char *key)
{
    char line[80];
    size_t size = 0, reply_len;
    int len = snprintf(line, sizeof line, "mg %s s\r\n", key);
    char *reply = server_ask(s, line, (size_t)len, &reply_len);

    if (strncmp(reply, "EN", 2) != 0)
        ck_assert_int_eq(sscanf(reply, "HD s%zu", &size), 1);
    free(reply);
    return size;
}

START_TEST(fault_11_a_send_that_stands_still_is_reset)
{
    server *wide = server_unix("-I 32m -m 128");
    relay *road = relay_tcp(wide);
    server *paused = server_tcp("-I 32m -m 128");
    mcp_client *c = client_open("server=%s backup=%s timeout=400ms max_value=32m", paused->address,
                                relay_address(road));
    size_t len = 20u << 20;
    char *value = calloc(1, len);
    int64_t start;
    mcp_request request = client_request(MCP_SET, "k");
    mcp_result r = MCP_RESULT_INIT;

    ck_assert_ptr_nonnull(value);
    client_expect(c, mcp_set(c, T("warm"), T("x"), 0, 0), MCP_OK, "set");
    server_pause(paused);
    request.value = value;
    request.value_len = len;
    start = now_ms();
    client_expect(c, mcp_call(c, &request, &r), MCP_OK, "set");
    ck_assert_int_le(now_ms() - start, 400 + client_slack(100));
    ck_assert_int_ne(r.primary, MCP_COPY_OK);
    ck_assert_int_eq(r.backup, MCP_COPY_OK);
    /* Half a payload must not become the beginning of something else. */
    server_continue(paused);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 10000)); /* what it missed is copied to it */
    ck_assert_uint_eq(size_there(paused, "k"), len);
    client_expect(c, mcp_set(c, T("k"), T("small"), 0, 0), MCP_OK, "set");
    ck_assert(server_holds(paused, "k", "small"));
    free(value);
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("replies");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, spoilt_get_is_answered_by_the_backup, 0, N_GET_REPLIES);
    tcase_add_loop_test(tests, spoilt_get_without_backup_is_an_error_and_a_reset, 0, N_GET_REPLIES);
    tcase_add_loop_test(tests, spoilt_get_leaves_nothing_for_the_next, 0, N_GET_REPLIES);
    tcase_add_test(tests, fault_05_a_read_is_tried_once_more_when_nothing_had_come);
    tcase_add_loop_test(tests, fault_14_an_extra_line_behind_the_reply, 0, 4);
    tcase_add_test(tests, fault_16_one_reply_missing_in_a_pipeline);
    tcase_add_loop_test(tests, fault_37_unsolicited_bytes_on_an_idle_connection, 0, 3);
    tcase_add_loop_test(tests, fault_37_unsolicited_bytes_on_a_busy_connection, 0, 3);
    tcase_add_test(tests, fault_19_client_error_is_our_bug_and_told);
    tcase_add_test(tests, fault_21_out_of_memory_leaves_no_old_value);
    tcase_add_test(tests, fault_21_without_backup_the_user_is_told);
    tcase_add_test(tests, fault_22_too_large_line_deletes_on_both);
    tcase_add_loop_test(tests, fault_23_other_server_errors, 0, 2);
    tcase_add_loop_test(tests, fault_17_wrong_kind_of_reply_to_a_set, 0, 7);
    tcase_add_test(tests, fault_10_one_byte_at_a_time);
    tcase_add_test(tests, fault_11_short_sends_of_a_large_value);
    tcase_add_test(tests, fault_11_a_send_that_stands_still_is_reset);
    return run_tests("replies", tests);
}

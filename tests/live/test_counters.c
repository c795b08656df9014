/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client counts about its servers: against what it was asked, and against a server whose
 * slowness is known. */
#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

#define SLOW_MS 20

START_TEST(what_was_asked_is_counted)
{
    server *p = server_unix(NULL);
    mcp_client *c = client_open("server=%s timeout=20s", p->address);
    uint64_t number;

    for (int i = 0; i < 7; i++)
        client_expect(c, mcp_set(c, T("k"), T("1"), 0, 0), MCP_OK, "set");
    for (int i = 0; i < 5; i++)
        client_reads(c, "k", "1");
    for (int i = 0; i < 3; i++)
        client_expect(c, mcp_get(c, T("missing"), NULL), MCP_NOT_FOUND, "get");
    client_expect(c, mcp_add(c, T("k"), T("1"), 0, 0), MCP_NOT_STORED, "add");
    client_expect(c, mcp_incr(c, T("k"), 1, &number), MCP_OK, "incr");
    client_expect(c, mcp_touch(c, T("k"), 100), MCP_OK, "touch");
    client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    mcp_server info = client_info(c, 0);
    ck_assert_uint_eq(info.gets, 8);
    ck_assert_uint_eq(info.hits, 5);
    ck_assert_uint_eq(info.misses, 3);
    ck_assert_uint_eq(info.sets, 8);
    ck_assert_uint_eq(info.deletes, 1);
    ck_assert_uint_eq(info.others, 2);
    ck_assert_uint_eq(info.calls, 19);
    ck_assert_uint_eq(info.errors, 0);
    ck_assert_uint_eq(info.timeouts, 0);
    mcp_close(c);
}
END_TEST

/* What the library asks for itself is none of the user's calls: the record, third deletes and
 * checks count as calls and as nothing else. */
START_TEST(what_the_library_asks_for_itself_is_not)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=20s");

    for (int i = 0; i < 10; i++) {
        client_expect(c, mcp_set(c, T("k"), T("1"), 0, 0), MCP_OK, "set");
        client_reads(c, "k", "1");
        client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    }
    mcp_server first = client_info(c, 0), second = client_info(c, 1);
    ck_assert_uint_eq(first.gets, 10);
    ck_assert_uint_eq(first.sets, 10);
    ck_assert_uint_eq(first.deletes, 10);
    ck_assert_uint_eq(second.gets, 0);
    ck_assert_uint_eq(second.sets, 10);
    ck_assert_uint_eq(second.deletes, 10);
    ck_assert_uint_gt(second.calls, 20);
    mcp_close(c);
}
END_TEST

START_TEST(every_64th_answer_is_timed)
{
    server *p = server_unix(NULL);
    mcp_client *c = client_open("server=%s timeout=20s", p->address);

    ck_assert_uint_eq(client_info(c, 0).latency_n, 0);
    client_expect(c, mcp_set(c, T("k"), T("1"), 0, 0), MCP_OK, "set");
    for (int i = 0; i < 199; i++)
        client_reads(c, "k", "1");
    mcp_server info = client_info(c, 0);
    ck_assert_uint_eq(info.latency_n, 4); /* the 1st, 65th, 129th, 193rd */
    ck_assert_uint_gt(info.latency_us, 0);
    ck_assert_uint_le(info.latency_us, info.latency_max_us);
    ck_assert_uint_le(info.latency_p50_us, info.latency_p99_us);
    ck_assert_uint_le(info.latency_p99_us, info.latency_max_us);
    mcp_close(c);
}
END_TEST

static void
check_slow(mcp_client *c, int number, int64_t longest_us)
{
    mcp_server info = client_info(c, number);
    uint32_t least_us = SLOW_MS * 1000;

    ck_assert_uint_ge(info.latency_n, 2);
    ck_assert_uint_ge(info.latency_p50_us, least_us);
    ck_assert_uint_ge(info.latency_max_us, least_us);
    ck_assert_int_le(info.latency_max_us, longest_us);
}

/* Neither faster than the server is, nor slower than the slowest call was. */
START_TEST(a_slow_server_is_seen_as_slow_as_it_is)
{
    server *p = server_unix(NULL);
    fault *slow = fault_unix(p);
    const fault_rule rule = {.match = "mg k", .what = FAULT_DELAY, .ms = SLOW_MS};
    mcp_client *c = client_open("server=%s timeout=20s", fault_address(slow));
    int64_t longest_us = 0;

    fault_rule_one(slow, &rule);
    for (int i = 0; i < 70; i++) {
        int64_t begun_us = now_us();
        client_expect(c, mcp_get(c, T("k"), NULL), MCP_NOT_FOUND, "get");
        if (now_us() - begun_us > longest_us)
            longest_us = now_us() - begun_us;
    }
    check_slow(c, 0, longest_us);
    ck_assert_uint_ge(client_info(c, 0).latency_us, SLOW_MS * 1000);
    mcp_close(c);
}
END_TEST

/* One copy's slowness is not the other one's. */
START_TEST(each_copy_has_its_own)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    fault *slow = fault_unix(b);
    /* Whatever it is asked: a set brings a question along, and the first byte that comes is timed. */
    const fault_rule rule = {.match = "m", .what = FAULT_DELAY, .ms = SLOW_MS};
    mcp_client *c = client_open("server=%s backup=%s timeout=20s mirror_verify=no view_interval=1m",
                                p->address, fault_address(slow));
    int64_t longest_us = 0;

    client_expect(c, mcp_get(c, T("k"), NULL), MCP_NOT_FOUND, "get"); /* both are greeted */
    fault_rule_one(slow, &rule);
    for (int i = 0; i < 140; i++) {
        int64_t begun_us = now_us();
        client_expect(c, mcp_set(c, T("k"), T("1"), 0, 0), MCP_OK, "set");
        if (now_us() - begun_us > longest_us)
            longest_us = now_us() - begun_us;
    }
    check_slow(c, 1, longest_us);
    ck_assert_uint_lt(client_info(c, 0).latency_p50_us, SLOW_MS * 1000);
    mcp_close(c);
}
END_TEST

/* An old program asks with a smaller struct. */
START_TEST(a_smaller_struct_is_filled_as_far_as_it_goes)
{
    server *p = server_unix(NULL);
    mcp_client *c = client_open("server=%s timeout=20s", p->address);
    mcp_server info = MCP_SERVER_INIT;

    client_expect(c, mcp_set(c, T("k"), T("1"), 0, 0), MCP_OK, "set");
    info.size = offsetof(mcp_server, gets);
    info.gets = info.latency_n = 12345;
    ck_assert_int_eq(mcp_server_info(c, 0, &info), MCP_OK);
    ck_assert_uint_gt(info.calls, 0);
    ck_assert_uint_eq(info.gets, 12345);
    ck_assert_uint_eq(info.latency_n, 12345);
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("counters");

    tcase_add_test(tests, what_was_asked_is_counted);
    tcase_add_test(tests, what_the_library_asks_for_itself_is_not);
    tcase_add_test(tests, every_64th_answer_is_timed);
    tcase_add_test(tests, a_slow_server_is_seen_as_slow_as_it_is);
    tcase_add_test(tests, each_copy_has_its_own);
    tcase_add_test(tests, a_smaller_struct_is_filled_as_far_as_it_goes);
    return run_tests("counters", tests);
}

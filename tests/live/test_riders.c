/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is looked at behind a set and a delete is answered in front of the next call. Here only that
 * has come when the call begins to wait; its own answer comes late, or never.
 */
#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

enum { TIMEOUT_MS = 300, LATE_MS = 60, STORE = 0, ERASE = 1 };

typedef struct pair {
    server *backup;
    fault *road; /* to it */
    mcp_client *client;
} pair;

static pair
open_pair(void)
{
    pair p;
    p.backup = server_unix(NULL);
    p.road = fault_unix(p.backup);
    p.client = client_open("server=%s backup=%s timeout=%dms", server_unix(NULL)->address,
                           fault_address(p.road), TIMEOUT_MS);
    return p;
}

static mcp_status
change(mcp_client *client, int verb, const char *key, mcp_result *result)
{
    mcp_request request = client_request(verb == STORE ? MCP_SET : MCP_DELETE, key);
    request.value = verb == STORE ? "v" : NULL;
    request.value_len = verb == STORE;
    return mcp_call(client, &request, result);
}

/* Two changes, and time enough for the answers that nobody waited for to stand in the socket. A set's
 * questions only go with the second one. */
static void
leave_riders(mcp_client *client, int verb)
{
    mcp_result result = MCP_RESULT_INIT;
    for (int i = 0; i < 2; i++)
        ck_assert_int_ge(change(client, verb, "first", &result), MCP_OK);
    wait_ms(5);
}

START_TEST(the_answer_comes_late)
{
    static const fault_rule late[] = {{.match = "ms late", .what = FAULT_DELAY, .ms = LATE_MS},
                                      {.match = "md late", .what = FAULT_DELAY, .ms = LATE_MS}};
    pair p = open_pair();
    mcp_result result = MCP_RESULT_INIT;
    server_put(p.backup, "late", "x", 1, 0, 0);
    leave_riders(p.client, _i);
    fault_rules(p.road, late, 2);
    int64_t begun_ms = now_ms();
    client_expect(p.client, change(p.client, _i, "late", &result), MCP_OK, "late");
    ck_assert_int_ge(now_ms() - begun_ms, LATE_MS);
    ck_assert_int_eq(result.backup, MCP_COPY_OK);
    mcp_close(p.client);
    ck_assert_int_eq(server_holds(p.backup, "late", "v"), _i == STORE);
}
END_TEST

START_TEST(the_answer_never_comes)
{
    static const fault_rule never[] = {{.match = "ms late", .what = FAULT_HANG},
                                       {.match = "md late", .what = FAULT_HANG}};
    pair p = open_pair();
    mcp_result result = MCP_RESULT_INIT;
    leave_riders(p.client, _i);
    fault_rules(p.road, never, 2);
    int64_t begun_ms = now_ms();
    (void)change(p.client, _i, "late", &result);
    int64_t took_ms = now_ms() - begun_ms;
    ck_assert_msg(took_ms <= TIMEOUT_MS + client_slack(100), "it took %d ms", (int)took_ms);
    ck_assert_int_ne(result.backup, MCP_COPY_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_OK);
    mcp_close(p.client);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("riders");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, the_answer_comes_late, STORE, ERASE + 1);
    tcase_add_loop_test(tests, the_answer_never_comes, STORE, ERASE + 1);
    return run_tests("riders", tests);
}

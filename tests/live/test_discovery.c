/* SPDX-License-Identifier: BSD-3-Clause */
/* discovery=: an endpoint tells the list of servers. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/client.h"
#include "discovery_kit.h"
#include "mcproxy/adapters/poll.h"
#include "mcproxy/dump.h"
#include "support/run.h"
#include "support/wait.h"

/* As if a minute had gone by. */
static void
ask_soon(mcp_client *c)
{
    c->engine.scout.ask_ms = c->engine.now_ms;
}

/* Calls go on, and none fails, until there are so many servers. */
static void
calls_until(mcp_client *c, int n_servers)
{
    int64_t end = now_ms() + client_slack(10000);

    for (int i = 0; mcp_server_count(c) != n_servers; i++) {
        char key[32];

        ck_assert_int_lt(now_ms(), end);
        snprintf(key, sizeof key, "key:%d", i % 100);
        client_expect(c, mcp_set(c, T(key), T(key), 0, 0), MCP_OK, "set");
    }
}

static void
calls_for(mcp_client *c, int ms)
{
    for (int64_t end = now_ms() + ms; now_ms() < end;)
        client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
}

/* Calls go on, and none fails, until it has been asked so often. */
static void
calls_until_asked(mcp_client *c, int n)
{
    int64_t end = now_ms() + client_slack(10000);

    while (fault_count(endpoint, ASK) < n || c->engine.scout.phase != 0) {
        ck_assert_int_lt(now_ms(), end);
        client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    }
}

static void
fails(mcp_client *c, mcp_status wanted, const char *why)
{
    ck_assert_int_eq(mcp_set(c, T("key"), T("value"), 0, 0), wanted);
    ck_assert_msg(strstr(mcp_last_error(c)->text, why) != NULL, "%s", mcp_last_error(c)->text);
    ck_assert_msg(strstr(mcp_last_error(c)->text, fault_address(endpoint)) != NULL, "%s",
                  mcp_last_error(c)->text);
}

/* ---- The first list ----------------------------------------------------------------------- */

START_TEST(the_first_call_asks)
{
    tells(12, 3, one, two, three);
    mcp_client *c = open_client("timeout=5s");

    ck_assert_int_eq(fault_connections(endpoint), 0); /* nothing happens in mcp_open() */
    ck_assert_int_eq(mcp_server_count(c), 1);
    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(mcp_server_count(c), 3);
    ck_assert_str_eq(client_info(c, 0).address, one->address);
    ck_assert_str_eq(client_info(c, 2).address, three->address);
    for (int i = 0; i < 100; i++)
        client_reads(c, "key", "value");
    ck_assert_int_eq(fault_count(endpoint, ASK), 1);
    ck_assert_int_eq(fault_count(endpoint, "ms "), 0); /* no data goes there */
    ck_assert_int_eq(fault_wait_end(endpoint, 0, 5000) != FAULT_OPEN, 1);
    mcp_close(c);
}
END_TEST

START_TEST(an_older_endpoint_has_it_under_a_key)
{
    char text[1200];
    server *const list[] = {one, two};
    mcp_client *c = open_client("timeout=5s");

    text_of(text, sizeof text, "VALUE AmazonElastiCache:cluster", 3, list, 2);
    fault_rules(endpoint,
                (fault_rule[]){{.match = ASK, .what = FAULT_TEXT, .text = "ERROR\r\n"},
                               {.match = ASK_OLD, .what = FAULT_TEXT, .text = text}},
                2);
    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(mcp_server_count(c), 2);
    mcp_close(c);
}
END_TEST

START_TEST(the_answer_may_come_byte_by_byte)
{
    tells(1, 2, one, two, NULL);
    char text[1200];
    server *const list[] = {one, two};
    mcp_client *c = open_client("timeout=20s");

    text_of(text, sizeof text, "CONFIG cluster", 3, list, 2);
    fault_rule_one(endpoint,
                   &(fault_rule){.match = ASK, .what = FAULT_DRIP, .text = text, .ms = 1});
    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(mcp_server_count(c), 2);
    mcp_close(c);
}
END_TEST

static int
note_key(void *context, const mcp_dump_item *item)
{
    (void)item;
    ++*(int *)context;
    return 0;
}

START_TEST(every_kind_of_call_may_be_the_first)
{
    const void *keys[] = {"key", "other"};
    int n_keys = 0;

    tells(1, 2, one, two, NULL);
    for (int kind = 0; kind < 6; kind++) {
        mcp_client *c = open_client("timeout=5s");
        mcp_location at;
        mcp_result results[2] = {MCP_RESULT_INIT, MCP_RESULT_INIT};
        mcp_request requests[2] = {client_request(MCP_GET, "key"), client_request(MCP_GET, "x")};

        if (kind == 0)
            ck_assert_uint_eq(mcp_batch(c, requests, results, 2), 0);
        else if (kind == 1)
            ck_assert_uint_eq(mcp_mget(c, keys, NULL, 2, results), 0);
        else if (kind == 2)
            client_expect(c, mcp_where(c, T("key"), NULL, 0, &at), MCP_OK, "where");
        else if (kind == 3)
            client_expect(c, mcp_dump(c, -1, 20000, note_key, &n_keys), MCP_OK, "dump");
        else if (kind == 4)
            client_expect(c, mcp_flush(c, -1, 0), MCP_OK, "flush");
        else
            mcp_maintain(c);
        ck_assert_int_eq(mcp_server_count(c), 2);
        if (kind == 4)
            ck_assert(server_stat(one, "cmd_flush") == 1 && server_stat(two, "cmd_flush") == 1);
        mcp_close(c);
    }
}
END_TEST

START_TEST(both_copies_are_kept_where_the_options_say_so)
{
    server *backup = server_unix(NULL);
    char words[200];

    tells(1, 2, one, two, NULL);
    snprintf(words, sizeof words, "timeout=5s backup=%s", backup->address);
    mcp_client *c = open_client(words);
    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(mcp_server_count(c), 3);
    ck_assert(server_holds(backup, "key", "value"));
    mcp_close(c);

    c = open_client("timeout=5s mirror=next");
    client_expect(c, mcp_set(c, T("other"), T("value"), 0, 0), MCP_OK, "set");
    ck_assert(server_holds(one, "other", "value") && server_holds(two, "other", "value"));
    mcp_close(c);
}
END_TEST

/* ---- No list ------------------------------------------------------------------------------ */

START_TEST(without_a_list_a_call_says_who_and_why)
{
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"CONFIG cluster 0 5\r\n1\nab\n\r\nEND\r\n", "no list of servers"},
        {"CONFIG cluster 0 99999999\r\n", "no list of servers"},
        {"HTTP/1.0 400 no\r\n", "no list of servers"},
        {"CONFIG cluster 0 15\r\n1\na|1.2.3.4|0\n\n\r\nEND\r\n", "no list of servers"},
        {"ERROR\r\n", "it has no list of servers, it says \"END\""},
    };
    mcp_client *c = open_client("timeout=2s");

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        says(wrong[i].text);
        fails(c, MCP_NO_SERVER, wrong[i].why);
    }
    tells(1, 2, one, two, NULL);
    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set"); /* and then it can */
    mcp_close(c);
}
END_TEST

START_TEST(a_silent_endpoint_costs_the_deadline_and_no_more)
{
    mcp_client *c = open_client("timeout=10s");
    mcp_request request = client_request(MCP_GET, "key");
    mcp_result result = MCP_RESULT_INIT;

    fault_rule_one(endpoint, &(fault_rule){.match = ASK, .what = FAULT_HANG});
    request.timeout_ms = 300;
    int64_t begin = now_ms();
    ck_assert_int_eq(mcp_call(c, &request, &result), MCP_NO_SERVER);
    ck_assert_int_ge(now_ms() - begin, 299);
    ck_assert_int_lt(now_ms() - begin, 300 + client_slack(200));
    ck_assert_msg(strstr(mcp_last_error(c)->text, "no answer in time") != NULL, "%s",
                  mcp_last_error(c)->text);
    mcp_close(c);
}
END_TEST

START_TEST(nobody_there)
{
    char address[64];
    mcp_client *c = client_open("discovery=%s timeout=2s", server_nobody(address, sizeof address));
    int64_t begin = now_ms();

    ck_assert_int_eq(mcp_set(c, T("key"), T("value"), 0, 0), MCP_NO_SERVER);
    ck_assert_msg(strstr(mcp_last_error(c)->text, address) != NULL &&
                      strstr(mcp_last_error(c)->text, "refused") != NULL,
                  "%s", mcp_last_error(c)->text);
    mcp_close(c);
    c = client_open("discovery=%s timeout=500ms", server_hole(address, sizeof address));
    begin = now_ms();
    ck_assert_int_eq(mcp_set(c, T("key"), T("value"), 0, 0), MCP_NO_SERVER);
    ck_assert_int_lt(now_ms() - begin, 500 + client_slack(200));
    mcp_close(c);
}
END_TEST

/* ---- Another list ------------------------------------------------------------------------- */

START_TEST(a_newer_list_takes_the_place_of_the_old_one)
{
    tells(5, 2, one, two, NULL);
    mcp_client *c = open_client("timeout=5s");

    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    tells(6, 3, one, two, three);
    ask_soon(c);
    calls_until(c, 3);
    ck_assert_uint_eq(client_info(c, 0).connects, 1); /* it stayed connected */
    ck_assert_int_eq(fault_count(endpoint, ASK), 2);
    for (int version = 6; version >= 5; version--) { /* the same, then an older one */
        tells(version, 1, one, NULL, NULL);
        ask_soon(c);
        calls_until_asked(c, 9 - version);
        ck_assert_int_eq(mcp_server_count(c), 3);
    }
    ck_assert_int_eq(fault_count(endpoint, ASK), 4);
    calls_for(c, 1500); /* and not again before its time */
    ck_assert_int_eq(fault_count(endpoint, ASK), 4);
    tells(7, 1, three, NULL, NULL);
    ask_soon(c);
    calls_until(c, 1);
    ck_assert_str_eq(client_info(c, 0).address, three->address);
    mcp_close(c);
}
END_TEST

/* Behind each of these sets three questions wait for company, so there is always something owed. */
START_TEST(who_only_writes_to_two_copies_does_not_wait_for_it)
{
    tells(5, 2, one, two, NULL);
    mcp_client *c = open_client("timeout=5s mirror=next");
    int64_t begin = now_ms();

    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    tells(6, 3, one, two, three);
    ask_soon(c);
    calls_until(c, 3);
    ck_assert_int_lt(now_ms() - begin, client_slack(2500)); /* of five seconds */
    mcp_close(c);
}
END_TEST

START_TEST(the_last_good_list_stays)
{
    tells(5, 2, one, two, NULL);
    mcp_client *c = open_client("timeout=5s");

    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    says("CONFIG cluster 0 3\r\n9\n\n\r\nEND\r\n"); /* nobody is in it */
    ask_soon(c);
    calls_until_asked(c, 2);
    ck_assert_int_eq(mcp_server_count(c), 2);
    says("nonsense\r\n");
    ask_soon(c);
    calls_until_asked(c, 3);
    fault_rule_one(endpoint, &(fault_rule){.match = ASK, .what = FAULT_RESET});
    ask_soon(c);
    calls_until_asked(c, 4);
    ck_assert_int_eq(fault_count(endpoint, ASK), 4);
    ck_assert_int_eq(mcp_server_count(c), 2);
    ck_assert_uint_eq(client_info(c, 0).errors + client_info(c, 1).errors, 0);
    mcp_close(c);
}
END_TEST

static int64_t
slowest_call_ms(mcp_client *c, int ms)
{
    int64_t slowest = 0;

    for (int64_t end = now_ms() + ms; now_ms() < end;) {
        int64_t begin = now_ms();

        client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
        slowest = now_ms() - begin > slowest ? now_ms() - begin : slowest;
    }
    return slowest;
}

/* However it keeps silent: before the greeting, or behind the question. */
START_TEST(nobody_waits_for_a_newer_list)
{
    static const char *const silent_at[] = {"version", ASK};

    for (size_t i = 0; i < 2; i++) {
        tells(5, 2, one, two, NULL);
        mcp_client *c = open_client("timeout=5s");
        client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
        int n = fault_count(endpoint, silent_at[i]);
        fault_rule_one(endpoint, &(fault_rule){.match = silent_at[i], .what = FAULT_HANG});
        ask_soon(c);
        /* Whoever waited would do so for two of the five seconds at least. */
        int64_t slowest = slowest_call_ms(c, 2500);
        ck_assert_msg(slowest < client_slack(1500), "silent at %s: %d ms", silent_at[i],
                      (int)slowest);
        ck_assert_int_gt(fault_count(endpoint, silent_at[i]), n);
        ck_assert_int_eq(mcp_server_count(c), 2);
        mcp_close(c);
    }
}
END_TEST

START_TEST(a_failure_is_a_reason_to_ask)
{
    tells(5, 2, one, two, NULL);
    mcp_client *c = open_client("timeout=1s");
    int64_t end = now_ms() + client_slack(10000);

    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    tells(6, 2, two, three, NULL);
    server_kill(one);
    for (int i = 0; strcmp(client_info(c, 0).address, two->address) != 0; i++) {
        char key[32];

        ck_assert_int_lt(now_ms(), end);
        snprintf(key, sizeof key, "key:%d", i);
        (void)mcp_set(c, T(key), T(key), 0, 0);
    }
    ck_assert_int_eq(fault_count(endpoint, ASK), 2);
    mcp_close(c);
}
END_TEST

START_TEST(reloading_with_the_same_endpoint_keeps_the_list)
{
    char options[200];

    tells(5, 2, one, two, NULL);
    mcp_client *c = open_client("timeout=5s");
    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    snprintf(options, sizeof options, "discovery=%s timeout=4s", fault_address(endpoint));
    client_expect(c, mcp_reload(c, options), MCP_OK, "reload");
    ck_assert_int_eq(mcp_server_count(c), 2);
    client_reads(c, "key", "value");
    ck_assert_int_eq(fault_count(endpoint, ASK), 1);
    snprintf(options, sizeof options, "server=%s timeout=5s", three->address);
    client_expect(c, mcp_reload(c, options), MCP_OK, "reload");
    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(fault_count(endpoint, ASK), 1);
    snprintf(options, sizeof options, "discovery=%s timeout=5s", fault_address(endpoint));
    client_expect(c, mcp_reload(c, options), MCP_OK, "reload");
    client_reads(c, "key", "value");
    ck_assert_int_eq(fault_count(endpoint, ASK), 2);
    mcp_close(c);
}
END_TEST

START_TEST(a_child_goes_on_with_the_list)
{
    int status;

    tells(5, 2, one, two, NULL);
    mcp_client *c = open_client("timeout=5s");
    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    tells(6, 3, one, two, three);
    fault_rule_one(endpoint, &(fault_rule){.match = ASK, .what = FAULT_HANG});
    ask_soon(c);
    client_reads(c, "key", "value"); /* one is under way */
    pid_t pid = fork();
    if (pid == 0) {
        mcp_result result = MCP_RESULT_INIT;
        int is_well = mcp_get(c, T("key"), &result) == MCP_OK && mcp_server_count(c) == 2;

        mcp_close(c);
        _exit(is_well ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    client_reads(c, "key", "value");
    mcp_close(c);
}
END_TEST

/* ---- Beside a loop ------------------------------------------------------------------------ */

typedef struct told {
    int n;
    mcp_status status;
    char why[200];
} told;

static void
note(void *context, mcp_client *c, mcp_result *result)
{
    told *t = context;

    t->n++;
    t->status = result->status;
    snprintf(t->why, sizeof t->why, "%s", mcp_last_error(c)->text);
}

static void
submit(mcp_client *c, const char *key, told *t)
{
    mcp_request request = client_request(MCP_SET, key);

    request.value = key;
    request.value_len = strlen(key);
    client_expect(c, mcp_submit(c, &request, note, t, NULL), MCP_OK, "submit");
}

static void
run_out(mcp_client *c, mcp_poll *loop)
{
    for (int i = 0; mcp_submit_pending(c) > 0; i++) {
        ck_assert_int_lt(i, 100000);
        mcp_poll_wait(loop, 1000);
    }
}

START_TEST(requests_of_a_loop_are_held_until_there_is_a_list)
{
    static told t[600];
    mcp_poll loop;

    tells(5, 2, one, two, NULL);
    mcp_client *c = open_client("timeout=5s");
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    for (int i = 0; i < 20; i++)
        submit(c, "key", &t[i]);
    run_out(c, &loop);
    ck_assert_int_eq(mcp_server_count(c), 2);
    tells(6, 3, one, two, three);
    ask_soon(c);
    for (int i = 20; i < 600; i++) { /* the list changes while they are under way */
        char key[32];

        snprintf(key, sizeof key, "key:%d", i);
        submit(c, key, &t[i]);
        if (i % 10 == 0)
            mcp_poll_wait(&loop, i < 400 ? 0 : 10);
    }
    run_out(c, &loop);
    for (int i = 0; i < 600; i++)
        ck_assert_msg(t[i].n == 1 && t[i].status == MCP_OK, "%d: %d times, %s", i, t[i].n,
                      mcp_strstatus(t[i].status));
    for (int i = 0; mcp_server_count(c) != 3; i++) {
        ck_assert_int_lt(i, 1000);
        mcp_poll_wait(&loop, 10);
    }
    ck_assert_int_eq(fault_count(endpoint, ASK), 2);
    mcp_close(c);
}
END_TEST

START_TEST(a_call_beside_a_loop_waits_for_the_list)
{
    mcp_poll loop;
    mcp_client *c = open_client("timeout=5s");

    tells(5, 2, one, two, NULL);
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    client_expect(c, mcp_set(c, T("key"), T("value"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(mcp_server_count(c), 2);
    ck_assert(server_holds(one, "key", "value") || server_holds(two, "key", "value"));
    ck_assert_int_eq(fault_count(endpoint, "ms "), 0);
    mcp_close(c);
}
END_TEST

START_TEST(requests_of_a_loop_fail_where_there_is_no_list)
{
    told t[2] = {{.n = 0}, {.n = 0}};
    mcp_poll loop;
    mcp_client *c = open_client("timeout=300ms");

    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    says("nonsense\r\n");
    submit(c, "key", &t[0]);
    run_out(c, &loop);
    ck_assert_int_eq(t[0].n, 1);
    ck_assert_int_eq(t[0].status, MCP_NO_SERVER);
    ck_assert_msg(strstr(t[0].why, "(discovery=)") != NULL, "%s", t[0].why);
    fault_rule_one(endpoint, &(fault_rule){.match = ASK, .what = FAULT_HANG});
    int64_t begin = now_ms();
    submit(c, "key", &t[1]);
    run_out(c, &loop);
    ck_assert_int_eq(t[1].status, MCP_NO_SERVER);
    ck_assert_int_lt(now_ms() - begin, 300 + client_slack(200));
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("discovery");

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_first_call_asks);
    tcase_add_test(tests, an_older_endpoint_has_it_under_a_key);
    tcase_add_test(tests, the_answer_may_come_byte_by_byte);
    tcase_add_test(tests, every_kind_of_call_may_be_the_first);
    tcase_add_test(tests, both_copies_are_kept_where_the_options_say_so);
    tcase_add_test(tests, without_a_list_a_call_says_who_and_why);
    tcase_add_test(tests, a_silent_endpoint_costs_the_deadline_and_no_more);
    tcase_add_test(tests, nobody_there);
    tcase_add_test(tests, a_newer_list_takes_the_place_of_the_old_one);
    tcase_add_test(tests, who_only_writes_to_two_copies_does_not_wait_for_it);
    tcase_add_test(tests, the_last_good_list_stays);
    tcase_add_test(tests, nobody_waits_for_a_newer_list);
    tcase_add_test(tests, a_failure_is_a_reason_to_ask);
    tcase_add_test(tests, reloading_with_the_same_endpoint_keeps_the_list);
    tcase_add_test(tests, a_child_goes_on_with_the_list);
    tcase_add_test(tests, requests_of_a_loop_are_held_until_there_is_a_list);
    tcase_add_test(tests, a_call_beside_a_loop_waits_for_the_list);
    tcase_add_test(tests, requests_of_a_loop_fail_where_there_is_no_list);
    return run_tests("discovery", tests);
}

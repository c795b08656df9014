/* SPDX-License-Identifier: BSD-3-Clause */
/* The log of a client whose servers come and go: what is told, when, and what is never told. */
#include <stdio.h>

#include "mcproxy/pool.h"
#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/secure.h"
#include "support/wait.h"

#define N_MAX 400

/* What was told, in order. */
typedef struct told {
    mcp_client *c;
    int n;
    int is_inside;
    struct {
        mcp_log_level level;
        int server;
        uint64_t ago_ms;
        char text[300];
    } lines[N_MAX];
} told;

static told seen;

static void
on_line(void *context, const mcp_log_entry *entry)
{
    told *t = context;

    ck_assert_int_eq(t->is_inside, 0);
    t->is_inside = 1;
    ck_assert_int_lt(t->n, N_MAX);
    ck_assert_uint_eq(entry->size, sizeof *entry);
    ck_assert_ptr_null(strpbrk(entry->text, "\r\n"));
    t->lines[t->n].level = entry->level;
    t->lines[t->n].server = entry->server;
    t->lines[t->n].ago_ms = entry->ago_ms;
    snprintf(t->lines[t->n++].text, sizeof t->lines[0].text, "%s", entry->text);
    /* No call is made from here. */
    ck_assert_int_eq(mcp_get(t->c, T("k"), NULL), MCP_BUSY);
    ck_assert_int_eq(mcp_reload(t->c, "server=a"), MCP_BUSY);
    mcp_maintain(t->c);
    mcp_close(t->c);
    t->is_inside = 0;
}

static void
listen_to(mcp_client *c, mcp_log_level most)
{
    seen.c = c;
    seen.n = 0;
    ck_assert_int_eq(mcp_on_log(c, most, on_line, &seen), MCP_OK);
}

/* How many lines hold this text. */
static int
count(const char *text)
{
    int n = 0;

    for (int i = 0; i < seen.n; i++)
        n += strstr(seen.lines[i].text, text) != NULL;
    return n;
}

static void
expect(const char *text, mcp_log_level level, int number)
{
    for (int i = 0; i < seen.n; i++) {
        if (strstr(seen.lines[i].text, text) != NULL && seen.lines[i].level == level &&
            seen.lines[i].server == number)
            return;
    }
    for (int i = 0; i < seen.n; i++)
        fprintf(stderr, "told: %d of %d: %s\n", seen.lines[i].level, seen.lines[i].server,
                seen.lines[i].text);
    ck_abort_msg("no line of level %d about server %d says \"%s\"", level, number, text);
}

/* ---- A life ------------------------------------------------------------------------------- */

START_TEST(a_server_goes_and_comes_back)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *c =
        client_pair(p, b, "timeout=5s retry_min=20ms retry_max=50ms view_interval=50ms");

    listen_to(c, MCP_LOG_INFO);
    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    expect("connected, memcached 1.", MCP_LOG_INFO, 0);
    expect("connected, memcached 1.", MCP_LOG_INFO, 1);
    ck_assert_int_eq(count("connected, "), 2);
    ck_assert_int_eq(count(p->address), 1); /* each line names its server */
    seen.n = 0;
    wait_ms(2100); /* epochs tell lives apart by the second */
    server_kill(p);
    client_reads(c, "k", "x");
    expect("up -> down: ", MCP_LOG_WARNING, 0);
    client_expect(c, mcp_set(c, T("k"), T("y"), 0, 0), MCP_OK, "set");
    expect("missed a write of this client, put on record on ", MCP_LOG_WARNING, 0);
    for (int i = 0; i < 20; i++) { /* probed meanwhile, and refused */
        wait_ms(10);
        mcp_maintain(c);
    }
    ck_assert_int_eq(count("no connection: "), 1);
    server_restart(p);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 60000));
    expect("repair begins", MCP_LOG_INFO, 0);
    expect("repair is done", MCP_LOG_INFO, 0);
    expect("made good: nothing is on record on ", MCP_LOG_INFO, 0);
    expect(" -> up", MCP_LOG_INFO, 0);
    client_reads(c, "k", "y");
    mcp_on_log(c, MCP_LOG_NONE, NULL, NULL);
    mcp_close(c);
}
END_TEST

START_TEST(it_is_told_at_the_end_of_a_call)
{
    server *p = server_unix(NULL);
    mcp_client *c = client_open("server=%s timeout=5s", p->address);

    listen_to(c, MCP_LOG_DEBUG);
    ck_assert_int_eq(seen.n, 0);
    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(seen.n, 1);
    ck_assert_uint_le(seen.lines[0].ago_ms, 5000);
    client_reads(c, "k", "x");
    ck_assert_int_eq(seen.n, 1); /* nothing happens */
    mcp_on_log(c, MCP_LOG_NONE, NULL, NULL);
    server_kill(p);
    ck_assert_int_lt(mcp_ping(c, 0), MCP_OK);
    ck_assert_int_eq(seen.n, 1); /* nobody listens */
    listen_to(c, MCP_LOG_DEBUG);
    ck_assert_int_lt(mcp_ping(c, 0), MCP_OK);
    ck_assert_int_eq(count("up -> down"), 0); /* that was before */
    mcp_on_log(c, MCP_LOG_NONE, NULL, NULL);
    mcp_close(c);
}
END_TEST

START_TEST(levels_are_kept_apart)
{
    server *p = server_unix(NULL);
    char nobody[40];
    mcp_client *c = client_open("server=%s server=%s timeout=5s", p->address,
                                server_nobody(nobody, sizeof nobody));

    listen_to(c, MCP_LOG_ERROR);
    (void)mcp_ping(c, 0);
    (void)mcp_ping(c, 1);
    ck_assert_int_eq(seen.n, 0);
    listen_to(c, MCP_LOG_WARNING);
    server_kill(p);
    (void)mcp_ping(c, 0);
    ck_assert_int_gt(seen.n, 0);
    for (int i = 0; i < seen.n; i++)
        ck_assert_int_le(seen.lines[i].level, MCP_LOG_WARNING);
    mcp_on_log(c, MCP_LOG_NONE, NULL, NULL);
    mcp_close(c);
}
END_TEST

/* ---- What went wrong ---------------------------------------------------------------------- */

START_TEST(who_did_not_answer)
{
    server *p = server_unix(NULL);
    fault *road = fault_unix(p);
    const fault_rule silent = {.match = "mg k", .what = FAULT_HANG};
    mcp_client *c = client_open("server=%s timeout=200ms", fault_address(road));

    ck_assert_int_eq(mcp_get(c, T("other"), NULL), MCP_NOT_FOUND);
    listen_to(c, MCP_LOG_DEBUG);
    fault_rule_one(road, &silent);
    ck_assert_int_lt(mcp_get(c, T("k"), NULL), MCP_OK);
    expect("connection lost: no answer within ", MCP_LOG_WARNING, 0);
    expect("up -> suspect: no answer within ", MCP_LOG_WARNING, 0);
    expect("key \"k\": ", MCP_LOG_DEBUG, -1);
    ck_assert_uint_le(seen.lines[0].ago_ms, 5000);
    mcp_on_log(c, MCP_LOG_NONE, NULL, NULL);
    mcp_close(c);
}
END_TEST

/* The password stands in no line of any level, whatever becomes of it. */
START_TEST(a_refused_password_is_told_without_it)
{
    char path[160], extra[200];
    server *p;
    mcp_client *c;

    run_path(path, sizeof path, ".auth");
    secure_password(path, "user:right");
    snprintf(extra, sizeof extra, "-Y %s", path);
    p = server_login(extra, "user right");
    c = client_open("server=%s timeout=5s auth=user:hunter2secret", p->address);
    listen_to(c, MCP_LOG_DEBUG);
    ck_assert_int_eq(mcp_get(c, T("k"), NULL), MCP_REFUSED);
    expect("no connection: it does not take our user and password", MCP_LOG_ERROR, 0);
    for (int i = 0; i < seen.n; i++) {
        ck_assert_ptr_null(strstr(seen.lines[i].text, "hunter2secret"));
        ck_assert_ptr_null(strstr(seen.lines[i].text, "right"));
    }
    mcp_on_log(c, MCP_LOG_NONE, NULL, NULL);
    mcp_close(c);
}
END_TEST

START_TEST(what_a_stranger_said_is_escaped)
{
    fault *stranger = fault_tcp(NULL);
    mcp_client *c = client_open("server=%s timeout=5s", fault_address(stranger));

    fault_banner(stranger, "SSH-2.0-\033[31mred\r\n");
    listen_to(c, MCP_LOG_DEBUG);
    ck_assert_int_lt(mcp_get(c, T("k"), NULL), MCP_OK);
    expect("not a memcached: \"SSH-2.0-\\x1b[31mred", MCP_LOG_ERROR, 0);
    for (int i = 0; i < seen.n; i++)
        ck_assert_ptr_null(strchr(seen.lines[i].text, '\033'));
    mcp_on_log(c, MCP_LOG_NONE, NULL, NULL);
    mcp_close(c);
}
END_TEST

/* A batch that fails in 300 ways: the first lines, and how many there were. */
START_TEST(more_lines_than_fit)
{
    enum { N = 300 };
    static mcp_request requests[N];
    static mcp_result results[N];
    static char keys[N][16];
    char nobody[40];
    mcp_client *c = client_open("server=%s timeout=5s", server_nobody(nobody, sizeof nobody));

    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "key:%d", i);
        requests[i] = client_request(MCP_GET, keys[i]);
        results[i] = (mcp_result)MCP_RESULT_INIT;
    }
    listen_to(c, MCP_LOG_DEBUG);
    ck_assert_uint_eq(mcp_batch(c, requests, results, N), N);
    ck_assert_int_eq(seen.n, 129);
    expect(" lines were lost here", MCP_LOG_WARNING, -1);
    ck_assert_ptr_nonnull(strstr(seen.lines[128].text, " lines were lost here"));
    mcp_on_log(c, MCP_LOG_NONE, NULL, NULL);
    mcp_close(c);
}
END_TEST

/* ---- Others ------------------------------------------------------------------------------- */

START_TEST(a_list_is_exchanged)
{
    server *p = server_unix(NULL), *q = server_unix(NULL);
    char options[300];
    mcp_client *c = client_open("server=%s timeout=5s", p->address);

    listen_to(c, MCP_LOG_INFO);
    (void)mcp_ping(c, 0);
    snprintf(options, sizeof options, "server=%s server=%s timeout=5s", q->address, p->address);
    ck_assert_int_eq(mcp_reload(c, options), MCP_OK);
    expect("the list has been exchanged: 2 servers, 1 of them as before", MCP_LOG_INFO, -1);
    seen.n = 0;
    server_kill(p);
    (void)mcp_ping(c, 1);
    expect("up -> down", MCP_LOG_WARNING, 1);
    mcp_on_log(c, MCP_LOG_NONE, NULL, NULL);
    mcp_close(c);
}
END_TEST

static void
stops(void *context, const mcp_log_entry *entry)
{
    (void)entry;
    seen.n++;
    mcp_on_log(*(mcp_client **)context, MCP_LOG_NONE, NULL, NULL);
}

START_TEST(it_can_be_taken_away_from_inside)
{
    char nobody[40];
    mcp_client *c = client_open("server=%s timeout=5s", server_nobody(nobody, sizeof nobody));

    seen.n = 0;
    ck_assert_int_eq(mcp_on_log(c, MCP_LOG_DEBUG, stops, &c), MCP_OK);
    (void)mcp_ping(c, 0);
    (void)mcp_ping(c, 0);
    ck_assert_int_eq(seen.n, 1);
    mcp_close(c);
}
END_TEST

/* What a borrower listened to is nothing for the next one. */
START_TEST(a_pool_takes_it_away)
{
    server *p = server_unix(NULL);
    char options[200];
    mcp_client *c, *again;
    mcp_pool *pool;

    snprintf(options, sizeof options, "server=%s timeout=5s", p->address);
    pool = mcp_pool_open(options, 1, NULL, 0);
    ck_assert_ptr_nonnull(pool);
    ck_assert_int_eq(mcp_pool_borrow(pool, 0, &c), MCP_OK);
    listen_to(c, MCP_LOG_DEBUG);
    (void)mcp_ping(c, 0);
    ck_assert_int_eq(seen.n, 1);
    ck_assert_int_eq(mcp_pool_return(pool, c), MCP_OK);
    server_kill(p);
    ck_assert_int_eq(mcp_pool_borrow(pool, 0, &again), MCP_OK);
    (void)mcp_ping(again, 0);
    ck_assert_int_eq(seen.n, 1);
    ck_assert_int_eq(mcp_pool_return(pool, again), MCP_OK);
    mcp_pool_close(pool);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("log");

    tcase_add_test(tests, a_server_goes_and_comes_back);
    tcase_add_test(tests, it_is_told_at_the_end_of_a_call);
    tcase_add_test(tests, levels_are_kept_apart);
    tcase_add_test(tests, who_did_not_answer);
    tcase_add_test(tests, a_refused_password_is_told_without_it);
    tcase_add_test(tests, what_a_stranger_said_is_escaped);
    tcase_add_test(tests, more_lines_than_fit);
    tcase_add_test(tests, a_list_is_exchanged);
    tcase_add_test(tests, it_can_be_taken_away_from_inside);
    tcase_add_test(tests, a_pool_takes_it_away);
    return run_tests("log", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The user's own functions that the library calls: events and progress. When they are called, with
 * what, and that calls from inside them are refused and do no harm. And mcp_repair() and
 * mcp_resync() as a program calls them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

#define LONG_MS 20000

/* What was told, and what the client answered from inside. */
typedef struct diary {
    mcp_client *client;
    int n;
    int n_of[20]; /* by kind */
    mcp_event last[20];
    char why[20][96];
    int is_busy_everywhere;
    int n_progress;
    int ends_at; /* the n-th progress ends the work; 0: none */
    mcp_progress seen;
    char phases[400];
} diary;

static mcp_client *c;
static diary d;

static void
take_note(void *context, const mcp_event *event)
{
    diary *book = context;
    ck_assert_uint_eq(event->size, sizeof *event);
    ck_assert_ptr_nonnull(event->why);
    ck_assert_int_lt((int)event->kind, 20);
    book->n++;
    book->n_of[event->kind]++;
    book->last[event->kind] = *event;
    snprintf(book->why[event->kind], sizeof book->why[0], "%s", event->why);
}

static void
watch(mcp_client *client)
{
    memset(&d, 0, sizeof d);
    d.client = client;
    mcp_on_event(client, take_note, &d);
}

/* Every call that there is, from inside. */
static int
all_are_refused(mcp_client *client)
{
    mcp_request requests[2] = {MCP_REQUEST_INIT, MCP_REQUEST_INIT};
    mcp_result results[2] = {MCP_RESULT_INIT, MCP_RESULT_INIT};
    mcp_server info = MCP_SERVER_INIT;
    requests[0].key = requests[1].key = "k";
    requests[0].key_len = requests[1].key_len = 1;
    int refused = mcp_call(client, &requests[0], &results[0]) == MCP_BUSY;
    refused &= results[0].status == MCP_BUSY;
    refused &= mcp_call(client, &requests[0], NULL) == MCP_BUSY;
    results[0].status = MCP_OK;
    refused &= mcp_batch(client, requests, results, 2) == 2;
    refused &= results[0].status == MCP_BUSY && results[1].status == MCP_BUSY;
    refused &= mcp_set(client, T("k"), T("inside"), 0, 0) == MCP_BUSY;
    refused &= mcp_delete(client, T("k")) == MCP_BUSY;
    refused &= mcp_get_or_lease(client, T("k"), 10, 0, NULL) == MCP_BUSY;
    refused &= mcp_fill(client, T("k"), T("inside"), 0, 0, 0) == MCP_BUSY;
    refused &= mcp_flush(client, -1, 0) == MCP_BUSY;
    refused &= mcp_flush(client, 0, 0) == MCP_BUSY;
    refused &= mcp_ping(client, 0) == MCP_BUSY;
    refused &= mcp_repair(client, -1, 0, NULL, NULL) == MCP_BUSY;
    refused &= mcp_resync(client, 0, 0, 0, NULL, NULL) == MCP_BUSY;
    mcp_maintain(client);
    mcp_close(client);
    return refused && mcp_server_info(client, 0, &info) == MCP_OK;
}

static void
call_from_inside(void *context, const mcp_event *event)
{
    diary *book = context;
    book->is_busy_everywhere = all_are_refused(book->client);
    take_note(book, event);
}

static int
progress(void *context, const mcp_progress *at)
{
    diary *book = context;
    ck_assert_uint_eq(at->size, sizeof *at);
    book->n_progress++;
    book->seen = *at;
    if (strstr(book->phases, at->phase) == NULL &&
        strlen(book->phases) + strlen(at->phase) + 2 < sizeof book->phases) {
        strcat(book->phases, at->phase);
        strcat(book->phases, "|");
    }
    if (book->n_progress == 1)
        book->is_busy_everywhere = all_are_refused(book->client);
    return book->n_progress == book->ends_at;
}

/* ---- Events ------------------------------------------------------------------------------- */

START_TEST(states_are_told_at_the_end_of_a_call)
{
    mcp_result r = MCP_RESULT_INIT;
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_pair(p, b, "");
    watch(c);
    ck_assert_int_eq(mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK);
    int before = d.n;
    client_reads(c, "k", "v");
    ck_assert_int_eq(d.n, before);
    server_kill(p);
    ck_assert_int_eq(mcp_get(c, T("k"), &r), MCP_OK);
    ck_assert_int_ge(d.n_of[MCP_EVENT_STATE], 1);
    ck_assert_int_eq(d.last[MCP_EVENT_STATE].server, 0);
    ck_assert_int_eq(d.last[MCP_EVENT_STATE].state, MCP_STATE_DOWN);
    ck_assert_str_ne(d.why[MCP_EVENT_STATE], "");
    ck_assert_mem_eq(r.value, "v", 1);
    ck_assert_int_eq(mcp_set(c, T("k"), T("w"), 0, 0), MCP_OK);
    ck_assert_int_eq(d.n_of[MCP_EVENT_MARKED], 1);
    ck_assert_int_eq(d.last[MCP_EVENT_MARKED].server, 0);
    ck_assert_int_eq(d.last[MCP_EVENT_MARKED].partner, 1);
    mcp_close(c);
}
END_TEST

START_TEST(what_happened_before_anybody_listened_is_told)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_pair(p, b, "");
    ck_assert_int_eq(mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK);
    server_kill(p);
    client_reads(c, "k", "v");
    watch(c);
    ck_assert_int_eq(d.n, 0);
    mcp_maintain(c);
    ck_assert_int_ge(d.n_of[MCP_EVENT_STATE], 1);
    int before = d.n;
    mcp_on_event(c, NULL, NULL);
    ck_assert_int_eq(mcp_set(c, T("k"), T("w"), 0, 0), MCP_OK);
    ck_assert_int_eq(d.n, before);
    mcp_on_event(c, take_note, &d);
    mcp_close(c); /* a call like any other */
    ck_assert_int_eq(d.n_of[MCP_EVENT_MARKED], 1);
}
END_TEST

START_TEST(calls_from_inside_are_refused_and_harmless)
{
    mcp_result r = MCP_RESULT_INIT;
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_pair(p, b, "");
    watch(c);
    ck_assert_int_eq(mcp_set(c, T("k"), T("a longer value"), 0, 0), MCP_OK);
    mcp_on_event(c, call_from_inside, &d);
    server_kill(p);
    ck_assert_int_eq(mcp_get(c, T("k"), &r), MCP_OK);
    ck_assert_int_ge(d.n, 1);
    ck_assert_int_eq(d.is_busy_everywhere, 1);
    ck_assert_uint_eq(r.value_len, 14);
    ck_assert_mem_eq(r.value, "a longer value", 14);
    ck_assert(server_holds(b, "k", "a longer value"));
    d.n = 0;
    server_kill(b);
    ck_assert_int_eq(mcp_get(c, T("k"), &r), MCP_NO_SERVER);
    ck_assert_int_ge(d.n, 1);
    ck_assert_int_eq(mcp_last_error(c)->status, MCP_NO_SERVER);
    mcp_close(c);
}
END_TEST

START_TEST(another_client_s_mark_is_seen_and_goes)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_pair(p, b, "repair=off");
    mcp_client *other = client_pair(p, b, "repair=off");
    watch(c);
    ck_assert_int_eq(mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK);
    server_pause(p);
    ck_assert_int_eq(mcp_set(other, T("k"), T("w"), 0, 0), MCP_OK);
    server_continue(p);
    /* `c` sleeps all that time: its connections stand, and what it knew of the marks is old. */
    ck_assert_int_eq(mcp_repair(c, 0, LONG_MS, NULL, NULL), MCP_OK);
    ck_assert_int_eq(d.n_of[MCP_EVENT_MARK_SEEN], 1);
    ck_assert_int_eq(d.last[MCP_EVENT_MARK_SEEN].server, 0);
    ck_assert_int_eq(d.last[MCP_EVENT_MARK_SEEN].partner, 1);
    ck_assert_int_eq(d.n_of[MCP_EVENT_MARK_GONE], 1);
    ck_assert(server_holds(p, "k", "w"));
    ck_assert_uint_ge(client_info(c, 0).repaired, 1);
    ck_assert_int_eq(client_info(c, 0).missed_on, -1);
    mcp_close(c);
    mcp_close(other);
}
END_TEST

START_TEST(a_server_that_stands_twice)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_open("distribution=ketama server=%s server=%s server=%s backup=%s", p->address,
                    b->address, p->address, p->address);
    watch(c);
    mcp_maintain(c);
    ck_assert_int_eq(d.n_of[MCP_EVENT_SERVER_TWICE], 1);
    ck_assert_int_eq(d.last[MCP_EVENT_SERVER_TWICE].server, 2);
    ck_assert_int_eq(d.last[MCP_EVENT_SERVER_TWICE].partner, 0);
    mcp_close(c);
    c = client_open("server=%s backup=%s", p->address, p->address);
    watch(c);
    mcp_maintain(c);
    ck_assert_int_eq(d.n_of[MCP_EVENT_SERVER_TWICE], 0);
    mcp_close(c);
}
END_TEST

START_TEST(events_have_words)
{
    for (int kind = MCP_EVENT_STATE; kind <= MCP_EVENT_SERVER_TWICE; kind++) {
        const char *word = mcp_strevent((mcp_event_kind)kind);
        ck_assert_str_ne(word, "no such event");
        for (int other = MCP_EVENT_STATE; other < kind; other++)
            ck_assert_str_ne(word, mcp_strevent((mcp_event_kind)other));
    }
    ck_assert_str_eq(mcp_strevent((mcp_event_kind)0), "no such event");
    ck_assert_str_eq(mcp_strevent((mcp_event_kind)99), "no such event");
    ck_assert_str_eq(mcp_strstate(MCP_STATE_WARMING), "warming");
    ck_assert_str_eq(mcp_strstate((mcp_state)6), "no such state");
}
END_TEST

/* ---- Repair and resync -------------------------------------------------------------------- */

/* A pair of which the primary missed `n` writes and is back. */
static void
miss_writes(server *p, int n)
{
    char key[16];
    server_pause(p);
    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(mcp_set(c, T(key), T(key), 0, 0), MCP_OK);
    }
    server_continue(p);
}

static void
want_keys(server *s, int n)
{
    char key[16];
    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_msg(server_holds(s, key, key), "%s", key);
    }
}

START_TEST(repair_tells_how_far_it_is)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_pair(p, b, "repair=off");
    watch(c);
    ck_assert_int_eq(mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK);
    miss_writes(p, 300);
    ck_assert_int_eq(mcp_repair(c, -1, LONG_MS, progress, &d), MCP_OK);
    ck_assert_int_ge(d.n_progress, 1);
    ck_assert_int_eq(d.is_busy_everywhere, 1);
    ck_assert_str_ne(d.phases, "");
    ck_assert_int_eq(d.n_of[MCP_EVENT_MARK_GONE], 1);
    want_keys(p, 300);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    ck_assert_uint_ge(client_info(c, 0).repaired, 300);
    ck_assert_uint_ge(client_info(c, 0).journaled, 300);
    ck_assert_int_eq(client_info(c, 0).job, MCP_JOB_NONE);
    ck_assert_int_eq(mcp_repair(c, 0, LONG_MS, NULL, NULL), MCP_OK);
    mcp_close(c);
}
END_TEST

START_TEST(the_callback_ends_it_and_it_is_taken_up_again)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_pair(p, b, "repair=off");
    watch(c);
    d.ends_at = 2;
    ck_assert_int_eq(mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK);
    miss_writes(p, 3);
    ck_assert_int_eq(mcp_repair(c, 0, LONG_MS, progress, &d), MCP_NOT_STORED);
    ck_assert_int_eq(d.n_progress, 2);
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "ended by the callback"));
    ck_assert_int_eq(mcp_last_error(c)->server, 0);
    ck_assert_int_eq(mcp_repair(c, 0, LONG_MS, NULL, NULL), MCP_OK);
    want_keys(p, 3);
    mcp_close(c);
}
END_TEST

START_TEST(limits_are_kept)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_pair(p, b, "repair=off timeout=2s");
    ck_assert_int_eq(mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK);
    miss_writes(p, 3);
    int64_t begin = now_ms();
    ck_assert_int_eq(mcp_repair(c, -1, 200, NULL, NULL), MCP_TIMEOUT);
    ck_assert_int_ge((int)(now_ms() - begin), 195);
    ck_assert_int_le((int)(now_ms() - begin), (int)(200 + 2 * 50 + client_slack(300)));
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "is not done within 200 ms"));
    mcp_close(c);
}
END_TEST

START_TEST(who_does_not_answer_is_not_waited_for)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_pair(p, b, "timeout=300ms");
    ck_assert_int_eq(mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK);
    server_kill(p);
    int64_t begin = now_ms();
    ck_assert_int_eq(mcp_repair(c, 0, 0, NULL, NULL), MCP_NO_SERVER);
    ck_assert_int_eq(mcp_last_error(c)->server, 0);
    ck_assert_int_eq(mcp_resync(c, 0, 0, 0, NULL, NULL), MCP_NO_SERVER);
    ck_assert_int_eq(mcp_repair(c, 1, 0, NULL, NULL), MCP_NO_SERVER);
    ck_assert_int_eq(mcp_last_error(c)->server, 0);
    ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, ", a partner of "));
    ck_assert_int_le((int)(now_ms() - begin), (int)(3 * 2 * 300 + client_slack(1000)));
    /* Silent instead of dead. */
    server_restart(p);
    server_pause(p);
    ck_assert_int_eq(mcp_repair(c, 0, LONG_MS, NULL, NULL), MCP_NO_SERVER);
    server_continue(p);
    mcp_close(c);
}
END_TEST

START_TEST(servers_that_are_none)
{
    server *p = server_unix(NULL);
    c = client_open("server=%s", p->address);
    ck_assert_int_eq(mcp_repair(c, 1, 0, NULL, NULL), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_repair(c, -2, 0, NULL, NULL), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_resync(c, -1, 0, 0, NULL, NULL), MCP_BAD_ARGUMENT);
    ck_assert_str_eq(mcp_last_error(c)->text, "there is no server -1, only 0 to 0");
    /* One server has no partners: nothing can stand against it. */
    ck_assert_int_eq(mcp_repair(c, 0, LONG_MS, NULL, NULL), MCP_OK);
    ck_assert_int_eq(mcp_resync(c, 0, 0, LONG_MS, NULL, NULL), MCP_OK);
    mcp_close(c);
}
END_TEST

START_TEST(resync_fills_and_keeps_its_rate)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    char key[16];
    c = client_pair(p, b, "resync=off repair=off");
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        ck_assert_int_eq(mcp_set(c, T(key), T(key), 0, 0), MCP_OK);
    }
    server_restart(p);
    watch(c);
    int64_t begin = now_ms();
    ck_assert_int_eq(mcp_resync(c, 0, 100, LONG_MS, progress, &d), MCP_OK);
    int64_t took = now_ms() - begin;
    ck_assert_msg(took >= 900, "200 keys at 100 a second took %d ms", (int)took);
    want_keys(p, 200);
    ck_assert_int_eq(d.seen.job, MCP_JOB_RESYNC);
    ck_assert_int_eq(d.seen.server, 0);
    ck_assert_uint_ge(d.seen.total, 200);
    ck_assert_int_eq(d.n_of[MCP_EVENT_RESTARTED], 1);
    ck_assert_int_eq(d.n_of[MCP_EVENT_FILLED], 1);
    ck_assert_uint_eq(client_info(c, 0).refilled, 200);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    mcp_close(c);
}
END_TEST

/* ---- Leases ------------------------------------------------------------------------------- */

START_TEST(arguments_of_leases)
{
    mcp_result r = MCP_RESULT_INIT;
    server *p = server_unix(NULL), *b = server_unix(NULL);
    c = client_pair(p, b, "");
    ck_assert_int_eq(mcp_get_or_lease(c, T("k"), 0, 0, &r), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_get_or_lease(c, T("k"), 3601, 0, &r), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_get_or_lease(c, T("k"), 10, 2147483648u, &r), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_get_or_lease(c, "", 0, 10, 0, &r), MCP_BAD_KEY);
    ck_assert_int_eq(mcp_fill(c, T("k"), T("v"), 0, 0, 0), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_get_or_lease(c, T("k"), 3600, 0, &r), MCP_NOT_FOUND);
    ck_assert_uint_ne(r.cas, 0);
    uint64_t lease = r.cas;
    ck_assert_int_eq(mcp_get_or_lease(c, T("k"), 10, 0, &r), MCP_LEASED);
    ck_assert_uint_eq(r.cas, 0);
    ck_assert_int_eq(mcp_fill(c, T("k"), T("v"), -1, 0, lease + 1), MCP_EXISTS);
    ck_assert_int_eq(mcp_fill(c, T("k"), T("v"), 100, 5, lease), MCP_OK);
    ck_assert_int_eq(mcp_get_or_lease(c, T("k"), 10, 0, &r), MCP_OK);
    ck_assert_uint_eq(r.cas, 0);
    ck_assert_uint_eq(r.flags, 5);
    ck_assert_int_eq(mcp_delete(c, T("k")), MCP_OK);
    ck_assert_int_eq(mcp_fill(c, T("k"), T("w"), 0, 0, lease), MCP_EXISTS);
    ck_assert_int_eq(mcp_last_error(c)->status, MCP_EXISTS);
    ck_assert_int_eq(mcp_get(c, T("k"), &r), MCP_NOT_FOUND);
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("events");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, states_are_told_at_the_end_of_a_call);
    tcase_add_test(tests, what_happened_before_anybody_listened_is_told);
    tcase_add_test(tests, calls_from_inside_are_refused_and_harmless);
    tcase_add_test(tests, another_client_s_mark_is_seen_and_goes);
    tcase_add_test(tests, a_server_that_stands_twice);
    tcase_add_test(tests, events_have_words);
    tcase_add_test(tests, repair_tells_how_far_it_is);
    tcase_add_test(tests, the_callback_ends_it_and_it_is_taken_up_again);
    tcase_add_test(tests, limits_are_kept);
    tcase_add_test(tests, who_does_not_answer_is_not_waited_for);
    tcase_add_test(tests, servers_that_are_none);
    tcase_add_test(tests, resync_fills_and_keeps_its_rate);
    tcase_add_test(tests, arguments_of_leases);
    return run_tests("events", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the record costs while all is well, counted: a client that calls all the time asks a server
 * for no more than one small thing in a view interval, marks and epoch together; and asks that
 * much. No call waits for any of it: it is sent with what a call sends anyway, and a get of a pair
 * that is all right is one send, also after seconds of them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/run.h"
#include "support/trace.h"
#include "support/wait.h"

enum { VIEW_MS = 100, INTERVALS = 60, SET_EVERY = 5 };
enum { OPEN, CALLING, N_GETS = 1000, TRACED_VIEW_MS = 200 };

/* Sent to one server so far, but for calls and the comparisons behind sets. */
static uint64_t
small_ones(mcp_client *c, int number)
{
    mcp_server info = MCP_SERVER_INIT;

    ck_assert_int_eq(mcp_server_info(c, number, &info), MCP_OK);
    return info.calls - info.gets - info.sets - info.sets * (number == 0 ? 1 : 2);
}

/* How long it took, in ms. `*early`: how many ms earlier than they need questions may have been asked,
 * in all: where this machine keeps calls apart, twice their gap before the view has lived its life. */
static int64_t
work(mcp_client *c, int with_sets, int intervals, int64_t *early)
{
    int64_t begun_ms = now_ms(), last_ms = begun_ms;

    *early = 0;
    for (int i = 0; now_ms() - begun_ms < VIEW_MS * intervals; i++) {
        int64_t more_ms = 2 * (now_ms() - last_ms) - VIEW_MS / 16;
        *early += more_ms > 0 ? more_ms : 0;
        last_ms = now_ms();
        if (with_sets && i % SET_EVERY == 0)
            client_expect(c, mcp_set(c, T("k"), T("value"), 0, 0), MCP_OK, "set");
        else
            client_reads(c, "k", "value");
        wait_ms(1);
    }
    return now_ms() - begun_ms;
}

/* Gets alone, which never go to the backup; with sets, behind which the backup's marks are read
 * anyway. */
START_TEST(one_small_thing_in_a_view_interval)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *c = client_open("server=%s backup=%s timeout=1s view_interval=%dms", p->address,
                                b->address, VIEW_MS);
    uint64_t before[2], asked;
    int64_t took_ms, early_ms;

    client_expect(c, mcp_set(c, T("k"), T("value"), 0, 0), MCP_OK, "set");
    (void)work(c, _i, 1, &early_ms);
    for (int i = 0; i < 2; i++)
        before[i] = small_ones(c, i);
    took_ms = work(c, _i, INTERVALS, &early_ms);
    for (int i = 0; i < 2; i++) {
        asked = small_ones(c, i) - before[i];
        printf("server %d: %d in %d ms, %d early\n", i, (int)asked, (int)took_ms, (int)early_ms);
        ck_assert_uint_le(asked, (uint64_t)(took_ms + early_ms) / VIEW_MS);
        ck_assert_uint_ge(asked, _i == 1 && i == 1 ? 0 : INTERVALS / 2);
    }
    mcp_close(c);
}
END_TEST

/* The traced work; words: NAME, primary, backup. Says how long the gets took. */
static int
traced(char **words)
{
    char options[512];
    mcp_client *c;
    int64_t begun_ms;
    int bad = 0;

    snprintf(options, sizeof options, "server=%s backup=%s timeout=1s view_interval=%dms", words[1],
             words[2], TRACED_VIEW_MS);
    c = mcp_open(options, NULL, 0);
    bad += mcp_set(c, T("k"), T("value"), 0, 0) != MCP_OK;
    bad += mcp_get(c, T("k"), NULL) != MCP_OK;
    trace_phase();
    begun_ms = now_ms();
    for (int i = 0; i < N_GETS; i++) {
        bad += mcp_get(c, T("k"), NULL) != MCP_OK;
        wait_ms(1);
    }
    printf("%lld\n", (long long)(now_ms() - begun_ms));
    trace_phase();
    mcp_close(c);
    return bad;
}

START_TEST(strace_no_call_waits_for_it)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    trace *t = trace_work((const char *const[]){"gets", p->address, b->address, NULL});
    int intervals = atoi(t->output) / TRACED_VIEW_MS;

    printf("%d view intervals: %zu sends to the primary, %zu to the backup\n", intervals,
           trace_count(t, CALLING, "send", p->address),
           trace_count(t, CALLING, "send", b->address));
    ck_assert_int_ge(intervals, 5);
    ck_assert_uint_eq(trace_count(t, CALLING, "send", p->address), N_GETS);
    ck_assert_uint_ge(trace_count(t, CALLING, "send", b->address), (size_t)intervals / 2);
    ck_assert_uint_le(trace_count(t, CALLING, "send", b->address), (size_t)intervals + 1);
    trace_free(t);
}
END_TEST

int
main(int argc, char **argv)
{
    TCase *tests = tcase_create("peace");

    if (argc > 2 && strcmp(argv[1], "--work") == 0)
        return traced(argv + 2);
    tcase_add_test(tests, strace_no_call_waits_for_it);
    tcase_add_loop_test(tests, one_small_thing_in_a_view_interval, 0, 2);
    return run_tests("peace", tests);
}

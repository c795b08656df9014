/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the record costs while all is well, counted: a client that calls all the time asks a server
 * for no more than one small thing in a view interval, marks and epoch together; and asks that much.
 */
#include <stdint.h>
#include <stdio.h>

#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

enum { VIEW_MS = 100, INTERVALS = 60, SET_EVERY = 5 };

/* Sent to one server so far, but for calls and the comparisons behind sets. */
static uint64_t
small_ones(mcp_client *c, int number)
{
    mcp_server info = MCP_SERVER_INIT;

    ck_assert_int_eq(mcp_server_info(c, number, &info), MCP_OK);
    return info.calls - info.gets - info.sets - info.sets * (number == 0 ? 1 : 2);
}

/* How long it took, in ms. */
static int64_t
work(mcp_client *c, int with_sets, int intervals)
{
    int64_t begun_ms = now_ms();

    for (int i = 0; now_ms() - begun_ms < VIEW_MS * intervals; i++) {
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
    int64_t took_ms;

    client_expect(c, mcp_set(c, T("k"), T("value"), 0, 0), MCP_OK, "set");
    (void)work(c, _i, 1);
    for (int i = 0; i < 2; i++)
        before[i] = small_ones(c, i);
    took_ms = work(c, _i, INTERVALS);
    for (int i = 0; i < 2; i++) {
        asked = small_ones(c, i) - before[i];
        printf("server %d: %d in %d ms\n", i, (int)asked, (int)took_ms);
        ck_assert_uint_le(asked, (uint64_t)took_ms / VIEW_MS);
        ck_assert_uint_ge(asked, _i == 1 && i == 1 ? 0 : INTERVALS / 2);
    }
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("peace");

    tcase_add_loop_test(tests, one_small_thing_in_a_view_interval, 0, 2);
    return run_tests("peace", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* mcp_dump(): every key of real servers, once each, and what happens when that is not to be had. */
#include <mcproxy/dump.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

enum { N_KEYS = 100000, CHUNK = 1000, TTL = 5000 };

typedef struct seen {
    mcp_client *c;
    uint8_t *times[2]; /* by server */
    uint64_t n, n_other, end_at;
    int status; /* of a call from inside */
    mcp_dump_item last;
    char key[256];
} seen;

static int
look(void *context, const mcp_dump_item *item)
{
    seen *all = context;
    char text[32];
    all->n++;
    all->last = *item;
    memcpy(all->key, item->key, item->key_len);
    all->key[item->key_len] = '\0';
    int i = strncmp(all->key, "key ", 4) == 0 ? atoi(all->key + 4) : -1;
    snprintf(text, sizeof text, "key %d", i);
    if (i < 0 || i >= N_KEYS || strcmp(text, all->key) != 0 || item->server > 1) {
        all->n_other++;
    } else if (all->times[item->server] != NULL) {
        all->times[item->server][i]++;
        ck_assert_int_eq(item->copy, item->server == 0 ? MCP_DUMP_PRIMARY : MCP_DUMP_BACKUP);
        if (i % 2 == 0)
            ck_assert_int_eq(item->ttl, -1);
        else
            ck_assert(item->ttl > TTL - 200 && item->ttl <= TTL);
    }
    return all->end_at != 0 && all->n == all->end_at;
}

static void
fill(mcp_client *c, int n)
{
    mcp_request *requests = calloc(CHUNK, sizeof *requests);
    mcp_result *results = calloc(CHUNK, sizeof *results);
    char(*keys)[32] = calloc(CHUNK, sizeof *keys);
    for (int from = 0; from < n; from += CHUNK) {
        for (int i = 0; i < CHUNK; i++) {
            snprintf(keys[i], sizeof keys[i], "key %d", from + i);
            requests[i] = client_request(MCP_SET, keys[i]);
            requests[i].value = "v";
            requests[i].value_len = 1;
            requests[i].ttl = i % 2 ? TTL : 0;
            requests[i].timeout_ms = 20000;
            results[i] = (mcp_result)MCP_RESULT_INIT;
        }
        ck_assert_uint_eq(mcp_batch(c, requests, results, CHUNK), 0);
    }
    free(requests);
    free(results);
    free(keys);
}

START_TEST(every_key_once_from_each_server)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=5s keys=base64 namespace=ns:");
    seen all = {.c = c, .times = {calloc(N_KEYS, 1), calloc(N_KEYS, 1)}};
    fill(c, N_KEYS);
    server_put(p, "foreign", "x", 1, 0, 0);
    server_put(p, "ns:stray", "x", 1, 0, 0);
    client_expect(c, mcp_dump(c, -1, 0, look, &all), MCP_OK, "dump");
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < N_KEYS; i++)
            ck_assert_msg(all.times[s][i] == 1, "key %d: %d times", i, all.times[s][i]);
    }
    ck_assert_uint_eq(all.n, 2 * N_KEYS + 1);
    ck_assert_uint_eq(all.n_other, 1); /* "stray"; no "foreign", and no mcp:e */
    ck_assert_uint_gt(all.last.bytes, 0);
    ck_assert_int_ge(all.last.idle, 0);
    ck_assert_uint_eq(all.last.size, sizeof all.last);
    all.n = all.n_other = 0;
    client_expect(c, mcp_dump(c, 1, 0, look, &all), MCP_OK, "dump of one");
    ck_assert_uint_eq(all.n, N_KEYS);
    free(all.times[0]);
    free(all.times[1]);
    mcp_close(c);
}
END_TEST

static int
call_back(void *context, const mcp_dump_item *item)
{
    seen *all = context;
    mcp_server info = MCP_SERVER_INIT;
    all->status = mcp_get(all->c, item->key, item->key_len, NULL);
    ck_assert_int_eq(mcp_dump(all->c, 0, 0, look, all), MCP_BUSY);
    ck_assert_int_eq(mcp_server_info(all->c, item->server, &info), MCP_OK);
    return look(context, item);
}

/* Also of a pool without backups, whose clients keep no record. */
START_TEST(the_callback_ends_it)
{
    server *p = server_unix(NULL);
    mcp_client *c = client_open("server=%s timeout=5s", p->address);
    seen all = {.c = c, .end_at = 10};
    for (int i = 0; i < 100; i++) {
        char key[32];
        snprintf(key, sizeof key, "k%d", i);
        client_expect(c, mcp_set(c, T(key), T("v"), 0, 0), MCP_OK, "set");
    }
    client_expect(c, mcp_dump(c, 0, 0, call_back, &all), MCP_NOT_STORED, "dump");
    ck_assert_uint_eq(all.n, 10);
    ck_assert_int_eq(all.status, MCP_BUSY);
    client_reads(c, "k7", "v");
    all = (seen){.c = c};
    client_expect(c, mcp_dump(c, -1, 0, look, &all), MCP_OK, "again");
    ck_assert_uint_eq(all.n, 100);
    ck_assert_int_eq(all.last.copy, MCP_DUMP_PRIMARY);
    client_expect(c, mcp_dump(c, 1, 0, look, &all), MCP_BAD_ARGUMENT, "no such server");
    client_expect(c, mcp_dump(c, -2, 0, look, &all), MCP_BAD_ARGUMENT, "no such server");
    client_expect(c, mcp_dump(c, 0, 0, NULL, NULL), MCP_BAD_ARGUMENT, "no callback");
    mcp_close(c);
}
END_TEST

START_TEST(a_server_that_is_away)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=300ms");
    seen all = {.c = c};
    client_expect(c, mcp_set(c, T("k"), T("v"), 0, 0), MCP_OK, "set");
    server_kill(p);
    client_expect(c, mcp_dump(c, -1, 0, look, &all), MCP_NO_SERVER, "dump of both");
    ck_assert_int_eq(mcp_last_error(c)->server, 0);
    ck_assert_uint_eq(all.n, 1); /* the backup's */
    ck_assert_int_eq(all.last.copy, MCP_DUMP_BACKUP);
    server_pause(b);
    int64_t begin = now_ms();
    ck_assert_int_lt(mcp_dump(c, 1, 0, look, &all), MCP_OK);
    ck_assert_int_lt(now_ms() - begin, client_slack(2000));
    server_continue(b);
    mcp_close(c);
}
END_TEST

/* Somebody else's dump that is not read: the server would hang whoever asks for a second one. */
START_TEST(another_dump_is_under_way)
{
    static const char request[] = "lru_crawler metadump hash\r\n";
    server *p = server_unix(NULL);
    mcp_client *c = client_open("server=%s timeout=5s keys=base64", p->address);
    seen all = {.c = c};
    fill(c, N_KEYS);
    int fd = server_connect(p);
    ck_assert_int_eq((int)write(fd, request, sizeof request - 1), (int)sizeof request - 1);
    mcp_result r = MCP_RESULT_INIT;
    for (int running = 0; !running;) {
        mcp_stat stat;
        client_expect(c, mcp_stats(c, 0, NULL, &r), MCP_OK, "stats");
        for (size_t at = 0; mcp_stat_next(&r, &at, &stat);)
            running |= stat.name_len == 19 && memcmp(stat.name, "lru_crawler_running", 19) == 0 &&
                       *stat.value == '1';
    }
    int64_t begin = now_ms();
    client_expect(c, mcp_dump(c, 0, 300, look, &all), MCP_TIMEOUT, "dump");
    ck_assert_int_ge(now_ms() - begin, 290);
    ck_assert_int_lt(now_ms() - begin, client_slack(3000));
    ck_assert_msg(strstr(mcp_last_error(c)->text, "another list of its keys is under way") != NULL,
                  "%s", mcp_last_error(c)->text);
    ck_assert_uint_eq(all.n, 0);
    close(fd);
    client_expect(c, mcp_dump(c, 0, 0, look, &all), MCP_OK, "dump, when the other one is gone");
    ck_assert_uint_eq(all.n, N_KEYS);
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("dump_keys");
    tcase_add_test(tests, every_key_once_from_each_server);
    tcase_add_test(tests, the_callback_ends_it);
    tcase_add_test(tests, a_server_that_is_away);
    tcase_add_test(tests, another_dump_is_under_way);
    return run_tests("dump_keys", tests);
}

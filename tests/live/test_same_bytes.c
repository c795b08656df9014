/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One engine: the same script, run by calls that wait, as a batch and in an event loop, sends the
 * same bytes. A recorder stands before a real memcached and keeps all that is sent to it. Only the
 * opaques differ, which are random for each client: they are replaced by their order.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mcproxy/adapters/poll.h"
#include "support/client.h"
#include "support/run.h"
#include "support/talk.h"
#include "support/wait.h"

/* ---- The recorder ------------------------------------------------------------------------- */

typedef struct recorder {
    const server *behind;
    int listening;
    char address[64];
    pthread_mutex_t lock;
    talk_buf heard; /* everything, as it was sent; the tests use one connection at a time */
    int n_connections;
} recorder;

static void *
record(void *context)
{
    recorder *r = context;

    for (;;) {
        int fd = accept(r->listening, NULL, NULL);
        int to = talk_connect(r->behind);
        talk_buf in = {NULL, 0, 0}, request = {NULL, 0, 0}, reply = {NULL, 0, 0};

        r->n_connections++;
        while (talk_receive(fd, &in) > 0) {
            while (talk_next_request(&in, &request)) {
                pthread_mutex_lock(&r->lock);
                talk_add(&r->heard, request.bytes, request.len);
                pthread_mutex_unlock(&r->lock);
                reply.len = 0;
                if (!talk_forward(to, &request, &reply) ||
                    write(fd, reply.bytes, reply.len) != (ssize_t)reply.len)
                    break;
                request.len = 0;
            }
        }
        close(fd);
        close(to);
        talk_free(&in);
        talk_free(&request);
        talk_free(&reply);
    }
    return NULL;
}

static void
recorder_begin(recorder *r, const server *behind)
{
    int port;

    memset(r, 0, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    r->behind = behind;
    r->listening = server_listen(8, &port);
    snprintf(r->address, sizeof r->address, "127.0.0.1:%d", port);
    talk_spawn(record, r);
}

/* " O" and eight bytes: the number of the opaque instead, in the order of appearance. */
static void
number_opaques(talk_buf *heard)
{
    unsigned n = 0;

    for (size_t i = 0; i + 11 <= heard->len; i++) {
        char number[16];
        int is_one = memcmp(heard->bytes + i, " O", 2) == 0 &&
                     (heard->bytes[i + 10] == ' ' || heard->bytes[i + 10] == '\r');
        if (!is_one)
            continue;
        snprintf(number, sizeof number, "%08u", n++);
        memcpy(heard->bytes + i + 2, number, 8);
    }
    ck_assert_uint_gt(n, 0);
}

/* ---- The script --------------------------------------------------------------------------- */

enum { N = 40 };
static char keys[N][24];
static char large[3000];
static mcp_request script[N];

static void
write_script(void)
{
    static const mcp_verb verbs[] = {MCP_SET,     MCP_GET,  MCP_ADD,   MCP_REPLACE, MCP_APPEND,
                                     MCP_PREPEND, MCP_INCR, MCP_TOUCH, MCP_GAT,     MCP_SET};

    memset(large, 'L', sizeof large);
    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "script:%d", i);
        script[i] = client_request(verbs[i % 10], keys[i]);
        if (i % 10 == 9) { /* one that is not copied, between small ones */
            script[i].value = large;
            script[i].value_len = sizeof large;
        } else if (script[i].verb >= MCP_SET && script[i].verb <= MCP_PREPEND) {
            script[i].value = keys[i];
            script[i].value_len = strlen(keys[i]);
        }
        script[i].ttl = i % 10 == 6 ? 0 : 100 + i;
        script[i].flags = (uint32_t)i;
        script[i].delta = 3;
        script[i].initial = 7;
        script[i].with_initial = i % 20 == 6;
        script[i].want = i % 4 == 1 ? MCP_WANT_CAS | MCP_WANT_TTL : 0;
    }
}

static void
note(void *context, mcp_client *client, mcp_result *result)
{
    (void)client;
    *(mcp_status *)context = result->status;
}

static void
run_blocking(mcp_client *c, mcp_status *statuses)
{
    for (int i = 0; i < N; i++)
        statuses[i] = mcp_call(c, &script[i], NULL);
}

static void
run_batch(mcp_client *c, mcp_status *statuses)
{
    mcp_result results[N];

    for (int i = 0; i < N; i++)
        results[i] = (mcp_result)MCP_RESULT_INIT;
    mcp_batch(c, script, results, N);
    for (int i = 0; i < N; i++)
        statuses[i] = results[i].status;
}

static void
run_async(mcp_client *c, mcp_status *statuses)
{
    mcp_poll loop;

    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(mcp_submit(c, &script[i], note, &statuses[i], NULL), MCP_OK);
    while (mcp_submit_pending(c) > 0)
        ck_assert_int_eq(mcp_poll_wait(&loop, 5000), 1);
    ck_assert_int_eq(mcp_loop_attach(c, NULL), MCP_OK);
}

static void
one_run(void (*run)(mcp_client *, mcp_status *), talk_buf *heard, mcp_status *statuses)
{
    server *p = server_unix(NULL);
    static recorder recorders[3];
    static int n;
    recorder *r = &recorders[n++];

    recorder_begin(r, p);
    mcp_client *c = client_open("server=%s timeout=10s", r->address);
    memset(statuses, 0x55, N * sizeof *statuses);
    run(c, statuses);
    mcp_close(c);
    pthread_mutex_lock(&r->lock);
    talk_add(heard, r->heard.bytes, r->heard.len);
    pthread_mutex_unlock(&r->lock);
    ck_assert_int_eq(r->n_connections, 1);
    number_opaques(heard);
    server_stop(p);
}

START_TEST(three_ways_one_stream)
{
    static void (*const ways[])(mcp_client *, mcp_status *) = {run_blocking, run_batch, run_async};
    talk_buf heard[3] = {{NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}};
    mcp_status statuses[3][N];

    write_script();
    for (int i = 0; i < 3; i++)
        one_run(ways[i], &heard[i], statuses[i]);
    ck_assert_uint_gt(heard[0].len, 4 * sizeof large);
    for (int i = 1; i < 3; i++) {
        ck_assert_uint_eq(heard[i].len, heard[0].len);
        ck_assert_int_eq(memcmp(heard[i].bytes, heard[0].bytes, heard[0].len), 0);
        for (int k = 0; k < N; k++)
            ck_assert_int_eq(statuses[i][k], statuses[0][k]);
    }
    ck_assert_int_eq(statuses[0][0], MCP_OK);
    ck_assert_int_eq(statuses[0][1], MCP_NOT_FOUND);
    for (int i = 0; i < 3; i++)
        talk_free(&heard[i]);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("same_bytes");

    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, three_ways_one_stream);
    return run_tests("same_bytes", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Submitted requests on a pair of real servers, in a loop of poll(2): what the tests of them share.
 */
#ifndef TESTS_LIVE_ASYNC_KIT_H
#define TESTS_LIVE_ASYNC_KIT_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcproxy/adapters/poll.h"
#include "support/client.h"
#include "support/fault.h"
#include "support/relay.h"
#include "support/run.h"
#include "support/wait.h"

#define ROUNDS 200000 /* of a loop, before a test counts as stuck */

static server *p;
static server *b;
static mcp_client *c;
static mcp_poll loop;

/* What came of one request. */
typedef struct told {
    int n;
    mcp_status status;
    int from_backup;
    size_t len;
    char value[64];
} told;

static void
note(void *context, mcp_client *client, mcp_result *result)
{
    told *t = context;

    ck_assert_ptr_eq(client, c);
    t->n++;
    t->status = result->status;
    t->from_backup = result->from_backup;
    t->len = result->value_len;
    if (result->value_len < sizeof t->value) {
        memcpy(t->value, result->value == NULL ? "" : result->value, result->value_len);
        t->value[result->value_len] = '\0';
    }
}

static void
open_pair(const char *words)
{
    p = server_unix(NULL);
    b = server_tcp(NULL);
    c = client_pair(p, b, words);
    ck_assert_int_eq(mcp_poll_attach(&loop, c), MCP_OK);
}

static void
setup(void)
{
    open_pair("timeout=2s");
}

static void
teardown(void)
{
    mcp_close(c); /* NULL: the test has closed it */
    ck_assert_ptr_null(loop.client);
}

static void
run_out(void)
{
    for (int i = 0; loop.client != NULL && mcp_submit_pending(c) > 0; i++) {
        ck_assert_int_lt(i, ROUNDS);
        ck_assert_int_eq(mcp_poll_wait(&loop, 1000), 1);
    }
}

static mcp_status
submit(mcp_verb verb, const char *key, const char *value, told *t, uint64_t *ticket)
{
    mcp_request request = client_request(verb, key);

    request.value = value;
    request.value_len = value == NULL ? 0 : strlen(value);
    memset(t, 0, sizeof *t);
    return mcp_submit(c, &request, note, t, ticket);
}

static told
ask(mcp_verb verb, const char *key, const char *value)
{
    told t;

    client_expect(c, submit(verb, key, value, &t, NULL), MCP_OK, key);
    ck_assert_int_eq(t.n, 0); /* never from inside mcp_submit() */
    run_out();
    ck_assert_int_eq(t.n, 1);
    return t;
}

/* A case with this fixture. */
static inline TCase *
async_case(const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    return tests;
}

#endif

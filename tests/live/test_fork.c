/* SPDX-License-Identifier: BSD-3-Clause */
/* A process forks while it has a client: parent and child go on, each with connections of its own,
 * whatever was under way. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

#define GETS 2000
#define KEYS 50

static int
exit_status(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- Two thousand gets -------------------------------------------------------------------- */

static void
key_of(char *key, size_t size, int i)
{
    snprintf(key, size, "key:%d", i % KEYS);
}

/* Values tell their keys: how many gets brought something else than what was asked for. */
static int
mix_ups(mcp_client *c, int step)
{
    int n = 0;

    for (int i = 0; i < GETS; i++) {
        char key[32];
        mcp_result r = MCP_RESULT_INIT;

        key_of(key, sizeof key, i * step);
        if (mcp_get(c, T(key), &r) != MCP_OK || r.value_len != 1000 ||
            memcmp(r.value, key, strlen(key) + 1) != 0)
            n++;
    }
    return n;
}

START_TEST(fault_61_two_thousand_gets_in_parent_and_child)
{
    server *p = server_unix(NULL);
    server *q = server_unix(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_open("server=%s server=%s backup=%s timeout=20s", p->address, q->address,
                                b->address);
    pid_t child;

    for (int i = 0; i < KEYS; i++) {
        char key[1000] = "";

        key_of(key, sizeof key, i);
        client_expect(c, mcp_set(c, key, strlen(key), key, sizeof key, 0, 0), MCP_OK, "set");
    }
    child = fork(); /* the second looks at both copies are still owed */
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int n = mix_ups(c, 7);

        mcp_close(c);
        _exit(n == 0 ? 0 : 1);
    }
    ck_assert_int_eq(mix_ups(c, 3), 0);
    ck_assert_int_eq(exit_status(child), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(client_info(c, i).connects, 1);
        ck_assert_uint_eq(client_info(c, i).errors, 0);
        ck_assert_int_eq(client_info(c, i).missed_on, -1);
    }
    mcp_close(c);
}
END_TEST

/* ---- What is owed is the parent's work ---------------------------------------------------- */

/* The third delete is on its way or waits, and so do looks at both copies; the child does none of
 * it, and puts nothing on record because of it. */
START_TEST(a_child_does_not_do_what_its_parent_owes)
{
    server *p = server_unix(NULL);
    server *real = server_unix(NULL);
    fault *b = fault_unix(real);
    mcp_client *c = client_open("server=%s backup=%s timeout=20s view_interval=5s", p->address,
                                fault_address(b));
    int deletes;
    pid_t child;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_set(c, T("l"), T("y"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_delete(c, T("l")), MCP_OK, "delete");
    ck_assert(fault_wait_count(b, "md l", 2, 10000));
    deletes = fault_count(b, "md l");
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        mcp_result r = MCP_RESULT_INIT;
        int good = mcp_get(c, T("k"), &r) == MCP_OK && r.value_len == 1;

        mcp_maintain(c);
        mcp_close(c);
        _exit(good ? 0 : 1);
    }
    ck_assert_int_eq(exit_status(child), 0);
    ck_assert_int_eq(fault_count(b, "md l"), deletes);
    ck_assert_int_eq(fault_count(b, "ms mcp:j"), 0);
    client_reads(c, "k", "x");
    mcp_close(c);
    ck_assert_int_eq(fault_count(b, "ms mcp:j"), 0);
}
END_TEST

/* ---- In the middle of a batch ------------------------------------------------------------- */

#define BATCH 300

typedef struct batch {
    mcp_client *c;
    mcp_request requests[BATCH];
    mcp_result results[BATCH];
    char keys[BATCH][16];
    size_t n_failed;
} batch;

static void *
batch_main(void *context)
{
    batch *it = context;

    it->n_failed = mcp_batch(it->c, it->requests, it->results, BATCH);
    return NULL;
}

/* Another thread is in the middle of a batch: the child may close its copy, and nobody notices. */
START_TEST(fault_62_fork_while_a_batch_is_in_flight)
{
    const fault_rule late = {.match = "mg key:7 ", .what = FAULT_DELAY, .ms = 400};
    server *real = server_unix(NULL);
    fault *p = fault_unix(real);
    batch *it = calloc(1, sizeof *it);
    pthread_t thread;
    pid_t child;

    it->c = client_open("server=%s timeout=30s", fault_address(p));
    for (int i = 0; i < BATCH; i++) {
        snprintf(it->keys[i], sizeof it->keys[i], "key:%d", i);
        server_put(real, it->keys[i], it->keys[i], strlen(it->keys[i]), 0, 0);
        it->requests[i] = client_request(MCP_GET, it->keys[i]);
        it->results[i] = (mcp_result)MCP_RESULT_INIT;
    }
    client_reads(it->c, "key:1", "key:1");
    fault_rule_one(p, &late);
    ck_assert_int_eq(pthread_create(&thread, NULL, batch_main, it), 0);
    ck_assert(fault_wait_count(p, "mg key:7 ", 1, 20000));
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        alarm(30);
        mcp_close(it->c);
        _exit(0);
    }
    ck_assert_int_eq(exit_status(child), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(it->n_failed, 0);
    for (int i = 0; i < BATCH; i++) {
        ck_assert_int_eq(it->results[i].status, MCP_OK);
        ck_assert_uint_eq(it->results[i].value_len, strlen(it->keys[i]));
        ck_assert_mem_eq(it->results[i].value, it->keys[i], it->results[i].value_len);
    }
    ck_assert_int_eq(fault_ended(p, 0), FAULT_OPEN);
    ck_assert_uint_eq(client_info(it->c, 0).connects, 1);
    client_reads(it->c, "key:2", "key:2");
    mcp_close(it->c);
    free(it);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("fork");

    tcase_add_test(tests, fault_61_two_thousand_gets_in_parent_and_child);
    tcase_add_test(tests, a_child_does_not_do_what_its_parent_owes);
    tcase_add_test(tests, fault_62_fork_while_a_batch_is_in_flight);
    return run_tests("fork", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A crowd of processes misses the same value: one of them computes it, the others wait for it. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

enum { CROWD = 8, KEYS = 30, COMPUTE_MS = 30, PATIENCE_MS = 10000, KILL_AT = 10 };

/* What the processes share. */
typedef struct square {
    atomic_int arrived[KEYS]; /* at this key; all go on when all are there */
    atomic_int computed[KEYS];
    atomic_int got[KEYS];
    atomic_int failed; /* errors, wrong values, or patience at its end */
    atomic_int early_won, early_old;
    atomic_int quitter; /* 1: whoever wins first dies */
    atomic_int crowd;
} square;

typedef struct member {
    square *square;
    mcp_client *client;
    int key;
    char name[24];
    char value[40];
    unsigned lease_s;
} member;

static square *
square_new(void)
{
    square *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert(s != MAP_FAILED);
    atomic_store(&s->crowd, CROWD);
    return s;
}

static void
complain(member *m, const char *what, mcp_status status)
{
    fprintf(stderr, "%s: %s: %s (%s)\n", m->name, what, mcp_strstatus(status),
            mcp_last_error(m->client)->text);
    atomic_fetch_add(&m->square->failed, 1);
}

static void
compute(member *m, uint64_t lease)
{
    mcp_status status;

    atomic_fetch_add(&m->square->computed[m->key], 1);
    if (atomic_exchange(&m->square->quitter, 0))
        raise(SIGKILL);
    wait_ms(COMPUTE_MS);
    status = mcp_fill(m->client, T(m->name), T(m->value), 0, 0, lease);
    /* Somebody else may have had to win when the server that gave the lease is gone. */
    if (status != MCP_OK && status != MCP_EXISTS)
        complain(m, "fill", status);
}

static int
has_value(void *context)
{
    member *m = context;
    mcp_result r = MCP_RESULT_INIT;
    mcp_status status = mcp_get_or_lease(m->client, T(m->name), m->lease_s, 0, &r);

    if (status == MCP_NOT_FOUND && r.cas != 0)
        compute(m, r.cas);
    else if (status != MCP_OK && status != MCP_LEASED) {
        complain(m, "get", status);
        return 1;
    }
    if (status != MCP_OK)
        return 0;
    if (r.value_len != strlen(m->value) || memcmp(r.value, m->value, r.value_len) != 0)
        complain(m, "another value", status);
    atomic_fetch_add(&m->square->got[m->key], 1);
    return 1;
}

static int
all_are_here(void *context)
{
    member *m = context;

    return atomic_load(&m->square->arrived[m->key]) >= atomic_load(&m->square->crowd);
}

static void
live(square *s, const char *options, unsigned lease_s, int n_keys)
{
    member m = {.square = s, .client = mcp_open(options, NULL, 0), .lease_s = lease_s};

    for (m.key = 0; m.client != NULL && m.key < n_keys; m.key++) {
        snprintf(m.name, sizeof m.name, "page:%d", m.key);
        snprintf(m.value, sizeof m.value, "contents of page %d", m.key);
        atomic_fetch_add(&s->arrived[m.key], 1);
        if (!wait_until(all_are_here, &m, PATIENCE_MS) || !wait_until(has_value, &m, PATIENCE_MS))
            complain(&m, "patience is over", MCP_TIMEOUT);
    }
    mcp_close(m.client);
}

static void
gather(square *s, const server *p, const server *b, unsigned lease_s, int n_keys, pid_t pids[CROWD])
{
    char options[400];
    pid_t parent = getpid();

    snprintf(options, sizeof options, "server=%s backup=%s", p->address, b->address);
    for (int i = 0; i < CROWD; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0) {
            run_die_with_parent(parent);
            live(s, options, lease_s, n_keys);
            _exit(0);
        }
    }
}

/* How many ended as they should. */
static int
wait_for_all(pid_t pids[CROWD])
{
    int status;
    int well = 0;

    for (int i = 0; i < CROWD; i++) {
        while (waitpid(pids[i], &status, 0) < 0)
            ck_assert_int_eq(errno, EINTR);
        well += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return well;
}

START_TEST(a_crowd_computes_a_value_once)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    square *s = square_new();
    pid_t pids[CROWD];

    gather(s, p, b, 10, KEYS, pids);
    ck_assert_int_eq(wait_for_all(pids), CROWD);
    ck_assert_int_eq(atomic_load(&s->failed), 0);
    for (int i = 0; i < KEYS; i++) {
        char name[24];

        ck_assert_msg(atomic_load(&s->computed[i]) == 1, "page %d was computed %d times", i,
                      atomic_load(&s->computed[i]));
        ck_assert_int_eq(atomic_load(&s->got[i]), CROWD);
        snprintf(name, sizeof name, "page:%d", i);
        ck_assert(server_look(p, name)->found && server_look(b, name)->found);
    }
}
END_TEST

static int
is_computing(void *context)
{
    return atomic_load(&((square *)context)->computed[KILL_AT]) > 0;
}

/* The lease of the page that is being computed dies with its server; no other is affected. */
START_TEST(a_crowd_outlives_its_primary)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    square *s = square_new();
    pid_t pids[CROWD];

    gather(s, p, b, 10, KEYS, pids);
    ck_assert(wait_until(is_computing, s, PATIENCE_MS));
    server_kill(p);
    ck_assert_int_eq(wait_for_all(pids), CROWD);
    ck_assert_int_eq(atomic_load(&s->failed), 0);
    for (int i = 0; i < KEYS; i++) {
        int computed = atomic_load(&s->computed[i]);

        ck_assert_msg(computed == 1 || (i == KILL_AT && computed == 2),
                      "page %d was computed %d times", i, computed);
        ck_assert_int_eq(atomic_load(&s->got[i]), CROWD);
    }
}
END_TEST

START_TEST(a_winner_that_dies_is_replaced)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    square *s = square_new();
    pid_t pids[CROWD];
    int64_t start = now_ms();

    atomic_store(&s->quitter, 1);
    gather(s, p, b, 1, 1, pids);
    ck_assert_int_eq(wait_for_all(pids), CROWD - 1);
    ck_assert_int_eq(atomic_load(&s->failed), 0);
    ck_assert_int_eq(atomic_load(&s->computed[0]), 2);
    ck_assert_int_eq(atomic_load(&s->got[0]), CROWD - 1);
    ck_assert_int_le(now_ms() - start, 3000 + client_slack(1000));
}
END_TEST

/* ---- Before it expires -------------------------------------------------------------------- */

static void
look_early(square *s, const char *options)
{
    mcp_client *c = mcp_open(options, NULL, 0);
    member m = {.square = s, .client = c, .name = "page"};
    mcp_result r = MCP_RESULT_INIT;

    for (int i = 0; i < 20; i++) {
        if (mcp_get_or_lease(c, T("page"), 10, 30, &r) != MCP_OK || r.value_len != 3)
            complain(&m, "get", r.status);
        atomic_fetch_add(r.cas != 0 ? &s->early_won : &s->early_old, 1);
    }
    mcp_close(c);
}

START_TEST(one_recomputes_before_the_end_the_others_take_the_old_value)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "");
    square *s = square_new();
    char options[400];
    pid_t parent = getpid();
    pid_t pids[CROWD];

    client_expect(c, mcp_set(c, T("page"), T("old"), 20, 0), MCP_OK, "set");
    snprintf(options, sizeof options, "server=%s backup=%s", p->address, b->address);
    for (int i = 0; i < CROWD; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0) {
            run_die_with_parent(parent);
            look_early(s, options);
            _exit(0);
        }
    }
    ck_assert_int_eq(wait_for_all(pids), CROWD);
    ck_assert_int_eq(atomic_load(&s->failed), 0);
    ck_assert_int_eq(atomic_load(&s->early_won), 1);
    ck_assert_int_eq(atomic_load(&s->early_old), CROWD * 20 - 1);
    mcp_close(c);
}
END_TEST

/* A delete between winning and filling: what was computed from the old state is not stored. */
START_TEST(a_fill_does_not_bring_a_delete_back)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    mcp_client *one = client_pair(p, b, "");
    mcp_client *two = client_pair(p, b, "");
    mcp_result r = MCP_RESULT_INIT;

    ck_assert_int_eq(mcp_get_or_lease(one, T("page"), 10, 0, &r), MCP_NOT_FOUND);
    ck_assert_uint_ne(r.cas, 0);
    (void)mcp_delete(two, T("page"));
    client_expect(one, mcp_fill(one, T("page"), T("old"), 0, 0, r.cas), MCP_EXISTS, "fill");
    ck_assert_int_eq(mcp_get(two, T("page"), NULL), MCP_NOT_FOUND);
    ck_assert_int_eq(mcp_get(one, T("page"), NULL), MCP_NOT_FOUND);
    ck_assert(!server_holds(p, "page", "old") && !server_holds(b, "page", "old"));
    mcp_close(one);
    mcp_close(two);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("crowd");

    tcase_add_test(t, a_crowd_computes_a_value_once);
    tcase_add_test(t, a_crowd_outlives_its_primary);
    tcase_add_test(t, a_winner_that_dies_is_replaced);
    tcase_add_test(t, one_recomputes_before_the_end_the_others_take_the_old_value);
    tcase_add_test(t, a_fill_does_not_bring_a_delete_back);
    return run_tests("crowd", t);
}

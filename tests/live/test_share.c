/* SPDX-License-Identifier: BSD-3-Clause */
/* A pool with servers: many borrowers on many threads, one outage for all of them, what one has put
 * on record and another knows, forks. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcproxy/pool.h"
#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

#define THREADS 8
#define BORROWERS 1000

static mcp_pool *
pool_open(const char *primary, const char *backup, const char *words, size_t max_clients)
{
    char options[600];
    char why[200] = "";
    mcp_pool *pool;

    snprintf(options, sizeof options, "server=%s backup=%s %s", primary, backup, words);
    pool = mcp_pool_open(options, max_clients, why, sizeof why);
    ck_assert_msg(pool != NULL, "%s", why);
    return pool;
}

static mcp_client *
borrow(mcp_pool *pool)
{
    mcp_client *c = NULL;

    ck_assert_int_eq(mcp_pool_borrow(pool, 60000, &c), MCP_OK);
    return c;
}

/* ---- Many borrowers ----------------------------------------------------------------------- */

typedef struct crowd {
    mcp_pool *pool;
    atomic_int next;
    atomic_int bad;
    atomic_int from_backup;
    atomic_int primary_failed;
    mcp_server down;
} crowd;

static void
borrow_once(crowd *all, int number)
{
    char key[32];
    mcp_result r = MCP_RESULT_INIT;
    mcp_client *c;

    if (mcp_pool_borrow(all->pool, 60000, &c) != MCP_OK) {
        all->bad++;
        return;
    }
    snprintf(key, sizeof key, "borrower:%d", number);
    all->bad += mcp_set(c, T(key), T(key), 0, 0) != MCP_OK;
    all->bad += mcp_get(c, T(key), &r) != MCP_OK || r.value_len != strlen(key) ||
                memcmp(r.value, key, r.value_len) != 0;
    all->from_backup += r.from_backup;
    all->bad += mcp_pool_return(all->pool, c) != MCP_OK;
}

static void *
crowd_main(void *context)
{
    crowd *all = context;
    int number;

    while ((number = all->next++) < BORROWERS)
        borrow_once(all, number);
    return NULL;
}

static void
run_crowd(crowd *all, void *(*run)(void *), size_t n)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run, all), 0);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(all->bad, 0);
}

START_TEST(a_thousand_borrowers_on_eight_threads)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    uint64_t before = server_stat(p, "total_connections");
    crowd all = {.pool = pool_open(p->address, b->address, "timeout=30s", 3)};
    mcp_pool_use use = MCP_POOL_USE_INIT;

    run_crowd(&all, crowd_main, THREADS);
    ck_assert_int_eq(mcp_pool_look(all.pool, &use), MCP_OK);
    ck_assert_uint_eq(use.borrows, BORROWERS);
    ck_assert_uint_eq(use.lent, 0);
    ck_assert_uint_le(use.open, 3);
    mcp_pool_close(all.pool);
    /* Connections were kept: three clients, and our own looks. */
    ck_assert_uint_le(server_stat(p, "total_connections"), before + 3 + 2);
    ck_assert_uint_eq(server_stat(p, "cmd_set") + server_stat(b, "cmd_set") >= 2 * BORROWERS, 1);
    ck_assert(server_holds(b, "borrower:999", "borrower:999"));
}
END_TEST

START_TEST(a_thousand_borrowers_and_a_server_that_dies)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    crowd all = {.pool = pool_open(p->address, b->address, "timeout=30s", 4)};

    all.next = BORROWERS / 2;
    run_crowd(&all, crowd_main, THREADS);
    server_kill(p);
    all.next = 0;
    run_crowd(&all, crowd_main, THREADS);
    ck_assert_int_ge(all.from_backup, BORROWERS);
    server_restart(p);
    all.next = 0;
    run_crowd(&all, crowd_main, THREADS);
    mcp_pool_close(all.pool);
}
END_TEST

/* ---- One outage for all ------------------------------------------------------------------- */

/* All clients of the pool at once, so that each is another one, do a get; how many of them asked
 * the primary in vain. */
static int
ask_with_all(mcp_pool *pool, mcp_client **clients, int n)
{
    int in_vain = 0;

    for (int i = 0; i < n; i++)
        clients[i] = borrow(pool);
    for (int i = 0; i < n; i++) {
        mcp_result r = MCP_RESULT_INIT;

        client_expect(clients[i], mcp_get(clients[i], T("k"), &r), MCP_OK, "get");
        in_vain += r.primary == MCP_COPY_FAILED || r.primary == MCP_COPY_UNKNOWN;
    }
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(mcp_pool_return(pool, clients[i]), MCP_OK);
    return in_vain;
}

/* Back, though a server that was killed has to be filled first. */
static int
is_back(void *context)
{
    mcp_client *c = borrow(context);
    mcp_server info = MCP_SERVER_INIT;

    mcp_maintain(c);
    (void)mcp_get(c, T("k"), NULL);
    ck_assert_int_eq(mcp_server_info(c, 0, &info), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(context, c), MCP_OK);
    return info.state == MCP_STATE_UP || info.state == MCP_STATE_WARMING;
}

/* The primary hangs (0) or is killed (1): one client finds out, and none of the others. */
START_TEST(one_client_pays_for_all)
{
    server *p = server_tcp(NULL);
    server *b = server_tcp(NULL);
    mcp_pool *pool = pool_open(p->address, b->address, "timeout=1s", 8);
    mcp_client *clients[8];
    mcp_result r = MCP_RESULT_INIT;
    mcp_client *c = borrow(pool);

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(mcp_pool_return(pool, c), MCP_OK);
    ck_assert_int_eq(ask_with_all(pool, clients, 8), 0);
    if (_i == 0)
        server_pause(p);
    else
        server_kill(p);
    c = borrow(pool);
    client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, "get");
    ck_assert(r.primary == MCP_COPY_FAILED || r.primary == MCP_COPY_UNKNOWN);
    ck_assert_int_eq(mcp_pool_return(pool, c), MCP_OK);
    ck_assert_int_eq(ask_with_all(pool, clients, 8), 0);
    for (int i = 0; i < 8; i++)
        clients[i] = borrow(pool);
    for (int i = 0; i < 8; i++) {
        mcp_server info = client_info(clients[i], 0);

        ck_assert_int_ne(info.state, MCP_STATE_UP);
        ck_assert_str_ne(info.why, "");
        ck_assert_int_eq(mcp_pool_return(pool, clients[i]), MCP_OK);
    }
    /* And one that finds it again does so for all. */
    if (_i == 0)
        server_continue(p);
    else
        server_restart(p);
    ck_assert(wait_until(is_back, pool, client_slack(60000)));
    for (int i = 0; i < 8; i++)
        clients[i] = borrow(pool);
    for (int i = 0; i < 8; i++) {
        /* Of one that hung each has a probe under way, which tells by itself. */
        mcp_state state = client_info(clients[i], 0).state;
        int is_told = state == MCP_STATE_UP || state == MCP_STATE_WARMING;
        ck_assert(is_told || (_i == 0 && client_wait_state(clients[i], 0, MCP_STATE_UP, 20000)));
    }
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(mcp_pool_return(pool, clients[i]), MCP_OK);
    mcp_pool_close(pool);
}
END_TEST

/* ---- What is on record -------------------------------------------------------------------- */

/*
 * The answer to a set is lost, so the key is on record as missed; the primary itself is fine again
 * after a moment. The other client has looked at the marks just before, and would read the old
 * value from the primary until its view is too old.
 */
START_TEST(what_one_wrote_the_next_one_reads)
{
    const fault_rule lost = {.match = "ms k ", .what = FAULT_HANG, .times = 1};
    server *real = server_tcp(NULL);
    server *b = server_tcp(NULL);
    fault *p = fault_tcp(real);
    mcp_pool *pool =
        pool_open(fault_address(p), b->address, "timeout=2s view_interval=30s repair=off", 2);
    mcp_client *one = borrow(pool);
    mcp_client *other = borrow(pool);

    client_expect(one, mcp_set(one, T("k"), T("old"), 0, 0), MCP_OK, "set");
    client_reads(one, "k", "old");
    client_reads(other, "k", "old");
    fault_rule_one(p, &lost);
    client_expect(one, mcp_set(one, T("k"), T("new"), 0, 0), MCP_OK, "set");
    ck_assert(server_holds(real, "k", "old"));
    ck_assert(client_wait_state(one, 0, MCP_STATE_RECOVERING, 20000));
    ck_assert_int_eq(client_info(other, 0).missed_on, -1);
    ck_assert_int_eq(mcp_pool_return(pool, other), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(pool, one), MCP_OK);
    ck_assert_ptr_eq(borrow(pool), one);
    ck_assert_ptr_eq(borrow(pool), other);
    ck_assert_int_eq(client_info(other, 0).missed_on, 1);
    ck_assert_int_eq(client_info(other, 0).state, MCP_STATE_RECOVERING);
    client_reads(other, "k", "new");
    ck_assert_int_eq(mcp_pool_return(pool, other), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(pool, one), MCP_OK);
    mcp_pool_close(pool);
}
END_TEST

/* ---- Another list -------------------------------------------------------------------------- */

static void
pool_reload(mcp_pool *pool, const char *options)
{
    char why[200] = "";

    ck_assert_msg(mcp_pool_reload(pool, options, why, sizeof why) == MCP_OK, "%s", why);
}

static int
servers_of(mcp_pool *pool)
{
    mcp_client *c = borrow(pool);
    int n = mcp_server_count(c);

    ck_assert_int_eq(mcp_pool_return(pool, c), MCP_OK);
    return n;
}

/* Idle clients go over at once, one that is lent when it comes back, and one that was never opened
 * begins there; connections to servers that stay are kept. */
START_TEST(all_clients_go_over_to_another_list)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    server *added = server_unix(NULL);
    mcp_pool *pool = pool_open(p->address, b->address, "timeout=5s", 3);
    mcp_client *lent = borrow(pool);
    mcp_client *idle = borrow(pool);
    char next[600];
    uint64_t before;

    client_expect(lent, mcp_set(lent, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_reads(idle, "k", "x");
    ck_assert_int_eq(mcp_pool_return(pool, idle), MCP_OK);
    before = server_stat(p, "total_connections");
    snprintf(next, sizeof next, "server=%s server=%s backup=%s timeout=5s namespace=other:",
             p->address, added->address, b->address);
    pool_reload(pool, next);
    ck_assert_ptr_eq(borrow(pool), idle);
    ck_assert_int_eq(mcp_server_count(idle), 3);
    ck_assert_int_eq(mcp_server_count(lent), 2);
    client_reads(lent, "k", "x");
    ck_assert_int_eq(mcp_get(idle, T("k"), NULL), MCP_NOT_FOUND);
    client_expect(idle, mcp_set(idle, T("k"), T("y"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(mcp_pool_return(pool, lent), MCP_OK);
    ck_assert_int_eq(mcp_server_count(borrow(pool)), 3);
    client_reads(lent, "k", "y");
    ck_assert_int_eq(servers_of(pool), 3);
    ck_assert_int_eq(mcp_pool_return(pool, lent), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(pool, idle), MCP_OK);
    /* Nothing but our own looks. */
    ck_assert_uint_le(server_stat(p, "total_connections"), before + 2);
    mcp_pool_close(pool);
}
END_TEST

START_TEST(a_list_that_is_wrong_changes_nothing)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    mcp_pool *pool = pool_open(p->address, b->address, "timeout=5s", 2);
    char why[200] = "";
    char next[600];

    ck_assert_int_eq(servers_of(pool), 2);
    ck_assert_int_eq(mcp_pool_reload(pool, "server=a nonsense", why, sizeof why), MCP_BAD_ARGUMENT);
    ck_assert_msg(strstr(why, "nonsense") != NULL, "%s", why);
    ck_assert_int_eq(mcp_pool_reload(pool, "discovery=127.0.0.1:1", why, sizeof why),
                     MCP_UNSUPPORTED);
    ck_assert_msg(strstr(why, "no discovery=") != NULL, "%s", why);
    ck_assert_int_eq(mcp_pool_reload(pool, "", NULL, 0), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(servers_of(pool), 2);
    /* What would fail only when the next client is opened. */
    snprintf(next, sizeof next, "server=%s tls tls_ca=/nowhere.pem", p->address);
    ck_assert_int_ne(mcp_pool_reload(pool, next, why, sizeof why), MCP_OK);
    ck_assert_str_ne(why, "");
    ck_assert_int_eq(servers_of(pool), 2);
    mcp_pool_close(pool);
}
END_TEST

typedef struct turns {
    crowd all;
    const char *lists[2];
    atomic_int n_exchanges;
} turns;

/* Each of the thousand works in one list, whichever it is. */
static void *
turn_main(void *context)
{
    crowd_main(context);
    return NULL;
}

static void *
exchange_main(void *context)
{
    turns *t = context;

    while (t->all.next < BORROWERS) {
        int n = t->n_exchanges;
        t->all.bad += mcp_pool_reload(t->all.pool, t->lists[(n + 1) % 2], NULL, 0) != MCP_OK;
        t->n_exchanges++;
    }
    return NULL;
}

START_TEST(a_thousand_borrowers_while_the_list_is_exchanged)
{
    server *p = server_unix(NULL);
    server *q = server_unix(NULL);
    server *b = server_unix(NULL);
    char one[600], other[600];
    turns t = {.lists = {one, other}};
    pthread_t threads[THREADS + 2];

    snprintf(one, sizeof one, "server=%s backup=%s timeout=30s", p->address, b->address);
    snprintf(other, sizeof other, "server=%s server=%s backup=%s timeout=30s", p->address,
             q->address, b->address);
    t.all.pool = pool_open(p->address, b->address, "timeout=30s", 3);
    for (int i = 0; i < THREADS + 2; i++) {
        void *(*run)(void *) = i < THREADS ? turn_main : exchange_main;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run, &t), 0);
    }
    for (int i = 0; i < THREADS + 2; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(t.all.bad, 0);
    ck_assert_int_ge(t.n_exchanges, 2);
    pool_reload(t.all.pool, one);
    ck_assert_int_eq(servers_of(t.all.pool), 2);
    pool_reload(t.all.pool, other);
    ck_assert_int_eq(servers_of(t.all.pool), 3);
    mcp_pool_close(t.all.pool);
}
END_TEST

/* What is on record on a server that is to go: known to the pool (0), or to a client that is lent
 * while the list is exchanged (1). */
START_TEST(a_record_is_not_left_behind)
{
    const fault_rule lost = {.match = "ms k ", .what = FAULT_HANG, .times = 1};
    server *real = server_tcp(NULL);
    server *b = server_tcp(NULL);
    server *other = server_tcp(NULL);
    fault *p = fault_tcp(real);
    mcp_pool *pool = pool_open(fault_address(p), b->address, "timeout=1s", 1);
    mcp_client *c = borrow(pool);
    char why[200] = "";
    char next[600];

    snprintf(next, sizeof next, "server=%s backup=%s timeout=1s", fault_address(p), other->address);
    client_expect(c, mcp_set(c, T("k"), T("old"), 0, 0), MCP_OK, "set");
    if (_i == 1)
        pool_reload(pool, next);
    fault_rule_one(p, &lost);
    client_expect(c, mcp_set(c, T("k"), T("new"), 0, 0), MCP_OK, "set");
    ck_assert(server_holds(real, "k", "old"));
    ck_assert(client_wait_state(c, 0, MCP_STATE_RECOVERING, 20000));
    ck_assert_int_eq(mcp_pool_return(pool, c), MCP_OK);
    if (_i == 0) {
        ck_assert_int_eq(mcp_pool_reload(pool, next, why, sizeof why), MCP_REFUSED);
        ck_assert_msg(strstr(why, b->address) != NULL, "%s", why);
        ck_assert_int_eq(servers_of(pool), 2);
        mcp_pool_close(pool);
        return;
    }
    /* Nobody gets it before the primary is right again. */
    ck_assert_int_eq(mcp_pool_borrow(pool, 0, &c), MCP_TIMEOUT);
    c = borrow(pool);
    ck_assert(!server_holds(real, "k", "old"));
    ck_assert_str_eq(client_info(c, 1).name, other->address);
    ck_assert_int_eq(mcp_pool_return(pool, c), MCP_OK);
    mcp_pool_close(pool);
}
END_TEST

/* ---- Closing, forks ----------------------------------------------------------------------- */

START_TEST(what_is_lent_outlives_the_pool)
{
    server *p = server_unix(NULL);
    server *b = server_unix(NULL);
    mcp_pool *pool = pool_open(p->address, b->address, "timeout=5s", 4);
    mcp_client *one = borrow(pool);
    mcp_client *other = borrow(pool);

    client_expect(one, mcp_set(one, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_reads(other, "k", "x");
    ck_assert_int_eq(mcp_pool_return(pool, other), MCP_OK);
    mcp_pool_close(pool);
    client_reads(one, "k", "x");
    client_expect(one, mcp_delete(one, T("k")), MCP_OK, "delete");
    ck_assert_int_eq(mcp_pool_return(pool, one), MCP_OK);
    ck_assert(!server_look(p, "k")->found);
    ck_assert(!server_look(b, "k")->found);
}
END_TEST

/* What a child does with the parent's pool, one of whose clients it has in its hands. */
static int
work_in_child(mcp_pool *pool, mcp_client *own)
{
    for (int i = 0; i < 500; i++) {
        mcp_client *c = own;
        mcp_result r = MCP_RESULT_INIT;

        if (i % 2 == 1 && mcp_pool_borrow(pool, 0, &c) != MCP_OK)
            return 1;
        if (mcp_get(c, T("child"), &r) != MCP_OK || r.value_len != 5 ||
            memcmp(r.value, "child", 5) != 0)
            return 2;
        if (c != own && mcp_pool_return(pool, c) != MCP_OK)
            return 3;
    }
    if (mcp_pool_return(pool, own) != MCP_OK)
        return 4;
    mcp_pool_close(pool);
    return 0;
}

START_TEST(parent_and_child_share_no_connection)
{
    server *real = server_unix(NULL);
    server *b = server_unix(NULL);
    fault *p = fault_unix(real);
    mcp_pool *pool = pool_open(fault_address(p), b->address, "timeout=20s", 3);
    mcp_client *own = borrow(pool);
    mcp_client *idle = borrow(pool);
    int status;
    pid_t child;

    client_expect(own, mcp_set(own, T("child"), T("child"), 0, 0), MCP_OK, "set");
    client_expect(idle, mcp_set(idle, T("parent"), T("parent"), 0, 0), MCP_OK, "set");
    ck_assert_int_eq(mcp_pool_return(pool, idle), MCP_OK);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(work_in_child(pool, own));
    for (int i = 0; i < 500; i++) {
        mcp_client *c = i % 2 == 1 ? borrow(pool) : own;

        client_reads(c, "parent", "parent");
        if (c != own)
            ck_assert_int_eq(mcp_pool_return(pool, c), MCP_OK);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    client_reads(own, "parent", "parent");
    ck_assert_uint_eq(client_info(own, 0).connects, 1);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(fault_ended(p, i), FAULT_OPEN);
    ck_assert_int_eq(mcp_pool_return(pool, own), MCP_OK);
    mcp_pool_close(pool);
}
END_TEST

START_TEST(a_pool_keeps_its_list)
{
    char why[200] = "";

    ck_assert_ptr_null(mcp_pool_open("discovery=127.0.0.1:1", 2, why, sizeof why));
    ck_assert_msg(strstr(why, "no discovery=") != NULL, "%s", why);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("share");

    tcase_add_test(tests, a_thousand_borrowers_on_eight_threads);
    tcase_add_test(tests, a_thousand_borrowers_and_a_server_that_dies);
    tcase_add_loop_test(tests, one_client_pays_for_all, 0, 2);
    tcase_add_test(tests, what_one_wrote_the_next_one_reads);
    tcase_add_test(tests, all_clients_go_over_to_another_list);
    tcase_add_test(tests, a_list_that_is_wrong_changes_nothing);
    tcase_add_test(tests, a_thousand_borrowers_while_the_list_is_exchanged);
    tcase_add_loop_test(tests, a_record_is_not_left_behind, 0, 2);
    tcase_add_test(tests, what_is_lent_outlives_the_pool);
    tcase_add_test(tests, a_pool_keeps_its_list);
    tcase_add_test(tests, parent_and_child_share_no_connection);
    return run_tests("share", tests);
}

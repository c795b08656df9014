/* SPDX-License-Identifier: BSD-3-Clause */
/* A pool without servers: who gets which client and when, what is refused, what a full house means,
 * closing while some are lent, and no memory. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcproxy/pool.h"
#include "support.h"
#include "support/wait.h"

#define OPTIONS "server=127.0.0.1:1 server=127.0.0.1:2 backup=127.0.0.1:3 timeout=100ms"
#define OTHER_OPTIONS "server=127.0.0.1:2 server=127.0.0.1:4 backup=127.0.0.1:3 timeout=100ms"
#define PATIENCE_MS 60000

static mcp_pool *
pool_open(size_t max_clients)
{
    char why[160] = "";
    mcp_pool *pool = mcp_pool_open(OPTIONS, max_clients, why, sizeof why);
    ck_assert_msg(pool != NULL, "%s", why);
    return pool;
}

static mcp_pool_use
look(mcp_pool *pool)
{
    mcp_pool_use use = MCP_POOL_USE_INIT;
    ck_assert_int_eq(mcp_pool_look(pool, &use), MCP_OK);
    return use;
}

static mcp_client *
borrow(mcp_pool *pool)
{
    mcp_client *client = NULL;
    ck_assert_int_eq(mcp_pool_borrow(pool, 0, &client), MCP_OK);
    ck_assert_ptr_nonnull(client);
    return client;
}

START_TEST(options_are_read_once_and_errors_are_told)
{
    char why[160] = "";
    ck_assert_ptr_null(mcp_pool_open("server=a nonsense", 2, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "nonsense"));
    ck_assert_ptr_null(mcp_pool_open("", 2, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "server"));
    ck_assert_ptr_null(mcp_pool_open(OPTIONS, 0, why, sizeof why));
    ck_assert_str_eq(why, "a pool has 1 to 4096 clients, not 0");
    ck_assert_ptr_null(mcp_pool_open(OPTIONS, 4097, why, sizeof why));
    ck_assert_str_eq(why, "a pool has 1 to 4096 clients, not 4097");
    ck_assert_ptr_null(mcp_pool_open(OPTIONS, 0, NULL, 0));
    mcp_pool_close(NULL);
}
END_TEST

START_TEST(the_last_one_returned_is_lent_first)
{
    mcp_pool *pool = pool_open(3);
    mcp_client *a = borrow(pool), *b = borrow(pool), *c = borrow(pool), *none = a;
    ck_assert(a != b && b != c && a != c);
    ck_assert_uint_eq(look(pool).open, 3);
    ck_assert_uint_eq(look(pool).lent, 3);
    ck_assert_int_eq(mcp_pool_borrow(pool, 0, &none), MCP_TIMEOUT);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(mcp_pool_borrow(pool, 20, &none), MCP_TIMEOUT);
    ck_assert_ptr_null(none);
    ck_assert_uint_eq(look(pool).waits, 1);
    ck_assert_uint_eq(look(pool).waiting, 0);
    ck_assert_int_eq(mcp_pool_return(pool, b), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(pool, a), MCP_OK);
    ck_assert_uint_eq(look(pool).lent, 1);
    ck_assert_ptr_eq(borrow(pool), a);
    ck_assert_ptr_eq(borrow(pool), b);
    ck_assert_int_eq(mcp_pool_return(pool, c), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(pool, b), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(pool, a), MCP_OK);
    ck_assert_uint_eq(look(pool).borrows, 5);
    mcp_pool_maintain(pool);
    ck_assert_uint_eq(look(pool).open, 3);
    mcp_pool_close(pool);
}
END_TEST

START_TEST(what_is_not_lent_is_not_taken_back)
{
    mcp_pool *pool = pool_open(2), *other = pool_open(2);
    mcp_client *own = mcp_open(OPTIONS, NULL, 0), *a = borrow(pool), *b = borrow(other);
    ck_assert_int_eq(mcp_pool_borrow(pool, 0, NULL), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_pool_return(pool, NULL), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_pool_return(pool, own), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_pool_return(pool, b), MCP_BAD_ARGUMENT);
    mcp_close(a); /* nothing */
    ck_assert_int_eq(mcp_server_count(a), 3);
    ck_assert_int_eq(mcp_pool_return(pool, a), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(pool, a), MCP_BAD_ARGUMENT);
    ck_assert_int_eq(mcp_pool_return(other, b), MCP_OK);
    mcp_close(own);
    mcp_pool_close(pool);
    mcp_pool_close(other);
}
END_TEST

START_TEST(clients_share_the_placement)
{
    mcp_pool *pool = pool_open(2);
    mcp_client *own = mcp_open(OPTIONS, NULL, 0), *a = borrow(pool), *b = borrow(pool);
    for (int i = 0; i < 100; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "key%d", i);
        mcp_location at[3];
        ck_assert_int_eq(mcp_where(own, key, (size_t)len, NULL, 0, &at[0]), MCP_OK);
        ck_assert_int_eq(mcp_where(a, key, (size_t)len, NULL, 0, &at[1]), MCP_OK);
        ck_assert_int_eq(mcp_where(b, key, (size_t)len, NULL, 0, &at[2]), MCP_OK);
        ck_assert_mem_eq(&at[0], &at[1], sizeof at[0]);
        ck_assert_mem_eq(&at[0], &at[2], sizeof at[0]);
    }
    ck_assert_int_eq(mcp_pool_return(pool, a), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(pool, b), MCP_OK);
    mcp_pool_close(pool);
    mcp_close(own);
}
END_TEST

/* ---- waiting ---- */

typedef struct queue {
    mcp_pool *pool;
    mcp_status status[8];
    mcp_client *client[8];
    int order[8]; /* in which they were served */
    int n_served;
    size_t wanted;
} queue;

typedef struct in_queue {
    queue *q;
    int number;
} in_queue;

static void *
wait_in_line(void *context)
{
    const in_queue *me = context;
    queue *q = me->q;
    mcp_client *client;
    mcp_status status = mcp_pool_borrow(q->pool, PATIENCE_MS, &client);
    q->status[me->number] = status;
    q->client[me->number] = client;
    if (status == MCP_OK) { /* the pool's lock orders these */
        q->order[q->n_served++] = me->number;
        (void)mcp_pool_return(q->pool, client);
    }
    return NULL;
}

static int
has_as_many_waiting(void *context)
{
    const queue *q = context;
    return look(q->pool).waiting == q->wanted;
}

static void
line_up(queue *q, pthread_t *threads, in_queue *context, int n)
{
    for (int i = 0; i < n; i++) {
        context[i] = (in_queue){q, i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_in_line, &context[i]), 0);
        q->wanted = (size_t)i + 1;
        ck_assert(wait_until(has_as_many_waiting, q, PATIENCE_MS));
    }
}

START_TEST(those_who_wait_are_served_in_order)
{
    queue q = {.pool = pool_open(1)};
    pthread_t threads[8];
    in_queue context[8];
    mcp_client *only = borrow(q.pool);
    line_up(&q, threads, context, 8);
    ck_assert_int_eq(mcp_pool_return(q.pool, only), MCP_OK);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(q.status[i], MCP_OK);
        ck_assert_int_eq(q.order[i], i);
        ck_assert_ptr_eq(q.client[i], only);
    }
    ck_assert_uint_eq(look(q.pool).waits, 8);
    mcp_pool_close(q.pool);
}
END_TEST

START_TEST(closing_sends_those_away_who_wait)
{
    queue q = {.pool = pool_open(2)};
    pthread_t threads[3];
    in_queue context[3];
    mcp_client *a = borrow(q.pool), *b = borrow(q.pool);
    line_up(&q, threads, context, 3);
    mcp_pool_close(q.pool);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(q.status[i], MCP_NO_RESOURCE);
        ck_assert_ptr_null(q.client[i]);
    }
    /* What is lent works until it is returned; the last one takes the pool with it. */
    ck_assert_int_eq(mcp_server_count(a), 3);
    ck_assert_int_eq(mcp_pool_return(q.pool, a), MCP_OK);
    ck_assert_int_eq(mcp_server_count(b), 3);
    ck_assert_int_eq(mcp_pool_return(q.pool, b), MCP_OK);
}
END_TEST

/* ---- callbacks ---- */

typedef struct nosy {
    mcp_pool *pool;
    mcp_client *client;
    mcp_status status;
    int n;
} nosy;

static void
returns_inside(void *context, const mcp_event *event)
{
    nosy *it = context;
    (void)event;
    it->n++;
    it->status = mcp_pool_return(it->pool, it->client);
}

START_TEST(a_callback_cannot_return_its_client)
{
    nosy it = {.pool = pool_open(1)};
    it.client = borrow(it.pool);
    mcp_on_event(it.client, returns_inside, &it);
    ck_assert_int_lt(mcp_ping(it.client, 0), MCP_OK); /* nobody is there: DOWN is told */
    ck_assert_int_ge(it.n, 1);
    ck_assert_int_eq(it.status, MCP_BUSY);
    ck_assert_int_eq(mcp_pool_return(it.pool, it.client), MCP_OK);
    it.n = 0;
    it.client = borrow(it.pool); /* its callback is gone */
    ck_assert_int_lt(mcp_ping(it.client, 1), MCP_OK);
    ck_assert_int_eq(it.n, 0);
    ck_assert_int_eq(mcp_pool_return(it.pool, it.client), MCP_OK);
    mcp_pool_close(it.pool);
}
END_TEST

/* ---- memory ---- */

/* A pool's whole life; how far it came. */
static int
live(const supply *from)
{
    mcp_client *a = NULL, *b = NULL;
    char why[160] = "";
    int step = 1;
    mcp_pool *pool = mcp_pool_open_with(OPTIONS, 2, &from->mem, why, sizeof why);
    if (pool == NULL) {
        ck_assert_str_ne(why, "");
        return 0;
    }
    if (mcp_pool_borrow(pool, 0, &a) == MCP_OK)
        step++;
    else
        ck_assert_ptr_null(a);
    if (mcp_pool_borrow(pool, 0, &b) == MCP_OK)
        step++;
    ck_assert_uint_eq(look(pool).lent, (size_t)step - 1);
    ck_assert_uint_eq(look(pool).open, (size_t)step - 1);
    if (a != NULL) {
        (void)mcp_ping(a, 0);
        ck_assert_int_eq(mcp_pool_return(pool, a), MCP_OK);
    }
    mcp_pool_maintain(pool);
    why[0] = '\0';
    if (mcp_pool_reload(pool, OTHER_OPTIONS, why, sizeof why) == MCP_OK)
        step++;
    else
        ck_assert_str_ne(why, "");
    if (b != NULL)
        ck_assert_int_eq(mcp_pool_return(pool, b), MCP_OK);
    mcp_pool_close(pool);
    return step;
}

START_TEST(no_memory_at_any_moment)
{
    supply from;
    size_t n_needed, n_failed = 0;
    supply_init(&from);
    ck_assert_int_eq(live(&from), 4);
    ck_assert_uint_eq(from.n_live, 0);
    n_needed = from.n_asked;
    for (int onward = 0; onward < 2; onward++) {
        for (size_t i = 1; i <= n_needed; i++) {
            supply_init(&from);
            from.fail_at = i;
            from.fails_onward = onward;
            n_failed += live(&from) < 4;
            ck_assert_uint_eq(from.n_live, 0);
        }
    }
    ck_assert_uint_gt(n_failed, n_needed);
}
END_TEST

/* ---- forks ---- */

static int
exit_status(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What a child finds of a pool with one client lent to it, one lent to nobody who lives on, and one
 * idle one. */
static int
use_in_child(mcp_pool *pool, mcp_client *own, mcp_client *idle)
{
    mcp_pool_use use = MCP_POOL_USE_INIT;
    mcp_client *c[4] = {NULL};
    if (mcp_pool_look(pool, &use) != MCP_OK || use.open != 1 || use.lent != 0 || use.max != 3)
        return 1;
    for (int i = 0; i < 3; i++) {
        if (mcp_pool_borrow(pool, 0, &c[i]) != MCP_OK)
            return 2;
    }
    if (c[0] != idle || mcp_pool_borrow(pool, 10, &c[3]) != MCP_TIMEOUT)
        return 3;
    if (mcp_pool_return(pool, own) != MCP_OK) /* which closes it */
        return 4;
    for (int i = 0; i < 3; i++) {
        if (mcp_pool_return(pool, c[i]) != MCP_OK)
            return 5;
    }
    mcp_pool_close(pool);
    return 0;
}

START_TEST(a_child_has_the_pool_too)
{
    mcp_pool *pool = pool_open(3);
    mcp_client *a = borrow(pool), *b = borrow(pool), *c = borrow(pool);
    ck_assert_int_eq(mcp_pool_return(pool, c), MCP_OK);
    pid_t child = fork();
    if (child == 0)
        _exit(use_in_child(pool, a, c));
    ck_assert_int_eq(exit_status(child), 0);
    ck_assert_uint_eq(look(pool).lent, 2);
    ck_assert_int_eq(mcp_pool_return(pool, a), MCP_OK);
    ck_assert_int_eq(mcp_pool_return(pool, b), MCP_OK);
    mcp_pool_close(pool);
}
END_TEST

/* Its client was lent with the list before: that one goes with it. */
START_TEST(a_child_returns_what_has_an_older_list)
{
    mcp_pool *pool = pool_open(2);
    mcp_client *own = borrow(pool);
    ck_assert_int_eq(mcp_pool_reload(pool, OTHER_OPTIONS, NULL, 0), MCP_OK);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int good = mcp_server_count(own) == 3 && mcp_pool_return(pool, own) == MCP_OK;
        mcp_pool_close(pool);
        _exit(good ? 0 : 1);
    }
    ck_assert_int_eq(exit_status(child), 0);
    mcp_server info = MCP_SERVER_INIT;
    ck_assert_int_eq(mcp_server_info(own, 0, &info), MCP_OK);
    ck_assert_str_eq(info.name, "127.0.0.1:1");
    ck_assert_int_eq(mcp_pool_return(pool, own), MCP_OK);
    ck_assert_ptr_eq(borrow(pool), own);
    ck_assert_int_eq(mcp_server_info(own, 0, &info), MCP_OK);
    ck_assert_str_eq(info.name, "127.0.0.1:2");
    ck_assert_int_eq(mcp_pool_return(pool, own), MCP_OK);
    mcp_pool_close(pool);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__ /* whose malloc may hang for ever behind a fork beside threads */
typedef struct trade {
    mcp_pool *pool;
    _Atomic int is_over;
} trade;

static void *
trade_on(void *context)
{
    trade *t = context;
    while (!t->is_over) {
        mcp_client *client;
        if (mcp_pool_borrow(t->pool, 1, &client) == MCP_OK)
            (void)mcp_pool_return(t->pool, client);
    }
    return NULL;
}

static void *
reload_on(void *context)
{
    trade *t = context;
    for (unsigned i = 0; !t->is_over; i++)
        (void)mcp_pool_reload(t->pool, i % 2 == 0 ? OTHER_OPTIONS : OPTIONS, NULL, 0);
    return NULL;
}

/* Other threads are anywhere in the pool, with its lock or without, when the process forks; in the
 * second round one of them exchanges its list. */
START_TEST(forks_at_any_moment)
{
    trade t = {.pool = pool_open(2)};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        void *(*run)(void *) = _i == 1 && i == 0 ? reload_on : trade_on;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run, &t), 0);
    }
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            mcp_client *c[3] = {NULL};
            alarm(30); /* the lock is somebody's for ever */
            int good = mcp_pool_borrow(t.pool, 0, &c[0]) == MCP_OK &&
                       mcp_pool_borrow(t.pool, 0, &c[1]) == MCP_OK && c[0] != c[1] &&
                       mcp_pool_borrow(t.pool, 0, &c[2]) == MCP_TIMEOUT &&
                       mcp_pool_return(t.pool, c[0]) == MCP_OK &&
                       mcp_pool_return(t.pool, c[1]) == MCP_OK;
            mcp_pool_close(t.pool);
            _exit(good ? 0 : 1);
        }
        ck_assert_int_eq(exit_status(child), 0);
    }
    t.is_over = 1;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    mcp_pool_close(t.pool);
}
END_TEST
#endif

int
main(void)
{
    Suite *suite = suite_create("share");
    TCase *all = tcase_create("share");
    tcase_set_timeout(all, 120); /* a hundred forks, of a process that a sanitizer watches */
    tcase_add_test(all, options_are_read_once_and_errors_are_told);
    tcase_add_test(all, the_last_one_returned_is_lent_first);
    tcase_add_test(all, what_is_not_lent_is_not_taken_back);
    tcase_add_test(all, clients_share_the_placement);
    tcase_add_test(all, those_who_wait_are_served_in_order);
    tcase_add_test(all, closing_sends_those_away_who_wait);
    tcase_add_test(all, a_callback_cannot_return_its_client);
    tcase_add_test(all, no_memory_at_any_moment);
    tcase_add_test(all, a_child_has_the_pool_too);
#ifndef __SANITIZE_ADDRESS__
    tcase_add_loop_test(all, forks_at_any_moment, 0, 2);
#endif
    tcase_add_test(all, a_child_returns_what_has_an_older_list);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

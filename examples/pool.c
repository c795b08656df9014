/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that share a pool of clients: eight workers, three clients. Each worker borrows one for
 * as long as it needs it and counts its own key up. With other options as a second argument the
 * pool is given those while they work.
 *
 *     cc pool.c $(pkg-config --cflags --libs libmcproxy) -lpthread -o pool
 *     ./pool "server=127.0.0.1:11211 backup=127.0.0.1:11212" \
 *            "server=127.0.0.1:11211 backup=127.0.0.1:11213"
 */
#include <mcproxy/pool.h>
#include <pthread.h>
#include <stdio.h>

enum { WORKERS = 8, CLIENTS = 3, ROUNDS = 100 };

typedef struct worker {
    mcp_pool *pool;
    int number;
    int failed;
    uint64_t count;
} worker;

static void *
work(void *context)
{
    worker *me = context;
    char key[32];
    int len = snprintf(key, sizeof key, "worker:%d", me->number);

    for (int i = 0; i < ROUNDS; i++) {
        mcp_client *c;
        mcp_status status = mcp_pool_borrow(me->pool, 5000, &c);

        if (status == MCP_OK) {
            status = mcp_incr_from(c, key, (size_t)len, 1, 1, 0, &me->count);
            mcp_pool_return(me->pool, c);
        }
        if (status != MCP_OK)
            me->failed++;
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    char why[160];
    pthread_t threads[WORKERS];
    worker workers[WORKERS];
    mcp_pool_use use = MCP_POOL_USE_INIT;
    int failed = 0;
    mcp_pool *pool =
        mcp_pool_open(argc > 1 ? argv[1] : "server=127.0.0.1", CLIENTS, why, sizeof why);

    if (pool == NULL) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.pool = pool, .number = i};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            return 3;
    }
    if (argc > 2 && mcp_pool_reload(pool, argv[2], why, sizeof why) != MCP_OK) {
        fprintf(stderr, "the list stays: %s\n", why);
        failed++;
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        failed += workers[i].failed;
        printf("worker %d counted to %llu\n", i, (unsigned long long)workers[i].count);
    }
    mcp_pool_look(pool, &use);
    printf("%llu times borrowed, %zu clients, %d failed\n", (unsigned long long)use.borrows,
           use.open, failed);
    mcp_pool_close(pool);
    return failed == 0 ? 0 : 1;
}

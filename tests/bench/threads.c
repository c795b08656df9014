/* SPDX-License-Identifier: BSD-3-Clause */
/* Many threads at once: see bench.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum { THREADS_MAX = 8, ROUNDS = 11, TURNS = 16000 };

double
bench_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int
bench_by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of one client: its threads, each with a connection of its own, which stay for all rounds. */
typedef struct crew {
    const bench_client *client;
    void *open[THREADS_MAX];
    double took[ROUNDS], ratio[ROUNDS];
} crew;

typedef struct job {
    const crew *crew;
    int number;
    bench_turn turn;
    size_t turns, bad;
    pthread_barrier_t *start;
} job;

static void *
labour(void *context)
{
    job *mine = context;
    pthread_barrier_wait(mine->start);
    mine->bad = bench_measured(mine->crew->client, mine->crew->open[mine->number], mine->turn, 0,
                               mine->turns);
    return NULL;
}

/* Seconds from when all have begun until the last has ended. */
static double
time_round(const crew *c, bench_turn turn, int n, size_t *bad)
{
    pthread_t threads[THREADS_MAX];
    job jobs[THREADS_MAX];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)n + 1);
    for (int i = 0; i < n; i++) {
        jobs[i] = (job){c, i, turn, (size_t)TURNS / (size_t)n, 0, &start};
        if (pthread_create(&threads[i], NULL, labour, &jobs[i]) != 0)
            exit(2);
    }
    pthread_barrier_wait(&start);
    double begun = bench_seconds();
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        *bad += jobs[i].bad;
    }
    double took = bench_seconds() - begun;
    pthread_barrier_destroy(&start);
    return took;
}

/* NULL: this client cannot do it. */
static crew *
recruit(crew *c, const bench_client *client, const bench_pool *pool, int n, size_t *bad)
{
    c->client = client;
    for (int i = 0; i < n; i++) {
        c->open[i] = client->open(pool);
        if (c->open[i] == NULL)
            return NULL;
        if (i == 0)
            *bad += bench_fill(client, c->open[0], pool);
        *bad += bench_warm(client, c->open[i], TURN_GET, 100);
    }
    return c;
}

int
bench_threads(const bench_work *work, int n)
{
    static crew all[BENCH_N_CLIENTS];
    crew *crews[BENCH_N_CLIENTS];
    bench_pool pool;
    size_t bad = 0;
    n = n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
    bench_start(work, &pool);
    for (size_t i = 0; i < BENCH_KEYS; i++) /* before there are threads */
        bench_key(i);
    for (int i = 0; i < BENCH_N_CLIENTS; i++)
        crews[i] = recruit(&all[i], bench_clients[i], &pool, n, &bad);
    for (int r = 0; r < ROUNDS; r++) {
        for (int i = 0; i < BENCH_N_CLIENTS; i++) {
            if (crews[i] == NULL)
                continue;
            crews[i]->took[r] = time_round(crews[i], work->turn, n, &bad);
            crews[i]->ratio[r] = crews[0]->took[r] / crews[i]->took[r];
        }
    }
    for (int i = 0; i < BENCH_N_CLIENTS; i++) {
        crew *c = crews[i];
        if (c == NULL)
            continue;
        qsort(c->ratio, ROUNDS, sizeof *c->ratio, bench_by_value);
        qsort(c->took, ROUNDS, sizeof *c->took, bench_by_value);
        printf("{\"work\":\"%s\",\"client\":\"%s\",\"threads\":%d,\"cores\":%ld,\"ratio\":%.3f,"
               "\"least\":%.3f,\"most\":%.3f,\"turns_per_second\":%.0f,\"bad\":%zu}\n",
               work->name, c->client->name, n, sysconf(_SC_NPROCESSORS_ONLN), c->ratio[ROUNDS / 2],
               c->ratio[0], c->ratio[ROUNDS - 1], TURNS / c->took[ROUNDS / 2], bad);
        for (int k = 0; k < n; k++)
            c->client->close(c->open[k]);
    }
    return bad > 0;
}

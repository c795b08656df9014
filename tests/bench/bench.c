/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measures, and prints one JSON object a line; scripts/bench makes a table of them.
 *
 *     bench list                       the works, one a line
 *     bench count CLIENT WORK TURNS    so many turns, for callgrind and strace to count
 *     bench ratio WORK [RUNS]          all clients in turn, on one core: their speed to the floor's
 *     bench threads WORK THREADS       the floor and mcproxy, a client per thread
 *     bench recovery                   what outages cost
 */
#define _GNU_SOURCE
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum { WARM_TURNS = 200, RUNS = 5, SLICES = 20, THREADS_MAX = 8 };

static const bench_client *const clients[] = {&bench_floor, &bench_text, &bench_binary,
                                              &bench_mcproxy};
enum { N_CLIENTS = sizeof clients / sizeof *clients };

static double
seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const bench_work *
work_or_exit(const char *name)
{
    const bench_work *work = bench_work_named(name);
    if (work == NULL) {
        fprintf(stderr, "bench: no work is called \"%s\"; \"bench list\" names them\n", name);
        exit(2);
    }
    return work;
}

/* ---- counting ---- */

static int
count(const char *client_name, const char *work_name, size_t turns)
{
    const bench_work *work = work_or_exit(work_name);
    const bench_client *client = NULL;
    bench_pool pool;
    for (int i = 0; i < N_CLIENTS; i++) {
        if (strcmp(clients[i]->name, client_name) == 0)
            client = clients[i];
    }
    if (client == NULL) {
        fprintf(stderr, "bench: no client is called \"%s\"\n", client_name);
        return 2;
    }
    bench_start(work, &pool);
    void *open = client->open(&pool);
    if (open == NULL)
        return 77; /* this client cannot do it */
    size_t bad = bench_fill(client, open, &pool);
    bad += bench_warm(client, open, work->turn, work->batch > 0 ? 2 : WARM_TURNS);
    syscall(SYS_getppid); /* strace counts what stands between these two */
    bad += bench_measured(client, open, work->turn, WARM_TURNS, turns);
    syscall(SYS_getppid);
    client->close(open);
    printf("{\"work\":\"%s\",\"client\":\"%s\",\"turns\":%zu,\"bad\":%zu}\n", work->name,
           client->name, turns, bad);
    return bad > 0;
}

/* ---- ratios ---- */

/* With the servers, which inherit it: unpinned, the same program flips between two speeds. */
static void
pin(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Turns of one slice: as many as last about 10 ms. */
static size_t
slice_of(const bench_client *client, void *open, bench_turn turn)
{
    size_t turns = 1;
    for (;;) {
        double begun = seconds();
        bench_measured(client, open, turn, 0, turns);
        if (seconds() - begun > 0.01 || turns > 100000)
            return turns;
        turns *= 2;
    }
}

static size_t
run(void *const *open, bench_turn turn, size_t turns, double *took)
{
    size_t bad = 0;
    for (int i = 0; i < N_CLIENTS; i++)
        took[i] = 0;
    for (int slice = 0; slice < SLICES; slice++) {
        for (int i = 0; i < N_CLIENTS; i++) {
            if (open[i] == NULL)
                continue;
            double begun = seconds();
            bad += bench_measured(clients[i], open[i], turn, 0, turns);
            took[i] += seconds() - begun;
        }
    }
    return bad;
}

static int
ratio(const char *work_name, int runs)
{
    const bench_work *work = work_or_exit(work_name);
    bench_pool pool;
    void *open[N_CLIENTS];
    double to_floor[N_CLIENTS][64], took[N_CLIENTS], per_turn[N_CLIENTS][64];
    size_t bad = 0;
    runs = runs < 1 ? 1 : runs > 64 ? 64 : runs;
    pin();
    bench_start(work, &pool);
    for (int i = 0; i < N_CLIENTS; i++) {
        open[i] = clients[i]->open(&pool);
        if (open[i] == NULL)
            continue;
        bad += bench_fill(clients[i], open[i], &pool);
        bad += bench_warm(clients[i], open[i], work->turn, work->batch > 0 ? 2 : WARM_TURNS);
    }
    size_t turns = slice_of(clients[0], open[0], work->turn);
    for (int r = 0; r < runs; r++) {
        bad += run(open, work->turn, turns, took);
        for (int i = 0; i < N_CLIENTS; i++) {
            to_floor[i][r] = took[i] > 0 ? took[0] / took[i] : 0;
            per_turn[i][r] = took[i] * 1e6 / (double)(turns * SLICES);
        }
    }
    for (int i = 0; i < N_CLIENTS; i++) {
        if (open[i] == NULL)
            continue;
        qsort(to_floor[i], (size_t)runs, sizeof(double), by_value);
        qsort(per_turn[i], (size_t)runs, sizeof(double), by_value);
        printf("{\"work\":\"%s\",\"client\":\"%s\",\"ratio\":%.3f,\"least\":%.3f,\"most\":%.3f,"
               "\"us_per_turn\":%.2f,\"bad\":%zu}\n",
               work->name, clients[i]->name, to_floor[i][runs / 2], to_floor[i][0],
               to_floor[i][runs - 1], per_turn[i][runs / 2], bad);
        clients[i]->close(open[i]);
    }
    return bad > 0;
}

/* ---- threads ---- */

typedef struct job {
    const bench_client *client;
    const bench_pool *pool;
    const bench_work *work;
    size_t turns, bad;
} job;

static void *
labour(void *context)
{
    job *mine = context;
    void *open = mine->client->open(mine->pool);
    mine->bad = open == NULL;
    if (open != NULL)
        mine->bad += bench_fill(mine->client, open, mine->pool) +
                     bench_measured(mine->client, open, mine->work->turn, 0, mine->turns);
    if (open != NULL)
        mine->client->close(open);
    return NULL;
}

static double
time_threads(const bench_client *client, const bench_work *work, const bench_pool *pool, int n,
             size_t *bad)
{
    pthread_t threads[THREADS_MAX];
    job jobs[THREADS_MAX];
    double begun = seconds();
    for (int i = 0; i < n; i++) {
        jobs[i] = (job){client, pool, work, 20000, 0};
        if (pthread_create(&threads[i], NULL, labour, &jobs[i]) != 0)
            exit(2);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        *bad += jobs[i].bad;
    }
    return seconds() - begun;
}

static int
threads(const char *work_name, int n)
{
    const bench_work *work = work_or_exit(work_name);
    bench_pool pool;
    double ratios[RUNS];
    size_t bad = 0;
    n = n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
    bench_start(work, &pool);
    for (size_t i = 0; i < BENCH_KEYS; i++) /* before there are threads */
        bench_key(i);
    for (int r = 0; r < RUNS; r++) {
        double floor = time_threads(&bench_floor, work, &pool, n, &bad);
        ratios[r] = floor / time_threads(&bench_mcproxy, work, &pool, n, &bad);
    }
    qsort(ratios, RUNS, sizeof *ratios, by_value);
    printf("{\"work\":\"%s\",\"client\":\"mcproxy\",\"threads\":%d,\"ratio\":%.3f,\"least\":%.3f,"
           "\"most\":%.3f,\"bad\":%zu}\n",
           work->name, n, ratios[RUNS / 2], ratios[0], ratios[RUNS - 1], bad);
    return bad > 0;
}

static int
list(void)
{
    for (size_t i = 0; i < bench_n_works; i++) {
        const bench_work *work = &bench_works[i];
        printf("{\"work\":\"%s\",\"what\":\"%s\",\"batch\":%u,\"servers\":%u}\n", work->name,
               work->what, work->batch, work->n_servers);
    }
    return 0;
}

static char **words;
static int n_words, exit_code;

static int
obey(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "list") == 0)
        return list();
    if (strcmp(verb, "count") == 0 && argc == 5)
        return count(argv[2], argv[3], (size_t)strtoul(argv[4], NULL, 10));
    if (strcmp(verb, "ratio") == 0 && argc >= 3)
        return ratio(argv[2], argc > 3 ? atoi(argv[3]) : RUNS);
    if (strcmp(verb, "threads") == 0 && argc == 4)
        return threads(argv[2], atoi(argv[3]));
    if (strcmp(verb, "recovery") == 0)
        return bench_recovery();
    fprintf(stderr, "usage: bench_all list | count CLIENT WORK TURNS | ratio WORK [RUNS] | "
                    "threads WORK N | recovery\n");
    return 2;
}

START_TEST(all)
{
    exit_code = obey(n_words, words);
}
END_TEST

/* What starts the servers is made for tests, and must stand in one; it is the only one, and not
 * forked. */
int
main(int argc, char **argv)
{
    Suite *suite = suite_create("bench");
    TCase *only = tcase_create("bench");
    words = argv;
    n_words = argc;
    tcase_add_test(only, all);
    suite_add_tcase(suite, only);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    if (srunner_ntests_failed(runner) > 0) {
        srunner_print(runner, CK_NORMAL);
        exit_code = 2;
    }
    srunner_free(runner);
    return exit_code;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measures, and prints one JSON object a line; scripts/bench makes a table of them.
 *
 *     bench list                       the works, one a line
 *     bench count CLIENT WORK TURNS    so many turns, for callgrind and strace to count
 *     bench ratio WORK [RUNS]          all clients in turn, on one core: their speed to the floor's
 *     bench apart WORK [RUNS]          the same, the servers on a second core
 *     bench threads WORK THREADS       the same without pinning, so many clients, a thread each
 *     bench recovery [PART]            what outages cost
 */
#define _GNU_SOURCE
#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

enum { WARM_TURNS = 200, RUNS = 5, RUNS_MAX = 64, SLICES = 51 };
#define SLICE_SECONDS 0.002

const bench_client *const bench_clients[BENCH_N_CLIENTS] = {
    &bench_floor, &bench_text, &bench_binary, &bench_mcproxy, &bench_serial, &bench_same};

const bench_client *
bench_client_named(const char *name)
{
    for (int i = 0; i < BENCH_N_CLIENTS; i++) {
        if (strcmp(bench_clients[i]->name, name) == 0)
            return bench_clients[i];
    }
    return NULL;
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

static size_t
warm(const bench_client *client, void *open, const bench_work *work)
{
    int turns = work->batch > 0 || work->turn == TURN_LATE ? 2 : WARM_TURNS;
    return bench_warm(client, open, work->turn, (size_t)turns);
}

/* ---- counting ---- */

static int
count(const char *client_name, const char *work_name, size_t turns)
{
    const bench_work *work = work_or_exit(work_name);
    const bench_client *client = bench_client_named(client_name);
    bench_pool pool;
    if (client == NULL) {
        fprintf(stderr, "bench: no client is called \"%s\"\n", client_name);
        return 2;
    }
    bench_start(work, &pool);
    void *open = client->open(&pool);
    if (open == NULL)
        return 77; /* this client cannot do it */
    size_t bad = bench_fill(client, open, &pool);
    bench_set_scene(work, &pool);
    if (work->scene == SCENE_MISSED_MANY)
        bad += bench_warm(client, open, work->turn, 100 * (size_t)BENCH_KEYS);
    bad += warm(client, open, work);
    syscall(SYS_getppid); /* strace counts what stands between these two */
    bad += bench_measured(client, open, work->turn, WARM_TURNS, turns);
    syscall(SYS_getppid);
    client->close(open);
    printf("{\"work\":\"%s\",\"client\":\"%s\",\"turns\":%zu,\"bad\":%zu}\n", work->name,
           client->name, turns, bad);
    return bad > 0;
}

/* ---- ratios ---- */

typedef struct rivals {
    void *open[BENCH_N_CLIENTS]; /* NULL: cannot do it */
    double to_floor[BENCH_N_CLIENTS][RUNS_MAX], per_turn[BENCH_N_CLIENTS][RUNS_MAX];
    size_t bad;
} rivals;

/* What is started from now on inherits it. Unpinned, the same program flips between two speeds. */
static void
pin(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Turns of one slice: as many as last about 2 ms, so that most slices are not interrupted. */
static size_t
slice_of(const bench_client *client, void *open, bench_turn turn)
{
    size_t turns = 1;
    for (;;) {
        double begun = bench_seconds();
        bench_measured(client, open, turn, 0, turns);
        if (bench_seconds() - begun > SLICE_SECONDS || turns > 100000)
            return turns;
        turns *= 2;
    }
}

static void
open_all(rivals *r, const bench_work *work, bench_pool *pool)
{
    for (int i = 0; i < BENCH_N_CLIENTS; i++) {
        r->open[i] = bench_clients[i]->open(pool);
        if (r->open[i] != NULL)
            r->bad += bench_fill(bench_clients[i], r->open[i], pool);
    }
    bench_set_scene(work, pool);
    for (int i = 0; i < BENCH_N_CLIENTS; i++)
        if (r->open[i] != NULL)
            r->bad += warm(bench_clients[i], r->open[i], work);
}

/* They take turns by slices; what counts of each is its median slice, which leaves out those in
 * which something else had the core. */
static void
run(rivals *r, bench_turn turn, size_t turns, int number)
{
    double took[BENCH_N_CLIENTS][SLICES];
    for (int slice = 0; slice < SLICES; slice++) {
        for (int i = 0; i < BENCH_N_CLIENTS; i++) {
            if (r->open[i] == NULL)
                continue;
            double begun = bench_seconds();
            r->bad += bench_measured(bench_clients[i], r->open[i], turn, 0, turns);
            took[i][slice] = bench_seconds() - begun;
        }
    }
    for (int i = 0; i < BENCH_N_CLIENTS; i++) {
        if (r->open[i] == NULL)
            continue;
        qsort(took[i], SLICES, sizeof(double), bench_by_value);
        r->to_floor[i][number] = took[0][SLICES / 2] / took[i][SLICES / 2];
        r->per_turn[i][number] = took[i][SLICES / 2] * 1e6 / (double)turns;
    }
}

/* `cores` 1: everything on one; 2: the clients on the first, the servers on the second. */
static int
ratio(const char *work_name, int runs, int cores)
{
    static rivals r;
    const bench_work *work = work_or_exit(work_name);
    bench_pool pool;
    runs = runs < 1 ? 1 : runs > RUNS_MAX ? RUNS_MAX : runs;
    pin(cores - 1);
    bench_start(work, &pool);
    pin(0);
    open_all(&r, work, &pool);
    size_t turns = slice_of(bench_clients[0], r.open[0], work->turn);
    for (int i = 0; i < runs; i++)
        run(&r, work->turn, turns, i);
    for (int i = 0; i < BENCH_N_CLIENTS; i++) {
        if (r.open[i] == NULL)
            continue;
        qsort(r.to_floor[i], (size_t)runs, sizeof(double), bench_by_value);
        qsort(r.per_turn[i], (size_t)runs, sizeof(double), bench_by_value);
        printf("{\"work\":\"%s\",\"client\":\"%s\",\"cores\":%d,\"ratio\":%.3f,\"least\":%.3f,"
               "\"most\":%.3f,\"us_per_turn\":%.2f,\"bad\":%zu}\n",
               work->name, bench_clients[i]->name, cores, r.to_floor[i][runs / 2], r.to_floor[i][0],
               r.to_floor[i][runs - 1], r.per_turn[i][runs / 2], r.bad);
        bench_clients[i]->close(r.open[i]);
    }
    return r.bad > 0;
}

static int
list(void)
{
    static const char *const calls[] = {
        [TURN_GET] = "mcp_get",    [TURN_SET] = "mcp_set",    [TURN_DELETE] = "mcp_delete",
        [TURN_COUNT] = "mcp_incr", [TURN_MANY] = "mcp_batch", [TURN_LATE] = "mcp_get",
    };
    for (size_t i = 0; i < bench_n_works; i++) {
        const bench_work *work = &bench_works[i];
        printf("{\"work\":\"%s\",\"what\":\"%s\",\"call\":\"%s\",\"batch\":%u,\"servers\":%u,"
               "\"has_ratio\":%d}\n",
               work->name, work->what, calls[work->turn], work->batch, work->n_servers,
               work->turn != TURN_LATE && work->scene != SCENE_MISSED_MANY);
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
        return ratio(argv[2], argc > 3 ? atoi(argv[3]) : RUNS, 1);
    if (strcmp(verb, "apart") == 0 && argc >= 3)
        return sysconf(_SC_NPROCESSORS_ONLN) < 2
                   ? 0
                   : ratio(argv[2], argc > 3 ? atoi(argv[3]) : RUNS, 2);
    if (strcmp(verb, "threads") == 0 && argc == 4)
        return bench_threads(work_or_exit(argv[2]), atoi(argv[3]));
    if (strcmp(verb, "recovery") == 0)
        return bench_recovery(argc > 2 ? argv[2] : NULL);
    fprintf(stderr, "usage: bench_all list | count CLIENT WORK TURNS | ratio WORK [RUNS] | "
                    "apart WORK [RUNS] | threads WORK N | recovery [PART]\n");
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

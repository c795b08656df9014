/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No value is ever another key's, whatever comes late: servers that are stopped and continued at
 * random under a timeout of 5 ms, and replies that are delayed around the timeout of many clients.
 * $MCP_STORM: how many gets the second one makes (10,000).
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

enum { N_STOPS = 200, N_KEYS = 60, N_CLIENTS = 16 };

static uint32_t
draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % below);
}

/* Keys of six kinds, "a0" to "f9"; each with a value that tells it, of up to 3 kB. */
static size_t
make(char *key, char *value, uint32_t i)
{
    size_t len = (size_t)sprintf(key, "%c%u", 'a' + (int)(i % 6), i / 6);
    size_t value_len = (size_t)sprintf(value, "value of %s ", key);
    memset(value + value_len, (int)('A' + i % 26), i * 50);
    return len > 0 ? value_len + i * 50 : 0;
}

static void
store_all(mcp_client *c)
{
    char key[32], value[4096];
    for (uint32_t i = 0; i < N_KEYS; i++) {
        size_t len = make(key, value, i);
        client_expect(c, mcp_set(c, T(key), value, len, 0, 0), MCP_OK, "set");
    }
}

typedef struct tally {
    int hits, misses, failures, wrong;
} tally;

static void
get_one(mcp_client *c, uint32_t i, tally *seen)
{
    char key[32], value[4096];
    mcp_result r = MCP_RESULT_INIT;
    size_t len = make(key, value, i);
    mcp_status status = mcp_get(c, T(key), &r);
    if (status == MCP_OK) {
        int is_right = r.value_len == len && memcmp(r.value, value, len) == 0;
        seen->hits += is_right;
        seen->wrong += !is_right;
    } else {
        seen->misses += status == MCP_NOT_FOUND;
        seen->failures += status < MCP_OK;
    }
}

/* ---- Stopped and continued ---------------------------------------------------------------- */

/* In a child: `pids` are stopped in turns of random length, N_STOPS times in all. */
static pid_t
begin_storm(const pid_t *pids, uint32_t n)
{
    pid_t parent = getpid(), child = fork();
    ck_assert_int_ge(child, 0);
    if (child != 0)
        return child;
    uint64_t state = 42;
    run_die_with_parent(parent);
    for (int i = 0; i < N_STOPS; i++) {
        pid_t pid = pids[draw(&state, n)];
        kill(pid, SIGSTOP);
        wait_ms((int64_t)draw(&state, 12));
        kill(pid, SIGCONT);
        wait_ms((int64_t)draw(&state, 12));
    }
    _exit(0);
}

/* _i 0: one server; 1: a pair, either of which may stand. */
START_TEST(stopped_and_continued_at_random)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    const char *words = "timeout=2s";
    mcp_client *c =
        _i == 0 ? client_open("server=%s %s", p->address, words) : client_pair(p, b, words);
    tally seen = {0};
    uint64_t state = 7;
    int status, n_calls = 0;
    store_all(c);
    mcp_close(c);
    words = "timeout=5ms view_interval=50ms retry_min=1ms retry_max=5ms suspect_limit=1000";
    c = _i == 0 ? client_open("server=%s %s", p->address, words) : client_pair(p, b, words);
    const pid_t pids[2] = {p->pid, b->pid};
    pid_t storm = begin_storm(pids, _i == 0 ? 1 : 2);
    while (waitpid(storm, &status, WNOHANG) == 0) {
        get_one(c, draw(&state, N_KEYS), &seen);
        n_calls++;
    }
    ck_assert_int_eq(status, 0);
    printf("%d stops, %d gets: %d right, %d failed, %d missed, %d wrong\n", N_STOPS, n_calls,
           seen.hits, seen.failures, seen.misses, seen.wrong);
    ck_assert_int_eq(seen.wrong, 0);
    ck_assert_int_eq(seen.misses, 0);
    ck_assert_int_gt(seen.hits, N_STOPS);
    ck_assert_int_gt(seen.failures, _i == 0 ? 10 : -1);
    mcp_close(c);
}
END_TEST

/* ---- Delayed around the timeout ----------------------------------------------------------- */

typedef struct worker {
    pthread_t thread;
    mcp_client *c;
    long n;
    uint64_t state;
    tally seen;
} worker;

/* Three of four gets are of the kind that is not delayed. */
static void *
work(void *context)
{
    worker *w = context;
    for (long i = 0; i < w->n; i++) {
        uint32_t key = draw(&w->state, N_KEYS);
        get_one(w->c, draw(&w->state, 4) == 0 ? key : key / 6 * 6, &w->seen);
    }
    return NULL;
}

/* With a road of its own: it remembers its connections, and each get may cost two. */
enum { ROUND = 10000 };

static void
do_round(const server *real, long n, tally *sum)
{
    static const fault_rule rules[] = {
        {.match = "mg b", .what = FAULT_DELAY, .ms = 12},
        {.match = "mg c", .what = FAULT_DELAY, .ms = 18},
        {.match = "mg d", .what = FAULT_DELAY, .ms = 20},
        {.match = "mg e", .what = FAULT_DELAY, .ms = 22},
        {.match = "mg f", .what = FAULT_DELAY, .ms = 35},
    };
    fault *f = fault_tcp(real);
    worker workers[N_CLIENTS];
    fault_rules(f, rules, sizeof rules / sizeof *rules);
    for (int i = 0; i < N_CLIENTS; i++) {
        workers[i] = (worker){.n = n / N_CLIENTS, .state = (uint64_t)(sum->hits + i + 1)};
        workers[i].c = client_open("server=%s timeout=20ms retry_min=1ms retry_max=5ms "
                                   "suspect_limit=1000",
                                   fault_address(f));
    }
    for (int i = 0; i < N_CLIENTS; i++)
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (int i = 0; i < N_CLIENTS; i++) {
        pthread_join(workers[i].thread, NULL);
        sum->hits += workers[i].seen.hits;
        sum->misses += workers[i].seen.misses;
        sum->failures += workers[i].seen.failures;
        sum->wrong += workers[i].seen.wrong;
        mcp_close(workers[i].c);
    }
}

START_TEST(delayed_around_the_timeout)
{
    const char *text = getenv("MCP_STORM");
    long n = text != NULL && *text != '\0' ? strtol(text, NULL, 10) : ROUND;
    server *real = server_unix(NULL);
    tally sum = {0};
    mcp_client *c = client_open("server=%s timeout=2s", real->address);
    store_all(c);
    mcp_close(c);
    for (long done = 0; done < n; done += ROUND)
        do_round(real, ROUND, &sum);
    printf("%ld gets by %d clients: %d right, %d failed, %d missed, %d wrong\n", n, N_CLIENTS,
           sum.hits, sum.failures, sum.misses, sum.wrong);
    ck_assert_int_eq(sum.wrong, 0);
    ck_assert_int_eq(sum.misses, 0);
    ck_assert_int_gt(sum.hits, (int)(n / 20)); /* both happened, on any machine */
    ck_assert_int_gt(sum.failures, (int)(n / 50));
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("storm");
    tcase_add_loop_test(tests, stopped_and_continued_at_random, 0, 2);
    tcase_add_test(tests, delayed_around_the_timeout);
    return run_tests("storm", tests);
}

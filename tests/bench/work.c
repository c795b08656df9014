/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of the table, and their servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../support/server.h"
#include "bench.h"

#define MEMORY "-m 1024 -I 4m -c 4096"
#define LATE_VIEW_INTERVAL "50ms"
#define LATE_NS 70000000L

static server *primary; /* of a pair */

const bench_work bench_works[] = {
    {"get", "get, 100 bytes", TURN_GET, 1, 0, 0, 100, 0, "", SCENE_PEACE},
    {"get-tcp", "get, 100 bytes, TCP", TURN_GET, 1, 0, 1, 100, 0, "", SCENE_PEACE},
    {"get-pair", "get, 100 bytes, of a pair", TURN_GET, 1, 1, 0, 100, 0, "", SCENE_PEACE},
    {"get-1", "get, 1 byte", TURN_GET, 1, 0, 0, 1, 0, "", SCENE_PEACE},
    {"get-4k", "get, 4 KB", TURN_GET, 1, 0, 0, 4096, 0, "", SCENE_PEACE},
    {"get-64k", "get, 64 KB", TURN_GET, 1, 0, 0, 65536, 0, "", SCENE_PEACE},
    {"get-1m", "get, 1 MB", TURN_GET, 1, 0, 0, 1000000, 0, "", SCENE_PEACE},
    {"get-1m-tcp", "get, 1 MB, TCP", TURN_GET, 1, 0, 1, 1000000, 0, "", SCENE_PEACE},
    {"set", "set, 100 bytes", TURN_SET, 1, 0, 0, 100, 0, "", SCENE_PEACE},
    {"set-tcp", "set, 100 bytes, TCP", TURN_SET, 1, 0, 1, 100, 0, "", SCENE_PEACE},
    {"set-1", "set, 1 byte", TURN_SET, 1, 0, 0, 1, 0, "", SCENE_PEACE},
    {"set-4k", "set, 4 KB", TURN_SET, 1, 0, 0, 4096, 0, "", SCENE_PEACE},
    {"set-64k", "set, 64 KB", TURN_SET, 1, 0, 0, 65536, 0, "", SCENE_PEACE},
    {"set-1m", "set, 1 MB", TURN_SET, 1, 0, 0, 1000000, 0, "", SCENE_PEACE},
    {"set-1m-tcp", "set, 1 MB, TCP", TURN_SET, 1, 0, 1, 1000000, 0, "", SCENE_PEACE},
    {"mirror", "mirrored set, verified", TURN_SET, 1, 1, 0, 100, 0, "", SCENE_PEACE},
    {"mirror-plain", "mirrored set, not verified", TURN_SET, 1, 1, 0, 100, 0, "mirror_verify=no",
     SCENE_PEACE},
    {"mirror-tcp", "mirrored set, verified, TCP", TURN_SET, 1, 1, 1, 100, 0, "", SCENE_PEACE},
    {"delete", "delete of a pair", TURN_DELETE, 1, 1, 0, 100, 0, "", SCENE_PEACE},
    {"count", "incr", TURN_COUNT, 1, 0, 0, 7, 0, "", SCENE_PEACE},
    {"many", "100 keys of 3 servers", TURN_MANY, 3, 0, 0, 100, 100, "", SCENE_PEACE},
    {"many-tcp", "100 keys of 3 servers, TCP", TURN_MANY, 3, 0, 1, 100, 100, "", SCENE_PEACE},
    {"pipeline", "64 keys of 1 server", TURN_MANY, 1, 0, 0, 100, 64, "", SCENE_PEACE},
    {"batch-1", "a batch of 1 key", TURN_MANY, 3, 0, 0, 100, 1, "", SCENE_PEACE},
    {"batch-10", "10 keys of 3 servers", TURN_MANY, 3, 0, 0, 100, 10, "", SCENE_PEACE},
    {"batch-1000", "1,000 keys of 3 servers", TURN_MANY, 3, 0, 0, 100, 1000, "", SCENE_PEACE},
    {"batch", "10,000 keys of 3 servers", TURN_MANY, 3, 0, 0, 100, 10000, "", SCENE_PEACE},
    {"servers-10", "get, 10 servers", TURN_GET, 10, 0, 0, 100, 0, "", SCENE_PEACE},
    {"servers-100", "get, 100 servers", TURN_GET, 100, 0, 0, 100, 0, "", SCENE_PEACE},
    {"servers-1000", "get, 1000 servers", TURN_GET, 1000, 0, 0, 100, 0, "", SCENE_PEACE},
    {"degraded", "set without the primary", TURN_SET, 1, 1, 0, 100, 0, "", SCENE_KILLED},
    {"degraded-late", "the same, 100,000 writes later", TURN_SET, 1, 1, 0, 100, 0, "",
     SCENE_MISSED_MANY},
    {"late", "get of a pair after a silence", TURN_LATE, 1, 1, 0, 100, 0,
     "view_interval=" LATE_VIEW_INTERVAL, SCENE_PEACE},
};
const size_t bench_n_works = sizeof bench_works / sizeof *bench_works;

static size_t n_keys = BENCH_KEYS;

const bench_work *
bench_work_named(const char *name)
{
    for (size_t i = 0; i < bench_n_works; i++) {
        if (strcmp(bench_works[i].name, name) == 0)
            return &bench_works[i];
    }
    return NULL;
}

const char *
bench_key(size_t number)
{
    static char keys[BENCH_KEYS][BENCH_KEY_LEN + 1];
    if (keys[number][0] == '\0')
        snprintf(keys[number], sizeof keys[number], "key:%06u", (unsigned)number % 1000000);
    return keys[number];
}

/* Beyond three they are names of the socket of one process. */
static void
start_servers(const bench_work *work, bench_pool *pool)
{
    static char addresses[BENCH_SERVERS_MAX][128];
    server *first = NULL;
    for (size_t i = 0; i < work->n_servers; i++) {
        if (i < 3) {
            primary = first = work->is_tcp ? server_tcp(MEMORY) : server_unix(MEMORY);
            pool->servers[i] = first->address;
            continue;
        }
        snprintf(addresses[i], sizeof addresses[i], "unix:%s.%zu", first->path, i);
        if (symlink(first->path, addresses[i] + 5) != 0)
            exit(2);
        pool->servers[i] = addresses[i];
    }
    if (work->has_backup)
        pool->backup = (work->is_tcp ? server_tcp : server_unix)(MEMORY)->address;
}

void
bench_start(const bench_work *work, bench_pool *pool)
{
    char *value = malloc(work->value_len);
    if (value == NULL)
        exit(2);
    memset(value, work->turn == TURN_COUNT ? '1' : 'x', work->value_len);
    n_keys = work->value_len > 10000 ? 16 : BENCH_KEYS;
    *pool = (bench_pool){.n_servers = work->n_servers,
                         .options = work->options,
                         .value = value,
                         .value_len = work->value_len,
                         .batch = work->batch,
                         .deletes_pairs = work->turn == TURN_DELETE && work->has_backup,
                         .loses_primary = work->scene != SCENE_PEACE,
                         .sets_pairs = work->turn == TURN_SET && work->has_backup &&
                                       work->scene == SCENE_PEACE,
                         .n_keys = n_keys};
    start_servers(work, pool);
}

void
bench_set_scene(const bench_work *work, bench_pool *pool)
{
    if (work->scene == SCENE_PEACE)
        return;
    server_kill(primary);
    pool->is_degraded = 1;
}

static int (*function_of(const bench_client *client, bench_turn turn))(void *, size_t)
{
    switch (turn) {
    case TURN_GET:
    case TURN_LATE:
        return client->get;
    case TURN_SET:
        return client->set;
    case TURN_DELETE:
        return client->erase;
    case TURN_COUNT:
        return client->count;
    default:
        return client->get_many;
    }
}

size_t
bench_fill(const bench_client *client, void *open, const bench_pool *pool)
{
    size_t bad = 0;
    for (size_t i = 0; i < pool->n_keys; i++)
        bad += client->set(open, i) != 0;
    return bad;
}

static size_t
turns(const bench_client *client, void *open, bench_turn turn, size_t first, size_t n)
{
    int (*function)(void *, size_t) = function_of(client, turn);
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        if (turn == TURN_LATE)
            nanosleep(&(struct timespec){.tv_nsec = LATE_NS}, NULL);
        bad += function(open, (first + i) % n_keys) != 0;
    }
    return bad;
}

__attribute__((noinline)) size_t
bench_warm(const bench_client *client, void *open, bench_turn turn, size_t n)
{
    return turns(client, open, turn, 0, n);
}

__attribute__((noinline)) size_t
bench_measured(const bench_client *client, void *open, bench_turn turn, size_t first, size_t n)
{
    return turns(client, open, turn, first, n);
}

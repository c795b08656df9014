/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench: the same work done by several clients, on the same servers, in one process.
 *
 *   floor     what no client can beat: bytes baked beforehand are sent, and read until as many
 *             bytes as expected have come. Nothing is parsed.
 *   text      libmemcached, text protocol
 *   binary    libmemcached, binary protocol
 *   mcproxy   the shared library of this tree, as programs link it
 *   serial    the floor, but one server after the other: of sets of a pair only
 *   same      the floor, but with the very lines of mcproxy, whose answers say what they answer: of
 *             keys with one copy only
 *
 *   work      what is done: "get", "set", ...; its rows stand in work.c
 *   pool      the servers it is done on
 *   turn      one piece of a work: one call, or one batch
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>

enum { BENCH_KEYS = 1000, BENCH_KEY_LEN = 10, BENCH_SERVERS_MAX = 1000, BENCH_BATCH_MAX = 10000 };

typedef struct bench_pool {
    size_t n_servers;
    const char *servers[BENCH_SERVERS_MAX]; /* addresses as the options write them */
    const char *backup;                     /* NULL: none */
    const char *options;                    /* more words for mcproxy */
    const char *value;
    size_t value_len;
    size_t batch;      /* keys of one turn */
    size_t n_keys;     /* large values have few */
    int sets_pairs;    /* the work is a set of two copies, and both servers are there */
    int deletes_pairs; /* a delete of two */
    int loses_primary; /* it will be killed: */
    int is_degraded;   /* the primary has been killed: only the backup is there */
} bench_pool;

/* A key's text, always BENCH_KEY_LEN bytes. */
const char *bench_key(size_t number);

typedef struct bench_client {
    const char *name;
    /* Connects; NULL when this client cannot do it. */
    void *(*open)(const bench_pool *pool);
    /* Each does one turn, at key `number`; 0, or -1 when it went wrong. NULL: cannot do it. */
    int (*get)(void *client, size_t number);
    int (*set)(void *client, size_t number);
    int (*erase)(void *client, size_t number);
    int (*count)(void *client, size_t number);
    int (*get_many)(void *client,
                    size_t number); /* `batch` keys from `number` on, round and round */
    void (*close)(void *client);
} bench_client;

extern const bench_client bench_floor;
extern const bench_client bench_text;
extern const bench_client bench_binary;
extern const bench_client bench_mcproxy;
extern const bench_client bench_serial;
extern const bench_client bench_same;

#define BENCH_N_CLIENTS 6
extern const bench_client *const bench_clients[BENCH_N_CLIENTS]; /* the floor is the first */
const bench_client *bench_client_named(const char *name);

/* ---- work.c ---- */

typedef enum bench_turn {
    TURN_GET,
    TURN_SET,
    TURN_DELETE,
    TURN_COUNT,
    TURN_MANY,
    TURN_LATE /* a get after a silence longer than view_interval */
} bench_turn;

/* What happens between the filling and the first turn. */
typedef enum bench_scene { SCENE_PEACE, SCENE_KILLED, SCENE_MISSED_MANY } bench_scene;

typedef struct bench_work {
    const char *name;
    const char *what; /* one line for people */
    bench_turn turn;
    uint16_t n_servers;
    uint8_t has_backup;
    uint8_t is_tcp;
    uint32_t value_len;
    uint32_t batch;
    const char *options;
    bench_scene scene;
} bench_work;

extern const bench_work bench_works[];
extern const size_t bench_n_works;

const bench_work *bench_work_named(const char *name);

/* Starts the servers of a work. */
void bench_start(const bench_work *work, bench_pool *pool);

/* When the clients have stored their keys: what the work's scene says happens. */
void bench_set_scene(const bench_work *work, bench_pool *pool);

/* `n` turns, from key `first` on. How many went wrong. Counted are those of bench_measured(). */
size_t bench_warm(const bench_client *client, void *open, bench_turn turn, size_t n);
size_t bench_measured(const bench_client *client, void *open, bench_turn turn, size_t first,
                      size_t n);

/* Each client stores the keys where it will look for them. */
size_t bench_fill(const bench_client *client, void *open, const bench_pool *pool);

/* ---- threads.c ---- */

double bench_seconds(void);
int bench_by_value(const void *a, const void *b); /* of two doubles, for qsort() */

/* All clients in turn, `n` threads of each with a client of its own; prints a line for each. */
int bench_threads(const bench_work *work, int n);

/* ---- recovery.c ---- */

/* Prints one line each: what an outage costs. `only`: "refused", "hung", "degraded", "resync",
 * "peace"; NULL: all of them. */
int bench_recovery(const char *only);

#endif

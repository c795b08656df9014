/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * world: several clients, each with an engine of its own, over shared servers, in virtual time. It
 * drives the engine by the same calls as lib/io/wait.c, and it is driven by one seed: the same plan
 * gives the same world, to the last byte.
 *
 *     plan   how many of what, how long, from which seed, which faults
 *     world  clients x servers, the connections between them, the queue of what happens when
 *     op     one operation with what it asked, what it got, and what really happened (see rules.h)
 *
 * Two kinds of clients: "looping" ones hear everything at once, as an event loop does, and have
 * several operations under way; "blocking" ones do one call at a time, hear only servers they wait
 * for, and nothing at all between two calls, as mcp_call() does.
 */
#ifndef MCPROXY_SIM_WORLD_H
#define MCPROXY_SIM_WORLD_H

#include <stdint.h>
#include <stdio.h>

#include "engine/chores.h"
#include "engine/drive.h"
#include "sim/memory.h"
#include "sim/net.h"
#include "sim/random.h"
#include "sim/server.h"

#define SIM_SERVERS_MAX 6
#define SIM_LINES_MAX (SIM_SERVERS_MAX + 1) /* one more for dumps */
#define SIM_CLIENTS_MAX 4
#define SIM_KEYS_MAX 16
#define SIM_FAULTS_MAX 24
#define SIM_BATCH_MAX 8

/* ---- faults ---- */

typedef enum sim_fault_kind {
    SIM_KILL,      /* connections reset, items gone, refuses; comes back empty */
    SIM_RESTART,   /* the same, and back at once */
    SIM_PAUSE,     /* accepts and never answers; then carries out what its sockets buffered */
    SIM_BLACKHOLE, /* nothing arrives, in either direction, of one client's or of all */
    SIM_SLOW,      /* answers after a while */
    SIM_DRIP,      /* answers byte by byte */
    SIM_CUT,       /* one reply is cut at some byte; `amount` bytes of it arrive */
    SIM_IDLE,      /* closes all its connections in an orderly way, and stays */
    SIM_DOUBLE,    /* says one reply twice */
    SIM_GARBAGE,   /* says something nobody asked for */
    SIM_EARLY,     /* refuses a value before it has been sent */
    SIM_FULL,      /* "out of memory" to every store */
    SIM_CROWDED,   /* "too many open connections" to whoever connects */
    SIM_OLD,       /* restarts as a version without the meta commands */
    SIM_FLUSH,     /* an operator's flush_all */
    SIM_SHORTAGE,  /* a client has no descriptors for `amount` connections */
    SIM_FORK,      /* a client finds itself to be the child of a fork */
    SIM_N_PLAIN,   /* up to here: for worlds without the record, too */
    SIM_MUTE = SIM_N_PLAIN, /* requests arrive, replies are lost, of one client's or of all */
    SIM_LATE,               /* requests arrive after a while */
    SIM_EVICT,              /* an item of the record, or a key, is evicted: `amount` says which */
    SIM_DEATH,              /* a client dies, and another one takes its place */
    SIM_N_FAULTS
} sim_fault_kind;

typedef struct sim_fault {
    int64_t at_ms, until_ms;
    sim_fault_kind kind;
    uint32_t server;
    uint32_t client; /* BLACKHOLE, SHORTAGE, FORK: whose; UINT32_MAX: everybody's */
    int64_t amount;
    uint32_t n_put_off;
    uint8_t ends_orderly; /* CUT: a close instead of a reset */
    uint8_t is_over;
} sim_fault;

/* ---- plans ---- */

typedef struct sim_plan {
    uint64_t seed;
    uint32_t n_primaries, n_backups, n_clients, n_keys;
    uint32_t ops_per_client;
    uint32_t timeout_ms, connect_timeout_ms, suspect_limit;
    uint32_t retry_min_ms, retry_max_ms;
    uint32_t latency_ms;       /* one way, at most */
    uint32_t gap_ms;           /* between two operations of a client, at most */
    uint32_t at_once;          /* operations under way, of a looping client */
    uint32_t blocking_percent; /* of clients */
    uint32_t express_percent;  /* of their calls, as far as the time is quiet: see quiet.h */
    uint32_t batch_percent;    /* of what they begin: several requests at once */
    uint32_t window;           /* bytes that fit into a connection on their way up */
    uint32_t piece_max;        /* bytes that arrive together, at most */
    int mirrors_writes;
    uint64_t fail_at; /* the allocation of every client that fails, see memory.h */
    int fails_from_then;
    int small_values; /* none above MCP__LINK_COPY_MAX */
    /* What one copy misses is put on record on the other one: see promise.h. */
    int keeps_record, is_strict, verifies;
    int is_double; /* faults may meet, as far as something is promised then */
    uint32_t view_interval_ms;
    uint32_t skew_permille; /* how much faster or slower a client's clock may run */
    sim_fault faults[SIM_FAULTS_MAX];
    uint32_t n_faults;
} sim_plan;

/* A plan that a seed draws, faults and all. */
sim_plan sim_plan_of_seed(uint64_t seed);
/* One without chance in sizes: one client, two servers, no faults. */
sim_plan sim_plan_plain(uint64_t seed);

/* How many calls of blocking clients go as in quiet times. */
void sim_plan_draw_quiet(sim_plan *plan);

/* ---- what is there ---- */

typedef struct sim_host {
    sim_server memcached;
    char name[16];
    uint32_t is_dead, is_paused, is_crowded; /* how many faults say so */
    uint32_t n_troubles;                     /* faults under way */
    int64_t well_since_ms;                   /* INT64_MAX: not now */
    int was_troubled;                        /* ever */
    uint32_t n_heals, n_begun;
    int64_t slow_ms, late_ms;
    int64_t mute_ms[SIM_CLIENTS_MAX]; /* until when nothing passes down */
    int is_dripping;
    sim_fault *cut;                      /* armed */
    int doubles;                         /* armed */
    int64_t blocked_ms[SIM_CLIENTS_MAX]; /* until when nothing passes */
} sim_host;

/* What really happened at one copy. */
typedef struct sim_truth {
    uint16_t n_done;  /* times the op's own change was carried out */
    uint16_t n_asked; /* commands carried out or refused, of this op */
    uint16_t n_owed;  /* third deletes */
    uint8_t seen[24]; /* times each command kind arrived whole */
    char reply[2];    /* of the last command */
    uint8_t was_no_number; /* a count was told so */
    uint8_t read_any;
    uint64_t read_hash; /* of the last value it answered */
} sim_truth;

typedef struct sim_op {
    uint32_t id, client;
    uint32_t key_number; /* SIM_KEYS_MAX: none, to one server */
    mcp_request request;
    char key[24];
    uint8_t *value; /* what is to be stored, the world's own copy */
    uint8_t *lent;  /* what the engine was given; worthless once the op is done */
    uint32_t piece; /* number of the value, 0: none */
    int64_t begun_ms, ended_ms, deadline_ms;
    mcp__pair pair;
    mcp_result result; /* value: hash and length only */
    uint64_t result_hash;
    uint8_t is_done;
    uint8_t was_usable[2], was_well[2], was_away[2], was_rested[2];
    uint32_t n_heals[2]; /* of the two hosts, when it began */
    uint8_t has_owed;
    uint8_t saw_old;                  /* a server did not echo opaques on misses */
    uint32_t life;                    /* its client's */
    uint64_t begun_order, over_order; /* among all beginnings and ends; 0: not yet */
    uint64_t landed_order;            /* the last of it that a server had in its buffers, too */
    uint64_t told_order[2];           /* when each server journaled it; 0: it did not */
    uint64_t changed_order[2];        /* when its change was last carried out there */
    uint8_t was_whole[2];
    uint8_t was_refused[2]; /* by that server, which has dropped what it had */
    uint32_t n_begun[2];    /* faults of the two hosts, when it began */
    uint8_t is_lost;        /* its client has died */
    uint8_t is_out;         /* under way in a convoy, */
    uint8_t was_lost;       /* which did not bring it */
    uint8_t saw_dirt;       /* an error line without an opaque may have been another request's */
    sim_truth truth[2];
} sim_op;

typedef struct sim_client {
    uint32_t number;
    mcp__engine engine;
    sim_memory memory;
    mcp__mem mem;
    int is_blocking;
    int is_listening;                    /* looping, or inside a call */
    int hears_whole;                     /* no short reads now */
    int64_t dirtied_ms[SIM_SERVERS_MAX]; /* when a server last said what no memcached says */
    mcp__task *lent;                     /* blocking: its result is still being looked at */
    sim_op *express_op;                  /* see quiet.h: the call on its way; NULL: none */
    int64_t express_until_ms;            /* its receive ends then, */
    uint8_t express_leg;                 /* which is for this leg's answer */
    uint32_t batch_n, batch_first;       /* so many requests are one call, from this one on */
    sim_conn *conn[SIM_LINES_MAX];
    uint32_t life;           /* how many died in its place before */
    int64_t chored_ms;       /* when its jobs were last run */
    int64_t clock_offset_ms; /* of its own clock, */
    int32_t clock_skew;      /* which runs so many thousandths faster */
    uint32_t n_issued, n_open;
    uint32_t shortages;
    int was_troubled;
    int64_t up_ms[SIM_SERVERS_MAX]; /* when a server was last found to be up again */
    uint64_t known_opaques;
    uint64_t tokens[SIM_KEYS_MAX];
    uint32_t busy_key[SIM_KEYS_MAX];     /* ops under way */
    mcp__health before[SIM_SERVERS_MAX]; /* see rules.h */
    uint8_t link_before[SIM_SERVERS_MAX];
} sim_client;

typedef struct sim_opaque {
    uint64_t opaque;
    uint32_t client, server; /* both copies may be asked in the same words */
    uint32_t op;             /* its id */
    uint8_t leg, kind, word, is_owed;
} sim_opaque;

/* A request that the engine makes by itself. */
#define SIM_NO_OP UINT32_MAX

/* What a key must hold, where one client alone writes to a pair that was never in trouble. */
typedef struct sim_model {
    sim_bytes value;
    uint32_t flags;
    uint8_t is_known, exists, is_mortal;
} sim_model;

typedef struct sim_world {
    sim_plan plan;
    sim_random random;
    int64_t now_ms;
    sim_queue queue;
    sim_host hosts[SIM_SERVERS_MAX];
    uint32_t n_hosts;
    mcp__server_spec specs[SIM_SERVERS_MAX];
    mcp__pairing *pairing;
    sim_client clients[SIM_CLIENTS_MAX];
    sim_conn **conns;
    size_t n_conns, conns_capacity;
    sim_op **ops;
    size_t n_ops, ops_capacity;
    sim_opaque *opaques; /* open hash table */
    size_t opaques_capacity, n_opaques;
    sim_model models[SIM_KEYS_MAX];
    uint32_t n_unlanded;     /* operations of the dead that may still arrive */
    uint64_t order;          /* counts what is to be put in an order */
    struct sim_notes *notes; /* see notes.h; NULL: no record */
    int is_draining;         /* 1: time to recover, 2: the last look */
    int issues;              /* operations come from the seed, not from a script */

    FILE *trace;   /* NULL: none */
    uint64_t hash; /* of everything that happened */
    uint64_t n_faults_begun;
    uint64_t n_quiet; /* operations that went without one of the engine's */
    uint64_t n_violations;
    char violation[512]; /* the first one */
} sim_world;

/* ---- living in it ---- */

sim_world *sim_world_new(const sim_plan *plan, FILE *trace);
/* Runs until every planned operation is done, all is healed and nothing is owed; checks the end. */
void sim_world_run(sim_world *world);
/* Runs until this time, or until nothing is left to happen. */
void sim_world_run_until(sim_world *world, int64_t until_ms);
/* Frees all of it and checks that the engines leaked nothing. Returns the number of violations. */
uint64_t sim_world_free(sim_world *world);

/* Scripts: submits one operation of a client, now. The op lives as long as the world. NULL: the
 * engine had no memory, or the world is lost. */
sim_op *sim_world_submit(sim_world *world, uint32_t client, const mcp_request *request);
/* Adds a fault to the queue. */
void sim_world_fault(sim_world *world, sim_fault fault);

/* A blocking call is over: the client hears no more, but for a slice of its jobs. */
void sim_world_hush(sim_world *world, sim_client *client);
void sim_world_init_client(sim_world *world, uint32_t number);
void sim_world_mix(sim_world *world, uint64_t a, uint64_t b);
void sim_world_say(sim_world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A client's own time, and the first moment at which it is that late. */
static inline int64_t
sim_client_now(const sim_world *world, const sim_client *client)
{
    return world->now_ms + world->now_ms * client->clock_skew / 1000 + client->clock_offset_ms;
}

int64_t sim_client_when(const sim_client *client, int64_t client_ms);

/* So many rules have been broken that time stands still: a test must not wait for anything. */
static inline int
sim_world_is_lost(const sim_world *world)
{
    return world->n_violations >= 50;
}

static inline uint64_t
sim_hash(const void *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

#endif

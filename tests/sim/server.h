/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server: a memcached in memory. Bytes in, bytes out, through a parser that reads requests as
 * memcached 1.6.18 does; what it answers was measured on that version (tests/sim/test_sim_server
 * holds the measurements). It knows no sockets; time comes in.
 *
 * A session is one connection's state. Sessions outlive nothing: the server may be emptied and its
 * sessions thrown away at any moment, which is a crash.
 */
#ifndef MCPROXY_SIM_SERVER_H
#define MCPROXY_SIM_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "sim/bytes.h"

#define SIM_KEY_MAX 250
#define SIM_EARLY_MIN 2000 /* bytes of a value that can be refused before it has been sent */

typedef struct sim_item {
    struct sim_item *next;
    uint8_t *value;
    size_t len;
    uint64_t cas;
    int64_t expires_s; /* by the server's own clock; 0: never */
    int64_t stored_s;
    uint32_t flags;
    uint8_t is_stub; /* made by a vivifying mg, not filled yet */
    uint8_t is_won;  /* and handed to somebody to be filled */
    uint8_t key_len;
    char key[SIM_KEY_MAX];
} sim_item;

/* One command that was carried out, as told to whoever watches. */
typedef struct sim_deed {
    char verb[2];  /* "mg", "ms", ... */
    char mode;     /* ms: S, E, R, A, P or C (cas); ma: I or D; md: C with a cas */
    char reply[2]; /* "HD", "VA", "EN" ...; "er" for an error line */
    char opaque[32];
    size_t opaque_len;
    const char *key;
    size_t key_len;
    const void *value; /* ms: what was to be stored; mg, ma: what was answered */
    size_t len;
    uint64_t cas;
    int was_stub; /* ms: what it took the place of */
} sim_deed;

typedef struct sim_session {
    sim_bytes in;
    sim_bytes out;
    size_t swallow;        /* bytes of a refused value still to be thrown away */
    const char *held_line; /* said once they have been */
    int is_closing;        /* the server closes it after `out` */
    void *owner;           /* the world's */
} sim_session;

typedef struct sim_server {
    uint32_t number;
    const char *version;
    size_t item_max;
    int has_meta;            /* 0: as 1.4, which knows no meta commands */
    int echoes_misses;       /* 0: as before 1.6.18 */
    int is_dumping;          /* somebody else's dump is under way: BUSY */
    int is_full;             /* stores answer "out of memory" */
    int answers_early;       /* refuses the next large value before it has been sent. Once. */
    int64_t clock_offset_ms; /* when its seconds tick */
    int64_t born_ms;
    int64_t flush_at_s; /* 0: no flush is due */
    sim_item *items;
    uint64_t last_cas;
    uint64_t n_flushes, n_commands;
    void (*watch)(void *context, struct sim_server *server, sim_session *session,
                  const sim_deed *deed);
    void *context;
} sim_server;

/* 2026-01-01: unix time of the world's millisecond 0. */
#define SIM_UNIX_START 1767225600

void sim_server_init(sim_server *server, uint32_t number, int64_t now_ms);
void sim_server_fini(sim_server *server);

/* A crash and a new start: no items, cas numbers and counters from the beginning. */
void sim_server_restart(sim_server *server, int64_t now_ms);

/* Carries out every whole command among the session's bytes; replies are put into its `out`. */
void sim_server_feed(sim_server *server, sim_session *session, int64_t now_ms);
void sim_session_fini(sim_session *session);

/* The live item of a key, or NULL. */
const sim_item *sim_server_find(sim_server *server, const char *key, size_t key_len,
                                int64_t now_ms);

#endif

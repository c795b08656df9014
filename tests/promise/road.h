/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * road: the network between several client processes and several servers, as one process of its
 * own that passes bytes on. Every client has a way of its own to every server, that is a port of
 * 127.0.0.1, so a fault may hit some clients and spare others. How a way is, its master says in
 * shared memory at any time.
 *
 *     client 0 --- ways[0][0] ---.                  a way: one listening port, any number of
 *     client 1 --- ways[0][1] ---+--- server 0      connections ("trips")
 *     client 0 --- ways[1][0] ---.
 *     client 1 --- ways[1][1] ---+--- server 1
 *
 * What a cut road does is what a partition does to TCP: bytes that were sent stay where they are,
 * and arrive when the road is whole again, unless the sender has reset the connection meanwhile.
 */
#ifndef TESTS_PROMISE_ROAD_H
#define TESTS_PROMISE_ROAD_H

#include <stdatomic.h>
#include <sys/types.h>

#include "support/server.h"

enum { ROAD_SERVERS = 5, ROAD_CLIENTS = 8 };

typedef enum road_mode {
    ROAD_PASS = 0,
    ROAD_CUT,    /* no byte passes; connections stay */
    ROAD_REFUSE, /* connections are reset, new ones refused */
} road_mode;

typedef struct road_way {
    int port;
    atomic_int mode;
    atomic_int delay_ms;  /* of every piece of an answer */
    atomic_int jitter_ms; /* every third piece, either way, is late by 0 to so many ms */
    atomic_uint resets;   /* one more: every connection of now is reset */
    atomic_uint losses;   /* one more: the next answer is lost, and all behind it on its
                             connection */
} road_way;

typedef struct road_map {
    int n_servers, n_clients;
    char path[ROAD_SERVERS][108]; /* unix sockets of the servers */
    road_way ways[ROAD_SERVERS][ROAD_CLIENTS];
    atomic_int ready;
    atomic_uint lost; /* answers lost so far */
} road_map;

/*
 * Starts the process; `map` lies in shared memory, with servers and clients filled in. Waits until
 * every port is open. The caller ends it by its number; it dies with the caller, too.
 */
pid_t road_start(road_map *map, unsigned seed);

/* Sets the ways of a server, for the clients whose bit is set in `clients`. */
void road_set(road_map *map, int number, unsigned clients, road_mode mode);

#endif

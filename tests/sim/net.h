/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net: byte pipes between clients and servers, and the queue of what happens when. A pipe keeps the
 * order of its bytes but not their pieces; different pipes do not wait for each other.
 *
 *     client --up--> session.in  (the server's receive buffer) --> parser
 *     client <--inbox (the client's receive buffer) <--down-- session.out
 *
 * When a client leaves a connection (a reset) what is still in `up` never arrives; what had reached
 * the server's receive buffer stays there and is carried out when the server runs again. When the
 * server's side is cut, its bytes on the way down still arrive, and then the end.
 */
#ifndef MCPROXY_SIM_NET_H
#define MCPROXY_SIM_NET_H

#include <stddef.h>
#include <stdint.h>

#include "sim/bytes.h"
#include "sim/random.h"
#include "sim/server.h"

/* ---- what happens when ---- */

typedef enum sim_event_kind {
    SIM_EVENT_CONNECTED = 1, /* index: connection; refused when the server is dead then */
    SIM_EVENT_UP,            /* index: connection; bytes reach the server */
    SIM_EVENT_DOWN,          /* index: connection; bytes reach the client */
    SIM_EVENT_CALL,          /* index: client; time for its next operation */
    SIM_EVENT_FAULT,         /* index: fault; it begins */
    SIM_EVENT_HEAL,          /* index: fault; it ends */
    SIM_EVENT_HUSH,          /* index: client; its slice of what nobody waits for is over */
} sim_event_kind;

typedef struct sim_event {
    int64_t at_ms;
    uint32_t order; /* among events of the same millisecond: drawn, so that any order occurs */
    uint32_t kind;
    uint32_t index;
} sim_event;

typedef struct sim_queue {
    sim_event *heap;
    size_t n, capacity;
} sim_queue;

void sim_queue_add(sim_queue *queue, sim_random *random, int64_t at_ms, sim_event_kind kind,
                   uint32_t index);
/* INT64_MAX: nothing is queued. */
int64_t sim_queue_next(const sim_queue *queue);
sim_event sim_queue_take(sim_queue *queue);
void sim_queue_free(sim_queue *queue);

/* ---- pipes ---- */

typedef struct sim_piece {
    int64_t at_ms;
    size_t len;
} sim_piece;

typedef struct sim_pipe {
    sim_bytes bytes;
    sim_piece *pieces;
    size_t first, n, capacity;
    int64_t last_ms; /* when the last byte put in arrives */
} sim_pipe;

void sim_pipe_put(sim_pipe *pipe, const void *bytes, size_t len, int64_t at_ms);
/* Moves what has arrived to `to`. Returns how many bytes. */
size_t sim_pipe_arrive(sim_pipe *pipe, sim_bytes *to, int64_t now_ms);
void sim_pipe_clear(sim_pipe *pipe);
void sim_pipe_free(sim_pipe *pipe);

/* ---- connections ---- */

enum { SIM_STANDS = 1, SIM_REFUSED };

typedef enum sim_end { SIM_END_NONE = 0, SIM_END_CLOSED, SIM_END_RESET } sim_end;

typedef struct sim_conn {
    uint32_t id, client, server;
    uint32_t life;      /* of the client, when it was made */
    uint32_t line;      /* of the client's engine: the server's, or the one for dumps */
    uint8_t is_open;    /* the client has been told that it stands */
    uint8_t is_left;    /* the client has reset or closed it */
    uint8_t is_cut;     /* the server's side is gone */
    uint8_t is_dirty;   /* something went over it that no memcached says */
    uint8_t ending;     /* sim_end: what follows the bytes on their way down */
    uint8_t ended;      /* the same, once it has arrived */
    uint8_t has_unsent; /* the client waits for room in `up` */
    uint8_t lingers;    /* left, but what was on its way arrives first */
    uint8_t outcome;    /* of connecting: SIM_STANDS or SIM_REFUSED; 0: not known yet */
    int64_t made_ms;
    int64_t deaf_ms; /* until when the server reads no more of what it has refused */
    sim_pipe up, down;
    sim_bytes inbox;
    sim_session session;
} sim_conn;

void sim_conn_free(sim_conn *conn);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notes: the invariants of the record, looked at from the servers' true contents: what stands in
 * their marks, journals and epochs, when it came and how it goes, whoever wrote it. Every command
 * that a server carries out passes by here (rules of the promise: see promise.h).
 */
#ifndef MCPROXY_SIM_NOTES_H
#define MCPROXY_SIM_NOTES_H

#include "sim/world.h"

typedef struct sim_notes sim_notes;

sim_notes *sim_notes_new(const sim_world *world);
void sim_notes_free(sim_notes *notes);

/* A server carried this out. `op`: the operation it belongs to, NULL: something of the engine's. */
void sim_notes_deed(sim_world *world, sim_server *server, const sim_conn *conn,
                    const sim_deed *deed, sim_op *op);
/* A server answered a ping. */
void sim_notes_answered(sim_world *world, const sim_server *server, const sim_conn *conn);
/* This item is about to be evicted; this server was flushed, or lost everything. */
void sim_notes_evicted(sim_world *world, sim_server *server, const sim_item *item);
void sim_notes_emptied(sim_world *world, sim_server *server);

/* Whether one server's marks list another one; since when (the world's time), and whether what is
 * journaled there covers a key. */
int sim_notes_stands(const sim_world *world, uint32_t host, uint32_t about, int64_t *since_ms);
int sim_notes_covers(const sim_world *world, uint32_t host, uint32_t about, const char *key,
                     size_t key_len);

/* How often a client told a server to delete a key, whatever is there. */
uint32_t sim_notes_deletes(const sim_world *world, uint32_t server, uint32_t client, uint32_t key);

/* A write is acknowledged that one copy missed. */
void sim_notes_acknowledged(sim_world *world, const sim_op *op);

#endif

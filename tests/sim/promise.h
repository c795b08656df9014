/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * promise: the rules of worlds in which what one copy misses is put on record on the other one
 * (plan.keeps_record), beside those of rules.h that hold there, too:
 *
 *   G1      no client reads a value that was over before a write of its own that it was told of
 *   G2, G3  nor one that was over before another's: relaxed, when that was told longer ago than a
 *           view interval and a timeout; strict, whenever it was told
 *   G4      the same where what was told is a delete
 *   G5      while one of a key's servers is whole and well, every call succeeds
 *   I1      what is older than an acknowledged write is on record
 *   I2      a mark goes by its cas, and only when no journal is left, nor one that was evicted
 *   I3      an acknowledged write that one copy missed is journaled, and the marks were bumped
 *   I4      a journal goes by its cas, when each of its keys was deleted on the server it is about
 *   I5      strict: such a write is told a view interval after its mark came
 *   I6      who knows that a server missed writes does not read it
 *   I7      nor, when H is over, does anybody write to it first
 *   I8      what is not one's own write is stored only in the place of one's own stub
 *   I9      of a delete that both copies answered the backup hears twice
 *   I11     a change is made at most once on each server
 *   I15     at rest, both copies are equal, or one is missing
 *   I16     nothing is taken from the record that is younger than H
 *   Q       nor before the server that is put right has answered twice, Q apart
 *   QUIESCE at rest, no marks are left, and every server is ready
 *
 * A value is known by its client flags, which are the number of the operation that stored it, and
 * one. It is older than a write when its operation was over before the write began. One whose client
 * died, or which ended as unknown, is over when the last byte of it that was on its way has arrived:
 * until then nobody was told whether it was done, and it is as concurrent with others as any other
 * that is not over. (What a paused server holds back is not on its way; of a dead client it counts all
 * the same beside writes that this server and the other one have answered.)
 */
#ifndef MCPROXY_SIM_PROMISE_H
#define MCPROXY_SIM_PROMISE_H

#include "sim/world.h"

/* A plan that a seed draws. */
sim_plan sim_promise_plan(uint64_t seed, int is_strict, int is_double);

/* Whether a server is as it should be in the eyes of everybody: no fault, nothing on record against
 * it, no client that avoids it. */
int sim_promise_is_whole(const sim_world *world, uint32_t server);
/* Whether this fault may begin now: no partner of its server is less than whole. */
int sim_promise_allows(const sim_world *world, const sim_fault *fault);

void sim_promise_begin(sim_world *world, sim_client *client, sim_op *op);
void sim_promise_end(sim_world *world, sim_client *client, sim_op *op, const mcp_result *result);
/* Its client has died. */
void sim_promise_lost(sim_world *world, sim_op *op);
/* A request has been queued for an operation. */
void sim_promise_asked(sim_world *world, const sim_client *client, const mcp__pending *pending,
                       uint32_t server);
/* The same of what goes without one, see quiet.h: it is asked, or its answer is told. */
void sim_promise_asked_plainly(sim_world *world, const sim_client *client, const sim_op *op,
                               uint32_t server);
/* A user's key has changed on a server, or something was acknowledged about it: I1. */
void sim_promise_look(sim_world *world, uint32_t key);
/* All is healed and has rested. */
void sim_promise_finale(sim_world *world);

#endif

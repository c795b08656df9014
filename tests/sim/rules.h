/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rules: what must hold in every world, whatever goes wrong in it. Each has a name, which is what a
 * violation is reported by:
 *
 *   REPLY     every answer handed out is the one the server gave to this very request (G7)
 *   DEADLINE  an operation ends by its deadline
 *   TIMER     an unfinished operation always has a timer, and something under way
 *   ONCE      a server carries out a change of one operation at most once (I11)
 *   THIRD     a delete that both copies answered reaches the backup a second time (I9)
 *   TRUTH     what a result says about a copy is what happened there
 *   SERVED    while a copy is well and believed so, a call succeeds (G5)
 *   AWAY      while both copies are away, a call fails, and never with "not found"
 *   PATIENCE  a server believed away is not waited for while the other copy is well
 *   REST      a connection found closed after a rest is replaced, and no write is lost on it
 *   AUTHORITY when the primary answered, the answer is the primary's
 *   CLEAN     a store that was refused leaves its value nowhere
 *   MISS      a miss is reported only if the server whose answer it is had none
 *   INTACT    a value arrives as it was lent, and is not touched after its operation's end
 *   HEALTH    a server's state changes only along the drawing in server/health.h
 *   QUIET     a server that is down is left alone until its next probe, while there is another copy
 *   ATTEMPT   there is at most one connection, or attempt at one, per client and server
 *   LISTS     the engine's lists agree with each other
 *   RETURNS   a server that is well again is used again
 *   TWINS     both copies of a key with one writer are equal, when nothing ever went wrong there
 *   MODEL     such a key behaves as one memcached would
 *   LEAK      all memory is given back
 *   ENDLESS   engine and driver come to rest
 */
#ifndef MCPROXY_SIM_RULES_H
#define MCPROXY_SIM_RULES_H

#include "sim/world.h"

/* A rule is broken. */
void sim_rules_break(sim_world *world, const char *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Around every call into an engine. */
void sim_rules_before(sim_world *world, sim_client *client);
void sim_rules_after(sim_world *world, sim_client *client, const char *event);

/* The engine wants a connection; it hands out bytes to send. */
void sim_rules_open(sim_world *world, sim_client *client, uint32_t server);
void sim_rules_span(sim_world *world, sim_client *client, const mcp__span *span);

/* An operation begins, ends. */
void sim_rules_begin(sim_world *world, sim_client *client, sim_op *op);
void sim_rules_end(sim_world *world, sim_client *client, sim_op *op, const mcp_result *result);

/* Whether the client's last connection to a server was given up for a call that had no more time.
 */
int sim_rules_was_hurried(const sim_world *world, const sim_client *client, uint32_t server,
                          const sim_op *op);

/* All is healed, and there has been time enough. */
void sim_rules_finale(sim_world *world);

/* ---- what really happened: truth.c ---- */

/* Learns which operation the requests are for that the engine has queued since the last time. */
void sim_truth_learn(sim_world *world, sim_client *client);
/* What a server carried out; for sim_server.watch. */
void sim_truth_watch(void *context, sim_server *server, sim_session *session, const sim_deed *deed);
/* What the results said about copies, now that no more can happen. */
void sim_truth_finale(sim_world *world, const sim_op *op);

#endif

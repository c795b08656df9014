/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quiet: what a blocking client does when the time is quiet, by the same entries of the engine as
 * mcp_call(), mcp_batch() and mcp_mget(): one call without an operation, that sends and receives
 * by itself (engine/express), and many requests at once, whose gets go without one (engine/convoy).
 *
 *     call   begin --sent, heard leg by leg--> finished
 *              `--another answer, an end, silence--> given up: an operation goes on, see driver
 *     batch  begin --fetched as they come--> done
 *              `--some were lost--> asked for once more, by operations
 *
 * While a call is on its way nothing else is done with the engine: its client hears nobody else.
 */
#ifndef MCPROXY_SIM_QUIET_H
#define MCPROXY_SIM_QUIET_H

#include "sim/world.h"

/* The call has begun, and its operation may be over by now: 1. 0: it is none, and nothing was done. */
int sim_quiet_begin(sim_world *world, sim_client *client, sim_op *op);
/* Something has happened to the client's connections: its answer may be there. */
void sim_quiet_hear(sim_world *world, sim_client *client);
/* It has waited in vain, or is needed no more: an operation takes over. */
void sim_quiet_give_up(sim_world *world, sim_client *client);

/* All of these at once; `ops` have been begun. */
void sim_quiet_batch(sim_world *world, sim_client *client, sim_op **ops, uint32_t n);
/* An answer that has come, or what was lost is asked for once more: 1. 0: there is none of either. */
int sim_quiet_fetch(sim_world *world, sim_client *client);

/* The client is gone, and so is what it was doing. */
void sim_quiet_forget(sim_client *client);

#endif

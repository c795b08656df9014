/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * driver: what lib/io/wait.c is to a real client: carries out the engine's wishes and tells it what
 * happened, by the same calls and under the same rules.
 */
#ifndef MCPROXY_SIM_DRIVER_H
#define MCPROXY_SIM_DRIVER_H

#include "sim/world.h"

/* Wishes, finished operations and what there is to hear, until there is no more of any. */
void sim_driver_pump(sim_world *world, sim_client *client);
/* Lets the engine do what is due. */
void sim_driver_time(sim_world *world, sim_client *client);
/* The window of this connection has room again. */
void sim_driver_writable(sim_world *world, sim_client *client, sim_conn *conn);

/* A blocking call begins, as mcp_call does; and the moment without a call, as mcp_maintain. */
void sim_driver_enter(sim_world *world, sim_client *client);
/* What no caller waits for, as far as it goes now. */
void sim_driver_chores(sim_world *world, sim_client *client);
/* The moment without a call: what waits for company goes now. */
void sim_driver_maintain(sim_world *world, sim_client *client);
/* The client's process ends, whatever it was doing. */
void sim_driver_die(sim_world *world, sim_client *client);
/* The client finds itself in the child of a fork. */
void sim_driver_fork(sim_world *world, sim_client *client);

#endif

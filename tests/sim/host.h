/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host: the servers' side of the world. What reaches a server's receive buffer and when it is
 * carried out, how the replies travel back, and what faults do to all of it.
 */
#ifndef MCPROXY_SIM_HOST_H
#define MCPROXY_SIM_HOST_H

#include "sim/world.h"

/* A client starts to connect; the outcome is known at once or comes as an event. */
sim_conn *sim_host_connect(sim_world *world, uint32_t client, uint32_t server);
/* The client resets (or forgets) its side. What is under way to the server never arrives. */
void sim_host_left(sim_world *world, sim_conn *conn);
/* Bytes leave the client. `len` fits into the window. */
void sim_host_send(sim_world *world, sim_conn *conn, const void *bytes, size_t len);
/* How many bytes still fit on the way up. */
size_t sim_host_room(const sim_world *world, const sim_conn *conn);

/* Events. Each returns 1 when the client of the connection has something to hear or to send. */
int sim_host_connected(sim_world *world, sim_conn *conn);
int sim_host_up(sim_world *world, sim_conn *conn);
int sim_host_down(sim_world *world, sim_conn *conn);

/* A fault that concerns servers begins, ends. */
void sim_host_fault(sim_world *world, sim_fault *fault);
void sim_host_heal(sim_world *world, sim_fault *fault);
const char *sim_fault_name(sim_fault_kind kind);

#endif

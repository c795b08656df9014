/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ops: what the clients of the world ask for. Values are made of pieces that name their key and
 * their operation, "[t3|17|5|abcde]", so that a value that came to the wrong place, was cut or was
 * mixed is seen; flags are the number of the piece the value began with. Counters of key n start at
 * (n + 1) * 10^15, for the same reason.
 *
 * The first half of the keys has one writer each, who never has two operations on a key under way.
 */
#ifndef MCPROXY_SIM_OPS_H
#define MCPROXY_SIM_OPS_H

#include "sim/world.h"

#define SIM_COUNTER_STEP 1000000000000000u

/* Time for this client's next operation. */
void sim_ops_issue(sim_world *world, sim_client *client);
/* The engine has finished one. */
void sim_ops_finished(sim_world *world, sim_client *client, mcp__task *task);
/* An operation is over, whoever carried it out. */
void sim_ops_over(sim_world *world, sim_client *client, sim_op *op, const mcp_result *result);
void sim_op_free(sim_op *op);

int sim_key_is_counter(uint32_t key);
/* The one client that writes to it, or UINT32_MAX. */
uint32_t sim_key_owner(const sim_world *world, uint32_t key);
void sim_key_text(uint32_t key, char *text, size_t size);

/* One piece of a value; `out` holds at least 64 bytes more than `filler`. Returns its length. */
size_t sim_piece_write(uint32_t key, uint32_t op, size_t filler, uint8_t *out);
/* Whether all of it is whole pieces of this key. */
int sim_value_is_sound(uint32_t key, const uint8_t *value, size_t len);

const char *sim_verb_name(mcp_verb verb);

#endif

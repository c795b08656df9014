/* SPDX-License-Identifier: BSD-3-Clause */
/* model: what one memcached would answer, for keys with one writer on pairs that were never in
 * trouble. */
#ifndef MCPROXY_SIM_MODEL_H
#define MCPROXY_SIM_MODEL_H

#include "sim/world.h"

/* Compares the result with what the model expects, and lets the model follow. */
void sim_model_check(sim_world *world, const sim_client *client, const sim_op *op,
                     const mcp_result *result);
/* At rest: the copies of every key with one writer are equal. */
void sim_model_finale(sim_world *world);
void sim_model_free(sim_world *world);

#endif

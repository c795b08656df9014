/* SPDX-License-Identifier: BSD-3-Clause */
/* script: worlds whose operations a test writes down, one after the other. */
#ifndef MCPROXY_SIM_SCRIPT_H
#define MCPROXY_SIM_SCRIPT_H

#include <check.h>

#include "sim/ops.h"
#include "sim/world.h"

/* Starts one operation on a key; a store's value is one piece with `filler` bytes. NULL: the engine
 * had no memory. */
static inline sim_op *
sim_script_start(sim_world *world, uint32_t client, mcp_verb verb, uint32_t key, size_t filler)
{
    static uint8_t value[20000];
    char text[24];
    mcp_request request = MCP_REQUEST_INIT;
    sim_key_text(key, text, sizeof text);
    request.verb = verb;
    request.key = text;
    request.key_len = strlen(text);
    if (verb >= MCP_SET && verb <= MCP_CAS) {
        request.flags = (uint32_t)world->n_ops + 1;
        request.value = value;
        request.value_len = sim_piece_write(key, (uint32_t)world->n_ops, filler, value);
    }
    return sim_world_submit(world, client, &request);
}

/* The same, and waits for its end. MCP_NO_MEMORY when it could not start. */
static inline mcp_result
sim_script_call(sim_world *world, uint32_t client, mcp_verb verb, uint32_t key, size_t filler)
{
    mcp_result none = MCP_RESULT_INIT;
    sim_op *op = sim_script_start(world, client, verb, key, filler);
    none.status = MCP_NO_MEMORY;
    while (op != NULL && !op->is_done && !sim_world_is_lost(world))
        sim_world_run_until(world, world->now_ms + 1);
    return op != NULL && op->is_done ? op->result : none;
}

static inline void
sim_script_rest(sim_world *world, int64_t ms)
{
    sim_world_run_until(world, world->now_ms + ms);
}

/* This begins now and lasts for so long; a millisecond passes. */
static inline void
sim_script_fault(sim_world *world, sim_fault what, int64_t length_ms)
{
    what.at_ms = world->now_ms;
    what.until_ms = world->now_ms + length_ms;
    sim_world_fault(world, what);
    sim_script_rest(world, 1);
}

/* It lives until nothing is left to do; no rule was broken, and no memory is lost. */
static inline void
sim_script_end(sim_world *world)
{
    sim_world_run(world);
    ck_assert_msg(world->n_violations == 0, "%s", world->violation);
    ck_assert_uint_eq(sim_world_free(world), 0);
}

#endif

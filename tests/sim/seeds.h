/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * seeds: the main of a program that lives in worlds drawn from seeds. Every rule is looked at after
 * every step of every one.
 *
 *   PROGRAM [N]                   N seeds from 1 (or MCP_SIM_SEEDS; else its standard), and those that
 *                                 once found something
 *   PROGRAM --seed N [--trace]    one of them, told as a story
 *   PROGRAM --from N COUNT        some others
 */
#ifndef MCPROXY_SIM_SEEDS_H
#define MCPROXY_SIM_SEEDS_H

#include "sim/world.h"

typedef struct sim_seeds {
    const char *program; /* as it is called from the build's folder */
    uint64_t n;          /* how many seeds, if nobody says */
    sim_plan (*plan_of)(uint64_t seed);
    const uint64_t *kept; /* those that found something once: before the others; up to a 0 */
} sim_seeds;

/* What main() returns. */
int sim_seeds_run(const sim_seeds *seeds, int argc, char **argv);

#endif

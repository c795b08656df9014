/* SPDX-License-Identifier: BSD-3-Clause */
/* Worlds without the record: what one copy misses is forgotten. See seeds.h and rules.h. */
#include "sim/seeds.h"

int
main(int argc, char **argv)
{
    sim_seeds seeds = {"tests/sim/test_sim_seeds", 600, sim_plan_of_seed, NULL};
    return sim_seeds_run(&seeds, argc, argv);
}

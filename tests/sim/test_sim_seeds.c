/* SPDX-License-Identifier: BSD-3-Clause */
/* Worlds without the record: what one copy misses is forgotten. See seeds.h and rules.h. */
#include "sim/seeds.h"

/* A server that had gone away was asked once more what it had there, though it was no number. */
static const uint64_t kept[] = {92026682, 0};

int
main(int argc, char **argv)
{
    sim_seeds seeds = {"tests/sim/test_sim_seeds", 600, sim_plan_of_seed, kept};
    return sim_seeds_run(&seeds, argc, argv);
}

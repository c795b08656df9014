/* SPDX-License-Identifier: BSD-3-Clause */
/* Both servers of a pair fail, one while the other has not been put right. */
#include "sim/promise.h"
#include "sim/seeds.h"

static sim_plan
plan_of(uint64_t seed)
{
    return sim_promise_plan(seed, (int)(seed & 1), 1);
}

/* Late over something newer; two copies that differ at rest: what nobody could put on record when it
 * was in doubt (engine/debts). 70205656: a repair went on to copy from a witness that stood by then.
 * 93007491: the backup was read because the primary stood, and nobody had asked that one. */
static const uint64_t kept[] = {9000120, 9000167, 9001073, 9001579,  9002324, 9002660,
                                9003193, 9009133, 70205656, 93007491, 0};

int
main(int argc, char **argv)
{
    sim_seeds seeds = {"tests/sim/test_sim_double", 500, plan_of, kept};
    return sim_seeds_run(&seeds, argc, argv);
}

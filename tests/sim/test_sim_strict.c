/* SPDX-License-Identifier: BSD-3-Clause */
/* The promise with consistency=strict: at most one server of a pair fails at a time. */
#include "sim/promise.h"
#include "sim/seeds.h"

static sim_plan
plan_of(uint64_t seed)
{
    return sim_promise_plan(seed, 1, 0);
}

/* A read lost the only copy's connection for another call's sake, and so did what was to go on record;
 * nobody was left awake to put a server right; a question for the marks took a second share; a fill
 * brought back what a replace that expires at once had removed (twice); a copy that stood by the time it
 * had answered, and the other one was back. A segment was evicted before it was listed, when nobody had
 * been told yet (twice), and flushed away before it was. */
static const uint64_t kept[] = {9002357,  9007447,  9008589,  9018708,  70103211,
                                91119785, 91223953, 91231867, 91235742, 91553101,
                                91566060, 91567654, 0};

int
main(int argc, char **argv)
{
    sim_seeds seeds = {"tests/sim/test_sim_strict", 1000, plan_of, kept};
    return sim_seeds_run(&seeds, argc, argv);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Worlds drawn from seeds. Every rule of rules.h is looked at after every step of every one.
 *
 *   test_sim_seeds [N]                   N seeds from 1 (or MCP_SIM_SEEDS; else 2,000)
 *   test_sim_seeds --seed N [--trace]    one of them, told as a story
 *   test_sim_seeds --from N COUNT        some others
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

#define SEEDS 2000
#define TWICE_EVERY 50 /* so often a seed is run again, and must give the same world */
#define SHOWN_MAX 10
#define BAD_MAX 50 /* then it gives up */

static struct {
    uint64_t n_seeds, n_ops, n_faults, n_violations, n_bad_seeds;
} sum;

static uint64_t
run(uint64_t seed, FILE *trace, uint64_t *hash)
{
    char violation[512];
    sim_plan plan = sim_plan_of_seed(seed);
    sim_world *world = sim_world_new(&plan, trace);
    sim_world_run(world);
    *hash = world->hash;
    uint64_t n_ops = world->n_ops, n_faults = world->n_faults_begun;
    memcpy(violation, world->violation, sizeof violation);
    uint64_t n_violations = sim_world_free(world);
    if (n_violations > 0 && sum.n_bad_seeds < SHOWN_MAX)
        printf("seed %" PRIu64 ": %" PRIu64 " violations, first %s\n"
               "  replay: tests/sim/test_sim_seeds --seed %" PRIu64 " --trace\n",
               seed, n_violations, violation[0] != '\0' ? violation : "LEAK", seed);
    sum.n_ops += n_ops;
    sum.n_faults += n_faults;
    return n_violations;
}

static void
run_many(uint64_t first, uint64_t n)
{
    for (uint64_t seed = first; seed < first + n && sum.n_bad_seeds < BAD_MAX; seed++) {
        uint64_t hash, again;
        uint64_t n_violations = run(seed, NULL, &hash);
        sum.n_seeds++;
        sum.n_violations += n_violations;
        if (seed % TWICE_EVERY == 0 && (run(seed, NULL, &again), again != hash)) {
            printf("seed %" PRIu64 ": another world the second time\n", seed);
            n_violations++;
            sum.n_violations++;
        }
        sum.n_bad_seeds += n_violations > 0;
    }
    printf("%" PRIu64 " seeds, %" PRIu64 " operations, %" PRIu64 " faults, %" PRIu64
           " violations in %" PRIu64 " seeds\n",
           sum.n_seeds, sum.n_ops, sum.n_faults, sum.n_violations, sum.n_bad_seeds);
}

int
main(int argc, char **argv)
{
    const char *wish = getenv("MCP_SIM_SEEDS");
    uint64_t n = wish != NULL ? strtoull(wish, NULL, 10) : SEEDS;
    uint64_t hash;
    if (argc >= 3 && strcmp(argv[1], "--seed") == 0) {
        int is_told = argc >= 4 && strcmp(argv[3], "--trace") == 0;
        sum.n_violations = run(strtoull(argv[2], NULL, 10), is_told ? stdout : NULL, &hash);
        printf("hash %016" PRIx64 "\n", hash);
    } else if (argc >= 4 && strcmp(argv[1], "--from") == 0) {
        run_many(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    } else {
        run_many(1, argc >= 2 ? strtoull(argv[1], NULL, 10) : n);
    }
    return sum.n_violations == 0 ? 0 : 1;
}

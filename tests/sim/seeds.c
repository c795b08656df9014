/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/seeds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TWICE_EVERY 50 /* so often a seed is run again, and must give the same world */
#define SHOWN_MAX 10
#define BAD_MAX 50 /* then it gives up */

typedef struct sum {
    const sim_seeds *seeds;
    uint64_t n_seeds, n_ops, n_quiet, n_faults, n_violations, n_bad_seeds;
} sum;

static uint64_t
run(sum *all, uint64_t seed, FILE *trace, uint64_t *hash)
{
    char violation[512];
    sim_plan plan = all->seeds->plan_of(seed);
    sim_world *world = sim_world_new(&plan, trace);
    sim_world_run(world);
    *hash = world->hash;
    all->n_ops += world->n_ops;
    all->n_quiet += world->n_quiet;
    all->n_faults += world->n_faults_begun;
    memcpy(violation, world->violation, sizeof violation);
    uint64_t n_violations = sim_world_free(world);
    if (n_violations > 0 && all->n_bad_seeds < SHOWN_MAX)
        printf("seed %" PRIu64 ": %" PRIu64 " violations, first %s\n"
               "  replay: %s --seed %" PRIu64 " --trace\n",
               seed, n_violations, violation[0] != '\0' ? violation : "LEAK", all->seeds->program,
               seed);
    return n_violations;
}

static void
run_kept(sum *all)
{
    uint64_t hash;
    for (const uint64_t *seed = all->seeds->kept; seed != NULL && *seed != 0; seed++) {
        uint64_t n_violations = run(all, *seed, NULL, &hash);
        all->n_seeds++;
        all->n_violations += n_violations;
        all->n_bad_seeds += n_violations > 0;
    }
}

static void
run_many(sum *all, uint64_t first, uint64_t n)
{
    for (uint64_t seed = first; seed < first + n && all->n_bad_seeds < BAD_MAX; seed++) {
        uint64_t hash, again;
        uint64_t n_violations = run(all, seed, NULL, &hash);
        all->n_seeds++;
        all->n_violations += n_violations;
        if (seed % TWICE_EVERY == 0 && (run(all, seed, NULL, &again), again != hash)) {
            printf("seed %" PRIu64 ": another world the second time\n", seed);
            n_violations++;
            all->n_violations++;
        }
        all->n_bad_seeds += n_violations > 0;
    }
    printf("%" PRIu64 " seeds, %" PRIu64 " operations (%" PRIu64
           " as in quiet times), %" PRIu64 " faults, %" PRIu64
           " violations in %" PRIu64 " seeds\n",
           all->n_seeds, all->n_ops, all->n_quiet, all->n_faults, all->n_violations, all->n_bad_seeds);
}

int
sim_seeds_run(const sim_seeds *seeds, int argc, char **argv)
{
    sum all = {.seeds = seeds};
    const char *wish = getenv("MCP_SIM_SEEDS");
    uint64_t n = wish != NULL ? strtoull(wish, NULL, 10) : seeds->n;
    uint64_t hash;
    if (argc >= 3 && strcmp(argv[1], "--seed") == 0) {
        int is_told = argc >= 4 && strcmp(argv[3], "--trace") == 0;
        all.n_violations = run(&all, strtoull(argv[2], NULL, 10), is_told ? stdout : NULL, &hash);
        printf("hash %016" PRIx64 "\n", hash);
    } else if (argc >= 4 && strcmp(argv[1], "--from") == 0) {
        run_many(&all, strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    } else {
        run_kept(&all);
        run_many(&all, 1, argc >= 2 ? strtoull(argv[1], NULL, 10) : n);
    }
    return all.n_violations == 0 ? 0 : 1;
}

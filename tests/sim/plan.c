/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/world.h"

sim_plan
sim_plan_plain(uint64_t seed)
{
    return (sim_plan){
        .seed = seed,
        .n_primaries = 1,
        .n_backups = 1,
        .n_clients = 1,
        .n_keys = 4,
        .timeout_ms = 500,
        .suspect_limit = 3,
        .retry_min_ms = 300,
        .retry_max_ms = 3000,
        .latency_ms = 1,
        .gap_ms = 20,
        .at_once = 1,
        .window = 65536,
        .piece_max = 4096,
        .mirrors_writes = 1,
    };
}

static uint32_t
draw(sim_random *random, uint32_t low, uint32_t high)
{
    return (uint32_t)sim_random_between(random, low, high);
}

static sim_fault
draw_fault(sim_random *random, const sim_plan *plan, int64_t length_ms)
{
    sim_fault fault = {.kind = (sim_fault_kind)sim_random_below(random, SIM_N_PLAIN)};
    if (sim_random_chance(random, 40)) /* the great four */
        fault.kind = (sim_fault_kind[]){SIM_KILL, SIM_PAUSE, SIM_CUT,
                                        SIM_RESTART}[sim_random_below(random, 4)];
    fault.server = sim_random_below(random, plan->n_primaries + plan->n_backups);
    fault.client =
        sim_random_chance(random, 50) ? UINT32_MAX : sim_random_below(random, plan->n_clients);
    if (fault.kind >= SIM_SHORTAGE && fault.client == UINT32_MAX)
        fault.client = 0;
    fault.at_ms = sim_random_between(random, 0, length_ms);
    fault.until_ms = fault.at_ms + sim_random_between(random, 1, 2500);
    fault.amount = sim_random_between(random, 0, 60);
    fault.ends_orderly = (uint8_t)sim_random_chance(random, 40);
    if (fault.kind == SIM_SLOW)
        fault.amount = sim_random_between(random, 10, plan->timeout_ms);
    if (fault.kind == SIM_SHORTAGE)
        fault.amount = 1 + fault.amount % 3;
    int is_moment = fault.kind == SIM_RESTART || fault.kind == SIM_IDLE ||
                    fault.kind == SIM_GARBAGE || fault.kind == SIM_FLUSH;
    if (is_moment)
        fault.until_ms = fault.at_ms;
    return fault;
}

/* From a row of its own, so that a seed's faults are what they were before. */
void
sim_plan_draw_quiet(sim_plan *plan)
{
    static const uint32_t express[] = {0, 60, 100, 100}, batch[] = {0, 0, 20, 50};
    sim_random random = {~plan->seed};
    plan->express_percent = express[sim_random_below(&random, 4)];
    plan->batch_percent = batch[sim_random_below(&random, 4)];
}

sim_plan
sim_plan_of_seed(uint64_t seed)
{
    sim_random random = {seed * 2 + 1};
    sim_plan plan = sim_plan_plain(seed);
    plan.n_primaries = draw(&random, 1, 3);
    plan.n_backups = sim_random_chance(&random, 8) ? 0 : draw(&random, 1, 2);
    plan.n_clients = draw(&random, 1, SIM_CLIENTS_MAX);
    plan.n_keys = draw(&random, 2, 12);
    plan.ops_per_client = draw(&random, 20, 90);
    plan.timeout_ms = draw(&random, 150, 800);
    plan.connect_timeout_ms = sim_random_chance(&random, 30) ? draw(&random, 40, 300) : 0;
    plan.suspect_limit = draw(&random, 1, 3);
    plan.retry_min_ms = draw(&random, 50, 400);
    plan.retry_max_ms = plan.retry_min_ms * draw(&random, 1, 8);
    plan.latency_ms = draw(&random, 0, 3);
    plan.gap_ms = sim_random_chance(&random, 20) ? 2500 : draw(&random, 1, 120);
    plan.at_once = draw(&random, 1, 8);
    plan.blocking_percent = sim_random_chance(&random, 50) ? 100 : draw(&random, 0, 60);
    plan.window = sim_random_chance(&random, 50) ? 4096 : 65536;
    plan.piece_max = sim_random_chance(&random, 50) ? draw(&random, 1, 30) : 4096;
    plan.mirrors_writes = !sim_random_chance(&random, 10);
    /* A client that mirrors its writes and keeps no record is none that can be opened. */
    if (!plan.mirrors_writes || plan.n_backups == 0)
        sim_plan_draw_quiet(&plan);
    plan.n_faults = sim_random_chance(&random, 20) ? 0 : draw(&random, 1, 12);
    int64_t length_ms = (int64_t)plan.ops_per_client * (plan.gap_ms / 2 + 10);
    for (uint32_t i = 0; i < plan.n_faults; i++)
        plan.faults[i] = draw_fault(&random, &plan, length_ms);
    return plan;
}

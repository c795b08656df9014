/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/promise.h"

static uint32_t
draw(sim_random *random, uint32_t low, uint32_t high)
{
    return (uint32_t)sim_random_between(random, low, high);
}

static const sim_fault_kind usual[] = {
    SIM_KILL,  SIM_KILL,  SIM_RESTART,   SIM_PAUSE,     SIM_PAUSE,   SIM_PAUSE, SIM_BLACKHOLE,
    SIM_MUTE,  SIM_MUTE,  SIM_BLACKHOLE, SIM_BLACKHOLE, SIM_SLOW,    SIM_LATE,  SIM_CUT,
    SIM_CUT,   SIM_IDLE,  SIM_FULL,      SIM_CROWDED,   SIM_FLUSH,   SIM_EVICT, SIM_EVICT,
    SIM_DEATH, SIM_DEATH, SIM_FORK,      SIM_DRIP,      SIM_SHORTAGE};

/* Nothing is lost in these, and everybody sees them: only then more than a miss is promised when
 * both servers of a pair fail, one after the other. */
static const sim_fault_kind doubles[] = {SIM_PAUSE, SIM_PAUSE, SIM_BLACKHOLE, SIM_MUTE,
                                         SIM_SLOW,  SIM_CUT,   SIM_LATE};

static void
draw_kind(sim_random *random, const sim_plan *plan, sim_fault *fault)
{
    size_t n = plan->is_double ? sizeof doubles / sizeof *doubles : sizeof usual / sizeof *usual;
    fault->kind = (plan->is_double ? doubles : usual)[sim_random_below(random, (uint32_t)n)];
    fault->client = sim_random_chance(random, 50) || plan->is_double
                        ? UINT32_MAX
                        : sim_random_below(random, plan->n_clients);
    fault->amount = sim_random_between(random, 0, 60);
    switch (fault->kind) {
    case SIM_SLOW:
    case SIM_LATE: /* around what a copy may take, and up to what a call may */
        fault->amount = sim_random_between(random, 10, plan->timeout_ms * 9 / 10);
        break;
    case SIM_EVICT:
        fault->amount = sim_random_below(random, 3);
        break;
    case SIM_SHORTAGE:
        fault->amount = 1 + fault->amount % 3;
        break;
    default:
        break;
    }
    if (fault->kind == SIM_SHORTAGE || fault->kind == SIM_FORK || fault->kind == SIM_DEATH)
        fault->client = sim_random_below(random, plan->n_clients);
}

static sim_fault
draw_fault(sim_random *random, const sim_plan *plan, int64_t length_ms)
{
    sim_fault fault = {.kind = SIM_KILL};
    draw_kind(random, plan, &fault);
    fault.server = sim_random_below(random, plan->n_primaries + plan->n_backups);
    fault.at_ms = sim_random_between(random, 300, length_ms + 300);
    fault.until_ms = fault.at_ms + sim_random_between(random, 1, 3 * plan->timeout_ms);
    fault.ends_orderly = (uint8_t)sim_random_chance(random, 40);
    if (fault.kind == SIM_RESTART || fault.kind == SIM_IDLE || fault.kind == SIM_FLUSH ||
        fault.kind == SIM_EVICT)
        fault.until_ms = fault.at_ms;
    return fault;
}

/* A server that comes and goes. */
static void
draw_flap(sim_random *random, sim_plan *plan, int64_t length_ms)
{
    sim_fault fault = draw_fault(random, plan, length_ms);
    for (int i = 0; i < 4 && plan->n_faults < SIM_FAULTS_MAX; i++) {
        fault.kind = sim_random_chance(random, 50) || plan->is_double ? SIM_PAUSE : SIM_KILL;
        fault.client = UINT32_MAX;
        fault.until_ms = fault.at_ms + sim_random_between(random, 1, 400);
        plan->faults[plan->n_faults++] = fault;
        fault.at_ms = fault.until_ms + sim_random_between(random, 1, 400);
    }
}

/* Segments go while they are needed. */
static void
draw_evictions(sim_random *random, sim_plan *plan)
{
    uint32_t n = plan->n_faults;
    for (uint32_t i = 0; i < 3 * n && plan->n_faults < SIM_FAULTS_MAX; i++) {
        sim_fault fault = {.kind = SIM_EVICT, .client = UINT32_MAX, .amount = 1};
        fault.server = sim_random_below(random, plan->n_primaries + plan->n_backups);
        fault.at_ms = plan->faults[i % n].at_ms +
                      sim_random_between(random, 50, 2 * (int64_t)plan->timeout_ms);
        fault.until_ms = fault.at_ms;
        plan->faults[plan->n_faults++] = fault;
    }
}

/* With consistency=strict a share, the round trips that begin a record and a view interval have to
 * fit into a deadline: who wants it otherwise is told that a write is unknown. */
static void
shorten_view(sim_plan *plan)
{
    uint32_t pieces_ms = plan->piece_max < 4096 ? 6 : 0; /* what comes in pieces takes longer */
    uint32_t trips_ms = 8 * (2 * plan->latency_ms + 4 + pieces_ms);
    if (plan->timeout_ms * 6 / 10 < trips_ms + 40)
        plan->timeout_ms = (trips_ms + 40) * 10 / 6 + 1;
    uint32_t left_ms = (plan->timeout_ms * 6 / 10 - trips_ms) * 8 / 9; /* a view is used so long */
    if (plan->view_interval_ms > left_ms)
        plan->view_interval_ms = left_ms;
}

sim_plan
sim_promise_plan(uint64_t seed, int is_strict, int is_double)
{
    sim_random random = {seed * 2 + 1};
    sim_plan plan = sim_plan_plain(seed);
    plan.keeps_record = plan.verifies = 1;
    plan.is_strict = is_strict;
    plan.is_double = is_double;
    int is_one_pair = sim_random_chance(&random, 50);
    plan.n_primaries = is_one_pair ? 1 : draw(&random, 1, 3);
    plan.n_backups = is_one_pair ? 1 : draw(&random, 1, 2);
    plan.n_clients = draw(&random, 2, SIM_CLIENTS_MAX);
    plan.n_keys = draw(&random, 1, 8);
    plan.ops_per_client = draw(&random, 40, 160);
    plan.timeout_ms = draw(&random, 150, 600);
    plan.view_interval_ms = draw(&random, 40, plan.timeout_ms / 3);
    plan.suspect_limit = draw(&random, 1, 3);
    plan.retry_min_ms = draw(&random, 50, 300);
    plan.retry_max_ms = plan.retry_min_ms * draw(&random, 1, 4);
    plan.latency_ms = draw(&random, 0, 3);
    plan.gap_ms = sim_random_chance(&random, 20) ? 600 : draw(&random, 2, 60);
    plan.at_once = draw(&random, 1, 4);
    plan.blocking_percent = (uint32_t[]){0, 50, 100}[sim_random_below(&random, 3)];
    plan.piece_max = sim_random_chance(&random, 20) ? draw(&random, 1, 30) : 4096;
    sim_plan_draw_quiet(&plan);
    if (is_strict)
        shorten_view(&plan);
    plan.small_values = 1;
    int64_t length_ms = (int64_t)plan.ops_per_client * (plan.gap_ms / 2 + 5);
    uint32_t n_faults = sim_random_chance(&random, 10) ? 0 : draw(&random, 1, 8);
    while (plan.n_faults < n_faults)
        plan.faults[plan.n_faults++] = draw_fault(&random, &plan, length_ms);
    if (sim_random_chance(&random, 10))
        draw_flap(&random, &plan, length_ms);
    if (sim_random_chance(&random, 25) && !is_double)
        draw_evictions(&random, &plan);
    return plan;
}

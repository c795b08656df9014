/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/job.h"

#include "engine/diary.h"
#include "engine/dumper.h"
#include "engine/line.h"

#define QUARANTINE_MS 100

/* Copies under way: in slices of ordinary calls, and when somebody waits for the whole job. */
#define WINDOW 64
#define WINDOW_WANTED 1024

/* ---- what a job sees ---- */

int
mcp__job_is_usable(const mcp__engine *engine, uint32_t server)
{
    return mcp__health_is_usable(&engine->servers[server].health);
}

static uint32_t
hold_of_pool(const mcp__engine *engine, uint32_t one, uint32_t other)
{
    uint32_t hold_ms = engine->settings.promise.hold_ms;
    if (engine->servers[one].ledger.epoch_item.hold_ms > hold_ms)
        hold_ms = engine->servers[one].ledger.epoch_item.hold_ms;
    if (engine->servers[other].ledger.epoch_item.hold_ms > hold_ms)
        hold_ms = engine->servers[other].ledger.epoch_item.hold_ms;
    return hold_ms;
}

mcp__sight
mcp__job_sight(const mcp__engine *engine, uint32_t server, uint32_t witness)
{
    const mcp__ledger *ours = &engine->servers[server].ledger;
    const mcp__ledger *theirs = &engine->servers[witness].ledger;
    const mcp__missed *missed = mcp__ledger_find(theirs, ours->id8);
    const mcp__missed *other = mcp__ledger_find(ours, theirs->id8);
    mcp__sight sight = {
        .is_usable = {(uint8_t)mcp__job_is_usable(engine, server),
                      (uint8_t)mcp__job_is_usable(engine, witness)},
        .hold_ms = hold_of_pool(engine, server, witness),
        .stands = missed != NULL,
        .other_stands = other != NULL,
    };
    if (missed != NULL) {
        sight.inc8 = missed->inc8;
        sight.first_seen_ms = missed->first_seen_ms;
        sight.segments = missed->segments;
    }
    if (other != NULL) {
        sight.other_inc8 = other->inc8;
        sight.other_first_seen_ms = other->first_seen_ms;
    }
    return sight;
}

/* This client gives group keys, or some other one says that it does. */
static int
has_routes(const mcp__engine *engine, uint32_t server)
{
    return engine->has_routes || engine->servers[server].ledger.epoch_item.has_routes;
}

/* A source is reachable and whole, and nothing stands between the two. */
void
mcp__job_look_at_partners(const mcp__engine *engine, mcp__job *job)
{
    const mcp__ledger *ours = &engine->servers[job->server].ledger;
    for (size_t i = 0; i < job->resync.setup.n_partners; i++) {
        uint32_t number = job->partners[i].server;
        const mcp__server *partner = &engine->servers[number];
        job->partners[i].is_source = mcp__job_is_usable(engine, number) && partner->missed_on < 0 &&
                                     partner->ledger.epoch == MCP__EPOCH_READY &&
                                     !has_routes(engine, number) &&
                                     !mcp__ledger_lists(&partner->ledger, ours->id8);
    }
}

/* ---- beginning ---- */

static int
begin_repair(mcp__engine *engine, mcp__job *job)
{
    const mcp__promise *promise = &engine->settings.promise;
    mcp__repair_setup setup = {
        .mem = &engine->mem,
        .pairing = engine->pairing,
        .server = job->server,
        .witness = job->witness,
        .server_id8 = engine->servers[job->server].ledger.id8,
        .witness_id8 = engine->servers[job->witness].ledger.id8,
        .prefix = promise->prefix,
        .name_space = {engine->name_space, engine->name_space_len},
        .quarantine_ms = QUARANTINE_MS,
        .random = mcp__pool_random(engine),
        .has_routes =
            (uint8_t)(has_routes(engine, job->server) || has_routes(engine, job->witness)),
    };
    mcp__repair_begin(&job->repair, &setup, engine->now_ms);
    /* H of the pool may have been raised since the epochs were read. */
    (void)mcp__line_ask(engine, &engine->servers[job->server], MCP__ASK_EPOCH);
    (void)mcp__line_ask(engine, &engine->servers[job->witness], MCP__ASK_EPOCH);
    return 0;
}

static int
begin_resync(mcp__engine *engine, mcp__job *job)
{
    const mcp__server *server = &engine->servers[job->server];
    int routes = has_routes(engine, job->server);
    size_t n = 0;
    job->partners = mcp__mem_new_zeroed(&engine->mem, engine->n_servers, sizeof *job->partners);
    if (job->partners == NULL)
        return -1;
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        /* One that is empty itself has nothing: it waits for nobody, and nobody for it. */
        if (mcp__pool_are_partners(engine, i, job->server) &&
            engine->servers[i].ledger.epoch != MCP__EPOCH_WARMING) {
            routes |= has_routes(engine, i);
            job->partners[n++].server = i;
        }
    }
    mcp__resync_setup setup = {
        .mem = &engine->mem,
        .pairing = engine->pairing,
        .partners = job->partners,
        .n_partners = n,
        .server = job->server,
        .server_id8 = server->ledger.id8,
        .prefix = engine->settings.promise.prefix,
        .name_space = {engine->name_space, engine->name_space_len},
        .random = mcp__pool_random(engine),
        .has_routes = (uint8_t)routes,
    };
    mcp__resync_begin(&job->resync, &setup, engine->now_ms);
    mcp__job_set_pace(engine, job);
    return 0;
}

void
mcp__job_set_pace(const mcp__engine *engine, mcp__job *job)
{
    const mcp__server *server = &engine->servers[job->server];
    int is_wanted = server->wanted == MCP_JOB_RESYNC;
    if (job->kind != MCP_JOB_RESYNC)
        return;
    mcp__resync_set_pace(&job->resync, is_wanted ? WINDOW_WANTED : WINDOW,
                         is_wanted ? server->wanted_rate : engine->settings.resync_rate);
    job->until_ms = 0;
}

const char *
mcp__job_name(int kind)
{
    return kind == MCP_JOB_REPAIR ? "repair" : "resync";
}

mcp__job *
mcp__job_begin(mcp__engine *engine, uint32_t server, int kind, uint32_t witness)
{
    mcp__job *job = mcp__mem_new_zeroed(&engine->mem, 1, sizeof *job);
    if (job == NULL)
        return NULL;
    job->kind = (uint8_t)kind;
    job->server = server;
    job->witness = witness;
    int failed = kind == MCP_JOB_REPAIR ? begin_repair(engine, job) : begin_resync(engine, job);
    if (failed) {
        mcp__mem_free(&engine->mem, job);
        return NULL;
    }
    job->next = engine->first_job;
    engine->first_job = job;
    engine->n_jobs++;
    engine->servers[server].job = job;
    mcp__diary_note(engine, MCP_LOG_INFO, server, "%s begins", mcp__job_name(kind));
    return job;
}

void
mcp__job_note_end(mcp__engine *engine, const mcp__job *job, int is_done)
{
    if (engine->servers[job->server].job == job)
        mcp__diary_note(engine, is_done ? MCP_LOG_INFO : MCP_LOG_WARNING, job->server, "%s %s",
                        mcp__job_name(job->kind), is_done ? "is done" : "ends before it is done");
}

void
mcp__job_free(mcp__engine *engine, mcp__job *job)
{
    mcp__job **at = &engine->first_job;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    engine->n_jobs--;
    if (engine->dumping == job) {
        mcp__dumper_end(engine);
        engine->dumping = NULL;
    }
    if (engine->servers[job->server].job == job)
        engine->servers[job->server].job = NULL;
    if (job->kind == MCP_JOB_REPAIR)
        mcp__repair_fini(&job->repair);
    else
        mcp__resync_fini(&job->resync);
    mcp__mem_free(&engine->mem, job->partners);
    mcp__mem_free(&engine->mem, job);
}

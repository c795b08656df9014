/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * job: one repair or one resync as the engine holds it, and what it sees of the engine. Which jobs
 * are begun, and what becomes of their errands, is the business of chores.
 */
#ifndef MCPROXY_ENGINE_JOB_H
#define MCPROXY_ENGINE_JOB_H

#include "engine/pool.h"
#include "ops/repair.h"
#include "ops/resync.h"

typedef struct mcp__job {
    struct mcp__job *next;
    uint8_t kind; /* MCP_JOB_... */
    uint8_t is_renewing;
    uint8_t is_dumping;
    uint8_t is_parked; /* a server was away: it goes on when both are there */
    uint32_t server, witness;
    uint32_t renew_server, renew_tag;
    uint32_t dump_server, dump_tag;
    int64_t renew_since_ms, renew_until_ms;
    int64_t until_ms; /* nothing to do before; 0: unknown */
    int64_t looked_ms;
    uint32_t n_flying;
    uint64_t n_told;
    uint8_t has_told_loss; /* that part of what is on record was evicted */
    mcp__repair repair;
    mcp__resync resync;
    mcp__resync_partner *partners;
} mcp__job;

int mcp__job_is_usable(const mcp__engine *engine, uint32_t server);

/* What a repair of `server` from `witness` has to see. */
mcp__sight mcp__job_sight(const mcp__engine *engine, uint32_t server, uint32_t witness);

/* Which partners a resync may read from now: reachable and whole, and nothing stands between the
 * two. */
void mcp__job_look_at_partners(const mcp__engine *engine, mcp__job *job);

/* `kind`: MCP_JOB_...; `witness`: of a repair. NULL: no memory. */
mcp__job *mcp__job_begin(mcp__engine *engine, uint32_t server, int kind, uint32_t witness);
/* How fast a resync goes: as it was asked for by hand, or as the options say. */
void mcp__job_set_pace(const mcp__engine *engine, mcp__job *job);
/* It ends, for the log; what is left of a repair that was set aside is not told of. */
void mcp__job_note_end(mcp__engine *engine, const mcp__job *job, int is_done);
/* "repair", "resync" */
const char *mcp__job_name(int kind);
void mcp__job_free(mcp__engine *engine, mcp__job *job);

#endif

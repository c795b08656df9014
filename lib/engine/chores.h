/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * chores: the work that no caller waits for. Jobs that put a server right (ops/repair, ops/resync)
 * are begun when a server that missed writes, or came back empty, can be reached; their errands are
 * carried out as operations of the engine's own. So are copies checked behind a write.
 *
 * At most one job per server that is put right, and one dump at a time per client.
 */
#ifndef MCPROXY_ENGINE_CHORES_H
#define MCPROXY_ENGINE_CHORES_H

#include "engine/pool.h"

/* Whether any job is under way or could be begun. Cheap. */
static inline int
mcp__chores_any(const mcp__engine *engine)
{
    return engine->n_jobs > 0 || engine->wants_chores;
}

/* Begins what is to be begun, hands out errands and takes outcomes, as far as that goes without
 * waiting. To be called after events and time came in. */
void mcp__chores_run(mcp__engine *engine);

/* When it should be run again at the latest, though nothing happens; INT64_MAX: no need. */
int64_t mcp__chores_next_time(const mcp__engine *engine);

/* Whether errands are under way whose outcome is worth a short wait. */
int mcp__chores_are_flying(const mcp__engine *engine);

/* The client is about to end: gives back the locks that its jobs hold, so that others need not wait
 * until they expire. The drain that follows sends it. */
void mcp__chores_leave(mcp__engine *engine);

/* Ends all jobs, without a word to the servers: before the engine ends, or after a fork. */
void mcp__chores_end(mcp__engine *engine);

/*
 * Asks for a job by hand, whatever `repair=` and `resync=` say. `job`: MCP_JOB_REPAIR or
 * MCP_JOB_RESYNC; `rate`: keys a second, 0: no limit. MCP_OK: nothing is to be done (any more).
 * MCP_NOT_FOUND: a job is under way, or will be as soon as the servers answer: go on waiting.
 * MCP_UNSUPPORTED, MCP_NO_SERVER, MCP_NO_MEMORY: it cannot be done now.
 */
mcp_status mcp__chores_want(mcp__engine *engine, uint32_t server, int job, uint32_t rate);

/* Forgets what was asked for by hand: the job goes on only where the options say so. */
void mcp__chores_unwant(mcp__engine *engine, uint32_t server);

/* What is being done for a server at the moment: job (0: nothing), partner, phase, done, total,
 * wait_ms of `progress` are set. */
void mcp__chores_progress(const mcp__engine *engine, uint32_t server, mcp_progress *progress);

#endif

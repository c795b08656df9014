/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scout: asks the configuration endpoint for the list of servers, over a connection of its own that
 * is closed again behind the answer. It is the engine's very last line, and there only if
 * settings.discovers.
 *
 *     IDLE --begin--> OPENING --open--> ASKED --it is not known--> ASKED_OLD --list--> over
 *                        `---- no connection, no list, too late -----------------------> over
 */
#ifndef MCPROXY_ENGINE_SCOUT_H
#define MCPROXY_ENGINE_SCOUT_H

#include "engine/pool.h"
#include "wire/cluster.h"

#define MCP__SCOUT_WHY_SIZE 96

int mcp__scout_is_busy(const mcp__engine *engine);

/* Begins; it may take until then. */
void mcp__scout_begin(mcp__engine *engine, int64_t until_ms);

/*
 * What has become of it. 1: the list is there, and stands until mcp__scout_end. 0: not yet. -1: it
 * is over, and `why` says why.
 */
int mcp__scout_next(mcp__engine *engine, mcp__cluster *list, char why[MCP__SCOUT_WHY_SIZE]);

/* Closes the connection, if there is one. */
void mcp__scout_end(mcp__engine *engine);

/* There is a list: it is asked for again in a minute, or, after a failure, in a second. */
#define MCP__SCOUT_INTERVAL_MS 60000
#define MCP__SCOUT_HASTE_MS 1000
void mcp__scout_rest(mcp__engine *engine);

#endif

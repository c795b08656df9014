/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dumper: lists all keys of one server, over a connection of its own, so that no call waits behind
 * the list. One at a time; the connection is the engine's last line.
 *
 *     IDLE --begin--> OPENING --open--> STREAMING --END--> over (DONE)
 *                        `---- no connection, silence for a timeout, no dump there ---> over
 */
#ifndef MCPROXY_ENGINE_DUMPER_H
#define MCPROXY_ENGINE_DUMPER_H

#include "engine/pool.h"
#include "ops/errand.h"
#include "wire/dump.h"

/* Whether one is under way. */
int mcp__dumper_is_busy(const mcp__engine *engine);

/* Begins one; `silent_ms`: how long the server may say nothing. */
void mcp__dumper_begin(mcp__engine *engine, uint32_t server);

/*
 * The next key, into `line`, which stands until the next call. 1: there is one. 0: not now. -1: it
 * is over, and `outcome` says how; the connection is closed.
 */
int mcp__dumper_next(mcp__engine *engine, mcp__dump_line *line, mcp__outcome_status *outcome);

/* Breaks it off. */
void mcp__dumper_end(mcp__engine *engine);

#endif

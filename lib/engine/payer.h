/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * payer: puts on record what could not be put there when it was in doubt (engine/debts), as soon as
 * the server that is to keep the record can be reached. An attempt that fails becomes a debt again; if
 * that server is there and cannot keep it (it is full), it rests for a while.
 */
#ifndef MCPROXY_ENGINE_PAYER_H
#define MCPROXY_ENGINE_PAYER_H

#include "engine/pool.h"

/* Begins what can be begun, at the engine's time; mcp__tasks_settle() is owed afterwards. While
 * there are debts left, chores stay wanted. `is_last`: the client ends, and nothing rests. */
void mcp__payer_run(mcp__engine *engine, int is_last);

/* Whether something that this server may have missed is yet to go on record, or just going there.
 * What rests does not count. */
int mcp__payer_owes(const mcp__engine *engine, uint32_t missed);

#endif

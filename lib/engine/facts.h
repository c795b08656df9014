/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * facts: what clients of one process tell each other about servers, so that each need not find out
 * by itself. A board holds one fact per server; a client tells the board what it knows, and hears
 * from it what others found out since. All of them read one clock. What is newer counts; times that
 * are closer together than clocks are read have no order, and then the safe side counts: a mark
 * that one of the two has seen stands, or the server is asked again.
 *
 *     client --tell--> board --hear--> another client
 *
 * Health: a server that another client found away is served as away here, without asking it first,
 * and one that answered another client is asked again. Ledgers: marks and epochs with their age.
 * Boards are not locked here.
 */
#ifndef MCPROXY_ENGINE_FACTS_H
#define MCPROXY_ENGINE_FACTS_H

#include "engine/pool.h"

typedef struct mcp__fact {
    mcp__health health;
    mcp__ledger ledger;
    int64_t heard_ms; /* when it last answered, or failed; 0: neither yet */
    int32_t os_error;
    uint8_t was_refused;
} mcp__fact;

/* `mem` must outlive it. */
void mcp__fact_init(mcp__fact *fact, const mcp__mem *mem, uint32_t id8);
void mcp__fact_fini(mcp__fact *fact);

/* `facts`: as many as the engine has servers, in their order. */
void mcp__facts_tell(const mcp__engine *engine, mcp__fact *facts);

/*
 * Nobody may be waiting for an operation of this engine. `now_ms` is the exact time. Nothing is
 * sent; there may be wishes afterwards.
 */
void mcp__facts_hear(mcp__engine *engine, const mcp__fact *facts, int64_t now_ms);

#endif

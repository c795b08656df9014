/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debts: changes that one copy may have and the other one lacks, while neither could be asked to
 * put that on record, because both were away. Nobody was told that they were done, but the two
 * copies may differ, and what was sent may be carried out late, over something newer. So the key
 * goes on record as soon as the other copy can be reached again (engine/payer).
 *
 * At most so many keys; when there are more, everything the server holds is taken to be in doubt.
 * A client that ends before both servers are back takes its debts with it.
 */
#ifndef MCPROXY_ENGINE_DEBTS_H
#define MCPROXY_ENGINE_DEBTS_H

#include "engine/pool.h"

#define MCP__DEBTS_MAX 64
/* How long one rests that its witness could not take, though it was there. */
#define MCP__DEBTS_REST_MS 200

typedef struct mcp__debt {
    uint32_t missed;  /* the server that may lack the change, or may make it late */
    uint32_t witness; /* the one that is to keep the record */
    uint8_t is_base64;
    uint8_t is_whole; /* every key, not this one */
    uint8_t key_len;
    char key[MCP_KEY_MAX];
    int64_t rests_until_ms; /* not to be tried before, unless the client ends */
} mcp__debt;

typedef struct mcp__debts {
    uint32_t n;
    mcp__debt list[MCP__DEBTS_MAX];
} mcp__debts;

static inline int
mcp__debts_any(const mcp__engine *engine)
{
    return engine->debts != NULL && engine->debts->n > 0;
}

/* An operation of a pair has failed: does it leave one? Without memory for it: as if the client had
 * ended. */
void mcp__debts_note(mcp__engine *engine, const mcp__op *op);

/* Adds one, also one of which it was thought that it was being paid. 1: it was not there yet. */
int mcp__debts_put(mcp__engine *engine, const mcp__debt *debt);

/* Takes out the one at this place; another one may stand there afterwards. */
mcp__debt mcp__debts_take(mcp__engine *engine, uint32_t at);

#endif

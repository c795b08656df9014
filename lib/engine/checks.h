/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checks: behind a store that both copies took, both are asked for the numbers they have now, and
 * the backup for its marks (see ops/verify, which says what is to be done then). Nearly always
 * everything is as it was left, so there is no operation for it until something is not: a check is
 * the key, two numbers, and three questions that ride in front of what goes to its servers next.
 *
 *     begun --all as it was--> given back
 *        `--moved, marked, or no answer--> due --> an operation of ops/verify (engine/tasks)
 *
 * The ordinary way of one, from the store to its end, stands in checks_way.h.
 */
#ifndef MCPROXY_ENGINE_CHECKS_H
#define MCPROXY_ENGINE_CHECKS_H

#include "engine/pool.h"

/* What was stored. */
typedef struct mcp__stored {
    mcp__span key; /* as it goes over the wire */
    uint8_t is_base64;
    mcp__server *server[2];
    uint64_t cas[2];
} mcp__stored;

/* Without memory for it: as if the client had died behind the acknowledgement. */
void mcp__checks_begin(mcp__engine *engine, const mcp__stored *stored);

/* The third of backup, primary, backup: sent at once, its reply read later. The numbers do not
 * matter. -1: no memory. */
int mcp__checks_erase(mcp__engine *engine, const mcp__stored *erased);

/* Both copies are what the store left there, and nothing stands against the primary. */
static inline int
mcp__checks_is_as_it_was(const mcp__check *check)
{
    if (check->is_erase)
        return !check->failed[MCP__BACKUP];
#ifdef MCP_MUTANT_CHECK_ASSUMED
    return 1;
#endif
    const mcp__ledger *witness = &check->server[MCP__BACKUP]->ledger;
    return check->seen[MCP__PRIMARY] == check->cas[MCP__PRIMARY] &&
           check->seen[MCP__BACKUP] == check->cas[MCP__BACKUP] && !check->failed[MCP__PRIMARY] &&
           !check->failed[MCP__BACKUP] &&
           !mcp__ledger_lists(witness, check->server[MCP__PRIMARY]->ledger.id8);
}

/* All replies have come. */
static inline void
mcp__checks_settle(mcp__engine *engine, mcp__check *check)
{
    if (mcp__checks_is_as_it_was(check))
        mcp__pool_give_back_check(engine, check);
    else
        mcp__pool_add_due_check(engine, check);
}

/* A reply to one of its questions; the marks have been taken over into the ledger. */
static inline void
mcp__checks_answer(mcp__engine *engine, const mcp__pending *pending, mcp__reply_kind kind,
                   uint64_t cas)
{
    mcp__check *check = pending->op;
    /* "out of memory" says nothing about the key; without the marks the rest says too little. */
    if (kind >= MCP__REPLY_ERROR)
        check->failed[pending->leg] = 1;
    else if (pending->word == MCP__WORD_PEEK)
        check->seen[pending->leg] = cas;
    if (mcp__pool_check_answered(check))
        mcp__checks_settle(engine, check);
}

/* Whether it is the kind of answer that is hoped for: no marks, a number or none, deleted or not
 * there. */
static inline int
mcp__checks_usual(const mcp__pending *pending, mcp__reply_kind kind)
{
    switch (pending->kind) {
    case MCP__COMMAND_GET:
        return kind == MCP__REPLY_MISS;
    case MCP__COMMAND_NUMBER:
        return kind == MCP__REPLY_DONE || kind == MCP__REPLY_MISS;
    default:
        return kind == MCP__REPLY_DONE || kind == MCP__REPLY_NOT_FOUND;
    }
}

#endif

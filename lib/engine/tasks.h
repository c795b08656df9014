/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tasks: operations on their way through the engine. A step that an operation wants is carried out:
 * its bundles are put on the lines, its timer is set, and at its end its result is handed on and
 * what is to follow it (a verification, the third delete) is begun as an operation of the engine's
 * own, which nobody waits for.
 */
#ifndef MCPROXY_ENGINE_TASKS_H
#define MCPROXY_ENGINE_TASKS_H

#include "engine/checks.h"
#include "engine/pool.h"

/* All of these work at the engine's time. mcp__tasks_settle() is owed after the last of them, since
 * legs may have fallen. */

/* Takes a user's operation. NULL: no memory. It may be finished on return. */
mcp__task *mcp__tasks_begin(mcp__engine *engine, const mcp_request *request, uint32_t timeout_ms);

/* An operation takes over from a call whose first step has been sent without one (engine/express).
 */
void mcp__tasks_take_over(mcp__engine *engine);

/* What becomes of a task. It may be finished and given back on return. */
void mcp__tasks_carry_out(mcp__engine *engine, mcp__task *task, mcp__step step);

/* Since this operation began, another one or this one itself may have found a server away, or what
 * stands against it. To be called before each step. */
void mcp__tasks_look_again(mcp__engine *engine, mcp__op *op);

void mcp__tasks_set_timer(mcp__engine *engine, mcp__task *task);

/* Tells the operations whose legs have fallen, and begins those of checks that are due, until there
 * are none any more. */
void mcp__tasks_settle_fallen(mcp__engine *engine);

static inline void
mcp__tasks_settle(mcp__engine *engine)
{
    if (engine->first_fallen != NULL || engine->first_due_check != NULL)
        mcp__tasks_settle_fallen(engine);
}

/* An operation of the engine's own. */
typedef struct mcp__background {
    uint8_t verb; /* MCP__VERB_..., or MCP_DELETE */
    uint8_t ask;  /* of MCP__VERB_ASK: the mcp__command_kind */
    uint8_t authority;
    uint8_t with_initial; /* of MCP__VERB_COPY: what the target holds is removed before */
    uint8_t may_stand;    /* of MCP__VERB_COPY: the source may be one that missed writes */
    uint8_t copies_value;
    uint8_t is_base64;  /* of the key */
    uint8_t keeps_key;  /* the key's bytes stand until it is finished; else they are copied */
    uint32_t server[2]; /* MCP__NO_SERVER: it has no such leg */
    mcp__span key;
    mcp__span value; /* stands until it is finished */
    int64_t ttl;
    uint32_t flags;
    uint64_t unique;
    uint64_t delta, initial;
    uint64_t copy_cas[2];
    struct mcp__job *job; /* whose errand it is: it is then fetched from engine->first_errand and
                             given back with mcp__pool_give_back() */
} mcp__background;

/* Begins what is to follow an operation that is over. */
void mcp__tasks_sequel(mcp__engine *engine, const mcp__op *op);

/* The third of backup, primary, backup. */
void mcp__tasks_last_delete(mcp__engine *engine, const mcp__stored *erased);

/* Begins one. NULL: no memory. */
mcp__task *mcp__tasks_begin_background(mcp__engine *engine, const mcp__background *wanted);

#endif

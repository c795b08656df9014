/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stubs: a count (incr, decr) that is told "not a number" may have met the stub of somebody who is
 * just copying that key there, or has a lease of it: an empty value, which is nobody's. This client
 * need not know that the server is being filled, so its answer is looked at again:
 *
 *     LOOK --text--> it is no number, and that is told
 *       `--nothing, or by now a number--> DROP the stub, then
 *            the other copy has counted:         its number is told, and copied here
 *            the other copy may decide:          it is asked
 *            else, with a first value:           once more, here
 *            else (the stub stays):              not found
 */
#ifndef MCPROXY_OPS_STUBS_H
#define MCPROXY_OPS_STUBS_H

#include "ops/op.h"

/* Phases of a write that this room has; all others are smaller. */
enum { MCP__STUBS_LOOK = 96, MCP__STUBS_DROP };

/* What an answer of this room means to the one that asked. */
typedef enum mcp__stubs_what {
    MCP__STUBS_STEP = 0, /* `step` is next */
    MCP__STUBS_OVER,     /* the write is over, with op->status */
    MCP__STUBS_AGAIN,    /* it is decided once more, at op->authority */
    MCP__STUBS_FAILED,   /* that copy does not answer any more */
} mcp__stubs_what;

/* This copy's answer may be about a stub. */
static inline int
mcp__stubs_may_be(const mcp__op *op, int leg)
{
    return op->leg[leg].status == MCP_NOT_NUMBER && op->leg[leg].copy == MCP_COPY_OK;
}

/* Both have answered, or this one alone: begins to look at it. */
mcp__stubs_what mcp__stubs_begin(mcp__op *op, int leg, mcp__step *step);
mcp__stubs_what mcp__stubs_answer(mcp__op *op, int leg, const mcp__reply *reply, mcp__step *step);
mcp__stubs_what mcp__stubs_failed(mcp__op *op, int leg);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mark: putting on record, on the server that has a change, that the other server of the pair
 * missed it. One bundle to the witness, in this order, and its order is what makes it safe:
 *
 *     the change itself, if the witness has not answered it yet
 *     the key into its journal segment, and how large that is now
 *     the bump: a zero-length append, which changes the marks' cas and nothing else
 *     the marks: is the server listed?
 *
 * What was missing is made in a second round, and then bump and marks come once more: whoever takes
 * the mark away does it by the cas it read before it read the journals, so a bump behind the entry
 * makes it fail. Four rounds at most; without the record the change is not acknowledged.
 *
 * A whole server (it missed a flush, or its journals went with one) is recorded in the same way,
 * every segment as "*" with one tag, and one entry lists them all.
 */
#ifndef MCPROXY_OPS_MARK_H
#define MCPROXY_OPS_MARK_H

#include "ops/op.h"

/* Begins. `change`: the command to go in front; MCP__COMMAND_NONE: none. `inc8` of a new entry is
 * op->mark.inc8, which the engine has drawn. */
mcp__step mcp__mark_begin(mcp__op *op, int witness, uint8_t change);
/* The same for everything. */
mcp__step mcp__mark_begin_whole(mcp__op *op, int witness);

/* The reply to one word. */
void mcp__mark_answer(mcp__op *op, uint8_t word, const mcp__reply *reply, mcp_status status);

typedef enum mcp__mark_state {
    MCP__MARK_MORE = 0, /* `step` says what is to be sent */
    MCP__MARK_RECORDED,
    MCP__MARK_IMPOSSIBLE,
} mcp__mark_state;

/* The whole bundle has been answered. */
mcp__mark_state mcp__mark_next(mcp__op *op, mcp__step *step);

/* When the change may be acknowledged: strict waits until no other client can still go by an older
 * view. 0: now. */
int64_t mcp__mark_hold_ms(const mcp__op *op);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copies: what all writes have in common: the command a verb means, what becomes of a copy that
 * cannot be asked or that refused, and the end of a write. A write ends only when what one copy
 * missed is on record on the other (ops/mark), and, with consistency=strict, when no other client
 * can still go by an older view.
 */
#ifndef MCPROXY_OPS_COPIES_H
#define MCPROXY_OPS_COPIES_H

#include "ops/op.h"

mcp__command_kind mcp__copies_command(const mcp__op *op);

static inline int
mcp__copies_is_refusal(mcp_status status)
{
    return status == MCP_TOO_BIG || status == MCP_SERVER_FULL;
}

static inline int
mcp__copies_is_stored(const mcp__op *op, int leg)
{
    return op->leg[leg].copy == MCP_COPY_OK && op->leg[leg].status == MCP_OK;
}

static inline int
mcp__copies_is_count(const mcp__op *op)
{
    return op->verb == MCP_INCR || op->verb == MCP_DECR;
}

/* It changes what is there instead of putting something in its place. Who copies the key at this
 * moment may have read what was there before, and would store that behind it; or may have read what
 * it left, and then it must not be made to the copy. */
static inline int
mcp__copies_is_relative(const mcp__op *op)
{
    return mcp__copies_is_count(op) || op->verb == MCP_GAT || op->verb == MCP_TOUCH;
}

static inline int
mcp__copies_is_append(const mcp__op *op)
{
    return op->verb == MCP_APPEND || op->verb == MCP_PREPEND;
}

/* The outcome depends on what is there: a copy that missed writes cannot tell. */
int mcp__copies_is_decided(const mcp__op *op);

/* What is stored expires at once. */
static inline int
mcp__copies_is_expiry(const mcp__op *op)
{
    return op->ttl < 0 && !mcp__copies_is_append(op) && !mcp__copies_is_relative(op);
}

/* A cas token of another server names nothing here; none has a unique of 0. */
int mcp__copies_is_foreign_token(const mcp__op *op, int leg);

/* What the user is told: a set that expires at once is a delete, and never "not found". */
mcp_status mcp__copies_plain_status(const mcp__op *op, mcp_status status);

/* The same of this copy's answer, which is that of the whole write: but the other copy may have made an
 * append of which this one says that there is nothing to append to. It may not have got its copy yet. */
mcp_status mcp__copies_told(const mcp__op *op, int leg);

/* A cas whose token could not match on the other copy, and that here may have been taken. */
int mcp__copies_is_lost_cas(const mcp__op *op, int leg);

/* The answer of the copy that does not decide shows that somebody copies the key to it at this
 * moment, and would then store what was before: what was touched is his stub; a number that is not
 * there may be one, too. */
int mcp__copies_met_stub(const mcp__op *op, int leg, const mcp__reply *reply);

/* This copy is being filled: a key that was removed there is to be copied anew. Who fills it may have
 * been there already: without its number a key would count from the beginning as soon as the server
 * is whole. */
int mcp__copies_is_to_be_copied(const mcp__op *op, int leg);

/* A relative change was made to both copies at once, and meanwhile it became known that the backup
 * came back empty: what it has now may be what was there before, or may count the change twice. */
int mcp__copies_was_copied_beside(const mcp__op *op);

/* What comes next may go over the connection on which the value came: it has to stand elsewhere. */
void mcp__copies_keep_value(mcp__op *op);

/* A copy that is known to be away is not asked: it misses the change. */
void mcp__copies_leave_out(mcp__op *op, int leg);

/* A copy that was left out and could still be asked; -1: none. */
int mcp__copies_left_out(const mcp__op *op);

/* The change goes to this copy alone, and that the other one misses it goes on record at once. */
mcp__step mcp__copies_send_recorded(mcp__op *op, int leg);

/* The write is over with this status, but for the record. */
mcp__step mcp__copies_done(mcp__op *op, mcp_status status);

/* No copy took it: one that was left out is asked, or the write has failed. */
mcp__step mcp__copies_failed(mcp__op *op);

/* The record stands (`is_recorded`), or could not be made. */
mcp__step mcp__copies_recorded(mcp__op *op, int is_recorded);

/* It is on record, and has been held so long that no other client goes by an older view. */
mcp__step mcp__copies_held(mcp__op *op);

/* This leg's answer is the operation's. A value that it brings is copied, because it has to wait for the
 * other copy's answer, and its link may be used meanwhile. */
void mcp__copies_adopt(mcp__op *op, int leg, const mcp__reply *reply);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fill: a value that one copy lacks is taken from the other one, by lease, so that no write or
 * delete that happens meanwhile is undone:
 *
 *     target> mg k N10 ..     hit: done.  W: we won.  Z: somebody else fills.
 *     source> mg k v f t
 *     target> ms k C<cas of our stub>      EX, NF: somebody was faster
 *         or, the source has none:  target> md k C<cas>
 *
 * On servers shared with other clients (shared_pool=yes) there are no stubs: the value is added,
 * then the source's cas is looked at again, and what was added is taken back if it has moved.
 *
 * The target is the primary's leg, the source the backup's.
 */
#ifndef MCPROXY_OPS_FILL_H
#define MCPROXY_OPS_FILL_H

#include "ops/op.h"

#define MCP__TARGET MCP__PRIMARY
#define MCP__SOURCE MCP__BACKUP

/* For a read, or for a user's lease. */
mcp__step mcp__fill_begin(mcp__op *op);
/* For an errand: op->with_initial: what the target holds is removed before. op->number tells the
 * mcp__outcome_status. */
mcp__step mcp__fill_begin_copy(mcp__op *op);

mcp__step mcp__fill_answer(mcp__op *op, int leg, const mcp__reply *reply);
mcp__step mcp__fill_failed(mcp__op *op, int leg);

#endif

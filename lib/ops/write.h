/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * write: every command that changes something, and how it reaches both copies.
 *
 *   mirrored    set, incr, decr, touch, gat: the same command to both copies at once, both awaited.
 *   delete      backup, primary, backup: the third is sent when the primary has answered, and
 *               nobody waits for its reply. (Two are not enough: a fill that read the backup just
 *               before would bring the value back.) A set that expires at once is a delete.
 *   decided     add, replace, cas, append, prepend: the authority decides. Its yes is mirrored as
 *               a plain set; after an append with the value as it stands there now.
 *
 * A copy that cannot be asked does not fail a write that the other one took: the result says so.
 * Nothing is ever sent twice to the same server because an answer did not come.
 */
#ifndef MCPROXY_OPS_WRITE_H
#define MCPROXY_OPS_WRITE_H

#include "ops/op.h"

mcp__step mcp__write_begin(mcp__op *op);
mcp__step mcp__write_answer(mcp__op *op, int leg, const mcp__reply *reply);
/* leg->failure says how, leg->copy whether it may have been done. */
mcp__step mcp__write_failed(mcp__op *op, int leg);

#endif

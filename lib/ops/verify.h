/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * verify: behind a write that both copies took: has another writer been there in another order?
 * Each server gave the value a number; both are asked for the numbers they have now, and the
 * backup for its marks. It is never sent for its own sake: it rides in front of the next command
 * to that server.
 *
 *     the primary is marked by now         the key goes on record, too
 *     the primary's number has moved       the backup's copy goes, if it is still ours
 *     only the backup's has                the backup's copy goes, as it was seen
 *
 * And compare: behind a repair, both copies of a key; a value on the repaired server that differs
 * twice, and did not change meanwhile, was put there by a command that was late. It goes.
 */
#ifndef MCPROXY_OPS_VERIFY_H
#define MCPROXY_OPS_VERIFY_H

#include "ops/op.h"

/* op->copy_cas: the numbers that the write brought. */
mcp__step mcp__verify_begin(mcp__op *op);
/* What was asked without an operation has been answered, or has not: it goes on from there. `seen`:
 * the numbers as they are now. */
mcp__step mcp__verify_resume(mcp__op *op, const uint64_t seen[2], const uint8_t failed[2]);
mcp__step mcp__verify_answer(mcp__op *op, int leg, uint8_t word, const mcp__reply *reply);
mcp__step mcp__verify_failed(mcp__op *op);
/* op->hold_ms has come: it is tried again. */
mcp__step mcp__verify_again(mcp__op *op);

/* The repaired server is the primary's leg, its witness the backup's. */
mcp__step mcp__verify_begin_compare(mcp__op *op);
mcp__step mcp__verify_answer_compare(mcp__op *op, int leg, const mcp__reply *reply);
mcp__step mcp__verify_compare_again(mcp__op *op);

#endif

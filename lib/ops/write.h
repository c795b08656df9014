/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * write: every command that changes something, and how it reaches both copies.
 *
 *   both answer, and neither missed anything (see the phases of `both` in write.c):
 *     mirrored    set, incr, decr, touch, gat: the same command to both copies at once.
 *     decided     add, replace, cas, append, prepend: the authority decides, its yes is mirrored
 *                 as a plain set (after an append with the value as it stands there now).
 *     delete      backup, primary, backup, see ops/erase.
 *   one stands (it missed writes), or came back empty:
 *     the other one first, then it; then a look whether the first has changed meanwhile.
 *   one cannot be asked, or did not answer:
 *     the change goes to the other one, and that it was missed goes on record (ops/mark).
 *
 * Nothing is ever sent twice to the same server because an answer did not come.
 */
#ifndef MCPROXY_OPS_WRITE_H
#define MCPROXY_OPS_WRITE_H

#include "ops/op.h"

mcp__step mcp__write_begin(mcp__op *op);
/* The same where it is known already that both copies are written at once, or that one is alone. */
mcp__step mcp__write_begin_both(mcp__op *op);
mcp__step mcp__write_begin_alone(mcp__op *op, int leg);
/* `word`: the command that was answered. */
mcp__step mcp__write_answer(mcp__op *op, int leg, uint8_t word, const mcp__reply *reply);
/* leg->failure says how, leg->copy whether it may have been done. */
mcp__step mcp__write_failed(mcp__op *op, int leg);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * steps: the door of this storey. Whatever the verb, the engine says what happened to a leg and
 * gets the next step back; which room decides it is known here only.
 */
#ifndef MCPROXY_OPS_STEPS_H
#define MCPROXY_OPS_STEPS_H

#include "ops/op.h"

/* The op has its view and its legs. */
mcp__step mcp__steps_begin(mcp__op *op);

/* A reply that fits `word`, which was sent on this leg; the leg is idle again when it was the last
 * one of its bundle. `status` is its meaning. */
mcp__step mcp__steps_answer(mcp__op *op, int leg, uint8_t word, const mcp__reply *reply,
                            mcp_status status);

/* No answer will come; `was_sent`: the command may have been done all the same. */
mcp__step mcp__steps_failed(mcp__op *op, int leg, mcp__failure failure, int was_sent);

/* op->hold_ms has come. */
mcp__step mcp__steps_time(mcp__op *op);

#endif

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

/* A reply that fits what was sent on this leg, which is idle again. `status` is its meaning. */
mcp__step mcp__steps_answer(mcp__op *op, int leg, const mcp__reply *reply, mcp_status status);

/* No answer will come; `was_sent`: the command may have been done all the same. */
mcp__step mcp__steps_failed(mcp__op *op, int leg, mcp__failure failure, int was_sent);

#endif

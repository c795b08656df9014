/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * read: get. The authority is asked; when it brings no answer, the other copy is, within the same
 * deadline. A miss of the authority is an answer.
 */
#ifndef MCPROXY_OPS_READ_H
#define MCPROXY_OPS_READ_H

#include "ops/op.h"

mcp__step mcp__read_begin(mcp__op *op);
/* The same where it is known already that this copy is the one to ask. */
mcp__step mcp__read_begin_at(mcp__op *op, int leg);
mcp__step mcp__read_answer(mcp__op *op, int leg, const mcp__reply *reply);
/* leg->failure says how. */
mcp__step mcp__read_failed(mcp__op *op, int leg);

#endif

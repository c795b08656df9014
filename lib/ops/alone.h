/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * alone: a write that is not mirrored (mirror=probe,failover-only). It goes to one copy, and to the
 * other one only when that cannot be reached. Nothing is put on record.
 */
#ifndef MCPROXY_OPS_ALONE_H
#define MCPROXY_OPS_ALONE_H

#include "ops/op.h"

mcp__step mcp__alone_begin(mcp__op *op, int leg);
mcp__step mcp__alone_answer(mcp__op *op, int leg, const mcp__reply *reply);
mcp__step mcp__alone_failed(mcp__op *op, int leg);

#endif

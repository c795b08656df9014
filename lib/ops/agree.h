/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * agree: while each copy stands on the record of the other, neither of them can be believed alone.
 * Both are read: what they agree on is the value; where they differ, or one of them is silent, the
 * key counts as missing.
 */
#ifndef MCPROXY_OPS_AGREE_H
#define MCPROXY_OPS_AGREE_H

#include "ops/op.h"

typedef enum mcp__agreement {
    MCP__AGREE_WAIT = 0,
    MCP__AGREE_YES,     /* both have the same value; of a read it is the op's answer */
    MCP__AGREE_MISSING, /* they differ, or there is none */
    MCP__AGREE_FAILED,  /* neither answered, or there was no memory to compare them */
} mcp__agreement;

mcp__step mcp__agree_begin(mcp__op *op);

/* One leg has been answered; `reply` NULL: it has fallen. */
mcp__agreement mcp__agree_judge(mcp__op *op, int leg, const mcp__reply *reply);

#endif

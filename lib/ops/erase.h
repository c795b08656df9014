/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * erase: delete, and a set that expires at once: backup, primary, backup. The third is sent when
 * the primary has answered, and nobody waits for its reply. Two are not enough: a fill that read
 * the backup just before would bring the value back.
 */
#ifndef MCPROXY_OPS_ERASE_H
#define MCPROXY_OPS_ERASE_H

#include "ops/op.h"

mcp__step mcp__erase_begin(mcp__op *op);
/* A leg has been answered, or has fallen. */
mcp__step mcp__erase_advance(mcp__op *op);

/* The third one, as an operation of its own. When it gets no answer all three come once more. */
mcp__step mcp__erase_begin_last(void);
mcp__step mcp__erase_last_failed(mcp__op *op);

#endif

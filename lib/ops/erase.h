/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * erase: delete, and a set that expires at once: backup, primary, backup. The third is sent when
 * the primary has answered, and nobody waits for its reply (engine/checks): when none comes, all
 * three come once more. Two are not enough: a fill that read
 * the backup just before would bring the value back.
 */
#ifndef MCPROXY_OPS_ERASE_H
#define MCPROXY_OPS_ERASE_H

#include "ops/op.h"

mcp__step mcp__erase_begin(mcp__op *op);
/* The same where it is known already that both copies can be asked: at the backup, or behind what
 * that has answered; NULL: there is none. */
mcp__step mcp__erase_begin_first(mcp__op *op);
mcp__step mcp__erase_begin_second(mcp__op *op, const mcp__reply *backup);
/* A leg has been answered, or has fallen. */
mcp__step mcp__erase_advance(mcp__op *op);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "ops/plain.h"

#include "ops/erase.h"
#include "ops/read.h"
#include "ops/write.h"

mcp__step
mcp__plain_begin(mcp__op *op, mcp__plain plain, const mcp__reply *backup)
{
    switch (plain) {
    case MCP__PLAIN_READ:
        return mcp__read_begin_at(op, MCP__PRIMARY);
    case MCP__PLAIN_ALONE:
        return mcp__write_begin_alone(op, MCP__PRIMARY);
    case MCP__PLAIN_ERASE:
        return mcp__erase_begin_first(op);
    case MCP__PLAIN_ERASE_SECOND:
        return mcp__erase_begin_second(op, backup);
    default:
        return mcp__write_begin_both(op);
    }
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* command: one thing to ask of one server, before it has become bytes. */
#ifndef MCPROXY_WIRE_COMMAND_H
#define MCPROXY_WIRE_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "wire/span.h"

/* What can be sent to one server. One operation may send several of these to its two servers. */
typedef enum mcp__command_kind {
    MCP__COMMAND_NONE = 0,
    MCP__COMMAND_GET,   /* value and flags; cas and ttl as `want` says */
    MCP__COMMAND_GAT,   /* the same, and sets ttl */
    MCP__COMMAND_TOUCH, /* sets ttl, brings nothing */
    MCP__COMMAND_SET,
    MCP__COMMAND_ADD,
    MCP__COMMAND_REPLACE,
    MCP__COMMAND_APPEND,
    MCP__COMMAND_PREPEND,
    MCP__COMMAND_CAS,
    MCP__COMMAND_DELETE, /* with `unique` != 0: only if the server's number is still that */
    MCP__COMMAND_INCR,
    MCP__COMMAND_DECR,
    MCP__COMMAND_PEEK,   /* the server's number, size and flags, without the value */
    MCP__COMMAND_NUMBER, /* the server's number alone */
    MCP__COMMAND_LEASE,  /* GET that leaves a stub for `ttl` seconds where there is no value;
                            `delta`:  recompute that long before the end */
    MCP__COMMAND_PING,   /* the last of the meta commands; from here on classic ones */
    MCP__COMMAND_VERSION,
    MCP__COMMAND_STATS,
    MCP__COMMAND_FLUSH,
} mcp__command_kind;

typedef struct mcp__command {
    mcp__command_kind kind;
    uint32_t flags;
    uint32_t want; /* MCP_WANT_... */
    int with_initial;
    mcp__span key;
    mcp__span value; /* for its length; its bytes are put behind the head by the link */
    int64_t ttl;
    uint64_t unique; /* CAS, DELETE: the server's own number */
    uint64_t delta;
    uint64_t initial;
    uint64_t opaque;
    uint8_t is_base64; /* the key is the base64 of what is meant */
} mcp__command;

/* An upper bound of the bytes mcp__meta_encode writes for a key of this length. */
#define MCP__HEAD_MAX(key_len) ((key_len) + 160)

static inline int
mcp__command_has_value(mcp__command_kind kind)
{
    return kind >= MCP__COMMAND_SET && kind <= MCP__COMMAND_CAS;
}

/* Commands that change nothing, so that asking twice is as good as asking once. */
static inline int
mcp__command_is_read(mcp__command_kind kind)
{
    return kind == MCP__COMMAND_GET || kind == MCP__COMMAND_PING || kind == MCP__COMMAND_VERSION ||
           kind == MCP__COMMAND_STATS || kind == MCP__COMMAND_PEEK || kind == MCP__COMMAND_NUMBER;
}

#endif

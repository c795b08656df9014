/* SPDX-License-Identifier: BSD-3-Clause */
/* reply: one answer of a server, taken apart. Texts and values stand in the receive buffer. */
#ifndef MCPROXY_WIRE_REPLY_H
#define MCPROXY_WIRE_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "wire/span.h"

typedef enum mcp__reply_kind {
    MCP__REPLY_VALUE = 1,    /* VA <len> <flags>* */
    MCP__REPLY_DONE,         /* HD <flags>* */
    MCP__REPLY_MISS,         /* EN */
    MCP__REPLY_NOT_STORED,   /* NS */
    MCP__REPLY_EXISTS,       /* EX */
    MCP__REPLY_NOT_FOUND,    /* NF */
    MCP__REPLY_PONG,         /* MN */
    MCP__REPLY_OK,           /* OK, RESET */
    MCP__REPLY_VERSION,      /* VERSION <text> */
    MCP__REPLY_STATS,        /* STAT or ITEM lines and END; the lines are the value */
    MCP__REPLY_ERROR,        /* ERROR <text>? */
    MCP__REPLY_CLIENT_ERROR, /* CLIENT_ERROR <text> */
    MCP__REPLY_SERVER_ERROR, /* SERVER_ERROR <text> */
} mcp__reply_kind;

/* What a reply says about a lease: we won it (W), somebody else has (Z), the value is stale (X). */
enum { MCP__LEASE_WON = 1, MCP__LEASE_TAKEN = 2, MCP__LEASE_STALE = 4 };

typedef struct mcp__reply {
    mcp__reply_kind kind;
    uint8_t lease; /* MCP__LEASE_... */
    uint32_t flags;
    uint64_t opaque; /* 0: none was sent */
    uint64_t cas;
    uint64_t size;   /* of the value, where it was asked for instead of the value */
    int64_t ttl;     /* seconds left; -1: never expires; MCP__TTL_UNKNOWN */
    mcp__span value; /* a value, or the text behind the first word */
} mcp__reply;

/* Only the meta protocol tells a time to live. */
#define MCP__TTL_UNKNOWN (-2)

/* What a parser says beside "so many bytes make one reply". */
#define MCP__PARSE_MORE 0   /* not all of it is here yet */
#define MCP__PARSE_BAD (-1) /* this is not the protocol */

/* No line of a server is longer than this (the longest known: VA with all flags and a key). */
#define MCP__LINE_MAX 2048

/* The lines of `stats` are allowed this much even where values are not. */
#define MCP__STATS_MAX (1024 * 1024)

#endif

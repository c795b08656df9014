/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cluster: the list of servers, as a configuration endpoint tells it (ElastiCache: `config get
 * cluster`, and older ones as the value of a key):
 *
 *     CONFIG cluster 0 <length>\r\n
 *     <version>\n
 *     <host>|<ip>|<port> <host>|<ip>|<port> ...\n
 *     \r\nEND\r\n
 *
 * Pure, strict and bounded: what is not exactly that is not taken.
 */
#ifndef MCPROXY_WIRE_CLUSTER_H
#define MCPROXY_WIRE_CLUSTER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/span.h"

#define MCP__CLUSTER_BYTES_MAX 65536 /* of the text between the head and END */
#define MCP__CLUSTER_HOST_MAX 253

/* The two ways to ask, the newer one first. */
#define MCP__CLUSTER_ASK "config get cluster\r\n"
#define MCP__CLUSTER_ASK_OLD "get AmazonElastiCache:cluster\r\n"

typedef enum mcp__cluster_kind {
    MCP__CLUSTER_LIST = 1,
    MCP__CLUSTER_UNKNOWN, /* an error line, or nothing there: it cannot be asked so */
} mcp__cluster_kind;

typedef struct mcp__cluster {
    mcp__cluster_kind kind;
    uint64_t version;
    size_t n_nodes;  /* at least one */
    mcp__span nodes; /* the line of them, without its end; of UNKNOWN the line that was said */
} mcp__cluster;

typedef struct mcp__cluster_node {
    mcp__span host; /* never empty: where only an address was told, that */
    uint16_t port;
} mcp__cluster_node;

/* One whole reply. Returns the bytes it takes, MCP__PARSE_MORE or MCP__PARSE_BAD. The spans point
 * into `bytes`. */
ssize_t mcp__cluster_parse(const uint8_t *bytes, size_t len, mcp__cluster *cluster);

/* Takes the next node off a list that was parsed. 0: there is none left. */
int mcp__cluster_next(mcp__span *nodes, mcp__cluster_node *node);

#endif

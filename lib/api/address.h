/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * address: the text of one server, `host`, `host:port`, `[v6]:port`, `[v6%scope]`, `unix:/path`,
 * each with an optional `/?weight`. Nothing strange gets past here: what is accepted may go to a
 * resolver, a log or a terminal as it is. Pure.
 */
#ifndef MCPROXY_API_ADDRESS_H
#define MCPROXY_API_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#define MCP__ADDRESS_PORT 11211

/* Longest path that fits into sockaddr_un.sun_path with its NUL: 107 bytes, unix(7). */
#define MCP__ADDRESS_UNIX_MAX 107

/* Room for any canonical address and its NUL: "[", a host of 253, "]:65535". */
#define MCP__ADDRESS_SIZE 272

typedef struct mcp__address {
    const char *host; /* borrowed from the text; v6 without brackets; the path of a unix socket */
    size_t host_len;
    uint16_t port; /* 0 for a unix socket */
    uint8_t is_unix;
    uint8_t is_v6;
    uint8_t has_weight; /* a `/?weight` was there, */
    uint32_t weight;    /* and this is it, 0 to 1000; else 1 */
} mcp__address;

/* NULL, or a static text that says what is wrong and what would be right. */
const char *mcp__address_parse(mcp__address *address, const char *text, size_t len);

/*
 * "host:port", "[v6]:port" or "unix:/path": always complete. `out` has room for
 * MCP__ADDRESS_SIZE. Returns its length.
 */
size_t mcp__address_canonical(const mcp__address *address, char *out);

/* 1: a host name or an IPv4 address that may be looked up. */
int mcp__address_is_host(const char *text, size_t len);

#endif

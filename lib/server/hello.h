/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hello: what every new connection says before its first command, and what the answer tells. Today
 * it asks for the version, because older servers ignore or misread newer commands; what a server
 * can do is remembered per connection, since another one may answer next time.
 */
#ifndef MCPROXY_SERVER_HELLO_H
#define MCPROXY_SERVER_HELLO_H

#include <stdint.h>

#include "base/buf.h"
#include "wire/reply.h"

typedef struct mcp__hello {
    char version[32];      /* as the server says it, cut; "" before the greeting */
    uint8_t has_meta;      /* 1.6.10: the meta commands with today's reply codes */
    uint8_t echoes_misses; /* 1.6.18: the opaque comes back on misses, too */
} mcp__hello;

/* Appends the greeting. 0, or -1 when there is no memory. */
int mcp__hello_write(mcp__buf *out);

/* Reads the reply to it. 0, or -1 when this is no memcached. */
int mcp__hello_read(mcp__hello *hello, const mcp__reply *reply);

#endif

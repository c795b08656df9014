/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hello: what every new connection says before its first command, and what the answer tells. It
 * says who we are, where that is asked for, and asks for the version, because older servers ignore
 * or misread newer commands; what a server can do is remembered per connection, since another one
 * may answer next time.
 */
#ifndef MCPROXY_SERVER_HELLO_H
#define MCPROXY_SERVER_HELLO_H

#include <stdint.h>

#include "base/buf.h"
#include "wire/reply.h"
#include "wire/span.h"

typedef struct mcp__hello {
    char version[32];      /* as the server says it, cut; "" before the greeting */
    uint8_t has_meta;      /* 1.6.10: the meta commands with today's reply codes */
    uint8_t echoes_misses; /* 1.6.18: the opaque comes back on misses, too */
    uint8_t has_gat;       /* 1.5.3: gat and gats in the classic protocol */
} mcp__hello;

/* How a connection is greeted. */
typedef enum mcp__greeting {
    MCP__GREETING_VERSION = 0, /* "version" alone */
    MCP__GREETING_META,        /* and a meta command, to see whether it is taken: "mn" */
    MCP__GREETING_CLASSIC,     /* and a classic one that not everybody has: "gat" */
    MCP__GREETING_PLAIN,       /* only what every proxy passes on: "get" */
} mcp__greeting;

/* Who we are, for servers that ask. */
typedef struct mcp__login {
    mcp__span auth;   /* "user:password"; empty: nobody in particular */
    mcp__span prefix; /* of reserved keys */
} mcp__login;

/* The key of greetings that need one; into `out`, its length is returned. */
#define MCP__HELLO_KEY_MAX 80
size_t mcp__hello_key(char out[MCP__HELLO_KEY_MAX], const mcp__login *login);

/*
 * Appends the greeting: the login, if there is one, and the question for the version or what stands
 * for it. 0, or -1 when there is no memory.
 *
 * To a server started with -Y the login is the first thing to be said: a `set` of any key with the
 * value "user password". A server without -Y takes it for a real one, so its key is a reserved one
 * and it is expired when it comes: nobody ever reads it.
 */
int mcp__hello_write(mcp__buf *out, const mcp__login *login, mcp__greeting greeting);

/*
 * Reads the reply to the login. More than 0: so many bytes, and it was taken. 0: not all of it is
 * here, or it is no reply to a set: see what it is.
 */
size_t mcp__hello_read_login(const uint8_t *bytes, size_t len);

/* Whether what answers the greeting is an alert of TLS (RFC 8446 6). */
static inline int
mcp__hello_is_tls(const uint8_t *bytes, size_t len)
{
    return len >= 2 && bytes[0] == 0x15 && bytes[1] == 0x03;
}

/* Reads the reply to the question for the version. 0, or -1 when this is no memcached; a plain
 * "ERROR" is one that does not know the question. */
int mcp__hello_read(mcp__hello *hello, const mcp__reply *reply);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client: shorthand for tests of the public calls.
 */
#ifndef TESTS_SUPPORT_CLIENT_H
#define TESTS_SUPPORT_CLIENT_H

#include <stdint.h>
#include <string.h>

#include "mcproxy/mcproxy.h"
#include "server.h"

/* A text and its length, for calls that take both. */
#define T(text) (text), strlen(text)

/* Opens a client, options as in printf; fails the test with the library's reason. */
mcp_client *client_open(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A client of one primary and one backup; `words`: more options, or "". */
mcp_client *client_pair(const server *primary, const server *backup, const char *words);

/* A request of one verb for one key, to be filled in further. */
mcp_request client_request(mcp_verb verb, const char *key);
/* Asks, with a fresh result; value NULL: none. */
mcp_result client_call(mcp_client *c, mcp_verb verb, const char *key, const char *value);

/* Fails the test unless the call gives this text; tells the library's reason. */
void client_reads(mcp_client *c, const char *key, const char *text);
/* Fails the test unless status is `wanted`; tells the library's reason. */
void client_expect(mcp_client *c, mcp_status status, mcp_status wanted, const char *what);

/* The state of a server, as the client tells it. */
mcp_server client_info(mcp_client *c, int number);

/* Lets the client tick until server `number` is in `state`; 0 when it is not after `ms`. */
int client_wait_state(mcp_client *c, int number, mcp_state state, int ms);

/* Milliseconds of grace for this machine: times $MCP_SLOW, which slow tools such as valgrind set.
 */
int64_t client_slack(int64_t ms);

#endif

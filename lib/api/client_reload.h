/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reload: mcp_reload(), which gives a client other options. Everything that can fail is made first,
 * beside the client; then what is under way is brought to its end, and then the old is exchanged
 * for the new, which cannot fail.
 *
 * A client that waits does all of that in the call. One with an event loop does it between its
 * rounds: what was submitted before is seen through with the old list, and what is submitted until
 * the exchange is held, and goes to the new one.
 */
#ifndef MCPROXY_API_CLIENT_RELOAD_H
#define MCPROXY_API_CLIENT_RELOAD_H

#include "api/client.h"

/*
 * The same options with the servers that were found, see client_discover.h. `found` is given away,
 * whatever comes of it. MCP_OK, or client->err says why not.
 */
mcp_status mcp__reload_found(mcp_client *client, char *found, uint64_t version);
/* Whether that would wait for nothing. */
int mcp__reload_is_quiet(const mcp_client *client);

/*
 * A pool's client, which is not lent, goes over to another list of the pool. Waits, at most one
 * timeout. MCP_OK; MCP_REFUSED, MCP_NO_MEMORY ...: it is as it was.
 */
mcp_status mcp__reload_shared(mcp_client *client, const mcp__config *config,
                              mcp__pairing *pairing);
/* Whether a server of the one list stands in the next one, too. */
int mcp__reload_keeps(const mcp__config *config, uint32_t server, const mcp__config *next);
/* MCP_REFUSED with its text: what `witness` has on record about `missed` would be lost. */
mcp_status mcp__reload_refuse(mcp__err *err, const char *witness, const char *missed);

/* At the end of a loop's round: the exchange, if there is one to come and nothing is under way. */
void mcp__reload_round(mcp_client *client);

/* The exchange, if there is one to come: the loop is about to leave. Waits, at most one timeout. */
void mcp__reload_now(mcp_client *client);

/* There will be no exchange. What was held for it is not looked after here. */
void mcp__reload_forget(mcp_client *client);

#endif

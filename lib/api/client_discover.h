/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client_discover: with discovery= the list of servers is asked for (engine/scout), and exchanged
 * (client_reload) when a newer one was told.
 *
 *     no list yet:  a call waits for it, within its deadline; requests of a loop are held
 *     a list:       it is asked for again on the way of calls, and never waited for. A newer one
 *                   is taken by the first call that finds nothing owed, or gets it within a tenth
 *                   of `timeout`; at the latest when its time is over
 */
#ifndef MCPROXY_API_CLIENT_DISCOVER_H
#define MCPROXY_API_CLIENT_DISCOVER_H

#include "api/client.h"

/* Whether a call has to look after it. */
static inline int
mcp__client_asks(const mcp_client *client)
{
    return client->engine.now_ms >= client->engine.scout.ask_ms;
}

/* Keeps what reading the options again takes. MCP_OK or MCP_NO_MEMORY. */
mcp_status mcp__discover_keep(mcp_client *client, const char *options);
/* Frees it, and the list. */
void mcp__discover_forget(mcp_client *client);

/*
 * At the start of a call, if mcp__client_asks(), begins to ask, or looks
 * what has become of it. Waits, until then at most, only if there is no list: MCP_OK, or
 * mcp_last_error() says who and why.
 */
mcp_status mcp__discover(mcp_client *client, int64_t until_ms);
/* The same as a call of its own, if there is no list yet. */
mcp_status mcp__discover_first(mcp_client *client);

/* What counts servers and makes calls meanwhile wants one list for all of it. */
int64_t mcp__discover_hold(mcp_client *client);
/* Takes what _hold returned. */
void mcp__discover_go_on(mcp_client *client, int64_t ask_ms);

/* Beside a loop, if mcp__client_asks() and a request was submitted: begins to ask. */
void mcp__discover_submitted(mcp_client *client, uint32_t timeout_ms);
/* Beside a loop, in every round: looks what has become of it. */
void mcp__discover_round(mcp_client *client);

#endif

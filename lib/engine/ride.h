/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ride: questions that are never sent for their own sake. They wait on a server's link for company,
 * whatever goes there next; without any they go by themselves when a view interval is over. Their
 * answers come with that of their company, or are missed after a timeout.
 */
#ifndef MCPROXY_ENGINE_RIDE_H
#define MCPROXY_ENGINE_RIDE_H

#include "engine/pool.h"

/* Asks for what a check wants to know. `word`: MCP__WORD_PEEK or MCP__WORD_MARKS. 0, or -1: no
 * memory. */
int mcp__ride_ask(mcp__engine *engine, mcp__server *server, mcp__check *check, int leg,
                  uint8_t word);

/* What waits for company goes now. How much it is: 0: nothing did. */
size_t mcp__ride_hasten(mcp__engine *engine, mcp__server *server);

/* The server's timer of riders has fired: what waited long enough for company goes by itself, and
 * what waited long enough for its answer does not get it. */
void mcp__ride_over(mcp__engine *engine, mcp__server *server);

#endif

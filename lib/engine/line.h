/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * line: the life of one server's connection as the engine sees it: opened when first needed,
 * greeted, used, lost, probed. It puts commands on the link, keeps health and counters up to date
 * and queues the legs that will get no answer as fallen; what becomes of them is not its business.
 *
 * Two rules stand here and nowhere else:
 *   - A connection on which anything is in doubt is reset and never used again.
 *   - A command is put on a second connection only when the first one took no byte of it, or when
 *     it only reads, the connection had worked before and no byte of the reply was there. Once.
 */
#ifndef MCPROXY_ENGINE_LINE_H
#define MCPROXY_ENGINE_LINE_H

#include "engine/pool.h"

/* Sends leg->command to the leg's server, now or as soon as its link is open. */
void mcp__line_put(mcp__engine *engine, mcp__leg *leg);

/* Sends a command whose reply nobody waits for, if the link is open; otherwise nothing. */
void mcp__line_put_owed(mcp__engine *engine, mcp__leg *leg, const mcp__command *command);

/* The socket is connected. */
void mcp__line_connected(mcp__engine *engine, mcp__server *server);

/* The greeting was answered: whoever waited for the link is sent now. */
void mcp__line_greeted(mcp__engine *engine, mcp__server *server);

/*
 * The connection, or the attempt to get one, is over. `was_peer`: the other side closed or reset
 * it (commands may move to a new connection); otherwise we gave it up.
 */
void mcp__line_lost(mcp__engine *engine, mcp__server *server, mcp__failure failure, int was_peer,
                    int os_error, const char *why);

/* This leg has waited long enough. */
void mcp__line_give_up(mcp__engine *engine, mcp__leg *leg);

/* The connection is reset, and nobody is told about what was on it. */
void mcp__line_abandon(mcp__engine *engine, mcp__server *server);

/* The server's timer has fired. */
void mcp__line_timer(mcp__engine *engine, mcp__server *server);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * move: the servers of one engine go over to another one, which was made for another list. What is
 * known of a server that stands in both lists goes with it: its health, what is on record there,
 * its counters, and its connection if that stands; what was counted as servers' numbers is counted
 * anew.
 */
#ifndef MCPROXY_ENGINE_MOVE_H
#define MCPROXY_ENGINE_MOVE_H

#include "engine/pool.h"

/*
 * A server with something on record about a server that stays, while it is itself to go, although
 * it could be asked: those words would be lost. `kept[i]`: the number that server i of the new list
 * of `n` has now, or MCP__NO_SERVER. 1: there is one; `*witness` has words about `*missed`.
 */
int mcp__move_loses_record(const mcp__engine *from, const uint32_t *kept, uint32_t n,
                           uint32_t *witness, uint32_t *missed);

/*
 * No operation and no job of `from` may be left. `kept` as above, for the servers of `to`, of which
 * nothing has been asked yet. Afterwards `from` can only be ended. With `is_same_record` 0 what was
 * read there means nothing for `to` (another prefix). Connections that stand go over; the sockets
 * are the caller's to move: those of servers whose link is OPEN in `to` afterwards.
 */
void mcp__move_servers(mcp__engine *to, mcp__engine *from, const uint32_t *kept, int is_same_record,
                       int64_t now_ms);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * share: mcp_pool, which lends clients to threads, see mcproxy/pool.h. The only room with locks:
 * one per pool, never held while a client is opened, closed or looked after, or anybody waits for a
 * server.
 *
 *     pool --owns--> hall --owns--> places --each owns--> a client, or nothing yet
 *                      |----owns--> list: options and pairing <--borrowed by-- every client
 *                      `----owns--> facts about the servers of the list
 *
 * share.c: opening, borrowing, returning, closing; share_hall: who has what; share_reload.c: another
 * list. An old list is freed with the last client that has left it.
 */
#ifndef MCPROXY_API_SHARE_H
#define MCPROXY_API_SHARE_H

#include "api/share_hall.h"
#include "mcproxy/pool.h"

struct mcp_pool {
    mcp__mem mem;
    _Atomic(mcp__hall *) hall;
};

/* Locks the hall. NULL: no memory for a child's own one. */
mcp__hall *mcp__share_enter(mcp_pool *pool);
/* Unlocks it. Whoever is the last one to leave a closed pool frees it. */
void mcp__share_leave(mcp_pool *pool, mcp__hall *hall);

/* ---- the lock is held; while servers are waited for it is not ---- */

/* What the place's client knows, the pool knows; whether it leaves work behind. */
void mcp__share_take_facts(mcp__hall *hall, mcp__place *place);
/* A client that nobody has borrowed and nobody looks after any more: closed, idle or kept back. */
void mcp__share_settle(mcp_pool *pool, mcp__hall *hall, mcp__place *place);

/*
 * Brings a client, which is taken, to the hall's list. MCP_OK: it is there; MCP_REFUSED: it may not
 * leave its list yet; else it cannot be used any more but for closing it.
 */
mcp_status mcp__share_renew(mcp_pool *pool, mcp__hall *hall, mcp__place *place);
/* Frees a list that nobody has any more. */
void mcp__share_drop(mcp_pool *pool, mcp__hall *hall, mcp__share_list *list);

#endif

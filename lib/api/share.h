/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * share: mcp_pool, which lends clients to threads, see mcproxy/pool.h. The only room with locks:
 * one per pool, never held while a client is opened, closed or looked after, or anybody waits for a
 * server.
 *
 *     pool --owns--> config, pairing <--borrowed by-- every client
 *        `--owns---> hall --owns--> places --each owns--> a client, or nothing yet
 *                      `----owns--> facts about the servers
 */
#ifndef MCPROXY_API_SHARE_H
#define MCPROXY_API_SHARE_H

#include "api/share_hall.h"
#include "mcproxy/pool.h"

struct mcp_pool {
    mcp__mem mem;
    mcp__config config;
    mcp__pairing *pairing;
    _Atomic(mcp__hall *) hall;
};

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map: key -> index in one list of servers, by any distribution. Pure: built once from a spec, then
 * only read, so a lookup needs no lock and costs the same with 3 and with 1000 servers. Two maps
 * (primaries and backups) of one client are built with the same place_spec, so a key is hashed once
 * for both.
 *
 * Life: mcp__map_new, any number of lookups, mcp__map_free. The map copies what it needs.
 */
#ifndef MCPROXY_PLACE_MAP_H
#define MCPROXY_PLACE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "place/spec.h"

/* More servers than that no map can number. */
#define MCP__MAP_MOST_SERVERS 65534u

/* pecl-memcache's max_failover_attempts, as it comes. */
#define MCP__MAP_PROBES 20u

/* No such server. */
#define MCP__MAP_NONE UINT32_MAX

typedef struct mcp__map mcp__map;

/*
 * NULL with the reason in `err` (MCP_BAD_ARGUMENT: the wish contradicts itself or needs more than
 * 16 million points; MCP_NO_MEMORY). n >= 1. `mem` must outlive the map.
 */
mcp__map *mcp__map_new(const mcp__mem *mem, const mcp__place_spec *place,
                       const mcp__server_spec *servers, size_t n, mcp__err *err);
/* NULL is allowed. */
void mcp__map_free(mcp__map *map);

/*
 * The hash of a key (or group key) as this map uses it: 32 bits in the low half, or, for native,
 * the 64 of XXH3. (magent-ketama puts the plain hash into the high half where the low one is 0.)
 * The hash tag is not looked at here.
 */
uint64_t mcp__map_hash(const mcp__map *map, const void *key, size_t key_len);

/* Index in the list the map was built from. `hash` from any map with the same place_spec. */
uint32_t mcp__map_find(const mcp__map *map, uint64_t hash);

/*
 * The next server in the order of a hash: successors on the ring, following buckets, or the next
 * index. The first whose `address` (one number per server of the list) differs from that of
 * mcp__map_find()'s; MCP__MAP_NONE when all are equal. Not for native, whose order is not kept.
 */
uint32_t mcp__map_next(const mcp__map *map, uint64_t hash, const uint32_t *address);

/* native: the owners of all slots, see place/native.h; NULL for the others. */
const uint16_t *mcp__map_slots(const mcp__map *map);

/* The `attempt`-th probe server of pecl-memcache, from 0: where `key-ATTEMPT` lives. */
uint32_t mcp__map_probe(const mcp__map *map, const void *key, size_t key_len, uint32_t attempt);

/*
 * pecl-memcache's failover: the first probe server from *attempt on that is not refused (`refused`
 * has one byte per server; 0: acceptable). *attempt is moved behind it, for another go.
 * MCP__MAP_NONE when MCP__MAP_PROBES attempts are used up.
 */
uint32_t mcp__map_failover(const mcp__map *map, const void *key, size_t key_len,
                           const uint8_t *refused, uint32_t *attempt);

/*
 * memcache.redundancy=2: the first probe server that is not `primary`; `primary` itself where
 * MCP__MAP_PROBES attempts find no other (so does that extension: there is no second copy then).
 */
uint32_t mcp__map_redundant(const mcp__map *map, const void *key, size_t key_len, uint32_t primary);

#endif

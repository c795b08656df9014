/* SPDX-License-Identifier: BSD-3-Clause */
#include "place/map.h"

#include <string.h>

#include "place/compat.h"
#include "place/hash.h"
#include "place/native.h"
#include "place/ring.h"

/* A wire key or a prepared one, a dash and a number. Longer group keys are cut, as theirs are. */
#define PROBE_KEY_MAX (MCP_KEY_MAX + 12)

struct mcp__map {
    const mcp__mem *mem;
    mcp__distribution distribution;
    mcp__hash hash; /* ready for mcp__hash_compute */
    uint32_t n;
    uint16_t *slots;    /* native: of the table; memcache-*: of the buckets */
    uint32_t n_buckets; /* memcache-* */
    mcp__ring ring;     /* the others, but modula, magent and n = 1 */
};

static mcp_status
build_native(mcp__map *map, const mcp__server_spec *servers, mcp__err *err)
{
    map->slots = mcp__mem_new(map->mem, MCP__NATIVE_SLOTS * sizeof *map->slots);
    if (map->slots == NULL || !mcp__native_fill(map->mem, servers, map->n, NULL, NULL, map->slots))
        return mcp__err_set(err, MCP_NO_MEMORY, "no memory for the table of placement");
    return MCP_OK;
}

static mcp_status
build(mcp__map *map, const mcp__place_spec *place, const mcp__server_spec *servers, mcp__err *err)
{
    mcp__place_spec resolved = *place;
    mcp_status status = mcp__compat_hash(place, &map->hash, err);
    resolved.hash = map->hash;
    if (status != MCP_OK)
        return status;
    switch (place->distribution) {
    case MCP__NATIVE:
        return build_native(map, servers, err);
    case MCP__MODULA:
    case MCP__MAGENT:
        return MCP_OK;
    case MCP__MEMCACHE_STANDARD:
    case MCP__MEMCACHE_CONSISTENT:
        return mcp__compat_buckets(map->mem, &resolved, servers, map->n, &map->slots,
                                   &map->n_buckets, err);
    case MCP__CONSISTENT:
    case MCP__CONSISTENT_HASH_AFTER:
    case MCP__KETAMA_WEIGHTED:
    case MCP__KETAMA_SPY:
    case MCP__KETAMA_WEIGHTED_SPY:
    case MCP__MAGENT_KETAMA:
    case MCP__TWEMPROXY:
        break;
    }
    if (map->n == 1)
        return MCP_OK;
    return mcp__compat_ring(&map->ring, map->mem, &resolved, servers, map->n, err);
}

mcp__map *
mcp__map_new(const mcp__mem *mem, const mcp__place_spec *place, const mcp__server_spec *servers,
             size_t n, mcp__err *err)
{
    if (n < 1 || n > MCP__MAP_MOST_SERVERS) {
        mcp__err_set(err, MCP_BAD_ARGUMENT, "%zu servers; 1 to %u are possible", n,
                     MCP__MAP_MOST_SERVERS);
        return NULL;
    }
    mcp__map *map = mcp__mem_new_zeroed(mem, 1, sizeof *map);
    if (map == NULL) {
        mcp__err_set(err, MCP_NO_MEMORY, "no memory for a placement");
        return NULL;
    }
    map->mem = mem;
    map->distribution = place->distribution;
    map->n = (uint32_t)n;
    if (build(map, place, servers, err) != MCP_OK) {
        mcp__map_free(map);
        return NULL;
    }
    return map;
}

void
mcp__map_free(mcp__map *map)
{
    if (map == NULL)
        return;
    mcp__ring_fini(&map->ring);
    mcp__mem_free(map->mem, map->slots);
    mcp__mem_free(map->mem, map);
}

static uint64_t
magent_ketama_hash(const void *key, size_t key_len)
{
    uint32_t hash = mcp__hash_compute(MCP__HASH_MD5, key, key_len);
    return hash != 0 ? hash : (uint64_t)mcp__hash_djb2(key, key_len) << 32;
}

uint64_t
mcp__map_hash(const mcp__map *map, const void *key, size_t key_len)
{
    if (map->distribution == MCP__NATIVE)
        return mcp__hash_xxh3(key, key_len);
    if (map->distribution == MCP__MAGENT)
        return mcp__hash_djb2(key, key_len);
    if (map->distribution == MCP__MAGENT_KETAMA)
        return magent_ketama_hash(key, key_len);
    return mcp__hash_compute(map->hash, key, key_len);
}

static inline uint32_t
standard_bucket(const mcp__map *map, uint32_t hash)
{
    uint32_t h = hash >> 16 & 0x7fff;
    return (h != 0 ? h : 1) % map->n_buckets;
}

/* magent 0.7 takes the plain rule where its ring hash is 0. */
static inline int
is_plain(const mcp__map *map, uint64_t hash)
{
    return map->distribution == MCP__MAGENT_KETAMA && (uint32_t)hash == 0;
}

uint32_t
mcp__map_find(const mcp__map *map, uint64_t hash)
{
    uint32_t low = (uint32_t)hash;
    if (map->n == 1)
        return 0;
    switch (map->distribution) {
    case MCP__NATIVE:
        return map->slots[mcp__native_slot(hash)];
    case MCP__MODULA:
    case MCP__MAGENT:
        return low % map->n;
    case MCP__MEMCACHE_STANDARD:
        return map->slots[standard_bucket(map, low)];
    case MCP__MEMCACHE_CONSISTENT:
        return map->slots[low % MCP__COMPAT_BUCKETS];
    default:
        if (is_plain(map, hash))
            return (uint32_t)(hash >> 32) % map->n;
        return mcp__ring_find(&map->ring, low);
    }
}

/* The first of `owners` behind `at`, going round, that has another address than owners[at]. */
static uint32_t
next_owner(const uint16_t *owners, uint32_t n, uint32_t at, const uint32_t *address)
{
    for (uint32_t step = 1; step < n; step++) {
        uint32_t i = at + step < n ? at + step : at + step - n;
        if (address[owners[i]] != address[owners[at]])
            return owners[i];
    }
    return MCP__MAP_NONE;
}

static uint32_t
next_index(uint32_t n, uint32_t at, const uint32_t *address)
{
    for (uint32_t step = 1; step < n; step++) {
        uint32_t i = at + step < n ? at + step : at + step - n;
        if (address[i] != address[at])
            return i;
    }
    return MCP__MAP_NONE;
}

uint32_t
mcp__map_next(const mcp__map *map, uint64_t hash, const uint32_t *address)
{
    uint32_t low = (uint32_t)hash;
    if (map->n == 1)
        return MCP__MAP_NONE;
    switch (map->distribution) {
    case MCP__NATIVE:
    case MCP__MODULA:
    case MCP__MAGENT:
        return next_index(map->n, mcp__map_find(map, hash), address);
    case MCP__MEMCACHE_STANDARD:
        return next_owner(map->slots, map->n_buckets, standard_bucket(map, low), address);
    case MCP__MEMCACHE_CONSISTENT:
        return next_owner(map->slots, map->n_buckets, low % MCP__COMPAT_BUCKETS, address);
    default:
        if (is_plain(map, hash))
            return next_index(map->n, mcp__map_find(map, hash), address);
        return next_owner(map->ring.owners, map->ring.n, mcp__ring_position(&map->ring, low),
                          address);
    }
}

const uint16_t *
mcp__map_slots(const mcp__map *map)
{
    return map->distribution == MCP__NATIVE ? map->slots : NULL;
}

uint32_t
mcp__map_probe(const mcp__map *map, const void *key, size_t key_len, uint32_t attempt)
{
    char probe[PROBE_KEY_MAX];
    size_t len = key_len < MCP_KEY_MAX ? key_len : MCP_KEY_MAX;
    memcpy(probe, key, len);
    probe[len++] = '-';
    if (attempt >= 10)
        probe[len++] = (char)('0' + attempt / 10 % 10);
    probe[len++] = (char)('0' + attempt % 10);
    return mcp__map_find(map, mcp__map_hash(map, probe, len));
}

uint32_t
mcp__map_failover(const mcp__map *map, const void *key, size_t key_len, const uint8_t *refused,
                  uint32_t *attempt)
{
    while (*attempt < MCP__MAP_PROBES) {
        uint32_t found = mcp__map_probe(map, key, key_len, (*attempt)++);
        if (!refused[found])
            return found;
    }
    return MCP__MAP_NONE;
}

uint32_t
mcp__map_redundant(const mcp__map *map, const void *key, size_t key_len, uint32_t primary)
{
    uint32_t found = primary;
    for (uint32_t attempt = 0; found == primary && attempt < MCP__MAP_PROBES; attempt++)
        found = mcp__map_probe(map, key, key_len, attempt);
    return found;
}

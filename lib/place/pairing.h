/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pairing: key -> the two servers that hold it. Pure: built once, then only read; a lookup takes
 * no lock and no memory and costs the same with 3 and with 1000 servers.
 *
 * Server numbers: the primaries are 0 .. n_primaries-1 in the order given, the backups follow.
 *
 * Rules, whatever the distribution:
 *   - A `hash_tag` of two characters: what stands between the first of them and the next of the
 *     second is hashed instead of the key; nothing between them, or one of them missing: the key.
 *   - mirror=backup: the backup is placed by the same rule over the backup list. Where it has the
 *     primary's address, the next backup on the list with another address is taken.
 *   - mirror=next: the next primary in the key's own order with another address: rendezvous rank
 *     for native, ring successor, next bucket for memcache-*, index + 1 for modula and magent.
 *   - mirror=probe: the first of hash(`key-0`), hash(`key-1`) ... `key-19` with another address.
 *   - Where there is no such server the key has one copy.
 *
 * Life: mcp__pairing_new, any number of lookups, mcp__pairing_free. It copies what it needs.
 */
#ifndef MCPROXY_PLACE_PAIRING_H
#define MCPROXY_PLACE_PAIRING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "place/hash.h"
#include "place/map.h"
#include "place/native.h"
#include "place/spec.h"

#define MCP__NO_SERVER UINT32_MAX

/* Server numbers of one key; backup MCP__NO_SERVER: the key has one copy. */
typedef struct mcp__pair {
    uint32_t primary;
    uint32_t backup;
} mcp__pair;

/* Shown for the look-up below alone. */
typedef struct mcp__pairing {
    const uint16_t *first; /* native: primary of each slot ... */
    uint16_t *second;      /* ... and its second copy's server number; NULL: it has none */
    char tag[2];
    uint8_t has_tag;
    uint8_t is_native; /* `first` and `second` say it all */
    uint8_t is_short;  /* and there is no tag */
    mcp__mirror mirror;
    uint32_t n_primaries;
    uint32_t n_backups;
    mcp__map *primaries;
    mcp__map *backups;     /* NULL: none, or `second` */
    uint32_t *address;     /* of each server: the same number for the same address */
    uint32_t *next_backup; /* of each backup: the next on the list with another address */
    int distinct;          /* the primaries have at least two addresses */
    const mcp__mem *mem;
} mcp__pairing;

/*
 * `servers`: the primaries, then the backups; n_primaries >= 1. With MCP__MIRROR_BACKUP and no
 * backups every key has one copy; with any other mirror the backups get numbers but no keys.
 * NULL with the reason in `err` (MCP_BAD_ARGUMENT: the wish contradicts itself; MCP_NO_MEMORY).
 * `mem` must outlive the pairing.
 */
mcp__pairing *mcp__pairing_new(const mcp__mem *mem, const mcp__place_spec *place,
                               mcp__mirror mirror, const mcp__server_spec *servers,
                               size_t n_primaries, size_t n_backups, mcp__err *err);
/* NULL is allowed. */
void mcp__pairing_free(mcp__pairing *pairing);

static inline mcp__pair
mcp__pairing_of_slot(const mcp__pairing *pairing, uint32_t slot)
{
    uint32_t second = pairing->second != NULL ? pairing->second[slot] : MCP__NATIVE_NONE;
    return (mcp__pair){pairing->first[slot], second != MCP__NATIVE_NONE ? second : MCP__NO_SERVER};
}

mcp__pair mcp__pairing_find_slowly(const mcp__pairing *pairing, const void *key, size_t key_len);

/* Where a key lives. `key`: the group key if there is one, else the key without its namespace. */
static inline mcp__pair
mcp__pairing_find(const mcp__pairing *pairing, const void *key, size_t key_len)
{
    return pairing->is_short
               ? mcp__pairing_of_slot(pairing, mcp__native_slot(mcp__hash_xxh3(key, key_len)))
               : mcp__pairing_find_slowly(pairing, key, key_len);
}

/*
 * The same in two halves, for who looks up many: the tables are half a megabyte each, and what
 * stands there for the next keys is fetched while the last ones are worked on. First where in them
 * (0 where a key is not found that way), then what stands there.
 */
static inline uint32_t
mcp__pairing_foresee(const mcp__pairing *pairing, const void *key, size_t key_len)
{
    if (!pairing->is_short)
        return 0;
    uint32_t slot = mcp__native_slot(mcp__hash_xxh3(key, key_len));
    __builtin_prefetch(&pairing->first[slot]);
    if (pairing->second != NULL)
        __builtin_prefetch(&pairing->second[slot]);
    return slot;
}

static inline mcp__pair
mcp__pairing_find_at(const mcp__pairing *pairing, uint32_t slot, const void *key, size_t key_len)
{
    return pairing->is_short ? mcp__pairing_of_slot(pairing, slot)
                             : mcp__pairing_find_slowly(pairing, key, key_len);
}

/*
 * 32 bits of a key's hash that placement does not use, the same in every client and for every
 * distribution: the high half of XXH3-64 of all the bytes given (no hash tag).
 */
uint32_t mcp__pairing_hash_bits(const void *key, size_t key_len);

#endif

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
#include "place/spec.h"

#define MCP__NO_SERVER UINT32_MAX

/* Server numbers of one key; backup MCP__NO_SERVER: the key has one copy. */
typedef struct mcp__pair {
    uint32_t primary;
    uint32_t backup;
} mcp__pair;

typedef struct mcp__pairing mcp__pairing;

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

/* Where a key lives. `key`: the group key if there is one, else the key without its namespace. */
mcp__pair mcp__pairing_find(const mcp__pairing *pairing, const void *key, size_t key_len);

/*
 * 32 bits of a key's hash that placement does not use, the same in every client and for every
 * distribution: the high half of XXH3-64 of all the bytes given (no hash tag).
 */
uint32_t mcp__pairing_hash_bits(const void *key, size_t key_len);

#endif

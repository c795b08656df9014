/* SPDX-License-Identifier: BSD-3-Clause */
#include "place/pairing.h"

#include <string.h>


/* ---- Set-up ------------------------------------------------------------------------------- */

/* A number per address: the first server that has it. `seen` is an open hash table of them. */
static void
number_addresses(uint32_t *address, uint32_t *seen, size_t mask, const mcp__server_spec *servers,
                 size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *text = servers[i].address;
        size_t at = mcp__hash_xxh3(text, strlen(text)) & mask;
        while (seen[at] != 0 && strcmp(servers[seen[at] - 1].address, text) != 0)
            at = (at + 1) & mask;
        if (seen[at] == 0)
            seen[at] = (uint32_t)i + 1;
        address[i] = seen[at] - 1;
    }
}

static int
set_addresses(mcp__pairing *p, const mcp__server_spec *servers)
{
    size_t n = (size_t)p->n_primaries + p->n_backups, size = 4;
    while (size < 2 * n)
        size *= 2;
    p->address = mcp__mem_new_zeroed(p->mem, n, sizeof *p->address);
    uint32_t *seen = mcp__mem_new_zeroed(p->mem, size, sizeof *seen);
    if (p->address != NULL && seen != NULL)
        number_addresses(p->address, seen, size - 1, servers, n);
    int done = p->address != NULL && seen != NULL;
    mcp__mem_free(p->mem, seen);
    for (uint32_t i = 1; done && i < p->n_primaries; i++)
        p->distinct |= p->address[i] != p->address[0];
    return done;
}

/* The run of equal addresses that a backup stands in ends where the next distinct one begins. */
static int
set_next_backups(mcp__pairing *p)
{
    uint32_t n = p->n_backups;
    const uint32_t *address = p->address + p->n_primaries;
    uint32_t next = MCP__NO_SERVER;
    p->next_backup = mcp__mem_new_zeroed(p->mem, n, sizeof *p->next_backup);
    if (p->next_backup == NULL)
        return 0;
    /* Backwards, twice around, so that the last ones know of the first. */
    for (uint32_t step = 2 * n; step > 0; step--) {
        uint32_t i = (step - 1) % n, after = step % n;
        if (address[after] != address[i])
            next = after;
        p->next_backup[i] = next;
    }
    return 1;
}

/* Backup `index`, unless that is the primary itself: then the next distinct one. */
static inline uint32_t
backup_beside(const mcp__pairing *p, uint32_t primary, uint32_t index)
{
    if (p->address[p->n_primaries + index] == p->address[primary])
        index = p->next_backup[index];
    return index == MCP__NO_SERVER ? MCP__NO_SERVER : p->n_primaries + index;
}

/* native: what stands in `second` are backups' indices; make them server numbers. */
static void
settle_backups(mcp__pairing *p)
{
    for (uint32_t slot = 0; slot < MCP__NATIVE_SLOTS; slot++)
        p->second[slot] = (uint16_t)backup_beside(p, p->first[slot], p->second[slot]);
}

static int
fill_second(mcp__pairing *p, const mcp__server_spec *servers)
{
    p->second = mcp__mem_new(p->mem, MCP__NATIVE_SLOTS * sizeof *p->second);
    if (p->second == NULL)
        return 0;
    if (p->mirror == MCP__MIRROR_NEXT)
        return mcp__native_fill(p->mem, servers, p->n_primaries, p->address, p->first, p->second);
    if (!mcp__native_fill(p->mem, servers + p->n_primaries, p->n_backups, NULL, NULL, p->second))
        return 0;
    settle_backups(p);
    return 1;
}

static mcp_status
set_mirror(mcp__pairing *p, const mcp__place_spec *place, const mcp__server_spec *servers,
           mcp__err *err)
{
    int done = set_addresses(p, servers);
    int native = p->first != NULL;
    if (done && p->mirror == MCP__MIRROR_BACKUP)
        done = set_next_backups(p);
    if (done && native && p->mirror != MCP__MIRROR_PROBE)
        done = fill_second(p, servers);
    if (!done)
        return mcp__err_set(err, MCP_NO_MEMORY, "no memory for a placement");
    if (p->mirror != MCP__MIRROR_BACKUP || native)
        return MCP_OK;
    p->backups = mcp__map_new(p->mem, place, servers + p->n_primaries, p->n_backups, err);
    return p->backups != NULL ? MCP_OK : err->status;
}

static mcp_status
build(mcp__pairing *p, const mcp__place_spec *place, const mcp__server_spec *servers, mcp__err *err)
{
    p->primaries = mcp__map_new(p->mem, place, servers, p->n_primaries, err);
    if (p->primaries == NULL)
        return err->status;
    p->first = mcp__map_slots(p->primaries);
    p->is_native = p->first != NULL && p->mirror != MCP__MIRROR_PROBE;
    p->is_short = p->is_native && !p->has_tag;
    return p->mirror == MCP__MIRROR_OFF ? MCP_OK : set_mirror(p, place, servers, err);
}

mcp__pairing *
mcp__pairing_new(const mcp__mem *mem, const mcp__place_spec *place, mcp__mirror mirror,
                 const mcp__server_spec *servers, size_t n_primaries, size_t n_backups,
                 mcp__err *err)
{
    if (n_primaries < 1 || n_primaries > MCP__MAP_MOST_SERVERS ||
        n_backups > MCP__MAP_MOST_SERVERS - n_primaries) {
        mcp__err_set(err, MCP_BAD_ARGUMENT, "%zu servers and %zu backups; 1 to %u are possible",
                     n_primaries, n_backups, MCP__MAP_MOST_SERVERS);
        return NULL;
    }
    mcp__pairing *p = mcp__mem_new_zeroed(mem, 1, sizeof *p);
    if (p == NULL) {
        mcp__err_set(err, MCP_NO_MEMORY, "no memory for a placement");
        return NULL;
    }
    p->mem = mem;
    p->mirror = mirror == MCP__MIRROR_BACKUP && n_backups == 0 ? MCP__MIRROR_OFF : mirror;
    p->n_primaries = (uint32_t)n_primaries;
    p->n_backups = (uint32_t)n_backups;
    memcpy(p->tag, place->hash_tag, sizeof p->tag);
    p->has_tag = p->tag[0] != '\0';
    if (build(p, place, servers, err) != MCP_OK) {
        mcp__pairing_free(p);
        return NULL;
    }
    return p;
}

void
mcp__pairing_free(mcp__pairing *p)
{
    if (p == NULL)
        return;
    mcp__map_free(p->primaries);
    mcp__map_free(p->backups);
    mcp__mem_free(p->mem, p->second);
    mcp__mem_free(p->mem, p->address);
    mcp__mem_free(p->mem, p->next_backup);
    mcp__mem_free(p->mem, p);
}

/* ---- Look-up ------------------------------------------------------------------------------ */

static uint32_t
probe_beside(const mcp__pairing *p, const void *key, size_t key_len, uint32_t primary)
{
    for (uint32_t attempt = 0; p->distinct && attempt < MCP__MAP_PROBES; attempt++) {
        uint32_t found = mcp__map_probe(p->primaries, key, key_len, attempt);
        if (p->address[found] != p->address[primary])
            return found;
    }
    return MCP__NO_SERVER;
}

static uint32_t
second_of(const mcp__pairing *p, const void *key, size_t key_len, uint64_t hash, uint32_t primary)
{
    switch (p->mirror) {
    case MCP__MIRROR_BACKUP:
        return backup_beside(p, primary, mcp__map_find(p->backups, hash));
    case MCP__MIRROR_NEXT:
        return p->distinct ? mcp__map_next(p->primaries, hash, p->address) : MCP__NO_SERVER;
    case MCP__MIRROR_PROBE:
        return probe_beside(p, key, key_len, primary);
    case MCP__MIRROR_OFF:
        break;
    }
    return MCP__NO_SERVER;
}

mcp__pair
mcp__pairing_find_slowly(const mcp__pairing *p, const void *key, size_t key_len)
{
    if (p->has_tag)
        key = mcp__hash_tagged(p->tag, key, &key_len);
    if (p->is_native)
        return mcp__pairing_of_slot(p, mcp__native_slot(mcp__hash_xxh3(key, key_len)));
    uint64_t hash = mcp__map_hash(p->primaries, key, key_len);
    uint32_t primary = mcp__map_find(p->primaries, hash);
    return (mcp__pair){primary, second_of(p, key, key_len, hash, primary)};
}

uint32_t
mcp__pairing_hash_bits(const void *key, size_t key_len)
{
    return (uint32_t)(mcp__hash_xxh3(key, key_len) >> 32);
}

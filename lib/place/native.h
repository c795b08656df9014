/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * native: our own placement, as a table of 245,760 slots. The low 32 bits of a key's XXH3-64
 * tell its slot; the owner of a slot is found by weighted rendezvous hashing: every server ranks
 * all slots, from its name alone, and a slot belongs to the server that ranks it best.
 *
 * So the order of the servers does not matter, a new server takes slots and gives none away to
 * others, and a server that leaves gives up only its own. docs/placement.md has the arithmetic and
 * the figures.
 */
#ifndef MCPROXY_PLACE_NATIVE_H
#define MCPROXY_PLACE_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "place/spec.h"

#define MCP__NATIVE_SLOTS 245760u        /* 480 x 512: two tables stay below 1,000,000 bytes */
#define MCP__NATIVE_NONE 0xffffu         /* no server owns the slot */
#define MCP__NATIVE_MOST_SERVERS 0xfffeu /* what a slot can hold */

/*
 * Fills `slots` (MCP__NATIVE_SLOTS entries, the caller's) with indices into `servers`.
 *
 * With `taken` (a table filled before from the same list) each slot gets the best server whose
 * address differs from that of its owner in `taken`; `address` then holds one number per server,
 * the same for the same address. Where there is none the slot gets MCP__NATIVE_NONE.
 *
 * 1 <= n <= MCP__NATIVE_MOST_SERVERS; names differ. Takes 0.25 MB more while it works. Returns
 * 0 when there is no memory, else 1.
 */
int mcp__native_fill(const mcp__mem *mem, const mcp__server_spec *servers, size_t n,
                     const uint32_t *address, const uint16_t *taken, uint16_t *slots);

static inline uint32_t
mcp__native_slot(uint64_t hash)
{
    return (uint32_t)((hash & UINT32_MAX) * MCP__NATIVE_SLOTS >> 32);
}

#endif

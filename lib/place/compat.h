/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compat: where other clients put their points. It knows the labels, the numbers of points and the
 * arithmetic of libmemcached 1.1.4, pecl-memcache, magent 0.7 and twemproxy 0.5, bit for bit;
 * docs/placement.md has the rules.
 */
#ifndef MCPROXY_PLACE_COMPAT_H
#define MCPROXY_PLACE_COMPAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "place/ring.h"
#include "place/spec.h"

/* A wish for more points than this is taken for a mistake. */
#define MCP__COMPAT_MOST_POINTS 16000000u

/* Buckets of memcache-consistent. */
#define MCP__COMPAT_BUCKETS 1024u

/* The word that stands for it in the options. */
const char *mcp__compat_name(mcp__distribution distribution);

/*
 * The key hash of a placement, ready for mcp__hash_compute: never DEFAULT, and with the meaning
 * that the old client gives to its names. MCP_BAD_ARGUMENT when the placement does not use it.
 * Not for native and magent, which have hashes of their own: 0 (MCP__HASH_DEFAULT) for those.
 */
mcp_status mcp__compat_hash(const mcp__place_spec *place, mcp__hash *hash, mcp__err *err);

/*
 * The ring of a placement that has one: consistent, consistent-hash-after, ketama-weighted,
 * ketama-spy, ketama-weighted-spy, magent-ketama, twemproxy. MCP_OK, MCP_BAD_ARGUMENT or
 * MCP_NO_MEMORY; the caller calls mcp__ring_fini in any case.
 */
mcp_status mcp__compat_ring(mcp__ring *ring, const mcp__mem *mem, const mcp__place_spec *place,
                            const mcp__server_spec *servers, size_t n, mcp__err *err);

/* The buckets of memcache-standard or memcache-consistent, the caller's to free; their number. */
mcp_status mcp__compat_buckets(const mcp__mem *mem, const mcp__place_spec *place,
                               const mcp__server_spec *servers, size_t n, uint16_t **buckets,
                               uint32_t *n_buckets, mcp__err *err);

#endif

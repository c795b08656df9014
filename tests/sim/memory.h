/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory: an allocator that counts, and that can fail when told to. What is still counted at the
 * end of a world has leaked.
 */
#ifndef MCPROXY_SIM_MEMORY_H
#define MCPROXY_SIM_MEMORY_H

#include <stdint.h>

#include "base/mem.h"

typedef struct sim_memory {
    int64_t n_blocks;    /* not given back yet */
    uint64_t n_asked;    /* allocations and growths asked for, failed ones too */
    uint64_t fail_at;    /* the one that fails, counted from 1; 0: none */
    int fails_from_then; /* and all later ones */
    uint64_t n_failed;
} sim_memory;

/* `memory` must outlive whatever uses the allocator. */
mcp__mem sim_memory_allocator(sim_memory *memory);

#endif

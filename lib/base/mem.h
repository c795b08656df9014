/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem: the one place that allocates. Every room below api/ that needs memory is handed one of
 * these at its birth; it remembers it and gives back through it. Sizes are known to the caller, so
 * nothing is stored in front of a block.
 */
#ifndef MCPROXY_BASE_MEM_H
#define MCPROXY_BASE_MEM_H

#include <stddef.h>

#include "mcproxy/mcproxy.h"

typedef mcp_allocator mcp__mem;

/* malloc, realloc and free. */
mcp__mem mcp__mem_system(void);

/* NULL when there is none to be had. Size 0 is allowed and gives a block. */
void *mcp__mem_new(const mcp__mem *mem, size_t size);
/* The same, filled with zeros; NULL, too, when n * size overflows. */
void *mcp__mem_new_zeroed(const mcp__mem *mem, size_t n, size_t size);
/* NULL leaves `old` as it was. */
void *mcp__mem_resize(const mcp__mem *mem, void *old, size_t size);
/* NULL is allowed. */
void mcp__mem_free(const mcp__mem *mem, void *block);
/* A copy with a NUL behind it. */
char *mcp__mem_text(const mcp__mem *mem, const char *text, size_t len);

#endif

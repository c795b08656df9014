/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * view: what is known about the two servers of a pair when an operation starts, and whom it makes
 * the authority: the copy that decides and answers. Today the view is health alone; that a server
 * missed writes (its mark stands on the other one) will be said here, too, and nowhere else.
 */
#ifndef MCPROXY_PAIR_VIEW_H
#define MCPROXY_PAIR_VIEW_H

#include <stdint.h>

/* The two copies of a key; also the index into everything that exists twice. */
#define MCP__PRIMARY 0
#define MCP__BACKUP 1

typedef struct mcp__view {
    uint8_t exists[2];    /* the pair has this copy */
    uint8_t is_usable[2]; /* it exists, and nothing speaks against asking it */
} mcp__view;

/*
 * The copy to ask first: the primary, unless only the backup is usable. When neither is, the
 * primary all the same: one of them may have come back, and asking is the only way to know.
 */
static inline int
mcp__view_authority(const mcp__view *view)
{
    return !view->is_usable[MCP__PRIMARY] && view->is_usable[MCP__BACKUP] ? MCP__BACKUP
                                                                          : MCP__PRIMARY;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * view: what is known about the two servers of a pair when an operation takes its next step, and
 * whom it makes the authority: the copy that decides and answers. It is drawn from the servers'
 * health and from their ledgers, each of which tells about the other one.
 */
#ifndef MCPROXY_PAIR_VIEW_H
#define MCPROXY_PAIR_VIEW_H

#include <stdint.h>

#include "pair/ledger.h"

/* The two copies of a key; also the index into everything that exists twice. */
#define MCP__PRIMARY 0
#define MCP__BACKUP 1

typedef struct mcp__view {
    uint8_t exists[2];     /* the pair has this copy */
    uint8_t is_usable[2];  /* it exists, and nothing speaks against asking it */
    uint8_t stands[2];     /* it missed writes: the other one says so */
    uint8_t is_cold[2];    /* it came back empty and is being filled */
    uint8_t is_unheard[2]; /* away, and not tried since the other one was away itself */
} mcp__view;

/* `stands` and `is_cold` from the two ledgers; NULL: that copy does not exist. */
static inline void
mcp__view_read(mcp__view *view, const mcp__ledger *primary, const mcp__ledger *backup)
{
    view->stands[MCP__PRIMARY] = (uint8_t)mcp__ledger_lists(backup, primary->id8);
    view->stands[MCP__BACKUP] = (uint8_t)mcp__ledger_lists(primary, backup->id8);
    view->is_cold[MCP__PRIMARY] = primary->epoch == MCP__EPOCH_WARMING;
    view->is_cold[MCP__BACKUP] = backup->epoch == MCP__EPOCH_WARMING;
}

/*
 * The copy to ask first: the primary, unless it stands, or only the backup is usable. When neither
 * is, the primary all the same: one of them may have come back, and asking is the only way to know.
 */
static inline int
mcp__view_authority(const mcp__view *view)
{
    if (view->stands[MCP__PRIMARY])
        return MCP__BACKUP;
    if (view->stands[MCP__BACKUP])
        return MCP__PRIMARY;
    return !view->is_usable[MCP__PRIMARY] && view->is_usable[MCP__BACKUP] ? MCP__BACKUP
                                                                          : MCP__PRIMARY;
}

/* Who decides a write: a server that is being filled does not know yet what exists. */
static inline int
mcp__view_decider(const mcp__view *view)
{
    int authority = mcp__view_authority(view);
    if (authority == MCP__PRIMARY && view->is_cold[MCP__PRIMARY] && !view->is_cold[MCP__BACKUP] &&
        view->is_usable[MCP__BACKUP] && !view->stands[MCP__BACKUP])
        return MCP__BACKUP;
    return authority;
}

/* Whether what this copy lacks or has may differ from the truth: it must not answer. */
static inline int
mcp__view_is_trusted(const mcp__view *view, int copy)
{
    return view->exists[copy] && !view->stands[copy];
}

#endif

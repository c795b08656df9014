/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * roster: the list of servers while it is being read, and the rules that a pool must keep: nobody
 * twice where that has no meaning, no name for two servers, no two servers that the marks on
 * record could not tell apart.
 *
 * Life: mcp__roster_init, adds in the order of the text, mcp__roster_check, then
 * mcp__roster_take, which hands the servers over; mcp__roster_fini in any case.
 */
#ifndef MCPROXY_API_ROSTER_H
#define MCPROXY_API_ROSTER_H

#include <stddef.h>
#include <stdint.h>

#include "api/address.h"
#include "api/words.h"
#include "base/err.h"
#include "base/mem.h"
#include "place/spec.h"

/* More servers than that are taken for a mistake. */
#define MCP__ROSTER_MAX 10000

typedef struct mcp__roster_entry {
    mcp__server_spec spec; /* its texts are owned */
    mcp__word_place place; /* the server or backup word */
    uint32_t name_id;      /* see mcp__marks_id8 */
    uint32_t address_id;
    uint8_t is_backup;
    uint8_t has_weight;
    uint8_t has_name;
} mcp__roster_entry;

typedef struct mcp__roster {
    mcp__roster_entry *entries; /* in the order of the text */
    size_t n;
    size_t capacity;
    size_t n_backups;
    const mcp__mem *mem;
} mcp__roster;

void mcp__roster_init(mcp__roster *roster, const mcp__mem *mem);
void mcp__roster_fini(mcp__roster *roster);

/* A server or backup word; `lenient`: weight 0 counts as 1, as in libmemcached. */
mcp_status mcp__roster_add(mcp__roster *roster, const mcp__word *word, int is_backup, int lenient,
                           mcp__err *err);
/* `weight=` and `name=`: of the last server added. */
mcp_status mcp__roster_weight(mcp__roster *roster, const mcp__word *word, mcp__err *err);
mcp_status mcp__roster_name(mcp__roster *roster, const mcp__word *word, mcp__err *err);

/* The rules of the whole list. `repeats`: the same address may stand in one list twice. */
mcp_status mcp__roster_check(mcp__roster *roster, int repeats, mcp__err *err);

/*
 * Hands over a block of servers, primaries first, which the caller frees text by text with
 * mcp__roster_release(). With `n_behind` the last of the roster stands behind them all, and is not
 * counted. The roster is empty afterwards. MCP_OK or MCP_NO_MEMORY.
 */
mcp_status mcp__roster_take(mcp__roster *roster, size_t n_behind, mcp__server_spec **servers, size_t *n_primaries,
                            size_t *n_backups, mcp__err *err);
/* Frees such a block; NULL is allowed. */
void mcp__roster_release(const mcp__mem *mem, mcp__server_spec *servers, size_t n);

#endif

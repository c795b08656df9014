/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inspect: what the servers of a stage hold, seen past the library: are both copies of every key
 * the same, or one missing; does any mark stand.
 */
#ifndef TESTS_PROMISE_INSPECT_H
#define TESTS_PROMISE_INSPECT_H

#include <stddef.h>
#include <stdint.h>

#include "history.h"
#include "keys.h"
#include "mcproxy/mcproxy.h"
#include "support/server.h"

enum { INSPECT_ABANDONED = 64 };

typedef struct inspect_site {
    server *servers[8]; /* by number, as the library counts them */
    int n_servers;
    mcp_location where[KEYS_ALL]; /* of each key */
    /* Writes that their clients died in: nobody was told that they were done, and one copy may have
     * one that the other lacks. */
    history_record abandoned[INSPECT_ABANDONED];
    int n_abandoned;
} inspect_site;

typedef struct inspect_found {
    uint64_t different;       /* both copies are there and differ */
    uint32_t first_different; /* of these, the first: its key, */
    uint64_t values[2];       /* and what stands on its primary and on its backup */
    uint64_t marks;           /* entries of marks on all servers */
    uint64_t statics;         /* static keys that are on their primary, where that is server 0 */
    size_t n_records; /* what stands where, as reads of the observer; from_backup tells which */
    history_record records[2 * KEYS_ALL];
} inspect_found;

/* Finds out where keys live; `options` as the clients have them. */
void inspect_locate(inspect_site *site, const char *options);

/* How many marks stand on a server. */
uint64_t inspect_marks(const server *s);

/* Looks at everything but fillers. Every server must answer. */
void inspect_look(const inspect_site *site, inspect_found *found);

#endif

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

enum { INSPECT_ABANDONED = 64, INSPECT_AT_ONCE = 500 };

/* What a server has under a key. */
typedef struct inspect_copy {
    int found; /* the stub of a lease is no copy */
    uint32_t flags;
    size_t len;
    long long ttl; /* seconds; -1: for ever */
    int64_t asked_us;
    char value[KEYS_VALUE_MAX];
} inspect_copy;

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

/*
 * What a server has under `n` keys (INSPECT_AT_ONCE at most) from `first` on; `name` writes a key's
 * name.
 */
void inspect_copies(const server *s, uint32_t first, uint32_t n,
                    size_t (*name)(char out[16], uint32_t key), inspect_copy *out);

/* Of two that were found: the same, but for how long they have yet to live. */
int inspect_is_same(const inspect_copy *a, const inspect_copy *b);

/* How many marks stand on a server. */
uint64_t inspect_marks(const server *s);

/* Looks at everything but fillers. Every server must answer. */
void inspect_look(const inspect_site *site, inspect_found *found);

#endif

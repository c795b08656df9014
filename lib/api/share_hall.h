/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hall of a pool: who has which client, who waits for one, and what is known of the servers.
 * Everything in it is guarded by its lock, and after each step it is such that a child which is
 * forked in that moment can make a hall of its own from it: `list` is always valid; of a place,
 * `client` and `list` are valid whenever `state` is IDLE or BEHIND, and nothing else is looked at.
 *
 *     place:  EMPTY --> OPENING --> LENT <--> IDLE <--> TENDED <--> BEHIND
 *               ^----------'         `----------`---------`---> EMPTY, when the pool is closed
 *
 * A pool may be given another list of servers (share_reload.c). Places whose client has another
 * `list` than the hall go over to the new one before they are lent again.
 */
#ifndef MCPROXY_API_SHARE_HALL_H
#define MCPROXY_API_SHARE_HALL_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/client.h"
#include "engine/facts.h"

typedef enum mcp__place_state {
    MCP__PLACE_EMPTY = 0,
    MCP__PLACE_OPENING, /* somebody opens its client */
    MCP__PLACE_IDLE,
    MCP__PLACE_LENT,
    MCP__PLACE_TENDED, /* idle, and looked after by somebody for a moment */
    MCP__PLACE_BEHIND, /* not lent: its client may not leave the old list yet */
} mcp__place_state;

/* What clients of one pool share; it does not change while anybody uses it. */
typedef struct mcp__share_list {
    mcp__config config;
    mcp__pairing *pairing;
} mcp__share_list;

typedef struct mcp__place {
    mcp_client *client;
    mcp__share_list *list;   /* its client's; NULL: nobody's */
    mcp__share_list *coming; /* the one that it is going over to */
    mcp_client *orphan; /* lent when the process forked: not ours to lend, but it may come back */
    mcp__share_list *orphan_list;
    struct mcp__place *next, *previous; /* idle, the last one returned first */
    int64_t tended_ms;
    atomic_int state;
    int is_needy; /* its client has work to do that nobody waits for */
} mcp__place;

typedef struct mcp__waiter {
    struct mcp__waiter *next, *previous;
    pthread_cond_t called;
    mcp__place *place; /* what it was given */
} mcp__waiter;

typedef struct mcp__hall {
    mcp__fork fork;
    pthread_mutex_t lock;
    mcp__clock clock;
    _Atomic(mcp__share_list *) list; /* what clients are opened with */
    mcp__place *places;
    size_t n_places;
    mcp__place *first_idle, *last_idle;
    mcp__waiter *first_waiter, *last_waiter;
    mcp__fact *facts; /* one per server of `list` */
    size_t n_open;   /* places that are not empty */
    size_t n_lent;   /* of these, with a borrower */
    size_t n_inside; /* threads that are in one of the pool's functions */
    size_t n_waiting;
    size_t n_needy; /* idle ones */
    size_t n_behind;
    uint64_t n_borrows, n_waits;
    int is_closed;
    struct mcp__hall *before; /* the parent's, as the fork found it */
} mcp__hall;

/* NULL: the reason is in `err`. */
mcp__share_list *mcp__hall_list_new(const mcp__mem *mem, const char *options, mcp__err *err);
void mcp__hall_list_free(const mcp__mem *mem, mcp__share_list *list);

/* One fact for each of its servers. NULL: no memory. */
mcp__fact *mcp__hall_facts_new(const mcp__mem *mem, const mcp__config *config);
void mcp__hall_facts_free(const mcp__mem *mem, mcp__fact *facts, const mcp__config *config);

/* NULL: no memory. The list stays the caller's. */
mcp__hall *mcp__hall_new(const mcp__mem *mem, mcp__share_list *list, size_t n_places);
/* In a child: one with the idle clients of `old`, which is kept behind it. */
mcp__hall *mcp__hall_after_fork(const mcp__mem *mem, mcp__hall *old);
/* Frees it and those before it. No client is closed, and no list freed. */
void mcp__hall_free(const mcp__mem *mem, mcp__hall *hall);

/* The lock is held, or nobody else is there. */
static inline mcp__share_list *
mcp__hall_list(const mcp__hall *hall)
{
    return atomic_load_explicit(&hall->list, memory_order_acquire);
}

/* ---- places; the lock is held ---- */

void mcp__hall_set(mcp__hall *hall, mcp__place *place, mcp__place_state state);
/* Takes an idle place off the list. */
void mcp__hall_take(mcp__hall *hall, mcp__place *place, mcp__place_state state);
/* Nobody needs it now: whoever waits longest gets it, else it becomes idle (or stays empty). */
void mcp__hall_pass_on(mcp__hall *hall, mcp__place *place);

/* Its client is not to be lent, nor to be seen as idle. */
void mcp__hall_put_behind(mcp__hall *hall, mcp__place *place);
/* Somebody looks after it. */
void mcp__hall_leave_behind(mcp__hall *hall, mcp__place *place);

/* The place of a client that is lent; NULL: it is not. */
mcp__place *mcp__hall_find(mcp__hall *hall, const mcp_client *client);

/* Waits until `until_ms` for a place, which is LENT, or OPENING if it has no client yet. NULL: none
 * in time, or the pool is closed. */
mcp__place *mcp__hall_wait(mcp__hall *hall, int64_t until_ms);
/* Calls everybody who waits: they find the pool closed. */
void mcp__hall_send_away(mcp__hall *hall);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/share_hall.h"

#include <string.h>
#include <time.h>

#include "pair/marks.h"

/* ---- life ---- */

static int
init_facts(mcp__hall *hall, const mcp__mem *mem, const mcp__config *config)
{
    size_t n = config->n_primaries + config->n_backups;
    hall->facts = mcp__mem_new_zeroed(mem, n, sizeof *hall->facts);
    if (hall->facts == NULL)
        return -1;
    hall->n_facts = n;
    for (size_t i = 0; i < n; i++) {
        const char *name = config->servers[i].name;
        mcp__fact_init(&hall->facts[i], mem, mcp__marks_id8(name, strlen(name)));
    }
    return 0;
}

mcp__hall *
mcp__hall_new(const mcp__mem *mem, const mcp__config *config, size_t n_places)
{
    mcp__hall *hall = mcp__mem_new_zeroed(mem, 1, sizeof *hall);
    if (hall == NULL)
        return NULL;
    hall->n_places = n_places;
    hall->places = mcp__mem_new_zeroed(mem, n_places, sizeof *hall->places);
    if (hall->places == NULL || init_facts(hall, mem, config) != 0)
        goto no_memory;
    if (pthread_mutex_init(&hall->lock, NULL) != 0)
        goto no_memory;
    for (size_t i = 0; i < n_places; i++)
        atomic_init(&hall->places[i].state, MCP__PLACE_EMPTY);
    mcp__clock_init(&hall->clock);
    mcp__fork_init(&hall->fork);
    return hall;

no_memory:
    mcp__mem_free(mem, hall->facts);
    mcp__mem_free(mem, hall->places);
    mcp__mem_free(mem, hall);
    return NULL;
}

static void
put_idle(mcp__hall *hall, mcp__place *place)
{
    place->previous = NULL;
    place->next = hall->first_idle;
    *(hall->first_idle != NULL ? &hall->first_idle->previous : &hall->last_idle) = place;
    hall->first_idle = place;
    hall->n_needy += place->is_needy != 0;
}

/*
 * Another thread may have been anywhere in the old hall when the process forked, so only what holds
 * in between its steps is used: the lists are made anew, and what was known of the servers is
 * found out anew.
 */
mcp__hall *
mcp__hall_after_fork(const mcp__mem *mem, const mcp__config *config, mcp__hall *old)
{
    mcp__hall *hall = mcp__hall_new(mem, config, old->n_places);
    if (hall == NULL)
        return NULL;
    for (size_t i = 0; i < old->n_places; i++) {
        mcp__place *place = &hall->places[i];
        int state = atomic_load_explicit(&old->places[i].state, memory_order_acquire);
        place->orphan = state == MCP__PLACE_LENT ? old->places[i].client : old->places[i].orphan;
        if (state != MCP__PLACE_IDLE)
            continue;
        place->client = old->places[i].client;
        hall->n_open++;
        mcp__hall_set(hall, place, MCP__PLACE_IDLE);
        put_idle(hall, place);
    }
    hall->before = old;
    return hall;
}

static void
free_one(const mcp__mem *mem, mcp__hall *hall)
{
    mcp__fork_fini(&hall->fork);
    mcp__mem_free(mem, hall->facts);
    mcp__mem_free(mem, hall->places);
    mcp__mem_free(mem, hall);
}

void
mcp__hall_free(const mcp__mem *mem, mcp__hall *hall)
{
    mcp__hall *before = hall->before;
    for (size_t i = 0; i < hall->n_facts; i++)
        mcp__fact_fini(&hall->facts[i]);
    pthread_mutex_destroy(&hall->lock);
    free_one(mem, hall);
    while (before != NULL) { /* somebody may seem to hold its lock, or to be writing its facts */
        mcp__hall *next = before->before;
        free_one(mem, before);
        before = next;
    }
}

/* ---- places ---- */

void
mcp__hall_set(mcp__hall *hall, mcp__place *place, mcp__place_state state)
{
    (void)hall;
    atomic_store_explicit(&place->state, state, memory_order_release);
}

void
mcp__hall_take(mcp__hall *hall, mcp__place *place, mcp__place_state state)
{
    mcp__hall_set(hall, place, state);
    *(place->previous != NULL ? &place->previous->next : &hall->first_idle) = place->next;
    *(place->next != NULL ? &place->next->previous : &hall->last_idle) = place->previous;
    hall->n_needy -= place->is_needy != 0;
}

static void
remove_waiter(mcp__hall *hall, mcp__waiter *waiter)
{
    *(waiter->previous != NULL ? &waiter->previous->next : &hall->first_waiter) = waiter->next;
    *(waiter->next != NULL ? &waiter->next->previous : &hall->last_waiter) = waiter->previous;
    hall->n_waiting--;
}

void
mcp__hall_pass_on(mcp__hall *hall, mcp__place *place)
{
    mcp__waiter *waiter = hall->first_waiter;
    if (waiter == NULL) {
        mcp__hall_set(hall, place, place->client != NULL ? MCP__PLACE_IDLE : MCP__PLACE_EMPTY);
        if (place->client != NULL)
            put_idle(hall, place);
        else
            hall->n_open--;
        return;
    }
    mcp__hall_set(hall, place, place->client != NULL ? MCP__PLACE_LENT : MCP__PLACE_OPENING);
    hall->n_lent++;
    waiter->place = place;
    remove_waiter(hall, waiter);
    pthread_cond_signal(&waiter->called);
}

mcp__place *
mcp__hall_find(mcp__hall *hall, const mcp_client *client)
{
    if (client->place >= hall->n_places)
        return NULL;
    mcp__place *place = &hall->places[client->place];
    int state = atomic_load_explicit(&place->state, memory_order_relaxed);
    return place->client == client && state == MCP__PLACE_LENT ? place : NULL;
}

/* ---- waiting ---- */

static int
init_called(pthread_cond_t *called)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return -1;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(called, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return failed != 0 ? -1 : 0;
}

mcp__place *
mcp__hall_wait(mcp__hall *hall, int64_t until_ms)
{
    mcp__waiter waiter = {.previous = hall->last_waiter};
    const struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    int failed = 0;
    if (init_called(&waiter.called) != 0)
        return NULL;
    *(hall->last_waiter != NULL ? &hall->last_waiter->next : &hall->first_waiter) = &waiter;
    hall->last_waiter = &waiter;
    hall->n_waiting++;
    while (waiter.place == NULL && !hall->is_closed && !failed)
        failed = pthread_cond_timedwait(&waiter.called, &hall->lock, &until);
    if (waiter.place == NULL)
        remove_waiter(hall, &waiter);
    pthread_cond_destroy(&waiter.called);
    return waiter.place;
}

void
mcp__hall_send_away(mcp__hall *hall)
{
    for (mcp__waiter *waiter = hall->first_waiter; waiter != NULL; waiter = waiter->next)
        pthread_cond_signal(&waiter->called);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/share_hall.h"

#include <string.h>
#include <time.h>

#include "pair/marks.h"

/* ---- life ---- */

mcp__share_list *
mcp__hall_list_new(const mcp__mem *mem, const char *options, mcp__err *err)
{
    mcp__share_list *list = mcp__mem_new_zeroed(mem, 1, sizeof *list);
    if (list == NULL) {
        mcp__err_set(err, MCP_NO_MEMORY, "no memory");
        return NULL;
    }
    mcp__config *config = &list->config;
    if (mcp__options_parse(config, mem, options, err) != MCP_OK)
        goto no_options;
    if (config->discovery != NULL)
        mcp__err_set(err, MCP_UNSUPPORTED, "a pool is told its list: no discovery=");
    else
        list->pairing = mcp__pairing_new(mem, &config->place, config->mirror, config->servers,
                                         config->n_primaries, config->n_backups, err);
    if (list->pairing != NULL)
        return list;
    mcp__options_fini(config);
no_options:
    mcp__mem_free(mem, list);
    return NULL;
}

void
mcp__hall_list_free(const mcp__mem *mem, mcp__share_list *list)
{
    mcp__pairing_free(list->pairing);
    mcp__options_fini(&list->config);
    mcp__mem_free(mem, list);
}

mcp__fact *
mcp__hall_facts_new(const mcp__mem *mem, const mcp__config *config)
{
    size_t n = config->n_primaries + config->n_backups;
    mcp__fact *facts = mcp__mem_new_zeroed(mem, n, sizeof *facts);
    for (size_t i = 0; facts != NULL && i < n; i++) {
        const char *name = config->servers[i].name;
        mcp__fact_init(&facts[i], mem, mcp__marks_id8(name, strlen(name)));
    }
    return facts;
}

void
mcp__hall_facts_free(const mcp__mem *mem, mcp__fact *facts, const mcp__config *config)
{
    for (size_t i = 0; i < config->n_primaries + config->n_backups; i++)
        mcp__fact_fini(&facts[i]);
    mcp__mem_free(mem, facts);
}

mcp__hall *
mcp__hall_new(const mcp__mem *mem, mcp__share_list *list, size_t n_places)
{
    mcp__hall *hall = mcp__mem_new_zeroed(mem, 1, sizeof *hall);
    if (hall == NULL)
        return NULL;
    hall->n_places = n_places;
    hall->places = mcp__mem_new_zeroed(mem, n_places, sizeof *hall->places);
    hall->facts = mcp__hall_facts_new(mem, &list->config);
    if (hall->places == NULL || hall->facts == NULL)
        goto no_memory;
    if (pthread_mutex_init(&hall->lock, NULL) != 0)
        goto no_memory;
    for (size_t i = 0; i < n_places; i++)
        atomic_init(&hall->places[i].state, MCP__PLACE_EMPTY);
    atomic_init(&hall->list, list);
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
mcp__hall_after_fork(const mcp__mem *mem, mcp__hall *old)
{
    mcp__hall *hall = mcp__hall_new(mem, mcp__hall_list(old), old->n_places);
    if (hall == NULL)
        return NULL;
    for (size_t i = 0; i < old->n_places; i++) {
        mcp__place *place = &hall->places[i];
        const mcp__place *before = &old->places[i];
        int state = atomic_load_explicit(&before->state, memory_order_acquire);
        place->orphan = state == MCP__PLACE_LENT ? before->client : before->orphan;
        place->orphan_list = state == MCP__PLACE_LENT ? before->list : before->orphan_list;
        if (state != MCP__PLACE_IDLE && state != MCP__PLACE_BEHIND)
            continue;
        place->client = before->client;
        place->list = before->list;
        hall->n_open++;
        if (state == MCP__PLACE_BEHIND) {
            mcp__hall_put_behind(hall, place);
            continue;
        }
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
    mcp__hall_facts_free(mem, hall->facts, &mcp__hall_list(hall)->config);
    hall->facts = NULL;
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

void
mcp__hall_put_behind(mcp__hall *hall, mcp__place *place)
{
    hall->n_behind++;
    mcp__hall_set(hall, place, MCP__PLACE_BEHIND);
}

void
mcp__hall_leave_behind(mcp__hall *hall, mcp__place *place)
{
    hall->n_behind--;
    mcp__hall_set(hall, place, MCP__PLACE_TENDED);
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

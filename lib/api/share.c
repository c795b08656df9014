/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/share.h"

#include <stdio.h>
#include <string.h>

#include "io/hook.h"

/* ---- opening ---- */

static mcp_status
build(mcp_pool *pool, const char *options, size_t max_clients, mcp__err *err)
{
    mcp__config *config = &pool->config;
    if (max_clients < 1 || max_clients > MCP_POOL_MAX)
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "a pool has 1 to %d clients, not %zu",
                            MCP_POOL_MAX, max_clients);
    mcp_status status = mcp__options_parse(config, &pool->mem, options, err);
    if (status != MCP_OK)
        return status;
    if (config->discovery != NULL) {
        mcp__options_fini(config);
        return mcp__err_set(err, MCP_UNSUPPORTED,
                            "a pool keeps the list that it was opened with: no discovery=");
    }
    pool->pairing = mcp__pairing_new(&pool->mem, &config->place, config->mirror, config->servers,
                                     config->n_primaries, config->n_backups, err);
    mcp__hall *hall = pool->pairing == NULL ? NULL : mcp__hall_new(&pool->mem, config, max_clients);
    if (hall != NULL) {
        atomic_init(&pool->hall, hall);
        return MCP_OK;
    }
    status = pool->pairing == NULL ? err->status : MCP_NO_MEMORY;
    mcp__pairing_free(pool->pairing);
    mcp__options_fini(config);
    return status;
}

mcp_pool *
mcp_pool_open_with(const char *options, size_t max_clients, const mcp_allocator *allocator,
                   char *why, size_t why_size)
{
    mcp__err err;
    mcp__mem mem = allocator != NULL ? *allocator : mcp__mem_system();
    mcp_pool *pool = mcp__mem_new_zeroed(&mem, 1, sizeof *pool);
    mcp_status status = MCP_NO_MEMORY;
    mcp__err_clear(&err);
    if (pool != NULL) {
        pool->mem = mem;
        status = build(pool, options, max_clients, &err);
    }
    if (status == MCP_OK)
        return pool;
    mcp__mem_free(&mem, pool);
    if (why_size > 0)
        snprintf(why, why_size, "%s", err.text[0] != '\0' ? err.text : mcp_strstatus(status));
    return NULL;
}

mcp_pool *
mcp_pool_open(const char *options, size_t max_clients, char *why, size_t why_size)
{
    return mcp_pool_open_with(options, max_clients, NULL, why, why_size);
}

/* ---- coming and going ---- */

/*
 * Locks the hall. In a child just forked it is a new one: its lock is nobody's, whoever held the
 * parent's. NULL: no memory for that. Several threads of the child may come here at once: the first
 * one's hall counts.
 */
static mcp__hall *
enter(mcp_pool *pool)
{
    mcp__hall *hall = atomic_load(&pool->hall);
    while (mcp__fork_happened(&hall->fork)) {
        mcp__hall *own = mcp__hall_after_fork(&pool->mem, &pool->config, hall);
        if (own == NULL)
            return NULL;
        if (atomic_compare_exchange_strong(&pool->hall, &hall, own)) {
            hall = own;
        } else {
            own->before = NULL;
            mcp__hall_free(&pool->mem, own);
        }
    }
    pthread_mutex_lock(&hall->lock);
    hall->n_inside++;
    return hall;
}

/* Unlocks it. Whoever is the last one to leave a closed pool frees it. */
static void
leave(mcp_pool *pool, mcp__hall *hall)
{
    int is_over = --hall->n_inside == 0 && hall->is_closed && hall->n_open == 0;
    pthread_mutex_unlock(&hall->lock);
    if (!is_over)
        return;
    mcp__mem mem = pool->mem;
    mcp__hall_free(&mem, hall);
    mcp__pairing_free(pool->pairing);
    mcp__options_fini(&pool->config);
    mcp__mem_free(&mem, pool);
}

/* ---- borrowing ---- */

static mcp__place *
empty_place(mcp__hall *hall)
{
    for (size_t i = 0; hall->n_open < hall->n_places && i < hall->n_places; i++) {
        mcp__place *place = &hall->places[i];
        if (atomic_load_explicit(&place->state, memory_order_relaxed) == MCP__PLACE_EMPTY)
            return place;
    }
    return NULL;
}

/* A place for a borrower: with a client, or one for which a client is to be opened. */
static mcp__place *
find_place(mcp__hall *hall, uint32_t wait_ms)
{
    mcp__place *place = hall->first_idle;
    if (place != NULL) {
        mcp__hall_take(hall, place, MCP__PLACE_LENT);
        hall->n_lent++;
        return place;
    }
    place = empty_place(hall);
    if (place != NULL) {
        mcp__hall_set(hall, place, MCP__PLACE_OPENING);
        hall->n_open++;
        hall->n_lent++;
        return place;
    }
    if (wait_ms == 0)
        return NULL;
    hall->n_waits++;
    return mcp__hall_wait(hall, mcp__clock_exact(&hall->clock) + wait_ms);
}

/* First of all it lets go of a parent's connections: what it hears may make it close some. */
static void
hear_facts(const mcp__hall *hall, mcp_client *client)
{
    mcp__client_enter(client);
    mcp__facts_hear(&client->engine, hall->facts, mcp__clock_exact(&client->world.clock));
    mcp__client_leave(client);
}

static int
fill_place(mcp_pool *pool, mcp__hall *hall, mcp__place *place)
{
    pthread_mutex_unlock(&hall->lock);
    mcp_client *client = mcp__client_open_shared(&pool->mem, &pool->config, pool->pairing);
    pthread_mutex_lock(&hall->lock);
    if (client == NULL) {
        hall->n_lent--;
        mcp__hall_pass_on(hall, place); /* whoever waits may have more luck */
        return -1;
    }
    client->place = (size_t)(place - hall->places);
    place->client = client;
    mcp__hall_set(hall, place, MCP__PLACE_LENT);
    return 0;
}

mcp_status
mcp_pool_borrow(mcp_pool *pool, uint32_t wait_ms, mcp_client **client)
{
    if (client == NULL)
        return MCP_BAD_ARGUMENT;
    *client = NULL;
    mcp__hall *hall = enter(pool);
    if (hall == NULL)
        return MCP_NO_MEMORY;
    mcp_status status = MCP_OK;
    mcp__place *place = hall->is_closed ? NULL : find_place(hall, wait_ms);
    if (place == NULL)
        status = hall->is_closed ? MCP_NO_RESOURCE : MCP_TIMEOUT;
    else if (place->client == NULL && fill_place(pool, hall, place) != 0)
        status = MCP_NO_MEMORY;
    if (status == MCP_OK) {
        hall->n_borrows++;
        hear_facts(hall, place->client);
        *client = place->client;
    }
    leave(pool, hall);
    return status;
}

/* ---- returning ---- */

/* What its client knows, the pool knows; whether it leaves work behind. */
static void
take_facts(mcp__hall *hall, mcp__place *place)
{
    const mcp__engine *engine = &place->client->engine;
    mcp__facts_tell(engine, hall->facts);
    place->is_needy = engine->n_background > 0 || mcp__chores_any(engine);
    place->tended_ms = mcp__clock_exact(&hall->clock);
}

/* The pool is closed: so is this client. */
static void
shut(mcp__hall *hall, mcp__place *place, int64_t patience_ms)
{
    mcp_client *client = place->client;
    mcp__hall_set(hall, place, MCP__PLACE_TENDED);
    pthread_mutex_unlock(&hall->lock);
    mcp__client_close(client, patience_ms);
    pthread_mutex_lock(&hall->lock);
    place->client = NULL;
    mcp__hall_set(hall, place, MCP__PLACE_EMPTY);
    hall->n_open--;
}

static void
settle(mcp_pool *pool, mcp__hall *hall, mcp__place *place)
{
    if (hall->is_closed)
        shut(hall, place, pool->config.timeout_ms);
    else
        mcp__hall_pass_on(hall, place);
}

/* One that is idle gets a moment: see mcp_maintain(). */
static void
tend(mcp_pool *pool, mcp__hall *hall, mcp__place *place)
{
    mcp__hall_take(hall, place, MCP__PLACE_TENDED);
    pthread_mutex_unlock(&hall->lock);
    mcp_maintain(place->client);
    pthread_mutex_lock(&hall->lock);
    take_facts(hall, place);
    settle(pool, hall, place);
}

/* Work that an idle client has left, as the third delete's answer, would else wait for long. */
static void
tend_one(mcp_pool *pool, mcp__hall *hall)
{
    int64_t before_ms = mcp__clock_exact(&hall->clock) - pool->config.view_interval_ms;
    for (mcp__place *place = hall->last_idle; place != NULL; place = place->previous) {
        if (!place->is_needy || place->tended_ms > before_ms)
            continue;
        tend(pool, hall, place);
        return;
    }
}

/* A child gives back what was lent when it was forked: not one of those that it counts. */
static int
take_orphan(mcp__hall *hall, mcp_client *client)
{
    if (client->place >= hall->n_places || hall->places[client->place].orphan != client)
        return 0;
    hall->places[client->place].orphan = NULL;
    pthread_mutex_unlock(&hall->lock);
    mcp__client_close(client, 0);
    pthread_mutex_lock(&hall->lock);
    return 1;
}

static mcp_status
give_back(mcp_pool *pool, mcp__hall *hall, mcp_client *client)
{
    mcp__place *place = mcp__hall_find(hall, client);
    if (mcp__client_is_busy(client))
        return MCP_BUSY;
    if (place == NULL)
        return take_orphan(hall, client) ? MCP_OK : MCP_BAD_ARGUMENT;
    mcp__client_enter(client); /* takes back what it has lent */
    mcp__hook_detach(&client->world);
    mcp__client_leave(client);
    client->events = (mcp__events){.callback = NULL};
    client->engine.log = NULL;
    hall->n_lent--;
    take_facts(hall, place);
    settle(pool, hall, place);
    if (hall->n_needy > 0)
        tend_one(pool, hall);
    return MCP_OK;
}

mcp_status
mcp_pool_return(mcp_pool *pool, mcp_client *client)
{
    if (client == NULL || !client->is_shared)
        return MCP_BAD_ARGUMENT;
    mcp__hall *hall = enter(pool);
    if (hall == NULL)
        return MCP_NO_MEMORY;
    mcp_status status = give_back(pool, hall, client);
    leave(pool, hall);
    return status;
}

/* ---- the pool as a whole ---- */

void
mcp_pool_maintain(mcp_pool *pool)
{
    mcp__hall *hall = enter(pool);
    if (hall == NULL)
        return;
    for (size_t i = 0; i < hall->n_places; i++) {
        mcp__place *place = &hall->places[i];
        if (atomic_load_explicit(&place->state, memory_order_relaxed) != MCP__PLACE_IDLE)
            continue;
        hear_facts(hall, place->client);
        tend(pool, hall, place);
    }
    leave(pool, hall);
}

void
mcp_pool_close(mcp_pool *pool)
{
    if (pool == NULL)
        return;
    mcp__hall *hall = enter(pool);
    if (hall == NULL)
        return;
    hall->is_closed = 1;
    mcp__hall_send_away(hall);
    int64_t until_ms = mcp__clock_exact(&hall->clock) + pool->config.timeout_ms;
    while (hall->first_idle != NULL) {
        mcp__place *place = hall->first_idle;
        int64_t left_ms = until_ms - mcp__clock_exact(&hall->clock);
        mcp__hall_take(hall, place, MCP__PLACE_TENDED);
        shut(hall, place, left_ms > 0 ? left_ms : 0);
    }
    leave(pool, hall);
}

mcp_status
mcp_pool_look(mcp_pool *pool, mcp_pool_use *use)
{
    mcp__hall *hall = enter(pool);
    if (hall == NULL)
        return MCP_NO_MEMORY;
    mcp_pool_use ours = {
        .size = use->size,
        .max = hall->n_places,
        .open = hall->n_open,
        .lent = hall->n_lent,
        .waiting = hall->n_waiting,
        .borrows = hall->n_borrows,
        .waits = hall->n_waits,
    };
    memcpy(use, &ours, use->size < sizeof ours ? use->size : sizeof ours);
    leave(pool, hall);
    return MCP_OK;
}

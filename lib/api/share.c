/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/share.h"

#include <stdio.h>
#include <string.h>

#include "io/hook.h"

/* ---- opening ---- */

static mcp_status
build(mcp_pool *pool, const char *options, size_t max_clients, mcp__err *err)
{
    if (max_clients < 1 || max_clients > MCP_POOL_MAX)
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "a pool has 1 to %d clients, not %zu",
                            MCP_POOL_MAX, max_clients);
    mcp__share_list *list = mcp__hall_list_new(&pool->mem, options, err);
    if (list == NULL)
        return err->status;
    mcp__hall *hall = mcp__hall_new(&pool->mem, list, max_clients);
    if (hall == NULL) {
        mcp__hall_list_free(&pool->mem, list);
        return MCP_NO_MEMORY;
    }
    atomic_init(&pool->hall, hall);
    return MCP_OK;
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
 * In a child just forked it is a new one: its lock is nobody's, whoever held the parent's. Several
 * threads of the child may come here at once: the first one's hall counts.
 */
mcp__hall *
mcp__share_enter(mcp_pool *pool)
{
    mcp__hall *hall = atomic_load(&pool->hall);
    while (mcp__fork_happened(&hall->fork)) {
        mcp__hall *own = mcp__hall_after_fork(&pool->mem, hall);
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

void
mcp__share_leave(mcp_pool *pool, mcp__hall *hall)
{
    int is_over = --hall->n_inside == 0 && hall->is_closed && hall->n_open == 0;
    pthread_mutex_unlock(&hall->lock);
    if (!is_over)
        return;
    mcp__mem mem = pool->mem;
    mcp__share_list *list = mcp__hall_list(hall);
    mcp__hall_free(&mem, hall);
    mcp__hall_list_free(&mem, list);
    mcp__mem_free(&mem, pool);
}

/* ---- looking after clients that nobody has ---- */

static uint32_t
timeout_ms(const mcp__hall *hall)
{
    return mcp__hall_list(hall)->config.timeout_ms;
}

void
mcp__share_take_facts(mcp__hall *hall, mcp__place *place)
{
    const mcp__engine *engine = &place->client->engine;
    if (place->list == mcp__hall_list(hall))
        mcp__facts_tell(engine, hall->facts);
    place->is_needy = engine->n_background > 0 || mcp__chores_any(engine);
    place->tended_ms = mcp__clock_exact(&hall->clock);
}

/* Closes a client; its place is nobody's then, and still counted. */
static void
shut(mcp_pool *pool, mcp__hall *hall, mcp__place *place, int64_t patience_ms)
{
    mcp_client *client = place->client;
    mcp__hall_set(hall, place, MCP__PLACE_TENDED);
    pthread_mutex_unlock(&hall->lock);
    mcp__client_close(client, patience_ms);
    pthread_mutex_lock(&hall->lock);
    mcp__share_list *list = place->list;
    place->client = NULL;
    place->list = NULL;
    mcp__share_drop(pool, hall, list);
}

/* `status`: whether it has the pool's list. If it cannot have it, or the pool is closed, it is
 * closed. */
static void
put_away(mcp_pool *pool, mcp__hall *hall, mcp__place *place, mcp_status status)
{
    if (hall->is_closed || (status != MCP_OK && status != MCP_REFUSED))
        shut(pool, hall, place, timeout_ms(hall));
    if (hall->is_closed && place->client == NULL) {
        mcp__hall_set(hall, place, MCP__PLACE_EMPTY);
        hall->n_open--;
    } else if (status == MCP_REFUSED) {
        mcp__hall_put_behind(hall, place);
    } else {
        mcp__hall_pass_on(hall, place);
    }
}

void
mcp__share_settle(mcp_pool *pool, mcp__hall *hall, mcp__place *place)
{
    mcp_status status = hall->is_closed ? MCP_OK : mcp__share_renew(pool, hall, place);
    put_away(pool, hall, place, status);
}

/* One that was taken gets a moment: see mcp_maintain(). */
static void
tend(mcp_pool *pool, mcp__hall *hall, mcp__place *place)
{
    pthread_mutex_unlock(&hall->lock);
    mcp_maintain(place->client);
    pthread_mutex_lock(&hall->lock);
    mcp__share_take_facts(hall, place);
    mcp__share_settle(pool, hall, place);
}

static void
tend_idle(mcp_pool *pool, mcp__hall *hall, mcp__place *place)
{
    mcp__hall_take(hall, place, MCP__PLACE_TENDED);
    tend(pool, hall, place);
}

/* One that is kept back, until it can have the list. 1: there was one to be looked after. */
static int
tend_behind(mcp_pool *pool, mcp__hall *hall)
{
    for (size_t i = 0; hall->n_behind > 0 && i < hall->n_places; i++) {
        mcp__place *place = &hall->places[i];
        if (atomic_load_explicit(&place->state, memory_order_relaxed) != MCP__PLACE_BEHIND)
            continue;
        mcp__hall_leave_behind(hall, place);
        tend(pool, hall, place);
        return 1;
    }
    return 0;
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
find_place(mcp__hall *hall)
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
    }
    return place;
}

/* The same, if need be after waiting. Where some are kept back it looks after them meanwhile. */
static mcp__place *
wait_for_place(mcp_pool *pool, mcp__hall *hall, int64_t until_ms)
{
    mcp__place *place = find_place(hall);
    int64_t now_ms = mcp__clock_exact(&hall->clock);
    hall->n_waits += place == NULL && now_ms < until_ms;
    while (place == NULL && !hall->is_closed && now_ms < until_ms) {
        int64_t turn_ms = now_ms + mcp__hall_list(hall)->config.view_interval_ms;
        int is_short = hall->n_behind > 0 && turn_ms < until_ms;
        place = mcp__hall_wait(hall, is_short ? turn_ms : until_ms);
        if (place == NULL && !hall->is_closed && tend_behind(pool, hall))
            place = find_place(hall);
        now_ms = mcp__clock_exact(&hall->clock);
    }
    return place;
}

/* First of all it lets go of a parent's connections: what it hears may make it close some. */
static void
hear_facts(const mcp__hall *hall, const mcp__place *place)
{
    mcp_client *client = place->client;
    if (place->list != mcp__hall_list(hall))
        return;
    mcp__client_enter(client);
    mcp__facts_hear(&client->engine, hall->facts, mcp__clock_exact(&client->world.clock));
    mcp__client_leave(client);
}

static int
fill_place(mcp_pool *pool, mcp__hall *hall, mcp__place *place)
{
    mcp__share_list *list = mcp__hall_list(hall);
    mcp__err err;
    place->list = list;
    pthread_mutex_unlock(&hall->lock);
    mcp_client *client = mcp__client_open_shared(&pool->mem, &list->config, list->pairing, &err);
    pthread_mutex_lock(&hall->lock);
    if (client == NULL) {
        place->list = NULL;
        mcp__share_drop(pool, hall, list);
        hall->n_lent--;
        mcp__hall_pass_on(hall, place); /* whoever waits may have more luck */
        return -1;
    }
    client->place = (size_t)(place - hall->places);
    place->client = client;
    mcp__hall_set(hall, place, MCP__PLACE_LENT);
    return 0;
}

/* The list may have been exchanged since the client was last used. 0: it is kept back, or gone. */
static int
bring_up_to_date(mcp_pool *pool, mcp__hall *hall, mcp__place *place)
{
    if (place->list == mcp__hall_list(hall))
        return 1;
    mcp_status status = mcp__share_renew(pool, hall, place);
    if (status == MCP_OK) {
        mcp__hall_set(hall, place, MCP__PLACE_LENT);
        return 1;
    }
    hall->n_lent--;
    put_away(pool, hall, place, status);
    return 0;
}

static mcp_status
lend(mcp_pool *pool, mcp__hall *hall, int64_t until_ms, mcp__place **lent)
{
    for (size_t i = 0; i <= hall->n_places; i++) { /* each of them may be kept back */
        mcp__place *place = hall->is_closed ? NULL : wait_for_place(pool, hall, until_ms);
        if (place == NULL)
            return hall->is_closed ? MCP_NO_RESOURCE : MCP_TIMEOUT;
        if (place->client == NULL && fill_place(pool, hall, place) != 0)
            return MCP_NO_MEMORY;
        *lent = place;
        if (bring_up_to_date(pool, hall, place))
            return MCP_OK;
    }
    return MCP_TIMEOUT;
}

mcp_status
mcp_pool_borrow(mcp_pool *pool, uint32_t wait_ms, mcp_client **client)
{
    if (client == NULL)
        return MCP_BAD_ARGUMENT;
    *client = NULL;
    mcp__hall *hall = mcp__share_enter(pool);
    if (hall == NULL)
        return MCP_NO_MEMORY;
    mcp__place *place = NULL;
    mcp_status status = lend(pool, hall, mcp__clock_exact(&hall->clock) + wait_ms, &place);
    if (status == MCP_OK) {
        hall->n_borrows++;
        hear_facts(hall, place);
        *client = place->client;
    }
    mcp__share_leave(pool, hall);
    return status;
}

/* ---- returning ---- */

/* Work that an idle client has left, as the third delete's answer, would else wait for long. */
static void
tend_one(mcp_pool *pool, mcp__hall *hall)
{
    int64_t before_ms = mcp__clock_exact(&hall->clock) - mcp__hall_list(hall)->config.view_interval_ms;
    for (mcp__place *place = hall->last_idle; place != NULL; place = place->previous) {
        if (!place->is_needy || place->tended_ms > before_ms)
            continue;
        tend_idle(pool, hall, place);
        return;
    }
}

/* A child gives back what was lent when it was forked: not one of those that it counts. */
static int
take_orphan(mcp_pool *pool, mcp__hall *hall, mcp_client *client)
{
    if (client->place >= hall->n_places || hall->places[client->place].orphan != client)
        return 0;
    mcp__place *place = &hall->places[client->place];
    mcp__share_list *list = place->orphan_list;
    place->orphan = NULL;
    pthread_mutex_unlock(&hall->lock);
    mcp__client_close(client, 0);
    pthread_mutex_lock(&hall->lock);
    place->orphan_list = NULL;
    mcp__share_drop(pool, hall, list);
    return 1;
}

static mcp_status
give_back(mcp_pool *pool, mcp__hall *hall, mcp_client *client)
{
    mcp__place *place = mcp__hall_find(hall, client);
    if (mcp__client_is_busy(client))
        return MCP_BUSY;
    if (place == NULL)
        return take_orphan(pool, hall, client) ? MCP_OK : MCP_BAD_ARGUMENT;
    mcp__client_enter(client); /* takes back what it has lent */
    mcp__hook_detach(&client->world);
    mcp__client_leave(client);
    client->events = (mcp__events){.callback = NULL};
    client->engine.log = NULL;
    hall->n_lent--;
    mcp__share_take_facts(hall, place);
    mcp__share_settle(pool, hall, place);
    if (hall->n_needy > 0)
        tend_one(pool, hall);
    (void)tend_behind(pool, hall);
    return MCP_OK;
}

mcp_status
mcp_pool_return(mcp_pool *pool, mcp_client *client)
{
    if (client == NULL || !client->is_shared)
        return MCP_BAD_ARGUMENT;
    mcp__hall *hall = mcp__share_enter(pool);
    if (hall == NULL)
        return MCP_NO_MEMORY;
    mcp_status status = give_back(pool, hall, client);
    mcp__share_leave(pool, hall);
    return status;
}

/* ---- the pool as a whole ---- */

void
mcp_pool_maintain(mcp_pool *pool)
{
    mcp__hall *hall = mcp__share_enter(pool);
    if (hall == NULL)
        return;
    for (size_t i = 0; i < hall->n_places; i++) {
        mcp__place *place = &hall->places[i];
        if (atomic_load_explicit(&place->state, memory_order_relaxed) != MCP__PLACE_IDLE)
            continue;
        hear_facts(hall, place);
        tend_idle(pool, hall, place);
    }
    for (size_t n = hall->n_behind; n > 0 && tend_behind(pool, hall); n--)
        ;
    mcp__share_leave(pool, hall);
}

static mcp__place *
next_to_close(mcp__hall *hall)
{
    mcp__place *place = hall->first_idle;
    if (place != NULL) {
        mcp__hall_take(hall, place, MCP__PLACE_TENDED);
        return place;
    }
    for (size_t i = 0; hall->n_behind > 0 && i < hall->n_places; i++) {
        place = &hall->places[i];
        if (atomic_load_explicit(&place->state, memory_order_relaxed) != MCP__PLACE_BEHIND)
            continue;
        mcp__hall_leave_behind(hall, place);
        return place;
    }
    return NULL;
}

void
mcp_pool_close(mcp_pool *pool)
{
    if (pool == NULL)
        return;
    mcp__hall *hall = mcp__share_enter(pool);
    if (hall == NULL)
        return;
    hall->is_closed = 1;
    mcp__hall_send_away(hall);
    int64_t until_ms = mcp__clock_exact(&hall->clock) + timeout_ms(hall);
    mcp__place *place;
    while ((place = next_to_close(hall)) != NULL) {
        int64_t left_ms = until_ms - mcp__clock_exact(&hall->clock);
        shut(pool, hall, place, left_ms > 0 ? left_ms : 0);
        mcp__hall_set(hall, place, MCP__PLACE_EMPTY);
        hall->n_open--;
    }
    mcp__share_leave(pool, hall);
}

mcp_status
mcp_pool_look(mcp_pool *pool, mcp_pool_use *use)
{
    mcp__hall *hall = mcp__share_enter(pool);
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
    mcp__share_leave(pool, hall);
    return MCP_OK;
}

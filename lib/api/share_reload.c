/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool gets another list of servers. Whatever can fail is made and tried first, beside the pool;
 * then the hall has the new list, and each client goes over to it before it is lent again: those
 * that nobody has at once, the others when they come back.
 */
#include "api/share.h"

#include <stdio.h>
#include <string.h>

#include "api/client_reload.h"

/* ---- one client ---- */

void
mcp__share_drop(mcp_pool *pool, mcp__hall *hall, mcp__share_list *list)
{
    if (list == mcp__hall_list(hall))
        return;
    for (size_t i = 0; i < hall->n_places; i++) {
        const mcp__place *place = &hall->places[i];
        if (place->list == list || place->coming == list || place->orphan_list == list)
            return;
    }
    mcp__hall_list_free(&pool->mem, list);
}

/* While it is on its way the list may be exchanged once more. */
mcp_status
mcp__share_renew(mcp_pool *pool, mcp__hall *hall, mcp__place *place)
{
    mcp_status status = MCP_OK;
    while (status == MCP_OK && place->list != mcp__hall_list(hall)) {
        mcp__share_list *list = mcp__hall_list(hall);
        mcp__share_list *old = place->list;
        mcp__hall_set(hall, place, MCP__PLACE_TENDED);
        place->coming = list;
        pthread_mutex_unlock(&hall->lock);
        status = mcp__reload_shared(place->client, &list->config, list->pairing);
        pthread_mutex_lock(&hall->lock);
        place->coming = NULL;
        if (status == MCP_OK) {
            place->list = list;
            mcp__share_take_facts(hall, place);
        }
        mcp__share_drop(pool, hall, status == MCP_OK ? old : list);
    }
    return status;
}

/* ---- the pool ---- */

static int
are_partners(const mcp__config *config, uint32_t one, uint32_t other)
{
    size_t n_primaries = config->n_primaries;
    if (config->mirror == MCP__MIRROR_BACKUP)
        return (one < n_primaries) != (other < n_primaries);
    return one != other && one < n_primaries && other < n_primaries;
}

/* What a server that is to go has on record about one that stays would be lost with it. */
static mcp_status
refuse_loss(const mcp__hall *hall, const mcp__config *next, mcp__err *err)
{
    const mcp__config *config = &mcp__hall_list(hall)->config;
    uint32_t n = (uint32_t)(config->n_primaries + config->n_backups);
    for (uint32_t i = 0; i < n; i++) {
        const mcp__fact *leaving = &hall->facts[i];
        if (leaving->ledger.n_missed == 0 || !mcp__health_is_usable(&leaving->health) ||
            mcp__reload_keeps(config, i, next))
            continue;
        for (uint32_t k = 0; k < n; k++) {
            if (!are_partners(config, i, k) || !mcp__reload_keeps(config, k, next) ||
                !mcp__ledger_lists(&leaving->ledger, hall->facts[k].ledger.id8))
                continue;
            return mcp__reload_refuse(err, config->servers[i].name, config->servers[k].name);
        }
    }
    return MCP_OK;
}

/* Whether clients can be opened with it: certificates, say, are read for each of them. */
static mcp_status
try_out(mcp_pool *pool, mcp__share_list *list, mcp__err *err)
{
    mcp_client *client =
        mcp__client_open_shared(&pool->mem, &list->config, list->pairing, err);
    if (client == NULL)
        return err->status;
    mcp__client_close(client, 0);
    return MCP_OK;
}

static void
renew_idle(mcp_pool *pool, mcp__hall *hall)
{
    for (size_t i = 0; i < hall->n_places; i++) {
        mcp__place *place = &hall->places[i];
        int state = atomic_load_explicit(&place->state, memory_order_relaxed);
        if (state != MCP__PLACE_IDLE && state != MCP__PLACE_BEHIND)
            continue;
        if (state == MCP__PLACE_IDLE)
            mcp__hall_take(hall, place, MCP__PLACE_TENDED);
        else
            mcp__hall_leave_behind(hall, place);
        mcp__share_settle(pool, hall, place);
    }
}

/* The list is the hall's from now on, unless it says why not. */
static mcp_status
exchange(mcp_pool *pool, mcp__hall *hall, mcp__share_list *list, mcp__fact *facts, mcp__err *err)
{
    mcp__share_list *old = mcp__hall_list(hall);
    if (hall->is_closed)
        return mcp__err_set(err, MCP_NO_RESOURCE, "the pool has been closed");
    mcp_status status = refuse_loss(hall, &list->config, err);
    if (status != MCP_OK)
        return status;
    mcp__fact *old_facts = hall->facts;
    hall->facts = facts;
    atomic_store_explicit(&hall->list, list, memory_order_release);
    mcp__hall_facts_free(&pool->mem, old_facts, &old->config);
    mcp__share_drop(pool, hall, old);
    renew_idle(pool, hall);
    return MCP_OK;
}

static mcp_status
reload(mcp_pool *pool, mcp__hall *hall, const char *options, mcp__err *err)
{
    mcp__fact *facts = NULL;
    pthread_mutex_unlock(&hall->lock);
    mcp__share_list *list = mcp__hall_list_new(&pool->mem, options, err);
    mcp_status status = list == NULL ? err->status : try_out(pool, list, err);
    if (status == MCP_OK && (facts = mcp__hall_facts_new(&pool->mem, &list->config)) == NULL)
        status = mcp__err_set(err, MCP_NO_MEMORY, "no memory");
    pthread_mutex_lock(&hall->lock);
    if (status == MCP_OK)
        status = exchange(pool, hall, list, facts, err);
    if (status == MCP_OK || list == NULL)
        return status;
    if (facts != NULL)
        mcp__hall_facts_free(&pool->mem, facts, &list->config);
    mcp__hall_list_free(&pool->mem, list);
    return status;
}

mcp_status
mcp_pool_reload(mcp_pool *pool, const char *options, char *why, size_t why_size)
{
    mcp__err err;
    mcp_status status = MCP_NO_MEMORY;
    mcp__err_clear(&err);
    mcp__hall *hall = mcp__share_enter(pool);
    if (hall != NULL) {
        status = reload(pool, hall, options, &err);
        mcp__share_leave(pool, hall);
    }
    if (status != MCP_OK && why_size > 0)
        snprintf(why, why_size, "%s", err.text[0] != '\0' ? err.text : mcp_strstatus(status));
    return status;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quiet: is this a quiet time for these servers? Then a command may be sent without an operation
 * (see ops/plain), one at a time (engine/express) or many gets at once (engine/convoy).
 */
#ifndef MCPROXY_ENGINE_QUIET_H
#define MCPROXY_ENGINE_QUIET_H

#include <string.h>

#include "engine/line.h"
#include "ops/plain.h"
#include "wire/key.h"

/* Keys that memcached cannot hold are for an operation to encode. */
static inline int
mcp__quiet_has_plain_key(const mcp__engine *engine, const mcp_request *request)
{
    return !engine->settings.encodes_keys || mcp__key_is_clean(request->key, request->key_len);
}

/* The key as it goes over the wire; behind the namespace it stands in `room`. */
static inline mcp__span
mcp__quiet_key(const mcp__engine *engine, const mcp_request *request, char *room)
{
    if (engine->name_space_len == 0)
        return (mcp__span){request->key, request->key_len};
    memcpy(room, engine->name_space, engine->name_space_len);
    memcpy(room + engine->name_space_len, request->key, request->key_len);
    return (mcp__span){room, engine->name_space_len + request->key_len};
}

/* It answers, was in use until now, and its link can take the command without any memory. */
static inline int
mcp__quiet_is_well(const mcp__engine *engine, const mcp__server *server, size_t key_len,
                   size_t value_len)
{
    const mcp__link *link = &server->link;
    return server->health.state == MCP_STATE_UP && link->state == MCP__LINK_OPEN &&
           link->hello.has_meta &&
           mcp__link_has_room(link, engine->name_space_len + key_len, value_len) &&
           engine->now_ms - link->used_ms <= MCP__REST_MS;
}

/* Nothing is on record there, as far as is known. */
static inline int
mcp__quiet_is_clear(const mcp__server *server)
{
    const mcp__ledger *ledger = &server->ledger;
#ifdef MCP_MUTANT_QUIET_BLIND
    return 1;
#endif
    return ledger->n_missed == 0 && !ledger->is_foreign && ledger->epoch == MCP__EPOCH_READY &&
           !server->is_cut_off && !server->has_other_list;
}

/* And that is fresh, and need not be asked for yet. */
static inline int
mcp__quiet_is_fresh(const mcp__engine *engine, const mcp__server *server)
{
    return !mcp__line_is_ageing(engine, server) &&
           mcp__ledger_is_fresh(&server->ledger, engine->now_ms,
                                engine->settings.promise.view_life_ms);
}

/* What a request of this kind is for these two servers; `backup` NULL: the key has one copy. */
static inline mcp__plain
mcp__quiet_plain(const mcp__engine *engine, mcp__command_kind kind, const mcp_request *request,
                 const mcp__server *primary, const mcp__server *backup)
{
    const mcp__promise *promise = &engine->settings.promise;
    size_t value_len = kind == MCP__COMMAND_SET ? request->value_len : 0;
    if (!mcp__quiet_is_well(engine, primary, request->key_len, value_len))
        return MCP__PLAIN_NOT;
    if (backup == NULL)
        return mcp__plain_of_one(kind);
    if (!promise->keeps_record)
        return mcp__plain_of_spare(kind);
    if (!mcp__quiet_is_clear(primary) || !mcp__quiet_is_clear(backup) ||
        !mcp__quiet_is_fresh(engine, backup))
        return MCP__PLAIN_NOT;
    /* A get asks the primary alone: what stands against the backup does not matter to it. */
    if (kind == MCP__COMMAND_GET)
        return backup->health.state == MCP_STATE_UP ? MCP__PLAIN_READ : MCP__PLAIN_NOT;
    if (!mcp__quiet_is_well(engine, backup, request->key_len, value_len) || !mcp__quiet_is_fresh(engine, primary))
        return MCP__PLAIN_NOT;
    return mcp__plain_of_pair(kind, promise);
}

#endif

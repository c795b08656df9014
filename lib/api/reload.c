/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/reload.h"

#include <string.h>

#include "engine/chores.h"
#include "engine/diary.h"
#include "engine/line.h"
#include "engine/move.h"

/* What takes the client's place, and which of its servers were there before. */
typedef struct mcp__next {
    mcp_client client;
    uint32_t *kept;
} mcp__next;

/* ---- what stays ---- */

static int
is_same_text(const char *one, const char *other)
{
    return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

/* Whether a connection made by the one may be used by the other. One of TLS belongs to what was
 * read with the options, and is made anew. */
static int
is_same_kind(const mcp__config *one, const mcp__config *other)
{
    return !one->tls && !other->tls && is_same_text(one->auth, other->auth) &&
           one->protocol == other->protocol && is_same_text(one->prefix, other->prefix);
}

static int
is_taken(uint32_t server, const uint32_t *taken, size_t n_taken)
{
    for (size_t i = 0; i < n_taken; i++) {
        if (taken[i] == server)
            return 1;
    }
    return 0;
}

/* A server is the same one if both its name and its address are. */
static uint32_t
find(const mcp__config *config, const mcp__server_spec *spec, const uint32_t *taken, size_t n_taken)
{
    size_t n = config->n_primaries + config->n_backups;
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(config->servers[i].name, spec->name) == 0 &&
            strcmp(config->servers[i].address, spec->address) == 0 && !is_taken(i, taken, n_taken))
            return i;
    }
    return MCP__NO_SERVER;
}

static void
match(const mcp__config *config, const mcp__config *next, uint32_t *kept)
{
    size_t n = next->n_primaries + next->n_backups;
    for (size_t i = 0; i < n; i++)
        kept[i] = find(config, &next->servers[i], kept, i);
}

/* ---- bringing to an end ---- */

/* Whoever still has not answered will not be listened to any more. */
static void
drop_rest(mcp__engine *engine)
{
    if (engine->n_background == 0)
        return;
    for (uint32_t i = 0; i < engine->n_lines; i++) {
        mcp__server *server = &engine->servers[i];
        if (server->link.pending_count > 0 || server->first_waiting != NULL)
            mcp__line_abandon(engine, server);
    }
}

static void
finish(mcp_client *client)
{
    mcp__engine *engine = &client->engine;
    int64_t now_ms = mcp__wait_begin(&client->world);
    mcp__chores_leave(engine);
    mcp__wait_drain(&client->world, now_ms + client->config.timeout_ms);
    mcp__chores_end(engine);
    drop_rest(engine);
    mcp__pool_take_back_all(engine);
}

/* ---- exchanging ---- */

static void
note(mcp_client *client, const uint32_t *kept)
{
    uint32_t n_kept = 0;
    for (uint32_t i = 0; i < client->engine.n_servers; i++)
        n_kept += kept[i] != MCP__NO_SERVER;
    mcp__diary_note(&client->engine, MCP_LOG_INFO, MCP__NO_SERVER,
                    "the list has been exchanged: %u servers, %u of them as before",
                    client->engine.n_servers, n_kept);
}

static void
exchange(mcp_client *client, mcp__next *next)
{
    mcp_client *fresh = &next->client;
    mcp__engine *engine = &fresh->engine;
    int64_t now_ms = mcp__clock_exact(&client->world.clock);
    int is_same = is_same_kind(&client->config, &fresh->config);
    mcp__move_servers(engine, &client->engine, next->kept, is_same, now_ms);
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        if (next->kept[i] != MCP__NO_SERVER && engine->servers[i].link.state == MCP__LINK_OPEN)
            mcp__wait_take_socket(&fresh->world, i, &client->world, next->kept[i]);
    }
    mcp__client_unbuild(client);
    client->config = fresh->config;
    client->pairing = fresh->pairing;
    client->tls = fresh->tls;
    client->engine = fresh->engine;
    mcp__wait_move(&client->world, &fresh->world, &client->engine);
    note(client, next->kept);
}

/* ---- the call ---- */

/* What a server that is to go has on record about one that stays would be lost with it. */
static mcp_status
refuse_loss(mcp_client *client, const mcp__next *next)
{
    const mcp__config *config = &client->config;
    uint32_t witness, missed;
    if (!mcp__move_loses_record(&client->engine, next->kept, next->client.engine.n_servers,
                                &witness, &missed))
        return MCP_OK;
    return mcp__err_set(&client->err, MCP_REFUSED,
                        "%s is not in the new list, and has on record what %s missed: repair that "
                        "one first",
                        config->servers[witness].name, config->servers[missed].name);
}

static mcp_status
reload_to(mcp_client *client, mcp__next *next)
{
    next->kept = mcp__mem_new(&client->mem, next->client.engine.n_servers * sizeof *next->kept);
    if (next->kept == NULL)
        return mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory");
    match(&client->config, &next->client.config, next->kept);
    mcp_status status = refuse_loss(client, next);
    if (status != MCP_OK)
        return status;
    finish(client);
    exchange(client, next);
    return MCP_OK;
}

static mcp_status
reload(mcp_client *client, const char *options)
{
    mcp__next *next = mcp__mem_new_zeroed(&client->mem, 1, sizeof *next);
    if (next == NULL)
        return mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory");
    mcp_client *fresh = &next->client;
    mcp__err_clear(&fresh->err);
    mcp_status status = mcp__options_parse(&fresh->config, &client->mem, options, &fresh->err);
    if (status == MCP_OK && (status = mcp__client_build(fresh, &client->mem)) != MCP_OK) {
        mcp__pairing_free(fresh->pairing);
        mcp__options_fini(&fresh->config);
    }
    if (status == MCP_OK) {
        status = reload_to(client, next);
        if (status != MCP_OK)
            mcp__client_unbuild(fresh);
    } else if (fresh->err.text[0] != '\0') {
        client->err = fresh->err;
    } else {
        mcp__err_set(&client->err, status, "%s", mcp_strstatus(status));
    }
    mcp__mem_free(&client->mem, next->kept);
    mcp__mem_free(&client->mem, next);
    return status;
}

mcp_status
mcp_reload(mcp_client *client, const char *options)
{
    if (mcp__client_is_busy(client))
        return MCP_BUSY;
    if (client->is_shared)
        return mcp__err_set(&client->err, MCP_UNSUPPORTED,
                            "a client that a pool has lent keeps the pool's options");
    if (client->world.hooks != NULL)
        return mcp__err_set(&client->err, MCP_UNSUPPORTED,
                            "the sockets of a client in an event loop are watched by it");
    if (client->engine.n_unfinished > 0 && !client->is_inside)
        return mcp__err_set(&client->err, MCP_BUSY, "requests of this client are outstanding");
    mcp__client_enter(client);
    mcp_status status = reload(client, options);
    mcp__client_leave(client);
    mcp__client_tell(client);
    return status;
}

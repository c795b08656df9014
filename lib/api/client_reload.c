/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/client_reload.h"

#include <string.h>

#include "api/client_discover.h"
#include "engine/chores.h"
#include "engine/diary.h"
#include "engine/line.h"
#include "engine/move.h"
#include "engine/scout.h"
#include "io/hook.h"

/* What takes the client's place, and which of its servers were there before. */
typedef struct mcp__next {
    mcp_client client;
    uint32_t *kept;
    int64_t until_ms; /* so long work in the background may take to come to its end */
    int is_leaving;   /* it was told to */
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

int
mcp__reload_keeps(const mcp__config *config, uint32_t server, const mcp__config *next)
{
    return find(next, &config->servers[server], NULL, 0) != MCP__NO_SERVER;
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
end(mcp__engine *engine)
{
    mcp__chores_end(engine);
    drop_rest(engine);
    mcp__pool_take_back_all(engine);
}

static void
finish(mcp_client *client)
{
    int64_t now_ms = mcp__wait_begin(&client->world);
    mcp__chores_leave(&client->engine);
    mcp__wait_drain(&client->world, now_ms + client->config.timeout_ms);
    end(&client->engine);
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

/* What was found counts from now on, and is asked for again later. */
static void
take_texts(mcp_client *client, mcp_client *fresh)
{
    mcp__discover_forget(client);
    client->options = fresh->options;
    client->found = fresh->found;
    client->found_version = fresh->found_version;
    fresh->options = fresh->found = NULL;
    if (client->config.has_found)
        mcp__scout_rest(&client->engine);
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
    mcp__hook_move(&fresh->world, &client->world);
    mcp__client_unbuild(client);
    client->config = fresh->config;
    client->pairing = fresh->pairing;
    client->tls = fresh->tls;
    client->engine = fresh->engine;
    mcp__wait_move(&client->world, &fresh->world, &client->engine);
    take_texts(client, fresh);
    note(client, next->kept);
}

/* ---- making ready ---- */

mcp_status
mcp__reload_refuse(mcp__err *err, const char *witness, const char *missed)
{
    return mcp__err_set(err, MCP_REFUSED,
                        "%s is not in the new list, and has on record what %s missed: repair that "
                        "one first",
                        witness, missed);
}

/* What a server that is to go has on record about one that stays would be lost with it. */
static mcp_status
refuse_loss(mcp_client *client, const mcp__next *next)
{
    const mcp__config *config = &client->config;
    uint32_t witness, missed;
    if (!mcp__move_loses_record(&client->engine, next->kept, next->client.engine.n_servers,
                                &witness, &missed))
        return MCP_OK;
    return mcp__reload_refuse(&client->err, config->servers[witness].name,
                              config->servers[missed].name);
}

static void
free_next(mcp_client *client, mcp__next *next)
{
    mcp__discover_forget(&next->client);
    mcp__mem_free(&client->mem, next->kept);
    mcp__mem_free(&client->mem, next);
}

/* Reads the options. The list of an endpoint that stays the same one stays, too. `found` is given
 * away; NULL: as before. */
static mcp_status
read_options(mcp_client *client, mcp_client *fresh, const char *options, char *found)
{
    fresh->mem = client->mem;
    fresh->found = found;
    mcp_status status =
        mcp__options_parse_found(&fresh->config, &client->mem, options, found, &fresh->err);
    int stays = status == MCP_OK && found == NULL && client->found != NULL &&
                is_same_text(fresh->config.discovery, client->config.discovery);
    if (stays) {
        mcp__options_fini(&fresh->config);
        fresh->found_version = client->found_version;
        fresh->found = mcp__mem_text(&client->mem, client->found, strlen(client->found));
        status = fresh->found == NULL
                     ? MCP_NO_MEMORY
                     : mcp__options_parse_found(&fresh->config, &client->mem, options, fresh->found,
                                                &fresh->err);
    }
    if (status != MCP_OK)
        return status;
    status = mcp__discover_keep(fresh, options);
    if (status != MCP_OK)
        mcp__options_fini(&fresh->config);
    return status;
}

static mcp__next *
new_next(mcp_client *client, mcp_status *status)
{
    mcp__next *next = mcp__mem_new_zeroed(&client->mem, 1, sizeof *next);
    if (next == NULL)
        *status = mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory");
    else
        mcp__err_clear(&next->client.err);
    return next;
}

/* What was read could not be built, or not be read. */
static void
refuse(mcp_client *client, mcp__next *next, mcp_status status)
{
    if (next->client.err.text[0] != '\0')
        client->err = next->client.err;
    else
        mcp__err_set(&client->err, status, "%s", mcp_strstatus(status));
    free_next(client, next);
}

/* The last of what can fail. NULL: next is gone. */
static mcp__next *
compare(mcp_client *client, mcp__next *next, mcp_status *status)
{
    mcp_client *fresh = &next->client;
    next->kept = mcp__mem_new(&client->mem, fresh->engine.n_servers * sizeof *next->kept);
    if (next->kept == NULL) {
        *status = mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory");
    } else {
        match(&client->config, &fresh->config, next->kept);
        *status = refuse_loss(client, next);
    }
    if (*status == MCP_OK)
        return next;
    mcp__client_unbuild(fresh);
    free_next(client, next);
    return NULL;
}

/* Everything is made and checked, and the client is as it was. NULL: it says why. */
static mcp__next *
make_next(mcp_client *client, const char *options, char *found, uint64_t version,
          mcp_status *status)
{
    mcp__next *next = new_next(client, status);
    if (next == NULL) {
        mcp__mem_free(&client->mem, found);
        return NULL;
    }
    mcp_client *fresh = &next->client;
    fresh->found_version = version;
    *status = read_options(client, fresh, options, found);
    if (*status != MCP_OK)
        goto refused;
    *status = mcp__client_build(fresh, &client->mem);
    if (*status == MCP_OK)
        return compare(client, next, status);
    mcp__pairing_free(fresh->pairing);
    mcp__options_fini(&fresh->config);
refused:
    refuse(client, next, *status);
    return NULL;
}

static void
stop_resting(mcp_client *client)
{
    client->hooks.rests = 0;
    client->hooks.wake_ms = INT64_MAX;
}

void
mcp__reload_forget(mcp_client *client)
{
    mcp__next *next = client->next;
    if (next == NULL)
        return;
    client->next = NULL;
    stop_resting(client);
    mcp__client_unbuild(&next->client);
    free_next(client, next);
}

/* ---- beside a loop ---- */

static int
is_quiet(const mcp__engine *engine)
{
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        const mcp__link *link = &engine->servers[i].link;
        if (link->state == MCP__LINK_OPEN &&
            (link->pending_count > 0 || mcp__link_has_output(link)))
            return 0;
    }
    return engine->n_background == 0;
}

int
mcp__reload_is_quiet(const mcp_client *client)
{
    return client->world.hooks != NULL || is_quiet(&client->engine);
}

/* What was held goes out, in its order, with what is left of its time. */
static void
release(mcp_client *client)
{
    mcp__call *call;
    while ((call = mcp__calls_next_held(&client->calls)) != NULL) {
        int64_t now_ms = client->engine.now_ms;
        mcp_status status = call->until_ms > now_ms
                                ? mcp__client_check(client, &call->request)
                                : mcp__err_set(&client->err, MCP_TIMEOUT,
                                               "the list of servers was being exchanged");
        mcp__task *task = NULL;
        if (status == MCP_OK) {
            uint32_t left_ms = (uint32_t)(call->until_ms - now_ms);
            task = mcp__drive_submit(&client->engine, &call->request, left_ms, now_ms);
            status = task == NULL ? MCP_NO_MEMORY : MCP_OK;
        }
        if (task != NULL)
            task->tag = call->number;
        else
            mcp__calls_fail(&client->calls, call, status);
    }
}

static void
take_place(mcp_client *client, mcp__next *next)
{
    stop_resting(client);
    if (refuse_loss(client, next) == MCP_OK) {
        client->next = NULL;
        exchange(client, next);
        free_next(client, next);
        return;
    }
    /* That was not known when it was asked for. */
    mcp__diary_note(&client->engine, MCP_LOG_ERROR, MCP__NO_SERVER, "the list is not exchanged: %s",
                    client->err.text);
    mcp__reload_forget(client);
}

void
mcp__reload_round(mcp_client *client)
{
    mcp__next *next = client->next;
    mcp__engine *engine = &client->engine;
    if (next == NULL || engine->n_unfinished > 0 || engine->first_finished != NULL)
        return;
    int64_t now_ms = mcp__carry_now(&client->world);
    if (!next->is_leaving) {
        mcp__chores_leave(engine);
        next->is_leaving = client->hooks.rests = 1;
        client->hooks.wake_ms = next->until_ms;
    }
    mcp__drive_hasten(engine, now_ms);
    if (!is_quiet(engine) && now_ms < next->until_ms)
        return;
    end(engine);
    take_place(client, next);
    client->engine.now_ms = now_ms;
    release(client);
}

void
mcp__reload_now(mcp_client *client)
{
    if (client->next == NULL)
        return;
    finish(client);
    take_place(client, client->next);
}

/* ---- the call ---- */

/* Beside a loop: as soon as nothing is under way any more. The last one asked for counts. */
static void
arrange(mcp_client *client, mcp__next *next)
{
    mcp__reload_forget(client);
    next->until_ms = mcp__carry_now(&client->world) + client->config.timeout_ms;
    client->next = next;
    if (!client->calls.is_telling)
        mcp__hook_hurry(&client->world);
}

/* At once, or as soon as it can be. */
static mcp_status
reload(mcp_client *client, const char *options, char *found, uint64_t version)
{
    mcp_status status;
    mcp__next *next = make_next(client, options, found, version, &status);
    if (next != NULL && client->world.hooks != NULL) {
        arrange(client, next);
    } else if (next != NULL) {
        finish(client);
        exchange(client, next);
        free_next(client, next);
    }
    return status;
}

mcp_status
mcp__reload_shared(mcp_client *client, const mcp__config *config, mcp__pairing *pairing)
{
    mcp_status status;
    mcp__next *next = new_next(client, &status);
    if (next == NULL)
        return status;
    mcp_client *fresh = &next->client;
    fresh->mem = client->mem;
    fresh->config = *config;
    fresh->pairing = pairing;
    fresh->is_shared = 1;
    status = mcp__client_build(fresh, &client->mem);
    if (status != MCP_OK) {
        refuse(client, next, status);
        return status;
    }
    next = compare(client, next, &status);
    if (next == NULL)
        return status;
    mcp__client_enter(client);
    finish(client);
    exchange(client, next);
    free_next(client, next);
    mcp__client_leave(client);
    return MCP_OK;
}

mcp_status
mcp__reload_found(mcp_client *client, char *found, uint64_t version)
{
    return reload(client, client->options, found, version);
}

mcp_status
mcp_reload(mcp_client *client, const char *options)
{
    if (client->events.is_calling_back || client->calls.is_closing)
        return MCP_BUSY;
    if (client->is_shared)
        return mcp__err_set(&client->err, MCP_UNSUPPORTED,
                            "a client that a pool has lent keeps the pool's options: mcp_pool_reload");
    mcp__client_enter(client);
    mcp_status status = reload(client, options, NULL, 0);
    mcp__client_leave(client);
    if (!client->calls.is_telling)
        mcp__client_tell(client);
    return status;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/client_discover.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/client_reload.h"
#include "engine/diary.h"
#include "engine/scout.h"
#include "io/hook.h"

#define WORD_MAX (sizeof " server=[]:65535" + MCP__CLUSTER_HOST_MAX)

/* ---- what is kept ---- */

static void
forget_text(mcp_client *client, char **text)
{
    if (*text != NULL)
        explicit_bzero(*text, strlen(*text)); /* a password may stand in it */
    mcp__mem_free(&client->mem, *text);
    *text = NULL;
}

mcp_status
mcp__discover_keep(mcp_client *client, const char *options)
{
    if (client->config.discovery == NULL)
        return MCP_OK;
    client->options = mcp__mem_text(&client->mem, options, strlen(options));
    return client->options == NULL ? MCP_NO_MEMORY : MCP_OK;
}

void
mcp__discover_forget(mcp_client *client)
{
    forget_text(client, &client->options);
    forget_text(client, &client->found);
}

/* ---- a list ---- */

/* As words of the options; NULL: no memory. */
static char *
words_of(mcp_client *client, const mcp__cluster *list)
{
    mcp__cluster_node node;
    mcp__span left = list->nodes;
    size_t used = 0, size = list->nodes.len + list->n_nodes * WORD_MAX + 1;
    char *text = mcp__mem_new(&client->mem, size);
    if (text == NULL)
        return NULL;
    while (mcp__cluster_next(&left, &node)) {
        int is_v6 = memchr(node.host.bytes, ':', node.host.len) != NULL;
        used += (size_t)snprintf(text + used, size - used, " server=%s%.*s%s:%u", is_v6 ? "[" : "",
                                 (int)node.host.len, (const char *)node.host.bytes,
                                 is_v6 ? "]" : "", node.port);
    }
    return text;
}

/*
 * Behind mirrored writes there is always something owed: questions that wait for the next command.
 * Servers that are well answer them at once, so they are asked now. Once, and not for long: where
 * one is silent the list is taken when its time is over.
 */
static int
settle(mcp_client *client)
{
    mcp__engine *engine = &client->engine;
    if (!engine->scout.is_hurried && !mcp__reload_is_quiet(client))
        mcp__wait_drain(&client->world, engine->now_ms + 1 + client->config.timeout_ms / 10);
    engine->scout.is_hurried = 1;
    return mcp__reload_is_quiet(client);
}

/* It says why not in client->err; MCP_BUSY: not yet. */
static mcp_status
take_list(mcp_client *client, const mcp__cluster *list, int may_wait)
{
    uint64_t version = list->version; /* the list may be gone when settled */
    if (client->config.has_found && version <= client->found_version)
        return MCP_OK;
    char *found = words_of(client, list);
    if (found == NULL)
        return mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the list of servers");
    if (may_wait && !settle(client)) {
        mcp__mem_free(&client->mem, found);
        return MCP_BUSY;
    }
    return mcp__reload_found(client, found, version);
}

static mcp_status
refuse(mcp_client *client, mcp_status status, const char *why)
{
    return mcp__err_set(&client->err, status, "no list of servers from %.64s (discovery=): %.96s",
                        client->config.discovery, why);
}

/* ---- asking ---- */

/* MCP_OK, a failure that client->err tells, or MCP_BUSY: not yet. */
static mcp_status
look(mcp_client *client)
{
    mcp__engine *engine = &client->engine;
    mcp__cluster list;
    char why[MCP__SCOUT_WHY_SIZE] = "";
    int what = mcp__scout_next(engine, &list, why);
    int may_wait = client->config.has_found && engine->now_ms < engine->scout.until_ms;
    if (what == 0)
        return MCP_BUSY;
    mcp_status status = MCP_NO_SERVER;
    if (what > 0) {
        status = take_list(client, &list, may_wait);
        if (status == MCP_BUSY)
            return status;
        snprintf(why, sizeof why, "%.90s", client->err.text);
    }
    if (status == MCP_OK) /* maybe in another engine than it was asked with */
        mcp__diary_note(&client->engine, MCP_LOG_DEBUG, MCP__NO_SERVER,
                        "%.64s has told its list of servers", client->config.discovery);
    else
        mcp__diary_note(&client->engine, MCP_LOG_WARNING, MCP__NO_SERVER,
                        "no list of servers from %.64s: %s", client->config.discovery, why);
    mcp__scout_end(&client->engine);
    if (client->config.has_found || client->next != NULL)
        mcp__scout_rest(&client->engine);
    return status == MCP_OK ? status : refuse(client, status, why);
}

mcp_status
mcp__discover(mcp_client *client, int64_t until_ms)
{
    mcp__engine *engine = &client->engine;
    if (!client->config.has_found)
        mcp__reload_now(client); /* to one that its loop has not come to yet */
    if (!mcp__client_asks(client))
        return MCP_OK;
    int has_list = client->config.has_found;
    engine->now_ms = mcp__wait_begin(&client->world);
    if (!mcp__scout_is_busy(engine))
        mcp__scout_begin(engine, has_list ? engine->now_ms + client->config.timeout_ms : until_ms);
    for (;;) {
        mcp_status status = look(client);
        if (has_list) {
            mcp__wait_serve(&client->world);
            return MCP_OK;
        }
        if (status != MCP_BUSY) {
            mcp__reload_now(client);
            return status;
        }
        mcp__wait_once(&client->world, engine->scout.until_ms);
        engine->now_ms = mcp__clock_exact(&client->world.clock);
    }
}

mcp_status
mcp__discover_first(mcp_client *client)
{
    if (client->config.has_found || !mcp__client_asks(client) || mcp__client_is_busy(client))
        return MCP_OK;
    mcp__client_enter(client);
    int64_t now_ms = mcp__wait_begin(&client->world);
    mcp_status status = mcp__discover(client, now_ms + client->config.timeout_ms);
    mcp__client_leave(client);
    mcp__client_tell(client);
    return status;
}

int64_t
mcp__discover_hold(mcp_client *client)
{
    mcp__scout *scout = &client->engine.scout;
    int64_t ask_ms = scout->ask_ms;
    scout->ask_ms = scout->hasty_ms = INT64_MAX;
    return ask_ms;
}

void
mcp__discover_go_on(mcp_client *client, int64_t ask_ms)
{
    mcp__scout *scout = &client->engine.scout;
    scout->ask_ms = ask_ms;
    if (client->config.has_found)
        scout->hasty_ms = client->engine.now_ms + MCP__SCOUT_HASTE_MS;
}

/* ---- beside a loop ---- */

void
mcp__discover_submitted(mcp_client *client, uint32_t timeout_ms)
{
    mcp__engine *engine = &client->engine;
    if (client->next != NULL)
        return;
    engine->now_ms = mcp__carry_now(&client->world);
    int64_t until_ms =
        engine->now_ms + (client->config.has_found ? client->config.timeout_ms : timeout_ms);
    if (!mcp__scout_is_busy(engine))
        mcp__scout_begin(engine, until_ms);
    else if (until_ms < engine->scout.until_ms)
        engine->scout.due_ms = engine->scout.until_ms = until_ms;
}

/* Nobody has told whom to ask. */
static void
fail_held(mcp_client *client, mcp_status status)
{
    mcp__call *call;
    while ((call = mcp__calls_next_held(&client->calls)) != NULL)
        mcp__calls_fail(&client->calls, call, status);
}

void
mcp__discover_round(mcp_client *client)
{
    if (!mcp__scout_is_busy(&client->engine))
        return;
    client->engine.now_ms = mcp__carry_now(&client->world);
    mcp_status status = look(client);
    if (status != MCP_OK && status != MCP_BUSY && !client->config.has_found)
        fail_held(client, status);
}

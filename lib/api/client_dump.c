/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mcp_dump(): the engine's line for dumps, for a user. One server at a time:
 *
 *     ASK (stats: does a crawl run?) --no--> STREAM --END--> done
 *      ^------- wait a little ---- yes, BUSY ----'
 *
 * memcached 1.6.18 does not answer a second dump with BUSY while the first one is not being read:
 * it blocks a worker with all its connections. So it is asked first whether a crawl runs.
 */
#include "api/client.h"

#include <string.h>

#include "api/client_discover.h"
#include "engine/chores.h"
#include "engine/dumper.h"
#include "io/clock.h"
#include "mcproxy/dump.h"
#include "pair/marks.h"
#include "wire/base64.h"
#include "wire/fold.h"
#include "wire/key.h"

/* How long another dump is waited for, and how often it is looked whether it has ended. */
#define BUSY_MS 10000
#define PAUSE_MS 50

typedef struct dump {
    mcp_client *client;
    mcp_dump_callback callback;
    void *context;
    uint32_t server;
    int64_t end_ms; /* of the whole call */
    int64_t unix_now;
} dump;

static int64_t
clock_ms(const dump *d)
{
    return mcp__clock_exact(&d->client->world.clock);
}

/* ---- One key ------------------------------------------------------------------------------ */

static int
copy_of(const dump *d, const char *key, size_t len)
{
    mcp__pair pair = mcp__pairing_find(d->client->pairing, key, len);
    if (pair.primary == d->server)
        return MCP_DUMP_PRIMARY;
    return pair.backup == d->server ? MCP_DUMP_BACKUP : MCP_DUMP_STRAY;
}

static int64_t
seconds_since(int64_t then, int64_t now)
{
    return now > then ? now - then : 0;
}

/* 1: the user wants an end. */
static int
tell(const dump *d, const mcp__dump_line *line)
{
    mcp_client *client = d->client;
    const mcp__config *config = &client->config;
    uint8_t raw[MCP__KEY_MAX];
    const char *key = line->key.bytes;
    size_t key_len = line->key.len;
    size_t space_len = config->namespace_len;
    mcp__span binary = mcp__fold_binary(line->key, (mcp__span){config->prefix, config->prefix_len});
    if (binary.len > 0 && binary.len <= sizeof raw) { /* its name where meta is not spoken */
        key = (const char *)raw;
        key_len = mcp__base64_decode(raw, binary.bytes, binary.len);
    }
    if (mcp__marks_is_reserved(config->prefix, config->prefix_len, key, key_len) ||
        key_len <= space_len || memcmp(key, config->namespace_text, space_len) != 0)
        return 0;
    key += space_len;
    const mcp_dump_item item = {
        .size = sizeof item,
        .server = (int)d->server,
        .copy = copy_of(d, key, key_len - space_len),
        .key = key,
        .key_len = key_len - space_len,
        .ttl = line->expires < 0 ? -1 : seconds_since(d->unix_now, line->expires),
        .idle = line->used < 0 ? -1 : seconds_since(line->used, d->unix_now),
        .bytes = line->size,
        .has_flags = line->flags >= 0,
        .flags = line->flags < 0 ? 0 : (uint32_t)line->flags,
    };
    client->events.is_calling_back = 1;
    int ended = d->callback(d->context, &item);
    client->events.is_calling_back = 0;
    return ended != 0;
}

/* ---- One server --------------------------------------------------------------------------- */

static mcp_status
fail(const dump *d, mcp_status status, const char *why)
{
    mcp__err *err = &d->client->err;
    mcp__err_set(err, status, "%.64s: %s", d->client->engine.servers[d->server].spec->name, why);
    err->server = (int)d->server;
    return status;
}

static mcp_status
status_of(const dump *d, mcp__outcome_status outcome)
{
    switch (outcome) {
    case MCP__OUTCOME_DONE:
        return MCP_OK;
    case MCP__OUTCOME_BUSY:
        return MCP_BUSY;
    case MCP__OUTCOME_UNABLE:
        return fail(d, MCP_UNSUPPORTED, "it does not list its keys (lru_crawler metadump hash)");
    default:
        return fail(d, MCP_NO_SERVER, "the list of its keys broke off");
    }
}

/* MCP_BUSY: another one is under way there. */
static mcp_status
stream(const dump *d)
{
    mcp_client *client = d->client;
    mcp__engine *engine = &client->engine;
    mcp__outcome_status outcome = MCP__OUTCOME_FAILED;
    mcp_status status = MCP_OK;
    mcp__dump_line line;
    int more;
    (void)mcp__wait_begin(&client->world);
    mcp__dumper_begin(engine, d->server);
    while (status == MCP_OK && (more = mcp__dumper_next(engine, &line, &outcome)) >= 0) {
        if (more > 0 && tell(d, &line))
            status = MCP_NOT_STORED;
        else if (more == 0 && clock_ms(d) >= d->end_ms)
            status = fail(d, MCP_TIMEOUT, "not all keys were listed within the limit");
        else if (more == 0)
            mcp__wait_once(&client->world,
                           engine->dump_until_ms < d->end_ms ? engine->dump_until_ms : d->end_ms);
    }
    if (status != MCP_OK)
        mcp__dumper_end(engine);
    else
        status = status_of(d, outcome);
    mcp__wait_serve(&client->world); /* the connection is closed now, not with the next call */
    return status;
}

static int
is_crawling(const mcp_result *stats)
{
    mcp_stat stat;
    static const char name[] = "lru_crawler_running";
    for (size_t at = 0; mcp_stat_next(stats, &at, &stat);) {
        if (stat.name_len == sizeof name - 1 && memcmp(stat.name, name, stat.name_len) == 0)
            return stat.value_len != 1 || *stat.value != '0';
    }
    return 0;
}

/* MCP_BUSY: not now. */
static mcp_status
try_one(const dump *d)
{
    mcp_client *client = d->client;
    mcp_result stats = MCP_RESULT_INIT;
    int64_t left_ms = d->end_ms - clock_ms(d);
    mcp_request request = MCP_REQUEST_INIT;
    request.verb = MCP_STATS;
    request.server = (int)d->server;
    if (left_ms <= 0)
        return fail(d, MCP_TIMEOUT, "not asked any more within the limit");
    if (left_ms < client->config.timeout_ms)
        request.timeout_ms = (uint32_t)left_ms;
    mcp_status status = mcp_call(client, &request, &stats);
    if (status != MCP_OK)
        return status;
    if (is_crawling(&stats) || mcp__dumper_is_busy(&client->engine))
        return MCP_BUSY;
    mcp__client_enter(client);
    status = stream(d);
    mcp__client_leave(client);
    mcp__client_tell(client);
    return status;
}

static void
rest(const dump *d, int64_t until_ms)
{
    int64_t left_ms = until_ms - clock_ms(d);
    int64_t pause_ms = left_ms < PAUSE_MS ? left_ms : PAUSE_MS;
    if (pause_ms <= 0)
        return;
    mcp__client_enter(d->client);
    mcp__wait_slice(&d->client->world, pause_ms);
    mcp__client_leave(d->client);
}

static mcp_status
dump_one(dump *d)
{
    int64_t busy_ms = clock_ms(d) + BUSY_MS;
    if (d->end_ms < busy_ms)
        busy_ms = d->end_ms;
    for (;;) {
        d->unix_now = mcp__clock_unix();
        mcp_status status = try_one(d);
        if (status != MCP_BUSY)
            return status;
        rest(d, busy_ms);
        if (clock_ms(d) >= busy_ms)
            return fail(d, MCP_TIMEOUT, "another list of its keys is under way");
    }
}

/* ---- The door ----------------------------------------------------------------------------- */

static mcp_status
check(mcp_client *client, int server, mcp_dump_callback callback)
{
    int n = (int)client->engine.n_servers;
    if (mcp__client_is_busy(client))
        return MCP_BUSY;
    if (callback == NULL)
        return mcp__err_set(&client->err, MCP_BAD_ARGUMENT, "the callback is NULL");
    if (server >= -1 && server < n)
        return MCP_OK;
    return mcp__err_set(&client->err, MCP_BAD_ARGUMENT, "there is no server %d, only 0 to %d",
                        server, n - 1);
}

static mcp_status
dump_list(mcp_client *client, int server, uint64_t limit_ms, mcp_dump_callback callback,
          void *context)
{
    dump d = {.client = client, .callback = callback, .context = context, .end_ms = INT64_MAX};
    mcp__err first;
    int last = server < 0 ? (int)client->engine.n_servers - 1 : server;
    mcp_status worst = check(client, server, callback);
    if (worst != MCP_OK)
        return worst;
    if (limit_ms > 0 && limit_ms < INT64_MAX / 2)
        d.end_ms = clock_ms(&d) + (int64_t)limit_ms;
    for (int i = server < 0 ? 0 : server; i <= last; i++) {
        d.server = (uint32_t)i;
        mcp_status status = dump_one(&d);
        if (status == MCP_NOT_STORED)
            return mcp__err_set(&client->err, status, "the callback ended it");
        if (status == MCP_OK || worst != MCP_OK)
            continue;
        worst = status;
        first = client->err;
    }
    if (worst != MCP_OK)
        client->err = first;
    return worst;
}

mcp_status
mcp_dump(mcp_client *client, int server, uint64_t limit_ms, mcp_dump_callback callback,
         void *context)
{
    mcp_status status = mcp__discover_first(client);
    if (status != MCP_OK)
        return status;
    int64_t ask_ms = mcp__discover_hold(client);
    status = dump_list(client, server, limit_ms, callback, context);
    mcp__discover_go_on(client, ask_ms);
    return status;
}

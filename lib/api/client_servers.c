/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client can be asked about its servers, and what it can ask one of them. */
#include "api/client.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/client_discover.h"
#include "engine/chores.h"
#include "engine/line.h"

int
mcp_server_count(const mcp_client *client)
{
    return (int)client->engine.n_servers;
}

static void
give_counters(mcp_server *info, const mcp__server *server)
{
    info->calls = server->tally.calls;
    info->errors = server->tally.errors;
    info->timeouts = server->tally.timeouts;
    info->connects = server->tally.connects;
    info->failovers = server->tally.failovers;
    info->hits = server->tally.hits;
    info->misses = server->tally.misses;
    info->journaled = server->tally.journaled;
    info->repaired = server->tally.repaired;
    info->refilled = server->tally.refilled;
}

static uint64_t
sum_kinds(const mcp__tally *tally, mcp__command_kind first, mcp__command_kind last)
{
    uint64_t n = 0;
    for (int i = (int)first; i <= (int)last; i++)
        n += tally->kinds[i];
    return n;
}

/* What was asked for somebody, and how long it took. */
static void
give_use(mcp_server *info, const mcp__server *server)
{
    const mcp__tally *tally = &server->tally;
    const mcp__latency *latency = &tally->latency;
    info->gets =
        sum_kinds(tally, MCP__COMMAND_GET, MCP__COMMAND_GAT) + tally->kinds[MCP__COMMAND_LEASE];
    info->sets = sum_kinds(tally, MCP__COMMAND_SET, MCP__COMMAND_CAS);
    info->deletes = tally->kinds[MCP__COMMAND_DELETE];
    info->others = sum_kinds(tally, MCP__COMMAND_GET, MCP__COMMAND_FLUSH) - info->gets -
                   info->sets - info->deletes;
    info->latency_n = latency->n;
    info->latency_us = mcp__latency_mean_us(latency);
    info->latency_p50_us = mcp__latency_percentile(latency, 50);
    info->latency_p99_us = mcp__latency_percentile(latency, 99);
    info->latency_max_us = latency->max_us;
}

static uint64_t
since(int64_t then_ms, int64_t now_ms)
{
    return now_ms > then_ms ? (uint64_t)(now_ms - then_ms) : 0;
}

/* Each key is in one segment of the journal, and those that were begun are listed beside the mark.
 */
static uint64_t
missed_least(const mcp__server *witness, const mcp__server *server)
{
    const mcp__missed *missed = mcp__ledger_find(&witness->ledger, server->ledger.id8);
    uint64_t n = 0;
    for (uint64_t bits = missed != NULL ? missed->segments : 0; bits != 0; bits &= bits - 1)
        n++;
    return n;
}

/* Who said that it missed writes, and since when that is known. */
static void
give_mark(mcp_server *info, const mcp__engine *engine, const mcp__server *server, int64_t now_ms)
{
    info->missed_on = server->missed_on;
    if (server->missed_on < 0)
        return;
    info->missed_ms = since(server->missed_since_ms, now_ms);
    info->missed_least = missed_least(&engine->servers[server->missed_on], server);
    if (info->state != MCP_STATE_RECOVERING)
        return;
    info->since_ms = info->missed_ms < info->since_ms ? info->missed_ms : info->since_ms;
    snprintf(info->why, sizeof info->why, "missed writes, on record on %.64s",
             engine->servers[server->missed_on].spec->name);
}

static void
give_job(mcp_server *info, const mcp__engine *engine, const mcp__server *server)
{
    mcp_progress progress = {.phase = NULL};
    mcp__chores_progress(engine, server->number, &progress);
    info->job = progress.job;
    if (progress.job == MCP_JOB_NONE)
        return;
    info->job_done = progress.done;
    info->job_total = progress.total;
    info->job_wait_ms = progress.wait_ms;
    if (progress.phase != NULL)
        snprintf(info->job_phase, sizeof info->job_phase, "%s", progress.phase);
}

static void
give_state(mcp_server *info, const mcp__engine *engine, const mcp__server *server, int64_t now_ms)
{
    const mcp__health *health = &server->health;
    info->state = mcp__line_state(engine, server);
    info->contacted = health->contacted;
    info->since_ms = since(health->since_ms, now_ms);
    snprintf(info->why, sizeof info->why, "%s", health->why);
    if (info->state == MCP_STATE_WARMING)
        snprintf(info->why, sizeof info->why, "came back empty, is being filled");
    snprintf(info->version, sizeof info->version, "%s", server->link.hello.version);
    if (health->state == MCP_STATE_DOWN && health->next_probe_ms > now_ms)
        info->next_probe_ms = (uint64_t)(health->next_probe_ms - now_ms);
}

mcp_status
mcp_server_info(const mcp_client *client, int number, mcp_server *info)
{
    const mcp__engine *engine = &client->engine;
    if (number < 0 || (uint32_t)number >= engine->n_servers ||
        info->size < offsetof(mcp_server, address))
        return MCP_BAD_ARGUMENT;
    const mcp__server *server = &engine->servers[number];
    mcp__clock clock = client->world.clock;
    int64_t now_ms = mcp__clock_exact(&clock);
    mcp_server ours = MCP_SERVER_INIT;
    ours.name = server->spec->name;
    ours.address = server->spec->address;
    ours.is_backup = server->number >= engine->n_primaries;
    ours.index = ours.is_backup ? number - (int)engine->n_primaries : number;
    ours.weight = server->spec->weight;
    give_state(&ours, engine, server, now_ms);
    give_mark(&ours, engine, server, now_ms);
    give_job(&ours, engine, server);
    give_counters(&ours, server);
    give_use(&ours, server);
    size_t size = info->size < sizeof ours ? info->size : sizeof ours;
    ours.size = info->size;
    memcpy(info, &ours, size);
    return MCP_OK;
}

mcp_status
mcp_where(mcp_client *client, const void *key, size_t key_len, const void *route, size_t route_len,
          mcp_location *location)
{
    mcp_request request = MCP_REQUEST_INIT;
    request.key = key;
    request.key_len = key_len;
    request.route = route;
    request.route_len = route_len;
    mcp_status status = mcp__discover_first(client);
    if (status == MCP_OK)
        status = mcp__client_check(client, &request);
    if (status != MCP_OK) {
        client->err.status = status;
        return status;
    }
    mcp__pair pair = mcp__pairing_find(client->pairing, route != NULL ? route : key,
                                       route != NULL ? route_len : key_len);
    location->primary = (int)pair.primary;
    location->backup = pair.backup == MCP__NO_SERVER ? -1 : (int)pair.backup;
    return MCP_OK;
}

void
mcp_on_event(mcp_client *client, mcp_event_callback callback, void *context)
{
    client->events.callback = callback;
    client->events.context = context;
}

mcp_status
mcp_on_log(mcp_client *client, mcp_log_level most, mcp_log_callback callback, void *context)
{
    int is_wanted = callback != NULL && most > MCP_LOG_NONE;
    client->engine.log = NULL;
    client->events.on_log = NULL;
    if (!is_wanted)
        return MCP_OK;
    if (client->log == NULL)
        client->log = mcp__mem_new(&client->mem, sizeof *client->log);
    if (client->log == NULL)
        return mcp__err_set(&client->err, MCP_NO_MEMORY, "no memory for the log");
    client->log->n = client->log->n_lost = 0;
    client->log->first = 0;
    client->log->most = (uint8_t)(most < MCP_LOG_DEBUG ? most : MCP_LOG_DEBUG);
    client->events.on_log = callback;
    client->events.log_context = context;
    client->engine.log = client->log;
    return MCP_OK;
}

static mcp_request
to_server(mcp_verb verb, int server)
{
    mcp_request request = MCP_REQUEST_INIT;
    request.verb = verb;
    request.server = server;
    return request;
}

/* One list of servers in parallel; the first failure, or MCP_OK. */
static mcp_status
flush_list(mcp_client *client, uint32_t first, uint32_t end, int64_t delay, mcp_status before)
{
    enum { AT_ONCE = 64 };
    mcp_request requests[AT_ONCE];
    mcp_result results[AT_ONCE];
    while (first < end) {
        size_t n = 0;
        for (; n < AT_ONCE && first < end; n++, first++) {
            requests[n] = to_server(MCP_FLUSH, (int)first);
            requests[n].ttl = delay;
            results[n] = (mcp_result)MCP_RESULT_INIT;
        }
        mcp_batch(client, requests, results, n);
        for (size_t i = 0; i < n && before == MCP_OK; i++)
            before = results[i].status;
    }
    return before;
}

mcp_status
mcp_flush(mcp_client *client, int server, int64_t delay)
{
    const mcp__engine *engine = &client->engine;
    delay = delay > 0 ? delay : 0;
    if (server != -1) {
        mcp_request request = to_server(MCP_FLUSH, server);
        request.ttl = delay;
        return mcp_call(client, &request, NULL);
    }
    mcp_status status = mcp__discover_first(client);
    if (status != MCP_OK)
        return status;
    int64_t ask_ms = mcp__discover_hold(client);
    status = flush_list(client, engine->n_primaries, engine->n_servers, delay, MCP_OK);
    status = flush_list(client, 0, engine->n_primaries, delay, status);
    mcp__discover_go_on(client, ask_ms);
    return status;
}

mcp_status
mcp_stats(mcp_client *client, int server, const char *argument, mcp_result *result)
{
    mcp_request request = to_server(MCP_STATS, server);
    request.key = argument;
    request.key_len = argument == NULL ? 0 : strlen(argument);
    return mcp_call(client, &request, result);
}

mcp_status
mcp_version(mcp_client *client, int server, mcp_result *result)
{
    mcp_request request = to_server(MCP_VERSION, server);
    return mcp_call(client, &request, result);
}

mcp_status
mcp_ping(mcp_client *client, int server)
{
    mcp_request request = to_server(MCP_PING, server);
    return mcp_call(client, &request, NULL);
}

/* "STAT name value\r\n" or "ITEM key value\r\n", as the parser has checked. */
int
mcp_stat_next(const mcp_result *result, size_t *position, mcp_stat *stat)
{
    static const size_t before = sizeof "STAT " - 1;
    if (result->value == NULL || *position + before >= result->value_len)
        return 0;
    const char *line = (const char *)result->value + *position;
    const char *lf = memchr(line, '\n', result->value_len - *position);
    if (lf == NULL || (size_t)(lf - line) <= before)
        return 0;
    const char *end = lf - 1; /* a CR may stand within the line, too */
    stat->name = line + before;
    const char *blank = memchr(stat->name, ' ', (size_t)(end - stat->name));
    stat->name_len = (size_t)((blank != NULL ? blank : end) - stat->name);
    stat->value = blank != NULL ? blank + 1 : end;
    stat->value_len = (size_t)(end - stat->value);
    *position += (size_t)(lf - line) + 1;
    return 1;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/facts.h"

#include <stdio.h>
#include <string.h>

#include "engine/diary.h"
#include "engine/line.h"
#include "engine/record.h"
#include "engine/tasks.h"

/* Times of two clients closer together than this have no order: the coarse clock lags by so much on
 * a busy machine. */
#define SLACK_MS 50

void
mcp__fact_init(mcp__fact *fact, const mcp__mem *mem, uint32_t id8)
{
    memset(fact, 0, sizeof *fact);
    mcp__ledger_init(&fact->ledger, mem, id8);
}

void
mcp__fact_fini(mcp__fact *fact)
{
    mcp__ledger_fini(&fact->ledger);
}

/* ---- telling ---- */

/* When this client last learned whether it is there. */
static int64_t
heard_ms(const mcp__server *server)
{
    int64_t used_ms = server->link.used_ms;
    int is_up = server->health.state == MCP_STATE_UP;
    return is_up && used_ms > server->judged_ms ? used_ms : server->judged_ms;
}

/* Within one millisecond whoever holds the server to be well gives way. */
static int
is_newer(const mcp__health *health, int64_t heard_at_ms, const mcp__health *than, int64_t than_ms)
{
    if (heard_at_ms != than_ms)
        return heard_at_ms > than_ms;
    return health->state != MCP_STATE_UP && than->state == MCP_STATE_UP;
}

static void
tell_health(const mcp__server *server, mcp__fact *fact)
{
    if (!server->health.contacted ||
        !is_newer(&server->health, heard_ms(server), &fact->health, fact->heard_ms))
        return;
    fact->heard_ms = heard_ms(server);
    fact->health = server->health;
    fact->os_error = server->os_error;
    fact->was_refused = server->was_refused;
}

void
mcp__facts_tell(const mcp__engine *engine, mcp__fact *facts)
{
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        const mcp__server *server = &engine->servers[i];
        tell_health(server, &facts[i]);
        if (!engine->settings.promise.keeps_record)
            continue;
        if (mcp__ledger_hear(&facts[i].ledger, &server->ledger, SLACK_MS) == MCP__LEDGER_UNORDERED)
            mcp__ledger_join(&facts[i].ledger, &server->ledger);
        mcp__ledger_hear_epoch(&facts[i].ledger, &server->ledger);
    }
}

/* ---- hearing ---- */

static void
tell_state(mcp__engine *engine, const mcp__server *server, mcp_state before)
{
    mcp_state after = mcp__line_state(engine, server);
    mcp__diary_state(engine, server->number, -1, before, after,
                     after == MCP_STATE_UP ? "" : server->health.why);
}

/* Probes of many clients spread: the first one that is answered is heard of by the others. */
static int64_t
own_probe_ms(mcp__engine *engine, const mcp__health *theirs)
{
    uint64_t spread = theirs->backoff_ms / 4;
    return theirs->next_probe_ms + (int64_t)(mcp__pool_random(engine) % (spread + 1));
}

/* Whatever connection there is is as old as the trouble: a new one is the probe. */
static void
drop_connection(mcp__engine *engine, mcp__server *server, const mcp__health *theirs)
{
    if (server->link.state != MCP__LINK_OPEN)
        return;
    uint64_t errors = server->tally.errors; /* not one of ours */
    mcp__line_lost(engine, server, MCP__FAILURE_LOCAL, 0, 0, theirs->why);
    server->tally.errors = errors;
}

static void
hear_away(mcp__engine *engine, mcp__server *server, const mcp__fact *fact)
{
    mcp_state before = mcp__line_state(engine, server);
    drop_connection(engine, server, &fact->health);
    int is_probing = server->link.state != MCP__LINK_CLOSED;
    server->health = fact->health;
    server->health.next_probe_ms = own_probe_ms(engine, &fact->health);
    server->judged_ms = fact->heard_ms;
    server->os_error = fact->os_error;
    server->was_refused = fact->was_refused;
    snprintf(server->said, sizeof server->said, "%s", fact->health.why);
    if (fact->health.state != MCP_STATE_SUSPECT)
        server->health.state = is_probing ? MCP_STATE_PROBING : MCP_STATE_DOWN;
    tell_state(engine, server, before);
    if (is_probing)
        return;
    if (fact->health.state == MCP_STATE_SUSPECT)
        mcp__line_timer(engine, server); /* its probe, at once */
    else
        mcp__timer_set(&engine->timers, &server->timer, server->health.next_probe_ms);
}

/* It answered somebody else: as good as a probe. One of ours that is under way tells by itself. */
static void
hear_back(mcp__engine *engine, mcp__server *server, const mcp__fact *fact)
{
    if (server->link.state != MCP__LINK_CLOSED)
        return;
    mcp_state before = mcp__line_state(engine, server);
    mcp__timer_stop(&engine->timers, &server->timer);
    mcp__health_success(&server->health, engine->now_ms);
    server->judged_ms = fact->heard_ms;
    server->was_refused = 0;
    server->os_error = 0;
    if (server->missed_on >= 0 || server->ledger.epoch == MCP__EPOCH_WARMING)
        engine->wants_chores = 1;
    tell_state(engine, server, before);
}

static void
hear_health(mcp__engine *engine, mcp__server *server, const mcp__fact *fact)
{
    int is_up = fact->health.state == MCP_STATE_UP;
    if (!is_newer(&fact->health, fact->heard_ms, &server->health, heard_ms(server)))
        return;
    if (!is_up)
        hear_away(engine, server, fact);
    else if (server->health.state != MCP_STATE_UP)
        hear_back(engine, server, fact);
}

void
mcp__facts_hear(mcp__engine *engine, const mcp__fact *facts, int64_t now_ms)
{
    engine->now_ms = now_ms;
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        mcp__server *server = &engine->servers[i];
        hear_health(engine, server, &facts[i]);
        if (engine->settings.promise.keeps_record)
            mcp__record_hear(engine, server, &facts[i].ledger, SLACK_MS);
    }
    mcp__tasks_settle(engine);
}

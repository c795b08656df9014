/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/move.h"

#include <stdio.h>

#include "engine/debts.h"
#include "engine/diary.h"
#include "engine/line.h"

static uint32_t
new_number(const uint32_t *kept, uint32_t n, uint32_t old)
{
    for (uint32_t i = 0; i < n; i++) {
        if (kept[i] == old)
            return i;
    }
    return MCP__NO_SERVER;
}

int
mcp__move_loses_record(const mcp__engine *from, const uint32_t *kept, uint32_t n, uint32_t *witness,
                       uint32_t *missed)
{
    for (uint32_t i = 0; i < from->n_servers; i++) {
        const mcp__server *leaving = &from->servers[i];
        if (leaving->ledger.n_missed == 0 || new_number(kept, n, i) != MCP__NO_SERVER ||
            !mcp__health_is_usable(&leaving->health))
            continue;
        for (uint32_t k = 0; k < n; k++) {
            if (kept[k] == MCP__NO_SERVER || !mcp__pool_are_partners(from, kept[k], i) ||
                !mcp__ledger_lists(&leaving->ledger, from->servers[kept[k]].ledger.id8))
                continue;
            *witness = i;
            *missed = kept[k];
            return 1;
        }
    }
    return 0;
}

/* ---- one server ---- */

static void
move_record(mcp__engine *to, mcp__server *server, mcp__engine *from, mcp__server *before)
{
    mcp__ledger empty = server->ledger;
    server->ledger = before->ledger;
    before->ledger = empty;
    server->start = before->start;
    server->said_unix = before->said_unix;
    server->n_flushes = before->n_flushes;
    server->pid = before->pid;
    server->has_said = before->has_said;
    server->is_new = before->is_new;
    server->may_be_new = before->may_be_new;
    server->n_polls = before->n_polls;
    to->n_undecided += server->ledger.epoch == MCP__EPOCH_MISSING;
    (void)from;
}

static void
move_health(mcp__engine *to, mcp__server *server, const mcp__server *before)
{
    server->health = before->health;
    server->tally = before->tally;
    server->judged_ms = before->judged_ms;
    server->attempt_ms = before->attempt_ms;
    server->was_refused = before->was_refused;
    server->os_error = before->os_error;
    server->is_cut_off = before->is_cut_off;
    server->n_cleared = before->n_cleared;
    server->cleared_ms = before->cleared_ms;
    snprintf(server->said, sizeof server->said, "%s", before->said);
    if (server->health.state == MCP_STATE_PROBING) /* that probe was the old engine's */
        server->health.state = MCP_STATE_DOWN;
    if (server->health.state == MCP_STATE_DOWN)
        mcp__timer_set(&to->timers, &server->timer, server->health.next_probe_ms);
    else if (server->health.state == MCP_STATE_SUSPECT)
        mcp__line_timer(to, server); /* its probe, at once */
}

static void
move_link(mcp__engine *to, mcp__server *server, mcp__server *before)
{
    if (before->link.state != MCP__LINK_OPEN || before->link.is_raw)
        return;
    mcp__link closed = server->link;
    server->link = before->link;
    server->link.login = closed.login; /* in the new options' memory */
    before->link = closed;
    server->link.value_max = to->settings.value_max;
    server->opened_ms = before->opened_ms;
    server->life_ms = before->life_ms;
    server->top_cas = before->top_cas;
    if (mcp__link_has_output(&server->link))
        mcp__pool_wish(to, server, MCP__WISH_SEND);
    mcp__line_watch(to, server);
}

/* ---- all of them ---- */

static void
find_witness(mcp__engine *to, mcp__server *server, const mcp__server *before, int64_t now_ms)
{
    for (uint32_t i = 0; i < to->n_servers && server->missed_on < 0; i++) {
        if (mcp__pool_are_partners(to, i, server->number) &&
            mcp__ledger_lists(&to->servers[i].ledger, server->ledger.id8))
            server->missed_on = (int32_t)i;
    }
    server->missed_since_ms =
        before != NULL && before->missed_on >= 0 ? before->missed_since_ms : now_ms;
}

/* Clients with the new list are right from now on: the servers' own words about the pool say so. */
static void
tell_list(mcp__engine *to, mcp__server *server)
{
    mcp__epoch_item *item = &server->ledger.epoch_item;
    int is_decided =
        server->ledger.epoch == MCP__EPOCH_READY || server->ledger.epoch == MCP__EPOCH_WARMING;
    if (!is_decided || item->config8 == 0 || item->config8 != to->former8 ||
        server->link.state != MCP__LINK_OPEN)
        return;
    item->config8 = to->settings.promise.config8;
    mcp__line_ask(to, server, MCP__ASK_EPOCH_STORED);
}

static void
move_debts(mcp__engine *to, mcp__engine *from, const uint32_t *kept)
{
    while (mcp__debts_any(from)) {
        mcp__debt debt = mcp__debts_take(from, 0);
        debt.missed = new_number(kept, to->n_servers, debt.missed);
        debt.witness = new_number(kept, to->n_servers, debt.witness);
        if (debt.missed != MCP__NO_SERVER && debt.witness != MCP__NO_SERVER &&
            mcp__pool_are_partners(to, debt.missed, debt.witness))
            (void)mcp__debts_put(to, &debt);
    }
}

/* What is yet to be told about servers that are still there. */
static void
move_news(mcp__engine *to, mcp__engine *from, const uint32_t *kept)
{
    mcp__news_item item;
    while (mcp__news_take(&from->news, &item)) {
        uint32_t server = new_number(kept, to->n_servers, (uint32_t)item.server);
        uint32_t partner = item.partner < 0
                               ? MCP__NO_SERVER
                               : new_number(kept, to->n_servers, (uint32_t)item.partner);
        if (server == MCP__NO_SERVER)
            continue;
        item.server = (int32_t)server;
        item.partner = partner == MCP__NO_SERVER ? -1 : (int32_t)partner;
        mcp__news_put(&to->news, &item);
    }
}

/* Lines that nobody has read yet, too, with servers' new numbers. */
static void
move_log(mcp__engine *to, mcp__engine *from, const uint32_t *kept)
{
    mcp__log *log = from->log;
    to->log = log;
    for (uint32_t i = 0; log != NULL && i < log->n; i++) {
        mcp__log_line *line = &log->lines[(log->first + i) % MCP__LOG_MAX];
        if (line->server < 0)
            continue;
        uint32_t server = new_number(kept, to->n_servers, (uint32_t)line->server);
        line->server = server == MCP__NO_SERVER ? -1 : (int32_t)server;
    }
}

void
mcp__move_servers(mcp__engine *to, mcp__engine *from, const uint32_t *kept, int is_same_record,
                  int64_t now_ms)
{
    to->now_ms = now_ms;
    to->unix_now = from->unix_now;
    to->opaque_count = from->opaque_count;
    to->opaque = from->opaque;
    to->has_routes = from->has_routes;
    to->submitted_ms = from->submitted_ms;
    to->gap_ms = from->gap_ms;
    to->former8 = from->settings.promise.config8;
    for (uint32_t i = 0; i < to->n_servers; i++) {
        mcp__server *before = kept[i] == MCP__NO_SERVER ? NULL : &from->servers[kept[i]];
        if (before == NULL)
            continue;
        if (is_same_record) {
            move_record(to, &to->servers[i], from, before);
            move_link(to, &to->servers[i], before);
        }
        move_health(to, &to->servers[i], before);
    }
    for (uint32_t i = 0; i < to->n_servers; i++) {
        const mcp__server *before = kept[i] == MCP__NO_SERVER ? NULL : &from->servers[kept[i]];
        find_witness(to, &to->servers[i], before, now_ms);
        if (to->settings.promise.keeps_record)
            tell_list(to, &to->servers[i]);
    }
    to->wants_chores = to->settings.promise.keeps_record;
    if (to->settings.promise.keeps_record)
        move_debts(to, from, kept);
    move_news(to, from, kept);
    move_log(to, from, kept);
}

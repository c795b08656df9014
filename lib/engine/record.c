/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/record.h"

#include <stdio.h>
#include <string.h>

#include "engine/debts.h"
#include "engine/diary.h"
#include "engine/line.h"
#include "wire/token.h"

/* A client whose marks others take away so often, in so long, while it cannot reach the server
 * itself, is the one that is cut off. */
#define CUT_OFF_CLEARED 3
#define CUT_OFF_MS 60000

/* Two clocks that are read to the second: so much may they seem to differ. */
#define CLOCK_SLACK_S 2

static void
tell(mcp__engine *engine, mcp_event_kind kind, uint32_t server, int32_t partner, const char *why)
{
    mcp__news_item item = {.kind = (uint8_t)kind, .server = (int32_t)server, .partner = partner};
    snprintf(item.why, sizeof item.why, "%s", why);
    mcp__diary_event(engine, &item);
}

/* ---- marks ---- */

static void
tell_seen(mcp__engine *engine, mcp__server *missed, const mcp__server *host)
{
    mcp_state before = mcp__line_state(engine, missed);
    missed->missed_on = (int32_t)host->number;
    missed->missed_since_ms = engine->now_ms;
    engine->wants_chores = 1;
    int is_ours = engine->marking == missed;
    tell(engine, is_ours ? MCP_EVENT_MARKED : MCP_EVENT_MARK_SEEN, missed->number,
         (int32_t)host->number, is_ours ? missed->health.why : "");
    mcp_state after = mcp__line_state(engine, missed);
    mcp__diary_state(engine, missed->number, (int32_t)host->number, before, after, "missed writes");
}

/* Somebody else can reach it, again and again, and this client cannot. */
static void
count_cleared(mcp__engine *engine, mcp__server *missed)
{
    if (mcp__health_is_usable(&missed->health) || missed->is_cut_off)
        return;
    if (missed->n_cleared == 0 || engine->now_ms - missed->cleared_ms > CUT_OFF_MS) {
        missed->n_cleared = 0;
        missed->cleared_ms = engine->now_ms;
    }
    if (++missed->n_cleared < CUT_OFF_CLEARED)
        return;
    missed->is_cut_off = 1;
    tell(engine, MCP_EVENT_CUT_OFF, missed->number, -1,
         "others made it good three times in a minute; only this client cannot reach it");
}

static void
tell_gone(mcp__engine *engine, mcp__server *missed, const mcp__server *host)
{
    mcp_state before = mcp__line_state(engine, missed);
    missed->missed_on = -1;
    for (uint32_t i = 0; i < engine->n_servers && missed->missed_on < 0; i++) {
        const mcp__server *other = &engine->servers[i];
        if (other != host && other->ledger.n_missed > 0 &&
            mcp__ledger_find(&other->ledger, missed->ledger.id8) != NULL)
            missed->missed_on = (int32_t)i;
    }
    tell(engine, MCP_EVENT_MARK_GONE, missed->number, (int32_t)host->number, "");
    count_cleared(engine, missed);
    mcp_state after = mcp__line_state(engine, missed);
    if (before == after)
        return;
    mcp__diary_state(engine, missed->number, (int32_t)host->number, before, after, "");
    engine->wants_chores = 1;
}

/* What has changed for the servers of this pool. */
static void
compare(mcp__engine *engine, const mcp__server *host)
{
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        mcp__server *other = &engine->servers[i];
        if (other == host || !mcp__pool_are_partners(engine, i, host->number))
            continue;
        int stands = mcp__ledger_lists(&host->ledger, other->ledger.id8);
        if (stands && other->missed_on < 0)
            tell_seen(engine, other, host);
        else if (!stands && other->missed_on == (int32_t)host->number)
            tell_gone(engine, other, host);
    }
}

/* Cheap, and different whenever who is listed is. */
static uint64_t
signature(const mcp__ledger *ledger)
{
    uint64_t sum = ledger->n_missed + ((uint64_t)ledger->is_foreign << 32);
    for (uint32_t i = 0; i < ledger->n_missed; i++)
        sum += (uint64_t)ledger->missed[i].id8 * 2654435761u + ledger->missed[i].inc8;
    return sum;
}

/*
 * What stood here is gone together with the server's word about itself: it was not made good, it
 * was lost, and this client remembers. Everything is put on record anew, and until that is done the
 * servers stand on (protocol: "whoever remembers puts the mark and '*' back").
 */
static void
restore(mcp__engine *engine, mcp__server *host, int vanished_only)
{
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        mcp__server *missed = &engine->servers[i];
        mcp__debt debt = {.missed = i, .witness = host->number, .is_whole = 1};
        int is_remembered =
            missed->vanished_on == (int32_t)host->number ||
            (!vanished_only && mcp__ledger_lists(&host->ledger, missed->ledger.id8));
        if (!mcp__pool_are_partners(engine, i, host->number) || !is_remembered)
            continue;
        missed->vanished_on = -1;
        if (mcp__debts_put(engine, &debt))
            tell(engine, MCP_EVENT_RECORD_LOST, i, (int32_t)host->number,
                 "the server that kept it has lost everything");
    }
}

/* No marks are here any more. 1: they are missed, and what was known holds. */
static int
is_loss(mcp__engine *engine, mcp__server *host)
{
    if (host->ledger.n_missed == 0 || host->ledger.is_foreign)
        return 0;
    if (host->ledger.epoch == MCP__EPOCH_MISSING || host->is_other_life || host->is_restoring) {
        host->is_restoring = 1;
        restore(engine, host, 0);
        return 1;
    }
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        if (mcp__ledger_lists(&host->ledger, engine->servers[i].ledger.id8))
            engine->servers[i].vanished_on = (int32_t)host->number;
    }
    if (host->link.state == MCP__LINK_OPEN) /* made good, or lost with everything? */
        mcp__line_ask(engine, host, MCP__ASK_EPOCH);
    return 0;
}

/* Somebody else has said already what it is now; it is not the process of before all the same. */
static int
is_another_life(const mcp__epoch_item *before, const mcp__epoch_item *now)
{
    int64_t apart_s = before->start - now->start;
    return before->made != 0 &&
           (before->pid != now->pid || apart_s > CLOCK_SLACK_S || apart_s < -CLOCK_SLACK_S);
}

/* Its word about itself is there. That of before: what vanished was made good. Another one: it is
 * lost. */
static void
settle_vanished(mcp__engine *engine, mcp__server *host, const mcp__epoch_item *before)
{
    if (is_another_life(before, &host->ledger.epoch_item)) {
        host->is_other_life = 1; /* until its marks are read */
        host->top_cas = 0;
        restore(engine, host, 1);
        return;
    }
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        if (engine->servers[i].vanished_on == (int32_t)host->number)
            engine->servers[i].vanished_on = -1;
    }
}

void
mcp__record_marks(mcp__engine *engine, mcp__server *server, const mcp__reply *reply,
                  int64_t asked_ms)
{
    mcp__ledger *ledger = &server->ledger;
    static const mcp__span nothing = {"", 0};
    int is_answer = reply->kind == MCP__REPLY_VALUE || reply->kind == MCP__REPLY_MISS;
    if (!is_answer && reply->kind != MCP__REPLY_ERROR)
        return; /* "out of memory": what was last known holds */
    uint64_t before = signature(ledger);
    int was_foreign = ledger->is_foreign;
    int has_marks = reply->kind == MCP__REPLY_VALUE;
    int is_lost = reply->kind == MCP__REPLY_MISS && is_loss(engine, server);
    server->is_other_life = 0;
    server->is_restoring = server->is_restoring && !has_marks;
    if (is_lost) {
        mcp__ledger_renew(ledger, asked_ms);
        return;
    }
    mcp__ledger_take_marks(ledger, has_marks ? reply->value : nothing, has_marks ? reply->cas : 0,
                           reply->flags, asked_ms, engine->now_ms);
    if (ledger->is_foreign && !was_foreign)
        tell(engine, MCP_EVENT_OTHER_FORMAT, server->number, -1,
             "its marks are of another format; they are left alone and taken to stand");
    if (signature(ledger) != before)
        compare(engine, server);
}

/* ---- epochs ---- */

/*
 * Whether any partner had an epoch before this server started; -1: one has not been heard yet.
 * Times are whole seconds of different clocks. What cannot be told apart counts as a restart, for a
 * refill too many harms nobody; but not where this client saw the partner begin: it has nothing to
 * refill from.
 */
static int
has_restarted(const mcp__engine *engine, const mcp__server *server)
{
    int is_unheard = 0;
    int64_t before = server->start + (server->may_be_new ? 0 : CLOCK_SLACK_S);
    if (server->is_new)
        return 0;
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        const mcp__ledger *ledger = &engine->servers[i].ledger;
        if (!mcp__pool_are_partners(engine, i, server->number))
            continue;
        if (ledger->epoch == MCP__EPOCH_UNKNOWN)
            is_unheard = 1;
        else if (ledger->epoch != MCP__EPOCH_MISSING && ledger->epoch_item.made != 0 &&
                 ledger->epoch_item.made <= before)
            return 1;
    }
    return is_unheard ? -1 : 0;
}

/* Nobody has an epoch, so the partners without one are new, too, and those that were not heard yet
 * may be. */
static void
find_new(mcp__engine *engine, const mcp__server *server)
{
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        mcp__server *partner = &engine->servers[i];
        if (!mcp__pool_are_partners(engine, i, server->number))
            continue;
        partner->is_new = partner->ledger.epoch == MCP__EPOCH_MISSING;
        partner->may_be_new = partner->ledger.epoch == MCP__EPOCH_UNKNOWN;
    }
}

static void
decide(mcp__engine *engine, mcp__server *server)
{
    mcp__ledger *ledger = &server->ledger;
    int restarted = has_restarted(engine, server);
    if (ledger->epoch != MCP__EPOCH_MISSING || !server->has_said)
        return;
    if (server->n_flushes == 0 && restarted < 0)
        return;
    if (restarted == 0)
        find_new(engine, server);
    mcp_state before = mcp__line_state(engine, server);
    int is_warming = restarted > 0 && server->n_flushes == 0;
    ledger->epoch = is_warming ? MCP__EPOCH_WARMING : MCP__EPOCH_READY;
    ledger->epoch_item = (mcp__epoch_item){
        .is_warming = (uint8_t)is_warming,
        .pid = server->pid,
        .start = server->start,
        .config8 = engine->settings.promise.config8,
        .hold_ms = engine->settings.promise.hold_ms,
        .made = server->said_unix,
        .has_routes = engine->has_routes,
    };
    server->has_said = 0;
    server->is_new = 0;
    server->may_be_new = 0;
    mcp__line_ask(engine, server, MCP__ASK_EPOCH_STORED);
    if (restarted > 0)
        tell(engine, is_warming ? MCP_EVENT_RESTARTED : MCP_EVENT_FLUSHED, server->number, -1, "");
    if (!is_warming)
        return;
    engine->wants_chores = 1;
    mcp__diary_state(engine, server->number, -1, before, mcp__line_state(engine, server),
                     "came back empty");
}

static void
decide_all(mcp__engine *engine)
{
    engine->n_undecided = 0;
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        mcp__server *server = &engine->servers[i];
        if (server->ledger.epoch != MCP__EPOCH_MISSING)
            continue;
        decide(engine, server);
        engine->n_undecided += server->ledger.epoch == MCP__EPOCH_MISSING;
    }
}

/* One number out of "STAT <name> <number>\r\n" lines; 0: it is not there. */
static uint64_t
stat_number(mcp__span lines, const char *name)
{
    const uint8_t *at = lines.bytes, *end = at + lines.len;
    size_t len = strlen(name);
    while (at < end) {
        const uint8_t *lf = memchr(at, '\n', (size_t)(end - at));
        uint64_t number = 0;
        if (lf == NULL)
            return 0;
        if ((size_t)(lf - at) > 5 + len + 1 && memcmp(at + 5, name, len) == 0 &&
            at[5 + len] == ' ') {
            mcp__token_get(at + 5 + len + 1, lf, &number);
            return number;
        }
        at = lf + 1;
    }
    return 0;
}

static void
take_stats(mcp__engine *engine, mcp__server *server, const mcp__reply *reply)
{
    if (reply->kind != MCP__REPLY_STATS)
        return;
    server->n_flushes = stat_number(reply->value, "cmd_flush");
    server->pid = (uint32_t)stat_number(reply->value, "pid");
    server->said_unix = (int64_t)stat_number(reply->value, "time");
    server->start = server->said_unix - (int64_t)stat_number(reply->value, "uptime");
    server->has_said = 1;
    decide_all(engine);
}

/* The pool waits as long as its slowest client needs; and where one client places keys by group
 * keys, no client may copy what a dump tells. */
static void
raise_needs(mcp__engine *engine, mcp__server *server)
{
    mcp__epoch_item *item = &server->ledger.epoch_item;
    uint32_t hold_ms = engine->settings.promise.hold_ms;
    if (item->hold_ms >= hold_ms && item->has_routes >= engine->has_routes)
        return;
    if (item->hold_ms < hold_ms)
        item->hold_ms = hold_ms;
    item->has_routes |= engine->has_routes;
    mcp__line_ask(engine, server, MCP__ASK_EPOCH_STORED);
}

void
mcp__record_routes(mcp__engine *engine)
{
    engine->has_routes = 1;
    for (uint32_t i = 0; i < engine->n_servers && engine->settings.promise.keeps_record; i++) {
        mcp__epoch epoch = (mcp__epoch)engine->servers[i].ledger.epoch;
        if (epoch == MCP__EPOCH_READY || epoch == MCP__EPOCH_WARMING)
            raise_needs(engine, &engine->servers[i]);
    }
}

static void
check_config(mcp__engine *engine, mcp__server *server)
{
    uint32_t theirs = server->ledger.epoch_item.config8;
    if (theirs == 0 || theirs == engine->settings.promise.config8 || server->has_other_list)
        return;
    if (theirs == engine->former8) { /* it was ours until this client was given another one */
        server->ledger.epoch_item.config8 = engine->settings.promise.config8;
        mcp__line_ask(engine, server, MCP__ASK_EPOCH_STORED);
        return;
    }
    server->has_other_list = 1;
    tell(engine, MCP_EVENT_OTHER_LIST, server->number, -1,
         "clients of this server have another list of servers, or place keys differently");
}

/* A decided epoch was taken over: what that means for others, and for the operator. */
static void
tell_epoch(mcp__engine *engine, mcp__server *server, mcp_state before, mcp__epoch was)
{
    const mcp__ledger *ledger = &server->ledger;
    if (engine->n_undecided > 0)
        decide_all(engine);
    if (ledger->epoch == MCP__EPOCH_WARMING)
        engine->wants_chores = 1;
    mcp_state after = mcp__line_state(engine, server);
    if (was == MCP__EPOCH_WARMING && ledger->epoch == MCP__EPOCH_READY)
        tell(engine, MCP_EVENT_FILLED, server->number, -1, "");
    mcp__diary_state(engine, server->number, -1, before, after, "");
}

/* Whether the numbers that a server gave to what was stored can be compared with those it has now:
 * only within one life of it, and only where that is sure. */
static void
follow_life(mcp__server *server, const mcp__epoch_item *before, const mcp__epoch_item *now)
{
    if (before->made == 0 || now->made == 0 || is_another_life(before, now))
        server->life_ms = server->opened_ms;
}

static void
take_epoch(mcp__engine *engine, mcp__server *server, const mcp__reply *reply, int64_t asked_ms)
{
    mcp__ledger *ledger = &server->ledger;
    static const mcp__span nothing = {"", 0};
    if (reply->kind != MCP__REPLY_VALUE)
        server->life_ms = server->opened_ms;
    if (reply->kind == MCP__REPLY_ERROR) { /* it has no meta commands, so no marks either */
        ledger->epoch = MCP__EPOCH_READY;
        return;
    }
    if (reply->kind != MCP__REPLY_VALUE && reply->kind != MCP__REPLY_MISS)
        return;
    int has_epoch = reply->kind == MCP__REPLY_VALUE;
    mcp_state before = mcp__line_state(engine, server);
    mcp__epoch was = (mcp__epoch)ledger->epoch;
    mcp__epoch_item former = ledger->epoch_item;
    mcp__ledger_take_epoch(ledger, has_epoch ? reply->value : nothing, has_epoch ? reply->cas : 0,
                           asked_ms);
    if (!has_epoch) {
        restore(engine, server, 1);
        server->top_cas = 0;
        engine->n_undecided++;
        server->has_said = 0;
        if (server->link.state == MCP__LINK_OPEN) /* while it was connected: flushed, or evicted */
            mcp__line_ask(engine, server, MCP__ASK_STATS);
        return;
    }
    follow_life(server, &former, &ledger->epoch_item);
    settle_vanished(engine, server, &former);
    raise_needs(engine, server);
    check_config(engine, server);
    tell_epoch(engine, server, before, was);
}

/*
 * Its word about itself is that of before, and yet it counts from further back: somebody has put an
 * old picture of its memory back. What it has missed since then is on record nowhere, so everything
 * is, and until that is done it stands.
 */
static void
distrust_memory(mcp__engine *engine, mcp__server *server)
{
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        mcp__server *witness = &engine->servers[i];
        mcp__debt debt = {.missed = server->number, .witness = i, .is_whole = 1};
        if (!mcp__pool_are_partners(engine, i, server->number))
            continue;
        mcp__ledger_remember(&witness->ledger, server->ledger.id8, engine->now_ms);
        witness->is_restoring = 1;
        (void)mcp__debts_put(engine, &debt);
        tell(engine, MCP_EVENT_RECORD_LOST, server->number, (int32_t)i,
             "it came back with a memory of some time ago");
        compare(engine, witness);
    }
    engine->wants_chores = 1;
}

/* What it gave to an item just now. Numbers only grow in one life, and in one that is continued. */
static void
take_number(mcp__engine *engine, mcp__server *server, const mcp__reply *reply)
{
    int is_behind = reply->cas < server->top_cas;
    if (reply->kind != MCP__REPLY_DONE || reply->cas == 0)
        return;
    server->top_cas = reply->cas;
    if (is_behind && server->ledger.epoch != MCP__EPOCH_MISSING)
        distrust_memory(engine, server);
}

void
mcp__record_lost(mcp__engine *engine, uint32_t server, uint32_t witness)
{
    tell(engine, MCP_EVENT_RECORD_LOST, server, (int32_t)witness,
         "part of it was evicted: all keys of that part are removed");
}

void
mcp__record_filled(mcp__engine *engine, mcp__server *server, mcp_state before)
{
    tell(engine, MCP_EVENT_FILLED, server->number, -1, "");
    mcp__diary_state(engine, server->number, -1, before, mcp__line_state(engine, server), "");
}

void
mcp__record_hear(mcp__engine *engine, mcp__server *server, const mcp__ledger *theirs,
                 int64_t slack_ms)
{
    mcp__ledger *ledger = &server->ledger;
    uint64_t marks_before = signature(ledger);
    switch (mcp__ledger_hear(ledger, theirs, slack_ms)) {
    case MCP__LEDGER_NEWER:
        if (signature(ledger) != marks_before)
            compare(engine, server);
        break;
    case MCP__LEDGER_UNORDERED:
        mcp__ledger_doubt(ledger, engine->now_ms);
        break;
    default:
        break;
    }
    mcp_state before = mcp__line_state(engine, server);
    mcp__epoch was = (mcp__epoch)ledger->epoch;
    mcp__epoch_item former = ledger->epoch_item;
    if (!mcp__ledger_hear_epoch(ledger, theirs))
        return;
    if (is_another_life(&former, &ledger->epoch_item))
        server->life_ms = engine->now_ms;
    tell_epoch(engine, server, before, was);
}

void
mcp__record_answer(mcp__engine *engine, mcp__server *server, uint8_t question,
                   const mcp__reply *reply, int64_t asked_ms)
{
    switch (question) {
    case MCP__ASK_MARKS:
        mcp__record_marks(engine, server, reply, asked_ms);
        break;
    case MCP__ASK_EPOCH:
        take_epoch(engine, server, reply, asked_ms);
        break;
    case MCP__ASK_STATS:
        take_stats(engine, server, reply);
        break;
    case MCP__ASK_NUMBER:
        take_number(engine, server, reply);
        break;
    case MCP__ASK_EPOCH_STORED:
        if (reply->kind == MCP__REPLY_DONE)
            server->ledger.epoch_unique = reply->cas;
        else /* somebody was faster: what does it say now? */
            mcp__line_ask(engine, server, MCP__ASK_EPOCH);
        break;
    default:
        break;
    }
}

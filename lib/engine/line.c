/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/line.h"

#include <stdio.h>
#include <string.h>

#include "engine/diary.h"
#include "engine/line_parts.h"
#include "wire/token.h"

/* A server that refused at once is not asked again before this, even when no copy is left to ask:
 * a loop of calls must not become a storm of connections. */
#define REFUSED_REST_MS 10

static int64_t
share_ms(const mcp__engine *engine)
{
    return ((int64_t)engine->settings.timeout_ms * MCP__SHARE_PERCENT + 99) / 100;
}

void
mcp__line_watch(mcp__engine *engine, mcp__server *server)
{
    const mcp__link *link = &server->link;
    int is_opening = link->state == MCP__LINK_OPENING || link->state == MCP__LINK_GREETING;
    mcp__pool_set_busy(engine, server,
                       is_opening || link->n_awaited > 0 || mcp__link_has_output(link) ||
                           mcp__link_owes(link) || link->is_raw);
}

mcp_state
mcp__line_state(const mcp__engine *engine, const mcp__server *server)
{
    (void)engine;
    if (server->health.state != MCP_STATE_UP)
        return (mcp_state)server->health.state;
    if (server->missed_on >= 0)
        return MCP_STATE_RECOVERING;
    return server->ledger.epoch == MCP__EPOCH_WARMING ? MCP_STATE_WARMING : MCP_STATE_UP;
}

/* An operator hears of every change. */
static void
tell_state(mcp__engine *engine, const mcp__server *server, mcp_state before)
{
    mcp_state after = mcp__line_state(engine, server);
    if (server->number >= engine->n_servers)
        return; /* a line for dumps, or for the scout */
    if (after != MCP_STATE_UP && engine->scout.hasty_ms < engine->scout.ask_ms)
        engine->scout.ask_ms = engine->scout.hasty_ms; /* the list may be an old one */
    mcp__diary_state(engine, server->number, -1, before, after,
                     after == MCP_STATE_UP ? "" : server->health.why);
}

static void
close_link(mcp__engine *engine, mcp__server *server)
{
    mcp__link_closed(&server->link);
    server->wishes &= (uint8_t) ~(MCP__WISH_OPEN | MCP__WISH_SEND | MCP__WISH_LOOK);
#ifndef MCP_MUTANT_LINK_REUSED
    mcp__pool_wish(engine, server, MCP__WISH_RESET);
#endif
    mcp__timer_stop(&engine->timers, &server->timer);
    mcp__timer_stop(&engine->timers, &server->ride);
    mcp__line_watch(engine, server);
}

/* ---- opening ---- */

static int64_t
attempt_limit_ms(const mcp__engine *engine)
{
    uint32_t limit = engine->settings.connect_timeout_ms;
    return limit > 0 ? (int64_t)limit : share_ms(engine);
}

/* What an attempt that took too long did not bring. */
static const char *
what_lacks(const mcp__server *server)
{
    if (server->link.state != MCP__LINK_OPENING)
        return "no greeting";
    return server->is_securing ? "no TLS handshake" : "no connection";
}

static void
open_link(mcp__engine *engine, mcp__server *server)
{
    server->link.state = MCP__LINK_OPENING;
    server->is_securing = 0;
    server->attempt_ms = engine->now_ms;
    mcp__health_probing(&server->health, engine->now_ms);
    mcp__timer_set(&engine->timers, &server->timer, engine->now_ms + attempt_limit_ms(engine));
    mcp__pool_wish(engine, server, MCP__WISH_OPEN);
    mcp__line_watch(engine, server);
}

void
mcp__line_connected(mcp__engine *engine, mcp__server *server)
{
    if (server->link.state != MCP__LINK_OPENING)
        return;
    server->tally.connects++;
    mcp__link_trust_again(&server->link, engine->now_ms);
    if (mcp__link_connected(&server->link) != 0) {
        mcp__line_lost(engine, server, MCP__FAILURE_MEMORY, 0, 0, "no memory for its buffers");
        return;
    }
    /* The greeting has a time of its own: a program that calls once a second sees the connection
     * stand in one call and hears the answer only in the next. */
    mcp__timer_set(&engine->timers, &server->timer, engine->now_ms + attempt_limit_ms(engine));
    /* What is on record there, before anybody goes by what this server says. */
    server->opened_ms = engine->now_ms;
    server->asked_to = 0;
    if (mcp__line_keeps_record(engine, server)) {
        server->ledger.unique = UINT64_MAX; /* it may be another life, with the same numbers */
        if (mcp__line_ask(engine, server, MCP__ASK_EPOCH) != 0 ||
            mcp__line_ask(engine, server, MCP__ASK_MARKS) != 0 ||
            (server->top_cas != 0 && mcp__line_ask(engine, server, MCP__ASK_NUMBER) != 0)) {
            mcp__line_lost(engine, server, MCP__FAILURE_MEMORY, 0, 0, "no memory to ask of it");
            return;
        }
    }
    mcp__pool_wish(engine, server, MCP__WISH_SEND);
}

void
mcp__line_greeted(mcp__engine *engine, mcp__server *server)
{
    mcp_state before = mcp__line_state(engine, server);
    server->was_refused = 0;
    server->os_error = 0;
    server->is_cut_off = server->n_cleared = 0;
    server->link.used_ms = engine->now_ms;
    if (mcp__health_success(&server->health, engine->now_ms))
        server->back_ms = engine->now_ms;
    mcp__diary_opened(engine, server);
    mcp__timer_stop(&engine->timers, &server->timer);
    tell_state(engine, server, before);
    if (server->missed_on >= 0 || server->ledger.epoch == MCP__EPOCH_WARMING)
        engine->wants_chores = 1;
    /* Its answer comes before those of the calls that wait: then it is known why it is empty. */
    if (server->ledger.epoch == MCP__EPOCH_MISSING && mcp__line_keeps_record(engine, server))
        mcp__line_ask(engine, server, MCP__ASK_STATS);
    while (server->first_waiting != NULL) {
        mcp__leg *leg = server->first_waiting;
        mcp__pool_remove_waiting(server, leg);
        if (mcp__op_is_outdated(mcp__op_of_leg(leg), leg->index))
            mcp__pool_add_fallen(engine, leg, MCP__FAILURE_AWAY, 0);
        else
            mcp__line_put(engine, leg);
    }
    mcp__line_watch(engine, server);
}

/* ---- sending ---- */

int
mcp__line_keeps_record(const mcp__engine *engine, const mcp__server *server)
{
    return engine->settings.promise.keeps_record && server->number < engine->n_servers;
}

int
mcp__line_put_command(mcp__engine *engine, mcp__server *server, mcp__command *command,
                      mcp__asker *asker)
{
    mcp__link *link = &server->link;
    if (asker->is_rider)
        mcp__line_mount(engine, server);
    command->opaque = mcp__token_opaque(&engine->opaque_count, &engine->opaque);
    asker->now_ms = engine->now_ms;
    int was_quiet = !mcp__link_owes(link) && !mcp__link_has_output(link);
    if (mcp__link_ask(link, command, asker) != 0)
        return -1;
    server->tally.calls++;
    if (asker->is_rider)
        return 0;
    uint8_t look = was_quiet && engine->now_ms - link->used_ms > MCP__REST_MS ? MCP__WISH_LOOK : 0;
    mcp__pool_wish(engine, server, MCP__WISH_SEND | look);
    mcp__pool_set_busy(engine, server, 1);
    return 0;
}

void
mcp__line_warm(mcp__engine *engine, mcp__server *server)
{
    if (server->link.state == MCP__LINK_CLOSED && mcp__health_is_usable(&server->health))
        open_link(engine, server);
}

/* Only the meta protocol may be spoken, and it does not know it. */
static int
is_too_old_for(const mcp__server *server, const mcp__leg *leg)
{
    return !server->link.hello.has_meta && !server->link.is_classic &&
           (leg->bundle[0] <= MCP__COMMAND_PING || leg->bundle[0] >= MCP__WORD_MARKS);
}

static void
put_open(mcp__engine *engine, mcp__server *server, mcp__leg *leg)
{
    mcp__op *op = mcp__op_of_leg(leg);
    mcp__scratch scratch;
    if (is_too_old_for(server, leg)) {
        mcp__pool_add_fallen(engine, leg, MCP__FAILURE_TOO_OLD, 0);
        return;
    }
    int is_rider = op->verb == MCP__VERB_VERIFY && leg->bundle[0] == MCP__WORD_PEEK &&
                   server->link.pending_count < MCP__RIDERS_MAX;
    if (!is_rider && mcp__line_keeps_record(engine, server) && mcp__line_is_ageing(engine, server))
        mcp__line_ask_again(engine, server, leg->bundle[0] == MCP__WORD_MARKS);
    mcp__line_ask_beside(engine, server, leg);
    leg->state = MCP__LEG_SENT;
    leg->n_answered = 0;
    for (uint8_t i = 0; i < leg->n_bundle; i++) {
        mcp__asker asker = {.op = op,
                            .leg = leg->index,
                            .word = leg->bundle[i],
                            .is_awaited = !op->is_background,
                            .is_rider = (uint8_t)is_rider};
        mcp__command command = mcp__op_command(op, leg->index, leg->bundle[i], &scratch);
        if (asker.is_awaited && leg->bundle[i] < MCP__TALLY_KINDS)
            server->tally.kinds[leg->bundle[i]]++;
        if (leg->bundle[i] == MCP__WORD_MARKS)
            server->ledger.queued_ms = engine->now_ms;
        int can = mcp__link_can(&server->link, &command);
        if (!can || mcp__line_put_command(engine, server, &command, &asker) != 0) {
            leg->n_bundle = i; /* what went before it is answered first */
            leg->late_failure = can ? MCP__FAILURE_MEMORY : MCP__FAILURE_TOO_OLD;
            break;
        }
        if (leg->bundle[i] == MCP__WORD_MARKS)
            mcp__line_note_marks(server);
    }
    if (leg->n_bundle == 0)
        mcp__pool_add_fallen(engine, leg, (mcp__failure)leg->late_failure, 0);
}

void
mcp__line_put(mcp__engine *engine, mcp__leg *leg)
{
    mcp__server *server = &engine->servers[leg->server];
    mcp__link *link = &server->link;
    /* Nothing is ever sent to a server that is too old, so nobody would see it leave: after a rest
     * it is greeted anew, because it may have been replaced. */
    int has_rested = link->state == MCP__LINK_OPEN && is_too_old_for(server, leg) &&
                     link->pending_count == 0 && engine->now_ms - link->used_ms > MCP__REST_MS;
    if (has_rested || mcp__link_is_doubtful(link, engine->now_ms))
        close_link(engine, server);
    if (link->state == MCP__LINK_OPEN) {
        put_open(engine, server, leg);
        return;
    }
    if (link->state == MCP__LINK_CLOSED) {
        int is_down = server->health.state == MCP_STATE_DOWN && server->was_refused;
        if (is_down && engine->now_ms - server->attempt_ms < REFUSED_REST_MS) {
            mcp__failure failure = (mcp__failure)server->lasting;
            mcp__pool_add_fallen(engine, leg,
                                 failure != MCP__FAILURE_NONE ? failure : MCP__FAILURE_AWAY, 0);
            return;
        }
        open_link(engine, server);
    }
    mcp__pool_add_waiting(server, leg);
}

/* ---- losing ---- */

/* Whether a command may go over a new connection, see the head of line.h. */
static int
may_move(const mcp__leg *leg, int was_sent, int had_worked, int has_partial)
{
    if (leg->was_resent)
        return 0;
    if (!was_sent)
        return 1;
    if (leg->n_bundle == 1 && leg->bundle[0] == MCP__WORD_MARKS)
        return had_worked && !has_partial; /* a look */
    if (leg->n_bundle != 1 || leg->bundle[0] >= MCP__WORD_MARKS)
        return 0;
#ifdef MCP_MUTANT_RETRY_MUTATION
    return had_worked && !has_partial;
#else
    return mcp__command_is_read((mcp__command_kind)leg->bundle[0]) && had_worked && !has_partial;
#endif
}

/* Whether that shows a fault of the server: a question does not when the peer just left. */
static int
lose_check(mcp__engine *engine, const mcp__link *link, const mcp__pending *pending, int was_peer)
{
    mcp__check *check = pending->op;
    check->failed[pending->leg] = 1;
    int is_fault = mcp__link_was_sent(link, pending) && (!was_peer || check->is_erase);
    if (mcp__pool_check_answered(check))
        mcp__pool_add_due_check(engine, check);
    return is_fault;
}

/* Everything that was on the connection falls or moves. Returns how many awaited ones fell. */
static size_t
unload(mcp__engine *engine, mcp__server *server, mcp__failure failure, int was_peer)
{
    mcp__link *link = &server->link;
    int had_worked = link->has_answered;
    int has_partial = mcp__link_has_partial(link);
    size_t n_fallen = 0;
    mcp__pending pending;
    while (mcp__link_drop(link, &pending)) {
        if (pending.is_convoy) {
            mcp__pool_lose_convoy(engine, &pending);
            int is_undone = was_peer == MCP__LINE_UNDONE || !mcp__link_was_sent(link, &pending);
            n_fallen += !(was_peer && (is_undone || (had_worked && !has_partial)));
            has_partial = 0;
            continue;
        }
        if (pending.op == NULL)
            continue;
        if (pending.is_check) {
            n_fallen += (size_t)lose_check(engine, link, &pending, was_peer);
            continue;
        }
        mcp__leg *leg = &((mcp__op *)pending.op)->leg[pending.leg];
        if (leg->state != MCP__LEG_SENT)
            continue; /* the rest of a bundle */
        int was_sent = leg->n_answered > 0 ||
                       (was_peer != MCP__LINE_UNDONE && mcp__link_was_sent(link, &pending));
        if (was_peer && may_move(leg, was_sent, had_worked, has_partial)) {
            leg->was_resent = 1;
            mcp__pool_add_waiting(server, leg);
        } else {
            mcp__pool_add_fallen(engine, leg, failure, was_sent);
            /* What nobody waits for and changes nothing shows no fault when the peer just left. */
            int is_harmless = ((mcp__op *)pending.op)->is_background &&
                              (!was_sent || (was_peer && !leg->is_mutation));
            n_fallen += !is_harmless;
        }
        has_partial = 0;
    }
    return n_fallen;
}

int
mcp__line_renew(mcp__engine *engine, mcp__server *server, int64_t since_ms)
{
    mcp__link *link = &server->link;
    if (link->state == MCP__LINK_OPEN && server->opened_ms < since_ms) {
        if (link->n_awaited > 0 || mcp__link_owes(link))
            return 0;
        (void)unload(engine, server, MCP__FAILURE_BROKEN, 0);
        close_link(engine, server);
    }
    if (link->state == MCP__LINK_CLOSED)
        mcp__line_warm(engine, server);
    return link->state == MCP__LINK_OPEN;
}

static void
drop_waiting(mcp__engine *engine, mcp__server *server, mcp__failure failure)
{
    while (server->first_waiting != NULL) {
        mcp__leg *leg = server->first_waiting;
        mcp__pool_remove_waiting(server, leg);
        mcp__pool_add_fallen(engine, leg, failure, 0);
    }
}

/* It has just been found suspect or down, and that is served by the other copy at once: what moved
 * here to be sent again goes there, if there is one. */
static void
send_elsewhere(mcp__engine *engine, mcp__server *server, mcp__failure failure)
{
    mcp__leg *next;
    for (mcp__leg *leg = server->first_waiting; leg != NULL; leg = next) {
        next = leg->next_waiting;
        if (!mcp__op_of_leg(leg)->view.exists[MCP__OTHER(leg->index)])
            continue;
        mcp__pool_remove_waiting(server, leg);
        mcp__pool_add_fallen(engine, leg, failure, 0);
    }
}

static void
wait_for_probe(mcp__engine *engine, mcp__server *server)
{
    if (server->link.state != MCP__LINK_CLOSED)
        return;
    if (server->health.state == MCP_STATE_SUSPECT) /* its probe could not even be sent */
        mcp__timer_set(&engine->timers, &server->timer, engine->now_ms + share_ms(engine));
    if (server->health.state == MCP_STATE_DOWN)
        mcp__timer_set(&engine->timers, &server->timer, server->health.next_probe_ms);
}

static void
turned_hard(mcp__engine *engine, mcp__server *server, mcp__failure failure, const char *why)
{
    const mcp__health_rules *rules = &engine->settings.health;
    uint64_t random = mcp__pool_random(engine);
    mcp_state before = mcp__line_state(engine, server);
    int is_lasting = failure == MCP__FAILURE_PROTOCOL || failure == MCP__FAILURE_AUTH;
    server->lasting = (uint8_t)(is_lasting ? failure : MCP__FAILURE_NONE);
    if (is_lasting)
        mcp__health_lasting(&server->health, rules, why, random, engine->now_ms);
    else
        mcp__health_hard(&server->health, rules, why, random, engine->now_ms);
    server->was_refused = 1;
    server->judged_ms = engine->now_ms;
    if (before != MCP_STATE_PROBING)
        tell_state(engine, server, before);
}

/* A soft error; where a probe is wanted at once it starts. */
static void
turned_soft(mcp__engine *engine, mcp__server *server, const char *why)
{
    mcp_state before = mcp__line_state(engine, server);
    server->was_refused = 0;
    server->judged_ms = engine->now_ms;
    int probe = mcp__health_soft(&server->health, &engine->settings.health, why,
                                 mcp__pool_random(engine), engine->now_ms);
    tell_state(engine, server, before);
    if (probe)
        open_link(engine, server);
}

/* It has left, or said something that is no protocol, when it was asked in the meta protocol: that
 * is what proxies do, and no fault. They get another connection, and a plainer greeting. */
static int
greet_plainly(mcp__engine *engine, mcp__server *server, mcp__failure failure, int was_peer)
{
    int is_strange = failure == MCP__FAILURE_PROTOCOL && server->link.is_known;
    if (mcp__failure_is_local(failure) || (!was_peer && !is_strange) ||
        !mcp__link_may_be_plain(&server->link, !is_strange, engine->now_ms))
        return 0;
    close_link(engine, server);
    open_link(engine, server);
    return 1;
}

/* An attempt came to nothing. Our own shortage is not the server's fault. */
static void
attempt_failed(mcp__engine *engine, mcp__server *server, mcp__failure failure, const char *why)
{
    mcp__diary_lost(engine, server, failure, why);
    close_link(engine, server);
    server->tried_ms = server->attempt_ms;
    snprintf(server->said, sizeof server->said, "%s", why);
    if (failure == MCP__FAILURE_TIMEOUT)
        turned_soft(engine, server, why);
    else if (!mcp__failure_is_local(failure) || server->health.state == MCP_STATE_PROBING)
        turned_hard(engine, server, failure, why);
    if (server->link.state == MCP__LINK_CLOSED)
        drop_waiting(engine, server, failure);
    wait_for_probe(engine, server);
}

void
mcp__line_lost(mcp__engine *engine, mcp__server *server, mcp__failure failure, int was_peer,
               int os_error, const char *why)
{
    int was_open = server->link.state == MCP__LINK_OPEN;
    if (server->link.state == MCP__LINK_CLOSED)
        return;
    if (server->link.state == MCP__LINK_GREETING &&
        greet_plainly(engine, server, failure, was_peer))
        return;
    if (server->link.state == MCP__LINK_OPENING) /* it has gone, and what comes may be another */
        mcp__link_trust(&server->link);
    server->tally.errors++;
    server->os_error = os_error;
    if (!was_open) {
        attempt_failed(engine, server, failure, why);
        return;
    }
    mcp__diary_lost(engine, server, failure, why);
    snprintf(server->said, sizeof server->said, "%s", why);
    size_t n_fallen = unload(engine, server, failure, was_peer);
    close_link(engine, server);
    if (n_fallen > 0 && !mcp__failure_is_local(failure)) {
        turned_soft(engine, server, why);
        send_elsewhere(engine, server, failure);
    }
    if (server->link.state == MCP__LINK_CLOSED && server->first_waiting != NULL)
        open_link(engine, server);
    wait_for_probe(engine, server);
}

void
mcp__line_refused(mcp__engine *engine, mcp__server *server, const char *why)
{
    if (server->link.state != MCP__LINK_GREETING) {
        mcp__line_lost(engine, server, MCP__FAILURE_BROKEN, 1, 0, why);
        return;
    }
    mcp__diary_lost(engine, server, MCP__FAILURE_BROKEN, why);
    close_link(engine, server);
    open_link(engine, server);
}

/* ---- time ---- */

void
mcp__line_give_up(mcp__engine *engine, mcp__leg *leg)
{
    mcp__server *server = &engine->servers[leg->server];
    char why[96];
    int64_t waited_ms = engine->now_ms - leg->started_ms;
    server->tally.timeouts++;
    if (leg->state == MCP__LEG_SENT) {
        snprintf(why, sizeof why, "no answer within %lld ms", (long long)waited_ms);
        mcp__line_lost(engine, server, MCP__FAILURE_TIMEOUT, 0, 0, why);
        return;
    }
    mcp__pool_remove_waiting(server, leg);
    mcp__pool_add_fallen(engine, leg, MCP__FAILURE_TIMEOUT, 0);
    if (engine->now_ms - server->attempt_ms < attempt_limit_ms(engine))
        return; /* the attempt is younger than the call: let it be the probe */
    snprintf(why, sizeof why, "%s within %lld ms", what_lacks(server),
             (long long)(engine->now_ms - server->attempt_ms));
    server->tally.errors++;
    attempt_failed(engine, server, MCP__FAILURE_TIMEOUT, why);
}

void
mcp__line_abandon(mcp__engine *engine, mcp__server *server)
{
    mcp__pending pending;
    if (server->link.state == MCP__LINK_CLOSED)
        return;
    while (mcp__link_drop(&server->link, &pending))
        ;
    close_link(engine, server);
    if (server->health.state == MCP_STATE_PROBING)
        turned_hard(engine, server, MCP__FAILURE_BROKEN, "its probe was abandoned");
    wait_for_probe(engine, server);
}

/* The oldest get of a convoy; NULL: there is none. Questions that rode in front of it and were not
 * answered either hold it up, but do not give it more time. */
static const mcp__pending *
oldest_of_convoy(const mcp__link *link)
{
    for (uint32_t i = 0; i < link->pending_count; i++) {
        const mcp__pending *pending = &link->pending[(link->pending_head + i) & link->pending_mask];
        if (pending->is_convoy)
            return pending;
    }
    return NULL;
}

/* The gets of a convoy have no timers of their own: the oldest one has waited long enough, or not.
 */
static void
end_convoy(mcp__engine *engine, mcp__server *server)
{
    char why[96];
    const mcp__pending *oldest = oldest_of_convoy(&server->link);
    if (oldest == NULL)
        return;
    int64_t until_ms = oldest->asked_ms + engine->convoy.limit_ms;
    if (engine->now_ms < until_ms) {
        mcp__timer_set(&engine->timers, &server->timer, until_ms);
        return;
    }
    snprintf(why, sizeof why, "no answer within %lld ms",
             (long long)(engine->now_ms - oldest->asked_ms));
    server->tally.timeouts++;
    mcp__line_lost(engine, server, MCP__FAILURE_TIMEOUT, 0, 0, why);
}

void
mcp__line_timer(mcp__engine *engine, mcp__server *server)
{
    char why[96];
    if (server->link.state == MCP__LINK_CLOSED) {
        if (server->health.state != MCP_STATE_UP)
            open_link(engine, server);
        return;
    }
    if (server->link.state == MCP__LINK_OPEN) {
        end_convoy(engine, server);
        return;
    }
    if (server->first_waiting != NULL && engine->settings.connect_timeout_ms == 0) {
        /* Calls wait for it: they know themselves how long. */
        mcp__timer_set(&engine->timers, &server->timer, engine->now_ms + share_ms(engine));
        return;
    }
    snprintf(why, sizeof why, "%s within %lld ms", what_lacks(server),
             (long long)(engine->now_ms - server->attempt_ms));
    server->tally.errors++;
    server->tally.timeouts++;
    if (server->first_waiting != NULL)
        drop_waiting(engine, server, MCP__FAILURE_TIMEOUT);
    attempt_failed(engine, server, MCP__FAILURE_TIMEOUT, why);
}

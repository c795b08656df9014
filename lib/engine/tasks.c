/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/tasks.h"

#include <stdio.h>
#include <string.h>

#include "engine/checks.h"
#include "engine/debts.h"
#include "engine/diary.h"
#include "engine/line.h"
#include "engine/record.h"
#include "ops/plain.h"
#include "ops/steps.h"
#include "ops/verify.h"
#include "wire/base64.h"
#include "wire/key.h"

/* ---- carrying out steps ---- */

static void take_over_check(mcp__engine *engine);

void
mcp__tasks_set_timer(mcp__engine *engine, mcp__task *task)
{
    int64_t first = mcp__op_limit(&task->op, MCP__PRIMARY);
    int64_t second = mcp__op_limit(&task->op, MCP__BACKUP);
    if (second < first)
        first = second;
    if (task->op.hold_ms != 0 && task->op.hold_ms < first)
        first = task->op.hold_ms;
    mcp__timer_set(&engine->timers, &task->timer, first);
}

static const char *
name_of(const mcp__engine *engine, uint32_t server)
{
    return engine->servers[server].spec->name;
}

static const char *
why_not(const mcp__server *server, uint8_t verb)
{
    if (server->link.is_plain)
        return "a proxy, or as if: it takes no stats, no flush_all, and no binary key";
    if (verb == MCP_STATS)
        return "it has no stats of that name";
    if (server->link.is_classic)
        return "it knows only the classic protocol, and not that command or so long a binary key";
    return "too old: it lacks the meta commands (memcached 1.6.10 has them)";
}

static const char *
what_failed(const mcp__engine *engine, const mcp__op *op, const mcp__leg *leg)
{
    switch (leg->failure) {
    case MCP__FAILURE_TOO_OLD:
        return why_not(&engine->servers[leg->server], op->verb);
    case MCP__FAILURE_MEMORY:
        return "no memory here";
    case MCP__FAILURE_NONE:
        return "not asked";
    default:
        return engine->servers[leg->server].said;
    }
}

/* One line for the user: who did not answer, and why. */
static void
explain(mcp__engine *engine, const mcp__op *op)
{
    const mcp__leg *first = &op->leg[MCP__PRIMARY], *second = &op->leg[MCP__BACKUP];
    if (first->failure == MCP__FAILURE_NONE)
        first = second;
    int both = first != second && second->failure != MCP__FAILURE_NONE;
    mcp__err_set(&engine->err, op->status, "%s: %s%s%s%s%s", name_of(engine, first->server),
                 what_failed(engine, op, first), both ? "; " : "",
                 both ? name_of(engine, second->server) : "", both ? ": " : "",
                 both ? what_failed(engine, op, second) : "");
    engine->err.server = (int)first->server;
    engine->err.os_error = engine->servers[first->server].os_error;
    mcp__diary_failed(engine, op);
}

static void
append(mcp__task **first, mcp__task **last, mcp__task *task)
{
    task->next = NULL;
    if (*last == NULL)
        *first = task;
    else
        (*last)->next = task;
    *last = task;
}

static unsigned
is_recording(const mcp__op *op)
{
    return op->verb == MCP__VERB_MARK || op->verb == MCP__VERB_WHOLE;
}

/* Nobody waits for it, unless it is a job's errand. */
static void
finish_background(mcp__engine *engine, mcp__task *task)
{
    engine->n_background--;
    engine->n_recording -= is_recording(&task->op);
    task->is_finished = 1;
    if (task->job != NULL)
        append(&engine->first_errand, &engine->last_errand, task);
    else
        mcp__pool_give_back(engine, task);
}

/* Everything that a server holds, or held, is recorded as missed by another one. */
static void
begin_whole(mcp__engine *engine, uint32_t missed, uint32_t witness)
{
    mcp__background wanted = {
        .verb = MCP__VERB_WHOLE, .authority = MCP__BACKUP, .server = {missed, witness}};
    (void)mcp__tasks_begin_background(engine, &wanted);
}

/*
 * A flush took what was on record there, and a partner that it did not reach still has what was
 * flushed: both are recorded anew, as everything.
 */
static void
record_flush(mcp__engine *engine, const mcp__op *op)
{
    uint32_t flushed = op->leg[MCP__PRIMARY].server;
    const mcp__ledger *ledger = &engine->servers[flushed].ledger;
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        const mcp__server *partner = &engine->servers[i];
        int is_usable = mcp__health_is_usable(&partner->health);
        if (!mcp__pool_are_partners(engine, i, flushed))
            continue;
        if (op->status != MCP_OK && is_usable)
            begin_whole(engine, flushed, i);
        else if (op->status == MCP_OK && (mcp__ledger_lists(ledger, partner->ledger.id8) ||
                                          (!is_usable && partner->health.contacted)))
            begin_whole(engine, i, flushed);
    }
}

static void
finish(mcp__engine *engine, mcp__task *task)
{
    mcp__op *op = &task->op;
    mcp__timer_stop(&engine->timers, &task->timer);
    if (op->verb == MCP_FLUSH && op->ttl == 0 && engine->settings.promise.keeps_record)
        record_flush(engine, op);
    if (op->sequel != MCP__SEQUEL_NONE)
        mcp__tasks_sequel(engine, op);
    if (op->mark.has != 0 && op->status >= MCP_OK)
        engine->servers[op->leg[MCP__OTHER(op->mark.witness)].server].tally.journaled++;
    if (op->is_filling && op->number && op->verb == MCP_GET)
        engine->servers[op->leg[MCP__PRIMARY].server].tally.refilled++;
    if (op->status < MCP_OK && task->job == NULL)
        mcp__debts_note(engine, op);
    if (op->is_background) {
        finish_background(engine, task);
        return;
    }
    if (op->has_view)
        engine->servers[op->leg[op->answered].server].link.n_pinned++;
    if (op->status < MCP_OK)
        explain(engine, op);
    if (op->answered == MCP__BACKUP)
        engine->servers[op->leg[MCP__PRIMARY].server].tally.failovers++;
    task->is_finished = 1;
    append(&engine->first_finished, &engine->last_finished, task);
    engine->n_unfinished--;
}

static int
is_mutation(uint8_t word)
{
    return word < MCP__WORD_MARKS && word != MCP__COMMAND_GET && word != MCP__COMMAND_PEEK &&
           word != MCP__COMMAND_LEASE;
}

static void
load_leg(mcp__leg *leg, const uint8_t *bundle)
{
    leg->n_bundle = 0;
    leg->n_answered = 0;
    leg->is_mutation = 0;
    leg->late_failure = MCP__FAILURE_NONE;
    leg->state = MCP__LEG_SENT;
    while (leg->n_bundle < MCP__BUNDLE_MAX && bundle[leg->n_bundle] != 0) {
        leg->is_mutation |= (uint8_t)is_mutation(bundle[leg->n_bundle]);
        leg->bundle[leg->n_bundle] = bundle[leg->n_bundle];
        leg->n_bundle++;
    }
}

static void
send_leg(mcp__engine *engine, mcp__op *op, int index)
{
    mcp__leg *leg = &op->leg[index];
    leg->was_asked = 1;
    leg->was_resent = 0;
    leg->started_ms = engine->now_ms;
    /* What nobody waits for has a timeout for each step: who calls seldom takes one step a call. */
    if (op->is_background && op->deadline_ms != INT64_MAX)
        op->deadline_ms = engine->now_ms + engine->settings.timeout_ms;
    /* Too late to ask: a server that was asked nothing must not be blamed for not answering. */
    if (engine->now_ms >= op->deadline_ms)
        mcp__pool_add_fallen(engine, leg, MCP__FAILURE_TIMEOUT, 0);
    else if (op->is_background && !mcp__health_is_usable(&engine->servers[leg->server].health))
        mcp__pool_add_fallen(engine, leg, MCP__FAILURE_AWAY, 0);
    else
        mcp__line_put(engine, leg);
}

/* While the marks are read, the connection that will be used next may be made already. */
static void
warm_up(mcp__engine *engine, const mcp__op *op)
{
    mcp__line_warm(engine, &engine->servers[op->leg[MCP__PRIMARY].server]);
}

void
mcp__tasks_carry_out(mcp__engine *engine, mcp__task *task, mcp__step step)
{
    mcp__op *op = &task->op;
    if (step.is_done) {
        finish(engine, task);
        return;
    }
    /* Both are on their way before either is, so that an answer finds the other one waiting. */
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (step.send[i][0])
            load_leg(&op->leg[i], step.send[i]);
    }
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (step.send[i][0])
            send_leg(engine, op, i);
    }
    if (op->is_looking)
        warm_up(engine, op);
    mcp__tasks_set_timer(engine, task);
}

void
mcp__tasks_look_again(mcp__engine *engine, mcp__op *op)
{
    op->now_ms = engine->now_ms;
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        const mcp__health *health = &engine->servers[op->leg[i].server].health;
        op->view.is_usable[i] = op->view.exists[i] && mcp__health_is_usable(health);
        op->leg[i].is_reborn = op->leg[i].life_ms != engine->servers[op->leg[i].server].life_ms;
    }
    mcp__op_look(op);
}

void
mcp__tasks_settle_fallen(mcp__engine *engine)
{
    do {
        mcp__leg *leg;
        while ((leg = mcp__pool_next_fallen(engine)) != NULL) {
            mcp__op *op = mcp__op_of_leg(leg);
            mcp__tasks_look_again(engine, op);
            mcp__step step = mcp__steps_failed(op, leg->index, leg->failure, leg->fell_sent);
            mcp__tasks_carry_out(engine, mcp__task_of(op), step);
        }
        while (engine->first_due_check != NULL)
            take_over_check(engine);
    } while (engine->first_fallen != NULL);
}

/* ---- operations ---- */

static void
set_leg(mcp__engine *engine, mcp__op *op, int index, uint32_t number)
{
    mcp__server *server = &engine->servers[number];
    op->leg[index].server = number;
    op->leg[index].cas_mark = server->cas_mark;
    op->leg[index].life_ms = server->life_ms;
    op->ledger[index] = &server->ledger;
    op->view.exists[index] = 1;
    op->view.is_usable[index] = (uint8_t)mcp__health_is_usable(&server->health);
#ifdef MCP_MUTANT_SUSPECT_WAITED_FOR
    op->view.is_usable[index] |= server->health.state == MCP_STATE_SUSPECT;
#endif
}

/* The key as it goes over the wire: behind the namespace, and in base64 where it has to be. */
static void
put_wire_key(const mcp__engine *engine, mcp__op *op, const mcp_request *request)
{
    size_t space_len = engine->name_space_len;
    char raw[MCP__BASE64_RAW_MAX];
    char *to = op->wire_key;
    if (engine->settings.encodes_keys && !mcp__key_is_clean(request->key, request->key_len)) {
        op->is_base64 = 1;
        to = raw;
    } else if (space_len == 0) {
        return;
    }
    memcpy(to, engine->name_space, space_len);
    memcpy(to + space_len, request->key, request->key_len);
    op->key = (mcp__span){op->wire_key, space_len + request->key_len};
    if (op->is_base64)
        op->key.len = mcp__base64_encode(op->wire_key, raw, op->key.len);
}

/*
 * While a server was away, writers may have gone to the one that this client holds to be away, and
 * put on record there what the first one missed. So that one is tried once more before the first is
 * believed again.
 */
static void
find_unheard(const mcp__engine *engine, mcp__op *op)
{
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        const mcp__server *other = &engine->servers[op->leg[MCP__OTHER(i)].server];
        op->view.is_unheard[i] = !op->view.is_usable[i] && op->view.is_usable[MCP__OTHER(i)] &&
                                 other->back_ms > engine->servers[op->leg[i].server].tried_ms;
    }
}

static void
route(mcp__engine *engine, mcp__op *op, const mcp_request *request)
{
    memset(&op->view, 0, sizeof op->view);
    if (request->verb >= MCP_FLUSH && request->verb <= MCP_PING) {
        op->is_direct = 1;
        set_leg(engine, op, MCP__PRIMARY, (uint32_t)request->server);
        return;
    }
    if (request->route != NULL && !engine->has_routes)
        mcp__record_routes(engine);
    const void *hashed = request->route != NULL ? request->route : request->key;
    size_t len = request->route != NULL ? request->route_len : request->key_len;
    mcp__pair pair = mcp__pairing_find(engine->pairing, hashed, len);
    set_leg(engine, op, MCP__PRIMARY, pair.primary);
    if (pair.backup != MCP__NO_SERVER) {
        set_leg(engine, op, MCP__BACKUP, pair.backup);
        op->is_mirrored = (uint8_t)engine->settings.mirrors_writes;
        mcp__view_read(&op->view, op->ledger[MCP__PRIMARY], op->ledger[MCP__BACKUP]);
        if (!op->view.is_usable[MCP__PRIMARY] || !op->view.is_usable[MCP__BACKUP])
            find_unheard(engine, op);
    }
    if (engine->name_space_len > 0 || engine->settings.encodes_keys)
        put_wire_key(engine, op, request);
}

/* What holds for every operation before its first step. */
static void
prepare(mcp__engine *engine, mcp__op *op)
{
    op->promise = &engine->settings.promise;
    op->now_ms = engine->now_ms;
    op->unix_now = engine->unix_now;
    op->mark.inc8 = (uint32_t)(engine->random ^ engine->opaque_count * 2654435761u);
}

/* How far apart calls come: by that it is judged how early the marks have to be asked for. */
static void
take_pulse(mcp__engine *engine)
{
    engine->gap_ms = engine->now_ms - engine->submitted_ms;
    engine->submitted_ms = engine->now_ms;
}

static int
is_refused_cut_off(const mcp__engine *engine, const mcp__op *op)
{
    int cut_off = engine->servers[op->leg[MCP__PRIMARY].server].is_cut_off ||
                  engine->servers[op->leg[MCP__BACKUP].server].is_cut_off;
    return cut_off && engine->settings.promise.refuses_cut_off && op->verb != MCP_GET &&
           mcp__op_keeps_record(op);
}

/* A pool whose clients do not agree where keys live. */
static int
is_refused_skew(const mcp__engine *engine, const mcp__op *op)
{
    int skewed = engine->servers[op->leg[MCP__PRIMARY].server].has_other_list ||
                 engine->servers[op->leg[MCP__BACKUP].server].has_other_list;
    return skewed && engine->settings.promise.refuses_skew && mcp__op_keeps_record(op);
}

static mcp__step
first_step(mcp__engine *engine, mcp__op *op)
{
    if (op->is_direct || !mcp__op_keeps_record(op))
        return mcp__steps_begin(op);
    if (is_refused_cut_off(engine, op))
        return mcp__op_done(op, MCP_NO_SERVER);
    if (is_refused_skew(engine, op))
        return mcp__op_done(op, MCP_REFUSED);
    if (op->verb == MCP_GET) { /* the others ask both servers anyway */
        int asked = op->view.stands[MCP__PRIMARY] ? MCP__PRIMARY : MCP__BACKUP;
        mcp__line_refresh(engine, &engine->servers[op->leg[asked].server]);
    }
    return mcp__steps_begin(op);
}

static void
set_up(mcp__engine *engine, mcp__op *op, const mcp_request *request, uint32_t timeout_ms)
{
    mcp__op_begin(op, request);
    prepare(engine, op);
    route(engine, op, request);
    op->deadline_ms = engine->now_ms + timeout_ms;
    op->share_ms = op->view.exists[MCP__BACKUP]
                       ? ((int64_t)timeout_ms * MCP__SHARE_PERCENT + 99) / 100
                       : (int64_t)timeout_ms;
    engine->n_unfinished++;
}

mcp__task *
mcp__tasks_begin(mcp__engine *engine, const mcp_request *request, uint32_t timeout_ms)
{
    mcp__task *task = mcp__pool_take(engine);
    if (task == NULL)
        return NULL;
    take_pulse(engine);
    set_up(engine, &task->op, request, timeout_ms);
    mcp__tasks_carry_out(engine, task, first_step(engine, &task->op));
    return task;
}

void
mcp__tasks_take_over(mcp__engine *engine)
{
    mcp__express *express = &engine->express;
    mcp__task *task = express->task;
    mcp__op *op = &task->op;
    int64_t now_ms = engine->now_ms;
    express->task = NULL;
    engine->now_ms = express->started_ms; /* its deadline counts from then */
    set_up(engine, op, express->request, express->timeout_ms);
    int has_backup = express->is_pair && express->plain == MCP__PLAIN_ERASE_SECOND;
    mcp__step step = mcp__plain_begin(op, (mcp__plain)express->plain,
                                      has_backup ? &express->reply[MCP__BACKUP] : NULL);
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (!step.send[i][0])
            continue;
        load_leg(&op->leg[i], step.send[i]);
        op->leg[i].was_asked = 1;
        op->leg[i].was_resent = 0;
        op->leg[i].started_ms = engine->now_ms;
        mcp__line_watch(engine, &engine->servers[op->leg[i].server]);
    }
    engine->now_ms = now_ms;
    mcp__tasks_set_timer(engine, task);
}

/* ---- what nobody waits for ---- */

static int
keep_value(mcp__op *op)
{
    mcp__reply as_reply = {.value = op->value};
    if (mcp__op_keep(op, &as_reply) != 0)
        return -1;
    op->value = op->result_value;
    return 0;
}

static mcp__task *
set_up_background(mcp__engine *engine, const mcp__background *wanted)
{
    mcp_request request = MCP_REQUEST_INIT;
    mcp__task *task = mcp__pool_take(engine);
    if (task == NULL)
        return NULL;
    mcp__op *op = &task->op;
    request.key = wanted->key.bytes;
    request.key_len = wanted->key.len;
    request.value = wanted->value.bytes;
    request.value_len = wanted->value.len;
    request.ttl = wanted->ttl;
    request.flags = wanted->flags;
    request.want = wanted->ask == MCP__COMMAND_DELETE ? 0 : MCP_WANT_CAS;
    mcp__op_begin(op, &request);
    prepare(engine, op);
    op->verb = wanted->verb;
    op->is_background = 1;
    op->ask = wanted->ask;
    op->unique = op->drop_unique = wanted->unique;
    op->authority = wanted->authority;
    op->with_initial = wanted->with_initial;
    op->may_stand = wanted->may_stand;
    op->is_base64 = wanted->is_base64;
    op->delta = wanted->delta;
    op->initial = wanted->initial;
    op->copy_cas[MCP__PRIMARY] = wanted->copy_cas[MCP__PRIMARY];
    op->copy_cas[MCP__BACKUP] = wanted->copy_cas[MCP__BACKUP];
    if (!wanted->keeps_key && wanted->key.len > 0) {
        memcpy(op->wire_key, wanted->key.bytes, wanted->key.len);
        op->key.bytes = op->wire_key;
    }
    if (wanted->copies_value && keep_value(op) != 0) {
        mcp__pool_give_back(engine, task);
        return NULL;
    }
    memset(&op->view, 0, sizeof op->view);
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (wanted->server[i] != MCP__NO_SERVER)
            set_leg(engine, op, i, wanted->server[i]);
    }
    mcp__op_look(op);
    task->job = wanted->job;
    /* What rides has no time of its own until it is sent for its own sake. */
    int rides = wanted->verb == MCP__VERB_VERIFY;
    op->deadline_ms = rides ? INT64_MAX : engine->now_ms + engine->settings.timeout_ms;
    op->share_ms = engine->settings.timeout_ms;
    engine->n_background++;
    engine->n_recording += is_recording(op);
    return task;
}

mcp__task *
mcp__tasks_begin_background(mcp__engine *engine, const mcp__background *wanted)
{
    mcp__task *task = set_up_background(engine, wanted);
    if (task != NULL)
        mcp__tasks_carry_out(engine, task, mcp__steps_begin(&task->op));
    return task;
}

/* Without memory for it: as if the client had died behind the acknowledgement. */
static void
take_over_check(mcp__engine *engine)
{
    mcp__check *check = engine->first_due_check;
    engine->first_due_check = check->next;
    mcp__background wanted = {
        .verb = MCP__VERB_VERIFY,
        .key = {check->key, check->key_len},
        .is_base64 = check->is_base64,
        .server = {check->server[MCP__PRIMARY]->number, check->server[MCP__BACKUP]->number},
        .copy_cas = {check->cas[MCP__PRIMARY], check->cas[MCP__BACKUP]},
    };
    if (check->is_erase) { /* all three once more */
        wanted.verb = MCP_DELETE;
        (void)mcp__tasks_begin_background(engine, &wanted);
        mcp__pool_give_back_check(engine, check);
        return;
    }
    mcp__task *task = set_up_background(engine, &wanted);
    if (task != NULL) {
        task->op.leg[MCP__PRIMARY].life_ms = check->life_ms[MCP__PRIMARY];
        task->op.leg[MCP__BACKUP].life_ms = check->life_ms[MCP__BACKUP];
        mcp__tasks_look_again(engine, &task->op);
        mcp__step step = mcp__verify_resume(&task->op, check->seen, check->failed);
        mcp__tasks_carry_out(engine, task, step);
    }
    mcp__pool_give_back_check(engine, check);
}

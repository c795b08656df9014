/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/drive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/line.h"
#include "ops/steps.h"

/* ---- carrying out steps ---- */

static void
set_timer(mcp__engine *engine, mcp__task *task)
{
    int64_t first = mcp__op_limit(&task->op, MCP__PRIMARY);
    int64_t second = mcp__op_limit(&task->op, MCP__BACKUP);
    mcp__timer_set(&engine->timers, &task->timer, first < second ? first : second);
}

static const char *
name_of(const mcp__engine *engine, uint32_t server)
{
    return engine->servers[server].spec->name;
}

static const char *
what_failed(const mcp__engine *engine, const mcp__leg *leg)
{
    switch (leg->failure) {
    case MCP__FAILURE_TOO_OLD:
        return "too old: it lacks the meta commands (memcached 1.6.10 has them)";
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
                 what_failed(engine, first), both ? "; " : "",
                 both ? name_of(engine, second->server) : "", both ? ": " : "",
                 both ? what_failed(engine, second) : "");
    engine->err.server = (int)first->server;
    engine->err.os_error = engine->servers[first->server].os_error;
}

static void
finish(mcp__engine *engine, mcp__task *task)
{
    mcp__op *op = &task->op;
    mcp__timer_stop(&engine->timers, &task->timer);
    if (op->has_view)
        engine->servers[op->leg[op->answered].server].link.n_pinned++;
    if (op->status < MCP_OK)
        explain(engine, op);
    if (op->answered == MCP__BACKUP)
        engine->servers[op->leg[MCP__PRIMARY].server].tally.failovers++;
    task->is_finished = 1;
    task->next = NULL;
    if (engine->last_finished == NULL)
        engine->first_finished = task;
    else
        engine->last_finished->next = task;
    engine->last_finished = task;
    engine->n_unfinished--;
}

static void
send_leg(mcp__engine *engine, mcp__op *op, int index, uint8_t kind)
{
    mcp__leg *leg = &op->leg[index];
    leg->command = kind;
    leg->was_asked = 1;
    leg->was_resent = 0;
    leg->started_ms = engine->now_ms;
    /* Too late to ask: a server that was asked nothing must not be blamed for not answering. */
    if (engine->now_ms >= op->deadline_ms)
        mcp__pool_add_fallen(engine, leg, MCP__FAILURE_TIMEOUT, 0);
    else
        mcp__line_put(engine, leg);
}

static void
carry_out(mcp__engine *engine, mcp__task *task, mcp__step step)
{
    mcp__op *op = &task->op;
    if (step.is_done) {
        if (step.owe_backup) {
            mcp__command command = mcp__op_command(op, step.send[MCP__BACKUP]);
            mcp__line_put_owed(engine, &op->leg[MCP__BACKUP], &command);
        }
        finish(engine, task);
        return;
    }
    /* Both are on their way before either is, so that an answer finds the other one waiting. */
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (step.send[i])
            op->leg[i].state = MCP__LEG_SENT;
    }
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (step.send[i])
            send_leg(engine, op, i, step.send[i]);
    }
    set_timer(engine, task);
}

/* Since this operation began another one, or this one itself, may have found a server away. */
static void
look_again(mcp__engine *engine, mcp__op *op)
{
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        const mcp__health *health = &engine->servers[op->leg[i].server].health;
        op->view.is_usable[i] = op->view.exists[i] && mcp__health_is_usable(health);
    }
}

/* Tells the operations whose legs have fallen, until no leg falls any more. */
static void
settle(mcp__engine *engine)
{
    mcp__leg *leg;
    while ((leg = mcp__pool_next_fallen(engine)) != NULL) {
        mcp__op *op = mcp__op_of_leg(leg);
        look_again(engine, op);
        mcp__step step = mcp__steps_failed(op, leg->index, leg->failure, leg->fell_sent);
        carry_out(engine, mcp__task_of(op), step);
    }
}

/* ---- operations ---- */

static void
set_leg(mcp__engine *engine, mcp__op *op, int index, uint32_t number)
{
    mcp__server *server = &engine->servers[number];
    op->leg[index].server = number;
    op->leg[index].cas_mark = server->cas_mark;
    op->view.exists[index] = 1;
    op->view.is_usable[index] = (uint8_t)mcp__health_is_usable(&server->health);
#ifdef MCP_MUTANT_SUSPECT_WAITED_FOR
    op->view.is_usable[index] |= server->health.state == MCP_STATE_SUSPECT;
#endif
}

static void
route(mcp__engine *engine, mcp__op *op, const mcp_request *request)
{
    memset(&op->view, 0, sizeof op->view);
    if (request->verb >= MCP_FLUSH) {
        op->is_direct = 1;
        set_leg(engine, op, MCP__PRIMARY, (uint32_t)request->server);
        return;
    }
    const void *hashed = request->route != NULL ? request->route : request->key;
    size_t len = request->route != NULL ? request->route_len : request->key_len;
    mcp__pair pair = mcp__pairing_find(engine->pairing, hashed, len);
    set_leg(engine, op, MCP__PRIMARY, pair.primary);
    if (pair.backup != MCP__NO_SERVER) {
        set_leg(engine, op, MCP__BACKUP, pair.backup);
        op->is_mirrored = (uint8_t)engine->settings.mirrors_writes;
    }
    if (engine->name_space_len > 0) {
        memcpy(op->wire_key, engine->name_space, engine->name_space_len);
        memcpy(op->wire_key + engine->name_space_len, request->key, request->key_len);
        op->key = (mcp__span){op->wire_key, engine->name_space_len + request->key_len};
    }
}

mcp__task *
mcp__drive_submit(mcp__engine *engine, const mcp_request *request, uint32_t timeout_ms,
                  int64_t now_ms)
{
    engine->now_ms = now_ms;
    mcp__task *task = mcp__pool_take(engine);
    if (task == NULL)
        return NULL;
    mcp__op *op = &task->op;
    mcp__op_begin(op, request);
    route(engine, op, request);
    op->unix_now = engine->unix_now;
    op->deadline_ms = now_ms + timeout_ms;
    op->share_ms = op->view.exists[MCP__BACKUP]
                       ? ((int64_t)timeout_ms * MCP__SHARE_PERCENT + 99) / 100
                       : (int64_t)timeout_ms;
    engine->n_unfinished++;
    carry_out(engine, task, mcp__steps_begin(op));
    settle(engine);
    return task;
}

mcp__task *
mcp__drive_finished(mcp__engine *engine)
{
    mcp__task *task = engine->first_finished;
    if (task == NULL)
        return NULL;
    engine->first_finished = task->next;
    if (engine->first_finished == NULL)
        engine->last_finished = NULL;
    return task;
}

void
mcp__drive_result(const mcp__task *task, mcp_result *result)
{
    const mcp__op *op = &task->op;
    result->status = op->status;
    result->server = op->answered < 0 ? -1 : (int)op->leg[op->answered].server;
    result->primary = op->leg[MCP__PRIMARY].copy;
    result->backup = op->leg[MCP__BACKUP].copy;
    result->from_backup = op->answered == MCP__BACKUP;
    int has_value = op->status == MCP_OK && op->answered >= 0;
    result->value = has_value ? op->result_value.bytes : NULL;
    result->value_len = has_value ? op->result_value.len : 0;
    result->flags = op->result_flags;
    result->ttl = op->result_ttl;
    result->cas = op->result_cas;
    result->number = op->number;
}

void
mcp__drive_release(mcp__engine *engine, mcp__task *task)
{
    if (task->op.has_view)
        engine->servers[task->op.leg[task->op.answered].server].link.n_pinned--;
    mcp__pool_give_back(engine, task);
}

/* ---- wishes ---- */

int
mcp__drive_wish(mcp__engine *engine, mcp__wish *wish)
{
    mcp__server *server = engine->first_wish;
    if (server == NULL)
        return 0;
    engine->first_wish = server->next_wish;
    if (engine->first_wish == NULL)
        engine->last_wish = NULL;
    wish->server = server->number;
    wish->what = server->wishes;
    server->wishes = 0;
    server->is_listed = 0;
    return 1;
}

/* ---- events ---- */

void
mcp__drive_connected(mcp__engine *engine, uint32_t server, int64_t now_ms)
{
    engine->now_ms = now_ms;
    mcp__line_connected(engine, &engine->servers[server]);
    settle(engine);
}

static int
is_shortage(int os_error)
{
    return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM;
}

void
mcp__drive_broken(mcp__engine *engine, uint32_t number, int os_error, const char *what,
                  int64_t now_ms)
{
    static const char *const stages[] = {
        [MCP__LINK_CLOSED] = "",
        [MCP__LINK_OPENING] = "connect",
        [MCP__LINK_GREETING] = "greeting",
        [MCP__LINK_OPEN] = "connection",
    };
    char why[96];
    mcp__server *server = &engine->servers[number];
    engine->now_ms = now_ms;
    snprintf(why, sizeof why, "%s: %s", stages[server->link.state], what);
    mcp__failure failure = MCP__FAILURE_BROKEN;
    if (is_shortage(os_error))
        failure = MCP__FAILURE_LOCAL;
    else if (server->link.state != MCP__LINK_OPEN)
        failure = MCP__FAILURE_REFUSED;
    mcp__line_lost(engine, server, failure, 1, os_error, why);
    settle(engine);
}

void
mcp__drive_nameless(mcp__engine *engine, uint32_t number, const char *why, int64_t now_ms)
{
    char text[96];
    engine->now_ms = now_ms;
    snprintf(text, sizeof text, "name: %s", why);
    mcp__line_lost(engine, &engine->servers[number], MCP__FAILURE_REFUSED, 0, 0, text);
    settle(engine);
}

size_t
mcp__drive_output(mcp__engine *engine, uint32_t server, mcp__span *spans, size_t max)
{
    return mcp__link_output(&engine->servers[server].link, spans, max);
}

void
mcp__drive_sent(mcp__engine *engine, uint32_t server, size_t len)
{
    mcp__link *link = &engine->servers[server].link;
    mcp__link_sent(link, len);
    if (link->n_awaited == 0 && link->state == MCP__LINK_OPEN && !mcp__link_has_output(link))
        mcp__pool_set_busy(engine, &engine->servers[server], 0);
}

uint8_t *
mcp__drive_room(mcp__engine *engine, uint32_t server, size_t *len)
{
    return mcp__link_room(&engine->servers[server].link, len);
}

static void
count_read(mcp__tally *tally, const mcp__op *op, const mcp__reply *reply)
{
    if (op->verb == MCP_GET || op->verb == MCP_GAT) {
        tally->hits += reply->kind == MCP__REPLY_VALUE;
        tally->misses += reply->kind == MCP__REPLY_MISS;
    }
}

/*
 * An error line that is no answer to the user's question. SERVER_ERROR: the server cannot, the
 * other copy may. CLIENT_ERROR and ERROR: it did not understand us, and what stands behind the
 * command line may have been run as a command, so the connection is not to be trusted.
 */
static void
take_error(mcp__engine *engine, mcp__server *server, mcp__leg *leg, const mcp__reply *reply,
           mcp_status status)
{
    char quoted[64], why[96];
    mcp__op *op = mcp__op_of_leg(leg);
    mcp__err_quote(quoted, sizeof quoted, reply->value.bytes, reply->value.len);
    int is_client = reply->kind == MCP__REPLY_CLIENT_ERROR;
    snprintf(why, sizeof why, "%s %s",
             reply->kind == MCP__REPLY_ERROR ? "ERROR"
             : is_client                     ? "CLIENT_ERROR"
                                             : "SERVER_ERROR",
             quoted);
    snprintf(server->said, sizeof server->said, "%s", why);
    mcp__failure failure = MCP__FAILURE_SERVER;
    if (status == MCP_REFUSED)
        failure = MCP__FAILURE_AUTH;
    else if (reply->kind == MCP__REPLY_ERROR)
        failure = MCP__FAILURE_TOO_OLD;
    op->is_hopeless = is_client && status != MCP_REFUSED;
    mcp__pool_add_fallen(engine, leg, failure, 0);
    if (reply->kind != MCP__REPLY_SERVER_ERROR)
        mcp__line_lost(engine, server, MCP__FAILURE_BROKEN, 0, 0, why);
}

static void
take_reply(mcp__engine *engine, mcp__server *server, const mcp__pending *pending,
           const mcp__reply *reply)
{
    if (pending->op == NULL)
        return;
    mcp__op *op = pending->op;
    mcp__leg *leg = &op->leg[pending->leg];
    mcp_status status = mcp__meta_status(pending->kind, reply);
    leg->state = MCP__LEG_IDLE;
    count_read(&server->tally, op, reply);
    if (status < MCP_OK) {
        take_error(engine, server, leg, reply, status);
        return;
    }
    look_again(engine, op);
    carry_out(engine, mcp__task_of(op), mcp__steps_answer(op, pending->leg, reply, status));
}

static void
take_mismatch(mcp__engine *engine, mcp__server *server, const mcp__reply *reply, const char *what)
{
    char quoted[48], why[96];
    mcp__err_quote(quoted, sizeof quoted, reply->value.bytes, reply->value.len);
    snprintf(why, sizeof why, "%s: \"%s\"", what, quoted);
    mcp__line_lost(engine, server, MCP__FAILURE_PROTOCOL, 0, 0, why);
}

/* It answered the greeting, but not as memcached does. */
static void
take_wrong_peer(mcp__engine *engine, mcp__server *server, const mcp__reply *reply)
{
    static const char too_many[] = "Too many open connections", secret[] = "unauthenticated";
    const mcp__span *text = &reply->value;
    if (text->len >= sizeof too_many - 1 && memcmp(text->bytes, too_many, sizeof too_many - 1) == 0)
        mcp__line_lost(engine, server, MCP__FAILURE_REFUSED, 0, 0, "too many open connections");
    else if (text->len >= sizeof secret - 1 && memcmp(text->bytes, secret, sizeof secret - 1) == 0)
        mcp__line_lost(engine, server, MCP__FAILURE_AUTH, 0, 0, "it wants a password");
    else
        take_mismatch(engine, server, reply, "not a memcached");
}

void
mcp__drive_received(mcp__engine *engine, uint32_t number, size_t len, int64_t now_ms)
{
    mcp__server *server = &engine->servers[number];
    mcp__pending pending;
    mcp__reply reply;
    engine->now_ms = now_ms;
    server->link.used_ms = now_ms;
    mcp__link_received(&server->link, len);
    /* Several connections' worth of replies cannot be in one: bounded by the bytes received. */
    while (server->link.state >= MCP__LINK_GREETING) {
        mcp__link_answer answer = mcp__link_next(&server->link, &pending, &reply);
        if (answer == MCP__LINK_NOTHING)
            break;
        if (answer == MCP__LINK_REPLY) {
            mcp__health_answered(&server->health);
            take_reply(engine, server, &pending, &reply);
            if (server->link.is_spoiled)
                mcp__line_lost(engine, server, MCP__FAILURE_BROKEN, 1, 0,
                               "answered before it had the whole request");
        } else if (answer == MCP__LINK_GREETED) {
            mcp__line_greeted(engine, server);
        } else if (answer == MCP__LINK_WRONG_PEER) {
            take_wrong_peer(engine, server, &reply);
        } else {
            take_mismatch(engine, server, &reply, "unexpected reply");
        }
    }
    if (server->link.state == MCP__LINK_OPEN)
        mcp__pool_set_busy(engine, server,
                           server->link.n_awaited > 0 || mcp__link_has_output(&server->link));
    settle(engine);
}

/* ---- time ---- */

static void
take_op_timer(mcp__engine *engine, mcp__task *task)
{
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (mcp__op_limit(&task->op, i) <= engine->now_ms)
            mcp__line_give_up(engine, &task->op.leg[i]);
    }
    settle(engine);
    if (!task->is_finished)
        set_timer(engine, task);
}

void
mcp__drive_time(mcp__engine *engine, int64_t now_ms)
{
    mcp__timer *timer;
    engine->now_ms = now_ms;
    while ((timer = mcp__timers_due(&engine->timers, now_ms)) != NULL) {
        if (timer->kind == MCP__TIMER_OP) {
            take_op_timer(engine, (mcp__task *)((char *)timer - offsetof(mcp__task, timer)));
        } else {
            mcp__line_timer(engine, (mcp__server *)((char *)timer - offsetof(mcp__server, timer)));
            settle(engine);
        }
    }
}

/* ---- all at once ---- */

void
mcp__drive_forget(mcp__engine *engine, int64_t now_ms)
{
    engine->now_ms = now_ms;
    for (uint32_t i = 0; i < engine->n_servers; i++)
        mcp__line_lost(engine, &engine->servers[i], MCP__FAILURE_LOCAL, 0, 0, "forked");
    settle(engine);
}

void
mcp__drive_abandon(mcp__engine *engine, int64_t now_ms)
{
    engine->now_ms = now_ms;
    for (uint32_t i = 0; i < engine->n_servers; i++)
        mcp__line_abandon(engine, &engine->servers[i]);
    mcp__pool_take_back_all(engine);
}

size_t
mcp__drive_owed(const mcp__engine *engine)
{
    size_t n = 0;
    for (uint32_t i = 0; i < engine->n_servers; i++) {
        const mcp__link *link = &engine->servers[i].link;
        n += link->pending_count - link->n_awaited;
    }
    return n;
}

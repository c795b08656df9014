/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/drive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/checks.h"
#include "engine/line.h"
#include "engine/record.h"
#include "engine/ride.h"
#include "engine/tasks.h"
#include "ops/steps.h"

/* ---- operations ---- */

mcp__task *
mcp__drive_submit(mcp__engine *engine, const mcp_request *request, uint32_t timeout_ms,
                  int64_t now_ms)
{
    engine->now_ms = now_ms;
    mcp__pool_end_round(engine);
    mcp__task *task = mcp__tasks_begin(engine, request, timeout_ms);
    mcp__tasks_settle(engine);
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
    mcp__tasks_settle(engine);
}

static int
is_shortage(int os_error)
{
    return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM;
}

/*
 * memcached with TLS ends a connection that begins with anything else without a word. And with TLS
 * 1.3 it looks at our certificate when we believe the handshake is over; what it says of it may be
 * overtaken by the reset.
 */
static const char *
guess(const mcp__server *server, int os_error)
{
    if (server->link.state != MCP__LINK_GREETING || server->spec->is_unix || os_error != ECONNRESET)
        return "";
    return server->is_securing ? " (does it want a certificate? tls_cert=)"
                               : " (does it want TLS?)";
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
    snprintf(why, sizeof why, "%s: %s%s", stages[server->link.state], what,
             guess(server, os_error));
    mcp__failure failure = MCP__FAILURE_BROKEN;
    if (is_shortage(os_error))
        failure = MCP__FAILURE_LOCAL;
    else if (server->link.state != MCP__LINK_OPEN)
        failure = MCP__FAILURE_REFUSED;
    mcp__line_lost(engine, server, failure, 1, os_error, why);
    mcp__tasks_settle(engine);
}

void
mcp__drive_securing(mcp__engine *engine, uint32_t number)
{
    engine->servers[number].is_securing = 1;
}

void
mcp__drive_insecure(mcp__engine *engine, uint32_t number, const char *why, int64_t now_ms)
{
    char text[96];
    mcp__server *server = &engine->servers[number];
    int was_open = server->link.state == MCP__LINK_OPEN;
    engine->now_ms = now_ms;
    snprintf(text, sizeof text, "TLS: %s", why);
    mcp__line_lost(engine, server, was_open ? MCP__FAILURE_BROKEN : MCP__FAILURE_PROTOCOL, was_open,
                   0, text);
    mcp__tasks_settle(engine);
}

void
mcp__drive_nameless(mcp__engine *engine, uint32_t number, const char *why, int64_t now_ms)
{
    char text[96];
    engine->now_ms = now_ms;
    snprintf(text, sizeof text, "name: %s", why);
    mcp__line_lost(engine, &engine->servers[number], MCP__FAILURE_REFUSED, 0, 0, text);
    mcp__tasks_settle(engine);
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
    if (link->state == MCP__LINK_OPEN)
        mcp__line_watch(engine, &engine->servers[server]);
}

uint8_t *
mcp__drive_room(mcp__engine *engine, uint32_t server, size_t *len)
{
    return mcp__link_room(&engine->servers[server].link, len);
}

static void
count_read(mcp__tally *tally, const mcp__op *op, uint8_t word, const mcp__reply *reply)
{
    if (word < MCP__WORD_MARKS && (op->verb == MCP_GET || op->verb == MCP_GAT)) {
        tally->hits += reply->kind == MCP__REPLY_VALUE;
        tally->misses += reply->kind == MCP__REPLY_MISS;
    }
}

/*
 * An error line that is no answer to the user's question. SERVER_ERROR: the server cannot, the
 * other copy may. CLIENT_ERROR and ERROR: it did not understand us, and what stands behind the
 * command line may have been run as a command, so the connection is not to be trusted. Behind
 * "stats NAME" nothing stands: there it only says that it has none of that name.
 */
static void
take_error(mcp__engine *engine, mcp__server *server, mcp__leg *leg, const mcp__reply *reply,
           mcp_status status, int is_last_reply)
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
    leg->late_failure = (uint8_t)failure;
    if (is_last_reply)
        mcp__pool_add_fallen(engine, leg, failure, 0);
    int is_harmless = op->verb == MCP_STATS && status != MCP_REFUSED;
    if (reply->kind != MCP__REPLY_SERVER_ERROR && !is_harmless)
        mcp__line_lost(engine, server, MCP__FAILURE_BROKEN, 0, 0, why);
}

/* A stub that some other client's lease left is no value. One that spoke the classic protocol has
 * left it with flags of its own. */
static void
hide_stub(uint8_t word, mcp__reply *reply)
{
    int is_get = word == MCP__COMMAND_GET || word == MCP__COMMAND_GAT;
    if (reply->kind != MCP__REPLY_VALUE || reply->value.len != 0)
        return;
    if (reply->lease == 0 && reply->flags == MCP__FOLD_STUB_FLAGS)
        reply->lease = MCP__LEASE_TAKEN;
    if (is_get && (reply->lease & (MCP__LEASE_WON | MCP__LEASE_TAKEN)))
        reply->kind = MCP__REPLY_MISS;
}

/* What was asked in the greeting before it was known that the server does not speak that way. */
static int
is_asked_again(mcp__engine *engine, mcp__server *server, const mcp__pending *pending)
{
    if (!mcp__link_was_foreign(&server->link, pending))
        return 0;
    mcp__line_ask(engine, server, (mcp__question)pending->word);
    return 1;
}

/* The last reply of its bundle, or there are more to come. */
static int
is_last(mcp__leg *leg)
{
    if (++leg->n_answered < leg->n_bundle)
        return 0;
    leg->state = MCP__LEG_IDLE;
    return 1;
}

/* Who was refused waits for the next connection, once; a check does without. */
static int
is_sent_again(mcp__engine *engine, mcp__server *server, const mcp__pending *pending,
              const mcp__reply *reply)
{
    if (pending->is_check) {
        mcp__checks_answer(engine, pending, reply->kind, reply->cas);
    } else if (pending->op != NULL) {
        mcp__leg *leg = &((mcp__op *)pending->op)->leg[pending->leg];
        if (leg->was_resent || leg->n_answered > 0)
            return 0;
        leg->was_resent = 1;
        mcp__pool_add_waiting(server, leg);
    }
    return 1;
}

/*
 * It says a version that has the meta commands, and refuses a flag that all of those take: it is
 * spoken to in the classic protocol, over a new connection, because a value may still stand in this
 * one as commands. What it refused is not done and goes there; but not a bundle, of which the rest
 * may be done.
 */
static int
is_plainer(mcp__engine *engine, mcp__server *server, const mcp__pending *pending,
           const mcp__reply *reply)
{
    if (!mcp__link_may_be_classic(&server->link, reply, engine->now_ms))
        return 0;
    int is_bundle = !pending->is_check && pending->op != NULL &&
                    ((mcp__op *)pending->op)->leg[pending->leg].n_bundle > 1;
    if (is_bundle || !is_sent_again(engine, server, pending, reply))
        return 0;
    mcp__line_refused(engine, server, "it refuses a flag of the meta protocol");
    return 1;
}

/*
 * It does not know us any more, in the middle of a connection: it is another server than the one
 * that was greeted. Nothing of what is outstanding is done, so all of it goes over a new
 * connection, whose greeting says once more who we are. Once: if that is not taken, it is an error.
 */
static int
is_forgotten(mcp__engine *engine, mcp__server *server, const mcp__pending *pending,
             const mcp__reply *reply)
{
    if (engine->settings.auth.len == 0 || mcp__meta_status(pending->kind, reply) != MCP_REFUSED)
        return 0;
    if (!is_sent_again(engine, server, pending, reply))
        return 0;
    mcp__line_lost(engine, server, MCP__FAILURE_BROKEN, MCP__LINE_UNDONE, 0,
                   "it wants the password again");
    return 1;
}

/* What a check asked. As above: an error that is not the server's own leaves no trust. */
static void
take_checked(mcp__engine *engine, mcp__server *server, const mcp__pending *pending,
             const mcp__reply *reply)
{
    if (pending->word == MCP__WORD_MARKS)
        mcp__record_marks(engine, server, reply, pending->asked_ms);
    mcp__checks_answer(engine, pending, reply->kind, reply->cas);
    if (reply->kind == MCP__REPLY_ERROR || reply->kind == MCP__REPLY_CLIENT_ERROR)
        mcp__line_lost(engine, server, MCP__FAILURE_BROKEN, 0, 0,
                       "it does not understand a question for a key's number");
}

static void
take_reply(mcp__engine *engine, mcp__server *server, const mcp__pending *pending, mcp__reply *reply)
{
    if (reply->kind == MCP__REPLY_CLIENT_ERROR && (is_forgotten(engine, server, pending, reply) ||
                                                   is_plainer(engine, server, pending, reply)))
        return;
    if (pending->is_check) {
        take_checked(engine, server, pending, reply);
        return;
    }
    if (pending->op == NULL) {
        if (is_asked_again(engine, server, pending))
            return;
        mcp__record_answer(engine, server, pending->word, reply, pending->asked_ms);
        if (pending->word == MCP__ASK_NOTHING &&
            (reply->kind == MCP__REPLY_ERROR || reply->kind == MCP__REPLY_CLIENT_ERROR))
            mcp__line_lost(engine, server, MCP__FAILURE_BROKEN, 0, 0,
                           "it did not understand a get");
        return;
    }
    mcp__op *op = pending->op;
    mcp__leg *leg = &op->leg[pending->leg];
    uint8_t word = pending->word;
    hide_stub(word, reply);
    mcp_status status = mcp__meta_status(pending->kind, reply);
    int last = is_last(leg);
    count_read(&server->tally, op, word, reply);
    if (word == MCP__WORD_MARKS && op->mark.is_active)
        engine->marking = &engine->servers[op->leg[MCP__OTHER(pending->leg)].server];
    if (word == MCP__WORD_MARKS)
        mcp__record_marks(engine, server, reply, pending->asked_ms);
    engine->marking = NULL;
    /* A word of the record that failed is an answer, too: the record was not made. */
    if (status < MCP_OK && (word < MCP__WORD_MARKS || reply->kind != MCP__REPLY_SERVER_ERROR)) {
        take_error(engine, server, leg, reply, status, last);
        return;
    }
    if (last && leg->late_failure != MCP__FAILURE_NONE) {
        mcp__pool_add_fallen(engine, leg, (mcp__failure)leg->late_failure, 0);
        return;
    }
    if (leg->late_failure != MCP__FAILURE_NONE)
        return;
    mcp__tasks_look_again(engine, op);
    mcp__tasks_carry_out(engine, mcp__task_of(op),
                         mcp__steps_answer(op, pending->leg, word, reply, status));
}

static void
take_mismatch(mcp__engine *engine, mcp__server *server, const mcp__reply *reply, const char *what)
{
    char quoted[48], why[96];
    mcp__err_quote(quoted, sizeof quoted, reply->value.bytes, reply->value.len);
    snprintf(why, sizeof why, "%s: \"%s\"", what, quoted);
    mcp__line_lost(engine, server, MCP__FAILURE_PROTOCOL, 0, 0, why);
}

static int
begins(const mcp__span *text, const char *word)
{
    size_t len = strlen(word);
    return text->len >= len && memcmp(text->bytes, word, len) == 0;
}

/* It answered the greeting, but not as memcached does. */
static void
take_wrong_peer(mcp__engine *engine, mcp__server *server, const mcp__reply *reply)
{
    const mcp__span *text = &reply->value;
    int has_login = engine->settings.auth.len > 0;
    if (begins(text, "Too many open connections"))
        mcp__line_lost(engine, server, MCP__FAILURE_REFUSED, 0, 0, "too many open connections");
    else if (begins(text, "unauthenticated") || begins(text, "authentication failure"))
        mcp__line_lost(engine, server, MCP__FAILURE_AUTH, 0, 0,
                       has_login ? "it does not take our user and password (auth=)"
                                 : "it wants a password (auth=)");
    else if (mcp__hello_is_tls(text->bytes, text->len))
        mcp__line_lost(engine, server, MCP__FAILURE_PROTOCOL, 0, 0, "it speaks TLS (tls=yes)");
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
    while (server->link.state >= MCP__LINK_GREETING && !server->link.is_raw) {
        mcp__link_answer answer = mcp__link_next(&server->link, &pending, &reply);
        if (answer == MCP__LINK_NOTHING)
            break;
        if (answer == MCP__LINK_CONVOY) {
            mcp__pool_add_ripe(engine, server);
            break;
        }
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
    if (server->link.is_classic && mcp__link_has_output(&server->link))
        mcp__pool_wish(engine, server, MCP__WISH_SEND); /* some answers lead to another question */
    if (server->link.state == MCP__LINK_OPEN)
        mcp__line_watch(engine, server);
    mcp__tasks_settle(engine);
}

/* ---- time ---- */

static void
take_op_timer(mcp__engine *engine, mcp__task *task)
{
    mcp__op *op = &task->op;
    if (op->hold_ms != 0 && op->hold_ms <= engine->now_ms) {
        mcp__tasks_look_again(engine, op);
        mcp__tasks_carry_out(engine, task, mcp__steps_time(op));
        mcp__tasks_settle(engine);
        return;
    }
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++) {
        if (mcp__op_limit(&task->op, i) <= engine->now_ms)
            mcp__line_give_up(engine, &task->op.leg[i]);
    }
    uint64_t tag = task->life;
    mcp__tasks_settle(engine);
    if (task->life == tag && !task->is_finished)
        mcp__tasks_set_timer(engine, task);
}

void
mcp__drive_time(mcp__engine *engine, int64_t now_ms)
{
    mcp__timer *timer;
    engine->now_ms = now_ms;
    while ((timer = mcp__timers_due(&engine->timers, now_ms)) != NULL) {
        if (timer->kind == MCP__TIMER_OP) {
            take_op_timer(engine, (mcp__task *)((char *)timer - offsetof(mcp__task, timer)));
        } else if (timer->kind == MCP__TIMER_RIDE) {
            mcp__ride_over(engine, (mcp__server *)((char *)timer - offsetof(mcp__server, ride)));
            mcp__tasks_settle(engine);
        } else {
            mcp__line_timer(engine, (mcp__server *)((char *)timer - offsetof(mcp__server, timer)));
            mcp__tasks_settle(engine);
        }
    }
}

/* ---- all at once ---- */

void
mcp__drive_forget(mcp__engine *engine, int64_t now_ms)
{
    engine->now_ms = now_ms;
    for (uint32_t i = 0; i < engine->n_lines; i++)
        mcp__line_lost(engine, &engine->servers[i], MCP__FAILURE_LOCAL, 0, 0, "forked");
    mcp__tasks_settle(engine);
}

void
mcp__drive_abandon(mcp__engine *engine, int64_t now_ms)
{
    engine->now_ms = now_ms;
    for (uint32_t i = 0; i < engine->n_lines; i++)
        mcp__line_abandon(engine, &engine->servers[i]);
    mcp__pool_take_back_all(engine);
}

size_t
mcp__drive_owed(const mcp__engine *engine)
{
    size_t n = 0;
    for (uint32_t i = 0; i < engine->n_lines; i++) {
        const mcp__link *link = &engine->servers[i].link;
        n += link->pending_count - link->n_awaited;
    }
    return n;
}

void
mcp__drive_hasten(mcp__engine *engine, int64_t now_ms)
{
    engine->now_ms = now_ms;
    for (uint32_t i = 0; i < engine->n_lines; i++)
        mcp__ride_hasten(engine, &engine->servers[i]);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * express_way: the ordinary way of an express call (see express.h), from its beginning to its
 * result. It stands in a header, so that the compiler has it in one piece with its driver in
 * io/wait.c and keeps in registers what else would go through memory between one function and the
 * next: that saves a sixth of a get. What is rare stands in express.c.
 */
#ifndef MCPROXY_ENGINE_EXPRESS_WAY_H
#define MCPROXY_ENGINE_EXPRESS_WAY_H

#include <string.h>

#include "engine/express.h"
#include "engine/quiet.h"
#include "engine/tasks.h"
#include "wire/fold.h"
#include "wire/token.h"
#include "wire/usual.h"

/* ---- the rare halves ---- */

/* A key that lives where its group key says. */
mcp__pair mcp__express_find_by_route(mcp__engine *engine, const mcp_request *request);
/* The rarer verbs. */
uint8_t *mcp__express_put_other(const mcp__express *express, uint8_t *out, uint64_t opaque);
/* What rode in front of the call, questions of checks and for marks, was answered as usual: what
 * waits behind them. NULL: it was not. */
const mcp__pending *mcp__express_take_riders(mcp__engine *engine, mcp__server *server);
/* The question for the backup's marks goes in front of a change, see mcp__line_wants_marks(). 0: there
 * is no room. */
int mcp__express_ask_marks(mcp__engine *engine, mcp__server *backup, const mcp_request *request);
/* What is to be looked at behind it. The answers still stand in their links. */
void mcp__express_verify_later(mcp__engine *engine);
/* The third has been sent, or not. */
void mcp__express_leave_third(mcp__engine *engine);

/* ---- is it one? ---- */

static inline void
mcp__express_find_servers(mcp__engine *engine, const mcp_request *request)
{
    mcp__express *express = &engine->express;
    mcp__pair pair = request->route != NULL
                         ? mcp__express_find_by_route(engine, request)
                         : mcp__pairing_find(engine->pairing, request->key, request->key_len);
    express->server[MCP__PRIMARY] = &engine->servers[pair.primary];
    express->is_pair = pair.backup != MCP__NO_SERVER;
    if (express->is_pair)
        express->server[MCP__BACKUP] = &engine->servers[pair.backup];
}

/* Somebody else waits for its answers, or some of them have not been read. What nobody waits for is
 * read in front of our own. */
static inline int
mcp__express_is_in_use(const mcp__server *server)
{
    const mcp__link *link = &server->link;
    return link->n_awaited > 0 || mcp__link_has_output(link) || mcp__link_has_partial(link) ||
           link->is_raw;
}

/* ---- asking ---- */

static inline uint8_t *
mcp__express_put_set(const mcp__express *express, mcp__link *link, uint8_t *out, uint64_t opaque)
{
    const mcp_request *request = express->request;
    mcp__span value = {request->value, request->value_len};
    out = mcp__usual_put_set(out, express->key, value.len, opaque, request->flags, request->ttl);
    if (express->is_verified || (request->want & MCP_WANT_CAS))
        out = MCP__USUAL_PUT(out, " c");
    return mcp__link_put_value(link, MCP__USUAL_PUT(out, "\r\n"), value);
}

__attribute__((always_inline)) static inline uint8_t *
mcp__express_put(const mcp__express *express, mcp__link *link, uint8_t *out, uint64_t opaque)
{
    const mcp_request *request = express->request;
    if (express->kind == MCP__COMMAND_SET)
        return mcp__express_put_set(express, link, out, opaque);
    if (express->kind == MCP__COMMAND_GET)
        out = mcp__usual_put_get(out, express->key, opaque, request->want);
    else if (express->kind == MCP__COMMAND_DELETE)
        out = mcp__usual_put_delete(out, express->key, opaque);
    else if (express->kind != MCP__COMMAND_TOUCH && !request->with_initial)
        out = mcp__usual_put_count(out, express->key, opaque, express->kind == MCP__COMMAND_DECR,
                                   request->delta);
    else
        return mcp__express_put_other(express, out, opaque);
    return MCP__USUAL_PUT(out, "\r\n");
}

/* Whose answer is waited for, and its bytes up to `end`. That there is room for them has been seen.
 */
static inline void
mcp__express_queue(mcp__engine *engine, int leg, uint64_t opaque, const uint8_t *end, uint64_t first_byte)
{
    const mcp__express *express = &engine->express;
    mcp__server *server = mcp__express_server(engine, leg);
    mcp__link *link = &server->link;
    *mcp__link_slot(link) = (mcp__pending){
        .op = express->task,
        .opaque = opaque,
        .first_byte = first_byte,
        .asked_ms = engine->now_ms,
        .leg = (uint8_t)leg,
        .kind = express->kind,
        .word = express->kind,
        .is_awaited = 1,
    };
    mcp__link_end(link, end, 1, 0);
    server->tally.calls++;
    server->tally.kinds[express->kind]++;
}

__attribute__((always_inline)) static inline void
mcp__express_ask(mcp__engine *engine, int leg, uint64_t opaque)
{
    mcp__link *link = &mcp__express_server(engine, leg)->link;
    uint64_t first_byte = link->queued;
    const uint8_t *end = mcp__express_put(&engine->express, link, mcp__link_begin(link), opaque);
    mcp__express_queue(engine, leg, opaque, end, first_byte);
}

/* Both copies get the same bytes, written once: a reply is told by its link and its place there.
 * Large values stand elsewhere and are put on each link. */
static inline void
mcp__express_ask_both(mcp__engine *engine, uint64_t opaque)
{
    const mcp__link *first = &mcp__express_server(engine, MCP__PRIMARY)->link;
    mcp__link *second = &mcp__express_server(engine, MCP__BACKUP)->link;
    size_t start = first->out.end;
    mcp__express_ask(engine, MCP__PRIMARY, opaque);
    if (first->n_splices > 0) {
        mcp__express_ask(engine, MCP__BACKUP, opaque);
        return;
    }
    size_t len = first->out.end - start;
    uint8_t *out = mcp__link_begin(second);
    memcpy(out, first->out.block + start, len);
    mcp__express_queue(engine, MCP__BACKUP, opaque, out + len, second->queued);
}

/* Its answer is taken. */
static inline mcp__server *
mcp__express_take(mcp__engine *engine, int leg)
{
    mcp__server *server = mcp__express_server(engine, leg);
    mcp__buf_take(&server->link.in, engine->express.reply_len[leg]);
    mcp__link_pop(&server->link, 1);
    server->link.has_answered = 1;
    server->link.used_ms = engine->now_ms;
    mcp__health_answered(&server->health);
    return server;
}

/* And that was all. */
static inline void
mcp__express_close(mcp__engine *engine, int leg)
{
    mcp__server *server = mcp__express_take(engine, leg);
    if (server->is_busy) /* what was owed has been read in front of it */
        mcp__line_watch(engine, server);
}

/* Queues the command if this is such a call: 1. The request stays until it is over. 0: it is none,
 * and nothing was done. What is to be sent and heard now: with plain ERASE the backup's leg, then
 * mcp__express_go_on(), then the primary's; else the primary's, and with two legs the backup's. */
static inline int
mcp__express_begin(mcp__engine *engine, const mcp_request *request, uint32_t timeout_ms,
                   int64_t now_ms)
{
    mcp__express *express = &engine->express;
    mcp__command_kind kind = mcp__plain_command(request);
    if (kind == MCP__COMMAND_NONE || !mcp__quiet_has_plain_key(engine, request))
        return 0;
    if (express->task == NULL && (express->task = mcp__pool_take(engine)) == NULL)
        return 0;
    engine->now_ms = now_ms;
    express->kind = (uint8_t)kind;
    mcp__express_find_servers(engine, request);
    express->plain =
        (uint8_t)mcp__quiet_plain(engine, kind, request, express->server[MCP__PRIMARY],
                                  express->is_pair ? express->server[MCP__BACKUP] : NULL);
    if (express->plain == MCP__PLAIN_NOT || mcp__express_is_in_use(express->server[MCP__PRIMARY]) ||
        (express->is_pair && mcp__express_is_in_use(express->server[MCP__BACKUP])))
        return 0;
    int is_pairs = kind != MCP__COMMAND_GET && express->is_pair && express->plain != MCP__PLAIN_ALONE;
    if (is_pairs && mcp__line_wants_marks(engine, express->server[MCP__BACKUP]) &&
        !mcp__express_ask_marks(engine, express->server[MCP__BACKUP], request))
        return 0;
    express->request = request;
    express->key = mcp__quiet_key(engine, request, express->wire_key);
    express->timeout_ms = timeout_ms;
    express->n_legs = (uint8_t)(express->plain == MCP__PLAIN_BOTH && express->is_pair ? 2 : 1);
    express->is_verified =
        (uint8_t)(express->n_legs == 2 && mcp__plain_is_verified(kind, &engine->settings.promise));
    express->started_ms = now_ms;
    engine->gap_ms = now_ms - engine->submitted_ms;
    engine->submitted_ms = now_ms;
    uint64_t opaque = mcp__token_opaque(&engine->opaque_count, &engine->opaque);
    if (express->n_legs == 2)
        mcp__express_ask_both(engine, opaque);
    else
        mcp__express_ask(engine, express->plain == MCP__PLAIN_ERASE ? MCP__BACKUP : MCP__PRIMARY, opaque);
    return 1;
}

/* ---- hearing ---- */

/* Bytes have been put into this leg's link. 1: its answer is there, whole, and good. */
__attribute__((always_inline)) static inline int
mcp__express_hear(mcp__engine *engine, int leg)
{
    mcp__express *express = &engine->express;
    mcp__server *server = mcp__express_server(engine, leg);
    mcp__link *link = &server->link;
    const mcp__pending *oldest = mcp__link_oldest(link);
    if (oldest->op != express->task &&
        (oldest = mcp__express_take_riders(engine, server)) == NULL)
        return 0;
    size_t len = mcp__buf_len(&link->in);
    ssize_t used = mcp__usual_parse(mcp__buf_bytes(&link->in), len, link->value_max, oldest->opaque,
                                    &express->reply[leg]);
    express->reply_len[leg] = (size_t)used;
    return used > 0 && (size_t)used == len &&
           mcp__plain_is_good((mcp__command_kind)express->kind, express->reply[leg].kind) &&
           !mcp__fold_is_stub(&express->reply[leg]);
}

/* ---- the end ---- */

/* A get was answered, well. */
static inline void
mcp__express_count(mcp__tally *tally, mcp__reply_kind reply)
{
    if (reply == MCP__REPLY_VALUE)
        tally->hits++;
    else
        tally->misses++;
}

static inline void
mcp__express_give(const mcp__engine *engine, mcp_status status, mcp_result *result)
{
    const mcp__express *express = &engine->express;
    const mcp__reply *reply = &express->reply[MCP__PRIMARY];
    uint64_t cas = reply->cas;
    result->status = status;
    result->server = (int)express->server[MCP__PRIMARY]->number;
    result->primary = MCP_COPY_OK;
    result->backup =
        express->n_legs == 2 || mcp__express_has_third(engine) ? MCP_COPY_OK : MCP_COPY_SKIPPED;
    result->from_backup = 0;
    result->value = reply->value.bytes; /* NULL with all but a hit */
    result->value_len = reply->value.len;
    result->flags = reply->flags;
    result->ttl = -1;
    result->cas =
        cas != 0 ? mcp__token_cas(mcp__express_server(engine, MCP__PRIMARY)->cas_mark, cas) : 0;
    result->number = 0;
    if (express->kind == MCP__COMMAND_INCR || express->kind == MCP__COMMAND_DECR) {
        result->number = mcp__op_number(&reply->value);
        result->value = NULL;
        result->value_len = 0;
    }
}

/* And then: fills in the result, NULL: nobody wants it. The value is borrowed from the link: until
 * it receives again. */
static inline void
mcp__express_finish(mcp__engine *engine, mcp_result *result)
{
    mcp__express *express = &engine->express;
    mcp__reply_kind kind = express->reply[MCP__PRIMARY].kind;
    if (express->is_verified)
        mcp__express_verify_later(engine);
    mcp__express_close(engine, MCP__PRIMARY);
    if (express->n_legs == 2)
        mcp__express_close(engine, MCP__BACKUP);
    if (express->kind == MCP__COMMAND_GET)
        mcp__express_count(&mcp__express_server(engine, MCP__PRIMARY)->tally, kind);
    if (result != NULL)
        mcp__express_give(engine, mcp__express_status(engine), result);
    if (mcp__express_has_third(engine))
        mcp__express_leave_third(engine);
    mcp__tasks_settle(engine);
}

#endif

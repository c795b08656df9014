/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/express.h"

#include "engine/checks_way.h"
#include "engine/drive.h"
#include "engine/express_way.h"
#include "engine/record.h"
#include "engine/tasks.h"
#include "wire/meta.h"
#include "wire/usual.h"

mcp__pair
mcp__express_find_by_route(mcp__engine *engine, const mcp_request *request)
{
    if (!engine->has_routes)
        mcp__record_routes(engine);
    return mcp__pairing_find(engine->pairing, request->route, request->route_len);
}

uint8_t *
mcp__express_put_other(const mcp__express *express, uint8_t *out, uint64_t opaque)
{
    const mcp_request *request = express->request;
    const mcp__command command = {
        .kind = (mcp__command_kind)express->kind,
        .want = request->want,
        .with_initial = request->with_initial,
        .key = express->key,
        .ttl = request->ttl,
        .delta = request->delta,
        .initial = request->initial,
        .opaque = opaque,
    };
    return out + mcp__meta_encode(&command, out);
}

int
mcp__express_ask_marks(mcp__engine *engine, mcp__server *backup, const mcp_request *request)
{
    mcp__link *link = &backup->link;
    /* Two records, and the change's line behind the question: as for one line of twice the length. */
    size_t keys_len = engine->name_space_len + request->key_len + engine->marks_key_len;
    if (link->pending_count >= link->pending_mask ||
        !mcp__link_has_room(link, MCP__HEAD_MAX(keys_len) + 2, request->value_len))
        return 0;
    uint64_t opaque = mcp__token_opaque(&engine->opaque_count, &engine->opaque);
    *mcp__link_slot(link) = (mcp__pending){
        .opaque = opaque,
        .first_byte = link->queued,
        .asked_ms = engine->now_ms,
        .kind = MCP__COMMAND_GET,
        .word = MCP__ASK_MARKS,
    };
    mcp__link_end_len(link, mcp__ride_put_marks(engine, mcp__link_begin(link), opaque), 0, 1);
    mcp__line_note_marks(backup);
    backup->ledger.queued_ms = engine->now_ms;
    backup->tally.calls++;
    return 1;
}

/* The backup stays among the busy ones, if it is: it will be owed an answer again. Both legs are told
 * by the same opaque, as those of a set are. */
void
mcp__express_go_on(mcp__engine *engine)
{
    mcp__express *express = &engine->express;
    mcp__express_take(engine, MCP__BACKUP);
    express->plain = MCP__PLAIN_ERASE_SECOND;
    mcp__express_ask(engine, MCP__PRIMARY, engine->opaque);
}

#ifndef MCP_MUTANT_NO_THIRD_DELETE
static __attribute__((noinline)) void
erase_slowly(mcp__engine *engine)
{
    const mcp__express *express = &engine->express;
    const mcp__stored erased = {.key = express->key,
                                .server = {express->server[0], express->server[1]}};
    mcp__tasks_last_delete(engine, &erased);
}
#endif

void
mcp__express_put_third(mcp__engine *engine)
{
#ifndef MCP_MUTANT_NO_THIRD_DELETE
    const mcp__express *express = &engine->express;
    if (!mcp__checks_erase_plainly(engine, express->server, express->key))
        erase_slowly(engine);
#else
    (void)engine;
#endif
}

void
mcp__express_leave_third(mcp__engine *engine)
{
    mcp__server *backup = mcp__express_server(engine, MCP__BACKUP);
    if (mcp__link_has_output(&backup->link))
        mcp__pool_wish(engine, backup, MCP__WISH_SEND);
    if (!backup->is_busy || backup->link.pending_count == 0)
        mcp__line_watch(engine, backup);
}

/* What is not answered as in peace, but well: a number that has moved, say. */
static __attribute__((noinline)) int
take_rider(mcp__engine *engine, mcp__server *server, const mcp__pending *oldest)
{
    mcp__link *link = &server->link;
    mcp__reply_kind kind;
    mcp__pending taken;
    uint64_t cas;
    ssize_t used = mcp__usual_parse_word(mcp__buf_bytes(&link->in), mcp__buf_len(&link->in),
                                         oldest->opaque, &kind, &cas);
    if (used <= 0 || !mcp__checks_usual(oldest, kind))
        return 0;
    /* No marks, as before: nothing but their age is news. */
    if (oldest->word == MCP__WORD_MARKS &&
        !mcp__ledger_has_nothing(&server->ledger, oldest->asked_ms))
        return 0;
    mcp__link_drop(link, &taken);
    mcp__checks_answer(engine, &taken, kind, cas);
    mcp__buf_take(&link->in, (size_t)used);
    return 1;
}

/* The engine's own question for the marks: there are none, as before. */
static inline int
take_question(mcp__server *server, const mcp__pending *oldest)
{
    mcp__link *link = &server->link;
    if (oldest->word != MCP__ASK_MARKS || oldest->is_convoy)
        return 0;
    size_t used = mcp__echo_nothing(mcp__buf_bytes(&link->in), mcp__buf_len(&link->in),
                                    oldest->opaque);
    if (used == 0 || !mcp__ledger_has_nothing(&server->ledger, oldest->asked_ms))
        return 0;
    mcp__buf_take(&link->in, used);
    mcp__link_pop(link, 0);
    return 1;
}

const mcp__pending *
mcp__express_take_riders(mcp__engine *engine, mcp__server *server)
{
    const mcp__link *link = &server->link;
    const mcp__pending *oldest = mcp__link_oldest(link);
    while (oldest->op != engine->express.task) {
        int is_taken = oldest->op == NULL ? take_question(server, oldest)
                                          : oldest->is_check &&
                                                (mcp__checks_hear(engine, server, oldest) ||
                                                 take_rider(engine, server, oldest));
        if (!is_taken)
            return NULL;
        oldest = &link->pending[link->pending_head & link->pending_mask];
    }
    return oldest;
}

int
mcp__express_is_next(const mcp__engine *engine, int leg)
{
    const mcp__link *link = &mcp__express_server(engine, leg)->link;
    return !mcp__link_has_partial(link);
}

size_t
mcp__express_missing(const mcp__engine *engine, int leg)
{
    const mcp__express *express = &engine->express;
    const mcp__link *link = &mcp__express_server(engine, leg)->link;
    size_t len = mcp__buf_len(&link->in);
    /* Else what stands there is a rider's. */
    int is_ours = mcp__link_oldest(link)->op == express->task;
    size_t whole = is_ours ? (size_t)express->reply[leg].size : 0;
    return whole > len ? whole - len : 0;
}

static inline mcp__stored
stored_by(const mcp__express *express)
{
    return (mcp__stored){
        .key = express->key,
        .server = {express->server[MCP__PRIMARY], express->server[MCP__BACKUP]},
        .cas = {express->reply[MCP__PRIMARY].cas, express->reply[MCP__BACKUP].cas},
    };
}

static __attribute__((noinline)) void
verify_slowly(mcp__engine *engine)
{
    const mcp__stored stored = stored_by(&engine->express);
    mcp__checks_begin(engine, &stored);
}

static inline void
keep_echo(const mcp__express *express, mcp__check *check, int leg)
{
    const mcp__buf *in = &express->server[leg]->link.in;
    mcp__echo_keep(&check->echo[leg], (mcp__span){mcp__buf_bytes(in), express->reply_len[leg]});
}

void
mcp__express_verify_later(mcp__engine *engine)
{
    const mcp__express *express = &engine->express;
    if (express->reply[MCP__PRIMARY].cas == 0 || express->reply[MCP__BACKUP].cas == 0)
        return;
    const mcp__stored stored = stored_by(express);
    mcp__check *check = mcp__checks_begin_plainly(engine, &stored);
    if (check == NULL) {
        verify_slowly(engine);
        return;
    }
    keep_echo(express, check, MCP__PRIMARY);
    keep_echo(express, check, MCP__BACKUP);
}

mcp__task *
mcp__express_give_up(mcp__engine *engine)
{
    mcp__express *express = &engine->express;
    mcp__task *task = express->task;
    mcp__tasks_take_over(engine);
    for (int i = MCP__PRIMARY; i <= (express->is_pair ? MCP__BACKUP : MCP__PRIMARY); i++) {
        mcp__server *server = mcp__express_server(engine, i);
        if (mcp__link_has_output(&server->link))
            mcp__pool_wish(engine, server, MCP__WISH_SEND);
        if (mcp__link_has_partial(&server->link))
            mcp__drive_received(engine, server->number, 0, engine->now_ms);
        else if (server->is_busy && server->link.state == MCP__LINK_OPEN)
            mcp__line_watch(engine, server); /* a delete's second leg was given up */
    }
    mcp__tasks_settle(engine);
    return task;
}

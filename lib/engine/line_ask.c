/* SPDX-License-Identifier: BSD-3-Clause */
/* What the engine asks for itself: marks and epochs, before they are too old to go by. */
#include "engine/line.h"

#include "engine/line_parts.h"

/* Questions for the marks, of which one asks for the epoch, too; the marks are asked for by so much
 * of an interval later that both together are one question in an interval. */
#define POLLS_PER_EPOCH 16

static void
put_epoch(mcp__engine *engine, mcp__server *server, mcp__command *command, char *text)
{
    const mcp__ledger *ledger = &server->ledger;
    command->kind = ledger->epoch_unique != 0 ? MCP__COMMAND_CAS : MCP__COMMAND_ADD;
    command->unique = ledger->epoch_unique;
    command->flags = MCP__MARKS_FORMAT;
    command->want = MCP_WANT_CAS;
    command->value = (mcp__span){text, mcp__marks_put_epoch(text, &ledger->epoch_item)};
    (void)engine;
}

int
mcp__line_ask(mcp__engine *engine, mcp__server *server, mcp__question question)
{
    char key[MCP__MARKS_KEY_MAX], text[MCP__MARKS_EPOCH_MAX];
    mcp__span prefix = engine->settings.promise.prefix;
    mcp__command command = {.kind = MCP__COMMAND_GET, .want = MCP_WANT_CAS, .key = {key, 0}};
    mcp__asker asker = {.word = (uint8_t)question};
    if (question == MCP__ASK_MARKS) {
        command.key.len = mcp__marks_key_list(key, prefix);
        server->ledger.queued_ms = engine->now_ms;
    } else if (question == MCP__ASK_STATS) {
        command.kind = MCP__COMMAND_STATS;
    } else if (question == MCP__ASK_NUMBER) {
        command.kind = MCP__COMMAND_SET;
        command.key.len = mcp__marks_key_number(key, prefix);
        command.ttl = 1;
    } else {
        command.key.len = mcp__marks_key_epoch(key, prefix);
        if (question == MCP__ASK_EPOCH_STORED)
            put_epoch(engine, server, &command, text);
    }
    if (server->link.state < MCP__LINK_GREETING)
        return 0;
    /* Several servers stand behind a proxy, and it does not say when one of them has restarted. */
    if (server->link.is_plain && question != MCP__ASK_MARKS) {
        server->ledger.epoch = MCP__EPOCH_READY;
        return 0;
    }
    if (mcp__line_put_command(engine, server, &command, &asker) != 0)
        return -1;
    if (question == MCP__ASK_MARKS)
        mcp__line_note_marks(server);
    return 0;
}

/* `asks_itself`: what comes next reads the marks anyway. */
void
mcp__line_ask_again(mcp__engine *engine, mcp__server *server, int asks_itself)
{
    if (!asks_itself)
        mcp__line_ask(engine, server, MCP__ASK_MARKS);
    /* Behind an address that several servers share, a restart breaks no connection. */
    int is_warming = server->ledger.epoch == MCP__EPOCH_WARMING;
    if (is_warming || ++server->n_polls % POLLS_PER_EPOCH == 0)
        mcp__line_ask(engine, server, MCP__ASK_EPOCH);
}

/* What goes there had better not be done without a look at the marks: a change of both copies, and a
 * copy of what a source has against which they may speak by now. */
static int
brings_question(const mcp__engine *engine, const mcp__server *server, mcp__leg *leg)
{
    const mcp__op *op = mcp__op_of_leg(leg);
    if (op->verb == MCP__VERB_COPY)
        return leg->bundle[0] == MCP__COMMAND_LEASE && server->asked_to <= server->link.sent;
    return leg->index == MCP__BACKUP && leg->is_mutation && leg->n_bundle == 1 &&
           !op->is_background && !op->has_looked && !op->view.stands[MCP__PRIMARY] &&
           mcp__op_keeps_record(op) && mcp__line_wants_marks(engine, server);
}

void
mcp__line_ask_beside(mcp__engine *engine, mcp__server *server, mcp__leg *leg)
{
    if (brings_question(engine, server, leg))
        mcp__line_ask(engine, server, MCP__ASK_MARKS);
}

void
mcp__line_refresh(mcp__engine *engine, mcp__server *server)
{
    int64_t life_ms = engine->settings.promise.view_life_ms;
    if (!mcp__ledger_is_fresh(&server->ledger, engine->now_ms, life_ms))
        return; /* the call itself asks, before anything else */
    if (server->link.state == MCP__LINK_OPEN && mcp__line_is_ageing(engine, server))
        mcp__line_ask_again(engine, server, 0);
}

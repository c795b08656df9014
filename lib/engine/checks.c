/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/checks.h"

#include "engine/checks_way.h"
#include "engine/line.h"

static void
ask(mcp__engine *engine, mcp__check *check, int leg, uint8_t word)
{
    mcp__server *server = check->server[leg];
    if (server->link.state == MCP__LINK_OPEN && !check->failed[leg] &&
        mcp__ride_ask(engine, server, check, leg, word) == 0)
        check->n_awaited++;
    else
        check->failed[leg] = 1;
}

void
mcp__checks_begin(mcp__engine *engine, const mcp__stored *stored)
{
    if (mcp__checks_begin_plainly(engine, stored))
        return;
    mcp__check *check = mcp__checks_new(engine, stored, 0);
    if (check == NULL)
        return;
    ask(engine, check, MCP__PRIMARY, MCP__WORD_PEEK);
    ask(engine, check, MCP__BACKUP, MCP__WORD_PEEK);
    ask(engine, check, MCP__BACKUP, MCP__WORD_MARKS);
    if (check->n_awaited == 0)
        mcp__pool_add_due_check(engine, check);
}

static int
put_delete_slowly(mcp__engine *engine, mcp__server *server, mcp__check *check)
{
    mcp__command command = {.kind = MCP__COMMAND_DELETE,
                            .key = {check->key, check->key_len},
                            .is_base64 = check->is_base64};
    mcp__asker asker = {
        .op = check, .leg = MCP__BACKUP, .word = MCP__COMMAND_DELETE, .is_check = 1};
    return mcp__line_put_command(engine, server, &command, &asker);
}

/* Nearly always the server has just answered, and its link takes it straight down. */
static int
put_delete(mcp__engine *engine, mcp__server *server, mcp__check *check)
{
    mcp__link *link = &server->link;
    if (link->is_classic || check->is_base64 || link->used_ms != engine->now_ms ||
        !mcp__link_has_room(link, MCP_KEY_MAX, 0))
        return put_delete_slowly(engine, server, check);
    uint64_t opaque = mcp__token_opaque(&engine->opaque_count, &engine->opaque);
    *mcp__link_slot(link) = (mcp__pending){
        .op = check,
        .opaque = opaque,
        .first_byte = link->queued,
        .asked_ms = engine->now_ms,
        .leg = MCP__BACKUP,
        .kind = MCP__COMMAND_DELETE,
        .word = MCP__COMMAND_DELETE,
        .is_check = 1,
    };
    mcp__span key = {check->key, check->key_len};
    uint8_t *out = mcp__usual_put_delete(mcp__link_begin(link), key, opaque);
    mcp__link_end(link, MCP__USUAL_PUT(out, "\r\n"), 0, 0);
    server->tally.calls++;
    mcp__pool_wish(engine, server, MCP__WISH_SEND);
    mcp__pool_set_busy(engine, server, 1);
    return 0;
}

int
mcp__checks_erase(mcp__engine *engine, const mcp__stored *erased)
{
    mcp__check *check = mcp__checks_new(engine, erased, 1);
    if (check == NULL)
        return -1;
    mcp__server *server = check->server[MCP__BACKUP];
    if (server->link.state != MCP__LINK_OPEN || put_delete(engine, server, check) != 0) {
        check->failed[MCP__BACKUP] = 1;
        mcp__pool_add_due_check(engine, check);
        return 0;
    }
    check->n_awaited = 1;
    mcp__line_mount(engine, server); /* and with the timer it is missed */
    return 0;
}

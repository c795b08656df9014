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

static void
ask_slowly(mcp__engine *engine, const mcp__stored *stored)
{
    mcp__check *check = mcp__checks_new_stored(engine, stored);
    if (check == NULL)
        return;
    mcp__echo_forget(&check->echo[MCP__PRIMARY]);
    mcp__echo_forget(&check->echo[MCP__BACKUP]);
    ask(engine, check, MCP__PRIMARY, MCP__WORD_PEEK);
    ask(engine, check, MCP__BACKUP, MCP__WORD_PEEK);
    ask(engine, check, MCP__BACKUP, MCP__WORD_MARKS);
    if (check->n_awaited == 0)
        mcp__pool_add_due_check(engine, check);
}

void
mcp__checks_begin(mcp__engine *engine, const mcp__stored *stored)
{
    mcp__check *check = mcp__checks_begin_plainly(engine, stored);
    if (check == NULL) {
        ask_slowly(engine, stored);
        return;
    }
    mcp__echo_forget(&check->echo[MCP__PRIMARY]);
    mcp__echo_forget(&check->echo[MCP__BACKUP]);
}

static int
put_delete(mcp__engine *engine, mcp__server *server, mcp__check *check)
{
    mcp__command command = {.kind = MCP__COMMAND_DELETE,
                            .key = {check->key, check->key_len},
                            .is_base64 = check->is_base64};
    mcp__asker asker = {
        .op = check, .leg = MCP__BACKUP, .word = MCP__COMMAND_DELETE, .is_check = 1};
    if (server->link.state != MCP__LINK_OPEN)
        return -1;
    return mcp__line_put_command(engine, server, &command, &asker);
}

int
mcp__checks_erase(mcp__engine *engine, const mcp__stored *erased)
{
    mcp__server *server = erased->server[MCP__BACKUP];
    mcp__check *check =
        mcp__checks_new_erased(engine, erased->server, erased->key, erased->is_base64);
    if (check == NULL)
        return -1;
    if (put_delete(engine, server, check) != 0) {
        check->failed[MCP__BACKUP] = 1;
        mcp__pool_add_due_check(engine, check);
        return 0;
    }
    check->n_awaited = 1;
    mcp__line_mount(engine, server); /* and with the timer it is missed */
    return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/checks.h"

#include <string.h>

#include "engine/line.h"
#include "engine/ride.h"

static void
ask(mcp__engine *engine, mcp__check *check, mcp__server *server, int leg, uint8_t word)
{
    if (check->failed[leg])
        return;
    if (mcp__ride_ask(engine, server, check, leg, word) == 0)
        check->n_awaited++;
    else
        check->failed[leg] = 1;
}

static inline void
begin_leg(mcp__check *check, int leg, mcp__server *server, uint64_t cas)
{
    if (cas > server->top_cas)
        server->top_cas = cas;
    check->server[leg] = server->number;
    check->cas[leg] = cas;
    check->life_ms[leg] = server->life_ms;
    check->seen[leg] = 0;
    check->failed[leg] = server->link.state != MCP__LINK_OPEN;
}

static inline mcp__check *
begin(mcp__engine *engine, const mcp__stored *stored, int is_erase)
{
    mcp__check *check = mcp__pool_take_check(engine);
    if (check == NULL)
        return NULL;
    check->n_awaited = 0;
    check->is_erase = (uint8_t)is_erase;
    check->is_base64 = stored->is_base64;
    check->key_len = (uint8_t)stored->key.len;
    memcpy(check->key, stored->key.bytes, stored->key.len);
    for (int i = MCP__PRIMARY; i <= MCP__BACKUP; i++)
        begin_leg(check, i, &engine->servers[stored->server[i]], stored->cas[i]);
    return check;
}

void
mcp__checks_begin(mcp__engine *engine, const mcp__stored *stored)
{
    mcp__check *check = begin(engine, stored, 0);
    if (check == NULL)
        return;
    mcp__server *primary = &engine->servers[stored->server[MCP__PRIMARY]];
    mcp__server *backup = &engine->servers[stored->server[MCP__BACKUP]];
    if (mcp__ride_may(primary, check, 1) && mcp__ride_may(backup, check, 2)) {
        mcp__line_mount(engine, primary);
        mcp__line_mount(engine, backup);
        mcp__ride_put(engine, primary, check, MCP__PRIMARY, MCP__WORD_PEEK);
        mcp__ride_put(engine, backup, check, MCP__BACKUP, MCP__WORD_PEEK);
        mcp__ride_put(engine, backup, check, MCP__BACKUP, MCP__WORD_MARKS);
        check->n_awaited = 3;
        return;
    }
    ask(engine, check, primary, MCP__PRIMARY, MCP__WORD_PEEK);
    ask(engine, check, backup, MCP__BACKUP, MCP__WORD_PEEK);
    ask(engine, check, backup, MCP__BACKUP, MCP__WORD_MARKS);
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
    mcp__check *check = begin(engine, erased, 1);
    if (check == NULL)
        return -1;
    mcp__server *server = &engine->servers[check->server[MCP__BACKUP]];
    if (check->failed[MCP__BACKUP] || put_delete(engine, server, check) != 0) {
        check->failed[MCP__BACKUP] = 1;
        mcp__pool_add_due_check(engine, check);
        return 0;
    }
    check->n_awaited = 1;
    mcp__line_mount(engine, server); /* and with the timer it is missed */
    return 0;
}

/* Both copies are what the store left there, and nothing stands against the primary. */
static int
is_as_it_was(const mcp__engine *engine, const mcp__check *check)
{
    if (check->is_erase)
        return !check->failed[MCP__BACKUP];
#ifdef MCP_MUTANT_CHECK_ASSUMED
    return 1;
#endif
    const mcp__server *primary = &engine->servers[check->server[MCP__PRIMARY]];
    const mcp__ledger *witness = &engine->servers[check->server[MCP__BACKUP]].ledger;
    return check->seen[MCP__PRIMARY] == check->cas[MCP__PRIMARY] &&
           check->seen[MCP__BACKUP] == check->cas[MCP__BACKUP] && !check->failed[MCP__PRIMARY] &&
           !check->failed[MCP__BACKUP] && !mcp__ledger_lists(witness, primary->ledger.id8);
}

void
mcp__checks_settle(mcp__engine *engine, mcp__check *check)
{
    if (is_as_it_was(engine, check))
        mcp__pool_give_back_check(engine, check);
    else
        mcp__pool_add_due_check(engine, check);
}

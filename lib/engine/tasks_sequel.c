/* SPDX-License-Identifier: BSD-3-Clause */
/* What follows an operation when it has been told, and nobody waits for. Without memory for it: as
 * if the client had died behind the acknowledgement. */
#include "engine/tasks.h"

/* Without memory for a check: a command that nobody looks after. */
void
mcp__tasks_last_delete(mcp__engine *engine, const mcp__stored *erased)
{
    if (mcp__checks_erase(engine, erased) == 0)
        return;
    mcp__background wanted = {
        .verb = MCP__VERB_ASK,
        .ask = MCP__COMMAND_DELETE,
        .key = erased->key,
        .is_base64 = erased->is_base64,
        .server = {erased->server[MCP__BACKUP]->number, MCP__NO_SERVER},
    };
    (void)mcp__tasks_begin_background(engine, &wanted);
}

/* ack=primary */
static void
mirror(mcp__engine *engine, const mcp__op *op)
{
    mcp__background wanted = {
        .verb = MCP__VERB_MIRROR,
        .ask = op->ask,
        .copies_value = 1,
        .key = op->key,
        .value = op->value,
        .is_base64 = op->is_base64,
        .server = {op->leg[MCP__PRIMARY].server, op->leg[MCP__BACKUP].server},
        .copy_cas = {op->copy_cas[MCP__PRIMARY], op->copy_cas[MCP__BACKUP]},
        .ttl = op->ttl,
        .flags = op->flags,
        .delta = op->delta,
        .initial = op->initial,
        .with_initial = op->with_initial,
    };
    (void)mcp__tasks_begin_background(engine, &wanted);
}

/* By lease, so that nothing newer is overwritten. */
static void
copy(mcp__engine *engine, const mcp__op *op)
{
    mcp__background wanted = {
        .verb = MCP__VERB_COPY,
        .key = op->key,
        .is_base64 = op->is_base64,
        .server = {op->leg[MCP__OTHER(op->authority)].server, op->leg[op->authority].server},
    };
    (void)mcp__tasks_begin_background(engine, &wanted);
}

void
mcp__tasks_sequel(mcp__engine *engine, const mcp__op *op)
{
    const mcp__stored stored = {
        .key = op->key,
        .is_base64 = op->is_base64,
        .server = {&engine->servers[op->leg[MCP__PRIMARY].server],
                   &engine->servers[op->leg[MCP__BACKUP].server]},
        .cas = {op->copy_cas[MCP__PRIMARY], op->copy_cas[MCP__BACKUP]},
    };
    switch (op->sequel) {
    case MCP__SEQUEL_VERIFY:
        mcp__checks_begin(engine, &stored);
        break;
    case MCP__SEQUEL_LAST_DELETE:
        mcp__tasks_last_delete(engine, &stored);
        break;
    case MCP__SEQUEL_MIRROR:
        mirror(engine, op);
        break;
    case MCP__SEQUEL_COPY:
        copy(engine, op);
        break;
    default:
        break;
    }
}

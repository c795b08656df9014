/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/dumper.h"

#include "engine/line.h"

enum { IDLE = 0, OPENING, STREAMING };

static mcp__server *
line_of(const mcp__engine *engine)
{
    return &engine->servers[engine->n_servers];
}

int
mcp__dumper_is_busy(const mcp__engine *engine)
{
    return engine->dump_phase != IDLE;
}

void
mcp__dumper_end(mcp__engine *engine)
{
    mcp__server *server = line_of(engine);
    if (engine->dump_phase == IDLE)
        return;
    engine->dump_phase = IDLE;
    mcp__line_abandon(engine, server);
    mcp__timer_stop(&engine->timers, &server->timer);
}

void
mcp__dumper_begin(mcp__engine *engine, uint32_t number)
{
    mcp__server *server = line_of(engine);
    server->address = number;
    server->spec = engine->servers[number].spec;
    server->was_refused = 0;
    mcp__health_init(&server->health, engine->now_ms);
    engine->dump_phase = OPENING;
    engine->dump_until_ms = engine->now_ms + engine->settings.timeout_ms;
    mcp__line_warm(engine, server);
}

static int
over(mcp__engine *engine, mcp__outcome_status status, mcp__outcome_status *outcome)
{
    mcp__dumper_end(engine);
    *outcome = status;
    return -1;
}

static int
start(mcp__engine *engine, mcp__server *server)
{
    uint8_t command[32];
    if (mcp__link_put_raw(&server->link, command, mcp__dump_encode(command)) != 0)
        return -1;
    engine->dump_phase = STREAMING;
    engine->dump_until_ms = engine->now_ms + engine->settings.timeout_ms;
    mcp__pool_wish(engine, server, MCP__WISH_SEND);
    mcp__line_watch(engine, server);
    return 0;
}

static int
take_line(mcp__engine *engine, mcp__link *link, mcp__dump_line *line, mcp__outcome_status *outcome)
{
    for (;;) {
        size_t len = mcp__buf_len(&link->in);
        ssize_t used = len == 0 ? 0 : mcp__dump_parse(link->in.block + link->in.start, len, line);
        if (used == MCP__PARSE_MORE)
            return 0;
        if (used < 0)
            return over(engine, MCP__OUTCOME_UNABLE, outcome);
        mcp__buf_take(&link->in, (size_t)used);
        engine->dump_until_ms = engine->now_ms + engine->settings.timeout_ms;
        switch (line->kind) {
        case MCP__DUMP_KEY:
            return 1;
        case MCP__DUMP_END:
            return over(engine, MCP__OUTCOME_DONE, outcome);
        case MCP__DUMP_BUSY:
            return over(engine, MCP__OUTCOME_BUSY, outcome);
        case MCP__DUMP_REFUSED:
            return over(engine, MCP__OUTCOME_UNABLE, outcome);
        default:
            break;
        }
    }
}

int
mcp__dumper_next(mcp__engine *engine, mcp__dump_line *line, mcp__outcome_status *outcome)
{
    mcp__server *server = line_of(engine);
    mcp__link *link = &server->link;
    if (link->state == MCP__LINK_CLOSED)
        return over(engine, MCP__OUTCOME_FAILED, outcome);
    if (link->state == MCP__LINK_OPEN && engine->dump_phase == OPENING)
        return start(engine, server) == 0 ? 0 : over(engine, MCP__OUTCOME_FAILED, outcome);
    /* What has come meanwhile counts first: a client that calls seldom looks at it late. */
    int more = link->state == MCP__LINK_OPEN ? take_line(engine, link, line, outcome) : 0;
    if (more == 0 && engine->now_ms >= engine->dump_until_ms)
        return over(engine, MCP__OUTCOME_FAILED, outcome);
    return more;
}

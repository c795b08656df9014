/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/dumper.h"

#include "engine/line.h"

enum { IDLE = 0, OPENING, STREAMING };

/* A client that calls seldom looks seldom, and sees one thing at each look: that it is connected, that
 * it is greeted, the first keys. So a server has been silent only when it was for so many looks, too. */
#define LATE_LOOKS 4

static mcp__server *
line_of(const mcp__engine *engine)
{
    return &engine->servers[engine->n_servers];
}

/* Something has happened. */
static void
wait_anew(mcp__engine *engine)
{
    engine->dump_until_ms = engine->now_ms + engine->settings.timeout_ms;
    engine->dump_late_looks = 0;
}

static int
was_silent(mcp__engine *engine)
{
    return engine->now_ms >= engine->dump_until_ms && ++engine->dump_late_looks > LATE_LOOKS;
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
    wait_anew(engine);
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
    wait_anew(engine);
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
        wait_anew(engine);
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
    int more = link->state == MCP__LINK_OPEN ? take_line(engine, link, line, outcome) : 0;
    if (more == 0 && was_silent(engine))
        return over(engine, MCP__OUTCOME_FAILED, outcome);
    return more;
}

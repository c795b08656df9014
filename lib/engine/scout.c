/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/scout.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "engine/line.h"
#include "wire/reply.h"

enum { IDLE = 0, OPENING, ASKED, ASKED_OLD };

static mcp__server *
line_of(const mcp__engine *engine)
{
    return &engine->servers[engine->n_lines - 1];
}

int
mcp__scout_is_busy(const mcp__engine *engine)
{
    return engine->scout.phase != IDLE;
}

void
mcp__scout_begin(mcp__engine *engine, int64_t until_ms)
{
    mcp__server *server = line_of(engine);
    server->was_refused = 0;
    server->said[0] = '\0';
    mcp__health_init(&server->health, engine->now_ms);
    engine->scout.phase = OPENING;
    engine->scout.is_hurried = 0;
    engine->scout.ask_ms = INT64_MIN; /* every call looks after it */
    engine->scout.due_ms = engine->scout.until_ms = until_ms;
    mcp__line_warm(engine, server);
}

void
mcp__scout_end(mcp__engine *engine)
{
    mcp__server *server = line_of(engine);
    if (engine->scout.phase == IDLE)
        return;
    engine->scout.phase = IDLE;
    engine->scout.due_ms = INT64_MAX;
    mcp__line_abandon(engine, server);
    mcp__timer_stop(&engine->timers, &server->timer);
}

void
mcp__scout_rest(mcp__engine *engine)
{
    engine->scout.ask_ms = engine->now_ms + MCP__SCOUT_INTERVAL_MS;
    engine->scout.hasty_ms = engine->now_ms + MCP__SCOUT_HASTE_MS;
}

static int
ask(mcp__engine *engine, mcp__server *server, const char *command, uint8_t phase)
{
    if (mcp__link_put_raw(&server->link, command, strlen(command)) != 0)
        return -1;
    engine->scout.phase = phase;
    mcp__pool_wish(engine, server, MCP__WISH_SEND);
    mcp__line_watch(engine, server);
    return 0;
}

static int
fail(char why[MCP__SCOUT_WHY_SIZE], const char *text)
{
    snprintf(why, MCP__SCOUT_WHY_SIZE, "%s", text[0] != '\0' ? text : "no connection");
    return -1;
}

/* It said that it does not know the question. */
static int
take_unknown(mcp__engine *engine, mcp__server *server, const mcp__cluster *said, size_t used,
             char why[MCP__SCOUT_WHY_SIZE])
{
    char quoted[48];
    if (engine->scout.phase == ASKED_OLD) {
        mcp__err_quote(quoted, sizeof quoted, said->nodes.bytes, said->nodes.len);
        snprintf(why, MCP__SCOUT_WHY_SIZE, "it has no list of servers, it says \"%s\"", quoted);
        return -1;
    }
    mcp__buf_take(&server->link.in, used);
    return ask(engine, server, MCP__CLUSTER_ASK_OLD, ASKED_OLD) == 0 ? 0 : fail(why, "no memory");
}

static int
take_answer(mcp__engine *engine, mcp__server *server, mcp__cluster *list,
            char why[MCP__SCOUT_WHY_SIZE])
{
    size_t len = mcp__buf_len(&server->link.in);
    ssize_t used = len == 0 ? MCP__PARSE_MORE
                            : mcp__cluster_parse(mcp__buf_bytes(&server->link.in), len, list);
    if (used == MCP__PARSE_MORE)
        return 0;
    if (used < 0)
        return fail(why, "what it says is no list of servers");
    if (list->kind == MCP__CLUSTER_LIST)
        return 1;
    return take_unknown(engine, server, list, (size_t)used, why);
}

int
mcp__scout_next(mcp__engine *engine, mcp__cluster *list, char why[MCP__SCOUT_WHY_SIZE])
{
    mcp__server *server = line_of(engine);
    if (server->link.state == MCP__LINK_CLOSED)
        return fail(why, server->said);
    int what = 0;
    if (server->link.state == MCP__LINK_OPEN && engine->scout.phase == OPENING)
        what = ask(engine, server, MCP__CLUSTER_ASK, ASKED) == 0 ? 0 : fail(why, "no memory");
    else if (server->link.state == MCP__LINK_OPEN)
        what = take_answer(engine, server, list, why);
    if (what == 0 && engine->now_ms >= engine->scout.until_ms)
        return fail(why, server->said[0] != '\0' ? server->said : "no answer in time");
    return what;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/diary.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the log ---- */

static int
take_lost(mcp__log *log, mcp__log_line *line)
{
    if (log->n_lost == 0)
        return 0;
    *line = (mcp__log_line){.server = -1, .level = MCP_LOG_WARNING};
    snprintf(line->text, sizeof line->text, "%u lines were lost here: too many for one call",
             log->n_lost);
    log->n_lost = 0;
    return 1;
}

int
mcp__log_take(mcp__log *log, mcp__log_line *line)
{
    if (log->n == 0)
        return take_lost(log, line);
    *line = log->lines[log->first];
    log->first = (log->first + 1) % MCP__LOG_MAX;
    log->n--;
    return 1;
}

static int
is_wanted(const mcp__engine *engine, mcp_log_level level)
{
    return engine->log != NULL && engine->log->most >= level;
}

/* Words that came from elsewhere (a library, a server) may hold anything. */
static void
make_one_line(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '.';
    }
}

void
mcp__diary_note(mcp__engine *engine, mcp_log_level level, uint32_t server, const char *format, ...)
{
    va_list arguments;
    mcp__log *log = engine->log;
    if (!is_wanted(engine, level))
        return;
    if (log->n == MCP__LOG_MAX || log->n_lost > 0) { /* these come behind those */
        log->n_lost++;
        return;
    }
    mcp__log_line *line = &log->lines[(log->first + log->n++) % MCP__LOG_MAX];
    line->at_ms = engine->now_ms;
    line->level = (uint8_t)level;
    line->server = server == MCP__NO_SERVER ? -1 : (int32_t)server;
    size_t used = 0;
    if (server != MCP__NO_SERVER)
        used = (size_t)snprintf(line->text, sizeof line->text,
                                "%.100s: ", engine->servers[server].spec->name);
    va_start(arguments, format);
    vsnprintf(line->text + used, sizeof line->text - used, format, arguments);
    va_end(arguments);
    make_one_line(line->text);
}

/* ---- what is news ---- */

static mcp_log_level
level_of(const mcp__news_item *item)
{
    switch ((mcp_event_kind)item->kind) {
    case MCP_EVENT_STATE:
        return item->state == MCP_STATE_UP ? MCP_LOG_INFO : MCP_LOG_WARNING;
    case MCP_EVENT_CUT_OFF:
    case MCP_EVENT_RECORD_LOST:
    case MCP_EVENT_OTHER_FORMAT:
        return MCP_LOG_ERROR;
    case MCP_EVENT_MARK_GONE:
    case MCP_EVENT_FILLED:
        return MCP_LOG_INFO;
    default:
        return MCP_LOG_WARNING;
    }
}

/* With room for the partner. */
static const char *
sentence(mcp_event_kind kind)
{
    switch (kind) {
    case MCP_EVENT_STATE:
        return "";
    case MCP_EVENT_MARKED:
        return "missed a write of this client, put on record on %.80s";
    case MCP_EVENT_MARK_SEEN:
        return "missed writes, on record on %.80s";
    case MCP_EVENT_MARK_GONE:
        return "made good: nothing is on record on %.80s any more";
    case MCP_EVENT_RESTARTED:
        return "came back empty";
    case MCP_EVENT_FLUSHED:
        return "was flushed on purpose: it is not refilled";
    case MCP_EVENT_FILLED:
        return "is whole again";
    case MCP_EVENT_RECORD_LOST:
        return "a part of its record on %.80s is gone";
    case MCP_EVENT_OTHER_LIST:
        return "another client has another list of servers";
    case MCP_EVENT_OTHER_FORMAT:
        return "the record there is of another version of the library";
    case MCP_EVENT_CUT_OFF:
        return "only this client cannot reach it";
    case MCP_EVENT_SERVER_TWICE:
        return "stands twice in the list";
    }
    return "";
}

static void
note_event(mcp__engine *engine, const mcp__news_item *item)
{
    const char *gap = item->why[0] != '\0' ? ": " : "";
    const char *partner =
        item->partner >= 0 ? engine->servers[item->partner].spec->name : "its partner";
    const char *text = sentence((mcp_event_kind)item->kind);
    const char *name = strchr(text, '%');
    mcp_log_level level = level_of(item);
    uint32_t server = (uint32_t)item->server;
    if (item->kind == MCP_EVENT_STATE)
        mcp__diary_note(engine, level, server, "%s -> %s%s%s",
                        mcp__health_name((mcp_state)item->before),
                        mcp__health_name((mcp_state)item->state), gap, item->why);
    else if (name == NULL)
        mcp__diary_note(engine, level, server, "%s%s%s", text, gap, item->why);
    else
        mcp__diary_note(engine, level, server, "%.*s%.80s%s%s%s", (int)(name - text), text, partner,
                        name + sizeof "%.80s" - 1, gap, item->why);
}

void
mcp__diary_event(mcp__engine *engine, const mcp__news_item *item)
{
    mcp__news_put(&engine->news, item);
    if (is_wanted(engine, level_of(item)))
        note_event(engine, item);
}

void
mcp__diary_state(mcp__engine *engine, uint32_t server, int32_t partner, mcp_state before,
                 mcp_state after, const char *why)
{
    mcp__news_item item = {.kind = MCP_EVENT_STATE,
                           .before = (uint8_t)before,
                           .state = (uint8_t)after,
                           .server = (int32_t)server,
                           .partner = partner};
    if (before == after)
        return;
    snprintf(item.why, sizeof item.why, "%s", why);
    mcp__diary_event(engine, &item);
}

/* ---- connections ---- */

/* The line of dumps goes to another server's address, and the scout's to none of theirs. */
static uint32_t
named(const mcp__engine *engine, const mcp__server *server)
{
    uint32_t number = server->number < engine->n_servers ? server->number : server->address;
    return number < engine->n_servers ? number : MCP__NO_SERVER;
}

void
mcp__diary_opened(mcp__engine *engine, const mcp__server *server)
{
    mcp__diary_note(engine, MCP_LOG_INFO, named(engine, server), "connected%s, memcached %.40s",
                    server->is_securing ? " with TLS" : "", server->link.hello.version);
}

/* What is the same with every probe of a server that is down is told once. */
static mcp_log_level
level_of_loss(const mcp__server *server, mcp__failure failure)
{
    if (failure == MCP__FAILURE_AUTH || failure == MCP__FAILURE_PROTOCOL)
        return server->lasting == failure ? MCP_LOG_DEBUG : MCP_LOG_ERROR;
    if (server->link.state == MCP__LINK_OPEN)
        return mcp__link_oldest(&server->link) == NULL ? MCP_LOG_INFO : MCP_LOG_WARNING;
    int is_known =
        server->health.state == MCP_STATE_DOWN || server->health.state == MCP_STATE_PROBING;
    return is_known ? MCP_LOG_DEBUG : MCP_LOG_WARNING;
}

void
mcp__diary_lost(mcp__engine *engine, const mcp__server *server, mcp__failure failure,
                const char *why)
{
    mcp_log_level level = level_of_loss(server, failure);
    int was_open = server->link.state == MCP__LINK_OPEN;
    mcp__diary_note(engine, level, named(engine, server), "%s: %s",
                    was_open ? "connection lost" : "no connection", why);
}

/* ---- calls ---- */

void
mcp__diary_failed(mcp__engine *engine, const mcp__op *op)
{
    char key[72];
    if (!is_wanted(engine, MCP_LOG_DEBUG))
        return;
    mcp__err_quote(key, sizeof key, op->key.bytes, op->key.len);
    mcp__diary_note(engine, MCP_LOG_DEBUG, MCP__NO_SERVER, "key \"%s\": %s", key, engine->err.text);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * diary: lines for whoever reads a log: what is told as news, in words, and what is too small for
 * news (a connection made, one lost, a call that failed). They wait in a log of the client's until
 * a call is over. Without a log nothing is written, and nothing but that is asked.
 *
 * A line holds no secret: passwords never come here. Keys and what servers said stand in it
 * escaped, and it is one line whatever they hold.
 */
#ifndef MCPROXY_ENGINE_DIARY_H
#define MCPROXY_ENGINE_DIARY_H

#include "engine/pool.h"

/* So many lines wait; then the newest are lost, and counted. */
#define MCP__LOG_MAX 128

typedef struct mcp__log_line {
    int64_t at_ms;
    int32_t server;
    uint8_t level; /* mcp_log_level */
    char text[244];
} mcp__log_line;

typedef struct mcp__log {
    uint32_t first, n;
    uint32_t n_lost; /* behind the last one that waits */
    uint8_t most;    /* lines of this level and the more important ones are kept */
    mcp__log_line lines[MCP__LOG_MAX];
} mcp__log;

/* The oldest line, or what is said about those that were lost; 0: there is none. */
int mcp__log_take(mcp__log *log, mcp__log_line *line);

/* A line about a server, which begins with its name; MCP__NO_SERVER: about none. */
void mcp__diary_note(mcp__engine *engine, mcp_log_level level, uint32_t server, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/* Something that is news: it is put on the list of news as well. */
void mcp__diary_event(mcp__engine *engine, const mcp__news_item *item);

/* News of a server's state; nothing where it is the same. `partner`: -1: none. */
void mcp__diary_state(mcp__engine *engine, uint32_t server, int32_t partner, mcp_state before,
                      mcp_state after, const char *why);

/* Its connection stands and was greeted. */
void mcp__diary_opened(mcp__engine *engine, const mcp__server *server);

/* Its connection, or the attempt to get one, is over. To be said before that is done. */
void mcp__diary_lost(mcp__engine *engine, const mcp__server *server, mcp__failure failure,
                     const char *why);

/* A call that failed: what was asked, and why it failed (engine->err). */
void mcp__diary_failed(mcp__engine *engine, const mcp__op *op);

#endif

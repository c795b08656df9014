/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * events: tells the user what the engine has put on its list of news. Only at the end of a call,
 * when the client is in order again; while the user is being told, calls on the client are refused.
 */
#ifndef MCPROXY_API_EVENTS_H
#define MCPROXY_API_EVENTS_H

#include "engine/diary.h"
#include "mcproxy/mcproxy.h"

typedef struct mcp__events {
    mcp_event_callback callback; /* NULL: nobody wants to know yet, and the news wait */
    void *context;
    int is_calling_back; /* one of the user's functions runs, this or another */
    mcp_log_callback on_log;
    void *log_context;
} mcp__events;

/* Tells what is on the list now; what comes in meanwhile waits for the next time. */
void mcp__events_tell(mcp__events *events, mcp__news *news);

/* The same with the lines of a log. */
void mcp__events_tell_log(mcp__events *events, mcp__log *log, int64_t now_ms);

#endif

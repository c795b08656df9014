/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/events.h"

void
mcp__events_tell(mcp__events *events, mcp__news *news)
{
    mcp__news_item item;
    if (events->is_calling_back)
        return;
    events->is_calling_back = 1;
    /* Counted first; the callback may also be taken away from inside. */
    for (uint32_t n = news->n; n > 0 && events->callback != NULL; n--) {
        if (!mcp__news_take(news, &item))
            break;
        const mcp_event event = {
            .size = sizeof event,
            .kind = (mcp_event_kind)item.kind,
            .server = item.server,
            .partner = item.partner,
            .before = (mcp_state)item.before,
            .state = (mcp_state)item.state,
            .why = item.why,
        };
        events->callback(events->context, &event);
    }
    events->is_calling_back = 0;
}

void
mcp__events_tell_log(mcp__events *events, mcp__log *log, int64_t now_ms)
{
    mcp__log_line line;
    if (events->is_calling_back)
        return;
    events->is_calling_back = 1;
    /* No call is made meanwhile, so this comes to an end. */
    while (events->on_log != NULL && mcp__log_take(log, &line)) {
        int64_t ago_ms = line.at_ms != 0 && now_ms > line.at_ms ? now_ms - line.at_ms : 0;
        const mcp_log_entry entry = {
            .size = sizeof entry,
            .level = (mcp_log_level)line.level,
            .server = line.server,
            .ago_ms = (uint64_t)ago_ms,
            .text = line.text,
        };
        events->on_log(events->log_context, &entry);
    }
    events->is_calling_back = 0;
}

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

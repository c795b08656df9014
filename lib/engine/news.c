/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/news.h"

void
mcp__news_put(mcp__news *news, const mcp__news_item *item)
{
    if (news->n == MCP__NEWS_MAX) {
        news->first = (news->first + 1) % MCP__NEWS_MAX;
        news->n--;
    }
    news->items[(news->first + news->n++) % MCP__NEWS_MAX] = *item;
}

int
mcp__news_take(mcp__news *news, mcp__news_item *item)
{
    if (news->n == 0)
        return 0;
    *item = news->items[news->first];
    news->first = (news->first + 1) % MCP__NEWS_MAX;
    news->n--;
    return 1;
}

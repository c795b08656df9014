/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * news: what the operator is told about servers, in the order in which it happened. At most 64
 * wait; the oldest give way.
 */
#ifndef MCPROXY_ENGINE_NEWS_H
#define MCPROXY_ENGINE_NEWS_H

#include <stdint.h>

#include "mcproxy/mcproxy.h"

#define MCP__NEWS_MAX 64

typedef struct mcp__news_item {
    uint8_t kind; /* mcp_event_kind */
    uint8_t before, state;
    int32_t server, partner;
    char why[96];
} mcp__news_item;

typedef struct mcp__news {
    uint32_t first, n;
    mcp__news_item items[MCP__NEWS_MAX];
} mcp__news;

/* `why` is copied, cut. */
void mcp__news_put(mcp__news *news, const mcp__news_item *item);

/* The oldest one; 0: there is none. */
int mcp__news_take(mcp__news *news, mcp__news_item *item);

#endif

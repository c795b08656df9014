/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Three servers, and an endpoint that tells of some of them: it stands in front of a memcached,
 * which answers the greeting, and the rest is what a configuration endpoint of ElastiCache says.
 */
#ifndef TESTS_LIVE_DISCOVERY_KIT_H
#define TESTS_LIVE_DISCOVERY_KIT_H

#include <stdio.h>

#include "support/client.h"
#include "support/fault.h"

#define ASK "config get cluster"
#define ASK_OLD "get AmazonElastiCache:cluster"

static server *one, *two, *three;
static fault *endpoint;

static void
setup(void)
{
    one = server_tcp(NULL);
    two = server_tcp(NULL);
    three = server_tcp(NULL);
    endpoint = fault_tcp(server_unix(NULL));
}

static char *
text_of(char *out, size_t size, const char *head, int version, server *const *list, size_t n)
{
    char text[1000];
    int at = snprintf(text, sizeof text, "%d\n", version);

    for (size_t i = 0; i < n; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s127.0.0.1|%s|%d", i > 0 ? " " : "",
                       i % 2 == 0 ? "127.0.0.1" : "", list[i]->port);
    at += snprintf(text + at, sizeof text - (size_t)at, "\n");
    snprintf(out, size, "%s 0 %d\r\n%s\r\nEND\r\n", head, at, text);
    return out;
}

static void
tells(int version, size_t n, server *a, server *b, server *c)
{
    static char texts[16][1200];
    static int next;
    server *const list[] = {a, b, c};
    char *text = text_of(texts[next++ % 16], sizeof texts[0], "CONFIG cluster", version, list, n);

    fault_rule_one(endpoint, &(fault_rule){.match = ASK, .what = FAULT_TEXT, .text = text});
}

static void
says(const char *text)
{
    fault_rule_one(endpoint, &(fault_rule){.match = ASK, .what = FAULT_TEXT, .text = text});
}

static mcp_client *
open_client(const char *words)
{
    return client_open("discovery=%s %s", fault_address(endpoint), words);
}

#endif

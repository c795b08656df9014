/* SPDX-License-Identifier: BSD-3-Clause */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/client.h"
#include "fail/found.h"
#include "support/client.h"
#include "support/fault.h"
#include "support/wait.h"

#define ASK "config get cluster"
#define MAX_TURNS 40
#define MAX_FAILURES 3
#define AFTER_MS 3000

/* A list that is newer than the last one, of the same server. */
static void
tell(scene *s)
{
    static char texts[16][160]; /* one may still be sent */
    char list[64], *text = texts[s->list % 16];
    int len = snprintf(list, sizeof list, "%u\n127.0.0.1|127.0.0.1|%d\n", (unsigned)++s->list,
                       s->primary->port);
    snprintf(text, sizeof texts[0], "CONFIG cluster 0 %d\r\n%s\r\nEND\r\n", len, list);
    fault_rule_one(s->endpoint, &(fault_rule){.match = ASK, .what = FAULT_TEXT, .text = text});
}

/* As if a minute had gone by. */
static void
ask_soon(scene *s)
{
    s->c->engine.scout.ask_ms = s->c->engine.now_ms;
}

static int
has_list(const scene *s)
{
    return s->c->config.has_found && s->c->found_version == s->list;
}

void
found_prepare(scene *s)
{
    if (s->endpoint == NULL) {
        s->primary = server_tcp(NULL);
        s->endpoint = fault_tcp(s->primary);
        snprintf(s->options, sizeof s->options,
                 "discovery=%s backup=%s timeout=%lldms retry-min=10ms "
                 "retry-max=50ms view-interval=20ms",
                 fault_address(s->endpoint), s->backup->address, (long long)client_slack(300));
    }
    tell(s);
}

/*
 * Calls do not wait for a newer list: the endpoint is given its time between them. It is taken over
 * when nothing is under way, so reads have to be among them: the check of a write rides on what
 * comes next.
 */
static void
follow(scene *s)
{
    uint64_t n_bad = s->n_bad;
    tell(s);
    ask_soon(s);
    for (int i = 0; i < MAX_TURNS && !has_list(s) && s->n_bad < n_bad + MAX_FAILURES; i++) {
        if (i == 1)
            scene_set(s, 1, 1);
        else
            scene_get(s, 1);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

void
found_play(scene *s)
{
    scene_set(s, 0, 0);
    scene_get(s, 0);
    follow(s);
    if (s->is_untroubled && !has_list(s))
        abort();
    scene_get(s, 0);
    scene_set(s, 2, 1);
    scene_delete(s, 1);
}

static int
follows(void *context)
{
    scene *s = context;
    ask_soon(s);
    return scene_get(s, 0) >= MCP_OK && has_list(s);
}

void
found_end(scene *s)
{
    tell(s);
    ck_assert_msg(wait_until(follows, s, client_slack(AFTER_MS)),
                  "%s: a later list is not taken over: %s", s->what, mcp_last_error(s->c)->text);
}

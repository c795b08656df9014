/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls during which something fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail/scene.h"
#include "support/client.h"

/* One more call that is only to be answered sensibly. */
static void
judge(scene *s, mcp_status status)
{
    scene_judge(s, status, "a call");
}

static void
take_and_give_back(scene *s, const char *key)
{
    mcp_result r = MCP_RESULT_INIT;
    mcp_status status = mcp_gets(s->c, T(key), &r);
    judge(s, status);
    if (status != MCP_OK)
        return;
    const void *lent = r.value;
    if (mcp_result_take(s->c, &r) == MCP_OK)
        mcp_release(s->c, r.value);
    else if (r.value != lent)
        abort();
}

void
scene_verbs(scene *s)
{
    uint64_t number;
    scene_get(s, 0);
    scene_set(s, 0, 0);
    scene_set(s, 1, 1);
    scene_get(s, 0);
    scene_get(s, 1);
    judge(s, mcp_delete(s->c, T("other")));
    judge(s, mcp_add(s->c, T("other"), "1", 1, 0, 7));
    judge(s, mcp_replace(s->c, T("other"), "2", 1, 0, 7));
    judge(s, mcp_append(s->c, T("other"), "3", 1));
    judge(s, mcp_prepend(s->c, T("other"), "4", 1));
    judge(s, mcp_incr(s->c, T("other"), 1, &number));
    judge(s, mcp_touch(s->c, T("other"), 100));
    take_and_give_back(s, "other");
    scene_set(s, 2, 0);
    scene_delete(s, 2);
    scene_get(s, 2);
}

void
scene_batch(scene *s)
{
    enum { N = 60 };
    static char names[N][16];
    static const char large[3000];
    mcp_request requests[N];
    mcp_result results[N];
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "batch:%d", i);
        requests[i] = client_request(i % 3 == 0   ? MCP_GET
                                     : i % 7 == 0 ? MCP_DELETE
                                                  : MCP_SET,
                                     names[i]);
        requests[i].value = large;
        requests[i].value_len = i % 2 ? 20 : sizeof large;
        results[i] = (mcp_result)MCP_RESULT_INIT;
    }
    scene_set(s, 0, 0);
    for (int round = 0; round < 2; round++) {
        size_t n_bad = mcp_batch(s->c, requests, results, N), n = 0;
        for (int i = 0; i < N; i++) {
            n += results[i].status < MCP_OK;
            judge(s, results[i].status);
        }
        if (n != n_bad)
            abort();
    }
    scene_get(s, 0);
}

/* What mcp-cli status and stats ask for. */
void
scene_servers(scene *s)
{
    mcp_result r = MCP_RESULT_INIT;
    mcp_server info = MCP_SERVER_INIT;
    mcp_location where;
    for (int i = 0; i < mcp_server_count(s->c); i++) {
        mcp_stat stat;
        size_t position = 0, n = 0;
        judge(s, mcp_ping(s->c, i));
        judge(s, mcp_version(s->c, i, &r));
        mcp_status status = mcp_stats(s->c, i, NULL, &r);
        judge(s, status);
        while (status == MCP_OK && mcp_stat_next(&r, &position, &stat))
            n++;
        if (status == MCP_OK && n < 10)
            abort();
        judge(s, mcp_stats(s->c, i, "settings", &r));
        if (mcp_server_info(s->c, i, &info) != MCP_OK)
            abort();
    }
    if (mcp_where(s->c, T("fail:0"), NULL, 0, &where) != MCP_OK)
        abort();
    scene_set(s, 0, 0);
    mcp_maintain(s->c);
}

void
scene_leases(scene *s)
{
    mcp_result r = MCP_RESULT_INIT;
    judge(s, mcp_delete(s->c, T("leased")));
    mcp_status status = mcp_get_or_lease(s->c, T("leased"), 30, 0, &r);
    judge(s, status);
    if (status == MCP_NOT_FOUND && r.cas != 0)
        judge(s, mcp_fill(s->c, T("leased"), "filled", 6, 0, 0, r.cas));
    judge(s, mcp_get_or_lease(s->c, T("leased"), 30, 5, &r));
    scene_set(s, 0, 0);
}

/* A second client, as wished for beside the first. */
void
scene_again(scene *s)
{
    mcp_client *first = s->c;
    scene_set(s, 0, 0);
    if (scene_open(s)) {
        scene_get(s, 0);
        scene_set(s, 1, 0);
        mcp_close(first);
        scene_get(s, 1);
        return;
    }
    s->c = first;
    scene_get(s, 0);
}

static void
listen_to(void *context, const mcp_event *event)
{
    scene *s = context;
    if (event->server < 0 || event->server >= mcp_server_count(s->c) || event->why == NULL)
        abort();
}

static void
read_log(void *context, const mcp_log_entry *entry)
{
    scene *s = context;
    if (entry->server < -1 || entry->server >= mcp_server_count(s->c) || entry->text[0] == '\0')
        abort();
}

/* The list is read again, with a log being kept; where that fails, the client is as it was. */
void
scene_reload(scene *s)
{
    judge(s, mcp_on_log(s->c, MCP_LOG_DEBUG, read_log, s));
    scene_set(s, 0, 0);
    judge(s, mcp_reload(s->c, s->options));
    scene_get(s, 0);
    scene_set(s, 1, 0);
    judge(s, mcp_reload(s->c, s->options));
    scene_get(s, 1);
    scene_delete(s, 1);
}

/* The primary is gone, and stays away until nothing fails any more. */
void
scene_killed(scene *s)
{
    mcp_on_event(s->c, listen_to, s);
    scene_set(s, 0, 0);
    scene_lose_primary(s);
    scene_set(s, 1, 1);
    scene_get(s, 0);
    scene_get(s, 1);
    scene_set(s, 0, 0);
    scene_delete(s, 1);
    mcp_maintain(s->c);
}

/* It has missed writes (see the tests), and is put right. */
void
scene_returned(scene *s)
{
    mcp_on_event(s->c, listen_to, s);
    scene_get(s, 0);
    judge(s, mcp_repair(s->c, -1, 1000, NULL, NULL));
    scene_get(s, 1);
    scene_set(s, 2, 0);
}

/* It has come back empty, and is filled. */
void
scene_emptied(scene *s)
{
    scene_get(s, 0);
    judge(s, mcp_resync(s->c, 0, 0, 1000, NULL, NULL));
    scene_get(s, 1);
    scene_set(s, 2, 0);
}

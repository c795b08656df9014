/* SPDX-License-Identifier: BSD-3-Clause */
#include "express_kit.h"

#include <stdio.h>
#include <string.h>

#include "engine/line.h"

char seen[20000];

void
note(const char *what, const char *text)
{
    size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%s<%s>\n", what, text);
}

void
note_sent(void)
{
    char name[20];
    for (uint32_t i = 0; i < w.engine.n_servers; i++) {
        snprintf(name, sizeof name, "to %u", i);
        if (mcp__link_has_output(&w.engine.servers[i].link))
            note(name, world_sent(i));
    }
    (void)world_wishes();
}

void
note_result(const mcp_result *r)
{
    char text[300];
    snprintf(text, sizeof text,
             "status %d server %d copies %d %d from_backup %d value %.*s flags %u ttl %lld cas "
             "%llx number %llu",
             r->status, r->server, r->primary, r->backup, r->from_backup, (int)r->value_len,
             r->value_len > 0 ? (const char *)r->value : "", r->flags, (long long)r->ttl,
             (unsigned long long)r->cas, (unsigned long long)r->number);
    note("result", text);
}

/* What nobody waits for; and the counters. */
void
note_rest(void)
{
    char text[200];
    mcp__drive_hasten(&w.engine, w.now_ms);
    note_sent();
    for (uint32_t i = 0; i < w.engine.n_servers; i++) {
        const mcp__server *server = &w.engine.servers[i];
        snprintf(text, sizeof text, "calls %llu hits %llu misses %llu state %d pending %u",
                 (unsigned long long)server->tally.calls, (unsigned long long)server->tally.hits,
                 (unsigned long long)server->tally.misses, server->health.state,
                 server->link.pending_count);
        note("counts", text);
    }
    snprintf(text, sizeof text, "%zu", w.engine.n_background);
    note("background", text);
}

/* Time passes until the operation is over, whatever it takes. */
void
wait_for(mcp__task *task)
{
    for (int i = 0; i < 100 && !task->is_finished; i++) {
        world_time(w.now_ms + 10);
        note_sent();
    }
    mcp_result result = world_result(task);
    note_result(&result);
    note_rest();
}

/* A change brings the question for the backup's marks along, in front of it. */
const char *name_space = "";

void
begin(const script *s)
{
    world_defaults();
    if (!s->is_spare)
        world_keep_record();
    w.settings.promise.keeps_record = !s->is_spare && s->n_backups > 0;
    w.settings.promise.verifies = 1;
    w.settings.mirrors_writes = !s->is_spare;
    w.settings.has_backup_list = s->n_backups > 0;
    world_begin(1, (size_t)s->n_backups);
    mcp__task *task = world_ask(MCP_GET);
    for (int rounds = 0; rounds < 8 && !task->is_finished; rounds++) {
        for (uint32_t i = 0; i < w.engine.n_servers; i++) {
            if (w.engine.servers[i].link.state == MCP__LINK_OPENING)
                world_open(i);
            const char *sent = world_sent(i);
            if (strncmp(sent, "mg mcp:s", 8) == 0)
                world_say(i, "EN O@\r\n");
            if (strncmp(sent, "mg k", 4) == 0)
                world_say(i, "EN O@\r\n");
        }
    }
    ck_assert_int_eq(world_result(task).status, MCP_NOT_FOUND);
    if (s->n_backups > 0 && w.engine.servers[1].link.state != MCP__LINK_OPEN) { /* a spare */
        mcp__line_warm(&w.engine, &w.engine.servers[1]);
        world_open(1);
    }
    (void)world_wishes();
    w.engine.name_space = name_space;
    w.engine.name_space_len = strlen(name_space);
    w.request.want = s->want;
    w.request.value = "value";
    w.request.value_len = 5;
    w.request.ttl = s->verb == MCP_SET || s->verb == MCP_TOUCH ? 60 : 0;
    w.request.delta = 1;
    w.request.verb = s->verb;
    seen[0] = '\0';
}

const script a_set = {"set", MCP_SET, 0, 1, 0, {NULL}, P_THEN_B};

int
is_taken(void)
{
    return mcp__express_begin(&w.engine, &w.request, w.settings.timeout_ms, w.now_ms);
}

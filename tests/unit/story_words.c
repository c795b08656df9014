/* SPDX-License-Identifier: BSD-3-Clause */
/* What is said in a story: commands, outcomes, and what they mean. */
#include <stdio.h>
#include <string.h>

#include "story.h"
#include "wire/token.h"

const int story_statuses[RECORDED] = {
    [YES] = MCP_OK,          [DYING] = MCP_OK,
    [MISS] = MCP_NOT_FOUND,  [NOT_STORED] = MCP_NOT_STORED,
    [CHANGED] = MCP_EXISTS,  [NO_NUMBER] = MCP_NOT_NUMBER,
    [TOO_BIG] = MCP_TOO_BIG, [FULL] = MCP_SERVER_FULL,
};

static const char *const names[] = {
    "none",   "get",  "gat",  "touch", "set",    "add",   "replace", "append",  "prepend", "cas",
    "delete", "incr", "decr", "peek",  "number", "lease", "ping",    "version", "stats",   "flush",
};

void
story_note(char *log, size_t size, const char *what, int leg, int kind)
{
    size_t used = strlen(log);
    int is_record = kind == MCP__WORD_JOURNAL, is_peek = kind == MCP__WORD_PEEK;
    const char *name = is_record ? "record" : is_peek ? "peek" : names[kind];
    snprintf(log + used, size - used, "%s%c.%s ", what, leg == P ? 'P' : 'B', name);
}

int
story_kind_of(const story *it)
{
    static const int kinds[] = {
        [MCP_GET] = MCP__COMMAND_GET,         [MCP_GAT] = MCP__COMMAND_GAT,
        [MCP_SET] = MCP__COMMAND_SET,         [MCP_ADD] = MCP__COMMAND_ADD,
        [MCP_REPLACE] = MCP__COMMAND_REPLACE, [MCP_APPEND] = MCP__COMMAND_APPEND,
        [MCP_PREPEND] = MCP__COMMAND_PREPEND, [MCP_CAS] = MCP__COMMAND_CAS,
        [MCP_DELETE] = MCP__COMMAND_DELETE,   [MCP_TOUCH] = MCP__COMMAND_TOUCH,
        [MCP_INCR] = MCP__COMMAND_INCR,       [MCP_DECR] = MCP__COMMAND_DECR,
    };
    return it->request->verb == MCP_SET && it->request->ttl < 0 ? MCP__COMMAND_DELETE
                                                                : kinds[it->request->verb];
}

int
story_status_of(int kind, int what)
{
    int needs_one =
        kind == MCP__COMMAND_REPLACE || kind == MCP__COMMAND_APPEND || kind == MCP__COMMAND_PREPEND;
    return needs_one && what == MISS ? MCP_NOT_STORED : story_statuses[what];
}

int
story_is_expiry(const story *it)
{
    int kind = story_kind_of(it);
    int is_append = kind == MCP__COMMAND_APPEND || kind == MCP__COMMAND_PREPEND;
    return it->request->ttl < 0 && !is_append && !story_is_relative(kind);
}

int
story_mirror_kind(const story *it, int other, int kind)
{
    if (kind == MCP__COMMAND_GAT || kind == MCP__COMMAND_TOUCH)
        return MCP__COMMAND_TOUCH;
    if (story_is_count(kind) && (it->view.stands[other] || it->view.is_cold[other]))
        return MCP__COMMAND_DELETE; /* a copy at this moment would count it twice */
    if (story_is_count(kind))
        return kind;
    return story_is_expiry(it) ? MCP__COMMAND_DELETE : MCP__COMMAND_SET;
}

int
story_builds_on_value(int kind)
{
    return story_is_decided(kind) || story_is_count(kind) || kind == MCP__COMMAND_GAT;
}

int
story_is_foreign(const story *it, int leg)
{
    return it->request->verb == MCP_CAS &&
           mcp__token_cas_mark(it->request->cas) != it->cas_mark[leg];
}

int
story_told_by(const story *it, int leg, int kind, int what)
{
    int is_append = kind == MCP__COMMAND_APPEND || kind == MCP__COMMAND_PREPEND;
    int status = story_status_of(kind, what);
    int is_open = is_append && status == MCP_NOT_STORED && it->copy[1 - leg] == MCP_COPY_UNKNOWN;
    return is_open ? MCP_UNKNOWN : status;
}

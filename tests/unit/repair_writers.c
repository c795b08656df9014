/* SPDX-License-Identifier: BSD-3-Clause */
/* Those who write in a story, each write in its single commands. */
#include "repair_story.h"

#include <string.h>

/* ---- Those who write ---------------------------------------------------------------------- */

static void
store(story *s, uint32_t server, const actor *a)
{
    if (a->is_delete)
        errands_delete(&s->world, server, s->key[a->key]);
    else
        errands_set(&s->world, server, s->key[a->key], &a->version, sizeof a->version);
}

/* The segment gets the key; a new one, or one that was replaced by "*", gets a tag of its own. */
static void
append_line(story *s, actor *a, uint32_t about)
{
    char key[MCP__MARKS_KEY_MAX + 1], line[MCP__MARKS_LINE_MAX];
    const char *name = s->key[a->key];
    size_t len = mcp__marks_put_line(line, name, strlen(name), 0);
    uint32_t tag = 1 + errands_draw(&s->world, 1 << 27);
    story_journal_key(s, about, s->segment[a->key], key);
    int is_new = errands_append(&s->world, 1 - about, key, line, len, 1) == 2;
    s->last_append[about] = s->world.now_ms;
    if (s->first_append[about][a->key] == 0)
        s->first_append[about][a->key] = s->world.now_ms;
    if ((s->wish & STARS) && errands_draw(&s->world, 6) == 0) {
        errands_set(&s->world, 1 - about, key, "*", 1);
        is_new = 1;
    }
    fake_item *item = errands_find(&s->world, 1 - about, key);
    if (is_new)
        item->flags = MCP__MARKS_TAG_FLAGS(tag);
    a->tag = MCP__MARKS_TAG(item->flags);
    a->created |= is_new;
}

/* 1: that beginning of the segment is listed. */
static int
is_listed(story *s, const actor *a, uint32_t about)
{
    fake_item *item = errands_find(&s->world, 1 - about, "mcp:s");
    const uint8_t *at = item != NULL ? item->value : NULL,
                  *end = item != NULL ? at + item->len : at;
    mcp__mark mark;
    while (at < end && mcp__marks_next(&at, end, &mark)) {
        if (mark.id8 == s->id8[about] && mark.is_segment && mark.segment == s->segment[a->key] &&
            mark.tag == a->tag)
            return 1;
    }
    return 0;
}

static void
append_mark(story *s, uint32_t about, const mcp__mark *mark)
{
    char text[MCP__MARKS_ENTRY_MAX];
    errands_append(&s->world, 1 - about, "mcp:s", text, mcp__marks_put(text, mark), 1);
}

/* 1: all of it is there, and nothing had to be created. */
static int
look_for_mark(story *s, actor *a, uint32_t about)
{
    uint32_t inc8;
    uint64_t listed;
    int created = a->created;
    a->created = 0;
    if (!is_listed(s, a, about)) {
        mcp__mark mark = {.id8 = s->id8[about],
                          .tag = a->tag,
                          .segment = (uint8_t)s->segment[a->key],
                          .is_segment = 1};
        append_mark(s, about, &mark);
        created = 1;
    }
    if (!story_read_list(s, about, &inc8, &listed)) {
        mcp__mark mark = {.id8 = s->id8[about], .inc8 = (uint32_t)next_random(&s->world.random)};
        append_mark(s, about, &mark);
        s->marked_ms[about] = s->world.now_ms;
        created = 1;
    }
    return !created;
}

static void
acknowledge(story *s, actor *a)
{
    s->acked[a->key] = a->version;
    s->world.n_changes++;
    s->busy[a->key] = 0;
    a->is_busy = 0;
}

static void
act_missing(story *s, actor *a)
{
    uint32_t about = (uint32_t)a->missed;
    switch (a->step++) {
    case 0:
        store(s, 1 - about, a);
        break;
    case 1:
        append_line(s, a, about);
        break;
    case 2:
        errands_append(&s->world, 1 - about, "mcp:s", "", 0, 0);
        break;
    default:
        if (look_for_mark(s, a, about))
            acknowledge(s, a);
        a->step = 2;
        ck_assert_int_lt(a->rounds++, 8);
    }
}

/* After a set both copies are looked at; one that moved is put on record as missed. */
static void
verify(story *s, actor *a)
{
    for (uint32_t server = 0; server < 2; server++) {
        fake_item *item = errands_find(&s->world, server, s->key[a->key]);
        if (a->is_delete || (item != NULL && memcmp(item->value, &a->version, item->len) == 0 &&
                             item->len == sizeof a->version))
            continue;
        a->missed = (int)server;
        a->step = 1;
        return;
    }
    acknowledge(s, a);
}

/* A delete goes to the first one once more. */
static void
act(story *s, actor *a)
{
    if (a->missed >= 0)
        act_missing(s, a);
    else if (a->step < 2 + a->is_delete)
        store(s, (uint32_t)(a->step++ != 1 ? a->first : 1 - a->first), a);
    else
        verify(s, a);
}

/* Which server is written first, as the marks tell whoever knows them. */
static int
first_of(story *s, int k, int is_delete)
{
    mcp__pair pair = story_pair(s, s->key[k]);
    if (s->view[0].stands && s->view[1].stands)
        return (int)pair.backup;
    if (s->view[0].stands || s->view[1].stands)
        return s->view[0].stands ? 1 : 0;
    return is_delete ? (int)pair.backup : (int)errands_draw(&s->world, 2);
}

static void
begin_actor(story *s, actor *a, int k, int missed, int is_delete)
{
    if (s->busy[k])
        return;
    *a = (actor){.is_busy = 1, .key = k, .missed = missed, .started_ms = s->world.now_ms};
    a->is_delete = is_delete;
    a->version = ++s->version[k];
    a->first = first_of(s, k, a->is_delete);
    s->busy[k] = 1;
}

void
story_write(story *s)
{
    actor *a = &s->actor[errands_draw(&s->world, ACTORS)];
    int is_writing = (s->wish & WRITERS) && s->world.now_ms < s->stop_ms;
    if (a->is_busy && (s->wish & FAILURES) && errands_draw(&s->world, 50) == 0) {
        a->is_busy = s->busy[a->key] = 0; /* it dies, and nobody was told anything */
    } else if (a->is_busy) {
        act(s, a);
    } else if (is_writing && errands_draw(&s->world, 30) == 0) {
        int missed = errands_draw(&s->world, 4) != 0 ? -1 : (int)s->stale;
        if ((s->wish & BOTH) && missed >= 0)
            missed = (int)errands_draw(&s->world, 2);
        begin_actor(s, a, (int)errands_draw(&s->world, KEYS), missed,
                    errands_draw(&s->world, 4) == 0);
    }
    /* Nobody takes longer than a call may. */
    for (int i = 0; i < ACTORS; i++) {
        while (s->actor[i].is_busy && s->world.now_ms - s->actor[i].started_ms > CALL_MS - 100)
            act(s, &s->actor[i]);
    }
}

void
story_miss(story *s, int k, int missed, int is_delete)
{
    actor *a = &s->actor[0];
    begin_actor(s, a, k, missed, is_delete);
    while (a->is_busy)
        act(s, a);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "repair_record.h"

#include <stdlib.h>
#include <string.h>

/* Upper case: on the witness. */
static char
letter_of(const story *s, const mcp__errand *errand)
{
    static const char letters[] = "-rpsadinckuz";
    char letter = letters[errand->what];
    return errand->server == s->worker[0].setup.witness ? (char)(letter - 'a' + 'A') : letter;
}

static void
note(story *s, record *r, const mcp__errand *errand)
{
    char letter = letter_of(s, errand);
    r->n_copies += errand->what == MCP__ERRAND_COPY;
    r->n_trusting += errand->what == MCP__ERRAND_COPY && errand->may_stand;
    r->n_deletes += errand->what == MCP__ERRAND_DELETE;
    r->n_base64 += errand->is_base64;
    if (r->asked_ms[(int)letter] == 0)
        r->asked_ms[(int)letter] = s->world.now_ms;
    /* Renewals of the lock come whenever they are due. */
    r->n_renewals += letter == 'S' && errand->ttl != 0;
    if (letter == 'S' && errand->ttl != 0)
        return;
    if (errand->what == MCP__ERRAND_RENEW)
        r->since_ms = errand->since_ms;
    if ((r->n == 0 || r->letters[r->n - 1] != letter) && r->n < sizeof r->letters - 1)
        r->letters[r->n++] = letter;
}

static void
dumped(void *context, int job, uint32_t tag, mcp__span key)
{
    story *s = context;
    mcp__repair_dumped(&s->worker[job].job, tag, key, 0);
}

static void
carry_out(story *s)
{
    mcp__repair *job = &s->worker[0].job;
    while (s->world.n_pending > 0) {
        carried done = errands_step(&s->world, dumped, s);
        if (done.is_over)
            mcp__repair_told(job, done.errand.tag, &done.outcome, s->world.now_ms);
        free(done.copy);
    }
}

/* 1: the job has ended. */
static int
take_turn(record *r, story *s)
{
    mcp__errand errand;
    story_poll(s);
    mcp__sight sight = story_sight(s, &s->worker[0]);
    mcp__repair_next(&s->worker[0].job, &sight, s->world.now_ms, &errand);
    if (errand.what == MCP__ERRAND_DONE)
        return 1;
    if (errand.what != MCP__ERRAND_NONE) {
        note(s, r, &errand);
        errands_put(&s->world, 0, &errand);
    } else if (s->world.n_pending > 0) {
        carry_out(s);
    } else {
        ck_assert_int_gt(errand.until_ms, s->world.now_ms);
        ck_assert_int_lt(errand.until_ms, INT64_MAX);
        s->world.now_ms = errand.until_ms;
    }
    return 0;
}

mcp__repair_result
record_run_until(record *r, story *s, int64_t end_ms)
{
    for (int turn = 0; turn < 100000 && s->world.now_ms < end_ms; turn++) {
        if (take_turn(r, s))
            return s->worker[0].job.result;
    }
    return MCP__REPAIR_UNDER_WAY;
}

void
record_start(record *r, story *s)
{
    memset(r, 0, sizeof *r);
    mcp__repair_begin(&s->worker[0].job, &s->worker[0].setup, s->world.now_ms);
}

mcp__repair_result
record_run(record *r, story *s)
{
    record_start(r, s);
    return record_run_until(r, s, s->world.now_ms + 60000);
}

void
record_run_to(record *r, story *s, mcp__repair_phase phase)
{
    for (int turn = 0; s->worker[0].job.phase != phase; turn++)
        ck_assert(turn < 100000 && !take_turn(r, s));
}

void
record_finish(story *s)
{
    mcp__repair_fini(&s->worker[0].job);
    ck_assert_uint_eq(s->worker[0].supply.n_live, 0);
    errands_fini(&s->world);
}

void
record_begin(story *s)
{
    story_begin(s, 2, QUIET);
    ck_assert_uint_eq(s->stale, 0);
}

void
record_put_journal(story *s, uint32_t about, uint32_t segment, const char *text)
{
    char key[MCP__MARKS_KEY_MAX + 1];
    story_journal_key(s, about, segment, key);
    errands_set(&s->world, 1 - about, key, text, strlen(text));
}

int
record_stands(story *s, uint32_t about)
{
    uint32_t inc8;
    uint64_t segments;
    return story_read_list(s, about, &inc8, &segments);
}

int
record_has(story *s, uint32_t server, const char *key)
{
    return errands_find(&s->world, server, key) != NULL;
}

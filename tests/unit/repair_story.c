/* SPDX-License-Identifier: BSD-3-Clause */
#include "repair_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The pool ----------------------------------------------------------------------------- */

static mcp__pairing *
new_pairing(const mcp__mem *mem)
{
    static const char *const names[] = {"10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211"};
    mcp__server_spec servers[3];
    for (int i = 0; i < 3; i++)
        servers[i] = (mcp__server_spec){names[i], names[i], names[i], 11211, 0, 1};
    mcp__place_spec place = {MCP__NATIVE, MCP__HASH_DEFAULT, {0, 0}};
    mcp__err err;
    mcp__pairing *pairing = mcp__pairing_new(mem, &place, MCP__MIRROR_NEXT, servers, 3, 0, &err);
    ck_assert_ptr_nonnull(pairing);
    return pairing;
}

/* Filling its table takes longer than a story. */
static const mcp__pairing *
shared_pairing(void)
{
    static mcp__mem mem;
    static mcp__pairing *pairing;
    if (pairing == NULL) {
        mem = mcp__mem_system();
        pairing = new_pairing(&mem);
    }
    return pairing;
}

mcp__pair
story_pair(const story *s, const char *key)
{
    return mcp__pairing_find(s->pairing, key, strlen(key));
}

static int
is_ours(const story *s, const char *key)
{
    mcp__pair pair = story_pair(s, key);
    return pair.primary != 2 && pair.backup != 2;
}

static fake_item *
list_item(story *s, uint32_t about)
{
    return errands_find(&s->world, 1 - about, "mcp:s");
}

void
story_journal_key(const story *s, uint32_t about, uint32_t segment, char *out)
{
    out[mcp__marks_key_journal(out, PREFIX, s->id8[about], segment)] = '\0';
}

static fake_item *
journal_item(story *s, uint32_t about, uint32_t segment)
{
    char key[MCP__MARKS_KEY_MAX + 1];
    story_journal_key(s, about, segment, key);
    return errands_find(&s->world, 1 - about, key);
}

int
story_read_list(story *s, uint32_t about, uint32_t *inc8, uint64_t *segments)
{
    fake_item *item = list_item(s, about);
    int stands = 0;
    *segments = 0;
    if (item == NULL)
        return 0;
    const uint8_t *at = item->value, *end = at + item->len;
    mcp__mark mark;
    while (mcp__marks_next(&at, end, &mark)) {
        if (mark.id8 == s->id8[about] && mark.is_segment)
            *segments |= (uint64_t)1 << mark.segment;
        else if (mark.id8 == s->id8[about] && !stands++)
            *inc8 = mark.inc8;
    }
    return stands > 0;
}

/* The keys of a segment; all of them where it begins with "*". */
static uint64_t
keys_in(const story *s, uint32_t segment, mcp__span text)
{
    const uint8_t *at = text.bytes, *end = at + text.len;
    uint64_t keys = 0;
    mcp__span line;
    int is_base64;
    for (int k = 0; mcp__marks_is_whole(text) && k < KEYS; k++)
        keys |= (uint64_t)(s->segment[k] == segment) << k;
    while (mcp__marks_next_line(&at, end, &line, &is_base64)) {
        for (int k = 0; k < KEYS; k++)
            keys |= (uint64_t)(strlen(s->key[k]) == line.len &&
                               memcmp(s->key[k], line.bytes, line.len) == 0)
                    << k;
    }
    return keys;
}

/* What was evicted is on record as long as its "+" entry says that there was something. */
static int
is_on_record(story *s, uint32_t about, int k)
{
    uint32_t inc8;
    uint64_t listed;
    if (!story_read_list(s, about, &inc8, &listed))
        return 0;
    if (s->evicted[k] && (listed >> s->segment[k] & 1) != 0)
        return 1;
    fake_item *item = journal_item(s, about, s->segment[k]);
    return item != NULL &&
           (int)(keys_in(s, s->segment[k], (mcp__span){item->value, item->len}) >> k & 1);
}

int
story_is_older(story *s, uint32_t server, int k)
{
    fake_item *item = errands_find(&s->world, server, s->key[k]);
    uint32_t version = UINT32_MAX;
    if (item != NULL && !item->is_stub)
        memcpy(&version, item->value, sizeof version);
    return version < s->acked[k];
}

/* I1. With both marks standing a value is not trusted, and only the end counts. (Asserts cost more
 * than what they look at; this runs after every step.) */
static void
check_record(story *s)
{
    if ((s->wish & BOTH) || s->world.n_changes == s->n_checked)
        return;
    s->n_checked = s->world.n_changes;
    for (int k = 0; k < KEYS; k++) {
        if (story_is_older(s, s->stale, k) && !is_on_record(s, s->stale, k))
            ck_abort_msg("seed %llu: %s is old on %u, and not on record",
                         (unsigned long long)s->seed, s->key[k], s->stale);
        if (story_is_older(s, 1 - s->stale, k))
            ck_abort_msg("seed %llu: %s is old on the witness", (unsigned long long)s->seed,
                         s->key[k]);
    }
}

/* ---- Those who repair --------------------------------------------------------------------- */

static int
side_of(const worker *w, uint32_t host)
{
    return host == w->setup.witness ? 0 : 1;
}

static int
user_key(const story *s, mcp__span key)
{
    for (int k = 0; k < KEYS; k++) {
        if (strlen(s->key[k]) == key.len && memcmp(s->key[k], key.bytes, key.len) == 0)
            return k;
    }
    return -1;
}

/* What may be asked for at all, and I16 for what is replayed. */
static void
check_given(story *s, const worker *w, const mcp__errand *errand)
{
    if (errand->what != MCP__ERRAND_COPY)
        return;
    int k = user_key(s, errand->key);
    ck_assert_msg(k >= 0, "a key of another pair is copied");
    ck_assert_uint_eq(errand->server, w->setup.server);
    ck_assert_uint_eq(errand->from, w->setup.witness);
    if (errand->deletes_first)
        ck_assert_int_ge(s->world.now_ms - w->entry_ms[0][k], HOLD_MS);
    s->n_copies++;
}

/* The segment whose journal item this is; -1: it is none. */
static int
journal_of(const story *s, uint32_t about, mcp__span key)
{
    char name[MCP__MARKS_KEY_MAX + 1];
    for (uint32_t i = 0; i < MCP__MARKS_SEGMENTS; i++) {
        story_journal_key(s, about, i, name);
        if (strlen(name) == key.len && memcmp(name, key.bytes, key.len) == 0)
            return (int)i;
    }
    return -1;
}

static int
is_list(mcp__span key)
{
    return key.len == 5 && memcmp(key.bytes, "mcp:s", 5) == 0;
}

static void
note_read(story *s, worker *w, const carried *done)
{
    int side = side_of(w, done->errand.server);
    if (is_list(done->errand.key)) {
        w->list_tick[side] = s->tick;
        w->list_unique[side] = done->outcome.unique;
        return;
    }
    int i = journal_of(s, 1 - done->errand.server, done->errand.key);
    ck_assert_int_ge(i, 0);
    w->seen_tick[side][i] = s->tick;
    w->seen_absent[side][i] = done->outcome.status == MCP__OUTCOME_MISSING;
    w->seen_keys[side][i] =
        w->seen_absent[side][i] ? 0 : keys_in(s, (uint32_t)i, done->outcome.value);
    for (int k = 0; k < KEYS; k++) {
        if (w->seen_keys[side][i] >> k & 1)
            w->entry_ms[side][k] = s->first_append[1 - done->errand.server][k];
    }
}

/* I4, and the age of I16. */
static void
check_cut(story *s, const worker *w, uint32_t about, int i)
{
    int side = about == w->setup.server ? 0 : 1;
    for (int k = 0; k < KEYS; k++) {
        if ((w->seen_keys[side][i] >> k & 1) == 0)
            continue;
        ck_assert_msg(s->gone_tick[about][k] > w->seen_tick[side][i] ||
                          errands_find(&s->world, about, s->key[k]) == NULL ||
                          !story_is_older(s, about, k),
                      "%s was not deleted before its segment", s->key[k]);
        ck_assert_int_ge(s->world.now_ms - w->entry_ms[side][k], HOLD_MS);
        s->first_append[about][k] = 0;
    }
    s->n_cut++;
}

/* I2, and the age of I16. */
static void
check_cleared(story *s, const worker *w, const mcp__errand *errand)
{
    uint32_t about = 1 - errand->server, inc8;
    int side = side_of(w, errand->server);
    uint64_t listed;
    ck_assert_uint_ne(errand->unique, 0);
    ck_assert_uint_eq(errand->unique, w->list_unique[side]);
    for (int i = 0; i < MCP__MARKS_SEGMENTS; i++) {
        ck_assert_uint_gt(w->seen_tick[side][i], w->list_tick[side]);
        ck_assert(w->seen_absent[side][i]);
    }
    ck_assert(!story_read_list(s, about, &inc8, &listed) && listed == 0);
    ck_assert_int_ge(s->world.now_ms - s->marked_ms[about], HOLD_MS);
    s->n_cleared++;
}

static void
check_done(story *s, worker *w, const carried *done)
{
    const mcp__errand *errand = &done->errand;
    int is_done = done->outcome.status == MCP__OUTCOME_DONE;
    int k = user_key(s, errand->key);
    if (errand->what == MCP__ERRAND_READ && done->outcome.status != MCP__OUTCOME_FAILED)
        note_read(s, w, done);
    if (k >= 0 && (errand->what == MCP__ERRAND_DELETE || errand->deletes_first))
        s->gone_tick[errand->server][k] = s->tick;
    if (!is_done || (errand->what != MCP__ERRAND_DELETE && errand->what != MCP__ERRAND_STORE))
        return;
    if (is_list(errand->key))
        check_cleared(s, w, errand);
    int i = journal_of(s, 1 - errand->server, errand->key);
    if (i >= 0) {
        ck_assert_uint_ne(errand->unique, 0);
        check_cut(s, w, 1 - errand->server, i);
    }
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
    if (s->world.n_pending == 0)
        return;
    carried done = errands_step(&s->world, dumped, s);
    if (!done.is_over)
        return;
    worker *w = &s->worker[done.job];
    check_done(s, w, &done);
    mcp__repair_told(&w->job, done.errand.tag, &done.outcome, s->world.now_ms);
    free(done.copy);
}

mcp__sight
story_sight(const story *s, const worker *w)
{
    const view *one = &s->view[w->setup.server], *other = &s->view[w->setup.witness];
    mcp__sight sight = {
        {1, 1},        (uint8_t)one->stands,   one->inc8,   one->first_seen_ms,  HOLD_MS,
        one->segments, (uint8_t)other->stands, other->inc8, other->first_seen_ms};
    for (int i = 0; i < 2; i++)
        sight.is_usable[i] = !s->world.server[i == 0 ? w->setup.server : w->setup.witness].is_away;
    return sight;
}

static void
end_worker(story *s, worker *w)
{
    w->is_live = 0;
    if (w->job.result == MCP__REPAIR_DONE && (s->wish & (FAILURES | BOTH | RIVALS)) == 0)
        ck_assert_uint_gt(w->job.n_rounds, 0);
    ck_assert_uint_ne(w->job.result, MCP__REPAIR_UNDER_WAY);
    ck_assert_uint_ne(w->job.result, MCP__REPAIR_NO_DUMP);
    ck_assert_uint_ne(w->job.result, MCP__REPAIR_FOREIGN);
    if (w->job.result == MCP__REPAIR_AWAY && errands_draw(&s->world, 2) == 0) {
        mcp__repair_resume(&w->job, s->world.now_ms);
        w->is_live = 1;
        return;
    }
    mcp__repair_fini(&w->job);
    ck_assert_uint_eq(w->supply.n_live, 0);
}

/* The earliest time at which it wants to be asked again. */
static int64_t
pull(story *s, int j)
{
    worker *w = &s->worker[j];
    mcp__sight sight = story_sight(s, w);
    mcp__errand errand = {.until_ms = 0};
    if (!w->is_live && !sight.stands)
        return INT64_MAX;
    if (!w->is_live) {
        mcp__repair_begin(&w->job, &w->setup, s->world.now_ms);
        w->is_live = 1;
    }
    for (uint32_t n = 1 + errands_draw(&s->world, 8); n > 0; n--) {
        mcp__repair_next(&w->job, &sight, s->world.now_ms, &errand);
        if (errand.what == MCP__ERRAND_NONE)
            return errand.until_ms;
        if (errand.what == MCP__ERRAND_DONE) {
            end_worker(s, w);
            return s->world.now_ms;
        }
        check_given(s, w, &errand);
        errands_put(&s->world, j, &errand);
    }
    return s->world.now_ms;
}

void
story_poll(story *s)
{
    s->polled_ms = s->world.now_ms;
    for (uint32_t about = 0; about < 2; about++) {
        view *v = &s->view[about];
        uint32_t inc8 = 0;
        int stands = story_read_list(s, about, &inc8, &v->segments);
        if (stands && (!v->stands || v->inc8 != inc8))
            v->first_seen_ms = s->world.now_ms;
        v->stands = stands;
        v->inc8 = inc8;
    }
}

static void
evict(story *s)
{
    uint32_t i = errands_draw(&s->world, MCP__MARKS_SEGMENTS);
    char key[MCP__MARKS_KEY_MAX + 1];
    fake_item *item = journal_item(s, s->stale, i);
    if (item == NULL)
        return;
    uint64_t keys = keys_in(s, i, (mcp__span){item->value, item->len});
    for (int k = 0; k < KEYS; k++) {
        if ((keys >> k & 1) == 0)
            continue;
        s->evicted[k] = 1;
        s->first_append[s->stale][k] = 0;
    }
    story_journal_key(s, s->stale, i, key);
    errands_delete(&s->world, 1 - s->stale, key);
}

/* ---- A story ------------------------------------------------------------------------------ */

static void
put_keys(story *s)
{
    int n = 0, others = 0;
    char key[32];
    for (int i = 0; n < KEYS || others < 20; i++) {
        snprintf(key, sizeof key, "key-%llu-%d", (unsigned long long)(s->world.random % 1000), i);
        uint32_t version = 1;
        if (is_ours(s, key) && n < KEYS) {
            strcpy(s->key[n], key);
            s->segment[n] = mcp__marks_segment(key, strlen(key));
            s->acked[n] = s->version[n] = version;
            errands_set(&s->world, 0, key, &version, sizeof version);
            errands_set(&s->world, 1, key, &version, sizeof version);
            n++;
        } else if (!is_ours(s, key) && others < 20) {
            errands_set(&s->world, (uint32_t)others++ % 2, key, &version, sizeof version);
        }
    }
}

static void
put_worker(story *s, int j, uint32_t server)
{
    worker *w = &s->worker[j];
    supply_init(&w->supply);
    w->setup = (mcp__repair_setup){.mem = &w->supply.mem,
                                   .pairing = s->pairing,
                                   .server = server,
                                   .witness = 1 - server,
                                   .server_id8 = s->id8[server],
                                   .witness_id8 = s->id8[1 - server],
                                   .prefix = PREFIX,
                                   .quarantine_ms = 100,
                                   .memory_max = 1 << 16,
                                   .random = next_random(&s->world.random)};
    s->n_workers = j + 1;
}

/* So many writes that one server missed, acknowledged, before anybody repairs. */
static void
miss_writes(story *s, uint32_t about, uint32_t n)
{
    for (; n > 0; n--)
        story_miss(s, (int)errands_draw(&s->world, KEYS), (int)about,
                   errands_draw(&s->world, 4) == 0);
}

void
story_begin(story *s, uint64_t seed, int wish)
{
    memset(s, 0, sizeof *s);
    s->world.random = seed * 0x9e3779b97f4a7c15u + 1;
    s->world.now_ms = 1000;
    s->seed = seed;
    s->wish = wish;
    s->pairing = shared_pairing();
    for (uint32_t i = 0; i < 3; i++)
        s->id8[i] = mcp__marks_id8((const char *)&i, sizeof i);
    s->stale = (wish & BOTH) ? 0 : (uint32_t)(seed & 1);
    put_keys(s);
    put_worker(s, 0, s->stale);
    if (wish & (BOTH | RIVALS))
        put_worker(s, 1, (wish & BOTH) ? 1 - s->stale : s->stale);
    if (wish & FAILURES)
        s->world.fail_percent = 1;
    s->stop_ms = s->world.now_ms + ((wish & (WRITERS | FAILURES | EVICTION)) ? 6000 : 0);
    if (wish & QUIET)
        return;
    miss_writes(s, s->stale, errands_draw(&s->world, 60));
    if (wish & BOTH)
        miss_writes(s, 1 - s->stale, errands_draw(&s->world, 60));
}

static int
is_quiet(story *s)
{
    uint32_t inc8;
    uint64_t listed;
    int busy = s->world.n_pending > 0 || s->world.now_ms < s->stop_ms;
    for (int i = 0; i < ACTORS; i++)
        busy |= s->actor[i].is_busy;
    for (int i = 0; i < s->n_workers; i++)
        busy |= s->worker[i].is_live;
    for (uint32_t i = 0; i < 2; i++)
        busy |= story_read_list(s, i, &inc8, &listed) || s->view[i].stands;
    return !busy;
}

void
story_run(story *s)
{
    for (s->tick = 1; !is_quiet(s); s->tick++) {
        int64_t until_ms = s->polled_ms + VIEW_MS / 2;
        if (s->tick > 300000)
            ck_abort_msg("seed %llu does not come to an end", (unsigned long long)s->seed);
        if (s->world.now_ms >= until_ms)
            story_poll(s);
        if (s->world.now_ms >= s->stop_ms)
            s->world.fail_percent = 0;
        for (int j = 0; j < s->n_workers; j++) {
            int64_t wanted_ms = pull(s, j);
            until_ms = wanted_ms < until_ms ? wanted_ms : until_ms;
        }
        if ((s->wish & EVICTION) && s->world.now_ms < s->stop_ms &&
            errands_draw(&s->world, 40) == 0)
            evict(s);
        story_write(s);
        check_record(s);
        carry_out(s);
        check_record(s);
        s->world.now_ms += errands_draw(&s->world, 3);
        if (s->world.n_pending == 0 && s->world.now_ms < until_ms && !(s->wish & WRITERS))
            s->world.now_ms = until_ms;
    }
}

void
story_end(story *s)
{
    for (int k = 0; k < KEYS; k++) {
        for (uint32_t server = 0; server < 2; server++) {
            fake_item *item = errands_find(&s->world, server, s->key[k]);
            ck_assert_msg(!story_is_older(s, server, k), "%s is old on %u in the end", s->key[k],
                          server);
            ck_assert(item == NULL || !item->is_stub);
        }
        fake_item *one = errands_find(&s->world, s->stale, s->key[k]);
        fake_item *other = errands_find(&s->world, 1 - s->stale, s->key[k]);
        if ((s->wish & (BOTH | RIVALS | FAILURES | EVICTION)) == 0)
            ck_assert_msg((one != NULL) == (other != NULL), "%s is missing", s->key[k]);
    }
    for (int j = 0; j < s->n_workers; j++)
        ck_assert_uint_eq(s->worker[j].supply.n_live, 0);
    errands_fini(&s->world);
}

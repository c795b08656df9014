/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Jobs that put servers right, carried out by the engine on servers in memory: begun when needed or
 * wanted, broken off anywhere, resumed, told about.
 */
#include "engine/chores.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/server.h"
#include "world.h"

enum { P = 0, B = 1, DUMPS = 2, LINES = 3 };

static sim_server servers[2];
static sim_session sessions[LINES];
static int is_away[2];
static size_t n_dumps;

/* ---- a road without delays ---- */

static void
hang_up(uint32_t line)
{
    sim_session_fini(&sessions[line]);
    memset(&sessions[line], 0, sizeof sessions[line]);
}

static void
deliver(uint32_t line)
{
    sim_bytes *out = &sessions[line].out;
    while (sim_bytes_len(out) > 0 && w.engine.servers[line].link.state != MCP__LINK_CLOSED) {
        size_t fits, len = sim_bytes_len(out);
        uint8_t *room = mcp__drive_room(&w.engine, line, &fits);
        if (room == NULL)
            return;
        size_t part = len < fits ? len : fits;
        memcpy(room, out->block + out->start, part);
        sim_bytes_take(out, part);
        mcp__drive_received(&w.engine, line, part, w.now_ms);
    }
}

static void
carry(uint32_t line)
{
    uint32_t server = w.engine.servers[line].address;
    mcp__span spans[8];
    size_t n;
    while ((n = mcp__drive_output(&w.engine, line, spans, 8)) > 0) {
        size_t sent = 0;
        for (size_t i = 0; i < n; i++) {
            sim_bytes_put(&sessions[line].in, spans[i].bytes, spans[i].len);
            sent += spans[i].len;
        }
        mcp__drive_sent(&w.engine, line, sent);
    }
    sim_server_feed(&servers[server], &sessions[line], w.now_ms);
    deliver(line);
}

static void
grant(const mcp__wish *wish)
{
    uint32_t server = w.engine.servers[wish->server].address;
    if (wish->what & MCP__WISH_RESET)
        hang_up(wish->server);
    if (wish->what & MCP__WISH_OPEN) {
        n_dumps += wish->server == DUMPS;
        if (is_away[server])
            mcp__drive_broken(&w.engine, wish->server, ECONNREFUSED, "refused", w.now_ms);
        else
            mcp__drive_connected(&w.engine, wish->server, w.now_ms);
    }
    if ((wish->what & MCP__WISH_SEND) && !is_away[server])
        carry(wish->server);
}

static void
pump(void)
{
    mcp__wish wish;
    for (int rounds = 0; mcp__drive_wish(&w.engine, &wish); rounds++) {
        ck_assert_int_lt(rounds, 100000);
        grant(&wish);
    }
    for (uint32_t line = 0; line < LINES; line++) /* what found no room before */
        deliver(line);
}

/* Time goes on by `ms`; whatever can be done is done. */
static void
pass(int64_t ms)
{
    w.now_ms += ms;
    mcp__drive_time(&w.engine, w.now_ms);
    for (int i = 0; i < 4; i++) {
        mcp__chores_run(&w.engine);
        pump();
    }
}

/* One call, which may fail. */
static mcp_status
call(mcp_verb verb, const char *key, const char *value)
{
    w.request.key = key;
    w.request.key_len = strlen(key);
    w.request.value = value;
    w.request.value_len = value != NULL ? strlen(value) : 0;
    mcp__task *task = world_ask(verb);
    pump();
    for (int i = 0; i < 100 && !task->is_finished; i++)
        pass(10);
    return world_result(task).status;
}

/* ---- servers ---- */

static int
has(uint32_t server, const char *key, const char *value)
{
    const sim_item *item = sim_server_find(&servers[server], key, strlen(key), w.now_ms);
    if (value == NULL)
        return item == NULL;
    return item != NULL && item->len == strlen(value) && memcmp(item->value, value, item->len) == 0;
}

static int
has_any_mark(uint32_t server)
{
    const sim_item *item = sim_server_find(&servers[server], "mcp:s", 5, w.now_ms);
    return item != NULL && item->len > 0;
}

static void
go_away(uint32_t server)
{
    is_away[server] = 1;
    hang_up(server);
    mcp__drive_broken(&w.engine, server, ECONNRESET, "gone", w.now_ms);
    pump();
}

/* It is back, with what it had, or empty; and its next probe finds it. */
static void
come_back(uint32_t server, int is_empty)
{
    is_away[server] = 0;
    if (is_empty)
        sim_server_restart(&servers[server], w.now_ms);
    for (int i = 0; i < 100 && world_state(server) != MCP_STATE_UP; i++)
        pass(500);
    ck_assert_int_eq(world_state(server), MCP_STATE_UP);
}

static void
begin(int repairs, int resyncs)
{
    world_defaults();
    world_keep_record();
    w.settings.repairs = repairs;
    w.settings.resyncs = resyncs;
    w.engine.unix_now = SIM_UNIX_START;
    world_begin(1, 1);
    n_dumps = 0;
    for (uint32_t s = 0; s < 2; s++) {
        is_away[s] = 0;
        sim_server_init(&servers[s], s, w.now_ms);
    }
    w.now_ms += 60000; /* the servers are older than what will be said of them */
    ck_assert_int_eq(call(MCP_SET, "first", "1"), MCP_OK);
    w.now_ms += 60000;
}

static void
finish(void)
{
    mcp__drive_abandon(&w.engine, w.now_ms);
    mcp__chores_end(&w.engine);
    for (uint32_t line = 0; line < LINES; line++)
        hang_up(line);
    for (uint32_t s = 0; s < 2; s++)
        sim_server_fini(&servers[s]);
    world_end();
}

/* The primary misses a change of "old", a new key, and a delete. */
static void
miss_some(void)
{
    ck_assert_int_eq(call(MCP_SET, "old", "before"), MCP_OK);
    ck_assert_int_eq(call(MCP_SET, "gone", "before"), MCP_OK);
    go_away(P);
    ck_assert_int_eq(call(MCP_SET, "old", "after"), MCP_OK);
    ck_assert_int_eq(call(MCP_SET, "new", "after"), MCP_OK);
    ck_assert_int_eq(call(MCP_DELETE, "gone", NULL), MCP_OK);
    ck_assert(has_any_mark(B));
    ck_assert(has(P, "old", "before") && has(P, "gone", "before"));
}

static int
is_right(void)
{
    return has(P, "old", "after") && has(P, "new", "after") && has(P, "gone", NULL) &&
           !has_any_mark(B);
}

static mcp_progress
progress_of(uint32_t server)
{
    mcp_progress progress = {.size = sizeof progress};
    mcp__chores_progress(&w.engine, server, &progress);
    return progress;
}

/* ---- repair ---- */

START_TEST(a_repair_by_itself)
{
    begin(1, 1);
    miss_some();
    ck_assert(!mcp__chores_are_flying(&w.engine));
    come_back(P, 0);
    int seen = 0;
    for (int i = 0; i < 200 && !is_right(); i++) {
        mcp_progress progress = progress_of(P);
        seen |=
            progress.job == MCP_JOB_REPAIR && progress.partner == B && progress.phase[0] != '\0';
        ck_assert_uint_le(w.engine.n_jobs, 1);
        pass(20);
    }
    ck_assert(is_right());
    ck_assert(seen);
    ck_assert_uint_eq(w.engine.servers[P].tally.repaired, 3);
    for (int i = 0; i < 100; i++)
        pass(20);
    ck_assert_int_eq(w.engine.servers[P].missed_on, -1);
    ck_assert_int_eq(progress_of(P).job, MCP_JOB_NONE);
    ck_assert_int_eq(call(MCP_GET, "old", NULL), MCP_OK);
    finish();
}
END_TEST

/* Not before H has passed since the mark was first seen. */
START_TEST(a_repair_waits_for_the_hold)
{
    begin(1, 1);
    miss_some();
    int64_t marked_ms = w.now_ms;
    is_away[P] = 0;
    pass(300);
    while (w.now_ms - marked_ms < 690) {
        pass(5);
        ck_assert(has(P, "old", "before"));
    }
    for (int i = 0; i < 100 && !is_right(); i++)
        pass(20);
    ck_assert(is_right());
    finish();
}
END_TEST

START_TEST(a_repair_only_when_it_is_wanted)
{
    begin(0, 0);
    miss_some();
    ck_assert_int_eq(mcp__chores_want(&w.engine, P, MCP_JOB_REPAIR, 0), MCP_NO_SERVER);
    mcp__chores_unwant(&w.engine, P);
    come_back(P, 0);
    for (int i = 0; i < 200; i++)
        pass(20);
    ck_assert(has(P, "old", "before") && has_any_mark(B));
    ck_assert_uint_eq(w.engine.n_jobs, 0);
    mcp_status status = MCP_NOT_FOUND;
    for (int i = 0; i < 400 && status == MCP_NOT_FOUND; i++) {
        status = mcp__chores_want(&w.engine, P, MCP_JOB_REPAIR, 0);
        pass(20);
    }
    ck_assert_int_eq(status, MCP_OK);
    ck_assert(is_right());
    finish();
}
END_TEST

START_TEST(nothing_to_repair)
{
    begin(1, 1);
    ck_assert_int_eq(mcp__chores_want(&w.engine, P, MCP_JOB_REPAIR, 0), MCP_OK);
    ck_assert_int_eq(mcp__chores_want(&w.engine, B, MCP_JOB_REPAIR, 0), MCP_OK);
    pass(20);
    ck_assert_uint_eq(w.engine.n_jobs, 0);
    finish();
}
END_TEST

/* The witness goes in the middle, whenever that is, and comes back. */
START_TEST(a_repair_that_is_interrupted)
{
    for (int at = 0; at < 60; at += 3) {
        begin(1, 1);
        miss_some();
        come_back(P, 0);
        for (int i = 0; i < at; i++)
            pass(20);
        go_away(B);
        for (int i = 0; i < 20; i++)
            pass(50);
        come_back(B, 0);
        for (int i = 0; i < 400 && !is_right(); i++)
            pass(20);
        ck_assert_msg(is_right(), "interrupted after %d ms: never finished", at * 20);
        finish();
    }
}
END_TEST

/* ---- resync ---- */

static void
fill_both(int n)
{
    char key[16];
    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof key, "key%d", i);
        ck_assert_int_eq(call(MCP_SET, key, key), MCP_OK);
    }
}

static int
has_all(uint32_t server, int n)
{
    char key[16];
    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof key, "key%d", i);
        if (!has(server, key, key))
            return 0;
    }
    return 1;
}

static void
restart(uint32_t server)
{
    w.now_ms += 60000;
    go_away(server);
    w.now_ms += 60000;
    is_away[server] = 0;
    sim_server_restart(&servers[server], w.now_ms);
    (void)call(MCP_TOUCH, "none", NULL); /* finds the connection gone, and makes another one */
    ck_assert_int_eq(w.engine.servers[server].ledger.epoch, MCP__EPOCH_WARMING);
}

START_TEST(a_resync_by_itself)
{
    begin(1, 1);
    fill_both(200);
    restart(P);
    int seen = 0;
    for (int i = 0; i < 500 && w.engine.servers[P].ledger.epoch != MCP__EPOCH_READY; i++) {
        seen |= progress_of(P).job == MCP_JOB_RESYNC;
        pass(20);
    }
    ck_assert(seen);
    ck_assert(has_all(P, 200));
    ck_assert(sim_server_find(&servers[P], "mcp:e", 5, w.now_ms) != NULL);
    ck_assert_int_eq(sim_server_find(&servers[P], "mcp:e", 5, w.now_ms)->value[0], 'R');
    ck_assert_uint_ge(w.engine.servers[P].tally.refilled, 200);
    ck_assert_uint_ge(n_dumps, 1);
    finish();
}
END_TEST

START_TEST(a_resync_only_when_it_is_wanted)
{
    begin(0, 0);
    fill_both(50);
    restart(P);
    for (int i = 0; i < 100; i++)
        pass(20);
    ck_assert_uint_eq(w.engine.n_jobs + n_dumps, 0);
    ck_assert_int_eq(w.engine.servers[P].ledger.epoch, MCP__EPOCH_WARMING);
    ck_assert_int_eq(call(MCP_GET, "key7", NULL), MCP_OK); /* by use */
    ck_assert(has(P, "key7", "key7") && has(P, "key8", NULL));
    mcp_status status = MCP_NOT_FOUND;
    for (int i = 0; i < 400 && status == MCP_NOT_FOUND; i++) {
        status = mcp__chores_want(&w.engine, P, MCP_JOB_RESYNC, 0);
        pass(20);
    }
    ck_assert_int_eq(status, MCP_OK);
    ck_assert(has_all(P, 50));
    finish();
}
END_TEST

/* It has begun by itself, at the options' pace: whoever asks for it by hand has it at his own. */
START_TEST(a_resync_that_is_hastened)
{
    begin(1, 1);
    fill_both(200);
    w.engine.settings.resync_rate = 10;
    restart(P);
    for (int i = 0; i < 50; i++)
        pass(20);
    ck_assert_int_eq(progress_of(P).job, MCP_JOB_RESYNC);
    ck_assert_uint_gt(progress_of(P).done, 0);
    ck_assert_uint_lt(progress_of(P).done, 20);
    mcp_status status = MCP_NOT_FOUND;
    for (int i = 0; i < 50 && status == MCP_NOT_FOUND; i++) {
        status = mcp__chores_want(&w.engine, P, MCP_JOB_RESYNC, 0);
        pass(20);
    }
    ck_assert_int_eq(status, MCP_OK);
    ck_assert(has_all(P, 200));
    finish();
}
END_TEST

/* Somebody else dumps the source: later again. */
START_TEST(a_source_that_is_busy)
{
    begin(1, 1);
    fill_both(20);
    servers[B].is_dumping = 1;
    restart(P);
    for (int i = 0; i < 100; i++)
        pass(20);
    ck_assert(!has_all(P, 20));
    servers[B].is_dumping = 0;
    for (int i = 0; i < 1000 && !has_all(P, 20); i++)
        pass(20);
    ck_assert(has_all(P, 20));
    finish();
}
END_TEST

/* Both came back empty: there is nothing to wait for. */
START_TEST(both_are_empty)
{
    begin(1, 1);
    fill_both(5);
    w.now_ms += 60000;
    go_away(P);
    go_away(B);
    w.now_ms += 60000;
    for (uint32_t s = 0; s < 2; s++) {
        is_away[s] = 0;
        sim_server_restart(&servers[s], w.now_ms);
    }
    for (int i = 0; i < 100; i++)
        pass(400);
    ck_assert_int_eq(w.engine.servers[P].ledger.epoch, MCP__EPOCH_READY);
    ck_assert_int_eq(w.engine.servers[B].ledger.epoch, MCP__EPOCH_READY);
    finish();
}
END_TEST

/* ---- ending ---- */

/* Broken off anywhere: nothing is left allocated (finish() looks), and the lock is given back. */
START_TEST(an_end_in_the_middle)
{
    for (int at = 0; at < 80; at += 2) {
        char lock[32];
        begin(1, 1);
        fill_both(30);
        miss_some();
        come_back(P, 0);
        for (int i = 0; i < at; i++)
            pass(20);
        mcp__chores_leave(&w.engine);
        pump();
        snprintf(lock, sizeof lock, "mcp:l:%08x", w.engine.servers[P].ledger.id8);
        ck_assert_msg(has(P, lock, NULL) && has(B, lock, NULL), "locked after %d ms", at * 20);
        mcp__chores_end(&w.engine);
        ck_assert_uint_eq(w.engine.n_jobs, 0);
        finish();
    }
}
END_TEST

/* Unwanted in the middle: what the options do not want either comes to an end. */
START_TEST(unwanted_in_the_middle)
{
    for (int at = 0; at < 60; at += 5) {
        begin(0, 0);
        fill_both(30);
        miss_some();
        come_back(P, 0);
        ck_assert_int_eq(mcp__chores_want(&w.engine, P, MCP_JOB_REPAIR, 0), MCP_NOT_FOUND);
        for (int i = 0; i < at; i++)
            pass(20);
        mcp__chores_unwant(&w.engine, P);
        for (int i = 0; i < 300; i++)
            pass(20);
        ck_assert_uint_eq(w.engine.n_jobs, 0);
        finish();
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("chores");
    TCase *all = tcase_create("chores");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_repair_by_itself);
    tcase_add_test(all, a_repair_waits_for_the_hold);
    tcase_add_test(all, a_repair_only_when_it_is_wanted);
    tcase_add_test(all, nothing_to_repair);
    tcase_add_test(all, a_repair_that_is_interrupted);
    tcase_add_test(all, a_resync_by_itself);
    tcase_add_test(all, a_resync_only_when_it_is_wanted);
    tcase_add_test(all, a_resync_that_is_hastened);
    tcase_add_test(all, a_source_that_is_busy);
    tcase_add_test(all, both_are_empty);
    tcase_add_test(all, an_end_in_the_middle);
    tcase_add_test(all, unwanted_in_the_middle);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole engine, with servers that say anything at any time. Whatever they say:
 *
 *     each operation is answered once, and by its deadline
 *     a value that is handed out was said, for that key, as the answer that was due
 *     what is sent is command lines; nothing is left when the engine ends
 *
 * The input is a row of decisions, see act().
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/chores.h"
#include "engine/drive.h"
#include "fuzz/hostile.h"

#define N_PRIMARIES 2
#define N_BACKUPS 1
#define N_LINES (N_PRIMARIES + N_BACKUPS + 1)
#define OPEN_MAX_OPS 12
#define ACTIONS_MAX 600
#define ROUNDS_MAX 3000

const char fuzz_name[] = "engine";
const unsigned fuzz_rounds = 60000;
const char *const fuzz_words[] = {"\r\n",          "VA 3 ",        "HD",           "EN\r\n",
                                  "SERVER_ERROR ", "\x01\x01\x01", "\x03\x03\x03", NULL};

typedef struct asked {
    mcp__task *task; /* NULL: free */
    mcp_request request;
    char key[16];
    int64_t deadline_ms;
} asked;

static struct {
    mcp__engine engine;
    mcp__server_spec specs[N_PRIMARIES + N_BACKUPS];
    mcp__pairing *pairing;
    hostile peers[N_LINES];
    asked open[OPEN_MAX_OPS];
    fuzz_feed feed;
    int64_t now_ms;
    size_t n_asked, n_told;
} w;

static const char large[3000];

/* ---- operations ---- */

static void
submit(void)
{
    asked *a = w.open;
    while (a < w.open + OPEN_MAX_OPS && a->task != NULL)
        a++;
    uint8_t shape = fuzz_byte(&w.feed);
    if (a == w.open + OPEN_MAX_OPS)
        return;
    a->request = (mcp_request)MCP_REQUEST_INIT;
    a->request.verb = (mcp_verb)(MCP_GET + fuzz_below(&w.feed, MCP_LEASE));
    snprintf(a->key, sizeof a->key, "%s%u", shape & 1 ? "one" : "two", shape >> 6);
    a->request.key = a->key;
    a->request.key_len = strlen(a->key);
    if (a->request.verb >= MCP_FLUSH && a->request.verb <= MCP_PING) {
        a->request.server = shape % (N_PRIMARIES + N_BACKUPS);
        a->request.key_len = 0;
    }
    a->request.value = large;
    a->request.value_len = 10;
    if (shape & 2)
        a->request.value_len = sizeof large;
    a->request.ttl = a->request.verb == MCP_LEASE ? 30 : shape & 4 ? 100 : 0;
    a->request.want = shape >> 3 & 3;
    a->request.delta = 1;
    a->request.with_initial = shape >> 5 & 1;
    a->deadline_ms = w.now_ms + 500;
    a->task = mcp__drive_submit(&w.engine, &a->request, 500, w.now_ms);
    FUZZ_NEED(a->task != NULL);
    w.n_asked++;
}

static void
take_finished(mcp__task *task)
{
    mcp_result result = MCP_RESULT_INIT;
    asked *a = w.open;
    while (a < w.open + OPEN_MAX_OPS && a->task != task)
        a++;
    FUZZ_NEED(a < w.open + OPEN_MAX_OPS);
    mcp__drive_result(task, &result);
    mcp_verb verb = a->request.verb;
    FUZZ_NEED(strcmp(mcp_strstatus(result.status), "unknown status") != 0);
    FUZZ_NEED(result.value_len == 0 || result.status == MCP_OK);
    if (result.status == MCP_OK && result.value_len > 0 &&
        (verb == MCP_GET || verb == MCP_GAT || verb == MCP_LEASE))
        FUZZ_NEED(hostile_is_right_value(a->key, result.value, result.value_len));
    FUZZ_NEED(result.status != MCP_OK || result.server >= 0);
    a->task = NULL;
    w.n_told++;
    mcp__drive_release(&w.engine, task);
}

/* ---- the driver ---- */

static void
send_all(uint32_t line)
{
    mcp__span spans[4];
    size_t n;
    while (w.peers[line].is_open && (n = mcp__drive_output(&w.engine, line, spans, 4)) > 0) {
        size_t len = 0;
        for (size_t i = 0; i < n; i++) {
            hostile_hear(&w.peers[line], spans[i].bytes, spans[i].len);
            len += spans[i].len;
        }
        mcp__drive_sent(&w.engine, line, len);
    }
}

static void
lose(uint32_t line, int os_error)
{
    hostile_forget(&w.peers[line]);
    mcp__drive_broken(&w.engine, line, os_error, "lost", w.now_ms);
}

static void
carry_out(const mcp__wish *wish)
{
    hostile *peer = &w.peers[wish->server];
    if (wish->what & MCP__WISH_RESET)
        hostile_forget(peer);
    if (wish->what & MCP__WISH_OPEN) {
        FUZZ_NEED(!peer->is_open && !peer->is_asked);
        peer->is_asked = 1;
    }
    if (wish->what & MCP__WISH_SEND)
        send_all(wish->server);
}

static void
pump(void)
{
    for (int round = 0;; round++) {
        mcp__wish wish;
        mcp__task *task;
        FUZZ_NEED(round < ROUNDS_MAX);
        if (mcp__drive_wish(&w.engine, &wish))
            carry_out(&wish);
        else if ((task = mcp__drive_finished(&w.engine)) != NULL)
            take_finished(task);
        else
            break;
    }
    for (size_t i = 0; i < OPEN_MAX_OPS; i++)
        FUZZ_NEED(w.open[i].task == NULL || w.now_ms <= w.open[i].deadline_ms + 1);
}

static void
run_chores(void)
{
    w.engine.now_ms = w.now_ms;
    if (mcp__chores_any(&w.engine))
        mcp__chores_run(&w.engine);
}

/* At most `max` bytes of what a server has said. */
static void
receive(uint32_t line, size_t max)
{
    hostile *peer = &w.peers[line];
    pump(); /* no value handed out stands there any more */
    size_t fits, len = sim_bytes_len(&peer->out);
    if (!peer->is_open || len == 0)
        return;
    uint8_t *room = mcp__drive_room(&w.engine, line, &fits);
    FUZZ_NEED(room != NULL && fits > 0);
    len = len < fits ? len : fits;
    len = len < max ? len : max;
    memcpy(room, peer->out.block + peer->out.start, len);
    sim_bytes_take(&peer->out, len);
    mcp__drive_received(&w.engine, line, len, w.now_ms);
}

static void
pass(int64_t ms)
{
    int64_t end = w.now_ms + ms;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        int64_t next = mcp__drive_next_time(&w.engine);
        w.now_ms = next > w.now_ms && next < end ? next : next <= w.now_ms ? w.now_ms : end;
        mcp__drive_time(&w.engine, w.now_ms);
        FUZZ_NEED(mcp__drive_next_time(&w.engine) > w.now_ms);
        pump();
        if (w.now_ms == end)
            return;
    }
    FUZZ_NEED(w.now_ms == end);
}

/* ---- what happens ---- */

static void
outcome(uint32_t line, uint8_t way)
{
    hostile *peer = &w.peers[line];
    if (!peer->is_asked)
        return;
    peer->is_asked = 0;
    if (way & 1) {
        lose(line, way & 2 ? ECONNREFUSED : EMFILE);
        return;
    }
    if (way & 2 && way & 4) {
        mcp__drive_nameless(&w.engine, line, "no such name", w.now_ms);
        return;
    }
    peer->is_open = 1;
    mcp__drive_connected(&w.engine, line, w.now_ms);
}

/* A server that answers as it should, to all that it was asked. */
static void
serve(uint32_t line)
{
    outcome(line, 0);
    pump();
    for (int i = 0; i < 8; i++) {
        while (w.peers[line].is_open && hostile_answer(&w.peers[line], HOSTILE_RIGHT, &w.feed))
            receive(line, SIZE_MAX);
    }
    pump();
}

static void
speak(uint32_t line, uint8_t way)
{
    const uint8_t *bytes;
    if (w.peers[line].is_open && way < HOSTILE_N_WAYS) {
        hostile_answer(&w.peers[line], (hostile_way)way, &w.feed);
    } else if (w.peers[line].is_open) {
        size_t len = fuzz_bytes(&w.feed, way & 63, &bytes);
        hostile_say(&w.peers[line], bytes, len);
    }
}

static void
act(void)
{
    static const int errors[] = {0, ECONNRESET, EPIPE, ENOBUFS};
    uint8_t action = fuzz_byte(&w.feed), detail = fuzz_byte(&w.feed);
    uint32_t line = detail % w.engine.n_lines;
    switch (action % 12) {
    case 0:
    case 1:
        submit();
        break;
    case 2:
    case 3:
        serve(line);
        break;
    case 4:
        outcome(line, detail >> 2);
        break;
    case 5:
    case 6:
        speak(line, detail >> 3);
        break;
    case 7:
        speak(line, fuzz_byte(&w.feed) | 8);
        break;
    case 8:
        receive(line, detail & 0x80 ? (size_t)(1 + (detail >> 2 & 15)) : SIZE_MAX);
        break;
    case 9:
        if (w.peers[line].is_open)
            lose(line, errors[detail >> 6]);
        break;
    case 10:
        pass(detail & 1 ? detail : 1 + (detail >> 4));
        break;
    default:
        run_chores();
        break;
    }
    pump();
}

/* ---- a life ---- */

static void
begin(void)
{
    static const mcp__place_spec place = {MCP__MODULA, MCP__HASH_DEFAULT, {0, 0}};
    static const char *const names[] = {"s0:1", "s1:1", "s2:1"};
    mcp__err err;
    uint8_t shape = fuzz_byte(&w.feed);
    mcp__settings settings = {.timeout_ms = 500,
                              .health = {300, 30000, 3},
                              .value_max = 10000,
                              .mirrors_writes = shape >> 7,
                              .has_backup_list = 1,
                              .repairs = 1,
                              .resyncs = 1,
                              .resync_rate = 1000};
    settings.promise = (mcp__promise){.keeps_record = shape >> 6 & 1,
                                      .is_strict = shape >> 5 & 1,
                                      .verifies = shape >> 4 & 1,
                                      .waits_for_mirror = shape >> 3 & 1,
                                      .is_shared = shape >> 2 & 1,
                                      .refuses_cut_off = shape >> 1 & 1,
                                      .refuses_skew = shape & 1,
                                      .view_interval_ms = 200,
                                      .view_life_ms = 200,
                                      .hold_ms = 700,
                                      .config8 = 0x00c0ffee,
                                      .prefix = {"mcp:", 4}};
    if (!settings.mirrors_writes)
        settings.promise.keeps_record = 0;
    for (size_t i = 0; i < N_PRIMARIES + N_BACKUPS; i++)
        w.specs[i] = (mcp__server_spec){names[i], names[i], names[i], 1, 0, 1};
    const mcp__mem *mem = fuzz_memory();
    w.pairing =
        mcp__pairing_new(mem, &place, MCP__MIRROR_BACKUP, w.specs, N_PRIMARIES, N_BACKUPS, &err);
    FUZZ_NEED(w.pairing != NULL);
    FUZZ_NEED(mcp__pool_init(&w.engine, mem, &settings, w.specs, N_PRIMARIES, N_BACKUPS, w.pairing,
                             "", 12345, w.now_ms) == MCP_OK);
    FUZZ_NEED(w.engine.n_lines <= N_LINES);
    w.engine.unix_now = 1767225600;
}

static void
end(void)
{
    pass(1000);
    FUZZ_NEED(w.n_told == w.n_asked);
    mcp__drive_abandon(&w.engine, w.now_ms);
    mcp__chores_end(&w.engine);
    mcp__pool_fini(&w.engine);
    mcp__pairing_free(w.pairing);
    for (size_t i = 0; i < N_LINES; i++) {
        sim_bytes_free(&w.peers[i].in);
        sim_bytes_free(&w.peers[i].out);
    }
    fuzz_memory_end();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    memset(&w, 0, sizeof w);
    w.feed = fuzz_feed_of(bytes, len);
    w.now_ms = 1000000;
    begin();
    for (int i = 0; i < ACTIONS_MAX && w.feed.at < w.feed.end; i++)
        act();
    end();
    return 0;
}

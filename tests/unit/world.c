/* SPDX-License-Identifier: BSD-3-Clause */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place/pairing.h"

#define MOST_SERVERS 8
#define MOST_OPAQUES 512

world w;

static mcp__server_spec specs[MOST_SERVERS];
static char server_names[MOST_SERVERS][32];
static mcp__pairing *pairing;
static mcp__mem system_memory;

/* The opaques sent to each server and not yet used for an answer. */
static struct {
    char text[MOST_OPAQUES][9];
    size_t first, end;
} opaques[MOST_SERVERS];

void
world_defaults(void)
{
    memset(&w, 0, sizeof w);
    memset(opaques, 0, sizeof opaques);
    w.settings = (mcp__settings){
        .timeout_ms = 500, .health = {300, 30000, 3}, .value_max = 1048576, .mirrors_writes = 1};
    w.settings.dialect = MCP__DIALECT_META; /* others have tests of their own */
    w.settings.promise.waits_for_mirror = 1;
    w.request = (mcp_request)MCP_REQUEST_INIT;
    w.request.key = "k";
    w.request.key_len = 1;
    w.now_ms = 1000000;
    supply_init(&w.memory);
}

void
world_keep_record(void)
{
    w.settings.has_backup_list = 1;
    w.settings.promise = (mcp__promise){.keeps_record = 1,
                                        .waits_for_mirror = 1,
                                        .view_interval_ms = 200,
                                        .view_life_ms = 200,
                                        .hold_ms = 700,
                                        .config8 = 0x00c0ffee,
                                        .prefix = {"mcp:", 4}};
}

mcp_status
world_try_begin(size_t n_primaries, size_t n_backups)
{
    static const mcp__place_spec place = {MCP__NATIVE, MCP__HASH_DEFAULT, {0, 0}};
    mcp__err err;
    for (size_t i = 0; i < n_primaries + n_backups; i++) {
        snprintf(server_names[i], sizeof server_names[i], "s%zu:11211", i);
        specs[i] =
            (mcp__server_spec){server_names[i], server_names[i], server_names[i], 11211, 0, 1};
    }
    system_memory = mcp__mem_system();
    pairing = mcp__pairing_new(&system_memory, &place,
                               n_backups > 0 ? MCP__MIRROR_BACKUP : MCP__MIRROR_OFF, specs,
                               n_primaries, n_backups, &err);
    ck_assert_ptr_nonnull(pairing);
    mcp_status status = mcp__pool_init(&w.engine, &w.memory.mem, &w.settings, specs, n_primaries,
                                       n_backups, pairing, "", 12345, w.now_ms);
    if (status != MCP_OK)
        mcp__pairing_free(pairing);
    return status;
}

void
world_begin(size_t n_primaries, size_t n_backups)
{
    ck_assert_int_eq(world_try_begin(n_primaries, n_backups), MCP_OK);
}

void
world_end(void)
{
    mcp__pool_fini(&w.engine);
    mcp__pairing_free(pairing);
    ck_assert_uint_eq(w.memory.n_live, 0);
}

mcp__task *
world_ask(mcp_verb verb)
{
    w.request.verb = verb;
    return mcp__drive_submit(&w.engine, &w.request, w.settings.timeout_ms, w.now_ms);
}

const char *
world_wishes(void)
{
    static const char *const words[] = {"reset", "open", "send", "look"};
    static char text[512];
    mcp__wish wish;
    size_t used = 0;
    text[0] = '\0';
    while (mcp__drive_wish(&w.engine, &wish)) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%u:", used > 0 ? " " : "",
                                 wish.server);
        const char *plus = "";
        for (int i = 0; i < 4; i++) {
            if (wish.what & 1 << i) {
                used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", plus, words[i]);
                plus = "+";
            }
        }
    }
    return text;
}

/* Remembers the opaques in what was sent and shows them as '@'. */
static void
note_opaques(uint32_t server, char *text)
{
    char *from = text, *to = text;
    while (*from != '\0') {
        if (strncmp(from, " O", 2) == 0 && strlen(from) >= 10) {
            size_t end = opaques[server].end++ % MOST_OPAQUES;
            memcpy(opaques[server].text[end], from + 2, 8);
            memcpy(to, " O@", 3);
            to += 3;
            from += 10;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

const char *
world_sent(uint32_t server)
{
    static char text[65536];
    mcp__span spans[8];
    size_t used = 0, n;
    while ((n = mcp__drive_output(&w.engine, server, spans, 8)) > 0) {
        size_t before = used;
        for (size_t i = 0; i < n; i++) {
            ck_assert_uint_lt(used + spans[i].len, sizeof text);
            memcpy(text + used, spans[i].bytes, spans[i].len);
            used += spans[i].len;
        }
        mcp__drive_sent(&w.engine, server, used - before);
    }
    text[used] = '\0';
    note_opaques(server, text);
    return text;
}

void
world_send_part(uint32_t server, size_t len)
{
    mcp__span span;
    ck_assert_uint_eq(mcp__drive_output(&w.engine, server, &span, 1), 1);
    ck_assert_uint_le(len, span.len);
    mcp__drive_sent(&w.engine, server, len);
}

void
world_say_bytes(uint32_t server, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    while (len > 0) {
        size_t fits;
        uint8_t *room = mcp__drive_room(&w.engine, server, &fits);
        if (room == NULL) { /* as the driver does it */
            world_break(server, ENOMEM);
            return;
        }
        size_t part = len < fits ? len : fits;
        memcpy(room, from, part);
        mcp__drive_received(&w.engine, server, part, w.now_ms);
        from += part;
        len -= part;
    }
}

/* With the opaques that the server was sent. */
static const char *
fill_in(uint32_t server, const char *text, size_t *len)
{
    static char said[65536];
    size_t used = 0;
    for (; *text != '\0'; text++) {
        ck_assert_uint_lt(used + 8, sizeof said);
        if (*text != '@') {
            said[used++] = *text;
            continue;
        }
        ck_assert_uint_lt(opaques[server].first, opaques[server].end);
        memcpy(said + used, opaques[server].text[opaques[server].first++ % MOST_OPAQUES], 8);
        used += 8;
    }
    *len = used;
    return said;
}

void
world_say(uint32_t server, const char *text)
{
    size_t len;
    const char *said = fill_in(server, text, &len);
    world_say_bytes(server, said, len);
}

void
world_refuse(uint32_t server, const char *text)
{
    ck_assert_uint_lt(opaques[server].first, opaques[server].end);
    opaques[server].first++;
    world_say_bytes(server, text, strlen(text));
}

void
world_whisper(uint32_t server, const char *text)
{
    size_t len, fits;
    const char *said = fill_in(server, text, &len);
    uint8_t *room = mcp__drive_room(&w.engine, server, &fits);
    ck_assert_ptr_nonnull(room);
    ck_assert_uint_le(len, fits);
    memcpy(room, said, len);
    mcp__link_received(&w.engine.servers[server].link, len);
}

static void
forget_opaques(uint32_t server)
{
    opaques[server].first = opaques[server].end = 0;
}

#define QUESTIONS "mg mcp:e O@ v f c\r\n" MARKS

void
world_open_saying(uint32_t server, const char *epoch, const char *marks)
{
    char number[48];
    forget_opaques(server);
    mcp__drive_connected(&w.engine, server, w.now_ms);
    int asks = w.settings.promise.keeps_record && server < w.engine.n_servers;
    /* Who has seen what numbers it gives wants to know how far it is. */
    uint64_t top_cas = w.engine.servers[server].top_cas;
    expect_sent(server, !asks          ? "version\r\n"
                        : top_cas == 0 ? "version\r\n" QUESTIONS
                                       : "version\r\n" QUESTIONS "ms mcp:n 0 O@ T1 c\r\n\r\n");
    world_say(server, "VERSION 1.6.18\r\n");
    if (asks) {
        ck_assert_int_eq(w.engine.servers[server].link.state, MCP__LINK_GREETING);
        world_say(server, epoch);
        world_say(server, marks);
        snprintf(number, sizeof number, "HD O@ c%llu\r\n", (unsigned long long)top_cas + 1);
        if (top_cas != 0)
            world_say(server, number);
    }
    ck_assert_int_eq(w.engine.servers[server].link.state, MCP__LINK_OPEN);
}

void
world_open(uint32_t server)
{
    world_open_saying(server, WORLD_EPOCH, WORLD_NOTHING);
}

void
world_open_plain_pair(void)
{
    world_defaults();
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_SET);
    expect_wishes("0:open 1:open");
    world_open(0);
    world_open(1);
    expect_wishes("0:send 1:send");
    expect_sent(0, "ms k 0 O@\r\n\r\n");
    expect_sent(1, "ms k 0 O@\r\n\r\n");
    world_say(0, "HD O@\r\n");
    expect_unfinished();
    world_say(1, "HD O@\r\n");
    mcp_result result = world_result(task);
    ck_assert_int_eq(result.status, MCP_OK);
    ck_assert_int_eq(result.primary, MCP_COPY_OK);
    ck_assert_int_eq(result.backup, MCP_COPY_OK);
    expect_wishes("");
}

void
world_open_pair(int verifies)
{
    world_defaults();
    world_keep_record();
    w.settings.promise.verifies = (uint8_t)verifies;
    world_begin(1, 1);
    mcp__task *task = world_ask(MCP_TOUCH);
    world_open(0);
    world_open(1);
    expect_sent(0, MARKS); /* the call's own question */
    expect_sent(1, MARKS);
    world_say(0, "EN O@\r\n");
    world_say(1, "EN O@\r\n");
    expect_sent(0, "mg k O@ T0\r\n");
    expect_sent(1, "mg k O@ T0\r\n");
    world_say(0, "HD O@\r\n");
    world_say(1, "HD O@\r\n");
    ck_assert_int_eq(world_result(task).status, MCP_OK);
    world_wishes();
}

uint32_t
id8_of(uint32_t server)
{
    return w.engine.servers[server].ledger.id8;
}

const char *
mark_of(uint32_t missed)
{
    static char text[100];
    snprintf(text, sizeof text, "VA 18 O@ f1 c9\r\n%08x=00000001;\r\n", id8_of(missed));
    return text;
}

void
world_break(uint32_t server, int os_error)
{
    forget_opaques(server);
    mcp__drive_broken(&w.engine, server, os_error,
                      os_error != 0 ? strerror(os_error) : "closed by the server", w.now_ms);
}

void
world_time(int64_t now_ms)
{
    ck_assert_int_ge(now_ms, w.now_ms);
    w.now_ms = now_ms;
    mcp__drive_time(&w.engine, now_ms);
}

mcp_result
world_result(mcp__task *task)
{
    static char value[65536];
    mcp_result result = MCP_RESULT_INIT;
    ck_assert_ptr_nonnull(task);
    ck_assert_ptr_eq(mcp__drive_finished(&w.engine), task);
    mcp__drive_result(task, &result);
    ck_assert_uint_lt(result.value_len, sizeof value);
    if (result.value_len > 0) {
        memcpy(value, result.value, result.value_len);
        result.value = value;
    }
    mcp__drive_release(&w.engine, task);
    return result;
}

void
expect_unfinished(void)
{
    ck_assert_ptr_null(mcp__drive_finished(&w.engine));
}

/* ---- servers that always answer ---- */

/* The answer to one command line; returns where the next begins. */
static const char *
serve_one(uint32_t server, const char *line)
{
    const char *next = strstr(line, "\r\n");
    ck_assert_ptr_nonnull(next);
    next += 2;
    if (strncmp(line, "version", 7) == 0) {
        world_say(server, "VERSION 1.6.18\r\n");
    } else if (strncmp(line, "ms ", 3) == 0) {
        next += strtoul(strchr(line + 3, ' '), NULL, 10) + 2;
        world_say(server, "HD O@\r\n");
    } else if (strncmp(line, "mg ", 3) == 0 && strstr(line, " v") != NULL &&
               strstr(line, " v") < next) {
        world_say(server, "VA 3 O@ f7 t-1\r\nabc\r\n");
    } else if (strncmp(line, "ma ", 3) == 0) {
        world_say(server, "VA 2 O@\r\n42\r\n");
    } else {
        world_say(server, "HD O@\r\n");
    }
    return next;
}

static void
serve(uint32_t server, void (*collect)(void))
{
    static char text[65536];
    snprintf(text, sizeof text, "%s", world_sent(server));
    for (const char *line = text; *line != '\0';) {
        if (w.engine.servers[server].link.state < MCP__LINK_GREETING)
            return; /* given up meanwhile */
        line = serve_one(server, line);
        collect();
    }
}

static void
grant(const mcp__wish *wish, void (*collect)(void))
{
    if (wish->what & MCP__WISH_RESET)
        forget_opaques(wish->server);
    if (wish->what & MCP__WISH_OPEN)
        mcp__drive_connected(&w.engine, wish->server, w.now_ms);
    if (wish->what & MCP__WISH_SEND)
        serve(wish->server, collect);
}

void
world_serve_all(void (*collect)(void))
{
    collect();
    for (int rounds = 0; w.engine.n_unfinished > 0; rounds++) {
        mcp__wish wish;
        ck_assert_int_lt(rounds, 1000);
        while (mcp__drive_wish(&w.engine, &wish))
            grant(&wish, collect);
        if (w.engine.n_unfinished > 0 && w.engine.first_wish == NULL) {
            ck_assert_int_ne(mcp__drive_next_time(&w.engine), MCP__TIMER_NEVER);
            int64_t next = mcp__drive_next_time(&w.engine);
            world_time(next > w.now_ms ? next : w.now_ms);
        }
        collect();
    }
}

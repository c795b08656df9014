/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * world: an engine without sockets, driven by hand. Servers are what the test says they are: what
 * the engine wants is read as text, what a server says is fed as text. An '@' stands for the opaque
 * of the oldest command that is not answered yet.
 */
#ifndef MCPROXY_TESTS_UNIT_WORLD_H
#define MCPROXY_TESTS_UNIT_WORLD_H

#include "engine/drive.h"
#include "support.h"

typedef struct world {
    mcp__engine engine;
    supply memory;
    mcp__settings settings; /* may be changed before world_begin() */
    mcp_request request;    /* what world_ask() asks; the key is "k" */
    int64_t now_ms;
} world;

extern world w;

/* Call first: fills in settings (timeout 500 ms, ...) and the request. */
void world_defaults(void);
/* Before world_begin(): pairs keep a record (V 200 ms, H 700 ms), without verification. */
void world_keep_record(void);
/* One pair (1, 1), or as many primaries and backups as wanted. */
void world_begin(size_t n_primaries, size_t n_backups);
/* MCP_NO_MEMORY is possible here. */
mcp_status world_try_begin(size_t n_primaries, size_t n_backups);
/* Frees it; nothing may be left. */
void world_end(void);

/* Submits w.request with this verb. */
mcp__task *world_ask(mcp_verb verb);

/* All wishes, as "0:reset+open 1:send"; "" when there are none. They are taken. */
const char *world_wishes(void);
#define expect_wishes(text) ck_assert_str_eq(world_wishes(), text)

/* What is to be sent to a server now, every opaque shown as '@'; it counts as sent. */
const char *world_sent(uint32_t server);
#define expect_sent(server, text) ck_assert_str_eq(world_sent(server), text)

/* Only the first `len` bytes of it are sent. */
void world_send_part(uint32_t server, size_t len);

/* A server speaks. */
void world_say(uint32_t server, const char *text);
/* An error as servers say it: without the opaque of what it answers. */
void world_refuse(uint32_t server, const char *text);
/* It speaks, and the engine is not told: the bytes stand in the link. */
void world_whisper(uint32_t server, const char *text);
void world_say_bytes(uint32_t server, const void *bytes, size_t len);

/* The connection that was wished for stands, and the server greets as memcached 1.6.18. Where pairs
 * keep a record it says that it is ready, and that nothing stands. */
void world_open(uint32_t server);
/* The same with other answers to the questions for its epoch and its marks. */
void world_open_saying(uint32_t server, const char *epoch, const char *marks);
#define WORLD_EPOCH "VA 25 O@ f1 c7\r\nR 17 900 00c0ffee 700 901\r\n"
#define WORLD_NOTHING "EN O@\r\n"

/* What a server is asked about its marks, and for the number of the key. */
#define MARKS "mg mcp:s O@ v f c\r\n"
#define PEEK "mg k O@ c\r\n"
/* id8 of a server. */
uint32_t id8_of(uint32_t server);
/* What a server answers about its marks when `missed` stands. */
const char *mark_of(uint32_t missed);

/* A pair without a record: both connections stand, and each has answered a set. */
void world_open_plain_pair(void);
/* A pair that keeps a record, whose connections stand and whose views are of now. */
void world_open_pair(int verifies);

void world_break(uint32_t server, int os_error);
void world_time(int64_t now_ms);

/* This task must be the next finished one: its result, with the value copied; it is released. */
mcp_result world_result(mcp__task *task);
/* None may be finished. */
void expect_unfinished(void);

static inline mcp_state
world_state(uint32_t server)
{
    return (mcp_state)w.engine.servers[server].health.state;
}

/*
 * Lets servers that always answer serve everything until nothing is unfinished: a get finds "abc",
 * everything else is done. `collect` is to fetch what has finished, as a driver has to before it
 * receives more.
 */
void world_serve_all(void (*collect)(void));

#endif

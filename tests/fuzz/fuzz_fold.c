/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection in the classic protocol: commands go out, any bytes come in, in one piece and byte
 * by byte. Both ways the same replies come to the same commands, in order, each of a kind that can
 * answer it, and nothing of what was remembered is left when all are answered.
 *
 * The input: how many commands, what they are, and what the server says.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "server/link.h"

#define COMMANDS_MAX 8
#define ANSWERS_MAX 64
#define VALUE_MAX 200

const char fuzz_name[] = "fold";
const unsigned fuzz_rounds = 60000;
const char *const fuzz_words[] = {"VALUE key 0 3 7\r\nabc\r\nEND\r\n",
                                  "VALUE key 7 3\r\nabc\r\nEND\r\n",
                                  "VALUE key 1835233356 0 9\r\n\r\nEND\r\n",
                                  "VALUE key 0 0\r\n\r\nEND\r\n",
                                  "END\r\n",
                                  "STORED\r\n",
                                  "NOT_STORED\r\n",
                                  "EXISTS\r\n",
                                  "NOT_FOUND\r\n",
                                  "DELETED\r\n",
                                  "TOUCHED\r\n",
                                  "18446744073709551615\r\n",
                                  "SERVER_ERROR x\r\n",
                                  "CLIENT_ERROR x\r\n",
                                  "ERROR\r\n",
                                  "VERSION 1\r\n",
                                  "OK\r\n",
                                  "\r\n",
                                  NULL};

typedef struct answer {
    mcp__link_answer what;
    int kind, asked;
    uint64_t cas, size;
    uint32_t flags;
    uint8_t lease;
    size_t value_len;
    uint64_t value_hash;
} answer;

typedef struct story {
    answer answers[ANSWERS_MAX];
    size_t n;
    int went_on; /* an answer led to another question */
} story;

typedef struct script {
    mcp__command commands[COMMANDS_MAX];
    size_t n;
    const uint8_t *said;
    size_t said_len;
    uint8_t is_proxy;
} script;

static void
draw(script *s, fuzz_feed *feed)
{
    s->is_proxy = fuzz_byte(feed) & 1;
    s->n = 1 + fuzz_below(feed, COMMANDS_MAX);
    for (size_t i = 0; i < s->n; i++) {
        uint8_t way = fuzz_byte(feed);
        mcp__command *command = &s->commands[i];
        *command = (mcp__command){
            .kind = (mcp__command_kind)(MCP__COMMAND_GET + fuzz_below(feed, MCP__COMMAND_FLUSH)),
            .key = {"key", 3},
            .want = way & 3,
            .with_initial = way >> 2 & 1,
            .unique = way >> 3 & 1,
            .opaque = UINT64_C(0x3030303030303030) + i,
        };
        if (command->kind == MCP__COMMAND_STATS)
            command->key.len = 0;
        if (mcp__command_has_value(command->kind))
            command->value = (mcp__span){"abc", 3};
    }
    s->said_len = fuzz_bytes(feed, 4096, &s->said);
}

static void
send_all(mcp__link *link)
{
    mcp__span spans[8];
    size_t n;
    while ((n = mcp__link_output(link, spans, 8)) > 0) {
        for (size_t i = 0; i < n; i++) {
            FUZZ_NEED(spans[i].len > 0);
            mcp__link_sent(link, spans[i].len);
        }
    }
}

static void
note(story *told, mcp__link_answer what, const mcp__pending *pending, const mcp__reply *reply)
{
    answer *a = &told->answers[told->n++];
    FUZZ_NEED(told->n < ANSWERS_MAX);
    memset(a, 0, sizeof *a);
    a->what = what;
    if (what != MCP__LINK_REPLY)
        return;
    FUZZ_NEED(mcp__meta_fits((mcp__command_kind)pending->kind, reply->kind));
    a->kind = (int)reply->kind;
    a->asked = pending->kind;
    a->cas = reply->cas;
    a->size = reply->size;
    a->flags = reply->flags;
    a->lease = reply->lease;
    a->value_len = reply->value.len;
    for (size_t i = 0; i < reply->value.len; i++)
        a->value_hash = a->value_hash * 31 + ((const uint8_t *)reply->value.bytes)[i];
}

/* 0: the connection is not to be used any more. */
static int
take(mcp__link *link, story *told)
{
    mcp__pending pending;
    mcp__reply reply;
    mcp__link_answer what;
    while ((what = mcp__link_next(link, &pending, &reply)) != MCP__LINK_NOTHING) {
        FUZZ_NEED(what != MCP__LINK_VERSION);
        note(told, what, &pending, &reply);
        if (what != MCP__LINK_REPLY || link->is_spoiled)
            return 0;
    }
    return 1;
}

static void
receive(mcp__link *link, const void *bytes, size_t len)
{
    size_t room_len;
    uint8_t *room = mcp__link_room(link, &room_len);
    FUZZ_NEED(room != NULL && room_len >= len);
    memcpy(room, bytes, len);
    mcp__link_received(link, len);
}

static void
greet(mcp__link *link, int is_proxy)
{
    static const char hello[] = "VERSION 1.6.18\r\nEND\r\n";
    mcp__pending pending;
    mcp__reply reply;
    mcp__link_speak(link, MCP__DIALECT_CLASSIC, 1);
    link->wants_plain = (uint8_t)is_proxy;
    FUZZ_NEED(mcp__link_connected(link) == 0);
    send_all(link);
    const char *said = is_proxy ? hello + 16 : hello;
    receive(link, said, strlen(said));
    FUZZ_NEED(mcp__link_next(link, &pending, &reply) == MCP__LINK_GREETED);
}

static void
live(const script *s, size_t piece, story *told)
{
    static int somebody;
    mcp__link link;
    mcp__pending pending;
    int is_good = 1;
    *told = (story){.n = 0};
    mcp__link_init(&link, fuzz_memory(), VALUE_MAX);
    greet(&link, s->is_proxy);
    for (size_t i = 0; i < s->n; i++)
        FUZZ_NEED(mcp__link_put(&link, &s->commands[i], &somebody, (uint8_t)(i & 1)) == 0);
    send_all(&link);
    uint64_t queued = link.queued;
    for (size_t at = 0; at < s->said_len && is_good; at += piece) {
        size_t left = s->said_len - at;
        receive(&link, s->said + at, left < piece ? left : piece);
        is_good = take(&link, told);
        send_all(&link);
    }
    told->went_on = link.queued != queued;
    FUZZ_NEED(link.pending_count > 0 || mcp__buf_len(&link.notes) == 0);
    while (mcp__link_drop(&link, &pending))
        FUZZ_NEED(pending.op == &somebody);
    FUZZ_NEED(mcp__buf_len(&link.notes) == 0);
    mcp__link_closed(&link);
    mcp__link_fini(&link);
    fuzz_memory_end();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    fuzz_feed feed = fuzz_feed_of(bytes, len);
    script s;
    static story whole, parts;
    draw(&s, &feed);
    live(&s, 4096, &whole);
    live(&s, 1, &parts);
    if (whole.went_on || parts.went_on)
        return 0; /* an answer to the next question must not be there before it has gone */
    /* Nonsense is noticed the earlier the more of it is there. */
    FUZZ_NEED(whole.n == parts.n);
    for (size_t i = 0; i < whole.n; i++)
        FUZZ_NEED(memcmp(&whole.answers[i], &parts.answers[i], sizeof whole.answers[i]) == 0);
    return 0;
}

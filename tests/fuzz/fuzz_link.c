/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection: commands go out, any bytes come in, in one piece and in arbitrary ones. Both ways
 * the same replies come to the same commands, in order, none of them twice, and none without its
 * opaque.
 *
 * The input: how much of what was put is sent, then the commands, then pieces of what the server
 * says: answers that are right, and bytes as they stand.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "server/link.h"
#include "sim/bytes.h"
#include "wire/token.h"

#define COMMANDS_MAX 12
#define ANSWERS_MAX 64
#define VALUE_MAX 200

const char fuzz_name[] = "link";
const unsigned fuzz_rounds = 100000;
const char *const fuzz_words[] = {"VERSION 1.6.18\r\n",
                                  "VERSION 1.6.12\r\n",
                                  "HD O00000001\r\n",
                                  "EN\r\n",
                                  "MN\r\n",
                                  "SERVER_ERROR x\r\n",
                                  "ERROR\r\n",
                                  "VA 3 O00000002 f0\r\nabc\r\n",
                                  "\r\n",
                                  NULL};

typedef struct answer {
    mcp__link_answer what;
    uint64_t opaque, cas, value_hash;
    int kind;
    uint32_t flags;
    size_t value_len;
} answer;

typedef struct story {
    answer answers[ANSWERS_MAX];
    size_t n;
} story;

typedef struct script {
    uint8_t kinds[COMMANDS_MAX];
    size_t n_commands;
    size_t unsent; /* bytes that stay behind */
    sim_bytes said;
} script;

static uint8_t
draw_kind(fuzz_feed *feed)
{
    return (uint8_t)(MCP__COMMAND_GET + fuzz_below(feed, MCP__COMMAND_STATS - MCP__COMMAND_GET));
}

/* The right answer to command `i`, or nearly: with more in it than memcached would say. */
static void
say_right(script *s, size_t i, uint8_t way)
{
    char text[128], opaque[MCP__OPAQUE_LEN + 1] = "";
    uint64_t word = mcp__token_opaque_at(i + 1);
    memcpy(opaque, &word, MCP__OPAQUE_LEN);
    switch (s->kinds[i]) {
    case MCP__COMMAND_PING:
        snprintf(text, sizeof text, "MN\r\n");
        break;
    case MCP__COMMAND_VERSION:
        snprintf(text, sizeof text, "VERSION 1\r\n");
        break;
    case MCP__COMMAND_GET:
    case MCP__COMMAND_GAT:
    case MCP__COMMAND_LEASE:
    case MCP__COMMAND_INCR:
    case MCP__COMMAND_DECR:
        snprintf(text, sizeof text,
                 way & 1 ? "VA 2 O%s f%u\r\n%02u\r\n" : "VA 2 O%s c%u\r\n%02u\r\n", opaque, way,
                 (unsigned)way % 100);
        break;
    default:
        snprintf(text, sizeof text, "HD O%s\r\n", opaque);
        break;
    }
    sim_bytes_text(&s->said, text);
}

static void
draw(script *s, fuzz_feed *feed)
{
    size_t next = 0;
    s->unsent = fuzz_byte(feed) & 1 ? fuzz_below(feed, 200) : 0;
    s->n_commands = fuzz_below(feed, COMMANDS_MAX + 1);
    for (size_t i = 0; i < s->n_commands; i++)
        s->kinds[i] = draw_kind(feed);
    if (fuzz_byte(feed) & 0x80)
        sim_bytes_text(&s->said, "VERSION 1.6.12\r\n");
    else
        sim_bytes_text(&s->said, "VERSION 1.6.18\r\n");
    while (feed->at < feed->end) {
        const uint8_t *bytes;
        uint8_t way = fuzz_byte(feed);
        if (way < 160 && next < s->n_commands) {
            say_right(s, next++, way);
            continue;
        }
        size_t len = fuzz_bytes(feed, way & 31, &bytes);
        sim_bytes_put(&s->said, bytes, len);
    }
}

static void
put_commands(mcp__link *link, const script *s)
{
    static int somebody;
    static const char value[1500];
    for (size_t i = 0; i < s->n_commands; i++) {
        mcp__command command = {.kind = (mcp__command_kind)s->kinds[i], .key = {"key", 3}};
        command.opaque = mcp__token_opaque_at(i + 1);
        if (mcp__command_has_value(command.kind))
            command.value = (mcp__span){value, i % 2 ? sizeof value : 5};
        FUZZ_NEED(mcp__link_put(link, &command, &somebody, (uint8_t)(i & 1)) == 0);
    }
}

static void
send_some(mcp__link *link, size_t unsent)
{
    mcp__span spans[8];
    size_t n, all = (size_t)(link->queued - link->sent), left = all > unsent ? all - unsent : 0;
    while (left > 0 && (n = mcp__link_output(link, spans, 8)) > 0) {
        size_t len = 0;
        for (size_t i = 0; i < n; i++)
            len += spans[i].len;
        FUZZ_NEED(len > 0);
        len = len < left ? len : left;
        mcp__link_sent(link, len);
        left -= len;
    }
    FUZZ_NEED(left == 0);
}

static void
note(story *told, mcp__link_answer what, const mcp__pending *pending, const mcp__reply *reply)
{
    answer *a = &told->answers[told->n++];
    FUZZ_NEED(told->n < ANSWERS_MAX);
    *a = (answer){.what = what};
    if (what != MCP__LINK_REPLY)
        return;
    *a = (answer){what,         pending->opaque, reply->cas, 0, (int)reply->kind,
                  reply->flags, reply->value.len};
    for (size_t i = 0; i < reply->value.len; i++)
        a->value_hash = a->value_hash * 31 + ((const uint8_t *)reply->value.bytes)[i];
}

/* Takes what stands there. 0: the connection is not to be used any more. */
static int
take(mcp__link *link, const script *s, size_t *n_done, story *told)
{
    mcp__pending pending;
    mcp__reply reply = {0};
    mcp__link_answer what;
    while ((what = mcp__link_next(link, &pending, &reply)) != MCP__LINK_NOTHING) {
        note(told, what, &pending, &reply);
        FUZZ_NEED(what != MCP__LINK_VERSION);
        if (what == MCP__LINK_WRONG_PEER || what == MCP__LINK_MISMATCH)
            return 0;
        if (what == MCP__LINK_GREETED) {
            FUZZ_NEED(link->state == MCP__LINK_OPEN);
            continue;
        }
        FUZZ_NEED(*n_done < s->n_commands && pending.kind == s->kinds[*n_done]);
        FUZZ_NEED(pending.opaque == mcp__token_opaque_at(++*n_done));
        FUZZ_NEED(mcp__meta_fits(pending.kind, reply.kind));
        int is_miss = reply.kind == MCP__REPLY_MISS || reply.kind == MCP__REPLY_NOT_FOUND;
        int is_old = is_miss && reply.opaque == 0 && !link->hello.echoes_misses;
        FUZZ_NEED(reply.kind >= MCP__REPLY_PONG || reply.opaque == pending.opaque || is_old);
        if (link->is_spoiled)
            return 0;
    }
    return 1;
}

typedef enum pieces { AS_ONE, BY_CUTS, BY_BYTES } pieces;

/* The greeting first, then the commands, then the rest; in pieces that `cuts` draws. */
static void
live(const script *s, pieces way, fuzz_feed cuts, story *told)
{
    mcp__link link;
    size_t n_done = 0, at = 0, all = sim_bytes_len(&s->said);
    int is_good = 1, was_put = 0;
    told->n = 0;
    mcp__link_init(&link, fuzz_memory(), VALUE_MAX);
    FUZZ_NEED(mcp__link_connected(&link) == 0);
    send_some(&link, 0);
    while (at < all && is_good) {
        size_t room_len, len = all - at;
        uint8_t *room = mcp__link_room(&link, &room_len);
        FUZZ_NEED(room != NULL && room_len > 0);
        if (!was_put && at < 16)
            len = 16 - at; /* no more than the version */
        if (way == BY_CUTS && cuts.at < cuts.end && len > 1)
            len = 1 + fuzz_below(&cuts, (uint32_t)len);
        else if (way == BY_BYTES)
            len = 1;
        if (len > room_len)
            len = room_len;
        memcpy(room, s->said.block + s->said.start + at, len);
        mcp__link_received(&link, len);
        at += len;
        is_good = take(&link, s, &n_done, told);
        if (is_good && !was_put && link.state == MCP__LINK_OPEN) {
            put_commands(&link, s);
            send_some(&link, s->unsent);
            was_put = 1;
        }
    }
    mcp__pending pending;
    while (mcp__link_drop(&link, &pending))
        FUZZ_NEED(pending.opaque == mcp__token_opaque_at(++n_done));
    FUZZ_NEED(n_done == (was_put ? s->n_commands : 0) && link.n_awaited == 0);
    mcp__link_closed(&link);
    mcp__link_fini(&link);
    fuzz_memory_end();
}

static int
is_same(const story *one, const story *other)
{
    size_t i = 0;
    for (; i < one->n && i < other->n; i++) {
        const answer *a = &one->answers[i], *b = &other->answers[i];
        if (a->what != b->what || a->opaque != b->opaque || a->cas != b->cas ||
            a->value_hash != b->value_hash || a->kind != b->kind || a->flags != b->flags ||
            a->value_len != b->value_len)
            return 0;
    }
    return i == one->n && i == other->n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static story whole, split;
    fuzz_feed feed = fuzz_feed_of(bytes, len), cuts = fuzz_feed_of(bytes, len);
    script s = {.n_commands = 0};
    draw(&s, &feed);
    live(&s, AS_ONE, cuts, &whole);
    live(&s, BY_CUTS, cuts, &split);
    FUZZ_NEED(is_same(&whole, &split));
    live(&s, BY_BYTES, cuts, &split);
    FUZZ_NEED(is_same(&whole, &split));
    sim_bytes_free(&s.said);
    return 0;
}

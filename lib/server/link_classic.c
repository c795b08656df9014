/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection to a server without the meta commands, or to a proxy: how it is found out that it is
 * one, and how requests go over it. */
#include "server/link.h"

#include <string.h>

#include "server/link_parts.h"
#include "wire/classic.h"

/* So long a peer that lacks something is greeted accordingly: at first, and at most. Who refuses a
 * flag has said so; who leaves has not, and as a proxy nobody would see that it came back empty. */
#define DOUBT_LEFT_MS 250
#define DOUBT_FLAG_MS 5000
#define DOUBT_MAX_MS 3600000

/* ---- finding out ---- */

mcp__greeting
mcp__link_greeting(const mcp__link *link)
{
    if (link->wants_plain)
        return MCP__GREETING_PLAIN;
    if (link->dialect == MCP__DIALECT_CLASSIC || link->wants_classic)
        return MCP__GREETING_CLASSIC;
    return link->dialect == MCP__DIALECT_AUTO && link->asks_first ? MCP__GREETING_META
                                                                  : MCP__GREETING_VERSION;
}

/* It holds a little longer each time, so that a proxy costs few connections and a mistake little.
 */
static void
doubt(mcp__link *link, int64_t first_ms, int64_t now_ms)
{
    int64_t length_ms = link->doubt_length_ms * 4;
    if (length_ms == 0 || now_ms - link->doubt_ms > DOUBT_MAX_MS)
        length_ms = first_ms;
    link->doubt_length_ms = length_ms < DOUBT_MAX_MS ? length_ms : DOUBT_MAX_MS;
#ifdef MCP_MUTANT_PROXY_FOR_EVER
    link->doubt_length_ms = INT64_MAX / 2 - now_ms;
#endif
    link->doubt_ms = now_ms + link->doubt_length_ms;
}

int
mcp__link_may_be_plain(mcp__link *link, int was_left, int64_t now_ms)
{
    if (link->dialect == MCP__DIALECT_META || link->state != MCP__LINK_GREETING)
        return 0;
    if (link->knew_meta) { /* more likely it has just been ended: only if it happens again */
        link->knew_meta = 0;
        return 0;
    }
    if (link->wants_plain) { /* what was plain already is begun anew next time */
        mcp__link_trust(link);
        return 0;
    }
    /* One that was just being ended leaves once, a proxy each time. Known ones are believed. */
    if (was_left && !link->has_left && link->doubt_length_ms == 0) {
        link->has_left = 1;
        return 1;
    }
    link->wants_plain = 1;
    doubt(link, DOUBT_LEFT_MS, now_ms);
    return 1;
}

static int
says(const mcp__reply *reply, const char *text)
{
    size_t len = strlen(text);
    return reply->value.len >= len && memcmp(reply->value.bytes, text, len) == 0;
}

int
mcp__link_may_be_classic(mcp__link *link, const mcp__reply *reply, int64_t now_ms)
{
    if (link->dialect != MCP__DIALECT_AUTO || link->is_classic ||
        reply->kind != MCP__REPLY_CLIENT_ERROR ||
        (!says(reply, "invalid flag") && !says(reply, "invalid or duplicate flag")))
        return 0;
    link->wants_classic = 1;
    doubt(link, DOUBT_FLAG_MS, now_ms);
    return 1;
}

void
mcp__link_turn_classic(mcp__link *link)
{
    if (link->is_classic)
        return;
    link->is_classic = 1;
    link->classic_from = link->queued;
}

void
mcp__link_hear_version(mcp__link *link)
{
    if (link->dialect == MCP__DIALECT_AUTO && !link->hello.has_meta)
        mcp__link_turn_classic(link);
    if (!link->is_classic)
        return;
    link->has_stubs = link->hello.has_meta;
    link->hello.has_meta = 0; /* not on this connection */
}

void
mcp__link_hear_error(mcp__link *link, const mcp__reply *reply)
{
    int is_unknown = reply->kind == MCP__REPLY_ERROR && reply->value.len == 0;
#ifdef MCP_MUTANT_VERSION_BELIEVED
    is_unknown = 0;
#endif
    if (link->dialect != MCP__DIALECT_AUTO || !is_unknown)
        return;
    link->hello.has_meta = 0;
    mcp__link_turn_classic(link);
}

static mcp__span
hello_key(const mcp__link *link, char out[MCP__HELLO_KEY_MAX])
{
    return (mcp__span){out, mcp__hello_key(out, &link->login)};
}

/* Any answer to "get" or "gat" is one, also an error line: of a proxy whose server is away. */
static ssize_t
parse_hello(const mcp__link *link, mcp__reply *reply)
{
    char text[MCP__HELLO_KEY_MAX];
    return mcp__classic_parse_value(mcp__buf_bytes(&link->in), mcp__buf_len(&link->in),
                                    hello_key(link, text), 0, link->value_max, reply);
}

static mcp__link_answer
taken(mcp__link *link, ssize_t used, mcp__reply *reply)
{
    if (used == MCP__PARSE_MORE)
        return MCP__LINK_NOTHING;
    if (used < 0)
        return mcp__link_not_protocol(link, reply);
    mcp__buf_take(&link->in, (size_t)used);
    return MCP__LINK_VERSION;
}

mcp__link_answer
mcp__link_take_probe(mcp__link *link, mcp__reply *reply)
{
    size_t wanted, len = mcp__buf_len(&link->in);
    ssize_t used;
    if (len == 0)
        return MCP__LINK_NOTHING;
    if (link->tries_gat) {
        used = parse_hello(link, reply);
        link->hello.has_gat =
            used > 0 && (reply->kind == MCP__REPLY_MISS || reply->kind == MCP__REPLY_VALUE);
    } else {
        used = mcp__meta_parse(mcp__buf_bytes(&link->in), len, link->value_max, reply, &wanted);
        if (used > 0 && reply->kind != MCP__REPLY_PONG && reply->kind != MCP__REPLY_ERROR)
            used = MCP__PARSE_BAD;
        if (used > 0)
            mcp__link_hear_error(link, reply);
    }
    mcp__link_answer answer = taken(link, used, reply);
    if (answer == MCP__LINK_VERSION)
        link->is_probing = 0;
    return answer;
}

mcp__link_answer
mcp__link_take_plain(mcp__link *link, mcp__reply *reply)
{
    if (mcp__buf_len(&link->in) == 0)
        return MCP__LINK_NOTHING;
    ssize_t used = parse_hello(link, reply);
    if (used > 0 && (reply->kind == MCP__REPLY_ERROR || reply->kind == MCP__REPLY_CLIENT_ERROR))
        return MCP__LINK_WRONG_PEER;
    mcp__link_answer answer = taken(link, used, reply);
    if (answer == MCP__LINK_VERSION) {
        link->hello = (mcp__hello){.version = ""};
        link->is_known = 1;
    }
    return answer;
}

/* ---- requests ---- */

static mcp__fold_peer
peer_of(const mcp__link *link)
{
    return (mcp__fold_peer){
        .has_gat = link->hello.has_gat,
        .has_meta = link->has_stubs && link->hello.has_gat,
        .lacks_version = link->is_plain || link->hello.version[0] == '\0',
        .prefix = link->login.prefix,
    };
}

int
mcp__link_can_classic(const mcp__link *link, const mcp__command *command)
{
    if (link->is_plain &&
        (command->kind == MCP__COMMAND_STATS || command->kind == MCP__COMMAND_FLUSH))
        return 0;
    if (!command->is_base64)
        return 1;
    /* A proxy may be one by mistake of ours, and then the key would have two names. */
    if (link->is_plain && link->dialect != MCP__DIALECT_CLASSIC)
        return 0;
    char key[MCP__KEY_MAX];
    mcp__fold_peer peer = peer_of(link);
    return mcp__fold_key(key, command, &peer) > 0;
}

static size_t
put_key(const mcp__link *link, const mcp__command *command, const mcp__fold_peer *peer,
        char out[MCP__KEY_MAX])
{
    if (command->kind == MCP__COMMAND_PING)
        return peer->lacks_version ? mcp__hello_key(out, &link->login) : 0;
    return mcp__fold_key(out, command, peer);
}

static int
put_note(mcp__link *link, const mcp__fold *fold, mcp__span key)
{
    uint8_t *room = mcp__buf_room(&link->notes, sizeof *fold + key.len);
    if (room == NULL)
        return -1;
    memcpy(room, fold, sizeof *fold);
    if (key.len > 0)
        memcpy(room + sizeof *fold, key.bytes, key.len);
    mcp__buf_filled(&link->notes, sizeof *fold + key.len);
    return 0;
}

void
mcp__link_forget(mcp__link *link)
{
    mcp__fold fold;
    memcpy(&fold, mcp__buf_bytes(&link->notes), sizeof fold);
    mcp__buf_take(&link->notes, sizeof fold + fold.key_len);
}

static void
queue(mcp__link *link, const mcp__pending *pending, int is_rider)
{
    *mcp__link_slot(link) = *pending;
    mcp__link_push(link, pending->is_awaited);
    if (!is_rider)
        link->due = link->queued;
}

int
mcp__link_ask_classic(mcp__link *link, const mcp__command *command, const mcp__asker *asker)
{
    char text[MCP__KEY_MAX];
    mcp__fold fold;
    mcp__fold_peer peer = peer_of(link);
    mcp__span key = {text, put_key(link, command, &peer, text)};
    int has_value = mcp__command_has_value(command->kind);
    size_t copied_len =
        has_value && command->value.len <= MCP__LINK_COPY_MAX ? command->value.len : 0;
    uint8_t *room =
        mcp__link_prepare(link, MCP__FOLD_HEAD_MAX + copied_len + 2 + MCP__FOLD_TAIL_MAX,
                          has_value && command->value.len > copied_len);
    if (room == NULL)
        return -1;
    uint64_t first_byte = link->queued;
    uint8_t *out = room + mcp__fold_head(&fold, command, &peer, key, room);
    if (put_note(link, &fold, key) != 0)
        return -1;
    if (has_value)
        out = mcp__link_put_value(link, out, command->value);
    out += mcp__fold_tail(&fold, key, out);
    mcp__buf_filled(&link->out, (size_t)(out - room));
    link->queued += (uint64_t)(out - room);
    mcp__pending pending = {.op = asker->op,
                            .opaque = command->opaque,
                            .first_byte = first_byte,
                            .asked_ms = asker->now_ms,
                            .leg = asker->leg,
                            .kind = (uint8_t)command->kind,
                            .word = asker->word,
                            .is_awaited = asker->is_awaited,
                            .is_check = asker->is_check};
    queue(link, &pending, asker->is_rider);
    return 0;
}

int
mcp__link_ask_many(mcp__link *link, mcp__span keys, int has_cas, const mcp__pending *pending)
{
    const mcp__fold fold = {.kind = MCP__COMMAND_GET, .has_cas = has_cas != 0};
    mcp__pending ours = *pending;
    uint8_t *room = mcp__link_prepare(link, keys.len + sizeof "gets\r\n", 0);
    if (room == NULL || put_note(link, &fold, (mcp__span){NULL, 0}) != 0)
        return -1;
    size_t verb_len = has_cas ? 4 : 3;
    memcpy(room, "gets", verb_len);
    memcpy(room + verb_len, keys.bytes, keys.len);
    memcpy(room + verb_len + keys.len, "\r\n", 2);
    mcp__buf_filled(&link->out, verb_len + keys.len + 2);
    ours.first_byte = link->queued;
    link->queued += verb_len + keys.len + 2;
    queue(link, &ours, 0);
    return 0;
}

/* ---- replies ---- */

/* The oldest request is not answered yet: what is still to be said for it goes behind all others.
 * `link->fold` says what. 0, or -1: no memory. */
static int
go_on(mcp__link *link)
{
    char text[MCP__KEY_MAX];
    mcp__pending pending;
    mcp__span key = {text, link->fold.key_len};
    if (key.len > 0)
        memcpy(text, mcp__buf_bytes(&link->notes) + sizeof link->fold, key.len);
    uint8_t *room = mcp__link_prepare(link, MCP__FOLD_HEAD_MAX, 0);
    if (room == NULL || put_note(link, &link->fold, key) != 0)
        return -1;
    mcp__link_drop(link, &pending);
    size_t len = mcp__fold_more(&link->fold, key, room);
    mcp__buf_filled(&link->out, len);
    pending.first_byte = link->queued;
    link->queued += len;
    queue(link, &pending, 0);
    return 0;
}

mcp__link_answer
mcp__link_next_classic(mcp__link *link, mcp__pending *pending, mcp__reply *reply)
{
    const uint8_t *note = mcp__buf_bytes(&link->notes);
    mcp__fold_peer peer = peer_of(link);
    memcpy(&link->fold, note, sizeof link->fold);
    mcp__span key = {note + sizeof link->fold, link->fold.key_len};
    int is_sent = mcp__link_is_all_sent(link);
    ssize_t used = mcp__fold_parse(&link->fold, key, mcp__buf_bytes(&link->in),
                                   mcp__buf_len(&link->in), link->value_max, is_sent, reply);
    if (used == MCP__PARSE_MORE)
        return MCP__LINK_NOTHING;
    if (used < 0)
        return mcp__link_not_protocol(link, reply);
    if (!is_sent && reply->kind < MCP__REPLY_ERROR)
        return MCP__LINK_MISMATCH;
    link->is_spoiled = link->is_spoiled || !is_sent;
    mcp__buf_take(&link->in, (size_t)used);
    link->has_answered = 1;
    if (mcp__fold_goes_on(&link->fold, &peer, reply))
        return go_on(link) == 0 ? MCP__LINK_VERSION : MCP__LINK_MISMATCH;
    mcp__link_drop(link, pending);
    return MCP__LINK_REPLY;
}

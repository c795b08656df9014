/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/fold.h"

#include <string.h>

#include "place/hash.h"
#include "wire/classic.h"
#include "wire/token.h"

/* FIRST --incr: NOT_FOUND--> FIRST_VALUE --NOT_STORED--> COUNT
 *   `---an empty value without flags---> ASK_META */
enum { FIRST = 0, FIRST_VALUE, COUNT, ASK_META };

#define BINARY_MARK "b:"

size_t
mcp__fold_key(char out[MCP__KEY_MAX], const mcp__command *command, const mcp__fold_peer *peer)
{
    size_t len = command->key.len;
    char *at = out;
    if (command->is_base64) {
        len += peer->prefix.len + sizeof BINARY_MARK - 1;
        if (len > MCP__KEY_MAX)
            return 0;
        memcpy(at, peer->prefix.bytes, peer->prefix.len);
        at += peer->prefix.len;
        memcpy(at, BINARY_MARK, sizeof BINARY_MARK - 1);
        at += sizeof BINARY_MARK - 1;
    }
    if (len > MCP__KEY_MAX)
        return 0;
    if (command->key.len > 0)
        memcpy(at, command->key.bytes, command->key.len);
    return len;
}

mcp__span
mcp__fold_binary(mcp__span key, mcp__span prefix)
{
    const char *at = key.bytes;
    size_t front = prefix.len + sizeof BINARY_MARK - 1;
    if (key.len <= front || memcmp(at, prefix.bytes, prefix.len) != 0 ||
        memcmp(at + prefix.len, BINARY_MARK, sizeof BINARY_MARK - 1) != 0)
        return (mcp__span){NULL, 0};
    return (mcp__span){at + front, key.len - front};
}

/* ---- what is said ---- */

static const char *
get_verb(const mcp__fold *fold)
{
    return fold->has_cas ? "gets" : "get";
}

static uint8_t *
put_gat(const mcp__fold *fold, const mcp__fold_peer *peer, mcp__span key, uint8_t *out)
{
    if (peer->has_gat)
        return mcp__classic_put_gat(out, fold->has_cas ? "gats" : "gat", fold->ttl, key);
    out = mcp__classic_put_number(out, "touch", key, mcp__classic_ttl(fold->ttl));
    return mcp__classic_put_key(out, get_verb(fold), key);
}

static uint8_t *
put_empty(uint8_t *out, const mcp__classic_store *store)
{
    out = mcp__classic_put_store(out, store);
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

static uint8_t *
put_stub(const mcp__fold *fold, mcp__span key, uint8_t *out)
{
    mcp__classic_store stub = {
        .verb = "add", .key = key, .flags = MCP__FOLD_STUB_FLAGS, .ttl = fold->ttl};
    return mcp__classic_put_key(put_empty(out, &stub), "gets", key);
}

static uint8_t *
put_delete(const mcp__command *command, mcp__span key, uint8_t *out)
{
    mcp__classic_store nothing = {
        .verb = "cas", .key = key, .ttl = -1, .unique = command->unique, .has_unique = 1};
    if (command->unique == 0)
        return mcp__classic_put_key(out, "delete", key);
    return put_empty(out, &nothing);
}

static uint8_t *
put_count(const mcp__fold *fold, mcp__span key, uint8_t *out)
{
    const char *verb = fold->kind == MCP__COMMAND_DECR ? "decr" : "incr";
    return mcp__classic_put_number(out, verb, key, fold->delta);
}

static uint8_t *
put_store(const mcp__command *command, mcp__span key, uint8_t *out)
{
    static const char *const verbs[] = {
        [MCP__COMMAND_SET] = "set",         [MCP__COMMAND_ADD] = "add",
        [MCP__COMMAND_REPLACE] = "replace", [MCP__COMMAND_APPEND] = "append",
        [MCP__COMMAND_PREPEND] = "prepend", [MCP__COMMAND_CAS] = "cas",
    };
    mcp__classic_store store = {
        .verb = verbs[command->kind],
        .key = key,
        .flags = command->flags,
        .ttl = command->ttl,
        .value_len = command->value.len,
        .unique = command->unique,
        .has_unique = command->kind == MCP__COMMAND_CAS,
    };
    return mcp__classic_put_store(out, &store);
}

static void
begin(mcp__fold *fold, const mcp__command *command, const mcp__fold_peer *peer, mcp__span key)
{
    int is_store = mcp__command_has_value(command->kind);
    int wants_cas = (command->want & MCP_WANT_CAS) != 0;
    *fold = (mcp__fold){
        .kind = (uint8_t)command->kind,
        .with_initial = command->with_initial != 0,
        .is_pair = command->kind == MCP__COMMAND_LEASE || (is_store && wants_cas) ||
                   (command->kind == MCP__COMMAND_GAT && !peer->has_gat),
        .has_cas = wants_cas || command->kind == MCP__COMMAND_PEEK ||
                   command->kind == MCP__COMMAND_NUMBER || command->kind == MCP__COMMAND_LEASE,
        .is_conditional = command->kind == MCP__COMMAND_DELETE && command->unique != 0,
        .key_len = (uint8_t)key.len,
        .flags = command->flags,
        .want = command->want,
        .ttl = command->ttl,
        .delta = command->delta,
        .initial = command->initial,
        .opaque = command->opaque,
    };
    if (is_store && wants_cas) {
        fold->value_len = command->value.len;
        fold->value_hash = mcp__hash_xxh3(command->value.bytes, command->value.len);
    }
}

size_t
mcp__fold_head(mcp__fold *fold, const mcp__command *command, const mcp__fold_peer *peer,
               mcp__span key, uint8_t *out)
{
    uint8_t *at = out;
    begin(fold, command, peer, key);
    switch (command->kind) {
    case MCP__COMMAND_GET:
    case MCP__COMMAND_PEEK:
    case MCP__COMMAND_NUMBER:
        at = mcp__classic_put_key(at, get_verb(fold), key);
        break;
    case MCP__COMMAND_GAT:
        at = put_gat(fold, peer, key, at);
        break;
    case MCP__COMMAND_LEASE:
        at = put_stub(fold, key, at);
        break;
    case MCP__COMMAND_TOUCH:
        at = mcp__classic_put_number(at, "touch", key, mcp__classic_ttl(command->ttl));
        break;
    case MCP__COMMAND_DELETE:
        at = put_delete(command, key, at);
        break;
    case MCP__COMMAND_INCR:
    case MCP__COMMAND_DECR:
        at = put_count(fold, key, at);
        break;
    case MCP__COMMAND_PING:
        if (peer->lacks_version)
            at = mcp__classic_put_key(at, "get", key);
        else
            at += mcp__classic_encode(&(mcp__command){.kind = MCP__COMMAND_VERSION}, at);
        break;
    case MCP__COMMAND_VERSION:
    case MCP__COMMAND_STATS:
    case MCP__COMMAND_FLUSH:
        at += mcp__classic_encode(command, at);
        break;
    default:
        at = put_store(command, key, at);
        break;
    }
    return (size_t)(at - out);
}

size_t
mcp__fold_tail(const mcp__fold *fold, mcp__span key, uint8_t *out)
{
    int is_store = mcp__command_has_value((mcp__command_kind)fold->kind);
    if (!is_store || !fold->is_pair)
        return 0;
    return (size_t)(mcp__classic_put_key(out, "gets", key) - out);
}

/* ---- what is answered ---- */

static int
is_error(const mcp__reply *reply)
{
    return reply->kind == MCP__REPLY_ERROR || reply->kind == MCP__REPLY_CLIENT_ERROR ||
           reply->kind == MCP__REPLY_SERVER_ERROR;
}

static const char *
done_word(const mcp__fold *fold)
{
    switch (fold->kind) {
    case MCP__COMMAND_DELETE:
        return fold->is_conditional ? "STORED" : "DELETED";
    case MCP__COMMAND_TOUCH:
    case MCP__COMMAND_GAT:
        return "TOUCHED";
    default:
        return "STORED";
    }
}

/* A word may mean only what the command can bring about. */
static int
can_be(const mcp__fold *fold, mcp__reply_kind word)
{
    switch (fold->kind) {
    case MCP__COMMAND_CAS:
    case MCP__COMMAND_SET:
        return 1;
    case MCP__COMMAND_DELETE:
        return word != MCP__REPLY_NOT_STORED && (word != MCP__REPLY_EXISTS || fold->is_conditional);
    case MCP__COMMAND_TOUCH:
    case MCP__COMMAND_GAT:
        return word == MCP__REPLY_DONE || word == MCP__REPLY_NOT_FOUND;
    default:
        return word != MCP__REPLY_EXISTS && word != MCP__REPLY_NOT_FOUND;
    }
}

static ssize_t
parse_word(const mcp__fold *fold, const uint8_t *bytes, size_t len, mcp__reply *reply)
{
    ssize_t used = mcp__classic_parse_word(bytes, len, done_word(fold), reply);
    if (used > 0 && !is_error(reply) && !can_be(fold, reply->kind))
        return MCP__PARSE_BAD;
    return used;
}

/* What is left of a value for somebody who did not want all of it. */
static void
trim(const mcp__fold *fold, mcp__reply *reply)
{
    if (mcp__fold_is_stub(reply))
        reply->lease |= MCP__LEASE_TAKEN;
    if (!(fold->want & MCP_WANT_TTL))
        reply->ttl = -1;
    int is_brief = fold->kind == MCP__COMMAND_PEEK || fold->kind == MCP__COMMAND_NUMBER;
    if (!is_brief || reply->kind != MCP__REPLY_VALUE)
        return;
    reply->kind = MCP__REPLY_DONE;
    reply->size = reply->value.len;
    reply->value = (mcp__span){NULL, 0};
}

/* Behind a store: the number of what stands there now, if that is what was stored. */
static void
take_number(const mcp__fold *fold, const mcp__reply *now, mcp__reply *reply)
{
    const uint8_t *value = now->value.bytes;
    size_t len = (size_t)fold->value_len;
    int is_part = fold->kind == MCP__COMMAND_APPEND || fold->kind == MCP__COMMAND_PREPEND;
    if (reply->kind != MCP__REPLY_DONE)
        return;
    reply->cas = MCP__FOLD_CAS_MOVED;
    if (now->kind != MCP__REPLY_VALUE)
        return;
    if (is_part ? now->value.len < len : (now->value.len != len || now->flags != fold->flags))
        return;
    if (fold->kind == MCP__COMMAND_APPEND)
        value += now->value.len - len;
    if (mcp__hash_xxh3(value, len) == fold->value_hash)
        reply->cas = now->cas;
}

/* Two replies: the first is in `reply`. */
static void
join(const mcp__fold *fold, const mcp__reply *second, mcp__reply *reply)
{
    if (is_error(reply))
        return;
    if (mcp__command_has_value((mcp__command_kind)fold->kind)) {
        take_number(fold, second, reply);
        return;
    }
    mcp__reply_kind first = reply->kind;
    *reply = *second;
    if (fold->kind == MCP__COMMAND_GAT && first == MCP__REPLY_NOT_FOUND && !is_error(second))
        *reply = (mcp__reply){.kind = MCP__REPLY_MISS, .ttl = -1};
    trim(fold, reply);
    if (fold->kind == MCP__COMMAND_LEASE && first == MCP__REPLY_DONE && mcp__fold_is_stub(reply))
        reply->lease = MCP__LEASE_WON;
}

static ssize_t
parse_pair(const mcp__fold *fold, mcp__span key, const uint8_t *bytes, size_t len, size_t value_max,
           int is_sent, mcp__reply *reply)
{
    mcp__reply second;
    ssize_t first_len = parse_word(fold, bytes, len, reply);
    if (first_len <= 0)
        return first_len;
    /* It did not understand us, or says so early: the connection will not be used any more. */
    int is_end = reply->kind == MCP__REPLY_ERROR || reply->kind == MCP__REPLY_CLIENT_ERROR;
    if (is_end || (!is_sent && is_error(reply)))
        return first_len;
    ssize_t second_len = mcp__classic_parse_value(bytes + first_len, len - (size_t)first_len, key,
                                                  fold->has_cas, value_max, &second);
    if (second_len <= 0)
        return second_len;
    join(fold, &second, reply);
    return first_len + second_len;
}

static ssize_t
parse_value(const mcp__fold *fold, mcp__span key, const uint8_t *bytes, size_t len,
            size_t value_max, mcp__reply *reply)
{
    ssize_t used = mcp__classic_parse_value(bytes, len, key, fold->has_cas, value_max, reply);
    if (used > 0 && fold->kind == MCP__COMMAND_PING && !is_error(reply))
        *reply = (mcp__reply){.kind = MCP__REPLY_PONG, .ttl = -1};
    if (used > 0)
        trim(fold, reply);
    return used;
}

static ssize_t
parse_line(const mcp__fold *fold, const uint8_t *bytes, size_t len, size_t value_max,
           mcp__reply *reply)
{
    size_t wanted;
    mcp__command_kind kind =
        fold->kind == MCP__COMMAND_PING ? MCP__COMMAND_VERSION : (mcp__command_kind)fold->kind;
    ssize_t used = mcp__meta_parse(bytes, len, value_max, reply, &wanted);
    if (used > 0 && !mcp__meta_fits(kind, reply->kind))
        return MCP__PARSE_BAD;
    if (used > 0 && fold->kind == MCP__COMMAND_PING && !is_error(reply))
        *reply = (mcp__reply){.kind = MCP__REPLY_PONG, .ttl = -1};
    return used;
}

static ssize_t
parse_meta(const mcp__fold *fold, const uint8_t *bytes, size_t len, size_t value_max,
           mcp__reply *reply)
{
    size_t wanted;
    ssize_t used = mcp__meta_parse(bytes, len, value_max, reply, &wanted);
    if (used <= 0)
        return used;
    if (is_error(reply))
        return used;
    if (!mcp__meta_fits(MCP__COMMAND_GET, reply->kind))
        return MCP__PARSE_BAD;
    int is_old_miss = reply->kind == MCP__REPLY_MISS && reply->opaque == 0;
    if (reply->opaque != fold->opaque && !is_old_miss)
        return MCP__PARSE_BAD;
    trim(fold, reply);
    return used;
}

/* The first value of a counter: what was stored is what it is. */
static ssize_t
parse_first_value(mcp__fold *fold, const uint8_t *bytes, size_t len, mcp__reply *reply)
{
    ssize_t used = mcp__classic_parse_word(bytes, len, "STORED", reply);
    if (used <= 0 || is_error(reply) || reply->kind == MCP__REPLY_NOT_STORED)
        return used;
    if (reply->kind != MCP__REPLY_DONE)
        return MCP__PARSE_BAD;
    uint8_t *digits = (uint8_t *)fold->digits;
    reply->kind = MCP__REPLY_VALUE;
    reply->value = (mcp__span){digits, (size_t)(mcp__token_put(digits, fold->initial) - digits)};
    return used;
}

static ssize_t
parse_count(const mcp__fold *fold, const uint8_t *bytes, size_t len, mcp__reply *reply)
{
    ssize_t used = mcp__classic_parse_number(bytes, len, reply);
    if (used > 0 && fold->stage == COUNT && reply->kind == MCP__REPLY_NOT_FOUND)
        reply->kind = MCP__REPLY_NOT_STORED; /* it comes and goes: as the meta protocol says it */
    return used;
}

ssize_t
mcp__fold_parse(mcp__fold *fold, mcp__span key, const uint8_t *bytes, size_t len, size_t value_max,
                int is_sent, mcp__reply *reply)
{
    if (fold->stage == ASK_META)
        return parse_meta(fold, bytes, len, value_max, reply);
    if (fold->stage == FIRST_VALUE)
        return parse_first_value(fold, bytes, len, reply);
    if (fold->is_pair)
        return parse_pair(fold, key, bytes, len, value_max, is_sent, reply);
    switch (fold->kind) {
    case MCP__COMMAND_GET:
    case MCP__COMMAND_GAT:
    case MCP__COMMAND_PEEK:
    case MCP__COMMAND_NUMBER:
        return parse_value(fold, key, bytes, len, value_max, reply);
    case MCP__COMMAND_INCR:
    case MCP__COMMAND_DECR:
        return parse_count(fold, bytes, len, reply);
    case MCP__COMMAND_PING:
        if (fold->key_len > 0)
            return parse_value(fold, key, bytes, len, value_max, reply);
        return parse_line(fold, bytes, len, value_max, reply);
    case MCP__COMMAND_VERSION:
    case MCP__COMMAND_STATS:
    case MCP__COMMAND_FLUSH:
        return parse_line(fold, bytes, len, value_max, reply);
    default:
        break;
    }
    ssize_t used = parse_word(fold, bytes, len, reply);
    if (used > 0 && fold->kind == MCP__COMMAND_TOUCH && reply->kind == MCP__REPLY_NOT_FOUND)
        reply->kind = MCP__REPLY_MISS;
    return used;
}

/* ---- more to be said ---- */

static int
may_be_stub(const mcp__fold *fold, const mcp__reply *reply)
{
    int is_empty = reply->kind == MCP__REPLY_VALUE && reply->value.len == 0;
    switch (fold->kind) {
    case MCP__COMMAND_GET:
    case MCP__COMMAND_GAT:
    case MCP__COMMAND_LEASE:
        return is_empty && reply->flags == 0 && reply->lease == 0;
    default:
        return 0;
    }
}

int
mcp__fold_goes_on(mcp__fold *fold, const mcp__fold_peer *peer, const mcp__reply *reply)
{
    int counts = fold->kind == MCP__COMMAND_INCR || fold->kind == MCP__COMMAND_DECR;
    if (fold->stage == FIRST && counts && fold->with_initial &&
        reply->kind == MCP__REPLY_NOT_FOUND) {
        fold->stage = FIRST_VALUE;
        return 1;
    }
    if (fold->stage == FIRST_VALUE && reply->kind == MCP__REPLY_NOT_STORED) {
        fold->stage = COUNT;
        return 1;
    }
    if (fold->stage == FIRST && peer->has_meta && may_be_stub(fold, reply)) {
        fold->stage = ASK_META;
        return 1;
    }
    return 0;
}

static uint8_t *
put_first_value(const mcp__fold *fold, mcp__span key, uint8_t *out)
{
    uint8_t digits[MCP__DECIMAL_MAX];
    size_t len = (size_t)(mcp__token_put(digits, fold->initial) - digits);
    mcp__classic_store store = {.verb = "add", .key = key, .ttl = fold->ttl, .value_len = len};
    out = mcp__classic_put_store(out, &store);
    memcpy(out, digits, len);
    out += len;
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

size_t
mcp__fold_more(const mcp__fold *fold, mcp__span key, uint8_t *out)
{
    if (fold->stage == FIRST_VALUE)
        return (size_t)(put_first_value(fold, key, out) - out);
    if (fold->stage == COUNT)
        return (size_t)(put_count(fold, key, out) - out);
    mcp__command again = {.kind = MCP__COMMAND_GET,
                          .want = MCP_WANT_CAS | MCP_WANT_TTL,
                          .key = key,
                          .opaque = fold->opaque};
    return mcp__meta_encode(&again, out);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fold: a command in the classic protocol, where one of ours may be several of theirs, and their
 * replies are folded into the one that the meta protocol would have given. Pure. What has to be
 * remembered until then is a mcp__fold and the key, which the caller keeps in the order of asking.
 *
 *     what is asked          what is said                    what it means
 *     GET, PEEK              get | gets                      of PEEK only number, size and flags
 *     GAT                    gat | gats; else touch, get(s)  not touched: a miss
 *     stores                 set ...; gets, for the number   its number if the value is ours
 *     DELETE of one number   cas with a ttl in the past      STORED: deleted
 *     INCR, DECR with first  incr > add > incr               each only if the one before failed so
 *     LEASE                  add of a stub; gets             STORED: won; else a stub: taken
 *
 * A stub is an empty value with flags that nobody else uses. An empty value without flags can be
 * the stub of a client that speaks meta, which only the meta protocol can tell: where the server
 * has that, it is asked again so.
 */
#ifndef MCPROXY_WIRE_FOLD_H
#define MCPROXY_WIRE_FOLD_H

#include "wire/key.h"
#include "wire/meta.h"
#include "wire/token.h"

/* "mcpL" */
#define MCP__FOLD_STUB_FLAGS 0x6d63704cu

/* Whether a value is such a stub, in whichever protocol it came. */
static inline int
mcp__fold_is_stub(const mcp__reply *reply)
{
    return reply->flags == MCP__FOLD_STUB_FLAGS && reply->value.len == 0 &&
           reply->kind == MCP__REPLY_VALUE;
}

/* The number of what was stored, where something else stands there already: it is nobody's, so
 * whoever compares it finds that the value has changed. */
#define MCP__FOLD_CAS_MOVED UINT64_MAX

/* Whom we speak to. */
typedef struct mcp__fold_peer {
    uint8_t has_gat;
    uint8_t has_meta;      /* so a stub of the meta protocol may stand there */
    uint8_t lacks_version; /* not even `version` is sure to be taken */
    mcp__span prefix;      /* of reserved keys */
} mcp__fold_peer;

typedef struct mcp__fold {
    uint8_t kind; /* mcp__command_kind */
    uint8_t stage;
    uint8_t with_initial;
    uint8_t is_pair; /* two commands were said, and two replies come */
    uint8_t has_cas; /* the value comes with its number */
    uint8_t is_conditional;
    uint8_t key_len;
    char digits[MCP__DECIMAL_MAX]; /* a number that a reply points to */
    uint32_t flags;
    uint32_t want;
    uint64_t value_len;
    uint64_t value_hash;
    int64_t ttl;
    uint64_t delta;
    uint64_t initial;
    uint64_t opaque;
} mcp__fold;

/* An upper bound of what the parts below write. */
#define MCP__FOLD_HEAD_MAX (2 * MCP__KEY_MAX + 256)
#define MCP__FOLD_TAIL_MAX (MCP__KEY_MAX + 16)

/*
 * The key as it goes over the wire, into `out`: itself, or of a binary one "<prefix>b:<base64>",
 * which no user's key can be. Returns its length, or 0: too long.
 */
size_t mcp__fold_key(char out[MCP__KEY_MAX], const mcp__command *command,
                     const mcp__fold_peer *peer);

/* Of a key on a server: the base64 of the binary key that it stands for; empty: it is no such name.
 */
mcp__span mcp__fold_binary(mcp__span key, mcp__span prefix);

/* Begins: fills `fold` in and writes what goes in front of the value, if there is one. */
size_t mcp__fold_head(mcp__fold *fold, const mcp__command *command, const mcp__fold_peer *peer,
                      mcp__span key, uint8_t *out);
/* What goes behind the value and its CR LF. */
size_t mcp__fold_tail(const mcp__fold *fold, mcp__span key, uint8_t *out);

/*
 * All replies to it as one. Returns as mcp__meta_parse. `is_sent`: all of the command has gone; if
 * not, an error line may be all that comes. Spans point into `bytes`, or into `fold`.
 */
ssize_t mcp__fold_parse(mcp__fold *fold, mcp__span key, const uint8_t *bytes, size_t len,
                        size_t value_max, int is_sent, mcp__reply *reply);

/* Whether that was not all: then `fold` is one stage further, and more has to be said. */
int mcp__fold_goes_on(mcp__fold *fold, const mcp__fold_peer *peer, const mcp__reply *reply);
/* It, values included; at most MCP__FOLD_HEAD_MAX bytes. */
size_t mcp__fold_more(const mcp__fold *fold, mcp__span key, uint8_t *out);

#endif

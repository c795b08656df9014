/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link: one connection to one server, without its socket. Bytes to send wait in it, bytes received
 * are put into it, and it says, one at a time and in order, which request each reply answers.
 *
 *     CLOSED --open--> OPENING --connected--> GREETING --greeted--> OPEN
 *        ^----------------- broken, or given up (from any of them) ---'
 *
 * What it owns: its two buffers and the queue of requests that wait for a reply. What it borrows:
 * large values to be sent (until their request is answered or the link is closed) and the opaque
 * pointers `op` of the requests. It never looks into those.
 *
 * A request is told from a reply by position and, where the command carries one, by its opaque. A
 * reply that does not match means that nothing on this connection can be trusted any more.
 *
 * It speaks the meta protocol to whoever knows it, and the classic one to others: what is asked is
 * the same, and what is answered looks the same (wire/fold). Which, is found by the greeting:
 *
 *     auto      version, [mn], or what the engine asks  ERROR, or an old version: classic
 *        `--closed, or no protocol behind the version--> plain: get; classic, and it is a proxy
 *     classic   version, gat        closed: plain
 *     meta      version             an old version: as it is, and the engine must not use it
 *
 * Whoever leaves once may be a modern server that was just being ended: it is greeted in full once
 * more. Whoever leaves again may still be one, and whoever refused a flag may be another one by now.
 * So that is believed for a quarter of a second, or five, and four times as long each time it is
 * found again; then the next connection is greeted in full.
 */
#ifndef MCPROXY_SERVER_LINK_H
#define MCPROXY_SERVER_LINK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "server/hello.h"
#include "wire/fold.h"
#include "wire/meta.h"
#include "wire/span.h"

typedef enum mcp__link_state {
    MCP__LINK_CLOSED = 0,
    MCP__LINK_OPENING,
    MCP__LINK_GREETING,
    MCP__LINK_OPEN,
} mcp__link_state;

typedef enum mcp__dialect {
    MCP__DIALECT_AUTO = 0,
    MCP__DIALECT_META,
    MCP__DIALECT_CLASSIC,
} mcp__dialect;

/* A request whose reply is outstanding. */
typedef struct mcp__pending {
    void *op; /* NULL: the engine's own question, see `word` */
    uint64_t opaque;
    uint64_t first_byte; /* position of its first byte in all that was ever queued here */
    int64_t asked_ms;    /* when it was queued */
    uint8_t leg;
    uint8_t kind;       /* mcp__command_kind */
    uint8_t word;       /* the asker's */
    uint8_t is_awaited; /* somebody waits for it */
    uint8_t is_check;   /* `op` is a check, see engine/checks.h */
    uint8_t is_convoy;  /* a get of a convoy, see engine/convoy.h: there is no op, */
    uint8_t next_kind;  /* not NONE: behind it stands a second question of the same asker, with */
    uint8_t next_word;  /* the same opaque, that is no record of its own until the first is */
    uint32_t tag;       /* answered. Of a convoy: its number; of MANY that of their coach */
    uint32_t next_at;   /* so many bytes behind `first_byte` it begins */
} mcp__pending;

/* Of is_convoy: gets of several keys in one classic command. */
#define MCP__CONVOY_MANY 2

/* A large value in the middle of what is to be sent: it comes after `at` bytes of `out`. */
typedef struct mcp__splice {
    uint64_t at;
    mcp__span view;
} mcp__splice;

typedef struct mcp__link {
    uint8_t state;
    uint8_t is_known;      /* GREETING: it has said its version */
    uint8_t is_stranger;   /* GREETING: it has not taken our login yet */
    uint8_t has_answered;  /* at least one reply since the greeting */
    uint8_t is_raw;        /* what comes is a dump: lines for somebody else, not replies */
    uint8_t is_spoiled;    /* an error came before its request had gone: not to be used any more */
    uint8_t dialect;       /* mcp__dialect: what it may speak */
    uint8_t asks_first;    /* AUTO: nobody asks behind the greeting, so it has to ask itself */
    uint8_t knew_meta;     /* the last connection that was greeted spoke it */
    uint8_t has_left;      /* in the greeting in full, and since then nobody was greeted */
    uint8_t wants_plain;   /* the next connection is greeted plainly */
    uint8_t wants_classic; /* or as one that lacks meta: a flag of ours was refused */
    uint8_t is_classic;    /* this one speaks the classic protocol, from `classic_from` on */
    uint8_t is_plain;      /* and it is a proxy, or as if */
    uint8_t has_stubs;     /* and what it serves may have been leased in the meta protocol */
    uint8_t is_probing;    /* GREETING: the answer behind the version is still to come, */
    uint8_t tries_gat;     /* and it is that to "gat" */
    uint32_t n_awaited;    /* pending requests that somebody waits for */
    uint32_t n_pinned;     /* values handed out that still stand in `in` */

    mcp__buf in;
    mcp__buf out;
    uint64_t queued;      /* bytes ever queued on this connection, values included */
    uint64_t due;         /* of these, what is to be sent without waiting for company */
    uint64_t sent;        /* bytes ever sent on it */
    mcp__splice *splices; /* views between the bytes of `out`, in order */
    size_t first_splice, n_splices, splice_capacity;
    uint64_t out_taken; /* bytes of `out` ever taken: splices count from the same start */
    size_t splice_sent; /* bytes of the first splice that have gone */

    mcp__pending *pending; /* ring */
    uint32_t pending_head, pending_count, pending_mask;

    uint64_t classic_from; /* position, as first_byte */
    mcp__buf notes;        /* of each classic request, in order: a mcp__fold and its key */
    mcp__fold fold;        /* the one that was answered last */

    int64_t doubt_ms;        /* until then such a wish holds, */
    int64_t doubt_length_ms; /* which was so long; the next time it is longer */

    size_t value_max;
    int64_t used_ms; /* when it was last used */
    mcp__hello hello;
    mcp__login login;
    const mcp__mem *mem;
} mcp__link;

/* Allocates nothing; the buffers come with the first connection and stay. */
void mcp__link_init(mcp__link *link, const mcp__mem *mem, size_t value_max);
void mcp__link_fini(mcp__link *link);

/* Who we are, from the next connection on; borrowed. What was sent of it does not stay in memory.
 */
void mcp__link_login(mcp__link *link, const mcp__login *login);

/* The next connection is greeted in full: it may be another peer. */
static inline void
mcp__link_trust(mcp__link *link)
{
    link->wants_plain = link->wants_classic = link->has_left = 0;
    link->doubt_length_ms = 0;
}

/* The same, when it is so long ago that it was found to lack something. */
static inline void
mcp__link_trust_again(mcp__link *link, int64_t now_ms)
{
    if (now_ms >= link->doubt_ms)
        link->wants_plain = link->wants_classic = 0;
}

/* Which protocols it may speak, from the next connection on; `asks_first`, see the struct. */
static inline void
mcp__link_speak(mcp__link *link, mcp__dialect dialect, int asks_first)
{
    link->dialect = (uint8_t)dialect;
    link->asks_first = (uint8_t)asks_first;
    mcp__link_trust(link);
}

/*
 * The greeting has come to nothing: the peer has left, or said what is no protocol. Whether it is
 * worth another connection at once, which is greeted as the link has made a note of: in full once
 * more when it has left for the first time, else more plainly.
 */
int mcp__link_may_be_plain(mcp__link *link, int was_left, int64_t now_ms);

/* Whether this reply refuses what only the meta protocol has, so that the next connection had
 * better speak the classic one: then the link has made a note of it. */
int mcp__link_may_be_classic(mcp__link *link, const mcp__reply *reply, int64_t now_ms);

/* Nothing is under way, and what it was found to lack was found long ago: better greet it anew. */
static inline int
mcp__link_is_doubtful(const mcp__link *link, int64_t now_ms)
{
    return (link->wants_plain | link->wants_classic) && now_ms >= link->doubt_ms &&
           link->state == MCP__LINK_OPEN && link->pending_count == 0 && !link->is_raw;
}

/* Whether this request went out in the meta protocol before the link turned to the classic one, so
 * that its answer says nothing. */
static inline int
mcp__link_was_foreign(const mcp__link *link, const mcp__pending *pending)
{
    return link->is_classic && pending->first_byte < link->classic_from;
}

/* Whether this command can be put at all: not on a plain link what no proxy takes, and no binary
 * key that is too long, or that others may call differently. */
int mcp__link_can_classic(const mcp__link *link, const mcp__command *command);
static inline int
mcp__link_can(const mcp__link *link, const mcp__command *command)
{
    return !link->is_classic || mcp__link_can_classic(link, command);
}

/*
 * A connection stands: queues the greeting. 0, or -1 when there is no memory. What is queued behind
 * it before the link is OPEN belongs to the greeting, which is over when all of it is answered.
 */
int mcp__link_connected(mcp__link *link);

/* Who asks, for the reply. */
typedef struct mcp__asker {
    void *op;
    uint8_t leg;
    uint8_t word;
    uint8_t is_awaited;
    uint8_t is_rider; /* it is sent together with the next one that is not */
    uint8_t is_check;
    int64_t now_ms;
} mcp__asker;

/* Values up to this are copied behind their command line; above, they are sent from where they
 * stand: a copy of 1 kB costs less than one more element for sendmsg. */
#define MCP__LINK_COPY_MAX 1024

/* Whether a command can be queued without any memory. */
static inline int
mcp__link_has_room(const mcp__link *link, size_t key_len, size_t value_len)
{
    size_t copied_len = value_len <= MCP__LINK_COPY_MAX ? value_len : 0;
    return link->pending != NULL && link->pending_count <= link->pending_mask &&
           link->out.capacity - link->out.end >= MCP__HEAD_MAX(key_len) + copied_len + 2 &&
           (copied_len == value_len || link->first_splice < link->splice_capacity);
}

/* And one record for several commands with keys of any length and without values. */
static inline int
mcp__link_has_room_for(const mcp__link *link, uint32_t n)
{
    return link->pending_count < link->pending_mask && /* 0: there is no ring yet */
           link->out.capacity - link->out.end >= n * (MCP__HEAD_MAX(MCP__KEY_MAX) + 2);
}

/* Where the next one that waits for its reply is put down; there is room for it. */
static inline mcp__pending *
mcp__link_slot(mcp__link *link)
{
    return &link->pending[(link->pending_head + link->pending_count) & link->pending_mask];
}

/* It has been put down. */
static inline void
mcp__link_push(mcp__link *link, uint8_t is_awaited)
{
    link->pending_count++;
    link->n_awaited += is_awaited;
}

uint8_t *mcp__link_put_large(mcp__link *link, uint8_t *out, mcp__span value);

/* A value and its end, behind its command line. */
static inline uint8_t *
mcp__link_put_value(mcp__link *link, uint8_t *out, mcp__span value)
{
    if (value.len > MCP__LINK_COPY_MAX) {
        out = mcp__link_put_large(link, out, value);
    } else if (value.len > 0) {
        memcpy(out, value.bytes, value.len);
        out += value.len;
    }
    *out++ = '\r';
    *out++ = '\n';
    return out;
}

/*
 * The same as mcp__link_ask(), for a command whose bytes the caller writes: from what
 * mcp__link_begin() returns, up to `end`; and what waits for its reply into mcp__link_slot().
 * mcp__link_has_room() has been asked.
 */
static inline uint8_t *
mcp__link_begin(mcp__link *link)
{
    return link->out.block + link->out.end;
}

static inline void
mcp__link_end_len(mcp__link *link, size_t len, uint8_t is_awaited, int is_rider)
{
    mcp__link_push(link, is_awaited);
    mcp__buf_filled(&link->out, len);
    link->queued += len;
    if (!is_rider)
        link->due = link->queued;
}

static inline void
mcp__link_end(mcp__link *link, const uint8_t *end, uint8_t is_awaited, int is_rider)
{
    mcp__link_end_len(link, (size_t)(end - mcp__link_begin(link)), is_awaited, is_rider);
}

/*
 * Queues one command on a link that is connected. 0, or -1 when there is no memory (nothing is
 * queued).
 */
int mcp__link_ask(mcp__link *link, const mcp__command *command, const mcp__asker *asker);

/*
 * Queues "get" or "gets" of several keys, each with a blank in front, on a link that speaks the
 * classic protocol. Their replies are for the asker to read. 0, or -1: no memory.
 */
int mcp__link_ask_many(mcp__link *link, mcp__span keys, int has_cas, const mcp__pending *pending);
/* Whether all bytes of the oldest request have gone. */
int mcp__link_is_all_sent(const mcp__link *link);

/* The same for an op that waits; NULL: nobody does. */
int mcp__link_put(mcp__link *link, const mcp__command *command, void *op, uint8_t leg);

/* Queues a command whose answer is no reply but a stream of lines, which stand in `in` from then on
 * until the link is closed. 0, or -1: no memory. */
int mcp__link_put_raw(mcp__link *link, const void *bytes, size_t len);

/* Riders need not wait for company any more. */
static inline void
mcp__link_hasten(mcp__link *link)
{
    link->due = link->queued;
}

/* What is to be sent next, as at most `max` pieces. 0: nothing. */
size_t mcp__link_output(const mcp__link *link, mcp__span *spans, size_t max);
void mcp__link_sent_slow(mcp__link *link, size_t len);

static inline void
mcp__link_sent(mcp__link *link, size_t len)
{
    if (link->n_splices > 0) {
        mcp__link_sent_slow(link, len);
        return;
    }
    link->sent += len;
    link->out_taken += len;
    mcp__buf_take(&link->out, len);
}

static inline int
mcp__link_has_output(const mcp__link *link)
{
    return link->due > link->sent;
}

/* Whether something waits for company. */
static inline int
mcp__link_has_riders(const mcp__link *link)
{
    return link->queued > link->due && link->queued > link->sent;
}

/*
 * Where to receive to. NULL: not now (a value handed out still stands there), or no memory.
 * `*len` is how much fits, at least one byte.
 */
uint8_t *mcp__link_room_slow(mcp__link *link, size_t *len);

/* Room for a value of memcached's usual limit (1 MB) stays; more is given back with the next call.
 */
#define MCP__LINK_IN_KEPT_MAX ((size_t)2 * 1024 * 1024)

static inline uint8_t *
mcp__link_room(mcp__link *link, size_t *len)
{
    const mcp__buf *in = &link->in;
    if (link->n_pinned > 0 || in->end > 0 || in->capacity == 0 ||
        in->capacity > MCP__LINK_IN_KEPT_MAX)
        return mcp__link_room_slow(link, len);
    *len = in->capacity;
    return in->block;
}

static inline void
mcp__link_received(mcp__link *link, size_t len)
{
    mcp__buf_filled(&link->in, len);
}

typedef enum mcp__link_answer {
    MCP__LINK_NOTHING = 0, /* no whole reply is there */
    MCP__LINK_REPLY,       /* `pending` and `reply` are set */
    MCP__LINK_GREETED,     /* the greeting was answered: the link is OPEN */
    MCP__LINK_WRONG_PEER, /* the greeting was answered by no memcached; reply.value: what it said */
    MCP__LINK_CONVOY,     /* next would be the answer to a get of a convoy, or a part of it */
    MCP__LINK_VERSION,    /* within mcp__link_next() only: taken, look again */
    MCP__LINK_MISMATCH,   /* not the reply to what was asked, or no protocol at all */
} mcp__link_answer;

/*
 * The next reply. An error line that answers a request of which not all bytes have gone is a reply,
 * too (a server says early that a value is too large), but it leaves the link spoiled: the rest
 * must not be sent, because the caller's value may be gone. Its value stands in the receive buffer
 * until mcp__link_room() is called next; count `n_pinned` up to keep it longer.
 */
mcp__link_answer mcp__link_next(mcp__link *link, mcp__pending *pending, mcp__reply *reply);

/* The oldest request still outstanding, or NULL. */
static inline const mcp__pending *
mcp__link_oldest(const mcp__link *link)
{
    return link->pending_count == 0 ? NULL
                                    : &link->pending[link->pending_head & link->pending_mask];
}

/* Takes it off. */
static inline void
mcp__link_pop(mcp__link *link, uint8_t is_awaited)
{
    link->n_awaited -= is_awaited;
    link->pending_head++;
    link->pending_count--;
}

/* Takes the oldest request off without a reply: the connection is gone. 0: there is none. */
int mcp__link_drop(mcp__link *link, mcp__pending *pending);

/* Whether a reply can come: the oldest request has gone, at least in part. */
static inline int
mcp__link_owes(const mcp__link *link)
{
    return link->pending_count > 0 &&
           link->pending[link->pending_head & link->pending_mask].first_byte < link->sent;
}

/* Whether any byte of this request may have reached the server. */
static inline int
mcp__link_was_sent(const mcp__link *link, const mcp__pending *pending)
{
    return pending->first_byte < link->sent;
}

/* Whether part of a reply stands in the buffer. */
static inline int
mcp__link_has_partial(const mcp__link *link)
{
    return mcp__buf_len(&link->in) > 0;
}

/* CLOSED, everything that was to be sent or was received forgotten. The requests must have been
 * dropped before. */
void mcp__link_closed(mcp__link *link);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * op: one request on its way. It has a leg to each copy of its key; what is to be sent on a leg,
 * and when the whole is done, is decided in the rooms beside this one. The engine carries it out.
 *
 *     leg:  IDLE --send--> WAITING (its link is not open yet) --> SENT --answer--> IDLE
 *                             `------------ no answer will come -----`--> FALLEN --^
 *
 * Every answer of those rooms is a step: what to send next on which leg, and whether that was all.
 * Nothing here knows links, sockets or clocks; times are milliseconds that were handed in.
 */
#ifndef MCPROXY_OPS_OP_H
#define MCPROXY_OPS_OP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "mcproxy/mcproxy.h"
#include "pair/view.h"
#include "wire/meta.h"

/* What can be sent on a leg: a mcp__command_kind for the operation's own key, or one of these
 * words, which are about the record that the pair keeps (see pair/marks.h). */
typedef enum mcp__word {
    MCP__WORD_MARKS = 64,    /* read the marks */
    MCP__WORD_JOURNAL_LOOK,  /* the tag of the key's segment */
    MCP__WORD_JOURNAL,       /* append the key to its segment, */
    MCP__WORD_JOURNAL_NEW,   /* or begin the segment with it */
    MCP__WORD_JOURNAL_SIZE,  /* how large the segment is, and its tag again */
    MCP__WORD_JOURNAL_WHOLE, /* make the segment mean all its keys */
    MCP__WORD_LIST,          /* append what the marks lack, */
    MCP__WORD_LIST_NEW,      /* or begin them with it */
    MCP__WORD_BUMP,          /* change the marks' cas and nothing else */
    MCP__WORD_EPOCH,         /* read a server's word about itself */
    MCP__WORD_EPOCH_READY,   /* say that it is whole, whatever it said before */
    MCP__WORD_PEEK,          /* the cas of the operation's own key, for a check */
} mcp__word;

/* mcp__marking.needs and .has */
enum { MCP__MARK_JOURNAL = 1, MCP__MARK_SEGMENT = 2, MCP__MARK_ENTRY = 4, MCP__MARK_WHOLE = 8 };

/* How long a stub keeps others from filling the same key. */
#define MCP__LEASE_SECONDS 10

/* The most that goes over one leg at once. */
#define MCP__BUNDLE_MAX 6

typedef enum mcp__leg_state {
    MCP__LEG_IDLE = 0,
    MCP__LEG_WAITING,
    MCP__LEG_SENT,
    MCP__LEG_FALLEN, /* it will get no answer, and the op has not been told yet */
} mcp__leg_state;

/* How a leg can fail to bring an answer. */
typedef enum mcp__failure {
    MCP__FAILURE_NONE = 0,
    MCP__FAILURE_AWAY,    /* not asked: it is down or suspect */
    MCP__FAILURE_REFUSED, /* no connection */
    MCP__FAILURE_BROKEN,  /* the connection broke, or was not to be trusted any more */
    MCP__FAILURE_TIMEOUT,
    MCP__FAILURE_PROTOCOL, /* the peer is no memcached, or broke the protocol */
    MCP__FAILURE_TOO_OLD,  /* it lacks the meta commands */
    MCP__FAILURE_SERVER,   /* it answered SERVER_ERROR */
    MCP__FAILURE_LOCAL,    /* no descriptor or socket buffer here */
    MCP__FAILURE_MEMORY,   /* no memory here */
    MCP__FAILURE_AUTH,     /* it wants a password */
} mcp__failure;

/* A shortage here, and no fault of the server. */
static inline int
mcp__failure_is_local(mcp__failure failure)
{
    return failure == MCP__FAILURE_LOCAL || failure == MCP__FAILURE_MEMORY;
}

typedef struct mcp__leg {
    uint32_t server;
    uint16_t cas_mark;               /* of that server, see mcp__token_cas */
    uint8_t index;                   /* which leg of its op it is */
    uint8_t fell_sent;               /* fallen: the command may have reached the server */
    uint8_t state;                   /* mcp__leg_state */
    uint8_t copy;                    /* mcp_copy: what is known to have happened there */
    uint8_t bundle[MCP__BUNDLE_MAX]; /* what is on its way, in this order: command kinds, words */
    uint8_t n_bundle;
    uint8_t n_answered;   /* of these */
    uint8_t is_reborn;    /* it may have restarted since the operation began */
    uint8_t missed;       /* it lacks a change that the other copy has, or may have */
    uint8_t late_failure; /* mcp__failure: when the rest of the bundle has been answered */
    uint8_t is_mutation;  /* something in the bundle changes the key */
    uint8_t was_asked;    /* something was to be sent to it */
    uint8_t is_spent;     /* asked for the marks it took all the time that it may take */
    uint8_t was_resent;   /* moved once to a new connection, as nothing had been sent or changed */
    uint8_t failure;      /* mcp__failure */
    int16_t status;       /* of its last answer */
    int64_t life_ms;      /* of which life its server was, as the operation began */
    int64_t started_ms;   /* when its command was handed to the link */
    int64_t looked_ms;    /* how long the answer about its marks took */
    /* The engine's: the queue of legs that wait for a link to open, or that have fallen. */
    struct mcp__leg *next_waiting, *previous_waiting;
} mcp__leg;

/* What is to be begun behind an operation, and nobody waits for. */
typedef enum mcp__sequel {
    MCP__SEQUEL_NONE = 0,
    MCP__SEQUEL_VERIFY,      /* are both copies equal? */
    MCP__SEQUEL_LAST_DELETE, /* the third of backup, primary, backup */
    MCP__SEQUEL_MIRROR,      /* the backup gets what the primary has (ack=primary) */
    MCP__SEQUEL_COPY,        /* the copy that does not decide gets what the other one has */
} mcp__sequel;

/* What becomes of one event. */
typedef struct mcp__step {
    uint8_t send[2][MCP__BUNDLE_MAX]; /* for each leg, in this order, up to a 0 */
    uint8_t is_done;
} mcp__step;

/* What the options say about the record. */
typedef struct mcp__promise {
    uint8_t keeps_record; /* pairs mirror their writes, and what one misses is put on record */
    uint8_t is_strict;
    uint8_t verifies;
    uint8_t waits_for_mirror; /* ack=both */
    uint8_t is_shared;        /* other clients use these servers: no stubs */
    uint8_t refuses_cut_off;
    uint8_t refuses_skew;
    uint32_t view_interval_ms; /* how often servers are asked for their marks */
    uint32_t view_life_ms;     /* how long a view is gone by */
    uint32_t hold_ms;          /* H: that and the timeout of this client */
    uint32_t config8; /* hash of the list of servers and of how keys are placed */
    mcp__span prefix;
} mcp__promise;

/*
 * A view is asked for anew when it is a view interval old, not before: once in an interval is enough.
 * It is gone by a little longer, so that no call waits for the answer: an eighth, and less where
 * that would be more than the promise has room for (G2: view_interval + timeout).
 */
static inline void
mcp__promise_set_times(mcp__promise *promise, uint32_t view_interval_ms, uint32_t timeout_ms)
{
    uint32_t more_ms = view_interval_ms / 8 + (view_interval_ms % 8 != 0);
    if (more_ms > timeout_ms / 2)
        more_ms = timeout_ms / 2;
    promise->view_interval_ms = view_interval_ms;
    promise->view_life_ms = view_interval_ms + more_ms;
    promise->hold_ms = promise->view_life_ms + timeout_ms;
}

/* Beyond mcp_verb: what the engine does by itself. */
enum {
    MCP__VERB_VERIFY = 64,
    MCP__VERB_MARK,
    MCP__VERB_MIRROR, /* ack=primary: the backup's copy of a write */
    MCP__VERB_COPY,
    MCP__VERB_COMPARE,
    MCP__VERB_ASK,   /* one command to one server, for an errand */
    MCP__VERB_WHOLE, /* put on record that a server missed everything */
};

/* Putting a key on record, see ops/mark. */
typedef struct mcp__marking {
    uint8_t is_active;
    uint8_t witness; /* the leg on whose server it is recorded; the other one missed it */
    uint8_t rounds;
    uint8_t needs;      /* MCP__MARK_WHOLE: the segment has become too large */
    uint8_t was_begun;  /* the last bundle tried to begin the segment */
    uint8_t has_list;   /* there are marks to append to */
    uint8_t has_change; /* the change itself goes in front, and is not answered yet */
    uint8_t lists;      /* what goes into the marks: MCP__MARK_SEGMENT, _ENTRY */
    uint8_t has;        /* what has been done */
    uint8_t is_whole;   /* not one key: every segment, one after the other */
    uint8_t is_second;  /* the first one was lost with its connection */
    uint8_t n_followed; /* rounds in which another operation listed the segment */
    uint8_t segment;
    uint32_t inc8;    /* for a new entry */
    uint32_t tag;     /* of the segment that has the key; 0: not known */
    uint32_t new_tag; /* of one that is begun now */
    uint64_t unique;  /* the cas of a segment that has become too large; 0: none has */
} mcp__marking;

typedef struct mcp__op {
    /* The request. Bytes are the caller's, until the op is done. */
    uint8_t verb;          /* mcp_verb */
    uint8_t phase;         /* of the room that drives it */
    uint8_t is_direct;     /* to one server, whatever its role; its leg is the first */
    uint8_t is_mirrored;   /* writes go to both copies */
    uint8_t is_hopeless;   /* the request itself was refused: do not try it on the other copy */
    uint8_t is_looking;    /* the marks are read before anything else, */
    uint8_t has_looked;    /* those of the backup, too, */
    uint8_t has_looked_again; /* and were asked for a second time */
    uint8_t is_background; /* nobody waits for it */
    uint8_t is_filling;    /* a missing value is being copied from the other copy */
    uint8_t may_stand;     /* MCP__VERB_COPY: the source may be one that missed writes */
    uint8_t sequel;        /* mcp__sequel */
    uint8_t tries;         /* of a verification; of a delete, a bit for each leg that had a second one */
    uint8_t ask;           /* MCP__VERB_ASK: the command */
    uint8_t authority;     /* the copy whose word counts in this operation, once it has begun */
    uint8_t with_initial;
    uint8_t is_base64; /* of the key, see wire/base64 */
    uint32_t want;
    mcp__span key; /* as it goes over the wire */
    mcp__span value;
    int64_t ttl;
    uint32_t flags;
    uint64_t cas;         /* the user's token */
    uint64_t unique;      /* a server's own number, for CAS */
    uint64_t drop_unique; /* and for DELETE; 0: whatever there is */
    uint64_t delta;
    uint64_t initial;

    /* Where and until when. */
    mcp__view view;
    mcp__leg leg[2];
    const mcp__promise *promise;
    mcp__ledger *ledger[2]; /* what stands on each copy's server; NULL: no such copy */
    uint64_t copy_cas[2];   /* the number that each copy's server gave to what was stored */
    mcp__marking mark;
    int64_t now_ms;
    int64_t hold_ms; /* it is done, but not to be told before this; 0: not held */
    int64_t deadline_ms;
    int64_t share_ms; /* how long one copy may take while there is another */
    int64_t unix_now; /* seconds; for long ttls of copies */

    /* The answer. */
    int16_t status;
    int8_t answered;  /* leg whose answer it is; -1: none yet */
    uint8_t has_view; /* `result_value` stands in that leg's link */
    uint32_t result_flags;
    int64_t result_ttl;
    uint64_t result_cas;
    uint64_t number;
    mcp__span result_value;
    mcp__buf kept; /* a value that has to outlive its link's buffer */

    char wire_key[MCP_KEY_MAX]; /* when a namespace stands in front, or nobody else keeps it */
} mcp__op;

/* Where the bytes of a command stand that are not the request's; until it has been encoded. */
typedef struct mcp__scratch {
    char key[MCP__MARKS_KEY_MAX];
    char value[MCP__MARKS_LINE_MAX];
} mcp__scratch;

/* The other copy. */
#define MCP__OTHER(leg) (1 - (leg))

/* Fills in what the request says, and clears what it does not. The legs and the view come later,
 * from the engine; `kept` is left alone. */
void mcp__op_begin(mcp__op *op, const mcp_request *request);

/* The command that a kind or a word means on this leg, without its opaque. */
mcp__command mcp__op_command(const mcp__op *op, int leg, uint8_t word, mcp__scratch *scratch);

/* Draws the view anew from the ledgers. `is_usable` is the engine's to say. */
static inline void
mcp__op_look(mcp__op *op)
{
    if (op->ledger[MCP__PRIMARY] != NULL && op->ledger[MCP__BACKUP] != NULL)
        mcp__view_read(&op->view, op->ledger[MCP__PRIMARY], op->ledger[MCP__BACKUP]);
}

/* Whether what one copy misses is put on record on the other. */
static inline int
mcp__op_keeps_record(const mcp__op *op)
{
    return op->ledger[MCP__BACKUP] != NULL && op->is_mirrored && op->promise->keeps_record;
}

/* A copy of the value is needed after its link has moved on. 0, or -1: no memory. */
int mcp__op_keep(mcp__op *op, const mcp__reply *reply);

/* What incr and decr leave, as the server writes it. */
uint64_t mcp__op_number(const mcp__span *value);

/* Takes over what a reply says: this leg's answer is the op's. */
void mcp__op_adopt(mcp__op *op, int leg, const mcp__reply *reply);

/* When to give up on what is on its way now: the deadline, or earlier where the other copy could
 * still answer, or has. INT64_MAX when nothing is on its way. */
int64_t mcp__op_limit(const mcp__op *op, int leg);

/* It waited for its server, and meanwhile the other one has said that this one missed writes: then
 * it must not be asked for what depends on what it holds. */
int mcp__op_is_outdated(const mcp__op *op, int leg);

/* It fell with its connection, and not because it took its share: there is time to ask again. */
static inline int
mcp__op_was_lost_early(const mcp__op *op, int leg)
{
    const mcp__leg *lost = &op->leg[leg];
    int is_early = lost->failure == MCP__FAILURE_BROKEN ||
                   (lost->failure == MCP__FAILURE_TIMEOUT &&
                    op->now_ms - lost->started_ms < op->share_ms);
    return is_early && op->now_ms < op->deadline_ms;
}

/* Whether this leg has not come to an end yet. */
static inline int
mcp__op_is_waiting(const mcp__op *op, int leg)
{
    return op->leg[leg].state != MCP__LEG_IDLE;
}

/* Whether this copy exists and nothing was sent to it yet. */
static inline int
mcp__op_is_untried(const mcp__op *op, int leg)
{
    return op->view.exists[leg] && !op->leg[leg].was_asked && !op->is_hopeless;
}

/* The status of an op that no copy answered: what the user has to know most. */
mcp_status mcp__op_failure_status(const mcp__op *op, int is_mutation);

/* The step that ends the op with this status. */
mcp__step mcp__op_done(mcp__op *op, mcp_status status);

static inline mcp__step
mcp__op_wait(void)
{
    return (mcp__step){{{0}, {0}}, 0};
}

static inline mcp__step
mcp__op_send(int leg, mcp__command_kind kind)
{
    mcp__step step = mcp__op_wait();
    step.send[leg][0] = (uint8_t)kind;
    return step;
}

/* One more at the end of what goes over a leg. */
static inline void
mcp__op_add(mcp__step *step, int leg, uint8_t word)
{
    int i = 0;
    while (step->send[leg][i] != 0)
        i++;
    step->send[leg][i] = word;
}

#endif

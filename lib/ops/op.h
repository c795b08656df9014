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

typedef struct mcp__leg {
    uint32_t server;
    uint16_t cas_mark;  /* of that server, see mcp__token_cas */
    uint8_t index;      /* which leg of its op it is */
    uint8_t fell_sent;  /* fallen: the command may have reached the server */
    uint8_t state;      /* mcp__leg_state */
    uint8_t copy;       /* mcp_copy: what is known to have happened there */
    uint8_t command;    /* mcp__command_kind on its way */
    uint8_t was_asked;  /* something was to be sent to it */
    uint8_t was_resent; /* moved once to a new connection, as nothing had been sent or changed */
    uint8_t failure;    /* mcp__failure */
    int16_t status;     /* of its last answer */
    int64_t started_ms; /* when its command was handed to the link */
    /* The engine's: the queue of legs that wait for a link to open, or that have fallen. */
    struct mcp__leg *next_waiting, *previous_waiting;
} mcp__leg;

/* What becomes of one event. */
typedef struct mcp__step {
    uint8_t send[2];    /* mcp__command_kind for each leg; NONE: nothing */
    uint8_t owe_backup; /* send[BACKUP] is owed: nobody waits for its reply */
    uint8_t is_done;
} mcp__step;

typedef struct mcp__op {
    /* The request. Bytes are the caller's, until the op is done. */
    uint8_t verb;        /* mcp_verb */
    uint8_t phase;       /* of the room that drives it */
    uint8_t is_direct;   /* to one server, whatever its role; its leg is the first */
    uint8_t is_mirrored; /* writes go to both copies */
    uint8_t is_hopeless; /* the request itself was refused: do not try it on the other copy */
    uint8_t with_initial;
    uint32_t want;
    mcp__span key; /* as it goes over the wire */
    mcp__span value;
    int64_t ttl;
    uint32_t flags;
    uint64_t cas; /* the user's token */
    uint64_t delta;
    uint64_t initial;

    /* Where and until when. */
    mcp__view view;
    mcp__leg leg[2];
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

    char wire_key[MCP_KEY_MAX]; /* when a namespace stands in front */
} mcp__op;

/* The other copy. */
#define MCP__OTHER(leg) (1 - (leg))

/* Fills in what the request says, and clears what it does not. The legs and the view come later,
 * from the engine; `kept` is left alone. */
void mcp__op_begin(mcp__op *op, const mcp_request *request);

/* The command that `kind` means for this op, without its opaque. */
mcp__command mcp__op_command(const mcp__op *op, mcp__command_kind kind);

/* A copy of the value is needed after its link has moved on. 0, or -1: no memory. */
int mcp__op_keep(mcp__op *op, const mcp__reply *reply);

/* Takes over what a reply says: this leg's answer is the op's. */
void mcp__op_adopt(mcp__op *op, int leg, const mcp__reply *reply);

/* When to give up on what is on its way now: the deadline, or earlier where the other copy could
 * still answer, or has. INT64_MAX when nothing is on its way. */
int64_t mcp__op_limit(const mcp__op *op, int leg);

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
    return (mcp__step){{MCP__COMMAND_NONE, MCP__COMMAND_NONE}, 0, 0};
}

static inline mcp__step
mcp__op_send(int leg, mcp__command_kind kind)
{
    mcp__step step = mcp__op_wait();
    step.send[leg] = (uint8_t)kind;
    return step;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * errand: what background work (repair, resync) may ask of the engine, and how it is told the
 * outcome. The work is a state machine that is pulled: the engine asks for its next errand until
 * there is none to be had now, carries them out in any number at once, and tells each outcome under
 * the errand's tag. Pure; times are milliseconds that were handed in.
 */
#ifndef MCPROXY_OPS_ERRAND_H
#define MCPROXY_OPS_ERRAND_H

#include <stddef.h>
#include <stdint.h>

#include "pair/marks.h"
#include "wire/span.h"

typedef enum mcp__errand_what {
    MCP__ERRAND_NONE = 0, /* not now: wait for outcomes, or until `until_ms` */
    MCP__ERRAND_READ,     /* value and cas of one item */
    MCP__ERRAND_PEEK,     /* its cas alone */
    MCP__ERRAND_STORE,    /* with `unique` != 0: only if its cas is still that */
    MCP__ERRAND_ADD,      /* only if there is none */
    MCP__ERRAND_DELETE,   /* with `unique` != 0: only if its cas is still that */
    MCP__ERRAND_PING,
    MCP__ERRAND_RENEW, /* a connection opened no earlier than `since_ms`, as soon as none is used */
    MCP__ERRAND_COPY,  /* lease-copy of a key from `from` to `server`; `deletes_first`: whatever
                          `server` holds is removed before */
    MCP__ERRAND_COMPARE, /* see ops/compare: both copies of a key equal, or the one on `server`
                            goes; also when `from` has none */
    MCP__ERRAND_DUMP,    /* all keys of `server`, told one by one */
    MCP__ERRAND_DONE,    /* the work is over: see its own result */
} mcp__errand_what;

typedef struct mcp__errand {
    uint8_t what; /* mcp__errand_what */
    uint8_t deletes_first;
    uint8_t may_stand; /* COPY: also from a server that stands, since this key's value is right */
    uint32_t server;
    uint32_t from;
    uint32_t tag;
    /* The key and the value stand until the outcome is told. A base64 key is marked. */
    mcp__span key;
    uint8_t is_base64;
    mcp__span value;
    uint32_t flags;
    int64_t ttl;
    uint64_t unique;
    int64_t since_ms;
    int64_t until_ms; /* NONE: ask again then at the latest; INT64_MAX: only outcomes matter */
} mcp__errand;

typedef enum mcp__outcome_status {
    MCP__OUTCOME_DONE = 0, /* read, stored, deleted, answered, copied */
    MCP__OUTCOME_MISSING, /* READ, PEEK, DELETE, STORE with `unique`: no such item; COPY: the source
                             has none either */
    MCP__OUTCOME_CHANGED, /* STORE, ADD, DELETE: its cas is another one, or there is one */
    MCP__OUTCOME_KEPT,    /* COPY: the target has a value already, or somebody else fills it */
    MCP__OUTCOME_BUSY,    /* DUMP: refused for now */
    MCP__OUTCOME_UNABLE,  /* DUMP: the server has none; COPY: too large for the target */
    MCP__OUTCOME_FAILED,  /* no answer: the server is away; it may have been done */
} mcp__outcome_status;

typedef struct mcp__outcome {
    uint8_t status;  /* mcp__outcome_status */
    mcp__span value; /* READ: stands until the tell returns */
    uint32_t flags;  /* READ */
    uint64_t unique; /* READ, PEEK: its cas; STORE, ADD that are DONE: the cas it has now */
} mcp__outcome;

/* What the engine knows that the work has to see, as of now. */
typedef struct mcp__sight {
    uint8_t is_usable[2];  /* [0]: the server that is put right, [1]: the witness */
    uint8_t stands;        /* the mark of [0] stands on [1] */
    uint32_t inc8;         /* its incarnation */
    int64_t first_seen_ms; /* when this client first saw that incarnation */
    uint32_t hold_ms;      /* H of the pool */
    uint64_t segments;     /* those that "+" entries list for it */
    /* The mark of [1] stands on [0], too (a double fault); the same of that one. 0 is allowed: the
     * repair reads both lists itself and then counts from when it did. */
    uint8_t other_stands;
    uint32_t other_inc8;
    int64_t other_first_seen_ms;
} mcp__sight;

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * history: what several clients asked of a cache and what they were told, one record an operation,
 * all on one clock. Written by the client processes into memory they share with the test, so that
 * it outlives them; read by the judge.
 */
#ifndef TESTS_PROMISE_HISTORY_H
#define TESTS_PROMISE_HISTORY_H

#include <stdint.h>

typedef enum history_op {
    OP_READ = 1, /* `value`: what came, when `outcome` is YES */
    OP_SEEN,     /* a value that a write proved to be there, e.g. a cas that succeeded on it */
    OP_WRITE,    /* `value`: what was written */
    OP_DELETE,   /* `value`: names the delete, where values are numbered (see judge.h), else 0 */
    OP_OTHER,    /* touch and the like: only whether it failed */
} history_op;

typedef enum history_outcome {
    OUTCOME_PENDING = 0, /* begun; its process may have died in it */
    OUTCOME_YES,         /* acknowledged; a read: a value */
    OUTCOME_NO,          /* a server said no (not stored, exists): nothing was changed */
    OUTCOME_MISS,
    OUTCOME_FAILED,  /* an error, and the library says that nothing was changed */
    OUTCOME_UNKNOWN, /* an error, and it may have been done */
} history_outcome;

typedef struct history_record {
    int64_t start_us;
    int64_t end_us; /* 0 while it is pending */
    uint64_t value;
    uint32_t key;
    int16_t status; /* mcp_status */
    uint8_t op;
    uint8_t outcome;
    uint8_t client;
    uint8_t primary, backup; /* mcp_copy */
    uint8_t from_backup;
    uint8_t
        is_cas; /* a write that names what it replaces: nobody but the server it asked can tell */
    uint8_t garbled; /* a read: the bytes are not what anybody wrote under this key */
} history_record;

/* Whoever looks at a server directly, when all is over. */
#define HISTORY_OBSERVER 255

#endif

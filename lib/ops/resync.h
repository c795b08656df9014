/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * resync: fills a server S that came back empty. Each partner that shares a pair with S is dumped,
 * and the keys of that pair are copied by lease onto S; what S has by then is kept. Setting the
 * epoch of S afterwards is the caller's business.
 *
 * Not copied: keys that begin with the reserved prefix; keys of other namespaces; routed keys.
 * Users place those by a group key, which no dump knows: they are filled by use only. Where such
 * keys exist (`has_routes`) no dump may be trusted at all: a routed key that was copied to the
 * server its own name points to is never written or deleted there again, and the next resync would
 * bring that old value back. Then the result is NO_DUMP at once.
 *
 * A partner whose keys do not fit into `memory_max` is dumped several times, a part of its keys,
 * by their hash, each time.
 *
 * Pulled like ops/repair; every errand given has to be told.
 */
#ifndef MCPROXY_OPS_RESYNC_H
#define MCPROXY_OPS_RESYNC_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "ops/errand.h"
#include "ops/keys.h"
#include "ops/lock.h"
#include "place/pairing.h"

#define MCP__RESYNC_WINDOW 64
#define MCP__RESYNC_WINDOW_MAX 1024

typedef enum mcp__resync_phase {
    MCP__RESYNC_LOCKING = 0,
    MCP__RESYNC_CHOOSING, /* waiting for a partner that can be read */
    MCP__RESYNC_DUMPING,
    MCP__RESYNC_COPYING,
    MCP__RESYNC_RELEASING,
    MCP__RESYNC_ENDED,
} mcp__resync_phase;

typedef enum mcp__resync_result {
    MCP__RESYNC_UNDER_WAY = 0,
    MCP__RESYNC_DONE,       /* every partner was copied, and no copy failed */
    MCP__RESYNC_INCOMPLETE, /* a partner could not be read, or copies failed: again later; what was
                               copied is there and is passed over then */
    MCP__RESYNC_NO_DUMP,    /* a partner cannot list its keys: S is filled by use only */
    MCP__RESYNC_AWAY,       /* S cannot be reached */
    MCP__RESYNC_NO_MEMORY,
    MCP__RESYNC_STOPPED,
} mcp__resync_result;

typedef struct mcp__resync_partner {
    uint32_t server;
    /* Reachable, its epoch is R, its mark stands nowhere, and that of S does not stand on it (then
     * repair comes first). The caller may change it between calls. */
    uint8_t is_source;
    uint8_t state; /* the job's */
} mcp__resync_partner;

typedef struct mcp__resync_setup {
    const mcp__mem *mem;           /* must outlive the job */
    const mcp__pairing *pairing;   /* so must this */
    mcp__resync_partner *partners; /* and these; each once */
    size_t n_partners;
    uint32_t server; /* S */
    uint32_t server_id8;
    mcp__span prefix;     /* of our items, 1 to 64 bytes; stands as long as the job */
    mcp__span name_space; /* `namespace=`; stands as long as the job */
    uint32_t window;      /* copies in flight, up to 1024; 0: 64 */
    uint32_t rate;        /* keys per second; 0: no limit */
    size_t memory_max;    /* for keys of a dump; 0: 1 GiB */
    uint64_t random;      /* for the value of the lock */
    uint8_t has_routes;
} mcp__resync_setup;

typedef struct mcp__resync {
    /* For whoever shows them; all else is the job's own. */
    uint8_t phase;    /* mcp__resync_phase */
    uint8_t result;   /* mcp__resync_result; decided a little before the errand DONE is given */
    uint32_t partner; /* the server that is read; MCP__NO_SERVER: none */
    size_t n_partners_done;
    uint64_t n_seen;  /* keys in the dumps */
    uint64_t n_known; /* keys to copy, of the dumps so far */
    uint64_t n_copied;
    uint64_t n_kept;    /* S had them already */
    uint64_t n_missing; /* the partner had them no more */
    uint64_t n_refused; /* too large for S */
    uint64_t n_failed;

    mcp__resync_setup setup;
    mcp__lock lock;
    mcp__keys keys;
    mcp__keys_cursor cursor;
    size_t at;     /* which partner */
    uint32_t part; /* part `part` of `n_parts` of its keys, by hash */
    uint32_t n_parts;
    uint64_t part_bytes; /* of all keys of this part, taken or not */
    uint8_t is_dumping;
    uint8_t is_given_up;    /* this partner */
    uint64_t failed_before; /* n_failed when this partner was begun */
    uint32_t n_flying;
    int64_t pause_until_ms;
    int64_t credit; /* thousandths of a copy */
    int64_t credit_at_ms;
} mcp__resync;

/* Allocates nothing. The setup is copied, what it points to is not. */
void mcp__resync_begin(mcp__resync *job, const mcp__resync_setup *setup, int64_t now_ms);
/* Other values for `window` and `rate` of the setup, at any time. */
void mcp__resync_set_pace(mcp__resync *job, uint32_t window, uint32_t rate);
/* Nothing may be in flight, unless it will never be told. */
void mcp__resync_fini(mcp__resync *job);
/* It ends as soon as nothing is in flight. */
void mcp__resync_stop(mcp__resync *job);

/* `is_usable`: S can be reached. NONE: not now; DONE: the job has ended, see its result. */
void mcp__resync_next(mcp__resync *job, int is_usable, int64_t now_ms, mcp__errand *errand);
void mcp__resync_told(mcp__resync *job, uint32_t tag, const mcp__outcome *outcome, int64_t now_ms);
/* One key of the DUMP under that tag, as it goes over the wire (a key that is not clean: in
 * base64). It is copied if it is wanted. */
void mcp__resync_dumped(mcp__resync *job, uint32_t tag, mcp__span key, int is_base64);

/* "copying" and so on. */
const char *mcp__resync_phase_name(mcp__resync_phase phase);
const char *mcp__resync_result_name(mcp__resync_result result);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * repair: puts a server right that missed writes, from what is on record about it on one witness.
 * D is the server whose mark stands, W the witness: the survivor that has the writes, the mark and
 * the journal. One job is one pair of servers, whichever of the two is the primary of a key.
 *
 *   PEEKING     the cas of all 64 journal segments is noted as soon as the mark is seen
 *   HOLDING     until this incarnation of the mark has been seen for H (then every client knows),
 *               and a segment, too: the writes of younger ones may still be in flight
 *   LOCKING     until nobody else repairs
 *   READING     the mark, and behind it all segments. None there: CLEARING; all young: HOLDING
 *   QUARANTINE  in every round: D answers, Q passes, D answers on a connection opened after the
 *               youngest of what is replayed was first seen
 *   REPLAYING   each key is deleted on D, then copied by lease from W; of a segment that means all
 *               its keys, all of them are found by a dump
 *   CUTTING     each replayed segment is deleted if nothing was appended; then READING again
 *   CLEARING    the mark goes if nothing was appended to it since READING; else READING
 *   RELEASING   the lock is given back
 *   RESTING     5 s later: SWEEPING: the replayed keys (the first 1024) are compared once more,
 *               because a write that a server had buffered before all this may have come after it.
 *               (The mark is gone by then: if D fails anew, that is another job's business.)
 *   DEFERRING   both stand, and the other of the two jobs does the work
 *
 * The rules that safety rests on, by their numbers in docs/design.md: I2, I4, I16.
 *
 * BOTH STAND (a double fault: the mark of each stands on the other): the job of the server with the
 * lower number does both, P, and the other, B (which is the backup wherever there is a backup
 * list). The keys of B's journal, and those of P's whose pair is not known to be P, B: deleted on
 * B, P, B. Then the other keys of P's journal: deleted on P, copied from B. Whole segments: deleted
 * on both. Then B's mark goes first. (A key in B's journal only could keep its value on P, had
 * nobody ever copied an old one there; but a repair that had not yet seen B's mark may have done
 * just that, after the write to P and before its record. A miss is always legal.)
 *
 * The job is pulled, see ops/errand.h. Every errand given has to be told, also when nothing can be
 * done any more (FAILED); keys and values of errands stand until then. Any FAILED ends the job as
 * AWAY; a new job, or this one resumed, skips nothing because of it.
 */
#ifndef MCPROXY_OPS_REPAIR_H
#define MCPROXY_OPS_REPAIR_H

#include <stdint.h>

#include "base/mem.h"
#include "ops/errand.h"
#include "ops/keys.h"
#include "ops/lock.h"
#include "pair/marks.h"
#include "place/pairing.h"

#define MCP__REPAIR_WINDOW 64    /* errands in flight */
#define MCP__REPAIR_SWEEP 1024   /* keys that are compared at the end */
#define MCP__REPAIR_REST_MS 5000 /* before that */

typedef enum mcp__repair_phase {
    MCP__REPAIR_PEEKING = 0,
    MCP__REPAIR_HOLDING,
    MCP__REPAIR_LOCKING,
    MCP__REPAIR_READING,
    MCP__REPAIR_QUARANTINE,
    MCP__REPAIR_REPLAYING,
    MCP__REPAIR_CUTTING,
    MCP__REPAIR_CLEARING,
    MCP__REPAIR_RELEASING,
    MCP__REPAIR_RESTING,
    MCP__REPAIR_SWEEPING,
    MCP__REPAIR_DEFERRING,
    MCP__REPAIR_ENDED,
} mcp__repair_phase;

typedef enum mcp__repair_result {
    MCP__REPAIR_UNDER_WAY = 0,
    MCP__REPAIR_DONE,      /* the mark does not stand any more: this job or somebody else did it */
    MCP__REPAIR_AWAY,      /* one of the two did not answer: begin anew, or resume, later */
    MCP__REPAIR_NO_DUMP,   /* all keys of a segment are meant, and the server cannot list them: the
                              mark stays, the pair is served by the witness; try again much later */
    MCP__REPAIR_FOREIGN,   /* the marks are of another format: they stand, and are not ours to clear
                            */
    MCP__REPAIR_NO_MEMORY, /* begin anew later */
    MCP__REPAIR_STOPPED,
} mcp__repair_result;

typedef struct mcp__repair_setup {
    const mcp__mem *mem;         /* must outlive the job */
    const mcp__pairing *pairing; /* so must this */
    uint32_t server;             /* D */
    uint32_t witness;            /* W */
    uint32_t server_id8;
    uint32_t witness_id8;
    mcp__span prefix;     /* of our items, 1 to 64 bytes; stands as long as the job */
    mcp__span name_space; /* `namespace=`: keys are placed without it; stands as long as the job */
    uint32_t quarantine_ms; /* Q; 100 */
    size_t memory_max;      /* for keys of a dump; 0: 1 GiB */
    uint64_t random;        /* for the value of the lock */
    uint8_t has_routes;     /* users give group keys, so a key does not tell its pair: what a dump
                               brought is deleted, but nothing is copied because of it */
} mcp__repair_setup;

/* One journal segment, as this job knows it. */
typedef struct mcp__repair_segment {
    uint64_t unique;  /* its cas; 0: it is absent */
    int64_t since_ms; /* when this job first saw that */
    uint8_t *value;   /* as read in this round; NULL: absent, or whole */
    uint32_t value_len;
    uint32_t tag;       /* of the one that is there */
    uint32_t new_tag;   /* of the first "+" entry that is not accounted for */
    uint16_t listed;    /* how many "+" entries say that it was begun */
    uint16_t accounted; /* so many of them this job has replayed and deleted */
    uint8_t has_other;  /* those that are not accounted for are of several beginnings */
    uint8_t is_whole;   /* all keys of the segment are meant */
    uint8_t is_todo;    /* it is old enough, and replayed in this round */
    uint8_t key_len;
    char key[MCP__MARKS_KEY_MAX];
} mcp__repair_segment;

/* One server's marks about the other. */
typedef struct mcp__repair_side {
    uint32_t host;  /* the server that has the marks */
    uint32_t about; /* the server that missed writes */
    uint32_t id8;   /* of `about` */
    uint8_t is_peeked;
    uint8_t has_inc8;
    uint8_t has_sight;
    uint32_t inc8;       /* the incarnation of its mark */
    int64_t since_ms;    /* when it was first seen */
    uint32_t sight_inc8; /* what the sight last said */
    uint8_t *list;       /* the marks as read in this round */
    size_t list_len;
    uint64_t list_unique;
    uint8_t list_key_len;
    char list_key[MCP__MARKS_KEY_MAX];
    mcp__repair_segment segment[MCP__MARKS_SEGMENTS];
} mcp__repair_side;

typedef struct mcp__repair {
    /* For whoever shows them; all else is the job's own. */
    uint8_t phase;       /* mcp__repair_phase */
    uint8_t result;      /* mcp__repair_result; decided a little before the errand DONE is given */
    uint8_t is_cleared;  /* this job cleared the mark */
    uint8_t is_both;     /* both stand */
    uint64_t n_keys;     /* keys copied, deleted or found missing */
    uint64_t n_segments; /* segments replayed and deleted */
    uint32_t n_evicted;  /* segments found to have been lost with their keys */
    uint32_t n_rounds;
    uint64_t n_swept;         /* keys compared at the end */
    int64_t waiting_until_ms; /* HOLDING, RESTING: until then; else 0 */

    mcp__repair_setup setup;
    mcp__lock lock;
    mcp__repair_side side[2]; /* [0]: about D, on W; [1]: about W, on D */
    uint8_t n_sides;          /* 1, or 2 when both stand */
    uint8_t step;             /* within the phase */
    uint8_t is_asked;         /* the errand of this step was given */
    uint8_t row;              /* of the plan that REPLAYING follows */
    uint8_t must_begin_again; /* when nothing is in flight any more */
    uint32_t next;            /* within the step */
    uint32_t n_flying;
    uint32_t hold_ms;
    uint32_t peek_rest_ms; /* how long HOLDING waits before it peeks again; doubled each time */
    int64_t peek_due_ms;
    int64_t pause_until_ms;
    int64_t youngest_ms; /* when the youngest of what this round replays was first seen */
    uint64_t whole;      /* segments of this round that mean all their keys */
    mcp__keys keys;      /* of a dump */
    mcp__keys_cursor cursor;
    mcp__keys swept;
    uint32_t line_segment; /* where the walk through the journals' lines stands */
    uint8_t line_side;
    uint32_t line_at;
    uint32_t recent[1024]; /* lines of this segment, by a hash of their key */
} mcp__repair;

/* Allocates nothing. The setup is copied, what it points to is not. */
void mcp__repair_begin(mcp__repair *job, const mcp__repair_setup *setup, int64_t now_ms);
/* Nothing may be in flight, unless it will never be told. */
void mcp__repair_fini(mcp__repair *job);
/* An ended job that was AWAY starts again, with what it knows of ages and of segments that it has
 * deleted itself: it need not dump the servers because those are absent now. */
void mcp__repair_resume(mcp__repair *job, int64_t now_ms);
/* It ends as soon as nothing is in flight. */
void mcp__repair_stop(mcp__repair *job);

/* The next errand; NONE: not now; DONE: the job has ended, see its result. */
void mcp__repair_next(mcp__repair *job, const mcp__sight *sight, int64_t now_ms,
                      mcp__errand *errand);
void mcp__repair_told(mcp__repair *job, uint32_t tag, const mcp__outcome *outcome, int64_t now_ms);
/* One key of the DUMP under that tag, as it goes over the wire (a key that is not clean: in
 * base64). It is copied if it is wanted. */
void mcp__repair_dumped(mcp__repair *job, uint32_t tag, mcp__span key, int is_base64);

/* "reading" and so on. */
const char *mcp__repair_phase_name(mcp__repair_phase phase);
const char *mcp__repair_result_name(mcp__repair_result result);

#endif

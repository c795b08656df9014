/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kit: the parts of the protocol that many models share, cut into steps of one command. A process
 * calls them again until they say KIT_DONE; where they stand is kept in the process.
 */
#ifndef TESTS_MODEL_KIT_H
#define TESTS_MODEL_KIT_H

#include "model/cache.h"
#include "model/explore.h"

enum { KIT_GOING, KIT_DONE, KIT_FAILED };

/* Flags of a case that the kit looks at: what is left out of the protocol. A model's own: 1 << 16.
 */
enum {
    KIT_NO_BUMP = 1,      /* the marks are read, their CAS is left alone */
    KIT_NO_REPUT = 2,     /* bumped only: that the mark is gone is not noticed */
    KIT_NO_SECOND = 4,    /* having created something, it is not looked at again */
    KIT_NO_REREAD = 8,    /* the repairer clears behind the replay, without a last look */
    KIT_COPY_PLAIN = 16,  /* the replay copies with a plain set */
    KIT_DELETE_ONLY = 32, /* the replay deletes and copies nothing */
    KIT_CLEAR_PLAIN = 64, /* the mark is deleted whatever its CAS is */
    KIT_NO_MARK = 128,    /* a write that missed P is not recorded */
    KIT_KEEP_EMPTY = 256, /* cleared marks stay as an empty list */
    KIT_OWN = 1 << 16
};

/* In a journal: "*", every key of the segment. */
enum { KIT_STAR = 4 };

/* Where a process stands that has nothing left to do. */
enum { KIT_THROUGH = 99 };

/* It forgets all but that. Returns 1. */
int kit_through(model *m);

/* The bit of a key in a journal. */
int kit_bit(int key);

/*
 * MARK(self->key): D data on B, J journal, M mark, in the order given ("DJM" is right); value
 * ABSENT deletes. "JM" when B has the data already. Uses phase, sub, round, seen; leaves in
 * self->inc what step 4 saw, and sets self->y when it created the mark.
 */
int kit_mark(model *m, const char *order);

/* An inc nobody used yet, counted in ghost[0]. */
int kit_new_inc(model *m);

/* Both servers have both keys. */
void kit_start_same(model *m);

/* They do, and a write of k2 that P missed is on record. */
void kit_start_standing(model *m);

/* P stands. */
int kit_stands(const model *m);

/*
 * A repairer begins a round: reads the marks, and goes to sub 1. It cannot (0) when it has begun
 * none yet and P does not stand; it begins anew when P stands no more. Uses round; leaves cas_s
 * and, in seen, the "+" entries.
 */
int kit_read_marks(model *m);

/* A segment is evicted, while less than `most` were: *evicted. */
int kit_evict(model *m, int item, int most, int *evicted, const char *note);

/*
 * Repairs P until its mark is gone. It cannot begin (-1) while there is none. Uses sub, keys,
 * cas_s, cas_j, cas_k, value.
 */
int kit_repair(model *m);

/* md, lease, copy of the lowest key in self->keys; sub 2 to 5. KIT_DONE: the key is through. */
int kit_replay_key(model *m);

/*
 * Of a CAS only matters which others it equals: numbers those of mcp:s and the journal on B, and
 * the cas_s and cas_j that processes hold of them, anew, so that states that differ in nothing that
 * can matter become one. Not while a schedule is walked on real servers.
 */
void kit_forget(model *m);

/* The same of an item whose number one process at most compares. */
void kit_forget_number(model_item *item, int *token);

/* P stands, and P's key is in the journal on B. */
int kit_is_on_record(const model *m, int key);

/*
 * P has a value that B has not, and nothing on record says so. That P misses (or has a stub) is
 * never wrong.
 */
int kit_differs(const model *m, int key);

#endif

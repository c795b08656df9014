/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * P missed everything (what B had on record went with B, or P missed a flush): who knows that puts
 * "*" into every segment, and then the mark. Two segments with one key each stand for 64. A segment
 * may be evicted at any time, and who puts it on record may die. Bad: everything is through, no
 * mark stands, somebody was told that it is on record, and P still has what it had.
 *
 * All of them have one tag, and one entry ("+**.tag") lists them; it is over when a look behind
 * that finds it and the mark. Listing them changes the CAS of the marks, so there is no bump here.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    PLUS = KIT_OWN,        /* "+**.tag" */
    EVICTS = KIT_OWN << 1, /* a segment, once */
    EVICTS_TWICE = KIT_OWN << 2,
    DIES = KIT_OWN << 3,         /* the first one may die */
    STANDING = KIT_OWN << 4,     /* P stands already, for something that is not in these segments */
    ONE_FOR_ALL = KIT_OWN << 5,  /* one segment is listed for all */
    UNSEEN = KIT_OWN << 6,       /* what was to be listed is taken for listed */
    COPIES_STALE = KIT_OWN << 7, /* "*" is lease-copied without being deleted */
    TWO = KIT_OWN << 8           /* two know it */
};

enum { ACKED = 1, EVICTED }; /* ghosts */
enum { WRITER, WRITER2, REPAIRER, EVICTION };
enum { STAR_1, STAR_2, PUT, CREATE, LOOK, THROUGH };
enum { READ_MARKS, READ_1, READ_2, WIPE_1, WIPE_2, CUT_1, CUT_2, CLEAR };
enum { MAX_ROUNDS = 4 };

static int
tag_of(const model *m, int index)
{
    return 1 << (2 * m->who + index);
}

/* Of either writer. */
static int
tags_of(int index)
{
    return 1 << index | 4 << index;
}

static void
forget(model *m)
{
    model_proc *repairer = &m->s.proc[REPAIRER];

    if (m->is_walk)
        return;
    kit_forget_number(&m->s.item[B][S], &repairer->cas_s);
    kit_forget_number(&m->s.item[B][J], &repairer->cas_j);
    kit_forget_number(&m->s.item[B][J2], &repairer->cas_k);
    for (int key = K; key <= K2; key++)
        m->s.item[P][key].cas = 1;
}

static void
start_whole(model *m)
{
    m->s.item[P][K] = m->s.item[P][K2] = (model_item){1, 0, 1};
    if (m->c->flags & STANDING)
        m->s.item[B][S] = (model_item){1, 0, 1};
}

/* ---- who puts it on record ---- */

static int
through(model *m, int is_acked)
{
    m->s.ghost[ACKED] |= is_acked;
    *model_self(m) = (model_proc){.pc = THROUGH};
    return 1;
}

/* The "+" entry, if it is not known to be there; a bit for each segment that it means. */
static int
entry(model *m)
{
    if (!(m->c->flags & PLUS) || model_self(m)->keys == 0)
        return 0;
    return m->c->flags & ONE_FOR_ALL ? tag_of(m, 0) : tag_of(m, 0) | tag_of(m, 1);
}

/* What the marks lack is appended; without marks they are begun with it. */
static int
list(model *m)
{
    model_proc *self = model_self(m);
    int plus = entry(m);

    if (self->pc == PUT)
        cache_append(m, B, S, self->inc, plus);
    else
        cache_add(m, B, S, self->inc != 0 ? self->inc : EMPTY, plus);
    if (m->c->flags & UNSEEN) {
        self->keys = 0;
        self->inc = 0;
    }
    self->pc = LOOK;
    return 1;
}

/* What is there now? */
static int
look(model *m)
{
    model_proc *self = model_self(m);
    model_item marks = cache_get(m, B, S);
    unsigned flags = m->c->flags;

    if (!(flags & UNSEEN)) {
        self->inc = marks.value == ABSENT || marks.value == EMPTY;
        self->keys = (marks.extra & tag_of(m, 0)) == 0;
    }
    if (self->inc == 0 && entry(m) == 0)
        return through(m, 1);
    self->pc = marks.value == ABSENT ? CREATE : PUT;
    return ++self->round < MAX_ROUNDS ? 1 : through(m, 0);
}

static int
writer(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc == THROUGH)
        return 0;
    if (m->choice == 1) {
        if (!(m->c->flags & DIES) || m->who != WRITER)
            return 0;
        m->note = "dies";
        return through(m, 0);
    }
    switch (self->pc) {
    case STAR_1:
    case STAR_2:
        cache_put(m, B, self->pc == STAR_1 ? J : J2, KIT_STAR, tag_of(m, self->pc - STAR_1));
        self->keys = 1;
        self->inc = 1;
        self->pc = self->pc == STAR_1 ? STAR_2 : CREATE;
        return 1;
    case PUT:
    case CREATE:
        return list(m);
    default:
        return look(m);
    }
}

/* ---- the repair ---- */

/* The next segment of these that is to be wiped or cut; behind them `then`. */
static int
next_of(int segments, int first, int index, int then)
{
    while (index < 2 && !(segments >> index & 1))
        index++;
    return index < 2 ? first + index : then;
}

static void
next_round(model *m)
{
    *model_self(m) = (model_proc){.round = 1, .x = model_self(m)->x};
}

/* What was wiped and needs no cut is accounted for; then what is to be cut, or the next round. */
static void
begin_cuts(model *m)
{
    model_proc *self = model_self(m);

    for (int index = 0; index < 2; index++)
        if (self->phase >> index & 1 && !(self->value >> index & 1))
            self->x |= self->y & tags_of(index);
    self->sub = next_of(self->value, CUT_1, 0, READ_MARKS);
    if (self->sub == READ_MARKS)
        next_round(m);
}

/* x: tags that this repairer has seen to; y: those of the two segments as it has just read them;
 * seen: the "+" entries; phase: segments to be wiped on P; value: to be cut. */
static int
read_segment(model *m, int index)
{
    model_proc *self = model_self(m);
    model_item got = cache_get(m, B, index == 0 ? J : J2);
    int is_gone = (self->seen & tags_of(index) & ~self->x & ~got.extra) != 0;

    *(index == 0 ? &self->cas_j : &self->cas_k) = got.value == ABSENT ? 0 : got.cas;
    if (got.value != ABSENT || is_gone)
        self->phase |= 1 << index;
    if (got.value != ABSENT)
        self->value |= 1 << index;
    self->y |= got.extra | (self->seen & tags_of(index));
    self->sub = index == 0 ? READ_2 : next_of(self->phase, WIPE_1, 0, CLEAR);
    return 1;
}

static int
wipe(model *m, int index)
{
    model_proc *self = model_self(m);
    model_item got;
    int key = index == 0 ? K : K2;

    if (m->c->flags & COPIES_STALE)
        cache_lease(m, P, key, &got);
    else
        cache_delete(m, P, key);
    self->sub = next_of(self->phase, WIPE_1, index + 1, CLEAR);
    if (self->sub == CLEAR)
        begin_cuts(m);
    return 1;
}

/* Accounted for, unless the segment has changed meanwhile. */
static int
cut(model *m, int index)
{
    model_proc *self = model_self(m);
    int cas = index == 0 ? self->cas_j : self->cas_k;

    if (cache_delete_cas(m, B, index == 0 ? J : J2, cas) == MODEL_HD)
        self->x |= self->y & tags_of(index);
    self->sub = next_of(self->value, CUT_1, index + 1, READ_MARKS);
    if (self->sub == READ_MARKS)
        next_round(m);
    return 1;
}

static int
repairer(model *m)
{
    model_proc *self = model_self(m);

    switch (self->sub) {
    case READ_MARKS:
        return kit_read_marks(m); /* to READ_1 */
    case READ_1:
    case READ_2:
        return read_segment(m, self->sub - READ_1);
    case WIPE_1:
    case WIPE_2:
        return wipe(m, self->sub - WIPE_1);
    case CUT_1:
    case CUT_2:
        return cut(m, self->sub - CUT_1);
    default:
        if (cache_delete_cas(m, B, S, self->cas_s) == MODEL_HD)
            *self = (model_proc){0};
        else
            next_round(m);
        return 1;
    }
}

static int
eviction(model *m)
{
    int most = m->c->flags & EVICTS_TWICE ? 2 : m->c->flags & EVICTS ? 1 : 0;
    int item = m->choice == 0 ? J : J2;

    return kit_evict(m, item, most, &m->s.ghost[EVICTED], "a segment is evicted");
}

static int
step_whole(model *m)
{
    int moved = m->who == EVICTION                          ? eviction(m)
                : m->who == REPAIRER                        ? m->choice == 0 && repairer(m)
                : m->who == WRITER2 && !(m->c->flags & TWO) ? 0
                                                            : writer(m);

    if (moved)
        forget(m);
    return moved;
}

static int
is_wrong(const model *m)
{
    return m->s.ghost[ACKED] && !kit_stands(m) &&
           (m->s.item[P][K].value == 1 || m->s.item[P][K2].value == 1);
}

#define WHOLE                                                                                      \
    .n_procs = 4, .n_choices = 2, .procs = {"writer", "writer2", "repairer", "eviction"},          \
    .start = start_whole, .step = step_whole, .is_wrong = is_wrong

const model_case model_whole[] = {
    {.name = "everything missed: nothing is evicted, no \"+\"", WHOLE},
    {.name = "everything missed: evicted, no \"+\"", .is_broken = 1, .flags = EVICTS, WHOLE},
    {.name = "everything missed: evicted", .flags = PLUS | EVICTS, WHOLE},
    {.name = "everything missed: evicted, P stands already",
     .flags = PLUS | EVICTS | STANDING,
     WHOLE},
    {.name = "everything missed: two know it, evicted", .flags = PLUS | EVICTS | TWO, WHOLE},
    {.name = "everything missed: two know it, one dies, evicted twice",
     .flags = PLUS | EVICTS_TWICE | TWO | DIES | STANDING,
     WHOLE},
    {.name = "everything missed: one segment is listed for all",
     .is_broken = 1,
     .flags = PLUS | EVICTS | ONE_FOR_ALL,
     WHOLE},
    {.name = "everything missed: listed without a look whether it took",
     .is_broken = 1,
     .flags = PLUS | EVICTS | STANDING | UNSEEN,
     WHOLE},
    {.name = "everything missed: copied without being deleted",
     .is_broken = 1,
     .flags = PLUS | COPIES_STALE,
     WHOLE},
    {0},
};

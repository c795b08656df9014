/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A journal segment may be evicted at any time, be full ("*"), and its writers may die between any
 * two commands. Bad: everything is through, no mark stands, and P has not what was acknowledged.
 *
 * As first written, whoever creates a segment appends "+seg" to the marks, so that its absence
 * means eviction. With tags, a segment carries a random tag in its client flags, the entry is
 * "+seg.tag", and every writer sees to it that the tag his entry went to is listed.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    PLUS = KIT_OWN,              /* "+seg", by whoever creates the segment */
    PLUS_CHECKED = KIT_OWN << 1, /* ... and by whoever does not find it listed */
    TAGS = KIT_OWN << 2,         /* "+seg.tag" */
    TAG_BEFORE = KIT_OWN << 3,   /* the tag is looked at before and after the append */
    EVICTS = KIT_OWN << 4,
    EVICTS_TWICE = KIT_OWN << 5,
    DIES = KIT_OWN << 6,          /* the first writer may die */
    FULL = KIT_OWN << 7,          /* the first writer finds the segment too long: "*" */
    COPY_STALE = KIT_OWN << 8,    /* a whole segment is lease-copied without being deleted */
    FULL_SAME_TAG = KIT_OWN << 9, /* "*" is stored under the tag that was there before */
    STANDING = KIT_OWN << 10,     /* P stands already */
    ORPHAN = KIT_OWN << 11        /* and a writer died when he had created the segment */
};

enum { ACKED = 1, EVICTED }; /* ghosts */
enum {
    TAG_OF,
    APPEND,
    AFTER,
    CREATE,
    PUT_PLUS,
    CREATE_PLUS,
    PUT_STAR,
    BUMP,
    LOOK,
    PUT,
    CREATE_MARKS,
    THROUGH
};
enum { STAR = 4, NO_KEY = 8 };

/* The tags that anything but the repairer's memory of its deeds still speaks of. */
static int
tags_in_use(const model *m)
{
    const model_proc *w = m->s.proc;
    int tags = m->s.item[B][S].extra | m->s.item[B][J].extra | w[2].seen | w[2].value;

    for (int who = 0; who < 2; who++)
        tags |= w[who].x | w[who].y | w[who].keys;
    return tags;
}

/* A random tag is one that nobody speaks of. */
static int
new_tag(const model *m)
{
    int used = tags_in_use(m) | m->s.proc[2].x;
    int tag = 1;

    while (used & tag)
        tag <<= 1;
    return m->c->flags & TAGS ? tag : 0;
}

/* States that differ in nothing that can matter become one. */
static void
forget(model *m)
{
    if (m->is_walk)
        return;
    kit_forget_number(&m->s.item[B][S], &m->s.proc[2].cas_s);
    kit_forget_number(&m->s.item[B][J], &m->s.proc[2].cas_j);
    for (int key = K; key <= K2; key++)
        m->s.item[P][key].cas = 1;
    m->s.proc[2].x &= tags_in_use(m);
}

static void
start_segments(model *m)
{
    unsigned flags = m->c->flags;

    for (int who = 0; who < 2; who++) {
        int key = who == 0 ? K : K2;
        m->s.item[P][key] = (model_item){1, 0, 1};
        m->s.item[B][key] = (model_item){2, 0, 1}; /* B has answered the data already */
        m->s.proc[who] = (model_proc){.pc = flags & TAG_BEFORE ? TAG_OF : APPEND, .key = key};
    }
    if (flags & (STANDING | ORPHAN))
        m->s.item[B][S] = (model_item){1, 0, 1};
    if (flags & ORPHAN)
        m->s.item[B][J] = (model_item){NO_KEY, new_tag(m), 1};
}

static int
entry(const model_proc *self)
{
    return kit_bit(self->key);
}

static int
done(model *m, int is_acked)
{
    model_proc *self = model_self(m);

    if (is_acked)
        m->s.ghost[ACKED] |= entry(self);
    *self = (model_proc){.pc = THROUGH};
    return 1;
}

/* Another round; at most 4. */
static int
again(model *m, int pc)
{
    model_self(m)->pc = pc;
    return ++model_self(m)->round < 4 ? 1 : done(m, 0);
}

/* Step 2. x: the tag before the append; y: the tag of the segment that has the entry. */
static int
write_entry(model *m)
{
    model_proc *self = model_self(m);
    unsigned flags = m->c->flags;
    int first = flags & TAG_BEFORE ? TAG_OF : APPEND;
    int tag;

    switch (self->pc) {
    case TAG_OF:
        self->x = cache_get(m, B, J).extra;
        self->pc = self->x != 0 ? APPEND : CREATE;
        return 1;
    case APPEND:
        self->pc = cache_append(m, B, J, entry(self), 0) == MODEL_HD ? AFTER : CREATE;
        if (self->pc == AFTER && !(flags & TAGS))
            self->pc = flags & FULL && m->who == 0 ? PUT_STAR : BUMP;
        return 1;
    case AFTER:
        self->y = cache_get(m, B, J).extra;
        if (self->y == 0 || (flags & TAG_BEFORE && self->y != self->x))
            return again(m, first);
        self->x = 0;
        self->pc = flags & FULL && m->who == 0 ? PUT_STAR : BUMP;
        return 1;
    default:
        tag = new_tag(m);
        if (cache_add(m, B, J, entry(self), tag) == MODEL_NS)
            return again(m, first);
        self->y = tag;
        self->seen = flags & PLUS ? 1 : 0;
        self->pc = flags & PLUS ? PUT_PLUS : BUMP;
        return 1;
    }
}

/* What step 4 finds missing: an inc, a "+" entry. */
static int
missing(model *m, int is_inc)
{
    int plus = m->c->flags & PLUS_CHECKED ? 1 : m->c->flags & TAGS ? model_self(m)->y : 0;

    if (is_inc)
        return !kit_stands(m);
    return plus & ~m->s.item[B][S].extra;
}

static int
look(model *m)
{
    model_proc *self = model_self(m);
    int is_inc = missing(m, 1);
    int plus = missing(m, 0);

    cache_get(m, B, S);
    if (is_inc || plus) {
        self->inc = is_inc;
        self->keys = plus;
        self->pc = PUT;
        return 1;
    }
    if (!self->seen)
        return done(m, 1);
    self->seen = 0;
    return again(m, BUMP);
}

static int
write_marks(model *m)
{
    model_proc *self = model_self(m);
    int is_put;

    switch (self->pc) {
    case PUT_STAR:
        self->y = m->c->flags & FULL_SAME_TAG ? self->y : new_tag(m);
        cache_put(m, B, J, STAR, self->y);
        self->pc = BUMP;
        return 1;
    case PUT_PLUS:
        self->pc = cache_append(m, B, S, 0, 1) == MODEL_HD ? BUMP : CREATE_PLUS;
        return 1;
    case CREATE_PLUS:
        self->pc = cache_add(m, B, S, EMPTY, 1) == MODEL_HD ? BUMP : PUT_PLUS;
        return 1;
    case BUMP:
        cache_append(m, B, S, 0, 0);
        self->pc = LOOK;
        return 1;
    case LOOK:
        return look(m);
    case PUT:
        is_put = cache_append(m, B, S, self->inc, self->keys) == MODEL_HD;
        break;
    default:
        is_put = cache_add(m, B, S, 1, self->keys) == MODEL_HD;
        break;
    }
    if (!is_put) {
        self->pc = self->pc == PUT ? CREATE_MARKS : PUT;
        return 1;
    }
    self->seen = 0;
    self->inc = 0;
    self->keys = 0;
    return again(m, BUMP);
}

static int
writer(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc == THROUGH)
        return 0;
    if (m->choice == 1) {
        if (!(m->c->flags & DIES) || m->who != 0)
            return 0;
        m->note = "dies";
        return done(m, 0);
    }
    return self->pc <= CREATE ? write_entry(m) : write_marks(m);
}

/*
 * The repairer. x: tags it deleted or saw to; y: without tags, whether it deleted the segment;
 * seen: the "+" entries; value: the tag; phase: delete the segment after all its keys.
 */
static int
read_segment(model *m)
{
    model_proc *self = model_self(m);
    model_item got = cache_get(m, B, J);
    int gone = m->c->flags & TAGS                ? self->seen & ~self->x & ~got.extra
               : got.value == ABSENT && !self->y ? self->seen
                                                 : 0;

    self->cas_j = got.cas;
    self->value = got.extra;
    self->keys = got.value & STAR ? 0 : got.value & ~NO_KEY;
    self->phase = got.value != ABSENT;
    if (gone != 0) {
        self->x |= gone;
        self->y = 1;
        self->phase = 0;
    }
    self->seen = 0;
    self->sub = gone != 0 || got.value & STAR ? 4
                : self->keys != 0             ? 2
                : got.value != ABSENT         ? 6
                                              : 7;
    return 1;
}

/* The marks and the segment are read again; what was seen to is remembered. */
static int
next_round(model *m)
{
    model_proc *self = model_self(m);

    *self = (model_proc){.round = 1, .x = self->x, .y = self->y};
    return 1;
}

static void
whole_segment(model *m, int key)
{
    model_proc *self = model_self(m);
    model_item got;

    if (m->c->flags & COPY_STALE)
        cache_lease(m, P, key, &got);
    else
        cache_delete(m, P, key);
    self->sub = key == K ? 5 : 6;
    if (key == K2 && !self->phase)
        next_round(m);
}

static int
repairer(model *m)
{
    model_proc *self = model_self(m);

    switch (self->sub) {
    case 0:
        return kit_read_marks(m);
    case 1:
        return read_segment(m);
    case 2:
        cache_delete(m, P, self->keys & 1 ? K : K2);
        self->keys &= self->keys - 1;
        self->sub = self->keys != 0 ? 2 : 6;
        return 1;
    case 4:
    case 5:
        whole_segment(m, self->sub == 4 ? K : K2);
        return 1;
    case 6:
        if (cache_delete_cas(m, B, J, self->cas_j) == MODEL_HD) {
            self->x |= self->value;
            self->y = 1;
        }
        return next_round(m);
    default:
        if (cache_delete_cas(m, B, S, self->cas_s) == MODEL_HD)
            *self = (model_proc){0};
        else
            next_round(m);
        return 1;
    }
}

static int
evictor(model *m)
{
    int most = m->c->flags & EVICTS_TWICE ? 2 : m->c->flags & EVICTS ? 1 : 0;

    return kit_evict(m, J, most, &m->s.ghost[EVICTED], "the segment is evicted");
}

static int
step_segments(model *m)
{
    int moved = m->who < 2       ? writer(m)
                : m->choice != 0 ? 0
                : m->who == 2    ? repairer(m)
                                 : evictor(m);

    if (moved)
        forget(m);
    return moved;
}

static int
is_wrong(const model *m)
{
    return (m->s.ghost[ACKED] & 1 && m->s.item[P][K].value == 1) ||
           (m->s.ghost[ACKED] & 2 && m->s.item[P][K2].value == 1);
}

#define SEGMENT                                                                                    \
    .n_procs = 4, .n_choices = 2, .procs = {"writer", "writer2", "repairer", "eviction"},          \
    .start = start_segments, .step = step_segments, .is_wrong = is_wrong

const model_case model_segments[] = {
    {.name = "segments: nothing is evicted, no \"+\"", SEGMENT},
    {.name = "segments: evicted, no \"+\"", .is_broken = 1, .flags = EVICTS, SEGMENT},
    {.name = "segments: evicted, \"+\" by whoever creates",
     .is_broken = 1,
     .flags = EVICTS | PLUS,
     SEGMENT},
    {.name = "segments: evicted, \"+\" by whoever misses it",
     .is_broken = 1,
     .flags = EVICTS | PLUS | PLUS_CHECKED,
     SEGMENT},
    {.name = "segments: evicted, tags", .flags = EVICTS | TAGS | TAG_BEFORE, SEGMENT},
    {.name = "segments: evicted, P stands already, tags",
     .flags = STANDING | EVICTS | TAGS | TAG_BEFORE,
     SEGMENT},
    {.name = "segments: evicted, creator died, tags looked at after the append",
     .is_broken = 1,
     .flags = ORPHAN | EVICTS | TAGS,
     SEGMENT},
    {.name = "segments: evicted, creator died, tags",
     .flags = ORPHAN | EVICTS | TAGS | TAG_BEFORE,
     SEGMENT},
    {.name = "segments: evicted, a writer dies, tags",
     .flags = EVICTS | DIES | TAGS | TAG_BEFORE,
     SEGMENT},
    {.name = "segments: evicted twice, a writer dies, creator died, tags",
     .flags = ORPHAN | EVICTS_TWICE | DIES | TAGS | TAG_BEFORE,
     .is_long = 1,
     SEGMENT},
    {.name = "segments: full, nothing is evicted", .flags = FULL, SEGMENT},
    {.name = "segments: full, lease-copied without being deleted",
     .is_broken = 1,
     .flags = FULL | COPY_STALE,
     SEGMENT},
    {.name = "segments: full and evicted, P stands already, tags",
     .flags = FULL | STANDING | EVICTS | TAGS | TAG_BEFORE,
     SEGMENT},
    {.name = "segments: full and evicted, creator died, tags",
     .flags = FULL | ORPHAN | EVICTS | TAGS | TAG_BEFORE,
     .is_long = 1,
     SEGMENT},
    {.name = "segments: full and evicted, \"*\" under the same tag",
     .is_broken = 1,
     .flags = FULL | FULL_SAME_TAG | ORPHAN | EVICTS | TAGS | TAG_BEFORE,
     SEGMENT},
    {0},
};

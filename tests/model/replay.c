/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * P is repaired while clients write the same key to both servers. Bad: in the end P holds a value
 * that B has not, and nothing on record says so.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    P_FIRST = KIT_OWN,        /* writers send to P before B */
    OLD_VIEW = KIT_OWN << 1,  /* the first writer does not know of the mark: P beside B, verified */
    WAIT_H = KIT_OWN << 2,    /* the repair waits until such writers are through */
    DELETES = KIT_OWN << 3,   /* the last writer deletes: B, P, B */
    NO_VERIFY = KIT_OWN << 4, /* nobody looks at what became of his write */
    H_OF_POOL = KIT_OWN << 5, /* how long H is, the repairer reads in the epoch */
    H_EVICTED = KIT_OWN << 6  /* which is evicted, and made anew by a client of a short H */
};

enum { SHORT_H = 1, LONG_H };
enum { HALVES, LOOK_P, LOOK_B, LOOK_MARKS, UNDO, MARK };

static void
start_standing(model *m)
{
    m->s.item[P][K] = (model_item){1, 0, 1};
    m->s.item[B][K] = (model_item){2, 0, 1};
    m->s.item[B][S] = (model_item){kit_new_inc(m), 0, 1};
    m->s.item[B][J] = (model_item){kit_bit(K), 0, 1};
}

static void
start_peace(model *m)
{
    m->s.item[P][K] = (model_item){1, 0, 1};
    m->s.item[B][K] = (model_item){1, 0, 1};
    m->s.proc[1].value = 4;
    if (m->c->flags & H_OF_POOL)
        m->s.item[B][E] = (model_item){LONG_H, 0, 1};
}

static int
mark(model *m)
{
    if (kit_mark(m, "JM") != KIT_GOING)
        kit_through(m);
    return 1;
}

/* B, then P, then a look at B: moved, MARK. P first: nothing to look at. */
static int
writer_in_turn(model *m)
{
    model_proc *self = model_self(m);
    int is_p = (self->x == 1) != ((m->c->flags & P_FIRST) != 0);

    if (self->pc == KIT_THROUGH)
        return 0;
    if (self->pc == MARK)
        return mark(m);
    if (self->pc == LOOK_B) {
        model_item got = cache_get(m, B, K);
        if (got.value != ABSENT && got.cas == self->seen)
            return kit_through(m);
        *self = (model_proc){.pc = MARK};
        return 1;
    }
    int cas = cache_set(m, is_p ? P : B, K, m->who + 3);
    self->seen = is_p ? self->seen : cas;
    self->x++;
    if (self->x == 2 && m->c->flags & (P_FIRST | NO_VERIFY))
        return kit_through(m);
    self->pc = self->x == 2 ? LOOK_B : HALVES;
    return 1;
}

/* P listed: MARK. P's CAS moved: mine goes from B. Only B's moved: what stands there goes. */
static int
judge(model *m, int is_listed)
{
    model_proc *self = model_self(m);
    int is_p_moved = self->cas_s != self->x;
    int is_b_moved = self->cas_k != self->seen;
    int cas = is_p_moved ? self->seen : self->cas_k;

    if (is_listed)
        *self = (model_proc){.pc = MARK};
    else if (is_p_moved || (is_b_moved && cas != 0))
        *self = (model_proc){.pc = UNDO, .cas_k = cas};
    else
        kit_through(m);
    return 1;
}

static int
half(model *m)
{
    model_proc *self = model_self(m);
    int bit = m->choice == P ? 1 : 2;

    if (self->y & bit)
        return 0;
    int cas = cache_set(m, m->choice, K, 3);
    self->x = m->choice == P ? cas : self->x;
    self->seen = m->choice == B ? cas : self->seen;
    self->y |= bit;
    if (self->y == 3 && m->c->flags & NO_VERIFY)
        return kit_through(m);
    self->pc = self->y == 3 ? LOOK_P : HALVES;
    return 1;
}

static int
writer_at_once(model *m)
{
    model_proc *self = model_self(m);
    model_item got;

    if (self->pc == HALVES)
        return half(m);
    if (m->choice != 0)
        return 0;
    switch (self->pc) {
    case LOOK_P:
    case LOOK_B:
        got = cache_get(m, self->pc == LOOK_P ? P : B, K);
        if (self->pc == LOOK_P)
            self->cas_s = got.value == ABSENT ? 0 : got.cas;
        else
            self->cas_k = got.value == ABSENT ? 0 : got.cas;
        self->pc++;
        return 1;
    case LOOK_MARKS:
        return judge(m, cache_get(m, B, S).value != ABSENT);
    case UNDO:
        cache_delete_cas(m, B, K, self->cas_k);
        return kit_through(m);
    case MARK:
        return mark(m);
    default:
        return 0;
    }
}

static int
deleter(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc == KIT_THROUGH)
        return 0;
    cache_delete(m, self->x == 1 ? P : B, K);
    self->x++;
    return self->x == 3 ? kit_through(m) : 1;
}

static int
marker(model *m)
{
    if (model_self(m)->pc == KIT_THROUGH)
        return 0;
    if (kit_mark(m, "DJM") != KIT_GOING)
        kit_through(m);
    return 1;
}

/* The epoch is evicted, and somebody whose T is shorter puts his own. */
static int
epoch(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc == 0) {
        cache_evict(m, B, E);
        self->pc = 1;
        return 1;
    }
    if (self->pc == 1) {
        cache_add(m, B, E, SHORT_H, 0);
        return kit_through(m);
    }
    return 0;
}

static int
repairer(model *m)
{
    model_proc *self = model_self(m);
    int is_long = (m->c->flags & WAIT_H) != 0;

    if (self->pc == KIT_THROUGH)
        return 0;
    if (m->c->flags & H_OF_POOL && self->x == 0) {
        self->x = cache_get(m, B, E).value == LONG_H ? LONG_H : SHORT_H;
        return 1;
    }
    if ((is_long || self->x == LONG_H) && m->s.proc[0].pc != KIT_THROUGH)
        return 0;
    int done = kit_repair(m);
    if (done == KIT_DONE)
        kit_through(m);
    return done >= 0;
}

static int
step_replay(model *m)
{
    int is_last_writer = m->who == m->c->n_procs - 2;

    if (m->c->flags & OLD_VIEW && m->who >= 2)
        return m->choice == 0 && (m->who == 2 ? repairer(m) : epoch(m));
    if (m->who == m->c->n_procs - 1)
        return m->choice == 0 && repairer(m);
    if (m->c->flags & OLD_VIEW) {
        if (m->who == 0)
            return writer_at_once(m);
        return m->choice == 0 && marker(m);
    }
    if (m->choice != 0)
        return 0;
    return m->c->flags & DELETES && is_last_writer ? deleter(m) : writer_in_turn(m);
}

/*
 * What stood there before everybody began is on P, or the copies differ. That one misses is right:
 * the writers overlap, either may have been the last.
 */
static int
is_wrong(const model *m)
{
    int on_p = m->s.item[P][K].value;

    if ((on_p == 1 || on_p == 2) && kit_differs(m, K))
        return 1;
    return m->s.item[B][K].value != ABSENT && kit_differs(m, K);
}

#define REPLAY                                                                                     \
    .n_procs = 2, .procs = {"writer", "repairer"}, .start = start_standing, .step = step_replay,   \
    .is_wrong = is_wrong
#define REPLAY2                                                                                    \
    .n_procs = 3, .procs = {"writer", "writer2", "repairer"}, .start = start_standing,             \
    .step = step_replay, .is_wrong = is_wrong
#define OLD                                                                                        \
    .n_procs = 3, .n_choices = 2, .procs = {"old view", "marker", "repairer"},                     \
    .start = start_peace, .step = step_replay, .is_wrong = is_wrong

const model_case model_replay[] = {
    {.name = "replay by delete alone, writer B first", .flags = KIT_DELETE_ONLY, REPLAY},
    {.name = "replay by a plain copy, writer B first",
     .is_broken = 1,
     .flags = KIT_COPY_PLAIN,
     REPLAY},
    {.name = "replay by a plain copy, writer P first",
     .is_broken = 1,
     .flags = KIT_COPY_PLAIN | P_FIRST,
     REPLAY},
    {.name = "replay by a plain copy, deleter",
     .is_broken = 1,
     .flags = KIT_COPY_PLAIN | DELETES,
     REPLAY},
    {.name = "replay by lease, writer P first", .is_broken = 1, .flags = P_FIRST, REPLAY},
    {.name = "replay by lease, writer B first", REPLAY},
    {.name = "replay by lease, deleter B,P,B", .flags = DELETES, REPLAY},
    {.name = "replay by lease, two writers B first", REPLAY2},
    {.name = "replay by lease, two writers B first, nobody looks again",
     .is_broken = 1,
     .flags = NO_VERIFY,
     REPLAY2},
    {.name = "replay by lease, writer B first, deleter B,P,B", .flags = DELETES, REPLAY2},
    {.name = "old view against a new mark, repair at any time, unverified",
     .is_broken = 1,
     .flags = OLD_VIEW | NO_VERIFY,
     OLD},
    {.name = "old view against a new mark, repair at any time, verified: healed",
     .flags = OLD_VIEW,
     OLD},
    {.name = "old view against a new mark, repair after H, unverified",
     .flags = OLD_VIEW | WAIT_H | NO_VERIFY,
     OLD},
    {.name = "old view against a new mark, repair after H, verified",
     .flags = OLD_VIEW | WAIT_H,
     OLD},
    {.name = "H of the pool in the epoch", .flags = OLD_VIEW | NO_VERIFY | H_OF_POOL, OLD},
    {.name = "H of the pool in the epoch, evicted (outside the promise)",
     .is_broken = 1,
     .flags = OLD_VIEW | NO_VERIFY | H_OF_POOL | H_EVICTED,
     .n_procs = 4,
     .n_choices = 2,
     .procs = {"old view", "marker", "repairer", "epoch"},
     .start = start_peace,
     .step = step_replay,
     .is_wrong = is_wrong},
    {0},
};

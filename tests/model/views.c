/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Readers that know the marks only by a view, which they use for a while; a write that misses P is
 * acknowledged, P is repaired, and the mark may come and go. Time is what it forbids: "V after X"
 * means that every view that was polled before X has been dropped. Bad: a read of P that begins
 * after the acknowledgement and brings the old value.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    STANDING = KIT_OWN,     /* P stands from the start, k2 is in its journal */
    CACHED = KIT_OWN << 1,  /* "my cached view says it stands": acknowledged at once */
    AT_ONCE = KIT_OWN << 2, /* acknowledged at once, always */
    RELAXED = KIT_OWN << 3, /* acknowledged at once; reads count from V after that */
    QUORUM = KIT_OWN << 4   /* readers who reach P have outvoted the writer: his mark is ignored */
};

/*
 * HOLDERS_OF_INC, _OF_ACK: readers, as bits, that still use a view polled before the writer first
 * saw this inc, before the acknowledgement.
 */
enum { ACKED = 1, HOLDERS_OF_INC, HOLDERS_OF_ACK };
enum { NO_VIEW, PEACE, STANDS };
enum { MAX_POLLS = 2, MAX_READS = 2 };

static void
start_views(model *m)
{
    kit_start_same(m);
    if (m->c->flags & STANDING)
        kit_start_standing(m);
    m->s.proc[0].value = 3;
}

static int
holders(const model *m)
{
    int bits = 0;

    for (int who = 2; who < m->c->n_procs; who++)
        if (m->s.proc[who].x != NO_VIEW)
            bits |= 1 << who;
    return bits;
}

static void
acknowledge(model *m)
{
    *model_self(m) = (model_proc){.pc = 3};
    m->s.ghost[HOLDERS_OF_INC] = 0;
    m->s.ghost[HOLDERS_OF_ACK] = m->c->flags & RELAXED ? holders(m) : 0;
    m->s.ghost[ACKED] = 1;
}

/* The record stands, with self->inc in the mark. */
static void
recorded(model *m)
{
    model_proc *self = model_self(m);
    unsigned flags = m->c->flags;

    if (self->inc != self->x)
        m->s.ghost[HOLDERS_OF_INC] = holders(m);
    if (flags & (AT_ONCE | RELAXED) || (flags & CACHED && self->x != 0) ||
        m->s.ghost[HOLDERS_OF_INC] == 0)
        acknowledge(m);
    else
        self->pc = 2;
}

static int
strict_writer(model *m)
{
    model_proc *self = model_self(m);

    switch (self->pc) {
    case 0:
        self->x = cache_get(m, B, S).value;
        m->s.ghost[HOLDERS_OF_INC] = holders(m);
        self->pc = 1;
        return 1;
    case 1:
        if (kit_mark(m, "DJM") == KIT_DONE)
            recorded(m);
        return 1;
    case 2:
        if (m->s.ghost[HOLDERS_OF_INC] != 0)
            return 0;
        m->note = "V has passed";
        acknowledge(m);
        return 1;
    default:
        return 0;
    }
}

static void
drop_view(model *m)
{
    model_self(m)->x = NO_VIEW;
    m->s.ghost[HOLDERS_OF_INC] &= ~(1 << m->who);
    m->s.ghost[HOLDERS_OF_ACK] &= ~(1 << m->who);
}

/* The read goes where the view says; what was acknowledged when it began, it must bring. */
static void
begin_read(model *m)
{
    model_proc *self = model_self(m);

    self->keys++;
    self->pc = self->x == STANDS ? 2 : 1;
    self->seen = m->s.ghost[ACKED] && !(m->s.ghost[HOLDERS_OF_ACK] & 1 << m->who);
    m->note = "a read begins";
}

static int
reader(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc != 0) {
        if (m->choice != 0)
            return 0;
        int value = cache_get(m, self->pc == 1 ? P : B, K).value;
        if (value == 1 && self->seen)
            model_bad(m, "reads what is old");
        self->pc = 0;
        self->seen = 0;
        return 1;
    }
    if (m->choice == 0 && self->round < MAX_POLLS) {
        drop_view(m);
        self->round++;
        int is_listed = cache_get(m, B, S).value != ABSENT;
        self->x = is_listed && !(m->c->flags & QUORUM) ? STANDS : PEACE;
        return 1;
    }
    if (self->x == NO_VIEW || m->choice == 0)
        return 0;
    if (m->choice == 2) {
        drop_view(m);
        m->note = "its view is too old now";
        return 1;
    }
    if (self->keys == MAX_READS)
        return 0;
    begin_read(m);
    return 1;
}

static int
step_views(model *m)
{
    if (m->who >= 2)
        return reader(m);
    if (m->choice != 0)
        return 0;
    if (m->who == 0)
        return strict_writer(m);
    if (model_self(m)->pc != 0)
        return 0;
    int done = kit_repair(m);
    if (done == KIT_DONE)
        *model_self(m) = (model_proc){.pc = 1};
    return done >= 0;
}

#define VIEW                                                                                       \
    .n_procs = 3, .n_choices = 3, .procs = {"writer", "repairer", "reader"}, .start = start_views, \
    .step = step_views
#define VIEW2                                                                                      \
    .n_procs = 4, .n_choices = 3, .procs = {"writer", "repairer", "reader", "reader2"},            \
    .start = start_views, .step = step_views

const model_case model_views[] = {
    {.name = "strict: by incarnation", VIEW},
    {.name = "strict: by incarnation, P stands already", .flags = STANDING, VIEW},
    {.name = "strict: by incarnation, P stands already, two readers", .flags = STANDING, VIEW2},
    {.name = "strict: my cached view says it stands",
     .is_broken = 1,
     .flags = STANDING | CACHED,
     VIEW},
    {.name = "strict: acknowledged at once", .is_broken = 1, .flags = AT_ONCE, VIEW},
    {.name = "strict: marks of a client that few agree with are ignored (quorum)",
     .is_broken = 1,
     .flags = QUORUM,
     VIEW},
    {.name = "relaxed: read from V after the acknowledgement", .flags = RELAXED, VIEW},
    {.name = "relaxed: read from V after the acknowledgement, P stands already",
     .flags = RELAXED | STANDING,
     VIEW},
    {0},
};

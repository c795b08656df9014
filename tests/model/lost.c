/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is on record gets lost: mcp:s is evicted, or B restarts while P stands. k2 was written
 * before, acknowledged, and is on record; k is written now. Bad: a read that brings what is older
 * than what was acknowledged before it began.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    EVICTED = KIT_OWN,        /* mcp:s, once */
    RESTARTED = KIT_OWN << 1, /* B, once */
    REMEMBERS = KIT_OWN << 2, /* the reader knows that P stood, and puts it back first: "*", mark */
    MARK_FIRST = KIT_OWN << 3,  /* ... mark, "*" */
    LOST_IS_BAD = KIT_OWN << 4, /* no mcp:s at all means that it was lost: "*" and mark are put */
    WARMED = KIT_OWN << 5       /* B is filled from P meanwhile, by one who remembers nothing */
};

enum { ACKED = 1, HOLDERS, FAULT }; /* ghosts */
enum { WRITER, REPAIRER, READER, FAULTS, FILLER };
enum { POLL, STARS, MARKS, START, GET, WAIT };

static void
start_lost(model *m)
{
    kit_start_standing(m);
    m->s.ghost[ACKED] = kit_bit(K2);
    m->s.proc[WRITER].value = 2;
    m->s.proc[READER].x = m->c->flags & REMEMBERS ? 2 : 0;
}

/* The write, and V before the acknowledgement. */
static int
writer(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc == KIT_THROUGH)
        return 0;
    if (self->pc == WAIT) {
        if (m->s.ghost[HOLDERS])
            return 0;
        m->s.ghost[ACKED] |= kit_bit(K);
        return kit_through(m);
    }
    int done = kit_mark(m, "DJM");
    if (done == KIT_FAILED)
        return kit_through(m);
    if (done == KIT_DONE) {
        *self = (model_proc){.pc = WAIT};
        m->s.ghost[HOLDERS] = m->s.proc[READER].pc > POLL && m->s.proc[READER].x != 2;
    }
    return 1;
}

static int
repairer(model *m)
{
    if (model_self(m)->pc == KIT_THROUGH)
        return 0;
    int done = kit_repair(m);
    if (done == KIT_DONE)
        kit_through(m);
    return done >= 0;
}

/* The polled marks: x = 1 peace, 2 P stands. y: the record is put back first. */
static int
poll(model *m)
{
    model_proc *self = model_self(m);
    model_item marks = cache_get(m, B, S);
    unsigned flags = m->c->flags;
    int is_lost = marks.value == ABSENT &&
                  (flags & LOST_IS_BAD || (flags & REMEMBERS && m->s.ghost[FAULT] && !self->phase));

    self->x = is_lost || (marks.value != ABSENT && marks.value != EMPTY) ? 2 : 1;
    self->pc = !is_lost ? START : flags & MARK_FIRST ? MARKS : STARS;
    self->y = is_lost;
    self->phase = self->phase || is_lost; /* put back once, then it believes what it sees */
    return 1;
}

static int
put_back(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc == STARS)
        cache_put(m, B, J, KIT_STAR, 0);
    else
        cache_add(m, B, S, kit_new_inc(m), 0);
    self->y++;
    self->pc = self->y == 3 ? START : self->pc == STARS ? MARKS : STARS;
    return 1;
}

/* Polls, reads k2 (or k) where the marks say; three times. A dead connection polls again. */
static int
reader(model *m)
{
    model_proc *self = model_self(m);
    int key = self->round == 0 ? K2 : self->round == 1 ? K : K2;
    int value;

    switch (self->pc) {
    case POLL:
        return self->round < 3 ? poll(m) : 0;
    case STARS:
    case MARKS:
        return put_back(m);
    case START:
        self->seen = m->s.ghost[ACKED] & kit_bit(key);
        self->pc = GET;
        m->note = "a read begins";
        return 1;
    case GET:
        value = cache_get(m, self->x == 2 ? B : P, key).value;
        if (value == 1 && self->seen)
            model_bad(m, "reads what is old");
        *self = (model_proc){.pc = POLL, .round = self->round + 1, .phase = self->phase};
        m->s.ghost[HOLDERS] = 0;
        return 1;
    default:
        return 0;
    }
}

static int
fault(model *m)
{
    if (m->s.ghost[FAULT] || m->s.item[B][S].value == ABSENT)
        return 0;
    m->s.ghost[FAULT] = 1;
    if (m->c->flags & EVICTED)
        cache_evict(m, B, S);
    else
        cache_restart(m, B);
    return 1;
}

/* Sees no mark, so P is a source: lease on B, P's value, store. */
static int
filler(model *m)
{
    model_proc *self = model_self(m);
    model_item got;

    switch (self->pc) {
    case 0:
        if (!m->s.ghost[FAULT])
            return 0;
        self->pc = cache_get(m, B, S).value == ABSENT ? 1 : KIT_THROUGH;
        return 1;
    case 1:
        self->pc = cache_lease(m, B, K2, &got) == MODEL_W ? 2 : KIT_THROUGH;
        self->cas_k = got.cas;
        return 1;
    case 2:
        self->value = cache_get(m, P, K2).value;
        self->pc = self->value == ABSENT || self->value == STUB ? KIT_THROUGH : 3;
        return 1;
    case 3:
        cache_set_cas(m, B, K2, self->value, 0, self->cas_k);
        return kit_through(m);
    default:
        return 0;
    }
}

/* A restart of B: its writer and repairer would see a dead connection; they stay out of that. */
static int
step_lost(model *m)
{
    unsigned flags = m->c->flags;

    switch (m->who) {
    case WRITER:
        return flags & RESTARTED ? 0 : writer(m);
    case REPAIRER:
        return repairer(m);
    case READER:
        return reader(m);
    case FAULTS:
        return fault(m);
    default:
        return filler(m);
    }
}

#define LOST                                                                                       \
    .n_procs = 4, .procs = {"writer", "repairer", "reader", "fault", "filler"},                    \
    .start = start_lost, .step = step_lost
#define LOST_FILL                                                                                  \
    .n_procs = 5, .procs = {"writer", "repairer", "reader", "fault", "filler"},                    \
    .start = start_lost, .step = step_lost

const model_case model_lost[] = {
    {.name = "mcp:s evicted: absent is peace (outside the promise)",
     .is_broken = 1,
     .flags = EVICTED,
     LOST},
    {.name = "mcp:s evicted: cleared marks are kept empty, absent is lost",
     .flags = EVICTED | LOST_IS_BAD | KIT_KEEP_EMPTY,
     LOST},
    {.name = "B restarts while P stands: a reader without memory (outside the promise)",
     .is_broken = 1,
     .flags = RESTARTED,
     LOST},
    {.name = "B restarts while P stands: \"*\" and mark put back first",
     .flags = RESTARTED | REMEMBERS,
     LOST},
    {.name = "B restarts while P stands: mark and \"*\" put back first",
     .is_broken = 1,
     .flags = RESTARTED | REMEMBERS | MARK_FIRST,
     LOST},
    {.name = "B restarts while P stands: put back, B warmed from P (outside the promise)",
     .is_broken = 1,
     .flags = RESTARTED | REMEMBERS | WARMED,
     LOST_FILL},
    {0},
};

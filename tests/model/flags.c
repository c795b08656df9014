/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The design that came before: readers poll a flag (here mcp:e) and the mark is an item of its own.
 * Every way to keep the two together fails. Bad: an acknowledged write that P has not while the
 * flag is down.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    FLAG_FIRST = KIT_OWN,       /* the flag is cleared before the marker */
    FLAG_COUNTS = KIT_OWN << 1, /* the flag counts the markers */
    FLAG_TTL = KIT_OWN << 2     /* the flag goes away by itself */
};

enum { ACKED = 1, ZERO = 10 };

static void
start_flags(model *m)
{
    for (int key = K; key <= K2; key++)
        for (int server = P; server <= B; server++)
            m->s.item[server][key] = (model_item){1, 0, 1};
    if (m->c->flags & FLAG_COUNTS)
        m->s.item[B][E] = (model_item){ZERO, 0, 1};
    m->s.proc[0].value = 3;
    m->s.proc[1].key = K2;
    m->s.proc[1].value = 4;
}

static int
is_flag_up(const model *m)
{
    int value = m->s.item[B][E].value;

    return m->c->flags & FLAG_COUNTS ? value > ZERO : value != ABSENT;
}

static int
is_lost(const model *m)
{
    for (int key = K; key <= K2; key++)
        if (m->s.ghost[ACKED] & kit_bit(key) && m->s.item[P][key].value == 1 &&
            !(is_flag_up(m) && kit_is_on_record(m, key)))
            return 1;
    return 0;
}

static int
flag_writer(model *m)
{
    model_proc *self = model_self(m);
    unsigned flags = m->c->flags;

    if (self->pc == 2)
        return 0;
    if (self->pc == 1) {
        if (flags & FLAG_COUNTS)
            cache_incr(m, B, E, 1);
        else
            cache_set(m, B, E, 1);
    } else {
        int done = kit_mark(m, "DJM");
        if (done == KIT_DONE)
            self->pc = 1;
        if (done == KIT_FAILED)
            *self = (model_proc){.pc = 2};
        if (done != KIT_DONE || !(flags & FLAG_COUNTS) || self->y)
            return 1;
    }
    m->s.ghost[ACKED] |= kit_bit(self->key);
    *self = (model_proc){.pc = 2};
    return 1;
}

static int
flag_repairer(model *m)
{
    model_proc *self = model_self(m);
    unsigned flags = m->c->flags;
    int is_clear = flags & FLAG_FIRST && self->sub == 7 && self->pc == 0;

    if (self->pc == 2)
        return 0;
    if (self->pc == 1 || is_clear) {
        if (flags & FLAG_COUNTS)
            cache_incr(m, B, E, -1);
        else
            cache_delete(m, B, E);
        self->pc = is_clear ? 3 : 2;
        return 1;
    }
    int done = kit_repair(m);
    if (done == KIT_DONE)
        self->pc = flags & (FLAG_FIRST | FLAG_TTL) ? 2 : 1;
    if (self->pc == 3 && self->sub != 7)
        self->pc = 0;
    return done >= 0;
}

static int
step_flags(model *m)
{
    model_proc *self = model_self(m);
    int moved = 0;

    if (m->who < 2) {
        moved = flag_writer(m);
    } else if (m->who == 2) {
        moved = flag_repairer(m);
    } else if (self->pc == 0 && m->s.item[B][E].value != ABSENT) {
        self->pc = 1;
        cache_evict(m, B, E);
        moved = 1;
    }
    if (moved && is_lost(m))
        model_bad(m, "P is old and the flag is down");
    return moved;
}

#define FLAG                                                                                       \
    .is_broken = 1, .n_procs = 3, .procs = {"writer", "writer2", "repairer", "clock"},             \
    .start = start_flags, .step = step_flags

const model_case model_flags[] = {
    {.name = "marker and flag: the flag cleared plainly", FLAG},
    {.name = "marker and flag: the flag cleared before the marker", .flags = FLAG_FIRST, FLAG},
    {.name = "marker and flag: the flag counts markers", .flags = FLAG_COUNTS, FLAG},
    {.name = "marker and flag: the flag has a ttl",
     .flags = FLAG_TTL,
     .is_broken = 1,
     .n_procs = 4,
     .procs = {"writer", "writer2", "repairer", "clock"},
     .start = start_flags,
     .step = step_flags},
    {0},
};

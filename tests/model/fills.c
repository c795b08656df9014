/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server that came back empty is filled from the other one while the same key is deleted or
 * written. Bad: what was deleted comes back, or what was overwritten.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    FILL_SET = KIT_OWN,       /* get, set */
    FILL_ADD = KIT_OWN << 1,  /* get, add */
    FILL_UNDO = KIT_OWN << 2, /* add, then look at B again */
    P_RESTARTS = KIT_OWN << 3,
    B_RESTARTS = KIT_OWN << 4,
    THIRD_BLIND = KIT_OWN << 5,    /* a third delete that fails is not repeated */
    THIRD_PARALLEL = KIT_OWN << 6, /* the third is sent beside P's */
    SET_BLIND = KIT_OWN << 7       /* the writer does not verify */
};

/* Fills `to` from the other server: lease, read, store by the CAS of the stub. */
static int
fill_by_lease(model *m, int to)
{
    model_proc *self = model_self(m);
    model_item got;

    switch (self->pc) {
    case 0:
        self->pc = cache_lease(m, to, K, &got) == MODEL_W ? 1 : 9;
        self->cas_k = got.cas;
        return 1;
    case 1:
        self->value = cache_get(m, 1 - to, K).value;
        self->pc = 2;
        return 1;
    case 2:
        if (self->value == ABSENT || self->value == STUB)
            cache_delete_cas(m, to, K, self->cas_k);
        else
            cache_set_cas(m, to, K, self->value, 0, self->cas_k);
        self->pc = 9;
        return 1;
    default:
        return 0;
    }
}

static int
fill_shared(model *m)
{
    model_proc *self = model_self(m);
    model_item got;
    int is_stored;

    switch (self->pc) {
    case 0:
        self->pc = cache_get(m, P, K).value == ABSENT ? 1 : 9;
        return 1;
    case 1:
        got = cache_get(m, B, K);
        self->value = got.value;
        self->seen = got.cas;
        self->pc = got.value == ABSENT ? 9 : 2;
        return 1;
    case 2:
        is_stored = m->c->flags & FILL_SET ? cache_set(m, P, K, self->value) != 0
                                           : cache_add(m, P, K, self->value, 0) == MODEL_HD;
        self->cas_k = m->s.item[P][K].cas;
        self->pc = is_stored && m->c->flags & FILL_UNDO ? 3 : 9;
        return 1;
    case 3:
        got = cache_get(m, B, K);
        self->pc = got.value != ABSENT && got.cas == self->seen ? 9 : 4;
        return 1;
    case 4:
        cache_delete_cas(m, P, K, self->cas_k);
        self->pc = 9;
        return 1;
    default:
        return 0;
    }
}

static int
fill(model *m, int to)
{
    return m->c->flags & (FILL_SET | FILL_ADD) ? fill_shared(m) : fill_by_lease(m, to);
}

/* ghost[1], ghost[2]: how often P, B restarted; x: which of these lives its connections are of. */
static int
is_dead(model *m, int server)
{
    model_proc *self = model_self(m);
    int bit = server == P ? 1 : 2;

    if (m->s.ghost[1 + server] == 0 || self->x & bit)
        return 0;
    self->x |= bit;
    m->note = server == P ? "P's connection is dead" : "B's connection is dead";
    return 1;
}

/* Deletes in the order of the case; a dead connection begins again with new ones. */
static int
delete_in_order(model *m)
{
    model_proc *self = model_self(m);
    const char *order = m->c->order;
    int server = order[self->pc] == 'P' ? P : B;

    if (order[self->pc] == '\0')
        return 0;
    if (!is_dead(m, server)) {
        cache_delete(m, server, K);
        self->pc++;
    } else if (m->c->flags & THIRD_BLIND && self->pc == 2) {
        self->pc++;
    } else {
        self->pc = 0;
    }
    if (order[self->pc] == '\0')
        self->x = 3;
    return 1;
}

/* B, then P and B at the same time: y has a bit for each half that is through. */
static int
delete_parallel(model *m)
{
    model_proc *self = model_self(m);
    int server = self->pc == 0 ? B : m->choice;
    int bit = server == P ? 1 : 2;

    if (self->pc > 1 || self->y & bit || (self->pc == 0 && m->choice > 0))
        return 0;
    if (is_dead(m, server)) {
        self->pc = 0;
        self->y = 0;
        return 1;
    }
    cache_delete(m, server, K);
    if (self->pc == 0)
        self->pc = 1;
    else
        self->y |= bit;
    if (self->y == 3)
        *self = (model_proc){.pc = 2, .x = 3};
    return 1;
}

static int
deleter(model *m)
{
    if (m->c->flags & THIRD_PARALLEL)
        return delete_parallel(m);
    return m->choice == 0 && delete_in_order(m);
}

static void
start_filled(model *m)
{
    m->s.item[B][K] = (model_item){1, 0, 1};
}

static int
is_back(const model *m)
{
    return m->s.item[P][K].value == 1 || m->s.item[B][K].value == 1;
}

static int
step_fill(model *m)
{
    if (m->who == m->c->n_procs - 1)
        return deleter(m);
    return m->choice == 0 && fill(m, P);
}

/* A reader that begins after the delete was acknowledged. */
static int
step_read(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc != 0 || m->s.proc[1].pc < 3)
        return 0;
    self->pc = 1;
    if (cache_get(m, P, K).value == 1)
        model_bad(m, "reads what was deleted");
    return 1;
}

static int
step_shared(model *m)
{
    if (m->who == 0)
        return fill(m, P);
    return m->who == 1 ? deleter(m) : step_read(m);
}

/* A set of both at once, then verified: moved copies are deleted on B by CAS (see sets.c). */
static int
step_set(model *m)
{
    model_proc *self = model_self(m);

    if (m->who == 0)
        return m->choice == 0 && fill(m, P);
    if (self->pc > 0 || self->y & (m->choice == P ? 1 : 2) || m->choice > 1)
        return 0;
    cache_set(m, m->choice, K, 2);
    self->y |= m->choice == P ? 1 : 2;
    self->pc = self->y == 3;
    return 1;
}

static int
is_old_or_differs(const model *m)
{
    return m->s.item[P][K].value == 1 || kit_differs(m, K);
}

static int
restart(model *m, int server)
{
    if (model_self(m)->pc != 0 || m->choice != 0)
        return 0;
    model_self(m)->pc = 1;
    m->s.ghost[1 + server] = 1;
    cache_restart(m, server);
    return 1;
}

/* The server that restarted is warmed; the filler connects after that. */
static int
step_restart(model *m)
{
    int server = m->c->flags & P_RESTARTS ? P : B;

    if (m->who == 0)
        return restart(m, server);
    if (m->who == 1)
        return m->choice == 0 && m->s.ghost[1 + server] != 0 && fill_by_lease(m, server);
    return deleter(m);
}

static void
start_both(model *m)
{
    m->s.item[P][K] = (model_item){1, 0, 1};
    m->s.item[B][K] = (model_item){1, 0, 1};
}

#define FILL                                                                                       \
    .n_procs = 2, .procs = {"filler", "deleter"}, .start = start_filled, .step = step_fill,        \
    .is_wrong = is_back
#define THIRD                                                                                      \
    .n_procs = 3, .n_choices = 2, .procs = {"server", "filler", "deleter"}, .start = start_both,   \
    .step = step_restart, .is_wrong = is_back

const model_case model_fills[] = {
    {.name = "fill by plain set, delete P,B",
     .is_broken = 1,
     .flags = FILL_SET,
     .order = "PB",
     FILL},
    {.name = "fill by add, delete P,B",
     .is_broken = 1,
     .flags = FILL_ADD,
     .order = "PB",
     FILL,
     .want_schedules = 10,
     .want_bad = 6},
    {.name = "fill by lease, delete P,B",
     .is_broken = 1,
     .order = "PB",
     FILL,
     .want_schedules = 10,
     .want_bad = 2},
    {.name = "fill by lease, delete B,P", .order = "BP", FILL},
    {.name = "fill by lease, delete B,P,B", .order = "BPB", FILL},
    {.name = "two fills by lease, delete B,P,B",
     .order = "BPB",
     .n_procs = 3,
     .procs = {"filler", "filler2", "deleter"},
     .start = start_filled,
     .step = step_fill,
     .is_wrong = is_back},
    {.name = "fill by plain set, against a set",
     .is_broken = 1,
     .flags = FILL_SET,
     .n_procs = 2,
     .n_choices = 2,
     .procs = {"filler", "writer"},
     .start = start_filled,
     .step = step_set,
     .is_wrong = is_old_or_differs},
    {.name = "fill by lease, against a set",
     .n_procs = 2,
     .n_choices = 2,
     .procs = {"filler", "writer"},
     .start = start_filled,
     .step = step_set,
     .is_wrong = is_old_or_differs},
    {.name = "shared pool: fill by add and undo, delete B,P,B, at rest",
     .flags = FILL_ADD | FILL_UNDO,
     .order = "BPB",
     FILL},
    {.name = "shared pool: fill by add and undo, read in between",
     .is_broken = 1,
     .flags = FILL_ADD | FILL_UNDO,
     .order = "BPB",
     .n_procs = 3,
     .procs = {"filler", "deleter", "reader"},
     .start = start_filled,
     .step = step_shared,
     .is_wrong = is_back},
    {.name = "B restarts, delete B,P", .is_broken = 1, .flags = B_RESTARTS, .order = "BP", THIRD},
    {.name = "B restarts, third delete beside P's",
     .is_broken = 1,
     .flags = B_RESTARTS | THIRD_PARALLEL,
     THIRD},
    {.name = "B restarts, third delete's failure ignored",
     .is_broken = 1,
     .flags = B_RESTARTS | THIRD_BLIND,
     .order = "BPB",
     THIRD},
    {.name = "B restarts, delete B,P,B", .flags = B_RESTARTS, .order = "BPB", THIRD},
    {.name = "P restarts, delete B,P,B", .flags = P_RESTARTS, .order = "BPB", THIRD},
    {0},
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writers of one key at the same time, while both servers stand. Both halves of a set are sent at
 * once. Bad: in the end the copies differ.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    VERIFY_P = KIT_OWN,         /* P's CAS is looked at */
    VERIFY_BOTH = KIT_OWN << 1, /* P's and B's */
    COPIED = KIT_OWN << 2       /* incr: P's result is stored on B */
};

enum { SETTING, VERIFYING, UNDOING, THROUGH };
enum { HALF_P = 1, HALF_B = 2 };

/* x, seen: my CAS on P, on B. cas_s, cas_k: what the verification saw there. */
static int
half(model *m)
{
    model_proc *self = model_self(m);
    int bit = m->choice == P ? HALF_P : HALF_B;

    if (self->y & bit)
        return 0;
    int cas = cache_set(m, m->choice, K, m->who + 2);
    if (m->choice == P)
        self->x = cas;
    else
        self->seen = cas;
    self->y |= bit;
    if (self->y != (HALF_P | HALF_B))
        return 1;
    if (m->c->flags & (VERIFY_P | VERIFY_BOTH)) {
        self->pc = VERIFYING;
        self->y = m->c->flags & VERIFY_P ? HALF_B : 0;
    } else {
        *self = (model_proc){.pc = THROUGH};
    }
    return 1;
}

/* P's CAS moved: my own copy goes from B. Only B's moved: what stands there goes. */
static int
judge(model *m)
{
    model_proc *self = model_self(m);
    int is_p_moved = self->cas_s != self->x;
    int is_b_moved = m->c->flags & VERIFY_BOTH && self->cas_k != self->seen;
    int cas = is_p_moved ? self->seen : self->cas_k;

    *self = (model_proc){.pc = THROUGH};
    if (is_p_moved || (is_b_moved && cas != 0))
        *self = (model_proc){.pc = UNDOING, .cas_k = cas};
    return 1;
}

static int
verify(model *m)
{
    model_proc *self = model_self(m);
    int bit = m->choice == P ? HALF_P : HALF_B;

    if (self->y & bit)
        return 0;
    model_item got = cache_get(m, m->choice, K);
    int cas = got.value == ABSENT ? 0 : got.cas;
    if (m->choice == P)
        self->cas_s = cas;
    else
        self->cas_k = cas;
    self->y |= bit;
    return self->y == (HALF_P | HALF_B) ? judge(m) : 1;
}

static int
step_sets(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc == SETTING)
        return half(m);
    if (self->pc == VERIFYING)
        return verify(m);
    if (self->pc == THROUGH || m->choice != 0)
        return 0;
    cache_delete_cas(m, B, K, self->cas_k);
    *self = (model_proc){.pc = THROUGH};
    return 1;
}

/* The last process deletes: B, P, B. */
static int
step_delete(model *m)
{
    model_proc *self = model_self(m);

    if (m->who < m->c->n_procs - 1)
        return step_sets(m);
    if (self->pc == 3 || m->choice != 0)
        return 0;
    cache_delete(m, self->pc == 1 ? P : B, K);
    self->pc++;
    return 1;
}

static int
step_incr(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc == 2)
        return 0;
    if (self->pc == 1 && m->c->flags & COPIED)
        cache_set(m, B, K, self->value);
    else
        cache_incr(m, self->pc == 0 ? P : B, K, 1);
    self->value = self->pc == 0 ? m->s.item[P][K].value : 0;
    self->pc++;
    return 1;
}

static void
start_sets(model *m)
{
    m->s.item[P][K] = (model_item){1, 0, 1};
    m->s.item[B][K] = (model_item){1, 0, 1};
}

/* A copy that is missing is never wrong. */
static int
differs(const model *m)
{
    return m->s.item[B][K].value != ABSENT && kit_differs(m, K);
}

#define SETS                                                                                       \
    .n_choices = 2, .procs = {"writer", "writer2", "writer3"}, .start = start_sets,                \
    .step = step_sets, .is_wrong = differs

const model_case model_sets[] = {
    {.name = "set against set",
     .is_broken = 1,
     .n_procs = 2,
     SETS,
     .want_schedules = 24,
     .want_bad = 12},
    {.name = "set against set, P verified", .is_broken = 1, .flags = VERIFY_P, .n_procs = 2, SETS},
    {.name = "set against set, both verified", .flags = VERIFY_BOTH, .n_procs = 2, SETS},
    {.name = "three sets, both verified", .flags = VERIFY_BOTH, .n_procs = 3, SETS},
    {.name = "set against delete B,P,B, both verified",
     .flags = VERIFY_BOTH,
     .n_procs = 2,
     .n_choices = 2,
     .procs = {"writer", "deleter"},
     .start = start_sets,
     .step = step_delete,
     .is_wrong = differs},
    {.name = "two sets against delete B,P,B, both verified",
     .flags = VERIFY_BOTH,
     .n_procs = 3,
     .n_choices = 2,
     .procs = {"writer", "writer2", "deleter"},
     .start = start_sets,
     .step = step_delete,
     .is_wrong = differs},
    {.name = "incr: the result copied",
     .is_broken = 1,
     .flags = COPIED,
     .n_procs = 3,
     .procs = {"client", "client2", "client3"},
     .start = start_sets,
     .step = step_incr,
     .is_wrong = differs,
     .want_schedules = 90,
     .want_bad = 42},
    {.name = "incr: the delta to both",
     .n_procs = 3,
     .procs = {"client", "client2", "client3"},
     .start = start_sets,
     .step = step_incr,
     .is_wrong = differs,
     .want_schedules = 90,
     .want_bad = 0},
    {0},
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both marks stand: P missed k, B missed k2 (or each missed a write of k, B's the newer one). Bad:
 * a read, or the end, brings what is older than what was acknowledged.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    ONE_SIDED = KIT_OWN,        /* each side is repaired as if the other stood well */
    SAME_KEY = KIT_OWN << 1,    /* k is in both journals, P's value is the newest */
    P_ONLY_VIEW = KIT_OWN << 2, /* the reader knows P's mark and reads B without B's */
    BELIEVES_B = KIT_OWN << 3,  /* the reader sees both marks and reads B */
    CLEARS_P_FIRST = KIT_OWN << 4
};

enum { NEWEST = 1 }; /* ghost[NEWEST + key] */
enum {
    READ_MARKS,
    READ_MARKS_P,
    READ_B,
    READ_P,
    DELETE_B,
    DELETE_P,
    DELETE_B2,
    LEASE,
    SOURCE,
    STORE,
    END_B,
    END_P,
    CLEAR,
    CLEAR2,
    THROUGH
};

static void
put(model *m, int server, int item, int value)
{
    m->s.item[server][item] = (model_item){value, 0, 1};
}

static void
start_both(model *m)
{
    int is_same = (m->c->flags & SAME_KEY) != 0;

    put(m, P, K, is_same ? 3 : 1);
    put(m, B, K, 2);
    put(m, P, K2, 2);
    put(m, B, K2, is_same ? 2 : 1);
    put(m, B, S, 1);
    put(m, P, S, 2);
    put(m, B, J, kit_bit(K));
    put(m, P, J, is_same ? kit_bit(K) : kit_bit(K2));
    m->s.ghost[NEWEST + K] = is_same ? 3 : 2;
    m->s.ghost[NEWEST + K2] = 2;
    m->s.proc[1].key = is_same ? K : K2;
}

static int
stands(const model *m, int survivor)
{
    return m->s.item[survivor][S].value != ABSENT;
}

/* What comes after a key, or after the journals: the next key's first command. */
static int
next_key(model *m, int key)
{
    model_proc *self = model_self(m);
    int bit = key > K2 ? 0 : kit_bit(key);
    int is_missed_by_p = (self->keys & bit) != 0;
    int is_missed_by_b = (self->x & bit) != 0;

    if (key > K2) {
        self->pc = self->keys != 0 ? END_B : self->x != 0 ? END_P : CLEAR;
        return 1;
    }
    self->key = key;
    self->phase = is_missed_by_p && is_missed_by_b;
    if (is_missed_by_b)
        self->pc = DELETE_B;
    else if (is_missed_by_p)
        self->pc = DELETE_P;
    else
        return next_key(m, key + 1);
    return 1;
}

/* In both journals: B, P, B deleted. Only in B's: deleted on B. Only in P's: lease-copied to P. */
static int
replay(model *m)
{
    model_proc *self = model_self(m);
    model_item got;

    switch (self->pc) {
    case DELETE_B:
        cache_delete(m, B, self->key);
        self->pc = DELETE_P;
        return self->phase ? 1 : next_key(m, self->key + 1);
    case DELETE_P:
        cache_delete(m, P, self->key);
        self->pc = self->phase ? DELETE_B2 : LEASE;
        return 1;
    case DELETE_B2:
        cache_delete(m, B, self->key);
        return next_key(m, self->key + 1);
    case LEASE:
        if (cache_lease(m, P, self->key, &got) != MODEL_W)
            return next_key(m, self->key + 1);
        self->cas_k = got.cas;
        self->pc = SOURCE;
        return 1;
    case SOURCE:
        self->value = cache_get(m, B, self->key).value;
        self->pc = STORE;
        return 1;
    default:
        if (self->value == ABSENT)
            cache_delete_cas(m, P, self->key, self->cas_k);
        else
            cache_set_cas(m, P, self->key, self->value, 0, self->cas_k);
        return next_key(m, self->key + 1);
    }
}

/* The journals and then the marks go, each by its CAS; B's mark (on P) first. */
static int
finish(model *m)
{
    model_proc *self = model_self(m);
    int is_first_p = !(m->c->flags & CLEARS_P_FIRST);
    int server;

    if (self->pc == END_B || self->pc == END_P) {
        cache_delete_cas(m, self->pc == END_B ? B : P, J,
                         self->pc == END_B ? self->cas_j : self->y);
        self->pc = self->pc == END_B && self->x != 0 ? END_P : READ_MARKS;
        return 1;
    }
    server = (self->pc == CLEAR) == is_first_p ? P : B;
    model_reply reply = cache_delete_cas(m, server, S, server == P ? self->inc : self->cas_s);
    self->pc = reply == MODEL_EX ? READ_MARKS : self->pc + 1;
    return 1;
}

static int
key_by_key(model *m)
{
    model_proc *self = model_self(m);
    model_item got;

    switch (self->pc) {
    case READ_MARKS:
        self->cas_s = cache_get(m, B, S).cas;
        self->pc++;
        return 1;
    case READ_MARKS_P:
        self->inc = cache_get(m, P, S).cas;
        self->pc++;
        return 1;
    case READ_B:
        got = cache_get(m, B, J);
        self->keys = got.value;
        self->cas_j = got.cas;
        self->pc++;
        return 1;
    case READ_P:
        got = cache_get(m, P, J);
        self->x = got.value;
        self->y = got.cas;
        return next_key(m, K);
    case THROUGH:
        return 0;
    default:
        return self->pc < END_B ? replay(m) : finish(m);
    }
}

/* md here, lease here, read there, store here: what one side's journal says, and nothing else. */
static int
one_side(model *m)
{
    model_proc *self = model_self(m);
    int here = m->who == 0 ? P : B;
    model_item got;

    switch (self->pc) {
    case 0:
        cache_delete(m, here, self->key);
        break;
    case 1:
        cache_lease(m, here, self->key, &got);
        self->cas_k = got.cas;
        break;
    case 2:
        self->value = cache_get(m, 1 - here, self->key).value;
        break;
    case 3:
        if (self->value != ABSENT && self->value != STUB)
            cache_set_cas(m, here, self->key, self->value, 0, self->cas_k);
        else
            cache_delete_cas(m, here, self->key, self->cas_k);
        break;
    default:
        return 0;
    }
    self->pc++;
    return 1;
}

/* Both marks, then each key: both stand: both copies, equal or a miss; one stands: the other. */
static int
reader(model *m)
{
    model_proc *self = model_self(m);
    int both = 3;

    if (self->pc == 0 || self->pc == 1) {
        int server = self->pc == 0 ? B : P;
        int is_asked = server == B || !(m->c->flags & P_ONLY_VIEW);
        if (is_asked && cache_get(m, server, S).value != ABSENT)
            self->x |= server == B ? 1 : 2;
        self->pc = is_asked && server == B && m->c->flags & P_ONLY_VIEW ? 2 : self->pc + 1;
        self->key = K;
        return 1;
    }
    if (self->pc > 3)
        return 0;
    int server =
        self->pc == 3 || (self->x == 1) || (self->x == both && m->c->flags & BELIEVES_B) ? B : P;
    int value = cache_get(m, server, self->key).value;
    if (self->pc == 2 && self->x == both && !(m->c->flags & BELIEVES_B)) {
        self->value = value;
        self->pc = 3;
        return 1;
    }
    int is_hit = value != ABSENT && value != STUB && (self->pc == 2 || value == self->value);
    if (is_hit && value < m->s.ghost[NEWEST + self->key])
        model_bad(m, "reads what is old");
    self->value = 0;
    self->pc = self->key == K ? 2 : 4;
    self->key = K2;
    return 1;
}

/* Knows both marks: B, P, a look at B; moved: on record. */
static int
writer(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc == 4)
        return 0;
    if (self->pc == 3) {
        int done = kit_mark(m, "JM");
        self->pc = done == KIT_DONE ? 4 : 3;
    } else if (self->pc == 2) {
        model_item got = cache_get(m, B, K);
        int is_moved = got.value == ABSENT || got.cas != self->cas_k;
        *self = (model_proc){.pc = is_moved ? 3 : 4};
    } else {
        int cas = cache_set(m, self->pc == 0 ? B : P, K, 5);
        self->cas_k = self->pc == 0 ? cas : self->cas_k;
        self->pc++;
    }
    if (self->pc == 4) {
        *self = (model_proc){.pc = 4};
        m->s.ghost[NEWEST + K] = 5;
    }
    return 1;
}

static int
step_both(model *m)
{
    if (m->who == 2)
        return writer(m);
    if (m->c->flags & ONE_SIDED)
        return one_side(m);
    return m->who == 0 ? key_by_key(m) : reader(m);
}

static int
is_wrong(const model *m)
{
    for (int key = K; key <= K2; key++)
        for (int server = P; server <= B; server++) {
            int value = m->s.item[server][key].value;
            int is_read = server == P ? !stands(m, B) : 1;
            if (is_read && value != ABSENT && value != STUB && value < m->s.ghost[NEWEST + key])
                return 1;
        }
    return 0;
}

#define SIDES                                                                                      \
    .n_procs = 2, .procs = {"repair of P", "repair of B"}, .start = start_both, .step = step_both, \
    .is_wrong = is_wrong
#define WRITTEN                                                                                    \
    .n_procs = 3, .procs = {"repairer", "reader", "writer"}, .start = start_both,                  \
    .step = step_both, .is_wrong = is_wrong
#define BOTH                                                                                       \
    .n_procs = 2, .procs = {"repairer", "reader"}, .start = start_both, .step = step_both,         \
    .is_wrong = is_wrong

const model_case model_both[] = {
    {.name = "both stand, one key in both journals: each side copies from the other",
     .is_broken = 1,
     .flags = ONE_SIDED | SAME_KEY,
     SIDES},
    {.name = "both stand: key by key", BOTH},
    {.name = "both stand, one key in both journals: key by key", .flags = SAME_KEY, BOTH},
    {.name = "both stand: key by key, against a writer", WRITTEN},
    {.name = "both stand, one key in both journals: key by key, against a writer",
     .flags = SAME_KEY,
     WRITTEN},
    {.name = "both stand: P's mark cleared first", .flags = CLEARS_P_FIRST, BOTH},
    {.name = "both stand: B is read without a look at B's mark",
     .is_broken = 1,
     .flags = P_ONLY_VIEW,
     BOTH},
    {.name = "both stand: B is believed", .is_broken = 1, .flags = BELIEVES_B | SAME_KEY, BOTH},
    {0},
};

/* SPDX-License-Identifier: BSD-3-Clause */
#include "model/kit.h"

enum { MAX_ROUNDS = 4 };

int
kit_bit(int key)
{
    return key == K ? 1 : 2;
}

int
kit_new_inc(model *m)
{
    return ++m->s.ghost[0];
}

int
kit_through(model *m)
{
    *model_self(m) = (model_proc){.pc = KIT_THROUGH};
    return 1;
}

void
kit_start_same(model *m)
{
    for (int key = K; key <= K2; key++)
        for (int server = P; server <= B; server++)
            m->s.item[server][key] = (model_item){1, 0, 1};
}

void
kit_start_standing(model *m)
{
    kit_start_same(m);
    m->s.item[B][K2] = (model_item){2, 0, 2};
    m->s.item[B][S] = (model_item){kit_new_inc(m), 0, 1};
    m->s.item[B][J] = (model_item){kit_bit(K2), 0, 1};
}

int
kit_stands(const model *m)
{
    int inc = m->s.item[B][S].value;

    return inc != ABSENT && inc != EMPTY;
}

static int
lowest(int keys)
{
    return keys & 1 ? K : K2;
}

/* Step 2: append to the journal, or create it. 1: the entry stands there. */
static int
mark_journal(model *m)
{
    model_proc *self = model_self(m);
    int bit = kit_bit(self->key);

    if (self->sub == 0) {
        self->sub = cache_append(m, B, J, bit, 0) == MODEL_HD ? 0 : 1;
        return self->sub == 0;
    }
    self->sub = 0;
    if (cache_add(m, B, J, bit, 0) == MODEL_NS)
        return 0;
    self->seen = 1;
    return 1;
}

/* One more round of steps 3 and 4. */
static int
mark_again(model *m)
{
    model_proc *self = model_self(m);

    self->sub = m->c->flags & KIT_NO_BUMP ? 1 : 0;
    return ++self->round < MAX_ROUNDS ? KIT_GOING : KIT_FAILED;
}

/* Step 4's answer. */
static int
mark_listed(model *m, int inc)
{
    model_proc *self = model_self(m);

    self->inc = inc;
    if (!self->seen || m->c->flags & KIT_NO_SECOND)
        return KIT_DONE;
    self->seen = 0;
    return mark_again(m);
}

/* Steps 3 and 4: bump, look, and create what is not there. */
static int
mark_mark(model *m)
{
    model_proc *self = model_self(m);
    unsigned flags = m->c->flags;
    int is_put = 0;

    if (self->sub == 0 && !(flags & KIT_NO_BUMP)) {
        cache_append(m, B, S, 0, 0);
        self->sub = 1;
        return flags & KIT_NO_REPUT ? KIT_DONE : KIT_GOING;
    }
    if (self->sub <= 1) {
        model_item marks = cache_get(m, B, S);
        if (marks.value != ABSENT && marks.value != EMPTY)
            return mark_listed(m, marks.value);
        self->sub = marks.value == ABSENT ? 3 : 2;
        return KIT_GOING;
    }
    if (self->sub == 2)
        is_put = cache_append(m, B, S, kit_new_inc(m), 0) == MODEL_HD;
    else
        is_put = cache_add(m, B, S, kit_new_inc(m), 0) == MODEL_HD;
    if (!is_put) {
        self->sub = 5 - self->sub;
        return KIT_GOING;
    }
    self->seen = 0;
    self->y = 1;
    self->inc = m->s.item[B][S].value;
    return flags & KIT_NO_SECOND ? KIT_DONE : mark_again(m);
}

static int
mark_data(model *m)
{
    const model_proc *self = model_self(m);

    if (self->value == ABSENT)
        cache_delete(m, B, self->key);
    else
        cache_set(m, B, self->key, self->value);
    return KIT_DONE;
}

int
kit_mark(model *m, const char *order)
{
    model_proc *self = model_self(m);
    char what = order[self->phase];
    int done = what == 'D'   ? mark_data(m)
               : what == 'J' ? (mark_journal(m) ? KIT_DONE : KIT_GOING)
                             : mark_mark(m);

    if (done != KIT_DONE)
        return done;
    self->phase++;
    self->sub = 0;
    return order[self->phase] == '\0' ? KIT_DONE : KIT_GOING;
}

static int
key_through(model *m)
{
    model_proc *self = model_self(m);

    self->keys &= self->keys - 1;
    self->cas_k = 0;
    self->value = 0;
    self->sub = self->keys != 0 ? 2 : 6;
    return KIT_DONE;
}

/* The copy itself: by the lease, or however the case has it. */
static int
replay_copy(model *m, int key)
{
    model_proc *self = model_self(m);

    if (m->c->flags & KIT_COPY_PLAIN && self->value != ABSENT)
        cache_set(m, P, key, self->value);
    else if (self->value != ABSENT)
        cache_set_cas(m, P, key, self->value, 0, self->cas_k);
    else
        cache_delete_cas(m, P, key, self->cas_k);
    return key_through(m);
}

int
kit_replay_key(model *m)
{
    model_proc *self = model_self(m);
    int key = lowest(self->keys);
    model_item got;

    switch (self->sub) {
    case 2:
        cache_delete(m, P, key);
        self->sub = m->c->flags & KIT_COPY_PLAIN ? 4 : 3;
        return m->c->flags & KIT_DELETE_ONLY ? key_through(m) : KIT_GOING;
    case 3:
        if (cache_lease(m, P, key, &got) != MODEL_W)
            return key_through(m);
        self->cas_k = got.cas;
        self->sub = 4;
        return KIT_GOING;
    case 4:
        got = cache_get(m, B, key);
        self->value = got.value == STUB ? ABSENT : got.value;
        self->sub = 5;
        if (self->value == ABSENT && m->c->flags & KIT_COPY_PLAIN)
            return key_through(m);
        return KIT_GOING;
    default:
        return replay_copy(m, key);
    }
}

/* A segment was there and is replayed, or none is left: look again, or clear. */
static int
repair_end(model *m)
{
    model_proc *self = model_self(m);

    if (self->sub == 6) {
        model_reply reply = cache_delete_cas(m, B, J, self->cas_j);
        self->cas_j = 0;
        self->sub = m->c->flags & KIT_NO_REREAD && reply == MODEL_HD ? 7 : 0;
        return KIT_GOING;
    }
    self->sub = 0;
    if (m->c->flags & KIT_KEEP_EMPTY)
        return cache_set_cas(m, B, S, EMPTY, 0, self->cas_s) == MODEL_HD ? KIT_DONE : KIT_GOING;
    if (m->c->flags & KIT_CLEAR_PLAIN)
        return cache_delete(m, B, S) == MODEL_HD ? KIT_DONE : KIT_GOING;
    return cache_delete_cas(m, B, S, self->cas_s) == MODEL_HD ? KIT_DONE : KIT_GOING;
}

int
kit_repair(model *m)
{
    model_proc *self = model_self(m);
    model_item got;

    if (self->sub >= 6)
        return repair_end(m);
    if (self->sub >= 2) {
        kit_replay_key(m);
        return KIT_GOING;
    }
    if (self->sub == 0) {
        if (self->round == 0 && !kit_stands(m))
            return -1;
        self->round = 1;
        got = cache_get(m, B, S);
        if (got.value == ABSENT || got.value == EMPTY)
            return KIT_DONE;
        self->cas_s = got.cas;
        self->sub = 1;
        return KIT_GOING;
    }
    got = cache_get(m, B, J);
    self->cas_j = got.cas;
    self->keys = got.value & KIT_STAR ? kit_bit(K) | kit_bit(K2) : got.value;
    self->sub = got.value == ABSENT ? 7 : 2;
    return KIT_GOING;
}

int
kit_read_marks(model *m)
{
    model_proc *self = model_self(m);
    model_item got;

    if (self->round == 0 && !kit_stands(m))
        return 0;
    got = cache_get(m, B, S);
    self->round = 1;
    self->cas_s = got.cas;
    self->seen = got.extra;
    self->sub = 1;
    if (got.value == ABSENT || got.value == EMPTY)
        *self = (model_proc){0};
    return 1;
}

int
kit_evict(model *m, int item, int most, int *evicted, const char *note)
{
    if (m->s.item[B][item].value == ABSENT || *evicted >= most)
        return 0;
    ++*evicted;
    cache_evict(m, B, item);
    m->note = note;
    return 1;
}

/* The n numbers keep their order and become as small as can be; 0 stays 0: nothing is held. */
static void
renumber(int *const numbers[], int n)
{
    int rank[MODEL_PROCS + 1];

    for (int i = 0; i < n; i++) {
        rank[i] = *numbers[i] != 0;
        for (int j = 0; j < n; j++) {
            int is_first = 1;
            for (int k = 0; k < j; k++)
                is_first = is_first && *numbers[k] != *numbers[j];
            rank[i] += is_first && *numbers[j] != 0 && *numbers[j] < *numbers[i];
        }
    }
    for (int i = 0; i < n; i++)
        *numbers[i] = rank[i];
}

void
kit_forget(model *m)
{
    int *of_marks[MODEL_PROCS + 1];
    int *of_journal[MODEL_PROCS + 1];
    int n = m->c->n_procs;

    if (m->is_walk)
        return;
    for (int who = 0; who < n; who++) {
        of_marks[who] = &m->s.proc[who].cas_s;
        of_journal[who] = &m->s.proc[who].cas_j;
    }
    of_marks[n] = &m->s.item[B][S].cas;
    of_journal[n] = &m->s.item[B][J].cas;
    renumber(of_marks, n + 1);
    renumber(of_journal, n + 1);
}

void
kit_forget_number(model_item *item, int *token)
{
    int is_same = *token == item->cas;

    item->cas = *token == 0 || is_same ? 1 : 2;
    *token = *token == 0 ? 0 : 1;
}

int
kit_is_on_record(const model *m, int key)
{
    return kit_stands(m) && (m->s.item[B][J].value & (kit_bit(key) | KIT_STAR)) != 0;
}

int
kit_differs(const model *m, int key)
{
    int on_p = m->s.item[P][key].value;
    int on_b = m->s.item[B][key].value;

    if (on_p == ABSENT || on_p == STUB || on_b == STUB || on_p == on_b)
        return 0;
    return !kit_is_on_record(m, key);
}

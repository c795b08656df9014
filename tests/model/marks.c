/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes that miss P are recorded on B while others repair P. Bad: an acknowledged write that P has
 * not, without P's mark and the key in its journal (I1), at any time.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    TWO_WRITERS = KIT_OWN,
    STANDING = KIT_OWN << 1, /* P stands from the start, k2 is in its journal */
    SAME_KEY = KIT_OWN << 2,
    DELETES = KIT_OWN << 3
};

enum { ACKED = 1 }; /* ghost[ACKED]: keys with an acknowledged write, as bits */

static void
start_marks(model *m)
{
    unsigned flags = m->c->flags;

    kit_start_same(m);
    if (flags & STANDING) {
        kit_start_standing(m);
        m->s.ghost[ACKED] = kit_bit(K2);
    }
    m->s.proc[0].value = flags & DELETES ? ABSENT : 3;
    if (flags & TWO_WRITERS) {
        m->s.proc[1].key = flags & SAME_KEY ? K : K2;
        m->s.proc[1].value = 4;
    }
}

/* An acknowledged key whose first value P still has must be on record. */
static void
look(model *m)
{
    for (int key = K; key <= K2; key++)
        if (m->s.ghost[ACKED] & kit_bit(key) && m->s.item[P][key].value == 1 &&
            !kit_is_on_record(m, key))
            model_bad(m, "P is old and nothing says so");
}

static int
writer(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc != 0)
        return 0;
    int done = kit_mark(m, m->c->order);
    if (done == KIT_DONE)
        m->s.ghost[ACKED] |= kit_bit(self->key);
    if (done != KIT_GOING)
        *self = (model_proc){.pc = 1};
    return 1;
}

static int
repairer(model *m)
{
    model_proc *self = model_self(m);

    if (self->pc != 0)
        return 0;
    int done = kit_repair(m);
    if (done == KIT_DONE)
        *self = (model_proc){.pc = 1};
    return done >= 0;
}

static int
step_marks(model *m)
{
    int n_writers = m->c->flags & TWO_WRITERS ? 2 : 1;
    int moved = m->who < n_writers ? writer(m) : repairer(m);

    if (moved) {
        look(m);
        kit_forget(m);
    }
    return moved;
}

static int
is_wrong(const model *m)
{
    return kit_differs(m, K) || kit_differs(m, K2);
}

#define ONE                                                                                        \
    .n_procs = 2, .procs = {"writer", "repairer"}, .start = start_marks, .step = step_marks,       \
    .is_wrong = is_wrong
#define ONE_TWO                                                                                    \
    .n_procs = 3, .procs = {"writer", "repairer", "repairer2"}, .start = start_marks,              \
    .step = step_marks, .is_wrong = is_wrong
#define TWO_ONE                                                                                    \
    .n_procs = 3, .procs = {"writer", "writer2", "repairer"}, .start = start_marks,                \
    .step = step_marks, .is_wrong = is_wrong
#define TWO_TWO                                                                                    \
    .n_procs = 4, .procs = {"writer", "writer2", "repairer", "repairer2"}, .start = start_marks,   \
    .step = step_marks, .is_wrong = is_wrong

const model_case model_marks[] = {
    {.name = "marks: one writer", .order = "DJM", ONE},
    {.name = "marks: one writer, P stands already", .order = "DJM", .flags = STANDING, ONE},
    {.name = "marks: one deleter, P stands already",
     .order = "DJM",
     .flags = STANDING | DELETES,
     ONE},
    {.name = "marks: two repairers", .order = "DJM", ONE_TWO},
    {.name = "marks: two repairers, P stands already", .order = "DJM", .flags = STANDING, ONE_TWO},
    {.name = "marks: two writers", .order = "DJM", .flags = TWO_WRITERS, TWO_ONE},
    {.name = "marks: two writers of one key",
     .order = "DJM",
     .flags = TWO_WRITERS | SAME_KEY,
     TWO_ONE},
    {.name = "marks: two writers, P stands already",
     .order = "DJM",
     .flags = TWO_WRITERS | STANDING,
     TWO_ONE},
    {.name = "marks: two writers of one key, two repairers, P stands already",
     .order = "DJM",
     .flags = TWO_WRITERS | SAME_KEY | STANDING,
     .is_long = 1,
     TWO_TWO},
    {.name = "marks: without the bump",
     .is_broken = 1,
     .order = "DJM",
     .flags = STANDING | KIT_NO_BUMP,
     ONE},
    {.name = "marks: journal, data, mark", .is_broken = 1, .order = "JDM", .flags = STANDING, ONE},
    {.name = "marks: mark, data, journal", .is_broken = 1, .order = "MDJ", .flags = STANDING, ONE},
    {.name = "marks: mark, journal, data", .is_broken = 1, .order = "MJD", .flags = STANDING, ONE},
    {.name = "marks: data, mark, journal", .is_broken = 1, .order = "DMJ", .flags = STANDING, ONE},
    {.name = "marks: a mark that is gone is not put again",
     .is_broken = 1,
     .order = "DJM",
     .flags = STANDING | KIT_NO_REPUT,
     ONE},
    {.name = "marks: cleared whatever its CAS is",
     .is_broken = 1,
     .order = "DJM",
     .flags = STANDING | KIT_CLEAR_PLAIN,
     ONE},
    {.name = "marks: no second round after creating",
     .order = "DJM",
     .flags = TWO_WRITERS | KIT_NO_SECOND,
     TWO_ONE},
    {.name = "marks: the journal not read again before the clear",
     .order = "DJM",
     .flags = STANDING | KIT_NO_REREAD,
     ONE},
    {0},
};

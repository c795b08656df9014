/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A write whose answer never came is applied by P later, however dead its client. X sends k = 2 to
 * P, gives up, has it on B and on record. Y writes k = 3 after that was acknowledged. Bad: in the
 * end P has the older value and nothing on record says so.
 *
 * Two times are told apart: what is on its way lands within H of its entry, what a paused server
 * has in its buffers within Q of its first answer. Both are what is assumed, not what is proved.
 */
#include "model/cases.h"
#include "model/kit.h"

enum {
    RETRIED = KIT_OWN,          /* X tries again on another connection instead of recording it */
    ENTRY_AGE = KIT_OWN << 1,   /* a segment is replayed H after its CAS was first seen */
    PAUSES = KIT_OWN << 2,      /* P pauses once; what is sent to it meanwhile is in its buffers */
    QUARANTINE = KIT_OWN << 3,  /* Q is waited for between P's answer and the first replay */
    EVERY_ROUND = KIT_OWN << 4, /* and again before the first of every round */
    BET_LOST = KIT_OWN << 5,    /* it lands later than that */
    SWEEP = KIT_OWN << 6,       /* 5 s later the copies are compared */
    SKIP_MISS = KIT_OWN << 7,   /* a copy that is missing is no difference */
    VERIFIED = KIT_OWN << 8     /* Y verifies what it wrote to both */
};

enum { ZOMBIE_IS = 1, PAUSE, X_ACKED, Y_ACKED }; /* ghosts */
enum { NOT_SENT, ON_ITS_WAY, BUFFERED, LANDED }; /* what ZOMBIE_IS may be */
enum { NOT_YET, PAUSING, OVER };                 /* what PAUSE may be */
enum { X, ZOMBIE, Y, REPAIRER, SERVER, SWEEPER = SERVER };

static void
start_zombie(model *m)
{
    kit_start_standing(m);
    m->s.proc[X].value = 2;
}

static int
step_x(model *m)
{
    model_proc *self = model_self(m);
    int is_done = 0;

    if (self->pc == KIT_THROUGH)
        return 0;
    if (self->pc == 0) {
        m->s.ghost[ZOMBIE_IS] = m->s.ghost[PAUSE] == PAUSING ? BUFFERED : ON_ITS_WAY;
        m->note = "sends k = 2 to P, no answer, gives up";
        self->pc = 1;
        return 1;
    }
    if (m->c->flags & RETRIED) {
        cache_set(m, self->pc == 1 ? P : B, K, 2);
        is_done = self->pc++ == 2;
    } else {
        is_done = kit_mark(m, "DJM") == KIT_DONE;
    }
    if (!is_done)
        return 1;
    m->s.ghost[X_ACKED] = 1;
    return kit_through(m);
}

static int
is_under_way(const model *m)
{
    return m->s.ghost[ZOMBIE_IS] == ON_ITS_WAY || m->s.ghost[ZOMBIE_IS] == BUFFERED;
}

/* The write lands. With a lost bet: when the repairer is through. */
static int
step_zombie(model *m)
{
    if (!is_under_way(m) || m->s.ghost[PAUSE] == PAUSING)
        return 0;
    if (m->c->flags & BET_LOST && m->s.proc[REPAIRER].pc != KIT_THROUGH)
        return 0;
    cache_set(m, P, K, 2);
    m->s.ghost[ZOMBIE_IS] = LANDED;
    return 1;
}

static int
y_acked(model *m)
{
    m->s.ghost[Y_ACKED] = 1;
    return kit_through(m);
}

static int
y_marks(model *m)
{
    *model_self(m) = (model_proc){.pc = 4, .value = 3};
    return 1;
}

/* P stands: B, P, a look at B. Else: P, B, a look at P. P silent: B and MARK. */
static int
y_writes(model *m)
{
    model_proc *self = model_self(m);
    int is_to_p = (self->pc == 1) != self->x;

    if (is_to_p && m->s.ghost[PAUSE] == PAUSING) {
        m->note = "P is silent";
        return y_marks(m);
    }
    int cas = cache_set(m, is_to_p ? P : B, K, 3);
    if (is_to_p)
        self->cas_k = cas;
    else
        self->seen = cas;
    self->pc++;
    if (self->pc == 3 && !self->x && !(m->c->flags & VERIFIED))
        return y_acked(m);
    return 1;
}

static int
step_y(model *m)
{
    model_proc *self = model_self(m);

    switch (self->pc) {
    case 0:
        if (!m->s.ghost[X_ACKED])
            return 0;
        self->x = cache_get(m, B, S).value != ABSENT;
        self->pc = 1;
        return 1;
    case 1:
    case 2:
        return y_writes(m);
    case 3:
        if (cache_get(m, self->x ? B : P, K).cas == (self->x ? self->seen : self->cas_k))
            return y_acked(m);
        self->pc = 5;
        return self->x ? y_marks(m) : 1;
    case 4:
        return kit_mark(m, "DJM") == KIT_GOING ? 1 : y_acked(m);
    case 5:
        cache_delete_cas(m, B, K, self->seen);
        return y_acked(m);
    default:
        return 0;
    }
}

/*
 * May the journal that was just read be replayed? -1: not yet; 0: a step of waiting, then the marks
 * are read again. x: the CAS that is old enough; y: Q has passed.
 */
static int
is_old_enough(model *m)
{
    model_proc *self = model_self(m);
    unsigned flags = m->c->flags;

    if (flags & ENTRY_AGE && self->x != self->cas_j) {
        if (m->s.ghost[ZOMBIE_IS] == ON_ITS_WAY && m->s.item[B][J].value & kit_bit(K))
            return -1;
        self->x = self->cas_j;
        self->sub = 0;
        m->note = "H has passed";
        return 0;
    }
    if (!(flags & QUARANTINE) || self->y)
        return 1;
    if (m->s.ghost[PAUSE] == PAUSING || (m->s.ghost[ZOMBIE_IS] == BUFFERED && !(flags & BET_LOST)))
        return -1;
    self->y = 1;
    m->note = "P answers, Q has passed";
    return 0;
}

/* Its commands to P wait while P pauses. */
static int
step_repairer(model *m)
{
    model_proc *self = model_self(m);
    int is_at_p = self->sub == 2 || self->sub == 3 || self->sub == 5;

    if (self->pc == KIT_THROUGH)
        return 0;
    if (self->sub == 2 && self->seen == 0) {
        int is_old = is_old_enough(m);
        if (is_old == -1)
            return 0;
        if (is_old == 0)
            return 1;
    }
    if (is_at_p && m->s.ghost[PAUSE] == PAUSING)
        return 0;
    self->seen = self->sub == 2 ? 1 : self->seen; /* asked once a round */
    int done = kit_repair(m);
    if (self->sub == 0) {
        self->seen = 0;
        self->y = m->c->flags & EVERY_ROUND ? 0 : self->y;
    }
    if (done == KIT_DONE)
        kit_through(m);
    return done >= 0;
}

static int
step_server(model *m)
{
    if (m->s.ghost[PAUSE] == OVER || !(m->c->flags & PAUSES))
        return 0;
    m->s.ghost[PAUSE]++;
    m->note = m->s.ghost[PAUSE] == PAUSING ? "P pauses" : "P runs again";
    return 1;
}

/*
 * Both copies, and when they differ P's goes. By then everything has landed, and no write that was
 * under way at the landing still is: the sweep bets on 5 s for that.
 */
static int
step_sweeper(model *m)
{
    model_proc *self = model_self(m);
    const model_proc *y = &m->s.proc[Y];
    model_item got;

    switch (self->pc) {
    case 0:
        if (m->s.proc[REPAIRER].pc != KIT_THROUGH || is_under_way(m) ||
            (y->pc != 0 && y->pc != KIT_THROUGH))
            return 0;
        got = cache_get(m, P, K);
        *self = (model_proc){
            .pc = got.value == ABSENT ? KIT_THROUGH : 1, .cas_k = got.cas, .value = got.value};
        return 1;
    case 1:
        got = cache_get(m, B, K);
        self->pc = got.value == self->value ? KIT_THROUGH : 2;
        if (m->c->flags & SKIP_MISS && got.value == ABSENT)
            self->pc = KIT_THROUGH;
        return 1;
    case 2:
        cache_delete_cas(m, P, K, self->cas_k);
        return kit_through(m);
    default:
        return 0;
    }
}

static int
step_zombies(model *m)
{
    switch (m->who) {
    case X:
        return step_x(m);
    case ZOMBIE:
        return step_zombie(m);
    case Y:
        return step_y(m);
    case REPAIRER:
        return step_repairer(m);
    default:
        return m->c->flags & SWEEP ? step_sweeper(m) : step_server(m);
    }
}

static int
is_wrong(const model *m)
{
    return m->s.ghost[Y_ACKED] && kit_differs(m, K);
}

#define ALL                                                                                        \
    .procs = {"X", "zombie", "Y", "repairer", "server or sweep"}, .start = start_zombie,           \
    .step = step_zombies, .is_wrong = is_wrong

const model_case model_zombies[] = {
    {.name = "zombie: tried again on another connection",
     .is_broken = 1,
     .flags = RETRIED,
     .n_procs = 3,
     ALL},
    {.name = "zombie: recorded, a young entry replayed", .is_broken = 1, .n_procs = 4, ALL},
    {.name = "zombie: recorded, replayed H after its segment's CAS was seen (I16)",
     .flags = ENTRY_AGE,
     .n_procs = 4,
     ALL},
    {.name = "zombie in a paused server: replayed after H, without Q",
     .is_broken = 1,
     .flags = PAUSES | ENTRY_AGE,
     .n_procs = 5,
     ALL},
    {.name = "zombie in a paused server: Q once a repair",
     .is_broken = 1,
     .flags = PAUSES | ENTRY_AGE | QUARANTINE,
     .n_procs = 5,
     ALL},
    {.name = "zombie in a paused server: Q in every round",
     .flags = PAUSES | ENTRY_AGE | QUARANTINE | EVERY_ROUND,
     .n_procs = 5,
     ALL},
    {.name = "zombie that comes after Q", .is_broken = 1, .flags = BET_LOST, .n_procs = 4, ALL},
    {.name = "zombie that comes after Q, swept later",
     .flags = BET_LOST | SWEEP,
     .n_procs = 5,
     ALL},
    {.name = "zombie that comes after Q, Y verifies, swept later",
     .flags = BET_LOST | SWEEP | VERIFIED,
     .n_procs = 5,
     ALL},
    {.name = "zombie that comes after Q, Y verifies, the sweep skips misses",
     .is_broken = 1,
     .flags = BET_LOST | SWEEP | VERIFIED | SKIP_MISS,
     .n_procs = 5,
     ALL},
    {0},
};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool: what one client's engine consists of. The servers with their links, health and counters;
 * the operations, in slabs that never move; and the lists that tie them together. Nothing is
 * decided here.
 *
 *     engine --owns--> servers[] --each owns--> link, health, tally
 *        `-----owns--> slabs of ops --each leg names--> a server
 *
 * Lists, all intrusive, so that nothing on a call's path allocates or depends on the number of
 * servers:
 *     busy      servers whose connection is being opened or owes an awaited reply
 *     wishes    servers for which the driver has something to do
 *     fallen    legs that will get no answer and whose op has not been told yet
 *     finished  ops whose result has not been fetched yet
 *     waiting   per server: legs that wait for its link to open
 *     ripe      servers whose links hold an answer to a get of a convoy
 *     due       checks that found something, or were not answered
 */
#ifndef MCPROXY_ENGINE_POOL_H
#define MCPROXY_ENGINE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/coach.h"
#include "engine/news.h"
#include "engine/timer.h"
#include "ops/op.h"
#include "place/pairing.h"
#include "place/spec.h"
#include "server/health.h"
#include "server/link.h"
#include "server/tally.h"
#include "wire/echo.h"

/* What the options say about times and limits. */
typedef struct mcp__settings {
    uint32_t timeout_ms;
    uint32_t spin_us;            /* a driver that waits looks for so long before it blocks */
    uint32_t connect_timeout_ms; /* 0: as long as the call allows */
    mcp__health_rules health;
    size_t value_max;
    mcp__dialect dialect; /* what is spoken to servers */
    int mirrors_writes;   /* 0: the second copy only serves when the first is away */
    int has_backup_list;  /* pairs are one primary and one backup; else two of the primaries */
    mcp__promise promise;
    int repairs; /* by itself, in slices of ordinary calls */
    int resyncs;
    uint32_t resync_rate; /* keys a second; 0: no limit */
    int encodes_keys;     /* keys that memcached cannot hold go in base64 */
    mcp__span auth;       /* "user:password", borrowed; empty: none */
    int discovers;        /* behind the servers' specs stands that of a configuration endpoint */
} mcp__settings;

/* How much of its deadline a call gives one copy while there is another, in percent. */
#define MCP__SHARE_PERCENT 40

typedef enum mcp__timer_kind {
    MCP__TIMER_OP = 0,
    MCP__TIMER_SERVER,
    MCP__TIMER_RIDE, /* what rides with the next command has waited long enough */
} mcp__timer_kind;

/* What the driver is to do for a server, in this order. */
enum {
    MCP__WISH_RESET = 1, /* close its socket with a reset, if there is one */
    MCP__WISH_OPEN = 2,  /* start to connect: mcp__drive_connected or _broken tells the outcome */
    MCP__WISH_SEND = 4,  /* there is output */
    MCP__WISH_LOOK = 8,  /* before that: has the idle connection been closed meanwhile? */
};

struct mcp__job;
struct mcp__log;

typedef struct mcp__server {
    mcp__link link;
    mcp__health health;
    mcp__ledger ledger;
    mcp__tally tally;
    mcp__timer ride;    /* what rides on its link is looked at then */
    int64_t mounted_ms; /* when the first that waits for company was put there */
    uint64_t asked_to;  /* bytes queued there up to the end of the last question for its marks */
    mcp__timer timer;   /* limit of a connection attempt, or the next probe */
    const mcp__server_spec *spec;
    mcp__leg *first_waiting, *last_waiting;
    struct mcp__server *next_busy, *previous_busy;
    struct mcp__server *next_wish;
    struct mcp__server *next_ripe;
    uint8_t is_ripe;
    uint64_t asked_round, witness_round; /* of a convoy: the last in which it was found quiet */
    int64_t opened_ms; /* when its connection stood, */
    int64_t life_ms;   /* and the first one of the same life, whose numbers can be compared */
    uint32_t n_polls;
    int64_t judged_ms;  /* when it was last found away; or another client's word was taken */
    int64_t attempt_ms; /* when the last connection attempt began, */
    int64_t tried_ms;   /* and the last one that came to nothing */
    int64_t back_ms;    /* when it was last found to be no longer away */
    uint32_t number;
    uint32_t address; /* the server whose address is used: itself, but for the line of dumps */
    /* What it said about its life when it had no epoch, until its epoch is decided. */
    int64_t start; /* Unix time */
    int64_t said_unix;
    uint64_t n_flushes;
    uint64_t top_cas; /* the highest number it was seen to give to an item; 0: none was seen */
    uint32_t pid;
    uint8_t has_said;
    uint8_t is_new;         /* it had no epoch when its partners had none either */
    uint8_t may_be_new;     /* it was not heard yet when a partner was found to be new */
    uint8_t has_other_list; /* its clients list other servers than we do */
    /* What stands against it, as far as this client knows. */
    int32_t missed_on; /* the server that says so; -1: nobody does */
    int64_t missed_since_ms;
    int32_t
        vanished_on; /* the server that said so until just now, and may have lost it; -1: none */
    uint8_t is_other_life; /* it has restarted since its marks were last read */
    uint8_t is_restoring;  /* it lost what stood on it, and that is put on record anew */
    uint8_t is_cut_off;    /* only we cannot reach it, it seems */
    uint8_t n_cleared;     /* marks of ours that others took away while we could not reach it */
    int64_t cleared_ms;    /* the first of these */
    struct mcp__job *job;  /* that puts it right */
    uint8_t wanted;        /* MCP_JOB_... asked for by hand */
    uint8_t has_answer;    /* to that */
    int16_t answer;
    uint32_t wanted_rate;
    int64_t job_rest_ms; /* no new job before */
    uint16_t cas_mark;
    uint8_t wishes;    /* MCP__WISH_... */
    uint8_t is_listed; /* among the wishes */
    uint8_t is_busy;
    uint8_t was_refused; /* the last attempt failed at once, not by waiting */
    uint8_t lasting;     /* the mcp__failure that will be the same next time; 0: none */
    uint8_t is_securing; /* its connection speaks TLS, or is agreeing upon it */
    int32_t os_error;    /* of the last failure; 0: none */
    char said[96];       /* what went wrong last, in words */
} mcp__server;

typedef struct mcp__task {
    mcp__op op; /* first, so that an op's address is its task's */
    mcp__timer timer;
    struct mcp__task *next; /* free or finished */
    uint64_t tag;           /* the submitter's */
    struct mcp__job *job;   /* whose errand it is; NULL: nobody's */
    uint64_t life;          /* counts how often it was taken */
    uint8_t is_finished;
} mcp__task;

/*
 * Both copies of a key that was stored are looked at behind it, see checks.h. Three replies are on
 * their way at first: the primary's number, the backup's, and the backup's marks.
 */
typedef struct mcp__check {
    struct mcp__check *next; /* free, or due */
    mcp__server *server[2];
    int64_t life_ms[2];   /* of which life each was, as the key was stored */
    uint64_t cas[2];      /* the numbers that the store brought, */
    uint64_t seen[2];     /* and those there are now; 0: none */
    mcp__echo echo[2];    /* how they are told again when they have not moved */
    uint8_t failed[2];    /* its answer will not come */
    uint8_t n_awaited;    /* replies on their way */
    uint8_t is_erase;     /* nothing is compared: it is the third delete of a key */
    uint8_t is_base64;    /* of the key */
    uint8_t key_len;
    char key[MCP_KEY_MAX];
} mcp__check;

/* A call of quiet times that waits for its one answer, see express.h. */
typedef struct mcp__express {
    mcp__task
        *task; /* whom the links' pendings name; lent by the pool, blank until it takes over */
    const mcp_request *request;
    mcp__span key; /* as it goes over the wire */
    int64_t started_ms;
    uint32_t timeout_ms;
    mcp__server *server[2]; /* of its legs */
    uint8_t plain;          /* mcp__plain */
    uint8_t kind;           /* mcp__command_kind */
    uint8_t n_legs;
    uint8_t is_pair; /* the key has two copies */
    uint8_t is_verified;
    mcp__reply reply[2];
    size_t reply_len[2];
    char wire_key[MCP_KEY_MAX]; /* when a namespace stands in front */
} mcp__express;

/* Gets of quiet times that are under way together, see convoy.h. */
typedef struct mcp__convoy {
    size_t n_out;            /* asked for, and neither answered nor lost */
    size_t n_lost;           /* whose connection was lost */
    int64_t limit_ms;        /* so long one server may take */
    mcp__server *first_ripe; /* whose link holds an answer to be fetched */
    uint64_t round;          /* even; nothing but puts happens in one */
} mcp__convoy;

/* Who asks for the list of servers, see scout.h. */
typedef struct mcp__scout {
    int64_t ask_ms;   /* from then on calls look after it; INT64_MAX: there is none */
    int64_t hasty_ms; /* from then on, if a server has failed */
    int64_t until_ms; /* under way: so long it may take */
    int64_t due_ms;   /* the same, INT64_MAX while none is under way */
    uint8_t phase;
    uint8_t is_hurried; /* under way: what is owed behind writes was fetched for it, once */
} mcp__scout;

/* "mg " the marks' key " O12345678 v f c\r\n" */
#define MCP__POOL_MARKS_LINE_MAX (3 + MCP__MARKS_KEY_MAX + 10 + 8)

typedef struct mcp__slab mcp__slab;
typedef struct mcp__check_slab mcp__check_slab;

typedef struct mcp__engine {
    mcp__mem mem;
    const mcp__mem
        *lasting; /* the same, where it was handed in: what the engine owns refers to it */
    mcp__settings settings;
    mcp__server *servers;
    uint32_t n_servers, n_primaries;
    uint32_t n_lines; /* connections: one per server, one for dumps, and the scout's, if any */
    const mcp__pairing *pairing;
    const char *name_space;
    size_t name_space_len;

    mcp__server *first_busy, *last_busy;
    mcp__server *first_wish, *last_wish;
    mcp__leg *first_fallen, *last_fallen;
    mcp__task *first_finished, *last_finished;
    mcp__task *first_errand, *last_errand; /* finished, and to be told to their jobs */
    mcp__task *free_tasks;
    mcp__slab *slabs;
    size_t n_tasks;
    mcp__check *free_checks;
    mcp__check *first_due_check; /* something is not as it should be: an operation takes over */
    mcp__check_slab *check_slabs;
    mcp__express express;
    mcp__convoy convoy;
    mcp__coaches coaches; /* its gets over classic connections */
    mcp__timers timers;

    char marks_key[MCP__MARKS_KEY_MAX]; /* of the marks, on every server */
    size_t marks_key_len;
    uint8_t marks_line[MCP__POOL_MARKS_LINE_MAX]; /* the question for them, see engine/ride, */
    size_t marks_line_len;
    size_t marks_opaque_at; /* but for the opaque, which goes there */
    uint64_t opaque_count;
    uint64_t opaque; /* of that count */
    uint64_t random; /* state of the generator for jitter, seeded from outside */
    int64_t now_ms;
    int64_t unix_now;
    int64_t submitted_ms; /* when the last operation came, */
    int64_t gap_ms;       /* and how long after the one before */
    size_t n_unfinished;  /* of those that somebody waits for */
    size_t n_background;  /* of the others, checks included */
    uint32_t n_recording; /* and of these, what puts a doubt on record: see engine/payer */
    uint32_t former8;     /* hash of the list before this one; 0: there was none */
    uint32_t n_undecided; /* servers whose epoch is missing */
    struct mcp__job *first_job;
    uint32_t n_jobs;
    struct mcp__debts *debts; /* see engine/debts; NULL: there never were any */
    mcp__server *marking;     /* the server that a reply at hand puts on record, by our own doing */
    struct mcp__job *dumping; /* whose keys the dumper lists */
    int64_t dump_until_ms;
    uint32_t dump_late_looks; /* beyond it, in vain */
    uint8_t dump_phase;
    mcp__scout scout;
    uint8_t has_routes;   /* a call gave a route key */
    int64_t chores_ms;    /* when it is looked again whether a job is needed */
    uint8_t wants_chores; /* a job may have to be begun */
    mcp__news news;
    struct mcp__log *log; /* NULL: nobody reads one */
    mcp__err err;         /* about the last failure */
} mcp__engine;

/*
 * `mem`, `specs` (primaries first), `pairing` and `name_space` must outlive the engine, which may
 * be copied to another place as long as no operation has begun. `seed` starts the opaques and the
 * jitter. MCP_OK or MCP_NO_MEMORY (nothing is left allocated).
 */
mcp_status mcp__pool_init(mcp__engine *engine, const mcp__mem *mem, const mcp__settings *settings,
                          const mcp__server_spec *specs, size_t n_primaries, size_t n_backups,
                          const mcp__pairing *pairing, const char *name_space, uint64_t seed,
                          int64_t now_ms);
void mcp__pool_fini(mcp__engine *engine);

/* NULL: no memory. */
mcp__task *mcp__pool_take(mcp__engine *engine);
void mcp__pool_give_back(mcp__engine *engine, mcp__task *task);

static inline mcp__task *
mcp__task_of(void *op)
{
    return (mcp__task *)op;
}

static inline mcp__op *
mcp__op_of_leg(mcp__leg *leg)
{
    return (mcp__op *)((char *)(leg - leg->index) - offsetof(mcp__op, leg));
}

static inline mcp__span
mcp__pool_marks_key(const mcp__engine *engine)
{
    return (mcp__span){engine->marks_key, engine->marks_key_len};
}

/* More of them. 0, or -1: no memory. */
int mcp__pool_add_checks(mcp__engine *engine);

/* A check; it counts as background until it is given back. NULL: no memory. */
static inline mcp__check *
mcp__pool_take_check(mcp__engine *engine)
{
    if (engine->free_checks == NULL && mcp__pool_add_checks(engine) != 0)
        return NULL;
    mcp__check *check = engine->free_checks;
    engine->free_checks = check->next;
    engine->n_background++;
    return check;
}

static inline void
mcp__pool_give_back_check(mcp__engine *engine, mcp__check *check)
{
    check->next = engine->free_checks;
    engine->free_checks = check;
    engine->n_background--;
}

/* One reply less is on its way to it. 1: that was the last. */
static inline int
mcp__pool_check_answered(mcp__check *check)
{
    return --check->n_awaited == 0;
}

/* Nothing more will come, and an operation is needed. */
void mcp__pool_add_due_check(mcp__engine *engine, mcp__check *check);

/* Whether keys may have one copy on each of these two. */
int mcp__pool_are_partners(const mcp__engine *engine, uint32_t one, uint32_t other);

/* The answer to this pending of a convoy will not come: what it stands for is lost. */
static inline void
mcp__pool_lose_convoy(mcp__engine *engine, const mcp__pending *pending)
{
    size_t n = pending->is_convoy == MCP__CONVOY_MANY
                   ? mcp__coach_lose(&engine->coaches, pending->tag)
                   : 1;
    engine->convoy.n_out -= n;
    engine->convoy.n_lost += n;
}

/* What the gets of a convoy found to be quiet is to be looked at again: something else happens. */
static inline void
mcp__pool_end_round(mcp__engine *engine)
{
#ifdef MCP_MUTANT_ROUND_ENDLESS
    return;
#endif
    engine->convoy.round += 2;
}

/* Takes every task and check back, whatever state it is in, and empties the lists of legs and of
 * results. The links must hold none of them any more. */
void mcp__pool_take_back_all(mcp__engine *engine);

/* The lists. Each of these may be called at any time; what is there already stays there once. */
void mcp__pool_wish(mcp__engine *engine, mcp__server *server, uint8_t wish);
void mcp__pool_set_busy(mcp__engine *engine, mcp__server *server, int is_busy);
void mcp__pool_add_waiting(mcp__server *server, mcp__leg *leg);
void mcp__pool_remove_waiting(mcp__server *server, mcp__leg *leg);
void mcp__pool_add_fallen(mcp__engine *engine, mcp__leg *leg, mcp__failure failure, int was_sent);
mcp__leg *mcp__pool_next_fallen(mcp__engine *engine);

/* An answer of a convoy stands in its link. */
void mcp__pool_add_ripe(mcp__engine *engine, mcp__server *server);

/* 64 bits for jitter; no secret. */
uint64_t mcp__pool_random(mcp__engine *engine);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explore: walks every interleaving of a few small processes over two modelled servers.
 *
 * A state is what the servers hold, where every process stands and what is known about the past.
 * Every step of a process carries at most one command to a server, and a command is atomic. States
 * are remembered, so each is looked at once; the number of schedules that pass through it is the
 * sum over its steps. README tells how to read the result and how to add a model.
 */
#ifndef TESTS_MODEL_EXPLORE_H
#define TESTS_MODEL_EXPLORE_H

#include <stddef.h>
#include <stdint.h>

enum {
    MODEL_SERVERS = 2,
    MODEL_ITEMS = 6,
    MODEL_PROCS = 6,
    MODEL_GHOSTS = 16,
    MODEL_DEEPEST = 400
};
enum { P, B };               /* the pair */
enum { K, K2, S, J, J2, E }; /* two keys, mcp:s, two journal segments, mcp:e */
/*
 * Values. STUB: somebody won the lease and has not filled it. EMPTY: mcp:s is there and does not
 * list P.
 */
enum { ABSENT = 0, STUB = 200, EMPTY = 201 };

__extension__ typedef unsigned __int128 model_count;

/* Every number is 0 to 255: states are stored in bytes. */
typedef struct model_item {
    int value; /* a version; of a journal: its keys as bits; of mcp:s: the inc of P's entry */
    int extra; /* of mcp:s: the "+" entries as bits; of a journal: its tag */
    int cas;   /* grows with every change, also by a delete */
} model_item;

typedef struct model_proc {
    int pc, phase, sub, round; /* where it stands */
    int key, value;            /* what it is about */
    int inc, cas_s, cas_j, cas_k, keys, seen, x, y;
} model_proc;

typedef struct model_state {
    model_item item[MODEL_SERVERS][MODEL_ITEMS];
    model_proc proc[MODEL_PROCS];
    int ghost[MODEL_GHOSTS]; /* what no process can see: what was acknowledged, and the like */
    int is_bad;
} model_state;

enum { MODEL_NUMBERS = sizeof(model_state) / sizeof(int) };

/* The command of the last step, for the story and for real servers. */
typedef enum model_verb {
    MODEL_NOTHING,
    MODEL_GET,
    MODEL_LEASE,
    MODEL_SET,
    MODEL_ADD,
    MODEL_SET_CAS,
    MODEL_DELETE,
    MODEL_DELETE_CAS,
    MODEL_APPEND,
    MODEL_INCR,
    MODEL_VERBS
} model_verb;

typedef enum model_reply {
    MODEL_HD,
    MODEL_EN,
    MODEL_NS,
    MODEL_EX,
    MODEL_NF,
    MODEL_VA,
    MODEL_W,
    MODEL_Z
} model_reply;

typedef struct model_command {
    model_verb verb;
    int server, item;
    int value, extra; /* sent */
    int cas;          /* compared */
    model_reply reply;
    model_item got; /* the item after the command, or what a get brought */
} model_command;

typedef struct model model;

typedef struct model_case {
    const char *name;
    int is_broken;     /* bad schedules are expected */
    int is_long;       /* more than a million states: make soak */
    unsigned flags;    /* which variant; the model's own */
    const char *order; /* which order; the model's own */
    int n_procs;
    int n_choices; /* most that a step can choose from; 0 counts as 1 */
    const char *procs[MODEL_PROCS];
    void (*start)(model *m);           /* from a state of zeros */
    int (*step)(model *m);             /* 1: process m->who moved, by m->choice; 0: it cannot */
    int (*is_wrong)(const model *m);   /* nobody can move any more; may be NULL */
    unsigned want_schedules, want_bad; /* exact numbers known by hand; 0: not asked */
} model_case;

struct model {
    model_state s;
    const model_case *c;
    int who, choice;
    model_command last;
    const char *note; /* what a step without a command did */
    int is_walk;      /* one schedule is walked: CAS numbers stay as they are */
};

typedef struct model_result {
    size_t n_states;
    model_count n_schedules, n_bad;
    int n_shortest; /* steps of the shortest bad schedule */
} model_result;

/* Walks all of it. A model that can go round in a circle, or outgrows memory, ends the program. */
model_result model_explore(const model_case *c);

/* The same, and prints the shortest bad schedule if there is one. */
model_result model_explain(const model_case *c);

/*
 * Walks one schedule chosen by `seed`, telling every step; returns how many.
 */
int model_walk(const model_case *c, uint64_t seed, void (*tell)(const model *m, void *context),
               void *context);

/* One line: name, states, schedules, bad, expectation; 1 when the result is as expected. */
int model_report(const model_case *c, const model_result *r);

/* The current process has seen or caused what must not be. */
void model_bad(model *m, const char *why);

/* The process that moves. */
static inline model_proc *
model_self(model *m)
{
    return &m->s.proc[m->who];
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scenes: what happens to the servers and the roads while the clients work, and what must hold
 * beside the promise itself. Data only.
 */
#ifndef TESTS_PROMISE_SCENES_H
#define TESTS_PROMISE_SCENES_H

#include <stddef.h>

typedef enum scene_deed {
    DEED_NONE = 0,
    DEED_KILL,     /* SIGKILL, connections are refused */
    DEED_RESTART,  /* the same server again, empty */
    DEED_PAUSE,    /* SIGSTOP */
    DEED_CONTINUE, /* SIGCONT */
    DEED_CUT,      /* road: see road.h */
    DEED_REFUSE,
    DEED_HEAL,
    DEED_SLOW,   /* every answer is late by `value` percent of the timeout; 0: no longer */
    DEED_JITTER, /* some pieces, by up to so much */
    DEED_RESET,  /* every connection, once */
    DEED_LOSE,   /* one answer of one of the clients */
    DEED_FLUSH,  /* by hand: flush_all */
    DEED_DIE,    /* the client processes are killed */
    DEED_LOOK,   /* nothing is done: do marks stand on both servers? */
} scene_deed;

typedef enum scene_side { ON_PRIMARY = 0, ON_BACKUP = 1 } scene_side;

/* Which clients a deed is about, as bits. */
enum { SCENE_ALL = 0xff, SCENE_HALF = 0x03 };

typedef struct scene_act {
    int at_ms;
    scene_deed what;
    scene_side on;
    unsigned clients;
    int value;
    int every_ms; /* 0: once; else again and again to the end of the scene */
} scene_act;

/* What is asked of reads of the keys that were written before the scene and never again. */
typedef enum scene_hits {
    HITS_ALWAYS = 0, /* all of them are hits */
    HITS_AFTER,      /* all that begin a second after the last restart, or later */
    HITS_ANY,        /* nothing */
} scene_hits;

enum { SCENE_ACTS = 12 };

typedef struct scene {
    const char *name;
    int length_ms;
    int long_ms; /* in a soak; 0: the same */
    scene_hits hits;
    /* Both copies are out at some time: operations may fail. And no client forgets what it knows:
     * one that is new reads a primary whose backup it cannot ask, by the rule "one failure at a
     * time". */
    int is_double;
    int is_flushed;  /* nothing may come back to the primary */
    int is_evicting; /* small servers, many values */
    /* How soon a server that is away is tried again; NULL: as everywhere. In a scene where others
     * lose the other server next, everybody has to have found the first one again. */
    const char *retry;
    int on_primary; /* percent of the time that reads have to come from the primary */
    scene_act acts[SCENE_ACTS];
} scene;

extern const scene scenes[];
extern const size_t n_scenes;

/* NULL: there is none of that name. */
const scene *scene_named(const char *name);

#endif

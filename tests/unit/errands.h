/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * errands: a few servers in memory, and a hand that carries out what background work asks for: in
 * any order, a copy in its four commands with everything else in between, and now and then without
 * an answer. Chance comes from one number, so a run can be had again.
 */
#ifndef MCPROXY_TESTS_UNIT_ERRANDS_H
#define MCPROXY_TESTS_UNIT_ERRANDS_H

#include <stddef.h>
#include <stdint.h>

#include "ops/errand.h"

#define ERRANDS_SERVERS 4
#define ERRANDS_PENDING 2048
#define ERRANDS_BUCKETS 256

typedef struct fake_item {
    struct fake_item *next;
    char *key;
    uint8_t *value;
    size_t len;
    uint32_t flags;
    uint64_t unique;
    int64_t expires_ms; /* 0: never */
    int is_stub;        /* a lease was handed out for it */
} fake_item;

typedef struct fake_server {
    fake_item *items[ERRANDS_BUCKETS];
    uint64_t unique; /* the last cas given */
    int is_away;     /* whatever it is asked fails */
    int has_no_dump;
    int n_busy;   /* so many dumps are refused first */
    int item_max; /* values above are too large for it; 0: none are */
    int n_dumps;
    int n_renewed;
} fake_server;

/* An errand that was given, and how far it has been carried out. */
typedef struct pending {
    mcp__errand errand;
    int job;
    int step;
    uint64_t unique; /* of the stub, or as compared first */
    uint8_t *value;  /* what the copy brings */
    size_t len;
    uint32_t flags;
} pending;

typedef struct errands {
    fake_server server[ERRANDS_SERVERS];
    pending pending[ERRANDS_PENDING];
    int n_pending;
    uint64_t random;
    int64_t now_ms;
    int fail_percent; /* so many errands are not answered */
    uint64_t n_failed;
    uint64_t n_changes; /* of any item */
} errands;

/* How one step of an errand ended. */
typedef struct carried {
    int is_over; /* `outcome` is to be told */
    int job;
    mcp__errand errand;
    mcp__outcome outcome;
    uint8_t *copy; /* of the value; the caller frees it once it was told */
} carried;

void errands_fini(errands *world);
uint32_t errands_draw(errands *world, uint32_t below);

fake_item *errands_find(errands *world, uint32_t server, const char *key);
fake_item *errands_set(errands *world, uint32_t server, const char *key, const void *value,
                       size_t len);
/* 1: there was one. */
int errands_delete(errands *world, uint32_t server, const char *key);
/* ms MA; and, with `creates`, ms ME where there is none. 0: there is none. 2: it was created. */
int errands_append(errands *world, uint32_t server, const char *key, const void *bytes, size_t len,
                   int creates);

void errands_put(errands *world, int job, const mcp__errand *errand);
/* One step of one errand, by chance. `dumped` is called for each key of a dump. */
carried errands_step(errands *world,
                     void (*dumped)(void *context, int job, uint32_t tag, mcp__span key),
                     void *context);

#endif

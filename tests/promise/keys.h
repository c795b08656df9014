/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keys: the keys that the client processes share, by number, and what stands in them. A value tells
 * its key, its writer, which of the writer's values it is, and its own length, so that any read can
 * be traced to one write, and a damaged or foreign value is seen. Pure.
 *
 *     number                who writes                    value
 *     OWN + 200 c + 0..195  client c                      text of any length
 *     OWN + 200 c + 196     client c, counts              a number
 *     OWN + 200 c + 197     client c, appends             "<key>:<generation>:+++++"
 *     SHARED..              every client                  text
 *     FILLER..              every client, to evict others text
 *     STATIC..              the test, before any fault    text
 */
#ifndef TESTS_PROMISE_KEYS_H
#define TESTS_PROMISE_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum {
    KEYS_CLIENTS = 4,
    KEYS_OWN = 0,
    KEYS_PER_CLIENT = 200,
    KEYS_TEXTS = 196,
    KEYS_HOT = 4, /* the first of the texts, and of the shared, are written far more often */
    KEYS_COUNTER = 196,
    KEYS_GROWING = 197,
    KEYS_SHARED = KEYS_OWN + KEYS_CLIENTS * KEYS_PER_CLIENT,
    KEYS_N_SHARED = 100,
    KEYS_FILLER = KEYS_SHARED + KEYS_N_SHARED,
    KEYS_FILLERS_EACH = 4000, /* for each primary: more than fit into a small server */
    KEYS_N_FILLER = 3 * KEYS_FILLERS_EACH,
    KEYS_STATIC = KEYS_FILLER + KEYS_N_FILLER,
    KEYS_N_STATIC = 160,
    KEYS_ALL = KEYS_STATIC + KEYS_N_STATIC,
    KEYS_VALUE_MAX = 4096,
    KEYS_GROWTH_MAX = 200, /* a growing text begins anew at so many appends */
};

/* "key:00017"; returns its length. `out` holds at least 16 bytes. */
size_t keys_name(char *out, uint32_t key);

/* 1 for counters and growing texts: their values are numbers that grow (see judge.h). */
int keys_is_numbered(uint32_t key);

/* The text of value `value` under `key`, `len` bytes (at least 64) in all; `out` has room. */
void keys_put(char *out, uint32_t key, uint64_t value, size_t len);

/* What stands in a growing text of that number: its first form, without appends. Returns its
 * length. */
size_t keys_put_growing(char *out, uint32_t key, uint64_t number);

/*
 * Which value the bytes under `key` are, by the kind of the key; 0: none that anybody would have
 * written there. `flags` as stored: texts have their key's number.
 */
uint64_t keys_value(uint32_t key, const void *bytes, size_t len, uint32_t flags);

/* The number of a growing text: its generation and how often it was appended to. */
static inline uint64_t
keys_growing_number(uint64_t generation, uint64_t appends)
{
    return generation << 16 | appends;
}

#endif

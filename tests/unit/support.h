/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * support: what several unit tests share. Memory that is counted and can run out, exactly sized
 * blocks (so that the address sanitizer sees one byte too much), and random numbers that repeat.
 */
#ifndef MCPROXY_TESTS_UNIT_SUPPORT_H
#define MCPROXY_TESTS_UNIT_SUPPORT_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

typedef struct supply {
    mcp__mem mem;     /* hand this one in */
    size_t n_asked;   /* allocations and resizes asked for */
    size_t n_live;    /* blocks not given back */
    size_t fail_at;   /* the n-th request fails, from 1; 0: none does */
    int fails_onward; /* and all that come after it */
} supply;

/* Must not move while blocks of it live. */
void supply_init(supply *from);

/* A block of exactly `len` bytes (a copy), to be freed by the caller. */
uint8_t *exact_copy(const void *bytes, size_t len);

/* The next number of a sequence that depends on where `*state` started and on nothing else. */
uint64_t next_random(uint64_t *state);

/* Runs it and prints; what main() returns. Takes the suite over. */
int run_suite(Suite *suite);

#endif

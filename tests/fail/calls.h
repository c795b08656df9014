/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls: the system calls that the library makes, in the place of the C library's functions of
 * these names: counted while switched on, and the n-th one, or all from it on, goes wrong in one of
 * several ways that the kernel knows. A connect that is "interrupted" goes on, as it really does.
 */
#ifndef MCPROXY_TESTS_FAIL_CALLS_H
#define MCPROXY_TESTS_FAIL_CALLS_H

#include <stdint.h>

/* Each kind of call has a row of that many ways to go wrong, see calls.c. */
#define CALLS_WAYS 6

typedef struct calls {
    uint64_t fail_at; /* counted from 1; 0: none */
    int fails_onward;
    int way; /* 0 to CALLS_WAYS - 1 */
    uint64_t n_made, n_failed;
    const char *failed; /* the last one that did, by name */
} calls;

/* From now on; NULL: no more. */
void calls_watch(calls *c);

#endif

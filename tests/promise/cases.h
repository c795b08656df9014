/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cases: every scene once, on one pair, as a test program.
 */
#ifndef TESTS_PROMISE_CASES_H
#define TESTS_PROMISE_CASES_H

/* For main(): 0 when all was kept. $PROMISE_SCENE: only the scene of that name; $PROMISE_SEED. */
int cases_run(const char *name, int is_strict);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * run: what every live test program starts with. Each test runs in a process of its own (Check's
 * fork mode); whatever it starts dies with it, also when it fails or is killed, and the scratch
 * folder is removed by a helper process that outlives them all.
 */
#ifndef TESTS_SUPPORT_RUN_H
#define TESTS_SUPPORT_RUN_H

#include <check.h>
#include <stddef.h>

/* Runs the tests of one case; the return value is for main(): 0 when all passed. */
int run_tests(const char *name, TCase *tests);

/* This program's scratch folder, made at first use; short enough for the path of a socket. */
const char *run_folder(void);

/* A new path in the scratch folder; nothing stands there yet. `out` is returned. */
char *run_path(char *out, size_t size, const char *ending);

/* In a process just forked: it dies when its parent does. */
void run_die_with_parent(int parent);

/*
 * Runs argv in a child with standard output and error going to the file `output` (NULL: as they
 * are) and waits. Returns the exit status, or -1 - signal.
 */
int run_program(const char *const argv[], const char *output);

/* Whether a program of this name is found by PATH. */
int run_has(const char *program);

/* The path of the running program, for tests that run themselves as a child. */
const char *run_self(void);

/* A whole file, with a NUL behind it; the caller frees it. `len` may be NULL. */
char *run_read_file(const char *path, size_t *len);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report: how scenes went, in words: what broke the promise, and a table of one line a scene.
 */
#ifndef TESTS_PROMISE_REPORT_H
#define TESTS_PROMISE_REPORT_H

#include <stdio.h>

#include "stage.h"

/* Several runs of one scene, added up. */
typedef struct report_row {
    const char *scene;
    int runs, broken; /* broken: runs that did not keep what was promised */
    judge_verdict sum;
    uint64_t hits, misses, late_hits, late_misses;
    uint64_t different, marks_left, refilled, lost_replies;
    double on_primary;                     /* the lowest of all runs */
    int64_t back_ms, settled_ms, stall_ms; /* the longest */
} report_row;

void report_add(report_row *row, const stage_plan *plan, const stage_result *result);

/*
 * Writes what a run did not keep, a line each, into `out` ("" when it kept all): whichever of its
 * rules apply to its scene. Returns how many lines.
 */
int report_broken(const stage_plan *plan, const stage_result *result, char *out, size_t size);

void report_head(FILE *out);
void report_line(FILE *out, const report_row *row);

/* The first few offending reads, with the writes that make them so. */
void report_examples(FILE *out, const judge_verdict *verdict);

/* Who wrote the two copies of a key that differ, if any does. */
void report_difference(FILE *out, const stage_result *result);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* repair_record: one job in a story of one's own, step by step, and what it asked for. */
#ifndef MCPROXY_TESTS_UNIT_REPAIR_RECORD_H
#define MCPROXY_TESTS_UNIT_REPAIR_RECORD_H

#include "repair_story.h"

/* What a job asked for, a letter each; equal ones in a row are one. */
typedef struct record {
    char letters[256];
    size_t n;
    int64_t asked_ms[128]; /* when each letter was first asked for, by letter */
    int n_copies, n_deletes, n_base64, n_renewals; /* of the lock */
    int n_trusting;                                /* copies from one that may stand */
    int64_t since_ms;                              /* how new the last connection had to be */
} record;

/* A story in which nothing was missed yet. Server 0 is D. */
void record_begin(story *s);
void record_finish(story *s);
/* Until the job has ended, or the time is up (then UNDER_WAY); what was asked for is carried out.
 */
mcp__repair_result record_run_until(record *r, story *s, int64_t end_ms);
/* Begins the job and clears the record. */
void record_start(record *r, story *s);
/* The whole of it, for at most a minute. */
mcp__repair_result record_run(record *r, story *s);
/* Until the job is in that phase. */
void record_run_to(record *r, story *s, mcp__repair_phase phase);

void record_put_journal(story *s, uint32_t about, uint32_t segment, const char *text);
int record_stands(story *s, uint32_t about);
int record_has(story *s, uint32_t server, const char *key);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * express_kit: a world in quiet times, and what can be seen of it from outside, as text: so that one
 * way of doing something can be held against another.
 */
#ifndef TESTS_UNIT_EXPRESS_KIT_H
#define TESTS_UNIT_EXPRESS_KIT_H

#include "engine/express_way.h"
#include "world.h"

/* ---- what was seen ---- */

extern char seen[20000];

void note(const char *what, const char *text);
void note_sent(void);
void note_result(const mcp_result *r);
/* What nobody waits for; and the counters. */
void note_rest(void);
/* Time passes until the operation is over, whatever it takes. */
void wait_for(mcp__task *task);

/* ---- a script ---- */

typedef struct script {
    const char *name;
    mcp_verb verb;
    uint32_t want;
    int n_backups;
    int is_spare;           /* the backup is not written to */
    const char *answers[2]; /* of the server that is asked first, and second; NULL: none comes */
    uint8_t order[2];       /* who that is */
} script;

#define P_THEN_B                                                                                   \
    {                                                                                              \
        0, 1                                                                                       \
    }
#define B_THEN_P                                                                                   \
    {                                                                                              \
        1, 0                                                                                       \
    }

extern const char *name_space; /* of the next world */
extern const script a_set;

/* A primary, and as many backups as the script says; all is quiet, and its request is the next. */
void begin(const script *s);

/* Whether the request goes without an operation; then it has begun. */
int is_taken(void);

#endif

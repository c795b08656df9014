/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * story: what has to happen in one operation, told a second time, straight on, from the design: who
 * is asked what in which order, given what became of each command, and how it ends.
 */
#ifndef MCPROXY_TESTS_UNIT_STORY_H
#define MCPROXY_TESTS_UNIT_STORY_H

#include "ops/op.h"

enum { P = MCP__PRIMARY, B = MCP__BACKUP };

/* What can become of one command. */
enum {
    YES,
    DYING, /* a value with less than a second to live */
    MISS,
    NOT_STORED,
    CHANGED,
    NO_NUMBER,
    TOO_BIG,
    FULL,
    REFUSED,  /* from here on there is no answer: no connection */
    ERROR,    /* SERVER_ERROR: it was heard, and nothing was done */
    HOPELESS, /* CLIENT_ERROR: no use to try elsewhere */
    SILENT,   /* sent, no answer in time */
    LOST,     /* sent, the connection broke */
    N_OUTCOMES,
};

/* The status that an answer means. */
extern const int story_statuses[N_OUTCOMES];

typedef struct story {
    /* To be filled in: the request, the view and the tokens' marks; what became of the n-th command
     * on each leg. */
    const mcp_request *request;
    mcp__view view;
    uint16_t cas_mark[2];
    int is_mirrored;
    int outcome[2][8], n_outcomes[2];
    /* How it goes. */
    char log[256];
    int status, copy[2];
    int failure[2], n_told[2]; /* the teller's own */
} story;

/* "P.set B.set ", "owed B.delete ". */
void story_note(char *log, size_t size, const char *what, int leg, int kind);
/* Tells it from the beginning. */
void story_tell(story *it);

#endif

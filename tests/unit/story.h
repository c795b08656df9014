/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * story: what has to happen in one operation, told a second time, straight on, from the design: who
 * is asked what in which order, given what became of each command, what is put on record, and how
 * it ends.
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
    CHANGED, /* of a peek: the number is another one */
    NO_NUMBER,
    TOO_BIG,
    FULL,
    REFUSED,  /* from here on there is no answer: no connection */
    ERROR,    /* SERVER_ERROR: it was heard, and nothing was done */
    HOPELESS, /* CLIENT_ERROR: no use to try elsewhere */
    SILENT,   /* sent, no answer in time */
    LOST,     /* sent, the connection broke */
    /* What can become of a record. */
    RECORDED,
    NO_RECORD, /* the server has no memory for it */
    LOST_RECORD,
    N_OUTCOMES,
};

/* The status that an answer means. */
extern const int story_statuses[RECORDED];

typedef struct story {
    /* To be filled in: the request, the view and the tokens' marks; what became of the n-th command
     * on each leg. */
    const mcp_request *request;
    mcp__view view;
    uint16_t cas_mark[2];
    int is_mirrored;
    int keeps_record;
    int verifies;
    int is_late; /* ack=primary: the mirror follows the acknowledgement */
    int outcome[2][16], n_outcomes[2];
    /* How it goes. */
    char log[256];
    int status, copy[2];
    /* The teller's own: the last failure; who lacks a change; who has it; who has been told its
     * number; is it on record. */
    int failure[2], missed[2], has_changed[2], has_number[2], is_recorded;
    int n_told[2];
} story;

/* Kinds of change: it depends on what is there whether anything is done; it counts; it builds on what
 * is there and is always done. */
static inline int
story_is_decided(int kind)
{
    return kind == MCP__COMMAND_ADD || kind == MCP__COMMAND_REPLACE ||
           kind == MCP__COMMAND_APPEND || kind == MCP__COMMAND_PREPEND || kind == MCP__COMMAND_CAS;
}

static inline int
story_is_count(int kind)
{
    return kind == MCP__COMMAND_INCR || kind == MCP__COMMAND_DECR;
}

static inline int
story_is_relative(int kind)
{
    return story_is_count(kind) || kind == MCP__COMMAND_TOUCH || kind == MCP__COMMAND_GAT;
}

/* "P.set B.set ", "owed B.delete ". */
void story_note(char *log, size_t size, const char *what, int leg, int kind);
/* The command that the request means, and the status that an outcome of it means. */
int story_kind_of(const story *it);
int story_status_of(int kind, int what);
/* Who missed writes cannot tell what such a change comes to. */
int story_builds_on_value(int kind);
/* A token of the other server names nothing here. */
int story_is_foreign(const story *it, int leg);
/* What it stores expires at once. */
int story_is_expiry(const story *it);
/* "There is nothing to append to" says nothing of a copy that may have done it. */
int story_told_by(const story *it, int leg, int kind, int what);
/* The command by which the other copy gets what the authority has done. */
int story_mirror_kind(const story *it, int other, int kind);
/* Tells it from the beginning. */
void story_tell(story *it);

#endif

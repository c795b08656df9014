/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * coach: gets of a convoy (see engine/convoy.h) that go to one server as a single line of the classic
 * protocol, "get k1 k2 .. kN". Here is who sits in which coach; engine/convoy sends them.
 *
 *     free --> FILLING --> OUT --END--> ENDED --> free
 *                `----------`------- lost -------> free
 *
 * Answers are matched by their keys, so no key sits in a coach twice. Those without an answer are
 * misses when the END has come, and not before.
 */
#ifndef MCPROXY_ENGINE_COACH_H
#define MCPROXY_ENGINE_COACH_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "wire/span.h"

/* One command of many keys costs memcached one write; of thousands it is slow again, and everybody
 * else waits. */
#define MCP__COACH_SEATS 100
#define MCP__COACH_TEXT_MAX 8192
#define MCP__COACHES_MAX 64

typedef enum mcp__coach_state {
    MCP__COACH_FREE = 0,
    MCP__COACH_FILLING,
    MCP__COACH_OUT,
    MCP__COACH_ENDED,
} mcp__coach_state;

typedef struct mcp__seat {
    uint32_t hash;
    uint32_t tag;
    uint16_t at; /* where its key stands in the text */
    uint8_t key_len;
    uint8_t is_answered;
} mcp__seat;

typedef struct mcp__coach {
    uint32_t number;
    uint32_t server;
    uint32_t n;
    uint32_t n_left; /* of these, not answered yet */
    uint32_t next;   /* the seat whose answer is likely to be next */
    uint8_t state;
    uint8_t has_cas;
    size_t text_len;
    char text[MCP__COACH_TEXT_MAX]; /* " k1 k2 .. kN" */
    mcp__seat seats[MCP__COACH_SEATS];
} mcp__coach;

typedef struct mcp__coaches {
    mcp__coach *all[MCP__COACHES_MAX];
    uint32_t n;
    uint32_t n_filling;
} mcp__coaches;

void mcp__coaches_fini(mcp__coaches *coaches, const mcp__mem *mem);
/* Nobody sits in any. */
void mcp__coaches_clear(mcp__coaches *coaches);

/* A note for each that sits in one and is not answered, under its tag. */
void mcp__coaches_note(const mcp__coaches *coaches, uint8_t *notes, uint8_t note);

/* The one that is FILLING for this server, else a new one. NULL: there are too many, or no memory. */
mcp__coach *mcp__coach_for(mcp__coaches *coaches, const mcp__mem *mem, uint32_t server,
                           int has_cas);
/* 0: it is full, or the key is there already; a key is at most MCP_KEY_MAX bytes. */
int mcp__coach_put(mcp__coach *coach, mcp__span key, uint32_t tag);
/* What it has asked for and not yet got; NULL: nobody here waits for that key. */
mcp__seat *mcp__coach_find(mcp__coach *coach, mcp__span key);
/* The next one that is not answered; there is one. */
mcp__seat *mcp__coach_left(mcp__coach *coach);
void mcp__coach_answer(mcp__coach *coach, mcp__seat *seat);
void mcp__coach_set(mcp__coaches *coaches, mcp__coach *coach, mcp__coach_state state);
/* Its connection is lost: free, and so many were waiting. */
uint32_t mcp__coach_lose(mcp__coaches *coaches, uint32_t number);

#endif

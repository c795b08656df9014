/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hostile: the other end of one connection of an engine, which says what an input makes it say: the
 * right answer to the oldest question, a spoilt one, or any bytes. It reads what it is sent
 * strictly, so an engine that sends anything but command lines is found out.
 */
#ifndef MCPROXY_TESTS_FUZZ_HOSTILE_H
#define MCPROXY_TESTS_FUZZ_HOSTILE_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/fuzz.h"
#include "sim/bytes.h"

#define HOSTILE_QUESTIONS_MAX 512
#define HOSTILE_KEY_MAX 64

typedef struct hostile_question {
    char verb[3];
    char key[HOSTILE_KEY_MAX];
    char opaque[9];
    uint8_t is_arithmetic, wants_value;
} hostile_question;

typedef struct hostile {
    sim_bytes in;     /* what it was sent */
    sim_bytes out;    /* what is to be received from it */
    size_t swallow;   /* bytes of a value that are still to come */
    uint8_t is_open;  /* the connection stands */
    uint8_t is_asked; /* it is being opened */
    uint8_t is_mute;  /* it ended within an answer: whatever followed would be taken for its rest */
    hostile_question questions[HOSTILE_QUESTIONS_MAX];
    size_t n;
} hostile;

typedef enum hostile_way {
    HOSTILE_RIGHT = 0,
    HOSTILE_MISS,
    HOSTILE_WRONG_OPAQUE,
    HOSTILE_WRONG_KIND,
    HOSTILE_CUT,
    HOSTILE_TWICE,
    HOSTILE_ERROR,
    HOSTILE_SKIP, /* no answer to this one, and on with the next */
    HOSTILE_N_WAYS
} hostile_way;

/* Nothing is left of the connection. */
void hostile_forget(hostile *peer);
/* It is sent bytes. */
void hostile_hear(hostile *peer, const void *bytes, size_t len);
/* Answers the oldest question; 0: there is none. */
int hostile_answer(hostile *peer, hostile_way way, fuzz_feed *feed);
/* Any bytes, but for the letter with which an opaque begins: what carries the right opaque is an
 * answer. */
void hostile_say(hostile *peer, const uint8_t *bytes, size_t len);

/*
 * Values say of themselves which key they are of and whether their answer was the one that was due:
 * "KEY=N+" or "KEY=N-" (with a wrong opaque, behind a lost answer, said twice).
 */
int hostile_is_right_value(const char *key, const void *value, size_t len);

#endif

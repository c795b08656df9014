/* SPDX-License-Identifier: BSD-3-Clause */
/* stage: the plays of scene.h, each with what has to be the case before it begins. */
#ifndef MCPROXY_TESTS_FAIL_STAGE_H
#define MCPROXY_TESTS_FAIL_STAGE_H

#include "fail/scene.h"

typedef struct stage_piece {
    const char *name;
    const char *words;   /* more options */
    scene_play *prepare; /* with memory and system calls that do not fail; NULL: nothing */
    scene_play *play;
    int needs_restarts; /* it takes its time */
} stage_piece;

#define STAGE_PIECES 10
extern const stage_piece stage_pieces[STAGE_PIECES];

#endif

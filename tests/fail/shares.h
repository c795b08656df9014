/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shares: the pieces of stage.h, each in eight shares, of which a run plays some: restarts of
 * servers and calls that wait for their deadline take their time. Another seed, another share.
 *
 *     MCP_SEED=N          which; without it, by chance. It is printed.
 *     MCP_FAIL_SHARES=N   how many of each piece: 1, up to all 8
 */
#ifndef MCPROXY_TESTS_FAIL_SHARES_H
#define MCPROXY_TESTS_FAIL_SHARES_H

#include <stdint.h>

#include "fail/stage.h"

#define SHARES 8

typedef struct share {
    const stage_piece *piece;
    int number; /* 0 to SHARES - 1 */
} share;

/* Before anything else; tells which. Returns how many share_at() knows. */
int shares_choose(void);

/* `i` from 0. */
share share_at(int i);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "fail/shares.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static unsigned long seed;
static int n_shares = 1;

static unsigned long
by_chance(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (unsigned long)(now.tv_nsec / 1000 + getpid()) % 10000;
}

int
shares_choose(void)
{
    const char *given = getenv("MCP_SEED"), *wanted = getenv("MCP_FAIL_SHARES");
    seed = given != NULL && given[0] != '\0' ? strtoul(given, NULL, 10) : by_chance();
    if (wanted != NULL && wanted[0] != '\0')
        n_shares = atoi(wanted);
    if (n_shares < 1 || n_shares > SHARES) {
        fprintf(stderr, "MCP_FAIL_SHARES: 1 to %d\n", SHARES);
        exit(99);
    }
    printf("MCP_SEED=%lu MCP_FAIL_SHARES=%d\n", seed, n_shares);
    fflush(stdout); /* what is run is forked */
    return STAGE_PIECES * n_shares;
}

/* The pieces take turns, too, so that no seed plays the first calls of all of them and no other. */
share
share_at(int i)
{
    unsigned long piece = (unsigned long)i % STAGE_PIECES, turn = (unsigned long)i / STAGE_PIECES;
    return (share){&stage_pieces[piece], (int)((seed + piece + turn) % SHARES)};
}

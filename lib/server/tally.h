/* SPDX-License-Identifier: BSD-3-Clause */
/* tally: what one client counts about one server, for mcp_server_info(). Plain numbers. */
#ifndef MCPROXY_SERVER_TALLY_H
#define MCPROXY_SERVER_TALLY_H

#include <stdint.h>

typedef struct mcp__tally {
    uint64_t calls;     /* commands sent to it */
    uint64_t errors;    /* connections lost or given up, and refusals */
    uint64_t timeouts;  /* those given up because no answer came in time */
    uint64_t connects;  /* connections made */
    uint64_t failovers; /* commands that the other copy had to answer for it */
    uint64_t hits;
    uint64_t misses;
    uint64_t journaled; /* keys put on record as missed by it */
    uint64_t repaired;  /* keys made good on it */
    uint64_t refilled;  /* misses filled in on it */
} mcp__tally;

#endif

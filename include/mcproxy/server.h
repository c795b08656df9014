/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client knows of one server and has counted about it: what mcp_server_info() of mcproxy.h,
 * which includes this, fills in. */
#ifndef MCPROXY_SERVER_H
#define MCPROXY_SERVER_H

#include <stddef.h>
#include <stdint.h>

/*
 * States of a server, as this client sees it.
 *
 *     UP --soft error--> SUSPECT --third in a row--> DOWN --timer--> PROBING --fails--> DOWN
 *      `------------------ hard error ----------------^                 |
 *     UP <------------------------------ a probe is answered -----------'
 *     UP <--its mark is gone-- RECOVERING <-- its mark is seen (from UP, or after a probe)
 *     UP <--its epoch says so-- WARMING <-- its epoch is missing, or says so
 */
typedef enum mcp_state {
    MCP_STATE_UP = 0,
    MCP_STATE_SUSPECT = 1, /* timed out: not waited for; one probe is on its way */
    MCP_STATE_DOWN = 2,    /* refused, or timed out repeatedly: nothing is sent until the probe */
    MCP_STATE_PROBING = 3, /* one probe is on its way */
    MCP_STATE_RECOVERING = 4, /* answers, but missed writes: not read until they are made good */
    MCP_STATE_WARMING = 5,    /* answers, but came back empty: misses are filled from partners */
} mcp_state;

typedef struct mcp_server {
    size_t size;            /* sizeof(mcp_server), set by MCP_SERVER_INIT */
    const char *name;       /* `name=`, or host:port, or unix:/path; stands until mcp_reload() */
    const char *address;    /* host:port or unix:/path; lives as long as the client */
    int is_backup;
    int index;              /* position in its own list, from 0 */
    uint32_t weight;
    mcp_state state;
    int contacted;          /* 0: nothing has been sent to it yet, UP is an assumption */
    uint64_t since_ms;      /* how long it has been in this state */
    char why[96];           /* what put it into this state; "" while UP from the start */
    char version[32];       /* as it said when it last greeted us; "" if it never did */
    uint64_t next_probe_ms; /* DOWN: milliseconds until the next probe is due */
    uint64_t calls;         /* commands sent to it */
    uint64_t errors;        /* connections lost or given up, and refusals */
    uint64_t timeouts;      /* those given up because no answer came in time */
    uint64_t connects;      /* connections made */
    uint64_t failovers;     /* reads and writes that the other copy had to answer for it */
    uint64_t hits;          /* reads it answered with a value */
    uint64_t misses;        /* reads it answered without one */
    int missed_on;          /* number of the server on which its mark stands; -1: none is known */
    uint64_t missed_ms;     /* for how long this client has known of that mark */
    uint64_t journaled;     /* keys that this client put on record as missed by it */
    uint64_t repaired;      /* keys that this client made good on it */
    uint64_t refilled;      /* misses that this client filled in on it, by use or by resync */
    int job;                /* MCP_JOB_...: what this client is doing for it at the moment */
    uint64_t job_done;      /* keys of that job that are dealt with */
    uint64_t job_total;     /* of so many; 0: not known yet */
    uint64_t job_wait_ms;   /* the job waits this long before it goes on */
    char job_phase[32];     /* what it is at, in words; "" without a job */
    uint64_t missed_least;  /* so many keys at least are on record there; 64: any number from there */
    uint64_t gets;          /* reads that were sent to it, answered or not: of `calls`, */
    uint64_t sets;          /* stores of all kinds, */
    uint64_t deletes;
    uint64_t others;        /* touches, counting, statistics, flushes ... */
    uint64_t latency_n;     /* answers that were timed: one of 64 where nothing else was under way */
    uint32_t latency_us;     /* from the send to the answer's first bytes: their moving mean, */
    uint32_t latency_p50_us; /* what half of the last thousand or so did not exceed, */
    uint32_t latency_p99_us, latency_max_us; /* and 99 of 100; the longest ever */
} mcp_server;

enum {
    MCP_JOB_NONE = 0,
    MCP_JOB_REPAIR = 1,
    MCP_JOB_RESYNC = 2,
};

#define MCP_SERVER_INIT                                                                            \
    {                                                                                              \
        sizeof(mcp_server), NULL, NULL, 0, 0, 0, MCP_STATE_UP, 0, 0, "", "", 0, 0, 0, 0, 0, 0, 0,  \
            0, -1, 0, 0, 0, 0, 0, 0, 0, 0, "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                         \
    }

#endif

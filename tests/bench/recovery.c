/* SPDX-License-Identifier: BSD-3-Clause */
/* What outages cost: see bench.h. */
#include <mcproxy/mcproxy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../support/server.h"
#include "bench.h"

enum { LOOP_KEYS = 10000, MANY_KEYS = 1000000, PIECE = 1000 };

static char value[100];

static double
milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static mcp_client *
open_or_exit(const char *options)
{
    char why[160];
    mcp_client *client = mcp_open(options, why, sizeof why);
    if (client == NULL) {
        fprintf(stderr, "%s\n", why);
        exit(2);
    }
    return client;
}

static void
say(const char *work, const char *what, double figure, const char *unit)
{
    printf("{\"recovery\":\"%s\",\"what\":\"%s\",\"figure\":%.3f,\"unit\":\"%s\"}\n", work, what,
           figure, unit);
    fflush(stdout);
}

/* Sets keys of `number` on, in batches; how many went wrong. */
static size_t
set_many(mcp_client *client, size_t first, size_t n)
{
    static mcp_request requests[PIECE];
    static mcp_result results[PIECE];
    static char keys[PIECE][24];
    size_t bad = 0;
    for (size_t done = 0; done < n; done += PIECE) {
        for (size_t i = 0; i < PIECE; i++) {
            requests[i] = (mcp_request)MCP_REQUEST_INIT;
            results[i] = (mcp_result)MCP_RESULT_INIT;
            requests[i].verb = MCP_SET;
            requests[i].key = keys[i];
            requests[i].key_len =
                (size_t)snprintf(keys[i], sizeof keys[i], "r:%09zu", first + done + i);
            requests[i].value = value;
            requests[i].value_len = sizeof value;
            requests[i].timeout_ms = 10000;
        }
        bad += mcp_batch(client, requests, results, PIECE);
    }
    return bad;
}

static double
time_loop(mcp_client *client, size_t n, size_t *bad)
{
    char key[24];
    double begun = milliseconds();
    for (size_t i = 0; i < n; i++) {
        mcp_result result = MCP_RESULT_INIT;
        size_t len = (size_t)snprintf(key, sizeof key, "r:%09zu", i);
        *bad += mcp_get(client, key, len, &result) != MCP_OK;
    }
    return milliseconds() - begun;
}

/* A primary is killed: what the first call pays, and each later one. */
static int
refused(void)
{
    server *primary = server_unix("-m 512"), *backup = server_unix("-m 512");
    char options[400];
    size_t bad = 0;
    snprintf(options, sizeof options, "server=%s backup=%s", primary->address, backup->address);
    mcp_client *client = open_or_exit(options);
    bad += set_many(client, 0, PIECE);
    double well = time_loop(client, PIECE, &bad) / PIECE;
    server_kill(primary);
    double first = time_loop(client, 1, &bad);
    double later = time_loop(client, PIECE, &bad) / PIECE;
    say("refused", "a call while all is well", well, "ms");
    say("refused", "the first call after a kill", first, "ms");
    say("refused", "each later call", later, "ms");
    mcp_close(client);
    return bad > 0;
}

/* One of three primaries hangs: a loop over keys of all of them. */
static int
hung(void)
{
    server *primaries[3], *backup = server_unix("-m 512");
    char options[800];
    size_t bad = 0;
    for (int i = 0; i < 3; i++)
        primaries[i] = server_unix("-m 512");
    snprintf(options, sizeof options, "server=%s server=%s server=%s backup=%s",
             primaries[0]->address, primaries[1]->address, primaries[2]->address, backup->address);
    mcp_client *client = open_or_exit(options);
    bad += set_many(client, 0, LOOP_KEYS);
    double well = time_loop(client, LOOP_KEYS, &bad);
    server_pause(primaries[0]);
    double sick = time_loop(client, LOOP_KEYS, &bad);
    server_continue(primaries[0]);
    say("hung", "10,000 gets while all is well", well, "ms");
    say("hung", "10,000 gets, one of three primaries hangs", sick, "ms");
    mcp_close(client);
    return bad > 0;
}

/* Writes a million keys, and says what one cost in the first tenth, in the slowest and in the last. */
static size_t
set_million(mcp_client *client, const char *which)
{
    enum { TENTHS = 10, TENTH = MANY_KEYS / TENTHS };
    static const char *const names[] = {"first", "slowest", "last"};
    double took[TENTHS], slowest = 0;
    char line[120];
    size_t bad = 0;
    for (size_t i = 0; i < TENTHS; i++) {
        double begun = milliseconds();
        bad += set_many(client, i * TENTH, TENTH);
        took[i] = (milliseconds() - begun) * 1e3 / TENTH;
        slowest = took[i] > slowest ? took[i] : slowest;
    }
    const double figures[] = {took[0], slowest, took[TENTHS - 1]};
    for (int i = 0; i < 3; i++) {
        snprintf(line, sizeof line, "of a million sets %s: the %s tenth", which, names[i]);
        say("degraded", line, figures[i], "us each");
    }
    return bad;
}

/* A million keys are written while the primary is away. In between they cost more: memcached copies a
 * segment of the record with each key that is appended to it, until it has 64 kB and stands for all
 * its keys. At the end as much is added as where there never was a primary: the server has grown. */
static int
degraded(void)
{
    server *primary = server_unix("-m 1024"), *backup = server_unix("-m 1024");
    server *lone = server_unix("-m 1024");
    char options[400];
    size_t bad = 0;
    snprintf(options, sizeof options, "server=%s backup=%s timeout=2s", primary->address,
             backup->address);
    mcp_client *client = open_or_exit(options);
    bad += set_many(client, 0, PIECE);
    server_kill(primary);
    time_loop(client, 1, &bad);
    bad += set_million(client, "without the primary");
    say("degraded", "items beside the million on the backup",
        (double)server_stat(backup, "curr_items") - MANY_KEYS, "items");
    mcp_close(client);
    snprintf(options, sizeof options, "server=%s timeout=2s", lone->address);
    client = open_or_exit(options);
    bad += set_million(client, "to one server that has no other");
    mcp_close(client);
    return bad > 0;
}

/* The primary comes back empty: a million keys are put there again. */
static int
resync(void)
{
    server *primary = server_unix("-m 1024"), *backup = server_unix("-m 1024");
    char options[400];
    snprintf(options, sizeof options, "server=%s backup=%s timeout=2s resync_rate=1000000000/s",
             primary->address, backup->address);
    mcp_client *client = open_or_exit(options);
    size_t bad = set_many(client, 0, MANY_KEYS);
    server_restart(primary);
    double begun = milliseconds();
    bad += mcp_resync(client, 0, 0, 300000, NULL, NULL) != MCP_OK;
    double took = milliseconds() - begun;
    double have = (double)server_stat(primary, "curr_items");
    say("resync", "a million keys of 100 bytes", have / took * 1e3, "keys/s");
    say("resync", "keys on the primary after it", have, "keys");
    mcp_close(client);
    return bad > 0 || have < MANY_KEYS;
}

int
bench_recovery(const char *only)
{
    static const struct {
        const char *name;
        int (*measure)(void);
    } parts[] = {{"refused", refused}, {"hung", hung}, {"degraded", degraded}, {"resync", resync}};
    int code = 0;
    memset(value, 'x', sizeof value);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (only == NULL || strcmp(only, parts[i].name) == 0)
            code |= parts[i].measure();
    return code;
}

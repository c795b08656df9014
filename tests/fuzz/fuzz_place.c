/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any list of servers under any placement: it is refused with a reason, or every key has a primary,
 * and a backup with another address; the same ones in every client that is told the same, whatever
 * was asked before.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "place/pairing.h"

#define SERVERS_MAX 24
#define KEYS_MAX 64

const char fuzz_name[] = "place";
const unsigned fuzz_rounds = 250;
const char *const fuzz_words[] = {"{", "}", "key", "\x01\x03", NULL};

typedef struct pool {
    mcp__server_spec specs[SERVERS_MAX];
    char addresses[SERVERS_MAX][32], hosts[SERVERS_MAX][24];
    size_t n_primaries, n_backups;
    mcp__place_spec place;
    mcp__mirror mirror;
} pool;

static void
draw_server(fuzz_feed *feed, pool *p, size_t i)
{
    uint8_t host = fuzz_byte(feed) & 31;
    uint16_t port = (uint16_t)(11211 + (fuzz_byte(feed) & 3));
    snprintf(p->hosts[i], sizeof p->hosts[i], "10.0.0.%u", host);
    snprintf(p->addresses[i], sizeof p->addresses[i], "10.0.0.%u:%u", host, port);
    uint8_t shape = fuzz_byte(feed);
    uint32_t weight = shape < 128 ? 1 : shape < 254 ? shape % 4u + 1 : 1 + fuzz_below(feed, 1000);
    p->specs[i] =
        (mcp__server_spec){p->addresses[i], p->addresses[i], p->hosts[i], port, 0, weight};
}

static void
draw(fuzz_feed *feed, pool *p)
{
    uint8_t shape = fuzz_byte(feed);
    p->place.distribution = (mcp__distribution)fuzz_below(feed, MCP__KETAMA_WEIGHTED_SPY + 1);
    /* Its table of 245,760 slots takes its time. */
    if (p->place.distribution == MCP__NATIVE && shape % 64 != 0)
        p->place.distribution = MCP__KETAMA_WEIGHTED;
    p->place.hash = (mcp__hash)fuzz_below(feed, MCP__HASH_CRC32A + 1);
    p->mirror = (mcp__mirror)fuzz_below(feed, MCP__MIRROR_PROBE + 1);
    if (shape & 0x40)
        memcpy(p->place.hash_tag, "{}", 2);
    p->n_primaries = 1 + fuzz_below(feed, SERVERS_MAX / 2);
    p->n_backups = fuzz_below(feed, SERVERS_MAX / 2);
    for (size_t i = 0; i < p->n_primaries + p->n_backups; i++)
        draw_server(feed, p, i);
}

static mcp__pairing *
build(const pool *p, const mcp__mem *mem, mcp__err *err)
{
    mcp__err_clear(err);
    return mcp__pairing_new(mem, &p->place, p->mirror, p->specs, p->n_primaries, p->n_backups, err);
}

static void
check_pair(const pool *p, mcp__pair pair)
{
    FUZZ_NEED(pair.primary < p->n_primaries);
    if (pair.backup == MCP__NO_SERVER)
        return;
    FUZZ_NEED(p->mirror != MCP__MIRROR_OFF);
    if (p->mirror == MCP__MIRROR_BACKUP)
        FUZZ_NEED(pair.backup >= p->n_primaries && pair.backup < p->n_primaries + p->n_backups);
    else
        FUZZ_NEED(pair.backup < p->n_primaries);
    FUZZ_NEED(strcmp(p->addresses[pair.primary], p->addresses[pair.backup]) != 0);
}

static void
look_up(const pool *p, const mcp__pairing *one, const mcp__pairing *other, fuzz_feed *feed)
{
    mcp__pair pairs[KEYS_MAX];
    const uint8_t *keys[KEYS_MAX];
    size_t lens[KEYS_MAX], n = 0;
    while (n < KEYS_MAX && feed->at < feed->end) {
        lens[n] = fuzz_bytes(feed, 1 + fuzz_below(feed, 250), &keys[n]);
        if (lens[n] == 0)
            break;
        pairs[n] = mcp__pairing_find(one, keys[n], lens[n]);
        check_pair(p, pairs[n]);
        n++;
    }
    while (n-- > 0) { /* the other way round, by another client */
        mcp__pair pair = mcp__pairing_find(other, keys[n], lens[n]);
        FUZZ_NEED(pair.primary == pairs[n].primary && pair.backup == pairs[n].backup);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static pool p;
    fuzz_feed feed = fuzz_feed_of(bytes, len);
    mcp__err err, err_again;
    memset(&p, 0, sizeof p);
    draw(&feed, &p);
    const mcp__mem *mem = fuzz_memory();
    mcp__pairing *one = build(&p, mem, &err), *other = build(&p, mem, &err_again);
    FUZZ_NEED((one == NULL) == (other == NULL));
    if (one == NULL) {
        FUZZ_NEED(err.status == MCP_BAD_ARGUMENT && strlen(err.text) > 5);
        FUZZ_NEED(strcmp(err.text, err_again.text) == 0);
    } else {
        look_up(&p, one, other, &feed);
    }
    mcp__pairing_free(one);
    mcp__pairing_free(other);
    fuzz_memory_end();
    return 0;
}

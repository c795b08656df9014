/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bar of the default placement, as a table, and the cost of a look-up by any other.
 *
 *     bench_place                      balance, moved keys, weights, set-up time, memory
 *     bench_place --count N [D [S]]    N look-ups with distribution number D (0: native) over S
 *                                      servers: count the instructions of two runs that differ in N
 *                                      with "valgrind --tool=callgrind" and divide the difference
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "place/hash.h"
#include "place/map.h"
#include "place/pairing.h"

#define KEYS 1000000u
#define MOST 2002

static mcp__server_spec servers[MOST];
static char hosts[MOST][20], addresses[MOST][40];
static uint32_t *owners[2];
static size_t held, peak; /* bytes allocated now, and at most */

static void *
count_allocate(void *context, size_t size)
{
    size_t *block = malloc(size + 16);
    (void)context;
    if (block == NULL)
        exit(2);
    *block = size;
    held += size;
    peak = held > peak ? held : peak;
    return (char *)block + 16;
}

static void
count_release(void *context, void *memory)
{
    (void)context;
    if (memory == NULL)
        return;
    size_t *block = (void *)((char *)memory - 16);
    held -= *block;
    free(block);
}

static const mcp__mem counted = {count_allocate, NULL, count_release, NULL};

static double
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* `family`: which of many lists of names. */
static void
name_servers(unsigned family, unsigned most_weight)
{
    for (unsigned i = 0; i < MOST; i++) {
        mcp__server_spec *s = &servers[i];
        snprintf(hosts[i], sizeof hosts[i], "10.%u.%u.%u", family, i / 256, i % 256);
        snprintf(addresses[i], sizeof addresses[i], "%.19s:11211", hosts[i]);
        *s = (mcp__server_spec){addresses[i], addresses[i], hosts[i], 11211, 0, 1};
        s->weight = 1 + i % most_weight;
    }
}

static mcp__pairing *
new_pairing(mcp__distribution distribution, mcp__mirror mirror, size_t n, size_t n_backups)
{
    mcp__err err;
    mcp__place_spec place = {.distribution = distribution};
    mcp__pairing *p = mcp__pairing_new(&counted, &place, mirror, servers, n, n_backups, &err);
    if (p == NULL) {
        fprintf(stderr, "%s\n", err.text);
        exit(2);
    }
    return p;
}

/* The owner of each of a million keys. */
static void
place_keys(size_t n, uint32_t *into)
{
    char key[40];
    mcp__pairing *p = new_pairing(MCP__NATIVE, MCP__MIRROR_OFF, n, 0);
    for (unsigned i = 0; i < KEYS; i++) {
        int len = snprintf(key, sizeof key, "user:%u:profile", i);
        into[i] = mcp__pairing_find(p, key, (size_t)len).primary;
    }
    mcp__pairing_free(p);
}

static void
spread(const uint32_t *of, size_t n, double *most, double *least)
{
    static double count[MOST];
    double weights = 0;
    memset(count, 0, sizeof count);
    for (unsigned i = 0; i < KEYS; i++)
        count[of[i]]++;
    for (size_t i = 0; i < n; i++)
        weights += servers[i].weight;
    *most = 0;
    *least = 1e9;
    for (size_t i = 0; i < n; i++) {
        double share = count[i] / KEYS * weights / servers[i].weight;
        *most = share > *most ? share : *most;
        *least = share < *least ? share : *least;
    }
}

static void
print_balance(size_t n, unsigned most_weight, unsigned families)
{
    double worst = 0, sum = 0, lowest = 9, most, least;
    for (unsigned family = 0; family < families; family++) {
        name_servers(family, most_weight);
        place_keys(n, owners[0]);
        spread(owners[0], n, &most, &least);
        worst = most > worst ? most : worst;
        lowest = least < lowest ? least : lowest;
        sum += most;
    }
    printf("%7zu  1..%-3u  %8.4f  %12.4f  %13.4f  %5u\n", n, most_weight, sum / families, worst,
           lowest, families);
}

static void
print_moves(size_t n, unsigned families)
{
    double most = 0, sum = 0;
    unsigned elsewhere = 0;
    for (unsigned family = 0; family < families; family++) {
        unsigned moved = 0;
        name_servers(family, 1);
        place_keys(n, owners[0]);
        place_keys(n + 1, owners[1]);
        for (unsigned i = 0; i < KEYS; i++) {
            moved += owners[0][i] != owners[1][i];
            elsewhere += owners[0][i] != owners[1][i] && owners[1][i] != n;
        }
        sum += (double)moved / KEYS;
        most = (double)moved / KEYS > most ? (double)moved / KEYS : most;
    }
    printf("%7zu  %8.3f %%  %8.3f %%  %8.3f %%  %10.3f %%  %u\n", n, 100.0 / (double)(n + 1),
           100 * sum / families, 100 * most, 100.0 / (double)(n + 1) + 0.2, elsewhere);
}

static void
print_set_up(mcp__distribution distribution, const char *name, size_t n, size_t n_backups)
{
    double best = 1e9;
    size_t stays = 0;
    peak = 0;
    for (unsigned i = 0; i < 5; i++) {
        double start = now_ms();
        mcp__pairing *p = new_pairing(
            distribution, n_backups > 0 ? MCP__MIRROR_BACKUP : MCP__MIRROR_OFF, n, n_backups);
        double took = now_ms() - start;
        best = took < best ? took : best;
        stays = held;
        mcp__pairing_free(p);
    }
    printf("%-16s %7zu  %7zu  %8.2f  %10zu  %10zu\n", name, n, n_backups, best, stays, peak);
}

static void
print_bar(void)
{
    static const size_t counts[] = {3, 10, 100, 1000};
    printf("fullest server, of what its weight entitles it to; a million keys, lists of names\n"
           "servers  weights  fullest  worst of all  emptiest of all  lists\n");
    for (unsigned i = 0; i < 4; i++)
        print_balance(counts[i], 1, i < 3 ? 10 : 3);
    for (unsigned i = 0; i < 4; i++)
        print_balance(counts[i], 5, i < 3 ? 10 : 3);
    printf("\nkeys that move when one server is added (10 lists of names)\n"
           "servers    needed        moved       at most        allowed  elsewhere than needed\n");
    for (unsigned i = 0; i < 4; i++)
        print_moves(counts[i], i < 3 ? 10 : 3);
    name_servers(0, 1);
    printf("\n%-16s servers  backups  set-up ms  bytes held  at set-up\n", "distribution");
    for (unsigned i = 0; i < 4; i++) {
        print_set_up(MCP__NATIVE, "native", counts[i], 0);
        print_set_up(MCP__NATIVE, "native", counts[i], counts[i]);
    }
    for (unsigned i = 0; i < 4; i++)
        print_set_up(MCP__KETAMA_WEIGHTED, "ketama-weighted", counts[i], 0);
}

static int
count(unsigned long n, mcp__distribution distribution, size_t n_servers)
{
    char key[] = "user:1234567:profile"; /* 20 bytes */
    unsigned long sum = 0;
    name_servers(0, 1);
    mcp__pairing *p = new_pairing(distribution, MCP__MIRROR_BACKUP, n_servers, n_servers);
    double start = now_ms();
    for (unsigned long i = 0; i < n; i++) {
        memcpy(key + 5, &i, 7);
        mcp__pair pair = mcp__pairing_find(p, key, sizeof key - 1);
        sum += pair.primary + pair.backup;
    }
    double took = now_ms() - start;
    printf("%lu look-ups of a pair, %.1f ns each (%lu)\n", n, n > 0 ? took * 1e6 / (double)n : 0,
           sum);
    mcp__pairing_free(p);
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "--count") == 0)
        return count(strtoul(argv[2], NULL, 10), (mcp__distribution)(argc > 3 ? atoi(argv[3]) : 0),
                     argc > 4 ? (size_t)atoi(argv[4]) : 100);
    for (unsigned i = 0; i < 2; i++)
        if ((owners[i] = calloc(KEYS, sizeof *owners[i])) == NULL)
            return 2;
    print_bar();
    free(owners[0]);
    free(owners[1]);
    return 0;
}

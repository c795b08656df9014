/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random keys over random lists of servers: memcached_generate_hash() of the libmemcached that is
 * installed here must say what we say, for every mode that it has. Nothing is connected.
 *
 * libmemcached aborts the process at its 101st server of a ring, so lists end at 100 here.
 */
#include "../unit/place_kit.h"

#include <libmemcached/memcached.h>

/* In one list; libmemcached calls 100 enough. */
#define MOST_SERVERS 100
#define LISTS 25
#define KEYS 400 /* of each list: 10,000 keys a mode */

typedef struct client_mode {
    const char *name;
    mcp__distribution distribution;
    mcp__hash hash;
    int hash_behavior;         /* MEMCACHED_HASH_...; -1: not set */
    int distribution_behavior; /* MEMCACHED_DISTRIBUTION_...; -1: not set */
    int ketama;                /* a behavior that is switched on; -1: none */
} client_mode;

#define MODULA -1, -1
#define CONSISTENT MEMCACHED_DISTRIBUTION_CONSISTENT, -1
#define SPY MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY, -1
#define KETAMA -1, MEMCACHED_BEHAVIOR_KETAMA
#define WEIGHTED -1, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED
#define BOTH MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED

#define EACH_HASH(TEXT, OURS, THEIRS)                                                              \
    {TEXT " default", OURS, MCP__HASH_DEFAULT, -1, THEIRS},                                        \
        {TEXT " one_at_a_time", OURS, MCP__HASH_ONE_AT_A_TIME, MEMCACHED_HASH_DEFAULT, THEIRS},    \
        {TEXT " md5", OURS, MCP__HASH_MD5, MEMCACHED_HASH_MD5, THEIRS},                            \
        {TEXT " crc", OURS, MCP__HASH_CRC, MEMCACHED_HASH_CRC, THEIRS},                            \
        {TEXT " fnv1_64", OURS, MCP__HASH_FNV1_64, MEMCACHED_HASH_FNV1_64, THEIRS},                \
        {TEXT " fnv1a_64", OURS, MCP__HASH_FNV1A_64, MEMCACHED_HASH_FNV1A_64, THEIRS},             \
        {TEXT " fnv1_32", OURS, MCP__HASH_FNV1_32, MEMCACHED_HASH_FNV1_32, THEIRS},                \
        {TEXT " fnv1a_32", OURS, MCP__HASH_FNV1A_32, MEMCACHED_HASH_FNV1A_32, THEIRS},             \
        {TEXT " murmur", OURS, MCP__HASH_MURMUR, MEMCACHED_HASH_MURMUR, THEIRS},                   \
        {TEXT " murmur3", OURS, MCP__HASH_MURMUR3, MEMCACHED_HASH_MURMUR3, THEIRS},                \
    {                                                                                              \
        TEXT " jenkins", OURS, MCP__HASH_JENKINS, MEMCACHED_HASH_JENKINS, THEIRS                   \
    }

static const client_mode modes[] = {
    EACH_HASH("modula", MCP__MODULA, MODULA),
    EACH_HASH("consistent", MCP__CONSISTENT, CONSISTENT),
    EACH_HASH("ketama", MCP__CONSISTENT, KETAMA),
    EACH_HASH("ketama-spy", MCP__KETAMA_SPY, SPY),
    EACH_HASH("ketama-weighted", MCP__KETAMA_WEIGHTED, WEIGHTED),
    EACH_HASH("ketama-weighted-spy", MCP__KETAMA_WEIGHTED_SPY, BOTH),
};
#define N_MODES (int)(sizeof modes / sizeof modes[0])

static void
set(memcached_st *memc, memcached_behavior_t behavior, uint64_t value)
{
    ck_assert_int_eq(memcached_behavior_set(memc, behavior, value), MEMCACHED_SUCCESS);
}

/* KETAMA_WEIGHTED switches the hash to MD5, so it stands before HASH, and spy after both. */
static memcached_st *
theirs(const client_mode *mode, const kit_list *list)
{
    memcached_st *memc = memcached_create(NULL);
    ck_assert_ptr_nonnull(memc);
    if (mode->ketama >= 0)
        set(memc, (memcached_behavior_t)mode->ketama, 1);
    if (mode->hash_behavior >= 0)
        set(memc, MEMCACHED_BEHAVIOR_HASH, (uint64_t)mode->hash_behavior);
    if (mode->distribution_behavior >= 0)
        set(memc, MEMCACHED_BEHAVIOR_DISTRIBUTION, (uint64_t)mode->distribution_behavior);
    for (size_t i = 0; i < list->n; i++) {
        const mcp__server_spec *s = &list->servers[i];
        memcached_return_t done =
            s->is_unix ? memcached_server_add_unix_socket_with_weight(memc, s->host, s->weight)
                       : memcached_server_add_with_weight(memc, s->host, s->port, s->weight);
        ck_assert_int_eq(done, MEMCACHED_SUCCESS);
    }
    return memc;
}

static void
compare(const client_mode *mode, kit_random *r, const kit_list *list)
{
    char key[250];
    memcached_st *memc = theirs(mode, list);
    mcp__map *map = kit_map(mode->distribution, mode->hash, list->servers, list->n);
    for (unsigned i = 0; i < KEYS; i++) {
        size_t len = kit_key(r, key);
        uint32_t expected = memcached_generate_hash(memc, key, len),
                 found = kit_find(map, key, len);
        ck_assert_msg(found == expected, "%s, %zu servers: key of %zu bytes is on %u, not on %u",
                      mode->name, list->n, len, found, expected);
    }
    mcp__map_free(map);
    memcached_free(memc);
}

/* libmemcached builds its ring anew with every server: a sanitized build gets fewer lists. */
static unsigned
n_lists(void)
{
    const char *slow = getenv("MCP_SLOW");
    return slow != NULL && atoi(slow) > 1 ? LISTS / 5 : LISTS;
}

START_TEST(same_server)
{
    const client_mode *mode = &modes[_i];
    for (unsigned i = 0; i < n_lists(); i++) {
        kit_random r = {1000 * (uint64_t)_i + i + 1};
        kit_list list = {0};
        size_t n = i == 0 ? MOST_SERVERS : 1 + kit_draw(&r, MOST_SERVERS);
        static const uint32_t weights[] = {1, 1, 5, 1000};
        uint32_t most_weight = weights[i % 4];
        for (size_t at = 0; at < n; at++)
            kit_add_some(&list, &r, at, most_weight);
        compare(mode, &r, &list);
        kit_clear(&list);
    }
}
END_TEST

/* The servers come first, then the distribution, and the hash last: the ring keeps the old hash. */
START_TEST(hash_after)
{
    static const struct {
        mcp__hash ours;
        memcached_hash_t theirs;
    } hashes[] = {
        {MCP__HASH_MD5, MEMCACHED_HASH_MD5},           {MCP__HASH_CRC, MEMCACHED_HASH_CRC},
        {MCP__HASH_FNV1A_32, MEMCACHED_HASH_FNV1A_32}, {MCP__HASH_MURMUR, MEMCACHED_HASH_MURMUR},
        {MCP__HASH_JENKINS, MEMCACHED_HASH_JENKINS},
    };
    char key[250];
    kit_random r = {(uint64_t)_i + 77};
    kit_list list = {0};
    for (size_t at = 0; at < 2 + (size_t)_i * 7; at++)
        kit_add_some(&list, &r, at, _i % 2 ? 1 : 9);
    static const client_mode plain = {"plain", MCP__MODULA, MCP__HASH_DEFAULT, -1, -1, -1};
    memcached_st *memc = theirs(&plain, &list);
    set(memc, MEMCACHED_BEHAVIOR_DISTRIBUTION, MEMCACHED_DISTRIBUTION_CONSISTENT);
    set(memc, MEMCACHED_BEHAVIOR_HASH, hashes[_i % 5].theirs);
    mcp__map *map = kit_map(MCP__CONSISTENT_HASH_AFTER, hashes[_i % 5].ours, list.servers, list.n);
    for (unsigned i = 0; i < 1000; i++) {
        size_t len = kit_key(&r, key);
        ck_assert_uint_eq(kit_find(map, key, len), memcached_generate_hash(memc, key, len));
    }
    mcp__map_free(map);
    memcached_free(memc);
    kit_clear(&list);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("libmemcached");
    tcase_add_loop_test(tests, same_server, 0, N_MODES);
    tcase_add_loop_test(tests, hash_after, 0, 10);
    printf("%d modes, %u keys over %u lists of servers each\n", N_MODES, n_lists() * KEYS,
           n_lists());
    return kit_run("place_libmemcached", tests, CK_FORK);
}

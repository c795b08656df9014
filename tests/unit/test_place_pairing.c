/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pairs: the backup by the same rule, never the same server twice, mirror=next and mirror=probe,
 * hash tags, and every allocation failing once.
 */
#include "place_kit.h"

#include "place/hash.h"
#include "place/native.h"
#include "place/pairing.h"

static const mcp__distribution distributions[] = {
    MCP__NATIVE,          MCP__MODULA,        MCP__CONSISTENT,        MCP__CONSISTENT_HASH_AFTER,
    MCP__KETAMA_WEIGHTED, MCP__KETAMA_SPY,    MCP__MEMCACHE_STANDARD, MCP__MEMCACHE_CONSISTENT,
    MCP__MAGENT,          MCP__MAGENT_KETAMA, MCP__TWEMPROXY,         MCP__KETAMA_WEIGHTED_SPY,
};
#define N_DISTRIBUTIONS (int)(sizeof distributions / sizeof distributions[0])

static mcp__pairing *
pairing_of(mcp__distribution distribution, mcp__mirror mirror, const kit_list *list, size_t n)
{
    static mcp__mem mem;
    mcp__place_spec place = {.distribution = distribution};
    mcp__err err;
    mem = mcp__mem_system();
    mcp__pairing *p = mcp__pairing_new(&mem, &place, mirror, list->servers, n, list->n - n, &err);
    ck_assert_msg(p != NULL, "%s", err.text);
    return p;
}

static int
same(const kit_list *list, uint32_t a, uint32_t b)
{
    return strcmp(list->servers[a].address, list->servers[b].address) == 0;
}

/* Servers 0..n-1 and then m backups, some of which are primaries again. */
static void
overlapping(kit_list *list, kit_random *r, size_t n, size_t m, int repeats)
{
    for (size_t i = 0; i < n; i++)
        kit_add_some(list, r, i, 3);
    for (size_t i = 0; i < m; i++) {
        const mcp__server_spec *s = &list->servers[i % n];
        if (kit_draw(r, 2) && (repeats || i < n))
            kit_add(list, s->host, s->port, 1 + kit_draw(r, 3), NULL);
        else
            kit_add_some(list, r, 500 + i, 3);
    }
}

/* What the rule says, found by walking. */
static uint32_t
expected_backup(const kit_list *list, size_t n, uint32_t primary, uint32_t index)
{
    size_t m = list->n - n;
    for (size_t step = 0; step < m; step++) {
        uint32_t backup = (uint32_t)(n + (index + step) % m);
        if (!same(list, primary, backup))
            return backup;
    }
    return MCP__NO_SERVER;
}

START_TEST(backups)
{
    static const size_t sizes[][2] = {{1, 1}, {1, 3}, {3, 1}, {3, 3}, {10, 4}, {4, 10}, {50, 50}};
    mcp__distribution distribution = distributions[_i];
    char key[250];
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        kit_random r = {(uint64_t)_i * 50 + i + 1};
        kit_list list = {0};
        size_t n = sizes[i][0], m = sizes[i][1];
        overlapping(&list, &r, n, m, distribution != MCP__NATIVE);
        mcp__pairing *p = pairing_of(distribution, MCP__MIRROR_BACKUP, &list, n);
        mcp__map *primaries = kit_map(distribution, MCP__HASH_DEFAULT, list.servers, n);
        mcp__map *others = kit_map(distribution, MCP__HASH_DEFAULT, list.servers + n, m);
        for (unsigned k = 0; k < 300; k++) {
            size_t len = kit_key(&r, key);
            mcp__pair pair = mcp__pairing_find(p, key, len);
            uint32_t primary = kit_find(primaries, key, len);
            ck_assert_uint_eq(pair.primary, primary);
            ck_assert_uint_eq(pair.backup,
                              expected_backup(&list, n, primary, kit_find(others, key, len)));
        }
        mcp__map_free(primaries);
        mcp__map_free(others);
        mcp__pairing_free(p);
        kit_clear(&list);
    }
}
END_TEST

START_TEST(one_copy)
{
    kit_list list = {0};
    kit_add(&list, "a", 1, 1, NULL);
    kit_add(&list, "a", 1, 1, NULL);
    for (int mirror = MCP__MIRROR_OFF; mirror <= MCP__MIRROR_PROBE; mirror++) {
        mcp__pairing *p = pairing_of(distributions[_i], (mcp__mirror)mirror, &list, 1);
        mcp__pair pair = mcp__pairing_find(p, "key", 3);
        ck_assert_uint_eq(pair.primary, 0);
        ck_assert_uint_eq(pair.backup, MCP__NO_SERVER); /* the only backup is the primary */
        mcp__pairing_free(p);
    }
    list.n = 1;
    mcp__pairing *p = pairing_of(distributions[_i], MCP__MIRROR_BACKUP, &list, 1);
    ck_assert_uint_eq(mcp__pairing_find(p, "key", 3).backup, MCP__NO_SERVER);
    mcp__pairing_free(p);
    list.n = 2;
    kit_clear(&list);
}
END_TEST

/* Without the primary's address the next one would be the primary: that is what "next" means. */
static uint32_t
next_by_removal(mcp__distribution distribution, const kit_list *list, uint32_t primary,
                const char *key, size_t len)
{
    mcp__server_spec left[16];
    uint32_t number[16];
    size_t n = 0;
    for (uint32_t i = 0; i < list->n; i++)
        if (!same(list, i, primary)) {
            left[n] = list->servers[i];
            number[n++] = i;
        }
    mcp__map *map = kit_map(distribution, MCP__HASH_DEFAULT, left, n);
    uint32_t found = number[kit_find(map, key, len)];
    mcp__map_free(map);
    return found;
}

/* On rings whose points do not depend on who else is there, and for native. */
START_TEST(next_is_successor)
{
    static const mcp__distribution rings[] = {MCP__NATIVE,     MCP__CONSISTENT,
                                              MCP__KETAMA_SPY, MCP__KETAMA_WEIGHTED,
                                              MCP__TWEMPROXY,  MCP__MAGENT_KETAMA};
    char key[250];
    kit_random r = {(uint64_t)_i + 9};
    kit_list list = {0};
    for (size_t i = 0; i < 6; i++)
        kit_add_some(&list, &r, i, 1);
    if (rings[_i] != MCP__NATIVE) /* the same server twice */
        kit_add(&list, list.servers[2].host, list.servers[2].port, 1, NULL);
    mcp__pairing *p = pairing_of(rings[_i], MCP__MIRROR_NEXT, &list, list.n);
    for (unsigned k = 0; k < (rings[_i] == MCP__NATIVE ? 20 : 200); k++) {
        size_t len = kit_key(&r, key);
        mcp__pair pair = mcp__pairing_find(p, key, len);
        ck_assert_uint_eq(pair.backup, next_by_removal(rings[_i], &list, pair.primary, key, len));
    }
    mcp__pairing_free(p);
    kit_clear(&list);
}
END_TEST

START_TEST(next_is_index_plus_one)
{
    mcp__distribution distribution = _i ? MCP__MAGENT : MCP__MODULA;
    char key[250];
    kit_random r = {31};
    kit_list list = {0};
    for (unsigned i = 0; i < 5; i++)
        kit_add(&list, "h", i < 3 ? 1 + i : 3 + i / 4, 1, NULL); /* ports 1 2 3 3 4 */
    static const uint32_t next[] = {1, 2, 4, 4, 0};
    mcp__pairing *p = pairing_of(distribution, MCP__MIRROR_NEXT, &list, 5);
    mcp__map *map = kit_map(distribution, MCP__HASH_DEFAULT, list.servers, 5);
    for (unsigned k = 0; k < 500; k++) {
        size_t len = kit_key(&r, key);
        mcp__pair pair = mcp__pairing_find(p, key, len);
        ck_assert_uint_eq(pair.primary, kit_find(map, key, len));
        ck_assert_uint_eq(pair.backup, next[pair.primary]);
    }
    mcp__map_free(map);
    mcp__pairing_free(p);
    kit_clear(&list);
}
END_TEST

/* mirror=next and mirror=probe everywhere: another address, whenever there is one. */
START_TEST(never_the_same_server)
{
    char key[250];
    for (int mirror = MCP__MIRROR_NEXT; mirror <= MCP__MIRROR_PROBE; mirror++) {
        kit_random r = {(uint64_t)_i + 3};
        kit_list list = {0};
        for (size_t i = 0; i < 9; i++)
            kit_add_some(&list, &r, i, 5);
        if (distributions[_i] != MCP__NATIVE)
            kit_add(&list, list.servers[0].host, list.servers[0].port, 5, NULL);
        mcp__pairing *p = pairing_of(distributions[_i], (mcp__mirror)mirror, &list, list.n);
        for (unsigned k = 0; k < 300; k++) {
            mcp__pair pair = mcp__pairing_find(p, key, kit_key(&r, key));
            ck_assert_uint_lt(pair.primary, list.n);
            if (mirror == MCP__MIRROR_PROBE && pair.backup == MCP__NO_SERVER)
                continue; /* twenty tries may fail */
            ck_assert_uint_lt(pair.backup, list.n);
            ck_assert(!same(&list, pair.primary, pair.backup));
        }
        mcp__pairing_free(p);
        kit_clear(&list);
    }
}
END_TEST

/* pecl: redundancy and failover agree, and mirror=probe is the redundancy copy. */
START_TEST(probes)
{
    mcp__distribution distribution = _i ? MCP__MEMCACHE_STANDARD : MCP__MEMCACHE_CONSISTENT;
    char key[250], probe[270];
    kit_random r = {8};
    kit_list list = {0};
    for (size_t i = 0; i < 6; i++)
        kit_add_some(&list, &r, i, 2);
    mcp__pairing *p = pairing_of(distribution, MCP__MIRROR_PROBE, &list, 6);
    mcp__map *map = kit_map(distribution, MCP__HASH_DEFAULT, list.servers, 6);
    for (unsigned k = 0; k < 500; k++) {
        size_t len = kit_key(&r, key);
        uint8_t dead[6] = {0};
        uint32_t attempt = 0, primary = kit_find(map, key, len), expected = MCP__MAP_NONE;
        for (unsigned i = 0; i < 20 && expected == MCP__MAP_NONE; i++) {
            memcpy(probe, key, len);
            int more = snprintf(probe + len, 20, "-%u", i);
            uint32_t at = kit_find(map, probe, len + (size_t)more);
            expected = at != primary ? at : MCP__MAP_NONE;
        }
        mcp__pair pair = mcp__pairing_find(p, key, len);
        dead[primary] = 1;
        ck_assert_uint_eq(pair.primary, primary);
        ck_assert_uint_eq(pair.backup, expected);
        ck_assert_uint_eq(mcp__map_failover(map, key, len, dead, &attempt), expected);
        memset(dead, 1, sizeof dead);
        ck_assert_uint_eq(mcp__map_failover(map, key, len, dead, &attempt), MCP__MAP_NONE);
        ck_assert_uint_eq(attempt, 20);
    }
    mcp__map_free(map);
    mcp__pairing_free(p);
    kit_clear(&list);
}
END_TEST

START_TEST(hash_tags)
{
    static const struct {
        const char *tag, *key, *hashed;
    } rows[] = {
        {"{}", "user:{42}:name", "42"},
        {"{}", "{a}{b}", "a"},
        {"{}", "x{}y{z}", "x{}y{z}"},
        {"{}", "no tag", "no tag"},
        {"{}", "open{only", "open{only"},
        {"{}", "}before{", "}before{"},
        {"$$", "a$b$c$d", "b"},
        {"$$", "a$b", "a$b"},
        {"{}", "{{a}}", "{a"},
        {"{}", "{", "{"},
    };
    mcp__mem mem = mcp__mem_system();
    kit_list list = {0};
    kit_random r = {1};
    for (size_t i = 0; i < 50; i++)
        kit_add_some(&list, &r, i, 1);
    mcp__map *map = kit_map(distributions[_i], MCP__HASH_DEFAULT, list.servers, 50);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcp__err err;
        size_t len = strlen(rows[i].key);
        mcp__place_spec place = {.distribution = distributions[_i]};
        memcpy(place.hash_tag, rows[i].tag, 2);
        const char *hashed = mcp__hash_tagged(rows[i].tag, rows[i].key, &len);
        ck_assert_uint_eq(len, strlen(rows[i].hashed));
        ck_assert_mem_eq(hashed, rows[i].hashed, len);
        mcp__pairing *p =
            mcp__pairing_new(&mem, &place, MCP__MIRROR_OFF, list.servers, 50, 0, &err);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq(mcp__pairing_find(p, rows[i].key, strlen(rows[i].key)).primary,
                          kit_find(map, hashed, len));
        mcp__pairing_free(p);
    }
    mcp__map_free(map);
    kit_clear(&list);
}
END_TEST

/* The bits for other uses are spread evenly within what one server holds. */
START_TEST(other_bits)
{
    unsigned segments[64] = {0}, of_first = 0;
    char key[32];
    kit_list list = {0};
    kit_random r = {2};
    for (size_t i = 0; i < 2; i++)
        kit_add_some(&list, &r, i, 1);
    mcp__pairing *p = pairing_of(MCP__NATIVE, MCP__MIRROR_OFF, &list, 2);
    for (unsigned i = 0; i < 40000; i++) {
        size_t len = (size_t)snprintf(key, sizeof key, "key-%u", i);
        if (mcp__pairing_find(p, key, len).primary != 0)
            continue;
        of_first++;
        segments[mcp__pairing_hash_bits(key, len) % 64]++;
    }
    for (unsigned i = 0; i < 64; i++) {
        ck_assert_uint_gt(segments[i], of_first / 64 * 3 / 4);
        ck_assert_uint_lt(segments[i], of_first / 64 * 5 / 4);
    }
    mcp__pairing_free(p);
    kit_clear(&list);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------- */

typedef struct meter {
    long until_failure; /* -1: never */
    long blocks;
} meter;

static void *
meter_allocate(void *context, size_t size)
{
    meter *m = context;
    if (m->until_failure == 0)
        return NULL;
    m->until_failure -= m->until_failure > 0;
    m->blocks++;
    return malloc(size);
}

static void
meter_release(void *context, void *memory)
{
    meter *m = context;
    m->blocks -= memory != NULL;
    free(memory);
}

START_TEST(every_allocation_fails)
{
    kit_list list = {0};
    kit_random r = {6};
    for (size_t i = 0; i < 6; i++)
        kit_add_some(&list, &r, i, 2);
    for (int mirror = MCP__MIRROR_OFF; mirror <= MCP__MIRROR_PROBE; mirror++) {
        mcp__pairing *p = NULL;
        for (long n = 0; p == NULL; n++) {
            meter used = {n, 0};
            mcp__mem mem = {meter_allocate, NULL, meter_release, &used};
            mcp__place_spec place = {.distribution = distributions[_i]};
            mcp__err err;
            mcp__err_clear(&err);
            p = mcp__pairing_new(&mem, &place, (mcp__mirror)mirror, list.servers, 3, 3, &err);
            ck_assert_msg(p != NULL || err.status == MCP_NO_MEMORY, "%d", (int)err.status);
            ck_assert_int_lt(n, 100);
            ck_assert(p != NULL || n > 0 || used.blocks == 0);
            mcp__pairing_free(p);
            ck_assert_int_eq(used.blocks, 0);
        }
    }
    kit_clear(&list);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("pairing");
    tcase_add_loop_test(tests, backups, 0, N_DISTRIBUTIONS);
    tcase_add_loop_test(tests, one_copy, 0, N_DISTRIBUTIONS);
    tcase_add_loop_test(tests, next_is_successor, 0, 6);
    tcase_add_loop_test(tests, next_is_index_plus_one, 0, 2);
    tcase_add_loop_test(tests, never_the_same_server, 0, N_DISTRIBUTIONS);
    tcase_add_loop_test(tests, probes, 0, 2);
    tcase_add_loop_test(tests, hash_tags, 0, N_DISTRIBUTIONS);
    tcase_add_test(tests, other_bits);
    tcase_add_loop_test(tests, every_allocation_fails, 0, N_DISTRIBUTIONS);
    return kit_run("place_pairing", tests, CK_FORK);
}

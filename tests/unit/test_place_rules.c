/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of the old clients, written a second time, slowly and obviously, and compared with the
 * library on what the vector files do not hold: other hosts, ports, names and sockets, weights up
 * to 1000, 1 to 1000 servers, keys of 1 to 250 bytes of any value. And what must be refused.
 */
#include "place_kit.h"

#include <md5.h>
#include <zlib.h>

#include "place/compat.h"
#include "place/hash.h"

/* ---- The slow way ------------------------------------------------------------------------- */

typedef struct slow_point {
    uint32_t value;
    uint32_t owner;
} slow_point;

typedef struct slow_ring {
    slow_point *points;
    size_t n, room;
} slow_ring;

static void
slow_add(slow_ring *ring, uint32_t value, size_t owner)
{
    if (ring->n == ring->room) {
        ring->room = ring->room > 0 ? 2 * ring->room : 1024;
        ring->points = realloc(ring->points, ring->room * sizeof *ring->points);
        ck_assert_ptr_nonnull(ring->points);
    }
    ring->points[ring->n++] = (slow_point){value, (uint32_t)owner};
}

/* The lowest (value, owner) at or above the hash; where there is none, the lowest of all. */
static uint32_t
slow_find(const slow_ring *ring, uint32_t hash)
{
    const slow_point *best = NULL, *lowest = &ring->points[0];
    for (size_t i = 0; i < ring->n; i++) {
        const slow_point *p = &ring->points[i];
        if (p->value < lowest->value || (p->value == lowest->value && p->owner < lowest->owner))
            lowest = p;
        if (p->value >= hash && (best == NULL || p->value < best->value ||
                                 (p->value == best->value && p->owner < best->owner)))
            best = p;
    }
    return best != NULL ? best->owner : lowest->owner;
}

static void
slow_md5(slow_ring *ring, const char *label, size_t owner)
{
    MD5_CTX context;
    uint8_t d[16];
    MD5Init(&context);
    MD5Update(&context, (const uint8_t *)label, strlen(label));
    MD5Final(d, &context);
    for (unsigned i = 0; i < 16; i += 4)
        slow_add(ring,
                 (uint32_t)d[i] | (uint32_t)d[i + 1] << 8 | (uint32_t)d[i + 2] << 16 |
                     (uint32_t)d[i + 3] << 24,
                 owner);
}

/* Labels without their number, and how many of them. */
static void
slow_label(char *out, size_t size, mcp__distribution distribution, const mcp__server_spec *s,
           unsigned i)
{
    unsigned port = s->is_unix ? 0 : s->port;
    if (distribution == MCP__KETAMA_SPY || distribution == MCP__KETAMA_WEIGHTED_SPY)
        snprintf(out, size, "/%s:%u-%u", s->host, port, i);
    else if (distribution == MCP__MAGENT_KETAMA)
        snprintf(out, size, "%s-%u-%u", s->host, port, i);
    else if (distribution == MCP__TWEMPROXY && s->name != s->address)
        snprintf(out, size, "%s-%u", s->name, i);
    else if (distribution == MCP__TWEMPROXY && s->is_unix)
        snprintf(out, size, "%s:-%u", s->host, i);
    else if (port == 11211)
        snprintf(out, size, "%s-%u", s->host, i);
    else
        snprintf(out, size, "%s:%u-%u", s->host, port, i);
}

static unsigned
slow_weighted_labels(const kit_list *list, size_t i)
{
    uint64_t total = 0;
    for (size_t at = 0; at < list->n; at++)
        total += list->servers[at].weight;
    float pct = (float)list->servers[i].weight / (float)total;
    float each = pct * 160.0f / 4.0f * (float)list->n;
    return (unsigned)(float)((double)each + 0.0000000001);
}

static unsigned
slow_magent_labels(size_t n)
{
    static const size_t short_ones[] = {47,  59,  83,  94,  101, 107, 109, 118,
                                        121, 143, 166, 177, 188, 193, 197};
    ck_assert_uint_le(n, 200); /* the list goes no further */
    for (unsigned i = 0; i < sizeof short_ones / sizeof short_ones[0]; i++)
        if (short_ones[i] == n)
            return 499;
    return 500;
}

static int
slow_is_weighted(mcp__distribution distribution, const kit_list *list)
{
    int weights = 0;
    for (size_t i = 0; i < list->n; i++)
        weights |= list->servers[i].weight > 1;
    switch (distribution) {
    case MCP__CONSISTENT:
    case MCP__KETAMA_SPY:
        return weights;
    case MCP__CONSISTENT_HASH_AFTER:
        return 0;
    default:
        return 1;
    }
}

static slow_ring
slow_build(mcp__distribution distribution, mcp__hash ring_hash, const kit_list *list)
{
    slow_ring ring = {0};
    char label[KIT_NAME + 64];
    int weighted = slow_is_weighted(distribution, list);
    for (size_t s = 0; s < list->n; s++) {
        unsigned n = distribution == MCP__MAGENT_KETAMA ? slow_magent_labels(list->n)
                     : weighted                         ? slow_weighted_labels(list, s)
                                                        : 100;
        for (unsigned i = 0; i < n; i++) {
            slow_label(label, sizeof label, distribution, &list->servers[s], i);
            if (weighted)
                slow_md5(&ring, label, s);
            else
                slow_add(&ring, mcp__hash_compute(ring_hash, label, strlen(label)), s);
        }
    }
    return ring;
}

/* ---- Rings -------------------------------------------------------------------------------- */

typedef struct ring_case {
    mcp__distribution distribution;
    mcp__hash asked;     /* in the spec */
    mcp__hash key_hash;  /* what that means for keys */
    mcp__hash ring_hash; /* and for labels that are not MD5 */
} ring_case;

static const ring_case ring_cases[] = {
    {MCP__CONSISTENT, MCP__HASH_DEFAULT, MCP__HASH_ONE_AT_A_TIME, MCP__HASH_ONE_AT_A_TIME},
    {MCP__CONSISTENT, MCP__HASH_MURMUR, MCP__HASH_MURMUR, MCP__HASH_MURMUR},
    {MCP__CONSISTENT_HASH_AFTER, MCP__HASH_MD5, MCP__HASH_MD5, MCP__HASH_ONE_AT_A_TIME},
    {MCP__KETAMA_WEIGHTED, MCP__HASH_DEFAULT, MCP__HASH_MD5, MCP__HASH_MD5},
    {MCP__KETAMA_WEIGHTED, MCP__HASH_FNV1A_32, MCP__HASH_FNV1A_32, MCP__HASH_MD5},
    {MCP__KETAMA_SPY, MCP__HASH_DEFAULT, MCP__HASH_ONE_AT_A_TIME, MCP__HASH_ONE_AT_A_TIME},
    {MCP__KETAMA_SPY, MCP__HASH_MD5, MCP__HASH_MD5, MCP__HASH_MD5},
    {MCP__KETAMA_WEIGHTED_SPY, MCP__HASH_DEFAULT, MCP__HASH_MD5, MCP__HASH_MD5},
    {MCP__TWEMPROXY, MCP__HASH_DEFAULT, MCP__HASH_FNV1A_64, MCP__HASH_MD5},
    {MCP__TWEMPROXY, MCP__HASH_CRC32, MCP__HASH_CRC, MCP__HASH_MD5},
    {MCP__TWEMPROXY, MCP__HASH_CRC32A, MCP__HASH_CRC32, MCP__HASH_MD5},
    {MCP__TWEMPROXY, MCP__HASH_HSIEH, MCP__HASH_HSIEH, MCP__HASH_MD5},
    {MCP__MAGENT_KETAMA, MCP__HASH_DEFAULT, MCP__HASH_MD5, MCP__HASH_MD5},
};
#define N_RING_CASES (int)(sizeof ring_cases / sizeof ring_cases[0])

static void
compare_ring(const ring_case *c, const kit_list *list, kit_random *r, unsigned keys)
{
    char key[250];
    slow_ring ring = slow_build(c->distribution, c->ring_hash, list);
    mcp__map *map = kit_map(c->distribution, c->asked, list->servers, list->n);
    for (unsigned i = 0; i < keys; i++) {
        size_t len = kit_key(r, key);
        uint32_t hash = mcp__hash_compute(c->key_hash, key, len), found = kit_find(map, key, len);
        uint32_t expected = list->n == 1 ? 0 : slow_find(&ring, hash);
        ck_assert_msg(found == expected, "%s, %zu servers: on %u, not on %u",
                      mcp__compat_name(c->distribution), list->n, found, expected);
    }
    mcp__map_free(map);
    free(ring.points);
}

START_TEST(rings)
{
    static const size_t counts[] = {1, 2, 3, 7, 47, 100, 101, 193, 1000};
    static const uint32_t weights[] = {1, 3, 1000};
    const ring_case *c = &ring_cases[_i];
    for (unsigned i = 0; i < 9; i++) {
        kit_random r = {(uint64_t)_i * 100 + i + 1};
        kit_list list = {0};
        if (c->distribution == MCP__MAGENT_KETAMA && counts[i] > 200)
            continue;
        for (size_t at = 0; at < counts[i]; at++) {
            kit_add_some(&list, &r, at, weights[i % 3]);
            if (c->distribution == MCP__TWEMPROXY && kit_draw(&r, 3) == 0) {
                char name[32];
                snprintf(name, sizeof name, "node%zu", at);
                list.servers[at].name = kit_text(name);
            }
        }
        compare_ring(c, &list, &r, counts[i] > 200 ? 60 : 300);
        kit_clear(&list);
    }
}
END_TEST

/* Each hash at and around every point, and at both ends of the circle. */
START_TEST(edges_of_a_ring)
{
    mcp__mem mem = mcp__mem_system();
    static const uint32_t points[] = {5, 0, 0xffffffff, 0x80000000, 5, 0x7fffffff, 0xfffffffe};
    mcp__ring ring;
    slow_ring slow = {0};
    ck_assert(mcp__ring_init(&ring, &mem, 7));
    for (unsigned i = 0; i < 7; i++) {
        mcp__ring_add(&ring, points[i], (uint16_t)i);
        slow_add(&slow, points[i], i);
    }
    ck_assert(mcp__ring_close(&ring));
    for (unsigned i = 0; i < 7; i++)
        for (uint32_t off = 0; off < 3; off++) {
            uint32_t hash = points[i] + off - 1;
            ck_assert_uint_eq(mcp__ring_find(&ring, hash), slow_find(&slow, hash));
            ck_assert_uint_eq(ring.owners[mcp__ring_position(&ring, hash)], slow_find(&slow, hash));
        }
    mcp__ring_fini(&ring);
    /* The last point below the largest hash: it wraps. */
    ck_assert(mcp__ring_init(&ring, &mem, 2));
    mcp__ring_add(&ring, 10, 3);
    mcp__ring_add(&ring, 20, 4);
    ck_assert(mcp__ring_close(&ring));
    ck_assert_uint_eq(mcp__ring_find(&ring, 0xffffffff), 3);
    ck_assert_uint_eq(mcp__ring_position(&ring, 0xffffffff), 0);
    ck_assert_uint_eq(mcp__ring_find(&ring, 21), 3);
    mcp__ring_fini(&ring);
    free(slow.points);
}
END_TEST

/* 2000 points a server, but 1996 for the numbers of servers at which a float is a bit short. */
START_TEST(magent_points)
{
    mcp__mem mem = mcp__mem_system();
    mcp__place_spec place = {.distribution = MCP__MAGENT_KETAMA};
    mcp__err err;
    kit_list list = {0};
    for (size_t n = 1; n <= 200; n++) {
        mcp__ring ring;
        kit_add(&list, "10.0.0.1", (unsigned)(11000 + n), 1 + (uint32_t)n % 5, NULL);
        if (n % 10 != 0 && slow_magent_labels(n) == 500)
            continue;
        ck_assert_int_eq(mcp__compat_ring(&ring, &mem, &place, list.servers, n, &err), MCP_OK);
        ck_assert_uint_eq(ring.n, 4 * n * slow_magent_labels(n));
        mcp__ring_fini(&ring);
    }
    kit_clear(&list);
}
END_TEST

/* ---- Buckets and remainders --------------------------------------------------------------- */

static uint32_t
slow_standard(const kit_list *list, uint32_t hash)
{
    uint64_t total = 0, at;
    uint32_t h = hash >> 16 & 0x7fff;
    for (size_t i = 0; i < list->n; i++)
        total += list->servers[i].weight;
    at = (h != 0 ? h : 1) % total;
    for (uint32_t i = 0;; i++) {
        if (at < list->servers[i].weight)
            return i;
        at -= list->servers[i].weight;
    }
}

static void
compare_pecl(mcp__distribution distribution, mcp__hash function, const kit_list *list,
             kit_random *r)
{
    char key[250], label[KIT_NAME + 64];
    slow_ring ring = {0};
    mcp__map *map = kit_map(distribution, function, list->servers, list->n);
    for (size_t s = 0; distribution == MCP__MEMCACHE_CONSISTENT && s < list->n; s++)
        for (unsigned i = 0; i < 160 * list->servers[s].weight; i++) {
            const mcp__server_spec *spec = &list->servers[s];
            snprintf(label, sizeof label, "%s%s:%u-%u", spec->is_unix ? "unix://" : "", spec->host,
                     spec->is_unix ? 0 : spec->port, i);
            slow_add(&ring, mcp__hash_compute(function, label, strlen(label)), s);
        }
    for (unsigned i = 0; i < 200; i++) {
        size_t len = kit_key(r, key);
        uint32_t hash = function == MCP__HASH_FNV
                            ? mcp__hash_compute(MCP__HASH_FNV1A_32, key, len)
                            : (uint32_t)crc32(0, (const Bytef *)key, (uInt)len);
        uint32_t expected = list->n == 1 ? 0
                            : distribution == MCP__MEMCACHE_STANDARD
                                ? slow_standard(list, hash)
                                : slow_find(&ring, hash % 1024 * 4194303);
        ck_assert_uint_eq(kit_find(map, key, len), expected);
    }
    mcp__map_free(map);
    free(ring.points);
}

START_TEST(pecl)
{
    static const struct {
        size_t n;
        uint32_t weight;
    } sizes[] = {{1, 1}, {2, 1}, {3, 7}, {10, 1000}, {100, 3}, {1000, 1}, {1000, 2}};
    mcp__distribution distribution = _i % 2 ? MCP__MEMCACHE_STANDARD : MCP__MEMCACHE_CONSISTENT;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        kit_random r = {(uint64_t)_i * 10 + i + 1};
        kit_list list = {0};
        for (size_t at = 0; at < sizes[i].n; at++)
            kit_add_some(&list, &r, at, sizes[i].weight);
        compare_pecl(distribution, _i / 2 ? MCP__HASH_FNV : MCP__HASH_CRC32, &list, &r);
        kit_clear(&list);
    }
}
END_TEST

START_TEST(prepared_keys)
{
    char out[MCP__HASH_PREPARED_MAX], key[300];
    for (unsigned i = 0; i < sizeof key; i++)
        key[i] = (char)i;
    ck_assert_uint_eq(mcp__hash_prepare(out, key, sizeof key), 250);
    for (unsigned i = 0; i < 250; i++)
        ck_assert_int_eq(out[i], i <= 0x20 ? '_' : (char)i);
    ck_assert_uint_eq(mcp__hash_prepare(out, "a b", 3), 3);
    ck_assert_mem_eq(out, "a_b", 3);
    ck_assert_uint_eq(mcp__hash_prepare(out, "", 0), 0);
}
END_TEST

START_TEST(remainders)
{
    char key[250];
    kit_random r = {5};
    kit_list list = {0};
    for (size_t n = 1; n <= 1000; n = n * 3 / 2 + 1) {
        while (list.n < n)
            kit_add_some(&list, &r, list.n, 9); /* weights are ignored */
        mcp__map *modula = kit_map(MCP__MODULA, MCP__HASH_DEFAULT, list.servers, n);
        mcp__map *magent = kit_map(MCP__MAGENT, MCP__HASH_DEFAULT, list.servers, n);
        for (unsigned i = 0; i < 200; i++) {
            size_t len = kit_key(&r, key);
            uint32_t djb = 5381;
            for (size_t at = 0; at < len; at++) {
                int byte = (signed char)key[at];
                djb = djb * 33 + (uint32_t)byte;
            }
            ck_assert_uint_eq(kit_find(magent, key, len), (djb & 0x7fffffff) % n);
            ck_assert_uint_eq(kit_find(modula, key, len),
                              mcp__hash_compute(MCP__HASH_ONE_AT_A_TIME, key, len) % n);
        }
        mcp__map_free(modula);
        mcp__map_free(magent);
    }
    kit_clear(&list);
}
END_TEST

/* magent 0.7: a ring hash of 0 takes the plain rule. No key with that hash is known, so by hand. */
START_TEST(magent_zero)
{
    kit_list list = {0};
    kit_random r = {3};
    for (size_t i = 0; i < 7; i++)
        kit_add_some(&list, &r, i, 1);
    mcp__map *map = kit_map(MCP__MAGENT_KETAMA, MCP__HASH_DEFAULT, list.servers, 7);
    for (uint32_t plain = 0; plain < 20; plain++)
        ck_assert_uint_eq(mcp__map_find(map, (uint64_t)plain << 32), plain % 7);
    mcp__map_free(map);
    kit_clear(&list);
}
END_TEST

/* ---- Hashes without vectors --------------------------------------------------------------- */

/* twemproxy keeps 32 bits of it; bit by bit. */
static uint32_t
slow_crc16(const char *key, size_t len)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        uint32_t in = (crc >> 8 ^ (uint8_t)key[i]) & 0xff, entry = in << 8;
        for (unsigned bit = 0; bit < 8; bit++)
            entry = entry & 0x8000 ? (entry << 1 ^ 0x1021) & 0xffff : entry << 1;
        crc = crc << 8 ^ entry;
    }
    return crc;
}

START_TEST(crc16)
{
    char key[250];
    kit_random r = {11};
    for (unsigned i = 0; i < 500; i++) {
        size_t len = kit_key(&r, key);
        ck_assert_uint_eq(mcp__hash_compute(MCP__HASH_CRC16, key, len), slow_crc16(key, len));
    }
    /* The check value of CRC-16/XMODEM, in the low 16 bits. */
    ck_assert_uint_eq(mcp__hash_compute(MCP__HASH_CRC16, "123456789", 9) & 0xffff, 0x31c3);
}
END_TEST

START_TEST(empty_keys)
{
    for (int hash = 0; hash <= MCP__HASH_CRC32A; hash++)
        (void)mcp__hash_compute((mcp__hash)hash, "", 0);
    ck_assert_uint_eq(mcp__hash_compute(MCP__HASH_CRC32, "", 0), 0);
    ck_assert_uint_eq(mcp__hash_compute(MCP__HASH_FNV1A_32, "", 0), 2166136261u);
    ck_assert_uint_eq(mcp__hash_djb2("", 0), 5381);
}
END_TEST

/* ---- Refusals ----------------------------------------------------------------------------- */

static void
refused(mcp__distribution distribution, mcp__hash hash, const mcp__server_spec *servers, size_t n,
        const char *one, const char *two)
{
    mcp__mem mem = mcp__mem_system();
    mcp__place_spec place = {.distribution = distribution, .hash = hash};
    mcp__err err;
    mcp__err_clear(&err);
    ck_assert_ptr_null(mcp__map_new(&mem, &place, servers, n, &err));
    ck_assert_int_eq(err.status, MCP_BAD_ARGUMENT);
    ck_assert_msg(strstr(err.text, one) != NULL && strstr(err.text, two) != NULL, "%s", err.text);
}

START_TEST(contradictions)
{
    kit_list list = {0};
    kit_add(&list, "a", 1, 1, NULL);
    const mcp__server_spec *s = list.servers;
    refused(MCP__NATIVE, MCP__HASH_MD5, s, 1, "native", "hash=md5");
    refused(MCP__MAGENT, MCP__HASH_CRC, s, 1, "magent", "hash=crc");
    refused(MCP__MAGENT_KETAMA, MCP__HASH_MD5, s, 1, "magent-ketama", "hash=md5");
    refused(MCP__MODULA, MCP__HASH_HSIEH, s, 1, "hash=hsieh", " jenkins");
    refused(MCP__MODULA, MCP__HASH_CRC32, s, 1, "hash=crc32", " crc ");
    refused(MCP__CONSISTENT, MCP__HASH_FNV, s, 1, "hash=fnv", " fnv1a_32");
    refused(MCP__KETAMA_WEIGHTED, MCP__HASH_CRC16, s, 1, "ketama-weighted", "hash=crc16");
    refused(MCP__MEMCACHE_STANDARD, MCP__HASH_MD5, s, 1, "memcache-standard", "crc32 fnv");
    refused(MCP__MEMCACHE_CONSISTENT, MCP__HASH_FNV1A_32, s, 1, "hash=fnv1a_32", "crc32 fnv");
    refused(MCP__TWEMPROXY, MCP__HASH_MURMUR3, s, 1, "hash=murmur3", " murmur jenkins");
    refused((mcp__distribution)99, MCP__HASH_DEFAULT, s, 1, "distribution", "99");
    refused(MCP__MODULA, (mcp__hash)99, s, 1, "hash", "99");
    refused(MCP__MODULA, MCP__HASH_DEFAULT, s, 0, "0 servers", "65534");
    refused(MCP__MODULA, MCP__HASH_DEFAULT, s, 65535, "65535 servers", "65534");
    kit_clear(&list);
}
END_TEST

/* 16,000,000 points are allowed, one server of weight 1 more is not. */
START_TEST(too_many_points)
{
    kit_list list = {0};
    for (unsigned i = 0; i < 100; i++)
        kit_add(&list, "10.0.0.1", 1 + i, 1000, NULL);
    mcp__map_free(kit_map(MCP__MEMCACHE_CONSISTENT, MCP__HASH_FNV, list.servers, 100));
    kit_add(&list, "10.0.0.1", 1000, 1, NULL);
    refused(MCP__MEMCACHE_CONSISTENT, MCP__HASH_FNV, list.servers, 101, "16000160 points",
            "16 million");
    kit_clear(&list);
    for (unsigned i = 0; i < 8001; i++)
        kit_add(&list, "10.0.0.1", 1 + i, 1, NULL);
    refused(MCP__MAGENT_KETAMA, MCP__HASH_DEFAULT, list.servers, 8001, "magent-ketama",
            "16 million");
    kit_clear(&list);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("rules");
    tcase_add_loop_test(tests, rings, 0, N_RING_CASES);
    tcase_add_test(tests, edges_of_a_ring);
    tcase_add_test(tests, magent_points);
    tcase_add_loop_test(tests, pecl, 0, 4);
    tcase_add_test(tests, prepared_keys);
    tcase_add_test(tests, remainders);
    tcase_add_test(tests, magent_zero);
    tcase_add_test(tests, crc16);
    tcase_add_test(tests, empty_keys);
    tcase_add_test(tests, contradictions);
    tcase_add_test(tests, too_many_points);
    return kit_run("place_rules", tests, CK_FORK);
}

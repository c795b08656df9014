/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules were read in the old clients' behaviour and are proven by tests/vectors (taken from the
 * real programs), by comparing with libmemcached and twemproxy where they are installed, and by a
 * slow second writing of them in the tests.
 *
 * Floats: libmemcached, twemproxy and magent share out points in float, so the very roundings
 * matter. Every step is stored into a float of its own, which no compiler may keep wider.
 */
#include "place/compat.h"

#include <stdio.h>
#include <string.h>

#include "place/hash.h"

#define DEFAULT_PORT 11211
/* A host name or the path of a socket, a port and a counter; 1025 is NI_MAXHOST. */
#define LABEL_MAX (1025 + 40)

#define ONE(hash) (1u << (hash))
#define LIBMEMCACHED                                                                               \
    (ONE(MCP__HASH_ONE_AT_A_TIME) | ONE(MCP__HASH_MD5) | ONE(MCP__HASH_CRC) |                      \
     ONE(MCP__HASH_FNV1_64) | ONE(MCP__HASH_FNV1A_64) | ONE(MCP__HASH_FNV1_32) |                   \
     ONE(MCP__HASH_FNV1A_32) | ONE(MCP__HASH_MURMUR) | ONE(MCP__HASH_MURMUR3) |                    \
     ONE(MCP__HASH_JENKINS))
#define PECL (ONE(MCP__HASH_CRC32) | ONE(MCP__HASH_FNV))
#define NUTCRACKER                                                                                 \
    (ONE(MCP__HASH_ONE_AT_A_TIME) | ONE(MCP__HASH_MD5) | ONE(MCP__HASH_CRC16) |                    \
     ONE(MCP__HASH_CRC32) | ONE(MCP__HASH_CRC32A) | ONE(MCP__HASH_FNV1_64) |                       \
     ONE(MCP__HASH_FNV1A_64) | ONE(MCP__HASH_FNV1_32) | ONE(MCP__HASH_FNV1A_32) |                  \
     ONE(MCP__HASH_HSIEH) | ONE(MCP__HASH_MURMUR) | ONE(MCP__HASH_JENKINS))

static const struct {
    const char *name;
    uint32_t hashes; /* a bit for each that it uses; 0: it has one of its own */
    mcp__hash standard;
} rules[] = {
    [MCP__NATIVE] = {"native", 0, MCP__HASH_DEFAULT},
    [MCP__MODULA] = {"modula", LIBMEMCACHED, MCP__HASH_ONE_AT_A_TIME},
    [MCP__CONSISTENT] = {"consistent", LIBMEMCACHED, MCP__HASH_ONE_AT_A_TIME},
    [MCP__CONSISTENT_HASH_AFTER] = {"consistent-hash-after", LIBMEMCACHED, MCP__HASH_ONE_AT_A_TIME},
    [MCP__KETAMA_WEIGHTED] = {"ketama-weighted", LIBMEMCACHED, MCP__HASH_MD5},
    [MCP__KETAMA_SPY] = {"ketama-spy", LIBMEMCACHED, MCP__HASH_ONE_AT_A_TIME},
    [MCP__MEMCACHE_STANDARD] = {"memcache-standard", PECL, MCP__HASH_CRC32},
    [MCP__MEMCACHE_CONSISTENT] = {"memcache-consistent", PECL, MCP__HASH_CRC32},
    [MCP__MAGENT] = {"magent", 0, MCP__HASH_DEFAULT},
    [MCP__MAGENT_KETAMA] = {"magent-ketama", 0, MCP__HASH_DEFAULT},
    [MCP__TWEMPROXY] = {"twemproxy", NUTCRACKER, MCP__HASH_FNV1A_64},
    [MCP__KETAMA_WEIGHTED_SPY] = {"ketama-weighted-spy", LIBMEMCACHED, MCP__HASH_MD5},
};

static const char *const hash_names[] = {
    [MCP__HASH_DEFAULT] = "default",   [MCP__HASH_ONE_AT_A_TIME] = "one_at_a_time",
    [MCP__HASH_MD5] = "md5",           [MCP__HASH_CRC] = "crc",
    [MCP__HASH_CRC32] = "crc32",       [MCP__HASH_FNV1_64] = "fnv1_64",
    [MCP__HASH_FNV1A_64] = "fnv1a_64", [MCP__HASH_FNV1_32] = "fnv1_32",
    [MCP__HASH_FNV1A_32] = "fnv1a_32", [MCP__HASH_FNV] = "fnv",
    [MCP__HASH_HSIEH] = "hsieh",       [MCP__HASH_MURMUR] = "murmur",
    [MCP__HASH_MURMUR3] = "murmur3",   [MCP__HASH_JENKINS] = "jenkins",
    [MCP__HASH_CRC16] = "crc16",       [MCP__HASH_CRC32A] = "crc32a",
};
#define N_RULES (sizeof rules / sizeof rules[0])
#define N_HASHES (sizeof hash_names / sizeof hash_names[0])

const char *
mcp__compat_name(mcp__distribution distribution)
{
    return (size_t)distribution < N_RULES ? rules[distribution].name : "?";
}

static mcp_status
refuse_hash(const mcp__place_spec *place, mcp__err *err)
{
    char list[160] = "";
    size_t used = 0;
    uint32_t hashes = rules[place->distribution].hashes;
    const char *name = rules[place->distribution].name;
    if ((size_t)place->hash >= N_HASHES)
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "there is no hash number %d", (int)place->hash);
    for (unsigned i = 1; i < N_HASHES && used < sizeof list; i++)
        if (hashes & ONE(i))
            used += (size_t)snprintf(list + used, sizeof list - used, " %s", hash_names[i]);
    if (hashes == 0)
        return mcp__err_set(err, MCP_BAD_ARGUMENT,
                            "distribution=%s has a hash of its own; leave hash=%s out", name,
                            hash_names[place->hash]);
    return mcp__err_set(err, MCP_BAD_ARGUMENT, "distribution=%s does not use hash=%s, but:%s", name,
                        hash_names[place->hash], list);
}

mcp_status
mcp__compat_hash(const mcp__place_spec *place, mcp__hash *hash, mcp__err *err)
{
    if ((size_t)place->distribution >= N_RULES)
        return mcp__err_set(err, MCP_BAD_ARGUMENT, "there is no distribution number %d",
                            (int)place->distribution);
    *hash = place->hash != MCP__HASH_DEFAULT ? place->hash : rules[place->distribution].standard;
    if (place->hash != MCP__HASH_DEFAULT &&
        ((size_t)place->hash >= N_HASHES ||
         (rules[place->distribution].hashes & ONE(place->hash)) == 0))
        return refuse_hash(place, err);
    /* twemproxy calls libmemcached's crc "crc32". */
    if (place->distribution == MCP__TWEMPROXY && *hash == MCP__HASH_CRC32)
        *hash = MCP__HASH_CRC;
    return MCP_OK;
}

/* ---- Labels ------------------------------------------------------------------------------- */

/* Label `i` of a server is the text here, a dash and i. */
typedef struct stem {
    char text[LABEL_MAX];
    size_t len; /* length up to and with the dash */
} stem;

static void
label_set(stem *label, int written)
{
    size_t len = written > 0 ? (size_t)written : 0;
    label->len = len < LABEL_MAX - 12 ? len : LABEL_MAX - 12;
}

/* libmemcached leaves its default port out. */
static void
label_init(stem *label, mcp__distribution distribution, const mcp__server_spec *server)
{
    const char *host = server->host;
    unsigned port = server->is_unix ? 0 : server->port;
    char *out = label->text;
    size_t room = sizeof label->text;
    int named = distribution == MCP__TWEMPROXY && server->name != server->address;
    if (named)
        label_set(label, snprintf(out, room, "%s-", server->name));
    else if (distribution == MCP__MAGENT_KETAMA)
        label_set(label, snprintf(out, room, "%s-%u-", host, port));
    else if (distribution == MCP__KETAMA_SPY || distribution == MCP__KETAMA_WEIGHTED_SPY)
        label_set(label, snprintf(out, room, "/%s:%u-", host, port));
    else if (distribution == MCP__MEMCACHE_CONSISTENT)
        label_set(label,
                  snprintf(out, room, "%s%s:%u-", server->is_unix ? "unix://" : "", host, port));
    else if (distribution == MCP__TWEMPROXY && server->is_unix)
        label_set(label, snprintf(out, room, "%s:-", host)); /* a port that is empty */
    else if (port == DEFAULT_PORT)
        label_set(label, snprintf(out, room, "%s-", host));
    else
        label_set(label, snprintf(out, room, "%s:%u-", host, port));
}

/* Puts `i` behind the stem; the length of it all. */
static size_t
label_number(stem *label, uint32_t i)
{
    char digits[10];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + i % 10);
    while ((i /= 10) > 0);
    for (size_t at = 0; at < n; at++)
        label->text[label->len + at] = digits[n - 1 - at];
    return label->len + n;
}

/* ---- Rings -------------------------------------------------------------------------------- */

static uint64_t
total_weight(const mcp__server_spec *servers, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += servers[i].weight > 0 ? servers[i].weight : 1;
    return total;
}

/*
 * Are the points made of MD5, four at a time? libmemcached: also as soon as one weight is above 1,
 * but not in a ring that was made before it heard of weights (consistent-hash-after).
 */
static int
has_weighted_points(mcp__distribution distribution, const mcp__server_spec *servers, size_t n)
{
    if (distribution == MCP__CONSISTENT_HASH_AFTER)
        return 0;
    if (distribution != MCP__CONSISTENT && distribution != MCP__KETAMA_SPY)
        return 1;
    for (size_t i = 0; i < n; i++)
        if (servers[i].weight > 1)
            return 1;
    return 0;
}

/* How many labels, each with `per_label` points, a server gets out of `share` of them all. */
static uint32_t
labels_of(uint32_t weight, uint64_t total, float share, size_t n)
{
    volatile float part = (float)(weight > 0 ? weight : 1) / (float)total;
    volatile float product = part * share;
    product = product * (float)n;
    /* The tiny summand is below half a step of every float it meets but 0. */
    return (uint32_t)product;
}

static uint32_t
ring_labels(mcp__distribution distribution, int weighted, const mcp__server_spec *server,
            uint64_t total, size_t n)
{
    if (distribution == MCP__MAGENT_KETAMA)
        return labels_of(100, 100 * (uint64_t)n, 500.0f, n);
    return weighted ? labels_of(server->weight, total, 40.0f, n) : 100;
}

static void
add_server(mcp__ring *ring, stem *label, uint16_t owner, uint32_t n_labels, int four,
           mcp__hash hash)
{
    for (uint32_t i = 0; i < n_labels; i++) {
        size_t len = label_number(label, i);
        uint32_t words[4];
        if (four) {
            mcp__hash_md5(label->text, len, words);
            for (unsigned word = 0; word < 4; word++)
                mcp__ring_add(ring, words[word], owner);
        } else {
            mcp__ring_add(ring, mcp__hash_compute(hash, label->text, len), owner);
        }
    }
}

static mcp_status
refuse_points(const mcp__place_spec *place, uint64_t points, mcp__err *err)
{
    return mcp__err_set(err, MCP_BAD_ARGUMENT,
                        "distribution=%s would need %llu points for these servers and weights; at "
                        "most 16 million are allowed: use fewer servers or smaller weights",
                        mcp__compat_name(place->distribution), (unsigned long long)points);
}

mcp_status
mcp__compat_ring(mcp__ring *ring, const mcp__mem *mem, const mcp__place_spec *place,
                 const mcp__server_spec *servers, size_t n, mcp__err *err)
{
    mcp__distribution distribution = place->distribution;
    mcp__hash hash = place->hash;
    int four = has_weighted_points(distribution, servers, n);
    uint64_t total = total_weight(servers, n), points = 0;
    if (hash == MCP__HASH_DEFAULT || distribution == MCP__CONSISTENT_HASH_AFTER)
        hash = MCP__HASH_ONE_AT_A_TIME;
    *ring = (mcp__ring){0};
    for (size_t i = 0; i < n; i++)
        points += (four ? 4u : 1u) * ring_labels(distribution, four, &servers[i], total, n);
    if (points > MCP__COMPAT_MOST_POINTS)
        return refuse_points(place, points, err);
    if (points == 0 || !mcp__ring_init(ring, mem, (uint32_t)points))
        return mcp__err_set(err, MCP_NO_MEMORY, "no memory for a ring of %u points",
                            (unsigned)points);
    for (size_t i = 0; i < n; i++) {
        stem label;
        label_init(&label, distribution, &servers[i]);
        add_server(ring, &label, (uint16_t)i,
                   ring_labels(distribution, four, &servers[i], total, n), four, hash);
    }
    if (!mcp__ring_close(ring))
        return mcp__err_set(err, MCP_NO_MEMORY, "no memory for a ring of %u points",
                            (unsigned)points);
    return MCP_OK;
}

/* ---- Buckets ------------------------------------------------------------------------------ */

static void
fill_standard(uint16_t *buckets, const mcp__server_spec *servers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (uint32_t copy = 0; copy < (servers[i].weight > 0 ? servers[i].weight : 1); copy++)
            *buckets++ = (uint16_t)i;
}

/*
 * Only the first point of each bucket will ever be asked for, so no more is kept: the lowest point
 * among those from where the bucket begins to where the next does.
 */
typedef struct lowest {
    uint32_t point[MCP__COMPAT_BUCKETS];
    uint8_t is_set[MCP__COMPAT_BUCKETS];
    uint16_t owner[MCP__COMPAT_BUCKETS];
} lowest;

/* Bucket b looks for the first point >= b * STEP. */
#define STEP (0xffffffffu / MCP__COMPAT_BUCKETS)

static void
lowest_add(lowest *low, uint32_t point, uint16_t owner)
{
    uint32_t bucket = point / STEP;
    if (bucket >= MCP__COMPAT_BUCKETS)
        bucket = MCP__COMPAT_BUCKETS - 1;
    if (low->is_set[bucket] && low->point[bucket] <= point)
        return;
    low->is_set[bucket] = 1;
    low->point[bucket] = point;
    low->owner[bucket] = owner;
}

static void
fill_consistent(lowest *low, uint16_t *buckets, const mcp__server_spec *servers, size_t n,
                mcp__hash hash)
{
    memset(low, 0, sizeof *low);
    for (size_t i = 0; i < n; i++) {
        stem label;
        label_init(&label, MCP__MEMCACHE_CONSISTENT, &servers[i]);
        uint32_t n_points = 160 * (servers[i].weight > 0 ? servers[i].weight : 1);
        for (uint32_t at = 0; at < n_points; at++) {
            size_t len = label_number(&label, at);
            lowest_add(low, mcp__hash_compute(hash, label.text, len), (uint16_t)i);
        }
    }
    /* Backwards, twice around: an empty bucket has the owner of the one behind it. */
    uint16_t owner = 0;
    for (uint32_t at = 2 * MCP__COMPAT_BUCKETS; at > 0; at--) {
        uint32_t bucket = (at - 1) % MCP__COMPAT_BUCKETS;
        if (low->is_set[bucket])
            owner = low->owner[bucket];
        buckets[bucket] = owner;
    }
}

mcp_status
mcp__compat_buckets(const mcp__mem *mem, const mcp__place_spec *place,
                    const mcp__server_spec *servers, size_t n, uint16_t **buckets,
                    uint32_t *n_buckets, mcp__err *err)
{
    int standard = place->distribution == MCP__MEMCACHE_STANDARD;
    uint64_t total = total_weight(servers, n), points = standard ? total : 160 * total;
    if (points > MCP__COMPAT_MOST_POINTS)
        return refuse_points(place, points, err);
    *n_buckets = standard ? (uint32_t)total : MCP__COMPAT_BUCKETS;
    *buckets = mcp__mem_new_zeroed(mem, *n_buckets, sizeof **buckets);
    lowest *low = standard ? NULL : mcp__mem_new(mem, sizeof *low);
    if (*buckets == NULL || (!standard && low == NULL)) {
        mcp__mem_free(mem, low);
        mcp__mem_free(mem, *buckets);
        *buckets = NULL;
        return mcp__err_set(err, MCP_NO_MEMORY, "no memory for %u buckets", (unsigned)*n_buckets);
    }
    if (standard)
        fill_standard(*buckets, servers, n);
    else
        fill_consistent(low, *buckets, servers, n, place->hash);
    mcp__mem_free(mem, low);
    return MCP_OK;
}

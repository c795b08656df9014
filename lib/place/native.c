/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why the ranks are what they are.
 *
 * With independent random scores the number of slots a server wins has the spread of a binomial:
 * at 100 servers and 2^17 slots one name set in four has a server above 1.08 of the mean. So every
 * server's ranking is a permutation of the slots: its scores are spread evenly, which halves the
 * variance. The permutation is a Feistel network of three rounds over 480 x 512, keyed by the name.
 *
 * Weights: the best of a race. Were scores exponential random numbers of rate `weight`, the
 * smallest would win with a chance that is the weight's share. The rank-th smallest of S of them is
 * 1/S + 1/(S-1) + ... + 1/(S-rank) on average; that sum stands in for the random number, and it
 * needs integers only, so that every machine computes the same table.
 *
 * Slots are filled in the order of the race, every server walking down its own ranking, in rounds
 * of about S/4 steps, until no slot is free: about 13 S steps, whatever the number of servers. Only
 * two servers that reach a slot within one round must be compared.
 */
#include "place/native.h"

#include <string.h>

#include "place/hash.h"

#define SLOTS MCP__NATIVE_SLOTS
#define LEFT 480u
#define RIGHT_BITS 9
#define RIGHT (1u << RIGHT_BITS)
_Static_assert(LEFT *RIGHT == SLOTS, "a slot is a left and a right part");

/* Times of the race are counted in 2^-27. */
#define TIME_BITS 27
/* A time divided by a weight keeps 10 more bits. */
#define WEIGHT_BITS 10

typedef struct runner {
    uint32_t add[3], times[3]; /* of the three rounds of its permutation */
    uint32_t rank;
    uint32_t weight;
    uint64_t seed;
    const char *name;
} runner;

/* One server at one slot. */
typedef struct entry {
    uint64_t time;
    const runner *by;
} entry;

typedef struct contest {
    runner *runners;
    size_t n;
    uint32_t time[LEFT + 1];   /* at weight 1, of every RIGHT-th rank */
    uint32_t last_time[RIGHT]; /* of each of the last RIGHT ranks, where it runs away */
    uint8_t *rounds;           /* in which a slot was taken; 0: free */
    uint16_t *slots;
    const uint32_t *address;
    const uint16_t *taken;
    uint32_t n_free;
    uint8_t round;
} contest;

/* SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators",
 * 2014). */
static uint64_t
draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void
runner_init(runner *r, const mcp__server_spec *server)
{
    r->name = server->name;
    r->weight = server->weight > 0 ? server->weight : 1;
    r->rank = 0;
    r->seed = mcp__hash_xxh3(server->name, strlen(server->name));
    uint64_t state = r->seed;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t bits = draw(&state);
        r->add[i] = (uint32_t)bits;
        r->times[i] = (uint32_t)(bits >> 32) | 1;
    }
}

static inline uint32_t
mix(const runner *r, unsigned i, uint32_t x)
{
    return (x + r->add[i]) * r->times[i];
}

/* Up to LEFT or RIGHT, from the high bits, which are the better ones. */
static inline uint32_t
mix_left(const runner *r, unsigned i, uint32_t x)
{
    return (uint32_t)((uint64_t)mix(r, i, x) * LEFT >> 32);
}

static inline uint32_t
mix_right(const runner *r, unsigned i, uint32_t x)
{
    return mix(r, i, x) >> (32 - RIGHT_BITS);
}

static inline uint32_t
slot_of(const runner *r, uint32_t rank)
{
    uint32_t left = rank >> RIGHT_BITS, right = rank & (RIGHT - 1);
    left += mix_left(r, 0, right);
    left -= left >= LEFT ? LEFT : 0;
    right ^= mix_right(r, 1, left);
    left += mix_left(r, 2, right);
    left -= left >= LEFT ? LEFT : 0;
    return left << RIGHT_BITS | right;
}

/* The other way round. */
static inline uint32_t
rank_of(const runner *r, uint32_t slot)
{
    uint32_t left = slot >> RIGHT_BITS, right = slot & (RIGHT - 1);
    left += LEFT - mix_left(r, 2, right);
    left -= left >= LEFT ? LEFT : 0;
    right ^= mix_right(r, 1, left);
    left += LEFT - mix_left(r, 0, right);
    left -= left >= LEFT ? LEFT : 0;
    return left << RIGHT_BITS | right;
}

/* When a rank is reached at weight 1: between two of the table, by a straight line. */
static inline uint32_t
time_of(const contest *race, uint32_t rank)
{
    uint32_t left = rank >> RIGHT_BITS, right = rank & (RIGHT - 1);
    if (left == LEFT - 1)
        return race->last_time[right];
    uint32_t span = race->time[left + 1] - race->time[left];
    return race->time[left] + (uint32_t)((uint64_t)span * right >> RIGHT_BITS);
}

static inline entry
entry_of(const contest *race, const runner *r, uint32_t rank)
{
    uint64_t time = (uint64_t)time_of(race, rank) << WEIGHT_BITS;
    return (entry){r->weight > 1 ? time / r->weight : time, r};
}

/* Equal times are decided by the names. */
static inline int
is_before(const entry *a, const entry *b)
{
    if (a->time != b->time)
        return a->time < b->time;
    if (a->by->seed != b->by->seed)
        return a->by->seed < b->by->seed;
    return strcmp(a->by->name, b->by->name) < 0;
}

/* Has the owner of `slot` in the first table the address of `index`? */
static int
is_taken(const contest *race, uint32_t slot, size_t index)
{
    return race->taken != NULL && race->address[race->taken[slot]] == race->address[index];
}

static void
reach(contest *race, const runner *r, uint16_t index)
{
    uint32_t slot = slot_of(r, r->rank);
    uint8_t round = race->rounds[slot];
    if ((round != 0 && round != race->round) || is_taken(race, slot, index))
        return;
    if (round != 0) {
        const runner *other = &race->runners[race->slots[slot]];
        entry mine = entry_of(race, r, r->rank);
        entry theirs = entry_of(race, other, rank_of(other, slot));
        if (!is_before(&mine, &theirs))
            return;
    } else {
        race->rounds[slot] = race->round;
        race->n_free--;
    }
    race->slots[slot] = index;
}

/* How many ranks are reached at weight 1 by the time `limit`. */
static uint32_t
ranks_until(const contest *race, uint64_t limit)
{
    uint32_t from = 0, to = SLOTS;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (time_of(race, middle) <= limit)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Everybody runs on to the time `until`. Returns 0 when all have reached their last slot. */
static int
run(contest *race, uint64_t until)
{
    int running = 0;
    for (size_t i = 0; i < race->n; i++) {
        runner *r = &race->runners[i];
        uint32_t end = ranks_until(race, ((until + 1) * r->weight - 1) >> WEIGHT_BITS);
        for (; r->rank < end; r->rank++)
            reach(race, r, (uint16_t)i);
        running |= r->rank < SLOTS;
    }
    return running;
}

/* Who is first at `slot`, by asking everybody. */
static uint16_t
first_at(const contest *race, uint32_t slot)
{
    entry best = {0};
    uint16_t winner = MCP__NATIVE_NONE;
    for (size_t i = 0; i < race->n; i++) {
        if (is_taken(race, slot, i))
            continue;
        entry mine = entry_of(race, &race->runners[i], rank_of(&race->runners[i], slot));
        if (winner == MCP__NATIVE_NONE || is_before(&mine, &best)) {
            best = mine;
            winner = (uint16_t)i;
        }
    }
    return winner;
}

static void
run_all(contest *race)
{
    uint64_t weights = 0, until = 0;
    for (size_t i = 0; i < race->n; i++)
        weights += race->runners[i].weight;
    uint64_t step = (((uint64_t)1 << (TIME_BITS + WEIGHT_BITS)) / 4 + weights) / weights;
    int running = 1;
    for (unsigned round = 1; running && race->n_free * race->n > SLOTS; round++) {
        /* The same number twice only costs comparisons; growing steps end a long tail soon. */
        race->round = (uint8_t)(round < 255 ? round : 255);
        if (round > 128 && round % 16 == 0)
            step *= 2;
        until += step;
        running = run(race, until);
    }
    /* The last few are found sooner one by one. */
    for (uint32_t slot = 0; slot < SLOTS && race->n_free > 0; slot++)
        if (race->rounds[slot] == 0) {
            race->slots[slot] = first_at(race, slot);
            race->n_free--;
        }
}

static void
set_times(contest *race)
{
    uint64_t sum = 0;
    for (uint32_t rank = 0; rank < SLOTS; rank++) {
        sum += ((uint64_t)1 << 48) / (SLOTS - rank);
        uint32_t time = (uint32_t)(sum >> (48 - TIME_BITS));
        if ((rank & (RIGHT - 1)) == 0)
            race->time[rank >> RIGHT_BITS] = time;
        if (rank >= SLOTS - RIGHT)
            race->last_time[rank & (RIGHT - 1)] = time;
    }
}

int
mcp__native_fill(const mcp__mem *mem, const mcp__server_spec *servers, size_t n,
                 const uint32_t *address, const uint16_t *taken, uint16_t *slots)
{
    if (n == 1 && taken == NULL) { /* nothing to decide: a tool with one backup opens at once */
        memset(slots, 0, SLOTS * sizeof *slots);
        return 1;
    }
    contest race = {.n = n, .slots = slots, .address = address, .taken = taken, .n_free = SLOTS};
    race.runners = mcp__mem_new_zeroed(mem, n, sizeof *race.runners);
    race.rounds = mcp__mem_new_zeroed(mem, SLOTS, 1);
    int done = race.runners != NULL && race.rounds != NULL;
    if (done) {
        for (size_t i = 0; i < n; i++)
            runner_init(&race.runners[i], &servers[i]);
        set_times(&race);
        memset(slots, 0xff, SLOTS * sizeof *slots);
        run_all(&race);
    }
    mcp__mem_free(mem, race.rounds);
    mcp__mem_free(mem, race.runners);
    return done;
}

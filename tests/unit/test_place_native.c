/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The promises of our own placement: only names and weights decide, nothing moves without need, the
 * load is even, weights are honoured, and the table is the same on every machine.
 */
#include "place_kit.h"

#include "place/hash.h"
#include "place/native.h"

#define SLOTS MCP__NATIVE_SLOTS
#define KEYS 1000000u

static void
fill(const mcp__server_spec *servers, size_t n, uint16_t *slots)
{
    mcp__mem mem = mcp__mem_system();
    ck_assert_int_eq(mcp__native_fill(&mem, servers, n, NULL, NULL, slots), 1);
}

static uint16_t *
new_slots(void)
{
    uint16_t *slots = calloc(SLOTS, sizeof *slots);
    ck_assert_ptr_nonnull(slots);
    return slots;
}

static void
add_many(kit_list *list, unsigned family, size_t n, uint32_t most_weight)
{
    char host[64];
    while (list->n < n) {
        snprintf(host, sizeof host, "10.%u.%zu.%zu", family, list->n / 256, list->n % 256);
        kit_add(list, host, 11211, 1 + (uint32_t)list->n % most_weight, NULL);
    }
}

/* How many of a million keys fall into each slot. */
static uint32_t *
keys_per_slot(void)
{
    char key[32];
    uint32_t *counts = calloc(SLOTS, sizeof *counts);
    ck_assert_ptr_nonnull(counts);
    for (unsigned i = 0; i < KEYS; i++) {
        int len = snprintf(key, sizeof key, "user:%u:profile", i);
        counts[mcp__native_slot(mcp__hash_xxh3(key, (size_t)len))]++;
    }
    return counts;
}

/* The fullest server against what its weight entitles it to, and the emptiest. */
static void
measure(const uint16_t *slots, const uint32_t *keys, const kit_list *list, size_t n, double *most,
        double *least)
{
    double *held = calloc(n, sizeof *held), weights = 0;
    ck_assert_ptr_nonnull(held);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        if (slots[slot] >= n)
            ck_abort_msg("slot %u has no owner", slot);
        held[slots[slot]] += keys[slot];
    }
    for (size_t i = 0; i < n; i++)
        weights += list->servers[i].weight;
    *most = 0;
    *least = 9;
    for (size_t i = 0; i < n; i++) {
        double share = held[i] / KEYS * weights / list->servers[i].weight;
        *most = share > *most ? share : *most;
        *least = share < *least ? share : *least;
    }
    free(held);
}

/* The bar: 3 to 100 equal servers, a million keys, the fullest at most 1.08 of the mean. */
START_TEST(balance)
{
    static const size_t counts[] = {3, 4, 5, 7, 10, 20, 33, 50, 64, 80, 100};
    uint32_t *keys = keys_per_slot();
    uint16_t *slots = new_slots();
    kit_list list = {0};
    add_many(&list, (unsigned)_i, 100, 1);
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        double most, least;
        fill(list.servers, counts[i], slots);
        measure(slots, keys, &list, counts[i], &most, &least);
        ck_assert_msg(most <= 1.08, "%zu servers: %.4f of the mean", counts[i], most);
    }
    kit_clear(&list);
    free(slots);
    free(keys);
}
END_TEST

START_TEST(weights_are_honoured)
{
    static const uint32_t sets[][5] = {{1, 1, 2, 3, 5},
                                       {1, 2, 4, 8, 16},
                                       {10, 10, 10, 10, 20},
                                       {100, 50, 25, 25, 50},
                                       {7, 7, 7, 7, 7}};
    uint32_t *keys = keys_per_slot();
    uint16_t *slots = new_slots();
    kit_list list = {0};
    add_many(&list, 77, 5, 1);
    for (unsigned i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        double most, least;
        for (unsigned s = 0; s < 5; s++)
            list.servers[s].weight = sets[i][s];
        fill(list.servers, 5, slots);
        measure(slots, keys, &list, 5, &most, &least);
        ck_assert_msg(most <= 1.05 && least >= 0.95, "set %u: %.4f to %.4f", i, least, most);
    }
    /* The same ratio is the same placement. */
    uint16_t *others = new_slots();
    for (unsigned s = 0; s < 5; s++)
        list.servers[s].weight = 1;
    fill(list.servers, 5, others);
    ck_assert_mem_eq(slots, others, SLOTS * sizeof *slots);
    free(others);
    kit_clear(&list);
    free(slots);
    free(keys);
}
END_TEST

/* A thousand times heavier: the light one keeps about its thousandth. */
START_TEST(extreme_weight)
{
    uint16_t *slots = new_slots();
    kit_list list = {0};
    unsigned light = 0;
    add_many(&list, 5, 2, 1);
    list.servers[0].weight = 1000;
    fill(list.servers, 2, slots);
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        light += slots[slot] == 1;
    ck_assert_uint_ge(light, SLOTS / 1001 * 8 / 10);
    ck_assert_uint_le(light, SLOTS / 1001 * 12 / 10);
    kit_clear(&list);
    free(slots);
}
END_TEST

/* One more server: what moves goes to it. One less: only its own moves. Both are this. */
START_TEST(moves_only_what_must)
{
    static const size_t counts[] = {1, 2, 3, 9, 10, 50, 99, 300};
    uint32_t *keys = keys_per_slot();
    uint16_t *before = new_slots(), *after = new_slots();
    kit_list list = {0};
    uint32_t most_weight = _i % 2 ? 10 : 1;
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        size_t n = counts[i];
        uint64_t moved = 0, weights = 0;
        add_many(&list, 20 + (unsigned)_i, n + 1, most_weight);
        fill(list.servers, n, before);
        fill(list.servers, n + 1, after);
        for (uint32_t slot = 0; slot < SLOTS; slot++) {
            if (after[slot] != before[slot] && after[slot] != n)
                ck_abort_msg("slot %u moved without need", slot);
            moved += after[slot] == n ? keys[slot] : 0;
        }
        for (size_t s = 0; s <= n; s++)
            weights += list.servers[s].weight;
        double share = (double)list.servers[n].weight / (double)weights;
        ck_assert_msg((double)moved / KEYS <= share + 0.002, "%zu servers: %.4f moved, not %.4f", n,
                      (double)moved / KEYS, share);
        ck_assert_msg((double)moved / KEYS >= share - 0.002 - share / 20, "%zu servers", n);
    }
    kit_clear(&list);
    free(before);
    free(after);
    free(keys);
}
END_TEST

/* Any order, and any other text of the address: the same owner by name. */
START_TEST(only_names_and_weights)
{
    uint16_t *one = new_slots(), *other = new_slots();
    kit_list list = {0}, shuffled = {0};
    size_t to[40];
    kit_random r = {17};
    for (size_t i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "node-%zu", i);
        kit_add(&list, "10.0.0.1", 1000 + (unsigned)i, 1 + (uint32_t)i % 4, name);
        to[i] = i;
    }
    for (size_t i = 39; i > 0; i--) {
        size_t with = kit_draw(&r, (uint32_t)i + 1), kept = to[i];
        to[i] = to[with];
        to[with] = kept;
    }
    for (size_t i = 0; i < 40; i++) {
        const mcp__server_spec *s = &list.servers[to[i]];
        kit_add(&shuffled, "elsewhere", 5, s->weight, s->name);
    }
    fill(list.servers, 40, one);
    fill(shuffled.servers, 40, other);
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        if (one[slot] != to[other[slot]])
            ck_abort_msg("slot %u depends on the order", slot);
    kit_clear(&list);
    kit_clear(&shuffled);
    free(one);
    free(other);
}
END_TEST

/*
 * The table is a promise to every client of a pool, of any version on any machine: once released,
 * these numbers stay.
 */
START_TEST(never_changes)
{
    uint16_t *slots = new_slots();
    kit_list list = {0};
    add_many(&list, 0, 10, 3);
    fill(list.servers, 10, slots);
    uint64_t sum = 14695981039346656037u; /* FNV-1a over the slots */
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        sum = (sum ^ slots[slot]) * 1099511628211u;
    ck_assert_msg(sum == 0xd5f090fa0d654243u, "0x%016llxu", (unsigned long long)sum);
    kit_clear(&list);
    free(slots);
}
END_TEST

/* The second table holds the best server with another address; by asking everybody, slowly. */
START_TEST(second_choice)
{
    mcp__mem mem = mcp__mem_system();
    uint16_t *first = new_slots(), *second = new_slots(), *without = new_slots();
    uint32_t address[8];
    kit_list list = {0}, rest = {0};
    add_many(&list, 40, 8, 4);
    for (uint32_t i = 0; i < 8; i++)
        address[i] = i / 2; /* four machines of two servers */
    fill(list.servers, 8, first);
    ck_assert_int_eq(mcp__native_fill(&mem, list.servers, 8, address, first, second), 1);
    for (uint32_t gone = 0; gone < 4; gone++) {
        uint16_t left[6];
        unsigned n = 0;
        for (uint32_t i = 0; i < 8; i++)
            if (address[i] != gone) {
                kit_add(&rest, list.servers[i].host, 11211, list.servers[i].weight, NULL);
                left[n++] = (uint16_t)i;
            }
        fill(rest.servers, 6, without);
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            if (address[first[slot]] == gone && second[slot] != left[without[slot]])
                ck_abort_msg("slot %u: %u is not the next best", slot, second[slot]);
        kit_clear(&rest);
    }
    for (uint32_t i = 0; i < 8; i++)
        address[i] = 0;
    ck_assert_int_eq(mcp__native_fill(&mem, list.servers, 8, address, first, second), 1);
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        if (second[slot] != MCP__NATIVE_NONE)
            ck_abort_msg("slot %u has a second of the same address", slot);
    kit_clear(&list);
    free(first);
    free(second);
    free(without);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("native");
    tcase_add_loop_test(tests, balance, 0, 3);
    tcase_add_test(tests, weights_are_honoured);
    tcase_add_test(tests, extreme_weight);
    tcase_add_loop_test(tests, moves_only_what_must, 0, 2);
    tcase_add_test(tests, only_names_and_weights);
    tcase_add_test(tests, never_changes);
    tcase_add_test(tests, second_choice);
    return kit_run("place_native", tests, CK_FORK);
}

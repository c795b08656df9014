/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * random: the one source of chance in the simulated world. The same seed gives the same world. It
 * is splitmix64, by Sebastiano Vigna (public domain algorithm).
 */
#ifndef MCPROXY_SIM_RANDOM_H
#define MCPROXY_SIM_RANDOM_H

#include <stdint.h>

typedef struct sim_random {
    uint64_t state;
} sim_random;

static inline uint64_t
sim_random_next(sim_random *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 to n - 1; n >= 1. */
static inline uint32_t
sim_random_below(sim_random *random, uint32_t n)
{
    return (uint32_t)((sim_random_next(random) >> 32) * n >> 32);
}

/* low to high, both included. */
static inline int64_t
sim_random_between(sim_random *random, int64_t low, int64_t high)
{
    return low + (int64_t)sim_random_below(random, (uint32_t)(high - low + 1));
}

static inline int
sim_random_chance(sim_random *random, uint32_t percent)
{
    return sim_random_below(random, 100) < percent;
}

#endif

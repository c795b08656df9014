/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/rand.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* The finishing step of splitmix64 (Steele, Lea, Flood 2014): every bit in changes every bit out.
 */
static uint64_t
stirred(uint64_t state, uint64_t more)
{
    uint64_t x = (state ^ more) + UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t
nanoseconds(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t
mcp__rand_mixed(void)
{
    /* 16 random bytes that every program is given at its start, getauxval(3); a child of fork has
     * the same ones, its process number is its own. */
    const void *given = (const void *)(uintptr_t)getauxval(AT_RANDOM);
    uint64_t words[2] = {0, 0};
    if (given != NULL)
        memcpy(words, given, sizeof words);
    uint64_t x = stirred(words[0], words[1]);
    x = stirred(x, (uint64_t)getpid());
    x = stirred(x, nanoseconds(CLOCK_REALTIME));
    x = stirred(x, nanoseconds(CLOCK_MONOTONIC));
    return stirred(x, (uintptr_t)&x); /* threads differ at least in their stack */
}

uint64_t
mcp__rand_64(void)
{
    uint64_t x;
    /* Up to 256 bytes come whole and are not interrupted, getrandom(2). It says EAGAIN early in the
     * life of a machine and ENOSYS or EPERM in a sandbox. */
    if (getrandom(&x, sizeof x, GRND_NONBLOCK) == (ssize_t)sizeof x)
        return x;
    return mcp__rand_mixed();
}

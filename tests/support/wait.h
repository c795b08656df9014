/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wait: the one place of the tests where time passes on purpose, and their clock.
 */
#ifndef TESTS_SUPPORT_WAIT_H
#define TESTS_SUPPORT_WAIT_H

#include <poll.h>
#include <stdint.h>
#include <time.h>

/* Monotonic microseconds. */
static inline int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t
now_ms(void)
{
    return now_us() / 1000;
}

/*
 * Asks ready(context) every millisecond until it says yes (1 is returned) or `timeout_ms` have
 * passed (0). Asks at least twice, so a machine that stood still in between is forgiven.
 */
static inline int
wait_until(int (*ready)(void *), void *context, int64_t timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;

    while (now_ms() < end) {
        if (ready(context))
            return 1;
        (void)poll(NULL, 0, 1);
    }
    return ready(context);
}

/* For what is measured in time itself, such as a ttl: lets `ms` pass, asleep all along. */
static inline void
wait_ms(int64_t ms)
{
    int64_t end = now_ms() + ms;

    for (int64_t left = ms; left > 0; left = end - now_ms())
        (void)poll(NULL, 0, (int)left);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static int
is_refused(supply *from)
{
    from->n_asked++;
    if (from->fail_at == 0)
        return 0;
    return from->n_asked == from->fail_at || (from->fails_onward && from->n_asked > from->fail_at);
}

static void *
allocate(void *context, size_t size)
{
    supply *from = context;
    if (is_refused(from))
        return NULL;
    from->n_live++;
    return malloc(size);
}

static void *
reallocate(void *context, void *memory, size_t size)
{
    supply *from = context;
    if (is_refused(from))
        return NULL;
    from->n_live += memory == NULL;
    return realloc(memory, size);
}

static void
release(void *context, void *memory)
{
    supply *from = context;
    from->n_live--;
    free(memory);
}

void
supply_init(supply *from)
{
    memset(from, 0, sizeof *from);
    from->mem = (mcp__mem){allocate, reallocate, release, from};
}

uint8_t *
exact_copy(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

/* A 64-bit xorshift with a multiplication behind it; 0 would stay 0. */
uint64_t
next_random(uint64_t *state)
{
    uint64_t x = *state != 0 ? *state : 0x2545f4914f6cdd1du;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

int
run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

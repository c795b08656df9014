/* SPDX-License-Identifier: BSD-3-Clause */
/* The byte buffer against a plain array; its bound; memory that runs out. */
#include "base/buf.h"

#include <string.h>

#include "support.h"

#define MOST 4096

static supply memory;
static mcp__buf buf;
static uint8_t model[MOST * 2];
static size_t model_len;

static void
begin(size_t bound)
{
    supply_init(&memory);
    mcp__buf_init(&buf, &memory.mem, bound);
    model_len = 0;
}

static void
finish(void)
{
    mcp__buf_fini(&buf);
    ck_assert_uint_eq(memory.n_live, 0);
}

static void
compare(void)
{
    ck_assert_uint_eq(mcp__buf_len(&buf), model_len);
    ck_assert_uint_le(buf.capacity, buf.bound);
    ck_assert_uint_le(buf.end, buf.capacity);
    if (model_len > 0)
        ck_assert_mem_eq(mcp__buf_bytes(&buf), model, model_len);
}

/* Puts `len` bytes in when there is room; both must agree that there is. */
static void
put(size_t len, uint64_t *state)
{
    uint8_t *room = mcp__buf_room(&buf, len);
    int fits = model_len + len <= buf.bound;
    if (room == NULL) {
        ck_assert_msg(!fits || len == 0 || memory.fail_at != 0, "%zu behind %zu refused", len,
                      model_len);
        return;
    }
    ck_assert_msg(fits, "%zu bytes behind %zu in %zu", len, model_len, buf.bound);
    for (size_t i = 0; i < len; i++)
        room[i] = model[model_len + i] = (uint8_t)next_random(state);
    mcp__buf_filled(&buf, len);
    model_len += len;
}

static void
take(size_t len)
{
    mcp__buf_take(&buf, len);
    memmove(model, model + len, model_len - len);
    model_len -= len;
    if (model_len == 0)
        ck_assert_uint_eq(buf.end, 0); /* an empty buffer starts over */
}

static void
act_at_random(uint64_t *state)
{
    uint64_t random = next_random(state);
    size_t len = (random >> 8) % ((random & 64) ? 900 : 40);
    if (random % 16 == 0)
        mcp__buf_trim(&buf, (random >> 20) % MOST);
    else if (random % 2)
        put(len, state);
    else
        take(len < model_len ? len : model_len);
    compare();
}

START_TEST(random_walks)
{
    static const size_t bounds[] = {1, 7, 100, 511, 512, 513, 1000, MOST};
    uint64_t state = 3;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        begin(bounds[i]);
        for (int step = 0; step < 3000; step++)
            act_at_random(&state);
        finish();
    }
}
END_TEST

START_TEST(nothing_is_lost_when_memory_runs_out)
{
    uint64_t state = 5;
    for (size_t fail_at = 1; fail_at < 12; fail_at++) {
        begin(MOST);
        memory.fail_at = fail_at;
        memory.fails_onward = (int)(fail_at % 2);
        for (int step = 0; step < 500; step++)
            act_at_random(&state);
        finish();
    }
}
END_TEST

START_TEST(grows_up_to_the_bound_and_not_a_byte_more)
{
    uint64_t state = 1;
    begin(1000);
    ck_assert_uint_eq(memory.n_asked, 0);
    put(1000, &state);
    ck_assert_uint_eq(model_len, 1000);
    ck_assert_ptr_null(mcp__buf_room(&buf, 1));
    ck_assert_ptr_null(mcp__buf_room(&buf, SIZE_MAX));
    compare();
    take(1);
    ck_assert_ptr_nonnull(mcp__buf_room(&buf, 1));
    ck_assert_ptr_null(mcp__buf_room(&buf, 2));
    compare();
    finish();
}
END_TEST

START_TEST(a_warm_buffer_asks_for_nothing)
{
    uint64_t state = 1;
    begin(MOST);
    put(600, &state);
    take(600);
    size_t asked = memory.n_asked;
    for (int i = 0; i < 1000; i++) {
        put(600, &state);
        take(600);
    }
    ck_assert_uint_eq(memory.n_asked, asked);
    finish();
}
END_TEST

START_TEST(trims_only_when_empty)
{
    uint64_t state = 1;
    begin(MOST);
    put(2000, &state);
    size_t capacity = buf.capacity;
    mcp__buf_trim(&buf, 512);
    ck_assert_uint_eq(buf.capacity, capacity);
    mcp__buf_clear(&buf);
    model_len = 0;
    mcp__buf_trim(&buf, MOST);
    ck_assert_uint_eq(buf.capacity, capacity);
    mcp__buf_trim(&buf, 512);
    ck_assert_uint_eq(buf.capacity, 512);
    put(512, &state);
    compare();
    finish();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("buf");
    TCase *bufs = tcase_create("buf");
    tcase_set_timeout(bufs, 60);
    tcase_add_test(bufs, random_walks);
    tcase_add_test(bufs, nothing_is_lost_when_memory_runs_out);
    tcase_add_test(bufs, grows_up_to_the_bound_and_not_a_byte_more);
    tcase_add_test(bufs, a_warm_buffer_asks_for_nothing);
    tcase_add_test(bufs, trims_only_when_empty);
    suite_add_tcase(suite, bufs);
    return run_suite(suite);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection without its socket: what comes in, cut anywhere. */
#include "server/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link_kit.h"
#include "wire/token.h"

/* Queued, and gone. */
static void
put(mcp__command_kind kind, const char *opaque, void *op, uint8_t leg)
{
    mcp__command command = get_of(opaque);
    command.kind = kind;
    ck_assert_int_eq(mcp__link_put(&chain, &command, op, leg), 0);
    mcp__link_sent(&chain, (size_t)(chain.queued - chain.sent));
}

static uint8_t large[5000];

/* ---- what comes in ---- */

/* The story of a pipeline: asked in this order, answered by these bytes. */
static const struct {
    mcp__command_kind kind;
    const char *opaque, *reply;
} pipeline[] = {
    {MCP__COMMAND_GET, "0000000a", "VA 7 O0000000a f3\r\n\r\nEND\r\n\r\n"},
    {MCP__COMMAND_SET, "0000000b", "HD O0000000b\r\n"},
    {MCP__COMMAND_PING, "0000000c", "MN\r\n"},
    {MCP__COMMAND_GET, "0000000d", "EN O0000000d\r\n"},
    {MCP__COMMAND_STATS, "0000000e", "STAT a 1\r\nEND\r\n"},
    {MCP__COMMAND_INCR, "0000000f", "VA 1 c5 t-1 O0000000f \r\n9\r\n"},
    {MCP__COMMAND_SET, "0000000g", "SERVER_ERROR x\r\n"},
    {MCP__COMMAND_DELETE, "0000000h", "NF O0000000h\r\n"},
};
#define N_PIPELINE (sizeof pipeline / sizeof pipeline[0])

static void
put_pipeline(void)
{
    for (size_t i = 0; i < N_PIPELINE; i++)
        put(pipeline[i].kind, pipeline[i].opaque, (void *)&pipeline[i], (uint8_t)(i & 1));
}

/* Writes down all that came out. */
static void
drain(char *told, size_t size)
{
    mcp__pending pending;
    mcp__reply reply;
    mcp__link_answer answer;
    while ((answer = mcp__link_next(&chain, &pending, &reply)) == MCP__LINK_REPLY) {
        size_t used = strlen(told);
        snprintf(told + used, size - used, "[%d %d leg %u kind %d flags %u cas %llu \"%.*s\"]",
                 (int)((const char *)pending.op - (const char *)pipeline), pending.kind,
                 pending.leg, (int)reply.kind, reply.flags, (unsigned long long)reply.cas,
                 (int)reply.value.len, (const char *)reply.value.bytes);
    }
    if (answer != MCP__LINK_NOTHING)
        ck_abort_msg("after %s: answer %d", told, (int)answer);
}

static void
feed_parts(const char *bytes, const size_t *ends, size_t n, char *told, size_t size)
{
    told[0] = '\0';
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        while (at < ends[i]) {
            size_t fits;
            uint8_t *room = mcp__link_room(&chain, &fits);
            size_t part = ends[i] - at < fits ? ends[i] - at : fits;
            ck_assert(room != NULL && part > 0);
            memcpy(room, bytes + at, part);
            mcp__link_received(&chain, part);
            at += part;
        }
        drain(told, size);
    }
}

START_TEST(input_cut_anywhere)
{
    static char all[512], whole[2048], told[2048];
    for (size_t i = 0; i < N_PIPELINE; i++)
        strcat(all, pipeline[i].reply);
    size_t len = strlen(all);
    begin(100);
    open_to("1.6.18");
    put_pipeline();
    feed_parts(all, (size_t[]){len}, 1, whole, sizeof whole);
    ck_assert_ptr_null(mcp__link_oldest(&chain));
    for (size_t i = 0; i < N_PIPELINE; i++) {
        char start[32]; /* in the order asked, each with its own pointer */
        snprintf(start, sizeof start, "[%zu %d leg %zu", i * sizeof pipeline[0],
                 (int)pipeline[i].kind, i & 1);
        ck_assert_ptr_nonnull(strstr(whole, start));
    }
    for (size_t first = 0; first <= len; first++) {
        for (size_t second = first; second <= len; second++) {
            put_pipeline();
            feed_parts(all, (size_t[]){first, second, len}, 3, told, sizeof told);
            if (strcmp(told, whole) != 0)
                ck_abort_msg("cut at %zu and %zu: %s", first, second, told);
        }
    }
    static size_t ends[512]; /* byte for byte */
    for (size_t i = 0; i < len; i++)
        ends[i] = i + 1;
    put_pipeline();
    feed_parts(all, ends, len, told, sizeof told);
    ck_assert_str_eq(told, whole);
    finish();
}
END_TEST

START_TEST(large_values_cut_anywhere)
{
    size_t value_len = 40000;
    char *all = malloc(value_len + 100);
    int head = snprintf(all, 100, "VA %zu O0000000a f0\r\n", value_len);
    for (size_t i = 0; i < value_len; i++)
        all[(size_t)head + i] = (char)(i * 7 % 251);
    memcpy(all + (size_t)head + value_len, "\r\n", 2);
    size_t len = (size_t)head + value_len + 2;
    begin(value_len);
    open_to("1.6.18");
    for (size_t cut = 0; cut <= len; cut += cut < 64 || cut > len - 64 ? 1 : 997) {
        mcp__pending pending;
        mcp__reply reply;
        size_t at = 0, fits;
        put(MCP__COMMAND_GET, "0000000a", &chain, 0);
        mcp__link_answer answer = MCP__LINK_NOTHING;
        while (answer == MCP__LINK_NOTHING && at < len) {
            uint8_t *room = mcp__link_room(&chain, &fits);
            size_t end = at < cut ? cut : len;
            size_t part = end - at < fits ? end - at : fits;
            memcpy(room, all + at, part);
            mcp__link_received(&chain, part);
            at += part;
            answer = mcp__link_next(&chain, &pending, &reply);
        }
        ck_assert_int_eq(answer, MCP__LINK_REPLY);
        ck_assert_uint_eq(at, len);
        ck_assert_uint_eq(reply.value.len, value_len);
        ck_assert_mem_eq(reply.value.bytes, all + head, value_len);
    }
    finish();
    free(all);
}
END_TEST

START_TEST(what_does_not_match)
{
    static const struct {
        mcp__command_kind kind;
        const char *reply;
    } rows[] = {
        {MCP__COMMAND_GET, "VA 1 O0000000b f0\r\nx\r\n"},
        {MCP__COMMAND_GET, "VA 1 f0\r\nx\r\n"},
        {MCP__COMMAND_GET, "HD O0000000a\r\n"},
        {MCP__COMMAND_GET, "EN\r\n"},
        {MCP__COMMAND_GET, "EN O0000000b\r\n"},
        {MCP__COMMAND_SET, "HD\r\n"},
        {MCP__COMMAND_SET, "VA 1 O0000000a\r\nx\r\n"},
        {MCP__COMMAND_DELETE, "NF\r\n"},
        {MCP__COMMAND_DELETE, "EN O0000000a\r\n"},
        {MCP__COMMAND_PING, "HD O0000000a\r\n"},
        {MCP__COMMAND_PING, "OK\r\n"},
        {MCP__COMMAND_FLUSH, "MN\r\n"},
        {MCP__COMMAND_VERSION, "OK\r\n"},
        {MCP__COMMAND_GET, "WHAT\r\n"},
        {MCP__COMMAND_GET, "VA 101 O0000000a f0\r\n"},
        {MCP__COMMAND_GET, "\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcp__pending pending;
        mcp__reply reply;
        begin(100);
        open_to("1.6.18");
        put(rows[i].kind, "0000000a", &chain, 0);
        mcp__link_answer answer = receive(rows[i].reply, strlen(rows[i].reply), &pending, &reply);
        ck_assert_msg(answer == MCP__LINK_MISMATCH, "%s: %d", rows[i].reply, (int)answer);
        ck_assert_ptr_nonnull(mcp__link_oldest(&chain)); /* it is still nobody's */
        finish();
    }
}
END_TEST

/* Answered before all of it had gone: only an error can be meant, and the rest must not follow. */
START_TEST(answers_that_come_too_early)
{
    static const struct {
        const char *reply;
        mcp__link_answer answer;
    } rows[] = {{"HD O00000000\r\n", MCP__LINK_MISMATCH},
                {"NS O00000000\r\n", MCP__LINK_MISMATCH},
                {"SERVER_ERROR object too large for cache\r\n", MCP__LINK_REPLY},
                {"CLIENT_ERROR bad data chunk\r\n", MCP__LINK_REPLY},
                {"ERROR\r\n", MCP__LINK_REPLY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t left = 0; left < 5100; left += left < 3 ? 1 : 2541) {
            mcp__pending pending;
            mcp__reply reply;
            mcp__command command = get_of("00000000");
            command.kind = MCP__COMMAND_SET;
            command.value = (mcp__span){large, 5000};
            begin(100);
            open_to("1.6.18");
            ck_assert_int_eq(mcp__link_put(&chain, &command, &chain, 0), 0);
            size_t len = (size_t)(chain.queued - chain.sent);
            ck_assert_int_eq(mcp__link_put(&chain, &command, &chain, 0), 0);
            mcp__link_sent(&chain, left < len ? len - left : 0);
            mcp__link_answer answer =
                receive(rows[i].reply, strlen(rows[i].reply), &pending, &reply);
            ck_assert_int_eq(answer, left > 0 ? rows[i].answer : MCP__LINK_REPLY);
            if (answer == MCP__LINK_REPLY)
                ck_assert_int_eq(chain.is_spoiled, left > 0);
            finish();
        }
    }
}
END_TEST

START_TEST(nothing_was_asked)
{
    mcp__pending pending;
    mcp__reply reply;
    begin(100);
    open_to("1.6.18");
    ck_assert_int_eq(receive("HD O0000000a\r\n", 14, &pending, &reply), MCP__LINK_MISMATCH);
    finish();
}
END_TEST

/* Servers before 1.6.18 forget the opaque on a miss, and on a miss only. */
START_TEST(old_servers_miss_without_opaque)
{
    static const struct {
        mcp__command_kind kind;
        const char *reply;
        mcp__link_answer answer;
    } rows[] = {
        {MCP__COMMAND_GET, "EN\r\n", MCP__LINK_REPLY},
        {MCP__COMMAND_DELETE, "NF\r\n", MCP__LINK_REPLY},
        {MCP__COMMAND_GET, "EN O0000000b\r\n", MCP__LINK_MISMATCH},
        {MCP__COMMAND_GET, "VA 1 f0\r\nx\r\n", MCP__LINK_MISMATCH},
        {MCP__COMMAND_SET, "HD\r\n", MCP__LINK_MISMATCH},
        {MCP__COMMAND_SET, "NS\r\n", MCP__LINK_MISMATCH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcp__pending pending;
        mcp__reply reply;
        begin(100);
        open_to("1.6.17");
        put(rows[i].kind, "0000000a", &chain, 0);
        ck_assert_int_eq(receive(rows[i].reply, strlen(rows[i].reply), &pending, &reply),
                         rows[i].answer);
        finish();
    }
}
END_TEST

START_TEST(the_greeting_cut_anywhere)
{
    static const char good[] = "VERSION 1.6.18\r\n", bad[] = "HTTP/1.1 400 Bad Request\r\n";
    for (int is_good = 0; is_good < 2; is_good++) {
        const char *text = is_good ? good : bad;
        size_t len = strlen(text);
        for (size_t cut = 0; cut <= len; cut++) {
            mcp__pending pending;
            mcp__reply reply;
            begin(100);
            ck_assert_int_eq(mcp__link_connected(&chain), 0);
            mcp__link_answer answer = receive(text, cut, &pending, &reply);
            if (cut < len) {
                ck_assert_int_eq(answer, MCP__LINK_NOTHING);
                answer = receive(text + cut, len - cut, &pending, &reply);
            }
            ck_assert_int_eq(answer, is_good ? MCP__LINK_GREETED : MCP__LINK_WRONG_PEER);
            if (!is_good) /* what it said, for people */
                ck_assert_mem_eq(reply.value.bytes, "HTTP/1.1 400", 12);
            finish();
        }
    }
}
END_TEST

/* ---- its life ---- */

START_TEST(owed_and_awaited)
{
    mcp__pending pending;
    mcp__reply reply;
    begin(100);
    open_to("1.6.18");
    ck_assert_uint_eq(chain.has_answered, 0);
    put(MCP__COMMAND_DELETE, "0000000a", NULL, 1);
    put(MCP__COMMAND_DELETE, "0000000b", &chain, 1);
    ck_assert_uint_eq(chain.n_awaited, 1);
    ck_assert_int_eq(receive("HD O0000000a\r\n", 14, &pending, &reply), MCP__LINK_REPLY);
    ck_assert_ptr_null(pending.op);
    ck_assert_uint_eq(chain.n_awaited, 1);
    ck_assert_uint_eq(chain.has_answered, 1);
    ck_assert(!mcp__link_has_partial(&chain));
    ck_assert_int_eq(receive("HD", 2, &pending, &reply), MCP__LINK_NOTHING);
    ck_assert(mcp__link_has_partial(&chain));
    ck_assert_int_eq(mcp__link_drop(&chain, &pending), 1);
    ck_assert_ptr_eq(pending.op, &chain);
    ck_assert_uint_eq(chain.n_awaited, 0);
    ck_assert_int_eq(mcp__link_drop(&chain, &pending), 0);
    mcp__link_closed(&chain);
    ck_assert(!mcp__link_has_partial(&chain));
    ck_assert(!mcp__link_has_output(&chain));
    open_to("1.6.18");
    ck_assert_uint_eq(chain.has_answered, 0);
    finish();
}
END_TEST

START_TEST(the_queue_grows_in_order)
{
    begin(100);
    open_to("1.6.18");
    uint64_t first = 0, next = 0;
    for (int round = 0; round < 60; round++) {
        mcp__pending pending;
        for (int i = 0; i < 40; i++) {
            mcp__command command = get_of("00000000");
            command.opaque = mcp__token_opaque_at(next++);
            ck_assert_int_eq(mcp__link_put(&chain, &command, &chain, 0), 0);
        }
        for (int i = 0; i < 13 + round % 31; i++) {
            ck_assert_int_eq(mcp__link_drop(&chain, &pending), 1);
            ck_assert_uint_eq(pending.opaque, mcp__token_opaque_at(first++));
        }
        ck_assert_uint_eq(chain.pending_count, next - first);
        ck_assert_uint_eq(mcp__link_oldest(&chain)->opaque, mcp__token_opaque_at(first));
    }
    finish();
}
END_TEST

START_TEST(a_pinned_value_is_not_overwritten)
{
    mcp__pending pending;
    mcp__reply reply;
    size_t len;
    begin(100);
    open_to("1.6.18");
    put(MCP__COMMAND_GET, "0000000a", &chain, 0);
    ck_assert_int_eq(receive("VA 4 O0000000a f0\r\nkeep\r\n", 25, &pending, &reply),
                     MCP__LINK_REPLY);
    chain.n_pinned = 1;
    ck_assert_ptr_null(mcp__link_room(&chain, &len));
    mcp__link_closed(&chain);
    ck_assert_int_eq(mcp__link_connected(&chain), 0);
    ck_assert_ptr_null(mcp__link_room(&chain, &len));
    ck_assert_mem_eq(reply.value.bytes, "keep", 4);
    chain.n_pinned = 0;
    ck_assert_ptr_nonnull(mcp__link_room(&chain, &len));
    finish();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("link");
    TCase *all = tcase_create("link");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, input_cut_anywhere);
    tcase_add_test(all, large_values_cut_anywhere);
    tcase_add_test(all, what_does_not_match);
    tcase_add_test(all, answers_that_come_too_early);
    tcase_add_test(all, nothing_was_asked);
    tcase_add_test(all, old_servers_miss_without_opaque);
    tcase_add_test(all, the_greeting_cut_anywhere);
    tcase_add_test(all, owed_and_awaited);
    tcase_add_test(all, the_queue_grows_in_order);
    tcase_add_test(all, a_pinned_value_is_not_overwritten);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

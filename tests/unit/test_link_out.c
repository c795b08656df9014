/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection without its socket: what goes out, piece by piece. */
#include "server/link.h"

#include <string.h>

#include "link_kit.h"
#include "wire/token.h"

#define STREAM (1 << 20)

static uint8_t stream[STREAM]; /* all that should ever be sent */
static size_t stream_len, stream_at;
static uint8_t values[4][9000];

/* Queues a command, and writes into the stream what a plain program would have sent. */
static void
put_random(uint64_t *state)
{
    static const size_t lens[] = {0, 1, 5, 100, 1023, 1024, 1025, 1026, 3000, 9000};
    uint64_t random = next_random(state);
    mcp__command command = get_of("00000000");
    command.kind = random % 3 == 0 ? MCP__COMMAND_GET : MCP__COMMAND_SET;
    command.opaque = mcp__token_opaque_at(random >> 32);
    command.value = (mcp__span){values[(random >> 8) & 3], lens[(random >> 12) % 10]};
    ck_assert_int_eq(mcp__link_put(&chain, &command, &chain, 0), 0);
    stream_len += mcp__meta_encode(&command, stream + stream_len);
    if (command.kind == MCP__COMMAND_SET) {
        memcpy(stream + stream_len, command.value.bytes, command.value.len);
        stream_len += command.value.len;
        memcpy(stream + stream_len, "\r\n", 2);
        stream_len += 2;
    }
}

/* Sends at most `step` bytes of at most `max` pieces, and compares every piece shown. */
static void
send_some(size_t max, size_t step)
{
    mcp__span spans[8];
    size_t n = mcp__link_output(&chain, spans, max), shown = 0;
    if (n > max)
        ck_abort_msg("%zu pieces instead of %zu", n, max);
    for (size_t i = 0; i < n; i++) {
        if (spans[i].len == 0 || stream_at + shown + spans[i].len > stream_len ||
            memcmp(spans[i].bytes, stream + stream_at + shown, spans[i].len) != 0)
            ck_abort_msg("piece %zu of %zu at byte %zu is wrong", i, n, stream_at + shown);
        shown += spans[i].len;
    }
    if ((shown == 0) != (stream_at == stream_len))
        ck_abort_msg("%zu bytes shown at %zu of %zu", shown, stream_at, stream_len);
    size_t len = step < shown ? step : shown;
    mcp__link_sent(&chain, len);
    stream_at += len;
    if (mcp__link_has_output(&chain) != (stream_at < stream_len))
        ck_abort_msg("has_output is wrong at %zu of %zu", stream_at, stream_len);
}

START_TEST(output_in_every_step)
{
    static const size_t steps[] = {1, 2, 3, 7, 63, 500, 1023, 1024, 1025, 4000, 100000};
    uint64_t state = 61;
    for (size_t v = 0; v < 4; v++) {
        for (size_t i = 0; i < sizeof values[v]; i++)
            values[v][i] = (uint8_t)next_random(&state);
    }
    for (size_t max = 1; max <= 5; max++) {
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
            begin(100);
            open_to("1.6.18");
            stream_len = stream_at = 0;
            for (int i = 0; i < (steps[s] == 1 ? 6 : 25); i++) {
                put_random(&state);
                for (uint64_t j = next_random(&state) % 3; j > 0; j--)
                    send_some(max, steps[s]);
            }
            while (stream_at < stream_len)
                send_some(max, steps[s]);
            ck_assert_uint_eq(chain.sent, chain.queued);
            finish();
        }
    }
}
END_TEST

START_TEST(values_are_copied_up_to_one_kb)
{
    mcp__span spans[4];
    for (size_t len = MCP__LINK_COPY_MAX - 1; len <= MCP__LINK_COPY_MAX + 1; len++) {
        begin(100);
        open_to("1.6.18");
        mcp__command command = get_of("00000000");
        command.kind = MCP__COMMAND_SET;
        command.value = (mcp__span){values[0], len};
        ck_assert_int_eq(mcp__link_put(&chain, &command, &chain, 0), 0);
        size_t n = mcp__link_output(&chain, spans, 4);
        ck_assert_uint_eq(n, len > MCP__LINK_COPY_MAX ? 3 : 1);
        if (n == 3)
            ck_assert_ptr_eq(spans[1].bytes, values[0]);
        finish();
    }
}
END_TEST

/* A long life without ever coming to rest must not take more and more memory. */
START_TEST(a_busy_link_stays_small)
{
    begin(100);
    open_to("1.6.18");
    mcp__command command = get_of("00000000");
    command.kind = MCP__COMMAND_SET;
    command.value = (mcp__span){values[0], 5000};
    ck_assert_int_eq(mcp__link_put(&chain, &command, &chain, 0), 0);
    size_t warm = 0;
    for (int i = 0; i < 5000; i++) {
        mcp__pending pending;
        mcp__reply reply;
        ck_assert_int_eq(mcp__link_put(&chain, &command, &chain, 0), 0);
        mcp__link_sent(&chain, (size_t)(chain.queued - chain.sent) - 50); /* in the value */
        ck_assert_int_eq(receive("HD O00000000\r\n", 14, &pending, &reply), MCP__LINK_REPLY);
        if (i == 100)
            warm = memory.n_asked;
    }
    ck_assert_uint_eq(memory.n_asked, warm);
    ck_assert_uint_le(chain.splice_capacity, 64);
    finish();
}
END_TEST

START_TEST(which_were_sent)
{
    mcp__pending pending;
    mcp__command command = get_of("00000000");
    begin(100);
    open_to("1.6.18");
    ck_assert_int_eq(mcp__link_put(&chain, &command, &chain, 0), 0);
    size_t len = (size_t)(chain.queued - chain.sent);
    ck_assert_int_eq(mcp__link_put(&chain, &command, &chain, 0), 0);
    ck_assert(!mcp__link_was_sent(&chain, mcp__link_oldest(&chain)));
    mcp__link_sent(&chain, 1);
    ck_assert(mcp__link_was_sent(&chain, mcp__link_oldest(&chain)));
    mcp__link_sent(&chain, len - 1);
    ck_assert_int_eq(mcp__link_drop(&chain, &pending), 1);
    ck_assert(mcp__link_was_sent(&chain, &pending));
    ck_assert(!mcp__link_was_sent(&chain, mcp__link_oldest(&chain)));
    mcp__link_sent(&chain, 1);
    ck_assert(mcp__link_was_sent(&chain, mcp__link_oldest(&chain)));
    finish();
}
END_TEST

START_TEST(no_memory_queues_nothing)
{
    for (size_t fail_at = 1; fail_at < 8; fail_at++) {
        mcp__command command = get_of("00000000");
        command.kind = MCP__COMMAND_SET;
        command.value = (mcp__span){values[0], 5000};
        begin(100);
        open_to("1.6.18");
        memory.n_asked = 0;
        memory.fail_at = fail_at;
        for (int i = 0; i < 100; i++) {
            uint64_t queued = chain.queued;
            uint32_t count = chain.pending_count;
            int refused = mcp__link_put(&chain, &command, &chain, 0) != 0;
            ck_assert_uint_eq(chain.pending_count, refused ? count : count + 1);
            ck_assert(refused ? chain.queued == queued : chain.queued > queued + 5000);
        }
        ck_assert_uint_ge(chain.pending_count, 99);
        finish();
    }
}
END_TEST

/* ---- what rides ---- */

static void
ask(const char *opaque, void *op, int is_awaited, int is_rider)
{
    mcp__command command = get_of(opaque);
    mcp__asker asker = {.op = op,
                        .word = 7,
                        .is_awaited = (uint8_t)is_awaited,
                        .is_rider = (uint8_t)is_rider,
                        .now_ms = 1234};
    ck_assert_int_eq(mcp__link_ask(&chain, &command, &asker), 0);
}

static void
sends(const char *text)
{
    mcp__span span = {"", 0};
    size_t n = mcp__link_output(&chain, &span, 1);
    ck_assert_uint_eq(n, text[0] != '\0');
    ck_assert_uint_eq(span.len, strlen(text));
    ck_assert_mem_eq(span.bytes, text, span.len);
    mcp__link_sent(&chain, span.len);
}

START_TEST(riders_wait_for_company)
{
    begin(100);
    open_to("1.6.18");
    ask("riderAAA", &memory, 0, 1);
    ask("riderBBB", &memory, 0, 1);
    ck_assert(!mcp__link_has_output(&chain));
    ck_assert(mcp__link_has_riders(&chain));
    ck_assert(!mcp__link_owes(&chain));
    ck_assert_uint_eq(chain.n_awaited, 0);
    ask("company1", &chain, 1, 0);
    ck_assert(mcp__link_has_output(&chain));
    ck_assert(!mcp__link_has_riders(&chain));
    ck_assert_uint_eq(chain.n_awaited, 1);
    sends("mg k OriderAAA v f\r\nmg k OriderBBB v f\r\nmg k Ocompany1 v f\r\n");
    ck_assert(mcp__link_owes(&chain));
    ask("riderCCC", &memory, 0, 1); /* too late for that one */
    ck_assert(!mcp__link_has_output(&chain));
    ck_assert(mcp__link_has_riders(&chain));
    finish();
}
END_TEST

START_TEST(riders_are_hastened)
{
    begin(100);
    open_to("1.6.18");
    ask("riderAAA", &memory, 0, 1);
    mcp__link_hasten(&chain);
    ck_assert(mcp__link_has_output(&chain));
    ck_assert(!mcp__link_has_riders(&chain));
    sends("mg k OriderAAA v f\r\n");
    ck_assert(!mcp__link_has_output(&chain));
    mcp__link_hasten(&chain); /* nothing left to be hastened */
    ck_assert(!mcp__link_has_output(&chain));
    finish();
}
END_TEST

/* Each answer finds who asked, what for, and when; only some are awaited. */
START_TEST(who_asked)
{
    mcp__pending pending;
    mcp__reply reply;
    begin(100);
    open_to("1.6.18");
    ask("riderAAA", &memory, 0, 1);
    ask("company1", &chain, 1, 0);
    mcp__link_sent(&chain, 2 * 20);
    ck_assert_int_eq(receive("EN OriderAAA\r\n", 14, &pending, &reply), MCP__LINK_REPLY);
    ck_assert_ptr_eq(pending.op, &memory);
    ck_assert_uint_eq(pending.word, 7);
    ck_assert_int_eq(pending.asked_ms, 1234);
    ck_assert_uint_eq(chain.n_awaited, 1);
    ck_assert_int_eq(receive("EN Ocompany1\r\n", 14, &pending, &reply), MCP__LINK_REPLY);
    ck_assert_ptr_eq(pending.op, &chain);
    ck_assert_uint_eq(chain.n_awaited, 0);
    finish();
}
END_TEST

/* What is asked beside the greeting belongs to it: the link is open when all is answered. */
START_TEST(questions_in_the_greeting)
{
    static const char said[] = "VERSION 1.6.18\r\nEN Oquest001\r\nEN Oquest002\r\n";
    for (size_t piece = 1; piece < sizeof said; piece++) {
        mcp__pending pending;
        mcp__reply reply;
        int n = 0, greeted = 0;
        begin(100);
        chain.state = MCP__LINK_OPENING;
        ck_assert_int_eq(mcp__link_connected(&chain), 0);
        ask("quest001", NULL, 0, 0);
        ask("quest002", NULL, 0, 0);
        sends("version\r\nmg k Oquest001 v f\r\nmg k Oquest002 v f\r\n");
        for (size_t at = 0; at < sizeof said - 1; at += piece) {
            size_t left = sizeof said - 1 - at;
            mcp__link_answer answer =
                receive(said + at, left < piece ? left : piece, &pending, &reply);
            for (; answer != MCP__LINK_NOTHING; answer = mcp__link_next(&chain, &pending, &reply)) {
                ck_assert(!greeted);
                greeted = answer == MCP__LINK_GREETED;
                n += answer == MCP__LINK_REPLY;
                ck_assert(greeted || answer == MCP__LINK_REPLY);
                ck_assert_int_eq(chain.state, greeted ? MCP__LINK_OPEN : MCP__LINK_GREETING);
            }
        }
        ck_assert_int_eq(n, 2);
        ck_assert(greeted);
        finish();
    }
}
END_TEST

/* Something else than a memcached, or one that answers another question. */
START_TEST(a_wrong_answer_in_the_greeting)
{
    static const char *const rows[] = {"EN Oquest001\r\n", "VERSION 1.6.18\r\nEN Oquest002\r\n",
                                       "VERSION 1.6.18\r\nHTTP/1.1 400\r\n"};
    for (size_t i = 0; i < 3; i++) {
        mcp__pending pending;
        mcp__reply reply;
        begin(100);
        chain.state = MCP__LINK_OPENING;
        ck_assert_int_eq(mcp__link_connected(&chain), 0);
        ask("quest001", NULL, 0, 0);
        mcp__link_sent(&chain, 9 + 20);
        mcp__link_answer answer = receive(rows[i], strlen(rows[i]), &pending, &reply);
        ck_assert(answer == MCP__LINK_WRONG_PEER || answer == MCP__LINK_MISMATCH);
        ck_assert(mcp__link_drop(&chain, &pending));
        mcp__link_closed(&chain);
        ck_assert_uint_eq(chain.pending_count, 0);
        finish();
    }
}
END_TEST

/* ---- two questions in one record ---- */

/* "mg k Oopaque01 c" and, 20 bytes behind it, "mg s Oopaque01 v f". */
static void
put_both(void)
{
    static const char lines[] = "mg k Oopaque01 c\r\n  mg s Oopaque01 v f\r\n";
    uint64_t first_byte = chain.queued;
    ck_assert_ptr_nonnull(chain.pending);
    mcp__pending both = {.op = &chain, .first_byte = first_byte, .leg = 1, .word = 65,
                         .kind = MCP__COMMAND_NUMBER, .is_check = 1,
                         .next_kind = MCP__COMMAND_GET, .next_word = 66, .next_at = 20};
    memcpy(&both.opaque, "opaque01", 8);
    *mcp__link_slot(&chain) = both;
    memcpy(mcp__link_begin(&chain), lines, sizeof lines - 1);
    mcp__link_end_len(&chain, sizeof lines - 1, 0, 0);
}

static void
open_with_both(void)
{
    begin(100);
    open_to("1.6.18");
    ask("quest001", NULL, 0, 0); /* there is a ring, and room for more */
    put_both();
    ask("quest002", NULL, 0, 0);
    ck_assert_uint_eq(chain.pending_count, 3);
}

START_TEST(two_questions_in_one_record)
{
    mcp__pending pending;
    mcp__reply reply;
    open_with_both();
    mcp__link_sent(&chain, mcp__buf_len(&chain.out));
    ck_assert_int_eq(receive("EN Oquest001\r\nHD Oopaque01 c7\r\n", 31, &pending, &reply),
                     MCP__LINK_REPLY);
    ck_assert_int_eq(mcp__link_next(&chain, &pending, &reply), MCP__LINK_REPLY);
    ck_assert(pending.op == &chain && pending.kind == MCP__COMMAND_NUMBER && pending.word == 65);
    ck_assert_uint_eq(reply.cas, 7);
    ck_assert_int_eq(mcp__link_next(&chain, &pending, &reply), MCP__LINK_NOTHING);
    ck_assert_uint_eq(chain.pending_count, 2);
    ck_assert_int_eq(receive("EN Oopaque01\r\n", 14, &pending, &reply), MCP__LINK_REPLY);
    ck_assert(pending.op == &chain && pending.kind == MCP__COMMAND_GET && pending.word == 66);
    ck_assert(pending.leg == 1 && pending.is_check);
    ck_assert_int_eq(receive("EN Oquest002\r\n", 14, &pending, &reply), MCP__LINK_REPLY);
    ck_assert_uint_eq(chain.pending_count, 0);
    mcp__link_closed(&chain);
    finish();
}
END_TEST

/* An answer is believed when the line that it answers has gone, whatever has become of the second. */
START_TEST(two_questions_of_which_one_has_gone)
{
    mcp__pending pending;
    mcp__reply reply;
    for (size_t more = 18; more <= 20; more += 2) {
        open_with_both();
        mcp__link_sent(&chain, 20);
        ck_assert_int_eq(receive("EN Oquest001\r\n", 14, &pending, &reply), MCP__LINK_REPLY);
        mcp__link_sent(&chain, more);
        ck_assert_int_eq(mcp__link_is_all_sent(&chain), more == 20);
        ck_assert_int_eq(receive("HD Oopaque01 c7\r\n", 17, &pending, &reply),
                         more == 20 ? MCP__LINK_REPLY : MCP__LINK_MISMATCH);
        while (mcp__link_drop(&chain, &pending))
            ;
        mcp__link_closed(&chain);
        finish();
    }
}
END_TEST

/* A connection that is lost gives each of them back, with its place. */
START_TEST(two_questions_are_dropped_one_by_one)
{
    mcp__pending pending;
    open_with_both();
    ck_assert(mcp__link_drop(&chain, &pending) && pending.op == NULL);
    ck_assert(mcp__link_drop(&chain, &pending));
    ck_assert(pending.op == &chain && pending.word == 65);
    uint64_t first_byte = pending.first_byte;
    ck_assert(mcp__link_drop(&chain, &pending));
    ck_assert(pending.op == &chain && pending.word == 66);
    ck_assert_uint_eq(pending.first_byte, first_byte + 20);
    ck_assert(mcp__link_drop(&chain, &pending) && pending.op == NULL);
    ck_assert(!mcp__link_drop(&chain, &pending));
    mcp__link_closed(&chain);
    finish();
}
END_TEST

/* The answer is a stream for somebody else: it stands in the buffer, whatever it looks like. */
START_TEST(a_raw_command)
{
    size_t fits;
    begin(100);
    open_to("1.6.18");
    ck_assert_int_eq(mcp__link_put_raw(&chain, "dump\r\n", 6), 0);
    ck_assert(chain.is_raw && mcp__link_has_output(&chain));
    sends("dump\r\n");
    memcpy(mcp__link_room(&chain, &fits), "key=x\n", 6);
    mcp__link_received(&chain, 6);
    ck_assert(mcp__link_has_partial(&chain));
    ck_assert_mem_eq(mcp__buf_bytes(&chain.in), "key=x\n", 6);
    mcp__link_closed(&chain);
    ck_assert(!chain.is_raw && !mcp__link_has_partial(&chain));
    finish();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("link_out");
    TCase *all = tcase_create("link_out");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, output_in_every_step);
    tcase_add_test(all, values_are_copied_up_to_one_kb);
    tcase_add_test(all, a_busy_link_stays_small);
    tcase_add_test(all, which_were_sent);
    tcase_add_test(all, no_memory_queues_nothing);
    tcase_add_test(all, riders_wait_for_company);
    tcase_add_test(all, riders_are_hastened);
    tcase_add_test(all, who_asked);
    tcase_add_test(all, questions_in_the_greeting);
    tcase_add_test(all, a_wrong_answer_in_the_greeting);
    tcase_add_test(all, two_questions_in_one_record);
    tcase_add_test(all, two_questions_of_which_one_has_gone);
    tcase_add_test(all, two_questions_are_dropped_one_by_one);
    tcase_add_test(all, a_raw_command);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}

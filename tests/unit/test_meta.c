/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies of the meta protocol: what each says, cut at every byte, and what is no protocol. */
#include "wire/meta.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "wire/usual.h"

#define VALUE_MAX 1048576

static uint64_t
opaque_of(const char *text)
{
    uint64_t opaque;
    memcpy(&opaque, text, sizeof opaque);
    return opaque;
}

/* Parses bytes that stand at the very end of their block. The reply's value must stand in them. */
static ssize_t
parse(const uint8_t *bytes, size_t len, size_t value_max, mcp__reply *reply, size_t *wanted,
      uint8_t *value, size_t value_size)
{
    uint8_t *block = exact_copy(bytes, len);
    memset(reply, 0x5a, sizeof *reply);
    ssize_t used = mcp__meta_parse(block, len, value_max, reply, wanted);
    if (used > (ssize_t)len)
        ck_abort_msg("took %zd of %zu bytes", used, len);
    if (used > 0 && reply->value.len > 0) {
        const uint8_t *from = reply->value.bytes;
        if (from < block || from + reply->value.len > block + used || reply->value.len > value_size)
            ck_abort_msg("the value of %zu bytes stands elsewhere", reply->value.len);
        memcpy(value, from, reply->value.len);
    }
    free(block);
    return used;
}

/* One whole reply: every beginning of it is MORE, and what stands behind it does not matter. */
static void
expect(const uint8_t *bytes, size_t len, const mcp__reply *expected, const void *value)
{
    static uint8_t got[8192];
    uint8_t longer[8192];
    mcp__reply reply;
    size_t wanted;
    for (size_t part = 1; part < len; part++) {
        ssize_t used = parse(bytes, part, VALUE_MAX, &reply, &wanted, got, sizeof got);
        if (used != MCP__PARSE_MORE || (wanted != 0 && (wanted <= part || wanted > len)))
            ck_abort_msg("%zu of %zu bytes: %zd, wants %zu", part, len, used, wanted);
    }
    memcpy(longer, bytes, len);
    memcpy(longer + len, "HD O........\r\n", 14);
    for (size_t extra = 0; extra <= 14; extra += extra == 0 ? 1 : 13) {
        ssize_t used = parse(longer, len + extra, VALUE_MAX, &reply, &wanted, got, sizeof got);
        ck_assert_msg(used == (ssize_t)len, "%.*s: took %zd", (int)(len < 80 ? len : 80), bytes,
                      used);
        ck_assert_msg(reply.kind == expected->kind && reply.flags == expected->flags &&
                          reply.opaque == expected->opaque && reply.cas == expected->cas &&
                          reply.ttl == expected->ttl && reply.size == expected->size &&
                          reply.lease == expected->lease && reply.value.len == expected->value.len,
                      "%.*s: kind %d, flags %" PRIu32 ", cas %" PRIu64 ", ttl %" PRId64
                      ", %zu bytes",
                      (int)(len < 80 ? len : 80), bytes, (int)reply.kind, reply.flags, reply.cas,
                      reply.ttl, reply.value.len);
        if (reply.value.len > 0)
            ck_assert_mem_eq(got, value, reply.value.len);
    }
}

static void
expect_text(const char *text, mcp__reply expected)
{
    expect((const uint8_t *)text, strlen(text), &expected, expected.value.bytes);
}

START_TEST(replies_without_a_value)
{
    static const struct {
        const char *word;
        mcp__reply_kind kind;
    } rows[] = {
        {"HD", MCP__REPLY_DONE},   {"EN", MCP__REPLY_MISS},      {"NS", MCP__REPLY_NOT_STORED},
        {"EX", MCP__REPLY_EXISTS}, {"NF", MCP__REPLY_NOT_FOUND}, {"MN", MCP__REPLY_PONG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[80];
        mcp__reply expected = {.kind = rows[i].kind, .ttl = -1};
        snprintf(text, sizeof text, "%s\r\n", rows[i].word);
        expect_text(text, expected);
        snprintf(text, sizeof text, "%s \r\n", rows[i].word);
        expect_text(text, expected);
        expected.opaque = opaque_of("0oO_az09");
        snprintf(text, sizeof text, "%s O0oO_az09\r\n", rows[i].word);
        expect_text(text, expected);
        snprintf(text, sizeof text, "%s O0oO_az09 \r\n", rows[i].word);
        expect_text(text, expected);
        expected.cas = UINT64_MAX;
        snprintf(text, sizeof text, "%s c18446744073709551615 O0oO_az09\r\n", rows[i].word);
        expect_text(text, expected);
    }
}
END_TEST

/* All orders of f, c, t and O, and all subsets of them, with and without a blank at the end. */
static void
all_flag_orders(const char *line, mcp__reply reply, unsigned used, const char *tail)
{
    static const char *const words[] = {" f4294967295", " c77", " t300", " Oabcdefgh",
                                        " kkey",        " s9",  " W"};
    char text[128];
    snprintf(text, sizeof text, "%s\r\n%s", line, tail);
    expect_text(text, reply);
    snprintf(text, sizeof text, "%s \r\n%s", line, tail);
    expect_text(text, reply);
    for (unsigned i = 0; i < 7; i++) {
        if (used & 1u << i)
            continue;
        mcp__reply with = reply;
        if (i == 0)
            with.flags = UINT32_MAX;
        else if (i == 1)
            with.cas = 77;
        else if (i == 2)
            with.ttl = 300;
        else if (i == 3)
            with.opaque = opaque_of("abcdefgh");
        else if (i == 5)
            with.size = 9;
        else if (i == 6)
            with.lease = MCP__LEASE_WON;
        snprintf(text, sizeof text, "%s%s", line, words[i]);
        char deeper[128];
        memcpy(deeper, text, sizeof deeper);
        unsigned now = used | 1u << i;
        if (now == (now & 0x0f) || __builtin_popcount(now) <= 3) /* four, or any three of seven */
            all_flag_orders(deeper, with, now, tail);
    }
}

START_TEST(flags_in_every_order)
{
    all_flag_orders("HD", (mcp__reply){.kind = MCP__REPLY_DONE, .ttl = -1}, 0, "");
    all_flag_orders("VA 2", (mcp__reply){.kind = MCP__REPLY_VALUE, .ttl = -1, .value = {"\r\n", 2}},
                    0, "\r\n\r\n");
}
END_TEST

START_TEST(values_of_all_sizes)
{
    static const size_t sizes[] = {0, 1, 2, 7, 100, 1023, 1024, 1025, 5000};
    static uint8_t text[6000], value[5000];
    uint64_t state = 31;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t len = sizes[i];
        for (size_t j = 0; j < len; j++)
            value[j] = (uint8_t)next_random(&state);
        if (len >= 100) /* what looks like an end is none */
            memcpy(value + 40, "\r\nEND\r\nHD O12345678\r\n", 21);
        int head = snprintf((char *)text, sizeof text, "VA %zu O12345678 f7\r\n", len);
        memcpy(text + head, value, len);
        memcpy(text + (size_t)head + len, "\r\n", 2);
        mcp__reply expected = {.kind = MCP__REPLY_VALUE,
                               .flags = 7,
                               .opaque = opaque_of("12345678"),
                               .ttl = -1,
                               .value = {value, len}};
        expect(text, (size_t)head + len + 2, &expected, value);
    }
}
END_TEST

START_TEST(numbers_at_their_limits)
{
    static const struct {
        const char *text;
        mcp__reply reply;
    } rows[] = {
        {"HD f0\r\n", {.ttl = -1}},
        {"HD f4294967295\r\n", {.flags = UINT32_MAX, .ttl = -1}},
        {"HD f007\r\n", {.flags = 7, .ttl = -1}},
        {"HD c0\r\n", {.ttl = -1}},
        {"HD c18446744073709551615\r\n", {.cas = UINT64_MAX, .ttl = -1}},
        {"HD t0\r\n", {.ttl = 0}},
        {"HD t-1\r\n", {.ttl = -1}},
        {"HD t5 t-1\r\n", {.ttl = -1}},
        {"HD t9223372036854775807\r\n", {.ttl = INT64_MAX}},
        {"HD s18446744073709551615\r\n", {.size = UINT64_MAX, .ttl = -1}},
        {"HD Z c5\r\n", {.lease = MCP__LEASE_TAKEN, .cas = 5, .ttl = -1}},
        {"HD X W\r\n", {.lease = MCP__LEASE_STALE | MCP__LEASE_WON, .ttl = -1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcp__reply reply = rows[i].reply;
        reply.kind = MCP__REPLY_DONE;
        expect_text(rows[i].text, reply);
    }
    expect_text("VA 0003 f1\r\nabc\r\n",
                (mcp__reply){.kind = MCP__REPLY_VALUE, .flags = 1, .ttl = -1, .value = {"abc", 3}});
}
END_TEST

/* Not the protocol: BAD when all of it is there, and never a reply before. */
static void
expect_bad_bytes(const char *text, size_t len, size_t value_max)
{
    static uint8_t value[8192];
    mcp__reply reply;
    size_t wanted;
    for (size_t part = 1; part < len; part++) {
        ssize_t used =
            parse((const uint8_t *)text, part, value_max, &reply, &wanted, value, sizeof value);
        ck_assert_msg(used <= 0, "\"%.*s\" is taken for a reply", (int)part, text);
    }
    ssize_t used =
        parse((const uint8_t *)text, len, value_max, &reply, &wanted, value, sizeof value);
    ck_assert_msg(used == MCP__PARSE_BAD, "\"%.*s\" gives %zd", (int)(len < 80 ? len : 80), text,
                  used);
}

static const char *const strange[] = {
    "\n",
    "\r\n",
    "A\r\n",
    "HD\n",
    "HD x\n",
    "HD f12\n",
    "EN  \n",
    "VA 11\nx\r\n",
    "HD O123456789\n",
    "VA 1\nx\r\n",
    " HD\r\n",
    "hd\r\n",
    "Hd\r\n",
    "HDx\r\n",
    "HD\tO12345678\r\n",
    "QQ\r\n",
    "VALUE k 0 1\r\nx\r\nEND\r\n",
    "HTTP/1.1 400 Bad\r\n",
    "-ERR unknown command\r\n",
    "STORED\r\n",
    "DELETED\r\n",
    "VA\r\n",
    "VA \r\n",
    "VA  1\r\nx\r\n",
    "VA +1\r\nx\r\n",
    "VA -1\r\nx\r\n",
    "VA 1e9\r\nx\r\n",
    "VA 0x1\r\nx\r\n",
    "VA 1,5\r\nx\r\n",
    "VA 18446744073709551615\r\n",
    "VA 18446744073709551616\r\n",
    "VA 18446744073709551614\r\n",
    "VA 1048577 f0\r\n",
    "VA 4294967296\r\n",
    "VA 99999999999999999999\r\n",
    "VA x\r\nx\r\n",
    "VA_1\r\nx\r\n",
    "VA 1f7\r\nx\r\n",
    "VA 1\r\nxy\r\n",
    "VA 1\r\nx\n\n",
    "VA 2\r\nx\r\n\r",
    "VA 0\r\n\n\r",
    "VA 0\r\nx\r\n",
    "VA 3\r\nabcd\r\n",
    "VA 3\r\nabc\r\r",
    "HD f\r\n",
    "HD f-1\r\n",
    "HD f+1\r\n",
    "HD f4294967296\r\n",
    "HD f1e9\r\n",
    "HD f18446744073709551616\r\n",
    "HD f1x\r\n",
    "HD c\r\n",
    "HD c-1\r\n",
    "HD c18446744073709551616\r\n",
    "HD c1.0\r\n",
    "HD t\r\n",
    "HD t-2\r\n",
    "HD t-\r\n",
    "HD t-1x\r\n",
    "HD t-12\r\n",
    "HD t9223372036854775808\r\n",
    "HD t+1\r\n",
    "HD O\r\n",
    "HD O1234567\r\n",
    "HD O123456789\r\n",
    "HD O1234567 f\r\n",
    "MN O1\r\n",
    "EN f4294967296\r\n",
};

START_TEST(no_protocol)
{
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        expect_bad_bytes(strange[i], strlen(strange[i]), VALUE_MAX);
    expect_bad_bytes("\0\0\0\r\n", 5, VALUE_MAX);
    expect_bad_bytes("H\0\r\n", 4, VALUE_MAX);
    expect_bad_bytes("HD\0\r\n", 5, VALUE_MAX);
    expect_bad_bytes("VA 1\0\r\nx\r\n", 10, VALUE_MAX);
    expect_bad_bytes("VA \0001\r\nx\r\n", 10, VALUE_MAX);
    expect_bad_bytes("HD f1\0\r\n", 8, VALUE_MAX);
    expect_bad_bytes("HD\r\r\n", 5, VALUE_MAX);
}
END_TEST

START_TEST(value_limits)
{
    expect_bad_bytes("VA 11\r\n", 7, 10);
    expect_bad_bytes("VA 1\r\n", 6, 0);
    mcp__reply reply;
    size_t wanted;
    uint8_t value[16];
    ck_assert_int_eq(parse((const uint8_t *)"VA 10\r\n0123456789\r\n", 19, 10, &reply, &wanted,
                           value, sizeof value),
                     19);
    ck_assert_int_eq(parse((const uint8_t *)"VA 0\r\n\r\n", 8, 0, &reply, &wanted, value, 16), 8);
    ck_assert_int_eq(parse((const uint8_t *)"VA 10\r\n", 7, 10, &reply, &wanted, value, 16),
                     MCP__PARSE_MORE);
    ck_assert_uint_eq(wanted, 19);
}
END_TEST

START_TEST(lines_that_do_not_end)
{
    static char text[4096];
    static const char *const starts[] = {"", "HD ", "VA 1 ", "SERVER_ERROR ", "STAT ", "VERSION "};
    mcp__reply reply;
    size_t wanted;
    uint8_t value[4096];
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        memset(text, 'x', sizeof text);
        memcpy(text, starts[i], strlen(starts[i]));
        for (size_t len = MCP__LINE_MAX - 3; len < sizeof text;
             len += len < MCP__LINE_MAX + 3 ? 1 : 511)
            ck_assert_int_eq(parse((uint8_t *)text, len, VALUE_MAX, &reply, &wanted, value, 4096),
                             len < MCP__LINE_MAX ? MCP__PARSE_MORE : MCP__PARSE_BAD);
    }
    /* With its end the longest line has this many bytes; one more is too many. */
    memset(text, 'x', sizeof text);
    memcpy(text, "SERVER_ERROR ", 13);
    memcpy(text + MCP__LINE_MAX - 2, "\r\n", 2);
    ck_assert_int_eq(parse((uint8_t *)text, MCP__LINE_MAX, VALUE_MAX, &reply, &wanted, value, 4096),
                     MCP__LINE_MAX);
    memset(text + MCP__LINE_MAX - 2, 'x', 2);
    memcpy(text + MCP__LINE_MAX - 1, "\r\n", 2);
    ck_assert_int_eq(
        parse((uint8_t *)text, MCP__LINE_MAX + 1, VALUE_MAX, &reply, &wanted, value, 4096),
        MCP__PARSE_BAD);
}
END_TEST

/* Any bytes at all: no crash, nothing read behind the end, no more taken than there is. */
START_TEST(noise)
{
    static const char letters[] = "HDVAENSXFMOKRTSTAEROLI_ 0123456789fctO-\r\n\r\n\r\n\0x";
    uint64_t state = 41;
    static uint8_t value[256];
    for (int round = 0; round < 200000; round++) {
        uint8_t bytes[64];
        mcp__reply reply;
        size_t wanted, len = 1 + next_random(&state) % sizeof bytes;
        for (size_t i = 0; i < len; i++) {
            uint64_t random = next_random(&state) >> 8;
            bytes[i] = random % 16 == 0 ? (uint8_t)(random >> 8)
                                        : (uint8_t)letters[(random >> 8) % sizeof letters];
        }
        static const char *const heads[] = {"VA ", "HD ", "STAT ", "END\r\n", "VERSION "};
        const char *head = heads[next_random(&state) % 5];
        if (round % 2 && len > 8)
            memcpy(bytes, head, strlen(head));
        ssize_t used = parse(bytes, len, 40, &reply, &wanted, value, sizeof value);
        if (used == MCP__PARSE_MORE && wanted != 0 && wanted <= len)
            ck_abort_msg("wants %zu, has %zu", wanted, len);
    }
}
END_TEST

START_TEST(which_reply_fits_which_command)
{
    enum { V = MCP__REPLY_VALUE, HD, EN, NS, EX, NF, MN, OK, VER, ST, E, CE, SE };
#define B(kind) (1 << (kind))
    static const int errors = B(E) | B(CE) | B(SE), stored = B(HD) | B(NS) | B(EX) | B(NF);
    static const int fits[] = {
        [MCP__COMMAND_GET] = B(V) | B(EN),
        [MCP__COMMAND_GAT] = B(V) | B(EN),
        [MCP__COMMAND_TOUCH] = B(HD) | B(EN),
        [MCP__COMMAND_SET] = stored,
        [MCP__COMMAND_ADD] = stored,
        [MCP__COMMAND_REPLACE] = stored,
        [MCP__COMMAND_APPEND] = stored,
        [MCP__COMMAND_PREPEND] = stored,
        [MCP__COMMAND_CAS] = stored,
        [MCP__COMMAND_DELETE] = B(HD) | B(NF) | B(EX), /* by cas */
        [MCP__COMMAND_INCR] = B(V) | B(NF) | B(NS),
        [MCP__COMMAND_DECR] = B(V) | B(NF) | B(NS),
        [MCP__COMMAND_PEEK] = B(HD) | B(EN),
        [MCP__COMMAND_NUMBER] = B(HD) | B(EN),
        [MCP__COMMAND_LEASE] = B(V) | B(EN),
        [MCP__COMMAND_PING] = B(MN),
        [MCP__COMMAND_VERSION] = B(VER),
        [MCP__COMMAND_STATS] = B(ST) | B(OK),
        [MCP__COMMAND_FLUSH] = B(OK),
    };
    for (int command = MCP__COMMAND_GET; command <= MCP__COMMAND_FLUSH; command++) {
        for (int kind = V; kind <= SE; kind++) {
            int expected = ((fits[command] | errors) & B(kind)) != 0;
            ck_assert_msg((mcp__meta_fits((mcp__command_kind)command, (mcp__reply_kind)kind) !=
                           0) == expected,
                          "command %d, reply %d", command, kind);
        }
    }
}
END_TEST

static void
means(mcp__command_kind command, mcp__reply_kind kind, const char *text, mcp_status status)
{
    uint8_t *exact = exact_copy(text, strlen(text));
    mcp__reply reply = {.kind = kind, .value = {exact, strlen(text)}};
    mcp_status got = mcp__meta_status(command, &reply);
    ck_assert_msg(got == status, "command %d, reply %d \"%s\": %d, not %d", (int)command, (int)kind,
                  text, (int)got, (int)status);
    free(exact);
}

START_TEST(what_replies_mean)
{
    static const char big[] = "object too large for cache", full[] = "out of memory storing object",
                      word[] = "cannot increment or decrement non-numeric value";
    for (int i = MCP__COMMAND_GET; i <= MCP__COMMAND_FLUSH; i++) {
        mcp__command_kind kind = (mcp__command_kind)i;
        int stores = i >= MCP__COMMAND_SET && i <= MCP__COMMAND_CAS;
        int counts = i == MCP__COMMAND_INCR || i == MCP__COMMAND_DECR;
        int needs_one =
            i == MCP__COMMAND_REPLACE || i == MCP__COMMAND_APPEND || i == MCP__COMMAND_PREPEND;
        mcp_status missing = needs_one ? MCP_NOT_STORED : MCP_NOT_FOUND;
        means(kind, MCP__REPLY_DONE, "", MCP_OK);
        means(kind, MCP__REPLY_VALUE, "x", MCP_OK);
        means(kind, MCP__REPLY_MISS, "", missing);
        means(kind, MCP__REPLY_NOT_FOUND, "", missing);
        means(kind, MCP__REPLY_NOT_STORED, "", MCP_NOT_STORED);
        means(kind, MCP__REPLY_EXISTS, "", MCP_EXISTS);
        means(kind, MCP__REPLY_ERROR, "", MCP_UNSUPPORTED);
        means(kind, MCP__REPLY_CLIENT_ERROR, "", MCP_SERVER_ERROR);
        means(kind, MCP__REPLY_CLIENT_ERROR, "unauthenticated", MCP_REFUSED);
        means(kind, MCP__REPLY_CLIENT_ERROR, word, counts ? MCP_NOT_NUMBER : MCP_SERVER_ERROR);
        means(kind, MCP__REPLY_SERVER_ERROR, "", MCP_SERVER_ERROR);
        means(kind, MCP__REPLY_SERVER_ERROR, "out of luck", MCP_SERVER_ERROR);
        means(kind, MCP__REPLY_SERVER_ERROR, "object too lar", MCP_SERVER_ERROR);
        means(kind, MCP__REPLY_SERVER_ERROR, big, stores ? MCP_TOO_BIG : MCP_SERVER_ERROR);
        means(kind, MCP__REPLY_SERVER_ERROR, full, stores ? MCP_SERVER_FULL : MCP_SERVER_ERROR);
        means(kind, MCP__REPLY_SERVER_ERROR, "out of memory writing get response",
              stores ? MCP_SERVER_FULL : MCP_SERVER_ERROR);
    }
}
END_TEST

/* ---- the short way for usual replies ---- */

static size_t n_short_cuts;

static size_t n_known_sizes;

/* Where the short way gives an answer at all, it is the strict one's, from the same bytes; and where
 * it says how many there will be, the strict one does so, too. */
static void
compare_ways(const char *bytes, size_t len, size_t value_max, uint64_t opaque)
{
    uint8_t *block = exact_copy(bytes, len);
    mcp__reply quick, strict;
    size_t wanted;
    memset(&quick, 0x5a, sizeof quick);
    ssize_t used = mcp__usual_parse(block, len, value_max, opaque, &quick);
    if (used != MCP__PARSE_MORE) {
        n_short_cuts++;
        ssize_t expected = mcp__meta_parse(block, len, value_max, &strict, &wanted);
        if (used != expected || quick.kind != strict.kind || quick.flags != strict.flags ||
            quick.opaque != strict.opaque || strict.opaque != opaque || quick.cas != strict.cas ||
            quick.ttl != strict.ttl || quick.size != strict.size || quick.lease != strict.lease ||
            quick.value.len != strict.value.len ||
            (quick.value.len > 0 && quick.value.bytes != strict.value.bytes))
            ck_abort_msg("\"%.*s\": the short way says %zd, the strict one %zd", (int)len, bytes,
                         used, expected);
    } else if (quick.size != 0) {
        n_known_sizes++;
        ck_assert_int_eq(mcp__meta_parse(block, len, value_max, &strict, &wanted), MCP__PARSE_MORE);
        ck_assert_uint_eq(quick.size, wanted);
    }
    free(block);
}

START_TEST(the_short_way_agrees_with_the_strict_one)
{
    static const char *const rows[] = {
        "HD O12345678\r\n",
        "HD O12345678 \r\n",
        "VA 0 O12345678 f0\r\n\r\n",
        "VA 3 O12345678 f7\r\nabc\r\n",
        "VA 3 O12345678 f4294967295\r\nabc\r\n",
        "VA 3 O12345678 f4294967296\r\nabc\r\n",
        "VA 3 O12345678 f99999999999999999999\r\nabc\r\n",
        "VA 3 O12345678 f1 c2\r\nabc\r\n",
        "VA 003 O12345678 f01\r\nabc\r\n",
        "VA 0 O12345678 f0 c5 W\r\n\r\n",
        "HD O12345678 c5 s1 f0\r\n",
        "VA 18446744073709551615 O12345678 f1\r\nabc\r\n",
        "VA 18446744073709551619 O12345678 f1\r\nabc\r\n",
        "VA 9999999999 O12345678 f1\r\nabc\r\n",
        "VA 10 O12345678 f1\r\n\r\nEND\r\nxyz\r\n",
    };
    uint64_t state = 53, opaque = opaque_of("12345678");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i]);
        for (size_t part = 1; part <= len; part++) {
            compare_ways(rows[i], part, VALUE_MAX, opaque);
            compare_ways(rows[i], part, 2, opaque);
            compare_ways(rows[i], part, VALUE_MAX, opaque_of("12345679"));
        }
        for (int round = 0; round < 20000; round++) { /* and with one or two bytes changed */
            char bytes[80];
            memcpy(bytes, rows[i], len);
            for (int changes = 1 + round % 2; changes > 0; changes--) {
                uint64_t random = next_random(&state) >> 8;
                bytes[random % len] = "\r\n 0123456789fOVAHDWZs"[(random >> 16) % 23];
            }
            compare_ways(bytes, len, VALUE_MAX, opaque);
        }
    }
    ck_assert_uint_gt(n_known_sizes, 1000);
    n_short_cuts = 0;
    compare_ways(rows[0], strlen(rows[0]), VALUE_MAX, opaque);
    compare_ways(rows[3], strlen(rows[3]), VALUE_MAX, opaque);
    ck_assert_uint_eq(n_short_cuts, 2); /* else this would compare nothing */
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("meta");
    TCase *replies = tcase_create("replies");
    tcase_set_timeout(replies, 60);
    tcase_add_test(replies, replies_without_a_value);
    tcase_add_test(replies, flags_in_every_order);
    tcase_add_test(replies, values_of_all_sizes);
    tcase_add_test(replies, numbers_at_their_limits);
    tcase_add_test(replies, no_protocol);
    tcase_add_test(replies, value_limits);
    tcase_add_test(replies, lines_that_do_not_end);
    tcase_add_test(replies, noise);
    tcase_add_test(replies, which_reply_fits_which_command);
    tcase_add_test(replies, what_replies_mean);
    tcase_add_test(replies, the_short_way_agrees_with_the_strict_one);
    suite_add_tcase(suite, replies);
    return run_suite(suite);
}

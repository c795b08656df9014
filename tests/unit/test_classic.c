/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies of the old text protocol, through the parser's one door, cut at every byte. */
#include "wire/classic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "wire/meta.h"

#define VALUE_MAX (2 * 1024 * 1024)

static ssize_t
parse(const char *bytes, size_t len, size_t value_max, mcp__reply *reply, uint8_t **block)
{
    size_t wanted;
    *block = exact_copy(bytes, len);
    memset(reply, 0x5a, sizeof *reply);
    return mcp__meta_parse(*block, len, value_max, reply, &wanted);
}

static void
expect(const char *text, mcp__reply_kind kind, const char *value)
{
    char longer[4096];
    size_t len = strlen(text);
    mcp__reply reply;
    uint8_t *block;
    for (size_t part = 1; part < len; part++) {
        ssize_t used = parse(text, part, VALUE_MAX, &reply, &block);
        ck_assert_msg(used == MCP__PARSE_MORE, "%zu bytes of \"%s\": %zd", part, text, used);
        free(block);
    }
    snprintf(longer, sizeof longer, "%sEND\r\n", text);
    for (size_t extra = 0; extra <= 5; extra++) {
        ssize_t used = parse(longer, len + extra, VALUE_MAX, &reply, &block);
        ck_assert_msg(used == (ssize_t)len, "\"%s\": took %zd", text, used);
        ck_assert_msg(reply.kind == kind, "\"%s\": kind %d", text, (int)reply.kind);
        ck_assert_uint_eq(reply.opaque, 0);
        ck_assert_uint_eq(reply.cas, 0);
        ck_assert_uint_eq(reply.value.len, strlen(value));
        ck_assert(reply.value.len == 0 || memcmp(reply.value.bytes, value, reply.value.len) == 0);
        const uint8_t *from = reply.value.bytes;
        ck_assert(reply.value.len == 0 ||
                  (from >= block && from + reply.value.len <= block + len - 2));
        free(block);
    }
}

START_TEST(lines)
{
    expect("OK\r\n", MCP__REPLY_OK, "");
    expect("RESET\r\n", MCP__REPLY_OK, "");
    expect("VERSION\r\n", MCP__REPLY_VERSION, "");
    expect("VERSION 1.6.18\r\n", MCP__REPLY_VERSION, "1.6.18");
    expect("VERSION  1.6 x \r\n", MCP__REPLY_VERSION, " 1.6 x ");
    expect("ERROR\r\n", MCP__REPLY_ERROR, "");
    expect("ERROR \r\n", MCP__REPLY_ERROR, "");
    expect("ERROR Too many open connections\r\n", MCP__REPLY_ERROR, "Too many open connections");
    expect("CLIENT_ERROR bad command line format\r\n", MCP__REPLY_CLIENT_ERROR,
           "bad command line format");
    expect("SERVER_ERROR object too large for cache\r\n", MCP__REPLY_SERVER_ERROR,
           "object too large for cache");
    expect("SERVER_ERROR\r\n", MCP__REPLY_SERVER_ERROR, "");
    expect("SERVER_ERROR a\rb\r\n", MCP__REPLY_SERVER_ERROR, "a\rb");
    expect("CLIENT_ERROR \xff\xfe\x01\r\n", MCP__REPLY_CLIENT_ERROR, "\xff\xfe\x01");
}
END_TEST

START_TEST(stats)
{
    expect("END\r\n", MCP__REPLY_STATS, "");
    expect("STAT pid 1\r\nEND\r\n", MCP__REPLY_STATS, "STAT pid 1\r\n");
    expect("STAT pid 1\r\nSTAT ENDING END\r\nSTAT a \r\nEND\r\n", MCP__REPLY_STATS,
           "STAT pid 1\r\nSTAT ENDING END\r\nSTAT a \r\n");
    expect("STAT END\r\nEND\r\n", MCP__REPLY_STATS, "STAT END\r\n");
    expect("ITEM k [4 b; 0 s]\r\nITEM END [0 b; 1 s]\r\nEND\r\n", MCP__REPLY_STATS,
           "ITEM k [4 b; 0 s]\r\nITEM END [0 b; 1 s]\r\n");
}
END_TEST

/* BAD when all is there; never a reply of its whole length before that. */
static void
expect_bad(const char *text, size_t len)
{
    mcp__reply reply;
    uint8_t *block;
    for (size_t part = 1; part <= len; part++) {
        ssize_t used = parse(text, part, VALUE_MAX, &reply, &block);
        free(block);
        ck_assert_msg(used <= 0, "%zu bytes of \"%s\" are a reply", part, text);
        ck_assert_msg(part < len || used == MCP__PARSE_BAD, "\"%s\": %zd", text, used);
    }
}

START_TEST(no_protocol)
{
    static const char *const rows[] = {
        "OK\n",
        "OKAY\r\n",
        "OK_\r\n",
        "RESETS\r\n",
        "ok\r\n",
        "VERSIONS 1\r\n",
        "VERSION\t1\r\n",
        "VERSION 1\n",
        "ERRORS\r\n",
        "CLIENT_ERRO x\r\n",
        "SERVER_ERROR\tx\r\n",
        "ENDE\r\n",
        "END \r\n",
        " END\r\n",
        "EN D\n",
        "STAT\r\n",
        "ITEM\r\n",
        "ITEMS a b\r\n",
        "STATS a b\r\n",
        "stat a b\r\n",
        "STAT \n",
        "STAT a b\nEND\r\n",
        "STAT a b\r\n\r\n",
        "STAT a b\r\nEND\n",
        "STAT a b\r\nENDS\r\n",
        "STAT a b\r\nERROR\r\n",
        "STAT a b\r\nHD\r\n",
        "ITEM k [1 b; 0 s]\nEND\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_bad(rows[i], strlen(rows[i]));
    expect_bad("OK\0\r\n", 5);
    expect_bad("VERSION 1.6\0.18\r\n", 17);
    expect_bad("SERVER_ERROR a\0b\r\n", 18);
    expect_bad("ERROR \0\r\n", 9);
}
END_TEST

/*
 * Fed byte for byte, as a receiver would: the first answer that is not MORE, and at which length.
 * However the bytes are cut, that verdict has to be the same.
 */
static ssize_t
verdict_in_parts(const char *text, size_t len, size_t step, size_t value_max)
{
    mcp__reply reply;
    uint8_t *block;
    for (size_t part = step; part < len + step; part += step) {
        ssize_t used = parse(text, part < len ? part : len, value_max, &reply, &block);
        free(block);
        if (used != MCP__PARSE_MORE)
            return used;
    }
    return MCP__PARSE_MORE;
}

static void
same_in_all_parts(const char *text, size_t len, size_t value_max)
{
    ssize_t whole = verdict_in_parts(text, len, len, value_max);
    for (size_t step = 1; step < len; step += step < 64 ? 1 : 517) {
        ssize_t got = verdict_in_parts(text, len, step, value_max);
        ck_assert_msg(got == whole, "value_max %zu, %zu bytes in parts of %zu: %zd, at once: %zd",
                      value_max, len, step, got, whole);
    }
}

START_TEST(limits_do_not_depend_on_the_cut)
{
    static char text[8192];
    size_t len = 0;
    for (int i = 0; i < 20; i++)
        len += (size_t)sprintf(text + len, "STAT name_%d value_%d\r\n", i, i * i);
    len += (size_t)sprintf(text + len, "END\r\n");
    for (size_t value_max = 0; value_max < len + 20; value_max++)
        same_in_all_parts(text, len, value_max);
    for (size_t line = MCP__LINE_MAX - 3; line < MCP__LINE_MAX + 4; line++) {
        len = (size_t)sprintf(text, "STAT a b\r\nSTAT long ");
        memset(text + len, 'x', line - 12);
        len += line - 12;
        len += (size_t)sprintf(text + len, "\r\nEND\r\n");
        same_in_all_parts(text, len, VALUE_MAX);
    }
}
END_TEST

START_TEST(stats_have_an_end)
{
    size_t most = 3 * MCP__STATS_MAX, len = 0;
    char *text = malloc(most);
    mcp__reply reply;
    uint8_t *block;
    while (len < most - 16)
        len += (size_t)sprintf(text + len, "STAT a b\r\n");
    ck_assert_int_eq(parse(text, MCP__STATS_MAX / 2, 0, &reply, &block), MCP__PARSE_MORE);
    free(block);
    ck_assert_int_eq(parse(text, len, 0, &reply, &block), MCP__PARSE_BAD);
    free(block);
    ck_assert_int_eq(parse(text, len, VALUE_MAX, &reply, &block), MCP__PARSE_BAD);
    free(block);
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("classic");
    TCase *replies = tcase_create("replies");
    tcase_set_timeout(replies, 60);
    tcase_add_test(replies, lines);
    tcase_add_test(replies, stats);
    tcase_add_test(replies, no_protocol);
    tcase_add_test(replies, limits_do_not_depend_on_the_cut);
    tcase_add_test(replies, stats_have_an_end);
    suite_add_tcase(suite, replies);
    return run_suite(suite);
}

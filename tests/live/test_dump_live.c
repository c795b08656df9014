/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser of dumps on what a real memcached writes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/run.h"
#include "support/server.h"
#include "support/talk.h"
#include "support/wait.h"
#include "wire/dump.h"
#include "wire/reply.h"

enum { KEYS = 500, BINARY = 20, TTL = 1000 };

/* Of key number `i`: a number, and every byte that memcached takes somewhere. */
static size_t
make_key(uint8_t *out, unsigned i)
{
    size_t len = (size_t)sprintf((char *)out, "%u%%", i);
    size_t wish = i == 0 ? 250 : len + i % 90;
    for (unsigned byte = 0x21 + i * 7; len < wish; byte++) {
        out[len] = (uint8_t)(byte % 256);
        len += out[len] > 0x20 && out[len] != 0x7f;
    }
    return len;
}

/* Bytes that only base64 carries: "<i> \n" and more of them; always a multiple of three. */
static size_t
make_binary(uint8_t *out, unsigned i)
{
    size_t len = 3 + 3 * (size_t)i;
    for (size_t at = 0; at < len; at++)
        out[at] = (uint8_t)(at * 37 + i);
    out[0] = (uint8_t)i;
    return len;
}

static size_t
put_base64(char *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0;
    for (size_t at = 0; at < len; at += 3) {
        unsigned bits = (unsigned)bytes[at] << 16 | (unsigned)bytes[at + 1] << 8 | bytes[at + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            out[n++] = digits[bits >> shift & 63];
    }
    return n;
}

static void
ask(int fd, const talk_buf *request, const char *expected)
{
    talk_buf reply = {0};
    ck_assert(talk_forward(fd, request, &reply));
    ck_assert_str_eq(reply.bytes, expected);
    talk_free(&reply);
}

static void
store(int fd, const void *key, size_t len, const char *flags)
{
    talk_buf request = {0};
    talk_add(&request, "ms ", 3);
    talk_add(&request, key, len);
    talk_add(&request, " 1", 2);
    talk_add(&request, flags, strlen(flags));
    talk_add(&request, "\r\nx\r\n", 5);
    ask(fd, &request, "HD\r\n");
    talk_free(&request);
}

static void
fill(int fd)
{
    uint8_t key[256];
    char text[512], flags[16];
    snprintf(flags, sizeof flags, " T%d", TTL);
    for (unsigned i = 0; i < KEYS; i++) {
        size_t len = make_key(key, i);
        store(fd, key, len, i % 3 == 0 ? flags : "");
    }
    for (unsigned i = 0; i < BINARY; i++) {
        size_t len = make_binary(key, i);
        store(fd, text, put_base64(text, key, len), " b");
    }
}

/* ---- Reading ------------------------------------------------------------------------------ */

typedef struct seen {
    unsigned n_lines;
    unsigned n_keys;
    uint8_t plain[KEYS];
    uint8_t binary[BINARY];
    mcp__dump_kind last;
} seen;

static void
check_expires(const mcp__dump_line *line, int has_ttl)
{
    int64_t left = line->expires - (int64_t)time(NULL);
    if (!has_ttl)
        ck_assert_int_eq((int)line->expires, -1);
    else
        ck_assert_msg(left > TTL - 60 && left < TTL + 60, "%d seconds left", (int)left);
}

static void
see_key(seen *all, const mcp__dump_line *line)
{
    uint8_t key[256];
    all->n_keys++;
    for (unsigned i = 0; i < KEYS; i++) {
        if (make_key(key, i) == line->key.len && memcmp(key, line->key.bytes, line->key.len) == 0) {
            all->plain[i]++;
            check_expires(line, i % 3 == 0);
        }
    }
    for (unsigned i = 0; i < BINARY; i++) {
        size_t len = make_binary(key, i);
        if (len == line->key.len && memcmp(key, line->key.bytes, len) == 0)
            all->binary[i]++;
    }
}

/* Asks for the dump and reads up to the line that ends it. */
static void
read_dump(int fd, seen *all)
{
    uint8_t request[64];
    talk_buf in = {0};
    size_t at = 0, len = mcp__dump_encode(request);
    ck_assert_int_eq(write(fd, request, len), (ssize_t)len);
    for (all->last = 0; all->last == 0 || all->last <= MCP__DUMP_NOTE;) {
        mcp__dump_line line;
        uint8_t none = 0, *bytes = in.len > 0 ? (uint8_t *)in.bytes + at : &none;
        ssize_t taken = mcp__dump_parse(bytes, in.len - at, &line);
        ck_assert_int_ge((int)taken, 0);
        if (taken == MCP__PARSE_MORE) {
            ck_assert_int_gt((int)talk_receive(fd, &in), 0);
            continue;
        }
        at += (size_t)taken;
        all->n_lines++;
        all->last = line.kind;
        if (line.kind == MCP__DUMP_KEY)
            see_key(all, &line);
    }
    ck_assert_uint_eq(at, in.len);
    talk_free(&in);
}

typedef struct attempt {
    int fd;
    seen all;
} attempt;

/* The server's own crawl, and a dump that has just ended, make it BUSY for a moment. */
static int
try_dump(void *context)
{
    attempt *a = context;
    memset(&a->all, 0, sizeof a->all);
    read_dump(a->fd, &a->all);
    return a->all.last != MCP__DUMP_BUSY;
}

START_TEST(all_keys_come_back)
{
    server *s = server_unix(NULL);
    int fd = server_connect(s);
    attempt a = {.fd = fd};
    ck_assert(wait_until(try_dump, &a, 5000));
    ck_assert_int_eq(a.all.last, MCP__DUMP_END);
    ck_assert_uint_eq(a.all.n_keys, 0);

    fill(fd);
    ck_assert(wait_until(try_dump, &a, 5000));
    ck_assert_int_eq(a.all.last, MCP__DUMP_END);
    ck_assert_uint_eq(a.all.n_keys, KEYS + BINARY);
    for (unsigned i = 0; i < KEYS; i++)
        ck_assert_msg(a.all.plain[i] == 1, "key %u came %d times", i, a.all.plain[i]);
    for (unsigned i = 0; i < BINARY; i++)
        ck_assert_msg(a.all.binary[i] == 1, "binary key %u came %d times", i, a.all.binary[i]);

    /* The connection is as good as before. */
    talk_buf ping = {0};
    talk_add(&ping, "mn\r\n", 4);
    ask(fd, &ping, "MN\r\n");
    talk_free(&ping);
    close(fd);
}
END_TEST

/* Dumps switched off at the start; the crawler switched off at run time. */
START_TEST(refusals)
{
    static const char off[] = "lru_crawler disable\r\n";
    server *s = server_unix(_i == 0 ? "-X" : NULL);
    int fd = server_connect(s);
    seen all = {0};
    if (_i == 1) {
        talk_buf request = {0};
        talk_add(&request, off, sizeof off - 1);
        ask(fd, &request, "OK\r\n");
        talk_free(&request);
    }
    read_dump(fd, &all);
    ck_assert_int_eq(all.last, MCP__DUMP_REFUSED);
    ck_assert_uint_eq(all.n_lines, 1);
    close(fd);
}
END_TEST

/* A dump is not for pipelines: behind a reply that is still to be sent the server refuses it. */
START_TEST(pipelines_are_refused)
{
    static const char both[] = "mg nothing v\r\nlru_crawler metadump hash\r\n";
    server *s = server_unix(NULL);
    int fd = server_connect(s);
    talk_buf in = {0};
    mcp__dump_line line = {0};
    ssize_t taken = MCP__PARSE_MORE;
    ck_assert_int_eq(write(fd, both, sizeof both - 1), (ssize_t)sizeof both - 1);
    while (taken == MCP__PARSE_MORE) {
        ck_assert_int_gt((int)talk_receive(fd, &in), 0);
        taken = in.len > 4 ? mcp__dump_parse((uint8_t *)in.bytes + 4, in.len - 4, &line) : 0;
    }
    ck_assert_mem_eq(in.bytes, "EN\r\n", 4);
    ck_assert_int_eq(line.kind, MCP__DUMP_REFUSED);
    talk_free(&in);
    close(fd);
}
END_TEST

int
main(void)
{
    TCase *dump = tcase_create("dump_live");
    tcase_add_test(dump, all_keys_come_back);
    tcase_add_loop_test(dump, refusals, 0, 2);
    tcase_add_test(dump, pipelines_are_refused);
    return run_tests("dump_live", dump);
}

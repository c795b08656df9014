/* SPDX-License-Identifier: BSD-3-Clause */
/* The greeting of a new connection. */
#include "server/hello.h"

#include <stdio.h>
#include <string.h>

#include "support.h"

static int
read_version(mcp__hello *hello, const char *text)
{
    mcp__reply reply = {.kind = MCP__REPLY_VERSION, .value = {text, strlen(text)}};
    memset(hello, 0x5a, sizeof *hello);
    return mcp__hello_read(hello, &reply);
}

START_TEST(versions)
{
    /* From memcached's release notes: 1.6.10 today's meta reply codes, 1.6.18 opaque on misses. */
    static const struct {
        const char *text;
        int has_meta, echoes_misses;
    } rows[] = {
        {"1.4.39", 0, 0},
        {"1.5.22", 0, 0},
        {"1.6.0", 0, 0},
        {"1.6.9", 0, 0},
        {"1.6.10", 1, 0},
        {"1.6.17", 1, 0},
        {"1.6.18", 1, 1},
        {"1.6.45", 1, 1},
        {"1.6.100", 1, 1},
        {"1.7.0", 1, 1},
        {"1.10.1", 1, 1},
        {"2.0.0", 1, 1},
        {"1.6.18_dirty", 1, 1},
        {"1.6.9-beta2", 0, 0},
        {"1.6.18\t", 1, 1},
        {"", 0, 0},
        {"1", 0, 0},
        {"1.6", 0, 0},
        {"1.6.", 0, 0},
        {"1..18", 0, 0},
        {"v1.6.18", 0, 0},
        {" 1.6.18", 0, 0},
        {"1.6.1000", 0, 0},
        {"1000.6.18", 0, 0},
        {"99999999999999999999.6.18", 0, 0},
        {"unknown", 0, 0},
        {"0.5.0", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcp__hello hello;
        ck_assert_int_eq(read_version(&hello, rows[i].text), 0);
        ck_assert_msg(hello.has_meta == rows[i].has_meta, "\"%s\": has_meta", rows[i].text);
        ck_assert_msg(hello.echoes_misses == rows[i].echoes_misses, "\"%s\": echoes_misses",
                      rows[i].text);
    }
}
END_TEST

START_TEST(version_texts_can_be_shown)
{
    mcp__hello hello;
    char text[64];
    for (size_t len = 0; len < sizeof text; len++) {
        memset(text, 'v', sizeof text);
        text[len] = '\0';
        ck_assert_int_eq(read_version(&hello, text), 0);
        ck_assert_uint_eq(strlen(hello.version), len < 31 ? len : 31);
    }
    read_version(&hello, "1.6.18\x1b[2J\x7f\xff");
    ck_assert_str_eq(hello.version, "1.6.18?[2J??");
}
END_TEST

START_TEST(no_memcached)
{
    mcp__hello hello;
    for (int kind = MCP__REPLY_VALUE; kind <= MCP__REPLY_SERVER_ERROR; kind++) {
        mcp__reply reply = {.kind = (mcp__reply_kind)kind, .value = {"1.6.18", 6}};
        ck_assert_int_eq(mcp__hello_read(&hello, &reply), kind == MCP__REPLY_VERSION ? 0 : -1);
    }
}
END_TEST

static const mcp__login NOBODY;

START_TEST(what_is_said)
{
    supply memory;
    mcp__buf out;
    supply_init(&memory);
    mcp__buf_init(&out, &memory.mem, 100);
    memory.fail_at = 1;
    ck_assert_int_eq(mcp__hello_write(&out, &NOBODY, MCP__GREETING_VERSION), -1);
    ck_assert_uint_eq(mcp__buf_len(&out), 0);
    ck_assert_int_eq(mcp__hello_write(&out, &NOBODY, MCP__GREETING_VERSION), 0);
    ck_assert_uint_eq(mcp__buf_len(&out), 9);
    ck_assert_mem_eq(mcp__buf_bytes(&out), "version\r\n", 9);
    mcp__buf_fini(&out);
    ck_assert_uint_eq(memory.n_live, 0);
}
END_TEST

/* The login comes first, under a reserved key, and is gone when it is stored. */
START_TEST(who_we_are)
{
    static const mcp__login bob = {{"bob:s3:cret", 11}, {"mcp:", 4}};
    static const char said[] = "set mcp:auth 0 -1 11\r\nbob s3:cret\r\nversion\r\n";
    supply memory;
    mcp__buf out;
    supply_init(&memory);
    mcp__buf_init(&out, &memory.mem, 200);
    memory.fail_at = 1;
    ck_assert_int_eq(mcp__hello_write(&out, &bob, MCP__GREETING_VERSION), -1);
    ck_assert_uint_eq(mcp__buf_len(&out), 0);
    ck_assert_int_eq(mcp__hello_write(&out, &bob, MCP__GREETING_VERSION), 0);
    ck_assert_uint_eq(mcp__buf_len(&out), sizeof said - 1);
    ck_assert_mem_eq(mcp__buf_bytes(&out), said, sizeof said - 1);
    mcp__buf_fini(&out);
    ck_assert_uint_eq(memory.n_live, 0);
}
END_TEST

/* A login of any length that the options allow, byte by byte. */
START_TEST(long_logins)
{
    supply memory;
    supply_init(&memory);
    for (size_t len = 3; len < 3000; len += 1 + len / 7) {
        char auth[3000], head[64], said[4000];
        mcp__buf out;
        memset(auth, 'x', sizeof auth);
        auth[len / 2] = ':';
        const mcp__login login = {{auth, len}, {"m", 1}};
        mcp__buf_init(&out, &memory.mem, 8000);
        ck_assert_int_eq(mcp__hello_write(&out, &login, MCP__GREETING_VERSION), 0);
        snprintf(head, sizeof head, "set mauth 0 -1 %zu\r\n", len);
        auth[len / 2] = ' ';
        size_t n =
            (size_t)snprintf(said, sizeof said, "%s%.*s\r\nversion\r\n", head, (int)len, auth);
        ck_assert_uint_eq(mcp__buf_len(&out), n);
        ck_assert_mem_eq(mcp__buf_bytes(&out), said, n);
        mcp__buf_fini(&out);
    }
}
END_TEST

START_TEST(replies_to_the_login)
{
    static const char stored[] = "STORED\r\nVERSION 1.6.18\r\n";
    for (size_t len = 0; len < sizeof stored; len++)
        ck_assert_uint_eq(mcp__hello_read_login((const uint8_t *)stored, len), len < 8 ? 0 : 8);
    ck_assert_uint_eq(mcp__hello_read_login((const uint8_t *)"STORED\n\n\n", 9), 0);
    ck_assert_uint_eq(mcp__hello_read_login((const uint8_t *)"NOT_STORED\r\n", 12), 0);
    ck_assert_uint_eq(
        mcp__hello_read_login((const uint8_t *)"CLIENT_ERROR unauthenticated\r\n", 30), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hello");
    TCase *hellos = tcase_create("hello");
    tcase_add_test(hellos, versions);
    tcase_add_test(hellos, version_texts_can_be_shown);
    tcase_add_test(hellos, no_memcached);
    tcase_add_test(hellos, what_is_said);
    tcase_add_test(hellos, who_we_are);
    tcase_add_test(hellos, long_logins);
    tcase_add_test(hellos, replies_to_the_login);
    suite_add_tcase(suite, hellos);
    return run_suite(suite);
}

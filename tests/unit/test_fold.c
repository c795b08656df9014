/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands in the classic protocol: what is said for each of them, and what its replies mean, cut
 * at every byte. */
#include "wire/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "wire/classic.h"

#define VALUE_MAX 100

static const mcp__fold_peer OLD = {.prefix = {"mcp:", 4}};
static const mcp__fold_peer NEWER = {.has_gat = 1, .prefix = {"mcp:", 4}};
static const mcp__fold_peer MODERN = {.has_gat = 1, .has_meta = 1, .prefix = {"mcp:", 4}};
static const mcp__fold_peer PROXY = {.lacks_version = 1, .prefix = {"mcp:", 4}};

static const mcp__span KEY = {"key", 3};

static mcp__fold fold;

static mcp__command
command_of(mcp__command_kind kind)
{
    mcp__command command = {.kind = kind, .key = KEY};
    memcpy(&command.opaque, "0pa9ue00", 8);
    return command;
}

/* Begins, and compares everything that goes out, its value in its place. */
static void
says(const mcp__command *command, const mcp__fold_peer *peer, const char *text)
{
    char key[MCP__KEY_MAX];
    static uint8_t out[MCP__FOLD_HEAD_MAX + 64 + MCP__FOLD_TAIL_MAX];
    size_t key_len = command->kind == MCP__COMMAND_PING && !peer->lacks_version
                         ? 0
                         : mcp__fold_key(key, command, peer);
    mcp__span as_sent = {key, key_len};
    size_t len = mcp__fold_head(&fold, command, peer, as_sent, out);
    ck_assert_uint_le(len, MCP__FOLD_HEAD_MAX);
    if (mcp__command_has_value(command->kind)) {
        if (command->value.len > 0)
            memcpy(out + len, command->value.bytes, command->value.len);
        memcpy(out + len + command->value.len, "\r\n", 2);
        len += command->value.len + 2;
    }
    size_t tail_len = mcp__fold_tail(&fold, as_sent, out + len);
    ck_assert_uint_le(tail_len, MCP__FOLD_TAIL_MAX);
    len += tail_len;
    ck_assert_msg(len == strlen(text) && memcmp(out, text, len) == 0, "\"%.*s\", not \"%s\"",
                  (int)len, (const char *)out, text);
}

/* The same for what is said behind an answer that was not the last. */
static void
goes_on(const mcp__fold_peer *peer, const mcp__reply *reply, const char *text)
{
    uint8_t out[MCP__FOLD_HEAD_MAX];
    ck_assert_int_eq(mcp__fold_goes_on(&fold, peer, reply), 1);
    size_t len = mcp__fold_more(&fold, KEY, out);
    ck_assert_msg(len == strlen(text) && memcmp(out, text, len) == 0, "\"%.*s\", not \"%s\"",
                  (int)len, (const char *)out, text);
}

static ssize_t
parse(const char *text, size_t len, int is_sent, mcp__reply *reply, uint8_t **block)
{
    *block = exact_copy(text, len);
    memset(reply, 0x5a, sizeof *reply);
    return mcp__fold_parse(&fold, KEY, *block, len, VALUE_MAX, is_sent, reply);
}

/* The whole text is one answer of this kind, and no part of it is; the value is copied. */
static mcp__reply
hears(const char *text, mcp__reply_kind kind)
{
    static char value[4096];
    char longer[4096];
    mcp__reply reply;
    uint8_t *block;
    size_t len = strlen(text);
    for (size_t part = 1; part < len; part++) {
        ssize_t used = parse(text, part, 1, &reply, &block);
        free(block);
        ck_assert_msg(used == MCP__PARSE_MORE, "%zu bytes of \"%s\": %zd", part, text, used);
    }
    snprintf(longer, sizeof longer, "%sSTORED\r\n", text);
    ssize_t used = parse(longer, len + 8, 1, &reply, &block);
    ck_assert_msg(used == (ssize_t)len, "\"%s\": took %zd", text, used);
    free(block);
    used = parse(text, len, 1, &reply, &block);
    ck_assert_msg(used == (ssize_t)len, "\"%s\": took %zd", text, used);
    ck_assert_msg(reply.kind == kind, "\"%s\": kind %d", text, (int)reply.kind);
    if (reply.value.len > 0)
        memcpy(value, reply.value.bytes, reply.value.len);
    reply.value.bytes = value;
    free(block);
    return reply;
}

/* Not the answer to this; and no part of it is one. */
static void
is_bad(const char *text)
{
    mcp__reply reply;
    uint8_t *block;
    for (size_t part = 1; part <= strlen(text); part++) {
        ssize_t used = parse(text, part, 1, &reply, &block);
        free(block);
        ck_assert_msg(used <= 0, "%zu bytes of \"%s\" are an answer", part, text);
        ck_assert_msg(part < strlen(text) || used == MCP__PARSE_BAD, "\"%s\": %zd", text, used);
    }
}

static void
value_is(const mcp__reply *reply, const char *text)
{
    ck_assert_uint_eq(reply->value.len, strlen(text));
    ck_assert(memcmp(reply->value.bytes, text, reply->value.len) == 0);
}

/* Error lines are an answer to everything. */
static void
hears_errors(void)
{
    mcp__reply reply = hears("ERROR\r\n", MCP__REPLY_ERROR);
    reply = hears("CLIENT_ERROR bad line\r\n", MCP__REPLY_CLIENT_ERROR);
    value_is(&reply, "bad line");
    if (fold.is_pair)
        return;
    reply = hears("SERVER_ERROR out of memory\r\n", MCP__REPLY_SERVER_ERROR);
    value_is(&reply, "out of memory");
}

static const char *const noise[] = {
    "\r\n",         "\n",
    "END\n",        "STORED\n",
    "END \r\n",     "stored\r\n",
    "HD\r\n",       "EN\r\n",
    "STORED \r\n",  " STORED\r\n",
    "OK\r\n",       "MN\r\n",
    "12a\r\n",      "-1\r\n",
    "VALUE\r\n",    "VALUE \r\n",
    "STORED\r\r\n", "1 2\r\n",
    "ERRORS\r\n",   "VERSION 1.4\r\n",
    "DELETEDX\r\n", "18446744073709551616\r\n",
    "STAT a b\r\n", "STORE\r\n",
};

static void
no_noise(void)
{
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++)
        is_bad(noise[i]);
}

START_TEST(get)
{
    mcp__command command = command_of(MCP__COMMAND_GET);
    says(&command, &OLD, "get key\r\n");
    hears_errors();
    no_noise();
    ck_assert_int_eq(hears("END\r\n", MCP__REPLY_MISS).ttl, -1);
    mcp__reply reply = hears("VALUE key 7 3\r\nabc\r\nEND\r\n", MCP__REPLY_VALUE);
    value_is(&reply, "abc");
    ck_assert_uint_eq(reply.flags, 7);
    ck_assert_int_eq(reply.ttl, -1);
    hears("VALUE key 4294967295 0\r\n\r\nEND\r\n", MCP__REPLY_VALUE);
    hears("VALUE key 0 13\r\nEND\r\nVALUE \r\n\r\nEND\r\n", MCP__REPLY_VALUE);
    is_bad("VALUE kez 7 3\r\nabc\r\nEND\r\n");
    is_bad("VALUE key1 7 3\r\nabc\r\nEND\r\n");
    is_bad("VALUE ke 7 3\r\nabc\r\nEND\r\n");
    is_bad("VALUE key 4294967296 3\r\nabc\r\nEND\r\n");
    is_bad("VALUE key 7 3 9\r\nabc\r\nEND\r\n");
    is_bad("VALUE key 7  3\r\nabc\r\nEND\r\n");
    is_bad("VALUE key 7 3 \r\nabc\r\nEND\r\n");
    is_bad("VALUE key 7 -3\r\nabc\r\nEND\r\n");
    is_bad("VALUE key 7 101\r\n");
    is_bad("VALUE key 7 18446744073709551615\r\n");
    is_bad("VALUE key 7 18446744073709551616\r\n");
    is_bad("VALUE key 7 2\r\nabc\r\nEND\r\n");
    is_bad("VALUE key 7 3\r\nabc\r\nVALUE key 7 3\r\nabc\r\nEND\r\n");
    is_bad("VALUE key 7 3\r\nabc\r\nENDE\r\n");
    command.want = MCP_WANT_CAS | MCP_WANT_TTL;
    says(&command, &OLD, "gets key\r\n");
    reply = hears("VALUE key 7 3 18446744073709551615\r\nabc\r\nEND\r\n", MCP__REPLY_VALUE);
    ck_assert_uint_eq(reply.cas, UINT64_MAX);
    ck_assert_int_eq(reply.ttl, MCP__TTL_UNKNOWN);
    is_bad("VALUE key 7 3\r\nabc\r\nEND\r\n");
    is_bad("VALUE key 7 3 18446744073709551616\r\nabc\r\nEND\r\n");
}
END_TEST

START_TEST(peek)
{
    mcp__command command = command_of(MCP__COMMAND_PEEK);
    says(&command, &OLD, "gets key\r\n");
    mcp__reply reply = hears("VALUE key 7 3 9\r\nabc\r\nEND\r\n", MCP__REPLY_DONE);
    ck_assert_uint_eq(reply.size, 3);
    ck_assert_uint_eq(reply.cas, 9);
    ck_assert_uint_eq(reply.flags, 7);
    ck_assert_uint_eq(reply.value.len, 0);
    hears("END\r\n", MCP__REPLY_MISS);
    hears_errors();
}
END_TEST

START_TEST(gat_and_touch)
{
    mcp__command command = command_of(MCP__COMMAND_GAT);
    command.ttl = 60;
    says(&command, &NEWER, "gat 60 key\r\n");
    hears("VALUE key 7 3\r\nabc\r\nEND\r\n", MCP__REPLY_VALUE);
    command.want = MCP_WANT_CAS;
    says(&command, &NEWER, "gats 60 key\r\n");
    command.ttl = -1;
    says(&command, &NEWER, "gats 2592001 key\r\n");
    command.ttl = 0;
    says(&command, &OLD, "touch key 0\r\ngets key\r\n");
    hears("TOUCHED\r\nVALUE key 7 3 9\r\nabc\r\nEND\r\n", MCP__REPLY_VALUE);
    hears("TOUCHED\r\nEND\r\n", MCP__REPLY_MISS);
    hears("NOT_FOUND\r\nEND\r\n", MCP__REPLY_MISS);
    hears("NOT_FOUND\r\nVALUE key 7 3 9\r\nabc\r\nEND\r\n", MCP__REPLY_MISS);
    hears("SERVER_ERROR x\r\nVALUE key 7 3 9\r\nabc\r\nEND\r\n", MCP__REPLY_SERVER_ERROR);
    hears("TOUCHED\r\nSERVER_ERROR x\r\n", MCP__REPLY_SERVER_ERROR);
    hears_errors();
    no_noise();
    is_bad("STORED\r\nEND\r\n");
    is_bad("TOUCHED\r\nVALUE kez 7 3 9\r\nabc\r\nEND\r\n");
    command = command_of(MCP__COMMAND_TOUCH);
    command.ttl = -5;
    says(&command, &OLD, "touch key 2592001\r\n");
    hears("TOUCHED\r\n", MCP__REPLY_DONE);
    hears("NOT_FOUND\r\n", MCP__REPLY_MISS);
    is_bad("EXISTS\r\n");
    hears_errors();
}
END_TEST

START_TEST(stores)
{
    static const struct {
        mcp__command_kind kind;
        const char *text;
    } rows[] = {
        {MCP__COMMAND_SET, "set key 7 60 3\r\nabc\r\n"},
        {MCP__COMMAND_ADD, "add key 7 60 3\r\nabc\r\n"},
        {MCP__COMMAND_REPLACE, "replace key 7 60 3\r\nabc\r\n"},
        {MCP__COMMAND_APPEND, "append key 7 60 3\r\nabc\r\n"},
        {MCP__COMMAND_PREPEND, "prepend key 7 60 3\r\nabc\r\n"},
        {MCP__COMMAND_CAS, "cas key 7 60 3 9\r\nabc\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char longer[100];
        mcp__command command = command_of(rows[i].kind);
        command.flags = 7;
        command.ttl = 60;
        command.unique = 9;
        command.value = (mcp__span){"abc", 3};
        says(&command, &OLD, rows[i].text);
        ck_assert_uint_eq(hears("STORED\r\n", MCP__REPLY_DONE).cas, 0);
        hears("NOT_STORED\r\n", MCP__REPLY_NOT_STORED);
        hears_errors();
        no_noise();
        is_bad("DELETED\r\n");
        command.want = MCP_WANT_CAS;
        snprintf(longer, sizeof longer, "%sgets key\r\n", rows[i].text);
        says(&command, &OLD, longer);
        mcp__reply reply = hears("STORED\r\nVALUE key 7 3 21\r\nabc\r\nEND\r\n", MCP__REPLY_DONE);
        ck_assert_uint_eq(reply.cas, 21);
        reply = hears("NOT_STORED\r\nVALUE key 7 3 21\r\nabc\r\nEND\r\n", MCP__REPLY_NOT_STORED);
        ck_assert_uint_eq(reply.cas, 0);
        ck_assert_uint_eq(hears("STORED\r\nEND\r\n", MCP__REPLY_DONE).cas, UINT64_MAX);
        ck_assert_uint_eq(hears("STORED\r\nSERVER_ERROR x\r\n", MCP__REPLY_DONE).cas, UINT64_MAX);
        hears("SERVER_ERROR x\r\nEND\r\n", MCP__REPLY_SERVER_ERROR);
        hears_errors();
        no_noise();
    }
}
END_TEST

/* What was stored by somebody else meanwhile has no number here. */
START_TEST(numbers_are_of_what_was_stored)
{
    mcp__command command = command_of(MCP__COMMAND_SET);
    command.want = MCP_WANT_CAS;
    command.value = (mcp__span){"abc", 3};
    says(&command, &OLD, "set key 0 0 3\r\nabc\r\ngets key\r\n");
    ck_assert_uint_eq(hears("STORED\r\nVALUE key 0 3 5\r\nabc\r\nEND\r\n", MCP__REPLY_DONE).cas, 5);
    ck_assert_uint_eq(hears("STORED\r\nVALUE key 0 3 5\r\nabd\r\nEND\r\n", MCP__REPLY_DONE).cas,
                      MCP__FOLD_CAS_MOVED);
    ck_assert_uint_eq(hears("STORED\r\nVALUE key 1 3 5\r\nabc\r\nEND\r\n", MCP__REPLY_DONE).cas,
                      MCP__FOLD_CAS_MOVED);
    ck_assert_uint_eq(hears("STORED\r\nVALUE key 0 2 5\r\nab\r\nEND\r\n", MCP__REPLY_DONE).cas,
                      MCP__FOLD_CAS_MOVED);
    command.kind = MCP__COMMAND_APPEND;
    says(&command, &OLD, "append key 0 0 3\r\nabc\r\ngets key\r\n");
    ck_assert_uint_eq(hears("STORED\r\nVALUE key 9 5 5\r\nxxabc\r\nEND\r\n", MCP__REPLY_DONE).cas,
                      5);
    ck_assert_uint_eq(hears("STORED\r\nVALUE key 0 5 5\r\nabcxx\r\nEND\r\n", MCP__REPLY_DONE).cas,
                      MCP__FOLD_CAS_MOVED);
    ck_assert_uint_eq(hears("STORED\r\nVALUE key 0 2 5\r\nbc\r\nEND\r\n", MCP__REPLY_DONE).cas,
                      MCP__FOLD_CAS_MOVED);
    command.kind = MCP__COMMAND_PREPEND;
    says(&command, &OLD, "prepend key 0 0 3\r\nabc\r\ngets key\r\n");
    ck_assert_uint_eq(hears("STORED\r\nVALUE key 0 5 5\r\nabcxx\r\nEND\r\n", MCP__REPLY_DONE).cas,
                      5);
    ck_assert_uint_eq(hears("STORED\r\nVALUE key 0 5 5\r\nxxabc\r\nEND\r\n", MCP__REPLY_DONE).cas,
                      MCP__FOLD_CAS_MOVED);
}
END_TEST

/* A server refuses a value before it has all of it: nothing else is going to come. */
START_TEST(an_early_error)
{
    mcp__reply reply;
    uint8_t *block;
    static const char text[] = "SERVER_ERROR object too large for cache\r\n";
    mcp__command command = command_of(MCP__COMMAND_SET);
    command.want = MCP_WANT_CAS;
    command.value = (mcp__span){"abc", 3};
    says(&command, &OLD, "set key 0 0 3\r\nabc\r\ngets key\r\n");
    ck_assert_int_eq(parse(text, sizeof text - 1, 1, &reply, &block), MCP__PARSE_MORE);
    free(block);
    ck_assert_int_eq(parse(text, sizeof text - 1, 0, &reply, &block), (ssize_t)sizeof text - 1);
    ck_assert_int_eq(reply.kind, MCP__REPLY_SERVER_ERROR);
    free(block);
}
END_TEST

START_TEST(deletes)
{
    mcp__command command = command_of(MCP__COMMAND_DELETE);
    says(&command, &OLD, "delete key\r\n");
    hears("DELETED\r\n", MCP__REPLY_DONE);
    hears("NOT_FOUND\r\n", MCP__REPLY_NOT_FOUND);
    is_bad("STORED\r\n");
    is_bad("EXISTS\r\n");
    hears_errors();
    no_noise();
    command.unique = 77;
    says(&command, &OLD, "cas key 0 2592001 0 77\r\n\r\n");
    hears("STORED\r\n", MCP__REPLY_DONE);
    hears("EXISTS\r\n", MCP__REPLY_EXISTS);
    hears("NOT_FOUND\r\n", MCP__REPLY_NOT_FOUND);
    is_bad("DELETED\r\n");
    is_bad("NOT_STORED\r\n");
    hears_errors();
}
END_TEST

START_TEST(counters)
{
    mcp__command command = command_of(MCP__COMMAND_INCR);
    command.delta = UINT64_MAX;
    says(&command, &OLD, "incr key 18446744073709551615\r\n");
    mcp__reply reply = hears("18446744073709551615\r\n", MCP__REPLY_VALUE);
    value_is(&reply, "18446744073709551615");
    reply = hears("NOT_FOUND\r\n", MCP__REPLY_NOT_FOUND);
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &OLD, &reply), 0);
    hears("CLIENT_ERROR cannot increment or decrement non-numeric value\r\n",
          MCP__REPLY_CLIENT_ERROR);
    hears_errors();
    no_noise();
    command.kind = MCP__COMMAND_DECR;
    command.delta = 3;
    command.initial = 50;
    command.with_initial = 1;
    command.ttl = 60;
    says(&command, &OLD, "decr key 3\r\n");
    reply = hears("0\r\n", MCP__REPLY_VALUE);
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &OLD, &reply), 0);
    reply = hears("NOT_FOUND\r\n", MCP__REPLY_NOT_FOUND);
    goes_on(&OLD, &reply, "add key 0 60 2\r\n50\r\n");
    reply = hears("STORED\r\n", MCP__REPLY_VALUE);
    value_is(&reply, "50");
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &OLD, &reply), 0);
    is_bad("EXISTS\r\n");
    is_bad("50\r\n");
    hears_errors();
    reply = hears("NOT_STORED\r\n", MCP__REPLY_NOT_STORED);
    goes_on(&OLD, &reply, "decr key 3\r\n");
    reply = hears("47\r\n", MCP__REPLY_VALUE);
    value_is(&reply, "47");
    reply = hears("NOT_FOUND\r\n", MCP__REPLY_NOT_STORED);
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &OLD, &reply), 0);
}
END_TEST

#define STUB "VALUE key 1835233356 0 9\r\n\r\nEND\r\n"

START_TEST(leases)
{
    mcp__command command = command_of(MCP__COMMAND_LEASE);
    command.ttl = 10;
    says(&command, &OLD, "add key 1835233356 10 0\r\n\r\ngets key\r\n");
    mcp__reply reply = hears("STORED\r\n" STUB, MCP__REPLY_VALUE);
    ck_assert_uint_eq(reply.lease, MCP__LEASE_WON);
    ck_assert_uint_eq(reply.cas, 9);
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &MODERN, &reply), 0);
    reply = hears("NOT_STORED\r\n" STUB, MCP__REPLY_VALUE);
    ck_assert_uint_eq(reply.lease, MCP__LEASE_TAKEN);
    reply = hears("NOT_STORED\r\nVALUE key 7 3 9\r\nabc\r\nEND\r\n", MCP__REPLY_VALUE);
    ck_assert_uint_eq(reply.lease, 0);
    reply = hears("STORED\r\nVALUE key 7 3 9\r\nabc\r\nEND\r\n", MCP__REPLY_VALUE);
    ck_assert_uint_eq(reply.lease, 0); /* somebody was faster */
    hears("STORED\r\nEND\r\n", MCP__REPLY_MISS);
    hears("STORED\r\nSERVER_ERROR x\r\n", MCP__REPLY_SERVER_ERROR);
    hears("SERVER_ERROR x\r\nEND\r\n", MCP__REPLY_SERVER_ERROR);
    is_bad("EXISTS\r\nEND\r\n");
    is_bad("STORED\r\nVALUE kez 7 3 9\r\nabc\r\nEND\r\n");
    hears_errors();
    no_noise();
    command = command_of(MCP__COMMAND_GET);
    says(&command, &OLD, "get key\r\n");
    reply = hears("VALUE key 1835233356 0\r\n\r\nEND\r\n", MCP__REPLY_VALUE);
    ck_assert_uint_eq(reply.lease, MCP__LEASE_TAKEN);
    reply = hears("VALUE key 1835233356 1\r\nx\r\nEND\r\n", MCP__REPLY_VALUE);
    ck_assert_uint_eq(reply.lease, 0);
}
END_TEST

/* The stub of a client that speaks meta looks like an empty value. */
START_TEST(fault_78_an_empty_value_is_asked_again)
{
    mcp__command command = command_of(MCP__COMMAND_GET);
    says(&command, &OLD, "get key\r\n");
    mcp__reply reply = hears("VALUE key 0 0\r\n\r\nEND\r\n", MCP__REPLY_VALUE);
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &OLD, &reply), 0);
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &PROXY, &reply), 0);
    goes_on(&MODERN, &reply, "mg key O0pa9ue00 v f c t\r\n");
    reply = hears("VA 0 O0pa9ue00 f0 c12 t8 Z\r\n\r\n", MCP__REPLY_VALUE);
    ck_assert_uint_eq(reply.lease, MCP__LEASE_TAKEN);
    reply = hears("VA 0 O0pa9ue00 f0 c12 t-1\r\n\r\n", MCP__REPLY_VALUE);
    ck_assert_uint_eq(reply.lease, 0);
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &MODERN, &reply), 0);
    hears("EN O0pa9ue00\r\n", MCP__REPLY_MISS);
    hears("EN\r\n", MCP__REPLY_MISS);
    hears_errors();
    is_bad("VA 0 O0pa9ue01 f0 c12 t-1\r\n\r\n");
    is_bad("HD O0pa9ue00\r\n");
    is_bad("EN O0pa9ue01\r\n");
    says(&command, &OLD, "get key\r\n");
    reply = hears("VALUE key 1 0\r\n\r\nEND\r\n", MCP__REPLY_VALUE); /* stubs have no flags */
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &MODERN, &reply), 0);
    reply = hears("VALUE key 0 1\r\nx\r\nEND\r\n", MCP__REPLY_VALUE);
    ck_assert_int_eq(mcp__fold_goes_on(&fold, &MODERN, &reply), 0);
}
END_TEST

START_TEST(without_a_key)
{
    mcp__command command = command_of(MCP__COMMAND_PING);
    says(&command, &OLD, "version\r\n");
    hears("VERSION 1.4.15\r\n", MCP__REPLY_PONG);
    is_bad("END\r\n");
    hears_errors();
    says(&command, &PROXY, "get key\r\n");
    hears("END\r\n", MCP__REPLY_PONG);
    hears("VALUE key 0 1\r\nx\r\nEND\r\n", MCP__REPLY_PONG);
    hears_errors();
    command.kind = MCP__COMMAND_VERSION;
    says(&command, &OLD, "version\r\n");
    mcp__reply reply = hears("VERSION 1.4.15\r\n", MCP__REPLY_VERSION);
    value_is(&reply, "1.4.15");
    command.kind = MCP__COMMAND_FLUSH;
    command.ttl = 2;
    says(&command, &OLD, "flush_all 2\r\n");
    hears("OK\r\n", MCP__REPLY_OK);
    is_bad("VERSION 1.4.15\r\n");
    command.kind = MCP__COMMAND_STATS;
    command.key.len = 0;
    says(&command, &OLD, "stats\r\n");
    reply = hears("STAT pid 1\r\nEND\r\n", MCP__REPLY_STATS);
    value_is(&reply, "STAT pid 1\r\n");
}
END_TEST

START_TEST(binary_keys_have_a_name_of_their_own)
{
    char key[MCP__KEY_MAX];
    static const char text[MCP__KEY_MAX + 1];
    mcp__command command = {.kind = MCP__COMMAND_GET, .key = {"AAEC", 4}, .is_base64 = 1};
    ck_assert_uint_eq(mcp__fold_key(key, &command, &OLD), 10);
    ck_assert_mem_eq(key, "mcp:b:AAEC", 10);
    command.key = (mcp__span){text, MCP__KEY_MAX - 6};
    ck_assert_uint_eq(mcp__fold_key(key, &command, &OLD), MCP__KEY_MAX);
    command.key.len++;
    ck_assert_uint_eq(mcp__fold_key(key, &command, &OLD), 0);
    mcp__span binary = mcp__fold_binary((mcp__span){"mcp:b:AAEC", 10}, OLD.prefix);
    ck_assert_uint_eq(binary.len, 4);
    ck_assert_mem_eq(binary.bytes, "AAEC", 4);
    ck_assert_uint_eq(mcp__fold_binary((mcp__span){"mcp:b:", 6}, OLD.prefix).len, 0);
    ck_assert_uint_eq(mcp__fold_binary((mcp__span){"mcp:c:AAEC", 10}, OLD.prefix).len, 0);
    ck_assert_uint_eq(mcp__fold_binary((mcp__span){"mcq:b:AAEC", 10}, OLD.prefix).len, 0);
    command.is_base64 = 0;
    command.key.len = MCP__KEY_MAX;
    ck_assert_uint_eq(mcp__fold_key(key, &command, &OLD), MCP__KEY_MAX);
    command.key.len++;
    ck_assert_uint_eq(mcp__fold_key(key, &command, &OLD), 0);
}
END_TEST

/* The longest lines fit into what is promised. */
START_TEST(longest)
{
    static uint8_t out[MCP__FOLD_HEAD_MAX];
    char name[MCP__KEY_MAX];
    memset(name, 'k', sizeof name);
    for (int kind = MCP__COMMAND_GET; kind <= MCP__COMMAND_FLUSH; kind++) {
        mcp__command command = {.kind = (mcp__command_kind)kind,
                                .key = {name, sizeof name},
                                .want = MCP_WANT_CAS,
                                .flags = UINT32_MAX,
                                .ttl = INT32_MAX,
                                .unique = UINT64_MAX,
                                .delta = UINT64_MAX,
                                .initial = UINT64_MAX,
                                .with_initial = 1,
                                .opaque = 0x3030303030303030};
        size_t len = mcp__fold_head(&fold, &command, &OLD, command.key, out);
        ck_assert_uint_le(len, sizeof out);
        ck_assert_uint_le(mcp__fold_tail(&fold, command.key, out), MCP__FOLD_TAIL_MAX);
        for (uint8_t stage = 1; stage <= 3; stage++) {
            fold.stage = stage;
            ck_assert_uint_le(mcp__fold_more(&fold, command.key, out), sizeof out);
        }
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fold");
    TCase *tests = tcase_create("fold");
    tcase_add_test(tests, get);
    tcase_add_test(tests, peek);
    tcase_add_test(tests, gat_and_touch);
    tcase_add_test(tests, stores);
    tcase_add_test(tests, numbers_are_of_what_was_stored);
    tcase_add_test(tests, an_early_error);
    tcase_add_test(tests, deletes);
    tcase_add_test(tests, counters);
    tcase_add_test(tests, leases);
    tcase_add_test(tests, fault_78_an_empty_value_is_asked_again);
    tcase_add_test(tests, without_a_key);
    tcase_add_test(tests, binary_keys_have_a_name_of_their_own);
    tcase_add_test(tests, longest);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}

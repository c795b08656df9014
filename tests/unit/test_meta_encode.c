/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests: the exact bytes of each, and that any of them is one line. */
#include "wire/meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "wire/classic.h"
#include "wire/token.h"

static uint64_t
opaque_of(const char *text)
{
    uint64_t opaque;
    memcpy(&opaque, text, sizeof opaque);
    return opaque;
}

static mcp__command
command_of(mcp__command_kind kind)
{
    return (mcp__command){.kind = kind, .key = {"key", 3}, .opaque = opaque_of("0000000z")};
}

/* Encodes into exactly as many bytes as are promised to be enough. */
static void
expect(const mcp__command *command, const char *line)
{
    size_t most = MCP__HEAD_MAX(command->key.len);
    uint8_t *out = malloc(most);
    size_t len = mcp__meta_encode(command, out);
    ck_assert_msg(len == strlen(line) + 2 && memcmp(out, line, len - 2) == 0 &&
                      memcmp(out + len - 2, "\r\n", 2) == 0,
                  "\"%.*s\" instead of \"%s\"", (int)len, out, line);
    free(out);
}

START_TEST(read_lines)
{
    mcp__command get = command_of(MCP__COMMAND_GET);
    expect(&get, "mg key O0000000z v f");
    get.want = MCP_WANT_CAS;
    expect(&get, "mg key O0000000z v f c");
    get.want = MCP_WANT_TTL;
    expect(&get, "mg key O0000000z v f t");
    get.want = MCP_WANT_CAS | MCP_WANT_TTL;
    get.ttl = 5; /* means nothing to a get */
    expect(&get, "mg key O0000000z v f c t");
    get.kind = MCP__COMMAND_GAT;
    expect(&get, "mg key O0000000z T5 v f c t");
    get.want = 0;
    get.ttl = 0;
    expect(&get, "mg key O0000000z T0 v f");
    get.kind = MCP__COMMAND_TOUCH;
    expect(&get, "mg key O0000000z T0");
    get.ttl = INT64_MIN;
    expect(&get, "mg key O0000000z T-1");
    get.ttl = 2147483647;
    expect(&get, "mg key O0000000z T2147483647");
}
END_TEST

/* A peek takes no value; a lease leaves a stub where there is none. */
START_TEST(peeks_and_leases)
{
    mcp__command command = command_of(MCP__COMMAND_PEEK);
    command.want = MCP_WANT_CAS | MCP_WANT_TTL;
    expect(&command, "mg key O0000000z c s f");
    command.kind = MCP__COMMAND_NUMBER;
    expect(&command, "mg key O0000000z c");
    command.kind = MCP__COMMAND_LEASE;
    command.want = 0;
    command.ttl = 10;
    expect(&command, "mg key O0000000z N10 v f");
    command.want = MCP_WANT_CAS;
    command.delta = 5;
    expect(&command, "mg key O0000000z N10 R5 v f c");
    command.want = MCP_WANT_CAS | MCP_WANT_TTL;
    command.delta = 0;
    expect(&command, "mg key O0000000z N10 v f c t");
}
END_TEST

START_TEST(store_lines)
{
    static const struct {
        mcp__command_kind kind;
        const char *mode;
    } rows[] = {
        {MCP__COMMAND_SET, ""},       {MCP__COMMAND_ADD, " ME"},     {MCP__COMMAND_REPLACE, " MR"},
        {MCP__COMMAND_APPEND, " MA"}, {MCP__COMMAND_PREPEND, " MP"}, {MCP__COMMAND_CAS, " C9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[160];
        mcp__command store = command_of(rows[i].kind);
        store.unique = 9;
        store.value = (mcp__span){"", 0};
        snprintf(line, sizeof line, "ms key 0 O0000000z%s", rows[i].mode);
        expect(&store, line);
        store.value = (mcp__span){"value", 5};
        store.flags = UINT32_MAX;
        snprintf(line, sizeof line, "ms key 5 O0000000z F4294967295%s", rows[i].mode);
        expect(&store, line);
        store.ttl = 60;
        store.want = MCP_WANT_CAS;
        snprintf(line, sizeof line, "ms key 5 O0000000z F4294967295 T60%s c", rows[i].mode);
        expect(&store, line);
        store.flags = 0;
        store.ttl = -60;
        store.want = MCP_WANT_TTL; /* means nothing to a store */
        snprintf(line, sizeof line, "ms key 5 O0000000z T-1%s", rows[i].mode);
        expect(&store, line);
    }
    mcp__command cas = command_of(MCP__COMMAND_CAS);
    cas.unique = ((uint64_t)1 << 48) - 1;
    expect(&cas, "ms key 0 O0000000z C281474976710655");
}
END_TEST

START_TEST(the_rest)
{
    mcp__command delete = command_of(MCP__COMMAND_DELETE);
    delete.value = (mcp__span){"of a set that expires at once", 29};
    delete.ttl = -1;
    expect(&delete, "md key O0000000z");
    delete.unique = 9;
    expect(&delete, "md key O0000000z C9");
    delete.unique = UINT64_MAX;
    expect(&delete, "md key O0000000z C18446744073709551615");
    mcp__command count = command_of(MCP__COMMAND_INCR);
    expect(&count, "ma key O0000000z D0 v");
    count.delta = UINT64_MAX;
    expect(&count, "ma key O0000000z D18446744073709551615 v");
    count.kind = MCP__COMMAND_DECR;
    expect(&count, "ma key O0000000z MD D18446744073709551615 v");
    count.initial = 7; /* only with with_initial */
    count.ttl = 3;
    expect(&count, "ma key O0000000z MD D18446744073709551615 v");
    count.with_initial = 1;
    expect(&count, "ma key O0000000z N3 J7 MD D18446744073709551615 v");
    count.kind = MCP__COMMAND_INCR;
    count.initial = UINT64_MAX;
    count.ttl = 0;
    count.delta = 1;
    expect(&count, "ma key O0000000z N0 J18446744073709551615 D1 v");
    count.ttl = -5;
    expect(&count, "ma key O0000000z N-1 J18446744073709551615 D1 v");
    mcp__command ping = command_of(MCP__COMMAND_PING);
    expect(&ping, "mn");
}
END_TEST

START_TEST(classic_ones)
{
    mcp__command command = command_of(MCP__COMMAND_VERSION);
    expect(&command, "version");
    command.kind = MCP__COMMAND_STATS;
    expect(&command, "stats key");
    command.key.len = 0;
    expect(&command, "stats");
    command.kind = MCP__COMMAND_FLUSH;
    expect(&command, "flush_all");
    command.ttl = -1;
    expect(&command, "flush_all");
    command.ttl = INT64_MAX;
    expect(&command, "flush_all 9223372036854775807");
}
END_TEST

static mcp__command
random_command(uint64_t *state, uint8_t *key, uint8_t *value)
{
    uint64_t random = next_random(state);
    mcp__command command = {
        .kind = (mcp__command_kind)(1 + random % MCP__COMMAND_FLUSH),
        .flags = (uint32_t)(next_random(state) >> (random >> 8) % 33),
        .want = (uint32_t)(random >> 16) & 3,
        .with_initial = (random >> 18) & 1,
        .key = {key, 1 + (random >> 20) % 250},
        .value = {value, (random >> 28) % 200},
        .ttl = (int64_t)(next_random(state) >> (random >> 36) % 64),
        .unique = next_random(state) >> (random >> 42) % 64,
        .delta = next_random(state) >> (random >> 48) % 64,
        .initial = next_random(state) >> (random >> 54) % 64,
        .opaque = mcp__token_opaque_at(next_random(state)),
    };
    command.ttl = random >> 63 ? -command.ttl : command.ttl;
    for (size_t i = 0; i < command.key.len; i++) {
        do
            key[i] = (uint8_t)(next_random(state) >> 20);
        while (key[i] <= 0x20 || key[i] == 0x7f);
    }
    return command;
}

/* One CR LF, at the end; no NUL and no other control byte; the key once, behind the verb. */
static void
check_line(const uint8_t *line, size_t len, const mcp__command *command)
{
    if (len < 4 || len > MCP__HEAD_MAX(command->key.len) || memcmp(line + len - 2, "\r\n", 2) != 0)
        ck_abort_msg("%zu bytes, ends wrongly", len);
    for (size_t i = 0; i < len - 2; i++) {
        if (line[i] < 0x20 || line[i] == 0x7f)
            ck_abort_msg("a byte 0x%02x in the line", line[i]);
    }
    int has_key = command->kind < MCP__COMMAND_PING;
    if (has_key && (memcmp(line + 3, command->key.bytes, command->key.len) != 0 ||
                    line[3 + command->key.len] != ' '))
        ck_abort_msg("the key is not where it belongs");
}

START_TEST(always_one_line)
{
    uint64_t state = 43;
    uint8_t key[250], value[200];
    memset(value, '\n', sizeof value);
    for (int round = 0; round < 100000; round++) {
        mcp__command command = random_command(&state, key, value);
        uint8_t *out = malloc(MCP__HEAD_MAX(command.key.len));
        size_t len = mcp__meta_encode(&command, out);
        check_line(out, len, &command);
        if (mcp__command_has_value(command.kind)) {
            uint64_t told;
            const uint8_t *at = out + 3 + command.key.len + 1;
            ck_assert(mcp__token_get(at, out + len, &told) != NULL && told == command.value.len);
        }
        free(out);
    }
}
END_TEST

/* The longest line there can be still fits. */
START_TEST(the_longest_lines)
{
    uint8_t key[250];
    memset(key, 0xff, sizeof key);
    for (int kind = MCP__COMMAND_GET; kind <= MCP__COMMAND_FLUSH; kind++) {
        for (int is_negative = 0; is_negative <= 1; is_negative++) {
            mcp__command command = {(mcp__command_kind)kind,
                                    UINT32_MAX,
                                    3,
                                    1,
                                    {key, sizeof key},
                                    {key, SIZE_MAX},
                                    is_negative ? -INT64_MAX : INT64_MAX,
                                    UINT64_MAX,
                                    UINT64_MAX,
                                    UINT64_MAX,
                                    mcp__token_opaque_at(0),
                                    0};
            uint8_t *out = malloc(MCP__HEAD_MAX(sizeof key));
            check_line(out, mcp__meta_encode(&command, out), &command);
            free(out);
        }
    }
}
END_TEST

START_TEST(kinds)
{
    for (int kind = MCP__COMMAND_NONE; kind <= MCP__COMMAND_FLUSH; kind++) {
        int stores = kind == MCP__COMMAND_SET || kind == MCP__COMMAND_ADD ||
                     kind == MCP__COMMAND_REPLACE || kind == MCP__COMMAND_APPEND ||
                     kind == MCP__COMMAND_PREPEND || kind == MCP__COMMAND_CAS;
        int reads = kind == MCP__COMMAND_GET || kind == MCP__COMMAND_PING ||
                    kind == MCP__COMMAND_VERSION || kind == MCP__COMMAND_STATS ||
                    kind == MCP__COMMAND_PEEK || kind == MCP__COMMAND_NUMBER;
        ck_assert_int_eq(mcp__command_has_value((mcp__command_kind)kind) != 0, stores);
        ck_assert_int_eq(mcp__command_is_read((mcp__command_kind)kind) != 0, reads);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("meta_encode");
    TCase *requests = tcase_create("requests");
    tcase_set_timeout(requests, 60);
    tcase_add_test(requests, read_lines);
    tcase_add_test(requests, peeks_and_leases);
    tcase_add_test(requests, store_lines);
    tcase_add_test(requests, the_rest);
    tcase_add_test(requests, classic_ones);
    tcase_add_test(requests, always_one_line);
    tcase_add_test(requests, the_longest_lines);
    tcase_add_test(requests, kinds);
    suite_add_tcase(suite, requests);
    return run_suite(suite);
}

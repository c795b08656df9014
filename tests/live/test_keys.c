/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys that memcached cannot hold as they are: refused by name, or, with keys=base64, through every
 * verb, journals and dumps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"
#include "wire/base64.h"

#define KEY "a b\0\n\x7f"
#define K KEY, sizeof KEY - 1

static server *p, *b;

static mcp_client *
open_pair(const char *words)
{
    p = server_unix(NULL);
    b = server_unix(NULL);
    return client_pair(p, b, words);
}

/* What a server holds under the raw key; past the library. The value; free() it. NULL: nothing. */
static char *
peek(const server *s, const void *key, size_t len)
{
    char line[300], *value = NULL;
    size_t used = (size_t)sprintf(line, "mg "), reply_len;
    used += mcp__base64_encode(line + used, key, len);
    used += (size_t)sprintf(line + used, " b v\r\nmn\r\n");
    char *reply = server_ask(s, line, used, &reply_len);
    if (strncmp(reply, "VA ", 3) == 0) {
        size_t value_len = (size_t)atoi(reply + 3);
        ck_assert_ptr_nonnull(value = calloc(1, value_len + 1));
        memcpy(value, strchr(reply, '\n') + 1, value_len);
    } else {
        ck_assert_msg(strncmp(reply, "EN\r\n", 4) == 0, "%s", reply);
    }
    free(reply);
    return value;
}

static void
holds(const server *s, const void *key, size_t len, const char *text)
{
    char *value = peek(s, key, len);
    if (text == NULL)
        ck_assert_ptr_null(value);
    else
        ck_assert_str_eq(value != NULL ? value : "(nothing)", text);
    free(value);
}

static void
both(const char *text)
{
    holds(p, K, text);
    holds(b, K, text);
}

static void
reads(mcp_client *c, const void *key, size_t len, const char *text)
{
    mcp_result r = MCP_RESULT_INIT;
    client_expect(c, mcp_get(c, key, len, &r), MCP_OK, "get");
    ck_assert_uint_eq(r.value_len, strlen(text));
    ck_assert_mem_eq(r.value, text, r.value_len);
}

/* ---- Refused ------------------------------------------------------------------------------ */

START_TEST(refused_with_the_byte_and_its_place)
{
    mcp_client *c = open_pair("timeout=2s");
    client_expect(c, mcp_set(c, K, T("x"), 0, 0), MCP_BAD_KEY, "set");
    const char *text = mcp_last_error(c)->text;
    ck_assert_msg(strstr(text, "byte 0x20 at position 2;") != NULL, "%s", text);
    client_expect(c, mcp_get(c, "abc\x7f", 4, NULL), MCP_BAD_KEY, "get");
    text = mcp_last_error(c)->text;
    ck_assert_msg(strstr(text, "byte 0x7f at position 4;") != NULL, "%s", text);
    mcp_close(c);
}
END_TEST

START_TEST(too_long_for_base64)
{
    char key[MCP__BASE64_RAW_MAX + 1];
    mcp_client *c = open_pair("timeout=2s keys=base64");
    memset(key, ' ', sizeof key);
    client_expect(c, mcp_set(c, key, sizeof key - 1, T("x"), 0, 0), MCP_OK, "set of 186 bytes");
    holds(p, key, sizeof key - 1, "x");
    holds(b, key, sizeof key - 1, "x");
    client_expect(c, mcp_set(c, key, sizeof key, T("x"), 0, 0), MCP_BAD_KEY, "set of 187 bytes");
    const char *text = mcp_last_error(c)->text;
    ck_assert_msg(strstr(text, "has 187 bytes, more than the 186 that fit in base64") != NULL, "%s",
                  text);
    client_expect(c, mcp_set(c, "mcp:\n", 5, T("x"), 0, 0), MCP_BAD_KEY, "reserved");
    client_expect(c, mcp_get(c, "", 0, NULL), MCP_BAD_KEY, "empty");
    mcp_close(c);
    c = open_pair("timeout=2s keys=base64 namespace=ns:");
    client_expect(c, mcp_set(c, key, sizeof key - 4, T("x"), 0, 0), MCP_OK, "set of 183 + 3");
    client_expect(c, mcp_set(c, key, sizeof key - 3, T("x"), 0, 0), MCP_BAD_KEY, "set of 184 + 3");
    text = mcp_last_error(c)->text;
    ck_assert_msg(strstr(text, "has 187 bytes with its namespace") != NULL, "%s", text);
    mcp_close(c);
}
END_TEST

/* ---- Every verb --------------------------------------------------------------------------- */

START_TEST(every_verb)
{
    mcp_client *c = open_pair("timeout=2s keys=base64");
    mcp_result r = MCP_RESULT_INIT;
    uint64_t number = 0;
    client_expect(c, mcp_get(c, K, NULL), MCP_NOT_FOUND, "get");
    client_expect(c, mcp_replace(c, K, T("no"), 0, 0), MCP_NOT_STORED, "replace");
    client_expect(c, mcp_append(c, K, T("no")), MCP_NOT_STORED, "append");
    client_expect(c, mcp_touch(c, K, 10), MCP_NOT_FOUND, "touch");
    client_expect(c, mcp_incr(c, K, 1, NULL), MCP_NOT_FOUND, "incr");
    client_expect(c, mcp_add(c, K, T("one"), 0, 7), MCP_OK, "add");
    both("one");
    client_expect(c, mcp_add(c, K, T("no"), 0, 0), MCP_NOT_STORED, "add");
    client_expect(c, mcp_append(c, K, T("!")), MCP_OK, "append");
    client_expect(c, mcp_prepend(c, K, T("<")), MCP_OK, "prepend");
    both("<one!");
    client_expect(c, mcp_gat(c, K, 100, &r), MCP_OK, "gat");
    ck_assert_uint_eq(r.flags, 7);
    client_expect(c, mcp_gets(c, K, &r), MCP_OK, "gets");
    ck_assert(r.ttl > 90 && r.ttl <= 100);
    client_expect(c, mcp_cas(c, K, T("two"), 0, 0, r.cas), MCP_OK, "cas");
    client_expect(c, mcp_cas(c, K, T("no"), 0, 0, r.cas), MCP_EXISTS, "cas");
    both("two");
    client_expect(c, mcp_replace(c, K, T("3"), 0, 0), MCP_OK, "replace");
    client_expect(c, mcp_touch(c, K, 100), MCP_OK, "touch");
    client_expect(c, mcp_incr(c, K, 4, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 7);
    client_expect(c, mcp_decr(c, K, 2, &number), MCP_OK, "decr");
    both("5");
    client_expect(c, mcp_delete(c, K), MCP_OK, "delete");
    both(NULL);
    client_expect(c, mcp_incr_from(c, K, 1, 40, 0, &number), MCP_OK, "incr from");
    both("40");
    client_expect(c, mcp_set(c, K, T("x"), -1, 0), MCP_OK, "set that expires at once");
    both(NULL);
    client_expect(c, mcp_get_or_lease(c, K, 10, 0, &r), MCP_NOT_FOUND, "lease");
    ck_assert_uint_ne(r.cas, 0);
    client_expect(c, mcp_fill(c, K, T("filled"), 0, 0, r.cas), MCP_OK, "fill");
    both("filled");
    mcp_close(c);
}
END_TEST

/* Clean keys go as they are; a batch mixes both; a namespace stands inside what is encoded. */
START_TEST(batch_and_namespace)
{
    static const char *const keys[] = {"plain", "two words", "\xc3\xa4", "tab\t", "plain2"};
    enum { N = sizeof keys / sizeof keys[0] };
    mcp_client *c = open_pair("timeout=2s keys=base64 namespace=ns:");
    mcp_request requests[2 * N];
    mcp_result results[2 * N];
    char full[64];
    for (int i = 0; i < N; i++) {
        requests[i] = client_request(MCP_SET, keys[i]);
        requests[i].value = keys[i];
        requests[i].value_len = strlen(keys[i]);
        results[i] = (mcp_result)MCP_RESULT_INIT;
    }
    ck_assert_uint_eq(mcp_batch(c, requests, results, N), 0);
    for (int i = 0; i < 2 * N; i++) {
        requests[i] = client_request(MCP_GET, keys[i % N]);
        results[i] = (mcp_result)MCP_RESULT_INIT;
    }
    ck_assert_uint_eq(mcp_batch(c, requests, results, 2 * N), 0);
    for (int i = 0; i < 2 * N; i++) {
        ck_assert_int_eq(results[i].status, MCP_OK);
        ck_assert_mem_eq(results[i].value, keys[i % N], results[i].value_len);
        snprintf(full, sizeof full, "ns:%s", keys[i % N]);
        holds(p, full, strlen(full), keys[i % N]);
        holds(b, full, strlen(full), keys[i % N]);
    }
    ck_assert(server_holds(p, "ns:plain", "plain"));
    mcp_close(c);
}
END_TEST

/* Placement looks at the raw bytes: with and without the option a clean key has the same pair, and
 * a binary one has one that mcp_where() tells. */
START_TEST(placement_is_over_the_raw_key)
{
    server *s[4] = {server_unix(NULL), server_unix(NULL), server_unix(NULL), server_unix(NULL)};
    mcp_client *c = client_open("server=%s server=%s backup=%s backup=%s keys=base64 timeout=2s",
                                s[0]->address, s[1]->address, s[2]->address, s[3]->address);
    mcp_client *plain = client_open("server=%s server=%s backup=%s backup=%s", s[0]->address,
                                    s[1]->address, s[2]->address, s[3]->address);
    mcp_location at, other;
    for (int i = 0; i < 200; i++) {
        char key[32];
        int len = sprintf(key, i % 2 ? "k%d" : "k %d", i);
        ck_assert_int_eq(mcp_where(c, key, (size_t)len, NULL, 0, &at), MCP_OK);
        client_expect(c, mcp_set(c, key, (size_t)len, T("v"), 0, 0), MCP_OK, "set");
        for (int n = 0; n < 4; n++)
            holds(s[n], key, (size_t)len, n == at.primary || n == at.backup ? "v" : NULL);
        if (i % 2 == 0)
            continue;
        ck_assert_int_eq(mcp_where(plain, key, (size_t)len, NULL, 0, &other), MCP_OK);
        ck_assert(at.primary == other.primary && at.backup == other.backup);
    }
    mcp_close(c);
    mcp_close(plain);
}
END_TEST

/* ---- Outages ------------------------------------------------------------------------------ */

static size_t
binary_key(char *key, int i)
{
    return (size_t)sprintf(key, "user %d\n", i) + 1; /* with its NUL */
}

enum { N_KEYS = 300 };

static void
store(mcp_client *c, const char *value, int first, int end)
{
    char key[32];
    for (int i = first; i < end; i++) {
        size_t len = binary_key(key, i);
        client_expect(c, mcp_set(c, key, len, value, strlen(value), 0, 0), MCP_OK, "set");
    }
}

/* A primary that was away for a while missed new values and deletes: they are in the journal, and
 * made good by a client that never heard of binary keys. */
START_TEST(journals_hold_them)
{
    mcp_client *c = open_pair("timeout=500ms keys=base64 retry_min=20ms retry_max=20ms repair=off "
                              "resync=off");
    char key[32];
    store(c, "old", 0, N_KEYS);
    server_pause(p);
    store(c, "new", 0, N_KEYS / 2);
    for (int i = N_KEYS / 2; i < N_KEYS; i++) {
        size_t len = binary_key(key, i);
        client_expect(c, mcp_delete(c, key, len), MCP_OK, "delete");
    }
    reads(c, key, binary_key(key, 0), "new");
    server_continue(p);
    mcp_client *plain = client_pair(p, b, "timeout=2s retry_min=20ms retry_max=20ms");
    client_expect(plain, mcp_repair(plain, -1, 20000, NULL, NULL), MCP_OK, "repair");
    for (int i = 0; i < N_KEYS; i++) {
        size_t len = binary_key(key, i);
        holds(p, key, len, i < N_KEYS / 2 ? "new" : NULL);
        holds(b, key, len, i < N_KEYS / 2 ? "new" : NULL);
    }
    ck_assert_uint_ge(client_info(plain, 0).repaired, N_KEYS / 2);
    mcp_close(plain);
    mcp_close(c);
}
END_TEST

/* A primary that comes back empty is filled from a dump of the backup, by a client that never heard
 * of them either. */
START_TEST(dumps_bring_them)
{
    mcp_client *c = open_pair("timeout=2s keys=base64 namespace=ns:");
    char key[32], full[40] = "ns:";
    store(c, "here", 0, N_KEYS);
    mcp_close(c);
    server_restart(p);
    c = client_pair(p, b, "timeout=2s namespace=ns: resync=off repair=off");
    client_expect(c, mcp_resync(c, 0, 0, 20000, NULL, NULL), MCP_OK, "resync");
    for (int i = 0; i < N_KEYS; i++) {
        size_t len = binary_key(key, i);
        memcpy(full + 3, key, len);
        holds(p, full, len + 3, "here");
    }
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("keys");
    tcase_add_test(tests, refused_with_the_byte_and_its_place);
    tcase_add_test(tests, too_long_for_base64);
    tcase_add_test(tests, every_verb);
    tcase_add_test(tests, batch_and_namespace);
    tcase_add_test(tests, placement_is_over_the_raw_key);
    tcase_add_test(tests, journals_hold_them);
    tcase_add_test(tests, dumps_bring_them);
    return run_tests("keys", tests);
}

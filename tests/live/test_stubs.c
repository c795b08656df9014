/* SPDX-License-Identifier: BSD-3-Clause */
/* A count meets the stub that another client's lease has left on a server which all hold to be whole. */
#include "support/client.h"
#include "support/run.h"
#include "support/wait.h"

/* Leaves a stub of that key on the primary. */
static mcp_client *
lease(const server *p, const server *b, const char *words, const char *key)
{
    mcp_client *c = client_pair(p, b, words);
    mcp_result result;
    ck_assert_int_eq(mcp_get_or_lease(c, key, strlen(key), 30, 0, &result), MCP_NOT_FOUND);
    ck_assert_uint_ne(result.cas, 0);
    return c;
}

static const char *const dialects[] = {"timeout=20s", "timeout=20s protocol=classic"};

static int
is_there(void *context)
{
    mcp_client **both = context;
    mcp_maintain(both[0]);
    return mcp_get(both[1], T("k"), NULL) == MCP_OK;
}

START_TEST(what_nobody_has_is_not_found)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, dialects[_i % 2]);
    mcp_client *other = lease(p, b, dialects[_i / 2], "k");
    uint64_t number = 0;

    client_expect(c, mcp_incr(c, T("k"), 1, &number), MCP_NOT_FOUND, "incr");
    client_expect(c, mcp_decr(c, T("k"), 1, &number), MCP_NOT_FOUND, "decr");
    client_expect(c, mcp_incr_from(c, T("k"), 1, 7, 0, &number), MCP_OK, "incr_from");
    ck_assert_uint_eq(number, 7);
    client_expect(c, mcp_incr_from(c, T("k"), 1, 7, 0, &number), MCP_OK, "incr_from");
    ck_assert_uint_eq(number, 8);
    /* It is copied to the primary; not by classic, which tells no time to live. */
    mcp_client *both[] = {c, other};
    if (_i % 2 == 0)
        ck_assert(wait_until(is_there, both, 10000));
    client_expect(c, mcp_set(c, T("k"), T("text"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_incr(c, T("k"), 1, &number), MCP_NOT_NUMBER, "incr of a text");
    mcp_close(other);
    mcp_close(c);
}
END_TEST

/* The primary has lost it, and the backup has not. */
START_TEST(what_the_backup_has_is_counted)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, dialects[_i]);
    mcp_client *alone = client_open("server=%s timeout=20s", p->address);
    mcp_result result;
    uint64_t number = 0;

    client_expect(c, mcp_set(c, T("k"), T("41"), 0, 0), MCP_OK, "set");
    client_expect(alone, mcp_delete(alone, T("k")), MCP_OK, "delete");
    ck_assert_int_eq(mcp_get_or_lease(alone, T("k"), 30, 0, &result), MCP_NOT_FOUND);
    client_expect(c, mcp_incr(c, T("k"), 1, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 42);
    client_expect(c, mcp_incr(c, T("k"), 1, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 43);
    mcp_close(alone);
    mcp_close(c);
}
END_TEST

START_TEST(a_key_of_one_copy)
{
    server *p = server_unix(NULL);
    mcp_client *c = client_open("server=%s %s", p->address, dialects[_i]);
    mcp_client *other = client_open("server=%s timeout=20s", p->address);
    mcp_result result;
    uint64_t number = 0;

    ck_assert_int_eq(mcp_get_or_lease(other, T("k"), 30, 0, &result), MCP_NOT_FOUND);
    client_expect(c, mcp_incr(c, T("k"), 1, &number), MCP_NOT_FOUND, "incr");
    client_expect(c, mcp_incr_from(c, T("k"), 1, 7, 0, &number), MCP_OK, "incr_from");
    ck_assert_uint_eq(number, 7);
    mcp_close(other);
    mcp_close(c);
}
END_TEST

/* The primary has lost the value, and somebody is about to make a new one there: what is appended goes to
 * what the backup has. Where nobody has any there is nothing to append to, nor to an empty place. */
START_TEST(an_append_keeps_the_value)
{
    server *p = server_unix(NULL), *b = server_unix(NULL);
    /* Else what was set is compared, and the backup's copy goes with the primary's. */
    const char *words = _i % 2 == 0 ? "timeout=20s mirror_verify=no"
                                    : "timeout=20s mirror_verify=no protocol=classic";
    mcp_client *c = client_pair(p, b, words);
    mcp_client *alone = client_open("server=%s timeout=20s", p->address);
    mcp_result result;
    int is_append = _i / 2;

    client_expect(c, mcp_set(c, T("k"), T("mid"), 0, 0), MCP_OK, "set");
    client_expect(alone, mcp_delete(alone, T("k")), MCP_OK, "delete");
    for (int i = 0; i < 2; i++) {
        const char *key = i == 0 ? "k" : "none";
        ck_assert_int_eq(mcp_get_or_lease(alone, key, strlen(key), 30, 0, &result), MCP_NOT_FOUND);
        int status = is_append ? mcp_append(c, key, strlen(key), T("dle"))
                               : mcp_prepend(c, key, strlen(key), T("dle"));
        client_expect(c, status, i == 0 ? MCP_OK : MCP_NOT_STORED, "append");
    }
    if (_i % 2 == 0) { /* classic tells no time to live, so nothing is copied from there */
        client_reads(c, "k", is_append ? "middle" : "dlemid");
        client_expect(c, mcp_get(c, T("none"), NULL), MCP_NOT_FOUND, "get");
    }
    client_expect(c, mcp_set(c, T("empty"), T(""), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_append(c, T("empty"), T("x")), MCP_OK, "append");
    client_reads(c, "empty", "x");
    mcp_close(alone);
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("stubs");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, what_nobody_has_is_not_found, 0, 4);
    tcase_add_loop_test(tests, what_the_backup_has_is_counted, 0, 2);
    tcase_add_loop_test(tests, a_key_of_one_copy, 0, 2);
    tcase_add_loop_test(tests, an_append_keeps_the_value, 0, 4);
    return run_tests("stubs", tests);
}

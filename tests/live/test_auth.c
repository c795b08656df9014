/* SPDX-License-Identifier: BSD-3-Clause */
/* memcached -Y: the login goes before all else, a wrong one is an error and stays one, and nobody
 * ever reads the password in what we say. */
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/secure.h"
#include "support/wait.h"

#define REFUSED "it does not take our user and password (auth=)"

/* A server that knows Ann, who says `password`; its file's path goes to `path`. */
static server *
guarded(char path[160], const char *password)
{
    char line[80], login[60], extra[200];

    run_path(path, 160, ".auth");
    snprintf(line, sizeof line, "ann:%s", password);
    secure_password(path, line);
    snprintf(login, sizeof login, "ann %s", password);
    snprintf(extra, sizeof extra, "-Y %s", path);
    return server_login(extra, login);
}

/* Everything that is told about a server, without the password. */
static void
tells_no_secret(mcp_client *c)
{
    ck_assert_ptr_null(strstr(mcp_last_error(c)->text, "geheim"));
    ck_assert_ptr_null(strstr(client_info(c, 0).why, "geheim"));
}

START_TEST(user_and_password)
{
    char path[160], other[160];
    server *p = guarded(path, "geheim");
    server *b = guarded(other, "geheim");
    mcp_client *c =
        client_open("server=%s backup=%s auth=ann:geheim timeout=2s", p->address, b->address);

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "x");
    ck_assert(server_holds(p, "k", "x"));
    ck_assert(server_holds(b, "k", "x"));
    mcp_close(c);
    c = client_open("server=%s auth=file:%s timeout=2s", p->address, path);
    client_reads(c, "k", "x");
    mcp_close(c);
}
END_TEST

static void
failed(mcp_client *c, const server *s, const char *reason)
{
    client_expect(c, mcp_get(c, T("k"), NULL), MCP_REFUSED, "get");
    ck_assert_msg(strstr(mcp_last_error(c)->text, s->address) == mcp_last_error(c)->text, "%s",
                  mcp_last_error(c)->text);
    ck_assert_msg(strstr(mcp_last_error(c)->text, reason) != NULL, "%s", mcp_last_error(c)->text);
    tells_no_secret(c);
}

/* It stays an error, and is not tried again and again. */
START_TEST(fault_27_a_wrong_password)
{
    char path[160];
    server *s = guarded(path, "right");
    mcp_client *c = client_open("server=%s auth=ann:geheim timeout=2s", s->address);
    mcp_server info;

    failed(c, s, REFUSED);
    info = client_info(c, 0);
    ck_assert_int_eq((int)info.state, MCP_STATE_DOWN);
    ck_assert_ptr_nonnull(strstr(info.why, REFUSED));
    for (int i = 0; i < 20; i++)
        client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_REFUSED, "set");
    tells_no_secret(c);
    ck_assert_uint_le(server_stat(s, "total_connections"), 30);
    mcp_close(c);
}
END_TEST

START_TEST(fault_27_no_password)
{
    char path[160];
    server *s = guarded(path, "right");
    mcp_client *c = client_open("server=%s timeout=2s", s->address);

    failed(c, s, "it wants a password (auth=)");
    mcp_close(c);
}
END_TEST

/* A restart with another password: the partner serves, and the server is back when its old password
 * is. */
START_TEST(fault_26_a_password_changed_by_a_restart)
{
    char path[160], other[160];
    server *p = guarded(path, "geheim");
    server *b = guarded(other, "geheim");
    mcp_client *c = client_open("server=%s backup=%s auth=ann:geheim timeout=2s retry_min=50ms "
                                "retry_max=200ms",
                                p->address, b->address);

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    secure_password(path, "ann:new");
    snprintf(p->login, sizeof p->login, "ann new");
    server_restart(p);
    client_reads(c, "k", "x");
    client_expect(c, mcp_set(c, T("k"), T("y"), 0, 0), MCP_OK, "set");
    ck_assert_ptr_nonnull(strstr(client_info(c, 0).why, REFUSED));
    tells_no_secret(c);
    ck_assert(server_holds(b, "k", "y"));
    secure_password(path, "ann:geheim");
    snprintf(p->login, sizeof p->login, "ann geheim");
    server_restart(p);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, (int)client_slack(15000)));
    client_reads(c, "k", "y");
    mcp_close(c);
}
END_TEST

/* The server behind an address is another one from now on: we say who we are once more. */
START_TEST(fault_26_a_server_that_forgets_us)
{
    static const char *const commands[] = {"mg k", "ms k", "md k"};
    const fault_rule rule = {.match = commands[_i],
                             .what = FAULT_TEXT,
                             .text = "CLIENT_ERROR unauthenticated\r\n",
                             .times = 1};
    fault *f = fault_tcp(server_unix(NULL));
    mcp_client *c = client_open("server=%s auth=ann:geheim timeout=2s", fault_address(f));

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    fault_rule_one(f, &rule);
    if (_i == 0)
        client_reads(c, "k", "x");
    else if (_i == 1)
        client_expect(c, mcp_set(c, T("k"), T("y"), 0, 0), MCP_OK, "set again");
    else
        client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    ck_assert_int_eq(fault_count(f, "set mcp:auth 0 -1 10"), 2);
    ck_assert_int_eq(fault_connections(f), 2);
    ck_assert_int_eq(fault_count(f, commands[_i]), _i == 1 ? 3 : 2);
    ck_assert_int_eq((int)client_info(c, 0).state, MCP_STATE_UP);
    mcp_close(c);
}
END_TEST

/* Who goes on forgetting us is told so once per call, and then it is an error. */
START_TEST(fault_26_a_server_that_always_forgets_us)
{
    const fault_rule rule = {
        .match = "mg k", .what = FAULT_TEXT, .text = "CLIENT_ERROR unauthenticated\r\n"};
    fault *f = fault_tcp(server_unix(NULL));
    mcp_client *c = client_open("server=%s auth=ann:geheim timeout=2s", fault_address(f));

    fault_rule_one(f, &rule);
    client_expect(c, mcp_get(c, T("k"), NULL), MCP_REFUSED, "get");
    ck_assert_int_eq(fault_count(f, "mg k"), 2);
    tells_no_secret(c);
    mcp_close(c);
}
END_TEST

/* Without -Y the login is a value like any other, but that it is never to be read. */
START_TEST(a_server_that_does_not_ask)
{
    server *s = server_unix(NULL);
    mcp_client *c = client_open("server=%s auth=ann:geheim", s->address);

    server_put(s, "auth", "mine", 4, 0, 0);
    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "x");
    ck_assert(!server_look(s, "mcp:auth")->found);
    ck_assert(server_holds(s, "auth", "mine"));
    mcp_close(c);
}
END_TEST

START_TEST(behind_tls)
{
    char path[160], extra[500];
    server *s;
    mcp_client *c;

    secure_password(run_path(path, sizeof path, ".auth"), "ann:geheim");
    snprintf(extra, sizeof extra, "-Z -Y %s -o ssl_chain_cert=%s/good.pem,ssl_key=%s/good.key",
             path, run_folder(), run_folder());
    s = server_login(extra, "ann geheim");
    c = client_open("server=%s timeout=2s auth=file:%s tls tls_ca=%s", s->address, path,
                    secure_file("ca.pem"));
    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "x");
    ck_assert(server_holds(s, "k", "x"));
    mcp_close(c);
    c = client_open("server=%s timeout=2s auth=ann:wrong-geheim tls tls_ca=%s", s->address,
                    secure_file("ca.pem"));
    failed(c, s, REFUSED);
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("auth");

    tcase_add_test(tests, user_and_password);
    tcase_add_test(tests, fault_27_a_wrong_password);
    tcase_add_test(tests, fault_27_no_password);
    tcase_add_test(tests, fault_26_a_password_changed_by_a_restart);
    tcase_add_loop_test(tests, fault_26_a_server_that_forgets_us, 0, 3);
    tcase_add_test(tests, fault_26_a_server_that_always_forgets_us);
    tcase_add_test(tests, a_server_that_does_not_ask);
    if (secure_is_built()) {
        tcase_add_unchecked_fixture(tests, secure_make, NULL);
        tcase_add_test(tests, behind_tls);
    }
    return run_tests("auth", tests);
}

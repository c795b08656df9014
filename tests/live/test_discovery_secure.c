/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * discovery= with tls= and auth=: the endpoint is asked as any server is. memcached itself is the
 * endpoint here: it does not know the newer question, and holds the answer to the older one under
 * the key that older endpoints have it under.
 */
#include <stdio.h>

#include "support/client.h"
#include "support/run.h"
#include "support/secure.h"

#define LIST_KEY "AmazonElastiCache:cluster"

/* The endpoint tells of these two. */
static void
tells_of(const server *endpoint, const server *one, const server *two)
{
    char list[200];

    snprintf(list, sizeof list, "7\n127.0.0.1|127.0.0.1|%d 127.0.0.1|127.0.0.1|%d\n", one->port,
             two->port);
    server_put(endpoint, LIST_KEY, list, strlen(list), 0, 0);
}

/* No list, and why, within the deadline. */
static void
has_none(mcp_client *c, const char *address, const char *why)
{
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(mcp_set(c, T("k"), T("x"), 0, 0), MCP_NO_SERVER);
        ck_assert_msg(strstr(mcp_last_error(c)->text, address) != NULL &&
                          strstr(mcp_last_error(c)->text, why) != NULL,
                      "\"%s\", not \"%s\"", mcp_last_error(c)->text, why);
    }
    mcp_close(c);
}

/* Both servers of the list are used. */
static void
uses_both(mcp_client *c, const server *one, const server *two)
{
    int n_one = 0;

    for (int i = 0; i < 40; i++) {
        char key[16];

        snprintf(key, sizeof key, "k%d", i);
        client_expect(c, mcp_set(c, T(key), T(key), 0, 0), MCP_OK, "set");
        client_reads(c, key, key);
        n_one += server_holds(one, key, key);
        ck_assert(server_holds(one, key, key) || server_holds(two, key, key));
    }
    ck_assert_int_eq(mcp_server_count(c), 2);
    ck_assert(n_one > 0 && n_one < 40);
    mcp_close(c);
}

START_TEST(the_endpoint_is_asked_over_tls)
{
    server *endpoint = secure_server("good", "");
    server *one = secure_server("good", ""), *two = secure_server("good", "");

    tells_of(endpoint, one, two);
    uses_both(client_open("discovery=%s timeout=5s tls=yes tls_ca=%s", endpoint->address,
                          secure_file("ca.pem")),
              one, two);
    ck_assert(!server_look(endpoint, "k0")->found);
}
END_TEST

START_TEST(an_endpoint_that_cannot_be_trusted_is_not_asked)
{
    static const struct {
        const char *certificate, *why;
    } wrong[] = {{"other", "127.0.0.1"}, {"old", "expired"}, {"alien", "certificate"}};
    server *one = secure_server("good", ""), *two = secure_server("good", "");
    server *plain = server_tcp(NULL);

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        server *endpoint = secure_server(wrong[i].certificate, "");

        tells_of(endpoint, one, two);
        has_none(client_open("discovery=%s timeout=2s tls=yes tls_ca=%s", endpoint->address,
                             secure_file("ca.pem")),
                 endpoint->address, wrong[i].why);
        ck_assert_uint_eq(server_stat(endpoint, "cmd_get"), 0);
    }
    tells_of(plain, one, two);
    has_none(client_open("discovery=%s timeout=2s tls=yes tls_ca=%s", plain->address,
                         secure_file("ca.pem")),
             plain->address, "TLS");
}
END_TEST

/* A server that knows Ann, whose password is "right". */
static server *
guarded(void)
{
    char path[160], extra[200];

    run_path(path, sizeof path, ".auth");
    secure_password(path, "ann:right");
    snprintf(extra, sizeof extra, "-Y %s", path);
    return server_login(extra, "ann right");
}

START_TEST(the_endpoint_is_told_user_and_password)
{
    server *endpoint = guarded(), *one = guarded(), *two = guarded();

    tells_of(endpoint, one, two);
    uses_both(client_open("discovery=%s timeout=5s auth=ann:right", endpoint->address), one, two);
    mcp_client *c = client_open("discovery=%s timeout=2s auth=ann:geheim", endpoint->address);
    ck_assert_int_ne(mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK);
    ck_assert_ptr_null(strstr(mcp_last_error(c)->text, "geheim"));
    has_none(c, endpoint->address, "it does not take our user and password (auth=)");
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("discovery_secure");

    if (secure_is_built()) {
        tcase_add_unchecked_fixture(tests, secure_make, NULL);
        tcase_add_test(tests, the_endpoint_is_asked_over_tls);
        tcase_add_test(tests, an_endpoint_that_cannot_be_trusted_is_not_asked);
    }
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_endpoint_is_told_user_and_password);
    return run_tests("discovery_secure", tests);
}

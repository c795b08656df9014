/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers that are no memcached of ours: other protocols, old versions, full servers, names that
 * nobody knows, networks without a way. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

static void
failed_by_the_network(mcp_client *c, mcp_status status, const char *what)
{
    ck_assert_msg(status <= -200 && status > -300, "%s: %s", what, mcp_strstatus(status));
    ck_assert_msg(strlen(mcp_last_error(c)->text) > 5, "%s: no reason", what);
}

/* ---- Other protocols ---------------------------------------------------------------------- */

typedef struct stranger {
    const char *name;
    const char *banner; /* said at once */
    const char *reply;  /* to every line */
    size_t reply_len;
    fault_what what;
} stranger;

#define SAYS(t) (t), sizeof(t) - 1

static const stranger strangers[] = {
    {"HTTP", NULL, SAYS("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), FAULT_TEXT_CLOSE},
    {"redis", NULL, SAYS("-ERR unknown command 'version'\r\n"), FAULT_TEXT},
    {"SSH", "SSH-2.0-OpenSSH_9.2\r\n", SAYS("Protocol mismatch.\n"), FAULT_TEXT_CLOSE},
    {"TLS", NULL, SAYS("\x15\x03\x03\x00\x02\x02\x46"), FAULT_TEXT_CLOSE},
    {"TLS that stays", NULL, SAYS("\x15\x03\x03\x00\x02\x02\x46"), FAULT_TEXT},
    {"SMTP", "220 mail.example ESMTP\r\n", SAYS("500 5.5.1 Invalid command\r\n"), FAULT_TEXT},
    {"noise", NULL, SAYS("\xde\xad\xbe\xef\x00\r\n\xff\xfe"), FAULT_TEXT},
};
enum { N_STRANGERS = sizeof strangers / sizeof *strangers };

static fault *
start_stranger(const stranger *s)
{
    fault *f = fault_tcp(NULL);
    const fault_rule rule = {.match = "", .what = s->what, .text = s->reply, .n = s->reply_len};

    fault_banner(f, s->banner);
    fault_rule_one(f, &rule);
    return f;
}

START_TEST(fault_28_another_protocol_is_a_clear_error)
{
    const stranger *s = &strangers[_i];
    fault *f = start_stranger(s);
    mcp_client *c = client_open("server=%s timeout=300ms", fault_address(f));
    int64_t start = now_ms();
    mcp_result r = MCP_RESULT_INIT;
    mcp_status status = mcp_get(c, T("k"), &r);

    ck_assert_int_le(now_ms() - start, 300 + client_slack(100));
    failed_by_the_network(c, status, s->name);
    client_expect(c, status, MCP_PROTOCOL, s->name);
    if (strstr(s->name, "TLS") != NULL)
        ck_assert_ptr_nonnull(strstr(mcp_last_error(c)->text, "it speaks TLS (tls=yes)"));
    ck_assert_uint_eq(r.value_len, 0);
    failed_by_the_network(c, mcp_set(c, T("k"), T("x"), 0, 0), s->name);
    mcp_close(c);
}
END_TEST

START_TEST(fault_28_beside_another_protocol_the_backup_serves)
{
    const stranger *s = &strangers[_i];
    fault *f = start_stranger(s);
    server *b = server_unix(NULL);
    mcp_client *c = client_open("server=%s backup=%s timeout=1s", fault_address(f), b->address);
    int64_t end = now_ms() + 600;
    int calls = 0;

    server_put(b, "k", "x", 1, 0, 0);
    while (now_ms() < end) {
        client_reads(c, "k", "x");
        calls++;
    }
    ck_assert_int_gt(calls, 20);
    client_expect(c, mcp_set(c, T("k"), T("y"), 0, 0), MCP_OK, "set");
    /* No storm: it is left alone for a while. */
    ck_assert_msg(fault_connections(f) <= 6, "%s: %d connections", s->name, fault_connections(f));
    ck_assert_int_ne(client_info(c, 0).state, MCP_STATE_UP);
    mcp_close(c);
}
END_TEST

/* ---- Old versions ------------------------------------------------------------------------- */

static const fault_rule old_rules[] = {
    {.match = "version", .what = FAULT_TEXT, .text = "VERSION 1.4.15\r\n"},
    {.match = "ms ", .what = FAULT_TEXT, .text = "ERROR\r\nERROR\r\n"},
    {.match = "m", .what = FAULT_TEXT, .text = "ERROR\r\n"},
};

START_TEST(fault_18_a_server_without_meta_commands_is_not_down)
{
    server *real = server_unix(NULL);
    fault *f = fault_tcp(real);
    mcp_client *c = client_open("server=%s timeout=300ms", fault_address(f));
    mcp_result r = MCP_RESULT_INIT;

    fault_rules(f, old_rules, 3);
    for (int i = 0; i < 5; i++) {
        mcp_status status = mcp_set(c, T("k"), T("x"), 0, 0);

        /* Either spoken to in the old way, or refused by name; never an error of the network. */
        if (status != MCP_OK)
            client_expect(c, status, MCP_UNSUPPORTED, "set");
        status = mcp_get(c, T("k"), &r);
        if (status != MCP_OK)
            client_expect(c, status, MCP_UNSUPPORTED, "get");
        ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    }
    ck_assert_int_eq(fault_connections(f), 1);
    ck_assert_str_eq(client_info(c, 0).version, "1.4.15");
    client_expect(c, mcp_version(c, 0, &r), MCP_OK, "version");
    ck_assert(r.value_len == 6 && memcmp(r.value, "1.4.15", 6) == 0);
    mcp_close(c);
}
END_TEST

/* ---- Full servers ------------------------------------------------------------------------- */

START_TEST(fault_25_too_many_open_connections)
{
    server *p = server_tcp("-c 40");
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=300ms");
    uint64_t connects;
    int taken[48];
    int64_t end;

    server_put(b, "k", "x", 1, 0, 0);
    for (int i = 0; i < 48; i++)
        taken[i] = server_connect(p);
    for (end = now_ms() + 600; now_ms() < end;)
        client_reads(c, "k", "x");
    connects = client_info(c, 0).connects + client_info(c, 0).errors;
    ck_assert_uint_le(connects, 12);
    for (int i = 0; i < 48; i++)
        ck_assert_int_eq(shutdown(taken[i], SHUT_RDWR), 0);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, 5000));
    mcp_close(c);
}
END_TEST

START_TEST(fault_25_accepted_and_closed)
{
    const fault_rule close = {.match = "", .what = FAULT_TEXT_CLOSE, .text = ""};
    fault *f = fault_tcp(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_open("server=%s backup=%s timeout=300ms", fault_address(f), b->address);
    int64_t end;

    fault_rule_one(f, &close);
    server_put(b, "k", "x", 1, 0, 0);
    for (end = now_ms() + 600; now_ms() < end;)
        client_reads(c, "k", "x");
    ck_assert_msg(fault_connections(f) <= 8, "%d connections", fault_connections(f));
    mcp_close(c);
}
END_TEST

/* ---- No way ------------------------------------------------------------------------------- */

/* TCP has no way to a multicast or a broadcast address: the kernel says so at once. */
START_TEST(fault_03_unreachable_is_as_refused)
{
    static const char *const addresses[] = {"224.0.0.1:11211", "255.255.255.255:11211"};
    server *b = server_unix(NULL);
    mcp_client *c = client_open("server=%s backup=%s timeout=500ms", addresses[_i], b->address);
    mcp_client *single = client_open("server=%s timeout=500ms", addresses[_i]);
    int64_t start = now_ms();

    server_put(b, "k", "x", 1, 0, 0);
    client_reads(c, "k", "x");
    ck_assert_int_le(now_ms() - start, client_slack(50));
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_DOWN);
    client_expect(single, mcp_get(single, T("k"), NULL), MCP_NO_SERVER, "get");
    ck_assert_int_ne(mcp_last_error(single)->os_error, 0);
    mcp_close(single);
    mcp_close(c);
}
END_TEST

START_TEST(fault_01_refused_at_the_first_call)
{
    char nobody[40];
    server *b = server_unix(NULL);
    mcp_client *c =
        client_open("server=%s backup=%s", server_nobody(nobody, sizeof nobody), b->address);
    int64_t start = now_ms();

    server_put(b, "k", "x", 1, 0, 0);
    client_reads(c, "k", "x");
    ck_assert_int_le(now_ms() - start, client_slack(50));
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_DOWN);
    ck_assert_uint_gt(strlen(client_info(c, 0).why), 5);
    mcp_close(c);
}
END_TEST

/* ---- Names -------------------------------------------------------------------------------- */

START_TEST(fault_94_names_that_do_not_resolve)
{
    server *b = server_unix(NULL);
    int64_t start = now_ms();
    mcp_client *c = client_open("server=name.invalid:11211 timeout=300ms");
    mcp_client *pair = client_open("server=name.invalid backup=%s timeout=300ms", b->address);
    mcp_location at;

    ck_assert_int_eq(mcp_where(c, T("k"), NULL, 0, &at), MCP_OK);
    ck_assert_int_le(now_ms() - start, client_slack(100));
    for (int i = 0; i < 3; i++) {
        start = now_ms();
        failed_by_the_network(c, mcp_get(c, T("k"), NULL), "get");
        ck_assert_int_le(now_ms() - start, 300 + client_slack(100));
    }
    server_put(b, "k", "x", 1, 0, 0);
    start = now_ms();
    client_reads(pair, "k", "x");
    ck_assert_int_le(now_ms() - start, 300);
    for (int i = 0; i < 100; i++) {
        start = now_ms();
        client_reads(pair, "k", "x");
        ck_assert_int_le(now_ms() - start, client_slack(20));
    }
    mcp_close(pair);
    start = now_ms();
    mcp_close(c);
    ck_assert_int_le(now_ms() - start, 300 + client_slack(100));
}
END_TEST

/* Where localhost has two addresses, the server listens on one of them only. */
START_TEST(fault_94_the_first_address_of_several_is_dead)
{
    const struct addrinfo six = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int has_six = server_has_ipv6() && getaddrinfo("localhost", NULL, &six, &found) == 0;
    server *s = _i == 1 && has_six ? server_tcp6(NULL) : server_tcp(NULL);
    mcp_client *c = client_open("server=localhost:%d timeout=1s", s->port);
    int64_t start = now_ms();

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "x");
    ck_assert_int_le(now_ms() - start, 1000);
    if (found != NULL)
        freeaddrinfo(found);
    mcp_close(c);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("strangers");

    tcase_add_loop_test(tests, fault_28_another_protocol_is_a_clear_error, 0, N_STRANGERS);
    tcase_add_loop_test(tests, fault_28_beside_another_protocol_the_backup_serves, 0, N_STRANGERS);
    tcase_add_test(tests, fault_18_a_server_without_meta_commands_is_not_down);
    tcase_add_test(tests, fault_25_too_many_open_connections);
    tcase_add_test(tests, fault_25_accepted_and_closed);
    tcase_add_loop_test(tests, fault_03_unreachable_is_as_refused, 0, 2);
    tcase_add_test(tests, fault_01_refused_at_the_first_call);
    tcase_add_test(tests, fault_94_names_that_do_not_resolve);
    tcase_add_loop_test(tests, fault_94_the_first_address_of_several_is_dead, 0, 2);
    return run_tests("strangers", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS against real servers: what works without it works with it, and whoever cannot be trusted is a
 * clear error inside the deadline. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/client.h"
#include "support/relay.h"
#include "support/run.h"
#include "support/secure.h"
#include "support/wait.h"

#define TRUST "tls=yes tls_ca=%s"

static mcp_client *
open_one(const server *s)
{
    return client_open("server=%s timeout=2s " TRUST, s->address, secure_file("ca.pem"));
}

static mcp_client *
open_pair(const server *p, const server *b, const char *words)
{
    return client_open("server=%s backup=%s timeout=2s " TRUST " %s", p->address, b->address,
                       secure_file("ca.pem"), words);
}

/* ---- What works -------------------------------------------------------------------------- */

START_TEST(every_write_is_mirrored)
{
    server *p = secure_server("good", "");
    server *b = secure_server("good", "");
    mcp_client *c = open_pair(p, b, "");
    uint64_t number = 0;

    client_expect(c, mcp_set(c, T("k"), T("Ada"), 0, 7), MCP_OK, "set");
    client_reads(c, "k", "Ada");
    ck_assert(server_holds(p, "k", "Ada"));
    ck_assert(server_holds(b, "k", "Ada"));
    client_expect(c, mcp_set(c, T("n"), T("41"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_incr(c, T("n"), 1, &number), MCP_OK, "incr");
    ck_assert_uint_eq(number, 42);
    client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    ck_assert(!server_look(p, "k")->found);
    ck_assert(!server_look(b, "k")->found);
    mcp_close(c);
}
END_TEST

static void
fill(char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 31 + i / 251 + len);
}

/* Around the size of a record, and far above it. */
START_TEST(values_of_all_sizes)
{
    static const size_t sizes[] = {0,     1,     1023,  1024,   1025,   16000,  16383,
                                   16384, 16385, 32768, 100000, 500000, 1000000};
    server *s = secure_server("good", "");
    mcp_client *c = open_one(s);
    char *value = malloc(1000000);

    ck_assert_ptr_nonnull(value);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        mcp_result r = MCP_RESULT_INIT;
        fill(value, sizes[i]);
        client_expect(c, mcp_set(c, T("k"), value, sizes[i], 0, 0), MCP_OK, "set");
        ck_assert_uint_eq(server_look(s, "k")->len, sizes[i]);
        client_expect(c, mcp_get(c, T("k"), &r), MCP_OK, "get");
        ck_assert_uint_eq(r.value_len, sizes[i]);
        ck_assert(sizes[i] == 0 || memcmp(r.value, value, sizes[i]) == 0);
    }
    free(value);
    mcp_close(c);
}
END_TEST

/* Many at once, so that replies have come and been taken apart that poll knows nothing of. */
START_TEST(batches)
{
    enum { N = 400, LEN = 5000 };
    static char keys[N][12], value[LEN];
    static mcp_request requests[N];
    static mcp_result results[N];
    server *p = secure_server("good", "");
    server *b = secure_server("good", "");
    mcp_client *c = open_pair(p, b, "");

    fill(value, LEN);
    for (int verb = 0; verb < 2; verb++) {
        for (int i = 0; i < N; i++) {
            snprintf(keys[i], sizeof keys[i], "k%d", i);
            requests[i] = client_request(verb == 0 ? MCP_SET : MCP_GET, keys[i]);
            requests[i].value = value;
            requests[i].value_len = (size_t)(i * 12 + 1);
            results[i] = (mcp_result)MCP_RESULT_INIT;
        }
        mcp_batch(c, requests, results, N);
        for (int i = 0; i < N; i++) {
            client_expect(c, results[i].status, MCP_OK, keys[i]);
            if (verb == 0)
                continue;
            ck_assert_uint_eq(results[i].value_len, (size_t)(i * 12 + 1));
            ck_assert_mem_eq(results[i].value, value, results[i].value_len);
        }
    }
    mcp_close(c);
}
END_TEST

/* Every record comes in pieces, to both sides. */
START_TEST(one_byte_at_a_time)
{
    server *s = secure_server("good", "");
    server at_tls = *s;
    mcp_client *c;
    relay *r;

    ck_assert_int_eq(server_sockaddr(&at_tls, s->address), 0);
    r = relay_tcp(&at_tls);
    relay_set(r, RELAY_BYTES);
    c = client_open("server=%s timeout=20s " TRUST, relay_address(r), secure_file("ca.pem"));
    client_expect(c, mcp_set(c, T("k"), T("slow but sure"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "slow but sure");
    mcp_close(c);
}
END_TEST

/* A dead primary is answered for, and put right over TLS when it is back: marks, dump and all. */
START_TEST(failover_and_back)
{
    server *p = secure_server("good", "");
    server *b = secure_server("good", "");
    mcp_client *c = open_pair(p, b, "retry_min=50ms retry_max=200ms");
    mcp_result r = MCP_RESULT_INIT;

    for (int i = 0; i < 50; i++) {
        char key[12];
        snprintf(key, sizeof key, "k%d", i);
        client_expect(c, mcp_set(c, T(key), T(key), 0, 0), MCP_OK, key);
    }
    server_kill(p);
    client_expect(c, mcp_get(c, T("k7"), &r), MCP_OK, "get");
    ck_assert_int_eq(r.from_backup, 1);
    client_expect(c, mcp_set(c, T("k8"), T("new"), 0, 0), MCP_OK, "set");
    server_restart(p);
    ck_assert(client_wait_state(c, 0, MCP_STATE_UP, (int)client_slack(15000)));
    client_reads(c, "k8", "new");
    client_expect(c, mcp_resync(c, 0, 0, 10000, NULL, NULL), MCP_OK, "resync");
    ck_assert(server_holds(p, "k7", "k7"));
    mcp_close(c);
}
END_TEST

/* A server that went and came back between two calls is not noticed. */
START_TEST(restart_between_calls)
{
    server *s = secure_server("good", "");
    mcp_client *c = open_one(s);

    for (int i = 0; i < 3; i++) {
        client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
        server_restart(s);
        client_expect(c, mcp_get(c, T("k"), NULL), MCP_NOT_FOUND, "get");
    }
    mcp_close(c);
}
END_TEST

/* The child opens its own connection, and the parent's goes on. */
START_TEST(fork_leaves_the_parent_alone)
{
    server *s = secure_server("good", "");
    mcp_client *c = open_one(s);
    uint64_t before;
    pid_t child;
    int status;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    before = server_stat(s, "total_connections");
    child = fork();
    if (child == 0) {
        mcp_result r = MCP_RESULT_INIT;
        int ok = mcp_get(c, T("k"), &r) == MCP_OK && r.value_len == 1;
        mcp_close(c);
        _exit(ok ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    client_reads(c, "k", "x");
    /* The child's, and the one that asks: the parent had no need of another. */
    ck_assert_uint_eq(server_stat(s, "total_connections"), before + 2);
    mcp_close(c);
}
END_TEST

/* memcached has no TLS on unix sockets. */
START_TEST(unix_sockets_stay_plain)
{
    server *p = secure_server("good", "");
    server *b = server_unix(NULL);
    mcp_client *c = open_pair(p, b, "");

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    ck_assert(server_holds(p, "k", "x"));
    ck_assert(server_holds(b, "k", "x"));
    mcp_close(c);
}
END_TEST

/* ---- Whom not to trust ------------------------------------------------------------------- */

/* Refused at once, for this reason. `wanted` MCP_OK: by whatever failure of the network. */
static void
refused(const server *s, const char *words, mcp_status wanted, const char *reason)
{
    mcp_client *c = client_open("server=%s timeout=2s retry_max=1m %s", s->address, words);
    int64_t start = now_ms();
    mcp_result r = MCP_RESULT_INIT;
    mcp_status status = mcp_get(c, T("k"), &r);
    const mcp_error *error = mcp_last_error(c);

    ck_assert_int_le(now_ms() - start, 2000 + client_slack(200));
    ck_assert_msg(status <= -200 && status > -300, "%s", mcp_strstatus(status));
    if (wanted != MCP_OK)
        client_expect(c, status, wanted, reason);
    ck_assert_msg(strstr(error->text, s->address) == error->text, "%s", error->text);
    ck_assert_msg(strstr(error->text, reason) != NULL, "%s: not %s", error->text, reason);
    ck_assert_int_eq(error->server, 0);
    ck_assert_int_ne((int)client_info(c, 0).state, MCP_STATE_UP);
    mcp_close(c);
}

typedef struct untrusted {
    const char *cert;
    const char *ca;
    const char *words;
    const char *reason; /* NULL: it works */
} untrusted;

static const untrusted cases[] = {
    {"good", "ca", "", NULL},
    {"good", "alien", "", "TLS: its certificate: unable to get local issuer certificate"},
    {"good", NULL, "", "TLS: its certificate: unable to get local issuer certificate"},
    {"good", "alien", "tls_verify=no", NULL},
    {"other", "ca", "", "TLS: its certificate is not for 127.0.0.1"},
    {"other", "ca", "tls_name=other.example", NULL},
    {"good", "ca", "tls_name=other.example", "TLS: its certificate is not for other.example"},
    {"good", "ca", "tls_name=localhost", NULL},
    {"old", "ca", "", "TLS: its certificate: certificate has expired"},
    {"old", "ca", "tls_verify=no", NULL},
    {"alien", "ca", "", "TLS: its certificate: self-signed certificate"},
};

START_TEST(fault_98_certificates)
{
    const untrusted *u = &cases[_i];
    server *s = secure_server(u->cert, "");
    char words[300];
    int at = snprintf(words, sizeof words, "tls=yes %s ", u->words);

    if (u->ca != NULL)
        snprintf(words + at, sizeof words - (size_t)at, "tls_ca=%s/%s.pem", run_folder(), u->ca);
    if (u->reason == NULL) {
        mcp_client *c = client_open("server=%s timeout=2s %s", s->address, words);
        client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, words);
        client_reads(c, "k", "x");
        mcp_close(c);
    } else {
        refused(s, words, MCP_PROTOCOL, u->reason);
    }
}
END_TEST

/* The name counts as the options say it, and an address is none. */
START_TEST(names_and_addresses)
{
    server *s = secure_server("good", "");
    mcp_client *c =
        client_open("server=localhost:%d timeout=3s " TRUST, s->port, secure_file("ca.pem"));

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    mcp_close(c);
}
END_TEST

/* What a client says before anything is secret: `len` bytes of it, on a listening socket. */
static size_t
first_words(const char *address, const char *words, int listener, char *out, size_t size)
{
    pid_t parent = getpid(), child = fork();
    size_t len = 0;
    ssize_t got;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        run_die_with_parent(parent);
        mcp_client *c = client_open("server=%s timeout=20s tls=yes tls_ca=%s %s", address,
                                    secure_file("ca.pem"), words);
        (void)mcp_get(c, T("k"), NULL);
        _exit(0);
    }
    int fd = accept(listener, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    do { /* a record: its kind, a version, its length */
        got = recv(fd, out + len, size - len, 0);
        ck_assert_int_gt((int)got, 0);
        len += (size_t)got;
    } while (len < 5 || len < 5 + (size_t)(out[3] & 0xff) * 256 + (size_t)(out[4] & 0xff));
    close(fd); /* who asked is told, and ends */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return len;
}

/* A server that has certificates for several names is told which one is meant; an address is no
 * name (RFC 6066 3). */
START_TEST(the_server_is_told_its_name)
{
    char said[4096], address[40];
    int port, listener = server_listen(8, &port);

    snprintf(address, sizeof address, "localhost:%d", port);
    size_t len = first_words(address, "", listener, said, sizeof said);
    ck_assert_ptr_nonnull(memmem(said, len, "\0\011localhost", 11));
    len = first_words(address, "tls_verify=no", listener, said, sizeof said);
    ck_assert_ptr_nonnull(memmem(said, len, "\0\011localhost", 11));
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    len = first_words(address, "tls_name=cache.example", listener, said, sizeof said);
    ck_assert_ptr_nonnull(memmem(said, len, "\0\015cache.example", 15));
    len = first_words(address, "", listener, said, sizeof said);
    ck_assert_ptr_null(memmem(said, len, "127.0.0.1", 9));
    close(listener);
}
END_TEST

START_TEST(fault_98_beside_an_untrusted_server_the_backup_serves)
{
    server *p = secure_server("old", "");
    server *b = secure_server("good", "");
    mcp_client *c = open_pair(p, b, "");

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "x");
    ck_assert(!server_look(p, "k")->found);
    ck_assert(server_holds(b, "k", "x"));
    ck_assert_ptr_nonnull(strstr(client_info(c, 0).why, "certificate has expired"));
    mcp_close(c);
}
END_TEST

START_TEST(fault_30_tls_to_a_plain_port)
{
    char words[200];
    server *s = server_tcp(NULL);

    snprintf(words, sizeof words, TRUST, secure_file("ca.pem"));
    refused(s, words, MCP_PROTOCOL, "it does not speak TLS");
}
END_TEST

START_TEST(fault_30_plain_to_a_tls_port)
{
    refused(secure_server("good", ""), "", MCP_NO_SERVER, "(does it want TLS?)");
}
END_TEST

/* Nobody takes the connection from the kernel, so no byte ever comes. */
START_TEST(fault_98_a_handshake_that_hangs)
{
    int port;
    int fd = server_listen(8, &port);
    mcp_client *c =
        client_open("server=127.0.0.1:%d timeout=300ms " TRUST, port, secure_file("ca.pem"));
    int64_t start = now_ms();

    client_expect(c, mcp_get(c, T("k"), NULL), MCP_TIMEOUT, "get");
    ck_assert_int_ge(now_ms() - start, 290);
    ck_assert_int_le(now_ms() - start, 300 + client_slack(150));
    ck_assert_msg(strstr(mcp_last_error(c)->text, "no TLS handshake within") != NULL, "%s",
                  mcp_last_error(c)->text);
    mcp_close(c);
    close(fd);
}
END_TEST

/* The road ends in the middle of a handshake, at every byte of its beginning. */
START_TEST(fault_98_a_handshake_that_is_cut)
{
    server *s = secure_server("good", "");
    server at_tls = *s;

    ck_assert_int_eq(server_sockaddr(&at_tls, s->address), 0);
    for (long cut = 0; cut < 700; cut += 53) {
        relay *r = relay_tcp(&at_tls);
        mcp_client *c;
        mcp_status status;

        relay_cut_after(r, cut);
        c = client_open("server=%s timeout=500ms " TRUST, relay_address(r), secure_file("ca.pem"));
        status = mcp_get(c, T("k"), NULL);
        ck_assert_msg(status <= -200 && status > -300, "%s", mcp_strstatus(status));
        ck_assert_uint_gt(strlen(mcp_last_error(c)->text), 20);
        mcp_close(c);
    }
}
END_TEST

/* ---- Whom the server trusts -------------------------------------------------------------- */

static server *
asking_server(void)
{
    char words[200];

    snprintf(words, sizeof words, ",ssl_verify_mode=2,ssl_ca_cert=%s", secure_file("ca.pem"));
    return secure_server("good", words);
}

START_TEST(a_certificate_of_ours)
{
    server *s = asking_server();
    mcp_client *c =
        client_open("server=%s timeout=2s " TRUST " tls_cert=%s tls_key=%s", s->address,
                    secure_file("ca.pem"), secure_file("client.pem"), secure_file("client.key"));

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "x");
    mcp_close(c);
}
END_TEST

START_TEST(fault_98_the_server_wants_a_certificate)
{
    char words[400];
    server *s = asking_server();

    snprintf(words, sizeof words, TRUST, secure_file("ca.pem"));
    /* Its words, or the reset behind them, whichever comes first. */
    refused(s, words, MCP_OK, "tls_cert=");
    snprintf(words, sizeof words, TRUST " tls_cert=%s tls_key=%s", secure_file("ca.pem"),
             secure_file("alien.pem"), secure_file("alien.key"));
    refused(s, words, MCP_OK, "certificate");
}
END_TEST

/* A key that is not the certificate's: said when the client is opened. */
START_TEST(a_key_of_somebody_else)
{
    char options[600];
    char why[300];

    snprintf(options, sizeof options, "server=a " TRUST " tls_cert=%s tls_key=%s",
             secure_file("ca.pem"), secure_file("client.pem"), secure_file("good.key"));
    ck_assert_ptr_null(mcp_open(options, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "tls_key="));
    ck_assert_ptr_nonnull(strstr(why, "key values mismatch"));
}
END_TEST

/* ---- The example -------------------------------------------------------------------------- */

START_TEST(the_example_runs)
{
    server *s = secure_server("good", "");
    const char *build = getenv("MCP_BUILD");
    char path[400], output[200];
    char *told;
    const char *const good[] = {path, s->address, secure_file("ca.pem"), NULL};
    const char *const bad[] = {path, s->address, secure_file("alien.pem"), NULL};

    snprintf(path, sizeof path, "%s/examples/secure", build == NULL ? "." : build);
    run_path(output, sizeof output, ".out");
    ck_assert_int_eq(run_program(good, output), 0);
    told = run_read_file(output, NULL);
    ck_assert_str_eq(told, "Ada\n");
    free(told);
    ck_assert_int_eq(run_program(bad, output), 1);
    told = run_read_file(output, NULL);
    ck_assert_ptr_nonnull(strstr(told, "its certificate: "));
    free(told);
}
END_TEST

int
main(void)
{
    TCase *tests = tcase_create("tls");

    if (!secure_is_built()) {
        printf("this build has no TLS\n");
        return 77;
    }
    tcase_add_unchecked_fixture(tests, secure_make, NULL);
    tcase_add_test(tests, every_write_is_mirrored);
    tcase_add_test(tests, values_of_all_sizes);
    tcase_add_test(tests, batches);
    tcase_add_test(tests, one_byte_at_a_time);
    tcase_add_test(tests, failover_and_back);
    tcase_add_test(tests, restart_between_calls);
    tcase_add_test(tests, fork_leaves_the_parent_alone);
    tcase_add_test(tests, unix_sockets_stay_plain);
    tcase_add_loop_test(tests, fault_98_certificates, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, names_and_addresses);
    tcase_add_test(tests, the_server_is_told_its_name);
    tcase_add_test(tests, fault_98_beside_an_untrusted_server_the_backup_serves);
    tcase_add_test(tests, fault_30_tls_to_a_plain_port);
    tcase_add_test(tests, fault_30_plain_to_a_tls_port);
    tcase_add_test(tests, fault_98_a_handshake_that_hangs);
    tcase_add_test(tests, fault_98_a_handshake_that_is_cut);
    tcase_add_test(tests, a_certificate_of_ours);
    tcase_add_test(tests, fault_98_the_server_wants_a_certificate);
    tcase_add_test(tests, a_key_of_somebody_else);
    tcase_add_test(tests, the_example_runs);
    return run_tests("tls", tests);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Through a real twemproxy (the program "nutcracker") in front of real memcacheds: it passes the
 * version of one of them on and leaves at the first meta command, and every command that it knows
 * works, alone and as one server of a pair. Skipped (77) when there is no nutcracker.
 */
#include "../support/client.h"
#include "../support/run.h"
#include "../support/wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEHIND 3

typedef struct proxy {
    server *servers[BEHIND];
    char listen[128];
    char address[140];
    pid_t pid;
} proxy;

static proxy p;

static void
write_file(const char *path)
{
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fprintf(out,
            "pool:\n  listen: %s\n  hash: md5\n  distribution: ketama\n"
            "  auto_eject_hosts: false\n  timeout: 2000\n  server_retry_timeout: 100\n"
            "  servers:\n",
            p.listen);
    for (int i = 0; i < BEHIND; i++)
        fprintf(out, "   - 127.0.0.1:%d:1\n", p.servers[i]->port);
    ck_assert_int_eq(fclose(out), 0);
}

static int
is_up(void *context)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)context;
    ck_assert_msg(waitpid(p.pid, NULL, WNOHANG) == 0, "nutcracker has ended");
    snprintf(address.sun_path, sizeof address.sun_path, "%s", p.listen);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    int is_there = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_there;
}

static void
start(void)
{
    char conf[128], log[128], pid_file[128], nobody[64];
    for (int i = 0; i < BEHIND; i++)
        p.servers[i] = server_tcp(NULL);
    run_path(p.listen, sizeof p.listen, ".sock");
    run_path(conf, sizeof conf, ".yml");
    run_path(log, sizeof log, ".log");
    run_path(pid_file, sizeof pid_file, ".pid");
    snprintf(p.address, sizeof p.address, "unix:%s", p.listen);
    write_file(conf);
    const char *stats_port = strrchr(server_nobody(nobody, sizeof nobody), ':') + 1;
    int parent = (int)getpid();
    p.pid = fork();
    ck_assert_int_ge(p.pid, 0);
    if (p.pid == 0) {
        run_die_with_parent(parent);
        execlp("nutcracker", "nutcracker", "-c", conf, "-o", log, "-p", pid_file, "-a", "127.0.0.1",
               "-s", stats_port, (char *)NULL);
        _exit(127);
    }
    ck_assert_msg(wait_until(is_up, NULL, 10000), "nutcracker does not answer");
}

static void
stop(void)
{
    kill(p.pid, SIGTERM);
    waitpid(p.pid, NULL, 0);
}

/* ---- every command ------------------------------------------------------------------------ */

static void
all_commands(mcp_client *c)
{
    mcp_result r = MCP_RESULT_INIT;
    uint64_t number;
    client_expect(c, mcp_set(c, T("k"), T("abc"), 60, 77), MCP_OK, "set");
    client_expect(c, mcp_gets(c, T("k"), &r), MCP_OK, "gets");
    ck_assert(r.value_len == 3 && memcmp(r.value, "abc", 3) == 0);
    ck_assert_uint_eq(r.flags, 77);
    ck_assert_int_eq(r.ttl, MCP_TTL_UNKNOWN);
    client_expect(c, mcp_cas(c, T("k"), T("def"), 60, 0, r.cas), MCP_OK, "cas");
    client_expect(c, mcp_cas(c, T("k"), T("ghi"), 60, 0, r.cas), MCP_EXISTS, "cas");
    client_expect(c, mcp_add(c, T("k"), T("x"), 0, 0), MCP_NOT_STORED, "add");
    client_expect(c, mcp_replace(c, T("k"), T("x"), 0, 0), MCP_OK, "replace");
    client_expect(c, mcp_append(c, T("k"), T("y")), MCP_OK, "append");
    client_expect(c, mcp_prepend(c, T("k"), T("w")), MCP_OK, "prepend");
    client_reads(c, "k", "wxy");
    client_expect(c, mcp_gat(c, T("k"), 500, &r), MCP_OK, "gat");
    ck_assert_uint_eq(r.value_len, 3);
    client_expect(c, mcp_touch(c, T("k"), 500), MCP_OK, "touch");
    client_expect(c, mcp_touch(c, T("none"), 500), MCP_NOT_FOUND, "touch");
    client_expect(c, mcp_delete(c, T("k")), MCP_OK, "delete");
    client_expect(c, mcp_get(c, T("k"), &r), MCP_NOT_FOUND, "get");
    client_expect(c, mcp_set(c, T("gone"), T("x"), -1, 0), MCP_OK, "set");
    client_expect(c, mcp_get(c, T("gone"), &r), MCP_NOT_FOUND, "get");
    client_expect(c, mcp_incr_from(c, T("n"), 1, 10, 0, &number), MCP_OK, "incr_from");
    ck_assert_uint_eq(number, 10);
    client_expect(c, mcp_incr(c, T("n"), 5, &number), MCP_OK, "incr");
    client_expect(c, mcp_decr(c, T("n"), 1, &number), MCP_OK, "decr");
    ck_assert_uint_eq(number, 14);
    client_expect(c, mcp_get_or_lease(c, T("lease"), 10, 0, &r), MCP_NOT_FOUND, "lease");
    client_expect(c, mcp_fill(c, T("lease"), T("computed"), 60, 0, r.cas), MCP_OK, "fill");
    client_reads(c, "lease", "computed");
    client_expect(c, mcp_ping(c, 0), MCP_OK, "ping");
    client_expect(c, mcp_version(c, 0, &r), MCP_OK, "version");
    client_expect(c, mcp_stats(c, 0, NULL, &r), MCP_UNSUPPORTED, "stats");
    client_expect(c, mcp_set(c, T("empty"), "", 0, 0, 0), MCP_OK, "set");
    client_reads(c, "empty", "");
}

#define KEYS 400

/* They lie on all servers behind it, and their replies come in the order of asking. */
static void
many_keys(mcp_client *c)
{
    static mcp_request q[KEYS];
    static mcp_result r[KEYS];
    static char keys[KEYS][16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < KEYS; i++) {
            snprintf(keys[i], sizeof keys[i], "many%d", i);
            q[i] = client_request(round == 0 ? MCP_SET : MCP_GET, keys[i]);
            if (round == 0) {
                q[i].value = keys[i];
                q[i].value_len = strlen(keys[i]);
            }
            r[i] = (mcp_result)MCP_RESULT_INIT;
        }
        ck_assert_uint_eq(mcp_batch(c, q, r, KEYS), 0);
    }
    for (int i = 0; i < KEYS; i++) {
        client_expect(c, r[i].status, MCP_OK, keys[i]);
        ck_assert(r[i].value_len == strlen(keys[i]) &&
                  memcmp(r[i].value, keys[i], r[i].value_len) == 0);
    }
}

START_TEST(every_command_through_nutcracker)
{
    start();
    mcp_client *c =
        client_open("server=%s timeout=5s %s", p.address, _i == 0 ? "" : "protocol=classic");
    all_commands(c);
    many_keys(c);
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    ck_assert_uint_eq(client_info(c, 0).errors, 0);
    for (int i = 0; i < BEHIND; i++)
        ck_assert_uint_gt(server_stat(p.servers[i], "curr_items"), 0);
    mcp_close(c);
    stop();
}
END_TEST

/* As the primary or the backup of a memcached. */
START_TEST(nutcracker_in_a_pair)
{
    start();
    server *other = server_unix(NULL);
    mcp_client *c = _i == 0
                        ? client_open("server=%s backup=%s timeout=5s", p.address, other->address)
                        : client_open("server=%s backup=%s timeout=5s", other->address, p.address);
    many_keys(c);
    client_expect(c, mcp_set(c, T("both"), T("x"), 0, 0), MCP_OK, "set");
    ck_assert(server_holds(other, "both", "x"));
    int n = 0;
    for (int i = 0; i < BEHIND; i++)
        n += server_holds(p.servers[i], "both", "x");
    ck_assert_int_eq(n, 1);
    /* The memcached goes: what it misses is on record behind the proxy. */
    server_kill(other);
    client_reads(c, "both", "x");
    client_expect(c, mcp_set(c, T("both"), T("y"), 0, 0), MCP_OK, "set");
    client_reads(c, "both", "y");
    n = 0;
    for (int i = 0; i < BEHIND; i++)
        n += server_look(p.servers[i], "mcp:s")->found;
    ck_assert_int_eq(n, 1);
    mcp_close(c);
    stop();
}
END_TEST

/* A server behind it is away: the proxy says so, and the other copy answers. */
START_TEST(a_server_behind_it_is_away)
{
    start();
    server *backup = server_unix(NULL);
    mcp_client *c = client_open("server=%s backup=%s timeout=5s", p.address, backup->address);
    many_keys(c);
    server_kill(p.servers[1]);
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "many%d", i);
        client_reads(c, key, key);
    }
    mcp_close(c);
    stop();
}
END_TEST

int
main(void)
{
    if (!run_has("nutcracker")) {
        printf("skipped: no nutcracker here\n");
        return 77;
    }
    TCase *tests = tcase_create("nutcracker");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_command_through_nutcracker, 0, 2);
    tcase_add_loop_test(tests, nutcracker_in_a_pair, 0, 2);
    tcase_add_test(tests, a_server_behind_it_is_away);
    return run_tests("nutcracker", tests);
}

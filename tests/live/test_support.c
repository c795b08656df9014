/* SPDX-License-Identifier: BSD-3-Clause */
/* The harness itself: what the other live tests lean on must be true. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fault.h"
#include "support/relay.h"
#include "support/run.h"
#include "support/talk.h"
#include "support/trace.h"
#include "support/wait.h"

/* A connection to an address "127.0.0.1:PORT". */
static int
dial(const char *address)
{
    server to;

    memset(&to, 0, sizeof to);
    ck_assert_int_eq(server_sockaddr(&to, address), 0);
    return server_connect(&to);
}

static void
say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static ssize_t
hear(int fd, char *out, size_t size)
{
    ssize_t n = recv(fd, out, size - 1, 0);

    out[n > 0 ? n : 0] = '\0';
    return n;
}

static void
bye(int fd, int reset)
{
    struct linger now = {reset, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

START_TEST(server_starts_holds_dies_and_returns_empty)
{
    server *s = _i == 0 ? server_unix(NULL) : server_tcp("-m 32");

    server_put(s, "k", "hello", 5, 7, 0);
    ck_assert(server_holds(s, "k", "hello"));
    ck_assert_uint_eq(server_look(s, "k")->flags, 7);
    ck_assert_int_eq((int)server_look(s, "k")->ttl, -1);
    ck_assert_uint_eq(server_stat(s, "curr_items"), 1);
    server_pause(s);
    server_continue(s);
    ck_assert(server_holds(s, "k", "hello"));
    server_restart(s);
    ck_assert(!server_look(s, "k")->found);
    server_kill(s);
    ck_assert_int_eq(s->pid, 0);
}
END_TEST

START_TEST(fault_tells_a_reset_from_a_close)
{
    fault *f = fault_tcp(server_unix(NULL));
    char reply[100];
    int a = dial(fault_address(f));
    int b;

    say(a, "version\r\n");
    ck_assert_int_gt(hear(a, reply, sizeof reply), 0);
    ck_assert_int_eq(strncmp(reply, "VERSION ", 8), 0);
    b = dial(fault_address(f));
    bye(a, 0);
    ck_assert_int_eq(fault_wait_end(f, 0, 2000), FAULT_FIN);
    say(b, "mn\r\n");
    ck_assert_int_gt(hear(b, reply, sizeof reply), 0);
    bye(b, 1);
    ck_assert_int_eq(fault_wait_end(f, 1, 2000), FAULT_RST);
    ck_assert_int_eq(fault_count(f, "mn"), 1);
    ck_assert_int_eq(fault_line_connection(f, "mn", 0), 1);
}
END_TEST

START_TEST(fault_spoils_what_its_rules_say)
{
    const fault_rule rules[] = {
        {.match = "mg cut", .what = FAULT_CUT, .n = 6},
        {.match = "mg opaque", .what = FAULT_WRONG_OPAQUE, .skip = 1, .times = 1},
        {.match = "mg silent", .what = FAULT_SWALLOW},
    };
    fault *f = fault_tcp(server_unix(NULL));
    char reply[100];
    int fd = dial(fault_address(f));

    fault_rules(f, rules, 3);
    say(fd, "ms opaque 3 O1\r\nabc\r\n");
    ck_assert_int_gt(hear(fd, reply, sizeof reply), 0);
    ck_assert_str_eq(reply, "HD O1\r\n");
    for (int i = 0; i < 3; i++) {
        say(fd, "mg opaque v O77\r\n");
        ck_assert_int_gt(hear(fd, reply, sizeof reply), 0);
        ck_assert_str_eq(reply, i == 1 ? "VA 3 OA7\r\nabc\r\n" : "VA 3 O77\r\nabc\r\n");
    }
    say(fd, "ms cut 10\r\n0123456789\r\nmg cut v\r\n");
    ck_assert_int_gt(hear(fd, reply, sizeof reply), 0);
    while (strstr(reply, "VA 10") == NULL)
        ck_assert_int_gt(hear(fd, reply, sizeof reply), 0);
    ck_assert_int_eq(hear(fd, reply, sizeof reply), 0);
    ck_assert_int_eq(fault_ended(f, 0), FAULT_OURS);
}
END_TEST

START_TEST(fault_can_reset_in_the_middle_of_a_value)
{
    const fault_rule rule = {.match = "mg k", .what = FAULT_RESET, .n = 10};
    server *s = server_unix(NULL);
    fault *f = fault_tcp(s);
    char reply[100];
    int fd = dial(fault_address(f));
    ssize_t n;

    server_put(s, "k", "0123456789", 10, 0, 0);
    fault_rule_one(f, &rule);
    say(fd, "mg k v\r\n");
    while ((n = hear(fd, reply, sizeof reply)) > 0)
        ck_assert_int_le(n, 10);
    ck_assert_int_eq(n, -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

START_TEST(relay_splits_and_cuts)
{
    server *s = server_unix(NULL);
    relay *r = relay_tcp(s);
    char reply[100];
    int fd = dial(relay_address(r));
    size_t whole = 0;
    ssize_t n;

    relay_set(r, RELAY_BYTES);
    say(fd, "mn\r\n");
    while (whole < 4 && (n = hear(fd, reply, sizeof reply)) > 0)
        whole += (size_t)n;
    ck_assert_uint_eq(whole, 4);
    relay_cut_after(r, 2);
    say(fd, "mn\r\n");
    while ((n = hear(fd, reply, sizeof reply)) > 0)
        ck_assert_int_le(n, 2);
    ck_assert_int_eq(n, -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

/* The traced work: two phases, in the second one refused connect. Not a test: no assertions. */
static int
work(char **words)
{
    char reply[100];
    server there;
    server gone;
    int fd;

    memset(&there, 0, sizeof there);
    memset(&gone, 0, sizeof gone);
    if (server_sockaddr(&there, words[1]) != 0 || server_sockaddr(&gone, words[2]) != 0)
        return 1;
    fd = talk_connect(&there);
    if (fd < 0 || send(fd, "mn\r\n", 4, 0) != 4 || recv(fd, reply, sizeof reply, 0) != 4)
        return 1;
    trace_phase();
    close(fd);
    return talk_connect(&gone) >= 0;
}

START_TEST(trace_sees_calls_peers_and_phases)
{
    server *s = server_tcp(NULL);
    char nobody[40];
    const char *const words[] = {"work", s->address, server_nobody(nobody, sizeof nobody), NULL};
    const char *const peers[2] = {s->address, nobody};
    trace *t = trace_work(words);
    char story[32];

    ck_assert_str_eq(trace_story(t, 0, peers, story, sizeof story), "CSR");
    ck_assert_str_eq(trace_story(t, 1, peers, story, sizeof story), "Xcx");
    ck_assert_uint_eq(trace_count(t, 1, "connect", nobody), 1);
    ck_assert_uint_eq(trace_count(t, 0, "send", s->address), 1);
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->calls[i].peer, nobody) == 0 && strcmp(t->calls[i].name, "close") != 0)
            ck_assert_str_eq(t->calls[i].error, "ECONNREFUSED");
    trace_free(t);
}
END_TEST

START_TEST(a_hole_hangs_a_connect)
{
    char hole[40];
    server to;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    memset(&to, 0, sizeof to);
    ck_assert_int_eq(server_sockaddr(&to, server_hole(hole, sizeof hole)), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to.sockaddr, to.sockaddr_len), -1);
    ck_assert_int_eq(errno, EINPROGRESS);
    ck_assert_int_eq(poll(&ready, 1, 200), 0);
    close(fd);
}
END_TEST

/* A child dies in the middle of a test: its memcached must not outlive it. */
static int
is_gone(void *context)
{
    int fd = talk_connect(context);

    if (fd >= 0)
        close(fd);
    return fd < 0;
}

START_TEST(servers_die_with_the_test)
{
    int ends[2];
    pid_t child;
    server s;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        (void)!write(ends[1], server_unix(NULL), sizeof s);
        (void)raise(SIGKILL);
    }
    ck_assert_int_eq(read(ends[0], &s, sizeof s), (ssize_t)sizeof s);
    ck_assert_int_gt(s.pid, 0);
    ck_assert(wait_until(is_gone, &s, 2000));
}
END_TEST

int
main(int argc, char **argv)
{
    TCase *tests = tcase_create("support");

    if (argc > 2 && strcmp(argv[1], "--work") == 0)
        return work(argv + 2);
    tcase_add_loop_test(tests, server_starts_holds_dies_and_returns_empty, 0, 2);
    tcase_add_test(tests, fault_tells_a_reset_from_a_close);
    tcase_add_test(tests, fault_spoils_what_its_rules_say);
    tcase_add_test(tests, fault_can_reset_in_the_middle_of_a_value);
    tcase_add_test(tests, relay_splits_and_cuts);
    tcase_add_test(tests, trace_sees_calls_peers_and_phases);
    tcase_add_test(tests, a_hole_hangs_a_connect);
    tcase_add_test(tests, servers_die_with_the_test);
    return run_tests("support", tests);
}

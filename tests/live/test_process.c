/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The library as a guest in a process: it prints nothing, ends nothing, leaves signals alone,
 * minds its file descriptors, and survives forks, long jumps and exits in the middle of a call.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/client.h"
#include "support/fault.h"
#include "support/run.h"
#include "support/wait.h"

/* ---- A silent guest ----------------------------------------------------------------------- */

/*
 * The guest's life, in a process of its own; words: NAME, two addresses, two processes to kill.
 * Everything goes wrong. 7 at the end: it got there, and no signal is handled but as before.
 */
static int
guest(char **words)
{
    char options[400];
    char *value = calloc(1, 1 << 20);
    struct sigaction before[32];
    mcp_client *c;

    for (int number = 1; number < 32; number++)
        sigaction(number, NULL, &before[number]);
    snprintf(options, sizeof options, "server=%s backup=%s timeout=100ms", words[1], words[2]);
    if (value == NULL || mcp_open("nonsense", NULL, 0) != NULL)
        return 1;
    c = mcp_open(options, NULL, 0);
    (void)mcp_set(c, T("k"), T("x"), 0, 0);
    (void)mcp_get(c, T("bad key"), NULL);
    for (int i = 3; i < 5; i++) {
        kill((pid_t)strtol(words[i], NULL, 10), SIGKILL);
        wait_ms(20);
        for (int n = 0; n < 50; n++) {
            (void)mcp_set(c, T("k"), value, 1000000, 0, 0);
            (void)mcp_get(c, T("k"), NULL);
            (void)mcp_delete(c, T("k"));
        }
    }
    (void)mcp_last_error(c);
    mcp_close(c);
    mcp_close(NULL);
    free(value);
    for (int number = 1; number < 32; number++) {
        struct sigaction action;

        sigaction(number, NULL, &action);
        if (action.sa_handler != before[number].sa_handler)
            return 2;
    }
    return 7;
}

START_TEST(fault_57_no_print_no_exit_no_signal)
{
    server *p = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    server *b = _i == 0 ? server_unix(NULL) : server_tcp(NULL);
    char pid[2][16];
    char output[108];
    const char *argv[] = {run_self(), "--work", "guest", p->address,
                          b->address, pid[0],   pid[1],  NULL};
    char *printed;
    int status;

    snprintf(pid[0], 16, "%d", (int)p->pid);
    snprintf(pid[1], 16, "%d", (int)b->pid);
    /* A child inherits what is ignored: the guest shall start with SIGPIPE as it comes. */
    signal(SIGPIPE, SIG_DFL);
    status = run_program(argv, run_path(output, sizeof output, ".out"));
    printed = run_read_file(output, NULL);
    ck_assert_msg(status == 7, "ended with %d: %s", status, printed);
    ck_assert_str_eq(printed, "");
    free(printed);
}
END_TEST

/* ---- File descriptors --------------------------------------------------------------------- */

static int
count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 1100; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

START_TEST(descriptors_are_closed_and_not_inherited)
{
    server *p = server_tcp(NULL);
    server *b = server_unix(NULL);
    int before = count_fds();
    char there[1024];
    mcp_client *c;

    for (int fd = 0; fd < 1024; fd++)
        there[fd] = fcntl(fd, F_GETFD) >= 0;
    c = client_pair(p, b, "timeout=1s");
    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    ck_assert_int_ge(count_fds(), before + 2);
    for (int fd = 0; fd < 1024; fd++)
        if (!there[fd] && fcntl(fd, F_GETFD) >= 0)
            ck_assert_msg(fcntl(fd, F_GETFD) & FD_CLOEXEC, "descriptor %d is inherited", fd);
    server_kill(p);
    for (int i = 0; i < 20; i++)
        client_reads(c, "k", "x");
    mcp_close(c);
    ck_assert_int_eq(count_fds(), before);
}
END_TEST

static void
limit_fds(rlim_t n)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(fault_58_no_descriptor_left_is_our_problem)
{
    server *p = _i == 0 ? server_tcp(NULL) : server_unix(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=300ms");
    int next;

    server_put(p, "k", "x", 1, 0, 0);
    next = dup(0);
    close(next);
    limit_fds((rlim_t)next);
    client_expect(c, mcp_get(c, T("k"), NULL), MCP_NO_RESOURCE, "get");
    ck_assert_int_eq(mcp_last_error(c)->os_error, EMFILE);
    client_expect(c, mcp_set(c, T("k"), T("y"), 0, 0), MCP_NO_RESOURCE, "set");
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    ck_assert_int_eq(client_info(c, 1).state, MCP_STATE_UP);
    limit_fds(1024);
    client_reads(c, "k", "x");
    mcp_close(c);
}
END_TEST

START_TEST(fault_65_descriptors_above_1024)
{
    server *p = server_tcp(NULL);
    server *b = server_unix(NULL);
    mcp_client *c = client_pair(p, b, "timeout=1s");
    char name[64];
    mcp_client *by_name;
    int fd = 0;

    limit_fds(4096);
    while (fd >= 0 && fd < 1100)
        fd = dup(0);
    ck_assert_msg(fd >= 1100, "this machine allows no more than %d descriptors", fd);
    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    client_reads(c, "k", "x");
    ck_assert_int_eq(client_info(c, 0).state, MCP_STATE_UP);
    server_pause(p);
    client_reads(c, "k", "x");
    server_continue(p);
    mcp_close(c);
    snprintf(name, sizeof name, "server=localhost:%d timeout=2s", p->port);
    by_name = client_open("%s", name);
    client_reads(by_name, "k", "x");
    mcp_close(by_name);
}
END_TEST

/*
 * Descriptors 0, 1 and 2 are free when the client opens its sockets. What the program prints later
 * must not go to a server.
 */
START_TEST(fault_66_standard_descriptors_are_left_free)
{
    server *p = server_unix(NULL);
    server *b = server_tcp(NULL);
    mcp_client *c = client_pair(p, b, "timeout=1s");
    int saved[3];

    for (int fd = 0; fd < 3; fd++) {
        saved[fd] = fcntl(fd, F_DUPFD, 10);
        close(fd);
    }
    (void)mcp_set(c, T("k"), T("x"), 0, 0);
    (void)!write(1, "flush_all\r\n", 11);
    for (int fd = 0; fd < 3; fd++) {
        struct stat st;
        int is_socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);

        ck_assert_msg(!is_socket, "the library sits on descriptor %d", fd);
        ck_assert_int_eq(dup2(saved[fd], fd), fd);
    }
    client_reads(c, "k", "x");
    mcp_close(c);
    for (int fd = 0; fd < 3; fd++)
        ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
}
END_TEST

/* ---- Fork --------------------------------------------------------------------------------- */

START_TEST(fault_61_a_child_has_connections_of_its_own)
{
    server *real = server_unix(NULL);
    fault *p = fault_tcp(real);
    mcp_client *c = client_open("server=%s timeout=2s", fault_address(p));
    char value[2000];
    pid_t children[4];
    char key[16];
    int status;

    client_expect(c, mcp_set(c, T("k"), T("x"), 0, 0), MCP_OK, "set");
    memset(value, 'v', sizeof value);
    for (int i = 0; i < 4; i++) {
        snprintf(key, sizeof key, "k%d", i);
        memset(value, 'a' + i, sizeof value);
        server_put(real, key, value, sizeof value, 0, 0);
    }
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        for (int n = 0; n < 300; n++) {
            mcp_result r = MCP_RESULT_INIT;

            snprintf(key, sizeof key, "k%d", i);
            if (mcp_get(c, T(key), &r) != MCP_OK || r.value_len != sizeof value ||
                ((const char *)r.value)[n] != 'a' + i)
                _exit(1);
        }
        mcp_close(c);
        _exit(0);
    }
    for (int n = 0; n < 300; n++)
        client_reads(c, "k", "x");
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
    client_reads(c, "k", "x");
    /* The parent's connection was neither used nor ended by its children. */
    ck_assert_int_eq(fault_connections(p), 5);
    ck_assert_int_eq(fault_ended(p, 0), FAULT_OPEN);
    ck_assert_uint_eq(client_info(c, 0).connects, 1);
    mcp_close(c);
}
END_TEST

/* ---- Leaving in the middle ---------------------------------------------------------------- */

static sigjmp_buf away;

static void
jump(int number)
{
    siglongjmp(away, number);
}

START_TEST(fault_70_a_long_jump_out_of_a_call)
{
    const fault_rule late = {.match = "mg a", .what = FAULT_DELAY, .ms = 300, .times = 1};
    server *real = server_unix(NULL);
    fault *p = fault_tcp(real);
    mcp_client *c = client_open("server=%s timeout=2s", fault_address(p));
    struct sigaction action = {.sa_handler = jump};
    struct itimerval once = {{0, 0}, {0, 60000}};

    client_expect(c, mcp_set(c, T("a"), T("value a"), 0, 0), MCP_OK, "set");
    client_expect(c, mcp_set(c, T("b"), T("value b"), 0, 0), MCP_OK, "set");
    fault_rule_one(p, &late);
    sigaction(SIGALRM, &action, NULL);
    if (sigsetjmp(away, 1) == 0) {
        setitimer(ITIMER_REAL, &once, NULL);
        (void)mcp_get(c, T("a"), NULL);
        ck_abort_msg("the call ended before the signal");
    }
    for (int i = 0; i < 3; i++)
        client_reads(c, "b", "value b");
    ck_assert_int_eq(fault_wait_end(p, fault_line_connection(p, "mg a", 0), 1000), FAULT_RST);
    client_reads(c, "a", "value a");
    mcp_close(c);
}
END_TEST

#ifndef __SANITIZE_THREAD__ /* which holds signals back in a child of a process with threads */
static mcp_client *leaving;

static void
leave(int number)
{
    (void)number;
    exit(0);
}

START_TEST(fault_70_exit_in_the_middle_of_a_call)
{
    const fault_rule hang = {.match = "ms a", .what = FAULT_HANG};
    server *real = server_unix(NULL);
    fault *p = fault_tcp(real);
    int status;
    pid_t child;

    fault_rule_one(p, &hang);
    leaving = client_open("server=%s timeout=5s", fault_address(p));
    child = fork();
    if (child == 0) {
        signal(SIGALRM, leave);
        setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 100000}}, NULL);
        (void)mcp_set(leaving, T("a"), T("x"), 0, 0);
        _exit(3);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(fault_wait_end(p, 0, 1000), FAULT_RST);
    mcp_close(leaving);
}
END_TEST
#endif

/* ---- Threads ------------------------------------------------------------------------------ */

struct job {
    const server *p;
    const server *b;
    int number;
    int bad;
};

static void *
thread_main(void *context)
{
    struct job *job = context;
    char options[300];
    char key[32];
    mcp_client *c;

    snprintf(options, sizeof options, "server=%s backup=%s timeout=5s", job->p->address,
             job->b->address);
    c = mcp_open(options, NULL, 0);
    for (int i = 0; i < 500; i++) {
        mcp_result r = MCP_RESULT_INIT;

        snprintf(key, sizeof key, "t%d:%d", job->number, i);
        job->bad += mcp_set(c, T(key), T(key), 0, 0) != MCP_OK;
        job->bad += mcp_get(c, T(key), &r) != MCP_OK || r.value_len != strlen(key) ||
                    memcmp(r.value, key, r.value_len) != 0;
    }
    mcp_close(c);
    return NULL;
}

START_TEST(each_thread_its_own_client)
{
    server *p = server_tcp(NULL);
    server *b = server_unix(NULL);
    pthread_t threads[4];
    struct job jobs[4];

    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct job){p, b, i, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, thread_main, &jobs[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(jobs[i].bad, 0);
    }
    ck_assert(server_look(p, "mcp:e")->found); /* its own word about itself */
    ck_assert_uint_eq(server_stat(p, "curr_items"), 2000 + 1);
}
END_TEST

int
main(int argc, char **argv)
{
    TCase *tests = tcase_create("process");

    if (argc > 2 && strcmp(argv[1], "--work") == 0)
        return guest(argv + 2);
    tcase_add_loop_test(tests, fault_57_no_print_no_exit_no_signal, 0, 2);
    tcase_add_test(tests, descriptors_are_closed_and_not_inherited);
    tcase_add_loop_test(tests, fault_58_no_descriptor_left_is_our_problem, 0, 2);
    tcase_add_test(tests, fault_65_descriptors_above_1024);
    tcase_add_test(tests, fault_66_standard_descriptors_are_left_free);
    tcase_add_test(tests, fault_61_a_child_has_connections_of_its_own);
    tcase_add_test(tests, fault_70_a_long_jump_out_of_a_call);
#ifndef __SANITIZE_THREAD__
    tcase_add_test(tests, fault_70_exit_in_the_middle_of_a_call);
#endif
    tcase_add_test(tests, each_thread_its_own_client);
    return run_tests("process", tests);
}

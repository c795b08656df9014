/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/sock.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define PATIENCE_MS 5000

typedef struct place {
    int listener;
    struct sockaddr_storage address;
    socklen_t len;
} place;

static char folder[64];

static void
wait_for(int fd, short events)
{
    struct pollfd one = {.fd = fd, .events = events};
    ck_assert_int_eq(poll(&one, 1, PATIENCE_MS), 1);
}

static place
tcp_place(int backlog)
{
    place at = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&at.address;
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.len = sizeof *v4;
    ck_assert_int_eq(bind(at.listener, (struct sockaddr *)&at.address, at.len), 0);
    if (backlog >= 0)
        ck_assert_int_eq(listen(at.listener, backlog), 0);
    ck_assert_int_eq(getsockname(at.listener, (struct sockaddr *)&at.address, &at.len), 0);
    return at;
}

static place
unix_place(int backlog)
{
    place at = {.listener = socket(AF_UNIX, SOCK_STREAM, 0)};
    struct sockaddr_un *to = (struct sockaddr_un *)&at.address;
    to->sun_family = AF_UNIX;
    snprintf(to->sun_path, sizeof to->sun_path, "%s/s", folder);
    at.len = sizeof *to;
    ck_assert_int_eq(bind(at.listener, (struct sockaddr *)&at.address, at.len), 0);
    ck_assert_int_eq(listen(at.listener, backlog), 0);
    return at;
}

static int
open_at(const place *at, int *fd)
{
    return mcp__sock_open((const struct sockaddr *)&at->address, at->len, fd);
}

/* Connects all the way; the other end in *peer. */
static int
connected(const place *at, int *peer)
{
    int fd;
    int state = open_at(at, &fd);
    if (state == MCP__SOCK_CONNECTING) {
        wait_for(fd, POLLOUT);
        state = mcp__sock_finish(fd);
    }
    ck_assert_int_eq(state, MCP__SOCK_CONNECTED);
    wait_for(at->listener, POLLIN);
    *peer = accept(at->listener, NULL, NULL);
    ck_assert_int_ge(*peer, 0);
    return fd;
}

static int
option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static void
make_folder(void)
{
    strcpy(folder, "/tmp/mcproxy-sock-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
remove_folder(void)
{
    char path[80];
    snprintf(path, sizeof path, "%s/s", folder);
    unlink(path);
    rmdir(folder);
}

/* ---- connecting --------------------------------------------------------------------------- */

START_TEST(connection_has_its_options)
{
    place at = tcp_place(4);
    int peer, fd = connected(&at, &peer);
    struct linger linger;
    socklen_t len = sizeof linger;
    ck_assert_int_gt(fd, 2);
    ck_assert_int_ne(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    ck_assert_int_ne(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len), 0);
    ck_assert_int_ne(linger.l_onoff, 0);
    ck_assert_int_eq(linger.l_linger, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    mcp__sock_reset(fd);
    close(peer);
    close(at.listener);
}
END_TEST

/* A port that is bound and not listened on refuses, and nobody else can take it. */
START_TEST(tcp_refused)
{
    place at = tcp_place(-1);
    int fd, state = open_at(&at, &fd);
    if (state == MCP__SOCK_CONNECTING) {
        wait_for(fd, POLLOUT);
        state = mcp__sock_finish(fd);
        mcp__sock_reset(fd);
    } else {
        ck_assert_int_eq(fd, -1);
    }
    ck_assert_int_eq(state, -ECONNREFUSED);
    close(at.listener);
}
END_TEST

/* A full backlog lets the first segment fall, so the connection stays undecided. */
START_TEST(tcp_undecided)
{
    place at = tcp_place(0);
    int fds[8], state = 0;
    for (int i = 0; i < 8; i++)
        ck_assert_int_gt(open_at(&at, &fds[i]), 0);
    struct pollfd last = {.fd = fds[7], .events = POLLOUT};
    ck_assert_int_eq(poll(&last, 1, 50), 0);
    state = mcp__sock_finish(fds[7]);
    ck_assert_int_eq(state, MCP__SOCK_CONNECTING);
    ck_assert_int_ne(fcntl(fds[7], F_GETFL) & O_NONBLOCK, 0);
    for (int i = 0; i < 8; i++)
        mcp__sock_reset(fds[i]);
    close(at.listener);
}
END_TEST

START_TEST(unix_connects_and_talks)
{
    make_folder();
    place at = unix_place(4);
    char room[8];
    int peer, fd = connected(&at, &peer);
    mcp__span hello = {"hello", 5};
    ck_assert_int_eq(mcp__sock_send(fd, &hello, 1), 5);
    ck_assert_int_eq(recv(peer, room, sizeof room, 0), 5);
    ck_assert_int_eq(send(peer, "ok", 2, 0), 2);
    ck_assert_int_eq(mcp__sock_receive(fd, room, sizeof room), 2);
    mcp__sock_close(fd);
    ck_assert_int_eq(recv(peer, room, sizeof room, 0), 0);
    close(peer);
    close(at.listener);
    remove_folder();
}
END_TEST

START_TEST(unix_errors_as_they_are)
{
    make_folder();
    place at = unix_place(0);
    int fds[8], n = 0, state = MCP__SOCK_CONNECTED;
    while (n < 8 && (state = open_at(&at, &fds[n])) == MCP__SOCK_CONNECTED)
        n++;
    ck_assert_int_eq(state, -EAGAIN);
    ck_assert_int_eq(fds[n], -1);
    while (n > 0)
        mcp__sock_reset(fds[--n]);
    close(at.listener);
    ck_assert_int_eq(open_at(&at, &fds[0]), -ECONNREFUSED);
    remove_folder();
    ck_assert_int_eq(open_at(&at, &fds[0]), -ENOENT);
}
END_TEST

START_TEST(meeting_itself_is_refused)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof own;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&own, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    if (connect(fd, (struct sockaddr *)&own, len) != 0)
        ck_assert_int_eq(errno, EINPROGRESS);
    wait_for(fd, POLLOUT);
    ck_assert_int_eq(mcp__sock_finish(fd), -ECONNREFUSED);
    close(fd);
}
END_TEST

START_TEST(standard_descriptors_stay_free)
{
    place at = tcp_place(4);
    int kept = fcntl(0, F_DUPFD_CLOEXEC, 3), peer, fd;
    close(0);
    ck_assert_int_gt(open_at(&at, &fd), 0);
    ck_assert_int_gt(fd, 2);
    ck_assert_int_eq(fcntl(0, F_GETFD), -1);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    if (kept >= 0) {
        dup2(kept, 0);
        close(kept);
    }
    wait_for(at.listener, POLLIN);
    peer = accept(at.listener, NULL, NULL);
    mcp__sock_reset(fd);
    close(peer);
    close(at.listener);
}
END_TEST

START_TEST(descriptors_above_1024)
{
    struct rlimit limit, old;
    int filler[1100];
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    limit = old;
    if (limit.rlim_cur < 1200)
        limit.rlim_cur = 1200;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    place at = tcp_place(4);
    for (int i = 0; i < 1100; i++) {
        filler[i] = dup(at.listener);
        ck_assert_int_ge(filler[i], 0);
    }
    char room[8];
    int peer, fd = connected(&at, &peer);
    mcp__span two[2] = {{"ab", 2}, {"cd", 2}};
    ck_assert_int_gt(fd, 1024);
    ck_assert_int_eq(mcp__sock_set_receive_timeout_ms(fd, PATIENCE_MS), 0);
    ck_assert_int_eq(mcp__sock_peek(fd), MCP__SOCK_NOTHING);
    ck_assert_int_eq(mcp__sock_send(fd, two, 2), 4);
    ck_assert_int_eq(recv(peer, room, sizeof room, 0), 4);
    ck_assert_int_eq(send(peer, room, 4, 0), 4);
    ck_assert_int_eq(mcp__sock_receive(fd, room, sizeof room), 4);
    mcp__sock_reset(fd);
    close(peer);
    for (int i = 0; i < 1100; i++)
        close(filler[i]);
    close(at.listener);
    setrlimit(RLIMIT_NOFILE, &old);
}
END_TEST

/* ---- bytes -------------------------------------------------------------------------------- */

START_TEST(spans_go_out_in_order)
{
    place at = tcp_place(4);
    char room[256];
    mcp__span three[3] = {{"set ", 4}, {"", 0}, {"k\r\n", 3}}, many[MCP__SOCK_SPANS + 1];
    int peer, fd = connected(&at, &peer);
    ck_assert_int_eq(mcp__sock_send(fd, three, 3), 7);
    ck_assert_int_eq(recv(peer, room, sizeof room, 0), 7);
    ck_assert_mem_eq(room, "set k\r\n", 7);
    for (int i = 0; i <= MCP__SOCK_SPANS; i++)
        many[i] = (mcp__span){"x", 1};
    ck_assert_int_eq(mcp__sock_send(fd, many, MCP__SOCK_SPANS + 1), MCP__SOCK_SPANS);
    ck_assert_int_eq(recv(peer, room, sizeof room, 0), MCP__SOCK_SPANS);
    mcp__sock_reset(fd);
    close(peer);
    close(at.listener);
}
END_TEST

/* Sends all of it as it fits, the peer reading in between; how many sends came short. */
static int
send_all(int fd, int peer, char *bytes, size_t len, int n_spans)
{
    size_t sent = 0, got = 0;
    int short_sends = 0;
    char room[65536];
    while (got < len) {
        size_t half = (len - sent) / 2;
        mcp__span spans[2] = {{bytes + sent, half}, {bytes + sent + half, len - sent - half}};
        if (n_spans == 1)
            spans[0].len = len - sent;
        ssize_t n = sent < len ? mcp__sock_send(fd, spans, (size_t)n_spans) : 0;
        ck_assert(n >= 0 || n == -EAGAIN);
        short_sends += sent < len && n < (ssize_t)(len - sent);
        sent += n > 0 ? (size_t)n : 0;
        wait_for(peer, POLLIN);
        n = recv(peer, room, sizeof room, MSG_DONTWAIT);
        ck_assert_int_gt(n, 0);
        ck_assert_mem_eq(room, bytes + got, (size_t)n);
        got += (size_t)n;
    }
    return short_sends;
}

START_TEST(large_sends_come_short_and_resume)
{
    place at = tcp_place(4);
    size_t len = 16 << 20;
    char *bytes = malloc(len);
    int peer, fd = connected(&at, &peer);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    ck_assert_int_gt(send_all(fd, peer, bytes, len, 1), 0);
    ck_assert_int_gt(send_all(fd, peer, bytes, len, 2), 0);
    free(bytes);
    mcp__sock_reset(fd);
    close(peer);
    close(at.listener);
}
END_TEST

START_TEST(full_buffer_is_eagain)
{
    place at = tcp_place(4);
    static char bytes[1 << 16];
    mcp__span span = {bytes, sizeof bytes};
    int peer, fd = connected(&at, &peer);
    ssize_t n = 1;
    for (int i = 0; i < 10000 && n > 0; i++)
        n = mcp__sock_send(fd, &span, 1);
    ck_assert_int_eq(n, -EAGAIN);
    mcp__sock_reset(fd);
    close(peer);
    close(at.listener);
}
END_TEST

/* With the usual handling of SIGPIPE a raised one would kill us. */
START_TEST(no_sigpipe)
{
    place at = tcp_place(4);
    mcp__span two[2] = {{"a", 1}, {"b", 1}};
    int peer, fd = connected(&at, &peer);
    struct linger at_once = {1, 0};
    ck_assert_ptr_ne(signal(SIGPIPE, SIG_DFL), SIG_ERR);
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(peer);
    wait_for(fd, POLLIN);
    ck_assert_int_eq(mcp__sock_peek(fd), -ECONNRESET);
    ck_assert_int_eq(mcp__sock_send(fd, two, 1), -EPIPE);
    ck_assert_int_eq(mcp__sock_send(fd, two, 2), -EPIPE);
    mcp__sock_reset(fd);
    close(at.listener);
}
END_TEST

START_TEST(receive_says_how_it_ended)
{
    place at = tcp_place(4);
    char room[8];
    int peer, fd = connected(&at, &peer);
    ck_assert_int_eq(mcp__sock_receive_now(fd, room, sizeof room), -EAGAIN);
    ck_assert_int_eq(mcp__sock_set_receive_timeout_ms(fd, 20), 0);
    ck_assert_int_eq(mcp__sock_receive(fd, room, sizeof room), -EAGAIN);
    ck_assert_int_eq(mcp__sock_set_receive_timeout_ms(fd, 0), 0); /* not for ever */
    ck_assert_int_eq(mcp__sock_receive(fd, room, sizeof room), -EAGAIN);
    ck_assert_int_eq(send(peer, "abc", 3, 0), 3);
    ck_assert_int_eq(mcp__sock_receive(fd, room, 2), 2);
    wait_for(fd, POLLIN);
    ck_assert_int_eq(mcp__sock_receive_now(fd, room, sizeof room), 1);
    close(peer);
    ck_assert_int_eq(mcp__sock_set_receive_timeout_ms(fd, PATIENCE_MS), 0);
    ck_assert_int_eq(mcp__sock_receive(fd, room, sizeof room), 0);
    mcp__sock_reset(fd);
    close(at.listener);
}
END_TEST

static void
ignore_alarm(int number)
{
    (void)number;
}

START_TEST(receive_is_interrupted)
{
    place at = tcp_place(4);
    char room[8];
    int peer, fd = connected(&at, &peer);
    struct sigaction action = {.sa_handler = ignore_alarm}, old;
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    ck_assert_int_eq(mcp__sock_set_receive_timeout_ms(fd, PATIENCE_MS), 0);
    ck_assert_int_eq(sigaction(SIGALRM, &action, &old), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    ssize_t n = mcp__sock_receive(fd, room, sizeof room);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &old, NULL);
    ck_assert_int_eq(n, -EINTR);
    mcp__sock_reset(fd);
    close(peer);
    close(at.listener);
}
END_TEST

START_TEST(peek_takes_nothing)
{
    place at = tcp_place(4);
    char room[8];
    int peer, fd = connected(&at, &peer);
    ck_assert_int_eq(mcp__sock_peek(fd), MCP__SOCK_NOTHING);
    ck_assert_int_eq(send(peer, "x", 1, 0), 1);
    wait_for(fd, POLLIN);
    ck_assert_int_eq(mcp__sock_peek(fd), MCP__SOCK_DATA);
    ck_assert_int_eq(mcp__sock_peek(fd), MCP__SOCK_DATA);
    ck_assert_int_eq(mcp__sock_receive_now(fd, room, sizeof room), 1);
    ck_assert_int_eq(mcp__sock_peek(fd), MCP__SOCK_NOTHING);
    close(peer);
    wait_for(fd, POLLIN);
    ck_assert_int_eq(mcp__sock_peek(fd), MCP__SOCK_EOF);
    mcp__sock_reset(fd);
    ck_assert_int_eq(mcp__sock_peek(fd), -EBADF);
    close(at.listener);
}
END_TEST

/* ---- endings ------------------------------------------------------------------------------ */

/* What the peer reads next: a byte count or a negative errno. */
static ssize_t
peer_reads(int peer, char *room, size_t len)
{
    wait_for(peer, POLLIN);
    ssize_t n = recv(peer, room, len, 0);
    return n >= 0 ? n : -errno;
}

START_TEST(reset_is_seen_as_reset)
{
    place at = tcp_place(4);
    char room[8];
    int peer, fd = connected(&at, &peer);
    mcp__sock_reset(fd);
    ck_assert_int_eq(peer_reads(peer, room, sizeof room), -ECONNRESET);
    close(peer);
    close(at.listener);
}
END_TEST

START_TEST(close_delivers_and_ends)
{
    place at = tcp_place(4);
    char room[8];
    mcp__span last = {"bye", 3};
    int peer, fd = connected(&at, &peer);
    ck_assert_int_eq(mcp__sock_send(fd, &last, 1), 3);
    mcp__sock_close(fd);
    ck_assert_int_eq(peer_reads(peer, room, sizeof room), 3);
    ck_assert_int_eq(peer_reads(peer, room, sizeof room), 0);
    mcp__sock_close(-1);
    mcp__sock_reset(-1);
    mcp__sock_forget(-1);
    close(peer);
    close(at.listener);
}
END_TEST

static pid_t
child_with_connection(const place *at)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    int fd, state = open_at(at, &fd);
    if (state == MCP__SOCK_CONNECTING) {
        struct pollfd one = {.fd = fd, .events = POLLOUT};
        poll(&one, 1, PATIENCE_MS);
        state = mcp__sock_finish(fd);
    }
    mcp__span one = {"x", 1};
    if (state != MCP__SOCK_CONNECTED || mcp__sock_send(fd, &one, 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

START_TEST(killed_process_resets)
{
    place at = tcp_place(4);
    char room[8];
    int status;
    pid_t child = child_with_connection(&at);
    ck_assert_int_gt(child, 0);
    wait_for(at.listener, POLLIN);
    int peer = accept(at.listener, NULL, NULL);
    ck_assert_int_eq(peer_reads(peer, room, sizeof room), 1);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(peer_reads(peer, room, sizeof room), -ECONNRESET);
    close(peer);
    close(at.listener);
}
END_TEST

START_TEST(forgetting_leaves_the_parent_alone)
{
    place at = tcp_place(4);
    char room[8];
    mcp__span one = {"x", 1};
    int status, peer, fd = connected(&at, &peer);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        mcp__sock_forget(fd);
        _exit(fcntl(fd, F_GETFD) == -1 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_eq(mcp__sock_peek(fd), MCP__SOCK_NOTHING);
    ck_assert_int_eq(mcp__sock_send(fd, &one, 1), 1);
    ck_assert_int_eq(peer_reads(peer, room, sizeof room), 1);
    mcp__sock_reset(fd);
    ck_assert_int_eq(peer_reads(peer, room, sizeof room), -ECONNRESET);
    close(peer);
    close(at.listener);
}
END_TEST

static TCase *
connecting(void)
{
    TCase *cases = tcase_create("connecting");
    tcase_add_test(cases, connection_has_its_options);
    tcase_add_test(cases, tcp_refused);
    tcase_add_test(cases, tcp_undecided);
    tcase_add_test(cases, unix_connects_and_talks);
    tcase_add_test(cases, unix_errors_as_they_are);
    tcase_add_test(cases, meeting_itself_is_refused);
    tcase_add_test(cases, standard_descriptors_stay_free);
    tcase_add_test(cases, descriptors_above_1024);
    return cases;
}

static TCase *
bytes_and_ends(void)
{
    TCase *cases = tcase_create("bytes and ends");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, spans_go_out_in_order);
    tcase_add_test(cases, large_sends_come_short_and_resume);
    tcase_add_test(cases, full_buffer_is_eagain);
    tcase_add_test(cases, no_sigpipe);
    tcase_add_test(cases, receive_says_how_it_ended);
    tcase_add_test(cases, receive_is_interrupted);
    tcase_add_test(cases, peek_takes_nothing);
    tcase_add_test(cases, reset_is_seen_as_reset);
    tcase_add_test(cases, close_delivers_and_ends);
    tcase_add_test(cases, killed_process_resets);
    tcase_add_test(cases, forgetting_leaves_the_parent_alone);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("io/sock");
    suite_add_tcase(suite, connecting());
    suite_add_tcase(suite, bytes_and_ends());
    return run_suite(suite);
}

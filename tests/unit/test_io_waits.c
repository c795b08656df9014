/* SPDX-License-Identifier: BSD-3-Clause */
/* What waits on a socket: for all the bytes of an answer, for room to send. */
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../support/wait.h"
#include "io/sock.h"
#include "support.h"

static int fd, peer;

static void
connect_tcp(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, len), 0);
    peer = accept(listener, NULL, NULL);
    close(listener);
}

/* Unix sockets, or with 1 those of TCP. */
static void
begin(int is_tcp)
{
    int both[2];
    if (is_tcp) {
        connect_tcp();
        return;
    }
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
    fd = both[0];
    peer = both[1];
}

static void
finish(void)
{
    mcp__sock_forget(fd);
    close(peer);
}

/* All of it, or what came until the time is up, together. */
START_TEST(receive_all_waits_for_the_rest)
{
    char room[8];
    begin(_i);
    ck_assert_int_eq(mcp__sock_set_receive_timeout_ms(fd, 50), 0);
    ck_assert_int_eq(mcp__sock_receive_all(fd, room, sizeof room), -EAGAIN);
    ck_assert_int_eq(send(peer, "abc", 3, 0), 3);
    int64_t start = now_ms();
    ck_assert_int_eq(mcp__sock_receive_all(fd, room, sizeof room), 3);
    ck_assert_int_ge(now_ms() - start, 49);
    ck_assert_int_eq(send(peer, "abcdefghi", 9, 0), 9);
    ck_assert_int_eq(mcp__sock_receive_all(fd, room, sizeof room), 8);
    shutdown(peer, SHUT_WR);
    ck_assert_int_eq(mcp__sock_receive_all(fd, room, sizeof room), 1);
    ck_assert_int_eq(mcp__sock_receive_all(fd, room, sizeof room), 0);
    finish();
}
END_TEST

/* Nobody reads: what fits has gone when the time is up, and then nothing. */
START_TEST(send_waiting_ends)
{
    static char bytes[16 << 20];
    const mcp__span span = {bytes, sizeof bytes};
    int64_t took_ms = 0;
    begin(_i);
    uint32_t piece = mcp__sock_let_sends_wait_ms(fd, 50);
    ck_assert_uint_ge(piece, 1024);
    ck_assert_uint_le(piece, 32768);
    ssize_t n = mcp__sock_send_waiting(fd, &span, 1);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, (ssize_t)sizeof bytes);
    for (int i = 0; i < 20 && n > 0; i++) { /* a TCP window may grow once more */
        int64_t start = now_ms();
        n = mcp__sock_send_waiting(fd, &span, 1);
        took_ms = now_ms() - start;
    }
    ck_assert_int_eq(n, -EAGAIN);
    ck_assert_int_ge(took_ms, 49);
    finish();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("io/waits");
    TCase *cases = tcase_create("waits");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, receive_all_waits_for_the_rest, 0, 2);
    tcase_add_loop_test(cases, send_waiting_ends, 0, 2);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}

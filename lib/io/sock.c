/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_STEP_S 10
#define KEEPALIVE_TRIES 3

/* A send that does not wait is not interrupted; should some system do it nevertheless, a storm of
 * signals must not hold us. */
#define INTERRUPTIONS 8

/* How Linux cuts what is sent to a unix socket. */
#define PIECE_HEAD 64
#define PIECE_MAX 32768

int
mcp__sock_above_2(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int error = errno;
    close(fd);
    errno = error;
    return higher;
}

static int
set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value);
}

/* Failure of the last three is no reason to do without a connection. */
static int
prepare(int fd, int family)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
#ifdef MCP_MUTANT_NO_LINGER
    at_once.l_onoff = 0;
#endif
    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) != 0)
        return -errno;
    if (family == AF_UNIX)
        return 0;
    if (set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1) != 0 ||
        set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1) != 0)
        return -errno;
    (void)set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    (void)set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_STEP_S);
    (void)set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_TRIES);
    return 0;
}

/* The state after connect(2). An interrupted connect goes on by itself. */
static int
started(int fd, const struct sockaddr *address, socklen_t address_len)
{
    if (connect(fd, address, address_len) == 0)
        return mcp__sock_finish(fd);
    if (errno == EINPROGRESS || errno == EINTR)
        return MCP__SOCK_CONNECTING;
    return -errno;
}

int
mcp__sock_open(const struct sockaddr *address, socklen_t address_len, int *fd)
{
    *fd = -1;
    int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int opened = mcp__sock_above_2(socket(address->sa_family, type, 0));
    if (opened < 0)
        return -errno;
    int state = prepare(opened, address->sa_family);
    if (state == 0)
        state = started(opened, address, address_len);
    if (state < 0)
        close(opened);
    else
        *fd = opened;
    return state;
}

/*
 * A connect to a port of the own machine that nobody listens on can be given that very port as its
 * own: TCP then connects the socket with itself (simultaneous open, RFC 9293 3.5) and every request
 * would come back as its answer.
 */
static int
met_itself(int fd, const struct sockaddr_storage *peer, socklen_t peer_len)
{
    struct sockaddr_storage own;
    socklen_t own_len = sizeof own;
    if (peer->ss_family != AF_INET && peer->ss_family != AF_INET6)
        return 0;
    if (getsockname(fd, (struct sockaddr *)&own, &own_len) != 0 || own_len != peer_len)
        return 0;
    return memcmp(&own, peer, own_len) == 0;
}

int
mcp__sock_finish(int fd)
{
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof peer;
    int error = 0;
    socklen_t error_len = sizeof error;
    memset(&peer, 0, sizeof peer);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0)
        return -errno;
    if (error != 0)
        return -error;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0)
        return errno == ENOTCONN ? MCP__SOCK_CONNECTING : -errno;
    if (met_itself(fd, &peer, peer_len))
        return -ECONNREFUSED;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
        return -errno;
    return MCP__SOCK_CONNECTED;
}

static int
set_timeout_ms(int fd, int option, int64_t timeout_ms)
{
    if (timeout_ms < 1) /* to the kernel 0 means for ever */
        timeout_ms = 1;
    struct timeval limit = {.tv_sec = (time_t)(timeout_ms / 1000),
                            .tv_usec = (suseconds_t)(timeout_ms % 1000 * 1000)};
    return setsockopt(fd, SOL_SOCKET, option, &limit, sizeof limit) == 0 ? 0 : -errno;
}

int
mcp__sock_set_receive_timeout_ms(int fd, int64_t timeout_ms)
{
    return set_timeout_ms(fd, SO_RCVTIMEO, timeout_ms);
}

uint32_t
mcp__sock_let_sends_wait_ms(int fd, int64_t timeout_ms)
{
    int buffer = 0;
    socklen_t len = sizeof buffer;
    if (set_timeout_ms(fd, SO_SNDTIMEO, timeout_ms) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, &len) != 0)
        return 0;
    /* Half of the buffer without its head (unix_stream_sendmsg), or what fits into one of the
     * kernel's, whatever its pages are. */
    int piece = buffer / 2 - PIECE_HEAD;
    return piece < 1 ? 1 : piece > PIECE_MAX ? PIECE_MAX : (uint32_t)piece;
}

static ssize_t
send_many(int fd, const mcp__span *spans, size_t n, int flags)
{
    struct iovec parts[MCP__SOCK_SPANS];
    if (n > MCP__SOCK_SPANS)
        n = MCP__SOCK_SPANS;
    for (size_t i = 0; i < n; i++) {
        parts[i].iov_base = (void *)(uintptr_t)spans[i].bytes; /* sendmsg does not write there */
        parts[i].iov_len = spans[i].len;
    }
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
    return sendmsg(fd, &message, MSG_NOSIGNAL | flags);
}

ssize_t
mcp__sock_send(int fd, const mcp__span *spans, size_t n)
{
    for (int i = 0; i < INTERRUPTIONS; i++) {
        ssize_t sent = n == 1 ? send(fd, spans[0].bytes, spans[0].len, MSG_NOSIGNAL | MSG_DONTWAIT)
                              : send_many(fd, spans, n, MSG_DONTWAIT);
        if (sent >= 0)
            return sent;
        if (errno != EINTR)
            return -errno;
    }
    return -EINTR;
}

ssize_t
mcp__sock_send_waiting(int fd, const mcp__span *spans, size_t n)
{
    ssize_t sent = send_many(fd, spans, n, 0);
    return sent >= 0 ? sent : -errno;
}

ssize_t
mcp__sock_receive_all(int fd, void *room, size_t room_len)
{
    ssize_t n = recv(fd, room, room_len, MSG_WAITALL);
    return n >= 0 ? n : -errno;
}

ssize_t
mcp__sock_receive_now(int fd, void *room, size_t room_len)
{
    ssize_t n = recv(fd, room, room_len, MSG_DONTWAIT);
    return n >= 0 ? n : -errno;
}

int
mcp__sock_peek(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        return MCP__SOCK_DATA;
    if (n == 0)
        return MCP__SOCK_EOF;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? MCP__SOCK_NOTHING : -errno;
}

/*
 * A forked child may hold a copy of the socket, and then closing ours tells the peer nothing.
 * Connecting a TCP socket to nowhere resets the connection itself, whoever holds it.
 */
static void
cut(int fd)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (connect(fd, &nowhere, sizeof nowhere) != 0)
        (void)shutdown(fd, SHUT_RDWR); /* a unix socket */
}

/* close(2) is never repeated: on Linux the descriptor is gone whatever it says. */
void
mcp__sock_reset(int fd)
{
    if (fd < 0)
        return;
    cut(fd);
    close(fd);
}

void
mcp__sock_close(int fd)
{
    struct linger off = {.l_onoff = 0, .l_linger = 0};
    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
    close(fd);
}

void
mcp__sock_forget(int fd)
{
    /* No shutdown and no option: both would reach the parent's connection. */
    if (fd >= 0)
        close(fd);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "fail/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Ways that are no errno: all is as it should, with one byte of it; the other side has ended it. */
enum { ONE_BYTE = -1, AT_END = -2, NO_WAY = 0 };

static const struct {
    const char *name;
    int ways[CALLS_WAYS];
} kinds[] = {
    {"socket", {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EAFNOSUPPORT}},
    {"connect", {ECONNREFUSED, ENETUNREACH, ETIMEDOUT, EAGAIN, EINTR, EADDRNOTAVAIL}},
    {"send", {ECONNRESET, EPIPE, EINTR, EAGAIN, ENOBUFS, ONE_BYTE}},
    {"recv", {ECONNRESET, ETIMEDOUT, EINTR, EAGAIN, AT_END, ONE_BYTE}},
    {"poll", {EINTR, ENOMEM, EAGAIN, EINTR, ENOMEM, EAGAIN}},
    {"getrandom", {EAGAIN, ENOSYS, EINTR, EPERM, ONE_BYTE, AT_END}},
    {"open", {EMFILE, EACCES, EINTR, ENFILE, ENOMEM, ENOENT}},
};

enum { SOCKET, CONNECT, SEND, RECEIVE, POLL, RANDOM, OPEN };

/* Of the thread that watches: the harness has others. */
static _Thread_local calls *watching;

void
calls_watch(calls *c)
{
    watching = c;
}

/* How this call goes wrong; NO_WAY: it does not. */
static int
fate(int kind)
{
    calls *c = watching;
    if (c == NULL)
        return NO_WAY;
    c->n_made++;
    if (c->fail_at == 0 || c->n_made < c->fail_at || (c->n_made > c->fail_at && !c->fails_onward))
        return NO_WAY;
    c->n_failed++;
    c->failed = kinds[kind].name;
    return kinds[kind].ways[c->way];
}

static int
fail(int error)
{
    errno = error;
    return -1;
}

int
socket(int family, int type, int protocol)
{
    int way = fate(SOCKET);
    return way > 0 ? fail(way) : (int)syscall(SYS_socket, family, type, protocol);
}

int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
    int way = address->sa_family != AF_UNSPEC ? fate(CONNECT) : NO_WAY;
    if (way > 0 && way != EINTR)
        return fail(way);
    int done = (int)syscall(SYS_connect, fd, address, len);
    return way == EINTR ? fail(EINTR) : done;
}

ssize_t
send(int fd, const void *bytes, size_t len, int flags)
{
    int way = fate(SEND);
    if (way > 0)
        return fail(way);
    return syscall(SYS_sendto, fd, bytes, way == ONE_BYTE && len > 0 ? 1 : len, flags, NULL, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
    int way = fate(SEND);
    if (way > 0)
        return fail(way);
    for (size_t i = 0; way == ONE_BYTE && i < message->msg_iovlen; i++) {
        if (message->msg_iov[i].iov_len > 0)
            return syscall(SYS_sendto, fd, message->msg_iov[i].iov_base, 1, flags, NULL, 0);
    }
    return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t
recv(int fd, void *room, size_t len, int flags)
{
    int way = fate(RECEIVE);
    if (way > 0)
        return fail(way);
    if (way == AT_END)
        return 0;
    return syscall(SYS_recvfrom, fd, room, way == ONE_BYTE && len > 0 ? 1 : len, flags, NULL, NULL);
}

int
poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    struct timespec limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    int way = fate(POLL);
    if (way > 0)
        return fail(way);
    return (int)syscall(SYS_ppoll, fds, n, timeout_ms < 0 ? NULL : &limit, NULL, (size_t)0);
}

/* What poll() becomes where the compiler knows the size of `fds`. */
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t size);

int
__poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t size)
{
    return size / sizeof *fds < n ? fail(EINVAL) : poll(fds, n, timeout_ms);
}

ssize_t
getrandom(void *room, size_t len, unsigned flags)
{
    int way = fate(RANDOM);
    if (way > 0)
        return fail(way);
    if (way == AT_END)
        return 0;
    return syscall(SYS_getrandom, room, way == ONE_BYTE ? 1 : len, flags);
}

int
open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = flags & O_CREAT ? va_arg(more, int) : 0;
    va_end(more);
    int way = fate(OPEN);
    return way > 0 ? fail(way) : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

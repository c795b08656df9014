/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sock: stream sockets, TCP and unix, as plain file descriptors above 2. A life goes
 *
 *     open --> CONNECTING --(writable)--> finish --> CONNECTED --> reset | close | forget
 *        `------------------------------------------^
 *
 * SO_LINGER {1, 0} is set before connect and stays, so that a process that is killed resets its
 * connections too: bytes of an abandoned request must never be applied later.
 *
 * Errors are negative errno values. Nothing blocks but mcp__sock_receive, _receive_all
 * and _send_waiting. No SIGPIPE is raised.
 */
#ifndef MCPROXY_IO_SOCK_H
#define MCPROXY_IO_SOCK_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "wire/span.h"

enum {
    MCP__SOCK_CONNECTED = 1,
    MCP__SOCK_CONNECTING = 2, /* wait until writable, then mcp__sock_finish */
};

/* What waits to be read, see mcp__sock_peek. */
enum {
    MCP__SOCK_NOTHING = 0,
    MCP__SOCK_DATA = 1,
    MCP__SOCK_EOF = 2,
};

/*
 * Starts a connection (close-on-exec; TCP: no delay, keepalive). CONNECTED or CONNECTING with the
 * socket in *fd, which is the caller's from then on, or a negative errno with -1 in *fd. A unix
 * socket whose backlog is full says -EAGAIN.
 */
int mcp__sock_open(const struct sockaddr *address, socklen_t address_len, int *fd);

/*
 * What has become of a connection. CONNECTED: from now on the socket is a blocking one; CONNECTING:
 * not yet decided; or a negative errno: the caller closes it (mcp__sock_reset). A TCP connection
 * that met itself (a loopback port without a listener) is -ECONNREFUSED.
 */
int mcp__sock_finish(int fd);

/*
 * How long mcp__sock_receive may wait; below 1 counts as 1. 0 or a negative errno. One system call:
 * callers remember what they set. The kernel wakes up to 30 ms late.
 */
int mcp__sock_set_receive_timeout_ms(int fd, int64_t timeout_ms);

/* At most this many spans go out in one send. */
#define MCP__SOCK_SPANS 64

/*
 * Sends what fits without waiting, in one system call. The number of bytes sent, often fewer than
 * were given; -EAGAIN when nothing fits. `n` is at least 1; spans beyond MCP__SOCK_SPANS are left
 * for the next call.
 */
ssize_t mcp__sock_send(int fd, const mcp__span *spans, size_t n);

/*
 * Lets mcp__sock_send_waiting() wait for so long; below 1 counts as 1. On a unix socket that is for
 * each piece of so many bytes, or more, as the kernel hands over: they are returned, and on every
 * socket more than 0. 0: it cannot be set. Two system calls: callers remember.
 */
uint32_t mcp__sock_let_sends_wait_ms(int fd, int64_t timeout_ms);

/* Sends all, waiting as long as was let; fewer bytes when the time is up or a signal comes. Else as
 * mcp__sock_send(). */
ssize_t mcp__sock_send_waiting(int fd, const mcp__span *spans, size_t n);

/* The same as mcp__sock_send() for bytes in one piece, without another try when a signal comes between (-EINTR). */
static inline ssize_t
mcp__sock_send_flat(int fd, const void *bytes, size_t len)
{
    ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent >= 0 ? sent : -errno;
}

/*
 * Waits for bytes, as long as was set. More than 0: that many; 0: the peer has closed; -EAGAIN: the
 * time is up; -EINTR: a signal came, look at your deadline and call again.
 */
static inline ssize_t
mcp__sock_receive(int fd, void *room, size_t room_len)
{
    ssize_t n = recv(fd, room, room_len, 0);
    return n >= 0 ? n : -errno;
}

/* Waits for all of `room_len` bytes, together as long as was set; fewer when the time is up, a
 * signal comes or the peer closes. Else as mcp__sock_receive(). */
ssize_t mcp__sock_receive_all(int fd, void *room, size_t room_len);

/* The same as mcp__sock_receive() without waiting: -EAGAIN when there is nothing. */
ssize_t mcp__sock_receive_now(int fd, void *room, size_t room_len);

/* NOTHING, DATA or EOF, taking nothing away, or a negative errno (a reset: -ECONNRESET). */
int mcp__sock_peek(int fd);

/* Closes with a reset; what is still unsent is thrown away. -1 is allowed, in all three. */
void mcp__sock_reset(int fd);
/* Closes in order: what was sent is delivered, then the peer reads an end. */
void mcp__sock_close(int fd);
/* Drops a forked child's copy; the parent's connection does not notice. */
void mcp__sock_forget(int fd);

/* Moves a descriptor out of 0 to 2, where the host's own input and output belong. -1 or above 2. */
int mcp__sock_above_2(int fd);

#endif

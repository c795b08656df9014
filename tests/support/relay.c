/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "talk.h"

struct relay {
    const server *behind;
    int listener;
    char address[64];
    atomic_int mode;
    atomic_int delay_ms;
    atomic_long cut_after; /* -1: never */
};

/* One connection: both of its sockets, pumped by one thread. */
typedef struct road {
    relay *owner;
    int near;
    int far;
} road;

const char *
relay_address(const relay *r)
{
    return r->address;
}

void
relay_set(relay *r, relay_mode mode)
{
    atomic_store(&r->mode, (int)mode);
}

void
relay_delay(relay *r, int ms)
{
    atomic_store(&r->delay_ms, ms);
}

void
relay_cut_after(relay *r, long bytes)
{
    atomic_store(&r->cut_after, bytes);
}

static int
send_bytes(int to, const char *bytes, size_t len, size_t step)
{
    while (len > 0) {
        ssize_t n = send(to, bytes, len < step ? len : step, MSG_NOSIGNAL);

        if (n <= 0)
            return 0;
        bytes += n;
        len -= (size_t)n;
    }
    return 1;
}

/* How many of `len` bytes may still pass; the rest is behind the cut. */
static size_t
before_cut(relay *r, size_t len)
{
    long left = atomic_load(&r->cut_after);

    if (left < 0)
        return len;
    if ((size_t)left < len)
        len = (size_t)left;
    atomic_store(&r->cut_after, left - (long)len);
    return len;
}

/* 0: the road ends. */
static int
carry(road *way, int from, int to)
{
    relay *r = way->owner;
    char some[16384];
    ssize_t got = recv(from, some, sizeof some, 0);
    size_t pass;
    int mode = atomic_load(&r->mode);

    if (got <= 0)
        return got < 0 && errno == EINTR;
    if (mode == RELAY_HOLE)
        return 1;
    pass = from == way->far ? before_cut(r, (size_t)got) : (size_t)got;
    if (from == way->far && atomic_load(&r->delay_ms) > 0)
        (void)poll(NULL, 0, atomic_load(&r->delay_ms));
    return send_bytes(to, some, pass, mode == RELAY_BYTES ? 1 : sizeof some) && pass == (size_t)got;
}

static void *
road_main(void *context)
{
    road *way = context;
    struct pollfd both[2] = {{.fd = way->near, .events = POLLIN},
                             {.fd = way->far, .events = POLLIN}};
    struct linger now = {1, 0};
    int going = 1;

    while (going) {
        if (poll(both, 2, -1) < 0 && errno != EINTR)
            break;
        if (both[0].revents != 0)
            going = carry(way, way->near, way->far);
        if (going && both[1].revents != 0)
            going = carry(way, way->far, way->near);
    }
    (void)setsockopt(way->near, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(way->near);
    close(way->far);
    free(way);
    return NULL;
}

static void *
listener_main(void *context)
{
    relay *r = context;
    int one = 1;
    int fd;

    while ((fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        road *way = calloc(1, sizeof *way);

        if (way == NULL)
            abort();
        way->owner = r;
        way->near = fd;
        way->far = talk_connect(r->behind);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        (void)setsockopt(way->far, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        talk_spawn(road_main, way);
    }
    return NULL;
}

relay *
relay_tcp(const server *behind)
{
    relay *r = calloc(1, sizeof *r);
    int port;

    ck_assert_ptr_nonnull(r);
    r->behind = behind;
    atomic_init(&r->cut_after, -1);
    r->listener = server_listen(64, &port);
    snprintf(r->address, sizeof r->address, "127.0.0.1:%d", port);
    talk_spawn(listener_main, r);
    return r;
}

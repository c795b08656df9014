/* SPDX-License-Identifier: BSD-3-Clause */
#include "road.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/run.h"
#include "support/wait.h"

enum { MAX_FDS = 4096, HELD_MAX = 1 << 20, PIECE = 65536, IDLE_MS = 2 };

/* Bytes on their way, in order; each piece arrives when it is due. */
typedef struct piece {
    struct piece *next;
    int64_t due_us;
    size_t len, at;
    char bytes[];
} piece;

typedef struct stream {
    piece *first, *last;
    size_t held;
} stream;

/* One connection of a client, and its continuation to the server. */
typedef struct trip {
    struct trip *next;
    road_way *way;
    int server;
    int near, far; /* -1: closed, or not open yet */
    int near_over; /* the client will send no more */
    int far_over;  /* the server is gone */
    int is_muted;  /* answers are thrown away */
    stream up, down;
    int near_slot, far_slot; /* in the poll list; -1: not there */
} trip;

typedef struct listener {
    int fd;
    int is_open;
    unsigned resets, losses; /* of the way's, so many are done */
} listener;

typedef struct road {
    road_map *map;
    listener listeners[ROAD_SERVERS][ROAD_CLIENTS];
    trip *trips;
    struct pollfd fds[MAX_FDS];
    int n_fds;
    uint64_t random;
    int64_t now_us;
} road;

static unsigned
draw(road *r, unsigned below)
{
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    return (unsigned)(r->random >> 33) % below;
}

/* ---- Streams ------------------------------------------------------------------------------ */

static void
put(road *r, stream *s, const char *bytes, size_t len, int64_t delay_us)
{
    piece *p = malloc(sizeof *p + len);

    if (p == NULL)
        abort();
    *p = (piece){.due_us = r->now_us + delay_us, .len = len};
    memcpy(p->bytes, bytes, len);
    if (s->last != NULL && s->last->due_us > p->due_us)
        p->due_us = s->last->due_us;
    *(s->last == NULL ? &s->first : &s->last->next) = p;
    s->last = p;
    s->held += len;
}

static void
drop_first(stream *s)
{
    piece *p = s->first;

    s->held -= p->len - p->at;
    s->first = p->next;
    if (s->first == NULL)
        s->last = NULL;
    free(p);
}

/* Sends what is due; 0: the other side is gone. */
static int
flush(road *r, stream *s, int fd)
{
    while (s->first != NULL && s->first->due_us <= r->now_us) {
        piece *p = s->first;
        ssize_t n = send(fd, p->bytes + p->at, p->len - p->at, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return 1;
        if (n <= 0)
            return 0;
        p->at += (size_t)n;
        s->held -= (size_t)n;
        if (p->at == p->len)
            drop_first(s);
    }
    return 1;
}

/* ---- Trips -------------------------------------------------------------------------------- */

static void
close_near(trip *t)
{
    struct linger now = {1, 0};

    if (t->near < 0)
        return;
    (void)setsockopt(t->near, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(t->near);
    t->near = -1;
    t->near_over = 1;
}

static void
end_trip(trip *t)
{
    close_near(t);
    if (t->far >= 0)
        close(t->far);
    while (t->up.first != NULL)
        drop_first(&t->up);
    while (t->down.first != NULL)
        drop_first(&t->down);
    free(t);
}

static int
open_far(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(at.sun_path, path, sizeof at.sun_path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int64_t
delay_of(road *r, const trip *t, int is_answer)
{
    int jitter = atomic_load(&t->way->jitter_ms);
    int delay = is_answer ? atomic_load(&t->way->delay_ms) : 0;

    if (jitter > 0 && draw(r, 3) == 0)
        delay += (int)draw(r, (unsigned)jitter);
    return (int64_t)delay * 1000;
}

static listener *
listener_of(road *r, const trip *t)
{
    return &r->listeners[t->server][t->way - r->map->ways[t->server]];
}

/* An answer has come: is it one that is to be lost? */
static void
look_for_loss(road *r, trip *t)
{
    listener *l = listener_of(r, t);

    if (t->is_muted || l->losses == atomic_load(&t->way->losses))
        return;
    l->losses = atomic_load(&t->way->losses);
    t->is_muted = 1;
    atomic_fetch_add(&r->map->lost, 1);
}

static void
receive(road *r, trip *t, int is_answer)
{
    char some[PIECE];
    ssize_t got = recv(is_answer ? t->far : t->near, some, sizeof some, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0 && is_answer) {
        t->far_over = 1;
        return;
    }
    if (got <= 0) {
        t->near_over = 1;
        if (got < 0)
            close_near(t);
        return;
    }
    if (is_answer)
        look_for_loss(r, t);
    if (!is_answer || !t->is_muted)
        put(r, is_answer ? &t->down : &t->up, some, (size_t)got, delay_of(r, t, is_answer));
}

static int
events_of(const road *r, int slot)
{
    return slot < 0 ? 0 : r->fds[slot].revents;
}

/* On a cut road only ends are noticed: a client's reset, which takes with it what it had sent. */
static void
serve_cut(road *r, trip *t)
{
    if (events_of(r, t->near_slot) & (POLLERR | POLLHUP)) {
        close_near(t);
        while (t->up.first != NULL)
            drop_first(&t->up);
    }
    if (events_of(r, t->far_slot) & (POLLERR | POLLHUP)) {
        close(t->far);
        t->far = -1;
        t->far_over = 1;
    }
}

/* 0: the trip is over. */
static int
serve(road *r, trip *t)
{
    if (atomic_load(&t->way->mode) == ROAD_CUT) {
        serve_cut(r, t);
        return 1;
    }
    if (t->far < 0 && !t->far_over && !t->near_over) {
        t->far = open_far(r->map->path[t->server]);
        t->far_over = t->far < 0;
    }
    if (events_of(r, t->near_slot) != 0 && !t->near_over)
        receive(r, t, 0);
    if (events_of(r, t->far_slot) != 0 && !t->far_over)
        receive(r, t, 1);
    if (t->far >= 0 && !flush(r, &t->up, t->far))
        t->far_over = 1;
    if (t->near >= 0 && !flush(r, &t->down, t->near))
        t->near_over = 1;
    if (t->near_over && t->up.first == NULL)
        return 0;
    return !t->far_over || (t->near >= 0 && t->down.first != NULL);
}

/* ---- Ways --------------------------------------------------------------------------------- */

static void
end_trips_of(road *r, const road_way *way)
{
    for (trip **at = &r->trips; *at != NULL;) {
        trip *t = *at;

        if (t->way != way) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        end_trip(t);
    }
}

/*
 * A listening socket that is shut down refuses and keeps its port, and may listen again: nobody
 * else can take the port meanwhile.
 */
static void
obey(road *r, road_way *way, listener *l)
{
    unsigned resets = atomic_load(&way->resets);
    int wants_open = atomic_load(&way->mode) != ROAD_REFUSE;

    if (wants_open && !l->is_open && listen(l->fd, 128) != 0)
        abort();
    if (!wants_open && l->is_open && shutdown(l->fd, SHUT_RD) != 0)
        abort();
    if (resets != l->resets || (!wants_open && l->is_open))
        end_trips_of(r, way);
    l->is_open = wants_open;
    l->resets = resets;
}

static void
take(road *r, int number, int client)
{
    int one = 1;
    int fd = accept4(r->listeners[number][client].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    trip *t = fd < 0 ? NULL : calloc(1, sizeof *t);

    if (t == NULL)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *t = (trip){.next = r->trips,
                .way = &r->map->ways[number][client],
                .server = number,
                .near = fd,
                .far = -1,
                .near_slot = -1,
                .far_slot = -1};
    r->trips = t;
}

/* ---- The loop ----------------------------------------------------------------------------- */

static int
watch(road *r, int fd, int events)
{
    if (fd < 0 || r->n_fds == MAX_FDS)
        return -1;
    r->fds[r->n_fds] = (struct pollfd){.fd = fd, .events = (short)events};
    return r->n_fds++;
}

/* What is held waits for its time, or for a server that does not read: look again soon. */
static void
wait_for(const stream *s, int *timeout_ms)
{
    if (s->first != NULL && *timeout_ms > 1)
        *timeout_ms = 1;
}

static void
watch_trip(road *r, trip *t, int *timeout_ms)
{
    int is_cut = atomic_load(&t->way->mode) == ROAD_CUT;
    int near = is_cut || t->near_over || t->up.held > HELD_MAX ? 0 : POLLIN;
    int far = is_cut || t->far_over || t->down.held > HELD_MAX ? 0 : POLLIN;

    /* A side that is over would be ready all the time. */
    t->near_slot = t->near_over && !is_cut ? -1 : watch(r, t->near, near);
    t->far_slot = t->far_over ? -1 : watch(r, t->far, far);
    if (!is_cut && t->far >= 0)
        wait_for(&t->up, timeout_ms);
    if (!is_cut && t->near >= 0)
        wait_for(&t->down, timeout_ms);
    if (!is_cut && t->far < 0 && !t->far_over)
        *timeout_ms = 0;
}

static void
go_round(road *r)
{
    int slots[ROAD_SERVERS][ROAD_CLIENTS];
    int timeout_ms = IDLE_MS;

    r->n_fds = 0;
    for (int s = 0; s < r->map->n_servers; s++)
        for (int c = 0; c < r->map->n_clients; c++) {
            obey(r, &r->map->ways[s][c], &r->listeners[s][c]);
            slots[s][c] = r->listeners[s][c].is_open ? watch(r, r->listeners[s][c].fd, POLLIN) : -1;
        }
    for (trip *t = r->trips; t != NULL; t = t->next)
        watch_trip(r, t, &timeout_ms);
    (void)poll(r->fds, (nfds_t)r->n_fds, timeout_ms);
    r->now_us = now_us();
    for (trip **at = &r->trips; *at != NULL;) {
        trip *t = *at;

        if (serve(r, t)) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        end_trip(t);
    }
    for (int s = 0; s < r->map->n_servers; s++)
        for (int c = 0; c < r->map->n_clients; c++)
            if (events_of(r, slots[s][c]) != 0)
                take(r, s, c);
}

/* A port of its own for a listener: bound to it by number, or it would be lost when shut down. */
static int
bind_port(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int one = 1;

    for (int i = 0; i < 20; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        at.sin_port = 0;
        if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 ||
            getsockname(fd, (struct sockaddr *)&at, &len) != 0)
            abort();
        close(fd);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 128) == 0) {
            *port = ntohs(at.sin_port);
            return fd;
        }
        close(fd);
    }
    abort();
}

static void
run(road_map *map, unsigned seed)
{
    static road r;

    r.map = map;
    r.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int s = 0; s < map->n_servers; s++)
        for (int c = 0; c < map->n_clients; c++) {
            r.listeners[s][c].fd = bind_port(&map->ways[s][c].port);
            r.listeners[s][c].is_open = 1;
        }
    atomic_store(&map->ready, 1);
    for (;;)
        go_round(&r);
}

static int
is_ready(void *context)
{
    return atomic_load(&((road_map *)context)->ready);
}

pid_t
road_start(road_map *map, unsigned seed)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        run_die_with_parent(parent);
        run(map, seed);
    }
    ck_assert_msg(wait_until(is_ready, map, 5000), "the road did not open");
    return pid;
}

void
road_set(road_map *map, int number, unsigned clients, road_mode mode)
{
    for (int c = 0; c < map->n_clients; c++)
        if (clients & 1u << c)
            atomic_store(&map->ways[number][c].mode, (int)mode);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/carry.h"

#include <errno.h>
#include <string.h>

#include "io/sock.h"

/* So often a rested connection is read before it counts as good: owed replies come in one piece. */
#define OWED_LOOKS 4

/* The pieces of one send. */
#define SPANS 16

/* After so many records the others have their turn. */
#define RECORDS 64

static const char *
words_of(int os_error)
{
    const char *words = os_error == 0 ? "closed by the server" : strerrordesc_np(os_error);
    return words != NULL ? words : "unknown error";
}

void
mcp__carry_read_calendar(mcp__world *world, int64_t now_ms)
{
    world->unix_at_ms = now_ms;
    world->engine->unix_now = mcp__clock_unix();
}

int64_t
mcp__carry_now(mcp__world *world)
{
    int64_t now_ms = mcp__clock_exact(&world->clock);
    if (now_ms - world->unix_at_ms >= MCP__CARRY_CALENDAR_MS)
        mcp__carry_read_calendar(world, now_ms);
    return now_ms;
}

/* ---- a loop of the user's ---- */

void
mcp__carry_note(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    if (world->hooks == NULL || socket->is_noted)
        return;
    socket->is_noted = 1;
    socket->next_noted = world->first_noted;
    world->first_noted = server;
}

void
mcp__carry_unwatch(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    if (world->hooks == NULL || socket->watched == 0)
        return;
    socket->watched = 0;
    (void)world->hooks->loop.watch(world->hooks->loop.context, socket->fd, 0, &socket->slot);
    socket->slot = NULL;
}

/* ---- connecting ---- */

/* Whose address a line uses: its own server's, but for the one of dumps. */
static uint32_t
address_of(const mcp__world *world, uint32_t line)
{
    return world->engine->servers[line].address;
}

static void
broken(mcp__world *world, uint32_t server, int os_error)
{
    world->sockets[server].is_dead = 1;
    mcp__drive_broken(world->engine, server, os_error, words_of(os_error),
                      mcp__clock_coarse(&world->clock));
}

/* An error of a TLS connection, which says more than its number. */
static void
broken_tls(mcp__world *world, uint32_t server, int os_error)
{
    mcp__socket *socket = &world->sockets[server];
    if (os_error != EPROTO) {
        broken(world, server, os_error);
        return;
    }
    socket->is_dead = 1;
    mcp__drive_insecure(world->engine, server, mcp__tls_why(socket->tls),
                        mcp__clock_coarse(&world->clock));
}

/* Bytes can go to and fro. */
static void
stand(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    socket->stage = MCP__STAGE_CONNECTED;
    socket->is_dead = 0;
    socket->piece = 0;
    mcp__carry_note(world, server);
    if (world->receive_timeout_ms > 0)
        mcp__sock_set_receive_timeout_ms(socket->fd, world->receive_timeout_ms);
    mcp__name_worked(&world->names, address_of(world, server), socket->attempt);
    mcp__drive_connected(world->engine, server, mcp__clock_coarse(&world->clock));
}

static void
shake(mcp__world *world, uint32_t server)
{
    int result = mcp__tls_shake(world->sockets[server].tls);
    if (result == 1)
        stand(world, server);
    else if (result != -EAGAIN)
        broken_tls(world, server, -result);
}

/* memcached has no TLS on unix sockets, whose bytes do not leave the machine. */
static void
connected(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    uint32_t address = address_of(world, server);
    if (world->tls == NULL || world->engine->servers[address].spec->is_unix) {
        stand(world, server);
        return;
    }
    socket->stage = MCP__STAGE_SECURING;
    mcp__carry_note(world, server);
    socket->tls = mcp__tls_start(world->tls, address, socket->fd);
    if (socket->tls == NULL) {
        broken(world, server, ENOMEM);
        return;
    }
    mcp__drive_securing(world->engine, server);
    shake(world, server);
}

/* Tries one address after the other until one does not fail at once. */
static void
connect_next(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    size_t n = mcp__name_count(&world->names, address_of(world, server));
    int result = -EADDRNOTAVAIL;
    while (socket->n_tried < n) {
        struct sockaddr_storage address;
        socket->n_tried++;
        socklen_t len =
            mcp__name_address(&world->names, address_of(world, server), socket->attempt, &address);
        result = len == 0 ? -EADDRNOTAVAIL
                          : mcp__sock_open((struct sockaddr *)&address, len, &socket->fd);
        if (result == MCP__SOCK_CONNECTED) {
            connected(world, server);
            return;
        }
        if (result == MCP__SOCK_CONNECTING) {
            socket->stage = MCP__STAGE_CONNECTING;
            mcp__carry_note(world, server);
            return;
        }
        socket->attempt++;
    }
    socket->stage = MCP__STAGE_NONE;
    mcp__name_stale(&world->names, address_of(world, server));
    broken(world, server, -result);
}

static void
take_name(mcp__world *world, uint32_t server, mcp__name_state state)
{
    mcp__socket *socket = &world->sockets[server];
    int was_resolving = socket->stage == MCP__STAGE_RESOLVING;
    if (state == MCP__NAME_PENDING) {
        world->n_resolving += !was_resolving;
        socket->stage = MCP__STAGE_RESOLVING;
        return;
    }
    world->n_resolving -= (uint32_t)was_resolving;
    socket->stage = MCP__STAGE_NONE;
    socket->n_tried = 0;
    if (state == MCP__NAME_READY)
        connect_next(world, server);
    else
        mcp__drive_nameless(world->engine, server,
                            mcp__name_why(&world->names, address_of(world, server)),
                            mcp__clock_coarse(&world->clock));
}

static void
take_connect(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    int result = mcp__sock_finish(socket->fd);
    if (result == MCP__SOCK_CONNECTING)
        return;
    if (result == MCP__SOCK_CONNECTED) {
        connected(world, server);
        return;
    }
    mcp__carry_unwatch(world, server);
    mcp__sock_forget(socket->fd);
    socket->fd = -1;
    socket->attempt++;
    if (socket->n_tried < mcp__name_count(&world->names, address_of(world, server))) {
        connect_next(world, server);
        return;
    }
    socket->stage = MCP__STAGE_NONE;
    mcp__name_stale(&world->names, address_of(world, server));
    broken(world, server, -result);
}

/* ---- receiving ---- */

void
mcp__carry_begin_timing(mcp__world *world, uint32_t server)
{
    const mcp__link *link = &world->engine->servers[server].link;
    if (link->state == MCP__LINK_OPEN && link->n_awaited > 0 && !mcp__link_owes(link))
        world->sockets[server].timed_us = mcp__clock_us();
}

void
mcp__carry_end_timing(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    mcp__latency_add(&world->engine->servers[server].tally.latency,
                     mcp__clock_us() - socket->timed_us);
    socket->timed_us = 0;
}

/* Where to receive to; NULL: not now. */
static uint8_t *
room_for(mcp__world *world, uint32_t server, size_t *len)
{
    uint8_t *room = mcp__drive_room(world->engine, server, len);
    if (room == NULL && world->engine->servers[server].link.n_pinned == 0)
        broken(world, server, ENOMEM);
    return room;
}

ssize_t
mcp__carry_receive_busily(mcp__world *world, uint32_t server, void *room, size_t len)
{
    int fd = world->sockets[server].fd;
    int64_t until_us = mcp__clock_us() + world->engine->settings.spin_us;
    ssize_t n = mcp__sock_receive_now(fd, room, len);
    while (n == -EAGAIN && mcp__clock_us() < until_us)
        n = mcp__sock_receive_now(fd, room, len);
    return n == -EAGAIN ? mcp__sock_receive(fd, room, len) : n;
}

/* Record after record, because poll does not see those that have come already. */
static void
receive_tls(mcp__world *world, uint32_t server)
{
    for (int i = 0; i < RECORDS; i++) {
        size_t len;
        uint8_t *room = room_for(world, server, &len);
        if (room == NULL)
            return;
        ssize_t n = mcp__tls_receive(world->sockets[server].tls, room, len);
        if (n == -EAGAIN) {
            world->engine->now_ms = mcp__clock_exact(&world->clock);
            return;
        }
        if (n <= 0) {
            broken_tls(world, server, (int)-n);
            return;
        }
        if (world->sockets[server].timed_us != 0)
            mcp__carry_end_timing(world, server);
        mcp__drive_received(world->engine, server, (size_t)n, mcp__clock_coarse(&world->clock));
        if ((world->engine->servers[server].wishes & MCP__WISH_RESET) ||
            !mcp__tls_has_unread(world->sockets[server].tls))
            return;
    }
}

void
mcp__carry_receive(mcp__world *world, uint32_t server, int may_wait)
{
    size_t len;
    if (world->sockets[server].tls != NULL) {
        receive_tls(world, server);
        return;
    }
    uint8_t *room = room_for(world, server, &len);
    if (room == NULL)
        return;
    int fd = world->sockets[server].fd;
    ssize_t n =
        may_wait ? mcp__carry_wait(world, server, room, len) : mcp__sock_receive_now(fd, room, len);
    if (n > 0) {
        if (world->sockets[server].timed_us != 0)
            mcp__carry_end_timing(world, server);
        mcp__drive_received(world->engine, server, (size_t)n, mcp__clock_coarse(&world->clock));
    } else if (n == -EAGAIN || n == -EINTR) {
        world->engine->now_ms = mcp__clock_exact(&world->clock);
        world->was_silent = 1;
    } else
        broken(world, server, (int)-n);
}

/* ---- wishes ---- */

static void
reset(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    world->n_resolving -= socket->stage == MCP__STAGE_RESOLVING;
    if (socket->stage == MCP__STAGE_CONNECTING || socket->stage == MCP__STAGE_SECURING)
        socket->attempt++; /* it hung: another address, if there is one, comes first next time */
    mcp__tls_drop(socket->tls);
    socket->tls = NULL;
    mcp__carry_unwatch(world, server);
    if (socket->is_dead)
        mcp__sock_forget(socket->fd);
    else
        mcp__sock_reset(socket->fd);
    socket->fd = -1;
    socket->is_dead = 0;
    socket->timed_us = 0;
    socket->stage = MCP__STAGE_NONE;
}

static void
send_output(mcp__world *world, uint32_t server)
{
    mcp__span spans[SPANS];
    mcp__tls_session *tls = world->sockets[server].tls;
    for (;;) {
        size_t n = mcp__drive_output(world->engine, server, spans, SPANS);
        if (n == 0)
            return;
        if (mcp__latency_is_due(&world->engine->servers[server].tally.latency))
            mcp__carry_begin_timing(world, server);
        ssize_t sent = tls == NULL ? mcp__sock_send(world->sockets[server].fd, spans, n)
                                   : mcp__tls_send(tls, spans, n);
        if (sent == -EAGAIN) {
            world->has_unsent = 1;
            mcp__carry_note(world, server);
            return;
        }
        if (sent < 0) {
            (tls == NULL ? broken : broken_tls)(world, server, (int)-sent);
            return;
        }
        mcp__drive_sent(world->engine, server, (size_t)sent);
    }
}

/*
 * A connection that has rested: has it been closed meanwhile, or sent what nobody asked for?
 * Replies that were owed from before are taken in first; there are never more than a few.
 */
static int
is_still_good(mcp__world *world, uint32_t server)
{
    const mcp__server *looked_at = &world->engine->servers[server];
    const mcp__socket *socket = &world->sockets[server];
    for (int i = 0; i < OWED_LOOKS; i++) {
        int seen = socket->tls == NULL ? mcp__sock_peek(socket->fd) : mcp__tls_peek(socket->tls);
        if (seen == MCP__SOCK_NOTHING)
            return 1;
        const mcp__pending *oldest = mcp__link_oldest(&looked_at->link);
        int is_owed = seen == MCP__SOCK_DATA && oldest != NULL && oldest->op == NULL &&
                      mcp__link_was_sent(&looked_at->link, oldest);
        if (!is_owed) {
            const char *what = seen == MCP__SOCK_DATA ? "data that nobody asked for"
                                                      : words_of(seen < 0 ? -seen : 0);
            mcp__drive_broken(world->engine, server, seen < 0 ? -seen : 0, what,
                              mcp__clock_coarse(&world->clock));
            return 0;
        }
        mcp__carry_receive(world, server, 0);
        if (looked_at->wishes & MCP__WISH_RESET)
            return 0;
    }
    return 1;
}

void
mcp__carry_serve(mcp__world *world)
{
    mcp__wish wish;
    while (mcp__drive_wish(world->engine, &wish)) {
        if (wish.what & MCP__WISH_RESET)
            reset(world, wish.server);
        if (wish.what & MCP__WISH_OPEN)
            take_name(world, wish.server,
                      mcp__name_begin(&world->names, address_of(world, wish.server),
                                      mcp__clock_coarse(&world->clock)));
        if (!(wish.what & MCP__WISH_SEND) ||
            world->sockets[wish.server].stage != MCP__STAGE_CONNECTED)
            continue;
        if (!(wish.what & MCP__WISH_LOOK) || is_still_good(world, wish.server))
            send_output(world, wish.server);
    }
}

/* ---- what happened ---- */

short
mcp__carry_events(const mcp__world *world, const mcp__server *server)
{
    const mcp__socket *socket = &world->sockets[server->number];
    if (socket->stage == MCP__STAGE_CONNECTING)
        return POLLOUT;
    if (socket->stage == MCP__STAGE_SECURING)
        return mcp__tls_events(socket->tls, 1, 1);
    if (socket->stage != MCP__STAGE_CONNECTED)
        return 0;
    int reads = server->link.n_pinned == 0;
    if (socket->tls != NULL)
        return mcp__tls_events(socket->tls, reads, mcp__link_has_output(&server->link));
    return (short)((reads ? POLLIN : 0) | (mcp__link_has_output(&server->link) ? POLLOUT : 0));
}

void
mcp__carry_take_events(mcp__world *world, uint32_t server, short events)
{
    /* The socket is about to be closed: what it says no longer counts. */
    if (world->engine->servers[server].wishes & MCP__WISH_RESET)
        return;
    if (world->sockets[server].stage == MCP__STAGE_CONNECTING) {
        take_connect(world, server);
        return;
    }
    const mcp__socket *socket = &world->sockets[server];
    if (socket->stage == MCP__STAGE_SECURING) {
        shake(world, server);
        return;
    }
    if (socket->tls != NULL && mcp__tls_is_crossed(socket->tls))
        events = POLLIN | POLLOUT;
    if (events & (POLLIN | POLLHUP | POLLERR))
        mcp__carry_receive(world, server, 0);
    int is_gone = world->engine->servers[server].wishes & MCP__WISH_RESET;
    if ((events & POLLOUT) && !is_gone)
        send_output(world, server);
}

static int
has_unread(const mcp__world *world, const mcp__server *server)
{
    const mcp__socket *socket = &world->sockets[server->number];
    return socket->tls != NULL && socket->stage == MCP__STAGE_CONNECTED &&
           server->link.n_pinned == 0 && !(server->wishes & MCP__WISH_RESET) &&
           mcp__tls_has_unread(socket->tls);
}

int
mcp__carry_has_unread(const mcp__world *world)
{
    const mcp__server *server = world->engine->first_busy;
    while (server != NULL && !has_unread(world, server))
        server = server->next_busy;
    return server != NULL;
}

void
mcp__carry_take_unread(mcp__world *world)
{
    for (uint32_t i = 0; i < world->engine->n_lines; i++) {
        if (has_unread(world, &world->engine->servers[i]))
            mcp__carry_receive(world, i, 0);
    }
}

void
mcp__carry_take_names(mcp__world *world, const struct pollfd *fds, size_t n, int64_t now_ms)
{
    mcp__name_process(&world->names, fds, n, now_ms);
    for (uint32_t i = 0; world->n_resolving > 0 && i < world->engine->n_lines; i++) {
        if (world->sockets[i].stage != MCP__STAGE_RESOLVING)
            continue;
        mcp__name_state state = mcp__name_done(&world->names, address_of(world, i), now_ms);
        if (state != MCP__NAME_PENDING)
            take_name(world, i, state);
    }
}

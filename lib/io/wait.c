/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/wait.h"

#include <errno.h>
#include <string.h>

#include "io/sock.h"

/* The kernel ends a receive up to 30 ms after SO_RCVTIMEO (measured: 1 to 29 ms at 500 ms), so the
 * timeout is set this much shorter than what a copy may take, and the rest is waited for in poll,
 * which is exact. */
#define LATENESS_MS 30
#define RECEIVE_MARGIN_MS 40
#define RECEIVE_SHORTEST_MS 5

/* So often a rested connection is read before it counts as good: owed replies come in one piece. */
#define OWED_LOOKS 4

/* The pieces of one send. */
#define SPANS 16

/* The time of day is only for lives of more than 30 days: so often it is read. */
#define UNIX_TICK_MS 1000

enum { NONE = 0, RESOLVING, CONNECTING, CONNECTED };

static const char *
words_of(int os_error)
{
    const char *words = os_error == 0 ? "closed by the server" : strerrordesc_np(os_error);
    return words != NULL ? words : "unknown error";
}

/* ---- life ---- */

static int64_t
standard_receive_timeout_ms(const mcp__engine *engine)
{
    int64_t timeout_ms = engine->settings.timeout_ms;
    int64_t one_copy_ms = timeout_ms * MCP__SHARE_PERCENT / 100 - RECEIVE_MARGIN_MS;
    return one_copy_ms >= RECEIVE_SHORTEST_MS ? one_copy_ms : 0;
}

int
mcp__wait_init(mcp__world *world, mcp__engine *engine, const mcp__server_spec *specs,
               const mcp__mem *mem)
{
    size_t n = engine->n_lines;
    memset(world, 0, sizeof *world);
    world->engine = engine;
    world->mem = mem;
    world->unix_at_ms = INT64_MIN / 2;
    world->receive_timeout_ms = standard_receive_timeout_ms(engine);
    mcp__clock_init(&world->clock);
    world->sockets = mcp__mem_new_zeroed(mem, n, sizeof *world->sockets);
    world->fds = mcp__mem_new_zeroed(mem, n + MCP__NAME_FDS, sizeof *world->fds);
    world->polled = mcp__mem_new_zeroed(mem, n, sizeof *world->polled);
    int names_failed =
        mcp__name_init(&world->names, mem, specs, engine->n_servers, engine->settings.timeout_ms);
    for (size_t i = 0; world->sockets != NULL && i < n; i++)
        world->sockets[i].fd = -1;
    if (world->sockets != NULL && world->fds != NULL && world->polled != NULL && !names_failed)
        return 0;
    if (!names_failed)
        mcp__name_fini(&world->names);
    mcp__mem_free(mem, world->sockets);
    mcp__mem_free(mem, world->fds);
    mcp__mem_free(mem, world->polled);
    return -1;
}

void
mcp__wait_fini(mcp__world *world)
{
    for (uint32_t i = 0; i < world->engine->n_lines; i++) {
        const mcp__link *link = &world->engine->servers[i].link;
        int is_clean = link->state == MCP__LINK_OPEN && link->pending_count == 0 &&
                       !mcp__link_has_output(link);
        if (is_clean)
            mcp__sock_close(world->sockets[i].fd);
        else
            mcp__sock_reset(world->sockets[i].fd);
    }
    mcp__name_fini(&world->names);
    mcp__mem_free(world->mem, world->sockets);
    mcp__mem_free(world->mem, world->fds);
    mcp__mem_free(world->mem, world->polled);
}

void
mcp__wait_child(mcp__world *world)
{
    for (uint32_t i = 0; i < world->engine->n_lines; i++) {
        mcp__sock_forget(world->sockets[i].fd);
        world->sockets[i] = (mcp__socket){.fd = -1};
    }
    world->n_resolving = 0;
    world->has_unsent = 0;
    mcp__name_child(&world->names);
    mcp__drive_forget(world->engine, mcp__clock_exact(&world->clock));
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

static void
connected(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    socket->stage = CONNECTED;
    socket->is_dead = 0;
    if (world->receive_timeout_ms > 0)
        mcp__sock_set_receive_timeout_ms(socket->fd, world->receive_timeout_ms);
    mcp__name_worked(&world->names, address_of(world, server), socket->attempt);
    mcp__drive_connected(world->engine, server, mcp__clock_coarse(&world->clock));
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
            socket->stage = CONNECTING;
            return;
        }
        socket->attempt++;
    }
    socket->stage = NONE;
    mcp__name_stale(&world->names, address_of(world, server));
    broken(world, server, -result);
}

static void
take_name(mcp__world *world, uint32_t server, mcp__name_state state)
{
    mcp__socket *socket = &world->sockets[server];
    int was_resolving = socket->stage == RESOLVING;
    if (state == MCP__NAME_PENDING) {
        world->n_resolving += !was_resolving;
        socket->stage = RESOLVING;
        return;
    }
    world->n_resolving -= (uint32_t)was_resolving;
    socket->stage = NONE;
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
    mcp__sock_forget(socket->fd);
    socket->fd = -1;
    socket->attempt++;
    if (socket->n_tried < mcp__name_count(&world->names, address_of(world, server))) {
        connect_next(world, server);
        return;
    }
    socket->stage = NONE;
    mcp__name_stale(&world->names, address_of(world, server));
    broken(world, server, -result);
}

/* ---- receiving ---- */

static void
receive(mcp__world *world, uint32_t server, int may_wait)
{
    size_t len;
    uint8_t *room = mcp__drive_room(world->engine, server, &len);
    if (room == NULL) {
        if (world->engine->servers[server].link.n_pinned == 0)
            broken(world, server, ENOMEM);
        return;
    }
    int fd = world->sockets[server].fd;
    ssize_t n = may_wait ? mcp__sock_receive(fd, room, len) : mcp__sock_receive_now(fd, room, len);
    if (n > 0)
        mcp__drive_received(world->engine, server, (size_t)n, mcp__clock_coarse(&world->clock));
    else if (n == -EAGAIN || n == -EINTR)
        world->engine->now_ms = mcp__clock_exact(&world->clock);
    else
        broken(world, server, (int)-n);
}

/* ---- wishes ---- */

static void
reset(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    world->n_resolving -= socket->stage == RESOLVING;
    if (socket->stage == CONNECTING)
        socket->attempt++; /* it hung: another address, if there is one, comes first next time */
    if (socket->is_dead)
        mcp__sock_forget(socket->fd);
    else
        mcp__sock_reset(socket->fd);
    socket->fd = -1;
    socket->is_dead = 0;
    socket->stage = NONE;
}

static void
send_output(mcp__world *world, uint32_t server)
{
    mcp__span spans[SPANS];
    for (;;) {
        size_t n = mcp__drive_output(world->engine, server, spans, SPANS);
        if (n == 0)
            return;
        ssize_t sent = mcp__sock_send(world->sockets[server].fd, spans, n);
        if (sent == -EAGAIN) {
            world->has_unsent = 1;
            return;
        }
        if (sent < 0) {
            broken(world, server, (int)-sent);
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
    for (int i = 0; i < OWED_LOOKS; i++) {
        int seen = mcp__sock_peek(world->sockets[server].fd);
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
        receive(world, server, 0);
        if (looked_at->wishes & MCP__WISH_RESET)
            return 0;
    }
    return 1;
}

void
mcp__wait_serve(mcp__world *world)
{
    mcp__wish wish;
    while (mcp__drive_wish(world->engine, &wish)) {
        if (wish.what & MCP__WISH_RESET)
            reset(world, wish.server);
        if (wish.what & MCP__WISH_OPEN)
            take_name(world, wish.server,
                      mcp__name_begin(&world->names, address_of(world, wish.server),
                                      mcp__clock_coarse(&world->clock)));
        if (!(wish.what & MCP__WISH_SEND) || world->sockets[wish.server].stage != CONNECTED)
            continue;
        if (!(wish.what & MCP__WISH_LOOK) || is_still_good(world, wish.server))
            send_output(world, wish.server);
    }
}

/* ---- waiting for one reply ---- */

/* The server whose reply can be waited for inside receive: nothing else needs watching, and there
 * is time even if the kernel is late. NULL: poll. */
static mcp__server *
lone_speaker(mcp__world *world, int64_t limit_ms)
{
    if (world->receive_timeout_ms == 0 || world->has_unsent || world->engine->dump_phase != 0)
        return NULL;
    /* The engine's time is that of the last thing that happened: the call's start, or a receive. */
    if (limit_ms - world->engine->now_ms < world->receive_timeout_ms + LATENESS_MS)
        return NULL;
    mcp__server *server = world->engine->first_busy;
    while (server != NULL && server->link.n_awaited == 0)
        server = server->next_busy; /* a probe: a later call will look at it */
    return server;
}

/* ---- polling ---- */

static short
events_of(const mcp__world *world, const mcp__server *server)
{
    const mcp__socket *socket = &world->sockets[server->number];
    if (socket->stage == CONNECTING)
        return POLLOUT;
    if (socket->stage != CONNECTED)
        return 0;
    int reads = server->link.n_pinned == 0;
    return (short)((reads ? POLLIN : 0) | (mcp__link_has_output(&server->link) ? POLLOUT : 0));
}

static size_t
collect(mcp__world *world)
{
    size_t n = 0;
    for (mcp__server *server = world->engine->first_busy; server != NULL;
         server = server->next_busy) {
        short events = events_of(world, server);
        if (events == 0)
            continue;
        world->fds[n] = (struct pollfd){world->sockets[server->number].fd, events, 0};
        world->polled[n++] = server->number;
    }
    return n;
}

static void
take_events(mcp__world *world, uint32_t server, short events)
{
    /* The socket is about to be closed: what it says no longer counts. */
    if (world->engine->servers[server].wishes & MCP__WISH_RESET)
        return;
    if (world->sockets[server].stage == CONNECTING) {
        take_connect(world, server);
        return;
    }
    if (events & (POLLIN | POLLHUP | POLLERR))
        receive(world, server, 0);
    int is_gone = world->engine->servers[server].wishes & MCP__WISH_RESET;
    if ((events & POLLOUT) && !is_gone)
        send_output(world, server);
}

static void
take_names(mcp__world *world, const struct pollfd *fds, size_t n, int64_t now_ms)
{
    mcp__name_process(&world->names, fds, n, now_ms);
    for (uint32_t i = 0; world->n_resolving > 0 && i < world->engine->n_lines; i++) {
        if (world->sockets[i].stage != RESOLVING)
            continue;
        mcp__name_state state = mcp__name_done(&world->names, address_of(world, i), now_ms);
        if (state != MCP__NAME_PENDING)
            take_name(world, i, state);
    }
}

static int
poll_timeout_ms(mcp__world *world, int64_t limit_ms, int64_t now_ms)
{
    int64_t until_ms = mcp__drive_next_time(world->engine);
    if (limit_ms < until_ms)
        until_ms = limit_ms;
    int64_t wait_ms = until_ms - now_ms;
    int64_t names_ms = world->n_resolving > 0 ? mcp__name_timeout_ms(&world->names, now_ms) : -1;
    if (names_ms >= 0 && names_ms < wait_ms)
        wait_ms = names_ms;
    if (wait_ms > 60000)
        wait_ms = 60000;
    return wait_ms > 0 ? (int)wait_ms : 0;
}

/* One round: waits for anything at all, and tells the engine everything. */
static void
poll_round(mcp__world *world, int64_t limit_ms)
{
    world->has_unsent = 0;
    size_t n = collect(world);
    size_t n_names =
        world->n_resolving > 0 ? mcp__name_fds(&world->names, world->fds + n, MCP__NAME_FDS) : 0;
    int64_t now_ms = mcp__clock_exact(&world->clock);
    int timeout_ms = poll_timeout_ms(world, limit_ms, now_ms);
    int n_ready = poll(world->fds, n + n_names, timeout_ms);
    now_ms = mcp__clock_exact(&world->clock);
    for (size_t i = 0; n_ready > 0 && i < n; i++) {
        if (world->fds[i].revents != 0)
            take_events(world, world->polled[i], world->fds[i].revents);
        else if (world->fds[i].events & POLLOUT)
            world->has_unsent = 1;
    }
    if (n_ready <= 0 && n > 0)
        world->has_unsent = 1; /* unknown: the next round will tell */
    if (world->n_resolving > 0)
        take_names(world, world->fds + n, n_ready > 0 ? n_names : 0, now_ms);
    mcp__drive_time(world->engine, now_ms);
}

/* ---- the doors ---- */

int64_t
mcp__wait_begin(mcp__world *world)
{
    /* The exact time: the coarse one lags by up to 9 ms, more on a busy machine, and a deadline
     * counted from it would come that much too early. */
    int64_t now_ms = mcp__clock_exact(&world->clock);
    if (now_ms - world->unix_at_ms >= UNIX_TICK_MS) {
        world->unix_at_ms = now_ms;
        world->engine->unix_now = mcp__clock_unix();
    }
    /* First what was heard, then what is late: an answer that has been waiting here is in time. */
    if (world->engine->first_busy != NULL && world->glanced_ms != now_ms) {
        world->glanced_ms = now_ms;
        poll_round(world, now_ms);
    } else if (mcp__drive_next_time(world->engine) <= now_ms) {
        mcp__drive_time(world->engine, now_ms);
    }
    if (mcp__chores_any(world->engine))
        mcp__chores_run(world->engine);
    if (world->engine->first_wish != NULL)
        mcp__wait_serve(world);
    return now_ms;
}

void
mcp__wait_once(mcp__world *world, int64_t limit_ms)
{
    mcp__wait_serve(world);
    if (world->engine->first_finished != NULL)
        return;
    mcp__server *speaker = lone_speaker(world, limit_ms);
    if (speaker != NULL)
        receive(world, speaker->number, 1);
    else
        poll_round(world, limit_ms);
}

/* Until something that was asked for a job is answered, or a job has something to do. */
static void
wait_for_chores(mcp__world *world, int64_t limit_ms)
{
    int64_t next_ms = mcp__chores_next_time(world->engine);
    if (!mcp__chores_are_flying(world->engine) && next_ms < limit_ms)
        limit_ms = next_ms;
    poll_round(world, limit_ms);
}

void
mcp__wait_slice(mcp__world *world, int64_t max_ms)
{
    mcp__engine *engine = world->engine;
    int64_t now_ms = mcp__clock_exact(&world->clock);
    int64_t limit_ms = now_ms + max_ms;
    int may_idle = max_ms > MCP__WAIT_SLICE_MS;
    mcp__drive_time(engine, now_ms);
    do {
        mcp__chores_run(engine);
        mcp__wait_serve(world);
        if (!mcp__chores_are_flying(engine) && !may_idle)
            return;
        wait_for_chores(world, limit_ms);
        now_ms = mcp__clock_exact(&world->clock);
    } while (now_ms < limit_ms);
    mcp__chores_run(engine);
    mcp__wait_serve(world);
}

void
mcp__wait_drain(mcp__world *world, int64_t limit_ms)
{
    mcp__engine *engine = world->engine;
    mcp__drive_hasten(engine, mcp__clock_exact(&world->clock));
    do {
        int any = 0;
        mcp__wait_serve(world);
        for (uint32_t i = 0; i < engine->n_servers; i++) {
            mcp__link *link = &engine->servers[i].link;
            any |= link->state == MCP__LINK_OPEN &&
                   (link->pending_count > 0 || mcp__link_has_output(link));
        }
        if (!any && engine->n_background == 0)
            return;
        poll_round(world, limit_ms);
        mcp__drive_hasten(engine, mcp__clock_exact(&world->clock));
        mcp__wait_serve(world);
    } while (mcp__clock_exact(&world->clock) < limit_ms);
}

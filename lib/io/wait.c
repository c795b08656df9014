/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/wait.h"

#include <errno.h>
#include <string.h>

#include "engine/express_way.h"
#include "io/large.h"
#include "io/sock.h"

/*
 * The kernel ends a receive later than SO_RCVTIMEO says: by up to two of its ticks, and, because
 * its timers are the coarser the farther away they are, by up to an eighth of the time (measured
 * with a tick of 4 ms: 10 ms at 50 to 250 ms, 32 ms at 260). So the timeout is set that much
 * shorter than what a copy may take. A fifth of that stays free: then the rest of a large answer
 * may be received in the same way after its beginning, and whoever has waited in vain waits for the
 * rest in poll, which is exact.
 */
#define TICKS_LATE 2
#define LATE_PART 8
#define FREE_PART 5

/* ---- life ---- */

static int64_t
spin_ms(const mcp__world *world)
{
    return (world->engine->settings.spin_us + 999) / 1000;
}

static int64_t
standard_receive_timeout_ms(const mcp__world *world)
{
    int64_t tick_ms = world->clock.resolution_ms;
    int64_t share_ms = world->engine->settings.timeout_ms * MCP__SHARE_PERCENT / 100;
    int64_t most_ms = share_ms - share_ms / FREE_PART - TICKS_LATE * tick_ms - spin_ms(world);
    int64_t timeout_ms = most_ms * LATE_PART / (LATE_PART + 1);
    return timeout_ms >= tick_ms ? timeout_ms : 0;
}

/* A call of at least so long may wait for one copy inside receive, even if the kernel is late. */
static void
set_receive_timeout(mcp__world *world, int64_t timeout_ms)
{
    int64_t late_ms = (timeout_ms + LATE_PART - 1) / LATE_PART;
    world->receive_timeout_ms = timeout_ms;
    world->receive_most_ms =
        spin_ms(world) + timeout_ms + late_ms + TICKS_LATE * world->clock.resolution_ms;
    world->express_least_ms =
        timeout_ms == 0 ? UINT32_MAX
                        : (uint32_t)((world->receive_most_ms * 100 + MCP__SHARE_PERCENT - 1) /
                                     MCP__SHARE_PERCENT);
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
    mcp__clock_init(&world->clock);
    set_receive_timeout(world, standard_receive_timeout_ms(world));
    world->sockets = mcp__mem_new_zeroed(mem, n, sizeof *world->sockets);
    world->fds = mcp__mem_new_zeroed(mem, n + MCP__NAME_FDS, sizeof *world->fds);
    world->polled = mcp__mem_new_zeroed(mem, n, sizeof *world->polled);
    size_t n_names = engine->n_servers + (engine->settings.discovers != 0);
    int names_failed =
        mcp__name_init(&world->names, mem, specs, n_names, engine->settings.timeout_ms);
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
mcp__wait_secure(mcp__world *world, mcp__tls *tls)
{
    world->tls = tls;
    set_receive_timeout(world, 0); /* a record may come in pieces, each late */
}

void
mcp__wait_fini(mcp__world *world)
{
    for (uint32_t i = 0; i < world->engine->n_lines; i++) {
        const mcp__link *link = &world->engine->servers[i].link;
        int is_clean = link->state == MCP__LINK_OPEN && link->pending_count == 0 &&
                       !mcp__link_has_output(link);
        if (is_clean)
            mcp__tls_close(world->sockets[i].tls);
        else
            mcp__tls_drop(world->sockets[i].tls);
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
mcp__wait_take_socket(mcp__world *to, uint32_t server, mcp__world *from, uint32_t number)
{
    to->sockets[server] = from->sockets[number];
    from->sockets[number] = (mcp__socket){.fd = -1};
    to->sockets[server].piece = 0;
    if (to->receive_timeout_ms > 0)
        mcp__sock_set_receive_timeout_ms(to->sockets[server].fd, to->receive_timeout_ms);
}

void
mcp__wait_move(mcp__world *to, mcp__world *from, mcp__engine *engine)
{
    *to = *from;
    to->engine = engine;
    mcp__name_moved(&to->names);
}

void
mcp__wait_let_go(mcp__world *world)
{
    for (uint32_t i = 0; i < world->engine->n_lines; i++) {
        mcp__tls_drop(world->sockets[i].tls);
        mcp__sock_forget(world->sockets[i].fd);
        world->sockets[i] = (mcp__socket){.fd = -1};
    }
}

void
mcp__wait_child(mcp__world *world)
{
    mcp__wait_let_go(world);
    world->n_resolving = 0;
    world->has_unsent = 0;
    mcp__name_child(&world->names);
    mcp__drive_forget(world->engine, mcp__clock_exact(&world->clock));
}

/* ---- waiting for one reply ---- */

/* The server whose reply can be waited for inside receive: nothing else needs watching, and there
 * is time even if the kernel is late. NULL: poll. */
static mcp__server *
lone_speaker(mcp__world *world, int64_t limit_ms)
{
    if (world->receive_timeout_ms == 0 || world->has_unsent || world->engine->dump_phase != 0)
        return NULL;
    if (world->hooks != NULL) /* the user's loop may have made the socket non-blocking */
        return NULL;
    /* The engine's time is that of the last thing that happened: the call's start, or a receive. */
    if (limit_ms - world->engine->now_ms < world->receive_most_ms)
        return NULL;
    /* It has been waited for in vain: another one may have answered meanwhile. */
    if (limit_ms == world->silent_ms)
        return NULL;
    mcp__server *server = world->engine->first_busy;
    while (server != NULL && server->link.n_awaited == 0)
        server = server->next_busy; /* a probe: a later call will look at it */
    return server;
}

/* ---- polling ---- */

static size_t
collect(mcp__world *world)
{
    size_t n = 0;
    for (mcp__server *server = world->engine->first_busy; server != NULL;
         server = server->next_busy) {
        short events = mcp__carry_events(world, server);
        if (events == 0)
            continue;
        world->fds[n] = (struct pollfd){world->sockets[server->number].fd, events, 0};
        world->polled[n++] = server->number;
    }
    return n;
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

/* As poll, but first it is looked for `spin_us`, as long as that is not beyond the time. */
static int
poll_busily(struct pollfd *fds, size_t n, int timeout_ms, uint32_t spin_us)
{
    if (spin_us == 0 || timeout_ms == 0)
        return poll(fds, n, timeout_ms);
    int64_t begun_us = mcp__clock_us(), spun_us = 0;
    int64_t most_us = (int64_t)timeout_ms * 1000 < spin_us ? (int64_t)timeout_ms * 1000 : spin_us;
    for (; spun_us < most_us; spun_us = mcp__clock_us() - begun_us) {
        int n_ready = poll(fds, n, 0);
        if (n_ready != 0)
            return n_ready;
    }
    int spun_ms = (int)(spun_us / 1000);
    return poll(fds, n, timeout_ms > spun_ms ? timeout_ms - spun_ms : 0);
}

/* One round: waits for anything at all, and tells the engine everything. */
static void
poll_round(mcp__world *world, int64_t limit_ms, uint32_t spin_us)
{
    world->has_unsent = 0;
    size_t n = collect(world);
    size_t n_names =
        world->n_resolving > 0 ? mcp__name_fds(&world->names, world->fds + n, MCP__NAME_FDS) : 0;
    int64_t now_ms = mcp__clock_exact(&world->clock);
    int has_unread = world->tls != NULL && mcp__carry_has_unread(world);
    int timeout_ms = has_unread ? 0 : poll_timeout_ms(world, limit_ms, now_ms);
    int n_ready = poll_busily(world->fds, n + n_names, timeout_ms, spin_us);
    now_ms = mcp__clock_exact(&world->clock);
    for (size_t i = 0; i < n; i++) {
        /* Also when it has answered meanwhile: what is unsent is not to wait behind a receive. */
        if (world->fds[i].events & ~world->fds[i].revents & POLLOUT)
            world->has_unsent = 1;
        if (n_ready > 0 && world->fds[i].revents != 0)
            mcp__carry_take_events(world, world->polled[i], world->fds[i].revents);
    }
    if (has_unread)
        mcp__carry_take_unread(world);
    if (world->n_resolving > 0)
        mcp__carry_take_names(world, world->fds + n, n_ready > 0 ? n_names : 0, now_ms);
    mcp__drive_time(world->engine, now_ms);
}

/* ---- the doors ---- */

static __attribute__((noinline)) void
begin_slowly(mcp__world *world, int64_t now_ms)
{
    /* First what was heard, then what is late: an answer that has been waiting here is in time. */
    if (world->engine->first_busy != NULL && world->glanced_ms != now_ms) {
        world->glanced_ms = now_ms;
        poll_round(world, now_ms, 0);
    } else if (mcp__drive_next_time(world->engine) <= now_ms) {
        mcp__drive_time(world->engine, now_ms);
    }
    if (mcp__chores_any(world->engine))
        mcp__chores_run(world->engine);
    if (world->engine->first_wish != NULL)
        mcp__carry_serve(world);
}

/* The exact time: the coarse one lags by up to 9 ms, more on a busy machine, and a deadline counted
 * from it would come that much too early. */
static inline int64_t
begin(mcp__world *world)
{
    const mcp__engine *engine = world->engine;
    int64_t now_ms = mcp__clock_told(&world->clock, CLOCK_MONOTONIC);
    if (now_ms - world->unix_at_ms >= MCP__CARRY_CALENDAR_MS)
        mcp__carry_read_calendar(world, now_ms);
    if (engine->first_busy != NULL || engine->first_wish != NULL || mcp__chores_any(engine) ||
        mcp__drive_next_time(engine) <= now_ms)
        begin_slowly(world, now_ms);
    return now_ms;
}

int64_t
mcp__wait_begin(mcp__world *world)
{
    return begin(world);
}

void
mcp__wait_once(mcp__world *world, int64_t limit_ms)
{
    mcp__carry_serve(world);
    /* Somebody has to fetch what is there before anything else is waited for. */
    if (world->engine->first_finished != NULL || world->engine->convoy.first_ripe != NULL)
        return;
    mcp__server *speaker = lone_speaker(world, limit_ms);
    if (speaker == NULL) {
        poll_round(world, limit_ms, world->engine->settings.spin_us);
        return;
    }
    world->was_silent = 0;
    mcp__carry_receive(world, speaker->number, 1);
    if (world->was_silent)
        world->silent_ms = limit_ms;
}

/* Values between the lines. Their list stands in a frame of its own. */
static __attribute__((noinline)) ssize_t
send_spans(const mcp__link *link, int fd)
{
    mcp__span spans[MCP__SOCK_SPANS];
    return mcp__sock_send(fd, spans, mcp__link_output(link, spans, MCP__SOCK_SPANS));
}

/* Everything has gone at once. What a socket does not take whole is not for here. */
__attribute__((always_inline)) static inline int
send_express(mcp__world *world, mcp__server *server)
{
    mcp__link *link = &server->link;
    int fd = world->sockets[server->number].fd;
    ssize_t sent;
    if (mcp__latency_is_due(&server->tally.latency))
        mcp__carry_begin_timing(world, server->number);
    if (link->n_splices == 0) {
        sent = mcp__sock_send_flat(fd, mcp__buf_bytes(&link->out), mcp__buf_len(&link->out));
    } else if (world->engine->express.n_legs == 1 && link->due - link->sent > MCP__LARGE_LEAST) {
        return mcp__large_send(world, server);
    } else {
        sent = send_spans(link, fd);
    }
    if (sent > 0)
        mcp__link_sent(link, (size_t)sent);
    return !mcp__link_has_output(link);
}

static __attribute__((noinline)) int
note_silence(mcp__world *world, ssize_t n)
{
    world->engine->now_ms = mcp__clock_exact(&world->clock);
    world->was_silent = n == -EAGAIN;
    return 0;
}

/* More than one receive is needed: for the rest of a large value, or because only what rode in
 * front of the call has been answered. */
static __attribute__((noinline)) int
receive_more(mcp__world *world, mcp__server *server, int leg)
{
    size_t len;
    if (!mcp__express_is_next(world->engine, leg))
        return mcp__large_rest(world, server, leg);
    if (!mcp__large_may_wait(world))
        return 0;
    uint8_t *room = mcp__link_room(&server->link, &len);
    ssize_t n = room == NULL ? 0 : mcp__carry_wait(world, server->number, room, len);
    if (n <= 0)
        return note_silence(world, n);
    mcp__link_received(&server->link, (size_t)n);
    return mcp__express_hear(world->engine, leg) || mcp__large_rest(world, server, leg);
}

/* Nearly always one receive, and all of the answer is there. */
__attribute__((always_inline)) static inline int
receive_express(mcp__world *world, mcp__server *server, int leg)
{
    size_t len;
    uint8_t *room = mcp__link_room(&server->link, &len);
    ssize_t n = room == NULL ? 0 : mcp__carry_wait(world, server->number, room, len);
    if (n <= 0)
        return note_silence(world, n);
    if (world->sockets[server->number].timed_us != 0)
        mcp__carry_end_timing(world, server->number);
    mcp__link_received(&server->link, (size_t)n);
    return mcp__express_hear(world->engine, leg) || receive_more(world, server, leg);
}

/* Both copies at once: both are sent to before either is waited for. */
static __attribute__((noinline)) int
exchange_both(mcp__world *world)
{
    mcp__server *primary = mcp__express_server(world->engine, MCP__PRIMARY);
    mcp__server *backup = mcp__express_server(world->engine, MCP__BACKUP);
    return send_express(world, primary) && send_express(world, backup) &&
           receive_express(world, primary, MCP__PRIMARY) &&
           receive_express(world, backup, MCP__BACKUP);
}

/* One of two that come one after the other. */
static __attribute__((noinline)) int
exchange_leg(mcp__world *world, int leg)
{
    mcp__server *server = mcp__express_server(world->engine, leg);
    return send_express(world, server) && receive_express(world, server, leg);
}

/* What has not gone with that, is sent, or found broken, when the call is over. */
static inline void
send_third(const mcp__world *world, mcp__server *backup)
{
    mcp__link *link = &backup->link;
    ssize_t sent = mcp__sock_send_flat(world->sockets[backup->number].fd,
                                       mcp__buf_bytes(&link->out), mcp__buf_len(&link->out));
    if (sent > 0)
        mcp__link_sent(link, (size_t)sent);
}

static __attribute__((noinline)) int
exchange_erase(mcp__world *world)
{
    if (!exchange_leg(world, MCP__BACKUP))
        return 0;
    mcp__express_go_on(world->engine);
    if (!exchange_leg(world, MCP__PRIMARY))
        return 0;
    mcp__express_put_third(world->engine);
    send_third(world, mcp__express_server(world->engine, MCP__BACKUP));
    return 1;
}

__attribute__((always_inline)) static inline int
exchange(mcp__world *world)
{
    const mcp__express *express = &world->engine->express;
    if (express->plain == MCP__PLAIN_ERASE)
        return exchange_erase(world);
    if (express->n_legs == 2)
        return exchange_both(world);
    mcp__server *primary = express->server[MCP__PRIMARY];
    return send_express(world, primary) && receive_express(world, primary, MCP__PRIMARY);
}

static __attribute__((noinline)) mcp__task *
give_up_express(mcp__world *world)
{
    mcp__task *task = mcp__express_give_up(world->engine);
    if (world->was_silent)
        world->silent_ms = task->timer.at_ms;
    return task;
}

int
mcp__wait_express(mcp__world *world, const mcp_request *request, uint32_t timeout_ms,
                  int64_t *now_ms, mcp_result *result, mcp__task **task)
{
    mcp__engine *engine = world->engine;
    *now_ms = begin(world);
    if (timeout_ms < world->express_least_ms || engine->dump_phase != 0 || world->hooks != NULL ||
        mcp__chores_any(engine) || !mcp__express_begin(engine, request, timeout_ms, *now_ms))
        return 0;
    world->was_silent = 0;
    *task = NULL;
    if (exchange(world))
        mcp__express_finish(engine, result);
    else
        *task = give_up_express(world);
    return 1;
}

/* Until something that was asked for a job is answered, or a job has something to do. */
static void
wait_for_chores(mcp__world *world, int64_t limit_ms)
{
    int64_t next_ms = mcp__chores_next_time(world->engine);
    if (!mcp__chores_are_flying(world->engine) && next_ms < limit_ms)
        limit_ms = next_ms;
    poll_round(world, limit_ms, 0);
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
        mcp__carry_serve(world);
        if (!mcp__chores_are_flying(engine) && !may_idle)
            return;
        wait_for_chores(world, limit_ms);
        now_ms = mcp__clock_exact(&world->clock);
    } while (now_ms < limit_ms);
    mcp__chores_run(engine);
    mcp__carry_serve(world);
}

void
mcp__wait_drain(mcp__world *world, int64_t limit_ms)
{
    mcp__engine *engine = world->engine;
    mcp__task *task;
    mcp__drive_hasten(engine, mcp__clock_exact(&world->clock));
    do {
        int any = 0;
        while ((task = mcp__drive_finished(engine)) != NULL)
            mcp__drive_release(engine, task);
        mcp__carry_serve(world);
        for (uint32_t i = 0; i < engine->n_servers; i++) {
            mcp__link *link = &engine->servers[i].link;
            any |= link->state == MCP__LINK_OPEN &&
                   (link->pending_count > 0 || mcp__link_has_output(link));
        }
        if (!any && engine->n_background == 0)
            return;
        poll_round(world, limit_ms, 0);
        mcp__drive_hasten(engine, mcp__clock_exact(&world->clock));
        mcp__carry_serve(world);
    } while (mcp__clock_exact(&world->clock) < limit_ms);
}

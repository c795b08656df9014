/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/hook.h"

#include <errno.h>
#include <string.h>

#include "engine/chores.h"
#include "io/sock.h"

#define NEVER INT64_MAX

/* So often wishes and what follows from them are looked at in one round: a connection that is
 * refused at once is followed by the next address, or the other copy. */
#define ROUNDS 64

static int
call_watch(const mcp__hooks *hooks, int fd, int events, void **slot)
{
    return hooks->loop.watch(hooks->loop.context, fd, events, slot);
}

void
mcp__hook_attach(mcp__world *world, mcp__hooks *hooks)
{
    world->hooks = hooks;
    world->first_noted = MCP__NO_SERVER;
    hooks->n_names = 0;
    hooks->n_closed = world->names.n_closed;
    hooks->rests = 0;
    hooks->wake_ms = NEVER;
    hooks->due_ms = NEVER;
    for (uint32_t i = 0; i < world->engine->n_lines; i++) {
        world->sockets[i].is_noted = 0;
        world->sockets[i].watched = 0;
        if (world->sockets[i].fd >= 0)
            mcp__carry_note(world, i);
    }
}

static void
unwatch_names(mcp__hooks *hooks)
{
    for (size_t i = 0; i < hooks->n_names; i++)
        (void)call_watch(hooks, hooks->names[i].fd, 0, &hooks->names[i].slot);
    hooks->n_names = 0;
}

void
mcp__hook_detach(mcp__world *world)
{
    mcp__hooks *hooks = world->hooks;
    if (hooks == NULL)
        return;
    for (uint32_t i = 0; i < world->engine->n_lines; i++) {
        mcp__carry_unwatch(world, i);
        /* Some loops make what they watch non-blocking, for good. */
        if (world->sockets[i].stage == MCP__STAGE_CONNECTED && !world->sockets[i].is_dead)
            (void)mcp__sock_finish(world->sockets[i].fd);
    }
    unwatch_names(hooks);
    (void)hooks->loop.timer(hooks->loop.context, -1);
    world->hooks = NULL;
    if (hooks->loop.leave != NULL)
        hooks->loop.leave(hooks->loop.context);
}

void
mcp__hook_move(mcp__world *to, mcp__world *from)
{
    mcp__hooks *hooks = from->hooks;
    if (hooks == NULL)
        return;
    for (uint32_t i = 0; i < from->engine->n_lines; i++)
        mcp__carry_unwatch(from, i);
    unwatch_names(hooks);
    from->hooks = NULL;
    to->hooks = hooks;
    to->first_noted = MCP__NO_SERVER;
    hooks->n_closed = to->names.n_closed;
    for (uint32_t i = 0; i < to->engine->n_lines; i++) {
        to->sockets[i].is_noted = 0;
        if (to->sockets[i].fd >= 0)
            mcp__carry_note(to, i);
    }
}

/* ---- what to watch ---- */

static int
wanted_of(const mcp__world *world, uint32_t server)
{
    const mcp__socket *socket = &world->sockets[server];
    if (socket->stage == MCP__STAGE_CONNECTING)
        return MCP_WRITABLE;
    if (socket->stage < MCP__STAGE_SECURING || socket->is_dead)
        return 0;
    int is_shaking = socket->stage == MCP__STAGE_SECURING;
    int has_output = mcp__link_has_output(&world->engine->servers[server].link);
    if (socket->tls != NULL) { /* which may want to send before it can receive, and the reverse */
        short events = mcp__tls_events(socket->tls, 1, is_shaking || has_output);
        return (events & POLLIN ? MCP_READABLE : 0) | (events & POLLOUT ? MCP_WRITABLE : 0);
    }
    return MCP_READABLE | (has_output ? MCP_WRITABLE : 0);
}

static void
watch_one(mcp__world *world, uint32_t server)
{
    mcp__socket *socket = &world->sockets[server];
    int wanted = wanted_of(world, server);
    if (socket->fd < 0 || wanted == socket->watched)
        return;
    if (wanted == 0) {
        mcp__carry_unwatch(world, server);
        return;
    }
    if (call_watch(world->hooks, socket->fd, wanted, &socket->slot) == 0) {
        socket->watched = (uint8_t)wanted;
        return;
    }
    socket->watched = (uint8_t)wanted; /* half of it may be done */
    mcp__carry_unwatch(world, server);
    mcp__drive_broken(world->engine, server, ENOMEM, "the event loop does not watch it",
                      mcp__clock_coarse(&world->clock));
}

static void
watch_sockets(mcp__world *world)
{
    while (world->first_noted != MCP__NO_SERVER) {
        uint32_t server = world->first_noted;
        world->first_noted = world->sockets[server].next_noted;
        world->sockets[server].is_noted = 0;
        watch_one(world, server);
    }
}

/* c-ares opens and closes its sockets as it likes, and there are few: the whole list each time.
 * What it closed is unwatched afterwards, but before anything that has got its number is watched.
 */
static void
watch_names(mcp__world *world)
{
    mcp__hooks *hooks = world->hooks;
    struct pollfd fds[MCP__NAME_FDS];
    struct mcp__name_watch old[MCP__NAME_FDS];
    size_t n = world->n_resolving > 0 ? mcp__name_fds(&world->names, fds, MCP__NAME_FDS) : 0;
    if (hooks->n_closed != world->names.n_closed) /* a number may mean another socket by now */
        unwatch_names(hooks);
    hooks->n_closed = world->names.n_closed;
    size_t n_old = hooks->n_names;
    memcpy(old, hooks->names, sizeof old);
    hooks->n_names = 0;
    for (size_t i = 0; i < n; i++) {
        int events = (fds[i].events & POLLIN ? MCP_READABLE : 0) |
                     (fds[i].events & POLLOUT ? MCP_WRITABLE : 0);
        struct mcp__name_watch watch = {.fd = fds[i].fd};
        for (size_t j = 0; j < n_old; j++) {
            if (old[j].fd == watch.fd) {
                watch = old[j];
                old[j].fd = -1;
            }
        }
        if (watch.events != events && call_watch(hooks, watch.fd, events, &watch.slot) != 0) {
            (void)call_watch(hooks, watch.fd, 0, &watch.slot);
            continue; /* then the timer has to do */
        }
        watch.events = events;
        hooks->names[hooks->n_names++] = watch;
    }
    for (size_t j = 0; j < n_old; j++) {
        if (old[j].fd >= 0)
            (void)call_watch(hooks, old[j].fd, 0, &old[j].slot);
    }
}

static int64_t
next_time(mcp__world *world, int64_t now_ms)
{
    int64_t next_ms = mcp__drive_next_time(world->engine);
    if (world->hooks->wake_ms < next_ms)
        next_ms = world->hooks->wake_ms;
    if (world->engine->scout.due_ms < next_ms)
        next_ms = world->engine->scout.due_ms;
    if (mcp__chores_any(world->engine) && !world->hooks->rests) {
        int64_t chores_ms = mcp__chores_next_time(world->engine);
        next_ms = chores_ms < next_ms ? chores_ms : next_ms;
    }
    if (world->n_resolving > 0) {
        int64_t names_ms = mcp__name_timeout_ms(&world->names, now_ms);
        if (names_ms >= 0 && now_ms + names_ms < next_ms)
            next_ms = now_ms + names_ms;
    }
    return next_ms;
}

static void
set_timer(mcp__world *world, int64_t at_ms, int64_t now_ms)
{
    mcp__hooks *hooks = world->hooks;
    int64_t delay_ms = at_ms == NEVER ? -1 : at_ms > now_ms ? at_ms - now_ms : 0;
    int is_set = hooks->loop.timer(hooks->loop.context, delay_ms) == 0;
    hooks->due_ms = is_set ? at_ms : NEVER;
}

/* A timer that fires early is cheaper than one that is moved with every request, and one that is
 * due already was set for somebody who is in a hurry. */
static void
keep_time(mcp__world *world)
{
    mcp__hooks *hooks = world->hooks;
    int64_t now_ms = mcp__clock_exact(&world->clock);
    int64_t next_ms = next_time(world, now_ms);
    int is_needless = next_ms == NEVER && hooks->due_ms != NEVER && hooks->due_ms > now_ms;
    if (next_ms < hooks->due_ms || is_needless)
        set_timer(world, next_ms, now_ms);
}

static void
watch_all(mcp__world *world)
{
    if (world->n_resolving > 0 || world->hooks->n_names > 0)
        watch_names(world);
    watch_sockets(world);
}

void
mcp__hook_watch(mcp__world *world)
{
    watch_all(world);
    keep_time(world);
}

void
mcp__hook_end(mcp__world *world)
{
    mcp__engine *engine = world->engine;
    world->has_unsent = 0;
    for (int i = 0; i < ROUNDS; i++) {
        if (mcp__chores_any(engine) && !world->hooks->rests)
            mcp__chores_run(engine);
        mcp__carry_serve(world);
        if (world->tls != NULL && mcp__carry_has_unread(world))
            mcp__carry_take_unread(world); /* of which the loop does not know */
        watch_all(world);
        if (engine->first_wish == NULL && world->first_noted == MCP__NO_SERVER)
            break;
    }
    keep_time(world);
    if (engine->first_wish != NULL || engine->first_finished != NULL)
        mcp__hook_hurry(world);
}

void
mcp__hook_hurry(mcp__world *world)
{
    int64_t now_ms = mcp__clock_exact(&world->clock);
    if (world->hooks->due_ms > now_ms)
        set_timer(world, now_ms, now_ms);
}

/* ---- what happened ---- */

static int
take_name_event(mcp__world *world, int fd, int events)
{
    mcp__hooks *hooks = world->hooks;
    for (size_t i = 0; i < hooks->n_names; i++) {
        if (hooks->names[i].fd != fd)
            continue;
        short revents =
            (short)((events & MCP_READABLE ? POLLIN : 0) | (events & MCP_WRITABLE ? POLLOUT : 0));
        struct pollfd ready = {.fd = fd, .events = revents, .revents = revents};
        mcp__carry_take_names(world, &ready, 1, mcp__clock_exact(&world->clock));
        return 1;
    }
    return 0;
}

void
mcp__hook_ready(mcp__world *world, int fd, int events)
{
    short revents =
        (short)((events & MCP_READABLE ? POLLIN : 0) | (events & MCP_WRITABLE ? POLLOUT : 0));
    if (fd < 0 || take_name_event(world, fd, events))
        return;
    for (uint32_t i = 0; i < world->engine->n_lines; i++) {
        if (world->sockets[i].fd != fd)
            continue;
        mcp__carry_take_events(world, i, revents);
        mcp__carry_note(world, i);
        return;
    }
}

/* A loop that was busy elsewhere may hand out timers before descriptors: an answer that has been
 * waiting here is in time. */
static void
hear(mcp__world *world)
{
    size_t n = 0;
    for (mcp__server *server = world->engine->first_busy; server != NULL;
         server = server->next_busy) {
        if (world->sockets[server->number].stage >= MCP__STAGE_CONNECTING)
            world->polled[n++] = server->number;
    }
    for (size_t i = 0; i < n; i++) {
        if (world->sockets[world->polled[i]].stage < MCP__STAGE_CONNECTING)
            continue;
        mcp__carry_take_events(world, world->polled[i], POLLIN);
        mcp__carry_note(world, world->polled[i]);
    }
}

void
mcp__hook_time(mcp__world *world)
{
    int64_t now_ms = mcp__carry_now(world);
    world->hooks->due_ms = NEVER; /* it has fired, or is not needed */
    if (mcp__drive_next_time(world->engine) <= now_ms)
        hear(world);
    if (world->n_resolving > 0)
        mcp__carry_take_names(world, NULL, 0, now_ms);
    mcp__drive_time(world->engine, now_ms);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/large.h"

#include "engine/express_way.h"
#include "io/sock.h"

/* How long the call has gone on. The engine is told the time, too. */
static int64_t
elapsed_ms(mcp__world *world)
{
    mcp__engine *engine = world->engine;
    engine->now_ms = mcp__clock_exact(&world->clock);
    return engine->now_ms - engine->express.started_ms;
}

/* Whether a receive, with whatever the kernel is late, ends before this copy's share of the call
 * does. */
static int
may_receive(const mcp__world *world, int64_t spent_ms)
{
    int64_t share_ms = (int64_t)world->engine->express.timeout_ms * MCP__SHARE_PERCENT / 100;
    return spent_ms + world->receive_most_ms <= share_ms;
}

/* ---- sending ---- */

/*
 * How much may be sent within `left_ms`, however slowly the peer takes it; 0: that is not known. A
 * send over TCP ends when it has waited for so long as a receive may. One to a unix socket starts
 * to count anew with each piece it hands over, so it is given few pieces and a tick for each, which
 * the kernel makes two of.
 */
static size_t
most_within(mcp__world *world, const mcp__server *server, int64_t left_ms)
{
    mcp__socket *socket = &world->sockets[server->number];
    int64_t tick_ms = world->clock.resolution_ms;
    int is_unix = server->spec->is_unix;
    if (left_ms < world->receive_most_ms)
        return 0;
    if (socket->piece == 0)
        socket->piece =
            mcp__sock_let_sends_wait_ms(socket->fd, is_unix ? tick_ms : world->receive_timeout_ms);
    if (socket->piece == 0)
        return 0;
#ifdef MCP_MUTANT_SEND_UNBOUNDED
    return SIZE_MAX;
#endif
    return is_unix ? socket->piece * (size_t)(left_ms / (2 * tick_ms)) : SIZE_MAX;
}

/* As much of the output as may go at once. */
static size_t
cut(mcp__span *spans, size_t n, size_t most)
{
    size_t i = 0;
    for (; i + 1 < n && spans[i].len < most; i++)
        most -= spans[i].len;
    if (spans[i].len > most)
        spans[i].len = most;
    return i + 1;
}

int
mcp__large_send(mcp__world *world, mcp__server *server)
{
    mcp__link *link = &server->link;
    mcp__span spans[MCP__SOCK_SPANS];
    int fd = world->sockets[server->number].fd;
    /* The answer is still to be waited for. */
    int64_t limit_ms = world->engine->express.timeout_ms - world->receive_most_ms;
    int64_t spent_ms = 0;
    while (mcp__link_has_output(link)) {
        size_t most = most_within(world, server, limit_ms - spent_ms);
        if (most == 0)
            return 0;
        size_t n = mcp__link_output(link, spans, MCP__SOCK_SPANS);
        if (most < link->due - link->sent)
            n = cut(spans, n, most);
        ssize_t sent = mcp__sock_send_waiting(fd, spans, n);
        spent_ms = elapsed_ms(world);
        if (sent <= 0)
            return 0;
        mcp__link_sent(link, (size_t)sent);
    }
    return may_receive(world, spent_ms);
}

/* ---- receiving ---- */

int
mcp__large_may_wait(mcp__world *world)
{
    return may_receive(world, elapsed_ms(world));
}

int
mcp__large_rest(mcp__world *world, mcp__server *server, int leg)
{
    mcp__link *link = &server->link;
    size_t missing = mcp__express_missing(world->engine, leg);
    if (missing == 0 || !mcp__large_may_wait(world))
        return 0;
    uint8_t *room = mcp__buf_room(&link->in, missing);
    if (room == NULL)
        return 0;
    ssize_t n = mcp__sock_receive_all(world->sockets[server->number].fd, room, missing);
    if (n > 0)
        mcp__link_received(link, (size_t)n);
    if (n == (ssize_t)missing)
        return mcp__express_hear(world->engine, leg);
    (void)elapsed_ms(world);
    return 0;
}

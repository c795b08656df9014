/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * carry: the engine's door to the world: the sockets, names and clock of one client, and what every
 * driver does with them. Connections are opened and closed, bytes sent and received, names looked
 * up, and the engine is told. Nothing here waits, but a receive that was asked to.
 *
 * Two rooms stand on it: wait, for a program that blocks, and hook, for one with an event loop.
 */
#ifndef MCPROXY_IO_CARRY_H
#define MCPROXY_IO_CARRY_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/drive.h"
#include "io/clock.h"
#include "io/name.h"
#include "io/sock.h"
#include "io/tls.h"
#include "mcproxy/async.h"

typedef enum mcp__stage {
    MCP__STAGE_NONE = 0,
    MCP__STAGE_RESOLVING,
    MCP__STAGE_CONNECTING,
    MCP__STAGE_SECURING, /* TLS shakes hands */
    MCP__STAGE_CONNECTED,
} mcp__stage;

typedef struct mcp__socket {
    int fd;                /* -1: none */
    uint8_t stage;         /* of the connection: mcp__stage */
    uint8_t attempt;       /* which of the server's addresses */
    uint8_t n_tried;       /* how many in this round */
    uint32_t piece;        /* of a send that waits: see large.c; 0: none has yet */
    uint8_t is_dead;       /* the other side has ended it: nothing is left to be reset */
    int64_t timed_us;      /* when what is being timed was sent; 0: nothing is */
    mcp__tls_session *tls; /* NULL: bytes go as they are */
    /* The rest is for a loop of the user's, see hook.h. */
    uint8_t watched;     /* MCP_READABLE, MCP_WRITABLE */
    uint8_t is_noted;    /* among those whose watch may have to change */
    uint32_t next_noted; /* MCP__NO_SERVER: the last */
    void *slot;
} mcp__socket;

typedef struct mcp__world {
    mcp__engine *engine;
    const mcp__mem *mem;
    mcp__socket *sockets; /* one per server */
    struct pollfd *fds;
    uint32_t *polled; /* which server stands behind fds[i] */
    mcp__name_book names;
    mcp__clock clock;
    int64_t receive_timeout_ms; /* SO_RCVTIMEO of every connection; 0: never block in receive */
    int64_t receive_most_ms;    /* so long a receive may take with it */
    uint32_t express_least_ms;  /* shorter calls poll instead */
    int64_t glanced_ms;
    int64_t unix_at_ms; /* when the time of day was read */
    int64_t silent_ms;  /* a receive came to nothing while this was to be waited for */
    uint32_t n_resolving;
    uint8_t has_unsent;       /* a socket did not take all there was */
    uint8_t was_silent;       /* the last receive waited in vain */
    mcp__tls *tls;            /* NULL: nothing is encrypted */
    struct mcp__hooks *hooks; /* NULL: the user has no loop */
    uint32_t first_noted;
} mcp__world;

/* Latches and returns the exact time, and now and then that of the day. */
int64_t mcp__carry_now(mcp__world *world);

/* The time of day is only for lives of more than 30 days: so often it is read. */
#define MCP__CARRY_CALENDAR_MS 1000
void mcp__carry_read_calendar(mcp__world *world, int64_t now_ms);

/* With a loop: what this socket is to be watched for may have changed. */
void mcp__carry_note(mcp__world *world, uint32_t server);

/* With a loop: the socket is about to be closed. */
void mcp__carry_unwatch(mcp__world *world, uint32_t server);

/* A loop of the user's; see hook.h. */
typedef struct mcp__hooks {
    mcp_loop loop;
    struct mcp__name_watch {
        int fd;
        int events;
        void *slot;
    } names[MCP__NAME_FDS];
    size_t n_names;
    uint32_t n_closed; /* of the names' sockets, when they were watched */
    int64_t due_ms;    /* the timer is set for then; INT64_MAX: it is not */
    int64_t wake_ms;   /* it is wanted then at the latest; INT64_MAX: no need */
    int rests;         /* no work of its own is to be begun or gone on with */
} mcp__hooks;

/* Does what the engine wishes, until it wishes nothing. */
void mcp__carry_serve(mcp__world *world);

/*
 * How long a server takes is measured where a send is the only thing under way and somebody waits
 * for the answer: from before the send to its first bytes. Now and then, because the exact time is
 * dear. The one is to be called before a send that is due, the other for the first bytes behind it,
 * if `timed_us` of the socket is not 0.
 */
void mcp__carry_begin_timing(mcp__world *world, uint32_t server);
void mcp__carry_end_timing(mcp__world *world, uint32_t server);

/*
 * mcp__sock_receive() of its socket, with option `spin`: before it blocks it is looked for that
 * long.
 */
ssize_t mcp__carry_receive_busily(mcp__world *world, uint32_t server, void *room, size_t len);
static inline ssize_t
mcp__carry_wait(mcp__world *world, uint32_t server, void *room, size_t len)
{
    if (world->engine->settings.spin_us > 0)
        return mcp__carry_receive_busily(world, server, room, len);
    return mcp__sock_receive(world->sockets[server].fd, room, len);
}

/* Receives what is there and tells the engine. `may_wait`: as long as SO_RCVTIMEO allows. */
void mcp__carry_receive(mcp__world *world, uint32_t server, int may_wait);

/* What its socket is to be watched for (POLLIN, POLLOUT); 0: nothing. */
short mcp__carry_events(const mcp__world *world, const mcp__server *server);

/* Its socket is ready for these. */
void mcp__carry_take_events(mcp__world *world, uint32_t server, short events);

/* With TLS, bytes may have come that poll does not know of: a driver asks before it waits, and when
 * there are any it does not wait, but takes them. Never any without TLS. */
int mcp__carry_has_unread(const mcp__world *world);
void mcp__carry_take_unread(mcp__world *world);

/* The sockets of mcp__name_fds() are ready as they say (n = 0: time has passed), so names may be
 * known now. To be called while any are looked up. */
void mcp__carry_take_names(mcp__world *world, const struct pollfd *fds, size_t n, int64_t now_ms);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * name: servers' hosts and paths to addresses, without ever blocking. Numeric addresses (IPv6 with
 * a scope too) and unix paths are known at once; names are asked for through c-ares, which is set
 * up when the first of them is needed. What was answered is kept:
 *
 *     younger than MCP__NAME_FRESH_MS             used as it is
 *     older                                       used, and asked for again beside it
 *     a connection failed, older than _AGAIN_MS   asked for again, waiting a moment for the answer
 *     asking again fails                          the last good addresses stay
 *
 * `now_ms` is the clock's time. To wait for an answer, poll the descriptors of mcp__name_fds for
 * mcp__name_timeout_ms, call mcp__name_process, look at mcp__name_done.
 */
#ifndef MCPROXY_IO_NAME_H
#define MCPROXY_IO_NAME_H

#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "place/spec.h"

#define MCP__NAME_FRESH_MS 60000
#define MCP__NAME_AGAIN_MS 1000
#define MCP__NAME_PATIENCE_MS 100 /* for a new answer while an old one is there */
#define MCP__NAME_ADDRESSES 16    /* per server; more are left out */
#define MCP__NAME_FDS 16          /* mcp__name_fds never gives more */

typedef enum mcp__name_state {
    MCP__NAME_FAILED = -1, /* mcp__name_why says why */
    MCP__NAME_PENDING = 0,
    MCP__NAME_READY = 1,
} mcp__name_state;

typedef union mcp__name_ip {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} mcp__name_ip;

typedef struct mcp__name_entry {
    struct mcp__name_book *book;
    const mcp__server_spec *spec;
    mcp__name_ip *ips; /* n_ips of them, &literal or a block of MCP__NAME_ADDRESSES, owned */
    mcp__name_ip literal;
    int64_t asked_ms;
    int64_t answered_ms; /* when `ips` was last found right */
    int64_t settled_ms;  /* when the last question ended, well or not */
    const char *why;     /* the last failure, a constant text; NULL: none */
    uint8_t kind;
    uint8_t n_ips;
    uint8_t worked; /* index of the address that was connected to last */
    uint8_t asking; /* a question is under way */
    uint8_t urgent; /* a connection failed: an old answer is second best */
} mcp__name_entry;

/* Its address must not change between _init and _fini. */
typedef struct mcp__name_book {
    const mcp__mem *mem;
    mcp__name_entry *entries;
    size_t n_entries;
    size_t n_asking;
    void *channel; /* c-ares'; NULL until a name is asked for */
    int64_t channel_ms;
    int64_t now_ms; /* latched for answers that arrive inside c-ares */
    int try_ms;
    uint32_t n_closed; /* sockets that c-ares has closed */
    int inside;        /* a call into c-ares is under way */
    char dns_server[64];
} mcp__name_book;

/*
 * A book for `n` servers. `specs` and `mem` are borrowed until _fini. `timeout_ms` is that of a
 * whole call; it sets how long a name server is waited for. Resolves nothing, opens nothing. 0, or
 * -1 when there is no memory.
 */
int mcp__name_init(mcp__name_book *book, const mcp__mem *mem, const mcp__server_spec *specs,
                   size_t n, int64_t timeout_ms);
/* It stands somewhere else now; nothing may have been asked. */
void mcp__name_moved(mcp__name_book *book);
/* Open questions are dropped. */
void mcp__name_fini(mcp__name_book *book);

/*
 * Somebody wants to connect to `server`: READY, PENDING (asked, answer awaited) or FAILED. A
 * failure is remembered for MCP__NAME_AGAIN_MS. May read resolv.conf and the hosts file. Never
 * blocks.
 */
mcp__name_state mcp__name_begin(mcp__name_book *book, size_t server, int64_t now_ms);

/* How the answer stands now. Starts nothing. */
mcp__name_state mcp__name_done(const mcp__name_book *book, size_t server, int64_t now_ms);

/* A constant text, for a server that is FAILED. */
const char *mcp__name_why(const mcp__name_book *book, size_t server);

/* How many addresses a READY server has; a unix socket has one. */
size_t mcp__name_count(const mcp__name_book *book, size_t server);

/*
 * The address for the attempt-th try, from 0; the one that worked last comes first, and behind the
 * last they start over. The length, or 0 when none is known or a unix path is too long.
 */
socklen_t mcp__name_address(const mcp__name_book *book, size_t server, size_t attempt,
                            struct sockaddr_storage *address);

/* A connection to that address stands: it comes first the next time. */
void mcp__name_worked(mcp__name_book *book, size_t server, size_t attempt);

/* No connection could be made: the next _begin asks again, if the answer is not quite young. */
void mcp__name_stale(mcp__name_book *book, size_t server);

/* What to poll while questions are open; none: 0. */
size_t mcp__name_fds(const mcp__name_book *book, struct pollfd *fds, size_t max);

/* In how many ms mcp__name_process has something to do, whatever the descriptors say; -1: never. */
int64_t mcp__name_timeout_ms(const mcp__name_book *book, int64_t now_ms);

/* After the poll; `fds` may be left out (n = 0) when only time has passed. */
void mcp__name_process(mcp__name_book *book, const struct pollfd *fds, size_t n, int64_t now_ms);

/*
 * In a forked child: drops questions and c-ares' sockets, which are the parent's; answers stay, and
 * a question the child needs it asks itself.
 */
void mcp__name_child(mcp__name_book *book);

/* For tests: ask this name server ("127.0.0.1:5353") instead of the system's. Before the first
 * _begin. */
void mcp__name_use_server(mcp__name_book *book, const char *address);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients for threads: a pool opens clients of one set of options as they are needed and lends each
 * of them to one borrower at a time.
 *
 *     mcp_pool *pool = mcp_pool_open("server=10.0.0.4 backup=10.0.0.7", 8, why, sizeof why);
 *     mcp_client *c;
 *     if (mcp_pool_borrow(pool, 100, &c) == MCP_OK) {         // in any thread
 *         mcp_set(c, "user:1", 6, "Ada", 3, 3600, 0);
 *         mcp_pool_return(pool, c);
 *     }
 *     mcp_pool_close(pool);
 *
 * What is shared. Options and placement exist once, however many clients there are. What one client
 * has found out about servers (that one is away, or back; what is on record about it) is left with
 * the pool when it is returned, and known to whoever borrows next: a server that hangs costs the
 * pool one share of a deadline, and not one for each client. It keeps its age: what is older than
 * `view_interval` is asked again, as ever. A borrower who borrows after another one has returned
 * reads what that one was told to be written.
 *
 * Threads. Every call here may be made from any thread at any time, but for mcp_pool_close(),
 * behind which only mcp_pool_return() may follow. A client belongs to its borrower until it is
 * returned. The pool starts no thread: clients that nobody has borrowed are looked after in
 * passing, by those who return one, or by mcp_pool_maintain().
 *
 * Forks. A child may use the pool, whatever other threads of the parent were doing: it gets
 * connections of its own. Clients that were lent when the process forked do not count in the child;
 * the thread that forked may go on using its own and may return it before mcp_pool_close(), and
 * those of other threads are lost there, with their memory.
 */
#ifndef MCPROXY_POOL_H
#define MCPROXY_POOL_H

#include <mcproxy/mcproxy.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mcp_pool mcp_pool;

/* A pool has at most so many clients. */
#define MCP_POOL_MAX 4096

/*
 * Opens a pool of at most `max_clients` (1 to MCP_POOL_MAX) clients. `options` as for mcp_open().
 * It parses and allocates only, and no client is opened yet. NULL on failure, with the reason in
 * `why` as for mcp_open(). A `file=` is read once, here.
 */
MCP_API mcp_pool *mcp_pool_open(const char *options, size_t max_clients, char *why,
                                size_t why_size);

/* The same, with memory from `allocator`, as for mcp_open_with(): it is called from every thread
 * that uses the pool or one of its clients. */
MCP_API mcp_pool *mcp_pool_open_with(const char *options, size_t max_clients,
                                     const mcp_allocator *allocator, char *why, size_t why_size);

/*
 * Lends a client, the one that was returned last if there is one, so that its connections are warm.
 * Where all are lent it waits for at most `wait_ms` (0: not at all); those who wait are served in
 * the order in which they came. MCP_OK: `*client` is the caller's until it is returned. Else
 * `*client` is NULL: MCP_TIMEOUT: none was returned in time; MCP_NO_MEMORY; MCP_NO_RESOURCE: the
 * pool has been closed meanwhile; MCP_BAD_ARGUMENT: `client` is NULL.
 */
MCP_API mcp_status mcp_pool_borrow(mcp_pool *pool, uint32_t wait_ms, mcp_client **client);

/*
 * Gives a client back, after which the caller may not touch it or what it lent. Its connections
 * stay open; its callbacks are taken away. Does not wait for servers, except behind
 * mcp_pool_close(), when the client is closed, and behind mcp_pool_reload(). MCP_OK;
 * MCP_BAD_ARGUMENT: it is not lent by this pool (or was returned already); MCP_BUSY: called from a
 * callback of that client. mcp_close() of a lent client does nothing.
 */
MCP_API mcp_status mcp_pool_return(mcp_pool *pool, mcp_client *client);

/* mcp_maintain() for every client that nobody has borrowed: for programs that idle. */
MCP_API void mcp_pool_maintain(mcp_pool *pool);

/*
 * Closes the pool: nobody can borrow any more, those who wait are sent away, and what nobody has
 * borrowed is closed, all of it within one `timeout`. Clients that are lent go on working until
 * they are returned, each of which closes it; the last return frees the pool. So this waits for no
 * borrower. NULL is allowed.
 */
MCP_API void mcp_pool_close(mcp_pool *pool);

/*
 * Gives the pool other options, as mcp_reload() does for a client: `options` is a whole text as for
 * mcp_pool_open(), and what is known of servers that stay, and their connections, is kept. From when
 * this has returned, whoever borrows gets a client of the new list. Clients that nobody has
 * borrowed go over to it in this call, at most one `timeout` each, which is only waited for where
 * such a client is owed answers; those that are lent serve the old list until they are returned,
 * and go over to it then: mcp_pool_return() may wait for answers owed to that client, in the same
 * way.
 *
 * MCP_OK. Else the pool is as it was, and `why` says why: MCP_BAD_ARGUMENT: the options are wrong;
 * MCP_REFUSED: a server that is not in the new list has on record what one that stays missed,
 * repair that one first; MCP_UNSUPPORTED: discovery=; MCP_NO_MEMORY; MCP_NO_RESOURCE: the pool has
 * been closed. Should a client that is lent turn out to know of such a record when it comes back,
 * it is not lent again before that is repaired, which mcp_pool_maintain() and those who borrow and
 * return see to.
 */
MCP_API mcp_status mcp_pool_reload(mcp_pool *pool, const char *options, char *why, size_t why_size);

/* How a pool is used at the moment. */
typedef struct mcp_pool_use {
    size_t size;      /* sizeof(mcp_pool_use), set by MCP_POOL_USE_INIT */
    size_t max;       /* as opened */
    size_t open;      /* clients that exist, lent or not */
    size_t lent;      /* of these */
    size_t waiting;   /* threads that wait for one */
    uint64_t borrows; /* clients lent so far */
    uint64_t waits;   /* so many of them, or in vain, after waiting */
} mcp_pool_use;

#define MCP_POOL_USE_INIT                                                                          \
    {                                                                                              \
        sizeof(mcp_pool_use), 0, 0, 0, 0, 0, 0                                                     \
    }

/* MCP_OK, or MCP_NO_MEMORY in a child just forked. */
MCP_API mcp_status mcp_pool_look(mcp_pool *pool, mcp_pool_use *use);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys that servers hold, see mcp_dump(3). */
#ifndef MCPROXY_DUMP_H
#define MCPROXY_DUMP_H

#include <mcproxy/mcproxy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which copy of a key a server holds. */
enum {
    MCP_DUMP_STRAY = 0, /* neither: stored with a route key, or by another list of servers */
    MCP_DUMP_PRIMARY = 1,
    MCP_DUMP_BACKUP = 2,
};

/* One key of a server, as mcp_dump() tells it. */
typedef struct mcp_dump_item {
    size_t size;     /* sizeof(mcp_dump_item) as the library has it */
    int server;      /* whose key it is */
    int copy;        /* MCP_DUMP_... */
    const void *key; /* without the namespace, any bytes; stands until the callback returns */
    size_t key_len;
    int64_t ttl;    /* seconds left, by this machine's clock; -1: never expires */
    int64_t idle;   /* seconds since it was last used; -1: not said */
    uint64_t bytes; /* what it takes on the server, all in all; 0: not said */
    int has_flags;  /* memcached says them from 1.6.24 on */
    uint32_t flags;
} mcp_dump_item;

/* Anything but 0 ends the dump. It must return (no longjmp) and not call the client: see
 * mcp_on_event(). */
typedef int (*mcp_dump_callback)(void *context, const mcp_dump_item *item);

/*
 * Tells `callback` every key of `server`, in no order; -1: of all servers, one after the other (a
 * key with two copies is told by both, see `copy`). Over a connection of its own, in bounded
 * memory. Told are the keys of this client's namespace, without those that the library keeps for
 * itself; what is stored, expires or is evicted meanwhile may be told or not; values are not told.
 *
 * It lasts at most `limit_ms` (0: as long as keys come; a server that says nothing for `timeout` is
 * given up). A server does one dump at a time: while another one is under way it is asked again,
 * for at most 10 seconds or until the limit. A slow callback holds that server's dump up, for other
 * clients, too: take a copy and look at it later.
 *
 * MCP_OK: all keys were told. MCP_NOT_STORED: the callback ended it. MCP_TIMEOUT: the limit, or
 * another dump that did not end. MCP_UNSUPPORTED: the server has no dump. Otherwise as a call to
 * that server; keys may have been told before a failure. Of several servers the first failure,
 * after having tried them all.
 */
MCP_API mcp_status mcp_dump(mcp_client *client, int server, uint64_t limit_ms,
                            mcp_dump_callback callback, void *context);

#ifdef __cplusplus
}
#endif

#endif

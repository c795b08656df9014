/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cache: what a client process works with: the library, or, to prove that the tests can fail, plain
 * mirroring as magent does it: every write goes to both servers of a pair, reads go to the primary,
 * and to the backup while the primary gives an error. Nothing is put right afterwards.
 */
#ifndef TESTS_PROMISE_CACHE_H
#define TESTS_PROMISE_CACHE_H

#include <stddef.h>

#include "mcproxy/mcproxy.h"

typedef struct cache cache;

/* `options` for the library; plain: the servers of it are used one by one. NULL: out of memory, or
 * the options are wrong (the reason is on standard error). */
cache *cache_open(const char *options, int is_plain, unsigned timeout_ms);
void cache_close(cache *c);

/* Plain: GET, SET and DELETE only, and nothing but status, value and from_backup is set. */
mcp_status cache_call(cache *c, const mcp_request *request, mcp_result *result);
size_t cache_batch(cache *c, const mcp_request *requests, mcp_result *results, size_t n);
void cache_maintain(cache *c);

/* What the library tells of servers; plain: nothing. */
void cache_on_event(cache *c, mcp_event_callback callback, void *context);

#endif

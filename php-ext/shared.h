/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's clients of the library. A pool that is described by the same options text in the
 * next request gets the same client again, with its connections and with what it knows of its
 * servers: a dead server costs a worker one probe, and not every request a timeout.
 *
 * At most MCPROXY_SHARED_MOST are kept; the one that was unused for longest makes room.
 */
#ifndef MCPROXY_SHARED_H
#define MCPROXY_SHARED_H

#include "php_mcproxy.h"

#define MCPROXY_SHARED_MOST 64

typedef struct mcproxy_shared {
    mcp_client *client;
    zend_ulong used_at;  /* MCPROXY_G(clock) */
    uint32_t users;      /* of this request */
    uint8_t is_touched;  /* used in this request */
    int n_servers;
    uint64_t *told;      /* per server: the failure that was told of, see report.c */
} mcproxy_shared;

void mcproxy_shared_table_init(HashTable *table);
void mcproxy_shared_request_end(void);

/*
 * The client for an options text, lent until mcproxy_shared_release(). NULL with the reason in
 * `why` when the library refuses the text.
 */
mcproxy_shared *mcproxy_shared_get(const zend_string *options, char *why, size_t why_size);
void mcproxy_shared_release(mcproxy_shared *shared);

#endif

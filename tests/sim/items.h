/* SPDX-License-Identifier: BSD-3-Clause */
/* items: what a simulated memcached holds, and its clock, which counts whole seconds. */
#ifndef MCPROXY_SIM_ITEMS_H
#define MCPROXY_SIM_ITEMS_H

#include "sim/request.h"

int64_t sim_items_second(const sim_server *server, int64_t now_ms);
/* What a time to live means for this server's clock. 0: never. */
int64_t sim_items_expiry(const sim_server *server, int64_t ttl, int64_t now_ms);

/* The live item of a key, stubs too, or NULL. */
sim_item *sim_items_find(sim_server *server, const char *key, size_t key_len, int64_t now_ms);
/* A new one without a value. */
sim_item *sim_items_make(sim_server *server, const sim_token *key, int64_t now_ms);
/* A value, copied, with a new cas number; what was a stub is none any more. */
void sim_items_give(sim_server *server, sim_item *item, const void *value, size_t len);
void sim_items_join(sim_server *server, sim_item *item, const uint8_t *value, size_t len,
                    int is_append);
void sim_items_drop(sim_server *server, const sim_item *item);
void sim_items_drop_all(sim_server *server);

#endif

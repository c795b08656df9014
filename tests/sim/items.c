/* SPDX-License-Identifier: BSD-3-Clause */
#include "sim/items.h"

#define RELATIVE_MAX 2592000

void
sim_items_drop_all(sim_server *server)
{
    while (server->items != NULL) {
        sim_item *item = server->items;
        server->items = item->next;
        free(item->value);
        free(item);
    }
}

int64_t
sim_items_second(const sim_server *server, int64_t now_ms)
{
    return (now_ms + server->clock_offset_ms) / 1000 + 2; /* its clock starts at 2 */
}

/* What a time to live means for this server's clock. 0: never. */
int64_t
sim_items_expiry(const sim_server *server, int64_t ttl, int64_t now_ms)
{
    int64_t now_s = sim_items_second(server, now_ms);
    if (ttl == 0)
        return 0;
    if (ttl < 0)
        return now_s;
    if (ttl <= RELATIVE_MAX)
        return now_s + ttl;
    int64_t left = ttl - (SIM_UNIX_START + now_ms / 1000);
    return left <= 0 ? 1 : now_s + left;
}

void
sim_items_drop(sim_server *server, const sim_item *item)
{
    for (sim_item **at = &server->items; *at != NULL; at = &(*at)->next) {
        if (*at == item) {
            sim_item *gone = *at;
            *at = gone->next;
            free(gone->value);
            free(gone);
            return;
        }
    }
}

sim_item *
sim_items_find(sim_server *server, const char *key, size_t key_len, int64_t now_ms)
{
    int64_t now_s = sim_items_second(server, now_ms);
    if (server->flush_at_s != 0 && now_s >= server->flush_at_s) {
        sim_items_drop_all(server); /* also what was stored after the command */
        server->flush_at_s = 0;
    }
    for (sim_item *item = server->items; item != NULL; item = item->next) {
        if (item->key_len != key_len || memcmp(item->key, key, key_len) != 0)
            continue;
        if (item->expires_s == 0 || item->expires_s > now_s)
            return item;
        sim_items_drop(server, item);
        return NULL;
    }
    return NULL;
}

const sim_item *
sim_server_find(sim_server *server, const char *key, size_t key_len, int64_t now_ms)
{
    const sim_item *item = sim_items_find(server, key, key_len, now_ms);
    return item == NULL || item->is_stub ? NULL : item;
}

sim_item *
sim_items_make(sim_server *server, const sim_token *key, int64_t now_ms)
{
    sim_item *item = sim_need(calloc(1, sizeof *item));
    memcpy(item->key, key->text, key->len);
    item->key_len = (uint8_t)key->len;
    item->stored_s = sim_items_second(server, now_ms);
    item->next = server->items;
    server->items = item;
    return item;
}

void
sim_items_give(sim_server *server, sim_item *item, const void *value, size_t len)
{
    uint8_t *copy = sim_need(malloc(len + 1));
    if (len > 0)
        memcpy(copy, value, len);
    free(item->value);
    item->value = copy;
    item->len = len;
    item->cas = ++server->last_cas;
    item->is_stub = item->is_won = 0;
}

void
sim_items_join(sim_server *server, sim_item *item, const uint8_t *value, size_t len, int is_append)
{
    sim_bytes both = {0};
    if (is_append)
        sim_bytes_put(&both, item->value, item->len);
    sim_bytes_put(&both, value, len);
    if (!is_append)
        sim_bytes_put(&both, item->value, item->len);
    sim_items_give(server, item, both.block, sim_bytes_len(&both));
    sim_bytes_free(&both);
}

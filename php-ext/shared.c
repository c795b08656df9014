/* SPDX-License-Identifier: BSD-3-Clause */
#include "shared.h"

static void
destroy(zval *slot)
{
    mcproxy_shared *shared = Z_PTR_P(slot);
    mcp_close(shared->client);
    pefree(shared->told, 1);
    pefree(shared, 1);
}

void
mcproxy_shared_table_init(HashTable *table)
{
    zend_hash_init(table, 8, NULL, destroy, 1);
}

/* Makes room. When every client is lent, the table grows: a request may use many pools at once. */
static void
drop_oldest(HashTable *table)
{
    zend_string *key, *oldest = NULL;
    mcproxy_shared *shared;
    zend_ulong used_at = ZEND_ULONG_MAX;
    ZEND_HASH_FOREACH_STR_KEY_PTR(table, key, shared) {
        if (shared->users == 0 && shared->used_at < used_at) {
            used_at = shared->used_at;
            oldest = key;
        }
    } ZEND_HASH_FOREACH_END();
    if (oldest != NULL)
        zend_hash_del(table, oldest);
}

static mcproxy_shared *
open_client(const zend_string *options, char *why, size_t why_size)
{
    HashTable *table = &MCPROXY_G(clients);
    mcp_client *client = mcp_open(ZSTR_VAL(options), why, why_size);
    if (client == NULL)
        return NULL;
    if (zend_hash_num_elements(table) >= MCPROXY_SHARED_MOST)
        drop_oldest(table);
    mcproxy_shared *shared = pecalloc(1, sizeof *shared, 1);
    shared->client = client;
    shared->n_servers = mcp_server_count(client);
    shared->told = pecalloc((size_t)shared->n_servers, sizeof *shared->told, 1);
    zend_string *key = zend_string_init(ZSTR_VAL(options), ZSTR_LEN(options), 1);
    zend_hash_add_new_ptr(table, key, shared);
    zend_string_release(key);
    return shared;
}

mcproxy_shared *
mcproxy_shared_get(const zend_string *options, char *why, size_t why_size)
{
    mcproxy_shared *shared =
        zend_hash_str_find_ptr(&MCPROXY_G(clients), ZSTR_VAL(options), ZSTR_LEN(options));
    if (shared == NULL)
        shared = open_client(options, why, why_size);
    if (shared == NULL)
        return NULL;
    shared->used_at = ++MCPROXY_G(clock);
    shared->users++;
    shared->is_touched = 1;
    return shared;
}

void
mcproxy_shared_release(mcproxy_shared *shared)
{
    if (shared != NULL && shared->users > 0)
        shared->users--;
}

/*
 * Objects that a fatal error left behind are never destroyed, so their claims end here. What is
 * owed to servers (the last third of a delete, say) leaves before the worker waits for its next
 * request.
 */
void
mcproxy_shared_request_end(void)
{
    mcproxy_shared *shared;
    ZEND_HASH_FOREACH_PTR(&MCPROXY_G(clients), shared) {
        if (shared->is_touched)
            mcp_maintain(shared->client);
        shared->is_touched = 0;
    } ZEND_HASH_FOREACH_END();
}

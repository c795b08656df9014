/* SPDX-License-Identifier: BSD-3-Clause */
/* libmemcached, both of its protocols, as its manual says to open it for speed. */
#include <libmemcached/memcached.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

typedef struct memcached_client {
    const bench_pool *pool;
    memcached_st *memcached;
    memcached_st *second; /* of a pair, in text; else NULL */
    const char *keys[BENCH_BATCH_MAX];
    size_t lens[BENCH_BATCH_MAX];
} memcached_client;

static void
add_server(memcached_st *memcached, const char *address)
{
    char host[128];
    if (strncmp(address, "unix:", 5) == 0) {
        memcached_server_add_unix_socket(memcached, address + 5);
        return;
    }
    snprintf(host, sizeof host, "%s", address);
    char *colon = strrchr(host, ':');
    *colon = '\0';
    memcached_server_add(memcached, host, (in_port_t)atoi(colon + 1));
}

static memcached_st *
open_list(int is_binary)
{
    memcached_st *memcached = memcached_create(NULL);
    memcached_behavior_set(memcached, MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, (uint64_t)is_binary);
    memcached_behavior_set(memcached, MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
    /* Time enough for a counting tool; what a call costs does not depend on it. */
    memcached_behavior_set(memcached, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, 20000);
    return memcached;
}

/*
 * A pair: in the binary protocol it mirrors by itself (`replicas`, over one list; the replica's
 * answer is never asked for; a delete waits for one that does not come, so there is no such row);
 * in text a program has to write to a second handle, which is what is done here. It has no way to
 * go on without a server and to remember what that one missed.
 */
static void *
open_as(const bench_pool *pool, int is_binary)
{
    if (pool->loses_primary || (is_binary && pool->deletes_pairs))
        return NULL;
    memcached_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->pool = pool;
    c->memcached = open_list(is_binary);
    for (size_t i = 0; i < pool->n_servers; i++)
        add_server(c->memcached, pool->servers[i]);
    if (pool->backup == NULL)
        return c;
    if (!is_binary)
        c->second = open_list(0);
    add_server(is_binary ? c->memcached : c->second, pool->backup);
    memcached_behavior_set(c->memcached, MEMCACHED_BEHAVIOR_NUMBER_OF_REPLICAS, is_binary ? 1 : 0);
    return c;
}

static void *
open_text(const bench_pool *pool)
{
    return open_as(pool, 0);
}

static void *
open_binary(const bench_pool *pool)
{
    return open_as(pool, 1);
}

static int
get(void *client, size_t number)
{
    memcached_client *c = client;
    memcached_return_t rc;
    uint32_t flags;
    size_t len;
    char *value = memcached_get(c->memcached, bench_key(number), BENCH_KEY_LEN, &len, &flags, &rc);
    free(value);
    return rc == MEMCACHED_SUCCESS && len == c->pool->value_len ? 0 : -1;
}

static int
set_on(const memcached_client *c, memcached_st *memcached, size_t number)
{
    return memcached_set(memcached, bench_key(number), BENCH_KEY_LEN, c->pool->value,
                         c->pool->value_len, 0, 0) == MEMCACHED_SUCCESS
               ? 0
               : -1;
}

static int
set(void *client, size_t number)
{
    memcached_client *c = client;
    int code = set_on(c, c->memcached, number);
    return c->second == NULL ? code : code | set_on(c, c->second, number);
}

static int
erase_on(memcached_st *memcached, size_t number)
{
    memcached_return_t rc = memcached_delete(memcached, bench_key(number), BENCH_KEY_LEN, 0);
    return rc == MEMCACHED_SUCCESS || rc == MEMCACHED_NOTFOUND ? 0 : -1;
}

static int
erase(void *client, size_t number)
{
    memcached_client *c = client;
    int code = c->second == NULL ? 0 : erase_on(c->second, number);
    return code | erase_on(c->memcached, number);
}

static int
count(void *client, size_t number)
{
    memcached_client *c = client;
    uint64_t value;
    memcached_return_t rc =
        memcached_increment(c->memcached, bench_key(number), BENCH_KEY_LEN, 1, &value);
    return rc == MEMCACHED_SUCCESS ? 0 : -1;
}

static int
get_many(void *client, size_t number)
{
    memcached_client *c = client;
    memcached_result_st result;
    memcached_return_t rc;
    size_t n = 0;
    for (size_t i = 0; i < c->pool->batch; i++) {
        c->keys[i] = bench_key((number + i) % BENCH_KEYS);
        c->lens[i] = BENCH_KEY_LEN;
    }
    if (memcached_mget(c->memcached, c->keys, c->lens, c->pool->batch) != MEMCACHED_SUCCESS)
        return -1;
    memcached_result_create(c->memcached, &result);
    while (memcached_fetch_result(c->memcached, &result, &rc) != NULL)
        n++;
    memcached_result_free(&result);
    return n == c->pool->batch ? 0 : -1;
}

static void
finish(void *client)
{
    memcached_client *c = client;
    memcached_free(c->memcached);
    if (c->second != NULL)
        memcached_free(c->second);
    free(c);
}

#define TURNS                                                                                      \
    .get = get, .set = set, .erase = erase, .count = count, .get_many = get_many, .close = finish

const bench_client bench_text = {.name = "text", .open = open_text, TURNS};
const bench_client bench_binary = {.name = "binary", .open = open_binary, TURNS};

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The work of the three examples for event loops; what differs is the loop. A thousand values are
 * stored, 64 requests at a time, each is read back as soon as it is stored, and the last callback
 * closes the client, which ends the loop.
 */
#ifndef EXAMPLES_ASYNC_WORK_H
#define EXAMPLES_ASYNC_WORK_H

#include <mcproxy/async.h>
#include <stdio.h>
#include <string.h>

enum { N_KEYS = 1000 };

static struct {
    int next; /* number of the key that is submitted next */
    int n_read;
    int n_failed;
} work;

static char keys[N_KEYS][32];

static void
one_is_over(mcp_client *client)
{
    if (work.n_read + work.n_failed < N_KEYS)
        return;
    printf("%d stored and read, %d failed\n", work.n_read, work.n_failed);
    mcp_close(client);
}

/* The value stands until this returns. */
static void
has_read(void *context, mcp_client *client, mcp_result *result)
{
    const char *key = context;

    if (result->status == MCP_OK && result->value_len == strlen(key) &&
        memcmp(result->value, key, result->value_len) == 0)
        work.n_read++;
    else
        work.n_failed++;
    one_is_over(client);
}

static void
has_stored(void *context, mcp_client *client, mcp_result *result)
{
    mcp_request get = MCP_REQUEST_INIT;
    mcp_status status = result->status;

    get.key = context;
    get.key_len = strlen(context);
    if (status == MCP_OK)
        status = mcp_submit(client, &get, has_read, context, NULL);
    if (status == MCP_OK)
        return;
    fprintf(stderr, "%s: %s\n", (const char *)context, mcp_last_error(client)->text);
    work.n_failed++;
    one_is_over(client);
}

/* As many as there is room for; it is called again when there is room again. */
static void
store_more(void *context, mcp_client *client)
{
    (void)context;
    for (; work.next < N_KEYS; work.next++) {
        char *key = keys[work.next];
        mcp_request set = MCP_REQUEST_INIT;
        mcp_status status;

        snprintf(key, sizeof keys[0], "example:%d", work.next);
        set.verb = MCP_SET;
        set.key = set.value = key; /* both are copied */
        set.key_len = set.value_len = strlen(key);
        set.ttl = 600;
        status = mcp_submit(client, &set, has_stored, key, NULL);
        if (status == MCP_FULL)
            return;
        work.n_failed += status != MCP_OK;
    }
}

static void
begin_work(mcp_client *client)
{
    mcp_submit_limit(client, 64, 0);
    mcp_on_room(client, store_more, NULL);
    store_more(NULL, client);
}

static mcp_client *
open_client(int argc, char **argv)
{
    char why[160];
    mcp_client *client = mcp_open(argc > 1 ? argv[1] : "server=127.0.0.1", why, sizeof why);

    if (client == NULL)
        fprintf(stderr, "%s\n", why);
    return client;
}

#endif

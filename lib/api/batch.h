/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * batch: many requests at once. They are all handed to the engine, which sends to every server
 * before it waits for any; values are copied into the client's arena as they come, because the
 * receive buffers are needed for the rest.
 */
#ifndef MCPROXY_API_BATCH_H
#define MCPROXY_API_BATCH_H

#include "api/client.h"

/* A new batch begins: the values of the last one are gone. */
void mcp__batch_start_over(mcp_client *client);

/* Space for a value that lives until the next batch; NULL: no memory. */
uint8_t *mcp__batch_space(mcp_client *client, size_t len);

#endif

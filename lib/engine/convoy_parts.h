/* SPDX-License-Identifier: BSD-3-Clause */
/* convoy, its parts: what convoy.c and convoy_classic.c share and nobody else sees. */
#ifndef MCPROXY_ENGINE_CONVOY_PARTS_H
#define MCPROXY_ENGINE_CONVOY_PARTS_H

#include "engine/convoy.h"

/* As mcp__convoy_put(), for a server that is not spoken to in the meta protocol. */
int mcp__convoy_put_classic(mcp__engine *engine, const mcp_request *request, mcp__server *server,
                            const mcp__server *backup, uint32_t tag);

/* Something is to be sent to it, and its answer is awaited. */
void mcp__convoy_wake(mcp__engine *engine, mcp__server *server);

/* 1: an answer; 0: none for a convoy; -1: what stands there is not for a convoy to understand. */
int mcp__convoy_fetch_classic(mcp__engine *engine, mcp__server *server, mcp__fetched *fetched);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * recovery: mcp_repair() and mcp_resync(), the calls that ask for a server to be put right and wait
 * for it. The work itself is the engine's (engine/chores); here is who waits, for how long, and
 * what the user is told meanwhile.
 */
#ifndef MCPROXY_API_RECOVERY_H
#define MCPROXY_API_RECOVERY_H

#include "api/client.h"

/* So long a round of work or waiting may take, and so often the user is told. */
#define MCP__RECOVERY_SLICE_MS 50
#define MCP__RECOVERY_TELL_MS 200

#endif

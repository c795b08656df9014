/* SPDX-License-Identifier: BSD-3-Clause */
/* options_secure: what must hold among the options of TLS. */
#ifndef MCPROXY_API_OPTIONS_SECURE_H
#define MCPROXY_API_OPTIONS_SECURE_H

#include "api/table.h"
#include "api/words.h"

/* `places` are those of the table's rows that were given. MCP_OK or MCP_BAD_ARGUMENT. */
mcp_status mcp__options_secure_check(const mcp__config *config, const mcp__word_place *places,
                                     mcp__err *err);

#endif

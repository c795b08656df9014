/* SPDX-License-Identifier: BSD-3-Clause */
/* options_hash: which `hash=` goes with which `distribution=`. */
#ifndef MCPROXY_API_OPTIONS_HASH_H
#define MCPROXY_API_OPTIONS_HASH_H

#include "api/table.h"
#include "api/words.h"
#include "base/err.h"

/* `places`: where each row of the table stood. MCP_OK or MCP_BAD_ARGUMENT. */
mcp_status mcp__options_hash_check(const mcp__config *config, const mcp__word_place *places,
                                   mcp__err *err);

#endif

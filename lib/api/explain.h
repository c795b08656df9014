/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain: what a config says, in words: one line for each server and for each option, given or
 * not. Passwords are ***. Here is mcp_options_explain(), too.
 */
#ifndef MCPROXY_API_EXPLAIN_H
#define MCPROXY_API_EXPLAIN_H

#include "api/options.h"
#include "base/mem.h"

/* The text, owned by the caller; NULL: no memory. */
char *mcp__explain_config(const mcp__config *config, const mcp__mem *mem);

#endif

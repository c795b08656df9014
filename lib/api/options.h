/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options: the one option grammar, see mcproxy_options(7). A text of words becomes a mcp__config of
 * plain values; everything above reads those and never the text. The table of options in
 * api/table is the source for the parser, for mcp_option_at(), for mcp_options_explain() and, by a
 * test, for the man page.
 *
 * Pure but for the files that the text itself names (`file=`, `auth=file:`): regular files of at
 * most 1 MB, each read once. No clock, no network, no name is looked up.
 *
 * Life: mcp__options_parse, any number of reads, mcp__options_fini. The config owns all its texts.
 */
#ifndef MCPROXY_API_OPTIONS_H
#define MCPROXY_API_OPTIONS_H

#include "api/table.h"
#include "base/err.h"
#include "base/mem.h"
#include "mcproxy/mcproxy.h"

/*
 * Reads `text` (NULL: the same as "", which lacks a server) into `*config`, which need not be
 * initialised. `mem` is copied; its context must outlive the config. MCP_OK, MCP_BAD_ARGUMENT with
 * the word, its place and what would be right in `err`, or MCP_NO_MEMORY. After a failure nothing
 * is left allocated and mcp__options_fini() is allowed but not needed.
 */
mcp_status mcp__options_parse(mcp__config *config, const mcp__mem *mem, const char *text,
                              mcp__err *err);
/*
 * The same, of a text with `discovery=`, and the words "server=..." that were found there. NULL:
 * nothing was found yet.
 */
mcp_status mcp__options_parse_found(mcp__config *config, const mcp__mem *mem, const char *text,
                                    const char *found, mcp__err *err);
void mcp__options_fini(mcp__config *config);

/*
 * The pool as a number: a hash of the servers' names and weights in their order, of how keys are
 * placed and mirrored, and of the reserved prefix. Clients that disagree about it look for the same
 * key on different servers.
 */
uint32_t mcp__options_config8(const mcp__config *config);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* link, its parts: what link.c and link_classic.c share and nobody else sees. */
#ifndef MCPROXY_SERVER_LINK_PARTS_H
#define MCPROXY_SERVER_LINK_PARTS_H

#include "server/link.h"

/* Room for `len` bytes and for everything else that a request needs, so that nothing can fail half
 * way. NULL: no memory. `is_spliced`: its value is sent from where it stands. */
uint8_t *mcp__link_prepare(mcp__link *link, size_t len, int is_spliced);

/* What stands there is no protocol: the first line of it is shown. */
mcp__link_answer mcp__link_not_protocol(const mcp__link *link, mcp__reply *reply);

/* ---- link_classic.c ---- */

int mcp__link_ask_classic(mcp__link *link, const mcp__command *command, const mcp__asker *asker);
mcp__link_answer mcp__link_next_classic(mcp__link *link, mcp__pending *pending, mcp__reply *reply);

/* What is remembered of the oldest classic request is forgotten. */
void mcp__link_forget(mcp__link *link);

/* From here on nothing but the classic protocol is spoken. */
void mcp__link_turn_classic(mcp__link *link);

/* Within the greeting: its version has been read. */
void mcp__link_hear_version(mcp__link *link);
/* Within the greeting: a reply to what was asked in the meta protocol. "ERROR": not known. */
void mcp__link_hear_error(mcp__link *link, const mcp__reply *reply);

/* How the next connection is greeted. */
mcp__greeting mcp__link_greeting(const mcp__link *link);

/* The greeting's own second question, behind the version. Returns as mcp__link_next(), VERSION:
 * taken. */
mcp__link_answer mcp__link_take_probe(mcp__link *link, mcp__reply *reply);
/* The reply to a plain greeting. */
mcp__link_answer mcp__link_take_plain(mcp__link *link, mcp__reply *reply);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* line, its parts: what line.c and line_ask.c share and nobody else sees. */
#ifndef MCPROXY_ENGINE_LINE_PARTS_H
#define MCPROXY_ENGINE_LINE_PARTS_H

#include "engine/line.h"

/* The server's marks are about to be too old to go by: they are asked for, and now and then the
 * epoch, too. `asks_itself`: what comes next reads the marks anyway. */
void mcp__line_ask_again(mcp__engine *engine, mcp__server *server, int asks_itself);

/* In front of what this leg sends there, where it had better not be done without. */
void mcp__line_ask_beside(mcp__engine *engine, mcp__server *server, mcp__leg *leg);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link_kit: one connection without its socket, on memory that is counted: what the tests of it
 * share. One .c file includes this once.
 */
#ifndef TESTS_UNIT_LINK_KIT_H
#define TESTS_UNIT_LINK_KIT_H

#include <stdio.h>
#include <string.h>

#include "server/link.h"
#include "support.h"

static supply memory;
static mcp__link chain;

static void
begin(size_t value_max)
{
    supply_init(&memory);
    mcp__link_init(&chain, &memory.mem, value_max);
    ck_assert_uint_eq(memory.n_asked, 0);
}

static void
finish(void)
{
    mcp__link_fini(&chain);
    ck_assert_uint_eq(memory.n_live, 0);
}

static mcp__link_answer
receive(const void *bytes, size_t len, mcp__pending *pending, mcp__reply *reply)
{
    size_t fits;
    uint8_t *room = mcp__link_room(&chain, &fits);
    ck_assert_ptr_nonnull(room);
    ck_assert_uint_ge(fits, len);
    memcpy(room, bytes, len);
    mcp__link_received(&chain, len);
    return mcp__link_next(&chain, pending, reply);
}

/* Connected and greeted by a server that says this version. */
static void
open_to(const char *version)
{
    mcp__pending pending;
    mcp__reply reply;
    char greeting[64];
    chain.state = MCP__LINK_OPENING;
    ck_assert_int_eq(mcp__link_connected(&chain), 0);
    ck_assert_int_eq(chain.state, MCP__LINK_GREETING);
    mcp__link_sent(&chain, 9);
    int len = snprintf(greeting, sizeof greeting, "VERSION %s\r\n", version);
    ck_assert_int_eq(receive(greeting, (size_t)len, &pending, &reply), MCP__LINK_GREETED);
    ck_assert_int_eq(chain.state, MCP__LINK_OPEN);
}

static mcp__command
get_of(const char *opaque)
{
    mcp__command command = {.kind = MCP__COMMAND_GET, .key = {"k", 1}};
    memcpy(&command.opaque, opaque, 8);
    return command;
}

#endif

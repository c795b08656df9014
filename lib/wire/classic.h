/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * classic: the commands that memcached has only in its old text protocol (version, stats,
 * flush_all), and its error lines. They carry no opaque: position in the pipeline and shape tell
 * whose reply it is.
 */
#ifndef MCPROXY_WIRE_CLASSIC_H
#define MCPROXY_WIRE_CLASSIC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/command.h"
#include "wire/reply.h"

/* VERSION, STATS (the key is the argument, or empty) and FLUSH (ttl is the delay). */
size_t mcp__classic_encode(const mcp__command *command, uint8_t *out);

/* A line that is not a meta reply; `cr` is where its CR stands. Returns as mcp__meta_parse. */
ssize_t mcp__classic_parse(const uint8_t *bytes, size_t len, const uint8_t *cr, size_t value_max,
                           mcp__reply *reply);

#endif

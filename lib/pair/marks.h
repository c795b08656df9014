/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * marks: the names by which the clients of a pool leave word for each other on the servers
 * themselves: who missed writes, and which. Every such item has a key that begins with the
 * `prefix=` (default "mcp:"), which is why users' keys may not.
 *
 * Here so far: the short names of servers. What is written under them comes with the repair of
 * returning servers.
 */
#ifndef MCPROXY_PAIR_MARKS_H
#define MCPROXY_PAIR_MARKS_H

#include <stddef.h>
#include <stdint.h>

/* The short name of a server: the top 32 bits of the XXH3-64 of its name as configured. Two servers
 * of one pool must not share it. */
uint32_t mcp__marks_id8(const char *name, size_t len);

/* Whether a key is one of ours. */
int mcp__marks_begins(const char *prefix, size_t prefix_len, const void *key, size_t key_len);

/* The first byte decides nearly always, without a call. `prefix_len` and `key_len` are at least 1.
 */
static inline int
mcp__marks_is_reserved(const char *prefix, size_t prefix_len, const void *key, size_t key_len)
{
    return *(const char *)key == *prefix && mcp__marks_begins(prefix, prefix_len, key, key_len);
}

#endif

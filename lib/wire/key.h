/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * key: the one check that every key passes before a byte is sent, on the final key (`namespace=`
 * included). memcached takes 1 to 250 bytes without white space; control bytes and 0x7f are
 * refused too, because a line feed or NUL would let the rest of the key run as a command.
 */
#ifndef MCPROXY_WIRE_KEY_H
#define MCPROXY_WIRE_KEY_H

#include <stddef.h>
#include <stdint.h>

#define MCP__KEY_MAX 250

/* Whether every byte is above 0x20 and not 0x7f. Length is not looked at. */
int mcp__key_is_clean(const uint8_t *key, size_t len);

/* Position of the first byte that is not allowed, or `len`. For the message only. */
size_t mcp__key_first_bad(const uint8_t *key, size_t len);

#endif

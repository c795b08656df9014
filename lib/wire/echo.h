/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * echo: answers of which it is known beforehand, byte for byte, how they will be. A copy that nobody
 * has touched says the number it said when it was stored, and of what is not there every server says
 * so in the same words. So nothing is read, only compared: it saves 90 instructions behind a mirrored
 * set, and the longer the numbers are, the more.
 *
 *     HD O12345678 c1234567\r\n
 *                 '--- echo ---'
 */
#ifndef MCPROXY_WIRE_ECHO_H
#define MCPROXY_WIRE_ECHO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/span.h"
#include "wire/token.h"

#define MCP__ECHO_HEAD (4 + MCP__OPAQUE_LEN) /* "HD O12345678" */

/* Such a line: the first and the last eight bytes of its end, which has 8 to 16. */
typedef struct mcp__echo {
    uint64_t first, last;
    size_t line_len; /* MCP__ECHO_NONE: it is not known, or its end is shorter or longer */
} mcp__echo;

#define MCP__ECHO_NONE SIZE_MAX

static inline uint64_t
mcp__echo_word(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline int
mcp__echo_begins(const uint8_t *at, const char *four, uint64_t opaque)
{
    return memcmp(at, four, 4) == 0 && mcp__echo_word(at + 4) == opaque;
}

static inline void
mcp__echo_forget(mcp__echo *echo)
{
    echo->line_len = MCP__ECHO_NONE;
}

/* `line`: an answer "HD O.. c..", whole. */
static inline void
mcp__echo_keep(mcp__echo *echo, mcp__span line)
{
    const uint8_t *bytes = line.bytes;
    echo->line_len = line.len;
    if (line.len < MCP__ECHO_HEAD + 8 || line.len > MCP__ECHO_HEAD + 16) {
        mcp__echo_forget(echo);
        return;
    }
    echo->first = mcp__echo_word(bytes + MCP__ECHO_HEAD);
    echo->last = mcp__echo_word(bytes + line.len - 8);
}

/* Of each: the bytes of the answer, if they are those. 0: they are others, or not all there. */

static inline size_t
mcp__echo_again(const mcp__echo *echo, const uint8_t *bytes, size_t len, uint64_t opaque)
{
    if (len < echo->line_len || !mcp__echo_begins(bytes, "HD O", opaque) ||
        mcp__echo_word(bytes + MCP__ECHO_HEAD) != echo->first ||
        mcp__echo_word(bytes + echo->line_len - 8) != echo->last)
        return 0;
    return echo->line_len;
}

/* "EN O12345678\r\n" */
static inline size_t
mcp__echo_nothing(const uint8_t *bytes, size_t len, uint64_t opaque)
{
    int is_it = len >= MCP__ECHO_HEAD + 2 && mcp__echo_begins(bytes, "EN O", opaque) &&
                memcmp(bytes + MCP__ECHO_HEAD, "\r\n", 2) == 0;
    return is_it ? MCP__ECHO_HEAD + 2 : 0;
}

/* To a delete: "HD O12345678\r\n", or "NF O12345678\r\n" */
static inline size_t
mcp__echo_gone(const uint8_t *bytes, size_t len, uint64_t opaque)
{
    int is_it =
        len >= MCP__ECHO_HEAD + 2 &&
        (mcp__echo_begins(bytes, "NF O", opaque) || mcp__echo_begins(bytes, "HD O", opaque)) &&
        memcmp(bytes + MCP__ECHO_HEAD, "\r\n", 2) == 0;
    return is_it ? MCP__ECHO_HEAD + 2 : 0;
}

#endif

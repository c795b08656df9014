/* SPDX-License-Identifier: BSD-3-Clause */
/* marks_kit: texts as strangers might leave them, for the tests of what reads such texts. */
#ifndef TESTS_UNIT_MARKS_KIT_H
#define TESTS_UNIT_MARKS_KIT_H

#include <stdint.h>
#include <string.h>

#include "support.h"
#include "wire/span.h"

#define SPAN(text) ((mcp__span){(text), sizeof(text) - 1})

static inline size_t
below(uint64_t *state, size_t limit)
{
    return (size_t)(next_random(state) % limit);
}

/* Bytes of `alphabet`, so that pieces of what is well formed come about by chance. */
static inline void
scribble(uint64_t *state, char *out, size_t len, mcp__span alphabet)
{
    for (size_t i = 0; i < len; i++)
        out[i] = ((const char *)alphabet.bytes)[below(state, alphabet.len)];
}

/* A few bytes replaced, doubled, taken out, or the end cut off; `out` has room for 2 * len + 1. */
static inline size_t
mutate(uint64_t *state, char *text, size_t len, mcp__span alphabet)
{
    for (size_t n = below(state, 4); n > 0 && len > 0; n--) {
        size_t at = below(state, len), rest = len - at;
        switch (below(state, 4)) {
        case 0:
            scribble(state, text + at, 1, alphabet);
            break;
        case 1:
            memmove(text + at + 1, text + at, rest);
            len++;
            break;
        case 2:
            memmove(text + at, text + at + 1, rest - 1);
            len--;
            break;
        default:
            len = below(state, 8) == 0 ? at : len;
            break;
        }
    }
    return len;
}

/* The first `n` bytes are all among `digits`. */
static inline int
is_digits(const char *text, size_t n, const char *digits)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\0' || strchr(digits, text[i]) == NULL)
            return 0;
    return 1;
}

#endif

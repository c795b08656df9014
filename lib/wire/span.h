/* SPDX-License-Identifier: BSD-3-Clause */
/* span: some bytes that stand somewhere else. Sent as one piece; whoever made it says until when.
 */
#ifndef MCPROXY_WIRE_SPAN_H
#define MCPROXY_WIRE_SPAN_H

#include <stddef.h>

typedef struct mcp__span {
    const void *bytes;
    size_t len;
} mcp__span;

#endif

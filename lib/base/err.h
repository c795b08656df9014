/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * err: what went wrong, said in one line. A bounded text that rooms write into and the client
 * shows; nothing here allocates.
 */
#ifndef MCPROXY_BASE_ERR_H
#define MCPROXY_BASE_ERR_H

#include <stddef.h>

#include "mcproxy/mcproxy.h"

typedef struct mcp__err {
    mcp_status status;
    int server;   /* -1: about none in particular */
    int os_error; /* errno; 0: none */
    char text[240];
} mcp__err;

void mcp__err_clear(mcp__err *err);

/* Sets all of it; the text is cut to fit. Returns `status`, so that "return mcp__err_set(..)" reads
 * well. */
mcp_status mcp__err_set(mcp__err *err, mcp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Writes `bytes` so that it can be shown on one line whatever it holds: printable ASCII as it is,
 * anything else as \xNN, cut with "..." to fit `size` (at least 8). Returns `out`.
 */
const char *mcp__err_quote(char *out, size_t size, const void *bytes, size_t len);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quote: bytes that somebody else chose, made fit for one line of a terminal.
 */
#ifndef MCPROXY_TOOLS_QUOTE_H
#define MCPROXY_TOOLS_QUOTE_H

#include <stddef.h>

/*
 * Printable ASCII as it is, anything else as \xNN, cut with "..." to fit `size` (at least 8).
 * Returns `out`, terminated.
 */
const char *cli_quote(char *out, size_t size, const void *bytes, size_t len);

#endif

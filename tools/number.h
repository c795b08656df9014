/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * number: decimal numbers from the command line, strictly: digits only, nothing in front (but a
 * minus where that makes sense), nothing behind, no overflow.
 */
#ifndef MCPROXY_TOOLS_NUMBER_H
#define MCPROXY_TOOLS_NUMBER_H

#include <stdint.h>

/* 1, or 0 when the text is no such number or is above `most`. */
int cli_number_unsigned(const char *text, uint64_t most, uint64_t *number);
/* 1, or 0 when the text is no such number or is outside -`most` .. `most`. */
int cli_number_signed(const char *text, int64_t most, int64_t *number);

#endif

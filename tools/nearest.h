/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nearest: which of the names somebody meant who typed another.
 */
#ifndef MCPROXY_TOOLS_NEAREST_H
#define MCPROXY_TOOLS_NEAREST_H

#include <stddef.h>

/*
 * The name that takes the fewest typing errors (a letter missing, added, wrong, or two swapped)
 * to become `typed`; NULL when none is near: more errors than a third of the letters, or three.
 */
const char *cli_nearest(const char *typed, size_t len, const char *const *names, size_t n);

#endif

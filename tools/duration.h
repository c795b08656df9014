/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * duration: how long something takes, for people.
 */
#ifndef MCPROXY_TOOLS_DURATION_H
#define MCPROXY_TOOLS_DURATION_H

#include <stdint.h>

#define CLI_DURATION 24

/* "0.3 s", "12 s", "3 min", "5 h", "12 d"; returns `out`. */
const char *cli_duration(char out[CLI_DURATION], uint64_t ms);

#endif

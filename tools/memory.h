/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory: malloc for a program that can do nothing sensible without it. These never return NULL:
 * when there is no memory they say so on standard error and end the program with CLI_EXIT_AWAY.
 */
#ifndef MCPROXY_TOOLS_MEMORY_H
#define MCPROXY_TOOLS_MEMORY_H

#include <stddef.h>

void *cli_alloc(size_t size); /* zeroed */
void *cli_resize(void *memory, size_t size);
char *cli_copy(const char *text, size_t len); /* with a NUL behind it */
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exits.h"

static void *
must(void *memory)
{
    if (memory == NULL) {
        fputs("mcp-cli: out of memory\n", stderr);
        exit(CLI_EXIT_AWAY);
    }
    return memory;
}

void *
cli_alloc(size_t size)
{
    return must(calloc(1, size > 0 ? size : 1));
}

void *
cli_resize(void *memory, size_t size)
{
    return must(realloc(memory, size > 0 ? size : 1));
}

char *
cli_copy(const char *text, size_t len)
{
    char *copy = cli_alloc(len + 1);
    memcpy(copy, text, len);
    return copy;
}

char *
cli_format(const char *format, ...)
{
    char *text = NULL;
    va_list list;
    va_start(list, format);
    int len = vasprintf(&text, format, list);
    va_end(list);
    return must(len < 0 ? NULL : text);
}
